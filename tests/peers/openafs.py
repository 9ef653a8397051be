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
SHARED = ("-l:libroken.so.19", "-l:libhcrypto.so.5", "-lpthread", "-lresolv",
          "-lcrypt")


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
            made = path.with_name("%s.%d.part" % (path.name, os.getpid()))
            self.link(made, [source], libraries, ["-Wall"])
            made.rename(path)
        return str(path)

    def rxgen(self, *args):
        """Run rxgen, which makes C of interface descriptions."""
        self._call([self.program("rxgen"), *args], self.env())

    def link(self, out, sources, libraries=CLIENT, options=(),
             shared=SHARED):
        """A program of C files; options come before, shared libraries behind
        OpenAFS's own."""
        self._call(
            ["gcc", "-O2", "-g", "-DAFS_PTHREAD_ENV", *map(str, options),
             "-I%s" % (self._root / "usr/include"), *map(str, sources),
             "-o", str(out), *["-L%s" % d for d in self.lib_path],
             # the linker reads what the shared ones need from there too
             *["-Wl,-rpath-link,%s" % d for d in self.lib_path],
             "-L%s" % (self._root / "usr/lib/afs"),
             *["-l:lib%s.a" % name for name in libraries], *shared],
            base_env())

    @staticmethod
    def _call(argv, env):
        try:
            done = subprocess.run(argv, env=env, check=False,
                                  stdout=subprocess.PIPE,
                                  stderr=subprocess.STDOUT)
        except FileNotFoundError:
            raise Unavailable("no program %s" % argv[0]) from None
        if done.returncode:
            raise AssertionError("%s\n%s" % (" ".join(argv),
                                             done.stdout.decode()))
