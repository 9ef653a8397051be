"""packaging/debian/edit-package: Debian 13's package with what the patches
need beside them, and symbols that are only added."""

import fnmatch
import re
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

from realm import install
from series.trees import ROOT, debian_patches, run

EDIT = ROOT / "packaging/debian/edit-package"
SYMBOLS = ROOT / "packaging/debian/symbols"
LIBRARY = "librxkad-2b0-heimdal"
VERSION = re.compile(r"[A-Z0-9_.]+@[A-Z0-9_.]+$")   # its name is a symbol, too


def exported(library):
    """The symbols of a library, as dpkg-gensymbols writes them."""
    out = subprocess.run(
        ["nm", "-D", "--with-symbol-versions", "--defined-only", library],
        stdout=subprocess.PIPE, check=True).stdout.decode()
    found = set()
    for line in out.splitlines():
        _address, kind, name = line.split()
        if kind != "A" and not name.startswith("hc_ossl_"):
            # A: the name of a version; hc_ossl_: only with OpenSSL, which
            # the package is built without
            name = name.replace("@@", "@")
            found.add(name if "@" in name else name + "@Base")
    return found


def listed(path):
    """(library, {symbol}) of a .symbols file."""
    lines = path.read_text().splitlines()
    return lines[0].split()[0], {
        re.sub(r"^\([^)]*\)", "", line.split()[0]).strip('"')
        for line in lines[1:] if line.startswith(" ")}


class PackageTest(unittest.TestCase):
    """On a copy of Debian 13's debian/."""

    def setUp(self):
        self.tree = Path(tempfile.mkdtemp())
        self.debian = self.tree / "debian"
        self.before = debian_patches()
        shutil.copytree(self.before, self.debian)
        self.code, self.said = run(EDIT, self.tree)
        self.assertEqual(self.code, 0, self.said)

    def read(self, name):
        return (self.debian / name).read_text()

    def test_version(self):
        self.assertEqual(
            self.said, "7.8.git20221117.28daf24+dfsg-9+deb13u1+ext1\n")
        self.assertTrue(self.read("changelog").startswith(
            "heimdal (%s) trixie; " % self.said.strip()))

    def test_it_is_done_once(self):
        code, said = run(EDIT, self.tree)
        self.assertEqual(code, 1)
        self.assertIn("has been edited already", said)

    def test_the_new_library_has_a_package(self):
        control = self.read("control")
        self.assertEqual(control.count("Package: %s\n" % LIBRARY), 1)
        self.assertEqual(control.count(LIBRARY + " (= ${binary:Version})"), 1)
        self.assertIn("librxkad-2b.so.0\n", self.read(LIBRARY + ".install"))
        paragraphs = [p for p in control.strip().split("\n\n") if p]
        for paragraph in paragraphs:
            self.assertRegex(paragraph, r"(?m)^(Source|Package): ")

    def test_everything_new_is_in_a_package(self):
        """dh_missing ends a build otherwise."""
        prefix = install.under_test().bindirs[0].parent
        if not prefix.is_dir():
            self.skipTest("no installation")
        patterns = [line.split()[0] for path in self.debian.glob("*.install")
                    for line in path.read_text().splitlines() if line.split()]
        patterns += ["usr/lib/*/*.a", "usr/lib/*/*.la", "usr/lib/*/*.so"]
        for path in sorted(prefix.glob("**/*rxkad*")):
            name = "usr/" + str(path.relative_to(prefix)).replace(
                "lib/", "lib/triplet/")
            self.assertTrue(
                [p for p in patterns if fnmatch.fnmatch(name, p) or
                 name.startswith(p + "/")], name + " is in no package")

    def test_libasn1_is_held_to_the_version(self):
        text = self.read("libasn1-8t64-heimdal.symbols")
        for name in ("copy_AuthPack", "free_PKAuthenticator"):
            self.assertRegex(text, r"(?m)^ %s@\S+ \S+\+ext1$" % name)

    def test_symbols_are_only_added(self):
        """Those of the libraries that were built: what Debian's package
        exports, and what `symbols` names."""
        compared = 0
        for library, names, built in libraries(self.debian):
            compared += 1
            self.assertEqual(sorted(built ^ names), [], library + ": with "
                             "HEIMDAL_TREES, this file --write adds them")
        self.assertGreater(compared, 10)


def libraries(debian):
    """(package, {symbol} of the .symbols file, {symbol} that is exported) of
    those that were built under the package's soname."""
    for path in sorted(debian.glob("*.symbols")):
        library, names = listed(path)
        built = install.build_dir() / "install/lib" / library
        if built.exists():
            yield path.stem, {n for n in names if not VERSION.match(n)}, \
                exported(built)


def write():
    """packaging/debian/symbols anew."""
    lines = [line for line in SYMBOLS.read_text().splitlines()
             if line.startswith("#")] + [""]
    for package, names, built in libraries(debian_patches()):
        lines += ["%s %s" % (package, n) for n in sorted(built - names)]
    SYMBOLS.write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    if "--write" in sys.argv:
        write()
    else:
        unittest.main()
