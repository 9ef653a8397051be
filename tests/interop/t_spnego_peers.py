"""SPNEGO with MIT krb5 and with an unpatched Heimdal, both roles, over the
step mechanism (tests/loop/stepmech.c) of 1 to 6 tokens, that every library
loads as its own: preferred or not, with MICs and without.

The initiator offers A and B; the acceptor has no credential for A when B is
to be chosen, and then RFC 4178 wants a mechListMIC of both if B has MICs.
"""

import itertools
import pathlib
import platform
import subprocess
import tempfile
import unittest

import peers
from realm.install import base_env, build_dir, under_test

GSS_S_CONTINUE_NEEDED = 1
GSS_S_DEFECTIVE_TOKEN = 9 << 16
MUTUAL, PROT_READY = 0x2, 0x80
OID = {"a": "6901", "b": "6902"}
OBJ = build_dir() / "obj/tests/ext/loop"


def library(inst):
    """The GSS library of an installation."""
    names = ("libgssapi_krb5.so.2",) if inst.name == "mit" else (
        "libgssapi.so.3", "libgssapi.so")
    triplet = "%s-linux-gnu" % platform.machine()
    directories = [pathlib.Path(d) for d in inst.lib_path]
    for bindir in inst.bindirs:
        lib = pathlib.Path(bindir).parent / "lib"
        directories += [lib, lib / triplet, lib / triplet / "heimdal"]
    for directory, name in itertools.product(directories, names):
        if (directory / name).exists():
            return str(directory / name)
    raise AssertionError("no GSS library in %s" % directories)


class Side:
    """A spnego_peer process."""

    def __init__(self, inst, role, directory, config, flags):
        env = base_env()
        paths = [str(p) for p in inst.lib_path]
        if paths:
            env["LD_LIBRARY_PATH"] = ":".join(paths)
        env.update(config, STEPMECH_CONFIG=str(directory / "mech"),
                   GSS_MECH_CONFIG=str(directory / "mech"),
                   KRB5_CONFIG=str(directory / "krb5.conf"),
                   KRB5CCNAME="FILE:%s/none" % directory,
                   KRB5_KTNAME="FILE:%s/none" % directory,
                   GSSAPI_SPNEGO_NAME="host@step.test")
        self.process = subprocess.Popen(
            [str(OBJ / "spnego_peer"), library(inst), role,
             "service@step.test", str(flags)], env=env,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            universal_newlines=True)
        self.major, self.flags = GSS_S_CONTINUE_NEEDED, 0

    def ask(self, line):
        """The answer to a line."""
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()
        return self.process.stdout.readline().strip()

    def step(self, token):
        """A call with token; returns the token that comes out, or empty."""
        answer = self.ask("step " + (token.hex() or "-")).split()
        self.major, self.flags = int(answer[0]), int(answer[2])
        return bytes.fromhex(answer[3].replace("-", ""))

    def close(self):
        """End the process."""
        if self.process.poll() is None:
            self.process.stdin.close()
        self.process.wait(timeout=30)
        self.process.stdout.close()


class Outcome:
    """How an exchange went."""

    def __init__(self, initiator, acceptor, messages):
        self.majors = (initiator.major, acceptor.major)
        self.flags = (initiator.flags, acceptor.flags)
        self.lengths = [len(m) for m in messages]
        self.complete = self.majors == (0, 0)
        self.mechs = self.mic = None
        if self.complete:
            self.mechs = (initiator.ask("mech"), acceptor.ask("mech"))
            self.mic = (acceptor.ask("verify " + initiator.ask("mic")),
                        initiator.ask("verify " + acceptor.ask("mic")))

    def __repr__(self):
        return "%08x/%08x %s" % (*self.majors, self.lengths)


def exchange(initiator, acceptor, tokens, preferred, mic, updated=True):
    """Two installations."""
    with tempfile.TemporaryDirectory() as name:
        directory = pathlib.Path(name)
        # Heimdal wants a fourth word, MIT takes what follows as an option
        (directory / "mech").write_text("".join(
            "step-%s %s %s -\n" % (x, oid, OBJ / ".libs/stepmech.so")
            for x, oid in (("a", "2.25.1"), ("b", "2.25.2"))))
        (directory / "krb5.conf").write_text("[libdefaults]\n")
        config = {"STEPMECH": "tokens=%d mic=%s%s" % (
            tokens, "yes" if mic else "no", "" if updated else " updated=no")}
        acpt = dict(config)
        if not preferred:
            acpt["STEPMECH_A"] = "accept=no"
        sides = []
        try:
            sides.append(Side(initiator, "init", directory, config, MUTUAL))
            sides.append(Side(acceptor, "accept", directory, acpt, MUTUAL))
            messages, token, turn = [], b"", 0
            while len(messages) < 16:
                token = sides[turn].step(token)
                if not token:
                    break
                messages.append(token)
                turn = 1 - turn
                if sides[turn].major != GSS_S_CONTINUE_NEEDED:
                    break
            return Outcome(*sides, messages)
        finally:
            for side in sides:
                side.close()


CASES = list(itertools.product(range(1, 7), (True, False), (True, False)))


class PeersTest(unittest.TestCase):
    """The tables."""

    @classmethod
    def setUpClass(cls):
        if not (OBJ / "spnego_peer").exists():
            raise unittest.SkipTest("tests/ext/loop is not built")
        cls.ours = under_test()

    def assert_complete(self, out, case):
        """Both, with the same mechanism, and messages that work."""
        tokens, preferred, mic = case
        self.assertTrue(out.complete, (case, out))
        self.assertEqual(out.mechs, (OID["a" if preferred else "b"],) * 2,
                         (case, out))
        self.assertEqual(out.mic, ("0", "0") if mic else out.mic,
                         (case, out))
        self.assertEqual(bool(out.flags[0] & MUTUAL), tokens > 1)

    def test_mit_accepts(self):
        # REQ: GL-37
        for case in CASES:
            self.assert_complete(exchange(self.ours, peers.mit(), *case),
                                 case)

    def test_mit_initiates(self):
        # REQ: GL-37
        for case in CASES:
            self.assert_complete(exchange(peers.mit(), self.ours, *case),
                                 case)

    def test_ourselves(self):
        # REQ: GL-37, GL-25
        for case in CASES:
            out = exchange(self.ours, self.ours, *case)
            self.assert_complete(out, case)
            self.assertTrue(out.flags[0] & out.flags[1] & PROT_READY)

    def test_unpatched_as_before(self):
        """What an unpatched Heimdal can do with itself it can do with us,
        and the messages are as long.  Except: we ask for a MIC when a
        mechanism is not preferred, as RFC 4178 and MIT want it, before it
        is known whether it has any; 7.8 then insists on one."""
        # REQ: GL-37
        old = peers.heimdal_unpatched()
        worked = 0
        for case in CASES:
            before = exchange(old, old, *case)
            if not before.complete:
                continue
            for pair in ((old, self.ours), (self.ours, old)):
                after = exchange(*pair, *case)
                if pair[0] is old and not case[1]:
                    self.assertEqual(after.majors[0], GSS_S_DEFECTIVE_TOKEN)
                    continue
                self.assert_complete(after, case)
                self.assertEqual(after.lengths, before.lengths, case)
                worked += 1
        self.assertEqual(worked, 2 * 12 + 6)

    def test_unpatched_initiator_with_mics(self):
        """It can make a MIC when the acceptor sends the last token."""
        for tokens in range(1, 7):
            case = (tokens, False, True)
            out = exchange(peers.heimdal_unpatched(), self.ours, *case)
            if tokens % 2:
                self.assertEqual(out.majors[0], GSS_S_DEFECTIVE_TOKEN)
                self.assertNotEqual(out.majors[1], 0)
            else:
                self.assert_complete(out, case)

    def test_unpatched_acceptor_with_mics(self):
        """It answers a MIC, and never begins with one."""
        for tokens in range(1, 7):
            case = (tokens, False, True)
            out = exchange(self.ours, peers.heimdal_unpatched(), *case)
            if tokens % 2:
                self.assert_complete(out, case)
            else:
                self.assertEqual(out.majors[0], GSS_S_DEFECTIVE_TOKEN)

    def test_unpatched_mechanism_that_is_not_known_as_updated(self):
        """7.8 lets these through without a MIC; we do not, with either."""
        old = peers.heimdal_unpatched()
        case = (2, False, True, False)
        self.assertTrue(exchange(old, old, *case).complete)
        out = exchange(self.ours, old, *case)
        self.assertEqual(out.majors[0], GSS_S_DEFECTIVE_TOKEN)
        out = exchange(old, self.ours, *case)
        self.assert_complete(out, case[:3])


if __name__ == "__main__":
    unittest.main()
