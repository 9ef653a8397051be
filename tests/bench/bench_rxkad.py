#!/usr/bin/env python3
"""What a server's verdict on a token of rxkad costs, by number, enctype and length.

tests/rxkad/bench_rxkad.c makes a token and has librxkad-2b decide on it: DER, key, decryption, name, times, transited
realms, rxkad-kdf. CPU time of the whole process, medians of TURNS turns that the kinds take one after the other;
spread: the middle half of the turns.

The table is printed, and written to $BUILD_DIR/log/bench_rxkad.json.

usage: bench_rxkad.py [TURNS]               default 15
"""

import json
import statistics
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from realm.install import base_env, build_dir               # noqa: E402

KINDS = [(number, etype, length) for number in (213, 256) for etype in (18, 17, 20, 16, 23, 1)
         for length in (300, 1250, 8440) if number == 213 or (etype, length) == (18, 300)]
NAMES = {18: "aes256-sha1", 17: "aes128-sha1", 20: "aes256-sha384", 16: "des3", 23: "rc4", 1: "des-crc"}
TURN = 0.03                                                 # seconds of a turn


class Program:
    """One bench_rxkad: a token, and how often it is decided on in a turn."""

    def __init__(self, path, number, etype, length):
        self.process = subprocess.Popen([path, str(number), str(etype), str(length)], env=base_env(), text=True,
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.octets, self.turns, self.calls = 0, [], 10
        while self.run() < TURN * 1e9 / 3:
            self.calls *= 2

    def run(self):
        print(self.calls, file=self.process.stdin, flush=True)
        spent, self.octets = map(int, self.process.stdout.readline().split())
        return spent

    def turn(self):
        self.turns.append(self.run() / self.calls)

    def close(self):
        self.process.stdin.close()
        self.process.wait()


def main():
    turns = int(sys.argv[1]) if len(sys.argv) > 1 else 15
    place = build_dir() / "obj/tests/ext/rxkad"
    subprocess.run(["make", "-C", place, "bench_rxkad"], check=True, stdout=subprocess.DEVNULL)
    programs = {kind: Program(place / "bench_rxkad", *kind) for kind in KINDS}
    for _ in range(turns):
        for program in programs.values():
            program.turn()
    rows = []
    print("%-7s %-14s %7s %10s %s" % ("number", "service key", "octets", "us", "spread"))
    for (number, etype, _), program in programs.items():
        program.close()
        low, middle, high = (v / 1000 for v in statistics.quantiles(program.turns, n=4))
        print("%-7d %-14s %7d %10.1f %.1f-%.1f" % (number, NAMES[etype], program.octets, middle, low, high))
        rows.append({"number": number, "etype": etype, "octets": program.octets, "us": middle})
    (build_dir() / "log/bench_rxkad.json").write_text(json.dumps(rows, indent=1))


if __name__ == "__main__":
    main()
