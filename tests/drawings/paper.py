"""The document's text: what differs from run to run gets a name instead."""

import time

from demo import sequence, tokens
from wire import ap, der, gss, krb, krb524

HEAD = """\
# What goes over the wire

Drawn by `tests/drawings/t_drawings.py` from exchanges that have taken place, read by the tests' own code with the keys of the test realm; `make drawings`
writes it anew, and the test fails when it is not what goes over the wire. C1, C2... are challenges, T1... freshness tokens.
"""


class Names:
    """The same name for the same octets."""

    def __init__(self, letter):
        self.letter, self.known = letter, {}

    def __call__(self, octets):
        return self.known.setdefault(
            bytes(octets), "%s%d" % (self.letter, len(self.known) + 1))


def clock(when):
    """A time of day, in hours from now."""
    hours = round((when - time.time()) / 3600)
    return "now" if hours == 0 else "%d h %s" % (
        abs(hours), "ahead" if hours > 0 else "ago")


class Reader(tokens.Reader):
    """Also where no key of ours opens a ticket."""

    def __init__(self, *keys):
        super().__init__(keys[0], Names("C"), clock)
        self.keys = keys

    def _request(self, token):
        for self.key in self.keys:
            try:
                return super()._request(token)
            except (ap.ApError, der.DerError, ValueError):
                continue
        self.request = None
        return ["a ticket for %s that no key opens" %
                gss.Krb5Token(token).message().sname]


class Paper:
    """Lines of Markdown."""

    def __init__(self):
        self.lines = HEAD.splitlines()

    def section(self, title):
        self.lines += ["", "## " + title]

    def scene(self, title, held_by):
        """A drawing follows, which this test looks at closer."""
        self.lines += ["", "### " + title, "", "Held by %s." % held_by]

    def _block(self, lines):
        self.lines += ["", "```", *(line.rstrip() for line in lines
                                    if line.strip()), "```"]

    def kdc(self, messages):
        """What a relay recorded before a KDC; what is said again over TCP
        because it is too long for UDP is drawn once."""
        kept = []
        for message in messages:
            read = krb.read(message.data)
            if isinstance(read, krb.KrbError) and \
                    read.code == krb.RESPONSE_TOO_BIG:
                continue
            if kept and kept[-1].data == message.data:
                continue
            kept.append(message)
        lines = []
        sequence.draw(kept, lines.append, Names("T"))
        self._block(lines)

    def contexts(self, exchange, *keys):
        """The context tokens of an exchange, which these keys open."""
        lines = []
        tokens.draw(None, tokens.exchanged(exchange), lines.append,
                    Reader(*keys))
        self._block(lines)

    def krb524(self, messages):
        """Requests to a krb524 server, and what became of them."""
        lines = ["  client" + " " * (sequence.WIDTH - 11) + "KDC"]
        for message in messages:
            title = message.transport.upper() + ": "
            if message.direction == ">":
                title += "Ticket for " + krb524_service(message.data)
                notes = []
            else:
                more, notes = krb524_reply(message.data)
                title += more
            lines.append(sequence.arrow(message.direction, title))
            lines += ["     " + note for note in notes]
        self._block(lines)

    def text(self):
        return "\n".join(self.lines) + "\n"


def krb524_service(ticket):
    """Who a Ticket is for."""
    body = der.parse(ticket).expect(1, der.APPLICATION).inner()
    return "/".join(n.text() for n in body[2][1])


def krb524_reply(octets):
    """A reply in a line, and what is in it."""
    reply = krb524.Reply(octets)
    if reply.status:
        return "status %d" % (reply.status - krb524.KRB5), \
            ["%d octets; the number is that of error %d in krb5's table" % (
                len(octets), reply.status - krb524.KRB5)]
    token = krb524.Token(reply.token)
    return "status 0, number %d" % reply.kvno, [
        "%d octets; a token: EncryptedData, enctype %d, key version %d" % (
            len(octets), token.etype, token.kvno)]
