"""Tokens of rxkad, good and hostile, for a server that is to be compared with
another: the same ones for both, at a time that is given.

    cases = Cases(now, seed)
    for case in cases.all():
        case.form, case.octets          # what goes over the wire
        case.group, case.what           # what is in it
"""

import collections
import random

from . import der, des, etypes, rxkad
from .rxkad import V2B, V5, Key, Ticket, Ticket4

FORMS = (V2B, V5)
SERVICE = (etypes.DES_CRC, etypes.DES_MD4, etypes.DES_MD5, etypes.DES3,
           etypes.AES128, etypes.AES256, etypes.AES128_SHA2,
           etypes.AES256_SHA2, etypes.RC4)
KVNOS = (5, 260, 0, -3)                 # AES256 and DES have a key of each
MINUTE, DAY = 60, 24 * 3600
NEVER = 0xffffffff

# ticket is what the octets were made of, if anything; dots: names with a dot
# are allowed
Case = collections.namedtuple("Case", "group what form octets ticket dots")


class Cases:
    """Keys of a service, and tokens for it."""

    def __init__(self, now, seed=1):
        self.now = now
        self.random = random.Random(seed)
        self.des = {kvno: self.new_key(kvno, etypes.DES_MD5)
                    for kvno in (*KVNOS, 213)}
        self.by_etype = {etype: self.new_key(5, etype) for etype in SERVICE
                         if etype not in etypes.DES_TYPES}
        self.by_etype.update({etype: Key(5, etype, self.des[5].octets)
                              for etype in etypes.DES_TYPES})
        self.others = [self.new_key(kvno, etypes.AES256)
                       for kvno in KVNOS[1:]]
        self.key = self.by_etype[etypes.RC4]     # the quickest in Python

    def octets(self, size):
        """So many, by the seed."""
        return self.random.getrandbits(8 * size).to_bytes(size, "big")

    def new_key(self, kvno, etype):
        """A Key, by the seed."""
        return Key(kvno, etype, etypes.new_key(etype, self.octets))

    @property
    def keys(self):
        """The keys that the server has."""
        return [key for etype, key in self.by_etype.items()
                if etype not in etypes.DES_TYPES] + self.others + \
            list(self.des.values())

    # -- pieces -----------------------------------------------------------

    def ticket(self, client="user", **values):
        """For the RC4 key."""
        return Ticket(values.pop("key", self.key), client, now=self.now,
                      **values)

    @staticmethod
    def both(group, what, ticket, dots=False):
        """A ticket as 2b and as a whole."""
        return [Case(group, what, form, ticket.octets(form), ticket, dots)
                for form in FORMS]

    def sealed(self, group, what, part):
        """An EncTicketPart of these octets, in the form 2b."""
        ticket = self.ticket(part=part)
        return Case(group, what, V2B, ticket.token, ticket, False)

    def all(self):
        """Every case."""
        for make in (self.enctypes, self.kvnos, self.sessions, self.times,
                     self.names, self.fields, self.lengths, self.headers,
                     self.truncated, self.structures, self.cipher_texts,
                     self.parts, self.version_4, self.version_4_parts,
                     self.numbers):
            yield from make()

    # -- good and bad tickets ---------------------------------------------

    def enctypes(self):
        """Every service key with every session key."""
        for key in self.by_etype.values():
            for session in SERVICE:
                yield from self.both(
                    "enctypes", "%s, session %d" % (key, session),
                    self.ticket(key=key, session=(
                        session, etypes.new_key(session, self.octets))))
        for etype in (-1, 0, 4, 5, 7, 15, 21, 24, 25, 26, 255, 0x7fffffff):
            yield from self.both("enctypes", "says %d" % etype,
                                 self.ticket(etype=etype))

    def kvnos(self):
        """Those that there are, are not, and cannot be."""
        for key in self.others + [self.des[kvno] for kvno in KVNOS]:
            yield from self.both("kvnos", repr(key), self.ticket(key=key))
            yield from self.both("kvnos", "%r, absent" % key,
                                 self.ticket(key=key, kvno=None))
        for kvno in (1, 4, 6, 213, 256, -1, 0x7fffffff, -0x80000000,
                     0x80000000, 0xfffffffd, 1 << 32, (1 << 32) + 5,
                     -(1 << 32) + 5, 1 << 64, None):
            yield from self.both("kvnos", "no such: %s" % kvno,
                                 self.ticket(kvno=kvno))

    def sessions(self):
        """Session keys of any enctype and length."""
        for etype in (*range(-2, 32), 0x7fffffff, -0x80000000):
            for size in (0, 1, 6, 7, 8, 9, 15, 16, 17, 21, 23, 24, 25, 32, 33,
                         64):
                yield from self.both("sessions", "%d of %d" % (size, etype),
                                     self.ticket(session=(
                                         etype, bytes(range(1, size + 1)))))

    def times(self):
        """Each boundary, from both sides."""
        around = [at + by for at in (0, -15 * MINUTE, 15 * MINUTE, -DAY,
                                     30 * DAY, 30 * DAY + 15 * MINUTE,
                                     -30 * DAY, -31 * DAY)
                  for by in (-1, 0, 1)]
        for start in (*around, None):
            for end in (*around, 30 * DAY - 60):
                yield from self.both("times", "%s to %d" % (start, end),
                                     self.ticket(start=start, end=end))
        for auth in (-40 * DAY, -1, 16 * MINUTE):
            yield from self.both("times", "authtime %d" % auth,
                                 self.ticket(start=None, auth=auth))
            yield from self.both("times", "authtime %d, and a start" % auth,
                                 self.ticket(auth=auth))
        for start, end in ((0, NEVER), (0, 1 << 32), (0, self.now + 60),
                           (-1, self.now + 60), (1 << 32, (1 << 32) + 60),
                           (self.now, NEVER), (self.now, 1 << 32),
                           (self.now, (1 << 32) + self.now + 60)):
            yield from self.both(
                "times", "%d to %d since 1970" % (start, end),
                self.ticket(start=start - self.now, end=end - self.now))

    def names(self):
        """Of clients and realms."""
        clients = [
            "user", "user/admin", "a/b/c", "a/b/c/d", [], [""], ["", ""],
            ["", "x"], ["x", ""], "host/a.b", "host/a", "host/.b", "host/a.",
            "rcmd/a.b", "imap/mail.x.y", "imap/mail", "ftp/f.x", "kadmin/x",
            "kadmin/x.y", "kadmin/admin", "kadmin", "zephyr/zephyr", "host",
            "foo.root", "foo.root/x", "foo/root.x", ".", ".a", "a.", "a.b/c.d",
            "x" * 62, "x" * 63, "x" * 64, "x" * 65, "x" * 300,
            "u/" + "x" * 63, "u/" + "x" * 64, "host/" + "x" * 62 + ".y",
            "host/" + "x" * 63 + ".y", "host/" + "x" * 64 + ".y",
            "host/a." + "y" * 70, [b"a\0b"], [b"a", b"b\0c"], [b"\0"],
            [b"a\0"], [b"\xc3\xa9t\xc3\xa9"], [b"\xff\xfe"], [b"a b"],
            ["a/b"], ["a@b"], [b"a\\", b"b"], [b"host\0", b"a.b"], "afs/x",
            [b"a\n"], ["WELLKNOWN", "ANONYMOUS"], "x$", "mandarin-agent/a.b"]
        for client in clients:
            for dots in (False, True):
                yield from self.both("names", "%s%s" % (
                    client, ", dots allowed" if dots else ""),
                    self.ticket(client), dots)
        for realm in ("", "R", "r.s", "x" * 63, "x" * 64, "x" * 65, "x" * 300,
                      b"A\0B", b"\0", b"\xff", "OTHER.TEST", "proto.test"):
            yield from self.both("names", "realm %r" % (realm,),
                                 self.ticket(realm=realm))

    def fields(self):
        """Flags, addresses, authorization data, the realms between."""
        for bit in range(32):
            yield from self.both("fields", "flag %d" % bit, self.ticket(
                flags=rxkad.TRANSITED_POLICY_CHECKED | 1 << 31 - bit))
        if_relevant = rxkad.authdata((999, b"x"))
        for what, ad in (
                ("none", der.seq()), ("unknown", rxkad.authdata((999, b"x"))),
                ("negative", rxkad.authdata((-1, b""))),
                ("if-relevant", rxkad.authdata((1, if_relevant))),
                ("if-relevant, broken", rxkad.authdata((1, b"\x30\x05"))),
                ("kdc-issued", rxkad.authdata((4, b"x"))),
                ("mandatory", rxkad.authdata((8, if_relevant))),
                ("a hundred", rxkad.authdata(*[(1, b"x")] * 100))):
            yield from self.both("fields", "authorization data: " + what,
                                 self.ticket(ad=ad))
        for what, caddr in (
                ("none", der.seq()),
                ("IPv4", rxkad.addresses((2, bytes(4)))),
                ("short", rxkad.addresses((2, bytes(3)))),
                ("IPv6", rxkad.addresses((24, bytes(16)))),
                ("unknown", rxkad.addresses((-5, b"x")))):
            yield from self.both("fields", "addresses: " + what,
                                 self.ticket(caddr=caddr))
        for what, octets, kind, flags in (
                ("checked", b"A.TEST", 1, rxkad.TRANSITED_POLICY_CHECKED),
                ("not checked", b"A.TEST", 1, 0), ("empty", b"", 1, 0),
                ("empty, of no kind", b"", 0, 0),
                ("unknown kind", b"x", 7, 0),
                ("broken", b",,\\", 1, 0)):
            for realm in ("PROTO.TEST", "OTHER.TEST"):
                yield from self.both(
                    "fields", "transited %s, of %s" % (what, realm),
                    self.ticket(transited=octets, tr_type=kind, flags=flags,
                                realm=realm))
        for vno in (4, 6, 0, -5, 1 << 32 | 5):
            ticket = self.ticket(vno=vno)
            yield Case("fields", "tkt-vno %d" % vno, V5, ticket.whole, ticket,
                       False)
        for sname in ([], ["afs"], ["x"] * 9, [b"\0"]):
            ticket = self.ticket(sname=sname)
            yield Case("fields", "sname %s" % sname, V5, ticket.whole, ticket,
                       False)

    def lengths(self):
        """Up to and beyond the limits."""
        base = self.ticket(ad=rxkad.authdata((1, bytes(11000))))
        for form in FORMS:
            size = len(base.octets(form))
            for want in (11999, 12000, 12001, 12100):
                ticket = self.ticket(ad=rxkad.authdata(
                    (1, bytes(11000 + want - size))))
                yield Case("lengths", "%d octets" % len(ticket.octets(form)),
                           form, ticket.octets(form), ticket, False)
            for octets in (b"", b"\x30", bytes(31), bytes(32), b"\x30" * 31,
                           bytes(12000), bytes(12001)):
                yield Case("lengths", "%d octets of %s" % (
                    len(octets), octets[:1].hex()), form, octets, None, False)

    # -- DER --------------------------------------------------------------

    def headers(self):
        """Each bit that is not encrypted."""
        for ticket in (self.ticket(), self.ticket(key=self.by_etype[18]),
                       self.ticket(key=self.des[5])):
            for form in FORMS:
                octets = ticket.octets(form)
                at = octets.index(ticket.cipher)
                for number in range(8 * at):
                    changed = bytearray(octets)
                    changed[number // 8] ^= 1 << number % 8
                    yield Case("headers", "bit %d of octet %d" % (
                        number % 8, number // 8), form, bytes(changed),
                        ticket, False)

    def truncated(self):
        """At every length, and with something behind it."""
        ticket = self.ticket()
        for form in FORMS:
            octets = ticket.octets(form)
            for size in range(len(octets)):
                yield Case("truncated", "at %d" % size, form, octets[:size],
                           ticket, False)
            for tail in (b"\0", b"\0\0", bytes(100), octets):
                yield Case("trailing", "%d octets" % len(tail), form,
                           octets + tail, ticket, False)
        yield Case("form", "whole as 2b", V2B, ticket.whole, ticket, False)
        yield Case("form", "2b as whole", V5, ticket.token, ticket, False)
        for pad in range(1, 20):
            yield self.sealed("trailing", "%d octets of the part" % pad,
                              ticket.part + bytes(pad))
            key = self.by_etype[etypes.DES_MD5]
            padded = self.ticket(key=key, part=ticket.part + bytes(pad))
            yield Case("trailing", "%d octets of the part, DES" % pad, V2B,
                       padded.token, padded, False)

    def structures(self):
        """EncryptedData that is not what it should be."""
        ticket = self.ticket()
        etype = der.ctx(0, der.integer(self.key.etype))
        kvno = der.ctx(1, der.integer(self.key.kvno))
        cipher = der.ctx(2, der.octets(ticket.cipher))
        inside = etype + kvno + cipher

        def long_length(octets, count):
            node = der.parse(octets)
            size = len(node.content).to_bytes(count, "big")
            return octets[:1] + bytes([0x80 | count]) + size + node.content

        def indefinite(octets):
            node = der.parse(octets)
            return octets[:1] + b"\x80" + node.content + b"\0\0"
        half = len(ticket.cipher) // 2
        pieces = b"\x24\x80" + der.octets(ticket.cipher[:half]) + \
            der.octets(ticket.cipher[half:]) + b"\0\0"
        for what, octets in (
                ("good", der.seq(inside)),
                ("indefinite", indefinite(der.seq(inside))),
                ("indefinite field", der.seq(etype, kvno,
                                             indefinite(cipher))),
                ("constructed octets", der.seq(etype, kvno,
                                               der.ctx(2, pieces))),
                *(("length in %d octets" % n,
                   long_length(der.seq(inside), n)) for n in range(3, 9)),
                *(("field's length in %d octets" % n, der.seq(
                    long_length(etype, n), kvno, cipher))
                  for n in range(1, 6)),
                ("etype in two octets", der.seq(der.ctx(0, der.tlv(
                    2, bytes([0, self.key.etype]))), kvno, cipher)),
                ("etype in nine octets", der.seq(der.ctx(0, der.tlv(
                    2, bytes(8) + bytes([self.key.etype]))), kvno, cipher)),
                ("etype of no octets", der.seq(der.ctx(0, der.tlv(2, b"")),
                                               kvno, cipher)),
                ("etype + 2^32", der.seq(der.ctx(0, der.integer(
                    (1 << 32) + self.key.etype)), kvno, cipher)),
                ("kvno in five octets", der.seq(etype, der.ctx(1, der.tlv(
                    2, bytes([0, 0, 0, 0, 5]))), cipher)),
                ("kvno of no octets", der.seq(etype, der.ctx(1, der.tlv(
                    2, b"")), cipher)),
                ("without etype", der.seq(kvno, cipher)),
                ("without cipher", der.seq(etype, kvno, der.ctx(9, bytes(
                    40)))),
                ("another order", der.seq(kvno, etype, cipher)),
                ("etype twice", der.seq(etype, etype, kvno, cipher)),
                ("kvno twice", der.seq(etype, kvno, kvno, cipher)),
                ("cipher twice", der.seq(inside, cipher)),
                ("more fields", der.seq(inside, der.ctx(3, der.integer(1)))),
                ("octets in field 0", der.seq(der.tlv(
                    0, der.integer(self.key.etype) + b"\0", 2, True), kvno,
                    cipher)),
                ("octets in field 2", der.seq(etype, kvno, der.tlv(
                    2, der.octets(ticket.cipher) + b"\0", 2, True))),
                ("a set", der.tlv(17, inside, constructed=True)),
                ("primitive", der.tlv(16, inside)),
                ("cipher as bits", der.seq(etype, kvno, der.ctx(
                    2, der.bits(ticket.cipher)))),
                ("empty cipher", der.seq(etype, kvno, der.ctx(
                    2, der.octets(b""))) + bytes(32)),
                ("cipher of 40 zeros", der.seq(etype, kvno, der.ctx(
                    2, der.octets(bytes(40))))),
                ("implicit", der.seq(der.tlv(0, bytes([self.key.etype]), 2),
                                     kvno, cipher))):
            yield Case("structures", what, V2B, octets, ticket, False)

    def cipher_texts(self):
        """An octet of each block, of every enctype; too short, and empty."""
        for key in self.by_etype.values():
            ticket = self.ticket(key=key)
            for at in (*range(0, len(ticket.cipher), 8), -1):
                cipher = bytearray(ticket.cipher)
                cipher[at] ^= 1 << self.random.randrange(8)
                yield Case("cipher texts", "%r, octet %d" % (key, at), V2B,
                           rxkad.encrypted_data(key.etype, key.kvno,
                                                bytes(cipher)), ticket, False)
            for size in (*range(0, 48), len(ticket.cipher) - 8,
                         len(ticket.cipher) - 1):
                octets = rxkad.encrypted_data(key.etype, key.kvno,
                                              ticket.cipher[:size])
                yield Case("cipher texts", "%r, %d octets" % (key, size), V2B,
                           octets, ticket, False)
            other = self.ticket(key=self.new_key(key.kvno, key.etype))
            yield from self.both("cipher texts", "%r, another" % key, other)

    def parts(self):
        """EncTicketPart: each bit, each octet gone, doubled or another."""
        part = self.ticket(caddr=rxkad.addresses((2, bytes(4))),
                           ad=rxkad.authdata((1, b"x")), renew=self.now).part
        for number in range(8 * len(part)):
            changed = bytearray(part)
            changed[number // 8] ^= 1 << number % 8
            yield self.sealed("parts", "bit %d of octet %d" % (
                number % 8, number // 8), bytes(changed))
        for at in range(len(part)):
            for what, middle in (("gone", b""), ("doubled", part[at:at + 1] *
                                                 2), ("00", b"\0"),
                                 ("7f", b"\x7f"), ("80", b"\x80"),
                                 ("ff", b"\xff")):
                yield self.sealed("parts", "octet %d %s" % (at, what),
                                  part[:at] + middle + part[at + 1:])
        fields = list(der.parse(part).inner())
        for number, field in enumerate(fields):
            rest = [f.raw for f in fields]
            for what, raw in (("gone", b""), ("twice", field.raw * 2),
                              ("empty", der.tlv(field.tag, b"", 2, True))):
                rest[number] = raw
                yield self.sealed("parts", "field %d %s" % (field.tag, what),
                                  der.app(3, der.seq(*rest)))

    # -- version 4 --------------------------------------------------------

    def ticket4(self, kvno, what, **values):
        """A ticket of version 4."""
        ticket = Ticket4(self.des[kvno], now=self.now, **values)
        return Case("version 4", "%s, kvno %d" % (what, kvno), kvno,
                    ticket.token, None, False)

    def version_4(self):
        """Good ones and bad ones, also under kvno 213."""
        for kvno in (5, 0, 213):
            for what, values in (
                    ("good", {}), ("little", {"little": True}),
                    ("instance", {"inst": "admin"}),
                    ("realm", {"realm": "PROTO.TEST"}),
                    ("host", {"host": bytes([192, 0, 2, 1])}),
                    ("little host", {"host": bytes([192, 0, 2, 1]),
                                     "little": True}),
                    ("long life", {"life": 160}), ("no end", {"life": 255}),
                    ("no life", {"life": 0}), ("expired", {"start": -40000}),
                    ("just expired", {"start": -100 * MINUTE, "life": 19}),
                    ("later", {"start": 20 * MINUTE}),
                    ("soon", {"start": 14 * MINUTE}),
                    ("no name", {"name": ""}), ("dot", {"name": "a.b"}),
                    ("long name", {"name": "x" * 64}),
                    ("longest", {"name": "x" * 63}),
                    ("no service", {"sname": ""}),
                    ("tail", {"tail": bytes(16)}),
                    ("service instance", {"sinst": "proto.test"})):
                yield self.ticket4(kvno, what, **values)
        other = Ticket4(self.new_key(5, etypes.DES_MD5), now=self.now)
        yield Case("version 4", "another key", 5, other.token, None, False)
        for kvno in (1, 255, 257):
            yield Case("version 4", "no such kvno", kvno,
                       Ticket4(self.des[5], now=self.now).token, None, False)
        for size in (24, 31, 33, 40, 48):
            yield Case("version 4", "%d octets" % size, 5,
                       Ticket4(self.des[5], now=self.now).token[:size], None,
                       False)

    def version_4_parts(self):
        """Each bit of what is sealed."""
        good = Ticket4(self.des[5], realm="PROTO.TEST", now=self.now)
        for number in range(8 * len(good.plain)):
            changed = bytearray(good.plain)
            changed[number // 8] ^= 1 << number % 8
            yield Case("version 4 parts", "bit %d of octet %d" % (
                number % 8, number // 8), 5, des.pcbc_encrypt(
                    good.key.octets, bytes(changed)), None, False)

    def numbers(self):
        """213 and 256 are the only numbers of version 5."""
        ticket = self.ticket()
        for number in (-1, 0, 5, 212, 214, 255, 257, 511, 213 + (1 << 16),
                       0x7fffffff, -0x80000000, 213 - (1 << 31)):
            for octets in (ticket.token, ticket.whole):
                yield Case("numbers", "%d" % number, number, octets, ticket,
                           False)

    def mixed(self, count):
        """Good tokens of random kinds with a few changes at random."""
        changes = (self._flip, self._cut, self._insert, self._delete)
        for number in range(count):
            ticket = self._any_ticket()
            form = self.random.choice(FORMS)
            octets = ticket.octets(form)
            for _ in range(self.random.choice((0, 1, 1, 2, 3))):
                octets = self.random.choice(changes)(octets)
            yield Case("mixed", "number %d" % number, form, octets, ticket,
                       self.random.random() < 0.2)

    def _any_ticket(self):
        pick = self.random.choice
        key = pick(list(self.by_etype.values()) + [self.key] * 5)
        session = pick(SERVICE)
        part = None
        ticket = self.ticket(
            pick(("user", "admin", "user/x", "host/a.b", "a.b", "kadmin/y")),
            key=self.key,
            session=(session, etypes.new_key(session, self.octets)),
            start=pick((-60, -60, None, 20 * MINUTE, -40 * DAY)),
            end=pick((3600, 3600, -5, 31 * DAY)),
            flags=pick((0, rxkad.TRANSITED_POLICY_CHECKED, rxkad.INVALID)))
        if self.random.random() < 0.5:
            part = ticket.part
            for _ in range(pick((1, 2))):
                part = pick((self._flip, self._cut, self._insert,
                             self._delete))(part)
        return self.ticket(key=key, session=ticket.session,
                           part=part or ticket.part)

    def _at(self, octets):
        # the first octets are where the structure is
        return self.random.randrange(min(len(octets), self.random.choice(
            (8, 64, 1000))) or 1)

    def _flip(self, octets):
        at = self._at(octets)
        return octets[:at] + bytes(o ^ 1 << self.random.randrange(8)
                                   for o in octets[at:at + 1]) + \
            octets[at + 1:]

    def _cut(self, octets):
        return octets[:self.random.randrange(len(octets) + 1)]

    def _insert(self, octets):
        at = self._at(octets)
        return octets[:at] + bytes([self.random.randrange(256)]) + octets[at:]

    def _delete(self, octets):
        at = self._at(octets)
        return octets[:at] + octets[at + 1:]
