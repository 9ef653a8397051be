"""Requests to a KDC, in process: see fuzz_kdc.c, whose clock stands still.
The realm is made with that clock, too."""

import contextlib
import os
import struct
import tempfile
import time
from pathlib import Path

from realm import Realm, install, pki
from realm.loop import other_clock
from wire import ap, der, krb, pkinit
from wire import krb_error2 as k2

from fuzz.target import Target

NOW = 1800000000                        # as in fuzz_kdc.c
RAW, TOKEN, TOKEN_TIME, AS, TGS_REQUEST, CONVERT = range(6)
(BODY, PADATA, TIMESTAMP, AUTH_PACK, AUTHENTICATOR, TICKET, SECOND,
 FAST) = range(8)
(DATAGRAM, WRONG_KEY, WRONG_SECOND, OTHER_NAME, REQUIRE, AS_IT_IS,
 NO_SERVER_FLAG) = (1 << n for n in range(7))
MARK = b"0123456789abcdef0123456789abcdef"
STALE = b"fedcba9876543210fedcba9876543210"
REALM = "EXT.TEST"
SERVICE = "afs/ext.test"
KEY = (18, b"thirty-two octets of a session.\0")
ENC_TKT_IN_SKEY = 0x00000008
FORWARDED, RENEW, VALIDATE, POSTDATED = 0x20000000, 2, 1, 0x02000000
# flags of tickets
INITIAL, PRE_AUTHENT, RENEWABLE_TICKET = 0x00400000, 0x00200000, 0x00800000
INVALID, ANONYMOUS, FORWARDABLE_TICKET = 0x01000000, 0x00008000, 0x40000000


# -- the realm --------------------------------------------------------------

class Still(Realm):
    """A realm that is made at NOW."""

    def daemon_env(self, conf=None):
        return dict(super().daemon_env(conf), **clock())


class StillAuthority(pki.Authority):
    """Certificates of NOW."""

    def _env(self):
        return dict(super()._env(), **clock())


def clock():
    """What moves a program's clock there."""
    return other_clock(NOW - int(time.time()))


# -- seeds ------------------------------------------------------------------

def piece(kind, octets):
    """As fuzz_kdc.c takes them apart."""
    return struct.pack(">BH", kind, len(octets)) + octets


def padata(kind, octets=b""):
    """A PA-DATA of a request."""
    return piece(PADATA, struct.pack(">h", kind) + octets)


def body(client="user", server=None, options=krb.FORWARDABLE, **values):
    """A KDC-REQ-BODY."""
    values.setdefault("number", 7)
    return piece(BODY, krb.req_body(REALM, client, server, options,
                                    NOW + 36000, **values))


def tgs_body(server, options=krb.FORWARDABLE, authdata=None):
    """One without a client."""
    return piece(BODY, der.seq(
        der.ctx(0, der.flags(options)), der.ctx(2, der.kstring(REALM)),
        der.ctx(3, krb.name(server)) if server else None,
        der.ctx(5, der.gtime(NOW + 36000)), der.ctx(7, der.integer(9)),
        der.ctx(8, der.seq(der.integer(18), der.integer(17))), authdata))


def timestamp(when=NOW):
    """PA-ENC-TS-ENC."""
    return piece(TIMESTAMP, der.seq(der.ctx(0, der.gtime(when)),
                                    der.ctx(1, der.integer(0))))


class NoKey(pkinit.DhKey):
    """A public key that is no INTEGER."""

    def spki(self):
        return der.seq(
            der.seq(der.oid(pkinit.OID_DH), self.group.parameters()),
            der.bits(der.octets(b"key")))


def auth_pack(token=None, group=pkinit.GROUP14, dh=pkinit.DhKey, **values):
    """An AuthPack whose checksum fuzz_kdc.c makes."""
    values.setdefault("ctime", NOW)
    return piece(AUTH_PACK, pkinit.auth_pack(pkinit.pk_authenticator(
        b"", nonce=7, checksum=bytes(20), token=token, **values),
        dh(group, 12345) if group else None))


def ticket_part(client="user", flags=INITIAL | PRE_AUTHENT, end=3600,
                start=-300, session=KEY, transited=b"", tr_type=1,
                renew=None, realm=REALM, ad=None, caddr=None):
    """An EncTicketPart."""
    return der.app(3, der.seq(
        der.ctx(0, der.flags(flags)), der.ctx(1, ap.key_der(session)),
        der.ctx(2, der.kstring(realm)), der.ctx(3, krb.name(client)),
        der.ctx(4, der.seq(der.ctx(0, der.integer(tr_type)),
                           der.ctx(1, der.octets(transited)))),
        der.ctx(5, der.gtime(NOW + min(start, end))),
        der.ctx(6, der.gtime(NOW + start)), der.ctx(7, der.gtime(NOW + end)),
        der.ctx(8, None if renew is None else der.gtime(NOW + renew)),
        der.ctx(9, caddr), der.ctx(10, ad)))


def authenticator(client="user", subkey=None, ad=None):
    """One of a TGS-REQ; its checksum is made by fuzz_kdc.c."""
    return piece(AUTHENTICATOR, ap.authenticator(
        client, REALM, NOW, 1, (16, bytes(12)), subkey=subkey, seq=None,
        ad=ad))


def as_cases():
    """(flags, pieces)"""
    yield 0, body()
    yield DATAGRAM, body() + padata(krb.PA_AS_FRESHNESS)
    yield 0, body() + padata(krb.PA_REQ_ENC_PA_REP) + timestamp()
    for flags in (0, WRONG_KEY, DATAGRAM):
        yield flags, body() + timestamp()
    yield 0, body() + timestamp(NOW - 3600)
    yield 0, body(server=SERVICE) + timestamp()
    yield 0, body(etypes=(23, 3, 16)) + timestamp()
    yield 0, body("nobody") + timestamp()
    yield 0, body("user@" + REALM, options=krb.CANONICALIZE,
                  client_type=10) + timestamp()
    for flags in (0, WRONG_KEY, REQUIRE, REQUIRE | AS_IT_IS):
        for token in (None, MARK, STALE, b"\0\0", bytes(64), b""):
            yield flags, body() + padata(krb.PA_AS_FRESHNESS) + \
                auth_pack(token)
    yield 0, body() + auth_pack(group=None)
    yield 0, body() + auth_pack(group=pkinit.GROUP2)
    yield 0, body() + auth_pack(dh=NoKey)
    yield 0, body() + auth_pack(MARK, ctime=NOW - 4000)
    yield REQUIRE, body() + timestamp() + auth_pack(STALE)
    yield 0, body("WELLKNOWN/ANONYMOUS", client_type=11,
                  options=krb.REQUEST_ANONYMOUS) + padata(
        *pkinit.pa_pk_as_req(pkinit.unsigned(pkinit.auth_pack(
            pkinit.pk_authenticator(b"", NOW, 7, bytes(20), MARK),
            pkinit.DhKey(private=12345)))))


def fast_cases():
    """(flags, pieces): armored with a ticket of user."""
    inner = krb.req_body(REALM, "user", till=NOW + 36000, number=7)
    armor = piece(TICKET, ticket_part()) + authenticator(subkey=KEY)

    def fast(padata=b"\x30\x00", options=0, what=inner):
        return piece(FAST, der.seq(
            der.ctx(0, der.flags(options)), der.ctx(1, padata),
            der.ctx(2, what)))

    for flags in (0, WRONG_KEY, AS_IT_IS):
        yield flags, body() + armor + fast()
    yield 0, body() + armor + fast(krb.method_data_der(
        [(138, krb.encrypted_data(bytes(32), 54, b"x")), (150, b"")]))
    yield 0, body() + armor + fast(options=0x40000000)
    yield 0, body() + armor + fast(options=0x00010000)
    yield 0, body() + piece(TICKET, ticket_part()) + authenticator() + fast()
    yield 0, body("WELLKNOWN/ANONYMOUS", client_type=11) + armor + fast(
        what=krb.req_body(REALM, "nobody", till=NOW + 36000, number=7))
    for octets in (b"\xa1\x02\x30\x00", b"\xa0\x02\x30\x00", der.ctx(
            0, der.seq(der.ctx(0, der.seq(
                der.ctx(0, der.integer(1)), der.ctx(1, der.octets(b"?")))),
                der.ctx(1, der.seq(der.ctx(0, der.integer(16)),
                                   der.ctx(1, der.octets(bytes(12))))),
                der.ctx(2, krb.encrypted_data(bytes(32), 51, b"x"))))):
        yield 0, body() + padata(krb.PA_FX_FAST, octets)
    yield 0, body() + padata(krb.PA_FX_COOKIE, der.app(1, b"H5L1"))


def tgs_cases():
    """(flags, pieces)"""
    tgt = piece(TICKET, ticket_part())
    second = piece(SECOND, ticket_part())
    for flags in (0, WRONG_KEY, AS_IT_IS, DATAGRAM):
        yield flags, tgs_body(SERVICE) + tgt + authenticator()
    yield 0, tgs_body(SERVICE) + tgt + authenticator(subkey=KEY)
    yield 0, tgs_body("krbtgt/OTHER.TEST", krb.CANONICALIZE) + tgt + \
        authenticator()
    yield 0, tgs_body("nobody/at.all") + tgt + authenticator()
    for server in ("user", SERVICE, "krbtgt/" + REALM, None):
        for flags in (0, WRONG_SECOND, OTHER_NAME, NO_SERVER_FLAG):
            yield flags, tgs_body(server, ENC_TKT_IN_SKEY) + tgt + \
                second + authenticator()
    yield 0, tgs_body("user", ENC_TKT_IN_SKEY) + tgt + authenticator()
    for values in ({"end": -3600, "start": -7200}, {"flags": INVALID},
                   {"flags": ANONYMOUS}, {"client": "other"},
                   {"realm": "OTHER.TEST"}):
        yield 0, tgs_body("user", ENC_TKT_IN_SKEY) + tgt + authenticator() + \
            piece(SECOND, ticket_part(**values))
        yield 0, tgs_body(SERVICE) + authenticator() + \
            piece(TICKET, ticket_part(**values))
    for options, flags in ((FORWARDED, FORWARDABLE_TICKET),
                           (RENEW, RENEWABLE_TICKET), (VALIDATE, INVALID)):
        yield 0, tgs_body("krbtgt/" + REALM, options) + authenticator() + \
            piece(TICKET, ticket_part(flags=flags, renew=36000))
    ad = k2.authdata((1, k2.authdata((128, bytes(24)))), (71, b"x"))
    yield 0, tgs_body(SERVICE) + authenticator(ad=ad) + \
        piece(TICKET, ticket_part(ad=ad))
    yield 0, tgs_body(SERVICE) + authenticator() + piece(TICKET, ticket_part(
        realm="OTHER.TEST", transited=b"A.TEST,B."))
    yield 0, tgs_body(SERVICE) + authenticator() + tgt + padata(
        129, der.seq(der.ctx(0, krb.name("other")),
                     der.ctx(1, der.kstring(REALM)),
                     der.ctx(2, der.seq(der.ctx(0, der.integer(-138)),
                                        der.ctx(1, der.octets(bytes(16))))),
                     der.ctx(3, der.kstring("Kerberos"))))


def cases():
    """(kind, flags, octets)"""
    for flags, octets in (*as_cases(), *fast_cases()):
        yield AS, flags, octets
    for flags, octets in tgs_cases():
        yield TGS_REQUEST, flags, octets
    address = der.seq(der.seq(der.ctx(0, der.integer(2)),
                              der.ctx(1, der.octets(bytes([127, 0, 0, 1])))))
    for flags in (0, DATAGRAM, WRONG_KEY, OTHER_NAME):
        for values in ({}, {"end": -60, "start": -7200}, {"flags": INVALID},
                       {"client": "other"}, {"caddr": address},
                       {"realm": "OTHER.TEST", "transited": b"A.TEST"},
                       {"ad": k2.authdata((1, k2.authdata((99, b"x"))))},
                       {"transited": b"A" * 1500}):
            yield CONVERT, flags, ticket_part(**values)
    plain = der.seq(der.ctx(0, der.gtime(NOW)), der.ctx(1, der.integer(1)))
    yield TOKEN_TIME, 0, plain
    yield TOKEN_TIME, 0, der.seq(der.ctx(0, der.gtime(NOW - 4000)))
    yield TOKEN, 0, b"\0\0" + krb.encrypted_data(bytes(32), 60, plain, kvno=1)
    yield TOKEN, 0, b"\0\0" + krb.encrypted_data(bytes(32), 60, plain)
    yield RAW, 0, krb.as_req(krb.req_body(REALM, "user", till=NOW + 3600,
                                          number=7))
    yield RAW, DATAGRAM, der.app(12, der.seq(
        der.ctx(1, der.integer(5)), der.ctx(2, der.integer(12)),
        der.ctx(3, krb.method_data_der([(1, b""), (136, b"")])),
        der.ctx(4, krb.req_body(REALM, "user", till=NOW + 3600, number=7))))
    yield RAW, 0, der.app(1, der.seq(
        der.ctx(0, der.integer(5)), der.ctx(1, der.kstring(REALM)),
        der.ctx(2, krb.name(SERVICE)),
        der.ctx(3, krb.encrypted_data(bytes(32), 2, b"x", kvno=1))))


class Kdc(Target):
    """The KDC's modules, and the KDC."""

    name = "kdc"
    kept_size = 1200
    sources = ("kdc/freshness", "kdc/krb524", "kdc/user2user",
               *("kdc/%s.c" % name for name in (
                   "default_config", "set_dbinfo", "digest", "fast",
                   "kerberos5", "krb5tgs", "pkinit", "pkinit-ec", "log",
                   "misc", "kx509", "process", "windc")))
    include = ("kdc", "../obj/kdc")
    # tgs_make_reply() clears a key of no octets
    defines = ("-fno-sanitize=nonnull-attribute",)
    archives = ("kdc/.libs/libkdc.a",)
    words = (MARK, STALE, REALM.encode(), SERVICE.encode(), b"krbtgt",
             b"user", b"other", der.gtime(NOW), der.gtime(NOW + 3600),
             der.gtime(NOW - 3600), der.integer(60), der.integer(18),
             b"\xa4\x22\x04\x20", struct.pack(">h", krb.PA_AS_FRESHNESS),
             struct.pack(">h", krb.PA_FX_FAST), struct.pack(">h", 129),
             b"\x03\x05\x00\x00\x00\x00\x08", b"\xab\x82", b"\x30\x80")

    def seeds(self):
        for kind, flags, octets in cases():
            yield bytes([kind, flags]) + octets

    @contextlib.contextmanager
    def surroundings(self):
        """A realm whose clock stood still, and certificates."""
        service = SERVICE + "@" + REALM
        with tempfile.TemporaryDirectory(prefix="fuzz-kdc-") as directory:
            authority = StillAuthority(directory)
            with Still(pkinit=True, start=False, authority=authority, kdc={
                    "enable-524": True, "use_2b": {service: True},
                    "2b_strip": {service: True},
                    "allow-anonymous": True}) as realm:
                realm.add(SERVICE)
                realm.add("other", password="x",
                          attributes="requires-pre-auth,disallow-svr")
                yield dict(
                    os.environ, KRB5_CONFIG=str(realm.conf),
                    FUZZ_IDENTITY=authority.client("user@" + REALM).identity,
                    FUZZ_OTHER_IDENTITY=authority.client(
                        "other@" + REALM).identity)


TARGET = Kdc()
