"""Assertions on a daemon's log, in order, from a mark on."""

import re

from .process import RunError, wait_until


class Log:
    """A log file that grows while a daemon runs.

    `settle`, when set, is called before a look: it makes sure that whatever
    the daemon had to say about earlier requests is in the file, and returns
    the offset where that part ends (None: the end of the file).
    """

    def __init__(self, path, settle=None):
        self.path = path
        self.settle = settle
        self._start = 0

    def _size(self):
        try:
            return self.path.stat().st_size
        except FileNotFoundError:
            return 0

    def mark(self):
        """Later assertions see only what is logged from here on."""
        if self.settle:
            self.settle()
        self._start = self._size()

    def _read(self, end=None):
        try:
            with open(self.path, "rb") as log:
                log.seek(self._start)
                data = log.read(None if end is None else end - self._start)
        except FileNotFoundError:
            return ""
        return data.decode(errors="replace")

    def text(self):
        """What was logged since the mark."""
        return self._read(self.settle() if self.settle else None)

    def tail(self, lines=20):
        """The last lines, for error messages."""
        try:
            return "\n".join(self.path.read_text(
                errors="replace").splitlines()[-lines:])
        except FileNotFoundError:
            return "(no log)"

    def find(self, pattern):
        """The first match of `pattern` since the mark, or None."""
        return re.search(pattern, self.text(), re.MULTILINE)

    def wait_for(self, pattern, timeout=15):
        """Poll until `pattern` is logged (for what a daemon does unasked)."""
        return wait_until("%r in %s" % (pattern, self.path),
                          lambda: re.search(pattern, self._read(),
                                            re.MULTILINE), timeout)

    def assert_ordered(self, patterns):
        """Each regular expression matches a line later than the one before.

        Other lines may stand between.
        """
        text = self.text()
        lines = text.splitlines()
        at = 0
        for number, pattern in enumerate(patterns):
            while at < len(lines) and not re.search(pattern, lines[at]):
                at += 1
            if at == len(lines):
                raise RunError("log: pattern %d, %r, is not there in this "
                               "order\n%s" % (number, pattern, text))
            at += 1

    def assert_absent(self, *patterns):
        """No line matches any of the regular expressions."""
        text = self.text()
        for pattern in patterns:
            found = re.search(pattern, text, re.MULTILINE)
            if found:
                raise RunError("log: %r is there: %s\n%s" % (
                    pattern, found.group(0), text))
