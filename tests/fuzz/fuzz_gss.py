"""What a peer of GSS-API can send: see fuzz_gss.c."""

import struct

from wire import ap, der, krb
from wire import krb_error2 as k2

from fuzz.target import Target

NOW = 1800000000                        # as in fuzz_gss.c
(ERROR2, ERROR2_PART, AUTHDATA, CHECKSUM, ACCEPT, INITIATE, RCACHE,
 PAC) = range(8)
RAW, FRAMED, AUTHENTICATOR, TICKET_PART = range(4)
MARK = b"0123456789abcdef0123456789abcdef"
KEY = (18, bytes(range(32)))
USER, REALM = "user", "SECURITY.TEST"   # of gss_pair.h


def piece(way, options, octets):
    """A token, as fuzz_gss.c takes them apart."""
    return struct.pack(">BBH", way, options, len(octets)) + octets


def options(value):
    """The authorization data of an initiator that offers."""
    return k2.if_relevant(k2.etypes(18, 17), k2.ap_options(value))


def authenticator(*elements, flags=ap.ALL, **values):
    """An initiator's."""
    values.setdefault("subkey", KEY)
    values.setdefault("seq", 7)
    return ap.authenticator(
        USER, REALM, NOW, 1, (ap.CKSUM_8003, ap.checksum_8003(flags)),
        ad=k2.authdata(*elements) if elements else None, **values)


def ticket_part(session=KEY, transited=b"", ad=None):
    """An EncTicketPart."""
    return der.app(3, der.seq(
        der.ctx(0, der.flags(0)), der.ctx(1, ap.key_der(session)),
        der.ctx(2, der.kstring(REALM)), der.ctx(3, krb.name(USER)),
        der.ctx(4, der.seq(der.ctx(0, der.integer(1)),
                           der.ctx(1, der.octets(transited)))),
        der.ctx(5, der.gtime(NOW - 300)), der.ctx(6, der.gtime(NOW - 300)),
        der.ctx(7, der.gtime(NOW + 3600)), der.ctx(10, ad)))


def parts():
    """EncKRBErrorParts."""
    yield k2.part(stime=NOW, subkey=KEY, seq=5)
    yield k2.part(stime=NOW, code=0, flags=k2.FINAL, subkey=KEY, seq=5)
    yield k2.part(stime=NOW)
    yield k2.part(stime=NOW + 2000, code=37, subkey=KEY, seq=5,
                  text=b"clock")
    yield k2.part(stime=NOW, code=44, flags=k2.CONTINUE_NEEDED)
    yield k2.part(stime=NOW, code=31, flags=k2.FINAL, text=b"\xff\xfe")
    yield k2.part(stime=NOW, code=69, subkey=KEY, seq=5, tgt=k2.ticket())
    yield k2.part(stime=NOW, subkey=KEY, seq=5, ad=k2.authdata(
        k2.challenge(bytes(32)), (77, b"x"), k2.if_relevant((5, b"y"))))
    yield k2.part(stime=NOW, subkey=KEY, seq=5, more=der.ctx(
        14, der.octets(b"later")))


def cases():
    """(kind, flags, octets)."""
    first = authenticator(options(0x30000000))
    third = authenticator(options(0x30000000), k2.challenge(MARK))
    for flags in (0, 1, 2, 3, 4, 7, 9, 11, 19, 27):
        for part in parts():
            yield ERROR2_PART, flags, part
    yield ERROR2, 0, k2.pdu(next(parts()))
    for elements in ([options(0x30000000)],
                     [options(0x10000000), k2.challenge(MARK)],
                     [k2.kerb_ap_options(0x4000)],
                     [k2.if_relevant(k2.kerb_ap_options(0x4000),
                                     k2.etypes(18)), (9, b"?")]):
        yield AUTHDATA, 0, k2.authdata(*elements)
    yield CHECKSUM, 0, ap.checksum_8003(ap.ALL)
    yield CHECKSUM, 1, ap.checksum_8003(
        ap.ALL | ap.DELEG, b"sixteen octets..",
        struct.pack("<HH", 1, 4) + b"CRED")
    for opts in (0, 2, 3):
        yield ACCEPT, 0, piece(AUTHENTICATOR, opts, first)
        yield ACCEPT, 0, piece(AUTHENTICATOR, opts, first) + piece(
            AUTHENTICATOR, opts, third)
    yield ACCEPT, 0, piece(AUTHENTICATOR, 2, authenticator())
    yield ACCEPT, 0, piece(AUTHENTICATOR, 2, authenticator(
        flags=ap.ALL | ap.DCE_STYLE))
    yield ACCEPT, 0, piece(AUTHENTICATOR, 3, authenticator(
        options(0x30000000), subkey=None, seq=None))
    yield ACCEPT, 0, piece(AUTHENTICATOR, 3, first) + piece(
        TICKET_PART, 3, ticket_part())
    yield ACCEPT, 0, piece(TICKET_PART, 3, ticket_part(
        transited=b"A,B", ad=k2.authdata(k2.if_relevant((128, bytes(32))))))
    yield ACCEPT, 0, piece(AUTHENTICATOR, 3, first) + piece(
        FRAMED, 4, k2.pdu(k2.part(challenge=MARK, stime=NOW, code=41,
                                  flags=k2.FINAL)))
    for part in parts():
        for opts in (0, 1, 2, 4, 5, 6):
            yield INITIATE, 0, piece(AUTHENTICATOR, opts, part)
            yield INITIATE, 0, piece(AUTHENTICATOR, opts, part) * 2
    rep = der.app(27, der.seq(
        der.ctx(0, der.gtime(NOW)), der.ctx(1, der.integer(1)),
        der.ctx(2, ap.key_der(KEY)), der.ctx(3, der.integer(9))))
    yield INITIATE, 0, piece(AUTHENTICATOR, 8, rep)
    yield RCACHE, 0, b""
    yield RCACHE, 0, bytes(range(16)) + bytes(16) * 2 + b"\xff" * 16
    yield PAC, 0, struct.pack("<IIIIQ", 1, 0, 6, 20, 24) + struct.pack(
        "<IQ", 0xfffffff6, 0) + bytes(8)


class Gss(Target):
    """The modules of libgssapi and of libkrb5."""

    name = "gss"
    sources = ("lib/gssapi/krb5-ext", "lib/krb5/ext")
    include = ("lib/gssapi/krb5-ext", "lib/gssapi/krb5", "lib/krb5/ext")
    defines = ("-DBUILD_GSSAPI_LIB", "-DBUILD_KRB5_LIB")
    words = (MARK, b"\x7f\x37", b"\x7f\x38", b"\xa3\x29\x30\x27",
             der.integer(-5), der.integer(-6), der.integer(143),
             der.integer(129), b"\x03\x80\x00\x00", b"\x03\x05\x00\x30",
             b"\x60", b"\x05\x01", b"\x05\x02", b"\x02\x00")

    def seeds(self):
        for kind, flags, octets in cases():
            yield bytes([kind, flags]) + octets


TARGET = Gss()
