"""The krb524 service of the KDC, octet by octet, from an implementation that
shares no code: every length, tag and field of a request, right and wrong.

The tickets are made here with the service's key.  What is refused is followed
by a request that is good.
"""

import os
import socket

from realm import RealmCase, ports
from wire import ap, der, krb524
from wire.krb524 import (
    AES128, AES256, BAD_PATH, BADADDR, BADKEYVER, BADVERSION, C_UNKNOWN,
    ENCFULL, ETYPE_NOSUPP, EXPIRED, NOT_YET_VALID, POLICY, S_UNKNOWN,
    TAMPERED, TRTYPE_NOSUPP)

CELL = "afs/ext.test"
# TicketFlags
INVALID, ANONYMOUS, PATH_CHECKED = 1 << 24, 1 << 15, 1 << 19
BATCH = 40                              # datagrams that a socket holds
INET = 2                                # address type
HERE, ELSEWHERE = bytes([127, 0, 0, 1]), bytes([192, 0, 2, 1])


class Krb524Case(RealmCase):
    """A realm whose KDC converts tickets for a cell."""

    realm_args = {"kdc": {"enable-524": True,
                          "use_2b": {CELL + "@EXT.TEST": True}},
                  "kadmin": {"default_keys": [
                      "aes256-cts-hmac-sha1-96:pw-salt",
                      "aes128-cts-hmac-sha1-96:pw-salt"]}}

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.realm.add(CELL)
        cls.key = cls.key_of(CELL)

    @classmethod
    def key_of(cls, principal, etype=AES256):
        """The newest key of a principal."""
        return max((e for e in cls.realm.keys(principal)
                    if e.etype == etype), key=lambda entry: entry.kvno)

    def issue(self, service=None, **kw):
        """DER of a ticket that the KDC did not issue, in the cell's key."""
        return ap.issue(service or self.key, **kw).ticket

    def ask(self, ticket, transport="udp"):
        return krb524.ask(self.realm.port, ticket, transport)

    def assert_good(self, transport="udp"):
        ticket = self.issue()
        reply = self.ask(ticket, transport)
        self.assertEqual((reply.status, reply.token),
                         (0, krb524.enc_part(ticket)))

    def assert_refused(self, status, ticket, opened=True):
        """Refused; by datagram only where the ticket could be opened."""
        reply = self.ask(ticket, "tcp")
        self.assertEqual(reply.status, status, reply)
        self.assertEqual(len(reply.octets), 4)
        if opened:
            self.assertEqual(self.ask(ticket, "udp").status, status)
        else:
            self.assert_silent(ticket)
        self.assert_good()

    def assert_silent(self, *requests):
        """No datagram gets an answer: the first one that comes is that to
        the good request behind them."""
        for start in range(0, len(requests), BATCH):
            self._assert_silent(requests[start:start + BATCH])

    def _assert_silent(self, requests):
        good = self.issue()
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            sock.settimeout(10)
            sock.connect((ports.LOOPBACK, self.realm.port))
            for request in requests:
                sock.send(request)
            sock.send(good)
            reply = krb524.Reply(sock.recv(65536))
        self.assertEqual(reply.token, krb524.enc_part(good))


class ReplyTest(Krb524Case):
    """What a good ticket becomes."""

    def test_the_octets_of_a_reply(self):
        # REQ: RK-27, RK-32
        ticket = self.issue()
        for transport in "udp", "tcp":
            with self.subTest(transport):
                reply = self.ask(ticket, transport)
                token = krb524.enc_part(ticket)
                self.assertEqual(reply.octets[:8].hex(), "00000000000000d5")
                self.assertEqual(reply.octets, krb524.success(token))
                self.assertEqual(len(reply.octets), 1266)

    def test_the_token_is_the_tickets_own(self):
        # REQ: RK-28, RK-31
        for etype in AES128, AES256:
            key = self.key_of(CELL, etype)
            for kw in ({}, {"kvno": None}, {"ad": krb524.if_relevant_of(300)},
                       {"addresses": [(INET, HERE)]},
                       {"flags": PATH_CHECKED, "realm": "OTHER.TEST"}):
                with self.subTest(etype=etype, **kw):
                    ticket = self.issue(key, **kw)
                    reply = self.ask(ticket)
                    self.assertEqual(reply.token, krb524.enc_part(ticket))

    def test_an_older_key_opens_a_ticket(self):
        self.realm.add("afs/older.test")
        old = self.key_of("afs/older.test")
        self.realm.change_keys("afs/older.test")
        self.realm.restart(kdc={"use_2b": {"afs/older.test@EXT.TEST": True}})
        reply = self.ask(self.issue(old))
        self.assertEqual(krb524.Token(reply.token, old.key).kvno, old.kvno)

    def test_the_log_has_one_line_and_no_secret(self):
        ticket = ap.issue(self.key)
        self.assertEqual(self.ask(ticket.ticket).status, 0)
        lines = [line for line in self.realm.log.lines() if "krb524" in line]
        self.assertEqual(len(lines), 1, lines)
        self.assertRegex(lines[0], r"user@EXT\.TEST from IPv4:127\.0\.0\.1 "
                         r"for afs/ext\.test@EXT\.TEST: 2b token of \d+ "
                         r"octets, enctype 18, kvno 1")
        text = self.realm.log.text().lower()
        for secret in ticket.session[1], self.key.key:
            self.assertNotIn(secret.hex(), text)


class LengthTest(Krb524Case):
    """RK-33: what fits into a reply."""

    def sized(self, length):
        """A ticket whose token has that many octets."""
        extra = length
        while True:
            ticket = self.issue(ad=krb524.if_relevant_of(extra))
            too_long = len(krb524.enc_part(ticket)) - length
            if too_long == 0:
                return ticket
            extra -= max(too_long, 1) if too_long > 0 else -1

    def test_1250_octets_fit_and_1251_do_not(self):
        # REQ: RK-33
        for length in 1249, 1250:
            reply = self.ask(self.sized(length))
            self.assertEqual(len(reply.token), length)
        for length in 1251, 1252, 1266, 1300, 3000:
            with self.subTest(length):
                self.assert_refused(ENCFULL, self.sized(length))


class TicketTest(Krb524Case):
    """RK-34: what is wrong with a ticket that opens."""

    def test_times(self):
        # REQ: RK-34
        self.assert_refused(EXPIRED, self.issue(start=-7200, end=-2))
        self.assert_refused(NOT_YET_VALID, self.issue(start=400, end=7200))
        self.assertEqual(self.ask(self.issue(start=200, end=7200)).status, 0)

    def test_flags(self):
        # REQ: RK-34
        self.assert_refused(NOT_YET_VALID, self.issue(flags=INVALID))
        self.assert_refused(POLICY, self.issue(flags=ANONYMOUS))

    def test_addresses(self):
        # REQ: RK-34
        self.assert_refused(BADADDR,
                            self.issue(addresses=[(INET, ELSEWHERE)]))
        both = self.issue(addresses=[(INET, ELSEWHERE), (INET, HERE)])
        self.assertEqual(self.ask(both).status, 0)

    def test_clients(self):
        # REQ: RK-34
        self.assert_refused(C_UNKNOWN, self.issue(client="nobody"))
        self.realm.add("locked", password="x")
        self.realm.modify("locked", "--attributes=disallow-all-tix")
        self.assert_refused(POLICY, self.issue(client="locked"))

    def test_transited_realms(self):
        # REQ: RK-29
        foreign = {"realm": "OTHER.TEST", "client": "nobody"}
        self.assertEqual(self.ask(self.issue(**foreign)).status, 0)
        self.assert_refused(BAD_PATH, self.issue(
            transited=b"EVIL.ORG", tr_type=1, **foreign))
        for realms in (b"EVIL.ORG", b""):
            self.assert_refused(TRTYPE_NOSUPP, self.issue(
                transited=realms, tr_type=77, **foreign))
        # a client of this realm's has come through none
        self.assertEqual(self.ask(self.issue(
            transited=b"EVIL.ORG", tr_type=77)).status, 0)
        # some KDCs write 0 where there is none
        self.assertEqual(self.ask(self.issue(tr_type=0, **foreign)).status, 0)
        self.assert_refused(TRTYPE_NOSUPP, self.issue(
            transited=b"EVIL.ORG", tr_type=0, **foreign))
        # there is no path between these two
        self.assert_refused(BAD_PATH, self.issue(
            transited=b",", tr_type=1, realm="OTHER.ORG", client="nobody"))
        self.assertEqual(self.ask(self.issue(
            transited=b"EVIL.ORG", tr_type=1, flags=PATH_CHECKED,
            **foreign)).status, 0)


class KeyTest(Krb524Case):
    """Tickets that do not open: no answer to a datagram."""

    def test_versions_of_keys(self):
        # REQ: RK-34
        for kvno in 2, 77, 255, 65536, 2 ** 31 - 1, -1:
            with self.subTest(kvno):
                self.assert_refused(BADKEYVER, self.issue(kvno=kvno), False)
        self.assertEqual(self.ask(self.issue(kvno=0)).status, 0)

    def test_encryption_types(self):
        # REQ: RK-34
        for etype in 0, 1, 3, 16, 255, 65536, -1:
            with self.subTest(etype):
                self.assert_refused(ETYPE_NOSUPP, self.issue(etype=etype),
                                    False)
        self.assert_refused(TAMPERED, self.issue(etype=AES128), False)

    def test_another_key(self):
        # REQ: RK-34
        self.assert_refused(TAMPERED, self.issue(key=os.urandom(32)), False)
        self.assert_refused(TAMPERED, self.issue(spoil=True), False)

    def test_services(self):
        # REQ: RK-34
        for name in "nobody", "afs", "afs/ext.test/x", "afs/" + 300 * "x":
            with self.subTest(name):
                self.assert_refused(S_UNKNOWN, self.issue(sname=name), False)
        foreign = self.key._replace(principal=CELL + "@OTHER.TEST")
        self.assert_refused(S_UNKNOWN, self.issue(foreign), False)

    def test_version_of_the_ticket(self):
        for vno in 4, 6, 0, -1:
            with self.subTest(vno):
                self.assert_refused(BADVERSION, self.issue(vno=vno), False)


class RequestTest(Krb524Case):
    """What is no request gets no answer."""

    def assert_no_answer(self, octets):
        """Not over TCP either, and the KDC goes on."""
        try:
            answer = krb524.ask_once(self.realm.port, octets, "tcp")
        except ConnectionError:
            return
        self.fail("an answer of %d octets to %s" % (len(answer),
                                                    octets.hex()))

    def test_cut_at_every_length(self):
        # REQ: RK-32
        ticket = self.issue()
        self.assert_silent(*(ticket[:n] for n in range(1, len(ticket))))
        for n in range(1, len(ticket), 40):
            self.assert_no_answer(ticket[:n])
        self.assert_good("tcp")

    def test_octets_behind_it(self):
        # REQ: RK-32
        ticket = self.issue()
        self.assert_silent(ticket + b"\0", ticket + ticket,
                           ticket + bytes(1000))
        self.assert_no_answer(ticket + b"\0")
        self.assert_good("tcp")

    def test_other_tags(self):
        # REQ: RK-32
        ticket = self.issue()
        for tag in 0x30, 0x60, 0x62, 0x6e, 0x41, 0xa1, 0x00, 0xff:
            with self.subTest(tag):
                self.assert_silent(bytes([tag]) + ticket[1:])
        for bare in (krb524.enc_part(ticket), b"\x61\x80\0\0", b"\x61\0",
                     b"\x61\x84\xff\xff\xff\xff", b"\0", b"x" * 1266):
            self.assert_silent(bare)

    def test_every_octet_of_the_outside_changed(self):
        """Nothing crashes, and only what is good gets a token."""
        # REQ: RK-32
        ticket = self.issue()
        cipher = krb524.Token(krb524.enc_part(ticket)).cipher
        outside = ticket.index(cipher)
        good = krb524.enc_part(ticket)
        for at in range(outside):
            for other in ticket[at] ^ 1, ticket[at] ^ 0x80, 0, 0xff:
                changed = ticket[:at] + bytes([other]) + ticket[at + 1:]
                if changed == ticket:
                    continue
                try:
                    reply = krb524.Reply(krb524.ask_once(
                        self.realm.port, changed, "tcp"))
                except ConnectionError:
                    continue            # no Ticket
                if reply.status == 0:   # e.g. another name type
                    self.assertEqual(reply.token[-len(cipher):], cipher)
        self.assert_good()
        self.assertEqual(len(good), len(krb524.enc_part(self.issue())))

    def test_fields_twice_and_out_of_order(self):
        ticket = der.parse(self.issue())
        fields = [node.raw for node in ticket.inner()]
        for order in ((0, 1, 2), (0, 1, 2, 3, 3), (3, 2, 1, 0), (1, 2, 3),
                      (0, 0, 1, 2, 3), ()):
            with self.subTest(order):
                self.assert_silent(der.app(1, der.seq(
                    *(fields[n] for n in order))))
