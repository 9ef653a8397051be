"""User-to-user tickets, as libkrb5 asks for them: of Heimdal's KDC, of one
that is not patched, of MIT krb5's, and of another realm's."""

import peers
from realm import Realm, RealmCase
from realm.install import under_test
from realm.loop import library_env, program
from realm.mit_kdc import MitRealm
from realm.process import run
from realm.realms import Realms

ALICE, BOB = "alice", "bob"             # asks; accepts
SERVER_NOMATCH, MUST_USE_U2U = 26, 27


def ask(client, server, second=None, *args):
    """What get_user2user says about a ticket for server, in the session key
    of the TGT of the client that is second."""
    extra = [] if second is None else [second.ccache]
    return run([program("get_user2user"), *args, server, *extra],
               dict(client.env, **library_env(client.inst))).stdout.strip()


class ClientCase(RealmCase):
    """alice and bob, with TGTs."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.add_users(cls.realm)
        cls.alice = cls.login(cls.realm, ALICE)
        cls.bob = cls.login(cls.realm, BOB)
        cls.name = "%s@%s" % (BOB, cls.realm.name)

    @staticmethod
    def add_users(realm):
        """Both, as they have to be."""
        realm.add(ALICE, password=realm.password)
        realm.add(BOB, password=realm.password)

    @staticmethod
    def login(realm, user, *args):
        """A client with a TGT of the user's."""
        client = realm.new_client()
        client.kinit(user, *args, password=realm.password)
        return client

    def good(self):
        """A request that works."""
        for how in ((), ("--ticket",)):
            self.assertEqual(ask(self.alice, self.name, self.bob, *how),
                             "server %s opened" % self.name)


class OurKdc(ClientCase):
    """Everything patched."""

    def test_a_ticket(self):
        # REQ: XT-83
        self.good()
        self.assertNotIn(BOB, self.alice.klist().stdout)

    def test_not_from_the_cache(self):
        """A ticket in the server's long-term key is another one."""
        # REQ: XT-83
        user = "user@" + self.realm.name
        second = self.login(self.realm, "user")
        alice = self.login(self.realm, ALICE)
        alice.kgetcred(user)
        before = (alice.dir / "ccache").read_bytes()
        for how in ((), ("--ticket",)):
            self.assertEqual(ask(alice, user, second, *how),
                             "server %s opened" % user)
        self.assertEqual((alice.dir / "ccache").read_bytes(), before)
        self.assertEqual(ask(alice, user), "server " + user)

    def test_a_new_one_for_each_tgt(self):
        # REQ: XT-83
        again = self.login(self.realm, BOB)
        self.assertEqual(ask(self.alice, self.name, again),
                         "server %s opened" % self.name)
        self.good()

    def test_somebody_elses_tgt(self):
        # REQ: XT-84
        mallory = self.login(self.realm, "user")
        for how in ((), ("--ticket",)):
            self.assertEqual(ask(self.alice, self.name, mallory, *how),
                             "code %d" % SERVER_NOMATCH)
        self.good()


class UnpatchedKdc(ClientCase):
    """Heimdal 7.8's KDC issues it to the TGT's owner, whoever was asked
    for."""

    @classmethod
    def make_realm(cls):
        return cls.enter_for_class(Realm(inst=peers.heimdal_unpatched()))

    @staticmethod
    def login(realm, user, *args):
        client = realm.new_client(inst=under_test())
        client.kinit(user, *args, password=realm.password)
        return client

    def test_the_client_compares(self):
        # REQ: XT-84
        mallory = self.login(self.realm, "user")
        for how in ((), ("--ticket",)):
            self.assertEqual(ask(self.alice, self.name, mallory, *how),
                             "code %d" % SERVER_NOMATCH)
        self.assertNotIn("user", self.alice.klist().stdout)
        self.good()


class MitKdc(ClientCase):
    """MIT krb5's KDC."""

    @classmethod
    def make_realm(cls):
        return cls.enter_for_class(MitRealm(peers.mit()))

    @classmethod
    def add_users(cls, realm):
        super().add_users(realm)
        realm.kadmin("modprinc", "-allow_svr", BOB)

    def test_the_kdc_says_that_it_is_needed(self):
        # REQ: XT-79, XT-80, XT-83
        for how in ((), ("--ticket",)):
            self.assertEqual(ask(self.alice, self.name, None, *how),
                             "code %d" % MUST_USE_U2U)
        self.good()

    def test_somebody_elses_tgt(self):
        # REQ: XT-84
        mallory = self.login(self.realm, "user")
        self.assertEqual(ask(self.alice, self.name, mallory),
                         "code %d" % SERVER_NOMATCH)
        self.good()

    def test_of_another_enctype(self):
        """The TGT's session key has an enctype that is not the best."""
        # REQ: XT-83
        second = self.realm.new_client(libdefaults={
            "default_etypes": "aes128-cts-hmac-sha1-96 "
                              "aes256-cts-hmac-sha1-96"})
        second.kinit(BOB, password=self.realm.password)
        self.assertIn("aes128", second.klist("-v").stdout)
        self.assertEqual(ask(self.alice, self.name, second),
                         "server %s opened" % self.name)


class OtherRealm(ClientCase):
    """alice@A, whose realm the realm of bob@C trusts by way of B."""

    capaths = {"A.TEST": {"C.TEST": "B.TEST"}}

    @classmethod
    def make_realm(cls):
        cls.realms = cls.enter_for_class(
            Realms([("A.TEST", "B.TEST"), ("B.TEST", "C.TEST")],
                   own={"C.TEST": {"capaths": cls.capaths}}))
        return cls.realms["C.TEST"]

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        realm = cls.realms["A.TEST"]
        realm.add(ALICE, password=realm.password)
        cls.alice = cls.realms.client("A.TEST", capaths=cls.capaths)
        cls.alice.kinit(ALICE + "@A.TEST", password=realm.password)

    def test_by_way_of_a_third(self):
        # REQ: XT-83
        self.good()
        self.good()

    def test_of_the_same_name_at_home(self):
        # REQ: XT-84
        home = self.realms["A.TEST"]
        home.add(BOB, password=home.password)
        second = self.realms.client("A.TEST")
        second.kinit(BOB + "@A.TEST", password=home.password)
        self.assertRegex(ask(self.alice, self.name, second), "^code ")
        self.good()
