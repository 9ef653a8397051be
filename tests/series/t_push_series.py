"""What scripts/push-series and scripts/q do on a small tree."""

import os
import unittest

from series.trees import TreeCase, names, run

TEXT = ["line %d" % n for n in range(1, 41)]


def patch(*changes, header="Description: x\n", path="file.c"):
    """A patch of TEXT: (line number, new text), three lines of context."""
    out = [header + "---", "--- a/" + path, "+++ b/" + path]
    for number, new in changes:
        out.append("@@ -%d,7 +%d,7 @@" % (number - 3, number - 3))
        out += [" " + t for t in TEXT[number - 4:number - 1]]
        out += ["-" + TEXT[number - 1], "+" + new]
        out += [" " + t for t in TEXT[number:number + 3]]
    return "\n".join(out) + "\n"


class SmallTree(TreeCase):
    """One file of 40 lines, and patches of it."""

    def setUp(self):
        super().setUp()
        self.tree = self.dir / "tree"
        self.tree.mkdir()
        self.write(TEXT)

    def write(self, lines):
        (self.tree / "file.c").write_text("\n".join(lines) + "\n")

    def text(self):
        return (self.tree / "file.c").read_text().splitlines()

    def push(self, patches, env=None, status=0):
        """Push a series of these patches; the lines that are printed."""
        repo = self.repository(patches)
        code, out = run(repo / "scripts/push-series", self.tree, env=env)
        self.assertEqual(code, status, out)
        return out.splitlines()


class PushSeries(SmallTree):
    """The order, what is skipped, and what is refused."""

    def test_pushes_in_order(self):
        lines = self.push({"0001-a.patch": patch((10, "ten")),
                           "0002-b.patch": patch((20, "twenty"))})
        self.assertEqual(lines, ["2 pushed, 0 skipped"])
        self.assertEqual((self.text()[9], self.text()[19]),
                         ("ten", "twenty"))
        self.assertEqual(names(self.tree / ".series"),
                         ["0001-a.patch", "0002-b.patch"])

    def test_until_stops_there(self):
        self.push({"0001-a.patch": patch((10, "ten")),
                   "0002-b.patch": patch((20, "twenty"))},
                  env={"UNTIL": "0001-a.patch"})
        self.assertEqual((self.text()[9], self.text()[19]),
                         ("ten", "line 20"))

    def test_carried_is_skipped_by_name(self):
        self.write(TEXT[:9] + ["ten"] + TEXT[10:])
        lines = self.push({"0001-a.patch": patch((10, "ten")),
                           "0002-b.patch": patch((20, "twenty"))})
        self.assertEqual(lines, [
            "skipped 0001-a.patch: this tree already carries the change",
            "1 pushed, 1 skipped"])
        self.assertEqual(names(self.tree / ".series"), ["0002-b.patch"])

    def test_half_carried_is_not_skipped(self):
        self.write(TEXT[:9] + ["ten"] + TEXT[10:])
        lines = self.push({"0001-a.patch": patch((10, "ten"),
                                                 (30, "thirty"))}, status=1)
        self.assertNotIn("skipped", "\n".join(lines))
        self.assertIn("push-series: 0001-a.patch does not apply", lines[-1])
        self.assertEqual(self.text()[29], "line 30")

    def test_carried_with_other_context_is_not_skipped(self):
        self.write(TEXT[:8] + ["else", "ten"] + TEXT[10:])
        lines = self.push({"0001-a.patch": patch((10, "ten"))}, status=1)
        self.assertIn("0001-a.patch does not apply", lines[-1])

    def test_broken_is_named_and_those_before_it_stay(self):
        broken = patch((20, "twenty")).replace("line 18", "line eighteen")
        lines = self.push({"0001-a.patch": patch((10, "ten")),
                           "0002-b.patch": broken,
                           "0003-c.patch": patch((30, "thirty"))}, status=1)
        self.assertIn("push-series: 0002-b.patch does not apply", lines[-1])
        self.assertEqual(
            (self.text()[9], self.text()[19], self.text()[29]),
            ("ten", "line 20", "line 30"))
        self.assertEqual(names(self.tree / ".series"), ["0001-a.patch"])

    def test_offset_is_taken_and_fuzz_is_not(self):
        self.write(["new first line"] + TEXT)
        self.push({"0001-a.patch": patch((10, "ten"))})
        self.assertEqual(self.text()[10], "ten")

    def test_fuzz_is_refused_whatever_the_users_settings(self):
        self.write(TEXT[:6] + ["else"] + TEXT[7:])
        home = self.dir / "home"
        home.mkdir()
        (home / ".quiltrc").write_text(
            'QUILT_PATCHES=debian/patches\nQUILT_PUSH_ARGS="--fuzz=3"\n'
            'QUILT_PATCH_OPTS="-F3"\n')
        lines = self.push({"0001-a.patch": patch((10, "ten"))}, status=1,
                          env={"HOME": str(home)})
        self.assertIn("0001-a.patch does not apply", lines[-1])

    def test_listed_and_not_there(self):
        repo = self.repository({})
        (repo / "patches/series").write_text("0001-a.patch\n")
        code, out = run(repo / "scripts/push-series", self.tree)
        self.assertEqual((code, out), (
            1, "push-series: 0001-a.patch is in patches/series and not in"
            " patches/\n"))

    def test_second_push_is_refused(self):
        self.push({"0001-a.patch": patch((10, "ten"))})
        code, out = run(self.dir / "repo/scripts/push-series", self.tree)
        self.assertEqual(code, 1)
        self.assertIn("has patches of quilt's applied", out)

    def test_a_pc_directory_above_is_not_used(self):
        (self.dir / ".pc").mkdir()
        self.push({"0001-a.patch": patch((10, "ten"))})
        self.assertEqual(os.listdir(str(self.dir / ".pc")), [])
        self.assertTrue((self.tree / ".pc/applied-patches").exists())


class RefreshSeries(SmallTree):
    """refresh-series writes what quilt would, q works on the tree."""

    def test_refresh_settles_at_once(self):
        self.push({"0001-a.patch": patch((10, "ten"))})
        repo = self.dir / "repo"
        self.write(TEXT)
        (self.tree / ".series").unlink()
        first = run(repo / "scripts/refresh-series", self.tree)
        self.assertEqual(first, (0, "changed 0001-a.patch\n"))
        text = (repo / "patches/0001-a.patch").read_text()
        self.assertIn("\n 1 file changed, 1 insertion(+), 1 deletion(-)\n",
                      text)
        self.assertTrue(text.startswith("Description: x\n---\n"), text)
        self.assertEqual(run(repo / "scripts/refresh-series", self.tree),
                         (0, ""))

    def test_q_needs_a_tree_of_push_series(self):
        repo = self.repository({})
        code, out = run(repo / "scripts/q", self.tree, "top")
        self.assertEqual(code, 2)
        self.assertIn("usage: q TREE", out)


if __name__ == "__main__":
    unittest.main()
