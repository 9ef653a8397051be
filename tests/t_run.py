"""The runner and the trace script themselves."""

import contextlib
import io
import os
import subprocess
import sys
import tempfile
import textwrap
import unittest
from pathlib import Path

import proof
import run
import trace
from realm.process import wait_until

HEAD = "import unittest\nclass T(unittest.TestCase):\n"


class RunnerTest(unittest.TestCase):
    """What a suite may do, and what becomes of it."""

    def setUp(self):
        tmp = tempfile.TemporaryDirectory()
        self.addCleanup(tmp.cleanup)
        self.dir = Path(tmp.name)

    def go(self, text, name="t_x.py", timeout=30):
        """Run one suite; ({case: (result, reason)}, output, status)."""
        path = self.dir / name
        path.write_text(textwrap.dedent(text))
        path.chmod(0o755)
        out = io.StringIO()
        with contextlib.redirect_stdout(out):
            cases = run.Runner([run.Suite("x/t_x", path)], 1, timeout,
                               self.dir).run_all()
            status = run.summary(cases)
        return ({c.case: (c.result, c.reason) for c in cases},
                out.getvalue(), status)

    def test_pass_fail_skip_are_told_apart(self):
        cases, out, status = self.go(HEAD + """
    def test_a(self): pass
    def test_b(self): self.fail("because")
    def test_c(self): self.skipTest("no peer")
    def test_d(self): raise KeyError("k")
    @unittest.expectedFailure
    def test_e(self): self.fail()
    @unittest.expectedFailure
    def test_f(self): pass
    def test_g(self):
        for i in (1, 2):
            with self.subTest(i=i): self.assertEqual(i, 1)
""")
        self.assertEqual({k: v[0] for k, v in cases.items()}, {
            "T.test_a": "pass", "T.test_b": "fail", "T.test_c": "skip",
            "T.test_d": "fail", "T.test_e": "pass", "T.test_f": "fail",
            "T.test_g (i=2)": "fail"})
        self.assertEqual(cases["T.test_b"][1], "because")
        self.assertEqual(cases["T.test_c"][1], "no peer")
        self.assertIn("skipped 1: no peer", out)
        self.assertEqual(out.splitlines()[-1],
                         "2 passed, 4 failed, 1 skipped")
        self.assertEqual(status, 1)

    def test_all_well(self):
        _cases, out, status = self.go(HEAD + "    def test_a(self): pass\n")
        self.assertEqual((status, out.splitlines()[-1]),
                         (0, "1 passed, 0 failed, 0 skipped"))

    def test_no_test_is_a_failure(self):
        cases, _out, status = self.go("import unittest\n")
        self.assertEqual((cases, status),
                         ({"(file)": ("fail", "no test ran")}, 1))

    def test_file_that_does_not_load_is_a_failure(self):
        cases, out, _status = self.go("import no_such_module\n")
        self.assertEqual(cases["(file)"], ("fail", "exit status 1"))
        self.assertIn("No module named 'no_such_module'", out)

    def test_file_that_dies_is_a_failure(self):
        cases, _out, _status = self.go(HEAD + """
    def test_a(self): pass
    def test_b(self): import os; os._exit(3)
""")
        self.assertEqual(cases, {"T.test_a": ("pass", ""),
                                 "(file)": ("fail", "exit status 3")})

    def test_file_that_hangs_is_killed(self):
        cases, _out, _status = self.go(HEAD + """
    def test_a(self): import time; time.sleep(60)
""", timeout=2)
        self.assertEqual(cases, {"(file)": ("fail", "no end after 2 s")})

    def test_process_left_behind_is_a_failure_and_killed(self):
        cases, _out, _status = self.go(HEAD + """
    def test_a(self):
        import subprocess
        child = subprocess.Popen(["sleep", "61"])
        open(%r, "w").write(str(child.pid))
""" % str(self.dir / "pid"))
        self.assertEqual(cases["(file)"], ("fail", "left processes behind"))
        stat = Path("/proc/%s/stat" % (self.dir / "pid").read_text())

        def dead():
            # A zombie of somebody else's is dead enough.
            try:
                return stat.read_text().split()[2] == "Z"
            except (FileNotFoundError, ProcessLookupError):
                return True
        wait_until("the process left behind is dead", dead)

    def test_error_in_setup_of_a_class_is_a_failure(self):
        cases, _out, status = self.go(HEAD + """
    @classmethod
    def setUpClass(cls): raise ValueError("no realm")
    def test_a(self): pass
""")
        self.assertEqual((list(cases.values()), status),
                         ([("fail", "ValueError: no realm")], 1))

    def test_programs(self):
        for code, want in ((0, ("pass", "")), (77, ("skip", "no rc4")),
                           (1, ("fail", "exit status 1: no rc4"))):
            cases, _out, _status = self.go(
                "#!/bin/sh\necho no rc4\nexit %d\n" % code, "test_x")
            self.assertEqual(cases, {"test_x": want})

    def test_nothing_chosen_is_a_failure(self):
        env = dict(os.environ, BUILD_DIR=str(self.dir))
        done = subprocess.run(
            [sys.executable, run.__file__, "no-such-suite"], env=env,
            stdout=subprocess.PIPE, check=False)
        self.assertEqual((done.returncode, done.stdout.splitlines()[-1]),
                         (1, b"0 passed, 0 failed, 0 skipped"))

    def test_a_whole_name_is_one_suite(self):
        suites = [run.Suite(name, Path(name)) for name in
                  ("wire/t_a", "wire/t_a_more", "attack/t_a")]

        def names(*patterns):
            return [s.name for s in run.chosen(suites, patterns)]
        self.assertEqual(names("wire/t_a"), ["wire/t_a"])
        self.assertEqual(names("t_a_"), ["wire/t_a_more"])
        self.assertEqual(names("t_a"), [s.name for s in suites])
        self.assertEqual(names("*/t_a"), ["wire/t_a", "attack/t_a"])


class TraceTest(unittest.TestCase):
    """Markers are found, rows are read."""

    def test_rows_and_markers(self):
        with tempfile.TemporaryDirectory() as tmp:
            root = Path(tmp)
            doc = root / "requirements.md"
            doc.write_text("| ID | level |\n|---|---|\n"
                           "| PF-01 | MUST | C | one |\n"
                           "| PF-02 | MUST | C | two |\n"
                           "| PF-02 | waived: cannot be seen |\n")
            self.assertEqual(trace.read_requirements(doc), (
                {"PF-01": "one", "PF-02": "two"},
                {"PF-02": "cannot be seen"}))
            for name, text in (
                    ("tests/a/t_a.py", "# %s: PF-01, XT-03\n"),
                    ("mod/kdc/test_b.c", "\n/* %s: PF-01 */\n"),
                    ("mod/kdc/b.c", "/* %s: PF-02 */\n")):
                path = root / name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text % "REQ")
            self.assertEqual(dict(trace.read_markers(root)), {
                "PF-01": ["mod/kdc/test_b.c:2", "tests/a/t_a.py:1"],
                "XT-03": ["tests/a/t_a.py:1"]})


class ProofTest(unittest.TestCase):
    """Whose word it is, and what came of it."""

    SUITE = textwrap.dedent("""
        class T(Case):
            def test_mit_with_ours(self):
                # %s: KI-01
                pass
            def test_plain(self):
                "admit, transmit, javascript"
                # %s: KI-01
                pass
            def test_both(self):
                # %s: KI-01
                self.with_("unpatched", peers.mit())
        """) % (("REQ",) * 3)

    def setUp(self):
        tmp = tempfile.TemporaryDirectory()
        self.addCleanup(tmp.cleanup)
        self.root = Path(tmp.name)
        for name, text in (
                ("tests/interop/t_a.py", self.SUITE),
                ("tests/interop/t_b.py", "peers.impacket()" + self.SUITE),
                ("tests/wire/t_c.py", self.SUITE),
                ("tests/loop/test_d.c", "/* %s: KI-01 */" % "REQ")):
            path = self.root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)

    def at(self, name, line):
        """A Proof, sorted."""
        found = proof.read_place(self.root, "%s:%d" % (name, line))
        return found.suite, found.case, sorted(found.peers)

    def test_peers(self):
        for name, line, want in (
                ("interop/t_a.py", 4, ("T.test_mit_with_ours",
                                       ["MIT krb5"])),
                ("interop/t_a.py", 8, ("T.test_plain", ["ours"])),
                ("interop/t_a.py", 11, ("T.test_both", [
                    "MIT krb5", "unpatched Heimdal"])),
                ("interop/t_b.py", 8, ("T.test_plain", ["impacket"])),
                ("wire/t_c.py", 8, ("T.test_plain", ["wire encoder"])),
                ("loop/test_d.c", 1, (None, ["C program"]))):
            self.assertEqual(self.at("tests/" + name, line)[1:], want)

    def test_results(self):
        results = {"interop/t_a": {"T.test_plain": "pass",
                                   "T.test_both (mech='krb5')": "fail",
                                   "T.test_both_and_more": "skip"},
                   "wire/t_c": {"setUpClass (t_c.T)": "skip"}}
        for suite, case, want in (
                ("interop/t_a", "T.test_plain", "pass"),
                ("interop/t_a", "T.test_both", "fail"),
                ("interop/t_a", "T.test_mit_with_ours", "not run"),
                ("wire/t_c", "T.test_plain", "skip"),
                ("interop/t_a", None, "fail"),
                ("loop/test_d", None, "not run")):
            self.assertEqual(proof.result_of(
                results, proof.Proof(suite, case, set())), want)

    def test_only_what_passed_is_a_proof(self):
        results = {"a": {"T.x": "pass"}, "b": {"b": "skip"}}
        self.assertEqual(proof.row(results, [
            proof.Proof("a", "T.x", {"ours"}),
            proof.Proof("b", None, {"impacket"})]),
            (["ours"], {"pass": 1, "skip": 1}))


if __name__ == "__main__":
    unittest.main()
