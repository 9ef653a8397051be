"""impacket as initiator with our acceptor: its own exchange, as it is; and made
of its pieces what Windows' clients send, and Samba's: no checksum, an ordinary
checksum, channel bindings, the retry after clock skew."""

import time
import unittest

import peers
from realm.extra import BOUND, ExtraCase, Server
from realm.talk import Call
from wire import ap, gss

HOUR = 3600
KRB5_BASE = -1765328384                 # error 0 of the protocol, as minor
FAILURE, BAD_BINDINGS = 13 << 16, 4 << 16
SKEW = 37
BY_CHECKSUM = 0x3f                      # the flags of RFC 4121 4.1.1.1
CHANNEL = "--bindings=channel"
SAME, OTHER, NONE = (ap.bindings(b"channel"), ap.bindings(b"other"),
                     ap.NOT_BOUND)


class ImpacketCase(ExtraCase):
    """A ticket in impacket's hands."""

    @classmethod
    def setUpClass(cls):
        peers.impacket()
        super().setUpClass()
        # pylint: disable=import-outside-toplevel
        from interop import impacket_initiator
        cls.parts = impacket_initiator
        cls.client.kgetcred(cls.realm.service)
        cls.who = impacket_initiator.Initiator(cls.realm, cls.client)
        cls.server = Server(cls)
        cls.bound = Server(cls, CHANNEL)
        cls.required = Server(cls, CHANNEL, require_channel_bindings=True)

    def accepted(self, token, server=None, flags=None, answer=True):
        """The context is complete, with these flags of the checksum; whether
        there is an AP-REP."""
        with Call(server or self.server) as call:
            call.send(token)
            reply = call.receive() if answer else None
        line = call.line
        self.assertEqual((line.outcome, line.src),
                         ("established", "user@EXT.TEST"), line)
        if flags is not None:
            self.assertEqual(line.flags & BY_CHECKSUM, flags, line)
        if answer:
            self.who.open_ap_rep(reply)
        return line

    def refused(self, token, server=None, major=None, minor=None):
        """It is not, and a good token is taken after it."""
        server = server or self.server
        with Call(server) as call:
            call.ask(token)
        self.nobody(call.line)
        if major is not None:
            self.assertEqual(call.line.major, major, call.line)
        if minor is not None:
            self.assertEqual(call.line.minor, minor, call.line)
        self.accepted(self.who.token(self.parts.checksum_8003(
            ap.ALL, SAME)), server, ap.ALL)


class Checksums(ImpacketCase):
    """What is in the Authenticator's checksum, or that there is none."""

    def test_own_exchange(self):
        """SPNEGO, DCE style: impacket reads our AP-REP, and we its third
        token."""
        # REQ: GL-24
        token, state = self.who.own_first("server.ext.test")
        with Call(self.server) as call:
            answer = call.ask(token)
            self.assertTrue(gss.describe(answer).startswith("negTokenResp"))
            call.send(self.who.own_last(state, answer))
            call.receive()
        self.assertEqual((call.line.outcome, call.line.src),
                         ("established", "user@EXT.TEST"), call.line)
        self.assertEqual(call.line.flags & 0x1000, 0x1000, call.line)

    def test_flags(self):
        """The AP-REP is impacket's to read, the flags are what it sent."""
        # REQ: XT-78
        for flags in (ap.ALL, ap.MUTUAL, ap.MUTUAL | ap.INTEG):
            self.accepted(self.who.token(self.parts.checksum_8003(flags)),
                          flags=flags)
        self.accepted(self.who.token(self.parts.checksum_8003(
            ap.INTEG), mutual=False), flags=ap.INTEG, answer=False)

    def test_no_checksum(self):
        """No flags, whatever ap-options ask for, and so no AP-REP."""
        # REQ: KI-11
        for mutual in (True, False):
            self.accepted(self.who.token(mutual=mutual), flags=0,
                          answer=False)

    def test_no_checksum_and_bindings(self):
        """They are not looked at, unless they are required or the initiator
        says that it has some."""
        # REQ: KI-12, KI-16, KI-17
        aware = self.parts.bindings_aware()
        line = self.accepted(self.who.token(), self.bound, 0, answer=False)
        self.assertEqual(line.flags & BOUND, 0, line)
        self.refused(self.who.token(), self.required, BAD_BINDINGS)
        for server in (self.bound, self.required):
            self.refused(self.who.token(authdata=aware), server,
                         BAD_BINDINGS)

    def test_ordinary_checksum(self):
        """Over nothing, as Samba's: verified, and the flags are guessed from
        ap-options."""
        # REQ: KI-13
        guessed = ap.REPLAY | ap.SEQUENCE
        checksum = self.who.plain_checksum()
        self.accepted(self.who.token(checksum), flags=guessed | ap.MUTUAL)
        self.accepted(self.who.token(checksum, mutual=False), flags=guessed,
                      answer=False)

    def test_wrong_ordinary_checksum(self):
        # REQ: KI-13
        kind, octets = self.who.plain_checksum()
        bad = octets[:-1] + bytes([octets[-1] ^ 1])
        for checksum in ((kind, bad), (kind, b""), (kind, octets[:4]),
                         self.who.plain_checksum(b"x"), (7, octets)):
            with self.subTest(checksum=checksum):
                self.refused(self.who.token(checksum))


class Bindings(ImpacketCase):
    """The acceptor has channel bindings: what is in the checksum, and whether
    the initiator says that it knows of them."""

    def cases(self, server, cases):
        """cases: (what the checksum has, aware, accepted, bound)."""
        for hashed, aware, accepted, bound in cases:
            with self.subTest(hashed=hashed.hex(), aware=aware):
                token = self.who.token(
                    self.parts.checksum_8003(ap.ALL, hashed),
                    authdata=self.parts.bindings_aware() if aware else ())
                if accepted:
                    line = self.accepted(token, server, ap.ALL)
                    self.assertEqual(line.flags & BOUND,
                                     BOUND if bound else 0, line)
                else:
                    self.refused(token, server, BAD_BINDINGS)

    def test_not_required(self):
        # REQ: KI-17, KI-19
        self.cases(self.bound, [
            (SAME, False, True, True), (SAME, True, True, True),
            (OTHER, False, False, False), (OTHER, True, False, False),
            (NONE, False, True, False), (NONE, True, False, False)])

    def test_required(self):
        # REQ: KI-16, KI-17
        self.cases(self.required, [
            (SAME, False, True, True), (SAME, True, True, True),
            (OTHER, False, False, False), (OTHER, True, False, False),
            (NONE, False, False, False), (NONE, True, False, False)])

    def test_acceptor_without(self):
        # REQ: KI-17
        self.cases(self.server, [
            (hashed, aware, True, False) for hashed in (SAME, OTHER, NONE)
            for aware in (False, True)])


class Retry(ImpacketCase):
    """After clock skew Windows' clients try again on the same context."""

    def skewed(self, call, **values):
        """A first token an hour late is answered with KRB_AP_ERR_SKEW."""
        error, data = self.parts.read_error(call.ask(self.who.token(
            self.parts.checksum_8003(ap.ALL), when=time.time() - HOUR,
            **values)))
        self.assertEqual(int(error["error-code"]), SKEW)
        self.assertEqual(data, bytes.fromhex("3005a103020102"))
        self.assertFalse(error["e-text"].hasValue())
        now = self.parts.time_of(error["stime"])
        self.assertLess(abs(now - time.time()), 5)
        return now

    def test_retry(self):
        """The keys and the number of the retry count, not the first's."""
        # REQ: KI-09, KI-10
        old, new = ap.new_key(), ap.new_key()
        with Call(self.server) as call:
            now = self.skewed(call, subkey=old, seq=1000)
            answer = call.ask(self.who.token(
                self.parts.checksum_8003(ap.ALL), when=now, subkey=new,
                seq=2000))
            theirs, number = self.who.open_ap_rep(answer)
            self.assertNotIn(theirs, (old, new))
            call.initiate_messages(ap.Messages(
                False, theirs or new, theirs is not None, 2000, number))
        self.assertEqual((call.line.result, call.line.flags & BY_CHECKSUM),
                         ("complete", ap.ALL), call.line)

    def test_old_subkey(self):
        """A retry without mutual authentication: the acceptor has no subkey,
        and a message under the first token's is refused."""
        # REQ: KI-10
        for key, result in ((0, "failed"), (1, "complete")):
            keys = ap.new_key(), ap.new_key()
            with Call(self.server) as call:
                now = self.skewed(call, subkey=keys[0])
                call.send(self.who.token(
                    self.parts.checksum_8003(ap.ALL & ~ap.MUTUAL), when=now,
                    subkey=keys[1], mutual=False))
                messages = ap.Messages(False, keys[key], False, 1, 1)
                if key == 0:
                    call.send(messages.wrap(b"under the old key"))
                    call.receive()
                else:
                    call.initiate_messages(messages)
            self.assertEqual((call.line.outcome, call.line.result),
                             ("established", result), call.line)

    def test_second_skew(self):
        """One retry: then it is over."""
        # REQ: KI-10
        with Call(self.server) as call:
            self.skewed(call)
            call.ask(self.who.token(self.parts.checksum_8003(ap.ALL),
                                    when=time.time() - HOUR))
        self.nobody(call.line)
        self.assertEqual((call.line.major, call.line.minor),
                         (FAILURE, KRB5_BASE + SKEW), call.line)
        self.accepted(self.who.token(self.parts.checksum_8003(ap.ALL)))

    def test_the_first_token_again(self):
        """The retry is judged like any other."""
        # REQ: KI-10
        with Call(self.server) as call:
            token = self.who.token(self.parts.checksum_8003(ap.ALL),
                                   when=time.time() - HOUR)
            self.parts.read_error(call.ask(token))
            call.ask(token)
        self.nobody(call.line)
        self.accepted(self.who.token(self.parts.checksum_8003(ap.ALL)))


if __name__ == "__main__":
    unittest.main()
