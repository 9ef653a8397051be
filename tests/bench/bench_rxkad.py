#!/usr/bin/env python3
"""What it costs a server to read a token of rxkad: ours against OpenAFS's.

rxkad_decode calls rxkad_2b_server_check(), afs_decode OpenAFS's
tkt_DecodeTicket5() and tkt_CheckTimes() (tests/rxkad), with the same keys and
the same tokens, in the same run; ours has its default policy.  CPU time is the
process's own, the two take turns; ratio: of medians, and how far that of
resampled runs is apart (5 % to 95 %). Instructions are callgrind's, a token,
without what only the first one costs.

Exit status 1 when reading a token costs ours more than 1.25 times OpenAFS's
instructions.  The table is written to $BUILD_DIR/log/bench_rxkad.json, too.

usage: bench_rxkad.py [ROUNDS]          default 40
"""

import collections
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

import sidebyside
from sidebyside import spread
from realm import afs
from wire import etypes, rxkad
from wire.rxkad import V2B, V5

ROUNDS, EACH = 40, 500                  # turns, tokens of a turn
FEW, MANY = 20, 220                     # tokens that callgrind sees
LIMIT = 1.25

Kind = collections.namedtuple("Kind", "name etype form ad")
KINDS = (Kind("2b, AES256", etypes.AES256, V2B, 0),
         Kind("2b, AES128", etypes.AES128, V2B, 0),
         Kind("2b, RC4", etypes.RC4, V2B, 0),
         Kind("2b, Triple DES", etypes.DES3, V2B, 0),
         Kind("2b, DES", etypes.DES_MD5, V2B, 0),
         Kind("whole, AES256", etypes.AES256, V5, 0),
         Kind("2b, AES256, 1 KB of PAC", etypes.AES256, V2B, 1000),
         Kind("2b, AES256, 6 KB of PAC", etypes.AES256, V2B, 6000))


def token(kind):
    """(key, form, octets) of a kind."""
    key = rxkad.Key(5, kind.etype)
    ad = rxkad.authdata((1, rxkad.authdata((128, bytes(kind.ad))))) \
        if kind.ad else None
    return key, kind.form, rxkad.Ticket(key, ad=ad, end=86400).octets(
        kind.form)


def count(decoder, key, form, octets):
    """Instructions a token, or None without valgrind."""
    if not shutil.which("valgrind"):
        return None
    totals = []
    for number in (FEW, MANY):
        with tempfile.TemporaryDirectory() as directory:
            out = Path(directory) / "out"
            lines = "key %d %d %s\nbench %d %d %s\n" % (
                key.kvno, key.etype, key.octets.hex(), number, form,
                octets.hex())
            subprocess.run(
                ["valgrind", "-q", "--tool=callgrind",
                 "--callgrind-out-file=%s" % out,
                 "--toggle-collect=bench_decode", *decoder.argv],
                env=decoder.env, input=lines.encode(), check=True,
                stdout=subprocess.DEVNULL, timeout=600)
            totals.append(int(re.search(r"^totals: (\d+)", out.read_text(),
                                        re.M).group(1)))
    return (totals[1] - totals[0]) / (MANY - FEW)


def measure(kind, rounds):
    """{name: figures} of a kind."""
    key, form, octets = token(kind)
    samples = {"OpenAFS": [], "ours": []}
    with tempfile.TemporaryDirectory() as directory, \
            afs.openafs_decoder(directory) as theirs, \
            afs.our_decoder(directory) as ours:
        both = [("OpenAFS", theirs), ("ours", ours)]
        for _, decoder in both:
            decoder.keys([key])
            decoder.bench(EACH, form, octets)               # warm
        for number in range(rounds):
            for name, decoder in both[::-1 if number % 2 else 1]:
                samples[name].append(decoder.bench(EACH, form, octets) / EACH)
        counted = {name: count(decoder, key, form, octets)
                   for name, decoder in both}
    out = {name: {"cpu_us": round(statistics.median(samples[name]) / 1000, 2),
                  "instructions": counted[name] and round(counted[name])}
           for name in samples}
    out["octets"] = len(octets)
    out["cpu_ratio"] = round(out["ours"]["cpu_us"] /
                             out["OpenAFS"]["cpu_us"], 3)
    out["cpu_ratio_5_95"] = [round(r, 3) for r in spread(
        samples["ours"], samples["OpenAFS"])]
    if counted["ours"]:
        out["instructions_ratio"] = round(
            counted["ours"] / counted["OpenAFS"], 3)
    return out


def show(kind, one):
    """A row."""
    print("%-26s %6d  %10s %10s %7s  %8.2f %8.2f %7.3f (%.3f to %.3f)" % (
        kind.name, one["octets"], one["OpenAFS"]["instructions"] or "-",
        one["ours"]["instructions"] or "-",
        one.get("instructions_ratio", "-"), one["OpenAFS"]["cpu_us"],
        one["ours"]["cpu_us"], one["cpu_ratio"], *one["cpu_ratio_5_95"]))
    sys.stdout.flush()


def main():
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else ROUNDS
    print("%-26s %6s  %10s %10s %7s  %8s %8s %7s" % (
        "token", "octets", "OpenAFS", "ours", "ratio", "OpenAFS", "ours",
        "ratio"))
    print("%-26s %6s  %29s  %25s" % ("", "", "instructions", "CPU us"))
    table = {}
    for kind in KINDS:
        table[kind.name] = measure(kind, rounds)
        show(kind, table[kind.name])
    sidebyside.save("bench_rxkad", {"kinds": table, "plot": [
        sidebyside.plotted_cpu("rxkad token, %s" % name, one, "OpenAFS")
        for name, one in table.items()]})
    return 1 if any(one.get("instructions_ratio", one["cpu_ratio"]) > LIMIT
                    for one in table.values()) else 0


if __name__ == "__main__":
    sys.exit(main())
