"""libkrb5 has tickets converted: by the KDC of the realm, by whom the
configuration or the KDC's address names.
"""

import time

from realm import Answer, RealmCase, Relay, krb524 as tool
from wire import ap, krb524
from wire.krb524 import DES3, DES_CBC_CRC

RC4 = 23
NO_ETYPE = -1765328234                  # KRB5_PROG_ETYPE_NOSUPP
MALFORMED = -1765328250                 # KRB5_PARSE_MALFORMED
TOKEN = b"a token of 32 octets, or of more"


class KdcTest(RealmCase):
    """The realm's KDC is the server."""

    realm_args = {"kdc": {"enable-524": True,
                          "use_2b": {"afs/*@EXT.TEST": True}}}

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.realm.add(tool.CELL)
        cls.key = next(e for e in cls.realm.keys(tool.CELL) if e.etype == 18)

    def client_of(self, port):
        client = self.realm.new_client(realms={"EXT.TEST": {
            "krb524_server": "127.0.0.1:%d" % port}})
        client.kinit("user", password=self.realm.password)
        return client

    def test_a_ticket_becomes_a_token(self):
        # REQ: RK-05, RK-08, RK-36
        for args in ((), ("--ccache",)):
            got = tool.convert(self.client_of(self.realm.port),
                               "afs/ext.test@EXT.TEST", *args)
            self.assertIsNone(got.error, got.text)
            self.assertEqual((got.kvno, got.length, got.mbz),
                             (213, len(got.ticket), 0))
            self.assertEqual(
                (got.service, got.instance, got.realm, got.pname, got.pinst),
                ("afs", "ext.test", "EXT.TEST", "user", ""))
            self.assertLess(abs(got.issue_date - time.time()), 300)
            self.assertEqual(got.lifetime, 127)
            token = krb524.Token(got.ticket, self.key.key)
            self.assertEqual(token.client, "user")
            self.assertEqual(got.session, krb524.rxkad_key(token.session))

    def test_a_refusal_is_the_servers(self):
        # REQ: RK-36
        got = tool.convert(self.client_of(self.realm.port),
                           self.realm.service)
        self.assertEqual(got.error, krb524.POLICY)
        self.assertIn("the krb524 server refused", got.text)
        self.assertTrue(got.empty)

    def test_a_ticket_that_is_long_goes_on_a_stream(self):
        relay = self.enter(Relay(self.realm.port))
        client = self.realm.new_client(
            realms={"EXT.TEST": {"krb524_server": "127.0.0.1:%d" %
                                 relay.port}},
            libdefaults={"large_message_size": 100})
        client.kinit("user", password=self.realm.password)
        self.assertIsNone(tool.convert(client).error)
        self.assertEqual({m.transport for m in relay.messages}, {"tcp"})

    def test_the_port_of_the_kdc_without_a_server(self):
        # REQ: RK-36
        client = self.realm.new_client(logging={
            "krb5": "0-/FILE:%s" % (self.realm.dir / "find.log")})
        client.kinit("user", password=self.realm.password)
        got = tool.convert(client)
        log = (self.realm.dir / "find.log").read_text()
        self.assertRegex(log, r"udp 127\.0\.0\.1:4444 \(127\.0\.0\.1\)")
        self.assertRegex(log, r"tcp 127\.0\.0\.1:4444 \(127\.0\.0\.1\)")
        self.assertEqual(got.error, -1765328228)


class StrictTest(RealmCase):
    """Servers of 2003: DES for the key of the service and of the session."""

    realm_args = {
        "kadmin": {"default_keys": ["aes256-cts-hmac-sha1-96:pw-salt",
                                    "des-cbc-crc:pw-salt"]},
        "kdc": {"enable-524": True, "use_2b": {"afs/*": True},
                "2b_profile": {"afs/*": "strict"},
                "2b_reencrypt": {"afs/*": "des-cbc-crc"}}}

    def setUp(self):
        super().setUp()
        self.realm.kadmin("add", "--use-defaults", "-r",
                          tool.CELL + "@EXT.TEST", expect_code=None)
        self.key = next(e.key for e in self.realm.keys(tool.CELL)
                        if e.etype == DES_CBC_CRC)

    def convert(self, *args, **libdefaults):
        client = self.realm.new_client(
            libdefaults=libdefaults, realms={"EXT.TEST": {
                "krb524_server": "127.0.0.1:%d" % self.realm.port}})
        client.kinit("user", password=self.realm.password)
        return tool.convert(client, "afs/ext.test@EXT.TEST", *args)

    def test_a_ticket_with_a_des_key_is_got(self):
        # REQ: RK-30, RK-33, RK-36
        got = self.convert("--ccache", allow_weak_crypto=True)
        self.assertIsNone(got.error, got.text)
        token = krb524.Token(got.ticket, self.key)
        self.assertEqual(token.session, (DES_CBC_CRC, got.session))
        self.assertLessEqual(got.length, krb524.STRICT_LENGTH)

    def test_none_where_des_is_not_allowed(self):
        # REQ: RK-33, RK-36
        for args, weak in ((("--ccache",), False), ((), True)):
            got = self.convert(*args, allow_weak_crypto=weak)
            self.assertEqual(got.error, krb524.BADKEY)
            self.assertTrue(got.empty)


class LocalTest(RealmCase):
    """What libkrb5 adds to the server's answer, or needs before it asks."""

    realm_args = {"start": False}

    def setUp(self):
        super().setUp()
        self.server = self.enter(Relay(
            hook=lambda *_: Answer(krb524.success(TOKEN))))
        self.client = self.realm.new_client(realms={"EXT.TEST": {
            "krb524_server": "127.0.0.1:%d" % self.server.port}})

    def test_session_keys(self):
        # REQ: RK-04, RK-05
        for etype, length in ((DES_CBC_CRC, 8), (3, 8), (DES3, 24), (RC4, 16),
                              (17, 16), (18, 32), (20, 32)):
            with self.subTest(etype):
                key = bytes(range(1, length + 1))
                session = tool.give(self.client, (etype, key))
                got = tool.convert(self.client)
                self.assertIsNone(got.error, got.text)
                self.assertEqual(got.session, key if length == 8 else
                                 krb524.rxkad_key(session))
                self.assertEqual(got.ticket, TOKEN)

    def test_session_keys_of_no_use(self):
        # REQ: RK-05
        for etype, length in ((-128, 16), (0, 8)):
            tool.give(self.client, (etype, bytes(length)))
            got = tool.convert(self.client)
            self.assertEqual(got.error, NO_ETYPE)
            self.assertTrue(got.empty)
        self.assertEqual(self.server.requests(), [])

    def test_names_of_no_use(self):
        # REQ: RK-36
        for service in "afs/" + 40 * "x", "a/b/c":
            tool.give(self.client, service=service)
            got = tool.convert(self.client, service + "@EXT.TEST")
            self.assertEqual(got.error, MALFORMED)
            self.assertTrue(got.empty)
        self.assertEqual(self.server.requests(), [])

    def test_the_request_is_the_ticket(self):
        # REQ: RK-32
        ticket = ap.empty_ticket(type("S", (), {"principal": "afs@X"}))
        tool.give(self.client, ticket=ticket)
        tool.convert(self.client)
        self.assertEqual(self.server.requests(), [ticket])

    def test_lifetimes(self):
        # REQ: RK-36
        for seconds, units in ((299, 0), (300, 1), (3899, 12), (38099, 126),
                               (38100, 127), (864000, 127)):
            tool.give(self.client, start=0, end=seconds)
            self.assertEqual(tool.convert(self.client).lifetime, units)
