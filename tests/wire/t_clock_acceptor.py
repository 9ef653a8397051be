"""An acceptor whose clock is an hour behind or ahead, and an initiator in
Python that makes the tickets itself: what tells the time, and what does not.

After each refusal the same acceptor takes a ticket that tells it the time.
"""

import os
import time
import unittest

from realm.extra import Server
from realm.talk import Call
from wire import ap, gss
from wire import krb_error2 as k2
from wire.ap_case import ApCase

HOUR, DAY, NEAR = 3600, 24 * 3600, 5
EXPIRED, NOT_YET_VALID, REPEAT, BADMATCH, SKEW = 32, 33, 34, 36, 37
MODIFIED, GENERIC = 41, 60
POSTDATED, INVALID = 1 << 25, 1 << 24   # RFC 4120 5.3
K, S = k2.KEY_SUBKEY, k2.KEY_SESSION


def in_ticket(*challenges, depth=1):
    """The authorization data of a ticket with challenges."""
    elements = [k2.challenge(c) for c in challenges]
    for _ in range(depth):
        elements = [k2.if_relevant(*elements)]
    return k2.authdata(*elements)


class Clock(ApCase):
    """The clock is wrong by AHEAD; tickets start now."""

    AHEAD, CODE = -HOUR, NOT_YET_VALID

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.server = Server(cls, ahead=cls.AHEAD)

    def check_common(self, error2):
        """Its time is the acceptor's."""
        self.assertLess(abs(error2.stime - time.time() - self.AHEAD), NEAR)

    def begin(self, call, who):
        """The first ticket is refused; the challenge."""
        self.wants_more(who, call.ask(who.token()), self.CODE)
        return who.challenge

    def fresh(self, **ticket):
        """A ticket of just now."""
        ticket.setdefault("start", 0)
        return ap.issue(self.key, **ticket)

    def taken(self, make_ad, **ticket):
        """The second ticket tells the time."""
        who = self.initiator(start=0)
        with Call(self.server) as call:
            challenge = self.begin(call, who)
            who.credential = self.fresh(ad=make_ad(challenge), **ticket)
            who.take_ap_rep(call.ask(who.token()))
            call.initiate_messages(who.messages())
        self.established(call.line, tokens="4", recovered="yes",
                         protection="challenge")
        self.assertAlmostEqual(int(call.line.clock), -self.AHEAD, delta=NEAR)

    def good(self, server=None):
        """As the KDC does it."""
        self.taken(in_ticket)

    def refuse(self, make_ad, code=None, token=None, which=K, **ticket):
        """It does not, and the error stays what it was."""
        who = self.initiator(start=0)
        with Call(self.server) as call:
            challenge = self.begin(call, who)
            who.credential = self.fresh(
                ad=make_ad(challenge) if make_ad else None, **ticket)
            self.is_final(who, call.ask(who.token(**(token or {}))),
                          self.CODE if code is None else code, which)
        self.refused(call.line)
        self.good()

    def test_forms(self):
        """The challenge counts wherever it is, also beside others: each KDC
        on the way has been asked."""
        # REQ: XT-89
        for form in (
                in_ticket,
                lambda c: in_ticket(c, depth=0),
                lambda c: in_ticket(c, depth=3),
                lambda c: in_ticket(c, c),
                lambda c: in_ticket(os.urandom(32), c),
                lambda c: k2.authdata(k2.if_relevant((4711, b"x")),
                                      k2.if_relevant(k2.challenge(c)))):
            self.taken(form)

    def test_ticket_without_a_start(self):
        """It is that of the authentication (RFC 4120 5.3)."""
        # REQ: XT-89
        self.taken(in_ticket, start=None)

    def test_nobody_remembers(self):
        # REQ: XT-89
        for _ in range(3):
            self.good()

    def test_wrong_challenge(self):
        # REQ: XT-89
        old = []
        for form in (
                None,
                lambda c: in_ticket(os.urandom(32)),
                lambda c: in_ticket(c[:-1]),
                lambda c: in_ticket(c + b"\0"),
                lambda c: in_ticket(c[:-1] + bytes([c[-1] ^ 1])),
                lambda c: in_ticket(b""),
                lambda c: k2.authdata((k2.AD_IF_RELEVANT, in_ticket(c)[:-1])),
                lambda c: k2.authdata((k2.AD_IF_RELEVANT,
                                       in_ticket(c) + b"\0")),
                lambda c: k2.authdata(k2.if_relevant(
                    (k2.AD_CONTINUE_CHALLENGE, c))),
                lambda c: k2.authdata(k2.if_relevant((-7, c))),
                lambda c: in_ticket(c, depth=12)):
            self.refuse(form)

        def stale(challenge):
            old.append(challenge)
            return in_ticket(old[0])
        self.taken(lambda c: (old.append(c), in_ticket(c))[1])
        self.refuse(stale)

    def test_challenge_in_the_ticket_alone(self):
        """The Authenticator has to quote it, too."""
        # REQ: XT-89, XT-43
        for challenge in (None, os.urandom(32)):
            self.refuse(in_ticket, REPEAT, {"challenge": challenge})

    def test_a_time_that_the_client_chose(self):
        # REQ: XT-89
        for flags in (POSTDATED, INVALID, POSTDATED | INVALID):
            code = NOT_YET_VALID if flags & INVALID else None
            self.refuse(in_ticket, code, flags=flags)

    def test_bound(self):
        # REQ: XT-89
        for start in (DAY + 2 * HOUR, 300 * DAY):
            self.refuse(in_ticket, NOT_YET_VALID, start=start,
                        end=start + HOUR)
        self.refuse(in_ticket, EXPIRED, start=-DAY - 2 * HOUR,
                    end=-DAY - HOUR)

    def test_ticket_that_has_expired(self):
        """By the KDC's clock, which counts then."""
        # REQ: XT-89
        self.refuse(in_ticket, EXPIRED, end=-600)

    def test_authenticator_by_the_wrong_clock(self):
        # REQ: XT-89
        self.refuse(in_ticket, SKEW,
                    {"when": time.time() + self.AHEAD - 2 * HOUR})

    def test_rest_is_looked_at(self):
        # REQ: XT-89, XT-48
        self.refuse(in_ticket, BADMATCH, client="mallory")

    def test_authenticator_that_cannot_be_read(self):
        """Whether it answers is not known then."""
        # REQ: XT-89, XT-43
        # the times of the ticket are looked at first
        late = self.CODE == SKEW
        self.refuse(in_ticket, MODIFIED if late else None, {"spoil": True},
                    K if late else S)
        self.refuse(in_ticket, GENERIC, token={"ad": [(1, b"junk")]})

    def test_key_is_looked_at(self):
        # REQ: XT-89
        who = self.initiator(start=0)
        with Call(self.server) as call:
            challenge = self.begin(call, who)
            who.credential = self.fresh(ad=in_ticket(challenge),
                                        key=os.urandom(32))
            answer = call.ask(who.token())
            self.assertEqual(gss.describe(answer), "KRB-ERROR2 final")
        self.refused(call.line)
        self.good()

    def test_recording(self):
        """All of another exchange, in its order."""
        # REQ: XT-89, XT-85
        who = self.initiator(start=0)
        first = who.token()
        with Call(self.server) as call:
            self.wants_more(who, call.ask(first), self.CODE)
            who.credential = self.fresh(ad=in_ticket(who.challenge))
            second = who.token()
            who.take_ap_rep(call.ask(second))
            call.initiate_messages(who.messages())
        self.established(call.line)
        with Call(self.server) as call:
            self.assertEqual(gss.describe(call.ask(first)),
                             "KRB-ERROR2 continue")
            self.assertEqual(gss.describe(call.ask(second)),
                             "KRB-ERROR2 final")
        self.refused(call.line)
        with Call(self.server) as call:
            self.assertEqual(gss.describe(call.ask(second)),
                             "KRB-ERROR2 final")
        self.refused(call.line)
        self.good()

    def test_first_request(self):
        """A challenge that nobody has sent tells no time."""
        # REQ: XT-89, XT-44
        challenge = os.urandom(32)
        who = self.initiator(start=0, ad=in_ticket(challenge))
        who.challenge = challenge
        with Call(self.server) as call:
            self.is_final(who, call.ask(who.token()), REPEAT)
        self.refused(call.line)
        self.good()


class Late(Clock):
    """The Authenticator's time, not the ticket's."""

    AHEAD, CODE = HOUR, SKEW

    def initiator(self, **values):
        """The first ticket is good for longer than the clock is wrong."""
        values.setdefault("end", 8 * HOUR)
        return super().initiator(**values)

    def fresh(self, **ticket):
        ticket.setdefault("end", 8 * HOUR)
        return super().fresh(**ticket)


class Expired(Clock):
    """The ticket's end."""

    AHEAD, CODE = HOUR, EXPIRED

    def initiator(self, **values):
        """It is good for half an hour."""
        values.setdefault("end", 1800)
        return super().initiator(**values)

    def fresh(self, **ticket):
        ticket.setdefault("end", 1800)
        return super().fresh(**ticket)


class Right(ApCase):
    """An acceptor with a good clock."""

    def test_nothing_to_correct(self):
        """The initiator's clock was wrong: the challenge in the ticket
        changes nothing."""
        # REQ: XT-89, XT-56
        who = self.initiator()
        with Call(self.plain) as call:
            self.wants_more(who, call.ask(who.token(
                when=time.time() - 2 * HOUR)), SKEW)
            who.credential = ap.issue(self.key, ad=in_ticket(who.challenge))
            who.take_ap_rep(call.ask(who.token()))
            call.initiate_messages(who.messages())
        self.established(call.line, tokens="4", clock="0")

    def test_not_asked_about_the_time(self):
        """A ticket that tells another time is refused where the error was
        another."""
        # REQ: XT-89
        who = self.initiator(key=os.urandom(32))
        with Call(self.plain) as call:
            answer = call.ask(who.token())
            self.assertEqual(gss.describe(answer), "KRB-ERROR2 continue")
            who.take_error2(answer)
            who.credential = ap.issue(self.key, start=HOUR, end=2 * HOUR,
                                      ad=in_ticket(who.challenge))
            self.is_final(who, call.ask(who.token(when=time.time() + HOUR)),
                          NOT_YET_VALID)
        self.refused(call.line)
        self.good()


if __name__ == "__main__":
    unittest.main()
