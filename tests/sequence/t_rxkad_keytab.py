"""Keys of AFS servers: the keytab type AFSKEYFILEEXT with kadmin and ktutil, and the note about version 213."""

import shutil
import struct
import unittest
from concurrent.futures import ThreadPoolExecutor

from realm import RealmCase, keytab

NOTE = "AFS key version 213 is also the number of rxkad 2b tokens"


def read_keyfileext(path):
    """(type, kvno, subtype, key) of each entry; octets behind the last are an error."""
    octets = path.read_bytes()
    (number,), pos, entries = struct.unpack_from(">i", octets), 4, []
    for _ in range(number):
        length, kind, kvno, subtype, size = struct.unpack_from(">5i", octets, pos)
        assert length == 16
        pos += 20
        entries.append((kind, kvno, subtype, octets[pos:pos + size]))
        pos += size
    assert pos == len(octets)
    return entries


class KeytabTest(RealmCase):
    realm_args = {"start": False}

    def setUp(self):
        super().setUp()
        self.afs = "afs/ext.test"
        self.etc = self.realm.dir / "etc"
        shutil.rmtree(self.etc, ignore_errors=True)
        self.etc.mkdir()
        (self.etc / "ThisCell").write_text("ext.test\n")
        self.path = self.etc / "KeyFileExt"
        self.name = "AFSKEYFILEEXT:%s" % self.path

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.realm.add("afs/ext.test")

    def wanted(self, path):
        """What a KeyFileExt of this keytab's AFS keys has, as OpenAFS orders it."""
        return sorted((2, e.kvno, e.etype, e.key) for e in keytab.read(path) if e.principal.startswith("afs/"))

    def ktutil(self, *args, **kw):
        return self.realm.client.run("ktutil", *args, **kw)

    def test_ext_keytab(self):
        # REQ: RK-03
        self.realm.kadmin("ext_keytab", "-k", self.name, self.realm.full(self.afs))
        wanted = self.wanted(self.realm.ext_keytab(self.afs, self.etc / "keytab"))
        self.assertGreater(len(wanted), 1)
        self.assertEqual(read_keyfileext(self.path), wanted)

    def test_copy(self):
        # REQ: RK-03
        path = self.realm.ext_keytab(self.afs, self.etc / "keytab")
        self.realm.ext_keytab(self.realm.service, path)
        self.ktutil("copy", "FILE:%s" % path, self.name)
        self.assertEqual(read_keyfileext(self.path), self.wanted(path))
        # and back, with what is in the other file left out
        back = self.etc / "back"
        self.ktutil("copy", self.name, "FILE:%s" % back)
        self.assertEqual(self.wanted(back), self.wanted(path))
        self.assertEqual(len(keytab.read(back)), len(self.wanted(path)))

    def test_copy_of_what_is_not_there(self):
        self.ktutil("copy", "FILE:%s" % (self.etc / "none"), self.name, expect_code=1)
        self.assertFalse(self.path.exists())

    def test_list_and_remove(self):
        self.realm.kadmin("ext_keytab", "-k", self.name, self.realm.full(self.afs))
        seen = self.ktutil("-k", self.name, "list").stdout
        self.assertEqual(seen.count("afs/ext.test@EXT.TEST"), len(read_keyfileext(self.path)))
        before = read_keyfileext(self.path)
        self.ktutil("-k", self.name, "remove", "-p", "afs/ext.test@EXT.TEST", "-e", "aes256-cts-hmac-sha1-96")
        self.assertEqual(read_keyfileext(self.path), [e for e in before if e[2] != 18])

    def test_a_damaged_file_stays(self):
        self.path.write_bytes(b"\0\0\0\1\0\0")
        self.ktutil("-k", self.name, "add", "-p", "afs/ext.test@EXT.TEST", "-V", "3", "-e",
                    "aes256-cts-hmac-sha1-96", "-r", expect_code=1, expect_msg="no KeyFileExt")
        self.assertEqual(self.path.read_bytes(), b"\0\0\0\1\0\0")
        self.path.unlink()
        self.ktutil("-k", self.name, "add", "-p", "afs/ext.test@EXT.TEST", "-V", "3", "-e",
                    "aes256-cts-hmac-sha1-96", "-r")
        self.assertEqual([e[:3] for e in read_keyfileext(self.path)], [(2, 3, 18)])

    def test_many_writers(self):
        """No key is lost, and no file is left beside it."""
        def add(kvno):
            self.ktutil("-k", self.name, "add", "-p", "afs/ext.test@EXT.TEST", "-V", str(kvno), "-e",
                        "aes256-cts-hmac-sha1-96", "-r")
        with ThreadPoolExecutor(8) as pool:
            list(pool.map(add, range(1, 33)))
        self.assertEqual([e[1] for e in read_keyfileext(self.path)], list(range(1, 33)))
        self.assertEqual(sorted(p.name for p in self.etc.iterdir()), ["KeyFileExt", "ThisCell"])

    def add(self, principal, kvno):
        return self.ktutil("-k", "FILE:%s" % (self.etc / "keytab"), "add", "-p", principal, "-V", str(kvno), "-e",
                           "aes256-cts-hmac-sha1-96", "-r")

    def test_the_note_of_ktutil(self):
        # REQ: RK-39
        self.assertIn(NOTE, self.add("afs/ext.test@EXT.TEST", 213).stderr)
        self.assertIn(NOTE, self.add("afs@EXT.TEST", 213).stderr)
        for principal, kvno in (("afs/ext.test@EXT.TEST", 212), ("afs/ext.test@EXT.TEST", 214),
                                ("host/h.ext.test@EXT.TEST", 213)):
            self.assertEqual(self.add(principal, kvno).stderr, "")

    def test_the_note_of_kadmin(self):
        # REQ: RK-39
        self.realm.add("afs/other.test")
        out = self.etc / "keytab"
        result = self.realm.kadmin("ext_keytab", "-k", "FILE:%s" % out, "afs/other.test@EXT.TEST")
        self.assertEqual(result.stderr, "")
        self.realm.modify("afs/other.test", "--kvno=213")
        result = self.realm.kadmin("ext_keytab", "-k", "FILE:%s" % out, "afs/other.test@EXT.TEST")
        self.assertEqual(result.stderr.count(NOTE), 1)
        self.assertEqual({e.kvno for e in keytab.read(out)} & {213}, {213})


if __name__ == "__main__":
    unittest.main()
