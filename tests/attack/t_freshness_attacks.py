"""Attacks on PKINIT freshness, with requests signed by openssl.

Every refusal is one error to the client, whatever was wrong with the token:
the code, the text, and METHOD-DATA with a new token and nothing else.
"""

import os
import time
from pathlib import Path

from realm import Realm, RealmCase
from realm.install import own_memory
from wire import der, exchange, freshness, krb, pkinit

DES_CBC_CRC, DES_CBC_MD5, DES3, RC4, RC4_EXPORT = 1, 3, 16, 23, 24
NULL = 0
CLIENT_NAME_MISMATCH = 75
SKEW = 300
NAME_EXP = 1                            # KDC_ERR_NAME_EXP
E_TEXT = "PKINIT freshness token not valid, try again with a new one"
REQUIRED_TEXT = "PKINIT freshness token required"


class AttackCase(RealmCase):
    """One realm, requests for its user."""

    realm_args = {"pkinit": True}

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.key = cls.realm.krbtgt_key()
        cls.cert = cls.realm.cert()

    def request(self, token=None, use_dh=False, cert=None, **kw):
        """A signed request; RSA mode unless said otherwise (cheaper)."""
        return pkinit.Request("EXT.TEST", "user", cert or self.cert, token,
                              use_dh=use_dh, **kw)

    def send(self, request, way="udp"):
        message = request if isinstance(request, bytes) else request.message
        return krb.send_kdc(self.realm.port, message, way)

    def assert_accepted(self, request):
        answer = self.send(request)
        self.assertEqual(answer.msg_type, krb.AS_REP, answer)

    def assert_error(self, answer, code):
        self.assertIsInstance(answer, krb.KrbError)
        self.assertEqual(answer.code, code, answer)

    def assert_refused(self, token, log=None, way="udp", **kw):
        """A signed request with this token: one error for all of them.

        Returns the new token in it.
        """
        if log:
            self.realm.log.mark()
        answer = self.send(self.request(token, **kw), way)
        self.assert_error(answer, krb.PREAUTH_EXPIRED)
        self.assertEqual(answer.e_text, E_TEXT)
        self.assertEqual(answer.pa_types_but_keys, [krb.PA_AS_FRESHNESS])
        new = exchange.token_of(answer)
        self.assertNotEqual(new, token)
        self.assertLess(abs(freshness.when(self.key, new) - time.time()), 60)
        if log:
            self.realm.log.assert_ordered([
                r"PKINIT freshness token from user@EXT\.TEST refused: %s$" %
                log])
            self.realm.log.assert_absent("pre-authentication succeeded")
        return new

    def assert_refused_then_recovers(self, token, log=None, **kw):
        """... and the new token gets the client in."""
        self.assert_accepted(self.request(
            self.assert_refused(token, log, **kw)))

    def good(self):
        """A token from the KDC."""
        return exchange.token_of(exchange.ask(self.realm))

    def mint(self, **kw):
        return freshness.mint(self.key, **kw)

    def sealed(self, plain=None, usage=freshness.KEY_USAGE, etype=18,
               kvno=1, key=None, prefix=freshness.PREFIX):
        """A token with every part of the caller's choosing."""
        if plain is None:
            plain = self.timestamp()
        return prefix + krb.encrypted_data(key or self.key.key, usage, plain,
                                           etype, kvno)

    @staticmethod
    def timestamp(when=None, usec=0):
        """PA-ENC-TS-ENC."""
        return der.seq(
            der.ctx(0, der.gtime(time.time() if when is None else when)),
            None if usec is None else der.ctx(1, der.integer(usec)))


class TamperTest(AttackCase):
    """Tokens changed by who holds the private key, so that the signature
    over them is right."""

    def test_each_octet_changed(self):
        # REQ: PF-11, PF-15
        token = self.good()
        cases = 0
        for at in range(len(token)):
            changed = bytearray(token)
            changed[at] ^= 1 << at % 8
            self.assert_refused(bytes(changed))
            cases += 1
        self.assertEqual(cases, len(token))
        self.assertGreater(cases, 60)
        self.assert_accepted(self.request(token))

    def test_cut_at_each_length(self):
        # REQ: PF-15
        token = self.good()
        for size in range(len(token)):
            self.assert_refused(token[:size])
        self.assert_accepted(self.request(token))

    def test_extended(self):
        # REQ: PF-15
        token = self.good()
        for more in (b"\0", b"\0" * 16, b"x", token, b"\x05\0"):
            self.assert_refused(token + more, "malformed")
            self.assert_refused(more + token)
        self.assert_accepted(self.request(token))

    def test_both_modes_and_transports(self):
        # REQ: PF-21
        for use_dh in (True, False):
            for way in ("udp", "tcp"):
                token = self.assert_refused(b"?", "malformed", way,
                                            use_dh=use_dh)
                self.assert_accepted(self.request(token, use_dh=use_dh))

    def test_empty_and_blobs(self):
        # REQ: PF-15
        for token in (b"", b"\0", b"\0\0", b"\0\0\0", bytes(100),
                      os.urandom(80), b"\0\0" + os.urandom(80),
                      b"\0\0\x30\0", b"\0\0\x30\x80\0\0",
                      b"\0\0\x30\x84\xff\xff\xff\xff", b"\xff" * 3000):
            with self.subTest(token=token[:8]):
                self.assert_refused_then_recovers(token, "malformed")

    def test_wrong_header(self):
        # REQ: PF-15
        for prefix in (b"", b"\0", b"\0\1", b"\1\0", b"\0\0\0"):
            self.assert_refused_then_recovers(self.mint(prefix=prefix),
                                              "malformed")
        self.assert_accepted(self.request(self.mint()))

    def test_other_encodings_of_a_good_token(self):
        # REQ: PF-15
        body = self.mint()[2:]
        size = body[1]
        if size < 0x80:
            longer = body[:1] + bytes([0x81, size]) + body[2:]
        else:
            longer = body[:1] + b"\x82\0" + body[2:]
        endless = body[:1] + b"\x80" + der.parse(body).content + b"\0\0"
        for other in (longer, endless):
            self.assert_refused_then_recovers(b"\0\0" + other, "malformed")

    def test_key_versions(self):
        # REQ: PF-15, PF-17
        unknown = "under an unknown krbtgt key"
        for kvno, log in ((0, unknown), (-1, unknown), (2, unknown),
                          (65537, unknown), (2**31 - 1, unknown),
                          (-2**31, unknown), (2**31, "malformed"),
                          (2**32 + 1, "malformed"), (2**64 + 1, "malformed"),
                          (None, "malformed")):
            with self.subTest(kvno=kvno):
                self.assert_refused_then_recovers(self.sealed(kvno=kvno), log)
        self.assert_accepted(self.request(self.sealed(kvno=1)))

    def test_encryption_types(self):
        # REQ: PF-15
        for etype, log in (
                (DES_CBC_CRC, "malformed"), (DES_CBC_MD5, "malformed"),
                (RC4_EXPORT, "malformed"), (-1, "malformed"),
                (2**31, "malformed"), (99, "malformed"),
                (17, None), (DES3, None), (RC4, None)):
            with self.subTest(etype=etype):
                self.assert_refused_then_recovers(self.sealed(etype=etype),
                                                  log)

    def test_no_encryption_at_all(self):
        # REQ: PF-15
        plain = self.timestamp()
        for etype in (NULL, 18, 17):
            token = b"\0\0" + der.seq(
                der.ctx(0, der.integer(etype)), der.ctx(1, der.integer(1)),
                der.ctx(2, der.octets(plain)))
            self.assert_refused_then_recovers(token)

    def test_content_that_is_no_time(self):
        # REQ: PF-15
        good = self.timestamp()
        for plain in (b"", b"\0", good + b"\0", good[:-1], b"x" + good,
                      der.gtime(time.time()), der.seq(), os.urandom(40)):
            self.assert_refused_then_recovers(self.sealed(plain),
                                              "forged or damaged")
        self.assert_accepted(self.request(self.sealed(good)))
        self.assert_accepted(self.request(self.sealed(
            self.timestamp(usec=None))))

    def test_large_ones(self):
        # REQ: PF-15, PF-27
        for size in (10000, 40000, 60000):
            token = self.good() + bytes(size)
            self.assert_refused_then_recovers(token, "malformed", way="tcp")

    def test_larger_than_a_request_may_be(self):
        # REQ: PF-27
        big = self.request(bytes(65536 + 100)).message
        try:
            answer = self.send(big, "tcp")
            self.assert_error(answer, krb.PREAUTH_EXPIRED)
        except ConnectionError:
            pass                        # [kdc] max-request
        self.assert_accepted(self.request(self.good()))


class OriginTest(AttackCase):
    """Tokens that are right in themselves, but not here, or not now."""

    def test_of_another_realm(self):
        # REQ: PF-18
        other = self.enter(Realm("OTHER.TEST", pkinit=True))
        theirs = exchange.token_of(exchange.ask(other))
        self.assert_refused_then_recovers(theirs, "forged or damaged")
        req = pkinit.Request("OTHER.TEST", "user", other.cert(), theirs)
        self.assertEqual(krb.send_kdc(other.port, req.message).msg_type,
                         krb.AS_REP)
        req = pkinit.Request("OTHER.TEST", "user", other.cert(), self.good())
        self.assert_error(krb.send_kdc(other.port, req.message),
                          krb.PREAUTH_EXPIRED)

    def test_under_other_keys_of_this_realm(self):
        # REQ: PF-15, PF-18
        for principal in (self.realm.service, "user", "kadmin/changepw"):
            for entry in self.realm.keys(principal):
                if entry.etype == 18:
                    self.assert_refused_then_recovers(
                        freshness.mint(entry), "forged or damaged")

    def test_of_another_key_usage(self):
        # REQ: PF-18
        for usage in (0, 1, 2, 3, 11, 50, 51, 52, 59, 61, 513, 514, 2**31):
            with self.subTest(usage=usage):
                self.assert_refused_then_recovers(self.mint(usage=usage),
                                                  "forged or damaged")
        self.assert_accepted(self.request(self.mint(usage=60)))

    def test_token_is_no_encrypted_timestamp(self):
        # REQ: PF-18
        body = krb.req_body("EXT.TEST", "krbtgt/EXT.TEST")

        def try_it(cipher):
            return self.send(krb.as_req(
                body, [(krb.PA_ENC_TIMESTAMP, cipher)]))
        self.realm.log.mark()
        self.assertIsInstance(try_it(self.good()[2:]), krb.KrbError)
        self.realm.log.assert_absent("ENC-TS pre-authentication succeeded")
        try_it(krb.pa_enc_timestamp(self.key.key)[1])
        self.realm.log.assert_ordered(["ENC-TS pre-authentication succeeded"])

    def test_too_old(self):
        # REQ: PF-16
        now = time.time()
        for when in (now - 615, now - 3600, now - 86400 * 400, 1, 0):
            with self.subTest(when=when):
                self.assert_refused_then_recovers(self.mint(when=when),
                                                  "too old")
        self.assert_accepted(self.request(self.mint(when=now - 500)))

    def test_from_the_future(self):
        # REQ: PF-16
        now = time.time()
        for when in (now + SKEW + 60, now + 86400, 2**31 - 1, 2**31 + 10,
                     2**32 + 10):
            with self.subTest(when=when):
                self.assert_refused_then_recovers(self.mint(when=when),
                                                  "from the future")
        # the year 9999 may be beyond what the ASN.1 library reads
        self.assert_refused_then_recovers(self.mint(when=253402300799))
        self.assert_accepted(self.request(self.mint(when=now + SKEW - 60)))

    def test_the_log_tells_the_age(self):
        # REQ: PF-16
        now = time.time()
        for when, age in ((now - 100, r"1\d\d"), (now + SKEW - 60, "0")):
            self.realm.log.mark()
            self.assert_accepted(self.request(self.mint(when=when)))
            self.realm.log.assert_ordered([
                r"PKINIT freshness token received from user@EXT\.TEST, %s "
                r"seconds old" % age])

    def test_another_error_says_nothing_of_a_good_token(self):
        # REQ: PF-16
        self.realm.add("gone", password="gone")
        self.realm.modify("gone", "--expiration-time=2001-01-01")
        answer = self.send(pkinit.Request(
            "EXT.TEST", "gone", self.realm.cert("gone"), self.good(),
            use_dh=False))
        self.assert_error(answer, NAME_EXP)
        self.assertIsNone(exchange.token_of(answer))
        self.assertNotIn("freshness", answer.e_text or "")
        self.assert_accepted(self.request(self.good()))

    def test_after_expiry_the_very_same_request_is_refused(self):
        # REQ: PF-16, PF-19
        request = self.request(self.mint(when=time.time() - 100))
        self.assert_accepted(request)
        self.realm.restart(kdc={"pkinit_freshness_lifetime": "50 seconds"})
        try:
            self.assert_error(self.send(request), krb.PREAUTH_EXPIRED)
            self.assert_accepted(self.request(self.good()))
        finally:
            self.realm.restart(kdc={"pkinit_freshness_lifetime": None})
        self.assert_accepted(request)

    def test_one_token_serves_several_logins_in_its_lifetime(self):
        # REQ: PF-16
        # Nothing is stored, so a token is not used up; RFC 8070 leaves this
        # to the KDC, and has the client take another each time.
        token = self.good()
        for _ in range(3):
            self.assert_accepted(self.request(token))

    def test_another_client_may_use_it(self):
        # REQ: PF-16
        # A token shows when a request was signed, not who signed it.
        self.realm.add("other", password="x", attributes="requires-pre-auth")
        req = pkinit.Request("EXT.TEST", "other", self.realm.cert("other"),
                             self.good())
        self.assert_accepted(req)


class OrderTest(AttackCase):
    """The token is looked at last: before, there is nothing to learn."""

    TOKENS = (b"?", b"", bytes(90))

    def assert_no_hint(self, answer, code):
        self.assert_error(answer, code)
        self.assertIsNone(exchange.token_of(answer))
        self.assertNotIn("freshness", answer.e_text or "")

    def tokens(self):
        """None, bad ones, a good one."""
        return (None, *self.TOKENS, self.good())

    def spoilt(self, token):
        """A request whose signature is wrong (last octet of the CMS)."""
        request = self.request(token)
        cms = request.cms[:-1] + bytes([request.cms[-1] ^ 1])
        return krb.as_req(request.body, [pkinit.pa_pk_as_req(cms)])

    def test_bad_signature(self):
        # REQ: PF-10
        for token in self.tokens():
            self.assert_no_hint(self.send(self.spoilt(token)),
                                krb.BAD_INTEGRITY)
        self.realm.log.assert_absent("freshness token from",
                                     "freshness token received from")
        self.assert_accepted(self.request(self.good()))

    def test_certificate_of_another(self):
        # REQ: PF-10
        mallory = self.realm.cert("mallory")
        answers = [self.send(self.request(token, cert=mallory))
                   for token in self.tokens()]
        for answer in answers:
            self.assert_no_hint(answer, answers[0].code)
        self.realm.log.assert_absent("freshness token")
        self.assert_accepted(self.request(self.good()))

    def test_wrong_checksum_time_or_encoding(self):
        # REQ: PF-10
        for token in self.tokens():
            for kw, code in (({"checksum": bytes(20)}, krb.BAD_INTEGRITY),
                             ({"ctime": time.time() - 3600}, krb.SKEW)):
                self.assert_no_hint(self.send(self.request(token, **kw)),
                                    code)
        self.realm.log.assert_absent("freshness token")
        self.assert_accepted(self.request(self.good()))


class RequiredOrderTest(OrderTest):
    """The same where freshness is required."""

    realm_args = {"pkinit": True, "kdc": {"pkinit_require_freshness": True}}


class AnonymousTest(AttackCase):
    """Anonymous PKINIT: nothing is signed, so a token shows nothing."""

    realm_args = {"pkinit": True, "kdc": {"pkinit_require_freshness": True,
                                          "allow-anonymous": True}}

    def anonymous(self, token):
        return pkinit.Request(
            "EXT.TEST", "WELLKNOWN/ANONYMOUS", None, token,
            client_type=krb.NT_WELLKNOWN,
            options=krb.FORWARDABLE | krb.REQUEST_ANONYMOUS)

    def test_no_token_is_looked_at(self):
        # REQ: PF-20
        # Nobody can have keys looked up without a signature.
        self.realm.log.mark()
        for token in (None, self.good(), b"", b"?",
                      self.mint(when=time.time() - 3600)):
            request = self.anonymous(token)
            answer = self.send(request)
            self.assertEqual(answer.msg_type, krb.AS_REP, answer)
            request.open(answer)
        self.realm.log.assert_absent("PKINIT freshness token")

    def test_leaving_the_signature_out_wins_nothing(self):
        # REQ: PF-19, PF-20
        # The exemption must not become a way in for a named client.
        self.realm.log.mark()
        for options in (krb.FORWARDABLE,
                        krb.FORWARDABLE | krb.REQUEST_ANONYMOUS):
            request = pkinit.Request("EXT.TEST", "user", None,
                                     options=options)
            self.assertIsInstance(self.send(request), krb.KrbError)
        self.realm.log.assert_absent("pre-authentication succeeded")
        self.assert_accepted(self.request(self.good()))

    def test_a_signed_request_for_an_anonymous_ticket_is_not_exempt(self):
        # REQ: PF-19, PF-20
        options = krb.FORWARDABLE | krb.REQUEST_ANONYMOUS
        answer = self.send(self.request(options=options))
        self.assert_error(answer, krb.PREAUTH_FAILED)
        self.assert_accepted(self.request(exchange.token_of(answer),
                                          options=options))


class PreparedTest(AttackCase):
    """Section 1 of RFC 8070: requests signed in advance."""

    def test_signed_now_for_a_later_time(self):
        # REQ: PF-19
        # Somebody holds the card for a minute, signs for an hour from now
        # and keeps the request and its Diffie-Hellman key.  A clock skew of
        # two hours stands for the hour that passes.
        later = time.time() + 3600
        stored = self.request(use_dh=True, ctime=later)
        self.assert_error(self.send(stored), krb.SKEW)
        self.realm.restart(libdefaults={"clockskew": 7200})
        try:
            self.realm.log.mark()
            answer = self.send(stored)
            self.assertEqual(answer.msg_type, krb.AS_REP, answer)
            stored.open(answer)         # and the attacker reads the ticket
            self.realm.log.assert_ordered([
                r"no PKINIT freshness token received from user@EXT\.TEST$",
                "PKINIT pre-authentication succeeded"])
            self.realm.restart(kdc={"pkinit_require_freshness": True})
            self.realm.log.mark()
            answer = self.send(stored)
            self.assert_error(answer, krb.PREAUTH_FAILED)
            self.assertEqual(answer.e_text, REQUIRED_TEXT)
            self.realm.log.assert_ordered([
                r"no PKINIT freshness token received from user@EXT\.TEST, "
                "one is required"])
            self.realm.log.assert_absent("pre-authentication succeeded")
            fresh = self.request(exchange.token_of(answer), use_dh=True,
                                 ctime=later)
            self.assert_accepted(fresh)
        finally:
            self.realm.restart(libdefaults={"clockskew": None},
                               kdc={"pkinit_require_freshness": None})

    def test_signed_for_the_near_future(self):
        # REQ: PF-19
        stored = self.request(use_dh=True, ctime=time.time() + SKEW - 60)
        self.assert_accepted(stored)
        self.realm.restart(kdc={"pkinit_require_freshness": True})
        try:
            self.assert_error(self.send(stored), krb.PREAUTH_FAILED)
            guessed = self.request(self.mint(
                when=time.time() + SKEW - 60), use_dh=True)
            self.assert_accepted(guessed)   # who has the krbtgt key may
        finally:
            self.realm.restart(kdc={"pkinit_require_freshness": None})

    def test_with_a_token_taken_today_for_use_tomorrow(self):
        # REQ: PF-16, PF-19
        token = self.mint(when=time.time() - 86400)
        stored = self.request(token, use_dh=True)
        self.assert_error(self.send(stored), krb.PREAUTH_EXPIRED)
        self.assert_accepted(self.request(self.good()))


class StormTest(AttackCase):
    """Many bad requests: the KDC lives, and does not grow."""

    def resident(self):
        """Kilobytes of memory that the KDC has."""
        text = Path("/proc/%d/status" % self.realm.pid).read_text()
        return int(text.split("VmRSS:")[1].split()[0])

    @own_memory
    def test_five_hundred_bad_requests(self):
        # REQ: PF-15, PF-25
        old = self.mint(when=time.time() - 3600)
        messages = [self.request(t).message for t in (
            b"", bytes(3000), old, self.mint(usage=1), old[:-1],
            self.sealed(kvno=7), self.sealed(b"x"))]
        messages.append(krb.as_req(krb.req_body("EXT.TEST", "user"),
                                   [(krb.PA_AS_FRESHNESS, b"")]))

        def storm(count):
            for number in range(count):
                message = messages[number % len(messages)]
                answer = self.send(message, "tcp")
                self.assertIsNotNone(exchange.token_of(answer))
        storm(200)
        before = self.resident()
        storm(500)
        self.assertLess(self.resident() - before, 2048)
        self.assert_accepted(self.request(self.good()))


if __name__ == "__main__":
    import unittest
    unittest.main()
