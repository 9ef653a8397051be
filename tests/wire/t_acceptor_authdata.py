"""Authorization data of the acceptor, with Python (wire/ap.py) on the other
side: what our acceptor puts where, and what our initiator's application gets
to see of what an acceptor, or somebody else, has sent."""

import time
import unittest

from realm.extra import MUTUAL, NOT_MUTUAL, ExtraCase, Server
from realm.talk import Call, Stub
from wire import ap, der, gss
from wire import krb_error2 as k2

KRB5_BASE = -1765328384                 # error 0 of the protocol, as minor
FAILURE, DEFECTIVE = 13 << 16, 9 << 16
EXPIRED, REPEAT, SKEW, MODIFIED = 32, 34, 37, 41
HOUR = 3600
N, K, S = k2.KEY_NULL, k2.KEY_SUBKEY, k2.KEY_SESSION
BOTH = ap.OFFER | ap.WANT_MUTUAL
ASN1_OVERFLOW = 1859794436
TYPE, SECRET = 77, b"what the acceptor asserts"
DATA = k2.authdata(k2.if_relevant((TYPE, SECRET)))
SEND = "--send-authdata=" + DATA.hex()


class AcceptorCase(ExtraCase):
    """Our acceptor has DATA, the initiator is in Python."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.key = cls.realm.newest_key(cls.realm.service)
        cls.plain = Server(cls, SEND)
        cls.challenge = Server(cls, SEND, replay_protection="challenge")

    def setUp(self):
        """No KDC takes part."""

    def initiator(self, flags=ap.ALL, options=BOTH, **ticket):
        """One with a ticket of its own."""
        return ap.Initiator(ap.issue(self.key, **ticket), flags=flags,
                            options=options)

    def established(self, line, state, **fields):
        """The acceptor's line of a good exchange."""
        self.assertTrue(line.complete, line)
        self.assertEqual((line.messages, line.acceptor_authdata),
                         ("ok", state), line)
        for name, value in fields.items():
            self.assertEqual(getattr(line, name), value, line)

    def take(self, who, answer, flags, code=0, which=K, data=DATA):
        """The answer is a KRB-ERROR2 with the data, or without."""
        self.assertIsNotNone(answer)
        tok_id, error2 = who.take_error2(answer)
        self.assertEqual((tok_id, error2.flags, error2.code, error2.which,
                          error2.ad),
                         (gss.AP_REP, flags, code, which, data))
        self.assertNotIn(SECRET, answer)
        return error2


class OurAcceptor(AcceptorCase):
    """Where it goes, and where not."""

    def test_in_place_of_an_ap_rep(self):
        # REQ: XT-97, XT-77
        who = self.initiator()
        with Call(self.plain) as call:
            error2 = self.take(who, call.ask(who.token()), k2.FINAL)
            self.assertEqual(error2.names, [
                "challenge", "stime", "susec", "subkey", "seq", "code",
                "flags", "ad"])
            call.initiate_messages(who.messages())
        self.established(call.line, "sent", tokens="2", confirmed="yes",
                         recovered="no", protection="none")
        self.assertEqual(call.line.flags & 63, ap.ALL)

    def test_with_the_challenge(self):
        # REQ: XT-97, XT-73
        who = self.initiator()
        with Call(self.challenge) as call:
            self.take(who, call.ask(who.token()), k2.CONTINUE_NEEDED)
            call.send(who.confirmed_token())
            call.initiate_messages(who.messages())
        self.established(call.line, "sent", tokens="3", confirmed="yes")

    def test_an_ap_rep_is_asked_for_again(self):
        """It went over already: an AP-REP, as ever."""
        # REQ: XT-97, XT-46
        who = self.initiator()
        with Call(self.challenge) as call:
            self.take(who, call.ask(who.token()), k2.CONTINUE_NEEDED)
            who.take_ap_rep(call.ask(who.token()))
            call.initiate_messages(who.messages())
        self.established(call.line, "sent", tokens="4")

    def test_without_mutual_authentication(self):
        # REQ: XT-97, XT-72
        who = self.initiator(ap.ALL & ~ap.MUTUAL, ap.OFFER)
        with Call(self.plain) as call:
            self.take(who, call.ask(who.token()), k2.CONTINUE_NEEDED)
            call.send(who.token())
            call.initiate_messages(who.messages())
        self.established(call.line, "sent", tokens="3")

    def test_after_an_error(self):
        """Not with the error, but in place of the AP-REP."""
        # REQ: XT-97, XT-74, XT-77
        who = self.initiator()
        with Call(self.plain) as call:
            first = self.take(who, call.ask(who.token(
                when=time.time() - 2 * HOUR)), k2.CONTINUE_NEEDED, SKEW,
                data=None)
            last = self.take(who, call.ask(who.token()), k2.FINAL)
            self.assertEqual(first.subkey, last.subkey)
            call.initiate_messages(who.messages())
        self.established(call.line, "sent", tokens="4", recovered="yes")

    def test_after_a_ticket_that_was_no_good(self):
        """Whoever has its key knows the subkey: there is an AP-REP, and the
        acceptor's subkey is in no token that this one opens."""
        # REQ: XT-97, XT-94, XT-74
        for ticket, values, code, which in (
                ({"start": -10 * HOUR, "end": -HOUR}, {}, EXPIRED, K),
                ({"key": bytes(32)}, {}, MODIFIED, N),
                ({}, {"spoil": True}, MODIFIED, S)):
            who = self.initiator(**ticket)
            with Call(self.plain) as call:
                first = self.take(who, call.ask(who.token(**values)),
                                  k2.CONTINUE_NEEDED, code, which, None)
                who.credential = self.initiator().credential
                reply = who.take_ap_rep(call.ask(who.token()))
                self.assertNotEqual(first.subkey, reply.subkey)
                call.initiate_messages(who.messages())
            self.established(call.line, "unsent", tokens="4",
                             recovered="yes")

    def test_no_offer(self):
        """Then there is none, and all else is as ever."""
        # REQ: XT-97, XT-10
        who = self.initiator(options=ap.WANT_MUTUAL)
        with Call(self.challenge) as call:
            answer = call.ask(who.token())
            who.take_ap_rep(answer)
            call.initiate_messages(who.messages())
        self.established(call.line, "unsent", tokens="2", offered="no")
        who = self.initiator(ap.ALL & ~ap.MUTUAL, 0)
        with Call(self.challenge) as call:
            call.send(who.token())
            call.initiate_messages(who.messages())
        self.established(call.line, "unsent", tokens="1", offered="no")

    def test_an_offer_in_the_clear(self):
        """Somebody in the middle has added it."""
        # REQ: XT-97, XT-03
        who = self.initiator(options=ap.WANT_MUTUAL)
        with Call(self.plain) as call:
            who.take_ap_rep(call.ask(who.token(clear=BOTH)))
            call.initiate_messages(who.messages())
        self.established(call.line, "unsent", tokens="2", offered="no")

    def test_no_subkey(self):
        """The session key alone is not enough for it."""
        # REQ: XT-97, XT-14
        who = self.initiator()
        with Call(self.plain) as call:
            who.take_ap_rep(call.ask(who.token(subkey=None)))
            call.initiate_messages(who.messages())
        self.established(call.line, "unsent", tokens="2", offered="yes")
        who = self.initiator()
        who.subkey = None
        with Call(self.challenge) as call:
            self.take(who, call.ask(who.token()), k2.CONTINUE_NEEDED,
                      which=S, data=None)
            call.send(who.confirmed_token())
            call.initiate_messages(who.messages())
        self.established(call.line, "unsent", tokens="3")

    def test_not_in_a_final_error(self):
        # REQ: XT-97
        for server in (self.plain, self.challenge):
            who = self.initiator()
            with Call(server) as call:
                answer = call.ask(who.token(ad=who.elements() +
                                            [k2.challenge(b"x" * 32)]))
                _, error2 = who.open_error2(answer)
                self.assertEqual((error2.code, error2.flags, error2.ad),
                                 (REPEAT, k2.FINAL, None))
            self.nobody(call.line)

    def test_larger_ones(self):
        # REQ: XT-97
        data = k2.authdata(k2.if_relevant((TYPE, bytes(16000)), (-100, b"")))
        server = Server(type(self), "--send-authdata=" + data.hex())
        who = self.initiator()
        with Call(server) as call:
            self.take(who, call.ask(who.token()), k2.FINAL, data=data)
            call.initiate_messages(who.messages())
        self.established(call.line, "sent")


class InitiatorCase(ExtraCase):
    """Our initiator, the acceptor is in Python."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.key = cls.realm.newest_key(cls.realm.service)
        cls.stub = Stub()
        cls.stub.__enter__()
        cls.addClassCleanup(cls.stub.__exit__)
        cls.client.kgetcred(cls.realm.service)
        cls.named = cls.realm.new_client(
            gssapi={"extra_tokens_without_mutual": "host/*"})
        cls.named.kinit("user", password=cls.realm.password)

    def setUp(self):
        """The ticket stays."""
        self.realm.log.mark()

    def play(self, script, kind=TYPE, ask=MUTUAL, client=None, mech="krb5"):
        """One exchange with script(Wire, ap.Acceptor): the Line."""
        return self.stub.play(
            client or self.client,
            lambda wire: script(wire, ap.Acceptor(self.key.key)),
            "--mech=" + mech, "--service=host@server." + self.realm.domain,
            "--flags=" + ask, "--max-token=%d" % (1 << 20),
            "--show-authdata=%d" % kind)[0]

    def confirm(self, ad, final=True, **play):
        """The Line of an exchange whose AP-REP2, or challenge, has ad."""
        def script(wire, acceptor):
            acceptor.take(wire.receive())
            token = acceptor.error2(
                ad=ad, flags=k2.FINAL if final else k2.CONTINUE_NEEDED,
                tok_id=gss.AP_REP)
            if final:
                wire.send(token)
            else:
                acceptor.take(wire.ask(token))
            wire.accept_messages(acceptor.messages())
        return self.play(script, **play)

    def seen(self, line, *values, state="received"):
        """The application has these values, and messages pass."""
        self.assertTrue(line.complete, line)
        self.assertEqual((line.messages, line.acceptor_authdata),
                         ("ok", state), line)
        self.assertEqual(line.authdata,
                         ",".join(v.hex() for v in values) or "-")

    def refused(self, ad, major=FAILURE, **values):
        """An initiator fails because of ad; a good exchange follows."""
        def script(wire, acceptor):
            acceptor.take(wire.receive())
            wire.send(acceptor.error2(ad=ad, **values))
            wire.receive()
        line = self.play(script)
        self.assertEqual((line.outcome, line.major, line.authdata),
                         ("gss-error", major, "-"), line)
        self.seen(self.confirm(DATA), SECRET)


class OurInitiator(InitiatorCase):
    """What an application sees."""

    def test_one(self):
        # REQ: XT-97, XT-27
        for final in (True, False):
            self.seen(self.confirm(DATA, final), SECRET)
            self.seen(self.confirm(DATA, final, kind=78))

    def test_types(self):
        # REQ: XT-97
        for kind in (2, 127, 128, 512, 0x7fffffff, -1, -100, -0x80000000):
            data = k2.authdata(k2.if_relevant((kind, b"%d" % kind)))
            self.seen(self.confirm(data, kind=kind), b"%d" % kind)

    def test_several(self):
        """Each of them, in their order, however deep."""
        # REQ: XT-97
        data = k2.authdata(
            k2.if_relevant((TYPE, b"one"), (78, b"else")),
            k2.if_relevant(k2.if_relevant((TYPE, b"two")), (TYPE, b"three")))
        self.seen(self.confirm(data), b"one", b"two", b"three")

    def test_none(self):
        # REQ: XT-97
        self.seen(self.confirm(None), state="none")
        self.seen(self.confirm(k2.authdata()), state="none")

    def test_types_of_the_mechanism(self):
        """They are its own, and it makes nothing of them here."""
        # REQ: XT-97
        for element in (k2.challenge(b"x" * 32), k2.ap_options(BOTH),
                        k2.etypes(18), k2.kerb_ap_options(0x4000)):
            for data in (k2.authdata(element),
                         k2.authdata(k2.if_relevant(element))):
                self.seen(self.confirm(data, kind=element[0]))

    def test_after_an_error(self):
        """That with the error is not the application's; in a token that
        stands for an AP-REP it is."""
        # REQ: XT-97, XT-94
        def script(wire, acceptor):
            acceptor.take(wire.receive())
            acceptor.take(wire.ask(acceptor.error2(REPEAT, ad=DATA)))
            wire.send(acceptor.ap_rep() if ap_rep else
                      acceptor.error2(flags=k2.FINAL, tok_id=gss.AP_REP,
                                      ad=k2.authdata(k2.if_relevant(
                                          (TYPE, b"the last")))))
            wire.accept_messages(acceptor.messages())
        ap_rep = True
        self.seen(self.play(script), state="none")
        ap_rep = False
        self.seen(self.play(script), b"the last")

    def test_without_mutual_authentication(self):
        # REQ: XT-97, XT-72
        line = self.confirm(DATA, False, ask=NOT_MUTUAL, client=self.named)
        self.seen(line, SECRET)

    def test_not_protected_by_our_subkey(self):
        """Neither by nothing nor by the session key."""
        # REQ: XT-97, XT-37, XT-94
        for which in (N, S):
            for flags in (k2.FINAL, k2.CONTINUE_NEEDED):
                self.refused(DATA, DEFECTIVE, which=which, flags=flags,
                             tok_id=gss.AP_REP)

    def test_in_an_error(self):
        """That anybody, or somebody, can have made: the exchange goes on or
        not, and nobody sees it."""
        # REQ: XT-97, XT-94
        for code, which in ((36, N), (41, S), (REPEAT, K)):
            def script(wire, acceptor, code=code, which=which):
                acceptor.take(wire.receive())
                acceptor.take(wire.ask(acceptor.error2(code, which,
                                                       ad=DATA)))
                wire.send(acceptor.ap_rep())
                wire.accept_messages(acceptor.messages())
            self.seen(self.play(script), state="none")

    def test_critical(self):
        # REQ: XT-97
        for ad in ([(TYPE, b"x")], [k2.if_relevant((TYPE, b"x")), (78, b"")],
                   [(4, b"")], [(5, b"")], [(64, b"")]):
            for final in (k2.FINAL, k2.CONTINUE_NEEDED):
                self.refused(k2.authdata(*ad), flags=final,
                             tok_id=gss.AP_REP)

    def test_twice(self):
        """What the mechanism knows, as in an Authenticator."""
        # REQ: XT-97
        quoted = k2.challenge(b"x" * 32)
        for ad in ([quoted, quoted], [quoted, k2.if_relevant(quoted)],
                   [k2.if_relevant(k2.ap_options(0), k2.ap_options(0))]):
            self.refused(k2.authdata(*ad), flags=k2.FINAL, tok_id=gss.AP_REP)

    def test_malformed(self):
        """Inside of an AD-IF-RELEVANT: every length, BER, too deep."""
        # REQ: XT-97
        inside = k2.authdata((TYPE, b"xy"))
        bad = [inside[:size] for size in range(len(inside))]
        bad += [inside + b"\0", b"\x30\x81" + inside[1:],
                inside[:-4] + b"\x24\x80\x04\x02" + inside[-2:] + b"\0\0"]
        deep = (TYPE, b"x")
        for _ in range(10):
            deep = k2.if_relevant(deep)
        for ad in [k2.authdata((1, value)) for value in bad] + \
                [k2.authdata(deep)]:
            def script(wire, acceptor, ad=ad):
                acceptor.take(wire.receive())
                wire.send(acceptor.error2(ad=ad, flags=k2.FINAL,
                                          tok_id=gss.AP_REP))
                wire.receive()
            line = self.play(script)
            self.assertEqual((line.outcome, line.authdata),
                             ("gss-error", "-"), (ad.hex(), line))
        self.refused(der.octets(b""), DEFECTIVE)

    def test_too_large(self):
        """Larger than an acceptor of ours makes it, and than a KRB-ERROR2 can
        be."""
        # REQ: XT-97
        big = bytes(40 << 10)
        self.seen(self.confirm(k2.authdata(k2.if_relevant((TYPE, big)))), big)

        def script(wire, acceptor):
            acceptor.take(wire.receive())
            wire.send(gss.krb5_token(gss.AP_REP, k2.pdu(
                bytes(256 << 10), which=K, etype=18)))
            wire.receive()
        line = self.play(script)
        self.assertEqual((line.major, line.minor, line.authdata),
                         (DEFECTIVE, ASN1_OVERFLOW, "-"), line)

    def test_changed_on_its_way(self):
        # REQ: XT-97, XT-95
        for where in (-1, -20, -40, 60):
            def script(wire, acceptor, where=where):
                acceptor.take(wire.receive())
                token = bytearray(acceptor.error2(
                    ad=DATA, flags=k2.FINAL, tok_id=gss.AP_REP))
                token[where] ^= 1
                wire.send(bytes(token))
                wire.receive()
            line = self.play(script)
            self.assertEqual((line.outcome, line.authdata),
                             ("gss-error", "-"), line)
        self.seen(self.confirm(DATA), SECRET)


if __name__ == "__main__":
    unittest.main()
