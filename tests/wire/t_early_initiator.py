"""An initiator in Python (wire/ap.py) sends early messages to our acceptor,
with its tokens, before them and behind them: which are taken, and when.

The initiator makes its own tickets and has its subkey, so it can also send
messages that none of ours would make.
"""

import time
import unittest

from realm import libgss
from realm.early import (BAD_MIC, COMPLETE, DEFECTIVE, DUPLICATE, FAILURE,
                         GAP, GRANTED, NO_CONTEXT, TEXT, UNSEQ, EarlyCase, K,
                         N, S)
from wire import ap, enc

EXPIRED, REPEAT, SKEW, MODIFIED = 32, 34, 37, 41
HOUR = 3600


class Two(EarlyCase):
    """AP-REQ, AP-REP."""

    def begin(self, gss_, **initiator):
        """A context that is complete, its initiator, and what makes early
        messages."""
        who, context = self.initiator(**initiator), gss_.acceptor()
        who.take_ap_rep(context.step(who.token()))
        self.assertEqual(context.granted, GRANTED)
        return who, context, self.early(who)

    def test_held(self):
        """Those that have come before the context was complete."""
        # REQ: XT-93, GL-26
        def script(gss_):
            who, context, early = self.begin(gss_)
            tokens = [early.wrap(TEXT) for _ in range(3)]
            for token in tokens:
                self.takes(context, token)
            for token in tokens:
                self.takes(context, token, DUPLICATE)
            context.verify(TEXT, early.mic(TEXT))
            self.works(who, context)
            self.takes(context, tokens[1], DUPLICATE)
        self.accepting(script)

    def test_behind_a_late_one(self):
        """The first message in the acceptor's subkey ends them, but for those
        that were sent before it."""
        # REQ: XT-93
        def script(gss_):
            who, context, early = self.begin(gss_)
            first, second = early.wrap(TEXT), early.wrap(TEXT)
            late = who.messages()
            late.send = who.seq + 3
            self.takes(context, first)
            self.takes(context, late.wrap(TEXT), GAP)
            for number in (3, 4, 5, 1000):
                self.takes(context, early.wrap(TEXT, who.seq + number),
                           DEFECTIVE)
            self.takes(context, early.wrap(TEXT, who.seq + 2), UNSEQ)
            self.takes(context, second, UNSEQ)
            self.takes(context, second, DUPLICATE)
            late.send = who.seq + 4
            self.takes(context, late.wrap(TEXT))
            self.works(who, context)
        self.accepting(script)

    def test_mark_is_the_lowest(self):
        """A late message that was overtaken by another late one."""
        # REQ: XT-93
        def script(gss_):
            who, context, early = self.begin(gss_)
            late = who.messages()
            self.takes(context, late.wrap(TEXT, who.seq + 6), GAP)
            self.takes(context, early.wrap(TEXT, who.seq + 5), UNSEQ)
            self.takes(context, late.wrap(TEXT, who.seq + 3), UNSEQ)
            self.takes(context, early.wrap(TEXT, who.seq + 4), DEFECTIVE)
            self.takes(context, early.wrap(TEXT, who.seq + 2), UNSEQ)
            self.works(who, context)
        self.accepting(script)

    def test_numbers(self):
        """No number before the first, none that is no 32 bits."""
        # REQ: XT-93
        def script(gss_):
            who, context, early = self.begin(gss_)
            for number in (who.seq - 1, 0, who.seq + 0x80000000, 1 << 32,
                           (1 << 32) + who.seq):
                self.takes(context, early.wrap(TEXT, number), DEFECTIVE)
            self.takes(context, early.wrap(TEXT))
            self.works(who, context)
        self.accepting(script)

    def test_forged(self):
        """In another key, or of another kind; they move nothing."""
        # REQ: XT-93
        def script(gss_):
            who, context, early = self.begin(gss_)
            other = ap.Messages(False, ap.new_key(), False, who.seq, 0)
            acceptors = ap.Messages(True, who.subkey, False, who.seq, 0)
            in_late = ap.Messages(False, who.acceptor_subkey, False, who.seq,
                                  0)
            for token, status in (
                    (other.wrap(TEXT, who.seq + 1000), BAD_MIC),
                    (other.wrap(TEXT, who.seq), BAD_MIC),
                    (in_late.wrap(TEXT), BAD_MIC),
                    (acceptors.wrap(TEXT), DEFECTIVE),
                    (early.wrap(TEXT, who.seq,
                                flags=ap.SEALED | ap.ACCEPTOR_SUBKEY),
                     BAD_MIC),
                    (early.wrap(TEXT, who.seq, usage=ap.KU_ACCEPTOR_SEAL),
                     BAD_MIC)):
                self.takes(context, token, status)
            self.takes(context, early.wrap(TEXT))
            self.works(who, context)
        self.accepting(script)

    def test_another_context(self):
        """Messages of one context in another, with the same client, service
        and ticket."""
        # REQ: XT-93
        def script(gss_):
            who, context, early = self.begin(gss_)
            other, other_context, other_early = self.begin(gss_)
            token, other_token = early.wrap(TEXT), other_early.wrap(TEXT)
            self.takes(context, ap.Messages(
                False, other.subkey, False, who.seq, 0).wrap(TEXT), BAD_MIC)
            self.takes(context, token)
            self.takes(other_context, other_token)
            self.works(who, context)
            self.works(other, other_context)
        self.accepting(script)

    def test_not_offered(self):
        """From an initiator that takes no extra tokens."""
        # REQ: XT-93
        def script(gss_):
            who, context, early = self.begin(gss_, options=ap.WANT_MUTUAL)
            self.takes(context, early.wrap(TEXT), DEFECTIVE)
            self.works(who, context)
        self.accepting(script)

    def test_switched_off(self):
        """Off, and as it comes."""
        # REQ: XT-93
        def script(gss_):
            who, context, early = self.begin(gss_)
            self.takes(context, early.wrap(TEXT), DEFECTIVE)
            self.works(who, context)
        for early in (False, None):
            self.accepting(script, early=early)

    def test_without_a_subkey(self):
        """There is nothing to protect early messages with."""
        # REQ: XT-92
        def script(gss_):
            who, context = self.initiator(), gss_.acceptor()
            who.take_ap_rep(context.step(who.token(subkey=None)))
            token = ap.Messages(False, who.credential.session, False,
                                who.seq, 0).wrap(TEXT)
            self.takes(context, token, DEFECTIVE)
            self.works(who, context)
        self.accepting(script)


class Three(EarlyCase):
    """AP-REQ, KRB-ERROR2 without an error, AP-REQ."""

    def begin(self, gss_, ready=True):
        """A half-open context, its initiator, and what makes early
        messages."""
        who, context = self.initiator(), gss_.acceptor()
        self.asked(who, context, context.step(who.token()), ready=ready)
        return who, context, self.early(who)

    def test_before_the_answer(self):
        """Both directions, and both keys of the initiator."""
        # REQ: XT-92, XT-93, GL-25
        def script(gss_):
            who, context, early = self.begin(gss_)
            token = early.wrap(TEXT)
            self.takes(context, token)
            self.takes(context, token, DUPLICATE)
            context.verify(TEXT, early.mic(TEXT))
            theirs = who.messages()
            self.assertEqual(theirs.unwrap(context.wrap(TEXT)), TEXT)
            theirs.check_mic(TEXT, context.mic(TEXT))
            theirs.send = early.send
            self.takes(context, theirs.wrap(TEXT))
            self.takes(context, early.wrap(TEXT, theirs.send), DEFECTIVE)
            self.assertEqual(context.step(who.confirmed_token()), b"")
            self.takes(context, token, DUPLICATE)
            self.works(who, context, received=2)
        self.accepting(script, replay_protection="challenge")

    def test_number_in_an_ap_rep(self):
        """An initiator that asks for mutual authentication once more is told
        the same first number, whatever was sent."""
        # REQ: XT-72, XT-93
        def script(gss_):
            who, context, _ = self.begin(gss_)
            number = who.acceptor_seq
            for _ in range(3):
                context.mic(TEXT)
            who.take_ap_rep(context.step(who.token()))
            self.assertEqual(who.acceptor_seq, number)
            self.works(who, context, received=3)
        self.accepting(script, replay_protection="challenge")

    def test_required(self):
        """Not ready where replays are to be kept out; afterwards they are
        taken."""
        # REQ: XT-92, XT-93
        def script(gss_):
            who, context, early = self.begin(gss_, ready=False)
            token = early.wrap(TEXT)
            self.takes(context, token, NO_CONTEXT)
            with self.assertRaises(libgss.GssError) as caught:
                context.mic(TEXT)
            self.assertEqual(caught.exception.major, NO_CONTEXT)
            context.step(who.confirmed_token())
            self.takes(context, token)
            self.works(who, context)
        self.accepting(script, replay_protection="require")

    def test_switched_off(self):
        """Not ready, and not taken afterwards."""
        # REQ: XT-92
        def script(gss_):
            who, context, early = self.begin(gss_, ready=False)
            self.takes(context, early.wrap(TEXT), NO_CONTEXT)
            context.step(who.confirmed_token())
            self.takes(context, early.wrap(TEXT), DEFECTIVE)
            self.works(who, context)
        self.accepting(script, early=False, replay_protection="challenge")

    def test_refused_request(self):
        """The context is gone, and with it the messages."""
        # REQ: XT-93
        def script(gss_):
            who, context, early = self.begin(gss_)
            token = early.wrap(TEXT)
            with self.assertRaises(libgss.GssError) as caught:
                context.step(who.confirmed_token(challenge=bytes(32)))
            self.assertEqual(caught.exception.major, FAILURE)
            self.takes(context, token, NO_CONTEXT)
        self.accepting(script, replay_protection="challenge")


class Errors(EarlyCase):
    """AP-REQ, KRB-ERROR2 with an error, AP-REQ, AP-REP: early messages are
    held until the end, and refused ones leave no trace."""

    def recovers(self, code, which, first, second=None, status=COMPLETE,
                 **gssapi):
        """first() and second() are values of the two AP-REQs; an early
        message afterwards has this status."""
        def script(gss_):
            who, context = self.initiator(), gss_.acceptor()
            early = self.early(who)
            tokens = [early.wrap(TEXT) for _ in range(2)]
            self.asked(who, context, context.step(who.token(**first(who))),
                       code, which)
            for token in tokens:
                self.takes(context, token, NO_CONTEXT)
            who.take_ap_rep(context.step(
                who.token(**(second(who) if second else {}))))
            for token in tokens:
                self.takes(context, token, status)
            self.works(who, context)
        self.accepting(script, **gssapi)

    def test_no_key(self):
        """Nobody's word (N)."""
        # REQ: XT-92, XT-93
        self.recovers(MODIFIED, N, lambda who: {
            "credential": ap.issue(self.key, key=bytes(range(32)))})

    def test_session_key(self):
        """The Authenticator does not decrypt (S)."""
        # REQ: XT-92, XT-93
        self.recovers(MODIFIED, S, lambda who: {"spoil": True})

    def test_clock_skew(self):
        """In the subkey, and it may be a recording."""
        # REQ: XT-92, XT-93
        self.recovers(SKEW, K, lambda who: {"when": time.time() - HOUR})

    def test_replay_cache(self):
        """The AP-REQ has come before: its early messages are not taken, before
        nor after the challenge is answered."""
        # REQ: XT-92, XT-93, GL-26
        def script(gss_):
            who, early = self.initiator(), None
            token = who.token()
            early = self.early(who)
            message = early.wrap(TEXT)
            first = gss_.acceptor()
            first.step(token)
            self.takes(first, message)
            second = gss_.acceptor()
            answer = second.step(token)
            self.asked(who, second, answer, REPEAT, K)
            self.takes(second, message, NO_CONTEXT)
            who.take_ap_rep(second.step(who.token()))
            self.takes(second, message, DEFECTIVE)
            self.works(who, second)
        self.accepting(script, replay_protection="cache")

    def test_refused_ticket(self):
        """Others may know its session key, so they are not taken in the
        subkey that was sealed in it."""
        # REQ: XT-93
        self.recovers(
            EXPIRED, K,
            lambda who: {"credential": ap.issue(
                self.key, start=-10 * HOUR, end=-HOUR)},
            status=DEFECTIVE)

    def test_refused_ticket_and_another_subkey(self):
        """They are, in another."""
        # REQ: XT-93
        def script(gss_):
            who, context = self.initiator(), gss_.acceptor()
            old = self.early(who).wrap(TEXT)
            self.asked(who, context, context.step(who.token(
                credential=ap.issue(self.key, start=-10 * HOUR,
                                    end=-HOUR))), EXPIRED, K)
            who.subkey = ap.new_key(enc.AES256)
            token = self.early(who).wrap(TEXT)
            who.take_ap_rep(context.step(who.token()))
            self.takes(context, old, BAD_MIC)
            self.takes(context, token)
            self.works(who, context)
        self.accepting(script)


if __name__ == "__main__":
    unittest.main()
