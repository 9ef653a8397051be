"""Tokens of rxkad: the 2b form (EncryptedData), whole tickets of version 5,
tickets of version 4; the DES key of a session key; the key files of a server.

    key = Key(new number, etypes.AES256)
    ticket = Ticket(key, client="user")
    ticket.token, ticket.whole, ticket.session, ticket.des_key

Each value that goes into a ticket can be given, so that a test can make it
wrong.
"""

import hashlib
import hmac
import struct
import time

from . import der, des, etypes

V2B, V5 = 213, 256                      # the kvno that says which form it is
KU_TICKET = 2

# codes of OpenAFS's rxkad and of its copy of asn1_err
BASE = 19270400
INCONSISTENCY, PACKETSHORT, LEVELFAIL, TICKETLEN = range(BASE, BASE + 4)
OUTOFSEQUENCE, NOAUTH, BADKEY, BADTICKET = range(BASE + 4, BASE + 8)
UNKNOWNKEY, EXPIRED, SEALEDINCON, DATALEN = range(BASE + 8, BASE + 12)
ASN1 = 1859794432
(ASN1_BAD_TIMEFORMAT, ASN1_MISSING_FIELD, ASN1_MISPLACED_FIELD,
 ASN1_TYPE_MISMATCH, ASN1_OVERFLOW, ASN1_OVERRUN, ASN1_BAD_ID,
 ASN1_BAD_LENGTH, ASN1_BAD_FORMAT, ASN1_PARSE_ERROR, ASN1_EXTRA_DATA,
 ASN1_BAD_CHARACTER) = range(ASN1, ASN1 + 12)
NAMES = {value: name for name, value in list(globals().items())
         if isinstance(value, int) and value >= BASE and
         name not in ("BASE", "ASN1")}

MIN_TICKET, MAX_TICKET = 32, 12000
SKEW, MAX_LIFE = 15 * 60, 30 * 24 * 3600

# no keys, or those of signatures and of what was withdrawn
_NO_KDF = (4, 6, *range(8, 16))

# ticket flags
INVALID = 1 << 24                       # bit 7
TRANSITED_POLICY_CHECKED = 1 << 19      # bit 12

SAME = object()                         # as the object has it


# -- keys -----------------------------------------------------------------

class Key:
    """A service's key."""

    def __init__(self, kvno, etype, octets=None):
        self.kvno, self.etype = kvno, etype
        self.octets = etypes.new_key(etype) if octets is None else octets

    def __repr__(self):
        return "<key %s, kvno %d>" % (etypes.NAME.get(self.etype, self.etype),
                                      self.kvno)


def _without_parity(key):
    """The 7 octets that RFC 3961's des3 random-to-key makes 8 of."""
    return b"".join(
        bytes(octet & 0xfe | part[7] >> (bit + 1) & 1
              for bit, octet in enumerate(part[:7]))
        for part in (key[i:i + 8] for i in range(0, len(key), 8)))


def derive(etype, key):
    """The DES key of a session key; None where there is none.

    DES keys as they are, of others rxkad-kdf: SP 800-108 in counter mode with
    HMAC-MD5.
    """
    if etype in etypes.DES_TYPES:
        return key if len(key) == 8 else None
    if etype in etypes.DES3_TYPES:
        if len(key) % 8:
            return None
        key = _without_parity(key)
    if etype <= 0 or etype in _NO_KDF or len(key) < 7:
        return None
    for count in range(1, 256):
        out = des.odd_parity(hmac.new(
            key, bytes([count]) + b"rxkad\0" + struct.pack(">I", 64),
            hashlib.md5).digest()[:8])
        if out not in des.WEAK:
            return out
    return None


def key_file(keys):
    """KeyFile of the DES keys."""
    return struct.pack(">i", len(keys)) + b"".join(
        struct.pack(">i", key.kvno) + key.octets for key in keys)


def key_file_ext(keys, kind=2):
    """KeyFileExt of the others; kind 2 is rxkad_krb5."""
    return struct.pack(">i", len(keys)) + b"".join(
        struct.pack(">iiiii", 16, kind, key.kvno,
                    key.etype, len(key.octets)) + key.octets
        for key in keys)


# -- tickets of version 5 -------------------------------------------------

def _string(value):
    return der.tlv(der.GENERAL_STRING,
                   value if isinstance(value, bytes) else value.encode())


def _principal(parts, kind=1):
    return der.seq(der.ctx(0, der.integer(kind)),
                   der.ctx(1, der.seq(*map(_string, parts))))


def _time(value):
    return None if value is None else der.gtime(value)


def authdata(*elements):
    """AuthorizationData of (type, octets)."""
    return der.seq(*(der.seq(der.ctx(0, der.integer(kind)),
                             der.ctx(1, der.octets(value)))
                     for kind, value in elements))


def addresses(*elements):
    """HostAddresses of (type, octets)."""
    return authdata(*elements)          # the same shape


def encrypted_data(etype, kvno, cipher):
    """EncryptedData; a kvno of None is left out."""
    return der.seq(
        der.ctx(0, der.integer(etype)),
        None if kvno is None else der.ctx(1, der.integer(kvno)),
        der.ctx(2, der.octets(cipher)))


class Ticket:
    """A ticket for a Key.

    client: the components, "a/b" or a list.  start and end count from now;
    start None leaves starttime out, then authtime counts.  kvno and etype are
    what EncryptedData says; sealed_as the enctype of the encryption.  part is
    the EncTicketPart itself, spoil changes the last octet of the cipher text.
    """

    def __init__(self, key, client="user", realm="PROTO.TEST", session=None,
                 start=-300, end=3600, auth=SAME, kvno=SAME, etype=SAME,
                 sealed_as=SAME, flags=TRANSITED_POLICY_CHECKED, ad=None,
                 caddr=None, transited=b"", tr_type=1, renew=None, part=None,
                 spoil=False, sname=("afs", "proto.test"), vno=5, now=None):
        self.key = key
        self.session = session or (etypes.AES256,
                                   etypes.new_key(etypes.AES256))
        now = int(time.time()) if now is None else now
        self.start = None if start is None else now + start
        self.end = now + end
        if auth is SAME:
            auth = -300 if start is None else min(start, end)
        self.auth = now + auth
        parts = client.split("/") if isinstance(client, str) else client
        self.part = part if part is not None else der.app(3, der.seq(
            der.ctx(0, der.flags(flags)),
            der.ctx(1, der.seq(der.ctx(0, der.integer(self.session[0])),
                               der.ctx(1, der.octets(self.session[1])))),
            der.ctx(2, _string(realm)), der.ctx(3, _principal(parts)),
            der.ctx(4, der.seq(der.ctx(0, der.integer(tr_type)),
                               der.ctx(1, der.octets(transited)))),
            der.ctx(5, der.gtime(self.auth)), der.ctx(6, _time(self.start)),
            der.ctx(7, der.gtime(self.end)), der.ctx(8, _time(renew)),
            der.ctx(9, caddr), der.ctx(10, ad)))
        self.cipher = etypes.seal(
            key.etype if sealed_as is SAME else sealed_as, key.octets,
            KU_TICKET, self.part)
        if spoil:
            self.cipher = self.cipher[:-1] + bytes([self.cipher[-1] ^ 1])
        self.token = encrypted_data(
            key.etype if etype is SAME else etype,
            key.kvno if kvno is SAME else kvno, self.cipher)
        self.whole = der.app(1, der.seq(
            der.ctx(0, der.integer(vno)), der.ctx(1, _string(realm)),
            der.ctx(2, _principal(sname, 2)), der.ctx(3, self.token)))

    @property
    def des_key(self):
        """What both ends have as session key."""
        return derive(*self.session)

    def octets(self, form):
        """The token of V2B, the whole ticket of V5."""
        return self.whole if form == V5 else self.token


def enc_part(ticket):
    """The EncryptedData of a whole Ticket, octet for octet."""
    return der.parse(ticket).expect(1, der.APPLICATION).inner()[3].raw


# -- tickets of version 4 -------------------------------------------------

class Ticket4:
    """A ticket of version 4 for a DES Key; life in units of 5 minutes (or of
    the table above 127).  little: the fields are little-endian and flags say
    so."""

    def __init__(self, key, name="user", inst="", realm="", session=None,
                 start=-300, life=96, host=bytes(4), sname="afs", sinst="",
                 little=False, tail=b"", now=None):
        now = int(time.time()) if now is None else now
        self.key, self.start, self.life = key, now + start, life
        self.des_key = session or des.new_key()
        order = "<" if little else ">"

        def text(value):
            return value.encode() + b"\0"
        self.plain = bytes([1 if little else 0]) + text(name) + text(inst) + \
            text(realm) + (host[::-1] if little else host) + self.des_key + \
            bytes([life]) + struct.pack(order + "I", self.start) + \
            text(sname) + text(sinst) + tail
        self.plain += bytes(-len(self.plain) % 8)
        self.token = des.pcbc_encrypt(key.octets, self.plain)
