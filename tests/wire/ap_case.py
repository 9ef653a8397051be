"""An initiator in Python (wire/ap.py) that makes its own tickets, for tests of
our acceptor: each field of each AP-REQ can be wrong, and after each refusal an
exchange is good.
"""

import time

from realm.extra import ExtraCase, Server
from realm.talk import Call
from wire import ap, gss
from wire import krb_error2 as k2

KRB5_BASE = -1765328384                 # error 0 of the protocol, as minor
FAILURE, DEFECTIVE, BAD_BINDINGS = 13 << 16, 9 << 16, 4 << 16

# RFC 4120 7.5.9
EXPIRED, NOT_YET_VALID, REPEAT, NOT_US = 32, 33, 34, 35
BADMATCH, SKEW, MSG_TYPE, MODIFIED = 36, 37, 40, 41
BADKEYVER, NOKEY, BADSEQ, GENERIC = 44, 45, 49, 60
TRTYPE_NOSUPP, ILL_CR_TKT, PATH = 17, 43, 51
NO_TGT = 67

OTHER_OPTION = 1 << 27                  # ap-options bit 4, of no meaning
HOURS = 3600
N, K, S = k2.KEY_NULL, k2.KEY_SUBKEY, k2.KEY_SESSION


class ApCase(ExtraCase):
    """Acceptors, and an initiator for each of them."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.key = cls.realm.newest_key(cls.realm.service)
        cls.plain = Server(cls)
        cls.challenge = Server(cls, replay_protection="challenge")

    def setUp(self):
        """No KDC takes part."""

    def initiator(self, flags=ap.ALL, options=ap.OFFER | ap.WANT_MUTUAL,
                  bound=ap.NOT_BOUND, **ticket):
        """An Initiator with a ticket of its own."""
        return ap.Initiator(ap.issue(self.key, **ticket), flags=flags,
                            options=options, bound=bound)

    def check_common(self, error2):
        """What each KRB-ERROR2 of an acceptor has to look like."""
        self.assertEqual(len(error2.challenge), 32)
        self.assertLess(abs(error2.stime - time.time()), 5)
        self.assertEqual([error2.ad, error2.tgt, error2.text], [None] * 3)
        self.assertEqual(error2.names, [
            name for name in k2.PART_FIELDS if name in (
                "challenge", "stime", "susec", "code", "flags") or
            name in ("subkey", "seq") and error2.subkey])

    def wants_more(self, who, answer, code=0, which=K):
        """The answer is a KRB-ERROR2 that wants another AP-REQ."""
        self.assertIsNotNone(answer, "no answer")
        self.assertEqual(gss.describe(answer), "KRB-ERROR2 continue")
        tok_id, error2 = who.take_error2(answer)
        self.assertEqual((tok_id, error2.flags, error2.code, error2.which),
                         (gss.AP_REP, k2.CONTINUE_NEEDED, code, which))
        self.check_common(error2)
        return error2

    def is_final(self, who, answer, code, which=K):
        """The answer is a KRB-ERROR2 that ends the exchange."""
        self.assertIsNotNone(answer, "no answer")
        self.assertEqual(gss.describe(answer), "KRB-ERROR2 final")
        tok_id, error2 = who.open_error2(answer)
        self.assertEqual((tok_id, error2.flags, error2.code, error2.which),
                         (gss.KRB_ERROR, k2.FINAL, code, which))
        self.check_common(error2)
        return error2

    def refused(self, line, major=None):
        """The acceptor's line says so, and names nobody."""
        self.nobody(line)
        if major is not None:
            self.assertEqual(line.major & 0xffff0000, major, line)

    def established(self, line, **fields):
        """The acceptor's line of a good exchange."""
        self.assertTrue(line.complete, line)
        self.assertEqual(line.messages, "ok", line)
        self.assertEqual(line.src, "user@EXT.TEST")
        for name, value in fields.items():
            self.assertEqual(getattr(line, name), value, line)

    def good(self, server=None):
        """An exchange of two or three tokens."""
        who = self.initiator(bound=getattr(server, "bound", ap.NOT_BOUND))
        with Call(server or self.challenge) as call:
            answer = call.ask(who.token())
            if gss.describe(answer) == "AP-REP":
                who.take_ap_rep(answer)
            else:
                self.wants_more(who, answer)
                call.send(who.confirmed_token())
            call.initiate_messages(who.messages())
        self.established(call.line)

    def refuse_first(self, who, code, which=K, server=None, **token):
        """A first token is refused by a final KRB-ERROR2."""
        server = server or self.challenge
        with Call(server) as call:
            self.is_final(who, call.ask(who.token(**token)), code, which)
            self.assertIsNone(call.receive())
        self.refused(call.line)
        self.good(server)

    def ask_first(self, who, code, which=K, server=None, credential=None,
                  **token):
        """A first token is refused by a KRB-ERROR2 that wants another, which
        may have another ticket; the answer to it is an AP-REP, which has the
        same keys unless it was the ticket that was refused."""
        with Call(server or self.challenge) as call:
            error2 = self.wants_more(who, call.ask(who.token(**token)), code,
                                     which)
            if which != K:
                self.assertIsNone(error2.subkey)
            if credential is not None:
                who.credential = credential
            reply = who.take_ap_rep(call.ask(who.token()))
            if which == K:
                self.assertNotEqual(reply.subkey, error2.subkey)
            call.initiate_messages(who.messages())
        self.established(call.line, tokens="4", recovered="yes",
                         confirmed="no", protection="challenge")
        # the second error is final, whatever it is
        who = self.initiator()
        with Call(server or self.challenge) as call:
            self.wants_more(who, call.ask(who.token(when=time.time() -
                                                    2 * HOURS)), SKEW)
            self.is_final(who, call.ask(who.token(when=time.time() -
                                                  2 * HOURS)), SKEW)
        self.refused(call.line)

    def refuse_second(self, code, which=K, who=None, server=None, **token):
        """So is the AP-REQ that answers a challenge."""
        who, server = who or self.initiator(), server or self.challenge
        with Call(server) as call:
            first = self.wants_more(who, call.ask(who.token()))
            final = self.is_final(who, call.ask(who.confirmed_token(**token)),
                                  code, which)
            self.assertNotEqual(final.challenge, first.challenge)
            if which == K:
                self.assertEqual((final.subkey, final.seq),
                                 (first.subkey, first.seq))
            self.assertIsNone(call.receive())
        self.refused(call.line)
        self.good(server)
        return call.line

    def complete_second(self, ap_rep=False, **token):
        """The AP-REQ that answers a challenge is taken, and messages pass
        under the keys of the first."""
        who = self.initiator()
        with Call(self.challenge) as call:
            first = self.wants_more(who, call.ask(who.token()))
            call.send(who.confirmed_token(**token))
            if ap_rep:
                reply = who.take_ap_rep(call.receive())
                self.assertEqual((reply.subkey, reply.seq),
                                 (first.subkey, first.seq))
            call.initiate_messages(who.messages())
        self.established(call.line, protection="challenge")
        self.assertEqual(call.line.flags & 63, ap.ALL, call.line)
