"""A whole cell of OpenAFS: ptserver, vlserver, fileserver and volserver with
the volume root.afs, and its cache manager as a library.

>>> with WholeCell(keys) as cell, cell.cache_manager(blob) as afs:
...     assert afs.ask("write", "name", "text") == ["0"]

They look for their files below /etc and /var, so they have a root directory of
their own (newroot.py).  The fileserver keeps things in the owners of its
files, which takes root.
"""

import os
import shutil
import signal
import socket
import sys
import unittest
from pathlib import Path

from peers.openafs import UAFS

from .afs import ADDRESS, Cell, Lines, hexed
from .install import TESTS
from .process import Daemon, wait_until

EACCES = 13
NEWROOT = Path(__file__).with_name("newroot.py")
_DIRECTORIES = ("etc/openafs", "var/lib/openafs/db", "var/lib/openafs/local",
                "var/log/openafs", "var/run", "vicepa")
_VOLUME = "root.afs"


class WholeCell(Cell):
    """A Cell with a file server, for root."""

    def __init__(self, keys, **values):
        if os.geteuid() != 0:
            raise unittest.SkipTest("OpenAFS's file server needs root")
        super().__init__(keys, **values)
        self.root = self._daemons = None

    # -- the root directory -----------------------------------------------

    def _write(self):
        super()._write()
        self.root = self.dir / "root"
        for name in _DIRECTORIES:
            (self.root / name).mkdir(parents=True)
        etc = self.root / "etc"
        shutil.copytree(self.dir / "etc", etc / "openafs/server")
        for name in ("ThisCell", "CellServDB"):
            shutil.copy(self.dir / "etc" / name, etc / "openafs" / name)
        (etc / "openafs/cacheinfo").write_text(
            "/afs:%s:1000\n" % (self.dir / "cache"))
        (self.dir / "cache").mkdir()
        (etc / "hosts").write_text("127.0.0.1 localhost\n%s %s\n" % (
            ADDRESS, socket.gethostname()))
        (etc / "nsswitch.conf").write_text("hosts: files\n")
        # a directory that is no file system of its own will do
        (self.root / "vicepa/AlwaysAttach").touch()

    # -- processes --------------------------------------------------------

    def _start(self):
        self.pt_log = self.dir / "PtLog"
        self._daemons = []
        self._server = Daemon(
            ["unshare", "-n", "-m", sys.executable, str(NEWROOT), ADDRESS,
             str(self.root), "/bin/sleep", "infinity"], self.inst.env(),
            self.dir / "holder.out")
        self._server.ready("the root directory is there", self._is_there)
        ptserver = self._daemon(*self._ptserver())
        self._daemon(self.inst.program("vlserver"))
        self._know_users(ptserver)
        self._daemon(self.inst.program("fileserver"), "-cb", "10000", "-L",
                     "-p", "6")
        socket_path = self.root / "var/lib/openafs/local/fssync.sock"
        wait_until("the file server is up", socket_path.exists, 60)
        self._daemon(self.inst.program("volserver"))
        wait_until("there is a volume", lambda: self.run(
            "vos", "create", ADDRESS, "a", _VOLUME, "-localauth",
            expect_code=None).ok, 60, interval=0.5)

    def _is_there(self):
        return os.path.realpath("/proc/%d/root" % self._server.pid) != "/" \
            and os.path.exists("/proc/%d/root/vicepa/AlwaysAttach" %
                               self._server.pid)

    def _daemon(self, program, *args):
        name = os.path.basename(program)
        daemon = Daemon(self.inside([program, *args]), self.inst.env(),
                        self.dir / (name + ".out"))
        self._daemons.append(daemon)
        return daemon

    def inside(self, argv):
        return ["nsenter", "-t", str(self._server.pid), "-n", "-m", "-r",
                *argv]

    def _stop(self):
        for daemon in reversed(self._daemons):
            # what makes the file server write its volumes back; others die
            # of it, or exit with its number
            os.kill(daemon.pid, signal.SIGQUIT)
            ends = signal.SIGQUIT, signal.SIGTERM
            daemon.terminate((0, *ends, *(-number for number in ends)))
        super()._stop()

    def _kill(self):
        for daemon in self._daemons or ():
            daemon.kill()
        for log in sorted((self.root / "var/log/openafs").iterdir()):
            print("%s\n%s" % (log.name, log.read_text(
                errors="replace")[-1000:]), file=sys.stderr)
        super()._kill()

    def cache_manager(self, blob=b"", number=0):
        """tests/rxkad/uafs_client.c with what was given to VIOCSETTOK, as
        Lines."""
        program = self.inst.compile(TESTS / "rxkad" / "uafs_client.c", UAFS)
        return Lines(
            self.inside([program, "/etc/openafs", str(self.dir / "cache"),
                         hexed(blob)]), self.inst.env(),
            self.dir / ("uafs_client%d.err" % number))
