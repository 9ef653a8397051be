"""Each setting that code asks for is in the manuals, in doc/admin.md and in the
table of verify_krb5_conf, the pages are well made, and so is the chapter."""

import collections
import re
import shutil
import subprocess
import unittest
from pathlib import Path

from manuals.settings import Source
from realm.install import build_dir

ROOT = Path(__file__).resolve().parents[2]
SOURCE, PRISTINE = build_dir() / "src", build_dir() / "pristine"
PAGES = ("lib/krb5/krb5.conf.5", "lib/kafs/kafs.3")
TABLE = "lib/krb5/verify_krb5_conf.c"

# Data, not names of settings: a realm, a service, an entry of a list.
VARIABLES = {"realm", "from_realm", "service", "name"}
# Settings whose names reach libkrb5 through a function of the base.
INDIRECT = {"krb524_server"}
# Settings of the base that its manual has never had.
NEVER_DOCUMENTED = {"pkinit_pool", "pkinit_revoke", "pkinit_win2k",
                    "v4_name_convert"}
# Entries below v4_name_convert, which krb5.conf(5) has as such.
INSIDE = {"host", "plain"}

# What mandoc says of a page because the pages it names are not installed, and
# because this is no BSD.
NOT_OURS = ("referenced manual not found", "operating system explicitly",
            "outdated mandoc.db", "lacks ")


def overlay():
    """(directory here, directory in the tree) of the modules."""
    for line in (ROOT / "OVERLAY").read_text().splitlines():
        found = line.split("#")[0].split()
        if found and not found[0].startswith("tests"):
            yield ROOT / found[0], found[1]


def patches():
    names = (ROOT / "patches/series").read_text().split("\n")
    return [ROOT / "patches" / name for name in names
            if name and not name.startswith("#")]


def text(path):
    return path.read_text(errors="replace")


def sources():
    """(where, Source) of the modules' C, and of what patches add."""
    for directory, _ in overlay():
        files = [p for p in sorted(directory.glob("*.c"))
                 if not p.name.startswith("test_")]
        for path in files:
            yield path, Source(text(path), "\n".join(
                text(p) for p in files if p != path))
    for path in patches():
        added = "\n".join(line[1:] for line in text(path).splitlines()
                          if re.match(r"\+(?!\+\+)", line))
        yield path, Source(added)


def settings():
    """{name: where it is asked for}"""
    found = {name: "a function of the base" for name in INDIRECT}
    for path, source in sources():
        for name in source.names - INSIDE:
            found[name] = path.relative_to(ROOT)
    return found


def is_named(name, page):
    """A manual page has an item for it, or a line of its own."""
    return re.search(r"(?m)^\.(It )?(Li|Va|Ar|Cm) %s( |$)" %
                     re.escape(name), page)


class SourcesTest(unittest.TestCase):
    """The names are found wherever they hide."""

    def test_what_is_found(self):
        source = Source("""
            #define NAME "from_define"
            static int
            get(krb5_context context, const char *which)
            {
                /* krb5_config_get_string(context, NULL, "gssapi", "not", 0) */
                return krb5_config_get_string(context, NULL, "gssapi", which,
                                              NULL);
            }
            static int
            both(krb5_context context, const char *which)
            {
                return get(context, which);
            }
            int
            use(krb5_context context, const char *realm, int a, int all)
            {
                get(context, "by_a_function");
                both(context, "by_two");
                krb5_config_get_bool_default(context, NULL, all, "kdc",
                    a ? "this" : "that", NULL);
                return krb5_config_get_int(context, NULL, "realms", realm,
                                           NAME, NULL);
            }
            """.replace("\n            ", "\n"))
        self.assertEqual(source.names, {"from_define", "by_a_function", "this",
                                        "that", "by_two"})
        self.assertEqual(source.unknown, {"realm"})

    def test_nothing_is_left_unknown(self):
        unknown = {(str(path.name), word) for path, source in sources()
                   for word in source.unknown - VARIABLES}
        self.assertEqual(unknown, set())

    def test_there_are_many(self):
        self.assertGreater(len(settings()), 30)


@unittest.skipUnless((SOURCE / TABLE).exists(), "no source tree below %s" %
                     build_dir())
class SettingsTest(unittest.TestCase):
    """Each one is documented."""

    def missing(self, where):
        found = settings()
        return sorted("%s (%s)" % (name, found[name]) for name in found
                      if not where(name))

    def test_in_the_manual_pages(self):
        pages = [text(SOURCE / page) for page in PAGES]
        self.assertEqual(self.missing(
            lambda name: name in NEVER_DOCUMENTED or any(
                is_named(name, page) for page in pages)), [])

    def test_in_the_table_of_verify_krb5_conf(self):
        table = text(SOURCE / TABLE)
        self.assertEqual(self.missing(
            lambda name: '{ "%s",' % name in table), [])

    def test_in_the_guide(self):
        """Those that the base does not have."""
        base = text(PRISTINE / PAGES[0])
        guide = text(ROOT / "doc/admin.md")
        self.assertEqual(self.missing(
            lambda name: name in base or name in NEVER_DOCUMENTED or
            name in guide), [])

    def test_all_that_pages_have_is_asked_for(self):
        """No page has a setting of ours that there is not."""
        known = set(settings())
        for path in patches():
            for name in re.findall(r"(?m)^\+\.It Li ([\w-]+) = Va",
                                   text(path)):
                self.assertIn(name, known, path.name)


def complaints(path):
    """What mandoc has against a page, how often, wherever it is."""
    done = subprocess.run(["mandoc", "-T", "lint", "-W", "warning", path],
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          check=False)
    said = (re.sub(r"^mandoc: .*?:\d+:\d+: ", "", line)
            for line in done.stdout.decode(errors="replace").splitlines())
    return collections.Counter(
        line for line in said if not any(n in line for n in NOT_OURS))


@unittest.skipUnless(shutil.which("mandoc"), "no mandoc")
class PagesTest(unittest.TestCase):
    """mandoc -T lint."""

    def test_pages_of_the_modules(self):
        pages = [p for directory, _ in overlay()
                 for p in sorted(directory.glob("*.[1-8]"))]
        self.assertGreater(len(pages), 1)
        for page in pages:
            self.assertEqual(complaints(page), {}, page)

    @unittest.skipUnless(SOURCE.exists(), "no source tree")
    def test_pages_that_patches_change(self):
        """No more than there was before."""
        changed = {name for path in patches() for name in re.findall(
            r"(?m)^\+\+\+ b/(\S+\.[1-8])$", text(path))}
        self.assertGreater(len(changed), 5)
        for name in sorted(changed):
            self.assertEqual(complaints(SOURCE / name) -
                             complaints(PRISTINE / name), {}, name)

    def test_a_bad_page_is_found(self):
        bad = Path(build_dir()) / "log" / "bad-page.1"
        bad.write_text(".Dd November 26, 2026\n.Dt X 1\n.Os\n.Sh NAME\n.Nm x\n"
                       ".Nd y\n.Bl -tag\n.It z\n")
        self.addCleanup(bad.unlink)
        self.assertNotEqual(complaints(bad), {})


@unittest.skipUnless(shutil.which("makeinfo") and SOURCE.exists(),
                     "no makeinfo, or no source tree")
class ChapterTest(unittest.TestCase):
    """The chapter in Heimdal's manual."""

    def test_makeinfo_has_nothing_against_it(self):
        done = subprocess.run(
            ["makeinfo", "--plaintext", "-I", build_dir() / "obj/doc", "-o",
             "-", SOURCE / "doc/heimdal.texi"], stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, check=False)
        said = [line for line in done.stderr.decode(
            errors="replace").splitlines() if "extensions.texi" in line]
        self.assertEqual(said, [])
        self.assertTrue(b"Freshness of PK-INIT requests" in done.stdout)

    def test_its_settings_exist(self):
        chapter = text(ROOT / "doc/texinfo/extensions.texi")
        known = set(settings())
        page = text(SOURCE / PAGES[0])
        for example in re.findall(r"(?s)@example(.*?)@end example", chapter):
            for name in re.findall(r"(?m)^\t([\w-]+) =", example):
                self.assertTrue(name in known or is_named(name, page) or
                                name in ("acceptor", "krb5"), name)


if __name__ == "__main__":
    unittest.main()
