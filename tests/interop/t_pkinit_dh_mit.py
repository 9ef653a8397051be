"""Diffie-Hellman groups of PKINIT between us and MIT krb5."""

import unittest

import peers
from realm import RealmCase, Relay
from realm.mit_kdc import MitRealm
from wire import exchange, groups, krb, pkinit


def offered(relay):
    """Primes of the PKINIT requests that went through a relay."""
    return [req.dh_prime for req in exchange.signed(relay)]


class OurClientTest(unittest.TestCase):
    """Our kinit and MIT's KDC."""

    def realm_with(self, **kdc_realm):
        realm = MitRealm(peers.mit(), pkinit=True, kdc_realm=kdc_realm)
        realm.__enter__()
        self.addCleanup(realm.__exit__, None, None, None)
        return realm

    def client_of(self, realm, **libdefaults):
        relay = Relay(realm.port)
        relay.__enter__()
        self.addCleanup(relay.__exit__, None, None, None)
        return realm.new_client(kdc=relay.port,
                                libdefaults=libdefaults), relay

    def moduli(self, realm):
        path = realm.dir / "moduli"
        path.write_text(groups.moduli_line("group16", groups.GROUP16))
        return path

    def test_kdc_that_refuses_1024_bits_needs_no_configuration(self):
        realm = self.realm_with(pkinit_dh_min_bits=2048)
        client, relay = self.client_of(realm)
        client.kinit("user", cert=realm.cert())
        client.kgetcred(realm.service)
        self.assertEqual(offered(relay), [pkinit.GROUP14.p])

    def test_retry_with_the_group_the_kdc_wants(self):
        realm = self.realm_with(pkinit_dh_min_bits=4096)
        client, relay = self.client_of(realm, moduli=self.moduli(realm))
        client.kinit("user", cert=realm.cert())
        self.assertEqual(offered(relay),
                         [pkinit.GROUP14.p, groups.GROUP16.p])

    def test_group_the_kdc_wants_is_not_known(self):
        realm = self.realm_with(pkinit_dh_min_bits=4096)
        client, relay = self.client_of(realm)
        client.kinit("user", cert=realm.cert(), expect_code=1,
                     expect_msg="no DH group of at least 2048 bits")
        self.assertEqual(offered(relay), [pkinit.GROUP14.p])
        client, _ = self.client_of(realm, moduli=self.moduli(realm))
        client.kinit("user", cert=realm.cert())


class OurKdcTest(RealmCase):
    """MIT's kinit and our KDC."""

    realm_args = {"pkinit": True, "kdc": {"pkinit_dh_min_bits": 4096}}

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        moduli = cls.realm.dir / "moduli"
        moduli.write_text(groups.moduli_line("group16", groups.GROUP16))
        cls.realm.restart(libdefaults={"moduli": moduli})

    def test_mit_client_retries_with_the_group_we_want(self):
        relay = self.enter(Relay(self.realm.port))
        client = self.realm.new_client(peers.mit(), kdc=relay.port)
        client.kinit("user", cert=self.realm.cert())
        self.assertEqual(offered(relay),
                         [pkinit.GROUP14.p, groups.GROUP16.p])
        codes = [reply.code for reply in exchange.replies(relay)
                 if reply.msg_type == krb.KRB_ERROR]
        self.assertIn(krb.KEY_PARAMETERS_NOT_ACCEPTED, codes)


if __name__ == "__main__":
    unittest.main()
