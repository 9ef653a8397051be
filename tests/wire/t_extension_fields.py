"""Fields of PKAuthenticator that the KDC does not know."""

from realm import RealmCase
from wire import der, exchange, krb, pkinit

NUMBER = der.integer(7)
# MIT's paChecksum2: a checksum and the algorithm that made it
CHECKSUM2 = der.seq(der.ctx(0, der.octets(bytes(32))),
                    der.ctx(1, der.seq(der.oid("2.16.840.1.101.3.4.2.1"))))


class ExtensionTest(RealmCase):
    """Unknown fields are skipped, and nothing else is."""

    realm_args = {"pkinit": True}

    FIELDS = {
        "none": None,
        "[5]": der.ctx(5, CHECKSUM2),
        "[6]": der.ctx(6, NUMBER),
        "[5] and [6]": der.ctx(5, CHECKSUM2) + der.ctx(6, NUMBER),
        "[5] of 3000 octets": der.ctx(5, der.octets(bytes(3000))),
        "[40]": der.ctx(40, NUMBER),
    }

    def request(self, extra, token=None, use_dh=True):
        return pkinit.Request("EXT.TEST", "user", self.realm.cert(), token,
                              extra=extra, use_dh=use_dh)

    def send(self, request):
        return krb.send_kdc(self.realm.port, request.message)

    def token(self):
        return exchange.token_of(exchange.ask(self.realm))

    def test_diffie_hellman_stays_diffie_hellman(self):
        # REQ: PF-09
        # A decoder that loses its place behind the unknown field misses
        # clientPublicValue, and answers in RSA mode.
        for name, extra in self.FIELDS.items():
            for token in (None, self.token()):
                with self.subTest(fields=name, token=token is not None):
                    request = self.request(extra, token)
                    answer = self.send(request)
                    self.assertEqual(answer.msg_type, krb.AS_REP, answer)
                    request.open(answer)

    def test_rsa(self):
        # REQ: PF-09
        for name, extra in self.FIELDS.items():
            with self.subTest(fields=name):
                answer = self.send(self.request(extra, use_dh=False))
                self.assertEqual(answer.msg_type, krb.AS_REP, answer)

    def test_token_beside_them_is_honoured(self):
        # REQ: PF-08, PF-09
        for name, extra in self.FIELDS.items():
            with self.subTest(fields=name):
                self.realm.log.mark()
                answer = self.send(self.request(extra, b"not a token"))
                self.assertEqual(answer.code, krb.PREAUTH_EXPIRED, answer)
                answer = self.send(self.request(extra,
                                                exchange.token_of(answer)))
                self.assertEqual(answer.msg_type, krb.AS_REP, answer)
                self.realm.log.assert_ordered([
                    "freshness token from user@EXT.TEST refused: malformed",
                    "PKINIT freshness token received from user@EXT.TEST"])

    def test_field_4_has_to_be_octets(self):
        # REQ: PF-09
        for wrong in (NUMBER, der.seq(), der.kstring("x")):
            answer = self.send(self.request(der.ctx(4, wrong)))
            self.assertEqual(answer.code, krb.BAD_INTEGRITY, answer)
        self.assertEqual(self.send(self.request(None, self.token())).msg_type,
                         krb.AS_REP)


if __name__ == "__main__":
    import unittest
    unittest.main()
