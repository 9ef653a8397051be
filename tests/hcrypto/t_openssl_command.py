"""CMS between hx509 and the openssl command: signed and enveloped data, RSA, and elliptic curves where hcrypto has them.

REQ: none (issue 8)
"""

import shutil
import subprocess
import tempfile
import unittest
from pathlib import Path

from realm import install

TEXT = b"signed or enveloped\n"


@unittest.skipUnless(shutil.which("openssl"), "no openssl command")
class OpensslCommand(unittest.TestCase):
    """A self-signed certificate of the openssl command, for both."""

    def setUp(self):
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.dir = Path(directory.name)
        self.inst = install.under_test()
        self.write("text", TEXT)

    def write(self, name, octets):
        (self.dir / name).write_bytes(octets)

    def read(self, name):
        return (self.dir / name).read_bytes()

    def run_(self, program, *args, ok=True):
        done = subprocess.run([program, *args], cwd=self.dir,
                              env=self.inst.env(), stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True, timeout=60)
        if ok:
            self.assertEqual(done.returncode, 0, f"{args}: {done.stdout}")
        return done

    def openssl(self, *args, **more):
        return self.run_("openssl", *args, **more)

    def hxtool(self, *args, **more):
        return self.run_(self.inst.program("hxtool"), *args, **more)

    def make(self, *newkey, traditional=None):
        """key.pem and cert.pem, and both in both.pem"""
        self.openssl("req", "-x509", "-nodes", "-newkey", *newkey, "-keyout",
                     "key.pem", "-out", "cert.pem", "-subj", "/CN=both",
                     "-days", "2", "-addext",
                     "keyUsage=digitalSignature,keyEncipherment,keyAgreement")
        if traditional:
            self.openssl(traditional, *(["-traditional"] if traditional ==
                                        "rsa" else []), "-in", "key.pem",
                         "-out", "old.pem")
            shutil.move(self.dir / "old.pem", self.dir / "key.pem")
        self.write("both.pem", self.read("cert.pem") + self.read("key.pem"))

    def need_curves(self):
        if "hcrypto null" in self.hxtool("info").stdout:
            self.skipTest("hcrypto has no elliptic curves without OpenSSL")

    def they_verify_ours(self):
        """Heimdal's own RSA leaves zeros in front of a signature away, one
        time in 256, and openssl refuses that one: so, one of three."""
        for i in range(3):
            self.write("text", TEXT + b"%d" % i)
            self.hxtool("cms-create-sd", "--certificate=FILE:both.pem",
                        "--content-info", "text", "ours")
            if self.openssl("cms", "-verify", "-inform", "DER", "-in", "ours",
                            "-CAfile", "cert.pem", "-purpose", "any", "-out",
                            "out", ok=False).returncode == 0:
                self.assertEqual(self.read("out"), self.read("text"))
                return
        self.fail("openssl verifies none of three signatures")

    def we_verify_theirs(self, digest):
        self.openssl("cms", "-sign", "-binary", "-nodetach", "-md", digest,
                     "-in", "text", "-signer", "cert.pem", "-inkey",
                     "key.pem", "-outform", "DER", "-out", "theirs")
        args = ("cms-verify-sd", "--anchors=FILE:cert.pem", "--missing-revoke",
                "--content-info")
        self.hxtool(*args, "theirs", "out")
        self.assertEqual(self.read("out"), self.read("text"))
        changed = bytearray(self.read("theirs"))
        changed[-1] ^= 1                # the end of the signature
        self.write("changed", bytes(changed))
        self.assertNotEqual(self.hxtool(*args, "changed", "out2",
                                        ok=False).returncode, 0)
        self.hxtool(*args, "theirs", "out")

    def test_rsa_signatures(self):
        for bits in ("rsa:1024", "rsa:2047", "rsa:3072"):
            with self.subTest(bits):
                self.make(bits)
                self.they_verify_ours()
                for digest in ("sha1", "sha256", "sha512"):
                    self.we_verify_theirs(digest)

    def test_rsa_key_of_pkcs1(self):
        self.make("rsa:2048", traditional="rsa")
        self.they_verify_ours()

    def test_rsa_envelopes(self):
        self.make("rsa:2048")
        self.hxtool("cms-envelope", "--certificate=FILE:cert.pem",
                    "--content-info", "text", "ours")
        self.openssl("cms", "-decrypt", "-inform", "DER", "-in", "ours",
                     "-inkey", "key.pem", "-out", "out")
        self.assertEqual(self.read("out"), TEXT)
        self.openssl("cms", "-encrypt", "-binary", "-aes256", "-in", "text",
                     "-outform", "DER", "-out", "theirs", "cert.pem")
        self.hxtool("cms-unenvelope", "--certificate=FILE:both.pem",
                    "--content-info", "theirs", "out")
        self.assertEqual(self.read("out"), TEXT)

    def test_curves(self):
        self.need_curves()
        for curve in ("prime256v1", "secp384r1", "secp521r1"):
            for traditional in (None, "ec"):
                with self.subTest(curve, traditional=traditional):
                    self.make("ec", "-pkeyopt", "ec_paramgen_curve:" + curve,
                              traditional=traditional)
                    self.they_verify_ours()
                    self.we_verify_theirs("sha256")

    def test_unknown_curve_is_refused(self):
        self.need_curves()
        self.make("ec", "-pkeyopt", "ec_paramgen_curve:secp256k1")
        done = self.hxtool("cms-create-sd", "--certificate=FILE:both.pem",
                           "--content-info", "text", "ours", ok=False)
        self.assertNotEqual(done.returncode, 0)
        self.assertFalse((self.dir / "ours").exists())


if __name__ == "__main__":
    unittest.main()
