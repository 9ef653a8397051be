"""What a client can and cannot get into its ticket's authorization data.

The requests are made here, octet by octet; the tickets are opened with the
service's key.
"""

import os
import struct

from realm import RealmCase
from wire import der, krb, tgs
from wire.tgs import authdata, if_relevant

UNKNOWN = 4711
CHALLENGE = -5
# [MS-PAC]: one buffer, of type 10; a PAC that nobody signed
FORGED_PAC = struct.pack("<IIIIQ", 1, 0, 10, 8, 24) + b"contents"
SERVICE_ONLY = {
    "AD-KDC-ISSUED": tgs.AD_KDC_ISSUED,
    "AD-INITIAL-VERIFIED-CAS": tgs.AD_INITIAL_VERIFIED_CAS,
    "AD-CAMMAC": tgs.AD_CAMMAC,
    "AD-AUTHENTICATION-INDICATOR": tgs.AD_AUTH_INDICATOR,
    "AD-WIN2K-PAC": tgs.AD_WIN2K_PAC,
    "AD-SIGNTICKET": tgs.AD_SIGNTICKET,
}


def nest(element, depth):
    """The element inside of `depth` AD-IF-RELEVANT."""
    for _ in range(depth):
        element = if_relevant(element)
    return element


class AuthdataCase(RealmCase):
    """A realm, a TGT, and the key of the service."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.service = cls.realm.service.split("@")[0]
        cls.service_key = next(
            e.key for e in cls.realm.keys(cls.realm.service)
            if e.etype == 18)
        cls.tgt = tgs.get_tgt(cls.realm)

    def ask(self, ad, subkey=None, **kw):
        """Send a request with these octets; (request, answer)."""
        request = tgs.Request(self.tgt, self.service, ad, subkey, **kw)
        return request, krb.send_kdc(self.realm.port, request.message, "tcp")

    def issued(self, ad, subkey=None):
        """The service's ticket, opened."""
        request, answer = self.ask(ad, subkey)
        self.assertEqual(answer.msg_type, krb.TGS_REP, answer)
        cred = request.open(answer)
        return tgs.Ticket(cred.ticket, self.service_key)

    def from_client(self, *elements, subkey=None):
        """What of the elements arrives in the ticket.

        The KDC's own signature over the path comes last and is no part of it.
        """
        got = self.issued(authdata(*elements), subkey).authdata
        self.assertEqual(got[-1][0], tgs.AD_IF_RELEVANT)
        inner = tgs.read_authdata(der.parse(got[-1][1]))
        self.assertEqual([kind for kind, _ in inner], [tgs.AD_SIGNTICKET])
        return got[:-1]

    def assert_refused(self, ad, code, subkey=None, **kw):
        _, answer = self.ask(ad, subkey, **kw)
        self.assertIsInstance(answer, krb.KrbError)
        self.assertEqual(answer.code, code, answer)


class FilterTest(AuthdataCase):
    """The KDC's filter."""

    def test_the_rest_is_copied_octet_by_octet(self):
        # REQ: XT-90
        lists = {
            "challenge": [if_relevant((CHALLENGE, b"challenge"))],
            "unknown": [(UNKNOWN, os.urandom(300))],
            "empty element": [(UNKNOWN, b"")],
            "empty wrapper": [if_relevant()],
            "order": [(2, b"b"), if_relevant((UNKNOWN, b"x"), (143, b"y")),
                      (1000, b"c"), (2, b"a")],
            "and-or": [(tgs.AD_AND_OR, b"\x30\0")],
            "nine deep": [nest((UNKNOWN, b"x"), 9)],
            "large": [if_relevant((UNKNOWN, os.urandom(5000)))],
        }
        for name, elements in lists.items():
            for subkey in (None, os.urandom(32)):
                with self.subTest(name, subkey=subkey is not None):
                    self.assertEqual(
                        self.from_client(*elements, subkey=subkey), elements)

    def test_what_only_a_kdc_says_is_dropped(self):
        # REQ: XT-90
        keep = [(UNKNOWN, b"before"), if_relevant((CHALLENGE, b"c"))]
        for name, kind in SERVICE_ONLY.items():
            bad = (kind, FORGED_PAC)
            shapes = [bad, if_relevant(bad),
                      if_relevant((UNKNOWN, b"x"), bad),
                      if_relevant(bad, (UNKNOWN, b"x")),
                      if_relevant((UNKNOWN, b"x"), nest(bad, 2)),
                      nest(bad, 2), nest(bad, 9)]
            for number, shape in enumerate(shapes):
                with self.subTest(name, shape=number):
                    self.realm.log.mark()
                    got = self.from_client(keep[0], shape, keep[1], shape)
                    self.assertEqual(got, keep)
                    self.realm.log.assert_ordered([
                        "Dropped authorization data of type %d" % shape[0]])

    def test_nothing_but_what_is_dropped(self):
        # REQ: XT-90
        plain = self.from_client()
        self.assertEqual(plain, [])
        self.assertEqual(self.from_client(
            if_relevant((tgs.AD_WIN2K_PAC, FORGED_PAC))), [])

    def test_mandatory_for_kdc_is_refused(self):
        # REQ: XT-90
        self.assert_refused(authdata((tgs.AD_MANDATORY_FOR_KDC, b"\x30\0")),
                            tgs.POLICY)
        self.assert_refused(authdata((UNKNOWN, b"x"),
                                     (tgs.AD_MANDATORY_FOR_KDC, b"\x30\0")),
                            tgs.POLICY)
        self.assertEqual(self.from_client((UNKNOWN, b"x")),
                         [(UNKNOWN, b"x")])

    def test_what_acceptors_might_read_otherwise_is_refused(self):
        # REQ: XT-90
        pac = authdata((tgs.AD_WIN2K_PAC, FORGED_PAC))
        good = authdata((UNKNOWN, b"x"))
        for name, value in {
                "cut": pac[:-1], "empty": b"", "no list": b"\x04\0",
                "behind": good + pac, "one octet": good + b"\0",
                "indefinite": b"\x30\x80" + pac[2:] + b"\0\0"}.items():
            for depth in (0, 3):
                with self.subTest(name, depth=depth):
                    self.assert_refused(authdata(nest(
                        (tgs.AD_IF_RELEVANT, value), depth)), tgs.POLICY)
        self.assert_refused(authdata(nest((UNKNOWN, b"x"), 10)), tgs.POLICY)
        self.assert_refused(
            authdata(nest((tgs.AD_WIN2K_PAC, FORGED_PAC), 40)), tgs.POLICY)
        self.assertEqual(self.from_client((UNKNOWN, b"x")),
                         [(UNKNOWN, b"x")])

    def test_wrong_encryption_is_refused(self):
        ad = authdata((UNKNOWN, b"x"))
        subkey = os.urandom(32)
        self.assert_refused(ad, krb.BAD_INTEGRITY, ad_key=os.urandom(32))
        self.assert_refused(ad, krb.BAD_INTEGRITY, subkey, ad_key=self.tgt.key,
                            ad_usage=tgs.KU_AD_SUBKEY)
        self.assert_refused(b"\x30\x05", krb.BAD_INTEGRITY)
        self.assertEqual(self.from_client((UNKNOWN, b"x"), subkey=subkey),
                         [(UNKNOWN, b"x")])

    def test_tgt_gets_no_forged_pac(self):
        # REQ: XT-90
        request = tgs.Request(
            self.tgt, "krbtgt/" + self.realm.name,
            authdata((UNKNOWN, b"x"),
                     if_relevant((tgs.AD_WIN2K_PAC, FORGED_PAC))),
            os.urandom(32))
        answer = krb.send_kdc(self.realm.port, request.message, "tcp")
        self.assertEqual(answer.msg_type, krb.TGS_REP, answer)
        key = next(e.key for e in self.realm.keys(
            "krbtgt/" + self.realm.name) if e.etype == 18)
        ticket = tgs.Ticket(request.open(answer).ticket, key)
        kinds = [kind for kind, _ in tgs.flatten(ticket.authdata)]
        self.assertNotIn(tgs.AD_WIN2K_PAC, kinds)
        self.assertIn(UNKNOWN, kinds)


class SmuggleTest(AuthdataCase):
    """A forged PAC hidden behind an unknown element, from end to end."""

    def test_no_forged_pac_reaches_the_service(self):
        # REQ: XT-90
        for elements in (
                [(UNKNOWN, b"x"), if_relevant((tgs.AD_WIN2K_PAC, FORGED_PAC))],
                [if_relevant((tgs.AD_WIN2K_PAC, FORGED_PAC)), (UNKNOWN, b"x")],
                [(tgs.AD_WIN2K_PAC, FORGED_PAC), (UNKNOWN, b"x")]):
            ticket = self.issued(authdata(*elements), os.urandom(32))
            self.assertNotIn(FORGED_PAC,
                             [value for _, value in
                              tgs.flatten(ticket.authdata)])
            self.assertIn((UNKNOWN, b"x"), ticket.authdata)


if __name__ == "__main__":
    import unittest
    unittest.main()
