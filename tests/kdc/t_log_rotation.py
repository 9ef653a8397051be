"""The KDC leaves its log open: what is done to the file counts at once."""

import os
import unittest

from realm import RealmCase
from wire import krb


class RotationTest(RealmCase):
    """Each line goes to the file that has the name when it is written."""

    def setUp(self):
        super().setUp()
        self.path = self.realm.dir / "kdc.log"
        self.ask("before")

    def ask(self, name):
        """A request whose lines have a name of their own."""
        krb.send_kdc(self.realm.port, krb.as_req(
            krb.req_body(self.realm.name, name)))
        self.realm.log.settle()

    def lines(self, path, name):
        """How many lines of a file are about a name."""
        return path.read_text().count("%s@" % name)

    def test_open_between_lines(self):
        here = self.path.stat()
        names = [entry.stat() for entry in self.descriptors()]
        self.assertIn((here.st_dev, here.st_ino),
                      [(st.st_dev, st.st_ino) for st in names])

    def descriptors(self):
        """The KDC's."""
        where = "/proc/%d/fd" % self.realm.pid
        if not os.path.isdir(where):
            self.skipTest("no /proc")
        return list(os.scandir(where))

    def test_renamed(self):
        old = self.realm.dir / "kdc.log.1"
        os.rename(self.path, old)
        self.ask("renamed")
        self.assertGreater(self.lines(self.path, "renamed"), 0)
        self.assertEqual(self.lines(old, "renamed"), 0)

    def test_removed(self):
        self.path.unlink()
        self.ask("removed")
        self.assertGreater(self.lines(self.path, "removed"), 0)

    def test_truncated(self):
        """Lines follow each other from the beginning, without a hole."""
        os.truncate(self.path, 0)
        self.ask("truncated")
        self.assertGreater(self.lines(self.path, "truncated"), 0)
        self.assertNotIn(b"\0", self.path.read_bytes())

    def test_another_file_by_a_link(self):
        """A link is followed for each line."""
        one, two = self.realm.dir / "one.log", self.realm.dir / "two.log"
        self.path.unlink()
        self.path.symlink_to(one)
        self.ask("one")
        self.path.unlink()
        self.path.symlink_to(two)
        self.ask("two")
        self.assertEqual((self.lines(one, "two"), self.lines(two, "one")),
                         (0, 0))
        self.assertGreater(self.lines(one, "one"), 0)
        self.assertGreater(self.lines(two, "two"), 0)


if __name__ == "__main__":
    unittest.main()
