"""PKINIT freshness between this Heimdal and one without the patches.

In RSA mode where a login has to succeed: an unpatched Heimdal derives
another key from a Diffie-Hellman secret with a leading zero octet, so one
login in 256 fails between the two.
"""

import peers
from realm import Realm, RealmCase, Relay
from realm.conf import merge
from wire import exchange, freshness, krb, pkinit

ASK, SIGN, TOKEN, OLD = "ask", "sign", "sign+token", "sign (no 150)"
PATIENT = {"libdefaults": {"kdc_timeout": 30}}
RSA = "--pk-use-enckey"


def with_dh(login, tries=5):
    """Call `login` until it succeeds: four short secrets in a row do not
    happen.  The last result raises what it raises."""
    for _ in range(tries - 1):
        result = login(expect_code=None)
        if result.ok:
            return result
    return login()


class UnpatchedKdcTest(RealmCase):
    """Our kinit, their KDC."""

    @classmethod
    def setUpClass(cls):
        cls.realm_args = {"pkinit": True, "inst": peers.heimdal_unpatched()}
        super().setUpClass()

    def via(self, **sections):
        relay = self.enter(Relay(self.realm.port))
        return relay, self.realm.new_client(
            OURS, kdc=relay.port, **merge(PATIENT, sections))

    def login(self, client, *args, **kw):
        return client.kinit("user", *args, cert=self.realm.cert(), **kw)

    def test_one_round_trip_more(self):
        # REQ: PF-21, PF-26, PF-31
        relay, client = self.via()
        self.login(client, RSA)
        self.assertEqual(exchange.steps(relay), [ASK, SIGN])
        self.assertEqual(exchange.replies(relay)[0].code,
                         krb.PREAUTH_REQUIRED)
        client.kgetcred(self.realm.service)

    def test_diffie_hellman(self):
        # REQ: PF-21, PF-26
        relay, client = self.via()

        def login(**kw):
            relay.clear()
            return self.login(client, **kw)
        with_dh(login)
        self.assertEqual(exchange.steps(relay), [ASK, SIGN])
        self.assertIsNotNone(exchange.signed(relay)[0].dh_public)

    def test_never_is_as_before(self):
        # REQ: PF-03
        relay, client = self.via(libdefaults={"pkinit_freshness": "never"})
        self.login(client, RSA)
        self.assertEqual(exchange.steps(relay), [OLD])

    def test_always_fails(self):
        # REQ: PF-26
        relay, client = self.via(libdefaults={"pkinit_freshness": "always"})
        self.login(client, expect_code=1,
                   expect_msg="gave no PKINIT freshness token")
        self.assertEqual(exchange.steps(relay), [ASK])
        self.login(self.via()[1], RSA)

    def test_token_in_the_request_is_skipped(self):
        # REQ: PF-09
        # Field 4 is behind the extension marker that they know.  RSA: their
        # ASN.1 compiler loses what follows an extended type.
        req = pkinit.Request(
            "EXT.TEST", "user", self.realm.cert(),
            freshness.mint(self.realm.krbtgt_key()), use_dh=False)
        answer = krb.send_kdc(self.realm.port, req.message)
        self.assertEqual(answer.msg_type, krb.AS_REP, answer)

    def test_principal_without_required_preauthentication(self):
        # REQ: PF-05, PF-26
        self.realm.restart(kdc={"require-preauth": False})
        try:
            self.realm.add("lax", password="lax")
            relay, client = self.via()
            client.kinit("lax", RSA, cert=self.realm.cert("lax"))
            self.assertEqual(exchange.steps(relay), [ASK, SIGN])
            self.assertEqual([m.msg_type for m in exchange.replies(relay)],
                             [krb.AS_REP] * 2)
        finally:
            self.realm.restart(kdc={"require-preauth": None})


class UnpatchedClientTest(RealmCase):
    """Their kinit, our KDC."""

    realm_args = {"pkinit": True}

    def setUp(self):
        super().setUp()
        self.relay = self.enter(Relay(self.realm.port))
        self.old = self.realm.new_client(peers.heimdal_unpatched(),
                                         kdc=self.relay.port, **PATIENT)

    def test_optional(self):
        # REQ: PF-20, PF-28, PF-29, PF-31
        self.old.kinit("user", RSA, cert=self.realm.cert())
        self.assertEqual(exchange.steps(self.relay), [OLD])
        self.realm.log.assert_ordered([
            r"no PKINIT freshness token received from user@EXT\.TEST$",
            "PKINIT pre-authentication succeeded"])
        self.old.kgetcred(self.realm.service)

    def test_optional_with_diffie_hellman(self):
        # REQ: PF-21
        def login(**kw):
            self.relay.clear()
            return self.old.kinit("user", cert=self.realm.cert(), **kw)
        with_dh(login)
        self.assertEqual(exchange.steps(self.relay), [OLD])
        self.assertIsNotNone(exchange.signed(self.relay)[0].dh_public)

    def test_required(self):
        # REQ: PF-19, PF-20
        self.realm.restart(kdc={"pkinit_require_freshness": True})
        try:
            self.old.kinit("user", cert=self.realm.cert(), expect_code=1)
            answer = exchange.replies(self.relay)[0]
            self.assertEqual(answer.code, krb.PREAUTH_FAILED)
            self.assertEqual(answer.pa_types_but_keys, [krb.PA_AS_FRESHNESS])
            self.realm.log.assert_absent("pre-authentication succeeded")
            self.old.kinit("user", password=self.realm.password)
            self.realm.client.kinit("user", cert=self.realm.cert())
        finally:
            self.realm.restart(kdc={"pkinit_require_freshness": None})
        self.old.kinit("user", RSA, cert=self.realm.cert())


OURS = Realm().inst


if __name__ == "__main__":
    import unittest
    unittest.main()
