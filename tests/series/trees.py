"""The trees that the series has to apply to, and a copy of one to push on.

build.sh fetches one base.  The others are taken from the directory that
$HEIMDAL_TREES names; doc/building.md says how to fill it.
"""

import os
import shutil
import subprocess
import tempfile
import unittest
from pathlib import Path

from realm.install import ROOT, build_dir

BASE_OF = {"deb": "debian", "git-28daf24": "git", "git-7.8.0": "release"}


def run(*argv, cwd=None, stdin=None, env=None):
    """(exit status, stdout and stderr) of a command, C locale."""
    done = subprocess.run(
        [str(a) for a in argv], cwd=cwd, input=stdin,
        env=dict(os.environ, LC_ALL="C", **(env or {})),
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    return done.returncode, done.stdout.decode("utf-8", "replace")


def names(series):
    """The patches that a series file lists."""
    lines = (line.split("#")[0].strip()
             for line in Path(series).read_text().splitlines())
    return [line for line in lines if line]


def pristine_base():
    """Which base BUILD_DIR/pristine is, "" when there is none."""
    stamp = build_dir() / "stamp/unpack"
    if not stamp.exists() or not (build_dir() / "pristine").is_dir():
        return ""
    return stamp.read_text().split()[0]


def find_tree(name):
    """A tree by name, only to be read; SkipTest says why there is none."""
    more = os.environ.get("HEIMDAL_TREES")
    if more and (Path(more) / name / "configure.ac").is_file():
        return Path(more) / name
    if BASE_OF.get(name) and pristine_base() == BASE_OF[name]:
        return build_dir() / "pristine"
    raise unittest.SkipTest(
        "no tree %s: the base built here is %s, HEIMDAL_TREES is %s" % (
            name, pristine_base() or "none", more or "not set"))


def debian_patches():
    """Debian 13's debian/ directory; SkipTest when it is not at hand."""
    more = os.environ.get("HEIMDAL_TREES")
    if more and (Path(more) / "deb13/debian/patches/series").is_file():
        return Path(more) / "deb13/debian"
    raise unittest.SkipTest("no tree deb13: HEIMDAL_TREES is %s" % (
        more or "not set"))


class TreeCase(unittest.TestCase):
    """Tests with a directory and trees of their own."""

    def setUp(self):
        tmp = tempfile.TemporaryDirectory()
        self.addCleanup(tmp.cleanup)
        self.dir = Path(tmp.name)

    def copy_of(self, name, to="tree"):
        """A tree that the test may change; deb13 has Debian's patches on."""
        tree = self.dir / to
        if name == "deb13":
            debian = debian_patches()
            shutil.copytree(find_tree("deb"), tree, symlinks=True,
                            ignore=shutil.ignore_patterns(".pc"))
            shutil.copytree(debian, tree / "debian")
            self.apply_debian(tree)
        else:
            shutil.copytree(find_tree(name), tree, symlinks=True,
                            ignore=shutil.ignore_patterns(".pc"))
        return tree

    def apply_debian(self, tree):
        """Debian's own patches, as its packaging tools apply them."""
        series = names(tree / "debian/patches/series")
        self.assertEqual(len(series), 30, "Debian 13 has 30 patches")
        for patch in series:
            self.plain_patch(tree, tree / "debian/patches" / patch)

    def plain_patch(self, tree, patch):
        """patch -p1 -F0."""
        code, out = run("patch", "-p1", "-F0", "-f", "-s", cwd=tree,
                        stdin=patch.read_bytes())
        self.assertEqual(code, 0, "%s: %s" % (patch.name, out))

    def repository(self, patches=None):
        """A copy of scripts/ and patches/, to break; {name: text} replaces
        the patches."""
        repo = self.dir / "repo"
        shutil.copytree(ROOT / "scripts", repo / "scripts")
        if patches is None:
            shutil.copytree(ROOT / "patches", repo / "patches")
            return repo
        (repo / "patches").mkdir()
        shutil.copy(ROOT / "patches/quiltrc", repo / "patches")
        for name, text in patches.items():
            (repo / "patches" / name).write_text(text)
        (repo / "patches/series").write_text(
            "".join(name + "\n" for name in patches))
        return repo
