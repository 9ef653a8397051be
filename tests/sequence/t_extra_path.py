"""A service that does not accept the realms which a ticket has come through:
with extra context tokens the initiator comes by others.

    A, the client's realm, trusts B and C; they trust D, the service's.
    E is another way from B to D: none from A to E but by B.
"""

import shutil
import unittest

import peers
from realm.extra import MUTUAL, ExtraCase, Server, kinds
from realm.realms import Realms
from realm.talk import Stub
from wire import ap, gss, krb
from wire import krb_error2 as k2

A, B, C, D, E = ("%s.TEST" % letter for letter in "ABCDE")
TRUSTS = [(A, B), (A, C), (B, D), (C, D), (B, E), (E, D)]
HOST = "host/server.d.test@" + D
FOUR = ["AP-REQ", "KRB-ERROR2 continue", "AP-REQ", "AP-REP"]
KRB5_BASE = -1765328384                 # error 0 of the protocol, as minor
FAILURE = 13 << 16
REPEAT, ILL_CR_TKT, PATH_NOT_ACCEPTED = 34, 43, 51


def capaths(*hops, client=A):
    """[capaths] with these realms on the way to D."""
    return {client: {D: list(hops)}}


class PathCase(ExtraCase):
    """Realms A to E, of which D is `realm`; `client` goes by B, and has C to
    choose from."""

    initiator_name = "user@" + A
    unchecked = ("--no-transit-check",) # D's KDC leaves it to the service

    @classmethod
    def make_realm(cls):
        cls.realms = cls.enter_for_class(cls.make_realms())
        return cls.realms[D]

    @classmethod
    def make_realms(cls):
        """D's KDC has a policy of its own, which it does not insist on."""
        return Realms(TRUSTS, own={
            A: {"capaths": {A: {E: [B]}}},
            D: {"kdc": {"transited-policy": "always-honour-request"},
                "capaths": capaths(C)}})

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.server = Server(cls, capaths=capaths(C))
        cls.client = cls.client_by(B, C)

    @classmethod
    def client_by(cls, *hops, **sections):
        """A client of A that goes by the first of the realms."""
        return cls.realms.client(A, capaths=capaths(*hops), **sections)

    def setUp(self):
        self.realm.log.mark()
        self.begin(self.client)

    def begin(self, client, flags=()):
        """A ticket that has come through B."""
        client.kinit("user@" + A, *flags, password=self.realm.password)
        client.kgetcred(HOST, *self.unchecked)
        self.assertIn("krbtgt/D.TEST@B.TEST", client.klist().stdout)
        return client

    @staticmethod
    def tickets(client):
        """What klist -v says of each ticket for the service."""
        return [text for text in client.klist("-v").stdout.split("\n\n")
                if "Server: " + HOST in text]

    def refused(self, ours, theirs, exchange, tokens,
                theirs_code=PATH_NOT_ACCEPTED):
        """Nobody gets in, and both know that it is the path."""
        self.assertFalse(ours.complete, ours)
        self.nobody(theirs)
        self.assertEqual(kinds(exchange), tokens)
        for line, code in ((ours, PATH_NOT_ACCEPTED), (theirs, theirs_code)):
            self.assertEqual((line.major & 0xffff0000,
                              line.minor - KRB5_BASE), (FAILURE, code), line)

    def gives_up(self, client):
        """It finds no other way, and leaves its cache as it was."""
        before = (client.dir / "ccache").read_bytes()
        self.refused(*self.server.play(client=client), [
            "AP-REQ", "KRB-ERROR2 continue", "KRB-ERROR2 final"])
        self.assertEqual((client.dir / "ccache").read_bytes(), before)
        self.good()

    def good(self):
        """A client that has gone the way which is accepted."""
        client = self.client_by(C)
        client.kinit("user@" + A, password=self.realm.password)
        ours, theirs, _ = self.server.play(client=client)
        self.complete(ours, theirs, tokens="2")

    def recovers(self, client, mech="krb5", **play):
        """Four tokens, and two the next time."""
        before = client.klist().stdout
        ours, theirs, exchange = self.server.play(client=client, mech=mech,
                                                  **play)
        self.complete(ours, theirs, tokens="4", recovered="yes",
                      confirmed="no", protection="challenge")
        self.assertEqual(kinds(exchange)[:4], FOUR)
        ours, theirs, _ = self.server.play(client=client, mech=mech)
        self.complete(ours, theirs, tokens="2", recovered="no")
        after = client.klist().stdout
        # the TGTs are the same, and one ticket for the service is good
        for text in (before, after):
            self.assertEqual(len([line for line in text.splitlines() if HOST
                                  in line and "Expired" not in line]), 1,
                             text)
        self.assertEqual([line for line in before.splitlines()
                          if "krbtgt/" in line],
                         [line for line in after.splitlines()
                          if "krbtgt/" in line])


class Recovery(PathCase):
    """Heimdal's KDCs; D's does as the client asks, and does not check."""

    def test_another_capath(self):
        # REQ: XT-58, XT-62, XT-74
        self.recovers(self.client)
        self.realm.log.assert_ordered([r"A.TEST -> D.TEST via \[B.TEST\]",
                                       r"A.TEST -> D.TEST via \[C.TEST\]"])

    def test_another_capath_with_spnego(self):
        # REQ: XT-58
        self.recovers(self.client, "spnego")

    def test_without_extra_tokens(self):
        """Off on either side, each connection fails, as it does where the
        initiator or the acceptor is unpatched."""
        # REQ: XT-58, XT-10
        legacy = self.begin(self.client_by(
            B, C, gssapi={"extra_context_tokens": False}))
        old = Server(type(self), capaths=capaths(C),
                     extra_context_tokens=False)
        for client, server in ((legacy, self.server), (self.client, old)):
            for _ in range(2):
                ours, theirs, exchange = server.play(client=client)
                self.assertFalse(ours.complete, ours)
                self.nobody(theirs)
                self.assertEqual(kinds(exchange), ["AP-REQ",
                                                   "KRB-ERROR 43"])

    def test_unpatched(self):
        # REQ: XT-58, XT-10
        inst = peers.heimdal_unpatched()
        client = self.client_by(B, C, inst=inst)
        shutil.copy(self.client.dir / "ccache", client.dir / "ccache")
        old = Server(type(self), inst=inst, capaths=capaths(C))
        for who, server in ((client, self.server), (self.client, old)):
            ours, theirs, exchange = server.play(client=who)
            self.assertFalse(ours.complete, ours)
            self.assertFalse(theirs.complete, theirs)
            self.assertNotIn("KRB-ERROR2 continue", kinds(exchange))
        self.recovers(self.client)

    def test_referral(self):
        """[capaths] has no other, but the KDC of A refers to one."""
        # REQ: XT-58
        self.realms[A].restart(capaths={A: {E: [B], D: [C]}})
        self.addCleanup(self.realms[A].restart,
                        capaths={A: {E: [B], D: None}})
        self.recovers(self.begin(self.client_by(B)))

    def test_ticket_by_referral(self):
        """Then no TGT in the cache says which way it has come."""
        # REQ: XT-58
        self.realms[A].restart(capaths={A: {E: [B], D: [B]}})
        self.addCleanup(self.realms[A].restart,
                        capaths={A: {E: [B], D: None}})
        referred = self.realms.client(A, capaths=None)
        referred.kinit("user@" + A, password=self.realm.password)
        referred.kgetcred(HOST, *self.unchecked)
        self.assertNotIn("krbtgt/D.TEST", referred.klist().stdout)
        client = self.client_by(B, C)
        shutil.copy(referred.dir / "ccache", client.dir / "ccache")
        self.recovers(client)
        self.realm.log.assert_ordered([r"A.TEST -> D.TEST via \[B.TEST\]",
                                       r"A.TEST -> D.TEST via \[C.TEST\]"])
        shutil.copy(referred.dir / "ccache", client.dir / "ccache")
        alone = self.client_by(B)
        shutil.copy(referred.dir / "ccache", alone.dir / "ccache")
        self.gives_up(alone)

    def test_no_alternative(self):
        # REQ: XT-58, XT-32
        client = self.begin(self.client_by(B))
        self.realms[B].log.mark()
        self.gives_up(client)
        self.realms[B].log.assert_absent("TGS-REQ")

    def test_alternative_that_is_none(self):
        """The way to E goes by B: who does not accept B alone does not accept
        both, and D is not asked."""
        # REQ: XT-58
        client = self.begin(self.client_by(B, E))
        self.realm.log.mark()
        self.realms[E].log.mark()
        before = self.realm.log.count("TGS-REQ")
        self.refused(*self.server.play(client=client), [
            "AP-REQ", "KRB-ERROR2 continue", "KRB-ERROR2 final"])
        self.realms[E].log.assert_ordered([r"TGS-REQ user@A.TEST"])
        self.assertEqual(self.realm.log.count("TGS-REQ"), before)
        self.good()

    def test_unreachable_alternative(self):
        # REQ: XT-58
        client = self.begin(self.client_by(B, C, realms={
            C: {"kdc": "127.0.0.1:1"}}))
        self.gives_up(client)

    def test_kdc_that_refuses_the_alternative(self):
        """The policy of D's KDC holds."""
        # REQ: XT-58
        self.realm.restart(capaths=capaths(B))
        self.addCleanup(self.realm.restart, capaths=capaths(C))
        before = (self.client.dir / "ccache").read_bytes()
        self.refused(*self.server.play(), [
            "AP-REQ", "KRB-ERROR2 continue", "KRB-ERROR2 final"])
        self.assertEqual((self.client.dir / "ccache").read_bytes(), before)

    def test_many_names(self):
        """However long the list is, the work is bounded."""
        # REQ: XT-58
        client = self.begin(self.client_by(B, *[
            "NOWHERE%d.TEST" % n for n in range(200)]))
        log = self.realms[A].log
        log.mark()
        self.gives_up(client)
        self.assertLessEqual(log.count(r"TGS-REQ user@A.TEST.* for krbtgt/N"),
                             24)

    def test_ok_as_delegate(self):
        """Each TGT on the new way has to have it, too."""
        # REQ: XT-58
        self.realm.modify(HOST, "--attributes=+ok-as-delegate")
        self.addCleanup(self.realm.modify, HOST,
                        "--attributes=-ok-as-delegate")
        for trusted in (True, False):
            sign = "+" if trusted else "-"
            for name, principal in ((A, "krbtgt/C.TEST@A.TEST"),
                                    (C, "krbtgt/D.TEST@C.TEST")):
                self.realms[name].modify(
                    principal, "--attributes=%sok-as-delegate" % sign)
            client = self.begin(self.client_by(B, C))
            self.recovers(client)
            ticket = self.tickets(client)[-1]
            self.assertEqual("ok-as-delegate" in ticket, trusted, ticket)


class Unchecked(PathCase):
    """D has MIT's KDC, that leaves all checks to the service."""

    unchecked = ()

    @classmethod
    def make_realms(cls):
        return Realms(TRUSTS, mit={D: peers.mit()}, own={D: {
            "kdc_realm": {"reject_bad_transit": "false"}}})

    def test_another_capath(self):
        """Neither ticket was checked by the KDC; the service does."""
        # REQ: XT-58
        self.recovers(self.client)
        for ticket in self.tickets(self.client):
            self.assertNotIn("transited-policy-checked", ticket)

    def test_second_failure(self):
        """One error is recovered from; the cache is as it was."""
        # REQ: XT-58, XT-50
        server = Server(type(self), capaths=capaths("OTHER.TEST"))
        before = (self.client.dir / "ccache").read_bytes()
        self.refused(*server.play(), FOUR[:3] + ["KRB-ERROR2 final"],
                     ILL_CR_TKT)
        self.assertEqual((self.client.dir / "ccache").read_bytes(), before)
        self.good()


class Script(PathCase):
    """The acceptor is a script that holds the key of the service."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.key = cls.realm.newest_key(HOST)
        cls.stub = cls.enter_for_class(Stub())

    def play(self, script, *args, ask=MUTUAL):
        """One exchange with script(Wire, ap.Acceptor)."""
        return self.stub.play(
            self.client, lambda wire: script(wire, ap.Acceptor(self.key.key)),
            "--mech=krb5", "--service=host@server.d.test", "--flags=" + ask,
            *args)

    def test_second_request(self):
        """What stays, and what is another: the ticket, and the subkey, which
        KDCs on the refused path can read."""
        # REQ: XT-58, XT-34, XT-36, XT-38, XT-94
        def script(wire, acceptor):
            first = acceptor.take(wire.receive())
            second = acceptor.take(wire.ask(acceptor.error2(code,
                                                            which=level)))
            wire.send(acceptor.ap_rep())
            wire.accept_messages(acceptor.messages())
            return first, second, acceptor.challenge
        for code, level in ((PATH_NOT_ACCEPTED, k2.KEY_SUBKEY),
                            (ILL_CR_TKT, k2.KEY_SUBKEY),
                            (PATH_NOT_ACCEPTED, k2.KEY_SESSION),
                            (ILL_CR_TKT, k2.KEY_SESSION)):
            with self.subTest(code=code, level=level):
                self.begin(self.client)
                line, (first, second, quoted) = self.play(
                    script, "--bindings=one")
                self.assertTrue(line.complete, line)
                self.assertEqual((line.tokens, line.recovered), ("4", "yes"))
                self.assertEqual((first.ticket.transited,
                                  second.ticket.transited),
                                 (B.encode(), C.encode()))
                for name in ("options", "sealed_options", "flags", "bound",
                             "client", "realm", "seq"):
                    self.assertEqual(getattr(second, name),
                                     getattr(first, name), name)
                for name in ("sname", "realm", "client", "crealm"):
                    self.assertEqual(getattr(second.ticket, name),
                                     getattr(first.ticket, name), name)
                self.assertEqual(second.ticket.session[0],
                                 first.ticket.session[0])
                self.assertEqual(second.challenge, quoted)
                self.assertNotIn(second.subkey, (None, first.subkey))
                self.assertEqual(second.flags & 63, ap.ALL)

    def test_delegation(self):
        """The credential is sent again, under the new ticket's key."""
        # REQ: XT-58, XT-49
        def script(wire, acceptor):
            first = acceptor.take(wire.receive())
            second = acceptor.take(wire.ask(acceptor.error2(
                PATH_NOT_ACCEPTED)))
            wire.send(acceptor.ap_rep())
            wire.accept_messages(acceptor.messages())
            return first, second
        self.begin(self.client, ["--forwardable"])
        line, (first, second) = self.play(script, ask=MUTUAL + ",deleg")
        self.assertTrue(line.complete, line)
        self.assertEqual((first.flags & 1, second.flags & 1), (1, 1))
        self.assertTrue(first.delegated)
        self.assertTrue(second.delegated)
        self.assertNotEqual(first.delegated, second.delegated)

    def answer(self, make):
        """The first request is answered, and nothing comes of it: no other
        request, no KDC asked, nothing stored."""
        before = (self.client.dir / "ccache").read_bytes()
        for realm in self.realms.realms.values():
            realm.log.mark()

        def script(wire, acceptor):
            acceptor.take(wire.receive())
            token = wire.ask(make(acceptor))
            if token is not None:
                self.assertEqual(gss.describe(token), "KRB-ERROR2 final")
                self.assertIsNone(wire.receive())
        line, _ = self.play(script)
        self.assertEqual(line.outcome, "gss-error", line)
        for realm in self.realms.realms.values():
            realm.log.assert_absent("TGS-REQ")
        self.assertEqual((self.client.dir / "ccache").read_bytes(), before)

    def test_forged(self):
        """Anybody can say so; nobody is believed."""
        # REQ: XT-58, XT-94
        for code in (ILL_CR_TKT, PATH_NOT_ACCEPTED):
            for make in (
                    lambda a, c=code: a.error2(c, which=k2.KEY_NULL),
                    lambda a, c=code: a.error2(c, key=ap.new_key()),
                    lambda a, c=code: a.error2(c, flags=k2.FINAL),
                    lambda a, c=code: a.error2(c, which=k2.KEY_NULL,
                                               flags=k2.FINAL),
                    lambda a, c=code: gss.krb5_token(
                        gss.KRB_ERROR, krb.krb_error(c, D, b""))):
                with self.subTest(code=code):
                    self.answer(make)
        self.recovers(self.client)

    def test_second_error(self):
        """Whatever it is, and in whatever order."""
        # REQ: XT-50, XT-58
        for first, second in ((PATH_NOT_ACCEPTED, PATH_NOT_ACCEPTED),
                              (PATH_NOT_ACCEPTED, REPEAT),
                              (REPEAT, PATH_NOT_ACCEPTED)):
            with self.subTest(first=first, second=second):
                def script(wire, acceptor):
                    acceptor.take(wire.receive())
                    request = acceptor.take(wire.ask(acceptor.error2(one)))
                    token = wire.ask(acceptor.error2(
                        two, key=request.subkey))
                    self.assertEqual(gss.describe(token),
                                     "KRB-ERROR2 final")
                    return request
                one, two = first, second
                before = (self.client.dir / "ccache").read_bytes()
                line, _ = self.play(script)
                self.assertEqual((line.outcome, line.minor - KRB5_BASE),
                                 ("gss-error", second), line)
                self.assertEqual((self.client.dir / "ccache").read_bytes(),
                                 before)


if __name__ == "__main__":
    unittest.main()
