"""What the benchmarks share: implementations beside each other, turns, ratios.

A part is a program bench_*.py of this directory.  It prints its tables, writes
figures with save() to $BUILD_DIR/log/<name of the part>.json, and ends with 1 if
something is worse than it may be.  run.py runs whatever parts there are.  If a
part's JSON has a list "plot" of plotted() rows, they are in the picture.
"""

import collections
import json
import os
import random
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import peers                                                # noqa: E402
from realm import install                                   # noqa: E402
from realm.loop import library_env                          # noqa: E402

HEIMDAL = ("libgssapi.so.3", "libkrb5.so.26")
MIT = ("libgssapi_krb5.so.2", "libkrb5.so.3")

Implementation = collections.namedtuple("Implementation",
                                        "name inst libraries")


def unpatched():
    """An unpatched Heimdal built with our flags, under $BENCH_PLAIN_PREFIX;
    without that the distribution's."""
    prefix = os.environ.get("BENCH_PLAIN_PREFIX")
    return install.Install.from_prefix(prefix) if prefix else \
        peers.heimdal_unpatched()


def implementations():
    """Those that can be had here; ours is the last."""
    found = []
    for name, get, libraries in (("unpatched", unpatched, HEIMDAL),
                                 ("MIT", peers.mit, MIT)):
        try:
            found.append(Implementation(name, get(), libraries))
        except unittest.SkipTest as err:
            print(err, file=sys.stderr)
    return found + [Implementation("ours", install.under_test(), HEIMDAL)]


def environment(client, inst, **more):
    """Of a program that runs with the libraries of inst."""
    return dict(client.env, **library_env(inst), **more)


class Program:
    """A bench_* program: a line asks, a line answers."""

    def __init__(self, argv, env):
        self.argv, self.env = argv, env
        self._process = subprocess.Popen(
            argv, env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            universal_newlines=True, bufsize=1)
        self.pid = self._process.pid

    def say(self, line):
        """Ask without waiting."""
        self._process.stdin.write("%s\n" % line)

    def hear(self):
        """The fields of the next answer."""
        fields = self._process.stdout.readline().split()
        if not fields:
            raise SystemExit("%s failed" % " ".join(self.argv))
        return fields

    def ask(self, line):
        """The fields of the answer."""
        self.say(line)
        return self.hear()

    def end(self):
        """No more questions."""
        self._process.communicate()

    def rss(self):
        """KiB."""
        status = Path("/proc/%d/status" % self.pid).read_text()
        return int(re.search(r"^VmRSS:\s+(\d+)", status, re.M).group(1))

    def instructions(self, functions, before, counted):
        """Instructions of a call within functions, and what they call, when
        the program is asked for `counted` more calls than the `before` that it
        was asked for; in processes of their own.  None without valgrind."""
        if not shutil.which("valgrind"):
            return None
        few, many = (self._total(functions, number)
                     for number in (before, before + counted))
        return round((many - few) / counted)

    def _total(self, functions, number):
        with tempfile.TemporaryDirectory() as directory:
            out = Path(directory) / "out"
            subprocess.run(
                ["valgrind", "-q", "--tool=callgrind",
                 "--callgrind-out-file=%s" % out,
                 *("--toggle-collect=%s*" % name for name in functions),
                 *self.argv],
                env=self.env, input=b"%d\n" % number,
                stdout=subprocess.DEVNULL, check=True, timeout=1200)
            return int(re.search(r"^totals: (\d+)", out.read_text(),
                                 re.M).group(1))


def in_turns(things, rounds, turn):
    """Call turn(thing) for each, so often; who begins changes."""
    things = list(things)
    for number in range(rounds):
        first = number % len(things)
        for thing in things[first:] + things[:first]:
            turn(thing)


def spread(one, base, rounds=1000):
    """5 % and 95 % of the ratio of medians over resampled runs."""
    rng = random.Random(1)
    ratios = sorted(statistics.median(rng.choices(one, k=len(one))) /
                    statistics.median(rng.choices(base, k=len(base)))
                    for _ in range(rounds))
    return ratios[rounds // 20], ratios[-rounds // 20]


def compared(one, base, name="cpu"):
    """{name_ratio, name_ratio_5_95} of samples, JSON's form."""
    return {"%s_ratio" % name: round(statistics.median(one) /
                                     statistics.median(base), 3),
            "%s_ratio_5_95" % name: [round(r, 3) for r in spread(one, base)]}


def plotted(label, ratio, low=None, high=None, to="MIT"):
    """A row of the picture: a ratio, and how far it may be off."""
    return {"label": label, "ratio": ratio, "low": ratio if low is None
            else low, "high": ratio if high is None else high, "to": to}


def plotted_cpu(label, figures, to="MIT"):
    """The same of what compared() gave."""
    return plotted(label, figures["cpu_ratio"], *figures["cpu_ratio_5_95"],
                   to=to)


def save(name, data):
    """Write a part's figures."""
    target = install.build_dir() / "log" / (name + ".json")
    target.parent.mkdir(exist_ok=True)
    target.write_text(json.dumps(data, indent=1) + "\n")


def provider(prefix):
    """Whose cryptography the libhcrypto under prefix has."""
    for path in sorted(Path(prefix).glob("lib*/libhcrypto.so.*")):
        found = re.search(rb"libcrypto\.so[.0-9]*", path.read_bytes())
        return "OpenSSL, %s" % found.group().decode() if found \
            else "Heimdal's own hcrypto"
    return "unknown"


def measured():
    """What the figures are of, {word: text}."""
    build = install.build_dir()
    prefix = os.environ.get("HEIMDAL_PREFIX") or build / "install"
    stamp = build / "stamp" / "configure"
    plain = os.environ.get("BENCH_PLAIN_PREFIX")
    return {"build": str(Path(prefix).name),
            "configured": stamp.read_text().strip() if stamp.exists()
            else "unknown",
            "cryptography": provider(prefix),
            "unpatched": "built with the same flags, %s" % provider(plain)
            if plain else "the distribution's",
            "processors": str(os.cpu_count())}
