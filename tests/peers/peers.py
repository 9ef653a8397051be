"""Other implementations to talk to: MIT krb5, an unpatched Heimdal, the
OpenJDK, impacket, OpenAFS.

The system's own when installed, otherwise the distribution's packages
unpacked below $BUILD_DIR/peers.  A peer that cannot be had skips the test
with the reason; with CI=true it fails it, unless it is one that may be
missing.
"""

import contextlib
import fcntl
import functools
import importlib.util
import os
import platform
import re
import subprocess
import sys
import unittest
from pathlib import Path

from realm.install import Install, base_env, build_dir

from .apt import Apt, Unavailable
from .openafs import OpenAfs

_MIT = ["krb5-kdc", "krb5-admin-server", "krb5-user", "krb5-pkinit",
        "krb5-gss-samples"]
_MIT_FAMILY = r"lib(krb5|k5crypto|kadm5|kdb5|gssapi-krb5|gssrpc|verto)"
_HEIMDAL = ["heimdal-kdc", "heimdal-clients"]
_HEIMDAL_FAMILY = r"lib.*-heimdal"
_JAVA = "default-jdk-headless"
# what impacket.krb5 imports
_IMPACKET = ["python3-impacket", "python3-pyasn1", "python3-pycryptodome",
             "python3-six", "python3-future"]

# ptserver, vlserver; fileserver, volserver; pts, fs; aklog, asetkey; headers
# and static libraries
_OPENAFS = ["openafs-dbserver", "openafs-fileserver", "openafs-client",
            "openafs-krb5", "libopenafs-dev"]
_OPENAFS_FAMILY = (r"lib(afs|kopenafs|.*-heimdal|krb5|k5crypto|gssapi-krb5|"
                   r"com-err2|keyutils)")


def directory():
    """Where peers are unpacked."""
    path = build_dir() / "peers"
    path.mkdir(parents=True, exist_ok=True)
    return path


@contextlib.contextmanager
def _locked():
    with open(directory() / ".lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _fetch(name, wanted):
    """Root of the unpacked peer, which is the packages that wanted(Apt)
    names.  A failure is remembered for the run of the runner, so that not
    every test waits for the same timeout."""
    run_id = os.environ.get("TEST_RUN_ID", "")
    target = directory() / name
    failed = directory() / (name + ".failed")
    with _locked():
        if target.is_dir():
            return target / "root"
        if run_id and failed.exists():
            then, reason = failed.read_text().split("\n", 1)
            if then == run_id:
                raise Unavailable(reason)
        try:
            apt = Apt(directory() / "apt")
            apt.unpack(wanted(apt), target)
        except Unavailable as err:
            failed.write_text("%s\n%s" % (run_id, err))
            raise
        return target / "root"


def _lib_dirs(root):
    triplet = "%s-linux-gnu" % platform.machine()
    return [d for d in (root / "usr/lib" / triplet, root / "lib" / triplet,
                        root / "usr/lib" / triplet / "heimdal",
                        root / "usr/lib", root / "lib") if d.is_dir()]


def _or_skip(name, get, needed=True):
    try:
        return get()
    except Unavailable as err:
        reason = "peer %s cannot be had: %s" % (name, err)
        if needed and os.environ.get("CI") == "true":
            raise AssertionError(reason) from None
        raise unittest.SkipTest(reason) from None


def _is_mit(inst):
    klist = inst.find("klist")
    if not klist or not inst.find("krb5kdc"):
        return False
    done = subprocess.run([klist, "-V"], env=base_env(), check=False,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    return b"Kerberos 5 version" in done.stdout


def _system_mit():
    inst = Install("mit", ["/usr/sbin", "/usr/bin"], (".mit", ""))
    plugins = "/usr/lib/%s-linux-gnu/krb5/plugins" % platform.machine()
    complete = _is_mit(inst) and inst.find("kadmin.local") and \
        inst.find("gss-server") and \
        os.path.exists(plugins + "/preauth/pkinit.so")
    return inst if complete else None


def _get_mit():
    inst = _system_mit()
    if inst:
        return inst
    root = _fetch("mit", lambda apt: apt.wanted(_MIT, _MIT_FAMILY))
    libs = _lib_dirs(root)
    plugins = [d / "krb5/plugins" for d in libs
               if (d / "krb5/plugins").is_dir()]
    return Install("mit", [root / "usr/bin", root / "usr/sbin"], (".mit", ""),
                   libs, {"plugin_base_dir": plugins[0]})


def _get_heimdal():
    prefix = os.environ.get("HEIMDAL_UNPATCHED_PREFIX")
    if prefix:
        return Install.from_prefix(prefix, "heimdal-unpatched")
    system = Install("heimdal-unpatched",
                     ["/usr/lib/heimdal-servers", "/usr/sbin", "/usr/bin"],
                     (".heimdal", ""))
    if os.path.exists("/usr/bin/kinit.heimdal") and system.find("kdc"):
        return system
    root = _fetch("heimdal", lambda apt: apt.wanted(_HEIMDAL, _HEIMDAL_FAMILY))
    return Install("heimdal-unpatched",
                   [root / "usr/lib/heimdal-servers", root / "usr/sbin",
                    root / "usr/bin"], (".heimdal", ""), _lib_dirs(root))


def _java_packages(apt):
    """The two that have java and javac; their names tell the release."""
    graph = apt.graph([_JAVA])
    return [package for package in graph
            if re.fullmatch(r"openjdk-\d+-(jdk|jre)-headless", package)]


def _get_java():
    system = Install("java", ["/usr/bin"])
    if system.find("java") and system.find("javac"):
        return system
    root = _fetch("java", _java_packages)
    return Install("java", sorted(root.glob("usr/lib/jvm/java-*/bin")))


def _get_impacket():
    if importlib.util.find_spec("impacket"):
        return None
    root = _fetch("impacket", lambda apt: _IMPACKET)
    return str(root / "usr/lib/python3/dist-packages")


@functools.lru_cache(maxsize=None)
def mit():
    """MIT krb5 with KDC, PKINIT and the GSS samples, as an Install."""
    return _or_skip("MIT krb5", _get_mit)


@functools.lru_cache(maxsize=None)
def heimdal_unpatched():
    """A Heimdal without our patches, as an Install: the one under
    $HEIMDAL_UNPATCHED_PREFIX, or the distribution's."""
    return _or_skip("unpatched Heimdal", _get_heimdal)


@functools.lru_cache(maxsize=None)
def java():
    """java and javac, as an Install.  It is a large download for a few
    cells of one suite: without it they are skipped, with CI=true too."""
    return _or_skip("OpenJDK", _get_java, needed=False)


@functools.lru_cache(maxsize=None)
def impacket():
    """Make the module impacket, and what impacket.krb5 needs, importable."""
    directory = _or_skip("impacket", _get_impacket)
    if directory:
        sys.path.append(directory)
        importlib.invalidate_caches()


def _get_openafs():
    root = _fetch("openafs",
                  lambda apt: apt.wanted(_OPENAFS, _OPENAFS_FAMILY))
    return OpenAfs(root, _lib_dirs(root), directory() / "openafs-programs")


def _get_openafs_source():
    source = os.environ.get("OPENAFS_SOURCE")
    if source:
        return Path(source)
    target = directory() / "openafs-source"
    with _locked():
        if not target.is_dir():
            Apt(directory() / "apt-source").source("openafs", target)
    return target / "root"


@functools.lru_cache(maxsize=None)
def openafs_source():
    """Path of OpenAFS's source: $OPENAFS_SOURCE, or the distribution's.
    Without it a test is skipped, with CI=true too: mirrors drop sources."""
    return _or_skip("OpenAFS's source", _get_openafs_source, needed=False)


@functools.lru_cache(maxsize=None)
def openafs():
    """OpenAFS: its servers and programs, and a compiler of programs that
    use its libraries, as an OpenAfs."""
    return _or_skip("OpenAFS", _get_openafs)
