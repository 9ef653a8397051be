"""A project of a few lines in the shape of this one, to run build.sh on.

build.sh and scripts/ are the real ones.  The base is a tarball with an
autogen.sh, a configure and a Makefile of their own; apt, git, curl and
sudo are stubs in front of PATH, so nothing leaves the machine.
"""

import hashlib
import io
import os
import shutil
import signal
import subprocess
import tarfile
import tempfile
import unittest
from pathlib import Path

from realm.install import ROOT

TARBALL = "fake_1.0.orig.tar.gz"
COMMIT = "0123456789abcdef0123456789abcdef01234567"

BASE = {
    "autogen.sh": "cp configure.ac configure && chmod +x configure\n",
    "configure.ac": """#!/bin/sh
echo checking for nothing
sed "s,@prefix@,${1#--prefix=}," ../src/Makefile.am > Makefile
touch config.status
""",
    "Makefile.am": """prefix = @prefix@
SRC = ../src
OBJECTS = $(patsubst $(SRC)/%.c,%.o,$(wildcard $(SRC)/*.c $(SRC)/module/*.c))
all: prog
prog: $(OBJECTS)
\tcat $(OBJECTS) > $@
$(OBJECTS): %.o: $(SRC)/%.c
\t@mkdir -p $(@D)
\t@echo "libtool: compile: $@"
\t@cp $< $@
install: all
\t@mkdir -p $(prefix)/bin && cp prog $(prefix)/bin/prog
""",
    "a.c": "a one\na two\na three\na four\na five\n",
    "b.c": "b one\nb two\nb three\nb four\nb five\n",
}

PATCH = """Description: change a
---
--- a/a.c
+++ b/a.c
@@ -1,5 +1,5 @@
 a one
 a two
-a three
+a THREE
 a four
 a five
"""

# A stub: $LOG gets a line per call, the rest is a test's.
STUBS = {
    "apt-get": """
case " $* " in
*" source "*) exec cp "$GOOD" "$NAME" ;;
esac
""",
    "apt-cache": 'printf "Package: fake\\nVersion: 1.0-3\\n"\n',
    "dpkg-query": 'echo "install ok installed"\n',
    "git": "echo 'fatal: unable to access' >&2; exit 128\n",
    "curl": "echo 'curl: (6) Could not resolve host' >&2; exit 6\n",
    "sudo": "exit 1\n",
}
OFFLINE = {"apt-get": "echo 'E: Unable to fetch' >&2; exit 100\n",
           "apt-cache": "exit 100\n"}


def make_tarball(path, files):
    """A .tar.gz with `files` below one directory."""
    with tarfile.open(path, "w:gz") as tar:
        for name, text in files.items():
            data = text.encode()
            info = tarfile.TarInfo("fake-1.0/" + name)
            info.size = len(data)
            info.mode = 0o644
            info.mtime = 1000000000
            tar.addfile(info, io.BytesIO(data))


def heed_interrupts():
    """A shell cannot trap a signal that was ignored when it began, as
    SIGINT is for what a script runs in the background."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


class FakeCase(unittest.TestCase):
    """One fake project a test: self.top, its build directory self.out."""

    def setUp(self):
        tmp = tempfile.TemporaryDirectory()
        self.addCleanup(tmp.cleanup)
        self.dir = Path(tmp.name).resolve()
        self.top = self.dir / "project"
        self.out = self.top / "_build"
        self.calls = self.dir / "calls"
        self.tarball = self.dir / "good.tar.gz"
        self.calls.touch()
        (self.top / "module").mkdir(parents=True)
        (self.top / "patches").mkdir()
        shutil.copy(ROOT / "build.sh", self.top)
        shutil.copytree(ROOT / "scripts", self.top / "scripts")
        shutil.copy(ROOT / "patches/quiltrc", self.top / "patches")
        make_tarball(self.tarball, BASE)
        self.pin(self.tarball)
        self.write("OVERLAY", "# comment\nmodule module\n")
        self.write("module/m.c", "module m\n")
        self.write("module/n.c", "module n\n")
        self.series({"0001-a-change.patch": PATCH})
        (self.dir / "bin").mkdir()
        self.stub(**STUBS)

    def write(self, name, text):
        """A file of the project."""
        (self.top / name).write_text(text)

    def pin(self, tarball):
        """Make UPSTREAM accept just this file."""
        self.sum = hashlib.sha256(tarball.read_bytes()).hexdigest()
        self.write("UPSTREAM", (
            "version   1.0\ncommit    %s\ngit       https://x.invalid/x.git\n"
            "tarball   debian  %s  %s  apt-source fake 1.0\n"
            "tarball   release r.tar.gz  %s  https://x.invalid/r.tar.gz\n"
            % (COMMIT, TARBALL, self.sum, "0" * 64)))

    def series(self, patches):
        """The series and its patches: {name: text}."""
        for old in (self.top / "patches").glob("*.patch"):
            old.unlink()
        for name, text in patches.items():
            self.write("patches/" + name, text)
        self.write("patches/series", "".join(n + "\n" for n in patches))

    def stub(self, **scripts):
        """Put programs in front of PATH; _ in a name stands for -."""
        for name, text in scripts.items():
            path = self.dir / "bin" / name.replace("_", "-")
            path.write_text('#!/bin/sh\necho "%s $*" >> "%s"\n%s' % (
                path.name, self.calls, text))
            path.chmod(0o755)

    def env(self, **more):
        """The environment that build.sh gets."""
        keep = {k: v for k, v in os.environ.items() if k in (
            "HOME", "TMPDIR", "LANG", "USER")}
        return dict(keep, PATH="%s:/usr/sbin:/usr/bin:/sbin:/bin" % (
            self.dir / "bin"), GOOD=str(self.tarball), NAME=TARBALL, **more)

    def start(self, *args, cwd=None, **env):
        """build.sh as a running process."""
        return subprocess.Popen(
            [str(self.top / "build.sh"), *args], cwd=str(cwd or self.top),
            env=self.env(**env), stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            universal_newlines=True, preexec_fn=heed_interrupts)

    def build(self, *args, status=0, **more):
        """Run build.sh to its end; (stdout, stderr)."""
        child = self.start(*args, **more)
        out, err = child.communicate(timeout=60)
        self.assertEqual(child.returncode, status, out + err)
        return out, err

    def refused(self, *args, says, lines=1, **more):
        """build.sh ends with status 1 and, in stderr, `lines` lines of
        which the last is its own and matches `says`; nothing half done is
        left."""
        err = self.build(*args, status=1, **more)[1].rstrip("\n")
        last = err.split("\n")[-1]
        self.assertTrue(last.startswith("build.sh: "), err)
        self.assertRegex(last, says)
        if lines:
            self.assertEqual(len(err.split("\n")), lines, err)
        self.assertEqual(self.parts(), [])
        return err

    def parts(self):
        """What is left half done below the build directory."""
        return [p.name for p in self.out.glob("*.part")] if \
            self.out.exists() else []

    def installed(self):
        """What came of it all."""
        return (self.out / "install/bin/prog").read_text()

    def compiled(self):
        """The objects that the last run made."""
        log = (self.out / "log/build.log").read_text()
        return sorted(line.split()[-1] for line in log.splitlines()
                      if line.startswith("libtool: compile: "))
