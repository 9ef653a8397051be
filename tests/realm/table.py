"""A table of what was run, printed when a suite ends."""

import sys


class Table:
    """Rows below a head of column titles."""

    def __init__(self, *head):
        self.rows = [head]

    def add(self, *cells):
        """A row, one text a column."""
        self.rows.append(cells)

    def show(self):
        """Print the table; run.py keeps it in the suite's log."""
        wide = [max(map(len, column)) for column in zip(*self.rows)]
        for row in self.rows:
            print("  ".join(c.ljust(w) for c, w in zip(row, wide)).rstrip())
        sys.stdout.flush()
