"""Diffie-Hellman groups of PKINIT: what is offered, refused and retried."""

import time
import unittest

import peers
from realm import Answer, RealmCase, Relay, install
from realm.relay import TO_CLIENT, TO_KDC
from wire import der, exchange, groups, krb, pkinit

TD_DH_PARAMETERS = 109
REFUSED = krb.KEY_PARAMETERS_NOT_ACCEPTED


def typed_data(pairs):
    """TYPED-DATA with [(type, value)]."""
    return der.seq(*(der.seq(der.ctx(0, der.integer(kind)),
                             der.ctx(1, der.octets(value)))
                     for kind, value in pairs))


def td_dh(*accepted):
    """e-data that offers groups."""
    return typed_data([(TD_DH_PARAMETERS, der.seq(*(
        der.seq(der.oid(pkinit.OID_DH), group.parameters())
        for group in accepted)))])


def primes_told(error):
    """Primes in the TD-DH-PARAMETERS of a KRB-ERROR, in its order."""
    typed = list(der.parse(error.e_data).expect(der.SEQUENCE))
    found = [item[1].octets() for item in typed
             if item[0].int() == TD_DH_PARAMETERS]
    assert len(found) == 1 and len(typed) == 1, typed
    primes = []
    for algorithm in der.parse(found[0]):
        oid, params = algorithm
        assert oid.oid() == pkinit.OID_DH
        p, g, q = params
        assert g.int() == 2 and q.int() == (p.int() - 1) // 2
        primes.append(p.int())
    return primes


def primes_offered(relay):
    """Primes of the PKINIT requests that went through a relay."""
    return [req.dh_prime for req in exchange.signed(relay)]


def variants(relay):
    """How many requests of the pre-RFC variant there were."""
    return sum(krb.PA_PK_AS_REQ_WIN in request.pa_types
               for request in exchange.requests(relay))


class DhCase(RealmCase):
    """A realm, and relays in front of its KDC."""

    moduli_groups = ()

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.moduli = cls.realm.dir / "moduli"
        cls.moduli.write_text("".join(
            groups.moduli_line("test-group-%d" % n, group)
            for n, group in enumerate(cls.moduli_groups)))
        if cls.moduli_groups:
            cls.realm.restart(libdefaults={"moduli": cls.moduli})

    def through_relay(self, inst=None, hook=None, **sections):
        """A client and the relay it goes through."""
        relay = self.enter(Relay(self.realm.port, hook))
        return self.realm.new_client(inst, kdc=relay.port,
                                     **sections), relay

    def refuse(self, e_data, times=None):
        """A hook that refuses PKINIT requests in the KDC's stead."""
        left = [times]

        def hook(direction, data):
            if direction == TO_KDC and pkinit.PkAsReq.of(data) and \
                    left[0] != 0:
                left[0] = left[0] and left[0] - 1
                return Answer(krb.krb_error(REFUSED, self.realm.name,
                                            e_data))
            return data
        return hook


class OfferTest(DhCase):
    """What the client offers and what the KDC accepts by default."""

    realm_args = {"pkinit": True}

    def test_client_offers_2048_bits_by_default(self):
        client, relay = self.through_relay()
        client.kinit("user", cert=self.realm.cert())
        self.assertEqual(primes_offered(relay), [pkinit.GROUP14.p])

    def test_minimum_of_2048_selects_group_14(self):
        for bits in (2048, 2047, 1024):
            with self.subTest(bits=bits):
                client, relay = self.through_relay(
                    libdefaults={"pkinit_dh_min_bits": bits})
                client.kinit("user", cert=self.realm.cert())
                self.assertEqual(primes_offered(relay), [pkinit.GROUP14.p])

    def test_minimum_that_no_known_group_has_is_an_error(self):
        client, relay = self.through_relay(
            libdefaults={"pkinit_dh_min_bits": 2049})
        client.kinit("user", cert=self.realm.cert(), expect_code=1,
                     expect_msg="matching requirement of 2049 bits")
        self.assertEqual(primes_offered(relay), [])
        self.realm.client.kinit("user", cert=self.realm.cert())

    def test_kdc_accepts_1024_bits_by_default(self):
        request = pkinit.Request(self.realm.name, "user", self.realm.cert(),
                                 group=pkinit.GROUP2)
        request.open(krb.send_kdc(self.realm.port, request.message))

    def test_unpatched_client_still_works(self):
        client, relay = self.through_relay(peers.heimdal_unpatched())
        client.kinit("user", cert=self.realm.cert())
        self.assertEqual(primes_offered(relay), [pkinit.GROUP2.p])

    def test_unknown_group_is_refused_with_the_list(self):
        request = pkinit.Request(self.realm.name, "user", self.realm.cert(),
                                 group=groups.GROUP16)
        error = krb.send_kdc(self.realm.port, request.message)
        self.assertEqual(error.code, REFUSED)
        self.assertEqual(primes_told(error),
                         [pkinit.GROUP14.p, pkinit.GROUP2.p])
        self.test_kdc_accepts_1024_bits_by_default()


class UnpatchedKdcTest(DhCase):
    """Our client and an unpatched KDC."""

    @classmethod
    def setUpClass(cls):
        cls.realm_args = {"pkinit": True, "inst": peers.heimdal_unpatched()}
        super().setUpClass()

    def ours(self, **sections):
        return self.through_relay(install.under_test(), **sections)

    def test_default_group(self):
        client, relay = self.ours()
        client.kinit("user", cert=self.realm.cert())
        self.assertEqual(primes_offered(relay), [pkinit.GROUP14.p])

    def test_refusal_without_a_list_ends_it(self):
        moduli = self.realm.dir / "moduli16"
        moduli.write_text(groups.moduli_line("group16", groups.GROUP16))
        client, relay = self.ours(libdefaults={
            "moduli": moduli, "pkinit_dh_min_bits": 4096})
        client.kinit("user", cert=self.realm.cert(), expect_code=1)
        self.assertEqual(primes_offered(relay), [groups.GROUP16.p])
        self.assertEqual(krb.read(relay.replies()[-1]).code,
                         krb.BAD_INTEGRITY)
        self.test_default_group()


class MinimumTest(DhCase):
    """A KDC that wants 2048 bits."""

    realm_args = {"pkinit": True, "kdc": {"pkinit_dh_min_bits": 2048}}

    def test_client_without_configuration(self):
        client, relay = self.through_relay()
        client.kinit("user", cert=self.realm.cert())
        self.assertEqual(primes_offered(relay), [pkinit.GROUP14.p])

    def test_1024_bits_are_refused_with_the_list(self):
        request = pkinit.Request(self.realm.name, "user", self.realm.cert(),
                                 group=pkinit.GROUP2)
        error = krb.send_kdc(self.realm.port, request.message)
        self.assertEqual(error.code, REFUSED)
        self.assertEqual(primes_told(error), [pkinit.GROUP14.p])
        self.realm.log.assert_ordered([
            r"PKINIT PA-DATA refused: error -1765328319 -- user@"])
        good = pkinit.Request(self.realm.name, "user", self.realm.cert())
        good.open(krb.send_kdc(self.realm.port, good.message))

    def test_bad_signature_is_not_told_the_groups(self):
        request = pkinit.Request(self.realm.name, "user", self.realm.cert(),
                                 group=pkinit.GROUP2)
        broken = request.cms[:-1] + bytes([request.cms[-1] ^ 1])
        error = krb.send_kdc(self.realm.port, krb.as_req(
            request.body, [pkinit.pa_pk_as_req(broken)]))
        self.assertEqual(error.code, krb.BAD_INTEGRITY)
        self.assertIsNone(error.e_data)

    def test_unpatched_client_is_told_why(self):
        client, relay = self.through_relay(peers.heimdal_unpatched())
        client.kinit("user", cert=self.realm.cert(), expect_code=1)
        self.assertEqual(primes_offered(relay), [pkinit.GROUP2.p])
        error = krb.read(relay.replies()[-1])
        self.assertEqual(error.code, REFUSED)
        self.assertEqual(primes_told(error), [pkinit.GROUP14.p])

    def test_unpatched_client_has_a_workaround(self):
        client, relay = self.through_relay(
            peers.heimdal_unpatched(),
            libdefaults={"pkinit_dh_min_bits": 1759})
        client.kinit("user", cert=self.realm.cert())
        self.assertEqual(primes_offered(relay), [pkinit.GROUP14.p])


class RetryTest(DhCase):
    """A KDC that wants 4096 bits, and a client that knows such a group."""

    realm_args = {"pkinit": True, "kdc": {"pkinit_dh_min_bits": 4096}}
    moduli_groups = (groups.GROUP16, groups.SHORT_SECRETS)

    def test_one_retry_with_the_group_of_the_kdc(self):
        client, relay = self.through_relay()
        client.kinit("user", cert=self.realm.cert())
        self.assertEqual(primes_offered(relay),
                         [pkinit.GROUP14.p, groups.GROUP16.p])
        error = exchange.replies(relay)[-2]
        self.assertEqual(error.code, REFUSED)
        self.assertEqual(primes_told(error), [groups.GROUP16.p])
        first, second = exchange.signed(relay)
        self.assertNotEqual(first.dh_public, second.dh_public)
        self.assertNotEqual(first.dh_nonce, second.dh_nonce)
        client.kgetcred(self.realm.service)

    def test_retry_with_fast(self):
        self.realm.client.kinit("user", password=self.realm.password)
        armor = self.realm.client.ccache
        client, relay = self.through_relay()
        client.kinit("user", "--fast-armor-cache=" + armor,
                     cert=self.realm.cert())
        armored = [krb.PA_FX_FAST in request.pa_types
                   for request in exchange.requests(relay)]
        self.assertTrue(all(armored), armored)
        codes = [reply.code for reply in exchange.replies(relay)
                 if reply.msg_type == krb.KRB_ERROR]
        self.assertEqual(codes.count(REFUSED), 1)
        self.realm.log.assert_ordered([
            r"PKINIT PA-DATA refused: error -1765328319 -- user@",
            r"PKINIT pre-authentication succeeded -- user@"])

    def test_forged_refusal_does_not_get_through_the_armor(self):
        self.realm.client.kinit("user", password=self.realm.password)
        relay = self.enter(Relay(hook=lambda direction, data: Answer(
            krb.krb_error(REFUSED, self.realm.name, td_dh(groups.GROUP16)))))
        client = self.realm.new_client(kdc=relay.port)
        client.kinit("user", "--fast-armor-cache=" + self.realm.client.ccache,
                     cert=self.realm.cert(), expect_code=1)
        armored = [krb.PA_FX_FAST in request.pa_types
                   for request in exchange.requests(relay)]
        self.assertEqual(armored, [True])
        self.test_retry_with_fast()

    def test_not_more_than_one_retry(self):
        hook = self.refuse(td_dh(groups.GROUP16, groups.SHORT_SECRETS))
        client, relay = self.through_relay(hook=hook)
        client.kinit("user", cert=self.realm.cert(), expect_code=1)
        self.assertEqual(primes_offered(relay),
                         [pkinit.GROUP14.p, groups.GROUP16.p])
        self.assertEqual(variants(relay), 0)
        self.realm.client.kinit("user", cert=self.realm.cert())

    def test_list_is_in_order_of_strength(self):
        self.realm.restart(kdc={"pkinit_dh_min_bits": 2048})
        self.addCleanup(self.realm.restart,
                        kdc={"pkinit_dh_min_bits": 4096})
        request = pkinit.Request(self.realm.name, "user", self.realm.cert(),
                                 group=pkinit.GROUP2)
        error = krb.send_kdc(self.realm.port, request.message)
        self.assertEqual(error.code, REFUSED)
        self.assertEqual(primes_told(error), [
            groups.GROUP16.p, groups.SHORT_SECRETS.p, pkinit.GROUP14.p])


class DowngradeTest(DhCase):
    """An error that was forged on the way."""

    realm_args = {"pkinit": True}
    moduli_groups = (groups.GROUP16,)

    def refused_for_good(self, e_data, **sections):
        """The client stops after one request, and is unharmed."""
        client, relay = self.through_relay(hook=self.refuse(e_data),
                                           **sections)
        result = client.kinit("user", cert=self.realm.cert(), expect_code=1)
        self.assertEqual(len(primes_offered(relay)), 1)
        self.assertEqual(variants(relay), 0)
        self.realm.client.kinit("user", cert=self.realm.cert())
        return result

    def test_no_retry_below_the_default_minimum(self):
        result = self.refused_for_good(td_dh(pkinit.GROUP2))
        self.assertIn("no DH group of at least 2048 bits", result.output)

    def test_no_retry_below_the_configured_minimum(self):
        result = self.refused_for_good(
            td_dh(pkinit.GROUP14, pkinit.GROUP2),
            libdefaults={"pkinit_dh_min_bits": 4096})
        self.assertIn("no DH group of at least 4096 bits", result.output)

    def test_weak_group_is_taken_if_the_administrator_says_so(self):
        client, relay = self.through_relay(
            hook=self.refuse(td_dh(pkinit.GROUP2), times=1),
            libdefaults={"pkinit_dh_min_bits": 1024})
        client.kinit("user", cert=self.realm.cert())
        self.assertEqual(primes_offered(relay),
                         [pkinit.GROUP14.p, pkinit.GROUP2.p])

    def test_weak_group_before_a_good_one_is_passed_over(self):
        client, relay = self.through_relay(hook=self.refuse(
            td_dh(pkinit.GROUP2, groups.SHORT_SECRETS, groups.GROUP16),
            times=1))
        client.kinit("user", cert=self.realm.cert())
        self.assertEqual(primes_offered(relay),
                         [pkinit.GROUP14.p, groups.GROUP16.p])

    def test_unknown_group_is_not_taken(self):
        self.refused_for_good(td_dh(groups.SHORT_SECRETS))

    def test_refused_group_is_not_offered_again(self):
        self.refused_for_good(td_dh(pkinit.GROUP14))

    def test_no_list_or_a_broken_one(self):
        good = td_dh(groups.GROUP16)
        other = pkinit.Group("%x" % groups.GROUP16.p)
        other.g = 5
        for what, e_data in (
                ("none", None), ("empty", b""), ("no groups", td_dh()),
                ("not DER", b"\xff" * 40), ("truncated", good[:-1]),
                ("trailing", typed_data([(TD_DH_PARAMETERS, der.seq() +
                                          b"\0")])),
                ("trailing in the group", typed_data([(
                    TD_DH_PARAMETERS, der.seq(der.seq(
                        der.oid(pkinit.OID_DH),
                        groups.GROUP16.parameters() + der.null())))])),
                ("other type", typed_data([(108, der.seq())])),
                ("no value", der.seq(der.seq(der.ctx(
                    0, der.integer(TD_DH_PARAMETERS))))),
                ("other generator", td_dh(other))):
            with self.subTest(what):
                self.refused_for_good(e_data)

    def test_list_as_method_data_is_understood_too(self):
        value = list(der.parse(td_dh(groups.GROUP16)))[0][1].octets()
        client, relay = self.through_relay(hook=self.refuse(
            krb.method_data_der([(TD_DH_PARAMETERS, value)]), times=1))
        client.kinit("user", cert=self.realm.cert())
        self.assertEqual(primes_offered(relay),
                         [pkinit.GROUP14.p, groups.GROUP16.p])


class PassThroughTest(RealmCase):
    """Which errors of PKINIT the KDC tells."""

    realm_args = {"pkinit": True}

    def ask(self, **kw):
        request = pkinit.Request(self.realm.name, "user", self.realm.cert(),
                                 **kw)
        return request, krb.send_kdc(self.realm.port, request.message)

    def assert_good_one_works(self):
        request, reply = self.ask()
        request.open(reply)

    def test_skew(self):
        # REQ: PF-11
        for off in (-3600, 3600):
            with self.subTest(off=off):
                _, error = self.ask(ctime=time.time() + off)
                self.assertEqual(error.code, krb.SKEW)
                self.assertIsNone(error.e_data)
        self.assert_good_one_works()

    def test_missing_checksum(self):
        _, error = self.ask(checksum=b"")
        self.assertEqual(error.code, 79)
        self.assert_good_one_works()

    def test_wrong_checksum_and_bad_signature_are_one_code(self):
        _, error = self.ask(checksum=b"x" * 20)
        self.assertEqual(error.code, krb.BAD_INTEGRITY)
        request = pkinit.Request(self.realm.name, "user", self.realm.cert())
        for what, cms in (
                ("signature", request.cms[:-1] +
                 bytes([request.cms[-1] ^ 1])),
                ("truncated", request.cms[:-20]), ("empty", b"")):
            with self.subTest(what):
                error = krb.send_kdc(self.realm.port, krb.as_req(
                    request.body, [pkinit.pa_pk_as_req(cms)]))
                self.assertEqual(error.code, krb.BAD_INTEGRITY)
                self.assertIsNone(error.e_data)
        self.assert_good_one_works()

    def test_certificate_of_another(self):
        request = pkinit.Request(self.realm.name, "user",
                                 self.realm.cert("mallory"))
        error = krb.send_kdc(self.realm.port, request.message)
        self.assertEqual(error.code, 75)
        self.assert_good_one_works()

    def test_client_mends_its_clock(self):
        # the client is told of the skew and asks again with the KDC's time
        seen = []

        def hook(direction, data):
            if direction == TO_CLIENT or not pkinit.PkAsReq.of(data):
                return data
            seen.append(pkinit.PkAsReq.of(data).ctime)
            if len(seen) == 1:
                return Answer(krb.krb_error(
                    krb.SKEW, self.realm.name,
                    stime=int(time.time()) + 120))
            return data
        relay = self.enter(Relay(self.realm.port, hook))
        client = self.realm.new_client(kdc=relay.port)
        client.kinit("user", cert=self.realm.cert())
        self.assertEqual(len(seen), 2)
        self.assertAlmostEqual(seen[1] - seen[0], 120, delta=15)


if __name__ == "__main__":
    unittest.main()
