"""Assertions on a daemon's log, in order, from a mark on."""

import re

from .process import RunError, wait_until


class Log:
    """A log file that grows while a daemon runs.

    `settle`, when given, is called before a look: it returns when whatever
    the daemon has to say about earlier requests is in the file.  Lines that
    match `noise` (what settle itself causes) are left out.
    """

    def __init__(self, path, settle=None, noise=None):
        self.path = path
        self.settle = settle
        self.noise = re.compile(noise) if noise else None
        self._start = 0

    def size(self):
        """Length of the file now."""
        try:
            return self.path.stat().st_size
        except FileNotFoundError:
            return 0

    def mark(self):
        """Later assertions see only what is logged from here on."""
        if self.settle:
            self.settle()
        self._start = self.size()

    def lines(self, start=None):
        """Lines since the mark (or since the offset `start`), as they are
        in the file now."""
        try:
            with open(self.path, "rb") as log:
                log.seek(self._start if start is None else start)
                text = log.read().decode(errors="replace")
        except FileNotFoundError:
            return []
        return [line for line in text.splitlines()
                if not (self.noise and self.noise.search(line))]

    def text(self):
        """Everything said about earlier requests, since the mark."""
        if self.settle:
            self.settle()
        return "\n".join(self.lines())

    def tail(self, count=20):
        """The last lines, for error messages."""
        return "\n".join(self.lines(0)[-count:])

    def count(self, pattern):
        """How many lines since the mark match."""
        return len([line for line in self.text().splitlines()
                    if re.search(pattern, line)])

    def wait_for(self, pattern, timeout=15):
        """Poll until a line matches (for what a daemon does unasked)."""
        return wait_until(
            "%r in %s" % (pattern, self.path),
            lambda: [x for x in self.lines() if re.search(pattern, x)],
            timeout)[0]

    def assert_ordered(self, patterns):
        """Each regular expression matches a line later than the one before.

        Other lines may stand between.
        """
        text = self.text()
        lines = iter(text.splitlines())
        for number, pattern in enumerate(patterns):
            if not any(re.search(pattern, line) for line in lines):
                raise RunError("log: pattern %d, %r, is not there in this "
                               "order\n%s" % (number, pattern, text))

    def assert_absent(self, *patterns):
        """No line matches any of the regular expressions."""
        text = self.text()
        for line in text.splitlines():
            for pattern in patterns:
                if re.search(pattern, line):
                    raise RunError("log: %r is there: %s\n%s" % (
                        pattern, line, text))
