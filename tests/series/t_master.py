"""packaging/upstream/master: what becomes of each patch on upstream's master,
and the mails of what is ported to it.  $HEIMDAL_MASTER, a repository that has
master's commit, has the mails applied."""

import email
import os
import re
import subprocess
import tempfile
import unittest
from pathlib import Path

from series.t_export import export

ROOT = Path(__file__).resolve().parents[2]
PLACE = ROOT / "packaging/upstream/master"
VERDICTS = {"carried", "fixed there", "applies", "ported",
            "not a defect there", "open", "feature"}
NEED_A_REASON = VERDICTS - {"carried"}


def rows():
    """(patch, verdict, where or why)"""
    text = (PLACE.parent / "master.tsv").read_text()
    return [tuple(line.split("\t")) for line in text.splitlines()]


class VerdictsTest(unittest.TestCase):
    """packaging/upstream/master.tsv."""

    def test_each_patch_has_one_line(self):
        self.assertEqual([name + ".patch" for name, _, _ in rows()],
                         export.series())

    def test_each_line_has_a_verdict_and_a_reason(self):
        for name, verdict, why in rows():
            self.assertIn(verdict, VERDICTS, name)
            if verdict in NEED_A_REASON:
                self.assertTrue(why.strip(), name)

    def test_no_defect_is_called_a_feature(self):
        for name, verdict, _ in rows():
            if name[:2] in export.DEFECTS:
                self.assertNotEqual(verdict, "feature", name)

    def test_what_is_taken_is_in_a_directory_that_there_is(self):
        names = {name for name, _ in export.master_series()}
        for name, verdict, where in rows():
            if verdict in ("applies", "ported"):
                self.assertIn(where.split(":")[0], names, name)

    def test_as_many_mails_as_patches(self):
        """But for what freshness is split into there, for 0204, which is
        part of 0211, and for master's own defects."""
        own = [tuple(line.split("\t")) for line in
               (PLACE / "only").read_text().splitlines() if line[0] != "#"]
        for branch, mails in export.master_series():
            taken = [name for name, verdict, where in rows() if where == branch
                     and verdict in ("applies", "ported")]
            names = {path.name[5:-6] for path in mails}
            here = [name for where, name in own if where == branch]
            self.assertLessEqual(set(here), names, branch)
            if branch != "freshness":
                self.assertEqual(len(mails), len(taken) + len(here), branch)


class MailsTest(unittest.TestCase):
    """The mails themselves."""

    def mails(self):
        for branch, mails in export.master_series():
            for path in sorted((PLACE / branch).glob("*.patch")):
                yield branch, path, email.message_from_bytes(path.read_bytes())

    def test_every_directory_is_in_the_series(self):
        there = {p.name for p in PLACE.iterdir() if p.is_dir()}
        self.assertEqual(there, {name for name, _ in export.master_series()})

    def test_numbered_with_a_letter_first(self):
        for branch, mails in export.master_series():
            names = sorted(p.name for p in (PLACE / branch).glob("*.patch"))
            self.assertEqual([name[:4] for name in names],
                             ["%04d" % n for n in range(len(names))], branch)
            self.assertGreater(len(mails), 0, branch)
        for _, path, mail in self.mails():
            subject = mail["Subject"].replace("\n", "")
            self.assertRegex(subject, r"^\[PATCH \d+/\d+\] \S", path)
            self.assertNotIn("***", path.read_text(), path)

    def test_from_and_reason(self):
        for _, path, mail in self.mails():
            self.assertEqual(mail["From"], "%s <%s>" % (export.WHO,
                                                        export.MAIL), path)
            text = mail.get_payload().split("\n---\n")[0]
            if path.name[:4] != "0000":
                self.assertGreater(len(text.split()), 5, path)
                self.assertLess(max(map(len, text.splitlines())), 100, path)

    def test_what_is_added_is_as_elsewhere(self):
        """No white space at the end of a line, no marker of a conflict."""
        for _, path, _ in self.mails():
            for line in path.read_text().splitlines():
                if line[:1] == "+" and line[:3] != "+++":
                    self.assertFalse(re.search(r"[ \t]$", line),
                                     "%s: %s" % (path, line))
                    self.assertFalse(re.match(r"\+(<<<<<<<|>>>>>>>)", line),
                                     path)

    def test_programs_are_there(self):
        for line in (PLACE / "ctests").read_text().splitlines():
            if not line.startswith("#"):
                self.assertTrue((ROOT / "tests" / (line + ".c")).is_file(),
                                line)


@unittest.skipUnless(os.environ.get("HEIMDAL_MASTER"), "no HEIMDAL_MASTER")
class ApplyTest(unittest.TestCase):
    """git am of each on the one before."""

    def test_git_am(self):
        out = Path(tempfile.mkdtemp(), "out")
        done = subprocess.run(
            [ROOT / "scripts/export", "--master",
             os.environ["HEIMDAL_MASTER"], out], stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, check=False)
        said = done.stdout.decode()
        self.assertEqual(done.returncode, 0, said)
        for branch, mails in export.master_series():
            self.assertRegex(said, r"%s +%d commits" % (branch, len(mails)))
            span = "ext/master/%s-base..ext/master/%s" % (branch, branch)
            log = subprocess.run(
                ["git", "-C", out / "git", "log", "--format=%an %cn", span],
                stdout=subprocess.PIPE, check=True).stdout.decode()
            self.assertEqual(set(log.splitlines()),
                             {export.WHO + " " + export.WHO}, branch)


if __name__ == "__main__":
    unittest.main()
