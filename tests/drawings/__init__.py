"""doc/sequences.md, drawn from exchanges that have taken place."""
