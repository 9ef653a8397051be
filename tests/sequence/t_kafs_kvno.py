"""kadmin has a note when a key of AFS's gets the version of 2b tokens."""

from realm import RealmCase

WARNING = "note: AFS key version 213"
CELL = "afs/ext.test"


class VersionTest(RealmCase):
    """No KDC is needed."""

    realm_args = {"start": False}

    def change(self, name, kvno):
        """What kadmin says when the key's version was kvno."""
        self.realm.kadmin("add", "--use-defaults", "-r",
                          self.realm.full(name), expect_code=None)
        self.realm.modify(name, "--kvno=%d" % kvno)
        said = self.realm.kadmin("cpw", "-r", self.realm.full(name)).output
        self.assertEqual(max(e.kvno for e in self.realm.keys(name)) % 256,
                         (kvno + 1) % 256)
        return said

    def test_213_of_a_cells_key(self):
        # REQ: RK-39
        for name in CELL, "afs":
            self.assertIn(WARNING, self.change(name, 212))

    def test_other_versions_and_services(self):
        # REQ: RK-39
        for name, kvno in ((CELL, 211), (CELL, 213), (CELL, 1), (CELL, 468),
                           ("host/afs", 212), ("afsx/ext.test", 212),
                           ("user", 212)):
            with self.subTest(name=name, kvno=kvno):
                self.assertNotIn("213", self.change(name, kvno))
