"""MIT krb5 and an unpatched Heimdal against us, without any extension.

These hold for the base too: they show that the peers and the fixture work.
"""

import peers
from realm import RealmCase, Relay
from realm.mit_kdc import MitRealm
from wire import krb, pkinit


class MitClientTest(RealmCase):
    """MIT's programs and our KDC."""

    realm_args = {"pkinit": True}

    def setUp(self):
        super().setUp()
        self.mit = self.realm.new_client(peers.mit())

    def test_password(self):
        # REQ: PF-30
        self.mit.kinit("user", password=self.realm.password)
        self.mit.kgetcred(self.realm.service)
        self.assertIn("krbtgt/EXT.TEST@EXT.TEST", self.mit.klist().stdout)

    def test_wrong_password(self):
        self.mit.kinit("user", password="wrong", expect_code=1,
                       expect_msg="Password incorrect")

    def test_certificate(self):
        self.mit.kinit("user", cert=self.realm.cert())
        self.realm.log.assert_ordered([
            r"PKINIT pre-authentication succeeded -- user@EXT.TEST"])
        self.mit.kgetcred(self.realm.service)

    def test_certificate_of_another_is_refused(self):
        self.mit.kinit("user", cert=self.realm.cert("mallory"),
                       expect_code=1)
        self.mit.kinit("user", cert=self.realm.cert())

    def test_it_offers_a_2048_bit_group_and_asks_for_freshness(self):
        relay = self.enter(Relay(self.realm.port))
        client = self.realm.new_client(peers.mit(), kdc=relay.port)
        client.kinit("user", cert=self.realm.cert())
        asked = krb.read(relay.requests()[0])
        self.assertEqual(asked.pa(krb.PA_AS_FRESHNESS), b"")
        last = pkinit.PkAsReq.of(relay.requests()[-1])
        self.assertEqual(last.dh_prime, pkinit.GROUP14.p)


class UnpatchedClientTest(RealmCase):
    """The distribution's Heimdal programs and our KDC."""

    realm_args = {"pkinit": True}

    def test_password_and_certificate(self):
        client = self.realm.new_client(peers.heimdal_unpatched())
        client.kinit("user", password=self.realm.password)
        client.kgetcred(self.realm.service)
        self.assertIn(self.realm.service, client.klist().stdout)
        client.kinit("user", cert=self.realm.cert())


class MitKdcTest(RealmCase):
    """Our programs and MIT's KDC."""

    @classmethod
    def setUpClass(cls):
        cls.realm = MitRealm(peers.mit(), pkinit=True, libdefaults={
            "pkinit_dh_min_bits": 1759})
        cls.realm.__enter__()
        cls.addClassCleanup(cls.realm.__exit__, None, None, None)

    def test_password(self):
        client = self.realm.client
        client.kinit("user", password=self.realm.password)
        client.kgetcred(self.realm.service)
        self.realm.log.assert_ordered([
            "NEEDED_PREAUTH: user@MIT.TEST", "ISSUE: .*user@MIT.TEST",
            "TGS_REQ .*ISSUE: .* for host/server.mit.test@MIT.TEST"])

    def test_wrong_password(self):
        self.realm.client.kinit("user", password="wrong", expect_code=1,
                                expect_msg="Password incorrect")

    def test_certificate(self):
        self.realm.client.kinit("user", cert=self.realm.cert())
        self.realm.log.assert_ordered([r"ISSUE: .*user@MIT.TEST"])

    def test_its_own_client(self):
        client = self.realm.new_client(peers.mit())
        client.kinit("user", cert=self.realm.cert())
        self.realm.log.assert_ordered([
            r"PKINIT: freshness token received from user@MIT.TEST"])

    def test_request_made_here(self):
        req = pkinit.Request("MIT.TEST", "user", self.realm.cert())
        rep = krb.send_kdc(self.realm.port, req.message)
        self.assertEqual(rep.msg_type, krb.AS_REP)
        req.open(rep)
