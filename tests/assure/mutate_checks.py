#!/usr/bin/env python3
"""Does a test fail when a check of ours is taken away?

A copy of this tree is built with every mutant (mutants.py) of every C file of
the modules in it.  Each test, which is a method of a suite or a C program, is
run once to see for which mutants a condition has another value in it than
theirs: no other test can tell them.  Then each mutant is switched on and those
tests are run, until one fails.  A suite's realms stay up for all of its tests
and all mutants (cases.py); they see the mutant at once (mutant.h).  All of it
is below $BUILD_DIR/assure/mutants and goes on where it was stopped: a mutant
is run again only when its function has changed.  settled.txt has the functions
of which none is left, from one machine to the next.

usage: mutate_checks.py [--build] [--record] [--again] [--direct | --here]
                        [--only TESTS] [--suites] [--seconds N] [--each N]
                        [--known] [--survivors] [--table FILE] [--choose]
                        [--keep] [--anew] [FILE...]

FILE is part of a file's name, or of FILE.c:FUNCTION (default: all).
  --build      make the copy anew, also where neither the modules nor the tests
               have changed
  --here       no copy: the mutants go into the build that there is, which is
               quick; ./build.sh --discard takes them out.  For a clone of the
               tree.
  --direct     no copy: the C programs of tests/ that need nothing else are
               linked with the mutants and with the libraries of the build,
               which takes minutes; no other test is run
  --record     look anew at what the tests can tell
  --again      run what has survived again, with the tests that there are now
  --only       an expression: no suite is run whose name it does not match
  --suites     only the suites that suites.txt has for the files
  --choose     write suites.txt from what was recorded
  --keep       then write settled.txt
  --anew       as if settled.txt were empty
  --seconds    stop after N seconds
  --each       N seconds of tests at most for a mutant, by what they took when
               they were recorded; one that they do not tell survives
  --survivors  only list what has survived
  --known      also those of equivalent.txt, which has the mutants that no test
               can tell, and why
  --table      put the table into FILE between its two marks

The exit status is 1 when a mutant survives that the list does not have.
"""

import argparse
import collections
import hashlib
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from assure.judges import Tests         # noqa: E402
from assure.mutants import File         # noqa: E402
from realm import archives, install     # noqa: E402

HERE = Path(__file__).resolve().parent
# of OVERLAY: what is no module is not looked at
NOT_OURS = ("tests/", "gss-loop", "spnego-mic")
# survived: tests in which it made a difference; unreached: there is none
KILLED, SURVIVED, UNREACHED = "killed", "survived", "unreached"
BEGIN, END = "<!-- mutants -->", "<!-- end of mutants -->"


# -- the copy --------------------------------------------------------------

def sources():
    """Names of the modules' C files, in the order of OVERLAY."""
    for line in (install.ROOT / "OVERLAY").read_text().splitlines():
        fields = line.split("#")[0].split()
        if fields and not fields[0].startswith(NOT_OURS):
            for path in sorted((install.ROOT / fields[0]).glob("*.c")):
                if not path.name.startswith("test_"):
                    yield str(path.relative_to(install.ROOT))


def mutate(names):
    """File objects of all sources, numbered through from 1."""
    files, first = [], 1
    for name in names:
        files.append(File(name, (install.ROOT / name).read_text(), first))
        first += len(files[-1].mutants)
    return files


def instrumented(file, state, count=None):
    """Its text: mutant.h goes behind the last #include, for those settle what
    the system's headers declare.  `count` is how many mutants all files have.
    """
    if not file.mutants:
        return file.text
    head = '#define MUTANT_FILE "%s"\n#define MUTANT_SIZE (%s + %d)\n' % (
        state / "now", "sizeof(int)", 1 + (count or file.mutants[-1].number))
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


def texts_of(files, state):
    """{name: text with the mutants}"""
    count = sum(len(file.mutants) for file in files)
    return {file.name: instrumented(file, state, count) for file in files}


def build(files, state):
    """The copy of the tree, and its build."""
    tree = state / "tree"
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others",
         "--exclude-standard"], cwd=install.ROOT, check=True,
        stdout=subprocess.PIPE).stdout.decode().split("\0")
    listed = [name for name in listed
              if name and (install.ROOT / name).is_file()]
    texts = texts_of(files, state)
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
    run_all([["./build.sh", "--build-dir", str(target)],
             *programs_of(target)], state, cwd=tree, env=env)


def programs_of(target):
    """The commands that make a build's test programs."""
    return [["make", "-C", str(target / "obj" / part), *more, "check",
             "TESTS="] for part, *more in (("tests/ext", "-k"), ("kdc",))]


def run_all(commands, state, **more):
    """Each, with its output in build.log; ends where one fails."""
    with open(state / "build.log", "wb") as log:
        for command in commands:
            done = subprocess.run(command, check=False,
                                  stdout=subprocess.PIPE,
                                  stderr=subprocess.STDOUT, **more)
            log.write(done.stdout)
            if done.returncode:
                sys.exit(done.stdout.decode(errors="replace")[-4000:])


def build_here(files, state):
    """The mutants in the build's own tree."""
    target = install.build_dir()
    where = {}
    for line in (install.ROOT / "OVERLAY").read_text().splitlines():
        fields = line.split("#")[0].split()
        if fields:
            where[fields[0]] = fields[1]
    for name, text in texts_of(files, state).items():
        directory, _, base = name.rpartition("/")
        put(target / "src" / where[directory] / base, text.encode())
    run_all([["make", "-C", str(target / "obj"), "CLANG_FORMAT="],
             ["make", "-C", str(target / "obj"), "install"],
             *programs_of(target)], state)


# -- without a copy --------------------------------------------------------

# where the sources of a module are in the tree, and the programs of tests/
# that are linked with them
DIRECT = ("lib-gssapi-krb5-ext/gssapi", "lib-gssapi-krb5-ext/krb5",
          "rxkad-2b/lib", "rxkad-2b/krb5", "rxkad-2b/kafs",
          "kdc-freshness/kdc/token", "kdc-freshness/kdc/policy",
          "kdc-freshness/krb5", "rxkad-2b/kdc/decide",
          "rxkad-2b/kdc/re", "rxkad-2b/kdc/services",
          "hdb-keep-open", *("hcrypto-openssl/" + name for name in (
              "cipher", "dh", "digest", "ec", "number", "pbkdf2", "rsa")))
DIRECT_TESTS = ("tests/assure", "tests/hcrypto", "tests/krb-error2",
                "tests/krb524", "tests/loop", "tests/pkinit", "tests/replay",
                "tests/rxkad", "tests/security", "kdc-freshness/kdc",
                "rxkad-2b/kdc")
# they run for long and find nothing that others do not
DIRECT_NOT = ("test_mutated_exchanges", "test_extra_threads",
              "test_replay_race", "test_stepmech", "test_loop_checker",
              "test_loop_spnego", "test_spnego", "test_mech_",
              "test_context_loop", "test_ntlm",
              "test_kafs_cell", "test_kafs_hmac", "test_kafs_kdf",
              "test_kafs_settoken",
              "test_gss_", "test_export_name", "test_extract_key",
              "test_key_freed", "test_accept_faults", "test_accept_retry",
              "test_delegation")
# of who includes this header, or one whose name begins so
DIRECT_MORE = (("loop_", "loop_check.c"),
               ("count_syscalls.h", "count_syscalls.c"),
               ("ossl_errors.h", "ossl_errors.c"),
               ("ossl_fail.h", "ossl_fail.c"),
               ("ossl_fail.h", "ossl_fail.am"))


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
        src / "kdc", src / "lib/hdb", obj / "lib/hdb", src / "lib/kafs",
        src / "lib/rxkad-2b", obj / "lib/rxkad-2b", src / "lib/krb5/rxkad-2b",
        src / "appl/gss-loop", install.ROOT / "tests/security",
        install.ROOT / "tests/loop", install.ROOT / "tests/assure",
        "/usr/include/et")]]


def hcrypto_flags(name):
    """More of them, which must come first, for hcrypto's own sources and
    tests: others must not see its headers without their directory's name."""
    if "hcrypto" not in name:
        return []
    return ["-I%s" % (install.build_dir() / where / "lib/hcrypto")
            for where in ("obj", "src")]


def more_flags(path):
    """A source, or the options that a makefile's part has."""
    if path.suffix != ".am":
        return [str(path)]
    return re.findall(r"-Wl,--wrap=\w+", path.read_text())


def build_direct(files, state):
    """Programs with the mutants in them, in state/direct."""
    directory = state / "direct"
    objects, texts = [], texts_of(files, state)
    for file in files:
        if not file.name.startswith(DIRECT):
            continue
        source = directory / file.name.replace("/", ".")
        put(source, texts[file.name].encode())
        target = source.with_suffix(".o")
        subprocess.run(["gcc", "-w", "-g", "-O1", "-I%s" % (
            install.ROOT / file.name).parent, *hcrypto_flags(file.name),
                        *include_flags(), "-c", str(source), "-o",
                        str(target)], check=True)
        objects.append(str(target))
    for part in DIRECT_TESTS:
        for path in sorted((install.ROOT / part).glob("test_*.c")):
            if path.stem.startswith(DIRECT_NOT):
                continue
            text = path.read_text()
            more = [flag for include, source in DIRECT_MORE
                    if '"%s' % include in text
                    for flag in more_flags(path.parent / source)]
            more += ["-Wl,--wrap=%s" % name for name in sorted(set(
                re.findall(r"^__wrap_(\w+)\(", text, re.M)))]
            target = directory / part / path.stem
            target.parent.mkdir(parents=True, exist_ok=True)
            done = subprocess.run(
                ["gcc", "-w", "-g", "-O1", *hcrypto_flags(part),
                 *include_flags(), str(path), *more,
                 *objects, "-o", str(target), *archives.flags(),
                 # a program's own comes before a library's
                 "-rdynamic", "-Wl,--allow-multiple-definition"],
                check=False, stderr=subprocess.PIPE)
            if done.returncode:
                print("%s/%s is left out: %s" % (
                    part, path.stem, done.stderr.decode()[:300]))


# -- the tests -------------------------------------------------------------

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
    """What each test can tell that is not known yet."""
    reach = read_map(state)
    keys = {mutant.number: mutant.key for mutant in mutants}
    known = {name.split("::")[0] for name in reach}
    todo = [name for name in tests.paths if name not in known]
    with open(state / "reach.tsv", "a") as out:
        for done, suite in enumerate(todo, 1):
            lines, cases, found = [], 0, set()
            for name, took, numbers in tests.recorded(suite):
                if numbers is None:
                    print("%s fails as it is and is left out" % name,
                          flush=True)
                told = {keys[n] for n in numbers or () if n in keys}
                lines.append((name, took, told))
                cases += 1
                found |= told
            # a suite is known when all of it is
            for name, took, told in lines or [(suite, 0, set())]:
                reach[name] = took, told
                out.write("\t".join([name, "%.2f" % took, *sorted(told)]) +
                          "\n")
            out.flush()
            print("[%d/%d] %s: %d tests can tell %d in %.1f s" % (
                done, len(todo), suite, cases, len(found),
                sum(took for _, took, _ in lines)), flush=True)
    return reach


SUITES = HERE / "suites.txt"


def read_suites():
    """{file: [suites]} of suites.txt."""
    found = collections.defaultdict(list)
    for line in SUITES.read_text().splitlines():
        if line and not line.startswith("#"):
            if not line.startswith(" "):
                file = line
            else:
                found[file].append(line.strip())
    return found


def choose_suites(files, reach, reasons):
    """The fewest suites, about, that tell together of each file what all of
    them tell: the next is the one that tells most in a second of what is
    left."""
    suites = collections.defaultdict(lambda: [0.0, set()])
    for name, (took, keys) in reach.items():
        suite = suites[name.split("::")[0]]
        suite[0] += took
        suite[1] |= keys
    head = [line for line in SUITES.read_text().splitlines()
            if line.startswith("#")]
    out = head
    for file in files:
        left = {m.key for m in file.mutants} - set(reasons)
        chosen = []
        while True:
            gain, name = max(((len(keys & left) / (1 + took), name)
                              for name, (took, keys) in suites.items()),
                             default=(0, ""))
            if not gain:
                break
            left -= suites[name][1]
            chosen.append(name)
        if chosen:
            out += [file.name, *("    " + name for name in chosen)]
    SUITES.write_text("\n".join(out) + "\n")


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


def equivalents(name="equivalent.txt"):
    """{key: reason} of a file where a line that begins with = is the reason
    of the keys below it."""
    reasons, reason = {}, ""
    for line in (HERE / name).read_text().splitlines():
        if line.startswith("= "):
            reason = line[2:]
        elif line and not line.startswith("#"):
            reasons[line] = reason
    return reasons


SETTLED = HERE / "settled.txt"


def settled(files, reasons):
    """{key: (function's hash, result, test)} of settled.txt, where the test
    has no name."""
    functions = set(SETTLED.read_text().splitlines())
    return {m.key: (m.body, KILLED, "") for file in files
            for m in file.mutants if m.key not in reasons and
            "%s:%s %s" % (m.file, m.function, m.body) in functions}


def keep_settled(files, results, reasons):
    """Write settled.txt: functions of which each mutant is killed or has a
    reason."""
    states = collections.defaultdict(set)
    for file in files:
        for m in file.mutants:
            states["%s:%s %s" % (m.file, m.function, m.body)].add(
                state_of(m, results, reasons))
    head = [line for line in SETTLED.read_text().splitlines()
            if line.startswith("#")]
    SETTLED.write_text("\n".join([*head, *sorted(
        name for name, found in states.items()
        if found <= {KILLED, "known"})]) + "\n")


class Order:
    """In which order tests judge a mutant: a few that have failed for its
    function before; then such that together can tell all of its mutants, for
    these differ; then the quickest."""

    def __init__(self, mutants, results, reach):
        self._reach = reach
        self._counts = collections.defaultdict(collections.Counter)
        self._keys = collections.defaultdict(set)
        for mutant in mutants:
            self._keys[mutant.file, mutant.function].add(mutant.key)
            _, result, test = results.get(mutant.key, ("", "", ""))
            if result == KILLED:
                self.add(mutant, test)

    def add(self, mutant, test):
        """It has failed."""
        self._counts[mutant.file, mutant.function][test] += 1

    def of(self, mutant, names):
        """The names in their order."""
        took = {name: self._reach[name][0] + 0.05 for name in names}
        counts = self._counts[mutant.file, mutant.function]
        able = sorted(took, key=lambda name: (took[name] / (
            1 + 10 * counts[name]), name))
        order = [name for name in able[:5] if counts[name]]
        left = set(self._keys[mutant.file, mutant.function])
        for name in order:
            left -= self._reach[name][1]
        while True:
            gain, name = max(((len(left & self._reach[name][1]) / took[name],
                               name) for name in able), default=(0, ""))
            if not gain:
                break
            order.append(name)
            left -= self._reach[name][1]
        return list(dict.fromkeys(order + able))


def judge(mutant, tests, reach, order, most):
    """(result, test that fails); `most` seconds of tests at most are run, by
    what they took when they were recorded."""
    names = [name for name, (_, keys) in reach.items() if mutant.key in keys
             and name.split("::")[0] in tests.paths]
    for name in order.of(mutant, names):
        if tests.tell(name, mutant.number, reach[name][0]):
            order.add(mutant, name)
            return KILLED, name
        most -= reach[name][0]
        if most < 0:
            break
    return (SURVIVED, "") if names else (UNREACHED, "")


def state_of(mutant, results, reasons):
    """One word: killed, survived, known, to do."""
    body, result, _ = results.get(mutant.key, ("", "", ""))
    if body != mutant.body:
        result = ""
    if result != KILLED and mutant.key in reasons:
        return "known"
    return {"": "to do", KILLED: KILLED}.get(result, SURVIVED)


def counts_of(files, results, reasons):
    """[(file's name, mutants, Counter)], the last for all."""
    rows, total = [], collections.Counter()
    for file in files:
        count = collections.Counter(state_of(mutant, results, reasons)
                                    for mutant in file.mutants)
        total.update(count)
        rows.append((file.name, len(file.mutants), count))
    return [*rows, ("all", sum(total.values()), total)]


def summary(files, results, reasons):
    """Print the table; how many survive without a reason."""
    print("%-44s %7s %6s %8s %6s %5s" % (
        "file", "mutants", "killed", "survived", "known", "to do"))
    rows = counts_of(files, results, reasons)
    for name, number, count in rows:
        print("%-44s %7d %6d %8d %6d %5d" % (
            name, number, count[KILLED], count[SURVIVED], count["known"],
            count["to do"]))
    return rows[-1][2][SURVIVED]


def put_table(path, files, results, reasons):
    """Between the marks of a document: files of which some are judged."""
    files = [file for file in files if any(
        state_of(mutant, results, {}) != "to do" for mutant in file.mutants)]
    lines = ["| file | mutants | killed | reason | left | to do |",
             "|---|--:|--:|--:|--:|--:|"]
    for name, number, count in counts_of(files, results, reasons):
        lines.append("| %s | %d | %d | %d | %d | %d |" % (
            name, number, count[KILLED], count["known"], count[SURVIVED],
            count["to do"]))
    before, rest = path.read_text().split(BEGIN)
    path.write_text("%s%s\n%s\n%s%s" % (before, BEGIN, "\n".join(lines), END,
                                        rest.split(END)[1]))


def run_mutants(todo, tests, order, reach, state, seconds, most):
    """Judge them."""
    began = told = time.monotonic()
    with open(state / "results.tsv", "a") as out:
        for done, mutant in enumerate(todo, 1):
            if time.monotonic() - began > seconds:
                print("stopped after %d s" % seconds)
                break
            result, test = judge(mutant, tests, reach, order, most)
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


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("file", nargs="*")
    for name in ("build", "record", "again", "direct", "here", "suites",
                 "choose", "survivors", "known", "keep", "anew"):
        parser.add_argument("--" + name, action="store_true")
    parser.add_argument("--only", type=re.compile)
    parser.add_argument("--seconds", type=int, default=10 ** 9)
    parser.add_argument("--each", type=int, default=10 ** 9)
    parser.add_argument("--table", type=Path)
    return parser.parse_args()


def stamp(files, state, kind):
    """What a build is of: mutants and tests in C; the copy has the others,
    too."""
    of = hashlib.sha256("".join(texts_of(files, state).values()).encode())
    suffixes = (".c", ".h", ".am") + (".py",) * (kind == "copy")
    for path in sorted((install.ROOT / "tests").rglob("*")):
        if path.suffix in suffixes:
            of.update(path.read_bytes())
    return of.hexdigest()


def make_build(args, files, state):
    """What the arguments ask for, if it is not there as it is now."""
    kind = "direct" if args.direct else "here" if args.here else "copy"
    made = state / ("built." + kind)
    of = stamp(files, state, kind)
    if args.build or not made.exists() or made.read_text() != of:
        {"direct": build_direct, "here": build_here, "copy": build}[kind](
            files, state)
        made.write_text(of)


def make_tests(args, wanted, state):
    """The Tests that the arguments ask for."""
    tests = Tests(state, args.direct, args.here)
    if args.only:
        tests.keep(args.only.search)
    if args.suites:
        table = read_suites()
        names = {name for file in wanted for name in table[file.name]}
        tests.keep(names.__contains__)
    return tests


def files_of(files, mutants):
    """The files that have one of them."""
    names = {mutant.file for mutant in mutants}
    return [file for file in files if file.name in names]


def go_on(args, files, chosen, before, reasons, state):
    """Judge what of `chosen` has no result yet; nothing is built for none."""
    results = {**before, **read_results(state)}
    todo = [m for m in chosen if (args.known or m.key not in reasons) and
            results.get(m.key, ("",))[0] != m.body]
    if not (todo or args.build or args.record):
        return
    make_build(args, files, state)
    with make_tests(args, files_of(files, todo or chosen), state) as tests:
        tests.make_page(sum(len(file.mutants) for file in files))
        reach = record(tests, [m for f in files for m in f.mutants], state)
        run_mutants(todo, tests, Order(chosen, results, reach), reach, state,
                    args.seconds, args.each)


def main():
    args = arguments()
    # what the suites have started ends with this
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    state = install.build_dir() / "assure" / "mutants"
    state.mkdir(parents=True, exist_ok=True)
    files = mutate(sources())
    chosen = [m for f in files for m in f.mutants if not args.file or any(
        part in "%s:%s" % (m.file, m.function) for part in args.file)]
    wanted = files_of(files, chosen)
    reasons = equivalents()
    before = {} if args.anew else settled(files, reasons)
    if not (args.survivors or args.table or args.choose):
        if args.again or args.record:
            forget(state, args.record)
        go_on(args, files, chosen, before, reasons, state)
    results = {**before, **read_results(state)}
    if args.keep:
        keep_settled(files, results, reasons)
    if args.choose:
        choose_suites(files, read_map(state), reasons)
    if args.table:
        put_table(args.table, wanted, results, reasons)
    if args.survivors:
        for mutant in chosen:
            if state_of(mutant, results, reasons) == SURVIVED:
                print("%-9s line %d: %s" % (results[mutant.key][1],
                                            mutant.line, mutant.key))
    return 1 if summary(wanted, results, reasons) else 0


if __name__ == "__main__":
    sys.exit(main())
