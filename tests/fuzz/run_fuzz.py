#!/usr/bin/env python3
"""Fuzz with libFuzzer: clang, and Debian's libclang-rt-*-dev.  See target.py.

usage: run_fuzz.py [SECONDS [TARGET...]]    each for as long on a processor
                                            (default: 60), as many at a time
                                            as there are; what they had before
                                            is counted; 0 runs their corpora
                                            once
       run_fuzz.py --keep [TARGET...]       write TARGET.corpus: what of the
                                            corpus reaches a place that no
                                            other input does
"""

import os
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from fuzz import (fuzz_client, fuzz_gss, fuzz_kdc,          # noqa: E402
                  fuzz_rxkad, fuzz_tgs)

TARGETS = {target.name: target for target in (
    fuzz_rxkad.TARGET, fuzz_gss.TARGET, fuzz_kdc.TARGET, fuzz_client.TARGET,
    fuzz_tgs.TARGET)}


def main():
    how, names = (sys.argv[1:2] or ["60"])[0], sys.argv[2:] or list(TARGETS)
    unknown = set(names) - set(TARGETS)
    if unknown:
        sys.exit("no such target: %s" % ", ".join(sorted(unknown)))
    if how == "--keep":
        for name in names:
            TARGETS[name].keep()
        return 0
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        found = list(pool.map(lambda name: TARGETS[name].run(int(how)),
                              names))
    return 1 if any(found) else 0


if __name__ == "__main__":
    sys.exit(main())
