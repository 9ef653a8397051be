"""Where the Heimdal under test is installed, and where build output goes."""

import functools
import os
import shutil
import subprocess
import sys
import unittest
from pathlib import Path

TESTS = Path(__file__).resolve().parent.parent
ROOT = TESTS.parent

# Variables that reach the programs of a realm; everything else is dropped.
_PASSED_ON = ("ASAN_OPTIONS", "UBSAN_OPTIONS", "LSAN_OPTIONS", "PATH",
              "TMPDIR", "LD_PRELOAD")


def build_dir():
    """$BUILD_DIR, by default _build in the repository."""
    return Path(os.environ.get("BUILD_DIR") or ROOT / "_build").resolve()


def base_env():
    """The environment every program starts from: nothing of the caller's
    Kerberos settings, C locale."""
    env = {k: os.environ[k] for k in _PASSED_ON if k in os.environ}
    env.setdefault("PATH", "/usr/sbin:/usr/bin:/sbin:/bin")
    env["LC_ALL"] = "C"
    env["TZ"] = "UTC"
    env.update(leaks(False))
    return env


@functools.lru_cache(maxsize=None)
def sanitizer():
    """The library of AddressSanitizer if the build has it (build.sh --asan),
    or None."""
    stamp = build_dir() / "stamp" / "configure"
    if not stamp.exists() or "-fsanitize=address" not in stamp.read_text():
        return None
    return subprocess.run(
        ["gcc", "-print-file-name=libasan.so"], check=True, text=True,
        stdout=subprocess.PIPE).stdout.strip()


def sanitizer_env():
    """Environment of all programs of a build that has sanitizers: each finding
    ends the program, a daemon's too, and so fails the test."""
    if not sanitizer():
        return {}
    known = "halt_on_error=1:print_stacktrace=1:suppressions=%s" % (
        TESTS / "assure" / "ubsan.supp")
    return {"UBSAN_OPTIONS": ":".join(filter(None, (
        known, os.environ.get("UBSAN_OPTIONS"))))}


def leaks(found):
    """Environment of a program that tells, with a sanitizer, what it has not
    freed at its end, as ours do; or that does not, as Heimdal's programs leave
    to the system what they need to their end."""
    if not sanitizer():
        return {}
    return {"ASAN_OPTIONS": ":".join(filter(None, (
        os.environ.get("ASAN_OPTIONS"), "detect_leaks=%d" % found)))}


def own_memory(test):
    """Decorator of what measures memory or checks it in another way, which
    has no meaning where a sanitizer does."""
    return unittest.skipIf(sanitizer(), "memory is the sanitizer's")(test)


def valgrind():
    """Its path, or None if it is not there or of no use."""
    return None if sanitizer() else shutil.which("valgrind")


def begin_with_sanitizer():
    """Have this process begin again with a sanitizer's library in it, if the
    build has one: else it could not load a library of Heimdal."""
    library = sanitizer()
    if not library:
        return
    if os.path.realpath(library) in Path("/proc/self/maps").read_text():
        os.environ.pop("LD_PRELOAD", None)  # not those that it starts
        return
    os.execve(sys.executable, [sys.executable, *sys.argv],
              dict(os.environ, **leaks(False), **preload()))


def preload(*libraries):
    """Environment that has a program load them; a sanitizer's comes first."""
    first = [path for path in (os.environ.get("LD_PRELOAD"), sanitizer())
             if path]
    return {"LD_PRELOAD": ":".join([*dict.fromkeys(first),
                                    *map(str, libraries)])}


class Install:
    """An installation of Heimdal: programs by name.

    `bindirs` are searched in order; `suffixes` are tried for distributions
    that rename programs (kinit.heimdal); `lib_path` goes to LD_LIBRARY_PATH;
    `libdefaults` to the [libdefaults] of every krb5.conf its programs read.
    """

    def __init__(self, name, bindirs, suffixes=("",), lib_path=(),
                 libdefaults=None):
        self.name = name
        self.libdefaults = dict(libdefaults or {})
        self.bindirs = [Path(d) for d in bindirs]
        self.suffixes = suffixes
        self.lib_path = [str(d) for d in lib_path]

    @classmethod
    def from_prefix(cls, prefix, name="heimdal"):
        """An installation made by `make install` under `prefix`."""
        prefix = Path(prefix)
        return cls(name, [prefix / d for d in ("bin", "sbin", "libexec",
                                               "libexec/heimdal")])

    def find(self, program):
        """Path of a program, or None."""
        for directory in self.bindirs:
            for suffix in self.suffixes:
                path = directory / (program + suffix)
                if os.access(path, os.X_OK) and path.is_file():
                    return str(path)
        return None

    def program(self, program):
        """Path of a program; FileNotFoundError when it is not there."""
        path = self.find(program)
        if path is None:
            raise FileNotFoundError("%s: no program %s in %s" % (
                self.name, program, ", ".join(map(str, self.bindirs))))
        return path

    def env(self):
        """Environment additions this installation's programs need."""
        env = base_env()
        if self.lib_path:
            env["LD_LIBRARY_PATH"] = ":".join(self.lib_path)
        return env


def under_test():
    """The installation under test: $HEIMDAL_PREFIX, or the build's own."""
    prefix = os.environ.get("HEIMDAL_PREFIX") or build_dir() / "install"
    return Install.from_prefix(Path(prefix).resolve())
