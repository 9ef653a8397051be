"""What the manuals say of the settings, and whether all of them are there."""
