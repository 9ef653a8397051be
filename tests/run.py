#!/usr/bin/env python3
"""Run the tests: tests/**/t_*.py and the C programs built from tests/.

Every file runs in a process (and process group, and TMPDIR) of its own,
several at a time.  Logs go to $BUILD_DIR/log/tests, one line per case to
$BUILD_DIR/log/tests.tsv: suite, case, result, reason, seconds.  The last
line is always `N passed, N failed, N skipped`.
"""

import argparse
import collections
import concurrent.futures
import fnmatch
import importlib.util
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
import unittest
from pathlib import Path

TESTS = Path(__file__).resolve().parent
sys.dont_write_bytecode = True
sys.path.insert(0, str(TESTS))

from realm.install import build_dir, sanitizer_env     # noqa: E402

PASS, FAIL, SKIP = "pass", "fail", "skip"
TAIL = 20                               # lines of a failed test's log shown

Suite = collections.namedtuple("Suite", "name path")
Case = collections.namedtuple("Case", "suite case result reason seconds")


# -- finding --------------------------------------------------------------

def discover():
    """Every Suite there is, Python files first."""
    found = [Suite(str(path.relative_to(TESTS).with_suffix("")), path)
             for path in sorted(TESTS.rglob("t_*.py"))]
    objects = build_dir() / "obj" / "tests" / "ext"
    for path in sorted(objects.rglob("test_*")):
        if path.is_file() and os.access(path, os.X_OK) and \
                ".libs" not in path.parts and not path.suffix:
            found.append(Suite(str(path.relative_to(objects)), path))
    return found


def chosen(suites, patterns):
    """Those whose name contains, or matches, one of the patterns; a pattern
    that is the whole name of a suite means that suite alone."""
    names = {s.name for s in suites}
    return [s for s in suites if not patterns or any(
        p == s.name if p in names else
        p in s.name or fnmatch.fnmatch(s.name, p) for p in patterns)]


def slowest_first(suites, tsv):
    """Order by the time of the last run, unknown ones first."""
    seconds = collections.Counter()
    if tsv.exists():
        for line in tsv.read_text().splitlines()[1:]:
            fields = line.split("\t")
            if len(fields) == 5:
                seconds[fields[0]] += float(fields[4])
    return sorted(suites, key=lambda s: -seconds.get(s.name, 1e9))


# -- one Python file, in the child ----------------------------------------

class Recorder(unittest.TextTestResult):
    """Writes a line per case to a file as it ends."""

    out = None
    module = ""

    def startTest(self, test):
        super().startTest(test)
        self._began = time.monotonic()

    def _write(self, test, result, reason=""):
        seconds = time.monotonic() - getattr(self, "_began",
                                             time.monotonic())
        name = test.id()
        if name.startswith(self.module + "."):
            name = name[len(self.module) + 1:]
        reason = " ".join(str(reason).split())
        # a subtest's name may have tabs and line ends in it
        self.out.write("%s\t%s\t%s\t%.2f\n" % (
            " ".join(name.split()), result, reason, seconds))
        self.out.flush()

    def addSuccess(self, test):
        super().addSuccess(test)
        self._write(test, PASS)

    def addError(self, test, err):
        super().addError(test, err)
        self._write(test, FAIL, "%s: %s" % (err[0].__name__, err[1]))

    def addFailure(self, test, err):
        super().addFailure(test, err)
        self._write(test, FAIL, err[1])

    def addSkip(self, test, reason):
        super().addSkip(test, reason)
        self._write(test, SKIP, reason)

    def addExpectedFailure(self, test, err):
        super().addExpectedFailure(test, err)
        self._write(test, PASS, "fails as expected")

    def addUnexpectedSuccess(self, test):
        super().addUnexpectedSuccess(test)
        self._write(test, FAIL, "passes and was expected to fail")

    def addSubTest(self, test, subtest, err):
        super().addSubTest(test, subtest, err)
        if err is not None:
            self._write(subtest, FAIL, err[1])


def run_file(path, report):
    """Child mode: run one file, write its cases to `report`."""
    path = Path(path)
    spec = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[path.stem] = module
    with open(report, "w") as out:
        try:
            spec.loader.exec_module(module)
        except unittest.SkipTest as err:
            out.write("(file)\t%s\t%s\t0\n" % (SKIP, err))
            return 0
        Recorder.out = out
        Recorder.module = path.stem
        suite = unittest.defaultTestLoader.loadTestsFromModule(module)
        unittest.TextTestRunner(resultclass=Recorder, verbosity=2,
                                stream=sys.stdout).run(suite)
    return 0


# -- one suite, in the parent ---------------------------------------------

class Runner:
    """Runs suites and keeps what came of them."""

    def __init__(self, suites, jobs, timeout, logs):
        self.suites = suites
        self.jobs = jobs
        self.timeout = timeout
        self.logs = logs
        self.cases = []
        self.done = 0
        self.began = time.monotonic()
        self._running = {}
        self._lock = threading.Lock()
        self._tty = sys.stdout.isatty()
        self._env = dict(os.environ, **sanitizer_env(),
                         PYTHONPATH=str(TESTS),
                         PYTHONDONTWRITEBYTECODE="1",
                         TEST_RUN_ID="%d-%d" % (os.getpid(), time.time()))

    def run_all(self):
        """Run everything; the cases, in the order of their suites."""
        with concurrent.futures.ThreadPoolExecutor(self.jobs) as pool:
            pending = [pool.submit(self._one, s) for s in self.suites]
            try:
                for future in concurrent.futures.as_completed(pending):
                    future.result()
            except BaseException:
                for future in pending:
                    future.cancel()
                self._kill_all()
                raise
        return self.cases

    def _kill_all(self):
        with self._lock:
            for child in self._running.values():
                _kill_group(child.pid)

    def _one(self, suite):
        log = self.logs / (suite.name.replace("/", ".") + ".log")
        tmp = tempfile.mkdtemp(prefix="t-")
        report = Path(tmp) / ".report"
        began = time.monotonic()
        argv = [sys.executable, str(TESTS / "run.py"), "--run-file",
                str(suite.path), str(report)] \
            if suite.path.suffix == ".py" else [str(suite.path.resolve())]
        try:
            code, why = self._spawn(suite, argv, log, tmp)
            cases = _read_report(suite, report)
            if suite.path.suffix != ".py":
                cases = [_program_case(suite, code, why, log)]
            elif why:
                cases.append(Case(suite.name, "(file)", FAIL, why, 0))
            elif code != 0:
                cases.append(Case(suite.name, "(file)", FAIL,
                                  "exit status %d" % code, 0))
            elif not cases:
                cases = [Case(suite.name, "(file)", FAIL, "no test ran", 0)]
        finally:
            shutil.rmtree(tmp, ignore_errors=True)
        self._finished(suite, cases, log, time.monotonic() - began)

    def _spawn(self, suite, argv, log, tmp):
        """(exit status, what is wrong beyond it or "")."""
        with open(log, "wb") as out:
            child = subprocess.Popen(
                argv, stdin=subprocess.DEVNULL, stdout=out,
                stderr=subprocess.STDOUT, start_new_session=True,
                # what a program leaves where it runs goes with the directory
                cwd=None if suite.path.suffix == ".py" else tmp,
                env=dict(self._env, TMPDIR=tmp))
        with self._lock:
            self._running[suite.name] = child
            self._live()
        try:
            code, why = child.wait(self.timeout), ""
        except subprocess.TimeoutExpired:
            code, why = 1, "no end after %d s" % self.timeout
            _kill_group(child.pid)
            child.wait()
        with self._lock:
            del self._running[suite.name]
        if not _group_empties(child.pid) and not why:
            why = "left processes behind"
        _kill_group(child.pid)
        return code, why

    def _finished(self, suite, cases, log, seconds):
        count = collections.Counter(c.result for c in cases)
        with self._lock:
            self.done += 1
            self.cases += cases
            self._clear()
            print("[%*d/%d %6.1fs] %-4s %s (%s, %.1f s)" % (
                len(str(len(self.suites))), self.done, len(self.suites),
                time.monotonic() - self.began,
                "FAIL" if count[FAIL] else "skip" if not count[PASS]
                else "ok", suite.name,
                ", ".join("%d %s" % (n, r) for r, n in sorted(
                    count.items())), seconds))
            for case in cases:
                if case.result == FAIL:
                    print("    FAIL %s: %s" % (case.case,
                                               case.reason[:300]))
            if count[FAIL]:
                lines = log.read_text(errors="replace").splitlines()
                print("    last %d lines of %s:" % (TAIL, log))
                for line in lines[-TAIL:]:
                    print("    | " + line)
            self._live()

    def _clear(self):
        if self._tty:
            sys.stdout.write("\r\033[K")

    def _live(self):
        if self._tty and self._running:
            text = "[%d/%d %.0fs] %s" % (
                self.done, len(self.suites), time.monotonic() - self.began,
                " ".join(sorted(self._running)))
            width = shutil.get_terminal_size().columns - 1
            sys.stdout.write("\r\033[K" + text[:width])
        sys.stdout.flush()


def _kill_group(pgid):
    """Kill what is left of a group that we made."""
    try:
        os.killpg(pgid, signal.SIGKILL)
    except ProcessLookupError:
        pass


def _group_empties(pgid, timeout=3):
    """True when nobody is left in the group (orphans may take a moment)."""
    end = time.monotonic() + timeout
    while time.monotonic() < end:
        try:
            os.killpg(pgid, 0)
        except ProcessLookupError:
            return True
        time.sleep(0.02)
    return False


def _read_report(suite, report):
    if not report.exists():
        return []
    out = []
    for line in report.read_text().splitlines():
        case, result, reason, seconds = line.split("\t")
        out.append(Case(suite.name, case, result, reason, float(seconds)))
    return out


def _program_case(suite, code, why, log):
    """A C program is one case: 0 passed, 77 skipped."""
    lines = log.read_text(errors="replace").split("\n")
    last = next((x for x in reversed(lines) if x.strip()), "")
    if why:
        result, reason = FAIL, why
    elif code == 0:
        result, reason = PASS, ""
    elif code == 77:
        result, reason = SKIP, last or "exit 77 without a reason"
    else:
        result, reason = FAIL, "exit status %d: %s" % (code, last)
    return Case(suite.name, suite.path.name, result,
                " ".join(reason.split()), 0)


def write_tsv(path, cases):
    """The machine-readable summary."""
    with open(path, "w") as out:
        out.write("suite\tcase\tresult\treason\tseconds\n")
        for case in sorted(cases):
            out.write("\t".join(str(f) for f in case) + "\n")


def summary(cases):
    """Print skips and their reasons, failures, and the closing line."""
    reasons = collections.Counter(c.reason for c in cases
                                  if c.result == SKIP)
    for reason, count in sorted(reasons.items()):
        print("skipped %d: %s" % (count, reason))
    for case in sorted(cases):
        if case.result == FAIL:
            print("failed: %s %s" % (case.suite, case.case))
    count = collections.Counter(c.result for c in cases)
    print("%d passed, %d failed, %d skipped" % (
        count[PASS], count[FAIL], count[SKIP]))
    return 1 if count[FAIL] or not cases else 0


def main():
    """Command line."""
    if sys.argv[1:2] == ["--run-file"]:
        return run_file(*sys.argv[2:4])
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("pattern", nargs="*",
                        help="part of a suite's name, or a shell pattern")
    parser.add_argument("--list", action="store_true",
                        help="name the suites, run nothing")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--timeout", type=int, default=900,
                        help="seconds a suite may take (default 900)")
    args = parser.parse_args()
    suites = chosen(discover(), args.pattern)
    if args.list:
        print("\n".join(s.name for s in suites))
        return 0
    logs = build_dir() / "log" / "tests"
    logs.mkdir(parents=True, exist_ok=True)
    tsv = build_dir() / "log" / "tests.tsv"
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    runner = Runner(slowest_first(suites, tsv), args.jobs, args.timeout, logs)
    try:
        cases = runner.run_all()
    except KeyboardInterrupt:
        print("interrupted")
        return 130
    if not suites:
        print("no test is named like that")
    write_tsv(tsv, cases)
    return summary(cases)


if __name__ == "__main__":
    sys.exit(main())
