"""scripts/walk-series on a project of a few lines."""

import subprocess
import unittest

from path.fake import BASE, FakeCase, PATCH, make_tarball

WIRING = "0101-tests-build-tests-ext.patch"
FIRST = "0201-a-change.patch"
SECOND = "0202-b-change.patch"

# A program that passes when `prog` has a word, and a runner for t_*.py.
MAKEFILE = """
echo 'test_%:' > module.mk
printf '\\tcp ../../src/$@.sh $@ && chmod +x $@\\n' >> module.mk
mkdir -p module && mv module.mk module/Makefile
"""
RUNNER = """import os, sys
text = open(os.environ["HEIMDAL_PREFIX"] + "/bin/prog").read()
wanted = open(os.environ["BUILD_DIR"] + "/src/wanted").read().strip()
good = wanted in text
print("%d passed, %d failed, 0 skipped" % (good, not good))
sys.exit(not good)
"""


def patch(path, old, new, test):
    """PATCH for a file of BASE, with an X-Test."""
    text = PATCH.replace("a.c", path).replace("-a three", "-" + old).replace(
        "+a THREE", "+" + new).replace(
            "Description: change a", "Description: c\nX-Test: " + test)
    return text.replace(" a ", " %s " % path[0])


class WalkSeries(FakeCase):
    """Two patches with their tests, behind one that wires."""

    def setUp(self):
        super().setUp()
        make_tarball(self.tarball, dict(BASE, **{
            "configure.ac": BASE["configure.ac"] + MAKEFILE,
            "wanted": "b THREE\n",
            "w.c": BASE["a.c"].replace("a ", "w "),
            "test_a.sh": "#!/bin/sh\ngrep 'a THREE' ../prog\n",
            "test_always.sh": "#!/bin/sh\ntrue\n",
            "test_skip.sh": "#!/bin/sh\nexit 77\n"}))
        self.pin(self.tarball)
        (self.top / "tests").mkdir()
        self.write("tests/run.py", RUNNER)
        self.patches = {
            FIRST: patch("a.c", "a three", "a THREE", "module/test_a"),
            SECOND: patch("b.c", "b three", "b THREE", "tests/x/t_b.py"),
            WIRING: patch("w.c", "w three", "w THREE", "none, it wires")}
        self.series(self.patches)

    def walk(self, *args, status=0):
        """Run the walk; its lines without the times."""
        done = subprocess.run(
            [str(self.top / "scripts/walk-series"), *args], env=self.env(),
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, universal_newlines=True, timeout=120)
        self.assertEqual(done.returncode, status, done.stdout)
        return [line.partition("] ")[2] if line.startswith("[") else line
                for line in done.stdout.splitlines()]

    def test_walk_and_walk_again(self):
        self.assertEqual(self.walk("--until", FIRST), [
            WIRING + ": builds",
            FIRST + ": builds; module/test_a: fail before it; "
            "module/test_a: pass after it"])
        self.assertEqual(self.walk(), [
            WIRING + ": fine before", FIRST + ": fine before",
            SECOND + ": builds; tests/x/t_b.py: fail before it; "
            "tests/x/t_b.py: pass after it"])
        self.series(dict(self.patches, **{
            FIRST: self.patches[FIRST].replace("Description: ", "Description:"
                                               " new ")}))
        self.assertEqual([line.split(": ")[1] for line in self.walk()],
                         ["fine before"] * 3)
        self.series(dict(self.patches, **{
            FIRST: self.patches[FIRST].replace("+a THREE", "+a THREE!")}))
        lines = self.walk()
        self.assertIn("fine before", lines[0])
        self.assertIn("fail before it", lines[1])
        self.assertIn("fail before it", lines[2])

    def test_test_that_passes_without_the_patch(self):
        self.series(dict(self.patches, **{
            FIRST: self.patches[FIRST].replace("test_a", "test_always")}))
        lines = self.walk(status=1)
        self.assertRegex(lines[-1], r"^FAILED %s: module/test_always is "
                         r'"pass" before it' % FIRST)
        self.assertIn(SECOND + ": builds", lines[2])
        lines = self.walk(status=1)
        self.assertIn("module/test_always: pass before it", lines[1])

    def test_test_that_fails_with_the_patch(self):
        self.series(dict(self.patches, **{
            FIRST: self.patches[FIRST].replace("test_a", "test_none")}))
        self.assertRegex(self.walk(status=1)[-1], r"^FAILED %s: module/"
                         r'test_none is "fail" after it' % FIRST)

    def test_test_of_two_patches_passes_after_the_last(self):
        self.series(dict(self.patches, **{
            FIRST: self.patches[FIRST].replace(
                "module/test_a", "module/test_a, tests/x/t_b.py")}))
        lines = self.walk()
        self.assertEqual(lines[1], FIRST + ": builds; module/test_a: fail "
                         "before it; tests/x/t_b.py: fail before it; "
                         "module/test_a: pass after it")

    def test_skipped_test_is_told(self):
        self.series(dict(self.patches, **{
            FIRST: self.patches[FIRST].replace("test_a", "test_skip")}))
        self.assertIn("module/test_skip: skip before it", self.walk()[1])

    def test_prefix_that_does_not_build(self):
        self.write("module/m.c", "module m\n")
        self.series(dict(self.patches, **{
            FIRST: self.patches[FIRST].replace("a.c", "Makefile.am")}))
        lines = self.walk(status=1)
        self.assertRegex(lines[-1], "^FAILED %s: does not build" % FIRST)
        self.assertNotIn(SECOND, "\n".join(lines))

    def test_carried_patch(self):
        make_tarball(self.tarball, dict(BASE, **{
            "configure.ac": BASE["configure.ac"] + MAKEFILE,
            "wanted": "b THREE\n",
            "w.c": BASE["a.c"].replace("a ", "w "),
            "test_a.sh": "#!/bin/sh\ngrep 'a THREE' ../prog\n",
            "a.c": BASE["a.c"].replace("three", "THREE")}))
        self.pin(self.tarball)
        self.assertIn(FIRST + ": builds; carried by the base", self.walk())

    def test_from_builds_on_the_prefix_before(self):
        self.assertEqual(self.walk("--from", SECOND), [
            SECOND + ": builds; tests/x/t_b.py: fail before it; "
            "tests/x/t_b.py: pass after it"])
        self.assertIn(FIRST + ": builds; module/test_a: fail before it; "
                      "module/test_a: pass after it", self.walk())

    def test_unknown_name(self):
        self.assertEqual(self.walk("--from", "x", status=1),
                         ["walk-series: x is not in patches/series"])
        self.assertEqual(self.walk("--until", "x", status=1),
                         ["walk-series: x is not in patches/series"])


if __name__ == "__main__":
    unittest.main()
