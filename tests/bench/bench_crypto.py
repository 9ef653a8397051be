#!/usr/bin/env python3
"""What hcrypto's providers cost: OpenSSL against hcrypto's own code.

tests/hcrypto/bench_crypto.c with the libraries of two builds of the same tree:
one made with --crypto openssl and one with --crypto internal.  One of them is
the installation under test; the other is $BENCH_OTHER_PREFIX, as `make
check-providers` leaves it in $BUILD_DIR/provider-*/install.

CPU time is the process's own; the two take turns, and the least of their
turns is compared.  Instructions are callgrind's for one more operation: what
is done once, such as to look up a cipher, is not in them.  OpenSSL's code for
this processor is counted as it is run by valgrind, which knows AES
instructions, and not those for SHA.

Exit status 1 when an operation of at most 1 KiB takes more instructions with
OpenSSL than LIMIT times hcrypto's.  The table is written to
$BUILD_DIR/log/bench_crypto.json, too.

usage: bench_crypto.py [TURNS]          default 5
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import sidebyside                                           # noqa: E402
from realm import install                                   # noqa: E402
from realm.loop import built, library_env                   # noqa: E402

LIMIT = 1.05
# operation, argument, how often for the time; then whether LIMIT holds
OPERATIONS = (("encrypt", 16, 20000), ("encrypt", 100, 20000),
              ("encrypt", 1024, 8000), ("encrypt", 32768, 400),
              ("encrypt", 1048576, 12), ("decrypt", 100, 20000),
              ("decrypt", 1024, 8000), ("decrypt", 32768, 400),
              ("mic", 100, 20000), ("context", 100, 4000),
              ("password", 0, 20), ("sign", "rsa", 20), ("verify", "rsa", 200),
              ("dh", 0, 4))
SMALL = {("encrypt", 16), ("encrypt", 100), ("encrypt", 1024),
         ("decrypt", 100), ("decrypt", 1024), ("mic", 100), ("context", 100),
         ("password", 0)}


def rsa_key(directory):
    """A key of 2048 bits, as PKCS #1."""
    out = directory / "rsa.der"
    subprocess.run(["openssl", "genrsa", "-traditional", "-out",
                    str(directory / "rsa.pem"), "2048"],
                   check=True, capture_output=True)
    subprocess.run(["openssl", "rsa", "-traditional", "-in",
                    str(directory / "rsa.pem"), "-outform", "DER", "-out",
                    str(out)], check=True, capture_output=True)
    return out


class Provider:
    """The libraries of a build."""

    def __init__(self, inst):
        self.env = dict(os.environ, **library_env(inst))
        self.name = self.run("encrypt", 16, 1)[1]

    def argv(self, operation, argument, count):
        return [built("bench_crypto", "tests", "ext", "hcrypto"), operation,
                str(argument), str(count)]

    def run(self, *what):
        """(nanoseconds, name of the provider)"""
        out = subprocess.run(self.argv(*what), env=self.env, check=True,
                             stdout=subprocess.PIPE, text=True).stdout
        time, name = out.strip().split(" ", 1)
        return int(time), name

    def _total(self, what, count):
        with tempfile.TemporaryDirectory() as directory:
            out = Path(directory) / "out"
            subprocess.run(["valgrind", "-q", "--tool=callgrind",
                            f"--callgrind-out-file={out}",
                            *self.argv(*what, count)], env=self.env,
                           stdout=subprocess.DEVNULL, check=True, timeout=600)
            return int(re.search(r"^totals: (\d+)", out.read_text(),
                                 re.M).group(1))

    def instructions(self, operation, argument):
        """For one more operation."""
        few, many = (1, 3) if operation in ("dh", "sign", "password") or \
            argument in (32768, 1048576) else (5, 55)
        return (self._total((operation, argument), many) -
                self._total((operation, argument), few)) / (many - few)


def two_providers():
    """(OpenSSL, internal)"""
    other = os.environ.get("BENCH_OTHER_PREFIX")
    if not other:
        sys.exit("BENCH_OTHER_PREFIX= an installation with the other provider")
    found = [Provider(install.under_test()),
             Provider(install.Install.from_prefix(other))]
    found.sort(key=lambda p: not p.name.startswith("OpenSSL"))
    if not found[0].name.startswith("OpenSSL") or \
            found[1].name.startswith("OpenSSL"):
        sys.exit("both are " + found[0].name)
    return found


def main():
    turns = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    providers, rows, failed = two_providers(), [], False
    print("%-22s %12s %12s %7s %14s %14s %7s" %
          ("operation", "OpenSSL us", "internal us", "ratio",
           "OpenSSL instr", "internal instr", "ratio"))
    with tempfile.TemporaryDirectory() as directory:
        key = rsa_key(Path(directory))
        for operation, argument, count in OPERATIONS:
            what = (operation, key if argument == "rsa" else argument)
            times = [[], []]
            for _ in range(turns):
                for samples, provider in zip(times, providers):
                    samples.append(provider.run(*what, count)[0] / count / 1e3)
            times = [min(t) for t in times]
            row = {"operation": operation, "argument": argument,
                   "us": times, "ratio": times[0] / times[1]}
            text = "%-22s %12.2f %12.2f %7.2f" % (
                f"{operation} {argument}", *times, times[0] / times[1])
            if shutil.which("valgrind"):
                n = [p.instructions(*what) for p in providers]
                row["instructions"], row["instructions_ratio"] = n, n[0] / n[1]
                text += " %14.0f %14.0f %7.2f" % (*n, n[0] / n[1])
                if (operation, argument) in SMALL and n[0] > LIMIT * n[1]:
                    failed, text = True, text + "  more than it should"
            print(text, flush=True)
            rows.append(row)
    sidebyside.save("bench_crypto", {"rows": rows, "plot": [
        sidebyside.plotted("OpenSSL, %(operation)s %(argument)s" % row,
                           row["ratio"], to="internal") for row in rows]})
    return failed


if __name__ == "__main__":
    sys.exit(main())
