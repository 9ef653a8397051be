#!/usr/bin/env python3
"""gen_kdf_vectors.py > kdf_vectors.h: rxkad-kdf by its description and Python's library alone.

For an enctype that is neither DES nor reserved the DES key of rxkad is: HMAC-MD5, keyed with the session key,
over the counter (1 octet), "rxkad", NUL, 00000040; its first 8 octets, each with odd parity. A Triple DES key
is 21 octets first, the ones that RFC 3961 6.3.1 makes 24 of.
"""
import hashlib
import hmac

ETYPES = [(1, 'des-cbc-crc', 8), (2, 'des-cbc-md4', 8), (3, 'des-cbc-md5', 8),
          (5, 'des3-cbc-md5', 24), (7, 'old-des3-cbc-sha1', 24), (16, 'des3-cbc-sha1', 24),
          (17, 'aes128-cts-hmac-sha1-96', 16), (18, 'aes256-cts-hmac-sha1-96', 32),
          (19, 'aes128-cts-hmac-sha256-128', 16), (20, 'aes256-cts-hmac-sha384-192', 32),
          (23, 'arcfour-hmac-md5', 16), (24, 'arcfour-hmac-md5-56', 16),
          (25, 'camellia128-cts-cmac', 16), (26, 'camellia256-cts-cmac', 32), (77, 'not assigned yet', 7)]


def odd_parity(octet):
    octet &= 0xfe
    return octet | (bin(octet).count('1') + 1) % 2


def des3_random(key):
    """The octets that were made a Triple DES key: RFC 3961's stretching, backwards, bit by bit."""
    out = bytearray()
    for start in range(0, len(key), 8):
        block = key[start:start + 8]
        for i in range(7):
            low = (block[7] >> (i + 1)) & 1
            out.append((block[i] >> 1) << 1 | low)
    return bytes(out)


def kdf(key, counter=1):
    octets = hmac.new(key, bytes([counter]) + b'rxkad\0' + (64).to_bytes(4, 'big'), hashlib.md5).digest()
    return bytes(odd_parity(o) for o in octets[:8])


def session_key(etype, length):
    """Octets of no structure; DES keys have the parity they have to have."""
    octets = hashlib.sha512(b'session key %d' % etype).digest()[:length]
    return bytes(odd_parity(o) for o in octets) if etype in (1, 2, 3, 5, 7, 16) else octets


def derive(etype, key, counter=1):
    if etype in (1, 2, 3):
        return key
    return kdf(des3_random(key) if etype in (5, 7, 16) else key, counter)


def array(octets):
    return '{ ' + ', '.join('0x%02x' % o for o in octets) + ' }'


def rows(octets):
    lines = [octets[i:i + 8] for i in range(0, len(octets), 8)]
    return '\n      { ' + ',\n\t'.join(', '.join('0x%02x' % o for o in line) for line in lines) + ' }'


def main():
    print('/* Made by gen_kdf_vectors.py: rxkad-kdf by its description. */\n')
    print('static const struct kdf_vector {\n    int etype;\n    const char *name;\n    size_t length;')
    print('    unsigned char key[32];\n    unsigned char des[8];\n    unsigned char second[8];\t/* with counter 2 */')
    print('} kdf_vectors[] = {')
    for etype, name, length in ETYPES:
        key = session_key(etype, length)
        print('    { %d, "%s", %d,%s,\n      %s,\n      %s },' % (
            etype, name, length, rows(key), array(derive(etype, key)), array(derive(etype, key, 2))))
    print('};')


main()
