"""tests/check_patches.py: what it accepts, and that it sees each fault."""

import shutil
import unittest

from realm.install import ROOT
from series.trees import TreeCase, run

GOOD = """Description: base: change a line
 Why it is needed.
Author: Some One <some.one@example.org>
Forwarded: no
Last-Update: 2026-11-22
X-Req: PF-01
X-Test: tests/t_a.py
---
 a.c |    2 +-
 1 file changed, 1 insertion(+), 1 deletion(-)

--- a/a.c
+++ b/a.c
@@ -1,5 +1,5 @@
 int a1;
 int a2;
-int a3;
+int b3;
 int a4;
 int a5;
"""
NAME = "0201-base-change-a-line.patch"


class CheckPatches(TreeCase):
    """A repository with one patch, which is changed by each test."""

    def setUp(self):
        super().setUp()
        self.repo = self.repository({NAME: GOOD})
        self.pristine = self.dir / "pristine"
        self.pristine.mkdir()
        (self.pristine / "a.c").write_text(
            "".join("int a%d;\n" % n for n in range(1, 6)))
        for name, text in {
                "OVERLAY": "kdc-freshness/kdc kdc/freshness\n",
                "doc/requirements.md": "| PF-01 | MUST | K | x |\n",
                "tests/t_a.py": "",
                "kdc-freshness/kdc/token.c": "int x = memcmp(a, b, 1);\n",
                "kdc-freshness/kdc/test_token.c": "int y;\n"}.items():
            self.write(name, text)
        shutil.copy(ROOT / "tests/check_patches.py", self.repo / "tests")

    def write(self, name, text):
        path = self.repo / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def check(self, *args):
        """(status, output) of the check."""
        return run("python3", self.repo / "tests/check_patches.py",
                   "--pristine", self.pristine, *args,
                   env={"HEIMDAL_TREES": ""})

    def finds(self, *faults, args=("--quick",)):
        """Just these faults are found."""
        code, out = self.check(*args)
        lines = [line for line in out.splitlines()
                 if line.startswith("     FAIL ")]
        self.assertEqual(code, 1, out)
        self.assertEqual(len(lines), len(faults), out)
        for fault in faults:
            self.assertRegex(out, r"     FAIL .*" + fault)
        self.assertRegex(out.splitlines()[-1],
                         r"^\d+ passed, %d failed, \d+ skipped$"
                         % len(faults))

    def patch(self, old, new):
        """The patch with a change."""
        self.assertIn(old, GOOD)
        self.write("patches/" + NAME, GOOD.replace(old, new))

    def test_good(self):
        code, out = self.check()
        self.assertEqual(code, 0, out)
        self.assertRegex(out.splitlines()[-1],
                         r"^\d+ passed, 0 failed, 0 skipped$")

    def test_good_references(self):
        for test in ("kdc/test_token", "none, no machine can show it",
                     "tests/t_a.py, kdc/test_token"):
            with self.subTest(test):
                self.patch("X-Test: tests/t_a.py", "X-Test: " + test)
                self.assertEqual(self.check("--quick")[0], 0)

    def test_listed_twice(self):
        self.write("patches/series", NAME + "\n" + NAME + "\n")
        code, out = self.check()
        self.assertEqual(code, 1)
        self.assertIn(NAME + " is listed 2 times", out)

    def test_stray(self):
        self.write("patches/0202-stray.patch", GOOD)
        self.finds("0202-stray.patch is not listed")

    def test_listed_and_not_there(self):
        self.write("patches/series", NAME + "\n0202-gone.patch\n")
        self.finds("0202-gone.patch is listed and not there",
                   "0202-gone.patch is in patches/series and not in", args=())

    def test_order(self):
        other = GOOD.replace("a.c", "c.c")
        shutil.copy(self.pristine / "a.c", self.pristine / "c.c")
        self.write("patches/0101-x.patch", other)
        self.write("patches/series", NAME + "\n0101-x.patch\n")
        self.finds("0101-x.patch does not come after " + NAME)

    def test_name(self):
        for name in ("0901-x.patch", "0202-Upper.patch", "base.patch"):
            with self.subTest(name):
                self.repo.joinpath("patches/series").write_text(name + "\n")
                for old in self.repo.glob("patches/*.patch"):
                    old.unlink()
                self.write("patches/" + name, GOOD)
                self.finds("not named NNNN-area-words.patch")

    def test_header(self):
        for old, new, fault in (
                ("Description: base: change a line\n", "Description:\n",
                 "Description without"),
                (" Why it is needed.\n", "", "Description without"),
                ("Author: Some One <some.one@example.org>\n", "",
                 "neither Author nor Origin"),
                ("<some.one@example.org>", "", "Author is not"),
                ("Author:", "Origin:", "Origin is not"),
                ("Forwarded: no\n", "", "Forwarded is not"),
                ("Forwarded: no\n", "Forwarded: maybe\n", "Forwarded is"),
                ("2026-11-22", "22.11.2026", "Last-Update is not"),
                ("2026-11-22", "2026-13-22", "Last-Update is not"),
                ("Last-Update: 2026-11-22\n", "", "Last-Update is not"),
                ("Forwarded: no", "Forwarded: no\nColour: blue",
                 "unknown field Colour"),
                ("Forwarded: no", "Forwarded: no\nForwarded: no",
                 "Forwarded twice"),
                ("Forwarded: no", "just text", "not a field"),
                ("X-Test: tests/t_a.py\n", "", "no X-Test"),
                ("tests/t_a.py", "tests/t_b.py",
                 "X-Test tests/t_b.py is not there"),
                ("tests/t_a.py", "kdc/test_none",
                 "X-Test kdc/test_none is not there"),
                ("PF-01", "PF-99", "X-Req PF-99 is no row")):
            with self.subTest(fault, new=new):
                self.patch(old, new)
                self.finds(fault)

    def test_header_that_is_not_utf_8(self):
        self.repo.joinpath("patches", NAME).write_bytes(
            GOOD.replace("Some One", "S\xf6me One").encode("latin-1"))
        self.finds("not UTF-8")

    def test_form(self):
        stat = GOOD[GOOD.index(" a.c |"):GOOD.index("\n--- a/")]
        for old, new, faults in (
                (stat, "", ("no diffstat", "changed 0201")),
                ("+++ b/a.c", "+++ b/a.c\t2026-01-01 00:00:00",
                 ("a timestamp", "changed 0201")),
                ("--- a/a.c\n+++ b/a.c", "--- x.orig/a.c\n+++ x/a.c",
                 ("not a/ and b/", "changed 0201")),
                ("--- a/", "Index: a.c\n--- a/",
                 ("has Index:", "changed 0201")),
                (" 1 file changed, 1 ins", " 1 file changed, 2 ins",
                 ("changed 0201",)),
                ("@@ -1,5 +1,5 @@", "@@ -1,5 +1,5 @@ other",
                 ("changed 0201",))):
            with self.subTest(faults[0]):
                self.patch(old, new)
                self.finds(*faults, args=())

    def test_new_file_in_a_patch(self):
        self.write("patches/" + NAME, GOOD + "--- /dev/null\n+++ b/new.c\n"
                   "@@ -0,0 +1 @@\n+int n;\n")
        self.finds("adds a file, which belongs to a module", "changed 0201",
                   args=())

    def test_does_not_apply(self):
        self.patch(" int a2;", " int c2;")
        self.finds(NAME + " does not apply", args=())

    def test_carried_is_a_skip(self):
        path = self.pristine / "a.c"
        path.write_text(path.read_text().replace("a3", "b3"))
        code, out = self.check()
        self.assertEqual(code, 0, out)
        self.assertIn("skipped %s: this tree already carries" % NAME, out)
        self.assertIn("skipped %s: not refreshed" % NAME, out)
        self.assertRegex(out, r"\d+ passed, 0 failed, 2 skipped\n$")

    def test_bans_in_a_patch(self):
        for line, ban in (("strcpy(a, b);", "strcpy"), ("int a; ", "white"),
                          ("/* XXX */", "marker"), ("int a; // b", "//"),
                          ("memcmp(a, b, 1);", "memcmp")):
            with self.subTest(ban):
                self.patch("+int b3;", "+" + line)
                self.finds("a.c: " + ban)
                self.patch("+int b3;", "+" + line)
                path = self.repo / "patches" / NAME
                path.write_text(path.read_text().replace(
                    "Author: Some One <some.one@example.org>",
                    "Origin: backport, https://example.org/1"))
                self.assertEqual(self.check("--quick")[0], 0)

    def test_bans_in_a_module(self):
        for line, ban in (("strcat(a, b);", "strcat"),
                          ("sprintf(a, b);", "sprintf"),
                          ("vsprintf(a, b);", "sprintf"),
                          ("if (memcmp (a, b, 1))", "memcmp"),
                          ("/* TODO */", "marker"), ("int a;\t", "white"),
                          ("int a; // b", "//"),
                          ("\t" * 9 + "int abcd;", "more than 79")):
            with self.subTest(line):
                self.write("kdc-freshness/kdc/policy.c", "int a;\n%s\n"
                           % line)
                self.finds(r"kdc-freshness/kdc/policy.c:2: " + ban)

    def test_what_only_looks_banned(self):
        self.write("kdc-freshness/kdc/policy.c", (
            '/* memcmp(a) and // too */\nchar *u = "http://x \\" // y";\n'
            "int my_memcmp(int), snprintf(int);\n/*\n * strcpy(a)\n */\n"
            "char c = '\"'; char *t = \"strcpy(x)\";\n"))
        code, out = self.check("--quick")
        self.assertEqual(code, 0, out)

    def test_test_programs_may_memcmp(self):
        self.write("kdc-freshness/kdc/test_token.c", "memcmp(a, b, 1);\n")
        self.assertEqual(self.check("--quick")[0], 0)

    def test_allow_list_that_is_not_needed(self):
        self.write("kdc-freshness/kdc/token.c", "int x;\n")
        self.finds("memcmp in kdc-freshness/kdc/token.c is not there")

    def test_machine_paths_and_registries(self):
        for text in ("/" + "work/main", "see /" + "root/x", "/home" + "/me/x",
                     "http://deb." + "debian.org/debian"):
            with self.subTest(text):
                self.write("doc/x.md", "a\n%s\n" % text)
                self.finds("doc/x.md:2: ")
        self.write("doc/x.md", "$TOP/work/x https://www.debian.org/ a/root/b"
                   " build/work/b\n")
        self.assertEqual(self.check("--quick")[0], 0)

    def test_overlay(self):
        self.write("OVERLAY", "kdc-freshness/kdc kdc/freshness\nnone x\n")
        self.finds("none has nothing that a build reads")
        self.write("OVERLAY", "kdc-freshness/kdc .\n")
        (self.pristine / "token.c").touch()
        self.finds(r"./token.c would hide a file of the base")

    def test_nothing_is_written(self):
        self.patch("@@ -1,5 +1,5 @@", "@@ -1,5 +1,5 @@ other")
        before = {p: p.read_bytes() for p in self.dir.rglob("*")
                  if p.is_file()}
        self.check()
        self.assertEqual(before, {p: p.read_bytes()
                                  for p in self.dir.rglob("*")
                                  if p.is_file()})


if __name__ == "__main__":
    unittest.main()
