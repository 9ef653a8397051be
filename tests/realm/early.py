"""Messages before a context is complete: acceptors in this process, and an
initiator in Python that has its subkey and can do what ours would not."""

from wire import ap, gss
from wire import krb_error2 as k2

from . import libgss
from .extra import ExtraCase

TEXT = b"an early message"
COMPLETE, NO_CONTEXT, BAD_MIC, DEFECTIVE = 0, 8 << 16, 6 << 16, 9 << 16
FAILURE = 13 << 16
DUPLICATE, UNSEQ, GAP = 2, 8, 16
READY = libgss.PROT_READY
GRANTED = ap.ALL | libgss.TRANS | READY
N, K, S = k2.KEY_NULL, k2.KEY_SUBKEY, k2.KEY_SESSION


class EarlyCase(ExtraCase):
    """Contexts in this process, a thread for each configuration."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.key = cls.realm.newest_key(cls.realm.service)

    def setUp(self):
        """No KDC takes part."""

    def accepting(self, script, early=True, **gssapi):
        """What script(Library) returns, with a [gssapi] section."""
        if early is not None:
            gssapi["early_prot_ready_acceptor"] = early
        client = self.realm.new_client(gssapi=gssapi)

        def body():
            with libgss.Library(client, KRB5_KTNAME="FILE:%s" % self.keytab,
                                KRB5RCACHEDIR=str(self.rcache_dir)) as gss_:
                return script(gss_)
        return libgss.alone(body)

    def initiator(self, options=ap.OFFER | ap.WANT_MUTUAL, flags=ap.ALL,
                  **ticket):
        """An Initiator with a ticket of its own."""
        return ap.Initiator(ap.issue(self.key, **ticket), flags=flags,
                            options=options)

    @staticmethod
    def early(who, offset=0):
        """What makes early messages."""
        return ap.Messages(False, who.subkey, False, who.seq + offset, 0)

    def takes(self, context, token, status=COMPLETE, text=TEXT):
        """The acceptor's status for a message; it has the text, unless that
        is an error."""
        major, found = context.try_unwrap(token)
        self.assertEqual(hex(major), hex(status))
        self.assertEqual(found, b"" if major >> 16 else text)

    def asked(self, who, context, answer, code=0, which=K, ready=False):
        """The answer is a KRB-ERROR2 that wants another AP-REQ."""
        self.assertEqual(gss.describe(answer), "KRB-ERROR2 continue")
        _, error2 = who.take_error2(answer)
        self.assertEqual((error2.code, error2.which), (code, which))
        self.assertEqual(context.granted, GRANTED if ready else 0)
        self.assertFalse(context.complete)

    def works(self, who, context, received=0):
        """The context is complete, and messages pass, the next ones of each
        side; the acceptor has made some already."""
        self.assertTrue(context.complete)
        self.assertEqual(context.granted, GRANTED)
        messages = who.messages()
        messages.send = who.seq + 100
        messages.receive += received
        self.takes(context, messages.wrap(TEXT), GAP)
        self.takes(context, messages.wrap(TEXT))
        self.assertEqual(messages.unwrap(context.wrap(TEXT)), TEXT)
        messages.check_mic(TEXT, context.mic(TEXT))
