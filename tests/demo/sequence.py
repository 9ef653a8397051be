"""Draws recorded messages as a sequence: client on the left, KDC on the right."""

from wire import krb, pkinit

WIDTH = 74
ERRORS = {6: "C_PRINCIPAL_UNKNOWN", 24: "PREAUTH_FAILED", 25: "PREAUTH_REQUIRED",
          31: "BAD_INTEGRITY", 52: "RESPONSE_TOO_BIG",
          90: "PREAUTH_EXPIRED"}
PA_PK_AS_REQ, PA_PK_AS_REP, PA_FRESHNESS = 16, 17, 150


def short(token):
    """A token in a few characters."""
    return "%s...%s (%d octets)" % (token[:4].hex(), token[-2:].hex(), len(token))


def describe(octets, short=short):
    """A message in a line, and the lines of what matters in it."""
    message = krb.read(octets)
    if isinstance(message, krb.KdcReq):
        return _describe_request(message, short)
    if isinstance(message, krb.KrbError):
        title = "KRB-ERROR %d %s" % (message.code, ERRORS.get(message.code, ""))
        token = message.pa(PA_FRESHNESS)
        return title, ["PA-AS-FRESHNESS: token " + short(token)] if token else []
    mode = ""
    reply = message.pa(PA_PK_AS_REP)
    if reply is not None:
        mode = " (Diffie-Hellman)" if reply[:1] == b"\xa0" else " (RSA)"
    return "AS-REP" + mode, ["a ticket-granting ticket"]


def _describe_request(message, short):
    notes = []
    asks = message.pa(PA_FRESHNESS) is not None
    signed = message.pa(PA_PK_AS_REQ) is not None
    if asks and not signed:
        notes.append("PA-AS-FRESHNESS, empty: asks for a token")
    if signed:
        token = pkinit.PkAsReq.of(message).token
        notes.append("PA-PK-AS-REQ, signed over " +
                     ("token " + short(token) if token else "no token"))
    return "AS-REQ", notes


def arrow(direction, title):
    """`title` on an arrow from or to the client."""
    line = (" %s " % title).center(WIDTH - 4, "-")
    return "  " + (line + "->" if direction == ">" else "<-" + line)


def draw(messages, say=print, short=short):
    """One arrow a message, what is in it below."""
    say("  client" + " " * (WIDTH - 11) + "KDC")
    for message in messages:
        title, notes = describe(message.data, short)
        say(arrow(message.direction, title))
        for note in notes:
            say("     " + note)
