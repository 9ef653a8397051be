#!/usr/bin/env python3
"""heimdal_check.py must see what differs from the baseline, by name.

It is fed a made-up object tree whose Makefiles have what the tool uses of
automake's: SUBDIRS, TEST_LOGS, PROGRAMS, `NAME.log` rules that leave a .trs
file behind, and `check-local`.
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
TOOL = os.path.join(HERE, "heimdal_check.py")
sys.path.insert(0, HERE)
import heimdal_check  # noqa: E402

TOP = """
abs_srcdir = %(obj)s
SUBDIRS = lib tests
check:
\t@test "$(TEST_LOGS)$(CHECK_LOCAL)" = no-check-local
\t@test ! -e build-must-fail
"""

SUBDIR = """
TEST_LOGS = %(logs)s
PROGRAMS = %(programs)s
%%.log: %%
\t@./$< > $@ 2>&1; case $$? in 0) r=PASS ;; 77) r=SKIP ;; \\
\t *) r=FAIL ;; esac; echo ":test-result: $$r" > $*.trs
check-local:
\t@bad=0; for i in $(PROGRAMS); do if ./$$i --version; \\
\tthen echo "PASS: $$i"; else echo "FAIL: $$i"; bad=1; fi; done; exit $$bad
"""

GOOD_TESTS = {"alpha": "exit 0", "beta": "exit 0", "gamma": "exit 77"}


class FakeTree:
    """An object tree with lib/ (tests), lib's programs, and tests/."""

    def __init__(self, lib, programs=None, tests=None):
        self.top = tempfile.mkdtemp(prefix="heimdal-check-")
        self.obj = os.path.join(self.top, "obj")
        self.log = os.path.join(self.top, "log")
        self.put("Makefile", TOP % {"obj": self.obj})
        self.directory("lib", lib, programs or {"prog": "exit 0"})
        self.directory("tests", tests or {"sole": "exit 0"}, {})

    def put(self, name, text):
        path = os.path.join(self.obj, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w") as f:
            f.write(text)
        os.chmod(path, 0o755)

    def directory(self, name, tests, programs):
        self.put(name + "/Makefile", SUBDIR % {
            "logs": " ".join(t + ".log" for t in tests),
            "programs": " ".join(programs)})
        for script, body in list(tests.items()) + list(programs.items()):
            self.put("%s/%s" % (name, script), "#!/bin/sh\n%s\n" % body)

    def run(self, *options):
        """Run the tool; return (exit status, output)."""
        out = subprocess.run(
            [sys.executable, TOOL, "--obj", self.obj, "--log", self.log,
             "--jobs", "2"] + list(options), stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        return out.returncode, out.stdout

    def close(self):
        shutil.rmtree(self.top)


class Base(unittest.TestCase):
    options = ()

    @classmethod
    def setUpClass(cls):
        first = FakeTree(GOOD_TESTS)
        cls.addClassCleanup(first.close)
        cls.baseline = os.path.join(first.top, "check.tsv")
        status, cls.recorded = first.run("--record", cls.baseline,
                                         *cls.options)
        if status != 0:
            raise AssertionError(cls.recorded)

    def tree(self, *args, **kwargs):
        tree = FakeTree(*args, **kwargs)
        self.addCleanup(tree.close)
        return tree

    def check(self, tree, *options):
        return tree.run("--baseline", self.baseline, *self.options, *options)

    def assertRefused(self, tree, name, counts, *options):
        """The run must fail, because of NAME and nothing else."""
        status, out = self.check(tree, *options)
        self.assertEqual(status, 1, out)
        self.assertEqual(re.findall(r"^FAILED: ([^:]+):", out, re.M), [name])
        self.assertEqual(out.splitlines()[-1],
                         "heimdal make check: %s (baseline 4/0/1)" % counts)
        return out


class Compared(Base):
    """The comparer, with namespaces where they can be had."""

    def test_recording(self):
        self.assertIn("4 passed, 0 failed, 1 skipped (baseline 4/0/1)",
                      self.recorded)
        with open(self.baseline) as f:
            lines = [line.split("\t")[:2] for line in f if line[0] != "#"]
        self.assertEqual(lines, [
            ["lib/alpha", "PASS"], ["lib/beta", "PASS"],
            ["lib/check-local/prog", "PASS"], ["lib/gamma", "SKIP"],
            ["tests/sole", "PASS"]])

    def test_same_results_pass(self):
        status, out = self.check(self.tree(GOOD_TESTS))
        self.assertEqual(status, 0, out)
        self.assertEqual(
            out.splitlines()[-1], "heimdal make check: "
            "4 passed, 0 failed, 1 skipped (baseline 4/0/1)")
        self.assertNotIn("FAILED", out)

    def test_failing_test_is_named_with_the_end_of_its_log(self):
        body = "for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 " \
            "21 22; do echo line-$i; done; exit 1"
        tree = self.tree(dict(GOOD_TESTS, beta=body))
        out = self.assertRefused(tree, "lib/beta",
                                 "3 passed, 1 failed, 1 skipped")
        self.assertIn("| line-22\n", out)
        self.assertIn("| line-3\n", out)
        self.assertNotIn("| line-2\n", out)
        path = re.search(r"the whole log: (\S+)", out).group(1)
        with open(path) as f:
            self.assertIn("line-1\n", f.read())

    def test_other_logs_of_a_failing_test_are_kept(self):
        tree = self.tree(dict(GOOD_TESTS,
                              beta="echo kdc says > messages.log; exit 1"))
        self.assertRefused(tree, "lib/beta", "3 passed, 1 failed, 1 skipped")
        with open(os.path.join(tree.log, "lib/beta.files/messages.log")) as f:
            self.assertEqual(f.read(), "kdc says\n")

    def test_missing_test_is_refused(self):
        tests = {k: v for k, v in GOOD_TESTS.items() if k != "beta"}
        self.assertRefused(self.tree(tests), "lib/beta",
                           "3 passed, 1 failed, 1 skipped")

    def test_skip_of_what_passed_is_refused(self):
        self.assertRefused(self.tree(dict(GOOD_TESTS, beta="exit 77")),
                           "lib/beta", "3 passed, 1 failed, 1 skipped")

    def test_skipped_test_that_now_fails_is_refused(self):
        self.assertRefused(self.tree(dict(GOOD_TESTS, gamma="exit 1")),
                           "lib/gamma", "4 passed, 1 failed, 0 skipped")

    def test_skipped_test_that_now_passes_is_noted(self):
        status, out = self.check(self.tree(dict(GOOD_TESTS, gamma="exit 0")))
        self.assertEqual(status, 0, out)
        self.assertIn("note: lib/gamma: skipped in the baseline, passes", out)

    def test_new_failing_test_is_refused(self):
        self.assertRefused(self.tree(dict(GOOD_TESTS, ours="exit 1")),
                           "lib/ours", "4 passed, 1 failed, 1 skipped")

    def test_new_passing_test_is_accepted(self):
        status, out = self.check(self.tree(dict(GOOD_TESTS, ours="exit 0")))
        self.assertEqual(status, 0, out)
        self.assertIn("5 passed, 0 failed, 1 skipped (baseline 4/0/1)", out)

    def test_new_skipped_test_is_reported(self):
        status, out = self.check(self.tree(dict(GOOD_TESTS, ours="exit 77")))
        self.assertEqual(status, 0, out)
        self.assertIn("note: lib/ours: new, skipped", out)

    def test_test_without_a_result_is_refused(self):
        tree = self.tree(GOOD_TESTS)
        os.unlink(os.path.join(tree.obj, "lib/beta"))
        self.assertRefused(tree, "lib/beta", "3 passed, 1 failed, 1 skipped")

    def test_program_without_version_is_refused(self):
        self.assertRefused(
            self.tree(GOOD_TESTS, programs={"prog": "exit 1"}),
            "lib/check-local/prog", "3 passed, 1 failed, 1 skipped")

    def test_missing_program_is_refused(self):
        self.assertRefused(
            self.tree(GOOD_TESTS, programs={"other": "exit 0"}),
            "lib/check-local/prog", "4 passed, 1 failed, 1 skipped")

    def test_failed_build_is_refused(self):
        tree = self.tree(GOOD_TESTS)
        tree.put("build-must-fail", "")
        self.assertRefused(tree, "build", "4 passed, 1 failed, 1 skipped")

    def test_stale_result_does_not_count(self):
        tree = self.tree(GOOD_TESTS)
        tree.put("lib/beta.log", "old\n")
        tree.put("lib/beta.trs", ":test-result: PASS\n")
        tree.put("lib/beta", "#!/bin/sh\nexit 1\n")
        os.utime(os.path.join(tree.obj, "lib/beta"), (1, 1))
        self.assertRefused(tree, "lib/beta", "3 passed, 1 failed, 1 skipped")


class Ended:
    """What a test leaves running is ended."""

    def test_hanging_test_is_ended(self):
        """... with what it started, though that has left its session."""
        tree = self.tree(dict(
            GOOD_TESTS, beta="setsid sleep 54321 & wait"))
        out = self.assertRefused(tree, "lib/beta",
                                 "3 passed, 1 failed, 1 skipped",
                                 "--timeout", "2")
        self.assertIn("not finished after 2 s", out)
        self.assertNothingLeft("54321")

    def test_daemon_of_a_finished_test_is_ended(self):
        tree = self.tree(dict(
            GOOD_TESTS,
            beta="setsid sleep 65432 < /dev/null > /dev/null 2>&1 & exit 0"))
        status, out = self.check(tree)
        self.assertEqual(status, 0, out)
        self.assertNothingLeft("65432")

    def assertNothingLeft(self, argument):
        for entry in filter(str.isdigit, os.listdir("/proc")):
            try:
                with open("/proc/%s/cmdline" % entry, "rb") as f:
                    words = f.read().split(b"\0")
            except OSError:
                continue
            self.assertFalse(words[:1] == [b"sleep"] and
                             argument.encode() in words, words)


class EndedInPlace(Ended, Base):
    """Without namespaces."""
    options = ("--no-namespaces",)

    def test_failing_test_is_named(self):
        tree = self.tree(dict(GOOD_TESTS,
                              beta="echo kdc says > messages.log; exit 1"))
        self.assertRefused(tree, "lib/beta", "3 passed, 1 failed, 1 skipped")
        with open(os.path.join(tree.log, "lib/beta.files/messages.log")) as f:
            self.assertEqual(f.read(), "kdc says\n")

    def test_tests_directory_is_serial(self):
        body = "mkdir busy || exit 1; sleep 0.2; rmdir busy"
        tree = self.tree(GOOD_TESTS, tests={"sole": body, "two": body,
                                            "three": body})
        status, out = self.check(tree)
        self.assertEqual(status, 0, out)
        self.assertIn("one after the other", out)


class Namespaces(Ended, Base):
    """What the private files and network are for."""

    PORT = "import socket, os\\n" \
        "s = socket.socket(); s.bind((\"127.0.0.1\", 49188)); s.listen(1)\\n" \
        "os.mkdir(\"shared\")\\n" \
        "os.mkdir(\"/var/tmp/heimdal-check-shared\")\\n" \
        "socket.create_connection(s.getsockname()).close()"

    def setUp(self):
        if "namespaces: not available" in self.recorded:
            self.skipTest(re.search("namespaces: .*",
                                    self.recorded).group(0))

    def test_same_port_and_files_do_not_clash(self):
        body = "printf '%s' | %s -" % (self.PORT, sys.executable)
        tree = self.tree(GOOD_TESTS, tests={
            name: body for name in ("sole", "two", "three", "four")})
        status, out = self.check(tree)
        self.assertEqual(status, 0, out)
        self.assertIn("7 passed, 0 failed", out)
        self.assertFalse(os.path.exists(os.path.join(tree.obj,
                                                     "tests/shared")))
        self.assertFalse(os.path.exists("/var/tmp/heimdal-check-shared"))

    def test_nothing_outside_is_reached(self):
        body = "printf '%s' | %s -" % (
            "import socket\\n"
            "try: socket.create_connection((\"192.0.2.1\", 88), 5)\\n"
            "except OSError as e: assert e.errno == 101, e\\n"
            "else: raise SystemExit(1)", sys.executable)
        status, out = self.check(self.tree(GOOD_TESTS, tests={"sole": body}))
        self.assertEqual(status, 0, out)


class Table(unittest.TestCase):
    """The pure half."""

    def test_optional_program_excuses_a_skip(self):
        for program, problems in (("no-such-program-here", 0), ("sh", 1)):
            with self.subTest(program):
                found, notes = heimdal_check.compare(
                    {"t/java": ("SKIP", 0)}, {"t/java": ("PASS", 0)},
                    {"t/java": program})
                self.assertEqual(len(found), problems)
                self.assertEqual(len(notes), 1 - problems)

    def test_optional_program_excuses_no_failure(self):
        for now in ("FAIL", "ERROR", "TIMEOUT"):
            with self.subTest(now):
                found, _ = heimdal_check.compare(
                    {"t/java": (now, 0)}, {"t/java": ("PASS", 0)},
                    {"t/java": "no-such-program-here"})
                self.assertEqual([n for n, _ in found], ["t/java"])

    def test_committed_baseline_can_be_read(self):
        table, needs = heimdal_check.read_table(
            os.path.join(HERE, "baseline", "check.tsv"))
        self.assertEqual(heimdal_check.count(table)[1], 0)
        self.assertEqual({n for n, (r, _) in table.items() if r == "SKIP"},
                         {"tests/ldap/check-ldap",
                          "tests/kdc/check-hdb-mitdb"})
        self.assertLessEqual(set(needs), set(table))

    def test_damaged_table_is_refused(self):
        for text in ("a\tPASS\n", "a\tPASS\t1\na\tPASS\t1\n", "a b c\n"):
            with self.subTest(text), tempfile.NamedTemporaryFile("w") as f:
                f.write(text)
                f.flush()
                with self.assertRaises(ValueError):
                    heimdal_check.read_table(f.name)


if __name__ == "__main__":
    unittest.main()
