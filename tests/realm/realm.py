"""A throwaway realm on loopback: database, KDC, clients, certificates."""

import os
import re
import shutil
import socket
import sys
import tempfile
from pathlib import Path

from . import install, keytab, pki, ports
from .client import Client, MitClient
from .conf import merge, render
from .logs import Log
from .process import Daemon, RunError, run

_START_TRIES = 5
_BARRIER = b"\x00\x00\x00"      # no request: the KDC only logs its length
_BARRIER_LINE = r"Failed processing 3 byte request from"


class Realm:
    """A realm with one KDC; a context manager.

    >>> with Realm(pkinit=True, kdc={"allow-anonymous": True}) as realm:
    ...     realm.add("alice", password="secret")
    ...     realm.client.kinit("alice", password="secret")
    ...     realm.log.assert_ordered([r"AS-REQ alice@"])

    There is a principal `user` (password `realm.password`, pre-authentication
    required) and a service `host/server.<realm>` with random keys.
    Keywords other than those named are krb5.conf sections, laid over the
    defaults (conf.merge: None removes an entry).
    """

    user = "user"
    password = "password"

    def __init__(self, name="EXT.TEST", pkinit=False, start=True, inst=None,
                 kdc_args=("--testing",), authority=None, **sections):
        self.name = name
        self.pkinit = pkinit
        self.inst = inst or install.under_test()
        self.kdc_args = list(kdc_args)
        self.sections = sections
        self._authority = authority
        self._start_at_once = start
        self._daemon = None
        self._log_start = 0
        self._clients = 0
        self.dir = self.port = self.log = self.client = None

    # -- life ---------------------------------------------------------

    def __enter__(self):
        self.dir = Path(tempfile.mkdtemp(prefix="realm-"))
        try:
            self._set_up()
        except BaseException:
            self._report()
            self._end_quietly()
            self.close()
            raise
        return self

    def __exit__(self, kind, value, trace):
        if kind is not None:
            self._report()
            self._end_quietly()
            self.close()
            return
        try:
            self.stop()
        finally:
            self.close()

    def _set_up(self):
        self.port = ports.free_port()
        self.conf = self.dir / "krb5.conf"
        self.write_conf()
        self.log = Log(self.dir / "kdc.log", self._settle, _BARRIER_LINE)
        self.client = self.new_client()
        self.init_db()
        if self._start_at_once:
            self.start()

    def init_db(self):
        """Make the database; a replica overrides this."""
        self.kadmin("init", "--realm-max-ticket-life=1day",
                    "--realm-max-renewable-life=1week", self.name)
        self.add(self.user, password=self.password,
                 attributes="requires-pre-auth")
        self.add(self.service)

    def close(self):
        """Remove the directory ($KEEP_REALMS=1 keeps it and says where)."""
        if os.environ.get("KEEP_REALMS"):
            print("kept: %s" % self.dir, file=sys.stderr)
        else:
            shutil.rmtree(self.dir, ignore_errors=True)

    def _report(self):
        if self.log and self.log.size():
            print("--- last lines of the KDC's log\n%s\n---" %
                  self.log.tail(40), file=sys.stderr)

    def _end_quietly(self):
        try:
            self.stop()
        except RunError as err:
            print(err, file=sys.stderr)

    # -- the KDC ------------------------------------------------------

    @property
    def running(self):
        """True while the KDC runs."""
        return self._daemon is not None and self._daemon.alive

    @property
    def pid(self):
        """The KDC's process id, None when it was not started."""
        return self._daemon.pid if self._daemon else None

    def start(self):
        """Start the KDC in the foreground, wait until it answers."""
        for left in reversed(range(_START_TRIES)):
            self._log_start = self.log.size()
            self._daemon = Daemon(
                [self.inst.program("kdc"), "--config-file=%s" % self.conf,
                 "--addresses=" + ports.LOOPBACK, "-P", str(self.port),
                 *self.kdc_args],
                self.daemon_env(), self.dir / "kdc.out", cwd=self.dir)
            try:
                self._daemon.ready("KDC listens", self._listening)
                return
            except RunError:
                if self._daemon.alive:
                    self._daemon.kill()
                if not left:
                    raise
                self.port = ports.free_port()
                self.write_conf()

    def _listening(self):
        """The KDC, and not another process, has bound UDP and TCP.

        Its own log says so: a bind that fails is a line, and the KDC goes
        on with the other transport.
        """
        lines = self.log.lines(self._log_start)
        if any(re.search(r"\bbind \S+/\d+", line) for line in lines):
            self._daemon.kill()
            return False
        return any("KDC started" in line for line in lines) and \
            ports.tcp_answers(self.port)

    def stop(self):
        """Stop the KDC; RunError if it did not end as it should."""
        daemon, self._daemon = self._daemon, None
        if daemon is not None:
            daemon.stop()

    def crash(self):
        """Kill the KDC."""
        daemon, self._daemon = self._daemon, None
        daemon.kill()

    def restart(self, **sections):
        """Stop, lay `sections` over the configuration, start again."""
        self.stop()
        self.sections = merge(self.sections, sections)
        self.write_conf()
        self.start()

    def daemon_env(self, conf=None):
        """Environment of daemons and of kadmin -l."""
        env = self.inst.env()
        env.update(KRB5_CONFIG=str(conf or self.conf), HOME=str(self.dir),
                   KRB5CCNAME="FILE:%s" % (self.dir / "daemon.ccache"),
                   HEIM_PIDFILE_DIR=str(self.dir) + "/")
        return env

    def _settle(self):
        """Return when the log says all it has to say about earlier requests.

        The KDC (one process) takes requests one after the other: send it
        three octets that are no request and wait for its line about them.
        """
        if not self.running:
            return
        before = self.log.size()
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            sock.sendto(_BARRIER, (ports.LOOPBACK, self.port))
        noise, self.log.noise = self.log.noise, None
        try:
            self._daemon.ready("answer to the barrier", lambda: any(
                noise.search(line) for line in self.log.lines(before)))
        finally:
            self.log.noise = noise

    # -- configuration ------------------------------------------------

    @property
    def domain(self):
        """The realm's DNS domain."""
        return self.name.lower()

    @property
    def service(self):
        """A service principal that exists."""
        return "host/server.%s@%s" % (self.domain, self.name)

    @property
    def authority(self):
        """The CA of the realm."""
        if self._authority is None:
            self._authority = pki.authority()
        return self._authority

    def default_sections(self):
        """krb5.conf before the caller's sections."""
        address = "%s:%d" % (ports.LOOPBACK, self.port)
        sections = {
            "libdefaults": {
                "default_realm": self.name,
                "no-addresses": True,
                "dns_lookup_kdc": False,
                "dns_lookup_realm": False,
                "dns_canonicalize_hostname": False,
                "rdns": False,
            },
            "realms": {self.name: {"kdc": address}},
            "domain_realm": {"." + self.domain: self.name,
                             self.domain: self.name,
                             "localhost": self.name,
                             ".localhost": self.name},
            "kdc": {
                "database": {
                    "dbname": self.dir / "heimdal",
                    "realm": self.name,
                    "mkey_file": self.dir / "m-key",
                    "acl_file": self.dir / "kadmind.acl",
                    "log_file": self.dir / "iprop.log",
                },
                "signal_socket": self.dir / "signal",
            },
            "hdb": {"db-dir": self.dir},
            "logging": {"kdc": "0-/FILE:%s" % (self.dir / "kdc.log"),
                        "krb5": "0-/FILE:%s" % (self.dir / "krb5.log"),
                        "default": "0-/FILE:%s" % (self.dir / "other.log")},
        }
        if self.pkinit:
            sections = merge(sections, {
                "appdefaults": {"pkinit_anchors": self.authority.anchors},
                "realms": {self.name: {
                    "pkinit_anchors": self.authority.anchors}},
                "kdc": {
                    "enable-pkinit": True,
                    "pkinit_identity":
                        self.authority.kdc(self.name).identity,
                    "pkinit_anchors": self.authority.anchors,
                },
            })
        return sections

    def write_conf(self):
        """Write krb5.conf, which KDC and default client share."""
        self.conf.write_text(render(
            merge(self.default_sections(), self.sections)))

    # -- database -----------------------------------------------------

    def kadmin(self, *args, **kw):
        """kadmin -l with the arguments given."""
        return run([self.inst.program("kadmin"), "-l", "-r", self.name,
                    *args], self.daemon_env(), **kw)

    def full(self, principal):
        """The principal with the realm, if it has none."""
        return principal if "@" in principal else \
            "%s@%s" % (principal, self.name)

    def add(self, principal, password=None, attributes=None):
        """Add a principal: password, or random keys without one."""
        args = ["-p", password] if password is not None else ["-r"]
        if attributes:
            args.append("--attributes=" + attributes)
        self.kadmin("add", "--use-defaults", *args, self.full(principal))

    def modify(self, principal, *args):
        """kadmin modify, e.g. "--attributes=+disallow-postdated"."""
        self.kadmin("modify", *args, self.full(principal))

    def change_keys(self, principal, keep_old=True):
        """New random keys for a principal."""
        self.kadmin("cpw", "-r", *(["--keepold"] if keep_old else []),
                    self.full(principal))

    def ext_keytab(self, principal, path=None):
        """Copy the keys of a principal to a keytab; its path."""
        path = Path(path or self.dir / (
            principal.split("@")[0].replace("/", "_") + ".keytab"))
        self.kadmin("ext_keytab", "-k", "FILE:%s" % path,
                    self.full(principal))
        return path

    def keys(self, principal):
        """All keys of a principal in the database: [keytab.Entry]."""
        path = self.dir / "keys.tmp"
        try:
            return keytab.read(self.ext_keytab(principal, path))
        finally:
            path.unlink()

    def krbtgt_key(self, etype=18):
        """The newest key of krbtgt/R@R of an encryption type."""
        return self.newest_key("krbtgt/" + self.name, etype)

    def newest_key(self, principal, etype=18):
        """A principal's newest key of an encryption type."""
        return max((e for e in self.keys(principal) if e.etype == etype),
                   key=lambda entry: entry.kvno)

    # -- clients ------------------------------------------------------

    def client_conf(self, name, kdc=None, **sections):
        """Write a krb5.conf for clients only; its path.

        kdc is the port (of a relay, another KDC) to ask instead of ours.
        """
        base = merge(self.default_sections(), self.sections)
        base.pop("kdc", None)
        base.pop("hdb", None)
        if kdc is not None:
            base = merge(base, {"realms": {self.name: {
                "kdc": "%s:%d" % (ports.LOOPBACK, kdc)}}})
        path = self.dir / name
        path.write_text(render(merge(base, sections)))
        return path

    def new_client(self, inst=None, kdc=None, **sections):
        """Another client: own cache, own krb5.conf if kdc or sections say
        so, own installation (`inst`, e.g. peers.heimdal_unpatched())."""
        self._clients += 1
        name = "client%d" % self._clients
        conf = self.conf
        inst = inst or self.inst
        if inst.libdefaults:
            sections = merge({"libdefaults": inst.libdefaults}, sections)
        if kdc is not None or sections:
            conf = self.client_conf(name + ".conf", kdc, **sections)
        kind = MitClient if inst.name == "mit" else Client
        return kind(inst, self.dir / name, conf, self.name)

    def cert(self, principal=None):
        """A client certificate for a principal of the realm."""
        return self.authority.client(self.full(principal or self.user))
