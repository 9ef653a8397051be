"""DER, AES-CTS and PKINIT helpers of the tests themselves."""

import unittest

from wire import der, enc, krb, pkinit


class DerTest(unittest.TestCase):
    """Writer and reader agree with each other and with known octets."""

    VECTORS = [
        ("zero", der.integer(0), "020100"),
        ("127", der.integer(127), "02017f"),
        ("128 needs a leading zero", der.integer(128), "02020080"),
        ("-128 is one octet", der.integer(-128), "020180"),
        ("-129", der.integer(-129), "0202ff7f"),
        ("nonce of 31 bits", der.integer(0x7fffffff), "02047fffffff"),
        ("time", der.gtime(1426630000), "180f" +
         b"20150317220640Z".hex()),
        ("high tag number", der.app(55, der.null()), "7f37020500"),
        ("tag 30 is short", der.app(30, der.null()), "7e020500"),
        ("explicit tag", der.ctx(4, der.octets(b"x")), "a403040178"),
        ("implicit octets", der.ctx_octets(0, b"x"), "800178"),
        ("flags", der.flags(0x40000000), "03050040000000"),
        ("oid", der.oid("1.2.840.113549.1.7.2"), "06092a864886f70d010702"),
        ("boolean", der.boolean(True), "0101ff"),
        ("length of 128", der.octets(bytes(128))[:3], "048180"),
        ("length of 256", der.octets(bytes(256))[:4], "04820100"),
        ("set is sorted", der.set_of(der.integer(2), der.integer(1)),
         "3106020101020102"),
    ]

    def test_known_octets(self):
        for what, got, want in self.VECTORS:
            with self.subTest(what):
                self.assertEqual(got.hex(), want)

    def test_values_come_back(self):
        for value in (0, 1, -1, 127, 128, 255, 256, -128, -129, 2 ** 2048):
            self.assertEqual(der.parse(der.integer(value)).int(), value)
        for dotted in ("1.3.6.1.5.2.3.1", "2.5.29.15", "0.9.2342"):
            self.assertEqual(der.parse(der.oid(dotted)).oid(), dotted)
        self.assertEqual(der.parse(der.gtime(1426630000)).time(), 1426630000)
        self.assertEqual(der.parse(der.flags(0x00010000)).flags(), 0x10000)
        node = der.parse(der.app(31, der.seq(der.ctx(31, der.integer(7)))))
        self.assertEqual((node.cls, node.tag), (der.APPLICATION, 31))
        self.assertEqual(node.inner()[31].int(), 7)
        self.assertIsNone(node.inner()[0])

    def test_what_is_not_der_is_refused(self):
        for what, octets in (
                ("nothing", ""), ("indefinite length", "30800000"),
                ("long form of a short length", "04810178"),
                ("leading zero in the length", "0482000178"),
                ("content cut short", "040278"),
                ("length cut short", "0482"),
                ("trailing octet", "05000a"),
                ("long tag for a small number", "7f1e020500"),
                ("long tag with leading zero", "7f80370500")):
            with self.subTest(what), self.assertRaises(der.DerError):
                der.parse(bytes.fromhex(octets))
        for what, octets, method in (
                ("integer not minimal", "02020001", "int"),
                ("integer without octets", "0200", "int"),
                ("boolean 1", "010101", "bool"),
                ("time with a fraction",
                 "1811" + b"20150317220640.5Z".hex(), "time"),
                ("no 13th month", "180f" + b"20151317220640Z".hex(), "time"),
                ("oid cut short", "060188", "oid"),
                ("octets where a number belongs", "040100", "int")):
            with self.subTest(what), self.assertRaises(der.DerError):
                getattr(der.parse(bytes.fromhex(octets)), method)()

    def test_every_truncation_is_refused(self):
        whole = krb.as_req(krb.req_body("R", "u"), [(150, b"")])
        krb.read(whole)
        for size in range(len(whole)):
            with self.assertRaises(der.DerError):
                krb.read(whole[:size])

    def test_as_req_comes_back(self):
        req = krb.read(krb.as_req(
            krb.req_body("EXT.TEST", "a/b", number=5, till=1426630000),
            [(150, b""), (2, b"x")]))
        self.assertEqual(
            (req.cname, req.realm, req.sname, req.nonce, req.till, req.etypes,
             req.padata, req.pa(150), req.pa(3)),
            ("a/b", "EXT.TEST", "krbtgt/EXT.TEST", 5, 1426630000, [18, 17],
             [(150, b""), (2, b"x")], b"", None))

    def test_krb_error_comes_back(self):
        err = krb.read(krb.krb_error(90, "R", krb.method_data_der(
            [(150, b"\0\1")]), "again", "user"))
        self.assertEqual((err.code, err.pa(150), err.e_text, err.cname),
                         (90, b"\0\1", "again", "user"))


class EncTest(unittest.TestCase):
    """Vectors of RFC 3961 appendix A and RFC 3962 appendix B."""

    def test_aes_fips_197(self):
        plain = bytes.fromhex("00112233445566778899aabbccddeeff")
        for size, want in ((16, "69c4e0d86a7b0430d8cdb78070b4c55a"),
                           (32, "8ea2b7ca516745bfeafc49904b496089")):
            aes = enc.Aes(bytes(range(size)))
            self.assertEqual(aes.encrypt(plain).hex(), want)
            self.assertEqual(aes.decrypt(bytes.fromhex(want)), plain)

    def test_nfold(self):
        for data, size, want in (
                (b"012345", 8, "be072631276b1955"),
                (b"password", 7, "78a07b6caf85fa"),
                (b"Rough Consensus, and Running Code", 8,
                 "bb6ed30870b7f0e0"),
                (b"kerberos", 16, "6b65726265726f737b9b5b2b93132b93")):
            self.assertEqual(enc.nfold(data, size).hex(), want)

    def test_string_to_key(self):
        for rounds, etype, want in (
                (1, 17, "42263c6e89f4fc28b8df68ee09799f15"),
                (1, 18, "fe697b52bc0d3ce14432ba036a92e65b"
                        "bb52280990a2fa27883998d72af30161"),
                (1200, 18, "55a6ac740ad17b4846941051e1e8b0a7"
                           "548d93b0ab30a8bc3ff16280382b8c2a")):
            self.assertEqual(enc.string_to_key(
                "password", "ATHENA.MIT.EDUraeburn", etype, rounds).hex(),
                want)

    def test_cts(self):
        text = b"I would like the General Gau's Chicken, please, and wonton " \
               b"soup."
        for size, want in (
                (17, "c6353568f2bf8cb4d8a580362da7ff7f97"),
                (31, "fc00783e0efdb2c1d445d4c8eff7ed22"
                     "97687268d6ecccc0c07b25e25ecfe5"),
                (32, "39312523a78662d5be7fcbcc98ebf5a8"
                     "97687268d6ecccc0c07b25e25ecfe584"),
                (47, "97687268d6ecccc0c07b25e25ecfe584"
                     "b3fffd940c16a18c1b5549d2f838029e"
                     "39312523a78662d5be7fcbcc98ebf5"),
                (64, "97687268d6ecccc0c07b25e25ecfe584"
                     "39312523a78662d5be7fcbcc98ebf5a8"
                     "4807efe836ee89a526730dbc2f7bc840"
                     "9dad8bbb96c4cdc03bc103e1a194bbd8")):
            got = enc.cts_encrypt(b"chicken teriyaki", text[:size])
            self.assertEqual(got.hex(), want, "%d octets" % size)
            self.assertEqual(enc.cts_decrypt(b"chicken teriyaki", got),
                             text[:size])

    def test_encrypt_and_refuse(self):
        key = bytes(range(32))
        for size in (0, 1, 15, 16, 17, 100):
            cipher = enc.encrypt(key, 60, bytes(size))
            self.assertEqual(enc.decrypt(key, 60, cipher), bytes(size))
        for bad, usage in ((cipher, 1), (cipher[:-1], 60),
                           (bytes([cipher[0] ^ 1]) + cipher[1:], 60),
                           (b"", 60)):
            with self.assertRaises(ValueError):
                enc.decrypt(key, usage, bad)


class PkinitTest(unittest.TestCase):
    """What is made of a PKINIT request can be read again."""

    def test_groups_are_safe_primes_of_the_rfcs(self):
        for group in (pkinit.GROUP2, pkinit.GROUP14):
            for number in (group.p, group.q):
                self.assertEqual(pow(3, number - 1, number), 1)
            self.assertEqual(pow(group.g, group.q, group.p), 1)

    def test_secret_is_padded_to_the_prime(self):
        key = pkinit.DhKey(pkinit.GROUP2, private=1)
        self.assertEqual(key.secret(5), bytes(127) + b"\5")

    def test_unsigned_request_comes_back(self):
        req = pkinit.Request("R", "u", None, token=b"token", ctime=1426630000)
        got = pkinit.PkAsReq.of(req.message)
        self.assertEqual((got.token, got.ctime, got.nonce, got.dh_public),
                         (b"token", 1426630000, req.nonce, req.dh.public))
        self.assertEqual(got.dh_prime, pkinit.GROUP14.p)


if __name__ == "__main__":
    unittest.main()
