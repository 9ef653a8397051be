"""User-to-user at the KDC: for whom a ticket is, and whose second ticket.

The requests are the independent encoder's, so that each can be wrong in one
way; MIT krb5's kvno shows that a right one is what others send.
"""

import peers
from realm import RealmCase
from wire import ap, der, krb, tgs

ENC_TKT_IN_SKEY = 1 << 3                # KDCOptions, bit 28
INVALID, ANONYMOUS = 1 << 24, 1 << 15   # TicketFlags

# RFC 4120 7.5.9
S_UNKNOWN, POLICY, BADOPTION, ETYPE_NOSUPP = 7, 12, 13, 14
SERVER_NOMATCH, MUST_USE_U2U = 26, 27
TAMPERED, EXPIRED, NOT_YET_VALID, BADKEYVER = 31, 32, 33, 44

ALICE, BOB = "alice", "bob"             # asks; accepts, and is no server


class UserToUserCase(RealmCase):
    """A realm with two users who trust nobody's keytab."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.realm.add(ALICE, password=cls.realm.password)
        cls.realm.add(BOB, password=cls.realm.password,
                      attributes="disallow-svr")
        cls.alice = tgs.get_tgt(cls.realm, ALICE)
        cls.bob = tgs.get_tgt(cls.realm, BOB)

    def ask(self, server, *additional, options=ENC_TKT_IN_SKEY, tgt=None,
            **kw):
        """(request, answer)"""
        request = tgs.Request(tgt or self.alice, server, options=options,
                              additional=additional, **kw)
        return request, krb.send_kdc(self.realm.port, request.message, "tcp")

    def issued(self, server, second, **kw):
        """The ticket for server in the session key of second's, opened."""
        request, answer = self.ask(server, second.ticket, **kw)
        self.assertEqual(answer.msg_type, krb.TGS_REP, answer)
        return ap.Ticket(request.open(answer).ticket, second.key)

    def assert_refused(self, code, server, *additional, **kw):
        """Refused with code, and a good request works afterwards."""
        _, answer = self.ask(server, *additional, **kw)
        self.assertIsInstance(answer, krb.KrbError)
        self.assertEqual(answer.code, code, answer)
        self.assertIsNone(answer.e_data)
        self.assertEqual(self.issued(BOB, self.bob).sname, BOB)

    def tgt(self, client=BOB, **kw):
        """DER of a TGT that the realm did not issue, in its own key."""
        service = kw.pop("service", None) or self.realm.krbtgt_key()
        return ap.issue(service, client=client, **kw).ticket


class TargetTest(UserToUserCase):
    """Which principals."""

    def test_a_user_to_user_ticket(self):
        # REQ: XT-79
        ticket = self.issued(BOB, self.bob)
        self.assertEqual((ticket.sname, ticket.realm, ticket.client),
                         (BOB, self.realm.name, ALICE))

    def test_a_request_that_names_nobody(self):
        ticket = self.issued(None, self.bob)
        self.assertEqual((ticket.sname, ticket.client), (BOB, ALICE))

    def test_a_principal_that_is_no_server_says_so(self):
        # REQ: XT-79
        self.assert_refused(MUST_USE_U2U, BOB, options=0)

    def test_also_to_an_as_req(self):
        # REQ: XT-79
        for client in (ALICE, "user"):
            request = krb.as_req(
                krb.req_body(self.realm.name, client, server=BOB),
                [krb.pa_enc_timestamp(tgs.enc.string_to_key(
                    self.realm.password, self.realm.name + client))])
            answer = krb.send_kdc(self.realm.port, request, "tcp")
            self.assertEqual(getattr(answer, "code", None), MUST_USE_U2U,
                             answer)

    def test_what_else_is_forbidden_stays_so(self):
        # REQ: XT-79
        self.realm.add("locked", password=self.realm.password)
        locked = tgs.get_tgt(self.realm, "locked")
        self.realm.modify("locked", "--attributes=disallow-all-tix")
        for options, additional in ((0, ()),
                                    (ENC_TKT_IN_SKEY, (locked.ticket,))):
            with self.subTest(options=options):
                self.assert_refused(POLICY, "locked", *additional,
                                    options=options)

    def test_a_server_can_have_both(self):
        service = self.realm.service.split("@")[0]
        request, answer = self.ask(service, options=0)
        self.assertEqual(answer.msg_type, krb.TGS_REP, answer)
        second = tgs.get_tgt(self.realm, "user")
        self.assertEqual(self.issued("user", second).sname, "user")


class SecondTicketTest(UserToUserCase):
    """Which second tickets."""

    def test_somebody_elses(self):
        # REQ: XT-84
        mallory = tgs.get_tgt(self.realm, "user")
        self.assert_refused(SERVER_NOMATCH, BOB, mallory.ticket)
        self.assert_refused(SERVER_NOMATCH, "user", self.bob.ticket)
        self.assert_refused(SERVER_NOMATCH, BOB + "/x", self.bob.ticket)
        self.assert_refused(SERVER_NOMATCH, BOB.upper(), self.bob.ticket)

    def test_of_the_same_name_in_another_realm(self):
        # REQ: XT-84
        self.assert_refused(SERVER_NOMATCH, BOB,
                            self.tgt(realm="OTHER.TEST"))
        self.assert_refused(SERVER_NOMATCH, BOB, self.bob.ticket,
                            realm="OTHER.TEST")

    def test_none(self):
        self.assert_refused(BADOPTION, BOB)
        self.assert_refused(BADOPTION, BOB, b"")    # a list of none

    def test_not_a_tgt(self):
        # REQ: XT-84
        service = self.realm.service.split("@")[0]
        request, answer = self.ask(service, options=0)
        self.assert_refused(POLICY, BOB, request.open(answer).ticket)

    def test_a_tgt_of_or_for_another_realm(self):
        # REQ: XT-84
        key = self.realm.krbtgt_key()
        for name in ("krbtgt/OTHER.TEST@EXT.TEST",
                     "krbtgt/EXT.TEST@OTHER.TEST", "krbtgt@EXT.TEST",
                     "krbtgt/EXT.TEST/x@EXT.TEST", "KRBTGT/EXT.TEST@EXT.TEST"):
            with self.subTest(name):
                self.assert_refused(POLICY, BOB, self.tgt(
                    service=key._replace(principal=name)))

    def test_tampered_with(self):
        # REQ: XT-84
        self.assert_refused(TAMPERED, BOB, self.tgt(spoil=True))
        self.assert_refused(TAMPERED, BOB, self.tgt(key=bytes(32)))

    def test_its_times_and_flags(self):
        self.assert_refused(EXPIRED, BOB, self.tgt(start=-7200, end=-3600))
        # the clocks of two who talk may differ; the KDC's is its own
        self.assert_refused(EXPIRED, BOB, self.tgt(start=-7200, end=-60))
        self.assert_refused(NOT_YET_VALID, BOB, self.tgt(start=7200,
                                                         end=9000))
        self.assert_refused(NOT_YET_VALID, BOB, self.tgt(flags=INVALID))

    def test_an_anonymous_one(self):
        # REQ: XT-84
        self.assert_refused(POLICY, BOB, self.tgt(flags=ANONYMOUS))

    def test_a_session_key_that_the_client_does_not_want(self):
        self.assert_refused(ETYPE_NOSUPP, BOB,
                            self.tgt(session=ap.new_key(17)))

    def test_a_key_version_that_never_was(self):
        self.assert_refused(BADKEYVER, BOB, self.tgt(kvno=77))

    def test_no_key_version(self):
        """The current key is meant."""
        request, answer = self.ask(BOB, self.tgt(kvno=None))
        self.assertEqual(answer.msg_type, krb.TGS_REP, answer)
        self.assert_refused(TAMPERED, BOB, self.tgt(kvno=None,
                                                    key=bytes(32)))

    def test_an_enctype_that_the_realm_has_no_key_of(self):
        # REQ: XT-84
        self.assert_refused(ETYPE_NOSUPP, BOB, self.tgt(etype=99))


class RolloverTest(UserToUserCase):
    """The keys of the krbtgt change while a user holds a TGT."""

    def test_a_tgt_of_the_old_keys(self):
        # REQ: XT-79
        self.realm.change_keys("krbtgt/" + self.realm.name)
        self.assertEqual(self.issued(BOB, self.bob).sname, BOB)
        new = tgs.get_tgt(self.realm, BOB)
        for second, asks in ((new, self.alice),
                             (new, tgs.get_tgt(self.realm, ALICE)),
                             (self.bob, tgs.get_tgt(self.realm, ALICE))):
            self.assertEqual(self.issued(BOB, second, tgt=asks).sname, BOB)

    def test_keys_that_are_gone(self):
        second = self.tgt(kvno=1, key=bytes(32))
        self.assert_refused(TAMPERED, BOB, second)


class OldErrorTest(UserToUserCase):
    """[kdc] u2u_error_for_disallow_svr = false."""

    realm_args = {"kdc": {"u2u_error_for_disallow_svr": False}}

    def test_is_policy(self):
        # REQ: XT-79
        self.assert_refused(POLICY, BOB, options=0)


class MitTest(UserToUserCase):
    """MIT krb5 asks our KDC."""

    def test_kvno(self):
        # REQ: XT-79
        mit = self.realm.new_client(peers.mit())
        bob = self.realm.new_client(peers.mit())
        bob.kinit(BOB, password=self.realm.password)
        mit.kinit(ALICE, password=self.realm.password)
        mit.run("kvno", BOB, expect_code=1)
        self.realm.log.assert_ordered([r"may not act as server -- bob@"])
        mit.run("kvno", "--u2u", bob.ccache, BOB)
        mit.run("kvno", "--u2u", bob.ccache, "user", expect_code=1)
        self.assertIn("bob@EXT.TEST", mit.klist().stdout)


class AuthdataTest(UserToUserCase):
    """What the client wants to have in the ticket gets there, too."""

    def test_is_copied(self):
        # REQ: XT-79
        element = tgs.if_relevant((-5, b"\x04\x09challenge"))
        ticket = self.issued(BOB, self.bob, ad=tgs.authdata(element))
        self.assertIn(element, [tuple(e) for e in ticket.ad])
        self.assertTrue(der.parse(tgs.authdata(element)))
