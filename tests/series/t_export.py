"""scripts/export: each patch and module is in one branch, git am of each
series gives its branch, and all branches together give the patched tree."""

import filecmp
import importlib.machinery
import importlib.util
import os
import subprocess
import tempfile
import unittest
from pathlib import Path

from realm.install import build_dir

ROOT = Path(__file__).resolve().parents[2]


def load():
    """scripts/export as a module."""
    loader = importlib.machinery.SourceFileLoader(
        "export", str(ROOT / "scripts/export"))
    module = importlib.util.module_from_spec(
        importlib.util.spec_from_loader("export", loader))
    loader.exec_module(module)
    return module


export = load()


class BranchesTest(unittest.TestCase):
    """packaging/upstream/branches."""

    def test_each_patch_and_module_is_in_one(self):
        self.assertEqual(export.problems(), [])

    def test_a_makefile_without_a_program(self):
        """Of a list the first, the middle and the last, and its own lines."""
        text = ("TESTS = \\\n\ta_x \\\n\ta_xy \\\n\ta_z\n\n"
                "check_PROGRAMS = $(TESTS) a_x tool\n\n"
                "a_x_SOURCES = a_x.c \\\n\tmore.c\na_xy_LDADD = lib\n")
        self.assertEqual(
            export.without(text, "a_x"),
            "TESTS = \\\n\ta_xy \\\n\ta_z\n\ncheck_PROGRAMS = $(TESTS) "
            "tool\n\na_xy_LDADD = lib\n")
        self.assertEqual(export.without(text, "a_z"),
                         text.replace(" \\\n\ta_z", ""))
        self.assertEqual(
            export.without(text, "a_xy"),
            text.replace("\ta_xy \\\n", "").replace("a_xy_LDADD = lib\n", ""))

    def test_letters_fit_a_mail(self):
        for path in sorted((ROOT / "packaging/upstream").glob("*.txt")):
            lines = path.read_text().splitlines()
            self.assertLessEqual(max(map(len, lines)), 79, path.name)
            self.assertGreater(len(lines), 2, path.name)


class OntoTest(unittest.TestCase):
    """What becomes of a patch on another commit."""

    def setUp(self):
        place = Path(tempfile.mkdtemp(), "git")
        place.mkdir()
        self.git = export.Git(place)
        self.git("init", "-q")
        self.text = "".join("line %d\n" % n for n in range(30))
        self.write(self.text)
        self.base = self.git.commit("base", "2026-01-01")

    def write(self, text):
        (self.git.path / "file").write_text(text)

    def mail(self, text):
        """The mail of a commit that makes the file so."""
        self.git("checkout", "-q", "--detach", self.base)
        self.write(text)
        self.git.commit("a change", "2026-01-02")
        out = self.git("format-patch", "-q", "-1", "-o",
                       str(self.git.path.parent))
        name, = self.git.path.parent.glob("0001-*")
        self.assertEqual(out, "")
        self.git("checkout", "-q", "--detach", self.base)
        return name

    def test_applies_port_carried(self):
        mail = self.mail(self.text.replace("line 9\n", "line nine\n"))
        self.assertEqual(export.take(self.git, mail), "applies")
        self.assertIn("line nine", (self.git.path / "file").read_text())
        self.assertEqual(export.take(self.git, mail), "carried")
        self.git("checkout", "-q", "--detach", self.base)
        self.write(self.text.replace("line 9\n", "another\n"))
        head = self.git.commit("theirs", "2026-01-03")
        self.assertEqual(export.take(self.git, mail), "port")
        self.assertEqual(self.git("rev-parse", "HEAD"), head)
        self.assertEqual(self.git("status", "--porcelain"), "")


@unittest.skipUnless((build_dir() / "pristine").is_dir() and
                     (build_dir() / "stage").is_dir(), "no patched tree")
class ExportTest(unittest.TestCase):
    """The whole of it, once."""

    @classmethod
    def setUpClass(cls):
        cls.out = Path(tempfile.mkdtemp(), "out")
        env = {k: v for k, v in os.environ.items() if k != "HEIMDAL_GIT"}
        done = subprocess.run(
            [ROOT / "scripts/export", "--check", cls.out],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False,
            env=dict(env, BUILD_DIR=str(build_dir())))
        cls.said, cls.code = done.stdout.decode(), done.returncode

    def git(self, *args):
        return subprocess.run(["git", "-C", self.out / "git", *args],
                              stdout=subprocess.PIPE, check=True
                              ).stdout.decode()

    def test_git_am_gives_each_branch(self):
        self.assertEqual(self.code, 0, self.said)
        lines = [line for line in self.said.splitlines() if "commits" in line]
        self.assertGreater(len(lines), 10, self.said)
        for line in lines:
            self.assertTrue(line.endswith("git am gives the same"), line)

    def test_all_of_them_are_the_patched_tree(self):
        """But for what a patched tree has no use for: our README files and
        descriptions of formats."""
        self.assertEqual(self.code, 0, self.said)
        stage = build_dir() / "stage"
        self.git("checkout", "-q", "ext/all")
        tree = self.out / "git"
        names = set(self.git("ls-files", "-z").split("\0")) - {""}
        ours = {n for n in names if not (stage / n).exists()}
        self.assertEqual({n for n in ours if not n.startswith("doc/formats/")
                          and not n.endswith("/README.md")}, set())
        different = [n for n in sorted(names - ours)
                     if not (stage / n).is_symlink() and
                     not filecmp.cmp(stage / n, tree / n, shallow=False)]
        self.assertEqual(different, [])
        for directory, _, files in os.walk(stage):
            place = Path(directory).relative_to(stage)
            if place.parts[:1] != (".pc",):
                for name in files:
                    if name != ".series":
                        self.assertIn(str(place / name), names)

    def test_mails(self):
        """A letter, then the patches; no line of ours is left to be
        written."""
        self.assertEqual(self.code, 0, self.said)
        for branch in export.branches():
            place = self.out / branch.name
            if not place.is_dir():
                continue
            mails = sorted(p.name for p in place.iterdir())
            self.assertTrue(mails[0].startswith("0000-cover-letter"))
            self.assertFalse("***" in (place / mails[0]).read_text())


if __name__ == "__main__":
    unittest.main()
