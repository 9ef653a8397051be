"""What the targets of libFuzzer share: building them, with AddressSanitizer
and UndefinedBehaviorSanitizer in what is fuzzed and the rest of the build as
it is; running them with clang for long (run_fuzz.py), or with gcc and
fuzz_main.c for seconds (t_fuzz_*.py).

What a run finds new is in $BUILD_DIR/fuzz/NAME/corpus and used the next time;
a crash is put beside it.  NAME.corpus here has what long runs have found, a line
of hex each, and spent.json what they had for it.
"""

import contextlib
import fcntl
import json
import os
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

from realm import archives, install

SANITIZE = "-fsanitize=address,undefined"
HERE = Path(__file__).resolve().parent
SLICE = 120                             # seconds; then what was done is told
LEAST = 60                              # seconds


def sanitizes(compiler):
    """Whether `compiler` is there with its sanitizers' libraries."""
    if not shutil.which(compiler):
        return False
    return subprocess.run(
        [compiler, SANITIZE, "-x", "c", "-", "-o", os.devnull],
        input=b"int main(void) { return 0; }", check=False,
        stderr=subprocess.DEVNULL).returncode == 0


def _include():
    """Where any of them finds headers, behind its own directories."""
    src, obj = (install.build_dir() / name for name in ("src", "obj"))
    below = ("lib/gssapi/krb5", "lib/gssapi", "lib/gssapi/gssapi",
             "lib/gssapi/mech", "lib/krb5", "lib/asn1", "lib/hx509",
             "lib/hdb", "lib/rxkad-2b", "lib/roken", "include", "lib")
    return [tree / name for name in below for tree in (obj, src)]


class Spent:
    """What a target has had of a processor and done with it, in spent.json:
    what was found goes on with its corpus, in a program that is built anew,
    and on another machine."""

    PATH = HERE / "spent.json"

    def __init__(self, name):
        self._name = name
        self.seconds = self.runs = self.places = 0
        if self.PATH.exists():
            with open(self.PATH) as file:
                fcntl.flock(file, fcntl.LOCK_SH)
                self.__dict__.update(json.load(file).get(name, {}))

    def add(self, seconds, runs, places):
        """Also in the file, which other targets write, too."""
        self.seconds += seconds
        self.runs += runs
        self.places = places
        with open(self.PATH, "a+") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            file.seek(0)
            known = json.loads(file.read() or "{}")
            known[self._name] = {"seconds": round(self.seconds),
                                 "runs": self.runs, "places": self.places}
            file.truncate(0)
            file.write(json.dumps(known, indent=1, sort_keys=True) + "\n")


class Target:
    """One fuzzer.

    sources: what is compiled with sanitizers, files and directories of
    _build/src (all of a directory's *.c but its tests).  seeds yields octets
    to start from.  words are tags and numbers that mean something.
    """

    name = ""
    kept_size = 700                     # of an input in NAME.corpus
    sources = ()
    include = ()                        # below _build/src, and searched first
    defines = ()                        # and other options of the compiler
    link = ()
    archives = ()                       # beside the usual ones, below obj
    words = ()

    def seeds(self):
        """Octets to start from."""
        raise NotImplementedError

    @contextlib.contextmanager
    def surroundings(self):
        """The environment of the program, while it runs."""
        yield dict(os.environ, KRB5_CONFIG="/dev/null",
                   KRB5CCNAME="MEMORY:gss_pair")

    @property
    def kept(self):
        """The file of what long runs have found."""
        return HERE / (self.name + ".corpus")

    @property
    def directory(self):
        """Of long runs."""
        return install.build_dir() / "fuzz" / self.name

    def _files(self):
        src = install.build_dir() / "src"
        for name in self.sources:
            path = src / name
            if not path.is_dir():
                yield path
                continue
            for file in sorted(path.glob("*.c")):
                if not file.name.startswith("test_"):
                    yield file

    def build(self, directory, compiler="clang"):
        """Path of the program."""
        sources = [HERE / ("fuzz_%s.c" % self.name), *self._files()]
        sanitize = SANITIZE + ",fuzzer"
        if compiler != "clang":
            sources.append(HERE / "fuzz_main.c")
            sanitize = SANITIZE
        src = install.build_dir() / "src"
        include = [*[src / name for name in self.include], *_include(),
                   install.ROOT / "tests/security"]
        out = directory / ("fuzz_" + self.name)
        subprocess.run(
            [compiler, "-g", "-O1", sanitize,
             "-fno-sanitize-recover=undefined", "-fno-omit-frame-pointer",
             "-w", "-DHAVE_CONFIG_H", *self.defines,
             *["-I%s" % path for path in include], "-I/usr/include/et",
             *map(str, sources), "-o", str(out),
             *archives.flags(*self.archives), *self.link], check=True)
        return out

    def write_seeds(self, corpus):
        """Files of them, and of what is kept."""
        corpus.mkdir(parents=True, exist_ok=True)
        for number, octets in enumerate(self.seeds()):
            (corpus / ("seed-%d" % number)).write_bytes(octets)
        if self.kept.exists():
            for number, line in enumerate(self.kept.read_text().split()):
                (corpus / ("kept-%d" % number)).write_bytes(
                    bytes.fromhex(line))

    # -- long ------------------------------------------------------------

    def _start(self):
        self.write_seeds(self.directory / "corpus")
        return self.build(self.directory)

    def keep(self):
        """Write what of the corpus reaches a place that no other does, and is
        no seed."""
        program = self._start()
        least = self.directory / "least"
        shutil.rmtree(least, ignore_errors=True)
        least.mkdir()
        with self.surroundings() as env:
            subprocess.run(
                [str(program), "-merge=1", "-max_len=%d" % self.kept_size,
                 str(least), str(self.directory / "corpus")], check=True,
                stderr=subprocess.DEVNULL, env=env)
        found = sorted({path.read_bytes() for path in least.iterdir()} -
                       set(self.seeds()))
        self.kept.write_text("".join(octets.hex() + "\n"
                                     for octets in found))
        print("%s: %d inputs kept" % (self.name, len(found)))

    def _limits(self):
        """Options of libFuzzer, the dictionary's among them."""
        limits = ["-max_len=4096", "-timeout=10", "-print_final_stats=1",
                  "-artifact_prefix=%s/" % self.directory]
        if self.words:
            path = self.directory / "dictionary"
            path.write_text("".join('"%s"\n' % "".join(
                "\\x%02x" % octet for octet in word) for word in self.words))
            limits.append("-dict=%s" % path)
        return limits

    def run(self, seconds):
        """libFuzzer on the corpus, until this target has had `seconds` of a
        processor, those of earlier calls included, and this program LEAST of
        them; 0: the corpus once.  True if it finds something."""
        program = self._start()
        spent = Spent(self.name)
        limits = self._limits()
        left = max(seconds - spent.seconds, min(seconds, LEAST))
        with self.surroundings() as env:
            while True:
                once = ["-max_total_time=%d" % max(2, min(left, SLICE))] \
                    if seconds else ["-runs=0"]
                found, took = self._slice(
                    [str(program), *once, *limits,
                     str(self.directory / "corpus")], env, spent)
                left -= took
                if found or left < 2 or not took:
                    break
                print("%s: %d s to go, %d runs" % (self.name, left,
                                                   spent.runs), flush=True)
        print("%s: %d runs in %d s, %d places covered, %d inputs kept: %s" % (
            self.name, spent.runs, spent.seconds, spent.places,
            len(list((self.directory / "corpus").iterdir())),
            "FOUND SOMETHING" if found else "nothing found"), flush=True)
        return found

    def _slice(self, command, env, spent):
        """(whether it has found something, seconds of the processor)"""
        with open(self.directory / "log", "wb") as log:
            child = subprocess.Popen(command, stderr=log, env=env,
                                     stdout=subprocess.DEVNULL)
            _, status, usage = os.wait4(child.pid, 0)
            child.returncode = os.waitstatus_to_exitcode(status)
        text = (self.directory / "log").read_text(errors="replace")
        if child.returncode:
            print(text[-8000:])
        took = usage.ru_utime + usage.ru_stime
        runs = re.search(r"number_of_executed_units: (\d+)", text)
        cover = re.findall(r"cov: (\d+)", text)
        spent.add(took, int(runs.group(1)) if runs else 0,
                  int(cover[-1]) if cover else 0)
        return child.returncode != 0, took

    # -- short -----------------------------------------------------------

    def run_briefly(self, case, seconds):
        """A test: with gcc, for seconds, the same inputs each time, so that it
        fails for what has changed; FUZZ_SECONDS and FUZZ_SEED say otherwise.
        """
        if not sanitizes("gcc"):
            case.skipTest("no gcc with its sanitizers")
        seconds = os.environ.get("FUZZ_SECONDS") or str(seconds)
        seed = os.environ.get("FUZZ_SEED") or "1"
        with tempfile.TemporaryDirectory() as name, \
                self.surroundings() as env:
            directory = Path(name)
            program = self.build(directory, "gcc")
            self.write_seeds(directory / "corpus")
            done = subprocess.run(
                [str(program), seconds, seed, *map(
                    str, sorted((directory / "corpus").iterdir()))],
                cwd=name, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                env=env, check=False, timeout=300 + int(seconds))
            kept = directory / "fuzz_main.input"
            size = int.from_bytes(kept.read_bytes()[:8], "little")
            case.assertEqual(done.returncode, 0, "seed %s, input %s\n%s" % (
                seed, kept.read_bytes()[8:8 + size].hex(),
                done.stdout.decode(errors="replace")[-6000:]))
            print(done.stdout.decode().strip())
