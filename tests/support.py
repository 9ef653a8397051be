#!/usr/bin/env python3
"""support.py [--write]: the README's table of features and peers.

Nothing in it is written by hand: a cell has the suites of a feature that talk
to a peer, as their sources say.  t_support.py holds the README to it.
"""

import re
import sys
from pathlib import Path

TESTS = Path(__file__).resolve().parent
README = TESTS.parent / "README.md"
BEGIN = "<!-- tests/support.py --write -->"
END = "<!-- end -->"

# Feature, and its suites: the names of files, shell patterns.
FEATURES = [
    ("PKINIT freshness", "t_freshness* t_fresh*"),
    ("PKINIT groups, secrets, errors", "t_pkinit_dh*"),
    ("GSS loop, messages after it", "t_loop_peers t_mit_baseline "
     "test_loop_krb5"),
    ("SPNEGO", "t_spnego_peers test_loop_spnego"),
    ("Extra context tokens", "t_extra_tokens t_sequences t_extra_pairings "
     "t_extra_not_mutual t_extra_options"),
    ("Recovery from errors", "t_extra_recovery t_extra_path"),
    ("Wrong clocks", "t_clock"),
    ("Replay cache", "t_replay_mit test_replay_cache"),
    ("FILE caches read in blocks", "t_ccache_reads test_ccache_reads"),
    ("Early messages", "t_early_messages t_early_mit"),
    ("User-to-user", "t_user2user*"),
    ("[MS-KILE] keys, checksums", "t_kile_acceptor t_rejoin t_impacket"),
    ("Channel bindings", "t_channel_bindings test_bindings"),
    ("rxkad 2b, keys of AFS servers", "t_rxkad_token t_openafs* "
     "t_rxkad_differential"),
    ("krb524", "t_krb524 t_krb524_client "
     "t_openafs_afslog t_openafs_aklog"),
]

# Peer, and what a test that talks to it has in its source.
PEERS = [
    ("this Heimdal", r""),
    ("Heimdal 7.8", r"\bpeers\.heimdal_unpatched\b"),
    ("MIT krb5", r"\bpeers\.mit\b"),
    ("OpenJDK", r"\bpeers\.java\b"),
    ("impacket", r"\bpeers\.impacket\b"),
    ("OpenAFS", r"\bpeers\.openafs\b|(?m:^from realm import .*\bafs\b)"),
]


def suites(patterns):
    """The files of a feature."""
    found = {p for pattern in patterns.split() for end in (".py", ".c")
             for p in TESTS.glob("*/" + pattern + end)}
    return sorted(found, key=lambda p: (p.name, p))


def talks_to_others(text):
    return any(re.search(mark, text) for _, mark in PEERS[1:])


def cell(files, mark):
    """The suites of those that talk to a peer; to itself: those that have no
    other peer."""
    names = []
    for path in files:
        text = path.read_text()
        if re.search(mark, text) if mark else not talks_to_others(text):
            names.append("[%s](%s)" % (path.stem.split("_", 1)[1],
                                       path.relative_to(TESTS.parent)))
    return ", ".join(names)


def table():
    """The lines of the table."""
    peers = [name for name, _ in PEERS]
    lines = ["| | " + " | ".join(peers) + " |",
             "|" + "---|" * (len(peers) + 1)]
    for feature, patterns in FEATURES:
        files = suites(patterns)
        lines.append("| %s | %s |" % (feature, " | ".join(
            cell(files, mark) for _, mark in PEERS)))
    return lines


def section():
    return "\n".join([BEGIN, *table(), END])


def main():
    text = README.read_text()
    if "--write" not in sys.argv[1:]:
        print("\n".join(table()))
        return
    start, end = text.index(BEGIN), text.index(END) + len(END)
    README.write_text(text[:start] + section() + text[end:])


if __name__ == "__main__":
    main()
