"""An initiator in Python (wire/ap.py) talks extra context tokens with our
acceptor: what it is answered, token by token, and what it is refused for.

The initiator makes its own tickets with the service's key, so each field of
each AP-REQ can be wrong.  After each refusal an exchange is good.
"""

import os
import socket
import struct
import time
import unittest
import unittest.mock

from realm.extra import Server
from realm.talk import Call
from wire import ap, der, gss, krb
from wire import krb_error2 as k2
from wire.ap_case import (
    ApCase, BAD_BINDINGS, BADKEYVER, BADMATCH, BADSEQ, DEFECTIVE, EXPIRED,
    FAILURE, GENERIC, HOURS, ILL_CR_TKT, K, KRB5_BASE, MODIFIED, MSG_TYPE,
    N, NO_TGT, NOKEY, NOT_US, NOT_YET_VALID, OTHER_OPTION, PATH, REPEAT, S,
    SKEW, TRTYPE_NOSUPP)


class Good(ApCase):
    """Exchanges that end well."""

    def test_two_tokens(self):
        """With an offer and without; the challenge is for offers alone."""
        # REQ: XT-68, XT-10, XT-04
        for options in (ap.WANT_MUTUAL, ap.WANT_MUTUAL | ap.OFFER):
            offered = "yes" if options & ap.OFFER else "no"
            servers = [self.plain] if options & ap.OFFER else \
                [self.plain, self.challenge]
            for server in servers:
                with self.subTest(options=hex(options)):
                    who = self.initiator(options=options)
                    with Call(server) as call:
                        who.take_ap_rep(call.ask(who.token()))
                        self.assertIsNotNone(who.acceptor_subkey)
                        call.initiate_messages(who.messages())
                    self.established(call.line, tokens="2", offered=offered,
                                     protection="none", confirmed="no")
                    self.assertEqual(call.line.flags & 63, ap.ALL)

    def test_one_token(self):
        # REQ: XT-66, XT-47
        who = self.initiator(options=0, flags=ap.ALL & ~ap.MUTUAL)
        for server in (self.plain, self.challenge):
            with Call(server) as call:
                call.send(who.token())
                call.initiate_messages(who.messages())
            self.established(call.line, tokens="1", offered="no")
            self.assertEqual(call.line.flags & ap.MUTUAL, 0)

    def test_unpatched_authenticator(self):
        """As Heimdal 7.8 and MIT krb5 make it: no authorization data."""
        # REQ: XT-10
        who = self.initiator(options=ap.WANT_MUTUAL)
        with Call(self.challenge) as call:
            who.take_ap_rep(call.ask(who.token(ad=[])))
            call.initiate_messages(who.messages())
        self.established(call.line, tokens="2", offered="no")

    def test_three_tokens(self):
        # REQ: XT-73, XT-06, XT-13, XT-14, XT-15, XT-17, XT-18, XT-19, XT-20
        # REQ: XT-21, XT-22, XT-47, XT-63, XT-12
        seen = set()
        for _ in range(3):
            who = self.initiator()
            with Call(self.challenge) as call:
                answer = call.ask(who.token())
                outer = gss.Krb5Token(answer)
                self.assertEqual(outer.inner[:2], b"\x7f\x37")
                error2 = self.wants_more(who, answer)
                self.assertEqual(error2.subkey[0], 18)
                seen |= {error2.challenge, error2.subkey[1],
                         who.subkey[1]}
                call.send(who.confirmed_token())
                call.initiate_messages(who.messages())
            self.established(call.line, tokens="3", offered="yes",
                             protection="challenge", confirmed="yes",
                             recovered="no")
            self.assertEqual(call.line.flags & 63, ap.ALL)
        self.assertEqual(len(seen), 9)

    def test_message_numbers(self):
        """The first message has the first AP-REQ's number, the acceptor's
        that of the KRB-ERROR2 (Messages checks it), and no other."""
        # REQ: XT-38, XT-20
        who = self.initiator()
        with Call(self.challenge) as call:
            self.wants_more(who, call.ask(who.token()))
            call.send(who.confirmed_token())
            messages = who.messages()
            call.send(messages.wrap(b"text", seq=who.seq + 1))
            self.assertIsNone(call.receive())
        self.assertEqual((call.line.result, call.line.messages),
                         ("failed", "failed"), call.line)
        self.good()

    def test_messages_need_the_acceptor_subkey(self):
        # REQ: XT-93
        for values in ({"key": None}, {"by_acceptor_subkey": False},
                       {"key": None, "by_acceptor_subkey": False}):
            with self.subTest(**values):
                who = self.initiator()
                with Call(self.challenge) as call:
                    self.wants_more(who, call.ask(who.token()))
                    call.send(who.confirmed_token())
                    messages = who.messages()
                    if "key" in values:
                        messages.key = who.subkey
                    messages.by_acceptor_subkey = values.get(
                        "by_acceptor_subkey", True)
                    self.assertIsNone(call.ask(messages.wrap(b"text")))
                self.assertEqual((call.line.result, call.line.messages),
                                 ("failed", "failed"), call.line)
        self.good()

    def test_mutual_again(self):
        """Either way to ask for an AP-REP gets one, in every combination."""
        # REQ: XT-46, XT-47
        quiet = ap.OFFER, ap.ALL & ~ap.MUTUAL
        both = ap.OFFER | ap.WANT_MUTUAL, ap.ALL
        for options, flags in ((both[0], both[1]), (both[0], quiet[1]),
                               (quiet[0], both[1])):
            with self.subTest(options=hex(options), flags=flags):
                self.complete_second(options=options, flags=flags,
                                     ap_rep=True)
        self.complete_second(options=quiet[0], flags=quiet[1])

    def test_flags_are_the_first(self):
        # REQ: XT-49
        for first, second in ((ap.ALL, ap.INTEG),
                              (ap.MUTUAL | ap.CONF | ap.INTEG, ap.ALL)):
            who = self.initiator(flags=first)
            with Call(self.challenge) as call:
                self.wants_more(who, call.ask(who.token()))
                who.take_ap_rep(call.ask(who.token(flags=second)))
                call.initiate_messages(who.messages())
            self.established(call.line)
            self.assertEqual(call.line.flags & 63, first, call.line)

    def test_later_subkeys_are_ignored(self):
        # REQ: XT-41, XT-40
        for subkey in (ap.new_key(), ap.new_key(17), None):
            for ap_rep in (False, True):
                with self.subTest(subkey=subkey, ap_rep=ap_rep):
                    again = {"options": ap.OFFER | ap.WANT_MUTUAL} \
                        if ap_rep else {}
                    self.complete_second(subkey=subkey, ap_rep=ap_rep,
                                         **again)

    def test_another_ticket_of_the_client(self):
        """A new ticket has another session key; all else stays."""
        # REQ: XT-41, XT-39
        for etype in (18, 17):
            self.complete_second(credential=ap.issue(
                self.key, session=ap.new_key(etype)))

    def test_later_enctypes_are_ignored(self):
        """The first Authenticator has settled the acceptor's subkey."""
        # REQ: XT-41, XT-40
        both = {"options": ap.OFFER | ap.WANT_MUTUAL}
        for etypes in ((17,), (23, 17), ()):
            with self.subTest(etypes=etypes):
                self.complete_second(etypes=etypes)
                self.complete_second(etypes=etypes, ap_rep=True, **both)

    def test_request_in_another_form(self):
        """A ticket that comes again is not decoded again; a second AP-REQ that
        has it is read in any form that a first one may have."""
        # REQ: XT-73
        for head in (b"\xa0\x81\x03\x02\x01\x05",
                     b"\xa0\x04\x02\x81\x01\x05",
                     b"\xa0\x03\x02\x01\x05"):
            who = self.initiator()

            def changed(token):
                fields = der.parse(gss.Krb5Token(token).inner).inner()
                return gss.krb5_token(gss.AP_REQ, der.app(14, der.seq(
                    head, *(field.raw for field in list(fields)[1:]))))
            with self.subTest(head=head.hex()), Call(self.challenge) as call:
                self.wants_more(who, call.ask(changed(who.token())))
                call.send(changed(who.confirmed_token()))
                call.initiate_messages(who.messages())
            self.established(call.line, tokens="3")

    def test_challenge_in_either_form(self):
        """Unwrapped is how it is sent; in AD-IF-RELEVANT it is taken."""
        # REQ: XT-43
        who = self.initiator()
        with Call(self.challenge) as call:
            self.wants_more(who, call.ask(who.token()))
            call.send(who.confirmed_token(
                challenge=None, relevant=[k2.challenge(who.challenge)]))
            call.initiate_messages(who.messages())
        self.established(call.line, protection="challenge")

    def test_no_subkey(self):
        """The session key then opens the KRB-ERROR2, which has the
        acceptor's subkey all the same."""
        # REQ: XT-14, XT-19, XT-20
        who = self.initiator()
        who.subkey = None
        with Call(self.challenge) as call:
            error2 = self.wants_more(who, call.ask(who.token()), which=S)
            self.assertIsNotNone(error2.subkey)
            call.send(who.confirmed_token())
            call.initiate_messages(who.messages())
        self.established(call.line, tokens="3", protection="challenge")

    def test_offer_without_mutual(self):
        """Who offers waits for an answer, so there is one, whatever the
        policy; an AP-REP is not asked for."""
        # REQ: XT-04, XT-47, XT-72
        for server in (self.plain, self.challenge):
            who = self.initiator(options=ap.OFFER,
                                 flags=ap.ALL & ~ap.MUTUAL)
            with Call(server) as call:
                self.wants_more(who, call.ask(who.token()))
                call.send(who.token())
                call.initiate_messages(who.messages())
            self.established(call.line, tokens="3", confirmed="yes")
            self.assertEqual(call.line.flags & ap.MUTUAL, 0)

    def test_offer_with_the_option_alone(self):
        """The flags of the first checksum say whether there is an AP-REP, as
        ever; but who offers waits, so there is an answer."""
        # REQ: XT-04, XT-46
        for server in (self.plain, self.challenge):
            who = self.initiator(flags=ap.ALL & ~ap.MUTUAL)
            with Call(server) as call:
                self.wants_more(who, call.ask(who.token()))
                who.take_ap_rep(call.ask(who.token()))
                call.initiate_messages(who.messages())
            self.established(call.line, tokens="4", confirmed="yes")

    def test_four_tokens_after_clock_skew(self):
        # REQ: XT-56, XT-74, XT-62, XT-39
        for server in (self.plain, self.challenge):
            for away in (-2 * HOURS, 2 * HOURS):
                with self.subTest(away=away):
                    who = self.initiator()
                    with Call(server) as call:
                        error2 = self.wants_more(who, call.ask(who.token(
                            when=time.time() + away)), SKEW)
                        reply = who.take_ap_rep(call.ask(who.token()))
                        self.assertEqual((reply.subkey, reply.seq),
                                         (error2.subkey, error2.seq))
                        call.initiate_messages(who.messages())
                    self.established(call.line, tokens="4", recovered="yes",
                                     confirmed="no", protection="challenge")

    def test_three_tokens_after_clock_skew(self):
        """The KRB-ERROR2 confirms the key; the acceptor sends an AP-REP only
        if it is asked to."""
        # REQ: XT-72, XT-47
        for options, flags in ((ap.OFFER, ap.ALL & ~ap.MUTUAL),
                               (ap.OFFER | ap.WANT_MUTUAL, ap.ALL)):
            who = self.initiator(options=options, flags=flags)
            with Call(self.plain) as call:
                self.wants_more(who, call.ask(who.token(
                    when=time.time() - 2 * HOURS)), SKEW)
                call.send(who.confirmed_token())
                call.initiate_messages(who.messages())
            self.established(call.line, tokens="3", recovered="yes")
            self.assertEqual(call.line.flags & ap.MUTUAL, flags & ap.MUTUAL)


    def test_no_subkey_after_clock_skew(self):
        """The error is in the session key, and has the acceptor's subkey all
        the same."""
        # REQ: XT-14, XT-56, XT-19
        who = self.initiator()
        who.subkey = None
        with Call(self.plain) as call:
            error2 = self.wants_more(who, call.ask(who.token(
                when=time.time() - 2 * HOURS)), SKEW, S)
            reply = who.take_ap_rep(call.ask(who.token()))
            self.assertEqual((reply.subkey, reply.seq),
                             (error2.subkey, error2.seq))
            call.initiate_messages(who.messages())
        self.established(call.line, tokens="4", recovered="yes")

    def test_numbers_of_the_initiator(self):
        """All of 32 bits; none is 0."""
        # REQ: XT-38
        for seq in (0, 1, 0x7fffffff, 0x80000000, 0xfffffff0):
            with self.subTest(seq=seq):
                who = self.initiator()
                who.seq = seq
                with Call(self.challenge) as call:
                    self.wants_more(who, call.ask(who.token()))
                    call.send(who.confirmed_token())
                    call.initiate_messages(who.messages())
                self.established(call.line, tokens="3")

    def test_no_number(self):
        """It is 0 then; in each of them."""
        # REQ: XT-38
        for when, code in ((None, 0), (time.time() - 2 * HOURS, SKEW)):
            for second in (None, 0):
                who = self.initiator()
                who.seq = 0
                with Call(self.challenge) as call:
                    self.wants_more(who, call.ask(who.token(
                        seq=None, when=when)), code)
                    call.send(who.confirmed_token(seq=second))
                    call.initiate_messages(who.messages())
                self.established(call.line, tokens="3")
        self.refuse_second(BADSEQ, seq=None)

    def test_enctypes(self):
        """Of the session key, the subkey, and what is asked for (RFC 4537)
        of the acceptor's."""
        # REQ: XT-14, XT-20
        for session in (17, 18):
            for subkey in (17, 18):
                for wanted in (17, 18):
                    who = self.initiator(session=ap.new_key(session))
                    who.subkey = ap.new_key(subkey)
                    with Call(self.challenge) as call:
                        error2 = self.wants_more(who, call.ask(who.token(
                            etypes=(wanted,))))
                        self.assertEqual(error2.subkey[0], wanted)
                        call.send(who.confirmed_token())
                        call.initiate_messages(who.messages())
                    self.established(call.line, tokens="3")

    def test_enctypes_that_nobody_knows(self):
        """They are passed over, in a request that is late, too; a list of
        nothing else asks for nothing."""
        # REQ: XT-14, XT-56
        for when, code in ((None, 0), (time.time() - 2 * HOURS, SKEW)):
            for session in (17, 18):
                for wanted, got in (((250,), session), ((250, 17), 17),
                                    ((-4711, 250, 18, 17), 18)):
                    with self.subTest(code=code, wanted=wanted):
                        who = self.initiator(session=ap.new_key(session))
                        with Call(self.challenge) as call:
                            error2 = self.wants_more(who, call.ask(who.token(
                                etypes=wanted, when=when)), code)
                            self.assertEqual(error2.subkey[0], got)
                            call.send(who.confirmed_token())
                            call.initiate_messages(who.messages())
                        self.established(call.line, tokens="3")

    def test_second_that_offers_nothing(self):
        """The option has a meaning in a first AP-REQ alone."""
        # REQ: XT-03, XT-46
        self.complete_second(options=0)
        self.complete_second(options=ap.WANT_MUTUAL, ap_rep=True)

    def test_no_checksum(self):
        """There are no flags then; ap-options ask for the AP-REP."""
        # REQ: XT-46, XT-49, KI-11
        who = self.initiator()
        with Call(self.challenge) as call:
            self.wants_more(who, call.ask(who.token(checksum=None)))
            who.take_ap_rep(call.ask(who.token(checksum=None)))
        self.assertEqual(call.line.outcome, "established", call.line)
        self.assertEqual(call.line.flags & 63, 0, call.line)

    def test_flags_are_not_added(self):
        """Not even one that would change the framing, or that means more
        than it says."""
        # REQ: XT-49, XT-46, XT-47
        for more in (ap.IDENTIFY, 1 << 20, ap.DCE_STYLE):
            with self.subTest(more=more):
                who = self.initiator()
                with Call(self.challenge) as call:
                    self.wants_more(who, call.ask(who.token()))
                    call.send(who.confirmed_token(
                        flags=ap.ALL & ~ap.MUTUAL | more))
                    call.initiate_messages(who.messages())
                self.established(call.line, tokens="3")
                self.assertEqual(call.line.flags & more, 0, call.line)


class FirstToken(ApCase):
    """First AP-REQs that are refused, or taken as not offering."""

    def test_challenge(self):
        """Wrapped and bare, of any value."""
        # REQ: XT-44, XT-45, XT-05, XT-07
        for value in (os.urandom(32), b"x"):
            for server in (self.plain, self.challenge):
                with self.subTest(size=len(value)):
                    self.refuse_first(self.initiator(), REPEAT,
                                      server=server, challenge=value)
                    self.refuse_first(self.initiator(), REPEAT,
                                      server=server,
                                      relevant=[k2.challenge(value)])
                    self.refuse_first(
                        self.initiator(), REPEAT, server=server, more=[
                            k2.if_relevant(k2.if_relevant(
                                k2.challenge(value)))])

    def test_challenge_without_offer(self):
        """It is refused with the error of an exchange without extras."""
        # REQ: XT-44, XT-04, XT-05
        for options in (ap.WANT_MUTUAL, None):
            for server in (self.plain, self.challenge):
                who = self.initiator(options=ap.WANT_MUTUAL)
                with Call(server) as call:
                    answer = gss.Krb5Token(call.ask(who.token(
                        ad=who.elements(options=options,
                                        challenge=os.urandom(32)))))
                    self.assertEqual(answer.tok_id, gss.KRB_ERROR)
                    self.assertEqual(answer.message().code, REPEAT)
                self.refused(call.line, FAILURE)
                self.good(server)

    def not_offered(self, **token):
        """The challenge server answers with an AP-REP."""
        who = self.initiator()
        with Call(self.challenge) as call:
            who.take_ap_rep(call.ask(who.token(**token)))
            call.initiate_messages(who.messages())
        self.established(call.line, tokens="2", offered="no",
                         protection="none")

    def test_offer_in_the_clear_only(self):
        # REQ: XT-03, XT-04
        self.not_offered(options=ap.WANT_MUTUAL,
                         clear=ap.WANT_MUTUAL | ap.OFFER)
        who = self.initiator()
        self.not_offered(ad=who.elements(options=None))
        self.not_offered(ad=[])

    def test_offer_removed_in_the_clear(self):
        # REQ: XT-03
        who = self.initiator()
        with Call(self.challenge) as call:
            answer = call.ask(who.token(clear=ap.WANT_MUTUAL))
            outer = gss.Krb5Token(answer)
            self.assertEqual(outer.tok_id, gss.KRB_ERROR)
            if outer.inner[:2] == b"\x7f\x37":
                self.is_final(who, answer, MODIFIED)
            else:
                self.assertEqual(outer.message().code, MODIFIED)
        self.refused(call.line, FAILURE)
        self.good()

    def test_offer_removed_in_the_clear_of_a_bad_request(self):
        """The Authenticator is open then, too, and its word counts."""
        # REQ: XT-03
        for ticket, when in (
                ({}, time.time() - 2 * HOURS),
                ({"start": -10 * HOURS, "end": -2 * HOURS}, None)):
            with self.subTest(late=when is not None):
                who = self.initiator(**ticket)
                with Call(self.challenge) as call:
                    answer = call.ask(who.token(clear=ap.WANT_MUTUAL,
                                                when=when))
                    outer = gss.Krb5Token(answer)
                    code = who.open_error2(answer)[1].code \
                        if outer.inner[:2] == b"\x7f\x37" \
                        else outer.message().code
                    self.assertEqual(code, MODIFIED)
                self.refused(call.line, FAILURE)
        self.good()

    def test_other_options_differ(self):
        # REQ: XT-03, XT-02, XT-96
        both = ap.OFFER | ap.WANT_MUTUAL
        for clear, options in ((both, ap.OFFER), (ap.OFFER, both),
                               (both | OTHER_OPTION, both),
                               (both, both | OTHER_OPTION)):
            with self.subTest(clear=hex(clear), options=hex(options)):
                self.refuse_first(self.initiator(), MODIFIED, clear=clear,
                                  options=options)

    def test_other_options_agree(self):
        """An option that nobody knows is no matter."""
        # REQ: XT-02
        who = self.initiator(options=ap.OFFER | ap.WANT_MUTUAL |
                             OTHER_OPTION)
        with Call(self.challenge) as call:
            self.wants_more(who, call.ask(who.token()))
            call.send(who.confirmed_token())
            call.initiate_messages(who.messages())
        self.established(call.line, tokens="3")

    def test_malformed_authorization_data(self):
        """An offer that cannot be read is refused."""
        # REQ: XT-03, KI-17
        who = self.initiator()
        options = k2.ap_options(who.options)
        deep = options
        for _ in range(9):
            deep = k2.if_relevant(deep)
        for code, ad in (
                (GENERIC, [(1, b"\x30\x03junk")]),
                (GENERIC, [k2.if_relevant(options), (1, b"junk")]),
                (GENERIC, [k2.if_relevant((-6, b"\x03\x05\0junk!"))]),
                (GENERIC, [k2.if_relevant((-6, der.bits(b"\x30")))]),
                (GENERIC, [k2.if_relevant((-6, der.bits(
                    b"\x30\0\0\0\0")))]),
                (GENERIC, [k2.if_relevant((-6, b""))]),
                (GENERIC, [k2.if_relevant(options), (-5, b"bare")]),
                (GENERIC, [k2.if_relevant(options), (-5, der.octets(b""))]),
                (GENERIC, [k2.if_relevant(options),
                           (-5, der.octets(bytes(1025)))]),
                (GENERIC, [k2.if_relevant(deep)]),
                (MSG_TYPE, [k2.if_relevant(options, options)]),
                (MSG_TYPE, [k2.if_relevant(options), options]),
                (MSG_TYPE, [k2.if_relevant(options),
                            k2.if_relevant(options)]),
                (GENERIC, [k2.if_relevant(options, (143, b"\0\x40\0"))]),
                (GENERIC, [k2.if_relevant(options, (143, bytes(5)))]),
                (MSG_TYPE, [k2.if_relevant(options,
                                           k2.kerb_ap_options(0),
                                           k2.kerb_ap_options(0x4000))]),
                (MSG_TYPE, [k2.if_relevant(options, k2.etypes(18),
                                           k2.etypes(18))])):
            with self.subTest(ad=ad):
                self.refuse_first(who, code, ad=ad)

    def test_unknown_elements(self):
        """In AD-IF-RELEVANT, in the first or another."""
        # REQ: XT-02
        for extra in ({"relevant": [(77, b"x")]},
                      {"more": [k2.if_relevant((77, b"x"))]}):
            who = self.initiator()
            with Call(self.challenge) as call:
                self.wants_more(who, call.ask(who.token(**extra)))
                call.send(who.confirmed_token(**extra))
                call.initiate_messages(who.messages())
            self.established(call.line, tokens="3")

    def test_options_outside_of_if_relevant(self):
        # REQ: XT-02
        who = self.initiator()
        with Call(self.challenge) as call:
            self.wants_more(who, call.ask(who.token(
                ad=[k2.ap_options(who.options)])))
            call.send(who.confirmed_token())
            call.initiate_messages(who.messages())
        self.established(call.line, tokens="3")

    def test_without_framing(self):
        """No extra tokens there, and no error token."""
        # REQ: XT-08, XT-04
        who = self.initiator()
        with Call(self.challenge) as call:
            answer = call.ask(who.ap_req())
            self.assertNotIn(b"\x7f\x37", (answer or b"")[:32])
        self.good()

    def test_dce_style(self):
        """It has a third token of its own, and no extra ones."""
        # REQ: XT-04
        who = self.initiator(flags=ap.ALL | ap.DCE_STYLE)
        with Call(self.challenge) as call:
            answer = call.ask(who.token())
            self.assertIsNotNone(answer)
            self.assertNotIn(b"\x7f\x37", answer[:32])
        self.good()

    def test_rules_before_clock_skew(self):
        """A late AP-REQ is not asked again if it would be refused anyway."""
        # REQ: XT-44, XT-03, XT-50
        late = time.time() - 2 * HOURS
        self.refuse_first(self.initiator(), REPEAT, when=late,
                          challenge=os.urandom(32))
        self.refuse_first(self.initiator(), MODIFIED, when=late,
                          clear=ap.OFFER)
        self.refuse_first(self.initiator(), GENERIC, when=late,
                          ad=[(1, b"junk")])

    def test_clock_skew_and_another_checksum(self):
        """Nothing binds a late AP-REQ to a channel then: the error is final.
        Only what GSS-API's has in its place for flags are flags."""
        # REQ: XT-48, XT-50, XT-14
        flags = ap.checksum_8003(ap.ALL | ap.DCE_STYLE)
        late = time.time() - 2 * HOURS
        for checksum in (None, (7, os.urandom(16)), (7, flags), (-138, flags),
                         (ap.CKSUM_8003, flags[:23]), (ap.CKSUM_8003, b"")):
            with self.subTest(checksum=checksum):
                self.refuse_first(self.initiator(), SKEW, when=late,
                                  checksum=checksum)
                self.refuse_second(SKEW, when=late, checksum=checksum)

    def test_clock_skew_where_extras_are_off(self):
        """Or without the framing that they need: as ever."""
        # REQ: XT-04, XT-69
        off = Server(type(self), extra_context_tokens=False)
        late = time.time() - 2 * HOURS
        who = self.initiator()
        with Call(off) as call:
            answer = gss.Krb5Token(call.ask(who.token(when=late)))
            self.assertEqual(answer.tok_id, gss.KRB_ERROR)
            self.assertEqual(answer.message().code, SKEW)
        self.good(off)
        with Call(self.challenge) as call:
            answer = call.ask(who.ap_req(when=late))
            self.assertNotIn(b"\x7f\x37", (answer or b"")[:32])
        self.good()

    def test_clock_skew_in_dce_style(self):
        """Heimdal's own second try, which has no extra tokens."""
        # REQ: XT-04, XT-69
        who = self.initiator(flags=ap.ALL | ap.DCE_STYLE)
        for more, code in (({}, SKEW), ({"ad": [(1, b"junk")]}, GENERIC)):
            with Call(self.challenge) as call:
                answer = gss.Krb5Token(call.ask(who.token(
                    when=time.time() - 2 * HOURS, **more)))
                self.assertEqual(answer.tok_id, gss.KRB_ERROR)
                self.assertEqual(answer.message().code, code)
        self.good()
        # a further AP-REQ is in no style any more
        self.refuse_second(SKEW, when=time.time() - 2 * HOURS,
                           flags=ap.ALL & ~ap.MUTUAL | ap.DCE_STYLE)

    def test_clock_skew_and_authorization_data_that_is_none(self):
        """It may have said that it offers: the error is its own."""
        # REQ: XT-03, XT-69
        who = self.initiator(options=ap.WANT_MUTUAL)
        with Call(self.challenge) as call:
            answer = gss.Krb5Token(call.ask(who.token(
                when=time.time() - 2 * HOURS, ad=[(1, b"junk")])))
            self.assertEqual(answer.tok_id, gss.KRB_ERROR)
            self.assertEqual(answer.message().code, GENERIC)
            self.assertIsNone(call.receive())
        self.refused(call.line, FAILURE)
        self.good()

    def test_one_way_to_ask_for_an_ap_rep(self):
        """Either is enough for who has sent a ticket that is refused."""
        # REQ: XT-46
        old = {"start": -10 * HOURS, "end": -2 * HOURS}
        for options, flags in ((ap.OFFER | ap.WANT_MUTUAL,
                                ap.ALL & ~ap.MUTUAL), (ap.OFFER, ap.ALL)):
            with self.subTest(options=hex(options)):
                who = self.initiator(options=options, flags=flags, **old)
                with Call(self.plain) as call:
                    self.wants_more(who, call.ask(who.token()), EXPIRED)
                    who.credential = self.initiator().credential
                    who.take_ap_rep(call.ask(who.token()))
                    call.initiate_messages(who.messages())
                self.established(call.line, tokens="4")
        self.good()

    def test_clock_skew_in_a_channel(self):
        """What the checksum has of it has to be right, although there will be
        another AP-REQ."""
        # REQ: XT-48, XT-50
        server = Server(type(self), "--bindings=one",
                        replay_protection="challenge")
        server.bound = ap.bindings(b"one")
        late = time.time() - 2 * HOURS
        self.refuse_first(self.initiator(bound=ap.bindings(b"two")), SKEW,
                          server=server, when=late)
        who = self.initiator(bound=server.bound)
        with Call(server) as call:
            self.wants_more(who, call.ask(who.token(when=late)), SKEW)
            who.take_ap_rep(call.ask(who.token()))
            call.initiate_messages(who.messages())
        self.established(call.line, tokens="4", recovered="yes")

    def test_clock_skew_and_a_word_about_channels(self):
        """An initiator that knows of channel bindings and has none is not
        asked again by an acceptor that has some ([MS-KILE])."""
        # REQ: XT-48, KI-10
        server = Server(type(self), "--bindings=one",
                        replay_protection="challenge")
        server.bound = ap.bindings(b"one")
        late = time.time() - 2 * HOURS
        self.refuse_first(self.initiator(), SKEW, server=server, when=late,
                          relevant=[k2.kerb_ap_options(0x4000)])

    def test_clock_skew_and_an_offer_in_the_clear_only(self):
        # REQ: XT-03, XT-04, XT-78
        who = self.initiator()
        with Call(self.challenge) as call:
            answer = gss.Krb5Token(call.ask(who.token(
                when=time.time() - 2 * HOURS, options=ap.WANT_MUTUAL,
                clear=ap.WANT_MUTUAL | ap.OFFER)))
            self.assertEqual(answer.tok_id, gss.KRB_ERROR)
            self.assertEqual(answer.message().code, SKEW)
            # what comes then is a first token
            self.is_final(who, call.ask(who.token(
                challenge=os.urandom(32))), REPEAT)
        self.refused(call.line, FAILURE)
        self.good()

    def test_session_key_that_is_none(self):
        """User-to-user with an acceptor that has no TGT, and the AP-REQ
        that asks for it: nothing can be done."""
        # REQ: XT-05, XT-14, XT-81, KI-22
        who = self.initiator(options=ap.OFFER | ap.WANT_MUTUAL |
                             gss.USE_SESSION_KEY)
        with Call(self.challenge) as call:
            answer = call.ask(who.token())
            self.assertEqual(gss.describe(answer), "KRB-ERROR2 final")
            self.assertEqual(who.open_error2(answer)[1].code, NOKEY)
        self.refused(call.line, FAILURE)
        empty = ap.ap_req(ap.OFFER | ap.WANT_MUTUAL, ap.empty_ticket(
            self.key), b"", etype=0)
        with Call(self.challenge) as call:
            answer = call.ask(gss.krb5_token(gss.AP_REQ, empty))
            self.is_final(who, answer, NO_TGT, N)
        self.refused(call.line, FAILURE)
        self.good()

    def test_subkeys_that_are_none(self):
        """An enctype that nobody has, a key of another length: there is no
        answer under it, and no end of the acceptor."""
        # REQ: XT-14
        for subkey in ((99, bytes(32)), (18, bytes(5)), (18, b""),
                       (17, bytes(32)), (0, b"")):
            for when in (None, time.time() - 2 * HOURS):
                with self.subTest(subkey=subkey, late=when is not None):
                    who = self.initiator()
                    who.subkey = subkey
                    with Call(self.challenge) as call:
                        answer = call.ask(who.token(when=when))
                        self.assertNotEqual(gss.describe(answer or b""),
                                            "KRB-ERROR2 continue")
                    self.refused(call.line)
        self.good()

    def test_tampered_authenticator(self):
        """It may be this one; only the ticket could be read."""
        # REQ: XT-14, XT-19, XT-05, XT-62, XT-61, XT-50, KI-08
        for values in ({"spoil": True}, {"usage": 7}):
            with self.subTest(**values):
                self.ask_first(self.initiator(), MODIFIED, S, **values)

    def test_other_client_in_the_authenticator(self):
        # REQ: XT-14, XT-62
        self.refuse_first(self.initiator(), BADMATCH, K, client="mallory")

    def test_tampered_ticket(self):
        """Nobody has a key then; another ticket may be a good one."""
        # REQ: XT-14, XT-16, XT-19, XT-05, XT-61, KI-07
        good = self.initiator().credential
        for values in ({"spoil": True}, {"key": os.urandom(32)}):
            self.ask_first(self.initiator(**values), MODIFIED, N,
                           credential=good)

    def test_keys_that_the_acceptor_lacks(self):
        # REQ: XT-14, XT-16, XT-05, XT-57
        self.ask_first(self.initiator(kvno=77, key=os.urandom(32)),
                       BADKEYVER, N, credential=self.initiator().credential)
        self.refuse_first(self.initiator(
            sname="nfs/server.ext.test", key=os.urandom(32)), NOT_US, N)
        # the subkey of the AP-REQ before is none for an error about this one
        self.refuse_second(BADKEYVER, N, credential=self.initiator(
            kvno=77, key=os.urandom(32)).credential)

    def test_times_of_the_ticket(self):
        """These the initiator can believe: its own subkey opens them."""
        # REQ: XT-62, XT-53, XT-54, XT-14, XT-05
        for code, ticket in (
                (EXPIRED, {"start": -10 * HOURS, "end": -2 * HOURS}),
                (NOT_YET_VALID, {"start": 2 * HOURS, "end": 10 * HOURS})):
            with self.subTest(code=code):
                self.ask_first(self.initiator(**ticket), code, K,
                               credential=self.initiator().credential)

    def test_errors_without_offer(self):
        """The same errors are KRB-ERROR to who does not offer."""
        # REQ: XT-05, XT-69, XT-04
        options = ap.WANT_MUTUAL
        for code, ticket, token in (
                (EXPIRED, {"start": -10 * HOURS, "end": -2 * HOURS}, {}),
                (MODIFIED, {}, {"spoil": True}),
                (MODIFIED, {"spoil": True}, {}),
                (BADKEYVER, {"kvno": 77, "key": os.urandom(32)}, {})):
            with self.subTest(code=code):
                who = self.initiator(options=options, **ticket)
                with Call(self.challenge) as call:
                    answer = gss.Krb5Token(call.ask(who.token(**token)))
                    self.assertEqual(answer.tok_id, gss.KRB_ERROR)
                    self.assertIsInstance(answer.message(), krb.KrbError)
                    self.assertEqual(answer.message().code, code)
                self.refused(call.line, FAILURE)
                self.good()

    def test_skew_without_offer(self):
        """Heimdal's own second try, as ever."""
        # REQ: XT-78, XT-04, KI-10
        who = self.initiator(options=ap.WANT_MUTUAL)
        with Call(self.challenge) as call:
            answer = gss.Krb5Token(call.ask(who.token(
                when=time.time() - 2 * HOURS)))
            self.assertEqual(answer.tok_id, gss.KRB_ERROR)
            self.assertEqual(answer.message().code, SKEW)
            who.take_ap_rep(call.ask(who.token()))
            call.initiate_messages(who.messages())
        self.established(call.line, offered="no", tokens="4")

    def test_skew_without_offer_then_with(self):
        """One error is recovered from, in either way."""
        # REQ: XT-50, XT-78
        away = time.time() - 2 * HOURS
        who = self.initiator()
        with Call(self.challenge) as call:
            answer = gss.Krb5Token(call.ask(who.token(
                when=away, options=ap.WANT_MUTUAL)))
            self.assertEqual(answer.tok_id, gss.KRB_ERROR)
            self.is_final(who, call.ask(who.token(when=away)), SKEW)
        self.refused(call.line, FAILURE)
        self.good()

    def test_bindings(self):
        # REQ: XT-48
        server = Server(type(self), "--bindings=one",
                        replay_protection="challenge")
        server.bound = ap.bindings(b"one")
        self.good(server)
        with Call(server) as call:
            who = self.initiator(bound=ap.bindings(b"two"))
            self.is_final(who, call.ask(who.token()), GENERIC)
        self.refused(call.line, BAD_BINDINGS)
        with Call(server) as call:
            who = self.initiator(bound=server.bound)
            self.wants_more(who, call.ask(who.token()))
            self.is_final(who, call.ask(who.confirmed_token(
                bound=ap.bindings(b"two"))), GENERIC)
        self.refused(call.line, BAD_BINDINGS)
        self.good(server)


class SecondToken(ApCase):
    """AP-REQs that answer a challenge, and should not have been sent so."""

    def test_challenge(self):
        # REQ: XT-43, XT-45, XT-07, XT-05
        who = self.initiator()
        with Call(self.challenge) as call:
            other = self.wants_more(who, call.ask(who.token())).challenge
        self.refuse_second(REPEAT, challenge=None)
        self.refuse_second(REPEAT, challenge=os.urandom(32))
        self.refuse_second(REPEAT, challenge=other)
        self.refuse_second(GENERIC, challenge=b"")

    def test_challenge_of_another_length(self):
        # REQ: XT-43
        for change in (lambda c: c[:-1], lambda c: c[1:], lambda c: c[:1],
                       lambda c: c + b"\0", lambda c: c + c,
                       lambda c: bytes([c[0] ^ 1]) + c[1:],
                       lambda c: c[:-1] + bytes([c[-1] ^ 0x80])):
            who = self.initiator()
            with Call(self.challenge) as call:
                error2 = self.wants_more(who, call.ask(who.token()))
                self.is_final(who, call.ask(who.confirmed_token(
                    challenge=change(error2.challenge))), REPEAT)
            self.refused(call.line, FAILURE)
        self.good()

    def test_challenge_of_the_octets_alone(self):
        """ad-data is an OCTET STRING in DER; there is no leniency."""
        # REQ: XT-43
        who = self.initiator()
        with Call(self.challenge) as call:
            error2 = self.wants_more(who, call.ask(who.token()))
            self.is_final(who, call.ask(who.confirmed_token(
                challenge=None, more=[(-5, error2.challenge)])), GENERIC)
        self.refused(call.line, FAILURE)
        self.good()

    def test_two_challenges(self):
        """The right one and another, or twice the right one."""
        # REQ: XT-43
        for again in (None, os.urandom(32)):
            who = self.initiator()
            with Call(self.challenge) as call:
                error2 = self.wants_more(who, call.ask(who.token()))
                self.is_final(who, call.ask(who.confirmed_token(more=[
                    k2.challenge(again or error2.challenge)])), MSG_TYPE)
            self.refused(call.line, FAILURE)
        self.good()

    def test_another_number(self):
        # REQ: XT-38
        for seq in (5, None):
            self.refuse_second(BADSEQ, seq=seq)

    def test_malformed_authorization_data(self):
        """As in the first; a list of enctypes that does not count, too."""
        # REQ: XT-03, XT-43
        options = k2.ap_options(ap.OFFER)
        for code, inside in ((GENERIC, [(129, b"\x30\x03\x02\x02\x12")]),
                             (GENERIC, [(129, b"junk")]),
                             (GENERIC, [(129, der.seq(der.integer(18)) +
                                         b"\0")]),
                             (MSG_TYPE, [k2.etypes(18), k2.etypes(18)])):
            with self.subTest(inside=inside):
                self.refuse_second(code, etypes=(), options=None,
                                   clear=ap.OFFER,
                                   relevant=[options] + inside)

    def test_another_client(self):
        """Whoever knows the challenge, which is no secret of its own."""
        # REQ: XT-48
        self.refuse_second(BADMATCH, credential=ap.issue(
            self.key, client="mallory"))
        self.refuse_second(BADMATCH, credential=ap.issue(
            self.key, realm="OTHER.TEST"))

    def test_another_service(self):
        """Of the same acceptor, that holds the keys of both."""
        # REQ: XT-48
        realm = self.realm
        name = "nfs/server.ext.test"
        realm.add(name)
        keytab = realm.ext_keytab(realm.service, realm.dir / "both.keytab")
        realm.ext_keytab(name, keytab)
        server = Server(type(self), "--keytab=FILE:%s" % keytab,
                        replay_protection="challenge")
        other = realm.newest_key(name)
        who = ap.Initiator(ap.issue(other))
        with Call(server) as call:      # it does take them
            self.wants_more(who, call.ask(who.token()))
            call.send(who.confirmed_token())
            call.initiate_messages(who.messages())
        self.established(call.line)
        self.refuse_second(BADMATCH, server=server,
                           credential=ap.issue(other))
        # nor when the first was late
        who = self.initiator()
        with Call(server) as call:
            self.wants_more(who, call.ask(who.token(
                when=time.time() + 2 * HOURS)), SKEW)
            self.is_final(who, call.ask(who.token(
                credential=ap.issue(other))), BADMATCH)
        self.refused(call.line)
        self.good(server)

    def test_other_bindings(self):
        """They have to be the first's, even if the acceptor has none."""
        # REQ: XT-48
        line = self.refuse_second(GENERIC, bound=ap.bindings(b"other"))
        self.assertEqual(line.major & 0xffff0000, BAD_BINDINGS, line)
        line = self.refuse_second(
            GENERIC, who=self.initiator(bound=ap.bindings(b"one")),
            bound=ap.NOT_BOUND)
        self.assertEqual(line.major & 0xffff0000, BAD_BINDINGS, line)
        self.refuse_second(GENERIC, checksum=None)

    def test_options_differ(self):
        # REQ: XT-03, XT-46, XT-96
        for clear, options in ((ap.OFFER | ap.WANT_MUTUAL, ap.OFFER),
                               (ap.OFFER, ap.OFFER | ap.WANT_MUTUAL),
                               (0, ap.OFFER),
                               (ap.OFFER | OTHER_OPTION, ap.OFFER)):
            with self.subTest(clear=hex(clear), options=hex(options)):
                self.refuse_second(MODIFIED, clear=clear, options=options)

    def test_no_options(self):
        """They are sealed in each AP-REQ, even of who asks for nothing."""
        # REQ: XT-03
        for clear in (0, ap.OFFER, ap.OFFER | ap.WANT_MUTUAL):
            with self.subTest(clear=hex(clear)):
                self.refuse_second(MODIFIED, clear=clear, options=None)
                self.refuse_second(MODIFIED, clear=clear, options=None,
                                   etypes=())

    def test_without_framing(self):
        # REQ: XT-08
        who = self.initiator()
        with Call(self.challenge) as call:
            self.wants_more(who, call.ask(who.token()))
            self.assertIsNone(call.ask(gss.unwrap(
                who.confirmed_token())[1][2:]))
        self.refused(call.line, DEFECTIVE)
        self.good()

    def test_something_else(self):
        """Neither AP-REQ nor KRB-ERROR2."""
        # REQ: XT-08
        for token in (b"", b"junk", gss.krb5_token(gss.AP_REP, b"junk"),
                      gss.krb5_token(gss.AP_REQ, b"junk"),
                      gss.krb5_token(gss.AP_REQ, self.initiator().ap_req(),
                                     mech=gss.SPNEGO)):
            with self.subTest(token=token[:20].hex()):
                who = self.initiator()
                with Call(self.challenge) as call:
                    self.wants_more(who, call.ask(who.token()))
                    self.assertIsNone(call.ask(token))
                self.refused(call.line, DEFECTIVE)
        self.good()

    def test_tampered(self):
        """The levels of the first are there, and the acceptor's keys."""
        # REQ: XT-14, XT-19, XT-05
        self.refuse_second(MODIFIED, K, spoil=True)
        self.refuse_second(EXPIRED, K, credential=ap.issue(
            self.key, start=-10 * HOURS, end=-2 * HOURS))

    def test_another_ticket_that_nobody_opens(self):
        # REQ: XT-14, XT-05, XT-96
        who = self.initiator()
        with Call(self.challenge) as call:
            self.wants_more(who, call.ask(who.token()))
            answer = call.ask(who.confirmed_token(credential=ap.issue(
                self.key, spoil=True)))
            error2 = who.open_error2(answer)[1]
            self.assertIn(error2.which, (K, N))
            self.is_final(who, answer, MODIFIED, error2.which)
        self.refused(call.line, FAILURE)
        self.good()

    def passes(self, position):
        """Whether the second AP-REQ is taken with one bit of an octet
        changed: (bool, what the octet belongs to)."""
        who = self.initiator()
        token = who.token()             # of which only the length counts
        if position >= len(token) + 60:
            return False, "the end"
        with Call(self.challenge) as call:
            self.wants_more(who, call.ask(who.token()))
            token = bytearray(who.confirmed_token())
            if position >= len(token):
                return False, "the end"
            ticket = token.index(who.credential.ticket)
            cipher = token.index(der.parse(
                who.credential.ticket).inner()[3][2].raw)
            where = "ticket" if ticket <= position < cipher else \
                "options" if position in range(ticket - 11, ticket - 4) else \
                "else"
            token[position] ^= 1
            call.send(bytes(token))
            call.stream.shutdown(socket.SHUT_WR)
            passed = call.receive() is None and call.server.acceptor.line(
                call.number).outcome == "established"
        return passed, where

    def test_octets_that_are_not_bound(self):
        """What passes with another bit is in the clear part of the ticket,
        which nothing protects, or says that ap-options have 31 bits."""
        # REQ: XT-96, XT-03
        found = {}
        for position in range(700):
            if position < 180 or position % 16 == 0:
                passed, where = self.passes(position)
                if passed:
                    found.setdefault(where, []).append(position)
        self.assertTrue(set(found) <= {"ticket", "options"}, found)
        self.assertLessEqual(len(found.get("options", [])), 1, found)
        self.good()

    def test_skewed_again(self):
        """One error is recovered from, not two; a skewed answer to a mere
        challenge is the second."""
        # REQ: XT-50, XT-51, XT-56
        away = time.time() - 2 * HOURS
        who = self.initiator()
        with Call(self.plain) as call:
            self.wants_more(who, call.ask(who.token(when=away)), SKEW)
            self.is_final(who, call.ask(who.token(when=away)), SKEW)
            self.assertIsNone(call.receive())
        self.refused(call.line, FAILURE)
        self.good(self.plain)
        self.refuse_second(SKEW, when=away)

    def test_rules_after_clock_skew(self):
        """What the first Authenticator settles, it settles though it was
        late."""
        # REQ: XT-43, XT-38, XT-48, XT-41
        for code, token in (
                (REPEAT, {"challenge": None}),
                (REPEAT, {"challenge": os.urandom(32)}),
                (BADSEQ, {"seq": 5}),
                (BADMATCH, {"credential": ap.issue(self.key,
                                                   client="mallory")}),
                (GENERIC, {"bound": ap.bindings(b"other")})):
            with self.subTest(code=code):
                who = self.initiator()
                with Call(self.plain) as call:
                    self.wants_more(who, call.ask(who.token(
                        when=time.time() + 2 * HOURS)), SKEW)
                    self.is_final(who, call.ask(who.token(**token)), code)
                self.refused(call.line)
                self.good(self.plain)
        who = self.initiator()
        with Call(self.plain) as call:
            self.wants_more(who, call.ask(who.token(
                when=time.time() + 2 * HOURS)), SKEW)
            who.take_ap_rep(call.ask(who.token(subkey=ap.new_key())))
            call.initiate_messages(who.messages())
        self.established(call.line, recovered="yes")

    def test_silence(self):
        """An initiator that leaves is nobody."""
        # REQ: XT-71
        who = self.initiator()
        with Call(self.challenge) as call:
            self.wants_more(who, call.ask(who.token()))
        self.assertEqual((call.line.result, call.line.src), ("failed", "-"))
        self.good()


class RefusedTicket(ApCase):
    """A ticket that the acceptor can open and does not take: for the realms
    it has come through, or its times.  Somebody else may know its session
    key: nothing counts that was encrypted in it."""

    realm_args = {"capaths": {"OTHER.TEST": {"EXT.TEST": ["GOOD.TEST",
                                                          "FINE.TEST"]}}}
    old = {"start": -10 * HOURS, "end": -2 * HOURS}

    def ticket(self, *realms, **values):
        """That has come from OTHER.TEST through realms."""
        values.setdefault("tr_type", 1)
        return ap.issue(self.key, realm="OTHER.TEST",
                        transited=",".join(realms).encode(), **values)

    def who(self, *realms, flags=ap.ALL, options=ap.OFFER | ap.WANT_MUTUAL,
            **ticket):
        """An Initiator with such a ticket."""
        return ap.Initiator(self.ticket(*realms, **ticket), flags=flags,
                            options=options)

    def established(self, line, **fields):
        """In the name of the other realm's user."""
        self.assertTrue(line.complete, line)
        self.assertEqual(line.messages, "ok", line)
        self.assertEqual(line.src, "user@OTHER.TEST")
        for name, value in fields.items():
            self.assertEqual(getattr(line, name), value, line)

    def good(self, server=None):
        """With a ticket that is fine."""
        who = self.who("GOOD.TEST")
        with Call(self.plain) as call:
            who.take_ap_rep(call.ask(who.token()))
            call.initiate_messages(who.messages())
        self.established(call.line, tokens="2")

    def refusals(self):
        """(initiator, error) of each kind."""
        return ((self.who("BAD.TEST"), PATH),
                (self.who("GOOD.TEST", "BAD.TEST"), PATH),
                (self.who("GOOD.TEST", **self.old), EXPIRED),
                (self.who("BAD.TEST", **self.old), EXPIRED),
                (self.who("BAD.TEST", start=2 * HOURS, end=9 * HOURS),
                 NOT_YET_VALID))

    def test_accepted_paths(self):
        """As without extra tokens: the realms that [capaths] names, in any
        order, and what the KDC has checked."""
        # REQ: XT-58, XT-10
        checked = 1 << (31 - 12)        # transited-policy-checked
        for realms, flags in (((), 0), (("GOOD.TEST",), 0),
                              (("FINE.TEST", "GOOD.TEST"), 0),
                              (("BAD.TEST",), checked)):
            with self.subTest(realms=realms):
                who = ap.Initiator(self.ticket(*realms, flags=flags))
                with Call(self.plain) as call:
                    who.take_ap_rep(call.ask(who.token()))
                    call.initiate_messages(who.messages())
                self.established(call.line, tokens="2", recovered="no")

    def test_another_ticket(self):
        """Four tokens; keys and flags are the second request's."""
        # REQ: XT-58, XT-62, XT-74, XT-14, XT-05
        for server in (self.plain, self.challenge):
            for who, code in self.refusals():
                with self.subTest(code=code):
                    with Call(server) as call:
                        error2 = self.wants_more(who, call.ask(who.token()),
                                                 code)
                        who.credential = self.ticket("GOOD.TEST")
                        who.subkey = ap.new_key()
                        reply = who.take_ap_rep(call.ask(who.token()))
                        self.assertNotIn(reply.subkey, (None, error2.subkey))
                        call.initiate_messages(who.messages())
                    self.established(call.line, tokens="4", recovered="yes",
                                     confirmed="no", protection="challenge")
                    self.assertEqual(call.line.flags & 63, ap.ALL)

    def test_same_subkey(self):
        """An initiator that keeps its subkey gets in as well."""
        # REQ: XT-58, XT-39
        for who, code in self.refusals():
            with Call(self.plain) as call:
                self.wants_more(who, call.ask(who.token()), code)
                who.credential = self.ticket("GOOD.TEST")
                who.take_ap_rep(call.ask(who.token()))
                call.initiate_messages(who.messages())
            self.established(call.line, tokens="4")

    def test_another_kind_of_subkey(self):
        """Or none."""
        # REQ: XT-58, XT-39
        for subkey in (None, ap.new_key(17)):
            for who, code in self.refusals():
                with Call(self.plain) as call:
                    self.wants_more(who, call.ask(who.token()), code)
                    who.credential = self.ticket("GOOD.TEST")
                    who.subkey = subkey
                    who.take_ap_rep(call.ask(who.token()))
                    call.initiate_messages(who.messages())
                self.established(call.line, tokens="4")

    def test_keys_of_a_refused_realm(self):
        """A realm that is not trusted makes a ticket for our user, begins,
        and has our user answer the challenge: it gets no key."""
        # REQ: XT-58, XT-41, XT-48
        for thief, code in self.refusals():
            with self.subTest(code=code):
                with Call(self.plain) as call:
                    self.wants_more(thief, call.ask(thief.token()), code)
                    user = self.who("GOOD.TEST")
                    user.seq, user.challenge = thief.seq, thief.challenge
                    user.take_ap_rep(call.ask(user.token()))
                    self.assertNotEqual(user.acceptor_subkey,
                                        thief.acceptor_subkey)
                    self.assertIsNone(call.ask(
                        thief.messages().wrap(b"from the thief")))
                self.assertEqual((call.line.result, call.line.messages),
                                 ("failed", "failed"), call.line)
        self.good()

    def test_flags_and_credential(self):
        """Those of the first request are gone."""
        # REQ: XT-49, XT-58
        who = self.who("BAD.TEST")
        flags = ap.MUTUAL | ap.INTEG | ap.DELEG
        junk = struct.pack("<HH", 1, 4) + b"junk"
        with Call(self.plain) as call:
            self.wants_more(who, call.ask(who.token(checksum=(
                ap.CKSUM_8003, ap.checksum_8003(flags, more=junk)))), PATH)
            who.credential = self.ticket("GOOD.TEST")
            who.take_ap_rep(call.ask(who.token()))
            call.initiate_messages(who.messages())
        self.established(call.line, tokens="4")
        self.assertEqual(call.line.flags & 63, ap.ALL, call.line)

    def test_tampered_authenticator(self):
        """The ticket alone is opened, and refused."""
        # REQ: XT-14, XT-58
        who = self.who("BAD.TEST")
        with Call(self.plain) as call:
            error2 = self.wants_more(who, call.ask(who.token(spoil=True)),
                                     PATH, S)
            self.assertIsNone(error2.subkey)
            who.credential = self.ticket("GOOD.TEST")
            who.take_ap_rep(call.ask(who.token()))
            call.initiate_messages(who.messages())
        self.established(call.line, tokens="4", recovered="yes")

    def test_second_error(self):
        """It is final, and under the keys of the request that it is about."""
        # REQ: XT-50, XT-58
        for code, values in (
                (PATH, {"credential": self.ticket("BAD.TEST")}),
                (EXPIRED, {"credential": self.ticket("GOOD.TEST",
                                                     **self.old)}),
                (SKEW, {"when": time.time() - 2 * HOURS}),
                (REPEAT, {"challenge": os.urandom(32)}),
                (REPEAT, {"challenge": None}),
                (BADSEQ, {"seq": 5}),
                (BADMATCH, {"credential": self.ticket(
                    "GOOD.TEST", client="mallory")}),
                (GENERIC, {"bound": ap.bindings(b"other")}),
                (MODIFIED, {"options": ap.OFFER,
                            "flags": ap.ALL & ~ap.MUTUAL})):
            for who, first in self.refusals():
                with self.subTest(code=code, first=first):
                    with Call(self.plain) as call:
                        self.wants_more(who, call.ask(who.token()), first)
                        who.credential = values.get(
                            "credential", self.ticket("GOOD.TEST"))
                        who.subkey = ap.new_key()
                        self.is_final(who, call.ask(who.token(**values)),
                                      code)
                        self.assertIsNone(call.receive())
                    self.refused(call.line)
        self.good()

    def test_no_mutual_authentication(self):
        """No AP-REP could tell a new key: final."""
        # REQ: XT-58, XT-72
        for who, code in self.refusals():
            who.options, who.flags = ap.OFFER, ap.ALL & ~ap.MUTUAL
            self.refuse_first(who, code)

    def test_encoding_that_is_unknown(self):
        """It is no path that could be another."""
        # REQ: XT-65
        self.refuse_first(self.who("BAD.TEST", tr_type=5), TRTYPE_NOSUPP)

    def test_not_offered(self):
        """The error is as ever, and final."""
        # REQ: XT-05, XT-69
        for spoil in (False, True):
            who = self.who("BAD.TEST", options=ap.WANT_MUTUAL)
            with Call(self.plain) as call:
                answer = gss.Krb5Token(call.ask(who.token(spoil=spoil)))
                self.assertEqual(answer.tok_id, gss.KRB_ERROR)
                self.assertEqual(answer.message().code, ILL_CR_TKT)
                self.assertIsNone(call.receive())
            self.refused(call.line, FAILURE)
        self.good()


class GivingUp(ApCase):
    """The initiator's own KRB-ERROR2."""

    def say(self, make, server=None, **first):
        """The acceptor's line when make(initiator) is the second token."""
        who = self.initiator()
        with Call(server or self.challenge) as call:
            self.wants_more(who, call.ask(who.token(**first)), which=K,
                            code=SKEW if first else 0)
            self.assertIsNone(call.ask(make(who)))
        self.nobody(call.line)
        return call.line

    def test_its_code_is_told(self):
        # REQ: XT-32, XT-34, XT-45
        for code in (GENERIC, SKEW, 1, 67, 69):
            line = self.say(lambda who, c=code: who.error_token(c))
            self.assertEqual((line.major, line.minor),
                             (FAILURE, KRB5_BASE + code), line)
            self.assertEqual(line.error_token, "received")
        line = self.say(lambda who: who.error_token(SKEW), self.plain,
                        when=time.time() - 2 * HOURS)
        self.assertEqual((line.major, line.minor),
                         (FAILURE, KRB5_BASE + SKEW), line)
        self.good()

    def test_under_the_session_key(self):
        """Without a subkey there is no other."""
        # REQ: XT-32, XT-34
        who = self.initiator()
        who.subkey = None
        with Call(self.challenge) as call:
            self.wants_more(who, call.ask(who.token()), which=S)
            self.assertIsNone(call.ask(who.error_token(
                GENERIC, who.credential.session, S)))
        self.nobody(call.line)
        self.assertEqual((call.line.major, call.line.minor),
                         (FAILURE, KRB5_BASE + GENERIC), call.line)
        self.good()

    def test_code_out_of_range(self):
        # REQ: XT-32
        for code in (0, -1, 1 << 30, -1 << 31):
            line = self.say(lambda who, c=code: who.error_token(c))
            self.assertEqual((line.major, line.minor),
                             (FAILURE, KRB5_BASE + GENERIC), line)
        self.good()

    def test_not_authentic(self):
        """What anybody else can make is a defective token, and its error is
        nobody's."""
        # REQ: XT-34, XT-95
        for name, make in (
                ("no key", lambda w: w.error_token(NOT_US, key=None)),
                ("session key", lambda w: w.error_token(
                    NOT_US, key=w.credential.session, which=S)),
                ("another key", lambda w: w.error_token(
                    NOT_US, key=ap.new_key())),
                ("no challenge", lambda w: w.error_token(
                    NOT_US, challenge=None)),
                ("another challenge", lambda w: w.error_token(
                    NOT_US, challenge=os.urandom(32))),
                ("a shorter one", lambda w: w.error_token(
                    NOT_US, challenge=w.challenge[:-1])),
                ("authorization data that is none", lambda w: w.error_token(
                    NOT_US, ad=b"junk")),
                ("a challenge that is none", lambda w: w.error_token(
                    NOT_US, ad=k2.authdata((-5, b"junk")))),
                ("another token ID", lambda w: w.error_token(
                    NOT_US, tok_id=gss.AP_REP)),
                ("e-flags", lambda w: w.error_token(
                    NOT_US, flags=k2.CONTINUE_NEEDED)),
                ("subkey", lambda w: w.error_token(
                    NOT_US, subkey=ap.new_key(), seq=7))):
            with self.subTest(name):
                line = self.say(make)
                self.assertEqual(line.major, DEFECTIVE, line)
                self.assertNotEqual(line.minor, KRB5_BASE + NOT_US, line)
        self.good()

    def test_reflected(self):
        """The acceptor's own KRB-ERROR2, in which there is no quotation."""
        # REQ: XT-34, XT-95
        who = self.initiator()
        with Call(self.challenge) as call:
            answer = call.ask(who.token())
            self.assertIsNone(call.ask(answer))
        self.refused(call.line, DEFECTIVE)
        self.good()

    def test_after_the_old_error(self):
        """Another AP-REQ is due then, and no KRB-ERROR2."""
        # REQ: XT-45, XT-04
        who = self.initiator(options=ap.WANT_MUTUAL)
        with Call(self.challenge) as call:
            answer = gss.Krb5Token(call.ask(who.token(
                when=time.time() - 2 * HOURS)))
            self.assertEqual(answer.message().code, SKEW)
            who.challenge = bytes(32)
            self.assertIsNone(call.ask(who.error_token(NOT_US)))
        self.refused(call.line, DEFECTIVE)
        self.assertNotEqual(call.line.minor, KRB5_BASE + NOT_US)
        self.good()

    def test_as_first_token(self):
        # REQ: XT-45
        who = self.initiator()
        who.challenge = bytes(32)
        with Call(self.challenge) as call:
            self.assertIsNone(call.ask(who.error_token()))
        self.refused(call.line, DEFECTIVE)
        self.good()


class Replay(ApCase):
    """Tokens that were recorded."""

    def test_second_request_as_first(self):
        """To the same acceptor, and to another with the same keys, whatever
        its policy."""
        # REQ: XT-44, XT-85
        who = self.initiator()
        with Call(self.challenge) as call:
            self.wants_more(who, call.ask(who.token()))
            second = who.confirmed_token()
            call.send(second)
            call.initiate_messages(who.messages())
        self.established(call.line)
        for server in (self.challenge, self.plain):
            with Call(server) as call:
                self.is_final(who, call.ask(second), REPEAT)
            self.refused(call.line, FAILURE)
            self.good(server)

    def test_second_request_as_first_where_extras_are_off(self):
        """Old acceptors with the same keys are meant to refuse it; one of
        ours without the extension does."""
        # REQ: XT-44
        server = Server(type(self), extra_context_tokens=False)
        who = self.initiator()
        with Call(self.challenge) as call:
            self.wants_more(who, call.ask(who.token()))
            second = who.token()        # asks for an AP-REP
            who.take_ap_rep(call.ask(second))
            call.initiate_messages(who.messages())
        self.established(call.line)
        with Call(server) as call:
            answer = call.ask(second)
            self.assertNotEqual(gss.describe(answer), "AP-REP")
        self.refused(call.line, FAILURE)
        self.good(server)

    def test_both_requests_in_order(self):
        # REQ: XT-85, XT-43
        for skewed in (False, True):
            who = self.initiator()
            server = self.plain if skewed else self.challenge
            when, code = (time.time() - 2 * HOURS, SKEW) if skewed else \
                (None, 0)
            with Call(server) as call:
                first = who.token(when=when)
                self.wants_more(who, call.ask(first), code)
                second = who.token()
                who.take_ap_rep(call.ask(second))
                call.initiate_messages(who.messages())
            self.established(call.line)
            old = who.challenge
            with Call(server) as call:
                error2 = self.wants_more(who, call.ask(first), code)
                self.assertNotEqual(error2.challenge, old)
                self.is_final(who, call.ask(second), REPEAT)
            self.refused(call.line, FAILURE)
            self.good(server)

    def test_first_request_twice(self):
        """The challenge is not answered by what asked for it."""
        # REQ: XT-85, XT-43
        who = self.initiator()
        with Call(self.challenge) as call:
            first = who.token()
            self.wants_more(who, call.ask(first))
            self.is_final(who, call.ask(first), REPEAT)
        self.refused(call.line, FAILURE)
        self.good()

    def test_cached_request(self):
        """With a cache a replay is told to be one, and who can make a new
        AP-REQ may."""
        # REQ: XT-55, XT-62, XT-74
        server = Server(type(self), replay_protection="cache")
        who = self.initiator()
        with Call(server) as call:
            first = who.token()
            who.take_ap_rep(call.ask(first))
            call.initiate_messages(who.messages())
        self.established(call.line, protection="cache")
        with Call(server) as call:
            self.wants_more(who, call.ask(first), REPEAT)
            self.is_final(who, call.ask(first), REPEAT)
        self.refused(call.line, FAILURE)
        with Call(server) as call:
            self.wants_more(who, call.ask(first), REPEAT)
            who.take_ap_rep(call.ask(who.token()))
            call.initiate_messages(who.messages())
        self.established(call.line, tokens="4", recovered="yes")

    def test_no_cache(self):
        """Where one is wanted, nobody is taken, nor asked again."""
        # REQ: XT-55, XT-50
        with unittest.mock.patch.object(type(self), "rcache_dir",
                                        self.realm.dir / "none"):
            server = Server(type(self), replay_protection="cache")
        for options in (ap.OFFER | ap.WANT_MUTUAL, ap.OFFER):
            who = self.initiator(options=options)
            with Call(server) as call:
                self.is_final(who, call.ask(who.token()), GENERIC)
                self.assertIsNone(call.receive())
            self.refused(call.line, FAILURE)
        who = self.initiator(options=ap.WANT_MUTUAL)
        with Call(server) as call:
            answer = gss.Krb5Token(call.ask(who.token()))
            self.assertEqual(answer.tok_id, gss.KRB_ERROR)
            self.assertEqual(answer.message().code, GENERIC)
        self.refused(call.line, FAILURE)
        self.good()

    def test_cached_request_without_an_offer(self):
        """The error is as ever, and nothing more is said."""
        # REQ: XT-04, XT-69
        server = Server(type(self), replay_protection="cache")
        who = self.initiator(options=ap.WANT_MUTUAL)
        first = who.token()
        with Call(server) as call:
            who.take_ap_rep(call.ask(first))
            call.initiate_messages(who.messages())
        self.established(call.line, offered="no", protection="cache")
        with Call(server) as call:
            answer = gss.Krb5Token(call.ask(first))
            self.assertEqual(answer.tok_id, gss.KRB_ERROR)
            self.assertEqual(answer.message().code, REPEAT)
            self.assertIsNone(call.receive())
        self.refused(call.line, FAILURE)
        self.good(server)


if __name__ == "__main__":
    unittest.main()
