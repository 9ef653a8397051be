"""Packages of a Debian-like distribution, unpacked without installing them.

Nothing of the system is changed: packages are downloaded as a user may and
unpacked with dpkg-deb below a directory of ours.  When the system has no
package lists, lists of our own are fetched from the sources it names.
"""

import os
import re
import shutil
import subprocess
from pathlib import Path


class Unavailable(Exception):
    """The packages cannot be had; the reason is the text."""


def _call(argv, **kw):
    try:
        done = subprocess.run(
            argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, timeout=120, check=False,
            env=dict(os.environ, LC_ALL="C", DEBIAN_FRONTEND="noninteractive"),
            **kw)
    except FileNotFoundError:
        raise Unavailable("no program %s" % argv[0]) from None
    except subprocess.TimeoutExpired:
        raise Unavailable("%s took more than 120 s" % argv[0]) from None
    text = done.stdout.decode(errors="replace")
    if done.returncode:
        raise Unavailable("%s: %s" % (
            " ".join(argv[:1] + argv[-2:]),
            " / ".join(text.strip().splitlines()[-2:])))
    return text


class Apt:
    """apt with the system's lists, or with lists below `state`."""

    def __init__(self, state):
        self._state = Path(state)
        self._options = []

    def _private_lists(self, *more):
        lists, cache = self._state / "lists", self._state / "cache"
        (lists / "partial").mkdir(parents=True, exist_ok=True)
        (cache / "archives" / "partial").mkdir(parents=True, exist_ok=True)
        self._options = [
            "-o", "Dir::State::Lists=%s" % lists,
            "-o", "Dir::Cache=%s" % cache,
            "-o", "APT::Sandbox::User=",
            "-o", "Acquire::http::Timeout=20", "-o", "Acquire::Retries=1",
            *more]
        _call(["apt-get", *self._options, "-q", "update"])

    def _graph(self, roots):
        """{package: [dependency, ...]}, of alternatives the first."""
        text = _call(["apt-cache", *self._options, "depends", "--recurse",
                      "--no-recommends", "--no-suggests", "--no-conflicts",
                      "--no-breaks", "--no-replaces", "--no-enhances",
                      *roots])
        graph, current, skip = {}, None, False
        for line in text.splitlines():
            if not line.startswith(" "):
                current = graph.setdefault(line.strip(), [])
                skip = False
                continue
            found = re.match(r" ([ |])(?:Pre)?Depends: (\S+)", line)
            if not found:
                continue
            if not skip and not found.group(2).startswith("<"):
                current.append(found.group(2).split(":")[0])
            skip = found.group(1) == "|"
        return graph

    def graph(self, roots):
        """{package: [dependency, ...]} of the roots and all below them."""
        try:
            return self._graph(roots)
        except Unavailable:
            self._private_lists()
            return self._graph(roots)

    def wanted(self, roots, family):
        """The roots, and the libraries below them that match `family` or
        are not installed."""
        graph = self.graph(roots)
        out, queue = [], list(roots)
        while queue:
            package = queue.pop(0)
            if package in out:
                continue
            out.append(package)
            queue += [dep for dep in graph.get(package, ())
                      if dep in graph and dep.startswith("lib") and
                      (re.match(family, dep) or not installed(dep))]
        return out

    def _source_lists(self):
        """apt's own entries as sources of source packages, in private."""
        parts = self._state / "source-parts"
        parts.mkdir(parents=True, exist_ok=True)
        etc = Path("/etc/apt")
        lines, stanzas = [], []
        for path in [etc / "sources.list",
                     *sorted(etc.glob("sources.list.d/*"))]:
            text = path.read_text() if path.is_file() else ""
            if path.suffix == ".list":
                lines += re.findall(r"^deb(?:-src)?\s(.*)$", text, re.M)
            elif path.suffix == ".sources":
                stanzas.append(re.sub(r"^Types:.*$", "Types: deb-src", text,
                                      flags=re.M))
        (parts / "private.list").write_text(
            "".join("deb-src %s\n" % line for line in sorted(set(lines))))
        (parts / "private.sources").write_text("\n".join(stanzas))
        try:
            self._private_lists("-o", "Dir::Etc::SourceList=/dev/null",
                                "-o", "Dir::Etc::SourceParts=%s" % parts)
        except Unavailable:             # one that is not Debian's may fail
            pass

    def source(self, package, directory):
        """Unpack what upstream's part of a source package holds."""
        directory = Path(directory)
        tmp = directory.with_name(directory.name + ".tmp")
        shutil.rmtree(tmp, ignore_errors=True)
        root = tmp / "root"
        root.mkdir(parents=True)
        self._source_lists()
        try:
            _call(["apt-get", *self._options, "-q", "source",
                   "--download-only", "--tar-only", package], cwd=str(tmp))
        except Unavailable:
            shutil.rmtree(tmp)
            raise
        for tar in tmp.glob("*.orig.tar.*"):
            _call(["tar", "-x", "--strip-components=1", "-C", str(root),
                   "-f", str(tar)])
            tar.unlink()
        tmp.rename(directory)

    def unpack(self, packages, directory):
        """Download packages and unpack them; all or nothing."""
        directory = Path(directory)
        tmp = directory.with_name(directory.name + ".tmp")
        shutil.rmtree(tmp, ignore_errors=True)
        debs, root = tmp / "debs", tmp / "root"
        debs.mkdir(parents=True)
        root.mkdir()
        try:
            _call(["apt-get", *self._options, "-q", "-o",
                   "APT::Sandbox::User=", "download", *packages],
                  cwd=str(debs))
        except Unavailable:
            if self._options:
                raise
            self._private_lists()       # the system's are out of date
            _call(["apt-get", *self._options, "-q", "download", *packages],
                  cwd=str(debs))
        for deb in sorted(debs.glob("*.deb")):
            _call(["dpkg-deb", "-x", str(deb), str(root)])
        _relink(root)
        (tmp / "packages").write_text(
            "".join("%s\n" % d.name for d in sorted(debs.glob("*.deb"))))
        shutil.rmtree(debs)
        tmp.rename(directory)


def _relink(root):
    """Let links to what was unpacked lead there and not to the system."""
    for directory, names, files in os.walk(root):
        for path in (Path(directory, name) for name in names + files):
            if path.is_symlink() and os.readlink(path).startswith("/"):
                target = root / os.readlink(path).lstrip("/")
                if os.path.lexists(target):
                    path.unlink()
                    path.symlink_to(os.path.relpath(target, path.parent))


def installed(package):
    """True when dpkg has the package installed."""
    try:
        return "install ok installed" in _call(
            ["dpkg-query", "-W", "-f", "${Status}", package])
    except Unavailable:
        return False
