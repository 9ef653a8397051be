"""A second KDC of the same realm, fed by Heimdal's own iprop.

>>> with Realm(pkinit=True) as realm, Replica(realm) as second:
...     second.client.kinit("user", password=realm.password)
...     realm.add("new", password="x")
...     second.wait_in_sync()
"""

from . import ports
from .conf import merge, render
from .logs import Log
from .process import Daemon, RunError, run, wait_until
from .realm import Realm

_MASTER, _SLAVE = "localhost", "replica.localhost"


class Replica(Realm):
    """A Realm object whose database follows another's.

    kadmin on it is for reading; clients made from it ask its KDC.
    """

    def __init__(self, primary, **kw):
        kw.setdefault("pkinit", primary.pkinit)
        kw.setdefault("inst", primary.inst)
        sections = merge(primary.sections, {
            k: kw.pop(k) for k in list(kw) if isinstance(kw[k], dict)})
        super().__init__(primary.name, authority=primary.authority
                         if primary.pkinit else None, **kw, **sections)
        self.primary = primary
        self._ipropd = []

    def default_sections(self):
        return merge(super().default_sections(), {"kdc": {
            "database": {"mkey_file": self.primary.dir / "m-key"}}})

    def init_db(self):
        """Start replication, wait for the whole database."""
        keytab = self.primary.dir / "iprop.keytab"
        for host in (_MASTER, _SLAVE):
            self.primary.add("iprop/" + host)
            self.primary.ext_keytab("iprop/" + host, keytab)
        (self.primary.dir / "slaves").write_text(
            "iprop/%s@%s\n" % (_SLAVE, self.name))
        port = self._start_master(keytab)
        self._start_slave(keytab, port)
        self.wait_in_sync()

    def _start_master(self, keytab):
        conf = self.dir / "iprop-master.conf"
        base = merge(self.primary.default_sections(), self.primary.sections)
        conf.write_text(render(merge(base, {
            "kdc": {"iprop-acl": self.primary.dir / "slaves",
                    "iprop-stats": self.dir / "iprop-stats"},
            "logging": {"default":
                        "0-/FILE:%s" % (self.dir / "master.log")}})))
        port = ports.free_port()
        master = Daemon(
            [self.inst.program("ipropd-master"), "--hostname=" + _MASTER,
             "-k", "FILE:%s" % keytab, "--port=%d" % port,
             "--database=%s" % (self.primary.dir / "heimdal")],
            self.primary.daemon_env(conf), self.dir / "master.out",
            cwd=self.dir)
        self._ipropd.append(master)
        master.ready("ipropd-master listens",
                     lambda: ports.tcp_answers(port))
        return port

    def _start_slave(self, keytab, port):
        conf = self.dir / "iprop-slave.conf"
        base = merge(self.default_sections(), self.sections)
        conf.write_text(render(merge(base, {
            "realms": {self.name: {
                "kdc": "%s:%d" % (ports.LOOPBACK, self.primary.port)}},
            "logging": {"default":
                        "0-/FILE:%s" % (self.dir / "slave.log")}})))
        self._ipropd.append(Daemon(
            [self.inst.program("ipropd-slave"), "--hostname=" + _SLAVE,
             "-k", "FILE:%s" % keytab, "--port=%d" % port,
             "--status-file=%s" % (self.dir / "slave.status"), _MASTER],
            self.daemon_env(conf), self.dir / "slave.out", cwd=self.dir))

    def _version(self, realm):
        result = run([self.inst.program("iprop-log"), "last-version", "-n",
                      "--realm=" + self.name], realm.daemon_env(),
                     expect_code=None)
        digits = result.stdout.strip().split(" ")[-1] if result.ok else ""
        return int(digits) if digits.isdigit() else None

    def wait_in_sync(self, timeout=60):
        """Poll until the replica has the primary's last change."""
        def same():
            for daemon in self._ipropd:
                if not daemon.alive:
                    raise RunError("%s ended\n%s\n%s" % (
                        daemon.argv[0], daemon.said(),
                        Log(self.dir / "slave.log").tail()))
            there = self._version(self.primary)
            return there is not None and there == self._version(self)
        wait_until("replica in sync (%s)" % self.dir, same, timeout, 0.1)

    def stop(self):
        """Stop the KDC and the replication."""
        errors = []
        stops = [super().stop] + [d.stop for d in reversed(self._ipropd)]
        self._ipropd = []
        for stop in stops:
            try:
                stop()
            except RunError as err:
                errors.append(err)
        if errors:
            raise errors[0]

    def restart(self, **sections):
        """Restart the KDC; the replication goes on."""
        super().stop()
        self.sections = merge(self.sections, sections)
        self.write_conf()
        self.start()
