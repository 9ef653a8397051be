#!/usr/bin/env python3
"""Fuzz librxkad-2b with libFuzzer: clang, and Debian's libclang-rt-*-dev.

fuzz_rxkad.c and the module's files are compiled with AddressSanitizer and
UndefinedBehaviorSanitizer, the rest is the build's.  What it starts from are
the tokens of wire/rxkad_cases.py and rxkad.corpus, which long runs before have
found; what it finds new is kept in $BUILD_DIR/fuzz/rxkad/corpus and used the
next time, a crash is put beside it.

usage: run_fuzz.py [SECONDS]            default 60; 0 runs the corpus once
       run_fuzz.py --keep               write rxkad.corpus: what of the corpus
                                        reaches a place that no other does
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from realm import install                                   # noqa: E402
from wire import etypes, rxkad                              # noqa: E402
from wire.rxkad import Key, Ticket, Ticket4                 # noqa: E402
from wire.rxkad_cases import Cases                          # noqa: E402

NOW = 1800000000                        # as in fuzz_rxkad.c
(AS_2B, AS_TICKET, AS_KRB4, SEALED_PART, KRB4_PLAIN, KEYFILEEXT,
 CREDS) = range(7)
RC4 = Key(5, etypes.RC4, b"sixteen octets..")
DES = Key(5, etypes.DES_MD5, bytes.fromhex("133457799bbcdff1"))
FLAGS = (0, 0x7f)                       # the default, everything
SANITIZE = "-fsanitize=address,undefined"
HERE = Path(__file__).resolve().parent
KEPT, KEPT_SIZE = HERE / "rxkad.corpus", 512    # a line of hex each


def sanitizes(compiler):
    """Whether `compiler` is there with its sanitizers' libraries."""
    if not shutil.which(compiler):
        return False
    return subprocess.run(
        [compiler, SANITIZE, "-x", "c", "-", "-o", os.devnull],
        input=b"int main(void) { return 0; }", check=False,
        stderr=subprocess.DEVNULL).returncode == 0


def build(directory, compiler="clang"):
    """Path of the fuzzer: libFuzzer with clang, fuzz_main.c with gcc."""
    root, obj = install.ROOT, install.build_dir() / "obj"
    src = install.build_dir() / "src"
    lib = install.under_test().bindirs[0].parent / "lib"
    sources = [path for path in (root / "rxkad-2b/lib").glob("*.c")
               if not path.name.startswith("test_")]
    sources += [obj / "lib/rxkad-2b/rxkad_2b_err.c",
                root / "rxkad-2b/krb5/keyfileext.c",
                root / "rxkad-2b/krb5/rxkad_key.c", HERE / "fuzz_rxkad.c"]
    sanitize = SANITIZE + ",fuzzer"
    if compiler != "clang":
        sources.append(HERE / "fuzz_main.c")
        sanitize = SANITIZE
    include = [root / "rxkad-2b/lib", obj / "lib/rxkad-2b",
               src / "lib/krb5/rxkad-2b", src / "lib/krb5", obj / "lib/krb5",
               obj / "lib/asn1", obj / "include", obj / "lib/roken",
               src / "lib/roken", src / "include", src / "lib",
               lib.parent / "include"]
    out = directory / "fuzz_rxkad"
    subprocess.run(
        [compiler, "-g", "-O1", sanitize, "-fno-sanitize-recover=undefined",
         "-fno-omit-frame-pointer", "-DHAVE_CONFIG_H",
         *["-I%s" % path for path in include], *map(str, sources), "-o",
         str(out), "-L%s" % lib, "-Wl,-rpath,%s" % lib, "-lkrb5", "-lhcrypto",
         "-lasn1", "-lroken", "-l:libcom_err.so.2"], check=True)
    return out


def seeds():
    """Octets to start from."""
    cases = Cases(NOW)
    cases.key = RC4
    for make in (cases.names, cases.fields, cases.structures, cases.kvnos):
        for case in make():
            if case.form == rxkad.V2B:
                yield AS_2B, case.octets
                yield SEALED_PART, case.ticket.part
            else:
                yield AS_TICKET, case.octets
                yield CREDS, case.octets
    for session in etypes.KEY_SIZE:
        yield SEALED_PART, Ticket(RC4, now=NOW, session=(
            session, etypes.new_key(session))).part
    for values in ({}, {"little": True}, {"inst": "x", "realm": "R"}):
        ticket = Ticket4(DES, now=NOW, **values)
        yield AS_KRB4, ticket.token
        yield AS_2B, ticket.token
        yield KRB4_PLAIN, ticket.plain
    yield KEYFILEEXT, rxkad.key_file_ext([RC4])
    yield KEYFILEEXT, rxkad.key_file_ext([RC4, Key(9, etypes.AES256)])


def write_seeds(corpus):
    """Files of them."""
    corpus.mkdir(parents=True, exist_ok=True)
    for number, (kind, octets) in enumerate(seeds()):
        for flags in FLAGS:
            (corpus / ("seed-%d-%d" % (number, flags))).write_bytes(
                bytes([kind, flags]) + octets)
    for number, line in enumerate(KEPT.read_text().split()):
        (corpus / ("kept-%d" % number)).write_bytes(bytes.fromhex(line))


def keep(program, directory, kept, size, known):
    """Write to `kept` what of the corpus reaches a place that no other does,
    and that is not known already."""
    least = directory / "least"
    shutil.rmtree(least, ignore_errors=True)
    least.mkdir()
    subprocess.run([str(program), "-merge=1", "-max_len=%d" % size,
                    str(least), str(directory / "corpus")], check=True,
                   stderr=subprocess.DEVNULL, env=environment())
    found = sorted({path.read_bytes() for path in least.iterdir()} -
                   set(known))
    kept.write_text("".join(octets.hex() + "\n" for octets in found))
    print("%d inputs kept" % len(found))


def environment():
    """Of a fuzzer."""
    return dict(os.environ, KRB5_CONFIG="/dev/null",
                KRB5CCNAME="MEMORY:gss_pair")


def fuzz(program, directory, seconds, *options):
    """libFuzzer on the corpus below directory; 1 if it finds something."""
    corpus = directory / "corpus"
    limit = ["-runs=0"] if seconds == 0 else ["-max_total_time=%d" % seconds]
    done = subprocess.run(
        [str(program), *limit, "-max_len=4096", "-timeout=10", *options,
         "-artifact_prefix=%s/" % directory, "-print_final_stats=1",
         str(corpus)], check=False, stderr=subprocess.PIPE,
        stdout=subprocess.DEVNULL, env=environment())
    text = done.stderr.decode(errors="replace")
    (directory / "log").write_text(text)
    if done.returncode:
        print(text[-8000:])
    runs = re.search(r"number_of_executed_units: (\d+)", text)
    cover = re.findall(r"cov: (\d+)", text)
    print("%s runs in %d s, %s places covered, %d inputs kept: %s" % (
        runs.group(1) if runs else "?", seconds, cover[-1] if cover else "?",
        len(list(corpus.iterdir())),
        "FOUND SOMETHING" if done.returncode else "nothing found"))
    return 1 if done.returncode else 0


def fuzz_briefly(case, fuzzer, seconds):
    """A test: fuzz_main.c and a module's build() and write_seeds(), for
    seconds; FUZZ_SECONDS and FUZZ_SEED say otherwise."""
    if not sanitizes("gcc"):
        case.skipTest("no gcc with its sanitizers")
    seconds = os.environ.get("FUZZ_SECONDS") or str(seconds)
    seed = os.environ.get("FUZZ_SEED") or str(int(time.time()))
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        program = fuzzer.build(directory, "gcc")
        fuzzer.write_seeds(directory / "corpus")
        done = subprocess.run(
            [str(program), seconds, seed, *map(
                str, sorted((directory / "corpus").iterdir()))],
            cwd=name, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            env=environment(), check=False, timeout=300)
        kept = directory / "fuzz_main.input"
        size = int.from_bytes(kept.read_bytes()[:8], "little")
        case.assertEqual(done.returncode, 0, "seed %s, input %s\n%s" % (
            seed, kept.read_bytes()[8:8 + size].hex(),
            done.stdout.decode(errors="replace")[-6000:]))
        print(done.stdout.decode().strip())


def main():
    directory = install.build_dir() / "fuzz" / "rxkad"
    write_seeds(directory / "corpus")
    program = build(directory)
    if sys.argv[1:] == ["--keep"]:
        keep(program, directory, KEPT, KEPT_SIZE,
             [bytes([kind, flags]) + octets for kind, octets in seeds()
              for flags in FLAGS])
        return 0
    return fuzz(program, directory,
                int(sys.argv[1]) if len(sys.argv) > 1 else 60)


if __name__ == "__main__":
    sys.exit(main())
