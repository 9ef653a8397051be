"""tshark with contrib/wireshark/heimdal-ext.lua, on captures in memory.

tshark is the system's own: with its libraries it is 134 MB, too much to
unpack for one suite, so without it the suite is skipped, with CI=true too.
"""

import functools
import os
import re
import shutil
import subprocess
import unittest
from pathlib import Path

SCRIPT = Path(__file__).resolve().parents[2] / \
    "contrib/wireshark/heimdal-ext.lua"


@functools.lru_cache(maxsize=None)
def program():
    """tshark, one that runs Lua; or the test is skipped."""
    found = shutil.which("tshark")
    if not found:
        raise unittest.SkipTest("no tshark; Debian's package is tshark")
    said = subprocess.run([found, "--version"], stdout=subprocess.PIPE,
                          stderr=subprocess.DEVNULL, check=True).stdout
    if not re.search(rb"with\s+Lua", said):
        raise unittest.SkipTest("this tshark is built without Lua")
    return found


def run(capture, *args, keytab=None, port=None, script=SCRIPT):
    """What tshark prints about a pcap.Capture (or the octets of a file).

    port: of a stream of gss-loop; keytab: its keys open what Wireshark can
    open."""
    options = ["-X", "lua_script:%s" % script]
    if keytab:
        options += ["-o", "kerberos.decrypt:TRUE",
                    "-o", "kerberos.file:%s" % keytab]
    if port:
        options += ["-d", "tcp.port==%d,gss_loop" % port]
    data = capture if isinstance(capture, bytes) else capture.octets()
    done = subprocess.run(
        [program(), "-n", "-r", "-", *options, *args], input=data,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=300,
        check=False, env=dict(os.environ, LC_ALL="C.UTF-8",
                              HOME=os.environ.get("TMPDIR", "/tmp")))
    if done.returncode:
        raise AssertionError(done.stderr.decode(errors="replace"))
    return done.stdout.decode(errors="replace")


def fields(capture, names, where="", **kw):
    """A tuple of texts for each packet that has one of the fields: the
    values of a field that is there more than once have commas between."""
    where = where or " or ".join(names)
    args = [arg for name in names for arg in ("-e", name)]
    out = run(capture, "-T", "fields", *args, "-Y", where, **kw)
    return [tuple(line.split("\t")) for line in out.splitlines()]


def tree(capture, where, **kw):
    """All that is said about packets."""
    return run(capture, "-V", "-Y", where, **kw)
