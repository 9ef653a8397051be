"""FAST (RFC 6113) seen by somebody who has the realm's krbtgt key.

Opens what an armored AS exchange hides: the inner padata of a request, the
padata of the answer.  AES keys only.
"""

import hashlib

from . import der, enc, krb

KU_TICKET, KU_AP_REQ_AUTH = 2, 11
KU_FAST_ENC, KU_FAST_REP = 51, 52
PA_FX_ERROR = 137


def prf_plus(key, label, size):
    """PRF+ of RFC 6113 5.1 over the simplified profile's PRF."""
    out, counter = b"", 1
    aes = enc.Aes(enc.derive(key, b"prf"))
    while len(out) < size:
        seed = hashlib.sha1(bytes([counter]) + label).digest()[:16]
        out += aes.encrypt(seed)
        counter += 1
    return out[:size]


def cf2(key1, key2, label1, label2):
    """KRB-FX-CF2; the result is of the first key's type."""
    size = len(key1)
    return bytes(a ^ b for a, b in zip(prf_plus(key1, label1, size),
                                       prf_plus(key2, label2, size)))


def _key(node):
    """Octets of an EncryptionKey."""
    return node[1].octets()


class Armored:
    """The armored side of an AS-REQ.

    .padata and .pa_types are the inner request's, .pa(type) its value;
    .open(answer) gives [(type, value)] of the KDC's answer.
    """

    def __init__(self, request, krbtgt_key):
        outer = der.parse(request.pa(krb.PA_FX_FAST))
        armored = outer.inner() if outer.tag == 0 and \
            outer.cls == der.CONTEXT else outer
        self.outer_types = request.pa_types
        ap_req = der.parse(armored[0][1].octets()).inner()
        self._key = self._armor_key(ap_req, krbtgt_key)
        plain = krb.EncryptedData(armored[2]).decrypt(self._key, KU_FAST_ENC)
        self.padata = krb.pa_list(der.parse(plain)[1])

    @staticmethod
    def _armor_key(ap_req, krbtgt_key):
        ticket = ap_req[3].inner()
        opened = der.parse(krb.EncryptedData(ticket[3]).decrypt(
            krbtgt_key, KU_TICKET)).inner()
        session = _key(opened[1])
        auth = der.parse(krb.EncryptedData(ap_req[4]).decrypt(
            session, KU_AP_REQ_AUTH)).inner()
        return cf2(_key(auth[6]), session, b"subkeyarmor", b"ticketarmor")

    @property
    def pa_types(self):
        """Types of the inner padata."""
        return [kind for kind, _ in self.padata]

    def pa(self, kind):
        """Value of an inner PA-DATA, or None."""
        return dict(self.padata).get(kind)

    def open(self, answer):
        """The padata that the KDC's answer (error or reply) hides."""
        outer = der.parse(answer.pa(krb.PA_FX_FAST))
        armored = outer.inner() if outer.cls == der.CONTEXT else outer
        plain = krb.EncryptedData(armored[0]).decrypt(self._key, KU_FAST_REP)
        return dict(krb.pa_list(der.parse(plain)[0]))

    def error(self, answer):
        """The KRB-ERROR inside of an armored error."""
        return krb.read(self.open(answer)[PA_FX_ERROR])
