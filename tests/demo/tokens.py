"""Scenes of the GSS mechanism: a recorded first token, and what an acceptor
does about it.  What the tokens carry is read with the service's key by code
that shares nothing with the library."""

import contextlib
import os
import socket
import subprocess
import time
import unittest

import peers
from realm import ccache, install
from realm.extra import Server
from realm.loop import Acceptor
from wire import ap, framing, gss, krb_error2, mitm

WIDTH = 74
KEYS = ("not encrypted", "in the initiator's subkey", "in the session key")
SERVICE_AES256 = 18
CLOCK_ERRORS = (32, 33, 37)


def build():
    """The loop programs, which an installation does not have."""
    subprocess.run(
        ["make", "-C", install.build_dir() / "obj/tests/ext/loop",
         "loop_initiator", "loop_acceptor", "other_clock.la"],
        check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


class Stage:
    """What realm.extra.Server wants of a test."""

    def __init__(self, realm, stack):
        self.realm, self.stack = realm, stack
        self.client = realm.client
        self.client.kinit("user", password=realm.password)
        self.keytab = realm.ext_keytab(realm.service)
        self.rcache_dir = realm.dir / "rcache"
        self.rcache_dir.mkdir()
        os.chmod(self.rcache_dir, 0o700)
        self.key = next(e.key for e in realm.keys(realm.service)
                        if e.etype == SERVICE_AES256)

    def addClassCleanup(self, function, *args):
        """Like a test's."""
        self.stack.callback(function, *args)


def clock(when):
    """A time of day."""
    return time.strftime("%H:%M:%S", time.gmtime(when))


def short(octets):
    """Octets in a few characters."""
    return "%s...%s" % (octets[:4].hex(), octets[-2:].hex())


NO_TICKET = 0


class Reader:
    """Says what is in the tokens of one exchange.

    short and clock are how octets and times are written.
    """

    def __init__(self, key, short=short, clock=clock):
        self.key, self.request = key, None
        self.short, self.clock = short, clock
        self.sender = krb_error2.ACCEPTOR

    def lines(self, token):
        """A title, and what matters in it."""
        title = gss.describe(token)
        if title == "AP-REQ":
            return title, self._request(token)
        if title.startswith("KRB-ERROR2"):
            return title, self._error2(token)
        return title, []

    def _request(self, token):
        clear = gss.Krb5Token(token).message()
        if clear.ticket.etype == NO_TICKET:
            return ["an empty ticket for %s: there is no other" % clear.sname]
        self.request = request = ap.Request(token, self.key)
        words = [word for bit, word in (
            (krb_error2.USE_SESSION_KEY, "use-session-key"),
            (krb_error2.MUTUAL_REQUIRED, "mutual-required"),
            (krb_error2.CONTINUE_NEEDED_OK, "continue-needed-ok"))
            if request.options & bit]
        found = ["ap-options: " + (", ".join(words) or "none"),
                 "ticket for %s, valid from %s%s" % (
                     request.ticket.sname,
                     self.clock(request.ticket.starttime),
                     self._told(request.ticket))]
        if request.sealed_options is not None:
            found.append("Authenticator: the same options, sealed")
        if request.challenge is not None:
            found.append("Authenticator: quotes challenge " +
                         self.short(request.challenge))
        return found

    def _told(self, ticket):
        """Whether the KDC has put a challenge into it."""
        for kind, value in ticket.ad:
            for inner, octets in krb_error2.elements(value) \
                    if kind == krb_error2.AD_IF_RELEVANT else ():
                if inner == krb_error2.AD_CONTINUE_CHALLENGE:
                    return ", and challenge %s" % \
                        self.short(octets[2:])
        return ""

    def _error2(self, token):
        said = krb_error2.Error2(
            gss.Krb5Token(token).inner,
            self.request.keys if self.request else (None, None),
            self.sender)
        found = ["%s: error %d, %s" % (
            KEYS[said.which], said.code,
            "another AP-REQ wanted" if said.flags else "final")]
        if said.code in CLOCK_ERRORS:
            found.append("its clock says " + self.clock(said.stime))
        if said.tgt is not None:
            found.append("the acceptor's ticket-granting ticket")
        for kind, value in krb_error2.elements(said.ad) if said.ad else ():
            found.append(
                "quotes challenge " + self.short(value[2:])
                if kind == krb_error2.AD_CONTINUE_CHALLENGE else
                "authorization data for the initiator's application")
        if said.flags:
            found.append("challenge " + self.short(said.challenge))
        if said.subkey is not None:
            found.append("the acceptor's subkey and sequence number")
        return found


def draw(key, tokens, say=print, reader=None):
    """One arrow a context token, what is in it below; tokens are
    (direction, octets)."""
    reader = reader or Reader(key)
    say("  initiator" + " " * (WIDTH - 19) + "acceptor")
    for direction, octets in tokens:
        reader.sender = krb_error2.INITIATOR if direction == ">" \
            else krb_error2.ACCEPTOR
        title, notes = reader.lines(octets)
        if title in ("wrap", "MIC"):
            continue
        line = (" %s " % title).center(WIDTH - 4, "-")
        say("  " + (line + "->" if direction == ">" else "<-" + line))
        for note in notes:
            say("     " + note)
    say("")


def exchanged(exchange):
    """(direction, octets) of an Exchange."""
    return [(t.direction, t.data) for t in exchange.tokens]


def replayed(server, recorded):
    """Play recorded tokens to an acceptor: what went over, and its Line."""
    answers, line = server.tell(*recorded)
    tokens = [x for pair in zip(recorded, answers) for x in
              ((">", pair[0]), ("<", pair[1]))]
    return tokens, line


def off(stage, check):
    """Stock behaviour."""
    server = Server(stage)
    _, theirs, exchange = server.play()
    draw(stage.key, exchanged(exchange))
    check("both complete, two tokens: " + theirs.src, theirs.complete)
    recorded = exchange.token(">1")
    print("\n  The same first token again, from somebody who has no key:\n")
    tokens, line = replayed(server, [recorded])
    draw(stage.key, tokens)
    check("accepted: the acceptor has a context for " + line.src,
          line.outcome == "established" and line.src.startswith("user@"))


def challenge(stage, check):
    """Three tokens."""
    server = Server(stage, replay_protection="challenge")
    ours, theirs, exchange = server.play()
    draw(stage.key, exchanged(exchange))
    check("both complete, mutual authentication on both sides, %s tokens" %
          theirs.tokens, ours.complete and theirs.complete and
          bool(ours.flags & theirs.flags & 2) and theirs.tokens == "3")
    print("\n  Both of the initiator's tokens again, to another acceptor:\n")
    other = Server(stage, replay_protection="challenge")
    recorded = [t.data for t in exchange.tokens if t.direction == ">"
                and gss.describe(t.data) == "AP-REQ"]
    tokens, line = replayed(other, recorded)
    draw(stage.key, tokens)
    check("refused: the challenge is another one (%d)" % line.minor,
          line.outcome == "gss-error" and line.src == "-")
    _, line, _ = other.play()
    check("a good exchange still completes there", line.complete)


def cache(stage, check):
    """An initiator that knows nothing of it."""
    inst = peers.mit()
    client = stage.realm.new_client(inst=inst)
    client.kinit("user", password=stage.realm.password)
    server = stage.realm.new_client(gssapi={"replay_protection": "cache"})
    server.more_env["KRB5RCACHEDIR"] = str(stage.rcache_dir)
    with contextlib.ExitStack() as stack:
        acceptor = stack.enter_context(Acceptor(
            server, "--keytab=FILE:%s" % stage.keytab, "--framing=mit",
            "--timeout=4"))
        man = stack.enter_context(mitm.Mitm(
            acceptor.port, framing=mitm.fr.GSS_SAMPLE))
        client.run("gss-client", "-port", str(man.port), "-krb5",
                   "127.0.0.1", "host@server." + stage.realm.domain, "hello")
        exchange = man.next(30)
        tokens = exchanged(exchange)
        draw(stage.key, [t for t in tokens if t[1]])
        line = acceptor.line(1)
        check("both complete, as ever: " + line.src, line.complete)
        recorded = next(data for direction, data in tokens
                        if direction == ">" and data)
        print("\n  The same first token again:\n")
        with socket.create_connection(("127.0.0.1", acceptor.port),
                                      timeout=9) as stream:
            stream.sendall(framing.frame(recorded))
            stream.shutdown(socket.SHUT_WR)
            line = acceptor.line(2)
        check("refused: request is a replay (%d)" % line.minor,
              line.outcome == "gss-error" and line.src == "-")
    check("the cache is MIT's, file and format: " + ", ".join(
        f.name for f in stage.rcache_dir.iterdir()),
        any(stage.rcache_dir.iterdir()))


def users(stage, check):
    """Nobody has a keytab."""
    realm, users = stage.realm, []
    for name in ("alice", "bob"):
        realm.add(name, password=realm.password, attributes="disallow-svr")
        users.append(realm.new_client())
        users[-1].kinit(name, password=realm.password)
    alice, bob = users
    server = Server(stage, acceptor_ccache=bob.ccache)
    print("  alice and bob have logged in with their passwords; bob accepts, "
          "alice connects.\n")
    ours, theirs, exchange = server.play(client=alice,
                                         args=("--service=bob",))
    tgt = ccache.session_key(bob.dir / "ccache",
                             "krbtgt/%s@%s" % (realm.name, realm.name))
    draw(tgt[1], exchanged(exchange))
    check("mutual authentication, %s tokens: bob knows that it is %s" % (
        theirs.tokens, theirs.src), ours.complete and theirs.complete and
        bool(ours.flags & theirs.flags & 2) and theirs.user2user == "yes" and
        theirs.src == "alice@" + realm.name)
    check("the ticket is in the session key of bob's ticket-granting ticket",
          ap.Request(exchange.token(">2"), tgt[1]).client == "alice")
    realm.add("mallory", password=realm.password, attributes="disallow-svr")
    mallory = realm.new_client()
    mallory.kinit("mallory", password=realm.password)
    ours, theirs, _ = Server(stage, acceptor_ccache=mallory.ccache).play(
        client=alice, args=("--service=bob",))
    check("mallory in bob's place is not alice's peer",
          not ours.complete and not theirs.complete)


def wrong_clock(stage, check):
    """An hour."""
    print("  It is %s, and the acceptor's clock is an hour behind.\n" %
          clock(time.time()))
    server = Server(stage, ahead=-3600)
    ours, theirs, exchange = server.play()
    draw(stage.key, exchanged(exchange))
    check("both complete, %s tokens: %s" % (theirs.tokens, theirs.src),
          ours.complete and theirs.complete)
    check("for this context the acceptor has added %s seconds" % theirs.clock,
          abs(int(theirs.clock) - 3600) < 10)
    old = Server(stage, ahead=-3600, max_correctable_skew="30 min")
    _, theirs, _ = old.play()
    check("refused where [gssapi] max_correctable_skew is half an hour (%d)" %
          theirs.minor, theirs.outcome == "gss-error" and theirs.src == "-")


def scenes(realm, title, check):
    """All of them."""
    build()
    with contextlib.ExitStack() as stack:
        stage = Stage(realm, stack)
        title("GSS-API: a recorded token, [gssapi] replay_protection = off "
              "(default)")
        off(stage, check)
        title("The same with replay_protection = challenge: extra context "
              "tokens")
        challenge(stage, check)
        title("Two users without a keytab: user-to-user authentication")
        users(stage, check)
        title("An acceptor whose clock is an hour behind")
        wrong_clock(stage, check)
        title("An initiator of MIT krb5, replay_protection = cache")
        try:
            cache(stage, check)
        except unittest.SkipTest as err:
            print("  left out: %s" % err)
