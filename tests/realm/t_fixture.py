"""The fixture itself: what it starts works, what it asserts can fail."""

import os
import unittest
from pathlib import Path

from realm import Answer, Realm, RealmCase, Relay, RunError, run
from realm.conf import merge, render
from realm.logs import Log
from realm.replica import Replica
from wire import enc, freshness, krb, pkinit


class ConfTest(unittest.TestCase):
    """krb5.conf from dicts."""

    def test_merge_and_render(self):
        base = {"libdefaults": {"a": 1, "b": True}, "kdc": {"x": {"y": 1}}}
        got = merge(base, {"libdefaults": {"a": None, "c": ["1", "2"]},
                           "kdc": {"x": {"z": 2}}})
        self.assertEqual(base["libdefaults"], {"a": 1, "b": True})
        self.assertEqual(
            render(got).split(),
            "[libdefaults] b = true c = 1 c = 2 "
            "[kdc] x = { y = 1 z = 2 }".split())


class LifeTest(unittest.TestCase):
    """A realm comes up alone and leaves nothing behind."""

    def test_two_realms_and_no_trace_of_them(self):
        with Realm() as one, Realm("OTHER.TEST") as two:
            self.assertNotEqual(one.port, two.port)
            for realm in (one, two):
                realm.client.kinit(realm.user, password=realm.password)
            pids, dirs = (one.pid, two.pid), (one.dir, two.dir)
        for pid in pids:
            with self.assertRaises(ProcessLookupError):
                os.kill(pid, 0)
        for path in dirs:
            self.assertFalse(path.exists())

    def test_kdc_that_died_is_an_error(self):
        with self.assertRaisesRegex(RunError, "by itself"):
            with Realm() as realm:
                realm._daemon.kill()

    def test_kdc_that_cannot_start_says_why(self):
        with self.assertRaisesRegex(RunError, "ended with"):
            with Realm(kdc_args=["--builtin-hdb"]):
                self.fail("it came up")


class ClientTest(RealmCase):
    """kinit and friends, the log, keys."""

    realm_args = {"pkinit": True}

    def test_password(self):
        client, realm = self.realm.client, self.realm
        client.kinit("user", password=realm.password)
        client.kgetcred(realm.service)
        self.assertIn(realm.service, client.klist().stdout)
        realm.log.assert_ordered([
            r"AS-REQ user@EXT.TEST", r"Need to use PA-ENC-TIMESTAMP",
            r"ENC-TS pre-authentication succeeded -- user@EXT.TEST",
            r"TGS-REQ user@EXT.TEST .* for host/server.ext.test@EXT.TEST"])

    def test_wrong_password_and_then_the_right_one(self):
        self.realm.client.kinit("user", password="wrong", expect_code=1,
                                expect_msg="Password incorrect")
        self.realm.client.kinit("user", password=self.realm.password)

    def test_unexpected_end_is_an_error_with_its_output(self):
        with self.assertRaisesRegex(RunError, "Password incorrect"):
            self.realm.client.kinit("user", password="wrong")
        with self.assertRaisesRegex(RunError, "expected exit 1"):
            self.realm.client.kinit("user", password=self.realm.password,
                                    expect_code=1)
        with self.assertRaisesRegex(RunError, "expected 'no such text'"):
            self.realm.client.klist(expect_msg="no such text")

    def test_certificate(self):
        self.realm.client.kinit("user", cert=self.realm.cert())
        self.realm.log.assert_ordered([
            r"PKINIT pre-authentication succeeded -- user@EXT.TEST"])

    def test_certificate_of_another_is_refused(self):
        self.realm.client.kinit("user", cert=self.realm.cert("mallory"),
                                expect_code=1)
        self.realm.log.assert_absent("pre-authentication succeeded")
        self.realm.client.kinit("user", cert=self.realm.cert())

    def test_keytab_and_keys(self):
        path = self.realm.ext_keytab(self.realm.service)
        self.realm.client.kinit(self.realm.service, keytab=path)
        key = self.realm.krbtgt_key()
        self.assertEqual((key.etype, key.kvno, len(key.key)), (18, 1, 32))
        self.realm.add("host/rolled")
        self.realm.change_keys("host/rolled")
        self.assertEqual({e.kvno for e in self.realm.keys("host/rolled")},
                         {1, 2})

    def test_log_assertions_can_fail(self):
        log = self.realm.log
        self.realm.client.kinit("user", password=self.realm.password)
        log.assert_ordered([r"AS-REQ user", r"succeeded"])
        for wrong in ([r"succeeded", r"Need to use"], [r"no such line"],
                      [r"TGS-REQ"]):
            with self.assertRaises(RunError):
                log.assert_ordered(wrong)
        with self.assertRaisesRegex(RunError, "is there"):
            log.assert_absent(r"AS-REQ user")
        log.assert_absent(r"TGS-REQ", r"Failed processing")
        self.assertEqual(log.count(r"AS-REQ user"), 2)
        log.mark()
        log.assert_absent(r"AS-REQ user")

    def test_log_without_a_file_is_empty(self):
        self.assertEqual(Log(Path("/nonexistent/log")).text(), "")


class RelayTest(RealmCase):
    """The relay records, changes, drops and answers."""

    realm_args = {"pkinit": True}

    def test_records_udp(self):
        relay = self.enter(Relay(self.realm.port))
        client = self.realm.new_client(kdc=relay.port)
        client.kinit("user", password=self.realm.password)
        self.assertEqual([m.direction + m.transport for m in relay.messages],
                         [">udp", "<udp"] * 2)
        first, second = map(krb.read, relay.requests())
        error, rep = map(krb.read, relay.replies())
        self.assertNotIn(krb.PA_ENC_TIMESTAMP, first.pa_types)
        self.assertEqual(error.code, krb.PREAUTH_REQUIRED)
        self.assertIn(krb.PA_ENC_TIMESTAMP, error.pa_types)
        self.assertIn(krb.PA_ENC_TIMESTAMP, second.pa_types)
        self.assertEqual(rep.msg_type, krb.AS_REP)

    def test_records_tcp(self):
        relay = self.enter(Relay(self.realm.port))
        client = self.realm.new_client(kdc=relay.port)
        client.kinit("user", cert=self.realm.cert())
        last = relay.messages[-2:]
        self.assertEqual([m.transport for m in last], ["tcp", "tcp"])
        req = pkinit.PkAsReq.of(last[0].data)
        self.assertIsNotNone(req.dh_public)
        self.assertEqual(krb.read(last[1].data).msg_type, krb.AS_REP)

    def test_changes_a_reply(self):
        def spoil(direction, data):
            if direction == "<" and krb.read(data).msg_type == krb.AS_REP:
                return data[:-1] + bytes([data[-1] ^ 1])
            return data
        relay = self.enter(Relay(self.realm.port, spoil))
        client = self.realm.new_client(kdc=relay.port)
        client.kinit("user", password=self.realm.password, expect_code=1)
        relay.hook = None
        client.kinit("user", password=self.realm.password)

    def test_stub_answers(self):
        answer = krb.krb_error(krb.PREAUTH_EXPIRED, "EXT.TEST")
        relay = self.enter(Relay(hook=lambda way, data: Answer(answer)))
        request = krb.as_req(krb.req_body("EXT.TEST", "user"))
        for transport in ("udp", "tcp"):
            got = krb.send_kdc(relay.port, request, transport)
            self.assertEqual(got.code, krb.PREAUTH_EXPIRED)

    def test_error_in_a_hook_is_not_lost(self):
        def broken(direction, data):
            raise KeyError("hook")
        with self.assertRaises(KeyError):
            with Relay(self.realm.port, broken) as relay:
                with self.assertRaises(OSError):
                    krb.send_kdc(relay.port, b"x", timeout=1)


class WireTest(RealmCase):
    """Requests made here are understood by the KDC."""

    realm_args = {"pkinit": True}

    def ask(self, message, transport="udp"):
        return krb.send_kdc(self.realm.port, message, transport)

    def test_as_req_without_preauth(self):
        err = self.ask(krb.as_req(krb.req_body("EXT.TEST", "user")))
        self.assertEqual(err.code, krb.PREAUTH_REQUIRED)
        err = self.ask(krb.as_req(krb.req_body("EXT.TEST", "nobody")), "tcp")
        self.assertEqual(err.code, krb.C_PRINCIPAL_UNKNOWN)

    def test_encrypted_timestamp(self):
        key = enc.string_to_key(self.realm.password, "EXT.TESTuser")
        body = krb.req_body("EXT.TEST", "user", number=77)
        rep = self.ask(krb.as_req(body, [krb.pa_enc_timestamp(key)]))
        self.assertEqual(rep.msg_type, krb.AS_REP)
        self.assertEqual(rep.decrypt(key)[2].int(), 77)
        err = self.ask(krb.as_req(body, [krb.pa_enc_timestamp(key, 0)]))
        self.assertEqual(err.code, krb.SKEW)

    def test_pkinit_with_dh(self):
        for group in (pkinit.GROUP2, pkinit.GROUP14):
            req = pkinit.Request("EXT.TEST", "user", self.realm.cert(),
                                 group=group)
            rep = self.ask(req.message)
            self.assertEqual(rep.msg_type, krb.AS_REP)
            req.open(rep)

    def test_pkinit_with_rsa(self):
        req = pkinit.Request("EXT.TEST", "user", self.realm.cert(),
                             use_dh=False)
        self.assertEqual(self.ask(req.message).msg_type, krb.AS_REP)

    def test_pkinit_for_another_is_refused(self):
        req = pkinit.Request("EXT.TEST", "user", self.realm.cert("mallory"))
        self.assertEqual(self.ask(req.message).msg_type, krb.KRB_ERROR)
        self.test_pkinit_with_dh()

    def test_minted_token_opens(self):
        key = self.realm.krbtgt_key()
        token = freshness.mint(key, when=1426630000)
        self.assertEqual(token[:2], b"\0\0")
        self.assertEqual(freshness.when(key, token), 1426630000)


class ReplicaTest(unittest.TestCase):
    """A second KDC gets the database and what changes in it."""

    def test_replicates(self):
        with Realm(pkinit=True) as realm, Replica(realm) as second:
            self.assertNotEqual(realm.port, second.port)
            second.client.kinit("user", password=realm.password)
            second.client.kinit("user", cert=realm.cert())
            realm.add("new", password="new")
            second.wait_in_sync()
            second.client.kinit("new", password="new")
            second.log.assert_ordered(["AS-REQ new@EXT.TEST"])
            realm.log.assert_absent("AS-REQ new@EXT.TEST")
            self.assertEqual(realm.krbtgt_key(), second.krbtgt_key())


class ProcessTest(unittest.TestCase):
    """Running programs."""

    def test_timeout_is_an_error(self):
        with self.assertRaisesRegex(RunError, "no end after"):
            run(["sleep", "60"], {"PATH": os.environ["PATH"]}, timeout=0.2)


if __name__ == "__main__":
    unittest.main()
