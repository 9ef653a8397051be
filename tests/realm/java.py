"""The JDK's own GSS-API: interop/java/GssPeer.java as initiator and acceptor
that print the lines of realm.loop."""

import re
import subprocess

from . import install
from .loop import Line, lines
from .process import Daemon, run

_SOURCE = install.TESTS / "interop" / "java" / "GssPeer.java"
_QUIET = "-XX:-UsePerfData"             # leaves nothing in /tmp
# small and quick to start; the JDK's own Kerberos, which logs in by itself
_OPTIONS = (_QUIET, "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-Xmx128m",
            "-Dsun.security.jgss.native=false",
            "-Djavax.security.auth.useSubjectCredsOnly=false")
_LOGIN = """\
com.sun.security.jgss.krb5.initiate {
    com.sun.security.auth.module.Krb5LoginModule required
    useTicketCache=true doNotPrompt=true ticketCache="%(ccache)s";
};
com.sun.security.jgss.krb5.accept {
    com.sun.security.auth.module.Krb5LoginModule required
    useKeyTab=true storeKey=true doNotPrompt=true isInitiator=false
    keyTab="%(keytab)s" principal="%(service)s";
};
"""


class Java:
    """GssPeer, compiled into a client's directory, with that client's
    credential cache, the keytab and the service principal.

    `client` is one of Realm.new_client(), whose programs are not used.
    """

    def __init__(self, inst, client, keytab, service):
        self.client, self.service = client, service
        self.dir = client.dir / "java"
        self.dir.mkdir(exist_ok=True)
        self.env = install.base_env()
        self.env.pop("LD_PRELOAD", None)        # a sanitizer's
        classes = self.dir / "classes"
        if not classes.exists():
            run([inst.program("javac"), "-J" + _QUIET, "-d", classes,
                 _SOURCE], self.env)
        login = self.dir / ("login%d.conf" % len(list(self.dir.iterdir())))
        login.write_text(_LOGIN % {
            "ccache": client.ccache[len("FILE:"):], "keytab": keytab,
            "service": service})
        # its replay cache is a file of its own format in tmpdir
        self.argv = [inst.program("java"), *_OPTIONS,
                     "-Djava.io.tmpdir=%s" % self.dir,
                     "-Djava.security.krb5.conf=%s" % client.conf,
                     "-Djava.security.auth.login.config=%s" % login,
                     "-cp", str(classes), "GssPeer"]


class JavaInitiator:
    """One process for any number of exchanges; a context manager."""

    def __init__(self, java):
        self.java = java
        self.process = self.errors = None

    def __enter__(self):
        self.errors = open(self.java.dir / "initiator.err", "wb")
        self.process = subprocess.Popen(
            [*self.java.argv, "initiate", self.java.service],
            env=self.java.env, stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, stderr=self.errors,
            universal_newlines=True)
        return self

    def __exit__(self, kind, value, trace):
        self.process.stdin.close()
        try:
            self.process.wait(30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process.stdout.close()
        self.errors.close()

    def initiate(self, port, framing, mech, mutual):
        """One exchange: its Line."""
        self.process.stdin.write("%d %s %s %s\n" % (
            port, framing, mech, "mutual" if mutual else "one-way"))
        self.process.stdin.flush()
        text = self.process.stdout.readline()
        if not text:
            raise AssertionError("GssPeer has ended\n%s" % self.said())
        return Line(text.rstrip("\n"))

    def said(self):
        """Its explanations up to now."""
        return (self.java.dir / "initiator.err").read_text()


class JavaAcceptor:
    """Accepts until the context is left; both framings at one port."""

    def __init__(self, java):
        self.java = java
        self.daemon = self.port = None

    def __enter__(self):
        number = len(list(self.java.dir.glob("acceptor*.out")))
        self.daemon = Daemon(
            [*self.java.argv, "accept"], self.java.env,
            self.java.dir / ("acceptor%d.out" % number))
        self.daemon.ready("GssPeer listens", self._find_port, 60)
        return self

    def __exit__(self, kind, value, trace):
        if self.daemon.alive:
            self.daemon.terminate((143,))

    def _find_port(self):
        found = re.search(r"^port (\d+)$", self.daemon.said(), re.M)
        if found:
            self.port = int(found.group(1))
        return found

    def _lines(self):
        return lines(self.daemon.said())

    def line(self, number):
        """The number-th Line, from 1; waits for it."""
        self.daemon.ready("line %d of GssPeer" % number,
                          lambda: len(self._lines()) >= number, 30)
        return self._lines()[number - 1]
