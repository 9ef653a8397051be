"""OpenAFS's ptserver, with tokens that the tests' own encoder makes: what it
accepts and with which codes it refuses, on the wire.  Ours is held to the same
in wire/t_rxkad_differential.py."""

import collections
import tempfile
import time
import unittest

from realm import afs
from wire import der, etypes, rxkad
from wire.rxkad import V2B, V5, Key, Ticket
from wire.rxkad_cases import Cases

FORMS = (V2B, V5)
LEVELS = ("clear", "auth", "crypt")
SERVICE = (etypes.DES_CRC, etypes.DES_MD4, etypes.DES_MD5, etypes.DES3,
           etypes.AES128, etypes.AES256, etypes.RC4)
SESSION = (*SERVICE, etypes.AES128_SHA2, etypes.AES256_SHA2)
MINUTE, DAY = 60, 24 * 3600
SAMPLE = 25                             # cases of each group
ADMIN_ENTRIES = 3                       # anonymous, admin, user


class Ptserver(unittest.TestCase):
    """A cell with a key of every enctype, of two kvnos."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        des = Key(5, etypes.DES_MD5), Key(260, etypes.DES_MD5)
        cls.keys = {(kvno, etype): Key(kvno, etype) for kvno in (5, 260)
                    for etype in SERVICE if etype not in etypes.DES_TYPES}
        cls.keys.update({(key.kvno, etype): Key(key.kvno, etype, key.octets)
                         for key in des for etype in etypes.DES_TYPES})
        cls.key = cls.keys[5, etypes.AES256]
        stored = [key for (_, etype), key in cls.keys.items()
                  if etype not in etypes.DES_TYPES]
        cls.cell = cls._enter(afs.Cell([*stored, *des]))
        cls.client = cls._enter(cls.cell.client())

    @classmethod
    def _enter(cls, context):
        value = context.__enter__()
        cls.addClassCleanup(context.__exit__, None, None, None)
        return value

    def ticket(self, client="admin", **values):
        """For the AES256 key, of the administrator."""
        return Ticket(values.pop("key", self.key), client, **values)

    def accepted(self, ticket, forms=FORMS, levels=LEVELS):
        """PR_ListEntries works at every level and in both forms."""
        for form in forms:
            for level in levels:
                code, number = self.client.call(level, ticket, form, "list")
                self.assertEqual(code, 0, (form, level, ticket.key))
                self.assertGreaterEqual(number, ADMIN_ENTRIES)

    def refused(self, cases):
        """cases: (code, form, octets, DES key, what).  Each is refused with
        its code, and a good ticket is taken after them."""
        cases = list(cases)
        answers = self.cell.call_all(
            ("auth", des_key, form, octets, "list")
            for _, form, octets, des_key, _ in cases)
        for (code, form, _, _, what), (got, _) in zip(cases, answers):
            with self.subTest(form=form, what=what):
                self.assertEqual(got, code)
        print("%s: %d refused" % (self.id(), len(cases)))
        self.accepted(self.ticket(), levels=("auth",))

    @staticmethod
    def both(code, ticket, what):
        """A ticket in both forms, as cases of refused()."""
        return [(code, form, ticket.octets(form), ticket.des_key, what)
                for form in FORMS]


class Accepted(Ptserver):

    def test_every_enctype(self):
        """Service and session key of every enctype, both kvnos of the
        service, both forms, every level."""
        # REQ: RK-03, RK-04, RK-05, RK-08
        count = 0
        for key in self.keys.values():
            for session in SESSION:
                with self.subTest(key=key, session=session):
                    self.accepted(self.ticket(
                        key=key, session=(session, etypes.new_key(session))))
                    count += len(FORMS) * len(LEVELS)
        print("%d calls accepted" % count)

    def test_who(self):
        """The name is the ticket's: a user may make a group of his own and
        no other's, and list nothing."""
        # REQ: RK-18
        user = self.ticket("user")
        for number, (form, level) in enumerate(
                (f, l) for f in FORMS for l in LEVELS):
            code, entry = self.client.call(
                level, user, form, "new", "user:g%d" % number)
            self.assertEqual(code, 0)
            self.assertLess(entry, 0)
            self.assertEqual(self.client.call(
                level, user, form, "new", "admin:g%d" % number)[0],
                afs.BADNAM)
            self.assertEqual(
                self.client.call(level, user, form, "list")[0], afs.PERM)

    def test_nobody(self):
        self.assertEqual(self.client.anonymous("list")[0], afs.PERM)

    def test_foreign_realm(self):
        """Another realm's admin is not ours."""
        # REQ: RK-21
        ticket = self.ticket(realm="OTHER.TEST")
        for form in FORMS:
            self.assertEqual(self.client.call("auth", ticket, form,
                                              "list")[0], afs.PERM)
        self.accepted(self.ticket(realm="PROTO.TEST"))

    def test_times(self):
        """Within the skew of 15 minutes, a life of 30 days; authtime where
        there is no starttime."""
        # REQ: RK-17
        for values in ({"start": 14 * MINUTE}, {"start": -2, "end": 5},
                       {"start": -3600, "end": 30 * DAY - 3600},
                       {"start": None, "auth": -60},
                       {"start": None, "auth": 14 * MINUTE}):
            with self.subTest(values):
                self.accepted(self.ticket(**values))

    def test_what_is_not_looked_at(self):
        """Authorization data, addresses, the realms between, the service's
        name."""
        # REQ: RK-22, RK-23, RK-24
        for values in ({"ad": rxkad.authdata((999, b"critical"))},
                       {"caddr": rxkad.addresses((2, bytes([192, 0, 2, 1])))},
                       {"transited": b"A.TEST,B.TEST", "flags": 0},
                       {"transited": b"?", "tr_type": 99, "flags": 0},
                       {"sname": ("host", "x.test")}):
            with self.subTest(values):
                self.accepted(self.ticket(**values))

    def test_trailing_octets(self):
        """Octets behind the DER are taken: ours refuses them."""
        ticket = self.ticket()
        for form in FORMS:
            for tail in (b"\0", bytes(100)):
                self.assertEqual(self.client.raw(
                    "auth", ticket.des_key, form, ticket.octets(form) + tail,
                    "list")[0], 0)

    def test_largest(self):
        """8440 octets are the most that reach the server."""
        # REQ: RK-06
        small = len(self.ticket(ad=rxkad.authdata((1, bytes(5000)))).token)
        ticket = self.ticket(ad=rxkad.authdata((1, bytes(
            5000 + 8440 - small))))
        self.assertEqual(len(ticket.token), 8440)
        self.accepted(ticket, (V2B,))

    def test_version_4(self):
        """Tickets of version 4, under the DES keys."""
        # REQ: RK-09
        for key in self.keys.values():
            if key.etype != etypes.DES_MD5 or key.kvno > 255:
                continue
            for little in (False, True):
                ticket = rxkad.Ticket4(key, "admin", little=little)
                for level in LEVELS:
                    self.assertEqual(self.client.raw(
                        level, ticket.des_key, key.kvno, ticket.token,
                        "list")[0], 0)


class Refused(Ptserver):

    def test_integrity(self):
        """An octet of each sixteenth of the cipher text, and the last."""
        cases = []
        for key in self.keys.values():
            ticket = self.ticket(key=key)
            for at in [*range(0, len(ticket.cipher), 16), -1]:
                cipher = bytearray(ticket.cipher)
                cipher[at] ^= 0x40
                cases.append((
                    rxkad.BADTICKET, V2B, rxkad.encrypted_data(
                        key.etype, key.kvno, bytes(cipher)), ticket.des_key,
                    (key, at)))
        self.refused(cases)

    def test_levels(self):
        """A refusal is the same at every level."""
        ticket = self.ticket(spoil=True)
        for (code, _), level in zip(self.cell.call_all(
                (level, ticket.des_key, V2B, ticket.token, "list")
                for level in LEVELS), LEVELS):
            self.assertEqual(code, rxkad.BADTICKET, level)
        self.accepted(self.ticket())

    def test_other_key(self):
        self.refused(case for key in self.keys.values() for case in self.both(
            rxkad.BADTICKET, self.ticket(key=Key(key.kvno, key.etype)), key))

    def test_kvno(self):
        """The key's number is EncryptedData's, and there is none for 0."""
        # REQ: RK-03
        self.refused(
            case for kvno in (4, 6, 0, -1, None, 213, 256, 0x7fffffff)
            for case in self.both(rxkad.UNKNOWNKEY, self.ticket(kvno=kvno),
                                  kvno))

    def test_rx_kvno(self):
        """213 and 256 only: anything else is a ticket of version 4."""
        # REQ: RK-02
        ticket = self.ticket()
        self.refused([(rxkad.UNKNOWNKEY, kvno, ticket.token, ticket.des_key,
                       "") for kvno in (0, -1, 6, 255, 257)] +
                     [(rxkad.BADTICKET, 5, ticket.token[:-5], ticket.des_key,
                       "as version 4")])

    def test_service_enctype(self):
        """It has no RFC 8009 as service key."""
        self.refused(
            case for etype in (etypes.AES128_SHA2, etypes.AES256_SHA2, 0, -1,
                               99)
            for case in self.both(rxkad.UNKNOWNKEY, self.ticket(etype=etype),
                                  etype))

    def test_session_key(self):
        """The client has another one."""
        ticket = self.ticket()
        other = bytes(octet ^ 0x10 for octet in ticket.des_key)
        self.refused((rxkad.SEALEDINCON, form, ticket.octets(form), other, "")
                     for form in FORMS)

    def test_session_enctype(self):
        """A DES key is 8 octets, one to derive from at least 7."""
        # REQ: RK-07
        cases = []
        for etype, size in ((3, 7), (3, 9), (16, 23), (18, 6), (0, 8),
                            (-1, 16)):
            ticket = self.ticket(session=(etype, bytes(size)))
            cases += [(rxkad.BADTICKET, form, ticket.octets(form), bytes(8),
                       (etype, size)) for form in FORMS]
        self.refused(cases)

    def test_times(self):
        # REQ: RK-16, RK-17
        self.refused(case for code, values in (
            (rxkad.EXPIRED, {"start": -3600, "end": -1}),
            (rxkad.EXPIRED, {"start": -3600, "end": -600}),
            (rxkad.NOAUTH, {"start": 16 * MINUTE}),
            (rxkad.NOAUTH, {"flags": rxkad.INVALID}),
            (rxkad.BADTICKET, {"start": 60, "end": 60}),
            (rxkad.BADTICKET, {"start": 120, "end": 60}),
            (rxkad.BADTICKET, {"start": 31 * DAY, "end": 32 * DAY}),
            (rxkad.BADTICKET, {"start": -1, "end": 30 * DAY}))
                     for case in self.both(code, self.ticket(**values),
                                           values))

    def test_names(self):
        # REQ: RK-18, RK-19
        self.refused(
            case for client in ("foo.admin", "foo.admin/x", "a/b/c",
                                ["a", "b", "c", "d"], [], "host/nodot")
            for case in self.both(rxkad.BADTICKET, self.ticket(client),
                                  client))

    def test_length(self):
        # REQ: RK-15
        token = self.ticket().token
        self.refused((rxkad.TICKETLEN, form, octets, bytes(8), len(octets))
                     for form in FORMS for octets in (b"", token[:31]))

    def test_truncated(self):
        """At every seventh length."""
        # REQ: RK-15
        ticket = self.ticket()
        self.refused((rxkad.ASN1_OVERRUN, form, ticket.octets(form)[:size],
                      ticket.des_key, size) for form in FORMS
                     for size in range(rxkad.MIN_TICKET,
                                       len(ticket.octets(form)), 7))

    def test_form(self):
        """213 with a whole ticket, 256 with the EncryptedData."""
        # REQ: RK-11
        ticket = self.ticket()
        self.refused((rxkad.ASN1_BAD_ID, form, octets, ticket.des_key, "")
                     for form, octets in ((V2B, ticket.whole),
                                          (V5, ticket.token)))

    def test_no_v4_at_213(self):
        """OpenAFS does not fall back."""
        # REQ: RK-13
        ticket = rxkad.Ticket4(self.keys[5, etypes.DES_MD5], "admin")
        (code, _), = self.cell.call_all([
            ("auth", ticket.des_key, V2B, ticket.token, "list")])
        self.assertEqual(code & ~0xff, rxkad.ASN1)
        self.accepted(self.ticket())

    def test_no_part(self):
        """What is sealed is not an EncTicketPart."""
        self.refused(
            case for part in (b"\0" * 40, der.seq(), der.app(3, der.seq()))
            for case in self.both(rxkad.BADTICKET, self.ticket(part=part),
                                  part))


class Decoder(unittest.TestCase):
    """ptserver says what the parts of it that t_rxkad_differential.py
    compares ours with say, and so the comparison holds for the server."""

    def test_same(self):
        """Some of each group of cases."""
        # REQ: RK-15, RK-16, RK-17, RK-18, RK-19
        now = int(time.time())
        cases = Cases(now)
        groups = collections.defaultdict(list)
        for case in cases.all():
            groups[case.group].append(case)
        chosen = [case for group, found in sorted(groups.items())
                  for case in cases.random.sample(found,
                                                  min(len(found), SAMPLE))
                  if not case.dots and self.can_be_sent(case, now)]
        keys = [key for key in cases.keys if key.kvno >= 0]
        with tempfile.TemporaryDirectory() as directory, \
                afs.openafs_decoder(directory) as decoder, \
                afs.Cell(keys) as cell:
            decoder.keys(keys)
            want, calls = [], []
            for case in chosen:
                code, who = decoder.decode(case.form, case.octets)
                want.append(code)
                calls.append(("auth", who.des_key if who else bytes(8),
                              case.form, case.octets, "list"))
            answers = cell.call_all(calls)
        self.compare(chosen, want, answers)

    @staticmethod
    def can_be_sent(case, now):
        """Not what is over any moment (of version 4 not what is over for less
        than the skew either, which the connection refuses), what a packet
        has no room for, and what ends the server: sixteen octets of DES with
        a digest."""
        ticket = case.ticket
        return len(case.octets) < 8000 and "just" not in case.what and (
            ticket is None or abs(ticket.end - now) > 3600 - 2) and not (
                case.group == "cipher texts" and ", 16 octets" in case.what)

    def compare(self, chosen, want, answers):
        """What is accepted is nobody's who may list."""
        accepted = 0
        for case, code, (got, _) in zip(chosen, want, answers):
            with self.subTest(group=case.group, what=case.what):
                self.assertEqual(got, afs.PERM if code == 0 else code)
            accepted += code == 0
        print("%d cases, %d of them accepted" % (len(chosen), accepted))
        self.assertGreater(min(accepted, len(chosen) - accepted), 50)


if __name__ == "__main__":
    unittest.main()
