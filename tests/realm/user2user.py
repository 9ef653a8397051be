"""Two users: alice, and bob who accepts with the TGT of his credential
cache."""

from .extra import ExtraCase, Server, kinds

KRB5_BASE = -1765328384                 # error 0 of the protocol, as minor
MUST_USE_U2U = 27
BOB = "bob"


class U2UCase(ExtraCase):
    """bob accepts with the TGT in his cache."""

    attributes = "disallow-svr"
    initiator_name = "alice@EXT.TEST"

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        realm = cls.realm
        realm.add("alice", password=realm.password)
        realm.add(BOB, password=realm.password, attributes=cls.attributes)
        realm.add("mallory", password=realm.password)
        cls.bob = cls.login(BOB)
        cls.client = cls.login("alice")
        cls.server = Server(cls, acceptor_ccache=cls.bob.ccache)

    @classmethod
    def login(cls, user, *args, **sections):
        """A client with a TGT."""
        client = cls.realm.new_client(**sections)
        client.kinit(user, *args, password=cls.realm.password)
        return client

    def setUp(self):
        """The TGTs stay."""
        self.realm.log.mark()

    def play(self, server=None, service=BOB, **kw):
        """One exchange with bob."""
        kw["args"] = ("--service=" + service, *kw.get("args", ()))
        return (server or self.server).play(**kw)

    def good(self, server=None, tokens="4", **kw):
        """Four tokens, of two users."""
        ours, theirs, exchange = self.play(server, **kw)
        self.complete(ours, theirs, tokens=tokens, user2user="yes",
                      offered="yes")
        return exchange

    def nothing_sent(self, **kw):
        """The KDC's error, and no token."""
        ours, theirs, exchange = self.play(**kw)
        self.assertEqual((ours.complete, ours.minor - KRB5_BASE),
                         (False, MUST_USE_U2U), ours)
        self.assertFalse(theirs.complete)
        self.assertEqual(kinds(exchange), [])

    def refused(self, tokens, code, server=None, **kw):
        """Nobody gets in, and the initiator knows why."""
        ours, theirs, exchange = self.play(server, **kw)
        self.assertFalse(ours.complete, ours)
        self.nobody(theirs)
        self.assertEqual(kinds(exchange), tokens)
        self.assertEqual(ours.minor - KRB5_BASE, code, ours)
        return exchange
