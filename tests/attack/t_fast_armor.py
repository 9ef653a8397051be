"""FAST armor (RFC 6113) that is refused: nothing of it is freed twice or used
afterwards, and the next request is answered.

The requests are made here, octet by octet, by somebody who has a ticket.
"""

import os

from realm import RealmCase
from wire import der, enc, fast, krb, tgs

SUBKEY = os.urandom(32)
KU_FAST_REQ_CHKSUM = 50
HMAC_SHA1_AES256 = 16
MORE_PREAUTH = 91                       # KDC_ERR_MORE_PREAUTH_DATA_REQUIRED
AGAIN = 4                               # as often as a KDC may be lucky


def armored(cred, body, checked, subkey, armor=True):
    """PA-FX-FAST over body, armored with a ticket; checked is what the
    checksum is over."""
    key = fast.cf2(subkey or SUBKEY, cred.key, b"subkeyarmor", b"ticketarmor")
    inner = der.seq(der.ctx(0, der.flags(0)), der.ctx(1, der.seq()),
                    der.ctx(2, body))
    return krb.PA_FX_FAST, der.ctx(0, der.seq(
        der.ctx(0, der.seq(
            der.ctx(0, der.integer(1)),
            der.ctx(1, der.octets(tgs.ap_req(cred, subkey=subkey)))))
        if armor else None,
        der.ctx(1, der.seq(
            der.ctx(0, der.integer(HMAC_SHA1_AES256)),
            der.ctx(1, der.octets(enc.checksum(key, KU_FAST_REQ_CHKSUM,
                                               checked))))),
        der.ctx(2, krb.encrypted_data(key, fast.KU_FAST_ENC, inner))))


class ArmorTest(RealmCase):
    """An AP-REQ that is no armor."""

    def setUp(self):
        self.tgt = tgs.get_tgt(self.realm)

    def as_req(self, subkey):
        """The KDC's answer to an armored AS-REQ of a user."""
        body = krb.req_body(self.realm.name, "user")
        return krb.send_kdc(self.realm.port, krb.as_req(
            body, [armored(self.tgt, body, body, subkey)]), "tcp")

    def tgs_req(self, subkey, armor):
        """The KDC's answer to a TGS-REQ with FAST; its own AP-REQ is the
        armor, or it brings one."""
        name = self.realm.name
        body = krb.req_body(name, "user", "krbtgt/" + name)
        own = tgs.ap_req(self.tgt, tgs.KU_TGS_AUTH, (
            HMAC_SHA1_AES256, enc.checksum(self.tgt.key, tgs.KU_TGS_CKSUM,
                                           body)), subkey)
        request = der.app(krb.TGS_REQ, der.seq(
            der.ctx(1, der.integer(5)), der.ctx(2, der.integer(krb.TGS_REQ)),
            der.ctx(3, krb.method_data_der([
                (krb.PA_TGS_REQ, own),
                armored(self.tgt, body, own, subkey, armor)])),
            der.ctx(4, body)))
        return krb.send_kdc(self.realm.port, request, "tcp")

    def assert_refused(self, answer):
        self.assertIsInstance(answer, krb.KrbError)
        self.assertEqual(answer.code, krb.PREAUTH_FAILED, answer)

    def assert_lives(self):
        answer = self.as_req(SUBKEY)
        self.assertIsInstance(answer, krb.KrbError)
        self.assertIn(krb.PA_FX_FAST, answer.pa_types, answer)
        # master: a cookie, and more to come
        self.assertIn(answer.code, (krb.PREAUTH_REQUIRED, MORE_PREAUTH), answer)

    def test_no_subkey(self):
        """Only an AP-REQ with a subkey is an armor (RFC 6113 5.4.1.1)."""
        self.assert_lives()
        for _ in range(AGAIN):
            self.assert_refused(self.as_req(None))
        self.assert_lives()

    def test_no_subkey_in_a_tgs_req(self):
        """Whose AP-REQ is the armor, or brings one.  A KDC of 7.8 takes no
        notice of FAST there, master refuses it."""
        for _ in range(AGAIN):
            for armor in (False, True):
                answer = self.tgs_req(None, armor)
                self.assertIn(answer.msg_type, (krb.TGS_REP, krb.KRB_ERROR))
        self.assert_lives()


if __name__ == "__main__":
    import unittest
    unittest.main()
