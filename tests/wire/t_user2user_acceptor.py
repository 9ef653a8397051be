"""User-to-user: an initiator in Python talks with our acceptor, who is bob and
has a TGT.  The initiator knows the TGT's session key, and so makes tickets as
the KDC would; each can be wrong in one way.
"""

import time
import unittest

from realm.ccache import credential, make, put_first
from realm.extra import ExtraCase, Server
from realm.talk import Call
from wire import ap, gss, tgs
from wire import krb_error2 as k2

EXPIRED, NOT_YET_VALID, REPEAT, NOT_US = 32, 33, 34, 35
SKEW, MODIFIED, NOKEY = 37, 41, 45
NO_TGT, USER2USER = 67, 69
N, K, S = k2.KEY_NULL, k2.KEY_SUBKEY, k2.KEY_SESSION
BOTH = ap.OFFER | ap.WANT_MUTUAL
U2U = BOTH | gss.USE_SESSION_KEY
BOB = "bob"


class U2UCase(ExtraCase):
    """bob's acceptor, and what the KDC would issue for him."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        realm = cls.realm
        realm.add(BOB, password=realm.password, attributes="disallow-svr")
        cls.tgt = tgs.get_tgt(realm, BOB)
        cls.bob = realm.new_client()
        cls.bob.kinit(BOB, password=realm.password)
        now = int(time.time())
        put_first(cls.bob.dir / "ccache", credential(
            BOB, "krbtgt/" + realm.name, realm.name, (18, cls.tgt.key),
            cls.tgt.ticket, now - 60, now + 3600))
        cls.server = Server(cls, acceptor_ccache=cls.bob.ccache)
        cls.name = realm.keys(BOB)[0]._replace(key=cls.tgt.key, kvno=None,
                                               etype=18)

    def setUp(self):
        """No KDC takes part."""

    def initiator(self, options=U2U, **ticket):
        """One with a user-to-user ticket."""
        return ap.Initiator(ap.issue(self.name, kvno=None, **ticket),
                            options=options)

    def quiet(self):
        """One that asks for no mutual authentication, and waits."""
        who = self.initiator(options=U2U & ~ap.WANT_MUTUAL)
        who.flags = ap.ALL & ~ap.MUTUAL
        return who

    def empty(self, options=BOTH, name=None, sealed=b"", etype=0,
              ticket=None):
        """The token of who has no ticket."""
        return gss.krb5_token(gss.AP_REQ, ap.ap_req(
            options, ticket or ap.empty_ticket(name or self.name), sealed,
            etype))

    def take_tgt(self, who, answer):
        """The answer is bob's TGT, and wants another AP-REQ."""
        self.assertEqual(gss.describe(answer), "KRB-ERROR2 continue")
        outer = gss.Krb5Token(answer)
        error2 = k2.Error2(outer.inner)
        self.assertEqual((error2.which, error2.code, error2.flags),
                         (N, USER2USER, k2.CONTINUE_NEEDED))
        self.assertEqual(len(error2.challenge), 32)
        self.assertEqual([error2.subkey, error2.seq, error2.ad, error2.text],
                         [None] * 4)
        self.assertIn(self.tgt.ticket, answer)
        self.assertNotIn(self.tgt.key, answer)
        who.challenge = error2.challenge

    def begin(self, call, who):
        """Up to the TGT."""
        self.take_tgt(who, call.ask(self.empty()))

    def finish(self, call, who, **values):
        """From there, and messages."""
        who.take_ap_rep(call.ask(who.token(**values)))
        call.initiate_messages(who.messages())

    def established(self, line, **fields):
        """bob knows the user."""
        self.assertTrue(line.complete, line)
        self.assertEqual((line.messages, line.src, line.user2user),
                         ("ok", "user@" + self.realm.name, "yes"), line)
        for name, value in fields.items():
            self.assertEqual(getattr(line, name), value, line)

    def good(self):
        """Four tokens."""
        who = self.initiator()
        with Call(self.server) as call:
            self.begin(call, who)
            self.finish(call, who)
        self.established(call.line, tokens="4", recovered="no")

    def is_final(self, answer, code, which=N, keys=(None, None)):
        """The answer is a KRB-ERROR2 that ends the exchange."""
        self.assertIsNotNone(answer)
        self.assertEqual(gss.describe(answer), "KRB-ERROR2 final")
        error2 = k2.Error2(gss.Krb5Token(answer).inner, keys)
        self.assertEqual((error2.code, error2.which, error2.tgt),
                         (code, which, None))

    def refuse(self, code, who=None, which=N, **values):
        """The AP-REQ that follows the TGT is refused, and that is final."""
        who = who or self.initiator()
        with Call(self.server) as call:
            self.begin(call, who)
            self.is_final(call.ask(who.token(**values)), code, which,
                          (who.subkey, who.credential.session))
        self.nobody(call.line)
        self.good()

    def refuse_first(self, code, token, server=None):
        """A first token is refused, and that is final."""
        with Call(server or self.server) as call:
            self.is_final(call.ask(token), code)
        self.nobody(call.line)
        self.good()


class First(U2UCase):
    """What the TGT is given for."""

    def test_an_empty_ticket(self):
        # REQ: XT-28, XT-81
        self.good()

    def test_for_somebody_else(self):
        # REQ: XT-84
        for name in ("mallory@EXT.TEST", "bob@OTHER.TEST", "bob/x@EXT.TEST",
                     "krbtgt/EXT.TEST@EXT.TEST"):
            self.refuse_first(NOT_US, self.empty(
                name=self.name._replace(principal=name)))

    def test_without_a_cache(self):
        # REQ: XT-70, XT-81
        self.refuse_first(NO_TGT, self.empty(), Server(type(self)))

    def test_of_nobody(self):
        """The TGT in the cache is anonymous."""
        # REQ: XT-84
        realm = "WELLKNOWN:ANONYMOUS"
        client = self.realm.new_client()
        now = int(time.time())
        make(client.dir / "anonymous", "WELLKNOWN/ANONYMOUS", realm,
             credential("WELLKNOWN/ANONYMOUS", "krbtgt/" + realm, realm,
                        (18, self.tgt.key), self.tgt.ticket, now - 60,
                        now + 3600))
        self.refuse_first(NO_TGT, self.empty(name=self.name._replace(
            principal="WELLKNOWN/ANONYMOUS@" + realm)), Server(
                type(self), acceptor_ccache="FILE:%s" %
                (client.dir / "anonymous")))

    def test_without_an_offer(self):
        """As for an unpatched acceptor."""
        # REQ: XT-10
        with Call(self.server) as call:
            answer = call.ask(self.empty(options=ap.WANT_MUTUAL))
            self.assertRegex(gss.describe(answer), "KRB-ERROR [0-9]+$")
        self.nobody(call.line)
        with Call(self.server) as call:
            self.assertIsNone(call.ask(self.empty(options=0)))
        self.nobody(call.line)
        self.good()

    def test_without_framing(self):
        """As DCE RPC has it (D17)."""
        with Call(self.server) as call:
            self.assertIsNone(call.ask(ap.ap_req(
                BOTH, ap.empty_ticket(self.name), b"", 0)))
        self.nobody(call.line)
        self.good()

    def test_almost_empty(self):
        """Not an empty one: there is no key for it; it is for bob, so that
        his TGT is the answer all the same, and no more."""
        # REQ: XT-81
        for token in (self.empty(sealed=b"x"), self.empty(etype=18)):
            who = self.initiator()
            with Call(self.server) as call:
                self.take_tgt(who, call.ask(token))
                self.finish(call, who)
            self.established(call.line)

    def test_twice(self):
        # REQ: XT-81
        with Call(self.server) as call:
            self.take_tgt(self.initiator(), call.ask(self.empty()))
            self.is_final(call.ask(self.empty()), USER2USER)
        self.nobody(call.line)
        self.good()

    def test_a_user_to_user_ticket_at_once(self):
        """Of an exchange before, or by another way: it is answered as if there
        were none, since nothing says that it is new."""
        # REQ: KI-22, XT-82
        who = self.initiator()
        with Call(self.server) as call:
            self.take_tgt(who, call.ask(who.token()))
            self.finish(call, who)
        self.established(call.line, tokens="4")

    def test_the_same_without_an_offer(self):
        # REQ: KI-22
        who = self.initiator(options=U2U & ~ap.OFFER)
        with Call(self.server) as call:
            answer = call.ask(who.token())
            self.assertEqual(gss.describe(answer), "KRB-ERROR %d" % NOKEY)
        self.nobody(call.line)
        self.good()

    def test_the_same_for_somebody_else(self):
        """Nor is it refused for want of a key, as one who has no TGT does."""
        # REQ: KI-22, XT-84
        self.refuse_first(NOT_US, self.initiator(sname="mallory").token())

    def test_the_same_without_a_cache(self):
        # REQ: KI-22
        self.refuse_first(NOKEY, self.initiator().token(), Server(type(self)))


class Second(U2UCase):
    """The AP-REQ with a ticket."""

    def test_an_error_in_between(self):
        # REQ: XT-76
        who = self.initiator()
        with Call(self.server) as call:
            self.begin(call, who)
            answer = call.ask(who.token(when=time.time() - 3600))
            tok_id, error2 = who.take_error2(answer)
            self.assertEqual((tok_id, error2.code, error2.which),
                             (gss.AP_REP, SKEW, K))
            self.finish(call, who)
        self.established(call.line, tokens="6", recovered="yes")

    def test_without_mutual_authentication(self):
        """Five tokens, with an error and without (D4)."""
        # REQ: XT-75
        for when, code, recovered in (
                (None, 0, "no"), (time.time() - 3600, SKEW, "yes")):
            who = self.quiet()
            with Call(self.server) as call:
                self.take_tgt(who, call.ask(self.empty(options=ap.OFFER)))
                answer = call.ask(who.token(when=when))
                tok_id, error2 = who.take_error2(answer)
                self.assertEqual((tok_id, error2.code, error2.which),
                                 (gss.AP_REP, code, K))
                call.send(who.token())
                call.initiate_messages(who.messages())
            self.established(call.line, tokens="5", recovered=recovered,
                             protection="challenge")
            self.assertEqual(call.line.flags & ap.MUTUAL, 0)

    def test_one_way_to_ask_for_an_ap_rep(self):
        """Either is enough, and its number is the messages'."""
        # REQ: XT-46, XT-80
        for options, flags in ((U2U, ap.ALL & ~ap.MUTUAL),
                               (U2U & ~ap.WANT_MUTUAL, ap.ALL)):
            with self.subTest(options=hex(options)):
                who = self.initiator(options=options)
                who.flags = flags
                with Call(self.server) as call:
                    self.begin(call, who)
                    self.finish(call, who)
                self.established(call.line, tokens="4")

    def test_authorization_data(self):
        """The acceptor's, in the place of the AP-REP: the empty ticket has
        had no key sealed for anybody."""
        # REQ: XT-97, XT-77
        data = k2.authdata(k2.if_relevant((77, b"what the acceptor says")))
        server = Server(type(self), "--send-authdata=" + data.hex(),
                        acceptor_ccache=self.bob.ccache)
        who = self.initiator()
        with Call(server) as call:
            self.begin(call, who)
            tok_id, error2 = who.take_error2(call.ask(who.token()))
            self.assertEqual((tok_id, error2.flags, error2.code,
                              error2.which, error2.ad),
                             (gss.AP_REP, k2.FINAL, 0, K, data))
            call.initiate_messages(who.messages())
        self.established(call.line, tokens="4")
        self.assertEqual(call.line.acceptor_authdata, "sent")

    def test_no_seventh_token(self):
        """What is wrong with the fifth is final."""
        # REQ: XT-51, XT-75
        for values, code in (({"when": time.time() - 3600}, SKEW),
                             ({"spoil": True}, MODIFIED),
                             ({"challenge": bytes(32)}, REPEAT)):
            who = self.quiet()
            with Call(self.server) as call:
                self.take_tgt(who, call.ask(self.empty(options=ap.OFFER)))
                who.take_error2(call.ask(who.token()))
                answer = call.ask(who.token(**values))
                self.assertEqual(gss.describe(answer), "KRB-ERROR2 final")
                self.assertEqual(who.open_error2(answer)[1].code, code)
            self.nobody(call.line)
        self.good()

    def test_two_errors(self):
        # REQ: XT-50, XT-76
        who = self.initiator()
        with Call(self.server) as call:
            self.begin(call, who)
            who.take_error2(call.ask(who.token(when=time.time() - 3600)))
            answer = call.ask(who.token(when=time.time() - 3600))
            self.is_final(answer, SKEW, K, (who.subkey,
                                            who.credential.session))
        self.nobody(call.line)
        self.good()

    def test_another_key(self):
        # REQ: XT-83
        self.refuse(MODIFIED, self.initiator(key=bytes(32)))
        self.refuse(MODIFIED, self.initiator(spoil=True))

    def test_a_spoilt_authenticator(self):
        """The ticket is good: once more (6.1)."""
        # REQ: XT-76
        who = self.initiator()
        with Call(self.server) as call:
            self.begin(call, who)
            _, error2 = who.take_error2(call.ask(who.token(spoil=True)))
            self.assertEqual((error2.code, error2.which), (MODIFIED, S))
            self.finish(call, who)
        self.established(call.line, tokens="6", recovered="yes")

    def test_the_long_term_key(self):
        """After the TGT an ordinary ticket is none."""
        self.refuse(USER2USER, self.initiator(options=BOTH))

    def test_another_target(self):
        """The ticket's name is not protected: whoever it is said to be for,
        this is bob."""
        # REQ: XT-84
        who = self.initiator(sname="mallory")
        self.refuse(NOT_US, who, which=K)

    def test_the_option_in_the_clear(self):
        # REQ: XT-83
        self.refuse(USER2USER, clear=BOTH)
        self.refuse(MODIFIED, self.initiator(options=BOTH), clear=U2U,
                    which=K)

    def test_the_challenge(self):
        # REQ: XT-85
        self.refuse(REPEAT, challenge=None, which=K)
        self.refuse(REPEAT, challenge=bytes(32), which=K)

    def test_replays(self):
        """Both AP-REQs of an exchange in another."""
        # REQ: XT-85
        who, first = self.initiator(), self.empty()
        with Call(self.server) as call:
            self.take_tgt(who, call.ask(first))
            second = who.token()
            who.take_ap_rep(call.ask(second))
            call.initiate_messages(who.messages())
        self.established(call.line)
        with Call(self.server) as call:
            self.take_tgt(self.initiator(), call.ask(first))
            self.is_final(call.ask(second), REPEAT, K,
                          (who.subkey, who.credential.session))
        self.nobody(call.line)
        self.good()

    def test_times(self):
        """There is no other ticket for this TGT but one that tells the time:
        final, if this one does not."""
        # REQ: XT-50, XT-89
        for start, end, code in ((-7200, -3600, EXPIRED),
                                 (7200, 9000, NOT_YET_VALID)):
            who = self.initiator(start=start, end=end)
            with Call(self.server) as call:
                self.begin(call, who)
                tok_id, error2 = who.take_error2(call.ask(who.token()))
                self.assertEqual((tok_id, error2.code, error2.which),
                                 (gss.AP_REP, code, K))
                self.is_final(call.ask(who.token()), code, K,
                              (who.subkey, who.credential.session))
            self.nobody(call.line)
            self.good()

    def test_who_gives_up(self):
        """The initiator cannot get a ticket, and has no key to say so in."""
        # REQ: XT-71
        who = self.initiator()
        with Call(self.server) as call:
            self.begin(call, who)
            self.assertIsNone(call.ask(who.error_token(26, key=None,
                                                       which=N)))
        self.nobody(call.line)
        with Call(self.server) as call:
            self.begin(call, who)
        self.assertFalse(call.line.complete)
        self.good()


class Preferred(U2UCase):
    """bob has a key, and prefers his TGT."""

    def setUp(self):
        super().setUp()
        self.long_term = self.realm.newest_key(BOB)
        type(self).keytab = self.realm.ext_keytab(BOB)
        self.prefers = Server(type(self), prefer_user2user=True,
                              acceptor_ccache=self.bob.ccache)

    def ordinary(self, **ticket):
        """An initiator with a ticket in the long-term key."""
        return ap.Initiator(ap.issue(self.long_term, **ticket), options=BOTH)

    def ask(self, call, who, **values):
        """The TGT, sealed, and a subkey."""
        tok_id, error2 = who.take_error2(call.ask(who.token(**values)))
        self.assertEqual((tok_id, error2.which, error2.code, error2.tgt,
                          error2.ad),
                         (gss.AP_REP, K, USER2USER, self.tgt.ticket, None))
        self.assertIsNotNone(error2.subkey)
        who.credential = self.initiator().credential
        who.options = U2U
        return error2

    def test_keys(self):
        """Who knows the long-term key does not know those of the context."""
        # REQ: XT-82
        who = self.ordinary()
        with Call(self.prefers) as call:
            error2 = self.ask(call, who)
            who.subkey = ap.new_key()
            reply = who.take_ap_rep(call.ask(who.token()))
            self.assertNotEqual(reply.subkey, error2.subkey)
            call.initiate_messages(who.messages())
        self.established(call.line, tokens="4", recovered="no",
                         confirmed="no")

    def test_the_same_subkey(self):
        # REQ: XT-82, XT-39
        who = self.ordinary()
        with Call(self.prefers) as call:
            error2 = self.ask(call, who)
            reply = who.take_ap_rep(call.ask(who.token()))
            self.assertNotEqual(reply.subkey, error2.subkey)
            call.initiate_messages(who.messages())
        self.established(call.line, tokens="4")

    def test_what_has_to_agree(self):
        """Client, number and bindings; and an AP-REP has to be asked for."""
        # REQ: XT-38, XT-48, XT-82
        for code, values in (
                (49, {"seq": 1}), (REPEAT, {"challenge": bytes(32)}),
                (60, {"bound": bytes(range(16))}),
                (MODIFIED, {"options": U2U & ~ap.WANT_MUTUAL,
                            "flags": ap.ALL & ~ap.MUTUAL})):
            who = self.ordinary()
            with Call(self.prefers) as call:
                self.ask(call, who)
                answer = call.ask(who.token(**values))
                self.assertEqual(gss.describe(answer), "KRB-ERROR2 final")
                self.assertEqual(who.open_error2(answer)[1].code, code)
            self.nobody(call.line)
        who = self.ordinary()
        with Call(self.prefers) as call:
            self.ask(call, who)
            who.credential = self.initiator(client="mallory").credential
            answer = call.ask(who.token())
            self.assertEqual(who.open_error2(answer)[1].code, 36)
        self.nobody(call.line)

    def test_an_error_in_between(self):
        """About the user-to-user ticket's AP-REQ, which somebody has held
        back: what was sealed for the key of the other ticket does not come to
        count."""
        # REQ: XT-82, XT-76, XT-94
        late = {"when": time.time() - 7200}
        for another in (True, False):
            who = self.ordinary()
            with Call(self.prefers) as call:
                told = [self.ask(call, who).subkey]
                if another:
                    who.subkey = ap.new_key()
                _, error2 = who.take_error2(call.ask(who.token(**late)))
                self.assertEqual((error2.which, error2.code), (K, SKEW))
                told.append(error2.subkey)
                reply = who.take_ap_rep(call.ask(who.token()))
                self.assertNotIn(reply.subkey, told)
                self.assertNotEqual(*told)
                call.initiate_messages(who.messages())
            self.established(call.line, tokens="6", recovered="yes")

    def test_a_spoilt_authenticator(self):
        """The error is final, and not in the subkey of the one before."""
        # REQ: XT-14, XT-82
        who = self.ordinary()
        with Call(self.prefers) as call:
            self.ask(call, who)
            self.is_final(call.ask(who.token(spoil=True)), MODIFIED, S,
                          (who.subkey, who.credential.session))
        self.nobody(call.line)
        self.test_keys()

    def test_what_has_to_agree_with_an_error(self):
        """The same, when the AP-REQ is refused for something else, too."""
        # REQ: XT-38, XT-48, XT-82
        late = {"when": time.time() - 7200}
        for ticket, values in (
                ({}, {"seq": 1}), ({}, {"bound": bytes(range(16))}),
                ({"client": "mallory"}, {"client": "mallory"}),
                ({"sname": "mallory"}, {}), ({}, {"checksum": None}),
                ({}, {"options": U2U & ~ap.WANT_MUTUAL,
                      "flags": ap.ALL & ~ap.MUTUAL})):
            who = self.ordinary()
            with Call(self.prefers) as call:
                self.ask(call, who)
                who.credential = self.initiator(**ticket).credential
                answer = call.ask(who.token(**late, **values))
                self.assertEqual(gss.describe(answer), "KRB-ERROR2 final")
                self.assertEqual(who.open_error2(answer)[1].code, SKEW)
            self.nobody(call.line)
        self.test_keys()

    def test_after_the_old_error(self):
        """Who had to try again gets no TGT as well."""
        # REQ: XT-50, XT-82
        who = self.ordinary()
        with Call(self.prefers) as call:
            answer = gss.Krb5Token(call.ask(who.token(
                options=ap.WANT_MUTUAL, when=time.time() - 7200)))
            self.assertEqual(answer.tok_id, gss.KRB_ERROR)
            self.assertEqual(answer.message().code, SKEW)
            answer = call.ask(who.token())
            self.assertEqual(gss.describe(answer), "AP-REP")
            who.take_ap_rep(answer)
            call.initiate_messages(who.messages())
        self.assertTrue(call.line.complete, call.line)
        self.test_keys()

    def test_no_tgt_after_the_old_error(self):
        """Neither for who has no ticket then, nor for who has one that no key
        opens."""
        # REQ: XT-50, XT-81
        strange = self.ordinary(kvno=77, key=bytes(32))
        for token in (self.empty(), self.initiator().token(),
                      strange.token()):
            who = self.ordinary()
            with Call(self.prefers) as call:
                answer = gss.Krb5Token(call.ask(who.token(
                    options=ap.WANT_MUTUAL, when=time.time() - 7200)))
                self.assertEqual(answer.message().code, SKEW)
                answer = call.ask(token)
                self.assertIsNotNone(answer)
                self.assertNotIn(self.tgt.ticket, answer)
                self.assertEqual(gss.describe(answer), "KRB-ERROR2 final")
            self.nobody(call.line)
        self.test_keys()

    def test_preferred_by_who_cannot_ask(self):
        """The ticket is good enough for an initiator that takes no extra
        tokens, and for one that asks for no AP-REP."""
        # REQ: XT-82, XT-10
        who = self.ordinary()
        with Call(self.prefers) as call:
            answer = call.ask(who.token(options=ap.WANT_MUTUAL))
            self.assertEqual(gss.describe(answer), "AP-REP")
            who.take_ap_rep(answer)
            call.initiate_messages(who.messages())
        self.assertTrue(call.line.complete, call.line)
        who = self.ordinary()
        who.options, who.flags = ap.OFFER, ap.ALL & ~ap.MUTUAL
        with Call(self.prefers) as call:
            tok_id, error2 = who.take_error2(call.ask(who.token()))
            self.assertEqual((tok_id, error2.which, error2.code, error2.tgt),
                             (gss.AP_REP, K, 0, None))
            call.send(who.token())
            call.initiate_messages(who.messages())
        self.assertTrue(call.line.complete, call.line)

    def test_not_preferred(self):
        """With a key and a TGT the ticket is good enough; one that is spoilt
        is told to be."""
        # REQ: XT-82, XT-14
        server = Server(type(self), acceptor_ccache=self.bob.ccache)
        who = self.ordinary()
        with Call(server) as call:
            answer = call.ask(who.token())
            self.assertEqual(gss.describe(answer), "AP-REP")
            who.take_ap_rep(answer)
            call.initiate_messages(who.messages())
        self.assertTrue(call.line.complete, call.line)
        who = self.ordinary(spoil=True)
        with Call(server) as call:
            tok_id, error2 = who.take_error2(call.ask(who.token()))
            self.assertEqual((tok_id, error2.which, error2.code, error2.tgt),
                             (gss.AP_REP, N, MODIFIED, None))
            who.credential = self.ordinary().credential
            who.take_ap_rep(call.ask(who.token()))
            call.initiate_messages(who.messages())
        self.assertTrue(call.line.complete, call.line)

    def test_without_a_tgt(self):
        """The ticket is taken as ever; and with somebody else's."""
        # REQ: XT-82
        mallory = self.realm.new_client()
        self.realm.add("mallory", password=self.realm.password)
        mallory.kinit("mallory", password=self.realm.password)
        nobody = self.realm.new_client()
        for ccache in (nobody.ccache, mallory.ccache):
            who = self.ordinary()
            with Call(Server(type(self), prefer_user2user=True,
                             acceptor_ccache=ccache)) as call:
                answer = call.ask(who.token())
                self.assertEqual(gss.describe(answer), "AP-REP")
                who.take_ap_rep(answer)
                call.initiate_messages(who.messages())
            self.assertTrue(call.line.complete, call.line)
            self.assertEqual(call.line.flags & ap.ALL, ap.ALL)

    def test_the_ticket_again(self):
        """It was good enough for a challenge, and is not for this."""
        # REQ: XT-82
        who = self.ordinary()
        with Call(self.prefers) as call:
            old = who.credential
            self.ask(call, who)
            who.credential, who.options = old, BOTH
            answer = call.ask(who.token())
            self.assertEqual(gss.describe(answer), "KRB-ERROR2 final")
        self.nobody(call.line)
        self.test_keys()


if __name__ == "__main__":
    unittest.main()
