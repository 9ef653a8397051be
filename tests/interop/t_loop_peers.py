"""The loop programs with gss-client and gss-server of MIT krb5, and on the
libraries of an unpatched Heimdal: both directions, krb5 and SPNEGO, with
and without mutual authentication, good and failing exchanges.

The table that the class prints at its end has a line a cell.
"""

import itertools
import socket
import unittest

import peers
from realm import RealmCase
from realm.gss_server import GssServer
from realm.loop import Acceptor, initiate, library_env
from realm.process import run
from realm.ports import LOOPBACK
from realm.table import Table

MECHS = ("krb5", "spnego")
MUTUAL, REPLAY, SEQUENCE, CONF, INTEG = 0x2, 0x4, 0x8, 0x10, 0x20
NAMES = {MUTUAL: "mutual", REPLAY: "replay", SEQUENCE: "sequence"}
# what gss-client and the loop programs are told to ask for
ASKED = [mutual | replay | sequence for mutual, replay, sequence in
         itertools.product((MUTUAL, 0), (REPLAY, 0), (SEQUENCE, 0))]
GSS_S_GAP_TOKEN = 16


def words(flags):
    """Flags in words."""
    return "+".join(n for f, n in NAMES.items() if flags & f) or "none"


class PeersCase(RealmCase):
    """A realm with a service, its keytab and one with a wrong key."""

    table = None

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.table = Table("initiator", "acceptor", "mechanism", "flags",
                          "result")
        cls.addClassCleanup(cls.table.show)
        cls.host = "server." + cls.realm.domain
        cls.service = "host@" + cls.host
        cls.keytab = cls.realm.ext_keytab(cls.realm.service)
        cls.wrong = cls.realm.dir / "wrong.keytab"
        kvno = max(e.kvno for e in cls.realm.keys(cls.realm.service))
        cls.realm.client.run(
            "ktutil", "-k", "FILE:%s" % cls.wrong, "add", "-r", "-p",
            cls.realm.service, "-V", str(kvno), "-e",
            "aes256-cts-hmac-sha1-96")

    def setUp(self):
        super().setUp()
        self.ours = self.realm.client
        self.login(self.ours)

    def login(self, client):
        """A fresh ticket, so that every exchange asks for its own."""
        client.kinit("user", password=self.realm.password)

    def initiate(self, client, port, mech, flags, *args):
        """Our initiator: its one line."""
        asked = words(flags).replace("+", ",")
        return initiate(client, port, "--service=" + self.service,
                        "--mech=" + mech, "--flags=%s,conf,integ" % asked,
                        "--timeout=20", *args)[0]

    def acceptor(self, client, *args, keytab=None):
        """Our acceptor."""
        return self.enter(Acceptor(
            client, "--keytab=FILE:%s" % (keytab or self.keytab),
            "--timeout=20", *args))

    def assert_complete(self, line, flags):
        """The exchange was good and has what was asked for, no more."""
        self.assertTrue(line.complete, line)
        self.assertEqual(line.messages, "ok", line)
        self.assertEqual(line.error_token, "none", line)
        mask = MUTUAL | REPLAY | SEQUENCE
        self.assertEqual(line.flags & mask, flags, line)
        self.assertEqual(line.flags & (CONF | INTEG), CONF | INTEG, line)


class MitServerTest(PeersCase):
    """Our initiator and gss-server."""

    def setUp(self):
        super().setUp()
        self.mit = self.realm.new_client(peers.mit())

    def test_every_cell(self):
        # REQ: GL-07, GL-11, GL-17, GL-39
        server = self.enter(GssServer(self.mit, self.keytab, self.service))
        for number, (mech, flags) in enumerate(
                itertools.product(MECHS, ASKED), 1):
            with self.subTest(mech=mech, flags=words(flags)):
                line = self.initiate(self.ours, server.port, mech, flags,
                                     "--framing=mit")
                self.table.add("ours", "MIT", mech, words(flags),
                               line.result)
                self.assert_complete(line, flags)
                said = server.said(number)
                self.assertEqual(said.count('Received message: "a message of '
                                            'the loop programs"'), number)

    def test_wrong_key(self):
        # REQ: GL-09, GL-18, GL-32
        bad = self.enter(GssServer(self.mit, self.wrong, self.service))
        good = self.enter(GssServer(self.realm.new_client(peers.mit()),
                                    self.keytab, self.service))
        for mech in MECHS:
            line = self.initiate(self.ours, bad.port, mech, MUTUAL,
                                 "--framing=mit")
            self.table.add("ours", "MIT, wrong key", mech, words(MUTUAL),
                           "%s (%s, error token %s)" % (
                               line.result, line.outcome, line.error_token))
            self.assertEqual((line.result, line.outcome, line.error_token),
                             ("failed", "gss-error", "received"), line)
            self.assertNotEqual(line.major & 0xffff0000, 0, line)
            self.assert_complete(self.initiate(
                self.ours, good.port, mech, MUTUAL, "--framing=mit"), MUTUAL)


class MitClientTest(PeersCase):
    """gss-client and our acceptor."""

    def setUp(self):
        super().setUp()
        self.mit = self.realm.new_client(peers.mit())
        self.login(self.mit)

    def gss_client(self, port, mech, flags, *args, **kw):
        """Run gss-client; it says in its output what it got."""
        argv = ["-port", str(port), "-" + mech]
        argv += [] if flags & MUTUAL else ["-nomutual"]
        argv += [] if flags & REPLAY else ["-noreplay"]
        argv += ["-seq"] if flags & SEQUENCE else []
        return self.mit.run("gss-client", *argv, *args, LOOPBACK,
                            self.service, "a message of MIT", **kw)

    def test_every_cell(self):
        # REQ: GL-07, GL-11, GL-17, GL-39
        acceptor = self.acceptor(self.ours, "--framing=mit")
        for number, (mech, flags) in enumerate(
                itertools.product(MECHS, ASKED), 1):
            with self.subTest(mech=mech, flags=words(flags)):
                done = self.gss_client(acceptor.port, mech, flags)
                line = acceptor.line(number)
                self.table.add("MIT", "ours", mech, words(flags),
                               line.result)
                self.assertIn("Signature verified", done.stdout)
                self.assert_complete(line, flags)
                self.assertEqual(line.src, "user@EXT.TEST")

    def test_without_encryption_wrapping_or_mic(self):
        # REQ: GL-27
        acceptor = self.acceptor(self.ours, "--framing=mit")
        for number, args in enumerate((["-nx"], ["-nw"], ["-nm"],
                                       ["-mcount", "3"]), 1):
            self.gss_client(acceptor.port, "krb5", MUTUAL | REPLAY, *args)
            self.assertTrue(acceptor.line(number).complete)

    def test_unauthenticated_is_refused(self):
        # REQ: GL-23
        acceptor = self.acceptor(self.ours, "--framing=mit")
        self.gss_client(acceptor.port, "krb5", MUTUAL, "-na",
                        expect_code=None)
        line = acceptor.line(1)
        self.assertEqual((line.outcome, line.transport),
                         ("transport", "unexpected"))
        self.gss_client(acceptor.port, "krb5", MUTUAL)
        self.assertTrue(acceptor.line(2).complete)

    def test_flags_that_we_need(self):
        # REQ: GL-23
        acceptor = self.acceptor(self.ours, "--framing=mit",
                                 "--require=sequence")
        done = self.gss_client(acceptor.port, "krb5", MUTUAL,
                               expect_code=None)
        self.assertFalse(done.ok, done)     # it may get a SIGPIPE
        line = acceptor.line(1)
        self.assertEqual((line.outcome, line.missing),
                         ("missing-flags", SEQUENCE), line)
        self.gss_client(acceptor.port, "krb5", MUTUAL | SEQUENCE)
        self.assertTrue(acceptor.line(2).complete)

    def test_wrong_key(self):
        # REQ: GL-09, GL-18, GL-32
        for mech in MECHS:
            bad = self.acceptor(self.ours, "--framing=mit",
                                keytab=self.wrong)
            good = self.acceptor(self.ours, "--framing=mit")
            done = self.gss_client(bad.port, mech, MUTUAL, expect_code=1)
            line = bad.line(1)
            self.table.add("MIT", "ours, wrong key", mech, words(MUTUAL),
                           "%s (%s, error token %s)" % (
                               line.result, line.outcome, line.error_token))
            self.assertEqual((line.result, line.outcome, line.error_token),
                             ("failed", "gss-error", "sent"), line)
            self.assertIn("GSS-API error initializing context", done.stdout)
            self.gss_client(good.port, mech, MUTUAL)
            self.assertTrue(good.line(1).complete)


class UnpatchedCase(PeersCase):
    """The same programs on the library of an unpatched Heimdal."""

    def setUp(self):
        super().setUp()
        self.unpatched = self.realm.new_client(peers.heimdal_unpatched())
        self.login(self.unpatched)

    def run_cells(self, initiator, acceptor_client, names):
        """Every mechanism and set of flags; names are for the table."""
        acceptor = self.acceptor(acceptor_client)
        for number, (mech, flags) in enumerate(
                itertools.product(MECHS, ASKED), 1):
            with self.subTest(mech=mech, flags=words(flags)):
                line = self.initiate(initiator, acceptor.port, mech, flags)
                theirs = acceptor.line(number)
                self.table.add(*names, mech, words(flags), "%s, %s" % (
                    line.result, theirs.result))
                self.assertEqual(theirs.src, "user@EXT.TEST")
                if initiator is self.unpatched and \
                        flags & (MUTUAL | SEQUENCE) == SEQUENCE:
                    # a defect of 7.8 that is mended here, on this side
                    self.assertEqual(
                        (line.outcome, line.message_major),
                        ("established", GSS_S_GAP_TOKEN), line)
                    continue
                self.assert_complete(line, flags)
                self.assert_complete(theirs, flags)

    def run_wrong_key(self, initiator, acceptor_client, names):
        """The acceptor has a wrong key; then a good one.  The acceptor's
        line for each mechanism."""
        said = []
        for mech in MECHS:
            bad = self.acceptor(acceptor_client, keytab=self.wrong)
            good = self.acceptor(acceptor_client)
            line = self.initiate(initiator, bad.port, mech, MUTUAL)
            theirs = bad.line(1)
            self.table.add(names[0], names[1] + ", wrong key", mech,
                           words(MUTUAL),
                           "%s (%s), acceptor's error token %s" % (
                               line.result, line.outcome,
                               theirs.error_token))
            self.assertEqual((theirs.result, theirs.outcome),
                             ("failed", "gss-error"), theirs)
            sent = theirs.error_token == "sent"
            self.assertEqual(
                (line.result, line.outcome, line.transport),
                ("failed", "gss-error" if sent else "transport",
                 "ok" if sent else "closed"), line)
            self.assert_complete(self.initiate(
                initiator, good.port, mech, MUTUAL), MUTUAL)
            said.append(theirs)
        return said

    def test_which_library_it_is(self):
        """Or the cells below would say nothing."""
        for client in (self.ours, self.unpatched):
            done = run(["ldd", Acceptor(client).argv[0]],
                       dict(client.env, **library_env(client.inst)))
            path = done.stdout.split("libgssapi.so.3 => ")[1].split()[0]
            directories = client.inst.lib_path or \
                [str(client.inst.bindirs[0].parent / "lib")]
            self.assertTrue(any(path.startswith(d) for d in directories),
                            path)


class UnpatchedAcceptorTest(UnpatchedCase):
    """Our initiator, their acceptor."""

    names = ("ours", "unpatched")

    def test_every_cell(self):
        # REQ: GL-07, GL-11, GL-17
        self.run_cells(self.ours, self.unpatched, self.names)

    def test_wrong_key(self):
        # REQ: GL-32
        self.run_wrong_key(self.ours, self.unpatched, self.names)


class UnpatchedInitiatorTest(UnpatchedCase):
    """Their initiator, our acceptor."""

    names = ("unpatched", "ours")

    def test_every_cell(self):
        # REQ: GL-07, GL-11, GL-17
        self.run_cells(self.unpatched, self.ours, self.names)

    def test_wrong_key(self):
        # REQ: GL-09, GL-18, GL-32
        for line in self.run_wrong_key(self.unpatched, self.ours,
                                       self.names):
            self.assertEqual(line.error_token, "sent", line)


class OursTest(UnpatchedCase):
    """Ours on both sides, in both framings."""

    def test_every_cell(self):
        # REQ: GL-07, GL-11, GL-17
        self.run_cells(self.ours, self.ours, ("ours", "ours"))

    def test_framing_version_1(self):
        acceptor = self.acceptor(self.ours, "--framing=mit")
        for number, mech in enumerate(MECHS, 1):
            line = self.initiate(self.ours, acceptor.port, mech, MUTUAL,
                                 "--framing=mit-v1")
            self.assert_complete(line, MUTUAL)
            self.assert_complete(acceptor.line(number), MUTUAL)

    def test_bindings(self):
        # REQ: GL-02
        acceptor = self.acceptor(self.ours, "--bindings=one")
        line = self.initiate(self.ours, acceptor.port, "krb5", MUTUAL,
                             "--bindings=other")
        self.assertEqual(line.result, "failed", line)
        self.assertEqual(acceptor.line(1).major, 4 << 16)  # BAD_BINDINGS
        line = self.initiate(self.ours, acceptor.port, "krb5", MUTUAL,
                             "--bindings=one")
        self.assert_complete(line, MUTUAL)

    def test_anonymity_is_not_granted_and_nothing_is_sent(self):
        # REQ: GL-04
        acceptor = self.acceptor(self.ours)
        line = initiate(self.ours, acceptor.port,
                        "--service=" + self.service,
                        "--flags=mutual,anon")[0]
        self.assertEqual((line.outcome, line.sent),
                         ("not-anonymous", 0), line)
        theirs = acceptor.line(1)
        self.assertEqual((theirs.received, theirs.transport),
                         (0, "closed"), theirs)
        self.assert_complete(self.initiate(
            self.ours, acceptor.port, "krb5", MUTUAL), MUTUAL)

    def test_late_garbage_leaves_the_context_as_it_is(self):
        # REQ: GL-28, GL-30
        acceptor = self.acceptor(self.ours)
        line = self.initiate(self.ours, acceptor.port, "krb5", MUTUAL,
                             "--late-token=6000")
        self.assertEqual((line.result, line.late), ("complete", "kept"), line)
        self.assertEqual(acceptor.line(1).late, "refused")
        self.assert_complete(self.initiate(
            self.ours, acceptor.port, "krb5", MUTUAL), MUTUAL)

    def test_silence_and_lengths(self):
        # REQ: GL-14, GL-40
        acceptor = self.enter(Acceptor(
            self.ours, "--keytab=FILE:%s" % self.keytab, "--timeout=1"))
        with socket.create_connection((LOOPBACK, acceptor.port)) as silent:
            self.assertEqual(acceptor.line(1).transport, "timeout")
            self.assertEqual(silent.recv(1), b"")
        with socket.create_connection((LOOPBACK, acceptor.port)) as liar:
            liar.sendall(b"\xff" * 4)
            self.assertEqual(acceptor.line(2).transport, "too-long")
            self.assertEqual(liar.recv(1), b"")
        self.assert_complete(self.initiate(
            self.ours, acceptor.port, "krb5", MUTUAL), MUTUAL)


if __name__ == "__main__":
    unittest.main()
