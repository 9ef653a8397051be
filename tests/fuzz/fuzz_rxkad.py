"""librxkad-2b on octets from anywhere: see fuzz_rxkad.c.  Seeds are the tokens
of wire/rxkad_cases.py."""

from wire import etypes, rxkad
from wire.rxkad import Key, Ticket, Ticket4
from wire.rxkad_cases import Cases

from fuzz.target import Target

NOW = 1800000000                        # as in fuzz_rxkad.c
(AS_2B, AS_TICKET, AS_KRB4, SEALED_PART, KRB4_PLAIN, KEYFILEEXT, CREDS,
 KEYFILE) = range(8)
RC4 = Key(5, etypes.RC4, b"sixteen octets..")
DES = Key(5, etypes.DES_MD5, bytes.fromhex("133457799bbcdff1"))
FLAGS = (0, 0x7f)                       # the default, everything


def cases():
    """Octets to start from."""
    cases = Cases(NOW)
    cases.key = RC4
    for make in (cases.names, cases.fields, cases.structures, cases.kvnos):
        for case in make():
            if case.form == rxkad.V2B:
                yield AS_2B, case.octets
                yield SEALED_PART, case.ticket.part
            else:
                yield AS_TICKET, case.octets
                yield CREDS, case.octets
    for session in etypes.KEY_SIZE:
        yield SEALED_PART, Ticket(RC4, now=NOW, session=(
            session, etypes.new_key(session))).part
    for values in ({}, {"little": True}, {"inst": "x", "realm": "R"}):
        ticket = Ticket4(DES, now=NOW, **values)
        yield AS_KRB4, ticket.token
        yield AS_2B, ticket.token
        yield KRB4_PLAIN, ticket.plain
    yield KEYFILEEXT, rxkad.key_file_ext([RC4])
    yield KEYFILEEXT, rxkad.key_file_ext([RC4, Key(9, etypes.AES256)])
    yield KEYFILE, rxkad.key_file_ext([RC4, Key(9, etypes.AES256)])
    yield KEYFILE, rxkad.key_file([DES])
    yield KEYFILE, rxkad.key_file([DES, Key(6, etypes.DES_MD5, bytes(8))])


class Rxkad(Target):
    """The library."""

    name = "rxkad"
    kept_size = 512
    sources = ("lib/rxkad-2b", "lib/krb5/rxkad-2b/keyfileext.c",
               "lib/krb5/rxkad-2b/keytab_keyfileext.c",
               "lib/krb5/rxkad-2b/rxkad_key.c",
               "../obj/lib/rxkad-2b/rxkad_2b_err.c")
    include = ("lib/krb5/rxkad-2b",)
    defines = ("-D_GNU_SOURCE", "-DBUILD_KRB5_LIB")

    def seeds(self):
        for kind, octets in cases():
            for flags in FLAGS:
                yield bytes([kind, flags]) + octets


TARGET = Rxkad()
