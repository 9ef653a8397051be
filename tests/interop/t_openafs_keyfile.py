"""KeyFileExt both ways: a server of OpenAFS with the file that kadmin has
written, and the file that OpenAFS's asetkey has written, read by ours."""

import os
import shutil
import sys
import unittest

import peers
from interop.t_openafs_afslog import CELL, LEVELS, AfslogCase, cell_keys
from realm import afs, afs_cell
from realm.process import run
from wire import etypes, rxkad

PRINCIPAL = "%s@%s" % (CELL, afs.REALM)
ENCTYPES = (etypes.AES256, etypes.AES128, etypes.DES3, etypes.RC4)


class CellWith(afs.Cell):
    """A Cell with a KeyFileExt that is there already."""

    def __init__(self, path):
        super().__init__([])
        self._path = path

    def _write_keys(self, directory):
        shutil.copy(self._path, directory / "KeyFileExt")


class KeyFile(AfslogCase):

    sections = {
        "libdefaults": {"allow_weak_crypto": True},
        "kadmin": {"default_keys": [
            "aes256-cts-hmac-sha1-96:pw-salt",
            "aes128-cts-hmac-sha1-96:pw-salt", "des3-cbc-sha1:pw-salt",
            "arcfour-hmac-md5:pw-salt"]}}

    def setUp(self):
        self.etc = self.realm.dir / "etc"
        shutil.rmtree(self.etc, ignore_errors=True)
        self.etc.mkdir()
        (self.etc / "ThisCell").write_text(afs.NAME + "\n")
        self.path = self.etc / "KeyFileExt"

    def extract(self):
        """kadmin's KeyFileExt."""
        self.realm.kadmin("ext_keytab", "-k",
                          "AFSKEYFILEEXT:%s" % self.path, PRINCIPAL)

    def test_a_server_reads_ours(self):
        """Tokens under each of the keys are taken."""
        # REQ: RK-03
        self.extract()
        keys = cell_keys(self.realm)
        self.assertEqual({key.etype for key in keys}, set(ENCTYPES))
        with CellWith(self.path) as cell, cell.client() as calls:
            self.accepted(calls, self.afslog(self.logged_in()))
            for key in keys:
                ticket = rxkad.Ticket(key, "admin")
                for level in LEVELS:
                    self.assertEqual(calls.call(level, ticket, rxkad.V2B,
                                                "list")[0], 0, key)

    def server_root(self):
        """A root directory with the one place that OpenAFS's programs look
        for keys at; that place."""
        root = self.etc / "root"
        server = root / "etc/openafs/server"
        server.mkdir(parents=True)
        (root / "var/tmp").mkdir(parents=True)
        (server / "ThisCell").write_text(afs.NAME + "\n")
        (server / "CellServDB").write_text(
            ">%s\n%s #afs.%s\n" % (afs.NAME, afs.ADDRESS, afs.NAME))
        return root, server

    @staticmethod
    def in_root(root, program, *args):
        """Run one of OpenAFS's programs there."""
        inst = peers.openafs()
        run([*afs.unshare(), "-m", sys.executable, str(afs_cell.NEWROOT),
             afs.ADDRESS, str(root), inst.program(program), *args],
            dict(inst.env(), KRB5_CONFIG=os.devnull))

    def read_by_ours(self, made):
        """It has the octets of kadmin's file, and opens tokens."""
        self.extract()
        self.assertEqual(made.read_bytes(), self.path.read_bytes())
        self.assertEqual(made.read_bytes(), rxkad.key_file_ext(
            sorted(cell_keys(self.realm), key=lambda key: key.etype)))
        client = self.logged_in()
        token = client.run("rxkad-token", "build", PRINCIPAL).stdout
        client.run("rxkad-token", "verify", "--keytab=AFSKEYFILEEXT:%s" %
                   made, stdin=token, expect_msg="accepted")

    def test_ours_reads_asetkeys(self):
        # REQ: RK-03
        afs.need_namespace()
        keytab = self.realm.ext_keytab(CELL, self.etc / "keytab")
        root, server = self.server_root()
        for key in cell_keys(self.realm):
            self.in_root(root, "asetkey", "add", "rxkad_krb5", str(key.kvno),
                         str(key.etype), str(keytab), PRINCIPAL)
        self.read_by_ours(server / "KeyFileExt")

    def test_ours_reads_akeyconverts(self):
        """What doc/admin.md says of a new cell."""
        # REQ: RK-03
        afs.need_namespace()
        root, server = self.server_root()
        self.realm.ext_keytab(CELL, server / "rxkad.keytab")
        self.in_root(root, "akeyconvert")
        self.read_by_ours(server / "KeyFileExt")


if __name__ == "__main__":
    unittest.main()
