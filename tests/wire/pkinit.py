"""PKINIT (RFC 4556, RFC 8070): reading requests, crafting signed ones."""

import hashlib
import os
import tempfile
import time
from pathlib import Path

from realm.install import base_env
from realm.process import run

from . import der, krb

OID_AUTH_DATA = "1.3.6.1.5.2.3.1"
OID_DH_KEY_DATA = "1.3.6.1.5.2.3.2"
OID_RKEY_DATA = "1.3.6.1.5.2.3.3"
OID_SIGNED_DATA = "1.2.840.113549.1.7.2"
OID_DH = "1.2.840.10046.2.1"

_P1024 = (
    "FFFFFFFFFFFFFFFFC90FDAA22168C234C4C6628B80DC1CD129024E088A67CC74"
    "020BBEA63B139B22514A08798E3404DDEF9519B3CD3A431B302B0A6DF25F1437"
    "4FE1356D6D51C245E485B576625E7EC6F44C42E9A637ED6B0BFF5CB6F406B7ED"
    "EE386BFB5A899FA5AE9F24117C4B1FE649286651ECE65381FFFFFFFFFFFFFFFF")
_P2048 = (
    "FFFFFFFFFFFFFFFFC90FDAA22168C234C4C6628B80DC1CD129024E088A67CC74"
    "020BBEA63B139B22514A08798E3404DDEF9519B3CD3A431B302B0A6DF25F1437"
    "4FE1356D6D51C245E485B576625E7EC6F44C42E9A637ED6B0BFF5CB6F406B7ED"
    "EE386BFB5A899FA5AE9F24117C4B1FE649286651ECE45B3DC2007CB8A163BF05"
    "98DA48361C55D39A69163FA8FD24CF5F83655D23DCA3AD961C62F356208552BB"
    "9ED529077096966D670C354E4ABC9804F1746C08CA18217C32905E462E36CE3B"
    "E39E772C180E86039B2783A2EC07A28FB5C55DF06F4C52C9DE2BCBF695581718"
    "3995497CEA956AE515D2261898FA051015728E5A8AACAA68FFFFFFFFFFFFFFFF")


class Group:
    """A MODP group with a safe prime and generator 2 (RFC 2409, 3526)."""

    def __init__(self, prime):
        self.p = int(prime, 16)
        self.g = 2
        self.q = (self.p - 1) // 2
        self.size = (self.p.bit_length() + 7) // 8

    def parameters(self):
        """DomainParameters."""
        return der.seq(der.integer(self.p), der.integer(self.g),
                       der.integer(self.q))


GROUP2, GROUP14 = Group(_P1024), Group(_P2048)


class DhKey:
    """A Diffie-Hellman key pair; the private number may be given."""

    def __init__(self, group=GROUP14, private=None):
        self.group = group
        self.private = private or int.from_bytes(os.urandom(32), "big")
        self.public = pow(group.g, self.private, group.p)

    def spki(self):
        """SubjectPublicKeyInfo."""
        return der.seq(
            der.seq(der.oid(OID_DH), self.group.parameters()),
            der.bits(der.integer(self.public)))

    def secret(self, other_public):
        """The shared secret, padded to the size of the prime."""
        return pow(other_public, self.private, self.group.p).to_bytes(
            self.group.size, "big")


def octetstring2key(secret, size):
    """RFC 4556 3.2.3.1, for encryption types whose key is the seed."""
    out, counter = b"", 0
    while len(out) < size:
        out += hashlib.sha1(bytes([counter]) + secret).digest()
        counter += 1
    return out[:size]


# -- writing --------------------------------------------------------------

def pk_authenticator(body, ctime=None, nonce=0, checksum=None, token=None,
                     cusec=0, extra=None):
    """PKAuthenticator for a req-body.

    checksum None: the right one; b"" leaves the field out.  token None
    leaves freshnessToken out.  extra is DER of fields after it.
    """
    if checksum is None:
        checksum = hashlib.sha1(body).digest()
    return der.seq(
        der.ctx(0, der.integer(cusec)),
        der.ctx(1, der.gtime(time.time() if ctime is None else ctime)),
        der.ctx(2, der.integer(nonce)),
        der.ctx(3, der.octets(checksum)) if checksum else None,
        None if token is None else der.ctx(4, der.octets(token)),
        extra)


def auth_pack(authenticator, dh=None, dh_nonce=None):
    """AuthPack; dh is a DhKey, None asks for the RSA (enckey) mode."""
    return der.seq(
        der.ctx(0, authenticator),
        der.ctx(1, dh.spki()) if dh else None,
        None if dh_nonce is None else der.ctx(3, der.octets(dh_nonce)))


def sign(content, cert, econtent_type=OID_AUTH_DATA):
    """ContentInfo with SignedData over `content`, by openssl."""
    with tempfile.TemporaryDirectory(prefix="cms-") as tmp:
        plain, signed = Path(tmp) / "in", Path(tmp) / "out"
        plain.write_bytes(content)
        run(["openssl", "cms", "-sign", "-binary", "-nodetach", "-nosmimecap",
             "-md", "sha256", "-econtent_type", econtent_type,
             "-signer", cert.cert, "-inkey", cert.key, "-in", plain,
             "-outform", "DER", "-out", signed],
            dict(base_env(), HOME=tmp))
        return signed.read_bytes()


def unsigned(content, econtent_type=OID_AUTH_DATA):
    """ContentInfo with SignedData without signers (anonymous PKINIT)."""
    return der.seq(der.oid(OID_SIGNED_DATA), der.ctx(0, der.seq(
        der.integer(3), der.set_of(),
        der.seq(der.oid(econtent_type), der.ctx(0, der.octets(content))),
        der.set_of())))


def pa_pk_as_req(cms):
    """(type, value) of PA-PK-AS-REQ around a ContentInfo."""
    return krb.PA_PK_AS_REQ, der.seq(der.ctx_octets(0, cms))


class Request:
    """A PKINIT AS-REQ made here, and what is needed to read its answer.

    >>> req = Request("EXT.TEST", "user", cert, token=token)
    >>> rep = krb.send_kdc(realm.port, req.message)
    >>> part = req.open(rep)            # EncASRepPart, checked

    token, ctime, checksum and extra go to pk_authenticator; pk_nonce is its
    nonce when it is not to be the body's.  cert None makes an anonymous
    request, use_dh False one of RSA mode.  Keyword arguments not named go to
    krb.req_body.
    """

    def __init__(self, realm, client, cert, token=None, ctime=None,
                 checksum=None, group=GROUP14, use_dh=True, padata=(),
                 pk_nonce=None, extra=None, **body):
        self.nonce = body.setdefault("number", krb.nonce())
        self.body = krb.req_body(realm, client, **body)
        self.dh = DhKey(group) if use_dh else None
        self.auth_pack = auth_pack(pk_authenticator(
            self.body, ctime, self.nonce if pk_nonce is None else pk_nonce,
            checksum, token, extra=extra), self.dh)
        self.cert = cert
        self.cms = unsigned(self.auth_pack) if cert is None else \
            sign(self.auth_pack, cert)
        self.message = krb.as_req(
            self.body, [pa_pk_as_req(self.cms), *padata])

    def reply_key(self, rep):
        """The key of an AS-REP, of Diffie-Hellman mode only."""
        info = der.parse(rep.pa(krb.PA_PK_AS_REP))
        if info.tag != 0:
            raise der.DerError("%r is not dhInfo" % info)
        info = info.inner()
        content = econtent(info.field(0).content, OID_DH_KEY_DATA)
        public = der.parse(der.parse(content)[0].bits()).int()
        server_nonce = info[1].octets() if info[1] else b""
        size = 32 if rep.enc_part.etype == 18 else 16
        return octetstring2key(self.dh.secret(public) + server_nonce, size)

    def open(self, rep):
        """EncASRepPart of an AS-REP; ValueError if key or nonce is wrong."""
        part = rep.decrypt(self.reply_key(rep))
        if part[2].int() != self.nonce:
            raise ValueError("the reply's nonce is another request's")
        return part


# -- reading --------------------------------------------------------------

def econtent(content_info, expected_type):
    """What a ContentInfo of SignedData carries."""
    outer = list(der.parse(content_info))
    if outer[0].oid() != OID_SIGNED_DATA:
        raise der.DerError("content is %s" % outer[0].oid())
    signed = list(outer[1].inner())
    encap = list(signed[2])
    if encap[0].oid() != expected_type:
        raise der.DerError("signed content is %s" % encap[0].oid())
    return encap[1].inner().octets()


class PkAsReq:
    """What a PA-PK-AS-REQ says.

    cms, auth_pack_raw; ctime, cusec, nonce, checksum, token (None when
    absent), pk_authenticator (Node); dh_prime, dh_public, dh_nonce (None in
    RSA mode).
    """

    def __init__(self, value):
        self.cms = der.parse(value).field(0).content
        self.auth_pack_raw = econtent(self.cms, OID_AUTH_DATA)
        pack = der.parse(self.auth_pack_raw)
        auth = self.pk_authenticator = pack[0]
        self.cusec = auth[0].int()
        self.ctime = auth[1].time()
        self.nonce = auth[2].int()
        self.checksum = auth[3].octets() if auth[3] else None
        self.token = auth[4].octets() if auth[4] else None
        self.dh_prime = self.dh_public = None
        if pack[1]:
            algorithm, public = pack[1]
            self.dh_prime = next(iter(list(algorithm)[1])).int()
            self.dh_public = der.parse(public.bits()).int()
        self.dh_nonce = pack[3].octets() if pack[3] else None

    @classmethod
    def of(cls, message):
        """From an AS-REQ (octets or KdcReq); None when it has none."""
        req = krb.read(message) if isinstance(message, bytes) else message
        value = req.pa(krb.PA_PK_AS_REQ)
        return None if value is None else cls(value)
