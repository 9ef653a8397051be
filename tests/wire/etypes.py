"""Encryption by enctype in plain Python: DES (crc, md4, md5), des3-cbc-sha1,
rc4-hmac, and AES of RFC 3962 and of RFC 8009.

seal() and unseal() are for every enctype what RFC 3961 calls encrypt and
decrypt.
"""

import hashlib
import hmac
import os
import struct

from . import des, enc

DES_CRC, DES_MD4, DES_MD5 = 1, 2, 3
DES3_MD5, DES3_OLD, DES3 = 5, 7, 16
AES128, AES256, AES128_SHA2, AES256_SHA2 = 17, 18, 19, 20
RC4, RC4_56 = 23, 24

KEY_SIZE = {DES_CRC: 8, DES_MD4: 8, DES_MD5: 8,
            DES3_MD5: 24, DES3_OLD: 24, DES3: 24,
            AES128: 16, AES256: 32, AES128_SHA2: 16, AES256_SHA2: 32,
            RC4: 16, RC4_56: 16}
DES_TYPES = (DES_CRC, DES_MD4, DES_MD5)
DES3_TYPES = (DES3_MD5, DES3_OLD, DES3)
NAME = {DES_CRC: "des-cbc-crc", DES_MD4: "des-cbc-md4",
        DES_MD5: "des-cbc-md5", DES3_MD5: "des3-cbc-md5",
        DES3_OLD: "old-des3-cbc-sha1",
        DES3: "des3-cbc-sha1", AES128: "aes128-sha1", AES256: "aes256-sha1",
        AES128_SHA2: "aes128-sha256", AES256_SHA2: "aes256-sha384",
        RC4: "rc4-hmac", RC4_56: "rc4-hmac-exp"}


def new_key(etype, octets=os.urandom):
    """Octets of a random key."""
    if etype in DES_TYPES:
        return des.new_key(octets)
    if etype in DES3_TYPES:
        return b"".join(des.new_key(octets) for _ in range(3))
    return octets(KEY_SIZE[etype])


# -- MD4 (RFC 1320), which OpenSSL no longer has --------------------------

def _md4_round(state, words, function, order, turns, constant):
    for number, index in enumerate(order):
        a, b, c, d = state
        a = (a + function(b, c, d) + words[index] + constant) & 0xffffffff
        turn = turns[number % 4]
        state = [d, (a << turn | a >> (32 - turn)) & 0xffffffff, b, c]
    return state


def md4(data):
    """The digest."""
    padded = data + b"\x80" + bytes(-(len(data) + 9) % 64) + \
        struct.pack("<Q", 8 * len(data))
    state = [0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476]
    by_columns = [i // 4 + i % 4 * 4 for i in range(16)]
    crossed = [0, 8, 4, 12, 2, 10, 6, 14, 1, 9, 5, 13, 3, 11, 7, 15]
    for pos in range(0, len(padded), 64):
        words = struct.unpack_from("<16I", padded, pos)
        out = _md4_round(state, words, lambda x, y, z: x & y | ~x & z,
                         range(16), (3, 7, 11, 19), 0)
        out = _md4_round(out, words, lambda x, y, z: x & y | x & z | y & z,
                         by_columns, (3, 5, 9, 13), 0x5a827999)
        out = _md4_round(out, words, lambda x, y, z: x ^ y ^ z,
                         crossed, (3, 9, 11, 15), 0x6ed9eba1)
        state = [(a + b) & 0xffffffff for a, b in zip(state, out)]
    return struct.pack("<4I", *state)


def _md5(data):
    return hashlib.md5(data).digest()


# -- single DES (RFC 3961 6.2) --------------------------------------------

# enctype: (checksum, its size, whether the key is the initial vector)
_DES = {DES_CRC: (des.crc32, 4, True), DES_MD4: (md4, 16, False),
        DES_MD5: (_md5, 16, False)}


def _des_seal(etype, key, plain):
    checksum, size, by_key = _DES[etype]
    rest = plain + bytes(-(8 + size + len(plain)) % 8)
    confounder = os.urandom(8)
    digest = checksum(confounder + bytes(size) + rest)
    return des.cbc_encrypt(des.Des(key), confounder + digest + rest,
                           key if by_key else bytes(8))


def _des_unseal(etype, key, cipher):
    checksum, size, by_key = _DES[etype]
    data = des.cbc_decrypt(des.Des(key), cipher, key if by_key else bytes(8))
    digest = data[8:8 + size]
    if checksum(data[:8] + bytes(size) + data[8 + size:]) != digest:
        raise ValueError("integrity check failed")
    return data[8 + size:]              # padded


# -- des3-cbc-sha1 (RFC 3961 6.3) -----------------------------------------

def _des3_random_to_key(octets):
    out = b""
    for i in range(0, 21, 7):
        part = octets[i:i + 7]
        last = sum((o & 1) << (bit + 1) for bit, o in enumerate(part))
        key = des.odd_parity(part + bytes([last]))
        if key in des.WEAK:
            key = key[:7] + bytes([key[7] ^ 0xf0])
        out += key
    return out


def _des3_derive(key, constant):
    block, out = enc.nfold(constant, 8), b""
    while len(out) < 21:
        block = des.Des3(key).encrypt(block)
        out += block
    return _des3_random_to_key(out[:21])


def _des3_keys(key, usage):
    number = usage.to_bytes(4, "big")
    return (des.Des3(_des3_derive(key, number + b"\xaa")),
            _des3_derive(key, number + b"\x55"))


def _des3_seal(key, usage, plain):
    cipher, int_key = _des3_keys(key, usage)
    data = os.urandom(8) + plain + bytes(-len(plain) % 8)
    return des.cbc_encrypt(cipher, data) + \
        hmac.new(int_key, data, hashlib.sha1).digest()


def _des3_unseal(key, usage, sealed):
    cipher, int_key = _des3_keys(key, usage)
    data = des.cbc_decrypt(cipher, sealed[:-20])
    if hmac.new(int_key, data, hashlib.sha1).digest() != sealed[-20:]:
        raise ValueError("integrity check failed")
    return data[8:]                     # padded


# -- rc4-hmac (RFC 4757) --------------------------------------------------

def _rc4(key, data):
    state, j = list(range(256)), 0
    for i in range(256):
        j = (j + state[i] + key[i % len(key)]) & 255
        state[i], state[j] = state[j], state[i]
    out, i, j = bytearray(), 0, 0
    for octet in data:
        i = (i + 1) & 255
        j = (j + state[i]) & 255
        state[i], state[j] = state[j], state[i]
        out.append(octet ^ state[(state[i] + state[j]) & 255])
    return bytes(out)


def _hmac_md5(key, data):
    return hmac.new(key, data, hashlib.md5).digest()


def _rc4_seal(key, usage, plain):
    one = _hmac_md5(key, struct.pack("<I", usage))
    data = os.urandom(8) + plain
    checksum = _hmac_md5(one, data)
    return checksum + _rc4(_hmac_md5(one, checksum), data)


def _rc4_unseal(key, usage, sealed):
    one = _hmac_md5(key, struct.pack("<I", usage))
    data = _rc4(_hmac_md5(one, sealed[:16]), sealed[16:])
    if _hmac_md5(one, data) != sealed[:16]:
        raise ValueError("integrity check failed")
    return data[8:]


# -- AES with SHA-2 (RFC 8009) --------------------------------------------

_SHA2 = {AES128_SHA2: (hashlib.sha256, 16, 16, 16),
         AES256_SHA2: (hashlib.sha384, 32, 24, 24)}


def _kdf_sha2(etype, key, label, size):
    data = b"\0\0\0\1" + label + b"\0" + (8 * size).to_bytes(4, "big")
    return hmac.new(key, data, _SHA2[etype][0]).digest()[:size]


def _sha2_keys(etype, key, usage):
    _, enc_size, int_size, _ = _SHA2[etype]
    number = usage.to_bytes(4, "big")
    return (_kdf_sha2(etype, key, number + b"\xaa", enc_size),
            _kdf_sha2(etype, key, number + b"\x55", int_size))


def _sha2_mac(etype, int_key, cipher):
    digest, _, _, size = _SHA2[etype]
    return hmac.new(int_key, bytes(16) + cipher, digest).digest()[:size]


def _sha2_seal(etype, key, usage, plain):
    enc_key, int_key = _sha2_keys(etype, key, usage)
    cipher = enc.cts_encrypt(enc_key, os.urandom(16) + plain)
    return cipher + _sha2_mac(etype, int_key, cipher)


def _sha2_unseal(etype, key, usage, sealed):
    enc_key, int_key = _sha2_keys(etype, key, usage)
    cut = len(sealed) - _SHA2[etype][3]
    if _sha2_mac(etype, int_key, sealed[:cut]) != sealed[cut:]:
        raise ValueError("integrity check failed")
    return enc.cts_decrypt(enc_key, sealed[:cut])[16:]


# -- all ------------------------------------------------------------------

def seal(etype, key, usage, plain):
    """Encrypt with a random confounder."""
    if etype in DES_TYPES:
        return _des_seal(etype, key, plain)
    if etype == DES3:
        return _des3_seal(key, usage, plain)
    if etype == RC4:
        return _rc4_seal(key, usage, plain)
    if etype in _SHA2:
        return _sha2_seal(etype, key, usage, plain)
    return enc.encrypt(key, usage, plain)


def unseal(etype, key, usage, sealed):
    """Decrypt; ValueError if it does not verify.  With DES there may be
    padding behind it."""
    if etype in DES_TYPES:
        return _des_unseal(etype, key, sealed)
    if etype == DES3:
        return _des3_unseal(key, usage, sealed)
    if etype == RC4:
        return _rc4_unseal(key, usage, sealed)
    if etype in _SHA2:
        return _sha2_unseal(etype, key, usage, sealed)
    return enc.decrypt(key, usage, sealed)
