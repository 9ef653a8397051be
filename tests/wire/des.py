"""DES, its modes and its weak keys in plain Python, for tests of what still
has DES keys (FIPS 46-3; RFC 3961 6.2; Kerberos version 4)."""

import os

# FIPS 46-3; bits are counted from 1, the highest first
_IP = [row + 8 * column for row in (2, 4, 6, 8, 1, 3, 5, 7)
       for column in range(7, -1, -1)]
_FP = [_IP.index(bit) + 1 for bit in range(1, 65)]
_E = [(4 * (i // 6) + i % 6 - 1) % 32 + 1 for i in range(48)]
_P = [16, 7, 20, 21, 29, 12, 28, 17, 1, 15, 23, 26, 5, 18, 31, 10,
      2, 8, 24, 14, 32, 27, 3, 9, 19, 13, 30, 6, 22, 11, 4, 25]
_PC1 = [57, 49, 41, 33, 25, 17, 9, 1, 58, 50, 42, 34, 26, 18,
        10, 2, 59, 51, 43, 35, 27, 19, 11, 3, 60, 52, 44, 36,
        63, 55, 47, 39, 31, 23, 15, 7, 62, 54, 46, 38, 30, 22,
        14, 6, 61, 53, 45, 37, 29, 21, 13, 5, 28, 20, 12, 4]
_PC2 = [14, 17, 11, 24, 1, 5, 3, 28, 15, 6, 21, 10,
        23, 19, 12, 4, 26, 8, 16, 7, 27, 20, 13, 2,
        41, 52, 31, 37, 47, 55, 30, 40, 51, 45, 33, 48,
        44, 49, 39, 56, 34, 53, 46, 42, 50, 36, 29, 32]
_TURNS = [1, 1, 2, 2, 2, 2, 2, 2, 1, 2, 2, 2, 2, 2, 2, 1]
_S = [bytes(int(digit, 16) for digit in box) for box in (
    "e4d12fb83a6c59070f74e2d1a6cb9538"
    "41e8d62bfc973a50fc8249175b3ea06d",
    "f18e6b34972dc05a3d47f28ec01a69b5"
    "0e7ba4d158c6932fd8a13f42b67c05e9",
    "a09e63f51dc7b428d709346a285ecbf1"
    "d6498f30b12c5ae71ad069874fe3b52c",
    "7de3069a1285bc4fd8b56f03472c1ae9"
    "a690cb7df13e52843f06a1d8945bc72e",
    "2c417ab6853fd0e9eb2c47d150fa3986"
    "421bad78f9c5630eb8c71e2d6f09a453",
    "c1af92680d34e75baf427c9561de0b38"
    "9ef528c3704a1db6432c95fabe17608d",
    "4b2ef08d3c975a61d0b7491ae35c2f86"
    "14bdc37eaf6805926bd814a7950fe23c",
    "d2846fb1a93e50c71fd8a374c56b0e92"
    "7b419ce206adf35821e74a8dfc90356b",
)]

# FIPS 74: weak and semi-weak keys
WEAK = frozenset(map(bytes.fromhex, (
    "0101010101010101 fefefefefefefefe e0e0e0e0f1f1f1f1 1f1f1f1f0e0e0e0e "
    "01fe01fe01fe01fe fe01fe01fe01fe01 1fe01fe00ef10ef1 e01fe01ff10ef10e "
    "01e001e001f101f1 e001e001f101f101 1ffe1ffe0efe0efe fe1ffe1ffe0efe0e "
    "011f011f010e010e 1f011f010e010e01 e0fee0fef1fef1fe fee0fee0fef1fef1"
).split()))


def _permute(value, width, table):
    out = 0
    for bit in table:
        out = out << 1 | value >> (width - bit) & 1
    return out


def _by_octet(width, table):
    """The permutation as a table of 256 for each octet of `width` bits."""
    return [[_permute(octet << shift, width, table) for octet in range(256)]
            for shift in range(width - 8, -1, -8)]


def _apply(tables, value):
    out = 0
    for table, shift in zip(tables, range(8 * len(tables) - 8, -1, -8)):
        out |= table[value >> shift & 0xff]
    return out


def _sp_tables():
    """Each S box with P behind it, by its six bits."""
    out = []
    for number, box in enumerate(_S):
        table = []
        for bits in range(64):
            row = bits >> 4 & 2 | bits & 1
            value = box[16 * row + (bits >> 1 & 15)]
            table.append(_permute(value << (28 - 4 * number), 32, _P))
        out.append(table)
    return out


_IP_TABLES, _FP_TABLES = _by_octet(64, _IP), _by_octet(64, _FP)
_SP = _sp_tables()


def _schedule(key):
    value = _permute(int.from_bytes(key, "big"), 64, _PC1)
    halves = [value >> 28, value & 0xfffffff]
    rounds = []
    for turn in _TURNS:
        halves = [(h << turn | h >> (28 - turn)) & 0xfffffff for h in halves]
        key48 = _permute(halves[0] << 28 | halves[1], 56, _PC2)
        rounds.append([key48 >> shift & 63 for shift in range(42, -1, -6)])
    return rounds


def _block(rounds, data):
    value = _apply(_IP_TABLES, int.from_bytes(data, "big"))
    left, right = value >> 32, value & 0xffffffff
    for keys in rounds:
        wide = (right & 1) << 33 | right << 1 | right >> 31
        out = 0
        for number in range(8):
            out |= _SP[number][wide >> (28 - 4 * number) & 63 ^ keys[number]]
        left, right = right, left ^ out
    return _apply(_FP_TABLES, right << 32 | left).to_bytes(8, "big")


class Des:
    """One key of 8 octets, single blocks."""

    def __init__(self, key):
        self._rounds = _schedule(key)

    def encrypt(self, block):
        """One block of 8 octets."""
        return _block(self._rounds, block)

    def decrypt(self, block):
        """One block of 8 octets."""
        return _block(self._rounds[::-1], block)


class Des3:
    """One key of 24 octets: encrypt, decrypt, encrypt."""

    def __init__(self, key):
        self._parts = [Des(key[i:i + 8]) for i in (0, 8, 16)]

    def encrypt(self, block):
        """One block of 8 octets."""
        one, two, three = self._parts
        return three.encrypt(two.decrypt(one.encrypt(block)))

    def decrypt(self, block):
        """One block of 8 octets."""
        one, two, three = self._parts
        return one.decrypt(two.encrypt(three.decrypt(block)))


def xor(left, right):
    """Of octets, as long as the shorter."""
    return bytes(a ^ b for a, b in zip(left, right))


def cbc_encrypt(cipher, data, ivec=bytes(8)):
    """CBC of whole blocks; cipher is Des or Des3."""
    out = []
    for i in range(0, len(data), 8):
        ivec = cipher.encrypt(xor(ivec, data[i:i + 8]))
        out.append(ivec)
    return b"".join(out)


def cbc_decrypt(cipher, data, ivec=bytes(8)):
    """The reverse of cbc_encrypt()."""
    out = []
    for i in range(0, len(data), 8):
        block = data[i:i + 8]
        out.append(xor(ivec, cipher.decrypt(block)))
        ivec = block
    return b"".join(out)


def pcbc_encrypt(key, data):
    """PCBC with the key as initial vector, as version 4 seals tickets."""
    cipher, ivec, out = Des(key), key, []
    for i in range(0, len(data), 8):
        plain = data[i:i + 8]
        sealed = cipher.encrypt(xor(ivec, plain))
        ivec = xor(plain, sealed)
        out.append(sealed)
    return b"".join(out)


def crc32(data):
    """RFC 3961 6.1.3: not inverted, the first value zero; least octet
    first."""
    value = 0
    for octet in data:
        value ^= octet
        for _ in range(8):
            value = value >> 1 ^ (0xedb88320 if value & 1 else 0)
    return value.to_bytes(4, "little")


def odd_parity(key):
    """The lowest bit of each octet made such that the number of ones is
    odd."""
    return bytes(o & 0xfe | (bin(o >> 1).count("1") + 1) % 2 for o in key)


def new_key(octets=os.urandom):
    """A random key that is not weak."""
    while True:
        key = odd_parity(octets(8))
        if key not in WEAK:
            return key
