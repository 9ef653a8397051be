"""The tests that judge mutants, one at a time: C programs, and the methods of
suites, each suite in a process (cases.py) that stays."""

import collections
import mmap
import os
import re
import select
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from realm import install

# these take long and tell nothing that others do not
SKIPPED = re.compile(r"^(series/|path/|t_|wire/t_der|interop/t_(openafs|"
                     r"mit_baseline)|baseline|assure/t_|fuzz/|soak/|bench)")
PATIENCE = 10                           # seconds beyond four times the usual
STAY = 12                               # suites whose processes stay
PASSED = ("ok", "skip")


class Page:
    """What mutant.h shares: the mutant's number, and who differs."""

    def __init__(self, path, count):
        self.size = 4 + count + 1
        if not path.exists() or path.stat().st_size != self.size:
            path.write_bytes(bytes(self.size))
        path.chmod(0o666)
        with open(path, "r+b") as file:
            self._map = mmap.mmap(file.fileno(), self.size)
        self.select(0)

    def select(self, number):
        """Switch a mutant on."""
        self._map[:4] = struct.pack("@i", number)

    def clear(self):
        """Nobody differs."""
        self._map[4:] = bytes(self.size - 4)

    def differ(self):
        """Numbers of those that do."""
        return {at - 4 for at in range(4, self.size) if self._map[at]}


class Process:
    """A program in a group and a directory of its own."""

    def __init__(self, argv, log, env, cwd=None, **pipes):
        self.tmp = tempfile.mkdtemp(prefix="m-")
        with open(log, "wb") as out:
            self.child = subprocess.Popen(
                argv, stderr=subprocess.STDOUT, start_new_session=True,
                env=dict(env, TMPDIR=self.tmp), cwd=cwd or self.tmp,
                **dict({"stdin": subprocess.DEVNULL, "stdout": out}, **pipes))

    def end(self):
        """It, and whom it has started."""
        try:
            os.killpg(self.child.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        self.child.wait()
        shutil.rmtree(self.tmp, ignore_errors=True)


class Suite:
    """The process of a suite: see cases.py."""

    def __init__(self, path, log, env, cwd):
        answers, theirs = os.pipe()
        self._answers = answers
        self._process = Process(
            [sys.executable, str(Path(__file__).parent / "cases.py"),
             str(path), str(theirs)], log, env, cwd,
            stdin=subprocess.PIPE, pass_fds=(theirs,))
        os.close(theirs)
        self._rest = b""

    def ask(self, line, seconds):
        """The answer; None when there is none in time."""
        try:
            self._process.child.stdin.write(line.encode() + b"\n")
            self._process.child.stdin.flush()
        except OSError:
            return None
        end = time.monotonic() + seconds
        while b"\n" not in self._rest:
            left = end - time.monotonic()
            if left <= 0 or not select.select([self._answers], [], [],
                                              left)[0]:
                return None
            got = os.read(self._answers, 65536)
            if not got:
                return None
            self._rest += got
        answer, _, self._rest = self._rest.partition(b"\n")
        return answer.decode()

    def end(self):
        self._process.end()
        self._process.child.stdin.close()
        os.close(self._answers)


class Tests:
    """All of them.  The name of a suite's method is SUITE::CLASS.METHOD."""

    def __init__(self, state, direct, here):
        self.state = state
        in_place = direct or here
        self.tree = install.ROOT if in_place else state / "tree"
        build_dir = install.build_dir() if in_place else state / "build"
        self.env = dict(os.environ, BUILD_DIR=str(build_dir),
                        HEIMDAL_PREFIX=str(build_dir / "install"),
                        PYTHONPATH=str(self.tree / "tests"),
                        PYTHONDONTWRITEBYTECODE="1", LC_ALL="C")
        self.paths = {}
        self.page = None
        self._suites = collections.OrderedDict()
        if direct:
            self._programs(state, ("direct",))
            return
        self._programs(build_dir / "obj", ("tests/ext", "kdc"))
        for path in sorted((self.tree / "tests").rglob("t_*.py")):
            name = str(path.relative_to(self.tree / "tests"))[:-3]
            if not SKIPPED.match(name):
                self.paths[name] = path

    def _programs(self, directory, parts):
        for part in parts:
            for path in sorted((directory / part).rglob("test_*")):
                if path.is_file() and os.access(path, os.X_OK) and \
                        ".libs" not in path.parts and not path.suffix:
                    self.paths[str(path.relative_to(directory))] = path

    def __enter__(self):
        return self

    def __exit__(self, *_):
        while self._suites:
            self._drop(next(iter(self._suites)))

    def keep(self, wanted):
        """Only those suites whose name is wanted."""
        self.paths = {name: path for name, path in self.paths.items()
                      if wanted(name)}

    def make_page(self, count):
        """Of so many mutants."""
        self.page = Page(self.state / "now", count)

    # -- one run ----------------------------------------------------------

    def _program(self, name, number, seconds):
        """Whether the program passes."""
        self.page.select(number)
        process = Process([str(self.paths[name])], self.state / "log",
                          self.env)
        try:
            return process.child.wait(seconds) in (0, 77)
        except subprocess.TimeoutExpired:
            return False
        finally:
            process.end()
            self.page.select(0)

    def _drop(self, name):
        suite = self._suites.pop(name, None)
        if suite:
            suite.end()

    def _suite(self, name):
        """Its process."""
        if name not in self._suites:
            if len(self._suites) >= STAY:
                self._drop(next(iter(self._suites)))
            self._suites[name] = Suite(
                self.paths[name], self.state / "log.suite", self.env,
                self.tree / "tests")
        self._suites.move_to_end(name)
        return self._suites[name]

    def _case(self, name, number, seconds):
        """Whether the method passes; what its class sets up is made before
        the mutant is switched on."""
        suite, case = name.split("::")
        process = self._suite(suite)
        if process.ask("prepare " + case, 120) is None:
            self._drop(suite)
            return False
        self.page.select(number)
        answer = process.ask("run " + case, seconds)
        self.page.select(0)
        if answer is None:
            self._drop(suite)
        return answer in PASSED

    # -- what can be told -------------------------------------------------

    def recorded(self, suite):
        """(test, seconds, numbers of the mutants that differ in it), for each
        test of the suite; no numbers for one that fails as it is."""
        if self.paths[suite].suffix != ".py":
            yield self._recorded(suite, suite, self._program)
            return
        listed = self._suite(suite).ask("list", 60)
        for case in (listed or "").split():
            name = "%s::%s" % (suite, case)
            # a second time in the same realm: one that can't begins anew
            self._case(name, 0, 600)
            yield self._recorded(suite, name, self._case)
        self._drop(suite)

    def _recorded(self, suite, name, run):
        for _ in range(2):
            self.page.clear()
            began = time.monotonic()
            passed = run(name, -1, 600)
            took = time.monotonic() - began
            if passed:
                return name, took, self.page.differ()
            self._drop(suite)
        return name, took, None

    def tell(self, name, number, took):
        """Whether the test fails with the mutant, and passes without it."""
        seconds = PATIENCE + 4 * took
        if "::" not in name:
            return not self._program(name, number, seconds)
        if self._case(name, number, seconds):
            return False
        suite = name.split("::")[0]
        if suite in self._suites and self._case(name, 0, seconds):
            return True
        # was it the mutant, what one before it had left, or the test?
        self._drop(suite)
        if self._case(name, number, seconds):
            return False
        self._drop(suite)
        return self._case(name, 0, seconds)
