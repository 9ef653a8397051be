"""rxkad-token: tokens of a real KDC's tickets, looked at, made, and judged as a server judges them."""

import re
import struct
import subprocess
import time
import unittest

from realm import RealmCase, keytab
from realm.keytab import Entry
from wire import ap, der

TICKET, ENC_PART = 256, 213


def token_of(text):
    """(number, octets) of what build writes."""
    first, _, rest = text.partition("\n")
    return int(first.split()[1]), bytes.fromhex(rest)


def enc_part_of(ticket):
    """The octets of a Ticket's enc-part, found with our own reader of DER."""
    pos, fields = 0, []
    for _ in range(2):                              # [APPLICATION 1] SEQUENCE
        ticket = content(ticket)
    while pos < len(ticket):
        size = whole(ticket[pos:])
        fields.append(ticket[pos:pos + size])
        pos += size
    assert fields[3][0] == 0xa3
    return content(fields[3])


def header(octets):
    """(octets of the header, octets of the content) of the first element."""
    if octets[1] < 0x80:
        return 2, octets[1]
    more = octets[1] & 0x7f
    return 2 + more, int.from_bytes(octets[2:2 + more], "big")


def pcbc(key, plain):
    """DES as Kerberos 4 chains it, with the key as IV."""
    out, mask = b"", key
    for at in range(0, len(plain), 8):
        block = plain[at:at + 8]
        sealed = subprocess.run(
            ["openssl", "enc", "-des-ecb", "-provider", "legacy", "-provider", "default", "-nopad", "-K", key.hex()],
            input=bytes(a ^ b for a, b in zip(block, mask)), check=True, stdout=subprocess.PIPE).stdout
        mask = bytes(a ^ b for a, b in zip(block, sealed))
        out += sealed
    return out


def whole(octets):
    return sum(header(octets))


def content(octets):
    start, size = header(octets)
    return octets[start:start + size]


class TokenCase(RealmCase):

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.realm.add("afs/ext.test")
        cls.realm.add("foo.root", password="password")
        cls.realm.add("foo/root", password="password")
        cls.keytab = cls.realm.ext_keytab("afs/ext.test")
        cls.kvno = max(e.kvno for e in cls.realm.keys("afs/ext.test"))
        cls.client = cls.realm.client

    def setUp(self):
        super().setUp()
        self.client.kinit("user", password=self.realm.password)

    def tool(self, *args, **kw):
        return self.client.run("rxkad-token", *args, **kw)

    def build(self, *args, **kw):
        return self.tool("build", *args, "afs/ext.test@EXT.TEST", **kw)

    def verify(self, token, *args, **kw):
        """The verdict on a token as text, with the keytab."""
        return self.tool("verify", "--keytab=FILE:%s" % self.keytab, *args, stdin=token, **kw)

    def good_again(self):
        self.verify(self.build().stdout, expect_msg="accepted")


class BuildTest(TokenCase):

    def test_tokens_are_accepted(self):
        # REQ: RK-02, RK-08, RK-11, RK-25
        for number, args in ((ENC_PART, ()), (TICKET, ("--ticket",))):
            with self.subTest(number):
                built = self.build(*args)
                self.assertEqual(token_of(built.stdout)[0], number)
                self.assertIn("%d, rxkad" % number, built.stderr)
                self.assertRegex(built.stderr, r"Session key: +aes256-cts-hmac-sha1-96 \(18\)")
                seen = self.verify(built.stdout).stdout
                self.assertRegex(seen, r"Verdict: +accepted")
                self.assertRegex(seen, r"Name: +user\n")
                self.assertRegex(seen, r"Instance: +\(none\)\n")
                self.assertRegex(seen, r"Cell: +EXT.TEST\n")
                self.assertNotRegex(seen, r"Key at hand|Decoded as|Host:")
                self.assertRegex(seen, r"Service key: +aes256-cts-hmac-sha1-96 \(18\), version %d\n" % self.kvno)

    def test_a_2b_token_is_a_slice_of_the_ticket(self):
        # REQ: RK-01
        _, enc_part = token_of(self.build().stdout)
        _, ticket = token_of(self.build("--ticket").stdout)
        self.assertEqual(enc_part, enc_part_of(ticket))

    def test_times_are_the_tickets(self):
        # REQ: RK-17
        built = self.build()
        seen = self.verify(built.stdout).stdout
        times = re.findall(r"Valid (?:from|until): +.*, (\d+)", built.stderr)
        self.assertEqual(times, re.findall(r"Valid (?:from|until): +.*, (\d+)", seen))
        self.assertLessEqual(abs(int(times[0]) - time.time()), 600)

    def test_limits_are_kept_to(self):
        # REQ: RK-06, RK-07, RK-25
        self.build("--profile=strict", expect_code=1,
                   expect_msg="the enctype of the service's key is not allowed")
        self.build("--profile=other", expect_code=2, expect_msg="strict or modern")
        self.good_again()

    def test_no_ticket(self):
        self.tool("build", "afs/no.such.cell@EXT.TEST", expect_code=2, expect_msg="no ticket for")
        self.client.kdestroy()
        self.build(expect_code=2, expect_msg="credentials cache")
        self.client.kinit("user", password=self.realm.password)
        self.build("--cached", expect_code=2, expect_msg="no ticket for")
        self.build()
        self.build("--cached")

    def test_forms_of_a_file(self):
        number, octets = token_of(self.build().stdout)
        path = self.realm.dir / "token"
        self.build("--raw", "--output=%s" % path)
        self.assertEqual(path.read_bytes(), octets)
        for text in (octets.hex(), octets.hex().upper(), " ".join(octets.hex()), "kvno 213\n" + octets.hex()):
            path.write_text(text)
            self.verify("", path, expect_msg="accepted")
            self.verify(text, "-", expect_msg="accepted")
        path.write_bytes(octets)
        seen = self.verify("", path)
        self.assertIn("213, rxkad 2b: the enc-part of a ticket (guessed", seen.stdout)
        self.assertEqual(number, ENC_PART)

    def test_no_key_is_printed(self):
        keys = [e.key.hex() for e in self.realm.keys("afs/ext.test")]
        built = self.build()
        for result in (built, self.verify(built.stdout), self.tool("inspect", stdin=built.stdout)):
            for key in keys:
                self.assertNotIn(key, (result.stdout + result.stderr).lower())


class InspectTest(TokenCase):

    def test_what_is_said(self):
        seen = self.tool("inspect", stdin=self.build().stdout).stdout
        self.assertRegex(seen, r"Token number: +213, rxkad 2b: the enc-part of a ticket\n")
        self.assertRegex(seen, r"Length: +\d+ octets\n")
        self.assertRegex(seen, r"Service key: +aes256-cts-hmac-sha1-96 \(18\), version %d\n" % self.kvno)
        self.assertRegex(seen, r"Strict server: +no: the enctype of the service's key is not allowed")
        self.assertRegex(seen, r"Modern server: +yes")

    def test_the_wrong_number(self):
        # REQ: RK-02
        _, ticket = token_of(self.build("--ticket").stdout)
        seen = self.tool("inspect", "--kvno=213", stdin=ticket.hex(), expect_code=1).stdout
        self.assertRegex(seen, r"Not a token: +1859794438")
        self.assertRegex(seen, r"Hint: +with the number 256 it is one")
        self.tool("inspect", "-n", "256", stdin=ticket.hex())

    def test_kerberos_4(self):
        seen = self.tool("inspect", "--kvno=5", stdin="00" * 64).stdout
        self.assertRegex(seen, r"Token number: +5, Kerberos 4")
        for length in 8, 24, 31, 33, 63:
            with self.subTest(length):
                seen = self.tool("inspect", "--kvno=5", stdin="00" * length, expect_code=1).stdout
                self.assertRegex(seen, r"Modern server: +no: .* multiple of 8 octets, 32 or more")
        for length in 32, 40:
            seen = self.tool("inspect", "--kvno=5", stdin="00" * length).stdout
            self.assertRegex(seen, r"Modern server: +only with Kerberos 4 on")

    def test_warnings(self):
        # REQ: RK-38
        def token(etype, size):
            return der.tlv(der.SEQUENCE, b"".join(
                der.tlv(n, field, der.CONTEXT, True) for n, field in
                ((0, der.integer(etype)), (1, der.integer(1)), (2, der.octets(bytes(size))))), constructed=True)
        for etype, size, words in ((18, 100, None), (18, 8500, "over 8440 octets"), (1, 100, "single DES"),
                                   (20, 100, "OpenAFS 1.8 has no service keys")):
            with self.subTest(etype=etype, size=size):
                seen = self.tool("inspect", stdin=token(etype, size).hex()).stdout
                self.assertEqual("Warning:" in seen, words is not None)
                self.assertIn(words or "", seen)
        seen = self.tool("inspect", stdin=token(1, 100).hex()).stdout
        self.assertRegex(seen, r"Strict server: +yes")

    def test_what_is_no_token(self):
        for text in ("", "zz", "kvno 213\nzz"):
            with self.subTest(text):
                self.tool("inspect", stdin=text, expect_code=1 if text in ("", "zz") else 2)
        self.tool("inspect", "--kvno=x", stdin="00", expect_code=2)
        self.tool("inspect", "/nonexistent", expect_code=2)
        self.tool("explain", expect_code=2, expect_msg="no command is called explain")
        self.tool(expect_code=2)


class VerifyTest(TokenCase):

    def refused(self, token, code, reason, *args):
        seen = self.verify(token, *args, expect_code=1).stdout
        self.assertRegex(seen, r"Verdict: +refused\n")
        self.assertRegex(seen, r"Reason: +.*%s" % reason)
        self.assertRegex(seen, r"Sent to client: +%d \(" % code)
        self.assertNotIn("Name:", seen)
        self.assertEqual("Key at hand:" in seen, "no such service key" in reason)
        self.assertNotIn("Decoded as:", seen)
        if reason == "not DER":
            self.assertNotIn("Service key:", seen)

    def test_a_changed_token(self):
        # REQ: RK-15
        number, octets = token_of(self.build().stdout)
        changed = bytearray(octets)
        changed[-1] ^= 1
        self.refused(bytes(changed).hex(), 19270407, "decryption failed")
        self.refused((octets + b"\0").hex(), 1859794442, "octets behind the token")
        self.refused(octets[:-1].hex(), 1859794437, "not DER")
        self.refused(octets[:31].hex(), 19270403, "too short or too long")
        self.assertEqual(number, ENC_PART)
        self.good_again()

    def test_another_key(self):
        # REQ: RK-03
        token = self.build().stdout
        other = self.realm.ext_keytab(self.realm.service)
        seen = self.tool("verify", "--keytab=FILE:%s" % other, "--principal=afs/ext.test@EXT.TEST",
                         stdin=token, expect_code=2)
        self.assertIn("host_server", seen.stderr)
        self.realm.add("afs/other.test")
        self.realm.change_keys("afs/other.test")
        other = self.realm.ext_keytab("afs/other.test")
        kvnos = {e.kvno for e in self.realm.keys("afs/other.test")}
        seen = self.tool("verify", "--keytab=FILE:%s" % other, stdin=token, expect_code=1).stdout
        self.assertIn("19270407" if self.kvno in kvnos else "19270408", seen)
        self.tool("verify", stdin=token, expect_code=2, expect_msg="--keytab, --keyfile or --keyfileext")
        self.good_again()

    def test_an_unknown_version(self):
        # REQ: RK-03
        token = self.build().stdout
        path = self.realm.dir / "KeyFile"
        path.write_bytes((1).to_bytes(4, "big") + (self.kvno).to_bytes(4, "big") + b"DESDESDE")
        seen = self.tool("verify", "--keyfile=%s" % path, stdin=token, expect_code=1).stdout
        self.assertIn("19270408", seen)
        self.assertIn("there is no such service key", seen)
        self.assertRegex(seen, r"Key at hand: +des-cbc-crc \(1\), version %d\n" % self.kvno)

    def test_times(self):
        # REQ: RK-17
        token = self.build().stdout
        start, end = map(int, re.findall(r"Valid .*, (\d+)", self.verify(token).stdout))
        self.verify(token, "--time=%d" % end, expect_msg="accepted")
        self.refused(token, 19270409, "has expired", "--time=%d" % (end + 1))
        self.verify(token, "--time=%d" % (start - 900), expect_msg="accepted")
        self.refused(token, 19270405, "not yet valid", "--time=%d" % (start - 901))
        self.refused(token, 19270407, "not possible", "--time=%d" % (start - 31 * 86400))

    def test_names(self):
        # REQ: RK-18, RK-19
        self.client.kinit("foo.root", password="password")
        dotted = self.build().stdout
        self.client.kinit("foo/root", password="password")
        two = self.build().stdout
        seen = self.verify(two).stdout
        self.assertRegex(seen, r"Name: +foo\nInstance: +root\n")
        self.refused(dotted, 19270407, "dot in its first component")
        seen = self.verify(dotted, "--allow-dotted").stdout
        self.assertRegex(seen, r"Name: +foo\.root\nInstance: +\(none\)\n")

    def test_numbers(self):
        # REQ: RK-10, RK-11
        _, octets = token_of(self.build().stdout)
        _, ticket = token_of(self.build("--ticket").stdout)
        self.refused(octets.hex(), 1859794438, "not DER", "--kvno=256")
        self.refused(ticket.hex(), 1859794438, "not DER", "--kvno=213")
        self.refused(octets.hex(), 19270408, "Kerberos 4 is off", "--kvno=5")
        self.refused(octets.hex(), 19270408, "no such service key", "--kvno=5", "--allow-krb4")

    def test_strict_server(self):
        # REQ: RK-07
        self.refused(self.build().stdout, 19270408, "enctype", "--profile=strict")


class CommandLineTest(TokenCase):
    """What is asked for, and what cannot be."""

    def test_usage(self):
        for args in (("--help",), ("-h",)):
            seen = self.tool(*args).stderr
            for command in ("inspect", "build", "verify"):
                self.assertIn("    %s" % command, seen)
                self.assertRegex(self.tool(command, "--help").stderr, r"Usage: \S+ %s" % command)
                self.tool(command, "--no-such-option", expect_code=2, expect_msg="Usage:")
        self.assertIn("rxkad-token", self.tool("--version").stderr)
        self.assertNotIn("no command", self.tool("--no-such-option", expect_code=2).stderr)
        for args in (), ("afs/a@EXT.TEST", "afs/b@EXT.TEST"):
            self.tool("build", *args, expect_code=2, expect_msg="build needs the principal")
        for command in "inspect", "verify":
            self.tool(command, "a", "b", expect_code=2, expect_msg="one file at a time")

    def test_numbers_of_a_token(self):
        for text in "213x", "", "x", "99999999999", "-2147483649", "2147483648", "9" * 30:
            self.tool("inspect", "--kvno=%s" % text, stdin="00" * 64, expect_code=2, expect_msg="is no number")
        for text in "-2147483648", "2147483647", "0":
            seen = self.tool("inspect", "--kvno=%s" % text, stdin="00" * 64).stdout
            self.assertRegex(seen, r"Token number: +%s, Kerberos 4" % text)
        self.tool("inspect", "--kvno=0xd5", stdin="00" * 64, expect_code=1)

    def test_first_lines(self):
        octets = token_of(self.build().stdout)[1].hex()
        for line in "kvno 213\n", "kvno 213\r\n", "kvno %s\n" % "213".rjust(19):
            self.assertNotIn("guessed", self.tool("inspect", stdin=line + octets).stdout)
        # they are octets like others
        for text in "kvno 213", "kvno ", "kvno %s\n00" % "213".rjust(20), "kvn0 213\n00":
            seen = self.tool("inspect", stdin=text, expect_code=1).stdout
            self.assertIn("guessed", seen)
            self.assertRegex(seen, r"Length: +%d octets" % len(text))
        self.tool("inspect", stdin="kvno \n00", expect_code=2, expect_msg="is no number")
        for text in "", "0", "000", "0x00":
            self.tool("inspect", stdin="kvno 213\n" + text, expect_code=2, expect_msg="no hexadecimal")

    def test_hexadecimal(self):
        for text, length in (("00" * 40, 40), ("aF" * 40, 40), ("09 \t\n" * 40, 40), ("a" * 41, 41), ("", 0),
                             *((c * 40, 40) for c in "/:@Gg`")):
            seen = self.tool("inspect", stdin=text, expect_code=1).stdout
            self.assertRegex(seen, r"Length: +%d octets" % length)
            self.assertNotIn("Hint:", seen)

    def test_what_is_around_it(self):
        token = self.build().stdout
        self.assertNotIn("guessed", self.tool("inspect", "--", "-", stdin=token).stdout)
        self.client.run("/bin/sh", "-c", "exec \"$0\" inspect >/dev/full", self.client.inst.program("rxkad-token"),
                        stdin=token, expect_code=2, expect_msg="standard output")

    def test_files(self):
        directory = self.realm.dir
        self.tool("inspect", "/nonexistent", expect_code=2, expect_msg="/nonexistent")
        self.tool("inspect", directory, expect_code=2, expect_msg=str(directory))
        for length, code in ((256 * 1024, 1), (256 * 1024 + 1, 2)):
            (directory / "long").write_text("0" * length)
            self.tool("inspect", directory / "long", expect_code=code, expect_msg="too long" if code == 2 else "")
        for output in "/nonexistent/token", "/dev/full":
            self.build("--output=%s" % output, expect_code=2, expect_msg=output)
        for cache in "FILE:/nonexistent", "NO-SUCH-TYPE:x":
            self.build("--cache=%s" % cache, expect_code=2, expect_msg="credentials cache")
        self.tool("build", "a@b@c", expect_code=2, expect_msg="a@b@c")

    def test_keys(self):
        token = self.build().stdout
        for option, text in (("--keytab=NO-SUCH-TYPE:x", "NO-SUCH-TYPE"), ("--keytab=FILE:/nonexistent", "nonexistent"),
                             ("--keyfile=/nonexistent", "keyfile"), ("--keyfileext=/nonexistent", "keyfileext")):
            self.tool("verify", option, stdin=token, expect_code=2, expect_msg=text)
        self.tool("verify", "--keytab=FILE:%s" % self.keytab, "--principal=a@b@c", stdin=token, expect_code=2)
        path = self.realm.dir / "KeyFileExt"
        self.client.run("ktutil", "copy", "FILE:%s" % self.keytab, "AFSKEYFILEEXT:%s" % path)
        self.tool("verify", "--keyfileext=%s" % path, stdin=token, expect_msg="accepted")
        self.good_again()

    def test_times_and_addresses(self):
        token = self.build().stdout
        for text in "", "x", "1x", "9" * 30:
            self.verify(token, "--time=%s" % text, expect_code=2, expect_msg="is no time in seconds")
        self.verify(token, "--address=no.such.address.invalid", expect_code=2)
        seen = self.verify(token, "--profile=modern", "--address=10.1.2.3").stdout
        self.assertNotIn("Host:", seen)

    def test_names_are_printed_as_text(self):
        for name, printed in (r"a\\b", r"a\x5cb"), ("a~b", "a~b"), (r"a\ b", "a b"), ("a\u00e9b", r"a\xc3\xa9b"):
            with self.subTest(name):
                self.realm.add(name, password="password")
                self.client.kinit(name, password="password")
                seen = self.verify(self.build().stdout).stdout
                self.assertIn("Name:           %s\n" % printed, seen)

    def test_what_inspect_tells(self):
        octets, ticket = (token_of(self.build(*args).stdout)[1] for args in ((), ("--ticket",)))
        seen = self.tool("inspect", "--kvno=256", stdin=octets.hex(), expect_code=1).stdout
        self.assertRegex(seen, r"Hint: +with the number 213 it is one")
        self.assertNotIn("As rxkad 2b:", self.tool("inspect", stdin=octets.hex()).stdout)
        seen = self.tool("inspect", stdin=ticket.hex()).stdout
        self.assertRegex(seen, r"Token number: +256, .*guessed")
        self.assertRegex(seen, r"As rxkad 2b: +%d octets" % len(octets))
        unknown = self.without_version(99)
        seen = self.tool("inspect", stdin=unknown.hex()).stdout
        self.assertRegex(seen, r"Service key: +unknown enctype \(99\), version not said: 0")

    @staticmethod
    def without_version(etype, cipher=bytes(100)):
        return der.tlv(der.SEQUENCE, b"".join(
            der.tlv(n, field, der.CONTEXT, True)
            for n, field in ((0, der.integer(etype)), (2, der.octets(cipher)))), constructed=True)

    def test_the_newest_key(self):
        octets = token_of(self.build().stdout)[1]
        start, size = header(octets)
        fields, pos = [], start
        while pos < start + size:
            end = pos + whole(octets[pos:])
            fields.append(octets[pos:end])
            pos = end
        self.assertEqual([field[0] for field in fields], [0xa0, 0xa1, 0xa2])
        cut = der.tlv(der.SEQUENCE, fields[0] + fields[2], constructed=True).hex()
        seen = self.verify(cut, expect_code=1).stdout
        self.assertRegex(seen, r"Sent to client: +19270408")
        self.verify(cut, "--newest-key", expect_msg="accepted")


class IssuedTest(RealmCase):
    """Tickets that no KDC makes for the asking, with a key that is known here."""

    realm_args = {"start": False}
    SERVICE = Entry("afs/ext.test@EXT.TEST", 1, 18, bytes(range(32)))

    def setUp(self):
        super().setUp()
        self.keytab = self.realm.dir / "afs.keytab"
        keytab.write(self.keytab, [self.SERVICE])
        self.client = self.realm.new_client(libdefaults={"allow_weak_crypto": True}, capaths={
            "OTHER.TEST": {"A.TEST": "FAR.TEST"}})

    def verify(self, ticket, *args, **kw):
        return self.client.run("rxkad-token", "verify", "--keytab=FILE:%s" % self.keytab, "--kvno=256", *args,
                               stdin=ticket.hex(), **kw).stdout

    def refused_without(self, option, reason, **how):
        """A ticket that is taken with the option alone."""
        ticket = ap.issue(self.SERVICE, **how).ticket
        self.assertRegex(self.verify(ticket, expect_code=1), r"Reason: +.*%s" % reason)
        self.verify(ticket, option, expect_msg="accepted")

    def refused_with(self, option, reason, **how):
        ticket = ap.issue(self.SERVICE, **how).ticket
        self.verify(ticket, expect_msg="accepted")
        self.assertRegex(self.verify(ticket, option, expect_code=1), r"Reason: +.*%s" % reason)

    def test_options(self):
        # REQ: RK-18, RK-22
        self.refused_without("--any-transited", "realms that are not trusted", realm="OTHER.TEST", transited=b"FAR.TEST", tr_type=1)
        self.refused_without("--realm=A.TEST", "realms that are not trusted", realm="OTHER.TEST",
                             transited=b"FAR.TEST", tr_type=1)
        unknown = der.seq(der.seq(der.ctx(0, der.integer(4000)), der.ctx(1, der.octets(b"x"))))
        self.refused_with("--strict-authdata", "authorization data", ad=unknown)
        addresses = [(2, bytes([10, 1, 2, 3]))]
        self.refused_with("--address=10.3.2.1", "address", addresses=addresses)
        self.verify(ap.issue(self.SERVICE, addresses=addresses).ticket, "--address=10.1.2.3", expect_msg="accepted")
        self.refused_without("--openafs-names", "instance", client="zephyr/host.ext.test")

    def test_a_ticket_of_kerberos_4(self):
        # REQ: RK-09, RK-10
        key = bytes.fromhex("133457799bbcdff1")
        (self.realm.dir / "KeyFile").write_bytes(struct.pack(">II", 1, 5) + key)
        start = int(time.time()) - 300
        plain = b"\0user\0inst\0EXT.TEST\0" + bytes([10, 1, 2, 3]) + bytes(range(1, 9)) + b"\xff" + \
            struct.pack(">I", start) + b"afs\0\0"
        seen = self.client.run(
            "rxkad-token", "verify", "--keyfile=%s" % (self.realm.dir / "KeyFile"), "--kvno=5", "--allow-krb4",
            stdin=pcbc(key, plain + bytes(-len(plain) % 8)).hex()).stdout
        self.assertRegex(seen, r"Decoded as: +a Kerberos 4 ticket\n")
        self.assertRegex(seen, r"Verdict: +accepted\nName: +user\nInstance: +inst\n")
        self.assertRegex(seen, r"Host: +10\.1\.2\.3\n")
        self.assertRegex(seen, r"Valid from: +\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC, %d\n" % start)
        self.assertRegex(seen, r"Valid until: +any time\n")


class DesTest(RealmCase):
    """A cell of 2003: single DES everywhere."""
    realm_args = {"libdefaults": {"allow_weak_crypto": True}, "kadmin": {"default_keys": "des-cbc-crc:pw-salt"}}

    def test_a_strict_server(self):
        # REQ: RK-04, RK-07, RK-38
        realm = self.realm
        realm.add("afs/ext.test")
        path = realm.ext_keytab("afs/ext.test")
        realm.client.kinit("user", password=realm.password)
        built = realm.client.run("rxkad-token", "build", "--profile=strict", "afs/ext.test@EXT.TEST")
        self.assertRegex(built.stderr, r"Strict server: +yes")
        self.assertRegex(built.stderr, r"Warning: +the service's key is single DES")
        self.assertLessEqual(len(token_of(built.stdout)[1]), 344)
        verify = ("rxkad-token", "verify", "--keytab=FILE:%s" % path)
        seen = realm.client.run(*verify, "--profile=strict", stdin=built.stdout).stdout
        self.assertRegex(seen, r"Verdict: +accepted")
        self.assertNotIn("rxkad-kdf", seen)
        # a server that does not allow single DES
        other = realm.new_client(libdefaults={"allow_weak_crypto": False})
        seen = other.run(*verify, stdin=built.stdout, expect_code=1).stdout
        self.assertRegex(seen, r"Reason: +.*allow_weak_crypto is off")
        self.assertRegex(seen, r"Sent to client: +19270408")
        realm.client.run(*verify, stdin=built.stdout, expect_msg="accepted")


if __name__ == "__main__":
    unittest.main()
