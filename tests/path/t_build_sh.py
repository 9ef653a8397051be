"""build.sh, when things go wrong and when they were done before."""

import fcntl
import os
import shutil
import signal
import time
import unittest

from path.fake import BASE, COMMIT, FakeCase, OFFLINE, PATCH, TARBALL, \
    make_tarball


def wait_until(what, condition, timeout=20):
    """Poll."""
    end = time.monotonic() + timeout
    while not condition():
        if time.monotonic() > end:
            raise AssertionError("never: " + what)
        time.sleep(0.02)


def alive(pid):
    """Whether a process runs (a zombie does not)."""
    try:
        with open("/proc/%d/stat" % pid) as stat:
            return stat.read().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


class Arguments(FakeCase):
    """What is refused before anything is done."""

    def check(self, *args, says):
        self.refused(*args, says=says)
        self.assertFalse(self.out.exists())

    def test_unknown_option(self):
        self.check("--frob", says="unknown argument '--frob': .*--help")

    def test_unknown_command(self):
        self.check("frob", says="unknown argument 'frob'")

    def test_option_without_its_value(self):
        self.check("--base", says="--base needs a value")

    def test_unknown_base(self):
        self.check("--base", "bsd", says="unknown base 'bsd': take debian,")

    def test_unknown_stage(self):
        self.check("--stage", "bild", says="unknown stage 'bild': take one")

    def test_unknown_crypto(self):
        self.check("--crypto", "gnutls", says="unknown crypto 'gnutls': take")

    def test_stage_and_a_command_that_needs_all(self):
        self.check("check", "--stage", "fetch",
                   says="check needs every stage")

    def test_jobs(self):
        for jobs in ("0", "x", "-1"):
            self.check("--jobs", jobs, says="--jobs takes a positive number")

    def test_tarball_that_cannot_be_read(self):
        for name in (self.dir / "none", self.dir):
            self.check("--tarball", str(name), says="cannot read .*--tarball")

    def test_white_space_in_the_build_directory(self):
        self.check("--build-dir", str(self.dir / "a b"), says="white space")

    def test_help(self):
        out, err = self.build("--help")
        self.assertIn("usage: ./build.sh", out)
        self.assertEqual(err, "")
        self.assertFalse(self.out.exists())


class BuildDirectory(FakeCase):
    """Whose it is, and who is at work in it."""

    def test_default_is_beside_build_sh_wherever_it_is_called(self):
        self.build("--stage", "fetch", cwd=self.dir)
        self.assertTrue((self.out / "download" / TARBALL).exists())

    def test_environment_and_option(self):
        self.build("--stage", "fetch", BUILD_DIR=str(self.dir / "e"))
        self.build("--stage", "fetch", "--build-dir", str(self.dir / "o"),
                   BUILD_DIR=str(self.dir / "e"))
        for name in "eo":
            self.assertTrue((self.dir / name / "download").is_dir())

    def test_directory_of_somebody_else_is_left_alone(self):
        self.out.mkdir()
        (self.out / "thesis.txt").touch()
        for args in ((), ("clean",)):
            self.refused(*args, says="not a build directory of heimdal-ext")
            self.assertEqual(os.listdir(str(self.out)), ["thesis.txt"])

    def test_directory_that_cannot_be_made(self):
        (self.dir / "file").touch()
        self.refused("--build-dir", str(self.dir / "file/x"),
                     says="cannot write to .*--build-dir")

    def test_one_at_a_time(self):
        self.build("--stage", "fetch")
        (self.out / "other.part").touch()
        with open(self.out / ".lock", "w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            for args in ((), ("clean",)):
                err = self.build(*args, status=1)[1]
                self.assertRegex(err, r"^build.sh: another build.sh is at "
                                 r"work in .*\n$")
            self.assertEqual(self.parts(), ["other.part"])
        self.build()
        self.assertEqual(self.parts(), [])

    def test_clean(self):
        self.build("--stage", "fetch")
        self.build("clean")
        self.assertFalse(self.out.exists())
        self.build("clean")


class Dependencies(FakeCase):
    """Missing packages: installed when that is allowed, else told."""

    def missing(self, uid, **stubs):
        self.stub(dpkg_query='case "$*" in *quilt*) exit 1 ;; *) echo '
                  '"install ok installed" ;; esac\n',
                  id='[ "$1" = -u ] && echo %d || echo somebody\n' % uid,
                  **stubs)

    def test_without_root_the_command_is_told(self):
        self.missing(1000)
        self.refused(says=r"run: sudo apt-get install -y "
                     r"--no-install-recommends quilt *$")
        self.assertNotIn("apt-get", self.calls.read_text())

    def test_root_installs(self):
        self.missing(0)
        out, _ = self.build("--stage", "deps")
        self.assertIn("installed 1 packages", out)
        self.assertIn("apt-get install -y --no-install-recommends quilt",
                      self.calls.read_text())

    def test_sudo_without_a_password_installs(self):
        self.missing(1000, sudo='[ "$1" != -n ] || shift\n"$@"\n')
        self.build("--stage", "deps")
        self.assertIn("sudo -n apt-get install", self.calls.read_text())

    def test_installing_fails(self):
        self.missing(0, apt_get="echo 'E: no such package'; exit 100\n")
        err = self.refused(says="installing the build dependencies failed; "
                           "try: apt-get install", lines=0)
        self.assertIn("E: no such package", err)

    def test_system_without_apt(self):
        for name in ("apt-get", "apt-cache", "dpkg-query"):
            (self.dir / "bin" / name).unlink()
        only = self.dir / "only"
        only.mkdir()
        for place in ("/usr/sbin", "/usr/bin", "/sbin", "/bin"):
            for name in os.listdir(place):
                if not name.startswith(("apt", "dpkg")) and name not in (
                        "quilt", "bison") and not \
                        os.path.lexists(str(only / name)):
                    (only / name).symlink_to(os.path.join(place, name))
        self.refused(says="missing commands: bison quilt;",
                     PATH=str(only))

    def env(self, **more):
        path = more.pop("PATH", None)
        env = super().env(**more)
        return dict(env, PATH=path) if path else env


class Fetching(FakeCase):
    """Where the source comes from, and that its checksum decides."""

    def nothing_there(self):
        self.assertEqual(os.listdir(str(self.out / "download")), [])
        self.assertFalse((self.out / "pristine").exists())

    def test_given_file_with_a_wrong_checksum(self):
        other = self.dir / "other.tar.gz"
        make_tarball(other, dict(BASE, evil="x"))
        self.refused("--tarball", str(other),
                     says="none of the sources in UPSTREAM .sha256 [0-9a-f]"
                     "{64}.: get the pinned one")
        self.nothing_there()

    def test_given_file(self):
        self.stub(**OFFLINE)
        out, _ = self.build("--tarball", str(self.tarball))
        self.assertIn("good.tar.gz (given)", out)
        self.assertIn("a THREE", self.installed())

    def test_given_file_of_another_base(self):
        self.refused("--tarball", str(self.tarball), "--base", "release",
                     says="is the debian base, not release: leave --base")

    def test_no_network(self):
        self.stub(**OFFLINE)
        err = self.refused(says="no source could be fetched .debian, git, "
                           "release.; no network.*--tarball.*fetch.log$",
                           lines=0)
        self.assertIn("Could not resolve host", err)
        self.nothing_there()
        calls = self.calls.read_text()
        self.assertLess(calls.index("apt-get "), calls.index("git "))
        self.assertLess(calls.index("git "), calls.index("curl "))

    def test_no_network_and_one_base_asked_for(self):
        self.refused("--base", "release",
                     says="no source could be fetched .release.", lines=0)
        self.assertNotIn("apt-get", self.calls.read_text())

    def test_network_comes_back(self):
        self.stub(**OFFLINE)
        self.build(status=1)
        self.stub(apt_get=STUB_APT, apt_cache=STUB_CACHE)
        self.build()

    def test_wrong_checksum_from_the_network(self):
        self.stub(apt_get="case \" $* \" in *\" source \"*) echo evil > "
                  "\"$NAME\" ;; esac\n")
        self.refused(says="arrived with a wrong sha256: UPSTREAM says "
                     + self.sum + "; .*--tarball")
        self.nothing_there()
        self.assertNotIn("curl", self.calls.read_text())

    def test_half_a_download_that_looks_whole(self):
        self.stub(apt_get="case \" $* \" in *\" source \"*) head -c 100 "
                  "\"$GOOD\" > \"$NAME\" ;; esac\n")
        self.refused(says="arrived with a wrong sha256")
        self.nothing_there()

    def test_download_that_breaks_off(self):
        self.stub(curl='while [ "$1" != -o ]; do shift; done; echo half > '
                  '"$2"; exit 18\n')
        self.refused("--base", "release", says="no source could be fetched",
                     lines=0)
        self.nothing_there()

    def test_apt_says_yes_and_brings_nothing(self):
        self.stub(apt_get="exit 0\n")
        self.refused("--base", "debian", says="no source could be fetched",
                     lines=0)
        self.nothing_there()

    def test_a_source_of_apt_that_fails_does_not_matter(self):
        self.stub(apt_get="case \" $* \" in *\" update \"*) exit 100 ;; "
                  "esac\n" + STUB_APT)
        self.build("--stage", "fetch")

    def test_other_version_in_apt(self):
        self.stub(apt_cache='printf "Package: fake\\nVersion: 2.0-1\\n"\n')
        self.refused("--base", "debian", says="no source could be fetched",
                     lines=0)
        self.assertIn("no source package fake 1.0",
                      (self.out / "log/fetch.log").read_text())

    def test_git_gives_another_commit(self):
        self.stub(**OFFLINE)
        self.stub(git='case "$*" in *rev-parse*) echo %s ;; esac\n'
                  % COMMIT.replace("0", "f"))
        self.refused("--base", "git", says="no source could be fetched",
                     lines=0)
        self.nothing_there()

    def test_directory_of_sources(self):
        self.stub(**OFFLINE)
        shutil.copy(str(self.tarball), str(self.dir / TARBALL))
        out, _ = self.build(HEIMDAL_SOURCES=str(self.dir))
        self.assertIn("(at hand)", out)

    def test_directory_of_sources_with_a_wrong_file(self):
        (self.dir / TARBALL).write_text("x")
        self.refused(HEIMDAL_SOURCES=str(self.dir), says="has a wrong "
                     "sha256 .*: remove it and run this again")

    def test_fetched_once(self):
        self.build("--stage", "fetch")
        self.stub(**OFFLINE)
        out, _ = self.build("--stage", "fetch")
        self.assertIn("(at hand)", out)

    def test_kept_file_that_went_bad(self):
        self.build("--stage", "fetch")
        (self.out / "download" / TARBALL).write_text("x")
        self.refused(says="has a wrong sha256")

    def test_no_file_of_apts_is_touched(self):
        self.build("--stage", "fetch")
        for line in self.calls.read_text().splitlines():
            if line.startswith("apt-get "):
                self.assertIn("Dir::Etc::SourceList=/dev/null", line + (
                    "Dir::Etc::SourceList=/dev/null"
                    if " install " in line else ""))
                self.assertIn("Dir::State::Lists=%s/" % self.out, line)


class Trees(FakeCase):
    """pristine, stage and src."""

    def test_patch_that_does_not_apply(self):
        self.series({"0001-a-change.patch": PATCH, "0002-b-broken.patch":
                     PATCH.replace("a.c", "b.c")})
        err = self.refused(says="0002-b-broken.patch does not apply: rebase "
                           "it.*patch.log$", lines=0)
        self.assertLessEqual(len(err.splitlines()), 21)
        self.assertFalse((self.out / "stage").exists())
        self.assertFalse((self.out / "src").exists())
        self.refused(says="0002-b-broken.patch does not apply", lines=0)
        self.series({"0001-a-change.patch": PATCH})
        self.build()
        self.assertIn("a THREE", self.installed())

    def test_patch_with_fuzz(self):
        self.series({"0001-a-change.patch": PATCH.replace(" a one",
                                                          " a zero")})
        self.refused(says="0001-a-change.patch does not apply", lines=0)

    def test_carried_patch_is_skipped_by_name(self):
        make_tarball(self.tarball, dict(
            BASE, **{"a.c": BASE["a.c"].replace("three", "THREE")}))
        self.pin(self.tarball)
        out, _ = self.build()
        self.assertIn("\nskipped 0001-a-change.patch: this tree already "
                      "carries the change\n", out)
        self.assertIn("0 pushed, 1 skipped", out)
        self.assertIn("a THREE", self.installed())

    def test_hand_edited_src_is_refused(self):
        self.build()
        edited = self.out / "src/b.c"
        edited.write_text("mine\n")
        self.refused(says="edited by hand below .*/src: b.c: .*--discard")
        self.assertEqual(edited.read_text(), "mine\n")
        self.build("--discard")
        self.assertEqual(edited.read_text(), BASE["b.c"])

    def test_generated_files_in_src_stay(self):
        self.build()
        (self.out / "src/generated.h").write_text("x")
        self.build()
        self.assertTrue((self.out / "src/generated.h").exists())

    def test_hand_edited_pristine_is_refused(self):
        self.build()
        edited = self.out / "pristine/b.c"
        edited.write_text("mine\n")
        self.refused(says="pristine was changed by hand: .*--discard")
        self.build("--discard")
        self.assertEqual(edited.read_text(), BASE["b.c"])

    def test_module_that_is_not_there(self):
        self.write("OVERLAY", "modul module\n")
        self.refused(says="OVERLAY names modul, which is no directory")

    def test_unpatched(self):
        out, _ = self.build("--unpatched")
        self.assertIn("none, the base as it is", out)
        self.assertEqual(self.installed(), BASE["a.c"] + BASE["b.c"])
        self.build()
        self.assertIn("a THREE", self.installed())
        self.assertIn("module m", self.installed())
        self.build("--unpatched")
        self.assertEqual(self.installed(), BASE["a.c"] + BASE["b.c"])


class Incremental(FakeCase):
    """Only what changed is done again."""

    def mtimes(self):
        return {p.name: p.stat().st_mtime_ns for place in (
            "pristine", "src", "src/module", "obj", "obj/module")
            for p in (self.out / place).iterdir() if p.is_file()}

    def test_second_run_does_nothing(self):
        self.build()
        self.assertEqual(self.compiled(),
                         ["a.o", "b.o", "module/m.o", "module/n.o"])
        before = self.mtimes()
        out, _ = self.build()
        self.assertEqual(self.mtimes(), before)
        self.assertEqual(out.count("up to date"), 4, out)
        self.assertEqual(self.compiled(), [])

    def test_one_module_file(self):
        self.build()
        before = self.mtimes()
        self.write("module/n.c", "module N\n")
        out, _ = self.build()
        self.assertRegex(out, r"; 1 of \d+ files changed")
        after = self.mtimes()
        self.assertEqual(sorted(n for n in after if after[n] != before[n]),
                         ["n.c", "n.o", "prog"])
        self.assertEqual(self.compiled(), ["module/n.o"])
        self.assertIn("module N", self.installed())

    def test_module_file_that_goes_away(self):
        self.build()
        (self.top / "module/n.c").unlink()
        self.build()
        self.assertFalse((self.out / "stage/module/n.c").exists())
        self.assertFalse((self.out / "src/module/n.c").exists())
        self.assertTrue((self.out / "src/module/m.c").exists())

    def test_patch_that_changes(self):
        self.build()
        self.series({"0001-a-change.patch": PATCH.replace("THREE", "3")})
        self.build()
        self.assertEqual(self.compiled(), ["a.o"])
        self.assertIn("a 3\n", self.installed())

    def test_patch_that_goes_away(self):
        self.build()
        self.series({})
        self.build()
        self.assertEqual(self.compiled(), ["a.o"])
        self.assertIn("a three\n", self.installed())

    def test_flags_and_prefix_make_every_object_anew(self):
        self.build()
        self.build(CFLAGS="-O0")
        self.assertEqual(len(self.compiled()), 4)
        self.build("--prefix", str(self.dir / "p"), CFLAGS="-O0")
        self.assertEqual(len(self.compiled()), 4)
        self.assertTrue((self.dir / "p/bin/prog").exists())
        self.build("--asan")
        self.assertEqual(len(self.compiled()), 4)

    def test_another_crypto_makes_every_object_anew(self):
        for crypto in ("openssl", "internal"):
            out, _ = self.build("--crypto", crypto)
            self.assertEqual(len(self.compiled()), 4)
            self.assertRegex(out, "configure .*, crypto %s" % crypto)
            out, _ = self.build("--crypto", crypto)
            self.assertEqual(len(self.compiled()), 0)
            self.assertRegex(out, "configure .*, crypto %s" % crypto)

    def test_the_base_as_it_is_has_its_own_crypto(self):
        for options, crypto in (((), "openssl"),
                                (("--unpatched",), "internal")):
            out, _ = self.build("--stage", "configure", *options)
            self.assertRegex(out, "configure .*, crypto %s" % crypto)

    def test_stages_stop_there(self):
        for stage, there, not_there in (
                ("unpack", "pristine", "stage"), ("patch", "src", "obj"),
                ("build", "obj/prog", "install")):
            self.build("--stage", stage)
            self.assertTrue((self.out / there).exists(), stage)
            self.assertFalse((self.out / not_there).exists(), stage)


class Failing(FakeCase):
    """A stage that fails, or is interrupted."""

    def with_make(self, recipe):
        """The base's rule for all becomes `recipe`."""
        make_tarball(self.tarball, dict(BASE, **{
            "Makefile.am": BASE["Makefile.am"].replace(
                "all: prog\n", "all: prog\n\t" + recipe + "\n")}))
        self.pin(self.tarball)

    def test_build_that_fails(self):
        self.with_make("@seq 100 140; exit 3")
        err = self.refused(says="stage build failed; the whole log is .*"
                           "/log/build.log$", lines=21)
        self.assertIn("\n140\n", err)
        self.assertNotIn("\n120\n", err)
        self.assertFalse((self.out / "install").exists())
        self.assertFalse((self.out / "stamp/build").exists())

    def test_configure_that_fails(self):
        make_tarball(self.tarball, dict(
            BASE, **{"configure.ac": "#!/bin/sh\necho no compiler\nexit 1\n"
                     }))
        self.pin(self.tarball)
        err = self.refused(says="stage configure failed", lines=0)
        self.assertIn("no compiler", err)
        self.refused(says="stage configure failed", lines=0)

    def test_openssl_that_is_not_there(self):
        make_tarball(self.tarball, dict(
            BASE, **{"configure.ac": "#!/bin/sh\nmkdir -p include\n"
                                     "echo > include/config.h\n"}))
        self.pin(self.tarball)
        for _ in range(2):
            self.refused(says="configure found no OpenSSL to build with",
                         lines=0)
        self.build("--stage", "configure", "--crypto", "internal")

    def interrupt(self, number):
        """Send a signal while make runs; the pid of make's command."""
        os.mkfifo(str(self.dir / "fifo"))
        self.with_make("@echo $$$$ > %s/pid; read x < %s/fifo" % (
            self.dir, self.dir))
        child = self.start()
        pid = self.dir / "pid"
        wait_until("make runs", lambda: pid.exists() and pid.read_text())
        child.send_signal(number)
        err = child.communicate(timeout=60)[1]
        self.assertEqual(child.returncode, 1)
        self.assertIn("build.sh: interrupted: run it again", err)
        return int(pid.read_text())

    def test_interrupted_leaves_no_process_and_goes_on_later(self):
        for number in (signal.SIGTERM, signal.SIGINT):
            with self.subTest(number):
                pid = self.interrupt(number)
                wait_until("make's command ends", lambda: not alive(pid))
                self.assertEqual(self.parts(), [])
                os.unlink(str(self.dir / "pid"))
                os.unlink(str(self.dir / "fifo"))
                (self.dir / "fifo").write_text("go on\n")
                self.build()
                self.assertIn("a THREE", self.installed())
                self.build("clean")
                os.unlink(str(self.dir / "pid"))
                os.unlink(str(self.dir / "fifo"))

    def test_remains_of_a_killed_run_are_removed(self):
        self.build("--stage", "fetch")
        for name in ("fetch.part", "pristine.part", "stage.part"):
            (self.out / name).mkdir()
            (self.out / name / "x").touch()
        (self.out / "src.manifest.part").touch()
        self.build()
        self.assertEqual(self.parts(), [])


STUB_APT = """
case " $* " in
*" source "*) exec cp "$GOOD" "$NAME" ;;
esac
"""
STUB_CACHE = 'printf "Package: fake\\nVersion: 1.0-3\\n"\n'


if __name__ == "__main__":
    unittest.main()
