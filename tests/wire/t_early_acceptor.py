"""An acceptor in Python (wire/ap.py) takes early messages of our initiator,
and answers it one way or another: what the initiator protects with which key
and number, and what it makes of errors that would cost its subkey.
"""

import unittest

from realm import libgss
from realm.extra import ExtraCase
from wire import ap, gss
from wire import krb_error2 as k2

TEXT = b"an early message"
NO_CONTEXT, DEFECTIVE, FAILURE = 8 << 16, 9 << 16, 13 << 16
KRB5_BASE = -1765328384                 # error 0 of the protocol, as minor
READY = libgss.PROT_READY
N, K, S = k2.KEY_NULL, k2.KEY_SUBKEY, k2.KEY_SESSION
EXPIRED, NOT_YET_VALID, SKEW, BADKEYVER, PATH = 32, 33, 37, 44, 51


def early(acceptor):
    """What opens the early messages."""
    first = acceptor.first
    return ap.Messages(True, first.subkey, False, 0, first.seq)


class PeerCase(ExtraCase):
    """Initiators in this process, a thread for each configuration."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.key = cls.realm.newest_key(cls.realm.service)

    def initiating(self, script, flags=ap.ALL, ready=True, **gssapi):
        """script(initiator's context, ap.Acceptor that has the first
        token)."""
        gssapi.setdefault("early_prot_ready_initiator", True)
        client = self.realm.new_client(gssapi=gssapi)
        client.kinit("user", password=self.realm.password)

        def body():
            with libgss.Library(client) as library:
                context = library.initiator("host/server.ext.test", flags)
                acceptor = ap.Acceptor(self.key.key)
                acceptor.take(context.step(b""))
                self.assertEqual(context.granted & READY,
                                 READY if ready else 0)
                self.assertFalse(context.complete)
                return script(context, acceptor)
        return libgss.alone(body)

    def refuses(self, call, *args, major=NO_CONTEXT):
        """A call ends with an error."""
        with self.assertRaises(libgss.GssError) as caught:
            call(*args)
        self.assertEqual(hex(caught.exception.major), hex(major))
        return caught.exception

    def works(self, context, acceptor, sent=0):
        """The context is complete, and messages pass; the initiator has made
        some already."""
        self.assertTrue(context.complete)
        self.assertTrue(context.granted & READY)
        messages = acceptor.messages()
        messages.receive += sent
        self.assertEqual(messages.unwrap(context.wrap(TEXT)), TEXT)
        messages.check_mic(TEXT, context.mic(TEXT))
        self.assertEqual(context.unwrap(messages.wrap(TEXT)), TEXT)
        context.verify(TEXT, messages.mic(TEXT))


class Good(PeerCase):
    """Exchanges that end well."""

    def test_two_tokens(self):
        """The keys change with the AP-REP, the numbers go on."""
        # REQ: XT-91, XT-93
        def script(context, acceptor):
            messages = early(acceptor)
            for _ in range(3):
                self.assertEqual(messages.unwrap(context.wrap(TEXT)), TEXT)
                messages.check_mic(TEXT, context.mic(TEXT))
            theirs = acceptor.messages()
            self.assertEqual(context.try_unwrap(theirs.wrap(TEXT)),
                             (NO_CONTEXT, b""))
            theirs.send = acceptor.seq
            self.assertEqual(context.step(acceptor.ap_rep()), b"")
            self.works(context, acceptor, sent=6)
        self.initiating(script)

    def test_three_tokens(self):
        """The second AP-REQ has the first number."""
        # REQ: XT-91, XT-48
        def script(context, acceptor):
            messages = early(acceptor)
            messages.check_mic(TEXT, context.mic(TEXT))
            second = acceptor.take(context.step(acceptor.error2()))
            self.assertEqual((second.seq, second.subkey),
                             (acceptor.first.seq, acceptor.first.subkey))
            self.works(context, acceptor, sent=1)
        self.initiating(script)

    def test_four_tokens(self):
        """After an error they go on in the same key."""
        # REQ: XT-91, XT-93
        def script(context, acceptor):
            messages = early(acceptor)
            messages.check_mic(TEXT, context.mic(TEXT))
            second = acceptor.take(context.step(acceptor.error2(
                SKEW, stime=acceptor.first.when)))
            self.assertTrue(context.granted & READY)
            self.assertFalse(context.complete)
            self.assertEqual((second.seq, second.subkey),
                             (acceptor.first.seq, acceptor.first.subkey))
            messages.check_mic(TEXT, context.mic(TEXT))
            self.assertEqual(context.try_unwrap(
                acceptor.messages().wrap(TEXT)), (NO_CONTEXT, b""))
            context.step(acceptor.ap_rep())
            self.works(context, acceptor, sent=2)
        self.initiating(script)

    def test_new_ticket(self):
        """A new ticket because of what anybody can have said."""
        # REQ: XT-91, XT-93, XT-57
        def script(context, acceptor):
            messages = early(acceptor)
            messages.check_mic(TEXT, context.mic(TEXT))
            second = acceptor.take(context.step(acceptor.error2(BADKEYVER,
                                                                N)))
            self.assertTrue(context.granted & READY)
            self.assertNotEqual(second.ticket_raw, acceptor.first.ticket_raw)
            self.assertEqual((second.seq, second.subkey),
                             (acceptor.first.seq, acceptor.first.subkey))
            messages.check_mic(TEXT, context.mic(TEXT))
            context.step(acceptor.ap_rep())
            self.works(context, acceptor, sent=2)
        self.initiating(script)

    def test_on_the_wire(self):
        """An AP-REQ is as without early messages: its flags, its options, and
        what else is in it."""
        # REQ: XT-91
        seen = []

        def script(_, acceptor):
            first = acceptor.first
            seen.append((first.options, first.sealed_options, first.flags,
                         [kind for kind, _ in first.elements],
                         [kind for kind, _ in first.relevant]))
        self.initiating(script)
        self.initiating(script, ready=False, early_prot_ready_initiator=False)
        self.assertEqual(seen[0], seen[1])
        self.assertEqual(seen[0][2] & READY, 0)


class Subkey(PeerCase):
    """The acceptor refuses the ticket: the subkey goes with it."""

    def renewed(self, code, which=K):
        """Without messages it is another, and messages are in that."""
        def script(context, acceptor):
            first = acceptor.first
            second = acceptor.take(context.step(acceptor.error2(code,
                                                                which)))
            self.assertTrue(context.granted & READY)
            self.assertNotEqual(second.subkey, first.subkey)
            self.assertEqual(second.seq, first.seq)
            acceptor.first = second
            early(acceptor).check_mic(TEXT, context.mic(TEXT))
            context.step(acceptor.ap_rep())
            self.works(context, acceptor, sent=1)
        self.initiating(script)

    def lost(self, code, which=K):
        """With messages the exchange fails, with the acceptor's error."""
        def script(context, acceptor):
            context.mic(TEXT)
            err = self.refuses(context.step, acceptor.error2(code, which),
                               major=FAILURE)
            self.assertEqual(err.minor, (KRB5_BASE + code) & 0xffffffff)
            self.assertEqual(gss.describe(err.token), "KRB-ERROR2 final")
            self.refuses(context.mic, TEXT)
        self.initiating(script)

    def test_times(self):
        """A new ticket."""
        # REQ: XT-93, XT-53, XT-54
        for which in (K, S):
            self.renewed(NOT_YET_VALID, which)
            self.lost(NOT_YET_VALID, which)
            self.lost(EXPIRED, which)

    def test_path(self):
        """Another path, which there is not; the error is the same."""
        # REQ: XT-93, XT-58
        self.lost(PATH)

    def test_kept_when_it_is_off(self):
        """Without early messages the new ticket has the same subkey, as ever:
        it is the acceptor's that counts."""
        # REQ: XT-54
        def script(context, acceptor):
            second = acceptor.take(context.step(
                acceptor.error2(NOT_YET_VALID)))
            self.assertEqual(second.subkey, acceptor.first.subkey)
            context.step(acceptor.ap_rep())
            self.works(context, acceptor)
        self.initiating(script, ready=False, early_prot_ready_initiator=False)


class Never(PeerCase):
    """Not ready."""

    def not_ready(self, flags=ap.ALL, **gssapi):
        """Neither before the end nor less at the end."""
        def script(context, acceptor):
            self.refuses(context.wrap, TEXT)
            self.refuses(context.mic, TEXT)
            context.step(acceptor.ap_rep())
            self.works(context, acceptor)
        self.initiating(script, flags=flags, ready=False, **gssapi)

    def test_off(self):
        """Switched off, which is the default."""
        # REQ: XT-91
        self.not_ready(early_prot_ready_initiator=False)
        self.not_ready(early_prot_ready_initiator=None)
        self.not_ready(early_prot_ready=True,
                       early_prot_ready_initiator=False)

    def test_not_offered(self):
        """Without extra tokens."""
        # REQ: XT-91
        self.not_ready(extra_context_tokens=False)

    def test_forged_error(self):
        """An answer that is none ends the exchange and its messages."""
        # REQ: XT-93
        def script(context, acceptor):
            context.mic(TEXT)
            self.refuses(context.step, acceptor.error2(0, N),
                         major=DEFECTIVE)
            self.refuses(context.mic, TEXT)
        self.initiating(script)


if __name__ == "__main__":
    unittest.main()
