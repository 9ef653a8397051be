"""OpenAFS as a peer: an Install that also compiles programs with its static
libraries, among them the two functions a server reads a ticket with."""

import hashlib
import os
import subprocess

from realm.install import Install, base_env

from .apt import Unavailable

# clients, or the cache manager as a library
CLIENT = ("afsauthent", "afsrpc", "afsrfc3961", "opr")
UAFS = ("uafs", "cmd", "afsutil", "opr")
_SHARED = ["-l:libroken.so.19", "-l:libhcrypto.so.5", "-lpthread",
           "-lresolv", "-lcrypt"]


class OpenAfs(Install):
    """Programs by name: ptserver, vlserver, fileserver, volserver, pts, vos,
    fs, aklog, asetkey; and compile()."""

    def __init__(self, root, lib_path, programs):
        super().__init__("openafs", [root / "usr/lib/openafs",
                                     root / "usr/bin", root / "usr/sbin"],
                         lib_path=lib_path)
        self._root, self._programs = root, programs

    def compile(self, source, libraries=CLIENT):
        """Path of the program that a C file makes with OpenAFS's libraries,
        once for each text of it and of the headers beside it."""
        parts = [source, *sorted(source.parent.glob("*.h"))]
        text = b"".join(path.read_bytes() for path in parts)
        path = self._programs / ("%s-%s" % (source.stem, hashlib.sha256(
            text + " ".join(libraries).encode()).hexdigest()[:16]))
        if not path.exists():
            self._programs.mkdir(exist_ok=True)
            self._link(path, source, libraries)
        return str(path)

    def _link(self, path, source, libraries):
        made = path.with_name("%s.%d.part" % (path.name, os.getpid()))
        argv = ["gcc", "-O2", "-g", "-Wall", "-DAFS_PTHREAD_ENV",
                "-I%s" % (self._root / "usr/include"), str(source),
                "-o", str(made), *["-L%s" % d for d in self.lib_path],
                # the linker reads what the shared ones need from there too
                *["-Wl,-rpath-link,%s" % d for d in self.lib_path],
                "-L%s" % (self._root / "usr/lib/afs"),
                *["-l:lib%s.a" % name for name in libraries], *_SHARED]
        try:
            done = subprocess.run(argv, env=base_env(), check=False,
                                  stdout=subprocess.PIPE,
                                  stderr=subprocess.STDOUT)
        except FileNotFoundError:
            raise Unavailable("no program gcc") from None
        if done.returncode:
            raise AssertionError("%s\n%s" % (" ".join(argv),
                                             done.stdout.decode()))
        made.rename(path)
