"""Run a program in a root directory of its own that has the system's in it,
but not its /etc and /var: python3 newroot.py ADDRESS ROOT PROGRAM ARGUMENT...

ROOT has an etc and a var already; all else is bound to the system's.
unshare(1) makes the namespaces of network and mounts, loopback.py the address.
"""

import os
import subprocess
import sys
from pathlib import Path

import loopback

_OWN = ("etc", "var", "vicepa")


def _bind(source, target):
    target.mkdir(exist_ok=True)
    subprocess.run(["mount", "--rbind", str(source), str(target)],
                   check=True)


def _fill(root):
    for entry in Path("/").iterdir():
        target = root / entry.name
        if entry.is_symlink() and not target.is_symlink():
            target.symlink_to(os.readlink(entry))
        elif entry.is_dir() and not entry.is_symlink() and \
                entry.name not in _OWN:
            _bind(entry, target)
    if Path("/var/tmp").is_dir():       # where TMPDIR may be
        _bind("/var/tmp", root / "var/tmp")


def main(argv):
    """Build the root, go there, become the program."""
    address, root = argv[0], Path(argv[1])
    for name in _OWN:
        (root / name).mkdir(exist_ok=True)
    _fill(root)
    os.chroot(root)
    os.chdir("/")
    loopback.main([address, *argv[2:]])


if __name__ == "__main__":
    main(sys.argv[1:])
