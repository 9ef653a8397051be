#!/usr/bin/env python3
"""gen_key_vectors.py > key_vectors.h: RSA of PKCS #1 v1.5 and Diffie-Hellman, by Python's pow() alone."""
import random

GROUP14 = int("FFFFFFFFFFFFFFFFC90FDAA22168C234C4C6628B80DC1CD129024E088A67CC74020BBEA63B139B22514A08798E3404DD"
              "EF9519B3CD3A431B302B0A6DF25F14374FE1356D6D51C245E485B576625E7EC6F44C42E9A637ED6B0BFF5CB6F406B7ED"
              "EE386BFB5A899FA5AE9F24117C4B1FE649286651ECE45B3DC2007CB8A163BF0598DA48361C55D39A69163FA8FD24CF5F"
              "83655D23DCA3AD961C62F356208552BB9ED529077096966D670C354E4ABC9804F1746C08CA18217C32905E462E36CE3B"
              "E39E772C180E86039B2783A2EC07A28FB5C55DF06F4C52C9DE2BCBF6955817183995497CEA956AE515D2261898FA0510"
              "15728E5A8AACAA68FFFFFFFFFFFFFFFF", 16)
rng = random.Random(8)


def is_prime(n):
    d, s = n - 1, 0
    while d % 2 == 0:
        d, s = d // 2, s + 1
    for a in (2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37):
        x = pow(a, d, n)
        if x in (1, n - 1):
            continue
        for _ in range(s - 1):
            x = x * x % n
            if x == n - 1:
                break
        else:
            return False
    return True


def prime(bits, e):
    while True:
        p = rng.getrandbits(bits) | 3 << (bits - 2) | 1
        if p % e != 1 and is_prime(p):
            return p


class Rsa:
    def __init__(self, name, p_bits, q_bits, e=65537):
        self.name, self.e = name, e
        p, q = sorted((prime(p_bits, e), prime(q_bits, e)), reverse=True)
        self.n, self.size = p * q, ((p * q).bit_length() + 7) // 8
        self.d = pow(e, -1, (p - 1) * (q - 1))
        self.rest = [p, q, self.d % (p - 1), self.d % (q - 1), pow(q, -1, p)]

    def block(self, kind, padding, data):
        """00 KIND PADDING... 00 DATA, with as much of padding as there is room for."""
        room = self.size - 3 - len(data)
        return bytes([0, kind]) + (padding * room)[:room] + b"\0" + data

    def signed(self, em):
        return pow(int.from_bytes(em, "big"), self.d, self.n).to_bytes(self.size, "big")

    def encrypted(self, em):
        return pow(int.from_bytes(em, "big"), self.e, self.n).to_bytes(self.size, "big")


def c_hex(octets):
    text = octets.hex() if isinstance(octets, bytes) else f"{octets:0{2}x}"
    lines = [text[i:i + 64] for i in range(0, len(text), 64)] or [""]
    return "\n\t".join(f'"{line}"' for line in lines)


def rows(name, fields, table):
    print(f"static const struct {{\n    {fields}\n}} {name}[] __attribute__((unused)) = {{")
    for row in table:
        print("    { " + ",\n      ".join(f'"{x}"' if isinstance(x, str) else str(x[0]) if isinstance(x, list)
                                         else c_hex(x) for x in row) + " },")
    print("};\n")


KEYS = [Rsa("1024 bits", 512, 512), Rsa("1019 bits", 510, 509), Rsa("exponent 3", 512, 512, 3)]


def rsa_rows():
    keys, good, bad = [], [], []
    for i, k in enumerate(KEYS):
        keys.append([k.name, k.n, k.e, k.d, *k.rest])
        for data in (b"", b"a", b"hello, world", bytes(k.size - 11)):
            em = k.block(1, b"\xff", data)
            good.append([[i], "sign", data, k.signed(em)])
            em = k.block(2, b"\x5a\xa5\x01", data)
            good.append([[i], "decrypt", data, k.encrypted(em)])
        data = b"x" * 8
        for what, em in (("type 2", k.block(2, b"\xff", data)), ("type 0", k.block(0, b"\xff", data)),
                         ("a first octet that is not 0", b"\x01" + k.block(1, b"\xff", data)[1:]),
                         ("another octet in the padding", k.block(1, b"\xff\xfe", data)),
                         ("no end of the padding", b"\0\x01" + b"\xff" * (k.size - 2)),
                         ("no padding", b"\0\x01\0" + b"x" * (k.size - 3))):
            if int.from_bytes(em, "big") < k.n:
                bad.append([[i], "verify", what, k.signed(em)])
        for what, em in (("type 1", k.block(1, b"\x5a", data)), ("type 0", k.block(0, b"\x5a", data)),
                         ("a first octet that is not 0", b"\x01" + k.block(2, b"\x5a", data)[1:]),
                         ("no end of the padding", b"\0\x02" + b"\x5a" * (k.size - 2))):
            if int.from_bytes(em, "big") < k.n:
                bad.append([[i], "decrypt", what, k.encrypted(em)])
        for op in ("verify", "decrypt"):
            bad.append([[i], op, "zero", bytes(k.size)])
            bad.append([[i], op, "the modulus", k.n])
            bad.append([[i], op, "one octet more", b"\0" + k.signed(k.block(1, b"\xff", data))
                        if op == "verify" else b"\x01" + k.encrypted(k.block(2, b"\x5a", data))])
            bad.append([[i], op, "all ones", b"\xff" * k.size])
    return keys, good, bad


def short_signature(k):
    """A signature that begins with a zero octet; Heimdal's own RSA leaves it away."""
    for i in range(100000):
        data = b"message %d" % i
        s = k.signed(k.block(1, b"\xff", data))
        if s[0] == 0:
            return data, s


def dh_rows():
    table, wanted = [], [0, 0, 1, 1]
    x = rng.getrandbits(224)
    y = rng.getrandbits(2040)
    while wanted:
        x += 2
        secret = pow(pow(2, y, GROUP14), x, GROUP14).to_bytes(256, "big")
        zeros = len(secret) - len(secret.lstrip(b"\0"))
        if zeros == wanted[0]:
            wanted.pop(0)
            table.append([x, pow(2, x, GROUP14), pow(2, y, GROUP14), secret])
    return table


print("/* Made by gen_key_vectors.py; do not edit. */\n")
keys, good, bad = rsa_rows()
rows("rsa_keys", "const char *name, *n, *e, *d, *p, *q, *dmp1, *dmq1, *iqmp;", keys)
rows("rsa_good", "int key;\n    const char *operation, *data, *block;", good)
rows("rsa_bad", "int key;\n    const char *operation, *what, *block;", bad)
data, block = short_signature(KEYS[0])
rows("rsa_short", "int key;\n    const char *data, *block;", [[[0], data, block]])
rows("dh_good", "const char *private, *public, *peer, *secret;", dh_rows())
rows("dh_bad", "const char *what, *peer;",
     [["0", 0], ["1", 1], ["p - 1", GROUP14 - 1], ["p", GROUP14], ["p + 1", GROUP14 + 1], ["2 p + 2", 2 * GROUP14 + 2]])
print("static const char dh_prime[] __attribute__((unused)) =\n\t" + c_hex(GROUP14) + ";")
