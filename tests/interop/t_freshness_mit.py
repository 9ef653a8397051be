"""PKINIT freshness with MIT krb5 on the other side, both ways."""

import peers
from realm import RealmCase, Relay
from realm.conf import merge
from realm.mit_kdc import MitRealm
from wire import exchange, krb, pkinit

ASK, SIGN, TOKEN = "ask", "sign", "sign+token"
PATIENT = {"libdefaults": {"kdc_timeout": 30}}


class MitClientCase(RealmCase):
    """MIT's kinit and our KDC."""

    realm_args = {"pkinit": True}

    def setUp(self):
        super().setUp()
        self.relay = self.enter(Relay(self.realm.port))
        self.mit = self.realm.new_client(peers.mit(), kdc=self.relay.port)

    def login(self, *args, **kw):
        return self.mit.kinit("user", *args, cert=self.realm.cert(), **kw)

    def signed(self):
        return exchange.signed(self.relay)


class OptionalTest(MitClientCase):
    """Freshness optional, the default."""

    def test_certificate(self):
        # REQ: PF-04, PF-08, PF-31
        self.login()
        given = exchange.token_of(exchange.replies(self.relay)[0])
        self.assertEqual([s.token for s in self.signed()], [given])
        self.realm.log.assert_ordered([
            r"PKINIT freshness token received from user@EXT\.TEST"])
        self.mit.kgetcred(self.realm.service)

    def test_password_login_that_asks(self):
        # REQ: PF-30
        self.mit.kinit("user", password=self.realm.password)
        self.assertEqual(exchange.requests(self.relay)[0].pa(
            krb.PA_AS_FRESHNESS), b"")
        self.assertIsNotNone(exchange.token_of(
            exchange.replies(self.relay)[0]))
        self.mit.kgetcred(self.realm.service)
        self.mit.kinit("user", password="wrong", expect_code=1,
                       expect_msg="Password incorrect")

    def test_freshness_switched_off(self):
        # REQ: PF-20, PF-28
        self.login("-X", "disable_freshness=yes")
        self.assertEqual([s.token for s in self.signed()], [None])
        self.realm.log.assert_ordered([
            r"no PKINIT freshness token received from user@EXT\.TEST$",
            "PKINIT pre-authentication succeeded"])

    def test_principal_without_required_preauthentication(self):
        # REQ: PF-05, PF-30
        self.realm.restart(kdc={"require-preauth": False})
        try:
            self.realm.add("lax", password="lax")
            self.mit.kinit("lax", password="lax")
            self.assertEqual(exchange.replies(self.relay)[0].msg_type,
                             krb.AS_REP)
        finally:
            self.realm.restart(kdc={"require-preauth": None})


class RequiredTest(MitClientCase):
    """Freshness required."""

    realm_args = {"pkinit": True, "kdc": {"pkinit_require_freshness": True}}

    def test_certificate(self):
        # REQ: PF-08, PF-20
        self.login()
        self.assertEqual(exchange.token_of(
            exchange.replies(self.relay)[0]), self.signed()[0].token)
        self.mit.kgetcred(self.realm.service)

    def test_rsa_mode(self):
        # REQ: PF-20, PF-21
        # MIT's client cannot read an RSA reply of Heimdal ("Failed to decode
        # PKCS7"), with the unpatched one neither; ours is the request.
        self.login("-X", "flag_RSA_PROTOCOL=yes", expect_code=None)
        self.assertIsNone(self.signed()[0].dh_public)
        self.assertIsNotNone(self.signed()[0].token)
        self.assertEqual(exchange.replies(self.relay)[1].msg_type, krb.AS_REP)

    def test_password_needs_none(self):
        # REQ: PF-30
        self.mit.kinit("user", password=self.realm.password)

    def test_freshness_switched_off_is_refused(self):
        # REQ: PF-20
        result = self.login("-X", "disable_freshness=yes", expect_code=1)
        self.assertIn("PKINIT freshness token required",
                      " ".join(m.e_text or "" for m in
                               exchange.replies(self.relay)))
        self.assertIn(krb.PREAUTH_FAILED,
                      [m.code for m in exchange.replies(self.relay)])
        self.assertIn("reauthentication failed", result.output)
        self.realm.log.assert_ordered([
            r"no PKINIT freshness token received from user@EXT\.TEST, one "
            "is required"])
        self.login()

    def test_expired_token_and_recovery(self):
        # REQ: PF-11, PF-13
        # 90 makes MIT's client start again; 24 would end it.
        swap = [b"\0\0 no token of this KDC"]

        def hook(direction, data):
            if direction == "<" and swap:
                error = krb.read(data)
                if exchange.token_of(error):
                    return exchange.with_token(error, swap.pop(), "EXT.TEST")
            return data
        self.relay.hook = hook
        self.login()
        codes = [m.code for m in exchange.replies(self.relay)
                 if isinstance(m, krb.KrbError)]
        self.assertIn(krb.PREAUTH_EXPIRED, codes)
        self.assertEqual(len(self.signed()), 2)


class MitKdcCase(RealmCase):
    """Our kinit and MIT's KDC."""

    kdc_realm = {}

    @classmethod
    def setUpClass(cls):
        cls.realm = MitRealm(peers.mit(), pkinit=True,
                             kdc_realm=cls.kdc_realm)
        cls.realm.__enter__()
        cls.addClassCleanup(cls.realm.__exit__, None, None, None)

    def setUp(self):
        super().setUp()
        self.relay, self.client = self.via()

    def via(self, **sections):
        relay = self.enter(Relay(self.realm.port))
        return relay, self.realm.new_client(kdc=relay.port,
                                            **merge(PATIENT, sections))

    def login(self, *args, client=None, **kw):
        return (client or self.client).kinit(
            "user", *args, cert=self.realm.cert(), **kw)


class MitKdcTest(MitKdcCase):
    """Freshness as MIT has it by default: tokens given, not required."""

    def test_token_of_another_format_is_signed(self):
        # REQ: PF-06, PF-08, PF-29
        self.login()
        self.assertEqual(exchange.steps(self.relay)[0], ASK)
        given = exchange.token_of(exchange.replies(self.relay)[0])
        self.assertNotEqual(given[:2], b"\0\0")
        self.assertEqual(exchange.signed(self.relay)[-1].token, given)
        self.realm.log.assert_ordered([
            r"PKINIT: freshness token received from user@MIT\.TEST"])
        self.client.kgetcred(self.realm.service)

    def test_two_logins_use_two_tokens(self):
        # REQ: PF-14
        self.login()
        first = exchange.signed(self.relay)[-1].token
        self.relay.clear()
        self.login()
        given = exchange.token_of(exchange.replies(self.relay)[0])
        self.assertEqual(exchange.signed(self.relay)[-1].token, given)
        self.assertIsNotNone(first)

    def test_never(self):
        # REQ: PF-03, PF-26
        relay, client = self.via(libdefaults={"pkinit_freshness": "never"})
        self.login(client=client)
        self.assertNotIn(ASK, exchange.steps(relay))
        self.realm.log.assert_ordered([
            r"PKINIT: no freshness token received from user@MIT\.TEST"])

    def test_principal_without_required_preauthentication(self):
        # REQ: PF-05, PF-26
        self.realm.add("lax", password="lax")
        self.client.kinit("lax", cert=self.realm.cert("lax"))
        self.assertEqual(exchange.replies(self.relay)[0].msg_type,
                         krb.AS_REP)
        self.assertEqual(exchange.steps(self.relay)[:2], [ASK, SIGN])


class MitKdcRequiresTest(MitKdcCase):
    """pkinit_require_freshness in MIT's kdc.conf."""

    kdc_realm = {"pkinit_require_freshness": True}

    def test_login(self):
        # REQ: PF-08, PF-31
        self.login()
        self.assertEqual(exchange.steps(self.relay)[:2], [ASK, TOKEN])
        self.client.kgetcred(self.realm.service)

    def test_never_is_refused(self):
        # REQ: PF-08
        relay, client = self.via(libdefaults={"pkinit_freshness": "never"})
        self.login(client=client, expect_code=1)
        self.assertIn(krb.PREAUTH_FAILED,
                      [m.code for m in exchange.replies(relay)])
        self.login()

    def test_stale_token_and_recovery(self):
        # REQ: PF-12, PF-13
        # One of MIT's own tokens with another time in it: four octets of
        # time, four of key version, a checksum over the time.
        swap = [True]

        def hook(direction, data):
            if direction == "<" and swap:
                error = krb.read(data)
                token = exchange.token_of(error)
                if token:
                    swap.clear()
                    old = int.from_bytes(token[:4], "big") - 3600
                    return exchange.with_token(
                        error, old.to_bytes(4, "big") + token[4:],
                        "MIT.TEST")
            return data
        self.relay.hook = hook
        self.login()
        refused = exchange.replies(self.relay)[1]
        # 1.20 has 24 with a token here, RFC 8070 90
        self.assertIn(refused.code, (krb.PREAUTH_FAILED, krb.PREAUTH_EXPIRED))
        self.assertEqual(exchange.steps(self.relay), [ASK, TOKEN, TOKEN])
        self.assertEqual(exchange.signed(self.relay)[1].token,
                         exchange.token_of(refused))
        tokens = [s.token for s in exchange.signed(self.relay)]
        self.assertEqual(len(set(tokens)), 2)
        self.assertNotIn("win", exchange.steps(self.relay))

    def test_request_made_here(self):
        # REQ: PF-07
        token = exchange.token_of(exchange.ask(self.realm))
        req = pkinit.Request("MIT.TEST", "user", self.realm.cert(), token)
        answer = krb.send_kdc(self.realm.port, req.message)
        self.assertEqual(answer.msg_type, krb.AS_REP, answer)
        req.open(answer)


if __name__ == "__main__":
    import unittest
    unittest.main()
