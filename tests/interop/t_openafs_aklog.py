"""OpenAFS's own aklog, compiled from its source with our libkrb5: natively,
and with -524, which OpenAFS leaves out unless the libkrb5 has both
krb5_524_conv_principal() and krb524_convert_creds_kdc()."""

import tempfile
import unittest
from pathlib import Path

import peers
from interop.t_openafs_afslog import CELL, AfslogCase, cell_keys
from realm import afs, afslog, install, ports
from realm.process import run
from wire import etypes
from wire.rxkad import V2B, V5

PRINCIPAL = "%s@%s" % (CELL, afs.REALM)
# what OpenAFS's configure finds in our libkrb5
FOUND = ("COM_ERR_H", "KRB5_CREDS_SESSION", "KRB5_524_CONV_PRINCIPAL",
         "KRB524_CONVERT_CREDS_KDC", "KRB5_PRINCIPAL_GET_COMP_STRING",
         "KRB5_GET_ERROR_MESSAGE", "KRB5_ENCTYPE_ENABLE", "STRERROR")
LIBRARIES = ("afsauthent", "afsrpc", "afsrfc3961", "afsutil", "opr")


def build(directory):
    """Path of aklog."""
    source, inst = peers.openafs_source() / "src", peers.openafs()
    prefix = install.under_test().bindirs[0].parent
    lib = prefix / "lib"
    (directory / "afs").mkdir()
    (directory / "afsconfig.h").write_text(
        "".join("#define HAVE_%s 1\n" % name for name in FOUND))
    inst.rxgen("-A", "-x", "-h", "-o", str(directory / "afs/token.h"),
               str(source / "auth/token.xg"))
    aklog = directory / "aklog"
    inst.link(
        aklog, [*(source / "aklog" / name for name in (
            "aklog.c", "krb_util.c", "linked_list.c")),
                install.TESTS / "rxkad/keep_token.c"], LIBRARIES,
        ["-O0", "-w", "-I%s" % directory, "-I%s" % (source / "aklog"),
         "-I%s" % (prefix / "include")],
        ["-Wl,-rpath,%s" % lib, *(
            str(lib / ("lib%s.so" % name)) for name in (
                "krb5", "hcrypto", "asn1", "roken")),
         "-l:libcom_err.so.2", "-lpthread", "-lresolv", "-lcrypt"])
    return aklog


class Aklog(AfslogCase):

    # with -524 it asks for a DES session key
    sections = {"libdefaults": {"allow_weak_crypto": True},
                "kdc": {"enable-524": True, "use_2b": {PRINCIPAL: True}}}

    @classmethod
    def setUpClass(cls):
        directory = cls._enter(tempfile.TemporaryDirectory())
        cls.aklog = build(Path(directory))
        super().setUpClass()
        cls.cell = cls._enter(afs.Cell(
            [key for key in cell_keys(cls.realm)
             if key.etype == etypes.AES256]))
        cls.calls = cls._enter(cls.cell.client())

    def run_aklog(self, *options):
        """What it gives to the cache manager."""
        client = self.logged_in(realms={afs.REALM: {
            "krb524_server": "%s:%d" % (ports.LOOPBACK, self.realm.port)}})
        kept = client.dir / "kept"
        run([self.aklog, "-noprdb", *options, "-c", afs.NAME, "-k",
             afs.REALM], dict(client.env, KAFS_TOKEN=str(kept),
                              AFSCONF=str(self.cell.dir / "cli")))
        line, = kept.read_text().split()
        return afslog.Token(bytes.fromhex(line))

    def test_524(self):
        # REQ: RK-08, RK-27, RK-36
        token = self.run_aklog("-524")
        self.assertEqual(token.kvno, V2B)
        self.realm.log.assert_ordered([r"krb524 admin@PROTO\.TEST from .* for "
                                       r"afs/proto\.test@PROTO\.TEST: 2b"])
        self.accepted(self.calls, token)

    def test_native(self):
        # REQ: RK-08
        token = self.run_aklog()
        self.assertEqual(token.kvno, V5)
        self.accepted(self.calls, token)


if __name__ == "__main__":
    unittest.main()
