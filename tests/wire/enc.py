"""aes128/256-cts-hmac-sha1-96 (RFC 3961, RFC 3962) in plain Python."""

import hashlib
import hmac
import math
import os

AES128, AES256 = 17, 18
_MAC = 12                               # octets of HMAC-SHA1-96 kept


# -- AES ------------------------------------------------------------------

def _xtime(value):
    value <<= 1
    return value ^ 0x11b if value & 0x100 else value


def _gmul(left, right):
    out = 0
    while right:
        if right & 1:
            out ^= left
        left = _xtime(left)
        right >>= 1
    return out


def _make_sbox():
    box = [0] * 256
    for value in range(256):
        inv = next((x for x in range(256) if _gmul(value, x) == 1), 0)
        out = 0x63
        for shift in range(5):
            out ^= (inv << shift | inv >> (8 - shift)) & 0xff
        box[value] = out
    return bytes(box)


_SBOX = _make_sbox()
_INV_SBOX = bytes(_SBOX.index(x) for x in range(256))
_MUL = {k: bytes(_gmul(x, k) for x in range(256)) for k in (2, 3, 9, 11, 13,
                                                            14)}
# Where each octet of the state comes from when rows are shifted.
_SHIFT = [(i + 4 * (i % 4)) % 16 for i in range(16)]
_UNSHIFT = [(i - 4 * (i % 4)) % 16 for i in range(16)]


def _expand(key):
    words = [list(key[i:i + 4]) for i in range(0, len(key), 4)]
    count = len(words)
    rcon = 1
    for i in range(count, 4 * (count + 7)):
        word = list(words[-1])
        if i % count == 0:
            word = [_SBOX[x] for x in word[1:] + word[:1]]
            word[0] ^= rcon
            rcon = _xtime(rcon)
        elif count > 6 and i % count == 4:
            word = [_SBOX[x] for x in word]
        words.append([a ^ b for a, b in zip(words[-count], word)])
    flat = sum(words, [])
    return [flat[i:i + 16] for i in range(0, len(flat), 16)]


def _mix(state, a, b, c, d):
    """Multiply each column by the circulant matrix of the coefficients;
    tables, None for 1."""
    def times(table, value):
        return value if table is None else table[value]
    out = []
    for i in range(0, 16, 4):
        col = state[i:i + 4]
        for row in range(4):
            out.append(times(a, col[row]) ^ times(b, col[(row + 1) % 4]) ^
                       times(c, col[(row + 2) % 4]) ^
                       times(d, col[(row + 3) % 4]))
    return out


class Aes:
    """One key, single blocks."""

    def __init__(self, key):
        self._rounds = _expand(key)

    def encrypt(self, block):
        """One block of 16 octets."""
        state = [a ^ b for a, b in zip(block, self._rounds[0])]
        for key in self._rounds[1:]:
            state = [_SBOX[state[i]] for i in _SHIFT]
            if key is not self._rounds[-1]:
                state = _mix(state, _MUL[2], _MUL[3], None, None)
            state = [a ^ b for a, b in zip(state, key)]
        return bytes(state)

    def decrypt(self, block):
        """One block of 16 octets."""
        state = list(block)
        for key in reversed(self._rounds[1:]):
            state = [a ^ b for a, b in zip(state, key)]
            if key is not self._rounds[-1]:
                state = _mix(state, _MUL[14], _MUL[11], _MUL[13], _MUL[9])
            state = [_INV_SBOX[state[i]] for i in _UNSHIFT]
        return bytes(a ^ b for a, b in zip(state, self._rounds[0]))


def _xor(left, right):
    return bytes(a ^ b for a, b in zip(left, right))


def cts_encrypt(key, plain):
    """AES-CBC with ciphertext stealing, initial vector zero (RFC 3962 5)."""
    aes = Aes(key)
    if len(plain) <= 16:
        return aes.encrypt(plain.ljust(16, b"\0"))
    last = len(plain) % 16 or 16
    padded = plain + bytes(16 - last)
    blocks, previous = [], bytes(16)
    for i in range(0, len(padded), 16):
        previous = aes.encrypt(_xor(previous, padded[i:i + 16]))
        blocks.append(previous)
    blocks[-2:] = [blocks[-1], blocks[-2][:last]]
    return b"".join(blocks)


def cts_decrypt(key, cipher):
    """The reverse of cts_encrypt."""
    aes = Aes(key)
    if len(cipher) <= 16:
        return aes.decrypt(cipher)
    last = len(cipher) % 16 or 16
    head, full, part = (cipher[:-last - 16], cipher[-last - 16:-last],
                        cipher[-last:])
    opened = aes.decrypt(full)
    before = part + opened[last:]       # the next to last block of CBC
    out, previous = [], bytes(16)
    for i in range(0, len(head), 16):
        out.append(_xor(previous, aes.decrypt(head[i:i + 16])))
        previous = head[i:i + 16]
    out.append(_xor(previous, aes.decrypt(before)))
    out.append(_xor(opened[:last], part))
    return b"".join(out)


# -- RFC 3961 -------------------------------------------------------------

def nfold(data, size):
    """n-fold to `size` octets."""
    total = math.lcm(len(data), size) if hasattr(math, "lcm") else \
        len(data) * size // math.gcd(len(data), size)
    number, width = int.from_bytes(data, "big"), 8 * len(data)
    long = b""
    for copy in range(total // len(data)):
        turn = 13 * copy % width
        turned = number >> turn | number << (width - turn)
        long += (turned & ((1 << width) - 1)).to_bytes(len(data), "big")
    modulus = (1 << 8 * size) - 1
    out = sum(int.from_bytes(long[i:i + size], "big")
              for i in range(0, total, size)) % modulus
    if out == 0 and any(long):
        out = modulus
    return out.to_bytes(size, "big")


def derive(key, constant):
    """DK(key, constant)."""
    aes = Aes(key)
    block = nfold(constant, 16) if len(constant) != 16 else constant
    out = b""
    while len(out) < len(key):
        block = aes.encrypt(block)
        out += block
    return out[:len(key)]


def usage_keys(key, usage):
    """(Ke, Ki) for a key usage."""
    number = usage.to_bytes(4, "big")
    return derive(key, number + b"\xaa"), derive(key, number + b"\x55")


def encrypt(key, usage, plain, confounder=None):
    """Encrypt as RFC 3961's simplified profile does."""
    enc_key, int_key = usage_keys(key, usage)
    data = (os.urandom(16) if confounder is None else confounder) + plain
    mac = hmac.new(int_key, data, hashlib.sha1).digest()[:_MAC]
    return cts_encrypt(enc_key, data) + mac


def decrypt(key, usage, cipher):
    """Open what encrypt() made; ValueError if it does not verify."""
    if len(cipher) < 16 + _MAC:
        raise ValueError("cipher text of %d octets" % len(cipher))
    enc_key, int_key = usage_keys(key, usage)
    data = cts_decrypt(enc_key, cipher[:-_MAC])
    mac = hmac.new(int_key, data, hashlib.sha1).digest()[:_MAC]
    if not hmac.compare_digest(mac, cipher[-_MAC:]):
        raise ValueError("integrity check failed")
    return data[16:]


def checksum(key, usage, data):
    """hmac-sha1-96-aes keyed checksum (types 15 and 16)."""
    check_key = derive(key, usage.to_bytes(4, "big") + b"\x99")
    return hmac.new(check_key, data, hashlib.sha1).digest()[:_MAC]


def string_to_key(password, salt, etype=AES256, rounds=4096):
    """Key of a password (RFC 3962 4)."""
    size = 32 if etype == AES256 else 16
    seed = hashlib.pbkdf2_hmac("sha1", password.encode(), salt.encode(),
                               rounds, size)
    return derive(seed, b"kerberos")
