"""Every initiator with every acceptor: ours, an unpatched Heimdal, MIT krb5,
the JDK; krb5 and SPNEGO, mutual and not, and our acceptor with each
protection against replays.

A man in the middle looks on in each cell.  The table that is printed at the
end has a row a pairing: what its exchanges consisted of.
"""

import collections
import itertools
import struct
import unittest

import peers
from realm import ccache
from realm.extra import ExtraCase, Server
from realm.gss_server import GssServer
from realm.java import Java, JavaAcceptor, JavaInitiator
from realm.loop import Acceptor, initiate
from realm.ports import LOOPBACK
from realm.table import Table
from wire import ap_req, der, framing, gss, mitm, tgs

MECHS = ("krb5", "spnego")
INITIATORS = ("ours", "unpatched", "MIT", "Java")
PROTECTIONS = ("off", "challenge", "cache")
ACCEPTORS = (*("ours, " + word for word in PROTECTIONS), "unpatched", "MIT",
             "Java")
# no SEQUENCE: 7.8's initiator counts wrongly with it and without MUTUAL, see
# t_loop_peers
ASKED = "replay,conf,integ"
MUTUAL = 2                              # the flag
OFFER = 0x10000000                      # in ap-options
AD_AP_OPTIONS = -6
DELEG = 1
DEFECTIVE_TOKEN, FAILURE, REPEAT = 9 << 16, 13 << 16, 34

Cell = collections.namedtuple("Cell", "initiator acceptor exchange")


def texts(exchange):
    """What each context token was, in a few words."""
    return [text for text in (gss.describe(t.data) for t in exchange.tokens)
            if text not in ("wrap", "MIC")]


def inner(exchange):
    """The same, without what is around it with SPNEGO."""
    return [text for text in (t.rpartition(": ")[2] for t in texts(exchange))
            if text != "-"]


def krb5(code):
    """The minor status of a protocol error."""
    return code - 1765328384


class Sample:
    """How it went for a program of MIT's, which prints no Line."""

    def __init__(self, complete, text):
        self.complete, self.text = complete, text
        self.messages = "ok" if complete else "none"

    def __str__(self):
        return str(self.text)

    __repr__ = __str__


class Service:
    """An acceptor, one of each kind, with a man before it for each
    framing."""

    def __init__(self, case, kind, keytab):
        self.case, self.kind, self.keytab = case, kind, keytab
        self.doors, self.counts = {}, collections.Counter()
        self.read = 0                   # of what gss-server has said

    def _start(self, frames):
        case, kind = self.case, self.kind
        if kind == "MIT":
            # its log is its client's
            return GssServer(case.sharing(peers.mit()), self.keytab,
                             case.service)
        if kind == "Java":
            return JavaAcceptor(Java(peers.java(), case.sharing(),
                                     self.keytab, case.realm.service))
        client = case.unpatched if kind == "unpatched" else \
            case.protected[kind[len("ours, "):]]
        return Acceptor(client, "--keytab=FILE:%s" % self.keytab,
                        "--timeout=20", "--framing=" + frames)

    def door(self, frames):
        """(acceptor, man) for a framing."""
        if frames not in self.doors:
            case = self.case
            acceptor = self.doors["plain" if frames == "mit" else "mit"][0] \
                if self.kind == "Java" and self.doors else \
                case.keep(self._start(frames))
            man = case.keep(mitm.Mitm(
                acceptor.port, framing=framing.GSS_SAMPLE if frames == "mit"
                else framing.LENGTH))
            self.doors[frames] = acceptor, man
        return self.doors[frames]

    def result(self, frames):
        """How the exchange after the last one that was asked for went."""
        acceptor = self.doors[frames][0]
        self.counts[acceptor] += 1
        number = self.counts[acceptor]
        if self.kind != "MIT":
            return acceptor.line(number)
        said = acceptor.said(number)[self.read:]
        self.read += len(said)
        return Sample("Received message: " in said, said)


class PairingsCase(ExtraCase):
    """The peers; cells, each of which is run once."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        realm = cls.realm
        cls.service = "host@server." + realm.domain
        cls.protected = {
            word: cls.sharing(gssapi={"replay_protection": word})
            for word in PROTECTIONS}
        for word in ("off", "challenge"):       # need none
            cls.protected[word].more_env["KRB5RCACHEDIR"] = \
                str(realm.dir / "no-such-directory")
        cls.off = cls.sharing(gssapi={"extra_context_tokens": False})
        cls.services, cls.cells = {}, {}

    @classmethod
    def sharing(cls, inst=None, **sections):
        """A client with the credential cache and the replay cache that
        all have."""
        client = cls.realm.new_client(inst, **sections)
        client.ccache = cls.client.ccache
        client.more_env["KRB5RCACHEDIR"] = str(cls.rcache_dir)
        return client

    @classmethod
    def keep(cls, context):
        """Enter a context for the rest of the class."""
        value = context.__enter__()
        cls.addClassCleanup(context.__exit__, None, None, None)
        return value

    @classmethod
    def peer(cls, name, make):
        """make()'s value, which is made once."""
        if name not in cls.__dict__:
            setattr(cls, name, make())
        return getattr(cls, name)

    @classmethod
    def get(cls, kind):
        """Have the peer of a kind; skips the test when it cannot be had."""
        if kind == "unpatched":
            cls.peer("unpatched", lambda: cls.sharing(
                peers.heimdal_unpatched()))
        elif kind == "MIT":
            cls.peer("mit", lambda: cls.sharing(peers.mit()))
        elif kind == "Java":
            cls.peer("java", lambda: Java(
                peers.java(), cls.sharing(), cls.keytab, cls.realm.service))

    def run_initiator(self, kind, port, frames, mech, mutual):
        """One exchange: a Line or a Sample."""
        if kind == "Java":
            return self.peer("java_initiator", lambda: self.keep(
                JavaInitiator(self.java))).initiate(port, frames, mech, mutual)
        if kind == "MIT":
            args = [] if mutual else ["-nomutual"]
            done = self.mit.run(
                "gss-client", "-port", str(port), "-" + mech, *args,
                LOOPBACK, self.service, "a message of MIT",
                expect_code=None)
            return Sample(done.ok and "Signature verified" in done.stdout,
                          done)
        client = self.unpatched if kind == "unpatched" else \
            self.off if kind == "ours, no offer" else self.client
        return initiate(
            client, port, "--service=" + self.service, "--mech=" + mech,
            "--flags=" + ("mutual," if mutual else "") + ASKED,
            "--framing=" + frames, "--timeout=20")[0]

    def cell(self, initiator, acceptor, mech, mutual, keytab=None):
        """The Cell; keytab: the acceptor's, if not the good one."""
        keytab = keytab or self.keytab
        key = (initiator, acceptor, mech, mutual, keytab)
        if key not in self.cells:
            self.get(initiator)
            self.get(acceptor)
            frames = "mit" if "MIT" in key else "plain"
            service = self.services.setdefault(
                (acceptor, keytab), Service(type(self), acceptor, keytab))
            man = service.door(frames)[1]
            ours = self.run_initiator(initiator, man.port, frames, mech,
                                      mutual)
            self.cells[key] = Cell(ours, service.result(frames), man.next(60))
        return self.cells[key]


class Pairings(PairingsCase):
    """The cells, and what their tokens are good for afterwards."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.addClassCleanup(cls.show)
        cls.keys = cls.realm.keys(cls.realm.service)

    @classmethod
    def show(cls):
        """The table: what a pairing's exchanges were."""
        cells = tuple(itertools.product(MECHS, (True, False)))
        table = Table("initiator", "acceptor", *(
            "%s, %s" % (mech, "mutual" if mutual else "not mutual")
            for mech, mutual in cells))
        for initiator, acceptor in itertools.product(INITIATORS, ACCEPTORS):
            table.add(initiator, acceptor, *(
                cls.summary(cls.cells.get((initiator, acceptor, *cell,
                                           cls.keytab)))
                for cell in cells))
        table.show()

    @staticmethod
    def summary(cell):
        """A cell of the table: tokens on the wire, and protection."""
        if cell is None:
            return "-"
        if not (cell.initiator.complete and cell.acceptor.complete):
            return "failed"
        word = getattr(cell.acceptor, "protection", "none")
        return "%d%s" % (len(texts(cell.exchange)),
                         "" if word == "none" else " " + word)

    # -- each cell --------------------------------------------------------

    def check(self, initiator, acceptor, mech, mutual):
        """One cell is as it should be."""
        cell = self.cell(initiator, acceptor, mech, mutual)
        for kind, side in ((initiator, cell.initiator),
                           (acceptor, cell.acceptor)):
            self.assertTrue(side.complete, side)
            self.assertEqual(side.messages, "ok", side)
            if not isinstance(side, Sample):
                self.assertEqual(side.flags & MUTUAL, MUTUAL * mutual, side)
            # or the cell is not what it says
            self.assertEqual(hasattr(side, "offered"),
                             kind.startswith("ours"), side)
        if not isinstance(cell.acceptor, Sample):
            self.assertEqual(cell.acceptor.src, "user@EXT.TEST")
        offered = initiator == "ours" and mutual
        challenged = offered and acceptor == "ours, challenge"
        wanted = ["AP-REQ"]
        if mutual:
            wanted += ["KRB-ERROR2 continue", "AP-REQ"] if challenged else \
                ["AP-REP"]
        self.assertEqual(inner(cell.exchange), wanted)
        on_the_wire = len(wanted) if mech == "krb5" else \
            4 if challenged else 2
        self.assertEqual(len(texts(cell.exchange)), on_the_wire)
        # of the krb5 mechanism, whatever is around it
        about = {"tokens": str(len(wanted)), "recovered": "no",
                 "confirmed": "yes" if challenged else "no"}
        if initiator == "ours":
            self.has(cell.initiator, about)
        if acceptor.startswith("ours"):
            self.has(cell.acceptor, dict(
                about, offered="yes" if offered else "no",
                protection="challenge" if challenged else
                "cache" if acceptor == "ours, cache" else "none"))

    def has(self, line, fields):
        """A Line has these fields."""
        self.assertEqual({n: getattr(line, n) for n in fields}, fields, line)

    def check_all(self, initiators, acceptors):
        """All cells of these, as sub-tests."""
        for kind in (*initiators, *acceptors):
            self.get(kind)
        for key in itertools.product(initiators, acceptors, MECHS,
                                     (True, False)):
            with self.subTest("%s to %s, %s, mutual %s" % key):
                self.check(*key)

    def test_ours_with_ours(self):
        # REQ: XT-66, XT-68, XT-73, XT-85, XT-88
        self.check_all(["ours"], ACCEPTORS[:3])

    def test_ours_with_unpatched(self):
        # REQ: XT-10
        self.check_all(["ours"], ["unpatched"])

    def test_ours_with_mit(self):
        # REQ: XT-10
        self.check_all(["ours"], ["MIT"])

    def test_unpatched_with_ours(self):
        """Whatever the protection, two tokens."""
        # REQ: XT-10, XT-88
        self.check_all(["unpatched"], ACCEPTORS[:3])

    def test_mit_with_ours(self):
        # REQ: XT-10, XT-88
        self.check_all(["MIT"], ACCEPTORS[:3])

    def test_java_with_ours(self):
        # REQ: XT-10, XT-88
        self.check_all(["Java"], ACCEPTORS[:3])

    def test_ours_with_java(self):
        # REQ: XT-10
        self.check_all(["ours"], ["Java"])

    def test_others_with_others(self):
        """What the rest is compared with."""
        self.check_all(["unpatched", "MIT"], ["unpatched", "MIT"])

    def test_others_with_java(self):
        self.check_all(["unpatched", "MIT", "Java"], ["Java"])
        self.check_all(["Java"], ["unpatched", "MIT"])

    def same(self, one, other):
        """Two cells consist of the same tokens."""
        for mech, mutual in itertools.product(MECHS, (True, False)):
            with self.subTest("%s or %s" % (one, other), mech=mech,
                              mutual=mutual):
                self.assertEqual(
                    texts(self.cell(*one, mech, mutual).exchange),
                    texts(self.cell(*other, mech, mutual).exchange))

    def check_same(self, kind):
        """A peer sees of us what it sees of an unpatched Heimdal."""
        self.get(kind)
        self.same(("ours", kind), ("unpatched", kind))
        for acceptor in ACCEPTORS[:3]:
            self.same((kind, acceptor), (kind, "unpatched"))

    def test_unpatched_sees_what_it_knows(self):
        # REQ: XT-10
        self.check_same("unpatched")

    def test_mit_sees_what_it_knows(self):
        # REQ: XT-10
        self.check_same("MIT")

    def test_java_sees_what_it_knows(self):
        # REQ: XT-10
        self.check_same("Java")

    # -- the offer --------------------------------------------------------

    def check_offer(self, kind):
        """What was accepted had the offer in it: the bit, and the
        ap-options in AD-IF-RELEVANT."""
        for mech, mutual in itertools.product(MECHS, (True, False)):
            cell = self.cell("ours", kind, mech, mutual)
            self.assertTrue(cell.acceptor.complete, cell.acceptor)
            request = ap_req.of_token(cell.exchange.token(">1"))
            opened = ap_req.Authenticator(request, self.keys)
            self.assertEqual(bool(request.options & OFFER), mutual)
            self.assertEqual(
                [value for element, value in opened.elements()
                 if element == AD_AP_OPTIONS],
                [der.flags(request.options)] * mutual)

    def test_unpatched_accepts_an_offer(self):
        # REQ: XT-10, XT-01
        self.check_offer("unpatched")

    def test_mit_accepts_an_offer(self):
        # REQ: XT-10, XT-01
        self.check_offer("MIT")

    def test_java_accepts_an_offer(self):
        # REQ: XT-10, XT-01
        self.check_offer("Java")

    # -- replays ----------------------------------------------------------

    def token(self, kind, acceptor, mech, mutual):
        """The first token of a cell, which its acceptor has taken."""
        cell = self.cell(kind, acceptor, mech, mutual)
        self.assertTrue(cell.acceptor.complete, cell.acceptor)
        return cell.exchange.token(">1")

    def again(self, protection, token):
        """A token once more, to another acceptor of ours: (its Line, what
        it answered)."""
        server = self.peer("again_" + protection, lambda: Server(
            type(self), replay_protection=protection))
        answers, line = server.tell(token)
        return line, [gss.describe(answer) for answer in answers]

    def check_refused(self, kind, acceptor, mech, mutual):
        """Our cache acceptor refuses what another one has taken.

        An initiator that offered is asked for another try, which whoever
        replays cannot make; others get the KRB-ERROR, if mutual
        authentication was asked for.
        """
        line, answers = self.again("cache", self.token(kind, acceptor, mech,
                                                       mutual))
        state = "negTokenResp %s: "
        if kind == "ours" and mutual:
            self.assertEqual((line.outcome, line.transport, line.src),
                             ("transport", "closed", "-"), line)
            answer, state = "KRB-ERROR2 continue", state % "accept-incomplete"
        else:
            self.nobody(line)
            self.assertEqual((line.major, line.minor),
                             (FAILURE, krb5(REPEAT)), line)
            answer, state = "KRB-ERROR 34", state % "reject"
        if not mutual:
            answer = "-"
        self.assertEqual(
            answers, [state + answer] if mech == "spnego" else
            [answer] if mutual else [])

    def check_replays(self, kind):
        """What our cache acceptor has taken, and what MIT's has taken."""
        self.get(kind)
        for acceptor, mech, mutual in itertools.product(
                ("ours, cache", "MIT"), MECHS, (True, False)):
            with self.subTest(acceptor=acceptor, mech=mech, mutual=mutual):
                self.get(acceptor)
                self.check_refused(kind, acceptor, mech, mutual)

    def test_replays_of_ours(self):
        # REQ: XT-55, XT-88
        self.check_replays("ours")

    def test_replays_of_unpatched(self):
        # REQ: XT-55, XT-69, XT-88
        self.check_replays("unpatched")

    def test_replays_of_mit(self):
        # REQ: XT-55, XT-69, XT-88
        self.check_replays("MIT")

    def test_replays_of_java(self):
        # REQ: XT-55, XT-69, XT-88
        self.check_replays("Java")

    def check_mit_refuses(self, kind):
        """gss-server refuses what our cache acceptor has taken."""
        self.get(kind)
        self.get("MIT")
        server = self.peer("gss_server_again", lambda: self.keep(GssServer(
            self.sharing(peers.mit()), self.keytab, self.service)))
        for mech, state in (("krb5", ""), ("spnego", "negTokenResp reject: ")):
            token = self.token(kind, "ours, cache", mech, True)
            self.assertEqual(
                [gss.describe(frame.data) for frame in server.offer(token)],
                [state + "KRB-ERROR 34"])

    def test_mit_refuses_what_ours_has_taken(self):
        # REQ: XT-55
        self.check_mit_refuses("ours")
        self.check_mit_refuses("unpatched")
        self.check_mit_refuses("MIT")

    def test_mit_refuses_what_ours_has_taken_of_java(self):
        # REQ: XT-55
        self.check_mit_refuses("Java")

    def test_challenge_without_a_cache(self):
        """Ours is challenged again; who cannot be is accepted, which is
        what `challenge` means."""
        # REQ: XT-85, XT-88
        for mech in MECHS:
            line, (answer,) = self.again("challenge", self.token(
                "ours", "ours, challenge", mech, True))
            self.assertEqual(answer.rpartition(": ")[2],
                             "KRB-ERROR2 continue")
            self.assertEqual((line.outcome, line.transport, line.src),
                             ("transport", "closed", "-"), line)
        self.get("unpatched")
        line, answers = self.again("challenge", self.token(
            "unpatched", "ours, challenge", "krb5", True))
        self.assertEqual((line.outcome, answers), ("established", ["AP-REP"]))


def add_offer(values):
    """What an offer changes in FirstToken.first()'s values."""
    values["options"] |= OFFER
    (_, value), enctypes = values["elements"]
    own = (AD_AP_OPTIONS, der.flags(values["options"]))
    values["elements"] = [tgs.if_relevant(enctypes, own), enctypes, own]


class FirstToken(PairingsCase):
    """Our initiator's first token and an unpatched Heimdal's with the same
    ticket, without what is random or a time."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.get("unpatched")
        cls.keys = cls.realm.keys(cls.realm.service)
        cls.server = Server(cls)

    def first(self, client, mech, flags, *args):
        """Everything in a first token, by name."""
        ours, theirs, exchange = self.server.play(
            client=client, mech=mech, ask=flags, args=args)
        self.assertEqual(theirs.outcome, "established", (ours, theirs))
        token = exchange.token(">1")
        request = ap_req.of_token(token)
        opened = ap_req.Authenticator(request, self.keys)
        values = dict(vars(opened), elements=opened.elements(),
                      options=request.options, ticket=request.ticket_raw,
                      etype=request.authenticator.etype,
                      kvno=request.authenticator.kvno)
        del values["authdata"]          # elements has all of it
        if mech == "spnego":
            values["around"] = gss.edit(token, mech_token=None)
        elif "dce" not in flags:
            values["around"] = gss.unwrap(token)[0]
        if opened.flags & DELEG:        # a ticket follows, which is new
            values["checksum"] = opened.checksum[:ap_req.DELEGATION.stop]
        return values

    def compare(self, client, change):
        """With each mechanism, set of flags, and with channel bindings or
        not: client's is the unpatched one after change(flags, values)."""
        for mech, flags, args in itertools.product(
                MECHS, ("none", ASKED, ASKED + ",sequence",
                        "mutual," + ASKED, "mutual,sequence," + ASKED,
                        "deleg,mutual," + ASKED, "dce,mutual," + ASKED),
                ([], ["--bindings=a binding"])):
            with self.subTest(mech=mech, flags=flags, args=args):
                values = self.first(self.unpatched, mech, flags, *args)
                change(flags, values)
                self.assertEqual(self.first(client, mech, flags, *args),
                                 values)

    def test_off_is_upstream(self):
        """[gssapi] extra_context_tokens = false."""
        # REQ: XT-10
        self.compare(self.off, lambda flags, values: None)

    def test_on_adds_the_offer_and_nothing_else(self):
        # REQ: XT-01, XT-02, XT-10
        def change(flags, values):
            if "mutual" in flags and "dce" not in flags:
                add_offer(values)
        self.compare(self.client, change)


class Refused(PairingsCase):
    """Acceptors whose keytab has another key."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.wrong = cls.realm.dir / "wrong.keytab"
        kvno = max(e.kvno for e in cls.realm.keys(cls.realm.service))
        cls.client.run(
            "ktutil", "-k", "FILE:%s" % cls.wrong, "add", "-r", "-p",
            cls.realm.service, "-V", str(kvno), "-e",
            "aes256-cts-hmac-sha1-96")

    def check_error(self, kind, told):
        """An initiator that did not offer gets a KRB-ERROR and no more if
        it asked for mutual authentication, nothing if not; told(side) is
        true when it knows why.  Then a good exchange."""
        self.get(kind)
        for acceptor, mech, mutual in itertools.product(
                ACCEPTORS[:3], MECHS, (True, False)):
            with self.subTest(acceptor=acceptor, mech=mech, mutual=mutual):
                cell = self.cell(kind, acceptor, mech, mutual, self.wrong)
                self.assertEqual(inner(cell.exchange), ["AP-REQ"] +
                                 ["KRB-ERROR 41"] * mutual)
                self.nobody(cell.acceptor)
                self.assertEqual((cell.acceptor.major, cell.acceptor.minor),
                                 (FAILURE, krb5(41)), cell.acceptor)
                self.assertFalse(cell.initiator.complete, cell.initiator)
                if mutual and mech == "krb5":
                    self.assertTrue(told(cell.initiator), cell.initiator)
                good = self.cell(kind, acceptor, mech, mutual)
                self.assertTrue(good.initiator.complete, good.initiator)
                self.assertTrue(good.acceptor.complete, good.acceptor)

    def test_unpatched(self):
        # REQ: XT-69, KI-07
        self.check_error("unpatched", lambda line: line.minor == krb5(41))

    def test_mit(self):
        # REQ: XT-69, KI-07
        self.check_error("MIT", lambda sample: "Message stream modified" in
                         str(sample))

    def test_java(self):
        """It takes the error for an AP-REP that is broken."""
        # REQ: XT-69
        self.check_error("Java", lambda line: line.major == DEFECTIVE_TOKEN)

    def test_ours_that_does_not_offer(self):
        # REQ: XT-69
        self.check_error("ours, no offer",
                         lambda line: line.minor == krb5(41))

    def check_old(self, kind):
        """Ours is refused by an old acceptor as an unpatched Heimdal is."""
        self.get("unpatched")
        self.get(kind)
        for mech, mutual in itertools.product(MECHS, (True, False)):
            with self.subTest(mech=mech, mutual=mutual):
                ours, theirs = (self.cell(initiator, kind, mech, mutual,
                                          self.wrong)
                                for initiator in ("ours", "unpatched"))
                self.assertEqual(texts(ours.exchange), texts(theirs.exchange))
                self.assertFalse(ours.initiator.complete, ours.initiator)
                self.assertEqual(
                    (ours.initiator.outcome, ours.initiator.transport),
                    (theirs.initiator.outcome, theirs.initiator.transport))

    def test_unpatched_refuses_ours(self):
        # REQ: XT-10
        self.check_old("unpatched")

    def test_mit_refuses_ours(self):
        """Its KRB-ERROR says why."""
        # REQ: XT-10, XT-69
        self.check_old("MIT")
        cell = self.cell("ours", "MIT", "krb5", True, self.wrong)
        self.assertEqual(texts(cell.exchange), ["AP-REQ", "KRB-ERROR 31"])
        self.assertEqual(cell.initiator.minor, krb5(31), cell.initiator)

    def test_java_refuses_ours(self):
        # REQ: XT-10
        self.check_old("Java")


class Skew(PairingsCase):
    """An initiator of Heimdal's that believes the acceptor's clock to be
    20 minutes ahead, or behind, because its credential cache says so."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.get("unpatched")

    def skewed(self, initiator, acceptor, mech, mutual, offset):
        """The Cell of an exchange that begins so, and of the next one with
        the same credential cache."""
        self.setUp()
        ccache.add_config(
            self.client.dir / "ccache", self.realm.full("user"),
            "time-offset", self.realm.service, struct.pack(">i", offset))
        self.cells.clear()
        first = self.cell(initiator, acceptor, mech, mutual)
        self.cells.clear()
        return first, self.cell(initiator, acceptor, mech, mutual)

    def check_recovered(self, initiator, acceptor):
        """The one retry after a KRB-ERROR, as of an unpatched Heimdal with
        itself; the next exchange knows better."""
        for mech, offset in itertools.product(MECHS, (1200, -1200)):
            with self.subTest(mech=mech, offset=offset):
                first, after = self.skewed(initiator, acceptor, mech, True,
                                           offset)
                for cell in (first, after):
                    self.assertTrue(cell.initiator.complete, cell.initiator)
                    self.assertTrue(cell.acceptor.complete, cell.acceptor)
                self.assertEqual(inner(first.exchange), [
                    "AP-REQ", "KRB-ERROR 37", "AP-REQ", "AP-REP"])
                self.assertEqual(inner(after.exchange), ["AP-REQ", "AP-REP"])
                self.assertEqual(len(texts(first.exchange)), 4)
                if not acceptor.startswith("ours"):
                    continue
                for cell, tokens in ((first, "4"), (after, "2")):
                    line = cell.acceptor
                    self.assertEqual(
                        (line.tokens, line.offered, line.protection),
                        (tokens, "no", "cache" if acceptor == "ours, cache"
                         else "none"), line)

    def test_unpatched_with_unpatched(self):
        """What the rest is compared with."""
        self.check_recovered("unpatched", "unpatched")

    def test_unpatched_with_ours(self):
        # REQ: XT-78, XT-10
        for acceptor in ACCEPTORS[:3]:
            self.check_recovered("unpatched", acceptor)

    def test_ours_with_unpatched(self):
        """Also after an offer, which the error is no answer to."""
        # REQ: XT-78, XT-10
        self.check_recovered("ours", "unpatched")
        self.check_recovered("ours, no offer", "unpatched")

    def test_ours_that_does_not_offer(self):
        # REQ: XT-78
        for acceptor in ACCEPTORS[:3]:
            self.check_recovered("ours, no offer", acceptor)

    def test_not_mutual(self):
        """There is no retry, and 7.8 sends an error nobody waits for."""
        # REQ: XT-78
        for mech in MECHS:
            old = self.skewed("unpatched", "unpatched", mech, False, 1200)
            for key in (("unpatched", "ours, off"), ("ours", "unpatched"),
                        ("ours", "ours, off")):
                with self.subTest("%s with %s" % key, mech=mech):
                    ours = self.skewed(*key, mech, False, 1200)
                    for cell, wanted in zip(ours, old):
                        self.assertFalse(cell.initiator.complete)
                        self.assertEqual(texts(cell.exchange),
                                         texts(wanted.exchange))

    def test_mit_takes_no_retry(self):
        """It sends a KRB-ERROR and closes, to ours as to 7.8.  The next
        exchange of 7.8 has the offset that the error gave; ours believes no
        error that no AP-REP confirms."""
        # REQ: XT-10, XT-94
        self.get("MIT")
        ours, again = self.skewed("ours", "MIT", "krb5", True, 1200)
        theirs, after = self.skewed("unpatched", "MIT", "krb5", True, 1200)
        for cell in (ours, again, theirs):
            self.assertFalse(cell.initiator.complete, cell.initiator)
            self.assertEqual(texts(cell.exchange),
                             ["AP-REQ", "KRB-ERROR 37", "AP-REQ"])
        self.assertTrue(after.initiator.complete, after.initiator)
        self.assertTrue(after.acceptor.complete, after.acceptor)


if __name__ == "__main__":
    unittest.main()
