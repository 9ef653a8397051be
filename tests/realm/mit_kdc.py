"""A realm served by MIT's krb5kdc."""

from pathlib import Path

from . import ports
from .conf import merge, render
from .process import Daemon, RunError, run
from .realm import Realm


class MitRealm(Realm):
    """Like Realm, with MIT's KDC (`mit`: peers.mit()).

    `kdc_conf` is laid over kdc.conf, `kdc_realm` over its [realms] entry,
    e.g. kdc_realm={"pkinit_require_freshness": True}.  The default client is
    the Heimdal under test; realm.new_client(mit) gives MIT's.
    """

    def __init__(self, mit, name="MIT.TEST", kdc_realm=None, kdc_conf=None,
                 **kw):
        super().__init__(name, **kw)
        self.mit = mit
        self._kdc_realm = kdc_realm or {}
        self._kdc_conf = kdc_conf or {}

    def default_sections(self):
        sections = super().default_sections()
        for name in ("kdc", "hdb"):
            sections.pop(name, None)
        plugins = self.mit.libdefaults.get("plugin_base_dir")
        if plugins:
            sections["libdefaults"]["plugin_base_dir"] = plugins
            sections["dbmodules"] = {"db_module_dir": plugins / "kdb"}
        sections["logging"]["kdc"] = "FILE:%s" % (self.dir / "kdc.log")
        sections["logging"]["default"] = "FILE:%s" % (self.dir / "mit.log")
        return sections

    def write_conf(self):
        super().write_conf()
        entry = {
            "database_name": self.dir / "principal",
            "key_stash_file": self.dir / "stash",
            "acl_file": self.dir / "kadm5.acl",
            "supported_enctypes":
                "aes256-cts:normal aes128-cts:normal",
            "max_life": "1d", "max_renewable_life": "7d",
        }
        if self.pkinit:
            entry["pkinit_identity"] = self.authority.kdc(
                self.name).identity
            entry["pkinit_anchors"] = self.authority.anchors
        where = "%s:%d" % (ports.LOOPBACK, self.port)
        (self.dir / "kdc.conf").write_text(render(merge({
            "kdcdefaults": {"kdc_listen": where, "kdc_tcp_listen": where},
            "realms": {self.name: merge(entry, self._kdc_realm)},
        }, self._kdc_conf)))

    def init_db(self):
        self.log.settle = None          # krb5kdc logs, then answers
        self._mit("kdb5_util", "-r", self.name, "-P", "master", "create",
                  "-s", timeout=120)
        self.add(self.user, password=self.password,
                 attributes="+requires_preauth")
        self.add(self.service)

    def daemon_env(self, conf=None):
        env = dict(super().daemon_env(conf), **self.mit.env())
        env.update(KRB5_KDC_PROFILE=str(self.dir / "kdc.conf"),
                   KRB5RCACHEDIR=str(self.dir))
        return env

    def _mit(self, program, *args, **kw):
        return run([self.mit.program(program), *args], self.daemon_env(),
                   cwd=str(self.dir), **kw)

    def kadmin(self, *args, **kw):
        """kadmin.local with one query: kadmin("getprinc", "user")."""
        result = self._mit("kadmin.local", "-r", self.name, *args, **kw)
        if "while " in result.stderr and kw.get("expect_code", 0) == 0:
            raise RunError("kadmin.local\n%s" % result)
        return result

    def add(self, principal, password=None, attributes=None):
        args = ["-pw", password] if password is not None else ["-randkey"]
        self.kadmin("addprinc", *args, *([attributes] if attributes else []),
                    self.full(principal))

    def modify(self, principal, *args):
        self.kadmin("modprinc", *args, self.full(principal))

    def change_keys(self, principal, keep_old=True):
        self.kadmin("cpw", "-randkey", *(["-keepold"] if keep_old else []),
                    self.full(principal))

    def ext_keytab(self, principal, path=None):
        path = Path(path or self.dir / (
            principal.split("@")[0].replace("/", "_") + ".keytab"))
        self.kadmin("ktadd", "-norandkey", "-k", str(path),
                    self.full(principal))
        return path

    def start(self):
        """Start krb5kdc in the foreground, wait until it answers."""
        for left in reversed(range(5)):
            self._log_start = self.log.size()
            self._daemon = Daemon(
                [self.mit.program("krb5kdc"), "-n", "-r", self.name,
                 "-P", self.dir / "krb5kdc.pid"],
                self.daemon_env(), self.dir / "kdc.out", cwd=self.dir)
            try:
                self._daemon.ready("krb5kdc listens", self._listening)
                return
            except RunError:
                if self._daemon.alive:
                    self._daemon.kill()
                if not left:
                    raise
                self.port = ports.free_port()
                self.write_conf()

    def restart(self, kdc_realm=None, **sections):
        """Stop, change kdc.conf's [realms] entry or krb5.conf, start."""
        self._kdc_realm = merge(self._kdc_realm, kdc_realm or {})
        super().restart(**sections)

    def _listening(self):
        return any("commencing operation" in line for line in
                   self.log.lines(self._log_start)) and \
            ports.tcp_answers(self.port)
