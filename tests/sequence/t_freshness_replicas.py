"""Freshness tokens in a realm with two KDCs, and when its key changes."""

import unittest

from realm import Realm, Relay
from realm.replica import Replica
from wire import der, exchange, krb, pkinit

KRBTGT = "krbtgt/EXT.TEST"
PATIENT = {"libdefaults": {"kdc_timeout": 30}}
REQUIRED = {"pkinit_require_freshness": True}
RECEIVED = r"PKINIT freshness token received from user@EXT\.TEST"


def kvno_of(token):
    """The key version that a token names."""
    return krb.EncryptedData(der.parse(token[2:])).kvno


class TwoKdcs(unittest.TestCase):
    """Nothing is shared but the database."""

    def setUp(self):
        self.one = self.enter(Realm(pkinit=True, kdc=REQUIRED))
        self.two = self.enter(Replica(self.one))

    def enter(self, context):
        value = context.__enter__()
        self.addCleanup(context.__exit__, None, None, None)
        return value

    def token(self, realm):
        return exchange.token_of(exchange.ask(realm))

    def send(self, realm, token):
        request = pkinit.Request("EXT.TEST", "user", self.one.cert(), token)
        answer = krb.send_kdc(realm.port, request.message)
        if answer.msg_type == krb.AS_REP:
            request.open(answer)
        return answer

    def assert_accepted(self, realm, token):
        answer = self.send(realm, token)
        self.assertEqual(answer.msg_type, krb.AS_REP, answer)

    def assert_refused(self, realm, token):
        """Refused with a new token, which is returned."""
        answer = self.send(realm, token)
        self.assertIsInstance(answer, krb.KrbError)
        self.assertEqual(answer.code, krb.PREAUTH_EXPIRED)
        return exchange.token_of(answer)

    def test_each_takes_the_others_tokens(self):
        # REQ: PF-17
        for giver, taker in ((self.one, self.two), (self.two, self.one)):
            for realm in (giver, taker):
                realm.log.mark()
            self.assert_accepted(taker, self.token(giver))
            taker.log.assert_ordered([RECEIVED])
            giver.log.assert_absent(RECEIVED)

    def test_client_that_asks_one_and_signs_for_the_other(self):
        # REQ: PF-17
        relay = self.enter(Relay(self.one.port))

        def move(direction, data):
            if direction == "<":
                relay.upstream = self.two.port
            return data
        relay.hook = move
        client = self.one.new_client(kdc=relay.port, **PATIENT)
        self.one.log.mark()
        self.two.log.mark()
        client.kinit("user", cert=self.one.cert())
        self.assertEqual(exchange.steps(relay), ["ask", "sign+token"])
        self.one.log.assert_absent(RECEIVED)
        self.two.log.assert_ordered([RECEIVED])

    def test_new_krbtgt_key_and_the_old_one_kept(self):
        # REQ: PF-17
        old = self.token(self.one)
        self.assertEqual(kvno_of(old), 1)
        self.one.change_keys(KRBTGT, keep_old=True)
        self.two.wait_in_sync()
        for realm in (self.one, self.two):
            self.assert_accepted(realm, old)
            self.assertEqual(kvno_of(self.token(realm)), 2)
        self.assert_accepted(self.two, self.token(self.one))

    def test_new_krbtgt_key_and_the_old_one_gone(self):
        # REQ: PF-11, PF-17
        old = self.token(self.one)
        self.one.change_keys(KRBTGT, keep_old=False)
        self.two.wait_in_sync()
        for realm in (self.one, self.two):
            realm.log.mark()
            new = self.assert_refused(realm, old)
            realm.log.assert_ordered([
                r"PKINIT freshness token from user@EXT\.TEST refused: under "
                "an unknown krbtgt key"])
            self.assertEqual(kvno_of(new), 2)
            self.assert_accepted(realm, new)

    def changed_under_way(self, keep_old):
        """Steps of a kinit during which the krbtgt key changes."""
        pending = [True]

        def change(direction, data):
            if direction == "<" and pending:
                pending.clear()
                self.one.change_keys(KRBTGT, keep_old=keep_old)
            return data
        relay = self.enter(Relay(self.one.port, change))
        client = self.one.new_client(kdc=relay.port, **PATIENT)
        client.kinit("user", cert=self.one.cert())
        client.kgetcred(self.one.service)
        return exchange.steps(relay)

    def test_client_does_not_notice_a_key_that_is_kept(self):
        # REQ: PF-12, PF-17
        self.assertEqual(self.changed_under_way(True), ["ask", "sign+token"])

    def test_client_recovers_when_it_is_gone(self):
        # REQ: PF-12, PF-17
        self.assertEqual(self.changed_under_way(False),
                         ["ask", "sign+token", "sign+token"])

    def test_replica_that_lacks_the_new_key_yet(self):
        # REQ: PF-12, PF-17
        # The replica answers with a token under the key that it has; the
        # client signs that.
        relay = self.enter(Relay(self.one.port))
        lone = self.enter(Realm(pkinit=True, kdc=REQUIRED))

        def move(direction, data):
            if direction == "<":
                relay.upstream = lone.port
            return data
        lone.client.kinit("user", cert=lone.cert())
        self.one.change_keys(KRBTGT)
        relay.hook = move
        client = self.one.new_client(kdc=relay.port, **PATIENT)
        client.kinit("user", cert=self.one.cert())
        self.assertEqual(exchange.steps(relay),
                         ["ask", "sign+token", "sign+token"])
        self.assertEqual([kvno_of(s.token) for s in exchange.signed(relay)],
                         [2, 1])


if __name__ == "__main__":
    unittest.main()
