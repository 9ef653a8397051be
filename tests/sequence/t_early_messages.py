"""Our initiator and our acceptor with messages before the context is complete,
through each of the exchanges that extra tokens make, and with a KDC that gives
the new tickets.
"""

import os
import time
import unittest

from realm import ccache, libgss
from realm.early import (DEFECTIVE, FAILURE, GRANTED, NO_CONTEXT, READY, TEXT,
                         EarlyCase)
from wire import ap, gss

SERVICE = "host/server.ext.test"
HOUR = 3600


class PairCase(EarlyCase):
    """Both sides in one thread, with one configuration."""

    def playing(self, script, spoilt=None, target=SERVICE, mech=libgss.KRB5,
                keytab=None, **gssapi):
        """What script(initiator's context, acceptor's) returns; spoilt: the
        initiator has a ticket with these values; keytab: not the service's."""
        gssapi.setdefault("early_prot_ready", True)
        client = self.realm.new_client(gssapi=gssapi)
        client.kinit("user", password=self.realm.password)
        client.kgetcred(self.realm.service)
        if spoilt is not None:
            now = int(time.time())
            bad = ap.issue(self.key, **spoilt)
            ccache.put_first(client.dir / "ccache", ccache.credential(
                "user", SERVICE, "EXT.TEST", bad.session, bad.ticket,
                now - 60, now + 8 * HOUR))

        def body():
            with libgss.Library(
                    client, KRB5_KTNAME="FILE:%s" % (keytab or self.keytab),
                    KRB5RCACHEDIR=str(self.rcache_dir)) as library:
                return script(
                    library.initiator(target, ap.ALL, mech=mech),
                    library.acceptor())
        return libgss.alone(body)

    def start(self, initiator, acceptor, describe):
        """The first two tokens, a message between them, and what is to be
        sent next."""
        token = initiator.step(b"")
        self.assertTrue(initiator.granted & READY)
        message = initiator.wrap(TEXT)
        answer = acceptor.step(token)
        self.assertEqual(gss.describe(answer), describe)
        return message, answer

    def end(self, initiator, acceptor, answer):
        """Both complete, and messages pass in both directions."""
        while answer:
            token = initiator.step(answer)
            answer = acceptor.step(token) if token else b""
        for context in (initiator, acceptor):
            self.assertTrue(context.complete)
            self.assertEqual(context.granted, GRANTED)

    def talk(self, initiator, acceptor):
        """Messages pass, in sequence."""
        for one, other in ((initiator, acceptor), (acceptor, initiator)):
            self.assertEqual(other.unwrap(one.wrap(TEXT)), TEXT)
            other.verify(TEXT, one.mic(TEXT))


class Early(PairCase):
    """An acceptor with a key."""

    def test_two_tokens(self):
        """The message has saved a round trip."""
        # REQ: XT-91, XT-93, XT-68
        def script(initiator, acceptor):
            message, answer = self.start(initiator, acceptor, "AP-REP")
            self.assertEqual(acceptor.unwrap(message), TEXT)
            self.end(initiator, acceptor, answer)
            self.talk(initiator, acceptor)
        self.playing(script)

    def test_three_tokens(self):
        """It has been taken when the challenge goes out."""
        # REQ: XT-91, XT-92, XT-93
        def script(initiator, acceptor):
            message, answer = self.start(initiator, acceptor,
                                         "KRB-ERROR2 continue")
            self.assertEqual(acceptor.granted, GRANTED)
            self.assertEqual(acceptor.unwrap(message), TEXT)
            reply = acceptor.wrap(TEXT)
            token = initiator.step(answer)
            self.assertEqual(initiator.unwrap(reply), TEXT)
            self.assertEqual(acceptor.unwrap(initiator.wrap(TEXT)), TEXT)
            self.assertEqual(acceptor.step(token), b"")
            self.end(initiator, acceptor, b"")
            self.talk(initiator, acceptor)
        for policy in ("challenge", "auto"):
            self.playing(script, replay_protection=policy)

    def held(self, spoilt, **gssapi):
        """After an error the acceptor takes what was held for it."""
        def script(initiator, acceptor):
            message, answer = self.start(initiator, acceptor,
                                         "KRB-ERROR2 continue")
            self.assertEqual(acceptor.granted, 0)
            self.assertEqual(acceptor.try_unwrap(message)[0], NO_CONTEXT)
            token = initiator.step(answer)
            self.assertTrue(initiator.granted & READY)
            more = initiator.wrap(TEXT)
            self.assertEqual(acceptor.try_unwrap(more)[0], NO_CONTEXT)
            answer = acceptor.step(token)
            self.assertEqual(acceptor.unwrap(message), TEXT)
            self.end(initiator, acceptor, answer)
            self.assertEqual(acceptor.unwrap(more), TEXT)
            self.talk(initiator, acceptor)
        self.playing(script, spoilt=spoilt, **gssapi)

    def test_held(self):
        """The key of the service was changed: a new ticket, the same
        subkey."""
        # REQ: XT-92, XT-93, XT-61
        self.held({"key": os.urandom(32)})
        self.held({"key": os.urandom(32)}, replay_protection="require")

    def test_refused_ticket(self):
        """The exchange that has made messages fails; one that has not takes
        a new ticket, and messages after that."""
        # REQ: XT-93, XT-54
        spoilt = {"start": HOUR, "end": 10 * HOUR}

        def fails(initiator, acceptor):
            message, answer = self.start(initiator, acceptor,
                                         "KRB-ERROR2 continue")
            self.assertEqual(acceptor.try_unwrap(message)[0], NO_CONTEXT)
            with self.assertRaises(libgss.GssError) as caught:
                initiator.step(answer)
            self.assertEqual(caught.exception.major, FAILURE)
            with self.assertRaises(libgss.GssError):
                acceptor.step(caught.exception.token)

        def recovers(initiator, acceptor):
            token = initiator.step(acceptor.step(initiator.step(b"")))
            message = initiator.wrap(TEXT)
            answer = acceptor.step(token)
            self.assertEqual(acceptor.unwrap(message), TEXT)
            self.end(initiator, acceptor, answer)
            self.talk(initiator, acceptor)
        self.playing(fails, spoilt=spoilt)
        self.playing(recovers, spoilt=spoilt)

    def test_acceptor_off(self):
        """An acceptor that takes none says so each time."""
        # REQ: XT-93
        def script(initiator, acceptor):
            message, answer = self.start(initiator, acceptor, "AP-REP")
            self.assertEqual(acceptor.try_unwrap(message)[0], DEFECTIVE)
            self.end(initiator, acceptor, answer)
        self.playing(script, early_prot_ready_acceptor=False)

    def test_spnego(self):
        """Not below SPNEGO."""
        # REQ: XT-91, XT-92
        def script(initiator, acceptor):
            token = initiator.step(b"")
            self.assertEqual(initiator.granted & READY, 0)
            with self.assertRaises(libgss.GssError) as caught:
                initiator.wrap(TEXT)
            self.assertEqual(caught.exception.major, NO_CONTEXT)
            answer = acceptor.step(token)
            self.assertEqual(acceptor.granted & READY, 0)
            self.assertFalse(acceptor.complete)
            with self.assertRaises(libgss.GssError):
                acceptor.wrap(TEXT)
            self.end(initiator, acceptor, answer)
            self.talk(initiator, acceptor)
        self.playing(script, mech=libgss.SPNEGO,
                     replay_protection="challenge")


class UserToUser(PairCase):
    """The acceptor has a TGT and no key."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        for name, attributes in (("bob", "disallow-svr"), ("carol", None)):
            cls.realm.add(name, password=cls.realm.password,
                          attributes=attributes)

    def playing_with(self, user, script, **kw):
        """script with a user's TGT as the acceptor's."""
        their = self.realm.new_client()
        their.kinit(user, password=self.realm.password)
        self.playing(script, target=user, acceptor_ccache=their.ccache, **kw)

    def test_without_a_ticket(self):
        """Ready with the first AP-REQ that has a ticket."""
        # REQ: XT-91, XT-80
        def script(initiator, acceptor):
            token = initiator.step(b"")
            self.assertEqual(initiator.granted & READY, 0)
            token = initiator.step(acceptor.step(token))
            self.assertTrue(initiator.granted & READY)
            self.assertEqual(acceptor.granted, 0)
            message = initiator.wrap(TEXT)
            answer = acceptor.step(token)
            self.assertEqual(acceptor.unwrap(message), TEXT)
            self.end(initiator, acceptor, answer)
            self.talk(initiator, acceptor)
        self.playing_with("bob", script)

    def test_with_another_ticket(self):
        """The user-to-user ticket takes another subkey: not when messages
        were made in the first."""
        # REQ: XT-91, XT-93
        self.playing_with("carol", self.too_late)
        self.playing_with("carol", self.in_time)

    def too_late(self, initiator, acceptor):
        """There was a message before the TGT came."""
        _, answer = self.start(initiator, acceptor, "KRB-ERROR2 continue")
        with self.assertRaises(libgss.GssError) as caught:
            initiator.step(answer)
        self.assertEqual(caught.exception.major, FAILURE)

    def in_time(self, initiator, acceptor):
        """The first one is made after that."""
        token = initiator.step(acceptor.step(initiator.step(b"")))
        self.assertTrue(initiator.granted & READY)
        message = initiator.wrap(TEXT)
        answer = acceptor.step(token)
        self.assertEqual(acceptor.unwrap(message), TEXT)
        self.end(initiator, acceptor, answer)
        self.talk(initiator, acceptor)

    def test_preferred(self):
        """The same, although the error is in the subkey: who prefers its TGT
        does not rely on the key of the ticket that the subkey was with."""
        # REQ: XT-82, XT-91, XT-93
        keytab = self.realm.ext_keytab("carol")
        for script in (self.too_late, self.in_time):
            self.playing_with("carol", script, keytab=keytab,
                              prefer_user2user=True)


if __name__ == "__main__":
    unittest.main()
