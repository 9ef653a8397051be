"""The krb524 protocol, and what is in a 2b token, in plain Python.

  request   the DER of a Ticket
  reply     status, then for status 0: 213, length, 1250 octets, 0
            (numbers of 4 octets, most significant first)
"""

import hashlib
import hmac
import os
import struct
import subprocess

from realm.relay import ask as ask_once

from . import ap, der, krb

KVNO_2B = 213
ROOM = 1250                             # for a token, in a reply
REPLY_LENGTH = 4 + 4 + 4 + ROOM + 4
STRICT_LENGTH = 344

# com_err tables: krb5 and k524
KRB5, K524 = -1765328384, -1750206208

C_UNKNOWN, S_UNKNOWN, POLICY = KRB5 + 6, KRB5 + 7, KRB5 + 12
ETYPE_NOSUPP, TRTYPE_NOSUPP = KRB5 + 14, KRB5 + 17
TAMPERED, EXPIRED, NOT_YET_VALID = KRB5 + 31, KRB5 + 32, KRB5 + 33
BADADDR, BADVERSION, BADKEYVER = KRB5 + 38, KRB5 + 39, KRB5 + 44
BAD_PATH = KRB5 + 43                    # KRB_AP_ERR_ILL_CR_TKT
BADKEY, ENCFULL = K524 + 0, K524 + 5

DES_CBC_CRC, DES_CBC_MD5, DES3, AES128, AES256 = 1, 3, 16, 17, 18


class Krb524Error(ValueError):
    """The octets are no reply."""


class Reply:
    """status, and kvno and token when it is 0.  Each octet is looked at."""

    def __init__(self, octets):
        self.octets = octets
        if len(octets) < 4:
            raise Krb524Error("%d octets" % len(octets))
        self.status, = struct.unpack_from(">i", octets)
        self.kvno = self.token = None
        if self.status:
            self._want(len(octets) == 4, "%d octets of an error",
                       len(octets))
        else:
            self._read_token()

    @staticmethod
    def _want(condition, text, *args):
        if not condition:
            raise Krb524Error(text % args)

    def _read_token(self):
        octets = self.octets
        self._want(len(octets) == REPLY_LENGTH, "%d octets", len(octets))
        self.kvno, length = struct.unpack_from(">II", octets, 4)
        self._want(length <= ROOM, "a token of %d octets", length)
        self._want(not any(octets[12 + length:]), "no zeros behind it")
        self.token = octets[12:12 + length]

    def __repr__(self):
        return "<krb524 %d %s>" % (self.status, self.token and
                                   len(self.token))


def success(token, kvno=KVNO_2B, length=None, room=ROOM, status=0,
            mbz=b"\0\0\0\0", fill=b"\0"):
    """The octets of a reply; each field can be wrong."""
    return struct.pack(">iiI", status, kvno, len(token) if length is None
                       else length) + \
        token + fill * (room - len(token)) + mbz


def error(status):
    """The octets of a reply that refuses."""
    return struct.pack(">i", status)


def ask(port, ticket, transport="udp", timeout=10):
    """The Reply to a ticket's DER."""
    return Reply(ask_once(port, ticket, transport, timeout))


class Token:
    """A 2b token, opened with the service's key."""

    def __init__(self, octets, key=None):
        self.octets = octets
        node = der.parse(octets).expect(der.SEQUENCE)
        sealed = krb.EncryptedData(node)
        self.etype, self.kvno, self.cipher = \
            sealed.etype, sealed.kvno, sealed.cipher
        if key is None:
            return
        plain = decrypt_des(key, self.cipher) if self.etype == DES_CBC_CRC \
            else sealed.decrypt(key, ap.KU_TICKET)
        part = der.read(plain)[0].expect(3, der.APPLICATION).inner()
        self.flags = part[0].flags()
        self.session = ap.read_key(part[1])
        self.crealm = part[2].text()
        self.client = "/".join(n.text() for n in part[3][1])
        self.transited = part[4][1].octets()
        self.endtime = part[7].time()
        self.has_addresses = part[9] is not None
        self.has_authdata = part[10] is not None


def enc_part(ticket):
    """The octets of a Ticket's enc-part, as they stand there."""
    return der.parse(ticket).expect(1, der.APPLICATION).inner()[3].raw


def decrypt_des(key, cipher):
    """des-cbc-crc (RFC 3961 6.2.3) without its checksum, with OpenSSL."""
    plain = subprocess.run(
        ["openssl", "enc", "-d", "-des-cbc", "-provider", "legacy",
         "-provider", "default", "-nopad", "-K", key.hex(), "-iv",
         key.hex()], input=cipher, check=True, stdout=subprocess.PIPE,
        stderr=subprocess.PIPE).stdout
    return plain[8 + 4:]                # behind the confounder and the CRC


def if_relevant_of(length, kind=128):
    """DER of authorization data of about that many octets, as a PAC adds."""
    inner = der.seq(der.seq(der.ctx(0, der.integer(kind)),
                            der.ctx(1, der.octets(os.urandom(length)))))
    return der.seq(der.seq(der.ctx(0, der.integer(1)),
                           der.ctx(1, der.octets(inner))))


def odd_parity(octets):
    """DES keys have it."""
    return bytes(b & 0xfe | (bin(b >> 1).count("1") + 1) % 2 for b in octets)


def without_parity(key):
    """The 21 octets of a Triple DES key: RFC 3961 6.3.1, backwards."""
    out = b""
    for at in range(0, len(key), 8):
        part, low = key[at:at + 8], key[at + 7] >> 1
        out += bytes(part[n] & 0xfe | low >> n & 1 for n in range(7))
    return out


def rxkad_key(session):
    """rxkad-kdf, without its weak keys."""
    etype, key = session
    if etype in (DES_CBC_CRC, DES_CBC_MD5):
        return key
    if etype == DES3:
        key = without_parity(key)
    mac = hmac.new(key, b"\1rxkad\0\0\0\0\x40", hashlib.md5).digest()
    return odd_parity(mac[:8])
