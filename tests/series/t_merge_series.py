"""packaging/debian/merge-series on Debian 13's source package."""

import shutil
import unittest

from realm.install import ROOT
from series.trees import TreeCase, debian_patches, find_tree, names, run

SCRIPT = "packaging/debian/merge-series"


class MergeSeries(TreeCase):
    """Debian 13's source package with our series in debian/patches."""

    def setUp(self):
        super().setUp()
        debian = debian_patches()
        self.tree = self.dir / "tree"
        shutil.copytree(find_tree("deb"), self.tree, symlinks=True,
                        ignore=shutil.ignore_patterns(".pc"))
        shutil.copytree(debian, self.tree / "debian")
        self.series = self.tree / "debian/patches/series"
        self.debians = names(self.series)

    def quilt(self, *args):
        """quilt as Debian's packagers use it."""
        return run("quilt", "--quiltrc", "-", *args, cwd=self.tree,
                   env={"QUILT_PATCHES": "debian/patches"})

    def test_merged_package_is_the_patched_tree(self):
        code, out = run(ROOT / SCRIPT, self.tree)
        self.assertEqual(code, 0, out)
        for number in ("0001", "0002", "0003", "0004", "0228"):
            self.assertRegex(out, r"(?m)^skipped %s-\S+: " % number)
        ours = [n for n in names(ROOT / "patches/series")
                if n[:4] not in ("0001", "0002", "0003", "0004", "0228")]
        self.assertEqual(names(self.series), self.debians + [
            "heimdal-ext/" + n for n in ["modules.patch"] + ours])
        self.assertIn("%d patches added" % (len(ours) + 1), out)

        code, out = self.quilt("push", "-qa", "--fuzz=0")
        self.assertEqual(code, 0, out)
        other = self.copy_of("deb13", "other")
        code, out = run(ROOT / "scripts/push-series", other)
        self.assertEqual(code, 0, out)
        for line in (ROOT / "OVERLAY").read_text().splitlines():
            source, target = (line.split("#")[0].split() + [None] * 2)[:2]
            for path in (ROOT / source).glob("*") if source else ():
                if path.suffix in (".c", ".h", ".am", ".m4", ".et", ".asn1",
                                   ".map", ".texi", *(".%d" % n for n in range(1, 9))):
                    (other / target).mkdir(parents=True, exist_ok=True)
                    shutil.copyfile(path, other / target / path.name)
        code, out = run("diff", "-rq", "-x", ".pc", "-x", ".series",
                        "-x", "debian", "-x", "*.orig", self.tree, other)
        self.assertEqual((code, out), (0, ""))

        code, out = run(ROOT / SCRIPT, self.tree)
        self.assertEqual(code, 1)
        self.assertIn("debian/patches/heimdal-ext is there already", out)

    def test_package_with_its_patches_applied(self):
        # dpkg-source -x leaves them so
        self.assertEqual(self.quilt("push", "-qa")[0], 0)
        code, out = run(ROOT / SCRIPT, "--dry-run", self.tree)
        self.assertEqual(code, 0, out)
        self.assertIn("patches would be added", out)
        self.assertEqual(self.quilt("pop", "-q")[0], 0)
        code, out = run(ROOT / SCRIPT, self.tree)
        self.assertEqual(code, 1)
        self.assertIn("has part of its patches applied: quilt push -a", out)

    def test_dry_run_and_failure_change_nothing(self):
        before = self.dir / "before"
        shutil.copytree(self.tree, before, symlinks=True)
        self.assertEqual(run(ROOT / SCRIPT, "--dry-run", self.tree)[0], 0)
        repo = self.repository()
        shutil.copytree(ROOT / "packaging", repo / "packaging")
        (repo / "module").mkdir()
        (repo / "module/m.c").write_text("int m;\n")
        (repo / "OVERLAY").write_text("module kdc/module\n")
        broken = repo / "patches" / names(repo / "patches/series")[-1]
        text = broken.read_bytes().replace(b"\n ", b"\n not ")
        broken.write_bytes(text.replace(b"\n not ", b"\n ", text[:text.index(
            b"\n---\n")].count(b"\n not ")))
        code, out = run(repo / SCRIPT, self.tree)
        self.assertEqual(code, 1, out)
        self.assertIn(broken.name + " does not apply", out)
        self.assertIn("nothing was changed", out)
        code, out = run("diff", "-rq", before, self.tree)
        self.assertEqual((code, out), (0, ""))

    def test_what_is_no_source_package(self):
        for tree in (self.dir / "none", self.tree / "kdc"):
            code, out = run(ROOT / SCRIPT, tree)
            self.assertEqual(code, 1)
            self.assertIn("is not an unpacked source package", out)
        self.assertEqual(run(ROOT / SCRIPT)[0], 2)


if __name__ == "__main__":
    unittest.main()
