"""Kerberos clients: a configuration, a credential cache, the programs."""

from .install import Install
from .process import run


class Client:
    """Heimdal's client programs with an environment of their own.

    Every call returns a process.Result and takes expect_code / expect_msg.
    """

    def __init__(self, inst: Install, directory, conf, realm_name):
        self.inst = inst
        self.dir = directory
        self.conf = conf
        self.realm_name = realm_name
        self.ccache = "FILE:%s" % (directory / "ccache")
        self.more_env = {}
        self.dir.mkdir(exist_ok=True)

    @property
    def env(self):
        """The environment of the programs."""
        env = self.inst.env()
        env.update(
            KRB5_CONFIG=str(self.conf), KRB5CCNAME=self.ccache,
            KRB5_KTNAME="FILE:%s" % (self.dir / "keytab"),
            HOME=str(self.dir), HEIM_PIDFILE_DIR=str(self.dir) + "/")
        env.update(self.more_env)
        return env

    def run(self, program, *args, env=None, **kw):
        """Any program of the installation (or an absolute path)."""
        path = program if str(program).startswith("/") else \
            self.inst.program(program)
        return run([path, *args], dict(self.env, **(env or {})), **kw)

    def _full(self, principal):
        return principal if "@" in principal else \
            "%s@%s" % (principal, self.realm_name)

    def kinit(self, principal, *args, password=None, cert=None, keytab=None,
              **kw):
        """kinit with a password, a certificate (pki.Cert) or a keytab."""
        argv = ["--no-afslog", *args]
        if cert is not None:
            argv += ["-C", cert.identity]
        elif keytab is not None:
            argv += ["-k", "-t", str(keytab)]
        elif password is not None:
            argv += ["--password-file=STDIN"]
            kw.setdefault("stdin", password + "\n")
        return self.run("kinit", *argv, self._full(principal), **kw)

    def kgetcred(self, service, *args, **kw):
        """Get a service ticket."""
        return self.run("kgetcred", *args, self._full(service), **kw)

    def klist(self, *args, **kw):
        """List the credential cache."""
        return self.run("heimtools", "klist", *args, **kw)

    def kdestroy(self, **kw):
        """Empty the credential cache; no error when there is none."""
        kw.setdefault("expect_code", None)
        return self.run("kdestroy", **kw)


class MitClient(Client):
    """MIT's programs, same calls."""

    def kinit(self, principal, *args, password=None, cert=None, keytab=None,
              **kw):
        argv = list(args)
        if cert is not None:
            argv += ["-X", "X509_user_identity=" + cert.identity]
        elif keytab is not None:
            argv += ["-k", "-t", str(keytab)]
        elif password is not None:
            kw.setdefault("stdin", password + "\n")
        return self.run("kinit", *argv, self._full(principal), **kw)

    def kgetcred(self, service, *args, **kw):
        return self.run("kvno", *args, self._full(service), **kw)

    def klist(self, *args, **kw):
        return self.run("klist", *args, **kw)

    def trace(self, principal, *args, **kw):
        """kinit with KRB5_TRACE; the trace is in the Result's stdout."""
        kw["env"] = dict(kw.get("env") or {}, KRB5_TRACE="/dev/stdout")
        return self.kinit(principal, *args, **kw)
