"""Somebody on the wire between an initiator that sends early messages and the
acceptors of its service records, repeats and moves them.

What a recording can have delivered depends on the acceptor's
replay_protection: doc/security.md has the table.
"""

import unittest

from realm import libgss
from realm.early import (BAD_MIC, COMPLETE, DEFECTIVE, DUPLICATE, FAILURE,
                         GAP, NO_CONTEXT, READY, TEXT, UNSEQ, EarlyCase)
from wire import ap, gss


class Recorded(EarlyCase):
    """An exchange goes on as it should.  Then its tokens and messages come to
    another acceptor of the same service."""

    def replay(self, early, replay_protection):
        """What becomes of a recorded early message, before and after all
        tokens were repeated; and whether the recording completes."""
        def script(library):
            who, context = self.initiator(), library.acceptor()
            tokens = [who.token()]
            answer = context.step(tokens[0])
            message = self.early(who).wrap(TEXT)
            late = None
            if gss.describe(answer) == "AP-REP":
                who.take_ap_rep(answer)
            else:
                who.take_error2(answer)
                tokens.append(who.confirmed_token())
                context.step(tokens[1])
                late = who.messages()
                late.send += 1
                late = late.wrap(TEXT)
            self.takes(context, message,
                       COMPLETE if early else DEFECTIVE)
            self.works(who, context)

            other, before, completes = library.acceptor(), None, True
            for token in tokens:
                try:
                    other.step(token)
                except libgss.GssError as err:
                    self.assertEqual(err.major, FAILURE)
                if before is None:
                    before, text = other.try_unwrap(message)
                    self.assertEqual(text, b"" if before >> 16 else TEXT)
                    if late is not None:
                        self.assertNotEqual(other.try_unwrap(late)[0], 0)
            completes = other.complete
            after = other.try_unwrap(message)[0]
            return before, completes, after
        return self.accepting(script, early=early,
                              replay_protection=replay_protection)

    def test_policies(self):
        """Each policy, with early messages and without."""
        # REQ: XT-92, XT-93, GL-26
        for policy, early, expected in (
                # no protection: the recording is as good as the original
                ("off", True, (COMPLETE, True, DUPLICATE)),
                ("off", False, (DEFECTIVE, True, DEFECTIVE)),
                # delivered, and then the challenge is not answered
                ("challenge", True, (COMPLETE, False, NO_CONTEXT)),
                ("challenge", False, (NO_CONTEXT, False, NO_CONTEXT)),
                ("auto", True, (COMPLETE, False, NO_CONTEXT)),
                # not delivered
                ("cache", True, (NO_CONTEXT, False, NO_CONTEXT)),
                ("require", True, (NO_CONTEXT, False, NO_CONTEXT)),
                ("require", False, (NO_CONTEXT, False, NO_CONTEXT))):
            with self.subTest(policy=policy, early=early):
                found = self.replay(early, policy)
                print("  %-9s early %-5s: before the end %08x, complete %s, "
                      "at the end %08x" % (policy, early, *found))
                self.assertEqual(found, expected)

    def first(self, replay_protection):
        """Somebody is faster with a copy of the first token and a message: do
        the copy and the original have the message taken, and does the copy
        complete?"""
        def script(library):
            who = self.initiator()
            token, message = who.token(), self.early(who).wrap(TEXT)
            thief = library.acceptor()
            thief.step(token)
            taken = thief.try_unwrap(message)[0] == COMPLETE
            context = library.acceptor()
            _, error2 = who.take_error2(context.step(token))
            early = context.try_unwrap(message)[0] == COMPLETE
            if error2.code:
                who.take_ap_rep(context.step(who.token()))
            else:
                context.step(who.confirmed_token())
            late = context.try_unwrap(message)[0] == COMPLETE
            self.works(who, context)
            return taken, early or late, thief.complete
        return self.accepting(script, replay_protection=replay_protection)

    def test_first(self):
        """The context of the original works in each case."""
        # REQ: XT-55, XT-92, XT-93, GL-26
        for policy, expected in (
                # twice: nothing tells one from the other before the answer
                ("challenge", (True, True, False)),
                # once, though it is the wrong one
                ("cache", (True, False, True)),
                ("require", (False, True, False))):
            with self.subTest(policy=policy):
                self.assertEqual(self.first(policy), expected)


class OnTheWay(EarlyCase):
    """Messages of a good exchange, in another order and from elsewhere."""

    def begin(self, library):
        """A context that has asked for another AP-REQ, and is ready."""
        who, context = self.initiator(), library.acceptor()
        who.take_error2(context.step(who.token()))
        self.assertTrue(context.granted & READY)
        return who, context

    def test_injected(self):
        """Of another context of the same client, before and behind the
        answer to the challenge."""
        # REQ: XT-93
        def script(library):
            who, context = self.begin(library)
            other, other_context = self.begin(library)
            foreign = ap.Messages(False, other.subkey, False, who.seq, 0)
            self.takes(context, foreign.wrap(TEXT), BAD_MIC)
            context.step(who.confirmed_token())
            self.takes(context, foreign.wrap(TEXT), BAD_MIC)
            self.takes(context, self.early(who).wrap(TEXT))
            other_context.step(other.confirmed_token())
            self.works(who, context)
            self.works(other, other_context)
        self.accepting(script, replay_protection="challenge")

    def test_token_of_another(self):
        """The second token of another context: its messages do not help."""
        # REQ: XT-93, XT-43
        def script(library):
            who, context = self.begin(library)
            other, _ = self.begin(library)
            self.takes(context, self.early(who).wrap(TEXT))
            with self.assertRaises(libgss.GssError) as caught:
                context.step(other.confirmed_token())
            self.assertEqual(caught.exception.major, FAILURE)
            who, context = self.begin(library)
            context.step(who.confirmed_token())
            self.works(who, context)
        self.accepting(script, replay_protection="challenge")

    def test_order(self):
        """Held back until after the switch of keys, and repeated."""
        # REQ: XT-93, GL-26
        def script(library):
            who, context = self.begin(library)
            early = self.early(who)
            tokens = [early.wrap(TEXT) for _ in range(4)]
            late = who.messages()
            late.send = who.seq + 4
            new = late.wrap(TEXT)
            self.takes(context, tokens[1], GAP)
            self.takes(context, new, GAP)
            context.step(who.confirmed_token())
            self.takes(context, tokens[3], UNSEQ)
            self.takes(context, tokens[0], UNSEQ)
            self.takes(context, tokens[2], UNSEQ)
            for token in (*tokens, new):
                self.takes(context, token, DUPLICATE)
            self.takes(context, early.wrap(TEXT), DEFECTIVE)
            self.works(who, context)
        self.accepting(script, replay_protection="challenge")

    def test_flags(self):
        """A message with another flag octet, which the checksum covers."""
        # REQ: XT-93
        def script(library):
            who, context = self.begin(library)
            late = who.messages()
            token = self.early(who).wrap(TEXT)
            new = late.wrap(TEXT, who.seq + 1)
            self.takes(context, token[:2] + bytes([token[2] |
                                                   ap.ACCEPTOR_SUBKEY]) +
                       token[3:], BAD_MIC)
            self.takes(context, new[:2] + bytes([new[2] &
                                                 ~ap.ACCEPTOR_SUBKEY]) +
                       new[3:], BAD_MIC)
            self.takes(context, token)
            self.takes(context, new)
            context.step(who.confirmed_token())
            self.works(who, context)
        self.accepting(script, replay_protection="challenge")


if __name__ == "__main__":
    unittest.main()
