"""An acceptor in Python (wire/ap.py) talks extra context tokens with our
initiator: what it asks for, what it makes of the answers, and what it never
does because of an answer that anybody can have made.

The acceptor opens each AP-REQ with the service's key.
"""

import os
import shutil
import time
import unittest

from realm.extra import MUTUAL, ExtraCase
from realm.talk import Stub
from wire import ap, der, gss, krb
from wire import krb_error2 as k2

KRB5_BASE = -1765328384                 # error 0 of the protocol, as minor
FAILURE, DEFECTIVE = 13 << 16, 9 << 16

EXPIRED, NOT_YET_VALID, REPEAT, BADMATCH, SKEW = 32, 33, 34, 36, 37
GENERIC = 60
HOUR = 3600
N, K, S = k2.KEY_NULL, k2.KEY_SUBKEY, k2.KEY_SESSION
BOTH = ap.OFFER | ap.WANT_MUTUAL


class PeerCase(ExtraCase):
    """An acceptor for each exchange; one ticket for all of them."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.key = cls.realm.newest_key(cls.realm.service)
        cls.stub = Stub()
        cls.stub.__enter__()
        cls.addClassCleanup(cls.stub.__exit__)
        cls.client.kgetcred(cls.realm.service)

    def setUp(self):
        """The ticket stays; the KDC's log begins."""
        self.realm.log.mark()

    def away(self, client=None):
        """A client with a ticket, and no KDC."""
        away = self.realm.new_client(kdc=1)
        shutil.copy((client or self.client).dir / "ccache",
                    away.dir / "ccache")
        return away

    def play(self, script, *args, client=None, ask=MUTUAL):
        """One exchange with script(Wire, ap.Acceptor): (Line, what script
        returns)."""
        return self.stub.play(
            client or self.client,
            lambda wire: script(wire, ap.Acceptor(self.key.key)),
            "--mech=krb5", "--service=host@server." + self.realm.domain,
            "--flags=" + ask, *args)

    def complete(self, line, **fields):
        """The initiator's line of a good exchange."""
        self.assertTrue(line.complete, line)
        self.assertEqual(line.messages, "ok", line)
        self.assertEqual(line.flags & 63, ap.ALL, line)
        for name, value in fields.items():
            self.assertEqual(getattr(line, name), value, line)

    def failed(self, line, major=None, code=None):
        """That of one that has failed."""
        self.assertEqual((line.result, line.outcome), ("failed",
                                                       "gss-error"), line)
        if major is not None:
            self.assertEqual(line.major, major, line)
        if code is not None:
            self.assertEqual(line.minor, KRB5_BASE + code, line)

    def good(self):
        """An exchange of three tokens, whose AP-REQs have the time of now:
        nothing of an exchange before is left."""
        def script(wire, acceptor):
            first = acceptor.take(wire.receive())
            second = acceptor.take(wire.ask(acceptor.error2()))
            wire.accept_messages(acceptor.messages())
            return first, second
        line, (first, second) = self.play(script)
        self.complete(line, tokens="3")
        self.assertLess(abs(first.when - time.time()), 5)
        self.assertLess(abs(second.when - time.time()), 5)
        self.assertEqual(first.options, BOTH)
        self.realm.log.assert_absent("TGS-REQ")

    def is_error_token(self, acceptor, token, code=None):
        """The initiator's KRB-ERROR2, that quotes the newest challenge."""
        self.assertIsNotNone(token, "no error token")
        self.assertEqual(gss.describe(token), "KRB-ERROR2 final")
        tok_id, error2 = acceptor.open_error2(token)
        self.assertEqual((tok_id, error2.which, error2.flags),
                         (gss.KRB_ERROR, K, k2.FINAL))
        if code is not None:
            self.assertEqual(error2.code, code)
        self.assertEqual(k2.elements(error2.ad),
                         [k2.challenge(acceptor.challenge)])
        self.assertNotEqual(error2.challenge, acceptor.challenge)
        self.assertEqual(len(error2.challenge), 32)
        self.assertLess(abs(error2.stime - time.time()), 5)
        self.assertEqual([n for n in error2.names if n != "text"],
                         ["challenge", "stime", "susec", "code", "flags",
                          "ad"])
        return error2

    def no_request(self, acceptor, token):
        """The answer is nothing, or an error token that is one."""
        if token is not None:
            self.is_error_token(acceptor, token)
        return token

    def answer(self, make, *args, **play):
        """An initiator is answered with make(Acceptor), and fails: (Line,
        its answer or None, the Acceptor)."""
        def script(wire, acceptor):
            acceptor.take(wire.receive())
            token = wire.ask(make(acceptor))
            self.no_request(acceptor, token)
            if token is not None:
                self.assertIsNone(wire.receive())
            return token, acceptor
        line, (token, acceptor) = self.play(script, *args, **play)
        self.failed(line)
        return line, token, acceptor

    def refused(self, make, major=DEFECTIVE, code=None):
        """It fails, without another AP-REQ, and asks no KDC."""
        line, token, acceptor = self.answer(make)
        self.failed(line, major, code)
        self.realm.log.assert_absent("TGS-REQ")
        return token, acceptor

    def taken(self, make, tokens="3", **request):
        """make(Acceptor) is a challenge that is answered."""
        def script(wire, acceptor):
            acceptor.take(wire.receive())
            second = acceptor.take(wire.ask(make(acceptor)))
            self.assertEqual(second.challenge, acceptor.challenge)
            wire.accept_messages(acceptor.messages())
            return second
        line, second = self.play(script)
        self.complete(line, tokens=tokens, confirmed="yes")
        for name, value in request.items():
            self.assertEqual(getattr(second, name), value)


class Good(PeerCase):
    """Exchanges that end well."""

    def first_request(self, first, bound=ap.NOT_BOUND):
        """What a first AP-REQ that offers looks like."""
        self.assertEqual(first.options, BOTH)
        self.assertEqual(first.sealed_options, BOTH)
        self.assertIsNone(first.challenge)
        self.assertEqual([kind for kind, _ in first.elements],
                         [k2.AD_IF_RELEVANT])
        kinds = [kind for kind, _ in first.relevant]
        self.assertIn(k2.AD_ETYPES, kinds)
        self.assertEqual(kinds.count(k2.AD_AP_OPTIONS), 1)
        self.assertEqual(first.flags & 63, ap.ALL)
        self.assertEqual(first.bound, bound)
        self.assertIsNotNone(first.subkey)
        self.assertIsNotNone(first.seq)
        self.assertEqual((first.client, first.ticket.client),
                         ("user", "user"))

    def second_request(self, first, second, mutual, quoted, ticket=None):
        """What a further one looks like: mutual says whether it asks for an
        AP-REP; its ticket is the first one's, if no other is given."""
        options = BOTH if mutual else ap.OFFER
        flags = ap.ALL if mutual else ap.ALL & ~ap.MUTUAL
        self.assertEqual((second.options, second.sealed_options),
                         (options, options))
        self.assertEqual(second.flags & 63, flags)
        self.assertEqual([kind for kind, _ in second.elements],
                         [k2.AD_IF_RELEVANT, k2.AD_CONTINUE_CHALLENGE])
        self.assertEqual(second.challenge, quoted)
        self.assertEqual(second.seq, first.seq)
        self.assertEqual(second.subkey, first.subkey)
        self.assertEqual(second.bound, first.bound)
        self.assertEqual((second.client, second.realm),
                         (first.client, first.realm))
        self.assertEqual(second.ticket_raw, ticket or first.ticket_raw)
        self.assertNotEqual((second.when, second.usec),
                            (first.when, first.usec))

    def test_two_tokens(self):
        # REQ: XT-68, XT-01, XT-02, XT-42, XT-10
        subkeys = set()

        def script(wire, acceptor):
            first = acceptor.take(wire.receive())
            wire.send(acceptor.ap_rep())
            wire.accept_messages(acceptor.messages())
            return first
        for _ in range(2):
            line, first = self.play(script)
            self.complete(line, tokens="2", offered="yes", confirmed="no",
                          recovered="no")
            self.first_request(first)
            subkeys.add(first.subkey)
        self.assertEqual(len(subkeys), 2)

    def test_three_tokens(self):
        # REQ: XT-73, XT-21, XT-31, XT-34, XT-35, XT-36, XT-37, XT-38, XT-39
        # REQ: XT-11, XT-30, XT-63, XT-08
        def script(wire, acceptor):
            first = acceptor.take(wire.receive())
            second = acceptor.take(wire.ask(acceptor.error2()))
            wire.accept_messages(acceptor.messages())
            return first, second, acceptor.challenge
        for _ in range(2):
            line, (first, second, quoted) = self.play(script)
            self.complete(line, tokens="3", confirmed="yes", recovered="no")
            self.first_request(first)
            self.second_request(first, second, False, quoted)

    def test_channel_bindings(self):
        """The hash of the first call is in both."""
        # REQ: XT-48, XT-36
        def script(wire, acceptor):
            first = acceptor.take(wire.receive())
            second = acceptor.take(wire.ask(acceptor.error2()))
            wire.accept_messages(acceptor.messages())
            return first, second, acceptor.challenge
        line, (first, second, quoted) = self.play(script, "--bindings=one")
        self.complete(line, tokens="3")
        self.first_request(first, ap.bindings(b"one"))
        self.second_request(first, second, False, quoted)

    def test_confirmed_but_silent(self):
        """The context is complete with the AP-REQ: no answer to it is
        awaited; messages need the acceptor's subkey."""
        # REQ: XT-35, XT-93
        def script(wire, acceptor):
            acceptor.take(wire.receive())
            acceptor.take(wire.ask(acceptor.error2()))
            token = wire.receive()
            self.assertEqual(token[:2], gss.WRAP)
            self.assertEqual(token[2], ap.SEALED | ap.ACCEPTOR_SUBKEY)
            wire.send(acceptor.ap_rep())
        line, _ = self.play(script)
        self.assertEqual((line.outcome, line.messages),
                         ("established", "failed"), line)

    def test_ap_rep2(self):
        """A final KRB-ERROR2 without error stands for an AP-REP."""
        # REQ: XT-30, XT-77, XT-22
        def script(wire, acceptor):
            acceptor.take(wire.receive())
            wire.send(acceptor.error2(flags=flags, tok_id=gss.AP_REP))
            wire.accept_messages(acceptor.messages())
        for flags in (k2.FINAL, 2, 77):
            with self.subTest(flags=flags):
                line, _ = self.play(script)
                self.complete(line, tokens="2", confirmed="yes")

    def test_four_tokens(self):
        # REQ: XT-55, XT-74, XT-35, XT-36, XT-34, XT-38, XT-39, XT-62
        def script(wire, acceptor):
            first = acceptor.take(wire.receive())
            second = acceptor.take(wire.ask(acceptor.error2(REPEAT)))
            wire.send(acceptor.ap_rep())
            wire.accept_messages(acceptor.messages())
            return first, second, acceptor.challenge
        line, (first, second, quoted) = self.play(script)
        self.complete(line, tokens="4", recovered="yes", confirmed="no")
        self.second_request(first, second, True, quoted)

    def test_four_tokens_with_ap_rep2(self):
        # REQ: XT-77, XT-30
        def script(wire, acceptor):
            acceptor.take(wire.receive())
            acceptor.take(wire.ask(acceptor.error2(REPEAT)))
            wire.send(acceptor.error2(flags=k2.FINAL, tok_id=gss.AP_REP))
            wire.accept_messages(acceptor.messages())
        line, _ = self.play(script)
        self.complete(line, tokens="4", recovered="yes", confirmed="yes")

    def test_clock_that_the_kdc_tells(self):
        """The next AP-REQ has the KDC's time, and so has its ticket, with
        the challenge; the cache and the exchange after know of nothing,
        unless a ticket of the cache is good by the acceptor's clock."""
        # REQ: XT-89, XT-94, XT-62
        client = self.realm.new_client()
        client.kinit("user", password=self.realm.password)
        client.kgetcred(self.realm.service)
        before = (client.dir / "ccache").read_bytes()

        def script(wire, acceptor, code, away):
            first = acceptor.take(wire.receive())
            second = acceptor.take(wire.ask(acceptor.error2(
                code, stime=time.time() + away)))
            wire.send(acceptor.ap_rep())
            wire.accept_messages(acceptor.messages())
            return first, second, acceptor.challenge
        for code, away in ((SKEW, -HOUR), (SKEW, 30 * HOUR),
                           (EXPIRED, 30 * HOUR), (NOT_YET_VALID, -HOUR),
                           (SKEW, HOUR)):
            with self.subTest(code=code, away=away):
                self.realm.log.mark()
                line, (first, second, quoted) = self.play(
                    lambda w, a, c=code, t=away: script(w, a, c, t),
                    client=client)
                self.complete(line, tokens="4", recovered="yes")
                self.second_request(first, second, True, quoted,
                                    second.ticket_raw)
                self.assertNotEqual(second.ticket_raw, first.ticket_raw)
                for request in (first, second):
                    self.assertLess(abs(request.when - time.time()), 5)
                self.assertNotIn(
                    k2.if_relevant(k2.challenge(quoted)), first.ticket.ad)
                self.assertIn(
                    k2.if_relevant(k2.challenge(quoted)), second.ticket.ad)
                self.assertLess(abs(second.ticket.starttime - time.time()),
                                5)
                self.realm.log.assert_ordered(["TGS-REQ user@"])
                after = (client.dir / "ccache").read_bytes()
                self.assertEqual(after != before, away == HOUR)
                self.assertEqual(b"time-offset" in after, away == HOUR)
        self.realm.log.mark()
        self.good()

    def test_times_of_the_ticket_and_a_good_clock(self):
        """Then the ticket is what is wrong: a new one, for the cache."""
        # REQ: XT-53, XT-54, XT-89
        client = self.realm.new_client()
        client.kinit("user", password=self.realm.password)
        client.kgetcred(self.realm.service)

        def script(wire, acceptor):
            acceptor.take(wire.receive())
            second = acceptor.take(wire.ask(acceptor.error2(NOT_YET_VALID)))
            wire.send(acceptor.ap_rep())
            wire.accept_messages(acceptor.messages())
            return second.ticket
        line, ticket = self.play(script, client=client)
        self.complete(line, tokens="4", recovered="yes")
        self.assertNotIn(k2.AD_CONTINUE_CHALLENGE, [
            kind for element in ticket.ad if element[0] == k2.AD_IF_RELEVANT
            for kind, _ in k2.elements(element[1])])

    def test_clock_of_the_acceptor(self):
        """Without a KDC its time is in the next AP-REQ; and in other
        exchanges, once an AP-REP has shown that it was right (adr/0008)."""
        # REQ: XT-56, XT-94, XT-36, XT-62
        client = self.away()

        def refused(wire, acceptor):
            acceptor.take(wire.receive())
            second = acceptor.take(wire.ask(acceptor.error2(
                SKEW, stime=time.time() + HOUR)))
            wire.ask(acceptor.error2(SKEW))
            return second
        line, second = self.play(refused, client=client)
        self.failed(line, FAILURE, SKEW)
        self.assertLess(abs(second.when - time.time() - HOUR), 5)

        def script(wire, acceptor):
            first = acceptor.take(wire.receive())
            second = acceptor.take(wire.ask(acceptor.error2(
                SKEW, stime=time.time() + HOUR)))
            wire.send(acceptor.ap_rep())
            wire.accept_messages(acceptor.messages())
            return first, second, acceptor.challenge
        for after in (0, HOUR):
            line, (first, second, quoted) = self.play(script, client=client)
            self.complete(line, tokens="4", recovered="yes")
            self.second_request(first, second, True, quoted)
            self.assertLess(abs(first.when - time.time() - after), 5)
            self.assertLess(abs(second.when - time.time() - HOUR), 5)
        self.realm.log.mark()
        self.good()

    def test_aware_of_channel_bindings(self):
        """By an application's flag, which is not sent, or by krb5.conf; in
        each request, also in one that offers nothing."""
        # REQ: KI-18, KI-19
        def script(wire, acceptor):
            first = acceptor.take(wire.receive())
            if not first.options & ap.OFFER:
                wire.send(acceptor.ap_rep())
                wire.accept_messages(acceptor.messages())
                return [first]
            second = acceptor.take(wire.ask(acceptor.error2()))
            wire.accept_messages(acceptor.messages())
            return [first, second]

        def aware(**sections):
            client = self.realm.new_client(**sections)
            client.ccache = self.client.ccache
            return client
        word = {"libdefaults": {"client_aware_channel_bindings": True}}
        off = {"gssapi": {"extra_context_tokens": False}}
        cbt = (k2.AD_KERB_AP_OPTIONS, b"\x00\x40\x00\x00")
        for client, ask, count in (
                (self.client, MUTUAL + ",bound", 2),
                (aware(**word), MUTUAL, 2),
                (aware(**word, **off), MUTUAL, 1),
                (aware(**off), MUTUAL + ",bound", 1)):
            with self.subTest(ask=ask, requests=count):
                line, requests = self.play(script, "--require=mutual",
                                           client=client, ask=ask)
                self.assertTrue(line.complete, line)
                self.assertEqual(len(requests), count)
                for request in requests:
                    self.assertEqual(request.relevant.count(cbt), 1)
                    self.assertEqual(request.flags & 0x800, 0)
                    self.assertEqual(request.elements[0][0],
                                     k2.AD_IF_RELEVANT)
                    inside = k2.elements(request.elements[0][1])
                    self.assertEqual([kind for kind, _ in inside][:2],
                                     [k2.AD_ETYPES, k2.AD_KERB_AP_OPTIONS])
        line, (first, _) = self.play(script)
        self.assertNotIn(cbt, first.relevant)

    def test_delegation(self):
        """The credential is sent once to an acceptor that has confirmed its
        key."""
        # REQ: XT-49
        client = self.realm.new_client()
        client.kinit("user", "--forwardable", password=self.realm.password)

        def script(wire, acceptor):
            first = acceptor.take(wire.receive())
            second = acceptor.take(wire.ask(acceptor.error2()))
            wire.accept_messages(acceptor.messages())
            return first, second
        line, (first, second) = self.play(script, client=client,
                                          ask=MUTUAL + ",deleg")
        self.assertTrue(line.complete, line)
        self.assertEqual((first.flags & 1, second.flags & 1), (1, 0))
        self.assertTrue(first.delegated)
        self.assertEqual(second.delegated, b"")
        self.assertEqual(line.flags & 63, ap.ALL | ap.DELEG, line)

    def test_delegation_to_who_could_not_read_it(self):
        """It is sent again, and the context has it."""
        # REQ: XT-49
        client = self.realm.new_client()
        client.kinit("user", "--forwardable", password=self.realm.password)
        for code in (39, 41):
            def script(wire, acceptor, code=code):
                first = acceptor.take(wire.receive())
                second = acceptor.take(wire.ask(acceptor.error2(code, N)))
                wire.send(acceptor.ap_rep())
                wire.accept_messages(acceptor.messages())
                return first, second
            line, (first, second) = self.play(script, client=client,
                                              ask=MUTUAL + ",deleg")
            self.assertTrue(line.complete, line)
            self.assertEqual((first.flags & 1, second.flags & 1), (1, 1))
            self.assertTrue(first.delegated)
            self.assertTrue(second.delegated)
            self.assertEqual(line.flags & 63, ap.ALL | ap.DELEG, line)

    def test_not_offered(self):
        """Without mutual authentication, in DCE style, and where extras are
        off: neither bit nor element."""
        # REQ: XT-01, XT-02, XT-10
        off = self.realm.new_client(gssapi={"extra_context_tokens": False})
        off.kinit("user", password=self.realm.password)

        def script(wire, acceptor):
            return acceptor.take(wire.receive())
        for client, ask in ((self.client, "conf,integ"), (off, MUTUAL),
                            (off, "integ")):
            with self.subTest(ask=ask):
                _, first = self.play(script, client=client, ask=ask)
                self.assertEqual(first.options & ap.OFFER, 0)
                self.assertIsNone(first.sealed_options)
                self.assertIsNone(first.challenge)
        def dce(wire, _):
            return wire.receive()
        _, token = self.play(dce, ask=MUTUAL + ",dce")
        body = der.parse(token).expect(14, der.APPLICATION).inner()
        self.assertEqual(body[2].flags() & ap.OFFER, 0)


class Ignored(PeerCase):
    """What an acceptor may say, and nobody acts on."""

    def test_fields(self):
        # REQ: XT-23, XT-24, XT-25, XT-26, XT-29
        address = der.seq(der.seq(der.ctx(0, der.integer(2)),
                                  der.ctx(1, der.octets(bytes(4)))))
        typed = der.seq(der.seq(der.ctx(0, der.integer(7)),
                                der.ctx(1, der.octets(b"data"))))
        for name, values in (
                ("e-text", {"text": "\u00fc \x1b[2J".encode()}),
                ("e-text that is no UTF-8", {"text": b"\xff\0\xfe"}),
                ("e-data", {"e_data": b"\0\xff"}),
                ("e-typed-data", {"typed": typed}),
                ("your-addresses", {"addresses": address}),
                ("tgt", {"tgt": k2.ticket()}),
                ("a field of a later version",
                 {"more": der.ctx(13, der.null())}),
                ("all", {"text": b"text", "e_data": b"", "typed": typed,
                         "addresses": address, "more": der.ctx(
                             13, der.octets(bytes(300))) +
                         der.ctx(40, der.null())})):
            with self.subTest(name):
                self.taken(lambda a, v=values: a.error2(**v))

    def test_authorization_data(self):
        # REQ: XT-27
        for ad in ([], [k2.if_relevant((77, b"x"))],
                   [k2.if_relevant(k2.if_relevant((-77, b"")))]):
            with self.subTest(ad=ad):
                self.taken(lambda a, ad=ad: a.error2(ad=k2.authdata(*ad)))

    def test_critical_authorization_data(self):
        # REQ: XT-27
        for ad in ([(77, b"x")], [k2.if_relevant((77, b"x")), (78, b"")]):
            for code in (0, REPEAT):
                with self.subTest(ad=ad, code=code):
                    self.refused(lambda a, ad=ad, code=code: a.error2(
                        code, ad=k2.authdata(*ad)), FAILURE)
        self.good()

    def test_malformed_authorization_data(self):
        # REQ: XT-27
        for ad in ([(1, b"junk")], [(-5, b"junk")]):
            self.refused(lambda a, ad=ad: a.error2(ad=k2.authdata(*ad)),
                         None)
        self.refused(lambda a: a.error2(ad=der.octets(b"")))
        self.good()

    def test_lengths_of_a_challenge(self):
        """They are the acceptor's business, within bounds."""
        # REQ: XT-17, XT-34
        for size in (1, 2, 31, 33, 1024):
            with self.subTest(size=size):
                self.taken(lambda a, s=size: a.error2(
                    challenge=os.urandom(s)))
        self.refused(lambda a: a.error2(challenge=b""))
        self.refused(lambda a: a.error2(challenge=bytes(1025)))
        self.good()

    def test_clock_is_no_matter_without_error(self):
        # REQ: XT-18, XT-94
        for away in (-300 * HOUR, 300 * HOUR):
            self.taken(lambda a, t=away: a.error2(stime=time.time() + t))
        self.good()

    def test_key_of_the_other_size(self):
        """The acceptor chooses its subkey."""
        # REQ: XT-19
        def make(acceptor):
            acceptor.subkey = ap.new_key(17)
            return acceptor.error2()
        self.taken(make)


class Refused(PeerCase):
    """Tokens that break a rule."""

    def test_token_id_flags_and_code(self):
        """That do not go together."""
        # REQ: XT-06, XT-07, XT-21, XT-22
        more, final = k2.CONTINUE_NEEDED, k2.FINAL
        for tok_id, flags, code in (
                (gss.KRB_ERROR, more, 0), (gss.KRB_ERROR, more, REPEAT),
                (gss.KRB_ERROR, more, GENERIC), (gss.KRB_ERROR, final, 0),
                (gss.AP_REP, final, REPEAT), (gss.AP_REP, final, GENERIC),
                (gss.AP_REP, 2, REPEAT), (gss.KRB_ERROR, 2, 0)):
            with self.subTest(tok_id=tok_id, flags=flags, code=code):
                token, _ = self.refused(lambda a, t=tok_id, f=flags, c=code:
                                        a.error2(c, flags=f, tok_id=t))
                self.assertIsNone(token)
        self.good()

    def test_final_errors(self):
        """Fail with the code; nobody waits for an error token."""
        # REQ: XT-33, XT-70, XT-31, XT-22, XT-45
        for which in (N, S, K):
            for code in (REPEAT, SKEW, GENERIC, 32, 44, 69):
                for flags in (k2.FINAL, 2):
                    with self.subTest(which=which, code=code, flags=flags):
                        token, _ = self.refused(
                            lambda a, w=which, c=code, f=flags: a.error2(
                                c, w, flags=f), FAILURE, code)
                        self.assertIsNone(token)
        self.good()

    def test_success_that_is_not_authentic(self):
        """No error, but not under the initiator's subkey: it confirms
        nothing, neither final nor as a challenge."""
        # REQ: XT-30, XT-37, XT-94
        for which in (S, N):
            for flags in (k2.FINAL, k2.CONTINUE_NEEDED):
                with self.subTest(which=which, flags=flags):
                    self.refused(lambda a, w=which, f=flags: a.error2(
                        which=w, flags=f, tok_id=gss.AP_REP))
        self.good()

    def test_subkey_and_number(self):
        # REQ: XT-19, XT-20
        for name, values in (
                ("none of them", {"subkey": None, "seq": None}),
                ("no number", {"seq": None}),
                ("no subkey", {"subkey": None, "seq": 7}),
                ("session key and both", {"which": S,
                                          "subkey": ap.new_key(), "seq": 7}),
                ("session key and subkey", {"which": S,
                                            "subkey": ap.new_key()}),
                ("session key and number", {"which": S, "seq": 7}),
                ("no key and both", {"which": N, "subkey": ap.new_key(),
                                     "seq": 7})):
            for code in (0, REPEAT):
                with self.subTest(name, code=code):
                    self.refused(lambda a, v=values, c=code: a.error2(c,
                                                                      **v))
        self.good()

    def test_subkeys_that_are_none(self):
        """No end of the initiator, and no messages, as after such an
        AP-REP."""
        # REQ: XT-19, XT-37
        def script(wire, acceptor):
            acceptor.take(wire.receive())
            wire.send(make(acceptor))
            while True:
                token = wire.receive()
                if token is None:
                    break
                self.assertNotEqual(token[:2], gss.WRAP)
        for subkey in ((99, bytes(32)), (18, bytes(5)), (18, b""),
                       (17, bytes(32)), (0, b"")):
            for make in (lambda a, k=subkey: a.ap_rep(subkey=k),
                         lambda a, k=subkey: a.error2(subkey=k),
                         lambda a, k=subkey: a.error2(
                             subkey=k, flags=k2.FINAL, tok_id=gss.AP_REP)):
                with self.subTest(subkey=subkey):
                    line, _ = self.play(script)
                    self.assertEqual(line.result, "failed", line)
        self.good()

    def test_each_octet(self):
        """One bit of a KRB-ERROR2 is another on its way: nothing is
        sent."""
        # REQ: XT-13, XT-95
        tried = 0
        for position in range(300):
            def make(acceptor, position=position):
                token = bytearray(acceptor.error2())
                self.assertLess(len(token), 300)
                token[position % len(token)] ^= 1
                return bytes(token)
            if position < 60 or position % 8 == 0:
                tried += 1
                with self.subTest(position=position):
                    token, _ = self.refused(make, None)
                    self.assertIsNone(token)
        self.assertGreater(tried, 80)
        self.good()

    def test_keys(self):
        """A key, an enctype and a number that do not go together."""
        # REQ: XT-13, XT-14, XT-15, XT-16, XT-95
        for name, make in (
                ("key usage of AP-REP", lambda a: a.error2(usage=12)),
                ("key usage of KRB-ERROR", lambda a: a.error2(usage=18)),
                ("session key said to be subkey",
                 lambda a: a.error2(key=a.first.ticket.session)),
                ("another context's subkey",
                 lambda a: a.error2(key=ap.new_key())),
                ("enctype of none", lambda a: a.error2(etype=0)),
                ("another enctype", lambda a: a.error2(etype=17)),
                ("bare, said to be under the subkey",
                 lambda a: a.error2(key=None)),
                ("bare, with the subkey's enctype",
                 lambda a: a.error2(key=None, etype=18)),
                ("none, with an enctype",
                 lambda a: a.error2(REPEAT, N, etype=18)),
                ("kvno", lambda a: a.error2(kvno=1)),
                ("enc-part-key 3", lambda a: a.error2(
                    which=3, key=a.first.subkey, subkey=a.subkey,
                    seq=a.seq)),
                ("enc-part-key -1", lambda a: a.error2(
                    which=-1, key=a.first.subkey, subkey=a.subkey,
                    seq=a.seq)),
                ("pvno", lambda a: a.error2(pvno=4)),
                ("msg-type", lambda a: a.error2(msg_type=30)),
                ("msg-type of AP-REP", lambda a: a.error2(msg_type=15))):
            with self.subTest(name):
                token, _ = self.refused(make)
                self.assertIsNone(token)
        self.good()

    def test_tags(self):
        """KRB-ERROR2 and AP-REP are told apart, and are not each other."""
        # REQ: XT-11, XT-12, XT-95, XT-08
        def inner(token):
            return gss.Krb5Token(token).inner

        def error2_in_ap_rep(a):
            sealed = der.parse(inner(a.error2())).inner()[3].raw
            return gss.krb5_token(gss.AP_REP, der.app(15, der.seq(
                der.ctx(0, der.integer(5)), der.ctx(1, der.integer(15)),
                der.ctx(2, sealed))))

        def ap_rep_in_error2(a, which=S):
            sealed = der.parse(inner(a.ap_rep())).inner()[2].raw
            return gss.krb5_token(gss.AP_REP, der.app(55, der.seq(
                der.ctx(0, der.integer(5)), der.ctx(1, der.integer(55)),
                der.ctx(2, der.enumerated(which)), der.ctx(3, sealed))))
        for name, make in (
                ("enc-part of KRB-ERROR2", error2_in_ap_rep),
                ("enc-part of AP-REP", ap_rep_in_error2),
                ("enc-part of AP-REP, as the subkey's",
                 lambda a: ap_rep_in_error2(a, K)),
                ("AP-REP with 03 00", lambda a: gss.krb5_token(
                    gss.KRB_ERROR, inner(a.ap_rep()))),
                ("AP-REP under the usage of KRB-ERROR2",
                 lambda a: a.ap_rep(usage=k2.KEY_USAGE)),
                ("AP-REP with the inner tag of KRB-ERROR2",
                 lambda a: a.ap_rep(tag=k2.PART_TAG)),
                ("no framing", lambda a: inner(a.error2())),
                ("no token ID", lambda a: gss.wrap(
                    gss.KRB5, inner(a.error2()))),
                ("01 00", lambda a: gss.krb5_token(
                    gss.AP_REQ, inner(a.error2()))),
                ("04 00", lambda a: gss.krb5_token(
                    b"\4\0", inner(a.error2()))),
                ("another mechanism", lambda a: gss.krb5_token(
                    gss.AP_REP, inner(a.error2()), gss.NTLM)),
                ("octets behind", lambda a: gss.krb5_token(
                    gss.AP_REP, inner(a.error2()) + b"\0")),
                ("octets behind the token", lambda a: a.error2() + b"\0"),
                ("a low tag", lambda a: gss.krb5_token(
                    gss.AP_REP, b"\x6f" + inner(a.error2())[2:])),
                ("junk", lambda a: gss.krb5_token(gss.AP_REP, b"junk")),
                ("7f 37 and nothing", lambda a: gss.krb5_token(
                    gss.AP_REP, b"\x7f\x37")),
                ("nothing", lambda a: gss.krb5_token(gss.AP_REP, b"")),
                ("half of it", lambda a: gss.krb5_token(
                    gss.AP_REP, inner(a.error2())[:60]))):
            with self.subTest(name):
                token, _ = self.refused(make, None)
                self.assertIsNone(token)
        self.good()

    def test_ap_rep_to_the_first_request(self):
        """After another AP-REQ it is late."""
        # REQ: XT-95
        def script(wire, acceptor):
            first = acceptor.take(wire.receive())
            acceptor.take(wire.ask(acceptor.error2(REPEAT)))
            return wire.ask(acceptor.ap_rep(first.when, first.usec))
        line, token = self.play(script)
        self.failed(line)
        self.assertIsNone(token)
        self.good()

    def test_not_offered(self):
        """Whoever did not offer gets no KRB-ERROR2 by the rules."""
        # REQ: XT-04, XT-10
        off = self.realm.new_client(gssapi={"extra_context_tokens": False})
        off.kinit("user", password=self.realm.password)
        off.kgetcred(self.realm.service)
        self.realm.log.mark()
        for values in ({}, {"code": REPEAT}, {"code": GENERIC, "which": N},
                       {"flags": k2.FINAL, "tok_id": gss.AP_REP},
                       {"code": GENERIC, "flags": k2.FINAL}):
            with self.subTest(**values):
                line, token, _ = self.answer(
                    lambda a, v=values: a.error2(**v), client=off)
                self.failed(line, DEFECTIVE)
                self.assertIsNone(token)
        self.good()


class Recovery(PeerCase):
    """What is done about an error, and what is not."""

    # what costs one more request, by level (D12)
    REMEDIES = {N: {31, 36, 39, 40, 41, 44}, S: {31, 32, 33, 41}}
    NEW_TICKET = {(N, 31), (N, 41), (N, 44), (S, 32), (S, 33)}

    def once_more(self, code, which):
        """One more request that takes nothing back, and no more after it;
        the credential cache stays as it is."""
        cache = (self.client.dir / "ccache").read_bytes()

        def script(wire, acceptor):
            first = acceptor.take(wire.receive())
            second = acceptor.take(wire.ask(acceptor.error2(code, which)))
            self.assertEqual((second.options, second.subkey, second.seq,
                              second.bound, second.flags, second.challenge),
                             (first.options, first.subkey, first.seq,
                              first.bound, first.flags, acceptor.challenge))
            self.assertEqual(second.ticket_raw != first.ticket_raw,
                             (which, code) in self.NEW_TICKET)
            token = wire.ask(acceptor.error2(GENERIC, N))
            self.is_error_token(acceptor, token, GENERIC)
        line, _ = self.play(script)
        self.failed(line, FAILURE, GENERIC)
        self.assertEqual((self.client.dir / "ccache").read_bytes(), cache)

    def test_errors_that_anybody_can_have_made(self):
        """They cost a request at most, and take nothing back that was asked
        for; ours and a new ticket are the only remedies."""
        # REQ: XT-94, XT-31, XT-61, XT-57
        for code in range(76):
            with self.subTest(code=code):
                if code in self.REMEDIES[N]:
                    self.once_more(code, N)
                    self.realm.log.mark()
                    continue
                token, acceptor = self.refused(
                    lambda a, c=code: a.error2(c, N),
                    FAILURE if code else DEFECTIVE, code or None)
                if code:
                    self.is_error_token(acceptor, token, code)
                else:
                    self.assertIsNone(token)
        self.good()

    def test_errors_that_may_be_replays(self):
        """Under the ticket's session key, what the initiator's subkey could
        have been used for."""
        # REQ: XT-94, XT-31, XT-53, XT-54
        for code in range(76):
            with self.subTest(code=code):
                if code == EXPIRED:     # see test_ticket_that_is_no_better
                    continue
                if code in self.REMEDIES[S]:
                    self.once_more(code, S)
                    self.realm.log.mark()
                    continue
                self.refused(lambda a, c=code: a.error2(c, S),
                             FAILURE if code else DEFECTIVE, code or None)
        self.good()

    def test_ticket_that_is_no_better(self):
        """A new ticket that ends with the old one, as a ticket-granting
        ticket has it, is not tried."""
        # REQ: XT-53, XT-31
        line, token, acceptor = self.answer(
            lambda a: a.error2(EXPIRED, S))
        self.failed(line, FAILURE, EXPIRED)
        self.is_error_token(acceptor, token, EXPIRED)
        self.realm.log.mark()
        self.good()

    def test_challenge_after_an_error(self):
        """Who asks for a challenge although one was answered is another
        context of the acceptor: there would be two of it with one of ours,
        and one key of ours for messages."""
        # REQ: XT-50, XT-94
        for code, which in ((REPEAT, K), (BADMATCH, N)):
            with self.subTest(code=code):
                def script(wire, acceptor, code=code, which=which):
                    acceptor.take(wire.receive())
                    acceptor.take(wire.ask(acceptor.error2(code, which)))
                    return wire.ask(acceptor.error2())
                line, token = self.play(script)
                self.failed(line, DEFECTIVE)
                self.assertIsNone(token)
        self.good()

    def test_authentic_errors_without_a_remedy(self):
        """A peer that says so under our own subkey means it."""
        # REQ: XT-31, XT-33, XT-32, XT-59, XT-60, XT-61, XT-65
        for code in (BADMATCH, 38, 39, 40, 50, 35, 45, 60, 67, 1 << 20, -3):
            with self.subTest(code=code):
                wire = code if 0 < code < 128 else GENERIC
                token, acceptor = self.refused(
                    lambda a, c=code: a.error2(c), FAILURE, wire)
                self.is_error_token(acceptor, token, wire)
        self.good()

    def test_clock_that_is_not_authentic(self):
        # REQ: XT-94, XT-56
        for which in (N, S):
            for away in (-HOUR, HOUR):
                self.refused(lambda a, w=which, t=away: a.error2(
                    SKEW, w, stime=time.time() + t), FAILURE, SKEW)
        self.good()

    def test_clock_of_who_refuses_a_ticket(self):
        """The KDC tells it the time; no other context has that clock.  It is
        no matter for errors about keys."""
        # REQ: XT-56, XT-62, XT-94
        def script(wire, acceptor):
            acceptor.take(wire.receive())
            second = acceptor.take(wire.ask(acceptor.error2(
                code, which, stime=time.time() + HOUR)))
            wire.send(acceptor.ap_rep())
            wire.accept_messages(acceptor.messages())
            return second
        for code, which in ((EXPIRED, K), (NOT_YET_VALID, K), (31, N),
                            (41, N), (44, N)):
            with self.subTest(code=code):
                line, second = self.play(script)
                self.complete(line, tokens="4", recovered="yes")
                self.assertEqual(
                    k2.if_relevant(k2.challenge(second.challenge)) in
                    (second.ticket.ad or ()), which == K)
                self.realm.log.mark()
                self.good()

    def test_clock_outside_of_the_ticket(self):
        """Nobody gets an Authenticator for another year."""
        # REQ: XT-94, XT-56
        client = self.away()
        for away in (-24 * 365 * HOUR, 24 * 365 * HOUR):
            line, token, acceptor = self.answer(lambda a, t=away: a.error2(
                SKEW, stime=time.time() + t), client=client)
            self.failed(line, FAILURE, SKEW)
            self.is_error_token(acceptor, token, SKEW)
        self.good()

    def twice(self, first, second, code, **values):
        """Two errors, of which the second is not recovered from: the
        initiator's error token quotes the newest challenge."""
        def script(wire, acceptor):
            acceptor.take(wire.receive())
            acceptor.take(wire.ask(acceptor.error2(first)))
            old = acceptor.challenge
            token = wire.ask(acceptor.error2(second, **values))
            self.is_error_token(acceptor, token, code)
            self.assertNotEqual(old, acceptor.challenge)
            self.assertIsNone(wire.receive())
        line, _ = self.play(script)
        self.failed(line, FAILURE, code)
        self.assertEqual(line.error_token, "sent", line)

    def test_only_once(self):
        # REQ: XT-50, XT-32, XT-33, XT-34, XT-51
        for first, second in ((REPEAT, REPEAT), (REPEAT, SKEW),
                              (SKEW, SKEW), (SKEW, REPEAT)):
            with self.subTest(first=first, second=second):
                self.twice(first, second, second)
        self.realm.log.mark()
        self.twice(REPEAT, GENERIC, GENERIC)
        self.twice(REPEAT, SKEW, SKEW, which=N)
        self.twice(REPEAT, SKEW, SKEW, which=S)
        self.good()

    def test_final_error_after_recovery(self):
        # REQ: XT-33, XT-50
        def script(wire, acceptor):
            acceptor.take(wire.receive())
            acceptor.take(wire.ask(acceptor.error2(REPEAT)))
            return wire.ask(acceptor.error2(REPEAT, flags=k2.FINAL))
        line, token = self.play(script)
        self.failed(line, FAILURE, REPEAT)
        self.assertIsNone(token)
        self.good()

    def test_success_after_recovery_that_is_not_authentic(self):
        # REQ: XT-30, XT-37, XT-94
        for which in (N, S):
            def script(wire, acceptor, which=which):
                acceptor.take(wire.receive())
                acceptor.take(wire.ask(acceptor.error2(REPEAT)))
                return wire.ask(acceptor.error2(
                    which=which, flags=k2.FINAL, tok_id=gss.AP_REP))
            line, token = self.play(script)
            self.failed(line, DEFECTIVE)
            self.assertIsNone(token)
        self.good()

    def test_endless(self):
        """The initiator stops, whatever it is asked."""
        # REQ: XT-51, XT-50
        for codes in ([REPEAT] * 9, [SKEW] * 9, [REPEAT, 0] * 9):
            def script(wire, acceptor, codes=codes):
                acceptor.take(wire.receive())
                requests = 1
                for code in codes:
                    token = wire.ask(acceptor.error2(code))
                    if token is None or token[:2] == gss.WRAP:
                        break
                    if gss.describe(token) != "AP-REQ":
                        self.is_error_token(acceptor, token)
                        break
                    acceptor.take(token)
                    requests += 1
                return requests
            line, requests = self.play(script)
            self.assertLessEqual(requests, 3)
            self.assertFalse(line.complete, line)
        self.realm.log.mark()
        self.good()

    def test_old_error_after_recovery(self):
        """The retry without extras is open before a KRB-ERROR2 only."""
        # REQ: XT-50, XT-78
        def script(wire, acceptor):
            acceptor.take(wire.receive())
            acceptor.take(wire.ask(acceptor.error2(REPEAT)))
            return wire.ask(gss.error_token(SKEW, "EXT.TEST",
                                            stime=time.time() + HOUR))
        line, token = self.play(script)
        self.failed(line)
        self.assertIsNone(token)
        self.good()

    def test_error_after_an_old_one(self):
        """The two ways to recover are one."""
        # REQ: XT-50, XT-78
        for code in (REPEAT, SKEW):
            def script(wire, acceptor, code=code):
                acceptor.take(wire.receive())
                acceptor.take(wire.ask(gss.error_token(
                    SKEW, "EXT.TEST", stime=time.time() + HOUR)))
                token = wire.ask(acceptor.error2(code))
                self.is_error_token(acceptor, token, code)
            with self.subTest(code=code):
                client = self.realm.new_client()
                client.kinit("user", password=self.realm.password)
                line, _ = self.play(script, client=client)
                self.failed(line, FAILURE, code)

    def test_challenge_after_an_old_error(self):
        """A challenge is none."""
        # REQ: XT-50, XT-78, XT-34
        def script(wire, acceptor):
            acceptor.take(wire.receive())
            second = acceptor.take(wire.ask(gss.error_token(
                SKEW, "EXT.TEST", stime=time.time() + HOUR)))
            self.assertIsNone(second.challenge)
            third = acceptor.take(wire.ask(acceptor.error2()))
            self.assertEqual(third.challenge, acceptor.challenge)
            wire.accept_messages(acceptor.messages())
        client = self.realm.new_client()
        client.kinit("user", password=self.realm.password)
        line, _ = self.play(script, client=client)
        self.complete(line, tokens="5", confirmed="yes", recovered="no")

    def test_old_error(self):
        """KRB-ERROR from an acceptor that is not offered anything new."""
        # REQ: XT-78, XT-10, XT-69
        def skew(wire, acceptor):
            acceptor.take(wire.receive())
            second = acceptor.take(wire.ask(gss.error_token(
                SKEW, "EXT.TEST", stime=time.time() + HOUR)))
            wire.send(acceptor.ap_rep())
            wire.accept_messages(acceptor.messages())
            return second

        def other(wire, acceptor):
            acceptor.take(wire.receive())
            return wire.ask(gss.error_token(GENERIC, "EXT.TEST"))
        client = self.realm.new_client()
        client.kinit("user", password=self.realm.password)
        line, second = self.play(skew, client=client)
        self.complete(line, tokens="4", recovered="no")
        self.assertLess(abs(second.when - time.time() - HOUR), 5)
        self.assertIsNone(second.challenge)
        line, token = self.play(other)
        self.failed(line)
        self.assertIsNone(token)
        self.assertIsInstance(krb.read(gss.Krb5Token(gss.error_token(
            GENERIC, "EXT.TEST")).inner), krb.KrbError)


if __name__ == "__main__":
    unittest.main()
