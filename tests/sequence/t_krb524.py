"""A realm's tickets, converted by its KDC: what is switched on, for whom, and
what is done to the ticket; and that nothing is there when it is switched off.
"""

import socket
import struct
import subprocess
import unittest

from realm import Realm, RealmCase, ports
from wire import ap, krb524, tgs, krb
from wire.krb524 import (
    AES128, AES256, BADKEY, DES_CBC_CRC, ENCFULL, ETYPE_NOSUPP, POLICY,
    S_UNKNOWN, TAMPERED)

REALM, CELL, OTHER = "EXT.TEST", "afs/ext.test", "host/server.ext.test"
FULL = CELL + "@" + REALM
KEYS = {"default_keys": ["aes256-cts-hmac-sha1-96:pw-salt",
                         "aes128-cts-hmac-sha1-96:pw-salt",
                         "des-cbc-crc:pw-salt"]}


class ServiceCase(RealmCase):
    """A user with tickets that the KDC has issued."""

    realm_args = {"kadmin": KEYS, "kdc": {"enable-524": True,
                                          "use_2b": {FULL: True}}}

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.realm.add(CELL)
        cls.tgt = tgs.get_tgt(cls.realm)

    def keys(self, principal=CELL):
        """{enctype: key}"""
        return {e.etype: e.key for e in self.realm.keys(principal)}

    def get(self, service=CELL, ad=None, etypes=(AES256,)):
        """A ticket, by TGS exchange."""
        request = tgs.Request(self.tgt, service, ad, etypes=etypes)
        answer = krb.send_kdc(self.realm.port, request.message, "tcp")
        return request.open(answer)

    def convert(self, cred, transport="udp"):
        return krb524.ask(self.realm.port, cred.ticket, transport)

    def use(self, **kdc):
        """The realm's KDC with this in [kdc], for this test."""
        self.addCleanup(self.restore, self.realm.sections)
        self.realm.restart(kdc=kdc)

    def restore(self, sections):
        """The configuration as it was."""
        self.realm.sections = sections
        self.realm.restart()


class ExtractionTest(ServiceCase):
    """The ticket's own encrypted part."""

    def test_over_udp_and_tcp(self):
        # REQ: RK-26, RK-27, RK-31
        cred = self.get()
        for transport in "udp", "tcp":
            reply = self.convert(cred, transport)
            self.assertEqual((reply.status, reply.kvno), (0, 213))
            self.assertEqual(reply.token, krb524.enc_part(cred.ticket))
            token = krb524.Token(reply.token, self.keys()[AES256])
            self.assertEqual(token.client, "user")
            self.assertEqual(token.session[1], cred.key)

    def test_what_is_too_long_for_a_datagram(self):
        """max-kdc-datagram-reply-length is kept to: a stream is left."""
        # REQ: RK-32
        self.use(**{"max-kdc-datagram-reply-length": 1265})
        cred, other = self.get(), self.get(OTHER)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            sock.settimeout(10)
            sock.connect((ports.LOOPBACK, self.realm.port))
            sock.send(cred.ticket)
            sock.send(other.ticket)
            self.assertEqual(krb524.Reply(sock.recv(65536)).status, POLICY)
        self.realm.log.assert_ordered([r"2b token of \d+ octets, enctype 18, "
                                       r"kvno 1, not answered"])
        self.assertEqual(self.convert(cred, "tcp").status, 0)

    def test_what_just_fits_into_a_datagram(self):
        # REQ: RK-32
        self.use(**{"max-kdc-datagram-reply-length": 1266})
        self.assertEqual(self.convert(self.get(), "udp").status, 0)

    def test_a_service_that_is_not_named(self):
        # REQ: RK-26, RK-35
        self.assertEqual(self.convert(self.get(OTHER)).status, POLICY)
        self.realm.log.assert_ordered(
            [r"krb524 user@EXT\.TEST from .* for host/server\.ext\.test@"
             r"EXT\.TEST refused: use_2b does not name the service"])
        self.assertEqual(self.convert(self.get()).status, 0)

    def test_none_by_default(self):
        # REQ: RK-35
        self.use(use_2b=None)
        self.assertEqual(self.convert(self.get()).status, POLICY)

    def test_patterns(self):
        # REQ: RK-26
        self.use(use_2b={OTHER: False, "afs/*": True, "*/*": True})
        self.assertEqual(self.convert(self.get()).status, 0)
        self.assertEqual(self.convert(self.get(OTHER)).status, POLICY)

    def test_what_cannot_be_read_refuses(self):
        # REQ: RK-35
        self.use(**{"2b_profile": {FULL: "strikt"}})
        self.assertEqual(self.convert(self.get()).status, POLICY)
        self.realm.log.assert_ordered([r"refused: 2b_profile in \[kdc\]"])


class StripTest(ServiceCase):
    """2b_strip and 2b_reencrypt."""

    def long_ticket(self):
        """One that does not fit because of authorization data."""
        return self.get(ad=krb524.if_relevant_of(1300, 4711))

    def test_a_long_ticket_becomes_short(self):
        # REQ: RK-29, RK-33
        cred = self.long_ticket()
        self.assertEqual(self.convert(cred).status, ENCFULL)
        self.use(**{"2b_strip": {FULL: True}})
        reply = self.convert(cred)
        token = krb524.Token(reply.token, self.keys()[AES256])
        self.assertLess(len(reply.token), 400)
        self.assertEqual((token.etype, token.kvno), (AES256, 1))
        self.assertFalse(token.has_authdata or token.has_addresses)
        self.assertEqual(token.session[1], cred.key)
        self.assertTrue(token.flags & 1 << 19, "transited-policy-checked")

    def test_another_key_of_the_service(self):
        # REQ: RK-30, RK-31
        cred = self.long_ticket()
        for name, etype in (("aes128-cts-hmac-sha1-96", AES128),
                            ("des-cbc-crc", DES_CBC_CRC)):
            with self.subTest(name):
                self.use(**{"2b_reencrypt": {FULL: name}})
                token = krb524.Token(self.convert(cred).token,
                                     self.keys()[etype])
                self.assertEqual((token.etype, token.kvno), (etype, 1))
                self.assertEqual(token.session[1], cred.key)
                self.assertFalse(token.has_authdata)

    def test_the_key_of_another_principal(self):
        # REQ: RK-30, RK-35
        self.realm.add("afs/old.test")
        name = "des-cbc-crc afs/old.test"
        cred = self.get()
        self.use(**{"2b_reencrypt": {FULL: name}})
        token = krb524.Token(self.convert(cred).token,
                             self.keys("afs/old.test")[DES_CBC_CRC])
        self.assertEqual(token.session[1], cred.key)
        self.realm.modify("afs/old.test", "--attributes=disallow-all-tix")
        self.assertEqual(self.convert(cred).status, POLICY)
        for other, status in (("nobody", S_UNKNOWN), (OTHER, ETYPE_NOSUPP),
                              ("krbtgt/EXT.TEST", POLICY),
                              ("kadmin/admin", POLICY)):
            with self.subTest(other):
                self.use(**{"2b_reencrypt": {FULL: "des-cbc-crc " + other}})
                self.assertEqual(self.convert(cred).status, status)

    def test_the_current_key_for_an_older_ticket(self):
        # REQ: RK-30
        self.realm.add("afs/aged.test")
        cred = self.get("afs/aged.test")
        self.realm.change_keys("afs/aged.test")
        self.use(use_2b={"afs/aged.test": True},
                 **{"2b_reencrypt": {"afs/aged.test": "des-cbc-crc"}})
        newest = max((e for e in self.realm.keys("afs/aged.test")
                      if e.etype == DES_CBC_CRC), key=lambda e: e.kvno)
        token = krb524.Token(self.convert(cred).token, newest.key)
        self.assertEqual((token.kvno, token.client), (2, "user"))

    def test_des_where_it_is_no_exception(self):
        # REQ: RK-30
        self.use(use_2b={OTHER: True}, **{"2b_reencrypt": {
            OTHER: "des-cbc-crc"}})
        self.assertEqual(self.convert(self.get(OTHER)).status, ETYPE_NOSUPP)
        self.realm.log.assert_ordered([r"refused: the encryption type of "
                                       r"2b_reencrypt is disabled"])

    def test_a_key_that_is_not_there(self):
        # REQ: RK-30
        self.use(**{"2b_reencrypt": {FULL: "des3-cbc-sha1"}})
        self.assertEqual(self.convert(self.get()).status, ETYPE_NOSUPP)

    def test_the_strict_profile(self):
        # REQ: RK-33
        self.use(**{"2b_profile": {FULL: "strict"}})
        self.assertEqual(self.convert(self.get()).status, BADKEY)
        # a DES key is not enough: the session key is AES still
        self.use(**{"2b_profile": {FULL: "strict"},
                    "2b_reencrypt": {FULL: "des-cbc-crc"}})
        self.assertEqual(self.convert(self.get()).status, BADKEY)

    def test_a_service_that_has_a_des_key_alone(self):
        """The KDC's exception for afs holds here as well."""
        # REQ: RK-26, RK-28
        self.realm.add("afs/des.test")
        self.realm.kadmin("del_enctype", "afs/des.test@EXT.TEST",
                          "aes256-cts-hmac-sha1-96",
                          "aes128-cts-hmac-sha1-96")
        for profile in "modern", "strict":
            self.use(use_2b={"afs/des.test": True},
                     **{"2b_profile": {"afs/des.test": profile},
                        "use-strongest-server-key": False})
            cred = self.get("afs/des.test", etypes=(DES_CBC_CRC,))
            token = krb524.Token(self.convert(cred).token,
                                 self.keys("afs/des.test")[DES_CBC_CRC])
            self.assertEqual((token.etype, token.client),
                             (DES_CBC_CRC, "user"))
            self.assertEqual(token.session, (DES_CBC_CRC, cred.key))
            self.no_des_for_others()
            # one that is encrypted anew in a DES key
            self.use(use_2b={FULL: True}, **{
                "2b_reencrypt": {FULL: "des-cbc-crc"}, "2b_profile": {
                    FULL: profile}})
            self.convert(self.get())
            self.no_des_for_others()

    def test_des_of_a_service_that_is_no_exception(self):
        """A ticket of when DES was allowed is not opened any more."""
        # REQ: RK-28
        name = "host/des.test"
        self.realm.add(name)
        self.realm.kadmin("del_enctype", name + "@EXT.TEST",
                          "aes256-cts-hmac-sha1-96",
                          "aes128-cts-hmac-sha1-96")
        self.addCleanup(self.restore, self.realm.sections)
        self.realm.restart(
            libdefaults={"allow_weak_crypto": True},
            kdc={"use_2b": {name: True}, "use-strongest-server-key": False})
        cred = self.get(name, etypes=(DES_CBC_CRC,))
        self.assertEqual(self.convert(cred).status, 0)
        self.realm.restart(libdefaults={"allow_weak_crypto": False})
        self.assertEqual(self.convert(cred, "tcp").status, TAMPERED)

    def test_des_that_is_no_exception_stays(self):
        """What was enabled before is enabled after a conversion."""
        # REQ: RK-28
        for name in "afs/weak.test", "host/weak.test":
            self.realm.add(name)
            self.realm.kadmin("del_enctype", name + "@EXT.TEST",
                              "aes256-cts-hmac-sha1-96",
                              "aes128-cts-hmac-sha1-96")
        self.addCleanup(self.restore, self.realm.sections)
        self.realm.restart(
            libdefaults={"allow_weak_crypto": True},
            kdc={"use_2b": {"afs/weak.test": True},
                 "use-strongest-server-key": False})
        cred = self.get("afs/weak.test", etypes=(DES_CBC_CRC,))
        self.assertEqual(self.convert(cred).status, 0)
        self.get("host/weak.test", etypes=(DES_CBC_CRC,))

    def no_des_for_others(self):
        """The exception is over when the answer is sent."""
        request = tgs.Request(self.tgt, OTHER, None, etypes=(DES_CBC_CRC,))
        answer = krb.send_kdc(self.realm.port, request.message, "tcp")
        self.assertIsInstance(answer, krb.KrbError)
        self.assertEqual(answer.code, 14)       # KDC_ERR_ETYPE_NOSUPP

    def test_an_alias(self):
        """The policy is that of the name in the database."""
        # REQ: RK-26, RK-35
        self.realm.modify(CELL, "--alias=afs@EXT.TEST")
        self.assertEqual(self.convert(self.get("afs")).status, 0)
        self.use(use_2b={FULL: False, "afs": True})
        self.assertEqual(self.convert(self.get("afs")).status, POLICY)


class SaltTest(RealmCase):
    """A service that has two keys of one encryption type."""

    realm_args = {"kadmin": {"default_keys": [
        "aes256-cts-hmac-sha1-96:pw-salt",
        "aes256-cts-hmac-sha1-96:pw-salt:salt"]},
                  "kdc": {"enable-524": True, "use_2b": {FULL: True}}}

    def test_either_key_opens_a_ticket(self):
        # REQ: RK-34
        self.realm.add(CELL, password="salted")
        keys = self.realm.keys(CELL)
        self.assertEqual([key.etype for key in keys], [AES256, AES256])
        self.assertNotEqual(keys[0].key, keys[1].key)
        for key in keys:
            ticket = ap.issue(key).ticket
            reply = krb524.ask(self.realm.port, ticket)
            self.assertEqual((reply.status, reply.token),
                             (0, krb524.enc_part(ticket)))


class ServerTest(ServiceCase):
    """What a server of the cell's says of the tokens (librxkad-2b)."""

    def verify(self, token, *keys):
        """rxkad-token's verdict, for a server that has these keys."""
        client = self.realm.new_client(libdefaults={
            "allow_weak_crypto": True})
        return client.run("rxkad-token", "verify", *keys, expect_code=None,
                          stdin="kvno 213\n%s\n" % token.hex()).output

    def key_file(self):
        """The DES key of the cell's, as AFS before 1.6.5 has it: KeyFile."""
        path = self.realm.dir / "KeyFile"
        path.write_bytes(struct.pack(">ii", 1, 1) + self.keys()[DES_CBC_CRC])
        return "--keyfile=%s" % path

    def test_what_the_kdc_makes_is_accepted(self):
        # REQ: RK-26, RK-29
        keytab = "--keytab=FILE:%s" % self.realm.ext_keytab(CELL)
        for kdc in ({}, {"2b_strip": {FULL: True}},
                    {"2b_reencrypt": {FULL: "aes128-cts-hmac-sha1-96"}},
                    {"2b_reencrypt": {FULL: "des-cbc-crc"}}):
            with self.subTest(**kdc):
                self.use(**kdc)
                said = self.verify(self.convert(self.get()).token, keytab)
                self.assertRegex(said, r"Verdict: +accepted")
                self.assertRegex(said, r"Name: +user\n")

    def test_a_server_that_has_a_des_key_alone(self):
        # REQ: RK-30
        cred = self.get()
        said = self.verify(self.convert(cred).token, self.key_file())
        self.assertNotIn("accepted", said)
        self.use(**{"2b_reencrypt": {FULL: "des-cbc-crc"}})
        said = self.verify(self.convert(cred).token, self.key_file())
        self.assertRegex(said, r"Verdict: +accepted")


class OffTest(RealmCase):
    """As upstream: nobody is there."""

    realm_args = {"kdc": {"use_2b": {FULL: True}}}

    def test_no_answer(self):
        # REQ: RK-35
        self.realm.add(CELL)
        tgt = tgs.get_tgt(self.realm)
        request = tgs.Request(tgt, CELL)
        cred = request.open(krb.send_kdc(self.realm.port, request.message))
        with self.assertRaises(ConnectionError):
            krb524.ask(self.realm.port, cred.ticket, "tcp")
        self.realm.log.assert_ordered(
            [r"Failed processing %d byte request" % len(cred.ticket)])
        self.realm.log.assert_absent("krb524")
        self.assertEqual(krb.send_kdc(self.realm.port, request.message)
                         .msg_type, krb.TGS_REP)


class PortTest(unittest.TestCase):
    """Which ports a KDC opens that is not told any."""

    def listening(self, **kdc):
        """What its log says, in a network of its own."""
        try:
            subprocess.run(["unshare", "-rn", "true"], check=True,
                           stderr=subprocess.DEVNULL)
        except (OSError, subprocess.CalledProcessError):
            self.skipTest("no network namespaces")
        with Realm(start=False, kdc=kdc) as realm:
            script = 'ip link set lo up 2>/dev/null; "$@" & kdc=$!; ' \
                'n=0; until grep -q "KDC started" "$LOG"; do ' \
                'n=$((n + 1)); test $n -lt 200 || break; sleep 0.05; ' \
                'done; kill $kdc; wait $kdc'
            env = dict(realm.daemon_env(), LOG=str(realm.dir / "kdc.log"))
            subprocess.run(
                ["unshare", "-rn", "sh", "-c", script, "sh",
                 str(realm.inst.program("kdc")),
                 "--config-file=%s" % realm.conf,
                 "--addresses=" + ports.LOOPBACK, "--testing"],
                env=env, cwd=realm.dir, stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL, check=False, timeout=60)
            return realm.log.text()

    def test_4444_when_it_is_switched_on(self):
        # REQ: RK-32, RK-35
        log = self.listening(**{"enable-524": True})
        self.assertRegex(log, r"listening on .* port 88/udp")
        for transport in "udp", "tcp":
            self.assertRegex(log, r"listening on .* port 4444/" + transport)

    def test_none_when_it_is_not(self):
        # REQ: RK-35
        for kdc in ({}, {"enable-524": False}):
            log = self.listening(**kdc)
            self.assertRegex(log, r"listening on .* port 88/udp")
            self.assertNotRegex(log, r"port 4444\b")


if __name__ == "__main__":
    unittest.main()
