"""Runs methods of one suite by name, as often as it is asked, with what their
classes set up kept: for mutate_checks.py.

usage: cases.py FILE FD

Lines of standard input are commands, each is answered with a line on FD:

    list            the names, CLASS.METHOD
    prepare NAME    what its class sets up: ok, skip, fail
    run NAME        ok, skip, fail
"""

import importlib.util
import os
import sys
import unittest
from pathlib import Path

OK, SKIP, FAIL = "ok", "skip", "fail"


def load(path):
    """The module of a file."""
    spec = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[path.stem] = module
    spec.loader.exec_module(module)
    return module


def flat(suite):
    """The tests of a suite of suites."""
    for test in suite:
        if isinstance(test, unittest.TestSuite):
            yield from flat(test)
        else:
            yield test


class Cases:
    """The methods of a module."""

    def __init__(self, module):
        found = unittest.defaultTestLoader.loadTestsFromModule(module)
        self.tests = {}
        for test in flat(found):
            # one that can't be loaded is no method
            name = "%s.%s" % (type(test).__qualname__,
                              getattr(test, "_testMethodName", "?"))
            self.tests[name] = test
        self._ready = {}                # class: OK, SKIP or FAIL
        getattr(module, "setUpModule", lambda: None)()

    def prepare(self, name):
        """The class's fixture, once."""
        kind = type(self.tests[name])
        if kind not in self._ready:
            if getattr(kind, "__unittest_skip__", False):
                self._ready[kind] = SKIP
            else:
                self._ready[kind] = self._set_up(kind)
        return self._ready[kind]

    @staticmethod
    def _set_up(kind):
        try:
            kind.setUpClass()
        except unittest.SkipTest:
            return SKIP
        except Exception as err:        # whatever a fixture raises
            print("%s: %r" % (kind.__name__, err), file=sys.stderr)
            return FAIL
        return OK

    def run(self, name):
        """The method, by an instance of its own."""
        ready = self.prepare(name)
        if ready != OK:
            return ready
        test = self.tests[name]
        result = unittest.TextTestResult(
            unittest.runner._WritelnDecorator(sys.stderr), True, 2)
        result.failfast = True
        type(test)(test._testMethodName).run(result)
        result.printErrors()
        if not result.wasSuccessful():
            return FAIL
        return SKIP if result.skipped else OK


def main():
    path, answers = Path(sys.argv[1]), int(sys.argv[2])
    os.set_inheritable(answers, False)
    try:
        cases = Cases(load(path))
    except unittest.SkipTest:
        cases = None
    for line in sys.stdin:
        command, _, name = line.strip().partition(" ")
        if command == "list":
            answer = " ".join(cases.tests) if cases else ""
        elif command == "prepare":
            answer = cases.prepare(name)
        else:
            answer = cases.run(name)
        os.write(answers, answer.encode() + b"\n")


if __name__ == "__main__":
    main()
