"""An acceptor in Python answers our initiator, who asks for no mutual
authentication and waits all the same ([gssapi] extra_tokens_without_mutual):
what it takes, with which keys, and what it does not."""

import time
import unittest

from realm.extra import NOT_MUTUAL, ExtraCase
from realm.talk import Stub
from wire import ap, gss, krb
from wire import krb_error2 as k2

KRB5_BASE = -1765328384                 # error 0 of the protocol, as minor
FAILURE, DEFECTIVE = 13 << 16, 9 << 16
EXPIRED, NOT_YET_VALID, REPEAT, BADMATCH, SKEW = 32, 33, 34, 36, 37
MODIFIED, ILL_CR_TKT, BADKEYVER, PATH, GENERIC = 41, 43, 44, 51, 60
HOUR = 3600
N, K, S = k2.KEY_NULL, k2.KEY_SUBKEY, k2.KEY_SESSION


class Waits(ExtraCase):
    """One initiator, an acceptor for each exchange."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.key = cls.realm.newest_key(cls.realm.service)
        cls.stub = Stub()
        cls.stub.__enter__()
        cls.addClassCleanup(cls.stub.__exit__)
        cls.client = cls.realm.new_client(
            gssapi={"extra_tokens_without_mutual": "host/*"})

    def play(self, script):
        """(Line, what script(Wire, ap.Acceptor) returns)."""
        return self.stub.play(
            self.client, lambda wire: script(wire, ap.Acceptor(self.key.key)),
            "--mech=krb5", "--service=host@server." + self.realm.domain,
            "--flags=" + NOT_MUTUAL)

    def first(self, wire, acceptor):
        """The first AP-REQ offers and is not mutual."""
        request = acceptor.take(wire.receive())
        self.assertEqual(request.options, ap.OFFER)
        self.assertEqual(request.flags & ap.MUTUAL, 0)
        return request

    def complete(self, line, **fields):
        """Without mutual authentication, and messages pass."""
        self.assertTrue(line.complete, line)
        self.assertEqual((line.messages, line.flags & ap.MUTUAL), ("ok", 0),
                         line)
        for name, value in fields.items():
            self.assertEqual(getattr(line, name), value, line)

    def good(self, code=0, **values):
        """Three tokens: both AP-REQs."""
        def script(wire, acceptor):
            first = self.first(wire, acceptor)
            second = acceptor.take(wire.ask(acceptor.error2(code, **values)))
            wire.accept_messages(acceptor.messages())
            return first, second, acceptor.challenge
        line, (first, second, challenge) = self.play(script)
        self.complete(line, tokens="3")
        self.assertEqual((second.options, second.seq, second.subkey),
                         (ap.OFFER, first.seq, first.subkey))
        self.assertIn(k2.challenge(challenge), second.elements)
        return first, second

    def refused(self, make, major, code=None):
        """The initiator fails because of make(Acceptor), with an error token
        or none."""
        def script(wire, acceptor):
            self.first(wire, acceptor)
            token = wire.ask(make(acceptor))
            if token is not None:
                self.assertEqual(gss.describe(token), "KRB-ERROR2 final")
        line, _ = self.play(script)
        self.assertEqual((line.outcome, line.major), ("gss-error", major),
                         line)
        if code is not None:
            self.assertEqual(line.minor, KRB5_BASE + code, line)
        self.good()

    def test_no_error(self):
        # REQ: XT-72, XT-36
        self.good()

    def test_errors_about_the_request(self):
        """The keys are the acceptor's of the error."""
        # REQ: XT-72, XT-55, XT-56, XT-89
        self.good(REPEAT)
        first, second = self.good(SKEW, stime=time.time() + HOUR)
        self.assertLess(abs(second.when - time.time()), 5)
        self.assertIn(k2.if_relevant(k2.challenge(second.challenge)),
                      second.ticket.ad)
        self.assertNotEqual(second.ticket_raw, first.ticket_raw)
        first, _ = self.good()
        self.assertLess(abs(first.when - time.time()), 5)

    def test_an_error_of_nobody(self):
        """There is no subkey of the acceptor."""
        # REQ: XT-72, XT-94
        def script(wire, acceptor):
            first = self.first(wire, acceptor)
            second = acceptor.take(wire.ask(acceptor.error2(code, which)))
            wire.accept_messages(ap.Messages(True, second.subkey, False,
                                             first.seq, first.seq))
            return first, second
        for code, which in ((BADMATCH, N), (MODIFIED, S)):
            line, (first, second) = self.play(script)
            self.complete(line, tokens="3", recovered="yes")
            self.assertEqual(first.subkey, second.subkey)

    def test_another_ticket(self):
        """Whoever has the key of the first may know its subkey."""
        # REQ: XT-72, XT-57, XT-94
        def script(wire, acceptor):
            first = self.first(wire, acceptor)
            second = acceptor.take(wire.ask(acceptor.error2(code, which)))
            wire.accept_messages(ap.Messages(True, second.subkey, False,
                                             first.seq, first.seq))
            return first, second
        for code, which in ((BADKEYVER, N), (MODIFIED, N)):
            line, (first, second) = self.play(script)
            self.complete(line, tokens="3", recovered="yes")
            self.assertNotEqual(first.subkey, second.subkey)
            self.assertEqual(first.seq, second.seq)

    def test_a_ticket_that_tells_the_time(self):
        """The same, when it is the clock that is blamed for the ticket."""
        # REQ: XT-72, XT-89, XT-94
        def script(wire, acceptor):
            first = self.first(wire, acceptor)
            second = acceptor.take(wire.ask(acceptor.error2(
                code, S, stime=time.time() + ahead)))
            wire.accept_messages(ap.Messages(True, second.subkey, False,
                                             first.seq, first.seq))
            return first, second
        for code in (EXPIRED, NOT_YET_VALID):
            for ahead in (-HOUR, HOUR):
                line, (first, second) = self.play(script)
                self.complete(line, tokens="3", recovered="yes")
                self.assertIn(k2.if_relevant(k2.challenge(second.challenge)),
                              second.ticket.ad)
                self.assertNotEqual(first.subkey, second.subkey)
                self.assertEqual(first.seq, second.seq)

    def test_a_refused_ticket(self):
        """Its acceptor would use the keys that came with it, whatever its
        clock says."""
        # REQ: XT-94, XT-62
        for code in (EXPIRED, NOT_YET_VALID, ILL_CR_TKT, PATH):
            for ahead in (0, HOUR):
                self.refused(lambda a, c=code, s=ahead: a.error2(
                    c, stime=time.time() + s), FAILURE, code)

    def test_not_in_our_subkey(self):
        """Nothing is confirmed by that."""
        # REQ: XT-37, XT-94
        for which in (N, S):
            self.refused(lambda a, w=which: a.error2(which=w), DEFECTIVE)

    def test_final_errors(self):
        # REQ: XT-67, XT-70
        for code in (GENERIC, REPEAT):
            for which in (N, K, S):
                self.refused(lambda a, c=code, w=which: a.error2(
                    c, w, flags=k2.FINAL), FAILURE, code)

    def test_an_answer_that_nobody_asked_for(self):
        """An AP-REP, one of the other kind, a KRB-ERROR about the clock."""
        # REQ: XT-66, XT-94
        self.refused(lambda a: a.ap_rep(), DEFECTIVE)
        self.refused(lambda a: a.error2(flags=k2.FINAL, tok_id=gss.AP_REP),
                     DEFECTIVE)
        self.refused(lambda a: gss.krb5_token(
            gss.KRB_ERROR, krb.krb_error(SKEW, self.realm.name)), FAILURE,
            SKEW)

    def test_junk(self):
        for token in (b"junk", gss.krb5_token(gss.AP_REP, b""),
                      gss.krb5_token(gss.AP_REP, b"\x7f\x37\x00")):
            self.refused(lambda a, t=token: t, DEFECTIVE)


if __name__ == "__main__":
    unittest.main()
