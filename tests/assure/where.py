#!/usr/bin/env python3
"""Read what the fault programs print, and say in functions and lines where an
allocation has failed and where the program has crashed.

usage: test_faults_gss | where.py [--sum]       --sum counts by place
"""

import collections
import re
import subprocess
import sys

ALLOCATORS = re.compile(
    r"fault|malloc|calloc|realloc|strdup|asprintf|\?\?|_estrdup|emalloc|"
    r"__GI_|abort|__pthread|raise|__mem|__str|__libc_message|_int_free")
PLACE = re.compile(r"(\S+)\+(0x[0-9a-f]+)")


def frames(line, cache):
    """Function (file:line) of each frame."""
    out = []
    for library, offset in PLACE.findall(line):
        key = library, offset
        if key not in cache:
            text = subprocess.run(
                ["addr2line", "-f", "-s", "-e", library,
                 hex(int(offset, 16) - 1)], stdout=subprocess.PIPE,
                check=False).stdout.decode().split("\n")
            cache[key] = "%s (%s)" % (text[0], text[1].split(" ")[0]) \
                if len(text) > 1 else "??"
        out.append(cache[key])
    return [f for f in out if not ALLOCATORS.match(f)]


def main():
    cache, told = {}, ""
    count = collections.Counter()
    for line in sys.stdin:
        line = line.rstrip("\n")
        if not re.match(r"  (failed|crashed|left) ", line):
            told = line
            if "--sum" not in sys.argv:
                print(line)
            continue
        where = frames(line, cache)
        if "--sum" not in sys.argv:
            print("  %s %s" % (line.split()[0], " < ".join(where)))
        elif line.startswith("  crashed") or \
                (line.startswith("  failed") and "it ends" not in told):
            why = re.sub(r".*FAULT_ONLY=\d+( of \d+)?: ", "", told)
            count["%s: %s" % (why, " < ".join(where[:4]))] += 1
    for place, number in count.most_common():
        print("%5d %s" % (number, place))


if __name__ == "__main__":
    main()
