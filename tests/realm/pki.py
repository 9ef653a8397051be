"""Certificates for PKINIT: a CA, KDC and client certificates.

Made with the installation's hxtool; private keys (RSA) by openssl, in PEM,
so that openssl can sign with them too.  One CA and one set of certificates
a process, reused by all its realms.
"""

import atexit
import shutil
import tempfile
from pathlib import Path

from . import install
from .process import run

BASE_DN = "DC=pki,DC=test"


class Cert:
    """A certificate and its private key (both PEM files)."""

    def __init__(self, cert, key):
        self.cert = Path(cert)
        self.key = Path(key)

    @property
    def identity(self):
        """How both Heimdal and MIT name the pair: FILE:cert,key."""
        return "FILE:%s,%s" % (self.cert, self.key)


class Authority:
    """A CA in a directory; issued certificates are kept by what they say."""

    def __init__(self, directory, inst=None, bits=2048, name="CA"):
        self.dir = Path(directory)
        self.inst = inst or install.under_test()
        self.bits = bits
        self._issued = {}
        self.ca = Cert(self.dir / "ca.crt", self._new_key("ca"))
        self._hxtool("--self-signed", "--issue-ca",
                     "--ca-private-key=FILE:%s" % self.ca.key,
                     "--subject=CN=%s,%s" % (name, BASE_DN),
                     "--certificate=FILE:%s" % self.ca.cert)

    @property
    def anchors(self):
        """The trust anchor, as configuration files want it."""
        return "FILE:%s" % self.ca.cert

    def kdc(self, realm):
        """Certificate of the KDC of `realm` (id-pkinit-KPKdc, its SAN)."""
        return self._issue("kdc", realm, "pkinit-kdc",
                           pk_init="krbtgt/%s@%s" % (realm, realm))

    def client(self, principal, cn=None, lifetime=None):
        """Client certificate with the PKINIT SAN of `principal`.

        principal=None makes one without a SAN; lifetime is hxtool's
        ("1day").
        """
        return self._issue("client", cn or principal, "pkinit-client",
                           pk_init=principal, lifetime=lifetime)

    def client_upn(self, upn):
        """Client certificate with a Microsoft UPN instead of the SAN."""
        return self._issue("upn", upn, "pkinit-client", ms_upn=upn)

    def _issue(self, stem, who, kind, pk_init=None, ms_upn=None,
               lifetime=None):
        index = (stem, who, kind, pk_init, ms_upn, lifetime)
        if index in self._issued:
            return self._issued[index]
        name = "%s%d" % (stem, len(self._issued))
        key = self._new_key(name)
        subject = "CN=%s,%s" % (str(who).split("@")[0].replace("/", "-"),
                                BASE_DN)
        request = self.dir / (name + ".req")
        run([self.inst.program("hxtool"), "request-create",
             "--subject=" + subject, "--key=FILE:%s" % key, request],
            self._env())
        cert = self.dir / (name + ".crt")
        args = ["--ca-certificate=" + self.ca.identity, "--type=" + kind,
                "--req=PKCS10:%s" % request, "--certificate=FILE:%s" % cert]
        if pk_init:
            args.append("--pk-init-principal=" + pk_init)
        if ms_upn:
            args.append("--ms-upn=" + ms_upn)
        if lifetime:
            args.append("--lifetime=" + lifetime)
        self._hxtool(*args)
        self._issued[index] = Cert(cert, key)
        return self._issued[index]

    def _env(self):
        return dict(self.inst.env(), HOME=str(self.dir),
                    KRB5_CONFIG="/dev/null")

    def _hxtool(self, *args):
        run([self.inst.program("hxtool"), "issue-certificate", *args],
            self._env())

    def _new_key(self, name):
        key = self.dir / (name + ".key")
        run(["openssl", "genrsa", "-traditional", "-out", key,
             str(self.bits)], self._env())
        return key


_SHARED = []


def authority():
    """The process's own CA."""
    if not _SHARED:
        directory = tempfile.mkdtemp(prefix="pki-")
        atexit.register(shutil.rmtree, directory, ignore_errors=True)
        _SHARED.append(Authority(directory))
    return _SHARED[0]
