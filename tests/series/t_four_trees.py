"""The one series on every tree that it is for."""

import unittest

from realm.install import ROOT
from series.trees import TreeCase, names, run

SERIES = names(ROOT / "patches/series")
# What each tree carries already, by the numbers of our patches.
CARRIED = {
    "deb": ("0002", "0003", "0004"),
    "git-28daf24": ("0002", "0003", "0004"),
    "git-7.8.0": (),
    "deb13": ("0001", "0002", "0003", "0004", "0228"),
}


class FourTrees(TreeCase):
    """quilt and plain patch(1), no fuzz."""

    def check_tree(self, tree_name):
        """Both ways give the same tree, and skip just what it carries."""
        carried = [n for n in SERIES if n[:4] in CARRIED[tree_name]]
        self.assertEqual(len(carried), len(CARRIED[tree_name]))
        quilted = self.copy_of(tree_name, "quilted")
        code, out = run(ROOT / "scripts/push-series", quilted)
        self.assertEqual(code, 0, out)
        self.assertEqual(
            [line.split()[1].rstrip(":") for line in out.splitlines()
             if line.startswith("skipped ")], carried)
        self.assertEqual(out.splitlines()[-1], "%d pushed, %d skipped" % (
            len(SERIES) - len(carried), len(carried)))
        pushed = names(quilted / ".series")
        self.assertEqual(pushed, [n for n in SERIES if n not in carried])

        plain = self.copy_of(tree_name, "plain")
        for name in pushed:
            self.plain_patch(plain, ROOT / "patches" / name)
        code, out = run("diff", "-rq", "-x", ".pc", "-x", ".series",
                        "-x", "*.orig", quilted, plain)
        self.assertEqual((code, out), (0, ""))

    def test_debian_tree(self):
        self.check_tree("deb")

    def test_upstreams_commit(self):
        self.check_tree("git-28daf24")

    def test_release(self):
        self.check_tree("git-7.8.0")

    def test_debian_13_with_its_own_patches(self):
        self.check_tree("deb13")

    def test_pushed_patches_pop_to_the_same_tree(self):
        tree, before = self.copy_of("deb"), self.copy_of("deb", "before")
        self.assertEqual(run(ROOT / "scripts/push-series", tree)[0], 0)
        code, out = run(ROOT / "scripts/q", tree, "pop", "-qa")
        self.assertEqual(code, 0, out)
        code, out = run("diff", "-rq", "-x", ".pc", "-x", ".series",
                        before, tree)
        self.assertEqual((code, out), (0, ""))


if __name__ == "__main__":
    unittest.main()
