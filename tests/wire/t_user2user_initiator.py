"""User-to-user: an acceptor in Python talks with our initiator; the KDC is a
real one.  The acceptor has its TGT, by which it opens the AP-REQ, or one that
is not its own.
"""

import unittest

from realm import RealmCase
from realm.extra import MUTUAL, NOT_MUTUAL
from realm.talk import Stub
from wire import ap, gss, tgs
from wire import krb_error2 as k2

KRB5_BASE = -1765328384                 # error 0 of the protocol, as minor
FAILURE, DEFECTIVE = 13 << 16, 9 << 16
SERVER_NOMATCH, MUST_USE_U2U, SKEW, EXPIRED, USER2USER = 26, 27, 37, 32, 69
GENERIC, MODIFIED = 60, 41
N, K, S = k2.KEY_NULL, k2.KEY_SUBKEY, k2.KEY_SESSION
BOTH = ap.OFFER | ap.WANT_MUTUAL
U2U = BOTH | gss.USE_SESSION_KEY
BOB = "bob"


class U2UCase(RealmCase):
    """The user is the initiator, bob the acceptor, who is no server."""

    target, target_attributes = BOB, "disallow-svr"

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.realm.add(BOB, password=cls.realm.password,
                      attributes=cls.target_attributes)
        cls.realm.add("mallory", password=cls.realm.password)
        cls.tgt = tgs.get_tgt(cls.realm, BOB)
        cls.mallory = tgs.get_tgt(cls.realm, "mallory")
        cls.client = cls.realm.client
        cls.client.kinit("user", password=cls.realm.password)
        cls.stub = cls.enter_for_class(Stub())

    @classmethod
    def enter_for_class(cls, context):
        value = context.__enter__()
        cls.addClassCleanup(context.__exit__, None, None, None)
        return value

    def setUp(self):
        """The TGT stays; the KDC's log begins."""
        self.realm.log.mark()

    def play(self, script, *args, client=None, ask=MUTUAL, mech="krb5"):
        """One exchange with script(Wire, ap.Acceptor with bob's TGT): (Line,
        what script returns)."""
        return self.stub.play(
            client or self.client,
            lambda wire: script(wire, ap.Acceptor(self.tgt.key)),
            "--mech=" + mech, "--service=" + BOB, "--flags=" + ask, *args)

    def failed(self, line, code, major=FAILURE):
        """The initiator has failed with this error."""
        self.assertEqual((line.result, line.major & 0xffff0000,
                          line.minor - KRB5_BASE),
                         ("failed", major, code), line)

    def first(self, token):
        """The first AP-REQ is the one without a ticket."""
        outer = gss.Krb5Token(token)
        self.assertEqual(outer.tok_id, gss.AP_REQ)
        request = outer.message()
        self.assertEqual((request.options, request.realm, request.sname),
                         (BOTH, self.realm.name, BOB))
        for sealed in (request.ticket, request.authenticator):
            self.assertEqual((sealed.etype, sealed.kvno, sealed.cipher),
                             (0, None, b""))
        self.assertEqual(request.ticket_raw, ap.empty_ticket(
            self.realm.keys(BOB)[0]))

    def second(self, acceptor, token):
        """The next is a user-to-user one."""
        request = acceptor.take(token)
        self.assertEqual(request.options, U2U)
        self.assertEqual(request.sealed_options, U2U)
        self.assertEqual(request.challenge, acceptor.challenge)
        self.assertEqual((request.ticket.sname, request.client),
                         (BOB, "user"))
        self.assertEqual(request.flags & ap.ALL, ap.ALL)
        self.assertIsNone(request.ticket.kvno)
        return request

    def send_tgt(self, acceptor, tgt=None, **more):
        """The KRB-ERROR2 with a TGT, bob's if none is given."""
        values = {"which": N, "key": None, "tgt": (tgt or self.tgt).ticket}
        values.update(more)
        return acceptor.error2(USER2USER, **values)

    def good(self, **kw):
        """Four tokens."""
        def script(wire, acceptor):
            self.first(wire.receive())
            token = wire.ask(self.send_tgt(acceptor))
            self.second(acceptor, token)
            wire.send(acceptor.ap_rep())
            wire.accept_messages(acceptor.messages())
        line, _ = self.play(script, **kw)
        self.assertTrue(line.complete, line)
        self.assertEqual(line.messages, "ok", line)
        return line


class Initiator(U2UCase):
    """The KDC says 27."""

    def test_four_tokens(self):
        # REQ: XT-64, XT-74, XT-80, XT-83
        before = (self.client.dir / "ccache").read_bytes()
        self.good()
        self.assertEqual((self.client.dir / "ccache").read_bytes(), before)
        self.good()

    def test_an_error_in_between(self):
        # REQ: XT-76
        def script(wire, acceptor):
            self.first(wire.receive())
            self.second(acceptor, wire.ask(self.send_tgt(acceptor)))
            token = wire.ask(acceptor.error2(SKEW))
            again = self.second(acceptor, token)
            self.assertEqual(again.subkey, acceptor.first.subkey)
            self.assertEqual(again.seq, acceptor.first.seq)
            wire.send(acceptor.ap_rep())
            wire.accept_messages(acceptor.messages())
        line, _ = self.play(script)
        self.assertTrue(line.complete, line)

    def test_no_seventh_token(self):
        """What is wrong with the sixth ends it, without a word."""
        # REQ: XT-51, XT-76
        for code, which in ((SKEW, K), (EXPIRED, K), (GENERIC, K), (0, K),
                            (USER2USER, N)):
            def script(wire, acceptor, code=code, which=which):
                self.first(wire.receive())
                self.second(acceptor, wire.ask(self.send_tgt(acceptor)))
                self.second(acceptor, wire.ask(acceptor.error2(SKEW)))
                wire.send(self.send_tgt(acceptor) if which == N
                          else acceptor.error2(code))
                return wire.receive()
            with self.subTest(code=code):
                line, answer = self.play(script)
                self.assertEqual(line.result, "failed", line)
                self.assertIsNone(answer)
        self.good()

    def test_a_challenge_after_the_ticket(self):
        """A user-to-user ticket has answered one already: who confirms, and
        asks once more, is another acceptor."""
        # REQ: XT-37, XT-80
        def script(wire, acceptor):
            self.first(wire.receive())
            self.second(acceptor, wire.ask(self.send_tgt(acceptor)))
            wire.send(acceptor.error2())
            return wire.receive()
        line, answer = self.play(script)
        self.failed(line, MODIFIED, DEFECTIVE)
        self.assertIsNone(answer)
        self.good()

    def test_the_old_error_afterwards(self):
        """The retry without extra tokens is open before the TGT only."""
        # REQ: XT-80, XT-78
        def script(wire, acceptor):
            self.first(wire.receive())
            self.second(acceptor, wire.ask(self.send_tgt(acceptor)))
            wire.send(gss.error_token(SKEW, self.realm.name))
            return wire.receive()
        line, answer = self.play(script)
        self.failed(line, SKEW)
        self.assertIsNone(answer)
        self.good()

    def test_bindings_are_the_first_calls(self):
        def script(wire, acceptor):
            self.first(wire.receive())
            request = acceptor.take(wire.ask(self.send_tgt(acceptor)))
            self.assertEqual(request.bound, ap.bindings(b"channel"))
            wire.send(acceptor.ap_rep())
            wire.accept_messages(acceptor.messages())
        line, _ = self.play(script, "--bindings=channel")
        self.assertTrue(line.complete, line)

    def test_mallorys_tgt(self):
        """Somebody in the middle has put in his own."""
        # REQ: XT-84
        def script(wire, acceptor):
            self.first(wire.receive())
            answer = wire.ask(self.send_tgt(acceptor, self.mallory))
            self.assertEqual(gss.describe(answer), "KRB-ERROR2 final")
            error = k2.Error2(gss.Krb5Token(answer).inner, (None, None),
                              k2.INITIATOR)
            self.assertEqual((error.which, error.code), (N, SERVER_NOMATCH))
        line, _ = self.play(script)
        self.failed(line, SERVER_NOMATCH)
        self.realm.log.assert_absent(r"mallory.*mallory", r"for mallory@")
        self.good()

    def test_what_is_no_tgt(self):
        # REQ: XT-84
        key = self.realm.krbtgt_key()
        for tgt in (ap.issue(key, BOB, spoil=True),
                    ap.issue(key, BOB, realm="OTHER.TEST"),
                    ap.issue(key._replace(principal="krbtgt/X@EXT.TEST"),
                             BOB),
                    ap.issue(key, BOB, start=-7200, end=-3600),
                    ap.issue(key, "WELLKNOWN/ANONYMOUS",
                             realm="WELLKNOWN:ANONYMOUS", flags=1 << 15)):
            def script(wire, acceptor, tgt=tgt):
                self.first(wire.receive())
                return wire.ask(self.send_tgt(acceptor, tgt))
            line, answer = self.play(script)
            self.assertFalse(line.complete, line)
            self.assertEqual(gss.describe(answer), "KRB-ERROR2 final")
        self.good()

    def test_no_tgt(self):
        # REQ: XT-64
        for flags in (k2.CONTINUE_NEEDED, k2.FINAL):
            def script(wire, acceptor, flags=flags):
                self.first(wire.receive())
                wire.send(acceptor.error2(USER2USER, which=N, key=None,
                                          flags=flags))
                return wire.receive()
            line, answer = self.play(script)
            self.failed(line, USER2USER)
            self.assertEqual(answer is None, flags == k2.FINAL)
        self.realm.log.assert_absent("TGS-REQ.*TGS-REQ")
        self.good()

    def test_a_second_tgt(self):
        """One redirect (D18)."""
        # REQ: XT-64
        def script(wire, acceptor):
            self.first(wire.receive())
            self.second(acceptor, wire.ask(self.send_tgt(acceptor)))
            return wire.ask(self.send_tgt(acceptor, which=K, key=ap.SAME))
        line, answer = self.play(script)
        self.failed(line, USER2USER)
        self.assertEqual(gss.describe(answer), "KRB-ERROR2 final")
        self.good()

    def test_other_errors_have_no_remedy(self):
        """Without a ticket there is nothing to try again with."""
        for code in (36, 31, 39, SKEW, EXPIRED):
            def script(wire, acceptor, code=code):
                self.first(wire.receive())
                wire.send(acceptor.error2(code, which=N, key=None))
                return wire.receive()
            line, answer = self.play(script)
            self.failed(line, code)
            self.assertEqual(gss.describe(answer), "KRB-ERROR2 final")
        self.good()

    def test_no_ordinary_ticket_afterwards(self):
        """When the ticket is refused it is not traded for another kind."""
        # REQ: XT-84
        def script(wire, acceptor):
            self.first(wire.receive())
            self.second(acceptor, wire.ask(self.send_tgt(acceptor)))
            return wire.ask(acceptor.error2(EXPIRED))
        line, answer = self.play(script)
        self.failed(line, EXPIRED)
        self.assertEqual(gss.describe(answer), "KRB-ERROR2 final")
        self.good()

    def test_answers_to_who_has_no_ticket(self):
        """AP-REP, KRB-ERROR, and KRB-ERROR2 in keys that there are not."""
        # REQ: XT-80
        other = ap.Acceptor(self.tgt.key)
        other.first = other.last = ap.Request(ap.Initiator(
            ap.issue(self.realm.krbtgt_key()._replace(
                key=self.tgt.key))).token(), self.tgt.key)
        answers = [
            (other.ap_rep(), DEFECTIVE),
            (other.error2(0), DEFECTIVE), (other.error2(SKEW), DEFECTIVE),
            (other.error2(SKEW, which=S), DEFECTIVE),
            (other.error2(0, which=N, key=None), DEFECTIVE),
            (gss.error_token(SKEW, self.realm.name), FAILURE),
            (b"", DEFECTIVE), (b"\x60\x00", DEFECTIVE)]
        for answer, major in answers:
            def script(wire, _, answer=answer):
                self.first(wire.receive())
                wire.send(answer)
                return wire.receive()
            line, more = self.play(script)
            self.assertEqual((line.result, line.major & 0xffff0000),
                             ("failed", major), line)
            self.assertIsNone(more)
        self.good()


class Off(U2UCase):
    """When nothing is sent without a ticket."""

    def nothing(self, client=None, **kw):
        """The KDC's error, and no token."""
        line, token = self.play(lambda wire, _: wire.receive(), client=client,
                                **kw)
        self.assertFalse(line.complete, line)
        self.assertIsNone(token)
        return line

    def test_switched_off(self):
        # REQ: XT-10, XT-80
        for name in ("extra_context_tokens", "extra_context_tokens_initiator"):
            client = self.realm.new_client(gssapi={name: False})
            client.kinit("user", password=self.realm.password)
            self.failed(self.nothing(client), MUST_USE_U2U)

    def test_not_mutual(self):
        # REQ: XT-80
        self.failed(self.nothing(ask=NOT_MUTUAL), MUST_USE_U2U)
        self.failed(self.nothing(ask=MUTUAL + ",dce"), MUST_USE_U2U)
        self.good()

    def test_spnego(self):
        """What it tries asks for nothing and is sent to nobody; what it
        offers asks for what the application does."""
        # REQ: XT-80
        self.failed(self.nothing(mech="spnego", ask=NOT_MUTUAL), MUST_USE_U2U)

        def script(wire, _):
            token = wire.receive()
            wire.send(gss.NegTokenResp(state=2).token())
            return token
        line, token = self.play(script, mech="spnego")
        self.assertFalse(line.complete, line)
        offer = gss.spnego(token)
        self.assertEqual(offer.mech_types, [gss.KRB5])
        self.first(offer.mech_token)
        self.good()


class RealTicket(U2UCase):
    """The KDC gives ordinary tickets for bob, too, but he has no key."""

    target_attributes = None

    def good(self, **kw):
        def script(wire, acceptor):
            outer = gss.Krb5Token(wire.receive())
            first = outer.message()
            self.assertEqual((first.options, first.sname), (BOTH, BOB))
            self.assertNotEqual(first.ticket.cipher, b"")
            self.second(acceptor, wire.ask(self.send_tgt(acceptor)))
            wire.send(acceptor.ap_rep())
            wire.accept_messages(acceptor.messages())
        line, _ = self.play(script, **kw)
        self.assertTrue(line.complete, line)
        return line

    def test_four_tokens(self):
        """The ordinary ticket stays in the cache, and is not replaced."""
        # REQ: XT-64, XT-82, XT-83
        self.good()
        before = (self.client.dir / "ccache").read_bytes()
        self.good()
        self.assertEqual((self.client.dir / "ccache").read_bytes(), before)

    def test_another_subkey(self):
        """Whoever has the long-term key can read the first one."""
        # REQ: XT-83
        def script(wire, acceptor):
            first = ap.Request(wire.receive(), max(
                (e for e in self.realm.keys(BOB) if e.etype == 18),
                key=lambda e: e.kvno).key)
            second = self.second(acceptor,
                                 wire.ask(self.send_tgt(acceptor)))
            self.assertNotEqual(first.subkey, second.subkey)
            self.assertEqual(first.seq, second.seq)
            wire.send(acceptor.ap_rep())
            wire.accept_messages(acceptor.messages())
        line, _ = self.play(script)
        self.assertTrue(line.complete, line)

    def test_asked_by_who_has_the_key(self):
        """Our subkey protects the error: it is the exchange's."""
        # REQ: XT-64
        def script(wire, acceptor):
            token = wire.receive()
            opener = ap.Acceptor(max(
                (e for e in self.realm.keys(BOB) if e.etype == 18),
                key=lambda e: e.kvno).key)
            first = opener.take(token)
            answer = wire.ask(self.send_tgt(opener, which=K, key=ap.SAME))
            acceptor.challenge = opener.challenge
            self.assertEqual(self.second(acceptor, answer).subkey,
                             first.subkey)
            wire.send(acceptor.ap_rep())
            wire.accept_messages(acceptor.messages())
        line, _ = self.play(script)
        self.assertTrue(line.complete, line)

    def test_mallorys_tgt(self):
        # REQ: XT-84
        def script(wire, acceptor):
            wire.receive()
            return wire.ask(self.send_tgt(acceptor, self.mallory))
        line, answer = self.play(script)
        self.failed(line, SERVER_NOMATCH)
        self.assertEqual(gss.describe(answer), "KRB-ERROR2 final")
        self.good()

    def test_with_spnego(self):
        """What SPNEGO has probed is no different."""
        line, token = self.play(lambda wire, _: wire.receive(),
                                mech="spnego")
        self.assertIn("AP-REQ", gss.describe(token))
        self.assertFalse(line.complete)


if __name__ == "__main__":
    unittest.main()
