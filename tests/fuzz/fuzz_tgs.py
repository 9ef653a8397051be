"""What a client is told by ticket granting servers: see fuzz_tgs.c."""

import contextlib
import os
import tempfile
from pathlib import Path

from wire import der, krb

from fuzz.fuzz_client import piece, reply_part
from fuzz.fuzz_kdc import NOW
from fuzz.target import Target

PATH, TICKET, RENEW = range(3)
CANONICALIZE, USER_USER, NEAR, BY_B, NO_STORE = 1, 2, 4, 8, 16
RAW, ERROR, REPLY, REFER = range(4)
OWN_NONCE, WRONG_KEY, SESSION_KEY, OTHER_SESSION = 1, 2, 4, 8

CONF = """[libdefaults]
	default_realm = A.TEST
	name_canon_rules = as-is:
[capaths]
	A.TEST = {
		D.TEST = B.TEST C.TEST
	}
"""


def reply(server, realm, option=0, **more):
    """A ticket for a server."""
    return piece(REPLY, option, reply_part(
        server, realm=realm, tag=26, **more))


def refer(realm, option=0):
    """A TGT for another realm."""
    return piece(REFER, option, realm.encode())


def cases():
    """(kind, flags, octets)"""
    host, near = ("host/server.d.test", "D.TEST"), (
        "host/server.a.test", "A.TEST")
    done, home = reply(*host), reply(*near)
    unknown = piece(ERROR, 7)
    for flags in (0, BY_B, BY_B | CANONICALIZE):
        yield PATH, flags, refer("C.TEST") + refer("D.TEST") + done
        yield PATH, flags, refer("B.TEST") + refer("D.TEST") + \
            refer("C.TEST") + refer("D.TEST") + done
        yield PATH, flags, unknown + refer("E.TEST") + refer("C.TEST") + \
            refer("D.TEST") + done
        yield PATH, flags, unknown * 3 + refer("E.TEST") + refer("D.TEST") + \
            done
        yield PATH, flags, (refer("E.TEST") + refer("F.TEST")) * 9
        yield PATH, flags, refer("C.TEST", OTHER_SESSION) + done
    for option in (0, OWN_NONCE, WRONG_KEY, SESSION_KEY, OTHER_SESSION):
        yield TICKET, NEAR, reply(*near, option=option)
        yield TICKET, USER_USER | NEAR, reply(*near, option=option)
        yield RENEW, 0, reply("krbtgt/A.TEST", "A.TEST", option=option)
    for flags in (0, CANONICALIZE, NO_STORE):
        yield TICKET, flags, refer("D.TEST") + done
        yield TICKET, flags, unknown + refer("B.TEST") + refer("D.TEST") + done
        yield TICKET, flags, unknown * 2 + refer("E.TEST") + done
        yield TICKET, flags, unknown * 2 + refer("E.TEST") + \
            refer("F.TEST") + refer("E.TEST")
        yield TICKET, flags | NEAR, unknown + refer("B.TEST") + home
        yield TICKET, flags | BY_B, done
    yield TICKET, NEAR | USER_USER, reply("host/other.a.test", "A.TEST")
    yield TICKET, NEAR | USER_USER, refer("B.TEST")
    yield TICKET, NEAR, piece(ERROR, 69)
    yield TICKET, NEAR, piece(ERROR, 37) + home
    yield TICKET, NEAR, piece(RAW, 0, krb.krb_error(7, "A.TEST", stime=NOW))
    yield TICKET, NEAR, piece(RAW, 0, b"\4\0\0")
    yield RENEW, 0, piece(ERROR, 32)
    yield RENEW, 0, refer("B.TEST")


class Tgs(Target):
    """What asks for tickets."""

    name = "tgs"
    sources = ("lib/gssapi/krb5-ext/path.c", "lib/krb5/get_cred.c",
               "lib/krb5/ticket.c", "lib/krb5/rd_error.c",
               "lib/krb5/build_auth.c")
    include = ("lib/gssapi/krb5-ext", "lib/gssapi/krb5")
    # libkrb5 clears keys of no octets
    defines = ("-DBUILD_GSSAPI_LIB", "-DBUILD_KRB5_LIB",
               "-fno-sanitize=nonnull-attribute",
               "-Dkrb5_sendto_context=fuzz_sendto_context")
    words = (der.gtime(NOW), der.gtime(NOW + 3600), b"A.TEST", b"B.TEST",
             b"C.TEST", b"D.TEST", b"krbtgt", b"user", b"host",
             b"server.d.test", piece(REFER, 0, b"B.TEST"))

    def seeds(self):
        for kind, flags, octets in cases():
            yield bytes([kind, flags]) + octets

    @contextlib.contextmanager
    def surroundings(self):
        with tempfile.TemporaryDirectory(prefix="fuzz-tgs-") as name:
            conf = Path(name) / "krb5.conf"
            conf.write_text(CONF)
            yield dict(os.environ, KRB5_CONFIG=str(conf))


TARGET = Tgs()
