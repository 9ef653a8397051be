"""afslog: the token that a cache manager gets for a ticket, and what is said
when it gets none.
"""

import os
import time

from realm import Answer, RealmCase, Relay
from realm.afslog import CELL, afslog, give, settoken5
from realm.conf import render
from realm.keytab import Entry
from wire import ap, krb524
from wire.krb524 import AES256, DES3, rxkad_key
from wire.t_krb524 import Krb524Case

DES, AES256_SHA2 = 1, 20
NAME = "afs/%s@EXT.TEST" % CELL
LONGEST, QUIET_UP_TO = 12000, 8440


def ticket_of(length=None, etype=AES256, kvno=1):
    """A ticket whose 2b token has that many octets; nobody can open it."""
    service = Entry(NAME, kvno, etype, os.urandom(32))
    if length is None:
        return ap.issue(service).ticket
    for client in ("u" * n for n in range(1, 9)):   # DER leaves lengths out
        extra = max(length - 400, 0)
        for _ in range(8):
            ticket = ap.issue(service, client=client,
                              ad=krb524.if_relevant_of(extra)).ticket
            missing = length - len(krb524.enc_part(ticket))
            if missing == 0:
                return ticket
            extra = max(extra + missing, 0)
    raise AssertionError("no ticket has a token of %d octets" % length)


class TokenCase(RealmCase):
    """A client with a ticket, in a realm without a KDC."""

    realm_args = {"start": False}

    def setUp(self):
        super().setUp()
        self.client = self.realm.new_client()

    def configure(self, use_524=None, profile=None, **sections):
        """A client with these options."""
        options = {"afs-use-524": use_524, "rxkad_2b_profile": profile}
        self.client = self.realm.new_client(
            appdefaults={"libkafs": {k: v for k, v in options.items() if v}},
            **sections)

    def log(self, **kw):
        """afslog with a ticket of this kind."""
        ticket = kw.pop("ticket", None) or ticket_of()
        self.session = give(self.client, ticket=ticket, **kw)
        self.ticket = ticket
        return afslog(self.client)

    def assert_2b(self, result):
        self.assertEqual(result.rc, 0, result.text)
        token = result.token
        self.assertEqual(token.kvno, 213)
        self.assertEqual(token.ticket, krb524.enc_part(self.ticket))
        self.assertEqual(token.key, rxkad_key(self.session))
        self.assertEqual(token.cell, CELL.encode() + b"\0")

    def assert_native(self, result):
        self.assertEqual(result.rc, 0, result.text)
        self.assertEqual(result.token.kvno, 256)
        self.assertEqual(result.token.ticket, self.ticket)

    def assert_none(self, result, *texts):
        self.assertEqual(result.rc, 1, result.text)
        self.assertIsNone(result.token)
        for text in texts:
            self.assertIn(text, result.text)


class LocalTest(TokenCase):
    """Made of the ticket here."""

    def test_2b_is_the_default(self):
        # REQ: RK-01, RK-02, RK-08, RK-25
        self.assert_2b(self.log())
        for word in "2b", "local", "2B":
            self.configure(word)
            self.assert_2b(self.log())

    def test_the_octets_are_the_kdcs(self):
        """A key's version that is not there is not added."""
        # REQ: RK-01
        for kvno in None, 0, 255, 2 ** 31 - 1:
            with self.subTest(kvno):
                self.assert_2b(self.log(ticket=ticket_of(kvno=kvno)))

    def test_the_whole_ticket(self):
        # REQ: RK-08, RK-37
        for word in "no", "256", "false", "0", "something":
            with self.subTest(word):
                self.configure(word)
                self.assert_native(self.log())

    def test_a_cells_own_setting(self):
        self.client = self.realm.new_client(appdefaults={
            "libkafs": {"afs-use-524": "2b", CELL.upper(): {
                "afs-use-524": "no"}}})
        self.assert_native(self.log())

    def test_session_keys(self):
        # REQ: RK-04, RK-05
        for etype, length in ((DES, 8), (DES3, 24), (AES256, 32), (23, 16),
                              (AES256_SHA2, 32)):
            with self.subTest(etype):
                key = bytes(range(1, length + 1))
                self.assert_2b(self.log(session=(etype, key)))

    def test_the_cache_stays_as_it_is(self):
        # REQ: RK-05
        result = self.log(session=(DES3, bytes(range(1, 25))))
        before = (self.client.dir / "ccache").read_bytes()
        again = afslog(self.client)
        self.assertEqual(again.token.key, result.token.key)
        self.assertEqual((self.client.dir / "ccache").read_bytes(), before)

    def test_times(self):
        # REQ: RK-02, RK-40
        now = int(time.time())
        for start, end, authtime, begin in ((-60, 3600, None, -60),
                                            (-60, 3601, -90, -60),
                                            (None, 3600, -90, -90),
                                            (None, 3601, -90, -90)):
            with self.subTest(start=start, end=end):
                token = self.log(start=start, end=end,
                                 authtime=authtime).token
                self.assertLess(abs(token.begin - now - begin), 30)
                self.assertLess(abs(token.end - now - end), 30)
                self.assertEqual((token.end - token.begin) % 2,
                                 os.getuid() != 0)


class LimitTest(TokenCase):
    """What a token may be, and what is said of one that is not."""

    def test_long_tokens(self):
        # REQ: RK-06
        for length in 343, 344, 2001, 2041, 3241, QUIET_UP_TO:
            with self.subTest(length):
                result = self.log(ticket=ticket_of(length))
                self.assert_2b(result)
                self.assertEqual(result.text.strip(), "")

    def test_a_warning_above_what_servers_answer_to(self):
        # REQ: RK-06
        for length in QUIET_UP_TO + 1, LONGEST - 1, LONGEST:
            with self.subTest(length):
                result = self.log(ticket=ticket_of(length))
                self.assert_2b(result)
                self.assertRegex(result.text, "ext.test has %d octets: "
                                 "servers of OpenAFS" % length)

    def test_too_long(self):
        # REQ: RK-06, RK-25
        for length in LONGEST + 1, 20000, 65536:
            with self.subTest(length):
                result = self.log(ticket=ticket_of(length))
                self.assert_none(result, "too many for a token of the "
                                 "profile modern (12000)", "2b_strip",
                                 "has %d octets" % len(self.ticket))
        self.configure("no")
        self.assert_none(self.log(ticket=ticket_of(LONGEST)),
                         "too many for a token")

    def test_the_strict_profile(self):
        # REQ: RK-07
        des = {"session": (DES, bytes(range(1, 9)))}
        for how in ({"profile": "strict"},
                    {"libkafs": {"rxkad_2b_profile": "strict"}}):
            self.configure(**how)
            self.assert_2b(self.log(ticket=ticket_of(etype=DES), **des))
            self.assert_2b(self.log(ticket=ticket_of(344, DES), **des))
            self.assert_none(self.log(ticket=ticket_of(345, DES), **des),
                             "profile strict (344)")
            self.assert_none(self.log(ticket=ticket_of(etype=DES)),
                             "does not suit the profile strict")
            self.assert_none(self.log(**des), "does not suit the profile "
                             "strict")

    def test_a_profile_that_is_not_known(self):
        # REQ: RK-07
        self.configure(profile="strikt")
        self.assert_none(self.log(), '"strikt", neither strict nor modern')

    def test_what_is_no_ticket(self):
        # REQ: RK-06
        for octets in b"x", b"\x61\x84\xff\xff\xff\xff", ticket_of()[:-1]:
            self.assert_none(self.log(ticket=octets))

    def test_a_session_key_of_no_use(self):
        # REQ: RK-05
        self.assert_none(self.log(session=(-128, bytes(16))))
        self.assert_2b(self.log())


class ServerTest(TokenCase):
    """afs-use-524 = yes: a krb524 server's token, or our own."""

    def setUp(self):
        super().setUp()
        self.reply = None
        self.server = self.enter(Relay(hook=lambda *_: self.reply and Answer(
            self.reply)))
        self.use("yes")

    def use(self, word, weak=False, **kw):
        self.configure(word, realms={"EXT.TEST": {
            "krb524_server": "127.0.0.1:%d" % self.server.port}},
            libdefaults={"kdc_timeout": "1s", "allow_weak_crypto": weak},
            **kw)

    def test_its_token(self):
        # REQ: RK-37
        other = krb524.enc_part(ticket_of())
        self.reply = krb524.success(other)
        for word in "yes", "524", "true", "1", "YES":
            with self.subTest(word):
                self.use(word)
                result = self.log()
                self.assertEqual(result.rc, 0, result.text)
                self.assertEqual((result.token.kvno, result.token.ticket),
                                 (213, other))
                self.assertEqual(result.token.key, rxkad_key(self.session))
                self.assertEqual((result.token.end - result.token.begin) % 2,
                                 os.getuid() != 0)
        self.assertEqual(self.server.requests()[-1], self.ticket)

    def test_a_ticket_without_a_cache(self):
        """kafs_settoken5() has none for the server's other ticket."""
        # REQ: RK-37
        other = krb524.enc_part(ticket_of())
        self.reply = krb524.success(other)
        ticket = ticket_of()
        self.use("yes", weak=True)
        give(self.client, ticket=ticket)
        result = settoken5(self.client)
        self.assertEqual(result.rc, 0, result.text)
        self.assertEqual((result.token.kvno, result.token.ticket),
                         (213, other))
        self.assertEqual(self.server.requests(), [ticket])
        # with a cache, one with a DES key would be got for this
        self.reply = krb524.error(krb524.BADKEY)
        result = settoken5(self.client)
        self.assertEqual(result.rc, 0, result.text)
        self.assertEqual(result.token.ticket, krb524.enc_part(ticket))

    def test_a_ticket_of_kerberos_4(self):
        # REQ: RK-37
        self.reply = krb524.success(b"a ticket of Kerberos 4", kvno=7)
        token = self.log().token
        self.assertEqual((token.kvno, token.ticket),
                         (7, b"a ticket of Kerberos 4"))

    def test_our_own_when_it_does_not_give_one(self):
        # REQ: RK-25, RK-36, RK-37
        token = krb524.enc_part(ticket_of())
        for reply in (krb524.error(krb524.POLICY), krb524.error(0), b"x",
                      krb524.success(b"no DER"), krb524.success(token + b"x"),
                      krb524.success(token, length=2000)):
            with self.subTest(reply[:12].hex()):
                self.reply = reply
                self.assert_2b(self.log())
        self.reply = None
        self.assert_2b(self.log())

    def test_the_profile_is_the_servers_too(self):
        # REQ: RK-07
        self.reply = krb524.success(krb524.enc_part(ticket_of()))
        self.use("yes", profile="strict")
        self.assert_none(self.log(), "does not suit the profile strict")

    def test_the_profile_is_the_session_keys_too(self):
        """A server has the key of the service changed, not the session's."""
        # REQ: RK-07
        self.reply = krb524.success(krb524.enc_part(ticket_of(etype=DES)))
        self.use("yes", profile="strict")
        self.assert_none(self.log(), "does not suit the profile strict")
        result = self.log(session=(DES, bytes.fromhex("0123456789abcdef")))
        self.assertEqual(result.token.ticket, self.reply[12:][
            :len(result.token.ticket)])

    def test_nobody_is_asked_otherwise(self):
        # REQ: RK-37
        for word in "2b", "no":
            self.use(word)
            self.log()
        self.assertEqual(self.server.requests(), [])


class KdcTest(Krb524Case):
    """All of it: a ticket too long for a reply, stripped by the KDC."""

    realm_args = {"kdc": {"enable-524": True,
                          "use_2b": {NAME: True}, "2b_strip": {NAME: True}}}

    def test_afslog_with_the_realms_kdc(self):
        # REQ: RK-25, RK-29, RK-37
        client = self.realm.new_client(
            appdefaults={"libkafs": {"afs-use-524": "yes"}},
            realms={"EXT.TEST": {"krb524_server": "127.0.0.1:%d" %
                                 self.realm.port}})
        client.kinit("user", password=self.realm.password)
        token = afslog(client).token
        opened = krb524.Token(token.ticket, self.key.key)
        self.assertEqual((token.kvno, opened.client), (213, "user"))
        self.assertEqual(token.key, rxkad_key(opened.session))
        self.assertFalse(opened.has_authdata)
        self.realm.log.assert_ordered([r"krb524 user@EXT\.TEST from"])


class OldServersTest(RealmCase):
    """A cell whose servers are of 2003, in a realm with AES."""

    realm_args = {
        "kadmin": {"default_keys": ["aes256-cts-hmac-sha1-96:pw-salt",
                                    "des-cbc-crc:pw-salt"]},
        "kdc": {"enable-524": True, "use_2b": {NAME: True},
                "2b_profile": {NAME: "strict"},
                "2b_reencrypt": {NAME: "des-cbc-crc"}}}

    def log(self, **libdefaults):
        client = self.realm.new_client(
            appdefaults={"libkafs": {"afs-use-524": "yes",
                                     "rxkad_2b_profile": "strict"}},
            libdefaults=libdefaults, realms={"EXT.TEST": {
                "krb524_server": "127.0.0.1:%d" % self.realm.port}})
        client.kinit("user", password=self.realm.password)
        return afslog(client)

    def test_des_for_both_keys(self):
        # REQ: RK-07, RK-30, RK-37
        self.realm.add(NAME)
        key = next(e.key for e in self.realm.keys(NAME) if e.etype == DES)
        token = self.log(allow_weak_crypto=True).token
        opened = krb524.Token(token.ticket, key)
        self.assertEqual((token.kvno, opened.client), (213, "user"))
        self.assertEqual(opened.session, (DES, token.key))
        refused = self.log()
        self.assertIsNone(refused.token)
        self.assertIn("does not suit the profile strict", refused.text)


class ConfigTest(RealmCase):
    """verify_krb5_conf knows what is new."""

    realm_args = {"start": False}

    def verify(self, **sections):
        path = self.realm.dir / "verify.conf"
        path.write_text(render(sections))
        return self.realm.client.run("verify_krb5_conf", str(path),
                                     expect_code=None).output

    def test_words(self):
        good = self.verify(
            libkafs={"rxkad_2b_profile": "strict"},
            appdefaults={"libkafs": {"afs-use-524": "524",
                                     "rxkad_2b_profile": "modern"}},
            realms={"EXT.TEST": {"krb524_server": "localhost:4444"}},
            kdc={"enable-524": True, "use_2b": {NAME: True},
                 "2b_strip": {NAME: True}, "2b_profile": {NAME: "strict"},
                 "2b_reencrypt": {NAME: "des-cbc-crc"}})
        for word in "2b", "524", "libkafs":
            self.assertNotIn(word, good)
        bad = self.verify(libkafs={"rxkad_2b_profile": "strikt"},
                          appdefaults={"libkafs": {"afs-use-524": "3"}})
        self.assertIn('"strikt" is not one of strict, modern', bad)
        self.assertIn("afs-use-524", bad)


