"""From kinit to a file in AFS: a KDC of ours, afslog, and OpenAFS's servers
with the KDC's keys.

There is no AFS in the kernel: kafs_token.so takes its place (realm.afslog) and
keeps what afslog gives to it, which is what OpenAFS's client is then given.
"""

import collections
import os
import time
import unittest

from realm import Realm, afs, afs_cell, afslog, ccache, ports
from wire import etypes, rxkad
from wire.rxkad import V2B, V5

LEVELS = ("clear", "auth", "crypt")
CELL = "afs/" + afs.NAME
ENCTYPES = collections.OrderedDict([
    ("aes256-cts-hmac-sha1-96", etypes.AES256),
    ("aes128-cts-hmac-sha1-96", etypes.AES128),
    ("des3-cbc-sha1", etypes.DES3), ("arcfour-hmac-md5", etypes.RC4),
    ("des-cbc-md5", etypes.DES_MD5)])


def cell_keys(realm):
    """The KDC's keys of the cell's principal, for Cell."""
    return [rxkad.Key(e.kvno, e.etype, e.key) for e in realm.keys(CELL)]


class AfslogCase(unittest.TestCase):
    """A realm with the cell's principal, and a client's afslog."""

    sections = {}

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.realm = cls._enter(Realm(afs.REALM, **cls.sections))
        cls.realm.add(CELL)
        cls.realm.add("admin", password="admin")

    @classmethod
    def _enter(cls, context):
        value = context.__enter__()
        cls.addClassCleanup(context.__exit__, None, None, None)
        return value

    def afslog(self, client):
        """What afslog gives to the cache manager."""
        result = afslog.afslog(client, "-k", afs.REALM, cell=afs.NAME)
        self.assertEqual(result.rc, 0, result.text)
        self.assertEqual(result.token.cell, afs.NAME.encode() + b"\0")
        return result.token

    def logged_in(self, user="admin", **sections):
        """A client with a ticket-granting ticket and that krb5.conf."""
        client = self.realm.new_client(**sections)
        client.kinit(user, password="admin" if user == "admin" else
                     self.realm.password)
        return client

    def accepted(self, calls, token):
        """ptserver takes it for the administrator's, at every level."""
        for level in LEVELS:
            self.assertEqual(calls.raw(level, token.key, token.kvno,
                                       token.ticket, "list")[0], 0, level)


class Ptserver(AfslogCase):

    sections = {
        "libdefaults": {"allow_weak_crypto": True},
        "kadmin": {"default_keys": [
            "%s:pw-salt" % name for name in ENCTYPES]}}

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.keys = cell_keys(cls.realm)
        cls.cell = cls._enter(afs.Cell(cls.keys))
        cls.calls = cls._enter(cls.cell.client())

    def test_use_524(self):
        """Each form, by configuration."""
        # REQ: RK-02, RK-08, RK-25
        for value, kvno in (("2b", V2B), ("local", V2B), ("no", V5),
                            (None, V2B)):
            with self.subTest(value):
                libdefaults = {"realm": None}
                appdefaults = {"libkafs": {"afs-use-524": value}} \
                    if value else {}
                client = self.logged_in(appdefaults=appdefaults,
                                        libdefaults=libdefaults)
                token = self.afslog(client)
                self.assertEqual(token.kvno, kvno)
                self.accepted(self.calls, token)

    def test_session_enctypes(self):
        """A session key of every enctype that the client may ask for."""
        # REQ: RK-04, RK-05
        got = set()
        for name, etype in ENCTYPES.items():
            client = self.logged_in(libdefaults={
                "allow_weak_crypto": True, "default_tgs_enctypes": name,
                "default_etypes": name})
            self.accepted(self.calls, self.afslog(client))
            text = client.klist("-v").stdout
            if "session key" in text or etype:
                got.add(name)
        self.assertEqual(got, set(ENCTYPES))

    def test_times(self):
        """They are the ticket's."""
        # REQ: RK-17, RK-40
        client = self.logged_in()
        token = self.afslog(client)
        self.assertLess(abs(token.begin - time.time()), 100)
        # by convention odd where vice_id means something, as for root not
        self.assertEqual((token.end - token.begin) % 2,
                         1 if os.getuid() else 0)
        self.assertEqual(token.vice_id, os.getuid())

    def with_ticket(self, ticket, **sections):
        """A client that has this ticket for the cell."""
        client = self.realm.new_client(**sections)
        ccache.make(client.dir / "ccache", "admin", afs.REALM,
                    ccache.credential("admin", CELL, afs.REALM,
                                      ticket.session, ticket.whole,
                                      ticket.start, ticket.end))
        return client

    def test_every_enctype(self):
        """Tickets that no KDC would make any more, in both forms."""
        # REQ: RK-01, RK-02, RK-04, RK-05, RK-08
        count = 0
        for key in self.keys:
            for session in etypes.KEY_SIZE:
                if session in (etypes.RC4_56, etypes.DES3_OLD,
                               etypes.DES3_MD5):
                    continue
                ticket = rxkad.Ticket(key, "admin", session=(
                    session, etypes.new_key(session)))
                for value, form in (("2b", V2B), ("no", V5)):
                    with self.subTest(key=key, session=session, form=form):
                        token = self.afslog(self.with_ticket(
                            ticket, libdefaults={"allow_weak_crypto": True},
                            appdefaults={"libkafs": {"afs-use-524": value}}))
                        self.assertEqual(token.ticket, ticket.octets(form))
                        self.assertEqual(token.kvno, form)
                        self.assertEqual(token.key, ticket.des_key)
                        self.accepted(self.calls, token)
                        count += 1
        print("%d tokens" % count)

    def test_long_tickets(self):
        """Stock afslog crashes from about 2000 octets on."""
        # REQ: RK-06
        key = next(k for k in self.keys if k.etype == etypes.AES256)
        small = len(rxkad.Ticket(key, "admin", ad=rxkad.authdata(
            (1, bytes(5000)))).token) - 5000
        for size in (2041, 3241, 6000, 8440):
            ticket = rxkad.Ticket(key, "admin", ad=rxkad.authdata(
                (1, bytes(size - small))))
            with self.subTest(size=size):
                token = self.afslog(self.with_ticket(ticket))
                self.assertEqual(token.ticket, ticket.token)
                self.accepted(self.calls, token)


class Krb524(AfslogCase):
    """Tokens that the KDC's krb524 service makes."""

    principal = "%s@%s" % (CELL, afs.REALM)
    sections = {
        "libdefaults": {"allow_weak_crypto": True},
        "kadmin": {"default_keys": ["aes256-cts-hmac-sha1-96:pw-salt",
                                    "des-cbc-crc:pw-salt"]},
        "kdc": {"enable-524": True, "use_2b": {principal: True}}}

    def converted(self):
        """By the server: the token, and that it was asked."""
        client = self.logged_in(
            appdefaults={"libkafs": {"afs-use-524": "yes"}},
            realms={afs.REALM: {"krb524_server": "%s:%d" % (
                ports.LOOPBACK, self.realm.port)}})
        self.realm.log.mark()
        token = self.afslog(client)
        self.realm.log.assert_ordered([r"krb524 admin@PROTO\.TEST from .* for "
                                       r"afs/proto\.test@PROTO\.TEST: 2b"])
        self.assertEqual(token.kvno, V2B)
        return token

    def cell(self, *wanted):
        """A Cell that has only these of the KDC's keys, and its client."""
        cell = self._enter_for_test(afs.Cell(
            [key for key in cell_keys(self.realm) if key.etype in wanted]))
        return self._enter_for_test(cell.client())

    def _enter_for_test(self, context):
        value = context.__enter__()
        self.addCleanup(context.__exit__, None, None, None)
        return value

    def test_converted(self):
        """As it is, and stripped."""
        # REQ: RK-26, RK-27, RK-29, RK-37
        calls = self.cell(etypes.AES256)
        for kdc in ({}, {"2b_strip": {self.principal: True}}):
            self.realm.restart(kdc=dict(self.sections["kdc"], **kdc))
            self.accepted(calls, self.converted())

    def test_servers_with_des_only(self):
        """The ticket has an AES key, the token the cell's DES key."""
        # REQ: RK-30, RK-31
        calls = self.cell(etypes.DES_CRC)
        self.realm.restart(kdc=self.sections["kdc"])
        token = self.converted()
        (code, _), = [calls.raw("auth", token.key, token.kvno, token.ticket,
                                "list")]
        self.assertEqual(code, rxkad.UNKNOWNKEY)
        self.realm.restart(kdc=dict(self.sections["kdc"], **{
            "2b_reencrypt": {self.principal: "des-cbc-crc"}}))
        self.accepted(calls, self.converted())


class File(AfslogCase):
    """A file server with the KDC's key."""

    def test_file(self):
        """The administrator writes a file, which nobody else may."""
        # REQ: RK-01, RK-02, RK-05, RK-08, RK-25, RK-40
        keys = cell_keys(self.realm)
        with afs_cell.WholeCell([k for k in keys
                                 if k.etype == etypes.AES256]) as cell:
            for number, value in enumerate(("2b", "no")):
                name = "file-%s" % value
                appdefaults = {"libkafs": {"afs-use-524": value}}
                token = self.afslog(self.logged_in(appdefaults=appdefaults))
                with cell.cache_manager(token.octets, number) as client:
                    self.assertEqual(client.ask("write", name, value), ["0"])
                    self.assertEqual(client.ask("read", name), ["0", value])
                token = self.afslog(self.logged_in("user",
                                                   appdefaults=appdefaults))
                self.denied(cell, token.octets, name)
            self.denied(cell, b"", name)

    def denied(self, cell, blob, name):
        """That token does not read or write."""
        denied = [str(afs_cell.EACCES)]
        with cell.cache_manager(blob, 9) as client:
            self.assertEqual(client.ask("write", "other", "x"), denied)
            self.assertEqual(client.ask("read", name), denied)


if __name__ == "__main__":
    unittest.main()
