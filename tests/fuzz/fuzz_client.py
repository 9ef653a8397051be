"""What a client of a KDC and of a krb524 server is told: see
fuzz_client.c."""

import struct

from wire import ap, der, krb

from fuzz.fuzz_kdc import MARK, NOW, REALM, TARGET as KDC
from fuzz.target import Target

CONVERT, NAME, FRESHNESS, PASSWORD, CERTIFICATE = range(5)
RAW, ERROR, REPLY, PADATA = range(4)
OWN_NONCE, WRONG_KEY, NO_PADATA = 1, 2, 4
AUTO, ALWAYS, NEVER = 1, 2, 3
KEY = (18, bytes(range(32)))


def piece(way, option=0, octets=b""):
    """As fuzz_client.c takes them apart."""
    return struct.pack(">BBH", way, option, len(octets)) + octets


def method_data(*padata):
    """Of an error or a reply."""
    return krb.method_data_der(padata)


def etype_info2(etype=18, salt=None, params=None):
    """(type, value) of PA-ETYPE-INFO2."""
    return krb.PA_ETYPE_INFO2, der.seq(der.seq(
        der.ctx(0, der.integer(etype)),
        der.ctx(1, der.kstring(salt)) if salt else None,
        der.ctx(2, der.octets(params)) if params else None))


def reply_part(server="krbtgt/" + REALM, realm=REALM, end=3600,
               flags=0x00400000, more=None, tag=25):
    """EncASRepPart or EncTGSRepPart (26); its nonce is made anew."""
    return der.app(tag, der.seq(
        der.ctx(0, ap.key_der(KEY)),
        der.ctx(1, der.seq(der.seq(der.ctx(0, der.integer(0)),
                                   der.ctx(1, der.gtime(NOW))))),
        der.ctx(2, der.integer(1)), der.ctx(4, der.flags(flags)),
        der.ctx(5, der.gtime(NOW)), der.ctx(7, der.gtime(NOW + end)),
        der.ctx(9, der.kstring(realm)), der.ctx(10, krb.name(server)),
        more))


def cases():
    """(kind, flags, octets)"""
    for length, kvno in ((56, 213), (1250, 213), (0, 213), (1251, 213),
                         (100, 5), (1 << 31, 0)):
        yield CONVERT, 0, struct.pack(">III", 0, kvno, length) + \
            bytes(range(250)) * 5 + bytes(4)
    yield CONVERT, 1, struct.pack(">i", -1750206208)
    yield CONVERT, 0, bytes(12)
    for text in (b"user@EXT.TEST", b"host/a.ext.test@EXT.TEST", b"a/b/c@R",
                 b"x" * 39 + b"/" + b"y" * 40 + b"@" + b"R" * 41,
                 b"a\\@b/c\\/d@E"):
        yield NAME, 0, text
    fresh = method_data((krb.PA_AS_FRESHNESS, MARK), (16, b""))
    empty = method_data((krb.PA_AS_FRESHNESS, b""))
    for mode in (AUTO, ALWAYS, NEVER):
        yield FRESHNESS, mode, piece(ERROR, 25, fresh) + \
            piece(ERROR, 90, fresh) * 4
        yield FRESHNESS, mode, piece(REPLY) + piece(ERROR, 90, empty) * 4 + \
            piece(ERROR, 24, fresh)
        yield FRESHNESS, mode, piece(ERROR, 9) + piece(ERROR, 24) * 3
    needed = method_data(etype_info2(), (2, b""), (16, b""), (
        krb.PA_AS_FRESHNESS, MARK), (133, b"cookie"), (136, b""))
    done = piece(REPLY, 0, reply_part())
    for kind in (PASSWORD, CERTIFICATE):
        yield kind, 0, done
        yield kind, 1, piece(ERROR, 25, needed) + done
        yield kind, 2, piece(ERROR, 25, needed) + piece(
            PADATA, 0, method_data(etype_info2(salt="EXT.TESTuser"))) + done
        for option in (OWN_NONCE, WRONG_KEY, NO_PADATA):
            yield kind, 0, piece(REPLY, option, reply_part())
        yield kind, 0, piece(ERROR, 25, needed) + piece(ERROR, 24) + done
        yield kind, 0, piece(ERROR, 25, needed) + \
            piece(ERROR, 90, fresh) * 4 + done
        yield kind, 0, piece(ERROR, 90, empty) + piece(ERROR, 25, needed) + \
            piece(ERROR, 24, fresh)
        yield kind, 0, piece(ERROR, 37) + done
        yield kind, 2, piece(ERROR, 68) + done
        yield kind, 0, piece(ERROR, 65, der.seq(der.seq(
            der.ctx(0, der.integer(0))))) + done
        yield kind, 0, piece(ERROR, 25, method_data(
            etype_info2(23, params=b"\0\0\x10\0"), (3, b"salt")))
        for params in (b"\0\xff\xff\xff", b"\1\0\0\0", bytes(4)):
            yield kind, 0, piece(ERROR, 25, method_data(
                etype_info2(18, params=params), (2, b""))) + done
        yield kind, 0, piece(RAW, 0, krb.krb_error(
            25, REALM, needed, stime=NOW)) + done
        yield kind, 0, piece(PADATA, 0, method_data((17, der.ctx(
            0, der.seq(der.ctx(0, der.octets(bytes(40)))))))) + done
        yield kind, 0, piece(PADATA, 0, method_data((136, bytes(9)))) + \
            piece(REPLY, 0, reply_part(server="other/server"))


class Client(Target):
    """The client's modules, and what calls them."""

    name = "client"
    sources = ("lib/krb5/freshness", "lib/krb5/rxkad-2b/krb524.c",
               "lib/krb5/rxkad-2b/krb524_reply.c",
               "lib/krb5/rxkad-2b/v4_name.c",
               "lib/krb5/rxkad-2b/rxkad_key.c",
               "lib/krb5/init_creds_pw.c", "lib/krb5/init_creds.c",
               "lib/krb5/get_in_tkt.c", "lib/krb5/ticket.c",
               "lib/krb5/pkinit.c", "lib/krb5/rd_error.c")
    include = ("lib/krb5/rxkad-2b",)
    # libkrb5 clears keys of no octets
    defines = ("-DBUILD_KRB5_LIB", "-fno-sanitize=nonnull-attribute",
               "-Dkrb5_sendto_context=fuzz_sendto_context")
    link = ("-Wl,--wrap=hc_PKCS5_PBKDF2_HMAC",)
    words = (MARK, der.gtime(NOW), der.gtime(NOW + 3600), REALM.encode(),
             b"user", b"krbtgt", der.integer(16), der.integer(17),
             der.integer(19), der.integer(krb.PA_AS_FRESHNESS),
             der.integer(krb.PA_FX_FAST), der.integer(133),
             b"\0\0\0\xd5", b"\0\0\x04\xe2")

    def seeds(self):
        for kind, flags, octets in cases():
            yield bytes([kind, flags]) + octets

    def surroundings(self):
        return KDC.surroundings()


TARGET = Client()
