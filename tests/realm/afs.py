"""OpenAFS's servers in a network namespace of their own, and programs that ask
them or read tokens as they do.

>>> with Cell([rxkad.Key(5, etypes.AES256)]) as cell, cell.client() as client:
...     code, number = client.call("crypt", ticket, rxkad.V2B, "list")

No kernel module and no privilege is needed: as another user than root a user
namespace holds the network's.  Database servers do not take addresses of
127.0.0.0/8, whence ADDRESS.
"""

import concurrent.futures
import contextlib
import os
import select
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

import peers
from wire import etypes, rxkad

from .install import TESTS, under_test
from .loop import built, library_env
from .process import Daemon, RunError, run

ADDRESS = "10.99.99.1"
NAME, REALM = "proto.test", "PROTO.TEST"
PERM, BADNAM = 267269, 267272             # PRPERM, PRBADNAM of ptserver
_LOOPBACK = Path(__file__).with_name("loopback.py")


def _as_root():
    return os.geteuid() == 0


def unshare():
    """argv in front of a program that has a network of its own."""
    return ["unshare", "-n"] if _as_root() else ["unshare", "-r", "-n"]


def need_namespace():
    """Skip where the kernel or the container does not let us make one."""
    done = subprocess.run([*unshare(), "true"], check=False,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    if done.returncode:
        raise unittest.SkipTest("no network namespace: %s" %
                                done.stdout.decode().strip())


class Lines:
    """A program that answers each line with a line."""

    def __init__(self, argv, env, errors):
        self.argv, self.env = argv, env
        self._errors = open(errors, "w+")
        self._child = subprocess.Popen(
            argv, env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=self._errors, universal_newlines=True, bufsize=1)

    def __enter__(self):
        return self

    def __exit__(self, kind, value, trace):
        self._child.stdin.close()
        try:
            self._child.wait(30)
        except subprocess.TimeoutExpired:
            self._child.kill()
            self._child.wait()
        self._child.stdout.close()
        self._errors.close()
        if kind is None and self._child.returncode:
            raise RunError("%s ended with %d" % (self.argv[0],
                                                 self._child.returncode))

    def say(self, *words):
        """A line that has no answer."""
        self._child.stdin.write(" ".join(map(str, words)) + "\n")

    def ask(self, *words):
        """The words of the answer."""
        self.say(*words)
        ready, _, _ = select.select([self._child.stdout], [], [], 60)
        answer = self._child.stdout.readline() if ready else ""
        if not answer:
            self._errors.seek(0)
            raise RunError("%s said nothing to %s\n%s" % (
                self.argv[0], " ".join(map(str, words))[:200],
                self._errors.read()))
        return answer.split()


def hexed(octets):
    """A word of octets."""
    return octets.hex() or "-"


class Identity:
    """What a server knows after a ticket: name, instance, cell (octets),
    des_key, host, start, end."""

    def __init__(self, words):
        octets = [b"" if w == "-" else bytes.fromhex(w) for w in words[:5]]
        self.name, self.instance, self.cell, self.des_key, self.host = octets
        self.start, self.end = int(words[5]), int(words[6])

    def __eq__(self, other):
        return vars(self) == vars(other)

    def __repr__(self):
        return "<%s>" % vars(self)


class Decoder(Lines):
    """tests/rxkad/afs_decode.c, or rxkad_decode.c: a server's reading of
    tokens without a network."""

    def keys(self, keys):
        """The service's."""
        for key in keys:
            self.say("key", key.kvno, key.etype, hexed(key.octets))

    def now(self, seconds):
        """The time for all that follows."""
        self.say("now", seconds)

    def decode(self, form, token, *options):
        """(code, Identity or None)"""
        code, *words = self.ask("decode", form, hexed(token), *options)
        return int(code), Identity(words) if code == "0" else None

    def kdf(self, etype, key):
        """(code, the DES key or None)"""
        words = self.ask("kdf", etype, hexed(key))
        code = int(words[0])
        return code, None if code else bytes.fromhex(words[1])

    def bench(self, count, form, token):
        """Nanoseconds of CPU for so many."""
        return int(self.ask("bench", count, form, hexed(token))[0])


def openafs_decoder(directory):
    """OpenAFS's reading, as a Decoder."""
    inst = peers.openafs()
    return Decoder([inst.compile(TESTS / "rxkad" / "afs_decode.c")],
                   inst.env(), Path(directory) / "afs_decode.err")


def our_decoder(directory, flags=0, name="ours"):
    """Ours, as a Decoder; flags are those of rxkad_2b_server_set_flags().
    It takes single DES."""
    conf = Path(directory) / (name + ".conf")
    conf.write_text("[libdefaults]\n\tallow_weak_crypto = true\n"
                    "\tdefault_realm = %s\n" % REALM)
    inst = under_test()
    return Decoder([built("rxkad_decode", "tests", "ext", "rxkad"),
                    str(flags)],
                   dict(inst.env(), KRB5_CONFIG=str(conf),
                        **library_env(inst)),
                   Path(directory) / (name + ".err"))


class PtClient(Lines):
    """tests/rxkad/pt_client.c."""

    def call(self, level, ticket, form, *words):
        """(code, number): a call with a token, see pt_client.c."""
        return self.raw(level, ticket.des_key, form, ticket.octets(form),
                        *words)

    def raw(self, level, des_key, kvno, octets, *words):
        """The same of its parts."""
        answer = self.ask(level, hexed(des_key), kvno, hexed(octets), *words)
        return int(answer[0]), int(answer[1])

    def anonymous(self, *words):
        """(code, number): a call without a token."""
        return self.raw("none", b"", 0, b"", *words)


class Cell:
    """A cell whose keys are the rxkad.Keys; a context manager.

    Its ptserver knows the administrator `admin` and the user `user`.
    """

    def __init__(self, keys, name=NAME, realm=REALM):
        self.keys, self.name, self.realm = keys, name, realm
        self.inst = peers.openafs()
        self.dir = self._server = None
        self.pt_log = None

    def __enter__(self):
        need_namespace()
        self.dir = Path(tempfile.mkdtemp(prefix="afs-"))
        try:
            self._write()
            self._start()
        except BaseException:
            self.__exit__(*sys.exc_info())
            raise
        return self

    def __exit__(self, kind, value, trace):
        try:
            if kind is None:
                self._stop()
            else:
                self._kill()
        finally:
            shutil.rmtree(self.dir)

    # -- files ------------------------------------------------------------

    def _write(self):
        for kind, address in (("etc", ADDRESS), ("cli", "127.0.0.1")):
            self._write_config(self.dir / kind, address)
        (self.dir / "db").mkdir()

    def _write_config(self, directory, address):
        directory.mkdir()
        (directory / "ThisCell").write_text(self.name + "\n")
        (directory / "CellServDB").write_text(
            ">%s\n%s #afs.%s\n" % (self.name, address, self.name))
        (directory / "UserList").write_text("admin\n")
        (directory / "krb.conf").write_text(self.realm + "\n")
        self._write_keys(directory)

    def _write_keys(self, directory):
        old = [k for k in self.keys if k.etype in etypes.DES_TYPES]
        new = [k for k in self.keys if k.etype not in etypes.DES_TYPES]
        (directory / "KeyFile").write_bytes(rxkad.key_file(old))
        (directory / "KeyFileExt").write_bytes(rxkad.key_file_ext(new))
        for name in ("KeyFile", "KeyFileExt"):
            (directory / name).chmod(0o600)

    # -- processes --------------------------------------------------------

    def _start(self):
        self.pt_log = self.dir / "PtLog"
        self._server = Daemon(
            [*unshare(), sys.executable, str(_LOOPBACK), ADDRESS,
             *self._ptserver()], self.inst.env(), self.dir / "ptserver.out",
            cwd=str(self.dir))
        self._know_users(self._server)

    def _ptserver(self):
        return [self.inst.program("ptserver"), "-config",
                str(self.dir / "etc"), "-database", str(self.dir / "db/prdb"),
                "-logfile", str(self.pt_log), "-d", "5"]

    def _know_users(self, server):
        """Once ptserver is up."""
        server.ready("ptserver answers", lambda: self.pts(
            "createuser", "admin", expect_code=None).ok, 60)
        self.pts("adduser", "admin", "system:administrators")
        self.pts("createuser", "user")

    def _stop(self):
        self._server.terminate((0, -15))

    def _kill(self):
        if self._server:
            print(self.pt_log.read_text()[-2000:] if self.pt_log.exists()
                  else "", file=sys.stderr)
            self._server.kill()

    def inside(self, argv):
        """argv of a program that runs in the cell's network."""
        enter = ["nsenter", "-t", str(self._server.pid), "-n"]
        if not _as_root():
            enter += ["-U", "--preserve-credentials"]
        return [*enter, *argv]

    def run(self, program, *args, env=None, **expect):
        """Run one of OpenAFS's programs there."""
        return run(self.inside([self.inst.program(program), *args]),
                   dict(self.inst.env(), **(env or {})), **expect)

    def pts(self, *args, **expect):
        """pts with the server's own key."""
        return self.run("pts", *args, "-localauth", "-config",
                        str(self.dir / "cli"), **expect)

    def client(self, number=0):
        """A PtClient of this cell."""
        program = self.inst.compile(TESTS / "rxkad" / "pt_client.c")
        return PtClient(self.inside([program, "127.0.0.1"]), self.inst.env(),
                        self.dir / ("pt_client%d.err" % number))

    def call_all(self, calls, at_once=64):
        """[(code, number)] of the words of many calls (PtClient.raw).

        A refusal reaches OpenAFS's client when it has sent its packet again,
        a second later: so they are made at the same time.
        """
        calls = list(calls)
        with contextlib.ExitStack() as stack:
            clients = [stack.enter_context(self.client(number))
                       for number in range(min(at_once, len(calls)))]

            def some(number):
                return [clients[number].raw(*call)
                        for call in calls[number::len(clients)]]
            pool = stack.enter_context(
                concurrent.futures.ThreadPoolExecutor(len(clients) or 1))
            parts = list(pool.map(some, range(len(clients))))
        return [parts[number % len(clients)][number // len(clients)]
                for number in range(len(calls))]
