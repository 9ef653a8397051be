#!/usr/bin/env python3
"""Does a test fail when a check of ours is taken away?

A copy of this tree is built with every mutant (mutants.py) of every C file of
the modules in it.  Each test is run once to see which it reaches; then each
mutant is switched on and the tests that reach it are run, the quickest first,
until one fails.  All of it is below $BUILD_DIR/assure/mutants and goes on
where it was stopped: a mutant is run again only when its function has changed.

usage: mutate_checks.py [--build] [--record] [--again] [--direct]
                        [--only TESTS] [--seconds N] [--survivors] [FILE...]

FILE is part of a file's name, or of FILE.c:FUNCTION (default: all).  --build makes the copy anew from
the tree, --record also looks anew at what the tests reach, --again runs what
has survived again, --survivors only lists it.  --direct makes no copy: the C
programs of tests/ that need nothing else are linked with the mutants and with
the libraries of the build, which takes minutes, and no other test is run.
--only is an expression: no test is run whose name it does not match.
equivalent.txt has the mutants that no test can tell, and why.

The exit status is 1 when a mutant survives that the list does not have.
"""

import argparse
import collections
import os
import re
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from assure.mutants import File         # noqa: E402
from realm import archives, install     # noqa: E402

HERE = Path(__file__).resolve().parent
# of OVERLAY: what is no module is not looked at
NOT_OURS = ("tests/", "gss-loop", "spnego-mic")
# these take long and reach nothing that others do not
SKIPPED = re.compile(r"^(series/|path/|t_|wire/t_der|interop/t_(openafs|"
                     r"mit_baseline)|baseline|assure/|fuzz/)")
KILLED, SURVIVED, UNREACHED = "killed", "survived", "unreached"
PATIENCE = 10                           # seconds beyond four times the usual


# -- the copy --------------------------------------------------------------

def sources():
    """Names of the modules' C files, in the order of OVERLAY."""
    for line in (install.ROOT / "OVERLAY").read_text().splitlines():
        fields = line.split("#")[0].split()
        if fields and not fields[0].startswith(NOT_OURS):
            for path in sorted((install.ROOT / fields[0]).glob("*.c")):
                if not path.name.startswith("test_"):
                    yield str(path.relative_to(install.ROOT))


def mutate(names, state):
    """File objects of all sources, numbered through."""
    files, first = [], 1
    for name in names:
        files.append(File(name, (install.ROOT / name).read_text(), first))
        first += len(files[-1].mutants)
    (state / "now").write_text("0\n")
    return files


def instrumented(file, state):
    """Its text: mutant.h goes behind the last #include, for those settle what
    the system's headers declare."""
    if not file.mutants:
        return file.text
    head = '#define MUTANT_FILE "%s"\n#define MUTANT_FIRST %d\n' \
        "#define MUTANT_COUNT %d\n" % (
            state / "now", file.mutants[0].number, len(file.mutants))
    text = file.schemata("")
    text = text[text.index("\n") + 1:]
    at = [0, *(m.end() for m in re.finditer(
        r"^#\s*include.*\n", text, re.M))][-1]
    return "%s%s%s#line %d \"%s\"\n%s" % (
        text[:at], head, (HERE / "mutant.h").read_text(),
        text.count("\n", 0, at) + 1, Path(file.name).name, text[at:])


def put(path, octets, mode=None):
    """Write what has changed."""
    if not path.exists() or path.read_bytes() != octets:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(octets)
    if mode is not None:
        path.chmod(mode)


def build(files, state):
    """The copy of the tree, and its build."""
    tree = state / "tree"
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others",
         "--exclude-standard"], cwd=install.ROOT, check=True,
        stdout=subprocess.PIPE).stdout.decode().split("\0")
    listed = [name for name in listed
              if name and (install.ROOT / name).is_file()]
    texts = {file.name: instrumented(file, state) for file in files}
    for name in listed:
        path = install.ROOT / name
        octets = texts[name].encode() if name in texts else path.read_bytes()
        put(tree / name, octets, path.stat().st_mode)
    for path in list(tree.rglob("*")):
        name = str(path.relative_to(tree))
        if path.is_file() and name not in listed:
            path.unlink()
    env = dict(os.environ, HEIMDAL_SOURCES=str(
        install.build_dir() / "download"))
    for name in ("BUILD_DIR", "HEIMDAL_PREFIX"):
        env.pop(name, None)
    target = state / "build"
    for command in (["./build.sh", "--build-dir", str(target)],
                    ["make", "-C", str(target / "obj/tests/ext"), "-k",
                     "check", "TESTS="],
                    ["make", "-C", str(target / "obj/kdc"), "check",
                     "TESTS="]):
        done = subprocess.run(command, cwd=tree, env=env, check=False,
                              stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT)
        (state / "build.log").write_bytes(done.stdout)
        if done.returncode:
            sys.exit(done.stdout.decode(errors="replace")[-4000:])


# -- without a copy --------------------------------------------------------

# where the sources of a module are in the tree, and the programs of tests/
# that are linked with them
DIRECT = ("lib-gssapi-krb5-ext/gssapi", "lib-gssapi-krb5-ext/krb5",
          "rxkad-2b/lib", "rxkad-2b/krb5/krb524", "rxkad-2b/krb5/rxkad_key",
          "rxkad-2b/krb5/keyfileext", "rxkad-2b/krb5/v4_name",
          "kdc-freshness/kdc/token", "kdc-freshness/kdc/policy",
          "kdc-freshness/krb5", "rxkad-2b/kdc/decide",
          "rxkad-2b/kdc/re", "rxkad-2b/kdc/services")
DIRECT_TESTS = ("tests/assure", "tests/krb-error2", "tests/krb524",
                "tests/loop", "tests/replay", "tests/rxkad",
                "tests/security", "kdc-freshness/kdc", "rxkad-2b/kdc")
# they run for long and find nothing that others do not
DIRECT_NOT = ("test_mutated_exchanges", "test_extra_threads",
              "test_replay_race", "test_stepmech", "test_loop_checker",
              "test_loop_spnego", "test_spnego", "test_mech_",
              "test_context_loop", "test_path", "test_ntlm", "test_kafs",
              "test_gss_", "test_export_name", "test_extract_key",
              "test_keytab_reads", "test_keytab_lookup", "test_key_freed",
              "test_accept_faults", "test_accept_retry", "test_delegation",
              "test_faults_files")


def include_flags():
    """Of any C file of the tree or of tests/."""
    src, obj = (install.build_dir() / name for name in ("src", "obj"))
    return ["-DHAVE_CONFIG_H", *["-I%s" % path for path in (
        obj / "include", src / "include", obj / "lib/roken",
        src / "lib/roken", src / "lib/krb5", obj / "lib/krb5",
        obj / "lib/asn1", src / "lib", src / "lib/gssapi",
        obj / "lib/gssapi", src / "lib/gssapi/gssapi", src / "lib/gssapi/krb5",
        obj / "lib/gssapi/krb5", src / "lib/gssapi/mech",
        src / "lib/gssapi/krb5-ext", src / "lib/krb5/ext",
        src / "kdc", src / "lib/hdb", obj / "lib/hdb",
        src / "lib/rxkad-2b", obj / "lib/rxkad-2b", src / "lib/krb5/rxkad-2b",
        src / "appl/gss-loop", install.ROOT / "tests/security",
        install.ROOT / "tests/loop", install.ROOT / "tests/assure",
        "/usr/include/et")]]


def build_direct(files, state):
    """Programs with the mutants in them, in state/direct."""
    directory = state / "direct"
    objects = []
    for file in files:
        if not file.name.startswith(DIRECT):
            continue
        source = directory / file.name.replace("/", ".")
        put(source, instrumented(file, state).encode())
        target = source.with_suffix(".o")
        subprocess.run(["gcc", "-w", "-g", "-O1", "-I%s" % (
            install.ROOT / file.name).parent, *include_flags(), "-c",
                        str(source), "-o", str(target)], check=True)
        objects.append(str(target))
    for part in DIRECT_TESTS:
        for path in sorted((install.ROOT / part).glob("test_*.c")):
            if path.stem.startswith(DIRECT_NOT):
                continue
            more = [str(path.parent / "loop_check.c")] if \
                '"loop_' in path.read_text() else []
            target = directory / part / path.stem
            target.parent.mkdir(parents=True, exist_ok=True)
            done = subprocess.run(
                ["gcc", "-w", "-g", "-O1", *include_flags(), str(path), *more,
                 *objects, "-o", str(target), *archives.flags(),
                 "-rdynamic"],
                check=False, stderr=subprocess.PIPE)
            if done.returncode:
                print("%s/%s is left out: %s" % (
                    part, path.stem, done.stderr.decode()[:300]))


# -- the tests -------------------------------------------------------------

class Tests:
    """The copy's tests, one at a time."""

    def __init__(self, state, direct):
        self.state = state
        self.tree = install.ROOT if direct else state / "tree"
        build_dir = state / "build"
        self.env = dict(os.environ, BUILD_DIR=str(build_dir),
                        HEIMDAL_PREFIX=str(build_dir / "install"),
                        PYTHONPATH=str(self.tree / "tests"),
                        PYTHONDONTWRITEBYTECODE="1", LC_ALL="C")
        self.paths = {}
        if direct:
            for path in sorted((state / "direct").rglob("test_*")):
                if path.is_file() and not path.suffix:
                    self.paths[str(path.relative_to(state))] = path
            return
        objects = build_dir / "obj"
        for part in ("tests/ext", "kdc"):
            for path in sorted((objects / part).rglob("test_*")):
                if path.is_file() and os.access(path, os.X_OK) and \
                        ".libs" not in path.parts and not path.suffix:
                    self.paths[str(path.relative_to(objects))] = path
        for path in sorted((self.tree / "tests").rglob("t_*.py")):
            name = str(path.relative_to(self.tree / "tests"))[:-3]
            if not SKIPPED.match(name):
                self.paths[name] = path

    def run(self, name, seconds):
        """(exit status, seconds it took); None for one that did not end."""
        path = self.paths[name]
        argv = [str(path)]
        if path.suffix == ".py":
            argv = [sys.executable, "-m", "unittest", "-f", name + ".py"]
        tmp = tempfile.mkdtemp(prefix="m-")
        began = time.monotonic()
        with open(self.state / "log", "wb") as log:
            child = subprocess.Popen(
                argv, stdin=subprocess.DEVNULL, stdout=log,
                stderr=subprocess.STDOUT, start_new_session=True,
                env=dict(self.env, TMPDIR=tmp),
                cwd=self.tree / "tests" if path.suffix == ".py" else tmp)
            try:
                code = child.wait(seconds)
            except subprocess.TimeoutExpired:
                code = None
            finally:
                try:
                    os.killpg(child.pid, signal.SIGKILL)
                except ProcessLookupError:
                    pass
                child.wait()
        shutil.rmtree(tmp, ignore_errors=True)
        return code, time.monotonic() - began

    def select(self, number):
        """Switch a mutant on."""
        (self.state / "now").write_text("%d\n" % number)

    def reached(self, name):
        """(numbers that the test reaches, seconds) or None if it fails or is
        skipped."""
        seen = self.state / "now.seen"
        seen.write_bytes(b"")
        seen.chmod(0o666)
        self.select(-1)
        code, took = self.run(name, 1200)
        self.select(0)
        octets = seen.read_bytes()
        seen.unlink()
        if code != 0:
            return None, took
        return {n for (n,) in struct.iter_unpack(
            "@i", octets[:len(octets) // 4 * 4])}, took


def read_map(state):
    """{test: (seconds, {mutant's key})}"""
    reach = {}
    path = state / "reach.tsv"
    if path.exists():
        for line in path.read_text().splitlines():
            name, took, *keys = line.split("\t")
            reach[name] = float(took), set(keys)
    return reach


def record(tests, mutants, state):
    """What each test reaches that is not known yet."""
    reach = read_map(state)
    keys = {mutant.number: mutant.key for mutant in mutants}
    todo = [name for name in tests.paths if name not in reach]
    with open(state / "reach.tsv", "a") as out:
        for done, name in enumerate(todo, 1):
            numbers, took = tests.reached(name)
            if numbers is None:
                print("%s fails as it is and is left out" % name)
            reach[name] = took, {keys[n] for n in numbers or () if n in keys}
            out.write("\t".join([name, "%.2f" % took,
                                 *sorted(reach[name][1])]) + "\n")
            out.flush()
            print("[%d/%d] %s reaches %d in %.1f s" % (
                done, len(todo), name, len(reach[name][1]), took),
                flush=True)
    return reach


# -- the mutants -----------------------------------------------------------

def read_results(state):
    """{key: (function's hash, result, test)}"""
    results = {}
    path = state / "results.tsv"
    if path.exists():
        for line in path.read_text().splitlines():
            key, body, result, test = line.split("\t")
            results[key] = body, result, test
    return results


def equivalents():
    """{key: reason} of equivalent.txt, where a line that begins with = is the
    reason of the keys below it."""
    reasons, reason = {}, ""
    for line in (HERE / "equivalent.txt").read_text().splitlines():
        if line.startswith("= "):
            reason = line[2:]
        elif line and not line.startswith("#"):
            reasons[line] = reason
    return reasons


def judge(mutant, tests, reach):
    """(result, test that fails)"""
    able = sorted((took, name) for name, (took, keys) in reach.items()
                  if mutant.key in keys and name in tests.paths)
    if not able:
        return UNREACHED, ""
    tests.select(mutant.number)
    try:
        for took, name in able:
            code, _ = tests.run(name, PATIENCE + 4 * took)
            if code not in (0, 77):
                return KILLED, name
    finally:
        tests.select(0)
    return SURVIVED, ""


def summary(files, results, reasons):
    """Print the table; how many survive without a reason."""
    left = 0
    total = collections.Counter()
    print("%-44s %7s %6s %8s %6s %5s" % (
        "file", "mutants", "killed", "survived", "known", "to do"))
    for file in files:
        count = collections.Counter()
        for mutant in file.mutants:
            body, result, _ = results.get(mutant.key, ("", "to do", ""))
            if body and body != mutant.body:
                result = "to do"
            if result in (SURVIVED, UNREACHED):
                result = "known" if mutant.key in reasons else SURVIVED
            count[result] += 1
        total.update(count)
        left += count[SURVIVED]
        print("%-44s %7d %6d %8d %6d %5d" % (
            file.name, len(file.mutants), count[KILLED], count[SURVIVED],
            count["known"], count["to do"]))
    print("%-44s %7d %6d %8d %6d %5d" % (
        "all", sum(total.values()), total[KILLED], total[SURVIVED],
        total["known"], total["to do"]))
    return left


def run_mutants(chosen, tests, reach, state, seconds):
    """Judge what has no result yet."""
    results = read_results(state)
    todo = [m for m in chosen if results.get(m.key, ("",))[0] != m.body]
    began, told = time.monotonic(), 0
    with open(state / "results.tsv", "a") as out:
        for done, mutant in enumerate(todo, 1):
            if time.monotonic() - began > seconds:
                print("stopped after %d s" % seconds)
                break
            result, test = judge(mutant, tests, reach)
            out.write("\t".join([mutant.key, mutant.body, result, test]) +
                      "\n")
            out.flush()
            if result != KILLED:
                print("%-9s %s:%d %s" % (result, mutant.file, mutant.line,
                                         mutant.key.split(":", 1)[1]),
                      flush=True)
            if time.monotonic() - told > 30:
                told = time.monotonic()
                print("[%d/%d %d s] %s:%d" % (
                    done, len(todo), told - began, mutant.file, mutant.line),
                    flush=True)


def forget(state, test_too):
    """--again: survivors are judged anew, with the tests there are now."""
    results = read_results(state)
    with open(state / "results.tsv", "w") as out:
        for key, (body, result, test) in results.items():
            if result == KILLED:
                out.write("\t".join([key, body, result, test]) + "\n")
    if test_too and (state / "reach.tsv").exists():
        (state / "reach.tsv").unlink()


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("file", nargs="*")
    parser.add_argument("--build", action="store_true")
    parser.add_argument("--record", action="store_true")
    parser.add_argument("--again", action="store_true",
                        help="run those again that have survived")
    parser.add_argument("--direct", action="store_true")
    parser.add_argument("--survivors", action="store_true")
    parser.add_argument("--only", type=re.compile)
    parser.add_argument("--seconds", type=int, default=10 ** 9)
    args = parser.parse_args()
    state = install.build_dir() / "assure" / "mutants"
    state.mkdir(parents=True, exist_ok=True)
    files = mutate(sources(), state)
    chosen = [m for f in files for m in f.mutants if not args.file or any(
        part in "%s:%s" % (m.file, m.function) for part in args.file)]
    wanted = [f for f in files if any(m.file == f.name for m in chosen)]
    reasons = equivalents()
    if not args.survivors:
        if args.direct:
            if args.build or not (state / "direct/built").exists():
                build_direct(files, state)
                (state / "direct/built").touch()
        elif args.build or not (state / "build/install").exists():
            build(files, state)
        if args.again or args.record:
            forget(state, args.record)
        tests = Tests(state, args.direct)
        if args.only:
            tests.paths = {name: path for name, path in tests.paths.items()
                           if args.only.search(name)}
        reach = record(tests, [m for f in files for m in f.mutants], state)
        run_mutants(chosen, tests, reach, state, args.seconds)
    results = read_results(state)
    if args.survivors:
        for mutant in chosen:
            body, result, _ = results.get(mutant.key, ("", "", ""))
            if body == mutant.body and result not in ("", KILLED) and \
                    mutant.key not in reasons:
                print("%-9s line %d: %s" % (result, mutant.line, mutant.key))
    return 1 if summary(wanted, results, reasons) else 0


if __name__ == "__main__":
    sys.exit(main())
