"""The loop programs of tests/loop: an initiator and an acceptor of contexts
that print a line an exchange.

>>> with Acceptor(client, "--keytab=%s" % keytab) as acceptor:
...     line = initiate(client, acceptor.port, "--service=host@server")[0]
...     assert line.complete and acceptor.line(1).src == "user@EXT.TEST"
"""

import os
import re

from . import install
from .process import Daemon, run

_FIELD = re.compile(r"([a-z0-9-]+)=(\S*)")


class Line:
    """What a program says about one exchange; fields are attributes, with
    _ for -: result, side, outcome, major, minor, sent, received, flags,
    error_token, messages, late, src..."""

    def __init__(self, text):
        self.text = text
        head, _, self.src = text.partition(" src=")
        for key, value in _FIELD.findall(head):
            setattr(self, key.replace("-", "_"), value)
        self.major = int(self.major, 16)
        self.message_major = int(self.message_major, 16)
        self.flags = int(self.flags, 16)
        self.missing = int(self.missing, 16)
        self.minor = int(self.minor)
        self.sent = int(self.sent)
        self.received = int(self.received)

    @property
    def complete(self):
        """The exchange was good to the end."""
        return self.result == "complete"

    def __str__(self):
        return self.text

    __repr__ = __str__


def lines(text):
    """The Lines of a program's output; not one that is still being written."""
    return [Line(line.rstrip("\n")) for line in text.splitlines(keepends=True)
            if line.startswith("result=") and line.endswith("\n")]


def built(name, *directories):
    """A program that is built and not installed, behind libtool's wrapper,
    so that it runs with the libraries of whomever the environment says."""
    directory = install.build_dir().joinpath("obj", *directories)
    for path in (directory / ".libs" / name, directory / name):
        if os.access(path, os.X_OK):
            return str(path)
    raise FileNotFoundError("%s is not built in %s" % (name, directory))


def program(name):
    """loop_initiator, loop_acceptor."""
    return built(name, "tests", "ext", "loop")


def library_env(inst):
    """Environment that makes a built program use the libraries of inst."""
    if inst.lib_path:
        return {}
    lib = inst.bindirs[0].parent / "lib"
    return {"LD_LIBRARY_PATH": str(lib)}


def other_clock(ahead):
    """Environment of a program whose clock is so many seconds ahead, or as
    many as the file of that name says."""
    return dict(install.preload(built("other_clock.so", "tests", "ext",
                                      "loop")), OTHER_CLOCK=str(ahead))


class Acceptor:
    """loop_acceptor with the client's environment; a context manager.

    Stops with its last line read; `lines()` is all it said so far.
    """

    def __init__(self, client, *args, count=0, argv0=()):
        self.client = client
        self.argv = [*argv0, program("loop_acceptor"), "--count=%d" % count,
                     *args]
        self.daemon = self.port = None

    def __enter__(self):
        number = len(list(self.client.dir.glob("acceptor*.out")))
        env = dict(self.client.env, **library_env(self.client.inst),
                   **install.leaks(True))
        self.daemon = Daemon(self.argv, env, self.client.dir /
                             ("acceptor%d.out" % number))
        self.daemon.ready("loop_acceptor listens", self._find_port)
        return self

    def __exit__(self, kind, value, trace):
        if kind is None:
            self.stop()
        elif self.daemon.alive:
            self.daemon.kill()

    def _find_port(self):
        found = re.search(r"^port (\d+)$", self.daemon.said(), re.M)
        if found:
            self.port = int(found.group(1))
        return found

    def stop(self):
        """End it in good order; it says 1 when an exchange failed."""
        if self.daemon.alive:
            self.daemon.terminate((0, 1))

    def lines(self):
        """All Lines up to now."""
        return lines(self.daemon.said())

    def line(self, number):
        """The number-th Line, from 1; waits for it."""
        self.daemon.ready("line %d of the acceptor" % number,
                          lambda: len(self.lines()) >= number, 30)
        return self.lines()[number - 1]


def initiate(client, port, *args, expect_code=None, timeout=60):
    """Run loop_initiator to its end; its Lines."""
    done = run([program("loop_initiator"), "--port=%d" % port, *args],
               dict(client.env, **library_env(client.inst),
                    **install.leaks(True)),
               expect_code=expect_code, timeout=timeout)
    found = lines(done.stdout)
    if not found:
        raise AssertionError("loop_initiator said nothing\n%s" % done)
    return found
