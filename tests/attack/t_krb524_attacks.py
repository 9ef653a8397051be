"""The krb524 service as somebody sees it who wants more than a token: a
cannon, a way into other services, a way around what restricts a ticket.

Each attack is followed by a request that is good.
"""

import os

from realm import RealmCase
from wire import ap, der, krb524, tgs
from wire.krb524 import (
    AES256, BAD_PATH, C_UNKNOWN, POLICY, S_UNKNOWN, TAMPERED)
from wire.t_krb524 import CELL, HERE, INET, Krb524Case

KRBTGT, KADMIN, CHANGEPW = "krbtgt/EXT.TEST", "kadmin/admin", "kadmin/changepw"
EVERYBODY = {"*@*": True, "*/*@*": True}


class CannonTest(Krb524Case):
    """The answer to a datagram whose sender is forged."""

    def test_only_who_has_a_ticket_gets_more_than_he_sends(self):
        """Without one there is no answer at all, and so no amplification;
        with one it is the ratio of 1266 octets to the shortest ticket."""
        # REQ: RK-32
        ticket = self.issue()
        forged = [self.issue(key=os.urandom(32)), self.issue(spoil=True),
                  self.issue(kvno=77), self.issue(sname="nobody"),
                  self.issue(sname="krbtgt/EXT.TEST"), self.issue(vno=4),
                  self.issue(etype=1), ticket[:-1], ticket + b"\0", b"\x61\0"]
        self.assert_silent(*forged)
        reply = self.ask(ticket)
        factor = len(reply.octets) / len(ticket)
        print("a ticket of %d octets: factor %.1f" % (len(ticket), factor))
        self.assertLess(factor, 6)

    def test_an_error_is_shorter_than_any_request(self):
        # REQ: RK-32
        refused = self.issue(start=-7200, end=-3600)
        for transport in "udp", "tcp":
            reply = self.ask(refused, transport)
            self.assertEqual(len(reply.octets), 4)

    def test_answers_are_no_requests(self):
        """Two servers that are each other's forged senders do not go on for
        ever."""
        # REQ: RK-32
        self.assert_silent(self.ask(self.issue()).octets,
                           krb524.error(POLICY), krb524.error(0),
                           krb524.success(b""))


class NeverTest(RealmCase):
    """Whatever an administrator has written."""

    realm_args = {"kdc": {"enable-524": True, "use_2b": EVERYBODY,
                          "2b_strip": EVERYBODY}}

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.realm.add(CELL)
        cls.tgt = tgs.get_tgt(cls.realm)

    def ask(self, ticket):
        return krb524.ask(self.realm.port, ticket, "tcp").status

    def key_of(self, principal):
        return next(e for e in self.realm.keys(principal)
                    if e.etype == AES256)

    def assert_good(self):
        self.assertEqual(self.ask(ap.issue(self.key_of(CELL)).ticket), 0)

    def test_the_realms_own_services(self):
        # REQ: RK-35
        self.assertEqual(self.ask(self.tgt.ticket), POLICY)
        for name in KRBTGT, KADMIN, CHANGEPW:
            with self.subTest(name):
                ticket = ap.issue(self.key_of(name)).ticket
                self.assertEqual(self.ask(ticket), POLICY)
                self.realm.log.assert_ordered(
                    [r"krb524 .* for .* refused: these tickets are never"])
        self.assert_good()

    def test_their_tickets_under_another_name(self):
        """The name of a ticket is not protected; its key is."""
        # REQ: RK-35
        for name in KRBTGT, KADMIN:
            ticket = ap.issue(self.key_of(name), sname=CELL, kvno=1).ticket
            self.assertEqual(self.ask(ticket), TAMPERED)
        ticket = ap.issue(self.key_of(CELL), sname=KRBTGT).ticket
        self.assertEqual(self.ask(ticket), POLICY)
        self.assert_good()

    def test_an_alias_of_theirs(self):
        # REQ: RK-35
        self.realm.modify(KADMIN, "--alias=afs/alias.test@EXT.TEST")
        ticket = ap.issue(self.key_of(KADMIN), sname="afs/alias.test")
        self.assertEqual(self.ask(ticket.ticket), POLICY)
        self.assert_good()

    def test_the_realm_of_an_alias(self):
        """The realm of a ticket is not protected either.  Under an alias in
        another realm a deleted user of the service's realm is no stranger
        whom the database need not know, and a stranger whose path is not
        trusted is not at home."""
        # REQ: RK-24, RK-34, RK-35
        self.realm.modify(CELL, "--alias=%s@ALIAS.TEST" % CELL)
        key = self.key_of(CELL)
        alias = key._replace(principal=CELL + "@ALIAS.TEST")
        for status, kw in ((C_UNKNOWN, {"client": "deleted"}),
                           (BAD_PATH, {"realm": "ALIAS.TEST",
                                       "transited": b"EVIL.ORG",
                                       "tr_type": 1})):
            for service in key, alias:
                with self.subTest(service.principal, **kw):
                    ticket = ap.issue(service, **{"realm": "EXT.TEST",
                                                  **kw}).ticket
                    self.assertEqual(self.ask(ticket), status)
        self.assertEqual(self.ask(ap.issue(alias, realm="EXT.TEST").ticket), 0)
        self.assert_good()

    def test_the_tickets_of_another_realm(self):
        # REQ: RK-34
        self.realm.add("krbtgt/OTHER.TEST@EXT.TEST")
        foreign = self.key_of(CELL)._replace(principal=CELL + "@OTHER.TEST")
        self.assertEqual(self.ask(ap.issue(foreign).ticket), S_UNKNOWN)
        cross = ap.issue(self.key_of("krbtgt/OTHER.TEST@EXT.TEST"))
        self.assertEqual(self.ask(cross.ticket), POLICY)
        self.assert_good()


class RestrictionTest(RealmCase):
    """What restricts a ticket does not get lost with what makes it long."""

    realm_args = {"kdc": {"enable-524": True,
                          "use_2b": {"afs/*@EXT.TEST": True},
                          "2b_strip": {"afs/*@EXT.TEST": True}}}

    def setUp(self):
        super().setUp()
        self.realm.kadmin("add", "--use-defaults", "-r", CELL, expect_code=None)
        self.key = next(e for e in self.realm.keys(CELL)
                        if e.etype == AES256)

    def ask(self, **kw):
        return krb524.ask(self.realm.port, ap.issue(self.key, **kw).ticket)

    def test_critical_authorization_data(self):
        # REQ: RK-29
        for kind in (tgs.AD_KDC_ISSUED, tgs.AD_AND_OR,
                     tgs.AD_MANDATORY_FOR_KDC, tgs.AD_INITIAL_VERIFIED_CAS,
                     tgs.AD_CAMMAC, tgs.AD_WIN2K_PAC, 4711, -5):
            with self.subTest(kind):
                reply = self.ask(ad=tgs.authdata((kind, b"0\0")))
                self.assertEqual(reply.status, POLICY)
                reply = self.ask(ad=tgs.authdata(
                    tgs.if_relevant((128, b"x")), (kind, b"0\0")))
                self.assertEqual(reply.status, POLICY)
        self.assertEqual(self.ask().status, 0)

    def test_addresses_are_looked_at_before_they_go(self):
        # REQ: RK-29, RK-34
        elsewhere = [(INET, bytes([192, 0, 2, 1]))]
        self.assertEqual(self.ask(addresses=elsewhere).status, krb524.BADADDR)
        reply = self.ask(addresses=[(INET, HERE)])
        token = krb524.Token(reply.token, self.key.key)
        self.assertFalse(token.has_addresses)

    def test_the_session_key_is_never_another(self):
        # REQ: RK-31
        for etype in 17, 18:
            cred = ap.issue(self.key, session=ap.new_key(etype),
                            ad=krb524.if_relevant_of(700))
            token = krb524.Token(
                krb524.ask(self.realm.port, cred.ticket).token, self.key.key)
            self.assertEqual(token.session, cred.session)
            self.assertNotEqual(token.octets, krb524.enc_part(cred.ticket))

    def test_encrypted_anew_it_is_another_text(self):
        """A confounder each time: nothing can be told from two tokens."""
        cred = ap.issue(self.key)
        one, two = (krb524.ask(self.realm.port, cred.ticket).token
                    for _ in range(2))
        self.assertEqual(len(one), len(two))
        self.assertNotEqual(one, two)
        self.assertEqual(der.parse(one)[1].int(), self.key.kvno)
