#!/usr/bin/env python3
"""All benchmarks in one go: unpatched Heimdal, ours, and MIT krb5 side by side.

Runs each part (bench_*.py of this directory: see sidebyside.py for what makes
one), one after the other, with its tables on standard output; then writes

  $BUILD_DIR/log/bench.json     what was measured, and the figures of all parts
  $BUILD_DIR/log/bench.svg      the ratios, as a picture; wants gnuplot

Two installations to compare with are built first, below $BUILD_DIR/bench: the
base as it is with our flags (BENCH_PLAIN_PREFIX= names another), which tells
the patches from the compiler, and ours with the other provider
(BENCH_OTHER_PREFIX=).

usage: run.py [--rounds N] [--svg FILE] [--no-build] [--plot-only] [PART...]
               PART is part of a name; the other parts' figures stay what they
               were, if it is the same build
               --rounds is for parts that take [ROUNDS] as their first argument
               --no-build does without what is not at hand: the
               distribution's is the unpatched one, bench_crypto is left out
               --plot-only makes the picture from an earlier bench.json

Exit status 1 when a part's is not 0.
"""

import argparse
import ast
import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import sidebyside
from realm import install

HERE = Path(__file__).resolve().parent
INSTALL = "no gnuplot, so no picture: apt-get install gnuplot-nox"

PLOT = """set terminal svg size 900,%(height)d font "sans-serif,11" background "white"
set output "%(svg)s"
set title "%(title)s"
set xlabel "ratio, with 5 %% to 95 %% of resampled runs"
set logscale x 2
set xtics (0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10)
set xrange [%(left)g:%(right)g]
set yrange [%(rows)d:-1] noreverse
set lmargin %(margin)d
set grid x
set arrow from 1, graph 0 to 1, graph 1 nohead lw 2 lc rgb "#888888"
set key off
set ytics font ",9" (%(tics)s)
plot "$rows" using 1:4:2:3 with xerrorbars pt 7 ps 0.5 lc rgb "#1f77b4"
"""


def build(name, *options):
    """The prefix of an installation that build.sh makes."""
    where = install.build_dir() / "bench" / name
    print("== building %s" % where, flush=True)
    sources = str(install.build_dir() / "download")
    subprocess.run([str(install.ROOT / "build.sh"), "--build-dir", str(where),
                    *options], check=True,
                   env=dict(os.environ, HEIMDAL_SOURCES=sources))
    return str(where / "install")


def build_programs():
    """The C programs that parts run."""
    for place, *targets in (("tests/ext", "check", "TESTS="),
                            ("kdc", "test_freshness")):
        subprocess.run(["make", "-s", "-C",
                        str(install.build_dir() / "obj" / place), *targets],
                       check=True, stdout=subprocess.DEVNULL)


def build_missing():
    """Builds the installations that the environment does not name."""
    if not os.environ.get("BENCH_PLAIN_PREFIX"):
        os.environ["BENCH_PLAIN_PREFIX"] = build("unpatched", "--unpatched")
    if not os.environ.get("BENCH_OTHER_PREFIX"):
        ours = sidebyside.measured()["cryptography"]
        other = "internal" if ours.startswith("OpenSSL") else "openssl"
        os.environ["BENCH_OTHER_PREFIX"] = build(other, "--crypto", other)


def parts(words):
    """The programs whose name has one of words; all without any."""
    found = sorted(HERE.glob("bench_*.py"))
    if not os.environ.get("BENCH_OTHER_PREFIX"):
        found = [p for p in found if p.name != "bench_crypto.py"]
    return [p for p in found if not words or any(w in p.name for w in words)]


def takes_rounds(path):
    """Whether a part's usage says so."""
    text = ast.get_docstring(ast.parse(path.read_text())) or ""
    return "usage: %s [ROUNDS]" % path.name in text


def run_part(path, rounds):
    """Its exit status and its figures."""
    target = install.build_dir() / "log" / (path.stem + ".json")
    began = time.time()
    argv = [sys.executable, str(path)]
    if rounds and takes_rounds(path):
        argv.append(str(rounds))
    print("== %s" % path.stem, flush=True)
    status = subprocess.run(argv, check=False).returncode
    written = target.exists() and target.stat().st_mtime >= began - 1
    return status, json.loads(target.read_text()) if written else None


def plotted(figures):
    """The rows that a part has for the picture."""
    rows = figures.get("plot", []) if isinstance(figures, dict) else []
    return [row for row in rows if row["ratio"] > 0]


def quoted(text):
    """For gnuplot."""
    return '"%s"' % text.replace("_", "\\\\_").replace('"', "'")


def draw(result, svg):
    """The picture; False without gnuplot."""
    rows = [row for figures in result["parts"].values()
            for row in plotted(figures)]
    if not rows:
        return True
    if not shutil.which("gnuplot"):
        return False
    labels = ["%s (to %s)" % (row["label"], row["to"]) for row in rows]
    values = [row[key] for row in rows for key in ("low", "high")]
    data = "".join("%g %g %g %d\n" % (
        row["ratio"], row["low"], row["high"], number)
        for number, row in enumerate(rows))
    script = "$rows << EOD\n%sEOD\n" % data + PLOT % {
        "svg": svg, "height": 110 + 17 * len(rows), "rows": len(rows),
        "title": "%s\\nunpatched: %s" % (
            result["measured"]["cryptography"],
            result["measured"]["unpatched"]),
        "left": min(values + [1]) * 0.8, "right": max(values + [1]) * 1.25,
        "margin": min(60, max(map(len, labels)) * 0.75), "tics": ", ".join(
            "%s %d" % (quoted(label), number)
            for number, label in enumerate(labels))}
    subprocess.run(["gnuplot"], input=script, universal_newlines=True,
                   check=True)
    return True


def earlier(target, measured):
    """The figures of earlier runs of the same build, and which were bad."""
    try:
        result = json.loads(target.read_text())
    except FileNotFoundError:
        result = {}
    if result.get("measured") == measured:
        return result
    return {"measured": measured, "parts": {}, "failed": []}


def run(words, rounds, target):
    """{measured, parts, failed}, with a run of some parts."""
    result = earlier(target, sidebyside.measured())
    for word, text in result["measured"].items():
        print("%-13s %s" % (word, text))
    for path in parts(words):
        status, figures = run_part(path, rounds)
        result["parts"][path.stem] = figures
        result["failed"] = [name for name in result["failed"]
                            if name != path.stem]
        if status:
            result["failed"].append(path.stem)
    return result


def main():
    parser = argparse.ArgumentParser(usage=__doc__.split("usage: ")[1])
    parser.add_argument("--rounds", type=int)
    parser.add_argument("--svg")
    parser.add_argument("--no-build", action="store_true")
    parser.add_argument("--plot-only", action="store_true")
    parser.add_argument("parts", nargs="*")
    arguments = parser.parse_args()
    log = install.build_dir() / "log"
    target = log / "bench.json"
    if arguments.plot_only:
        result = json.loads(target.read_text())
    else:
        if not arguments.no_build:
            build_programs()
            build_missing()
        result = run(arguments.parts, arguments.rounds, target)
        sidebyside.save("bench", result)
    svg = arguments.svg or log / "bench.svg"
    print("\n%s\n%s" % (target, svg if draw(result, svg) else INSTALL))
    print("worse than they may be: %s" % (", ".join(result["failed"]) or
                                          "none"))
    return 1 if result["failed"] else 0


if __name__ == "__main__":
    sys.exit(main())
