"""The tests' own ciphers against published vectors, and rxkad-kdf's sums."""

import unittest

from wire import des, enc, etypes, rxkad


class Ciphers(unittest.TestCase):

    def test_des(self):
        key = bytes.fromhex("133457799bbcdff1")
        plain = bytes.fromhex("0123456789abcdef")
        cipher = bytes.fromhex("85e813540f0ab405")
        self.assertEqual(des.Des(key).encrypt(plain), cipher)
        self.assertEqual(des.Des(key).decrypt(cipher), plain)
        # FIPS 81, CBC
        text = b"Now is the time for all "
        sealed = des.cbc_encrypt(des.Des(plain), text,
                                 bytes.fromhex("1234567890abcdef"))
        self.assertEqual(
            sealed.hex(), "e5c7cdde872bf27c43e934008c389c0f683788499a7c05f6")
        self.assertEqual(len(des.WEAK), 16)

    def test_md4(self):
        """RFC 1320 A.5."""
        for text, digest in (
                (b"", "31d6cfe0d16ae931b73c59d7e0c089c0"),
                (b"abc", "a448017aaf21d8525fc10ae87aa6729d"),
                (b"1234567890" * 8, "e33b4ddc9c38f2199c3e7b164fcc0536")):
            self.assertEqual(etypes.md4(text).hex(), digest)

    def test_crc(self):
        """RFC 3961 A.5."""
        for text, crc in ((b"foo", "33bc3273"),
                          (b"test0123456789", "d6883eb8"),
                          (b"\x80\0", "4b98833b")):
            self.assertEqual(des.crc32(text).hex(), crc)

    def test_des3(self):
        """RFC 3961 A.3."""
        # pylint: disable=protected-access
        key = bytes.fromhex(
            "dce06b1f64c857a11c3db57c51899b2cc1791008ce973b92")
        self.assertEqual(
            etypes._des3_derive(key, bytes.fromhex("0000000155")).hex(),
            "925179d04591a79b5d3192c4a7e9c289b049c71f6ee604cd")

    def test_rfc8009(self):
        """RFC 8009 A: the keys of usage 2."""
        # pylint: disable=protected-access
        key = bytes.fromhex("3705d96080c17728a0e800eab6e0d23c")
        self.assertEqual([k.hex() for k in etypes._sha2_keys(19, key, 2)], [
            "9b197dd1e8c5609d6e67c3e37c62c72e",
            "9fda0e56ab2d85e1569a688696c26a6c"])

    def test_there_and_back(self):
        for etype in (1, 2, 3, 16, 17, 18, 19, 20, 23):
            key = etypes.new_key(etype)
            for size in (0, 1, 7, 8, 31, 200):
                plain = bytes(range(size))
                sealed = etypes.seal(etype, key, 2, plain)
                opened = etypes.unseal(etype, key, 2, sealed)
                self.assertEqual(opened[:size], plain)
                self.assertLess(len(opened) - size, 8)
                with self.assertRaises(ValueError):
                    etypes.unseal(etype, key, 2, sealed[:-1] +
                                  bytes([sealed[-1] ^ 1]))

    def test_nfold_is_shared(self):
        """RFC 3961 A.1, for 8 octets."""
        self.assertEqual(enc.nfold(b"012345", 8).hex(), "be072631276b1955")


class Kdf(unittest.TestCase):

    def test_derive(self):
        """As tests/loop/test_kafs_kdf.c has them, and DES as it is."""
        for etype, key, out in (
                (18, bytes(range(32)), "b60db5e30b266b16"),
                (17, bytes(range(16)), "07838c58c11c64ab"),
                (16, bytes.fromhex("0110233245546776"
                                   "8998abbacddceffe"
                                   "0123456789abcdef"), "4c767c6804c780a2"),
                (3, bytes.fromhex("0123456789abcdef"), "0123456789abcdef")):
            self.assertEqual(rxkad.derive(etype, key).hex(), out)


if __name__ == "__main__":
    unittest.main()
