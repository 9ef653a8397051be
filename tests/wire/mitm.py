"""A man in the middle of GSS token exchanges, who follows a script.

A script says what becomes of a token: {">1": drop(), "<1": [flip(20),
split(1)]}.  ">1" is the first token of the initiator, "<1" the acceptor's
first; tokens nothing is said about are passed on as they are.  The actions
of a list are applied one after the other to what the one before left.

    with Mitm(acceptor.port) as man:
        man.script = {"<1": truncate(10)}
        run(initiator, "--port", man.port, expect_code=1)
        exchange = man.next()
        assert not exchange.unused
        print(exchange.dump())

Exchange applies a script and touches no socket; Mitm is the sockets.
"""

import collections
import copy
import selectors
import socket
import threading
import time

from realm import ports
from realm.workers import Workers

from . import framing as fr
from . import gss

TO_ACCEPTOR, TO_INITIATOR = ">", "<"

# One token as it came in: address is direction and ordinal, ">1".
Token = collections.namedtuple("Token", "direction ordinal flags data")
# Something to do: octets for the stream of a direction, in pieces of `piece`
# octets (0: at once), or the end of that stream.
Send = collections.namedtuple("Send", "direction octets piece")
Close = collections.namedtuple("Close", "direction")


def other(direction):
    """The opposite direction."""
    return TO_INITIATOR if direction == TO_ACCEPTOR else TO_ACCEPTOR


def address(token):
    """How a script calls a token."""
    return "%s%d" % (token.direction, token.ordinal)


# -- actions --------------------------------------------------------------

class Out:
    """A token on its way out; actions change it.

    size, if set, is the length the frame claims; raw octets have no frame;
    end means the end of the stream, after the data if there are any.
    """

    def __init__(self, direction, data, flags=None):
        self.direction = direction
        self.data = data
        self.flags = flags
        self.size = None
        self.raw = False
        self.piece = 0
        self.end = False

    def effects(self):
        """[Send, Close] for the sockets."""
        effects = []
        if self.data is not None:
            octets = self.data if self.raw else fr.head(
                len(self.data) if self.size is None else self.size,
                self.flags) + self.data
            effects.append(Send(self.direction, octets, self.piece))
        if self.end:
            effects.append(Close(self.direction))
        return effects


# An action is called with (exchange, token, [Out]) and returns [Out].

def _on_data(function):
    """Action that changes the octets of each token going out."""
    def action(_exchange, _token, outs):
        for out in outs:
            if out.data is not None:
                out.data = function(out.data)
        return outs
    return action


def passed():
    """Leave the token as it is (and have its address counted as used)."""
    return lambda _exchange, _token, outs: outs


def drop():
    """The token is lost; the peer waits for it."""
    return lambda _exchange, _token, outs: []


def repeat(times=2):
    """The token arrives several times."""
    return lambda _exchange, _token, outs: [
        copy.copy(out) for _ in range(times) for out in outs]


def hold(until):
    """Keep the token back until another has gone through (reorder): it is
    sent right after the token with that address."""
    def action(exchange, _token, outs):
        exchange.held.setdefault(until, []).extend(outs)
        return []
    return action


def truncate(size):
    """Only the first `size` octets (negative: all but the last), and at
    least one octet less: a token is not of the same length every time, as
    the integers in it (microseconds, sequence numbers) are not."""
    return _on_data(lambda data: data[:-1][:size] if size >= 0
                    else data[:size])


def extend(tail):
    """Octets after the token's own, inside the frame."""
    return _on_data(lambda data: data + tail)


def put(offset, octets):
    """Overwrite octets at an offset (negative: from the end)."""
    def change(data):
        start = offset if offset >= 0 else len(data) + offset
        if not 0 <= start <= len(data) - len(octets):
            raise IndexError("offset %d of %d octets" % (offset, len(data)))
        return data[:start] + octets + data[start + len(octets):]
    return _on_data(change)


def flip(offset, mask=1):
    """Flip the bits of a mask in the octet at an offset (negative: from the
    end)."""
    def change(data):
        changed = bytearray(data)
        changed[offset] ^= mask
        return bytes(changed)
    return _on_data(change)


def edit(function):
    """function(octets) is the token instead."""
    return _on_data(function)


def substitute(source):
    """Other octets instead: bytes, or function(exchange) that gives them
    (a token recorded in this exchange or in an earlier one)."""
    def action(exchange, _token, outs):
        data = source(exchange) if callable(source) else source
        return _on_data(lambda _data: data)(exchange, None, outs)
    return action


def reflect():
    """Send the token back to where it came from."""
    def action(_exchange, _token, outs):
        for out in outs:
            out.direction = other(out.direction)
        return outs
    return action


def inject(direction, source, first=False, octet=None):
    """A token more, after (or before) this one; octet is the frame's flags,
    if not this one's."""
    def action(exchange, token, outs):
        data = source(exchange) if callable(source) else source
        added = [Out(direction, data, token.flags if octet is None else
                     octet)]
        return added + outs if first else outs + added
    return action


def flags(value):
    """Another octet of flags in the frame (GSS_SAMPLE)."""
    def action(_exchange, _token, outs):
        for out in outs:
            out.flags = value
        return outs
    return action


def claim(size):
    """The frame claims another length than the token has."""
    def action(_exchange, _token, outs):
        for out in outs:
            out.size = size
        return outs
    return action


def raw(octets):
    """These octets on the stream, in no frame."""
    def action(_exchange, token, _outs):
        out = Out(token.direction, octets)
        out.raw = True
        return [out]
    return action


def split(piece=1):
    """Write the frame in pieces of that many octets."""
    def action(_exchange, _token, outs):
        for out in outs:
            out.piece = piece
        return outs
    return action


def close(*directions):
    """End the streams of these directions (both) after the token."""
    def action(_exchange, _token, outs):
        for direction in directions or (TO_ACCEPTOR, TO_INITIATOR):
            out = Out(direction, None)
            out.end = True
            outs = outs + [out]
        return outs
    return action


def stall():
    """From here on nothing is passed on, and nothing is closed: both sides
    wait until they have had enough."""
    def action(exchange, _token, _outs):
        exchange.stalled = True
        return []
    return action


# -- one exchange ---------------------------------------------------------

class Exchange:
    """Applies a script to the tokens of one connection; pure.

    tokens are those that came in, in order; sent those that went out.
    """

    def __init__(self, script=None, framing=fr.LENGTH, index=0):
        self.script = {
            where: list(what) if isinstance(what, (list, tuple)) else [what]
            for where, what in (script or {}).items()}
        for where in self.script:
            if where[:1] not in (TO_ACCEPTOR, TO_INITIATOR) or \
                    not where[1:].isdigit() or where[1:] == "0":
                raise ValueError("no address of a token: %r" % where)
        self.index = index
        self.tokens = []
        self.sent = []
        self.held = {}
        self.stalled = False
        self.done = False               # both connections have ended
        self.error = None               # the script's own
        self.unused = set(self.script)
        self._count = collections.Counter()
        self._parsers = {way: fr.Parser(framing)
                         for way in (TO_ACCEPTOR, TO_INITIATOR)}

    def feed(self, direction, octets):
        """Octets have come from the sender of a direction; what to do."""
        effects = []
        for frame in self._parsers[direction].feed(octets):
            effects += self._arrive(direction, frame)
        return effects

    def ended(self, direction):
        """The sender of a direction has closed; what to do."""
        return [] if self.stalled else [Close(direction)]

    def _arrive(self, direction, frame):
        out = Out(direction, frame.data, frame.flags)
        if frame.flags is not None and frame.flags & fr.NOOP:
            return [] if self.stalled else out.effects()
        self._count[direction] += 1
        token = Token(direction, self._count[direction], frame.flags,
                      frame.data)
        self.tokens.append(token)
        where = address(token)
        self.unused.discard(where)
        if self.stalled:
            return []
        outs = [out]
        for action in self.script.get(where, ()):
            outs = action(self, token, outs)
        outs = outs + self.held.pop(where, [])
        self.sent += [o for o in outs if o.data is not None]
        return [effect for o in outs for effect in o.effects()]

    def token(self, where):
        """Octets of a token that came in, by its address."""
        for token in self.tokens:
            if address(token) == where:
                return token.data
        raise KeyError("%s is not among %s" % (
            where, " ".join(map(address, self.tokens)) or "no tokens"))

    def seen(self):
        """[">1", "<1", ...] in order of arrival."""
        return [address(t) for t in self.tokens]

    def of(self, direction):
        """Octets of the tokens of a direction."""
        return [t.data for t in self.tokens if t.direction == direction]

    def dump(self, octets=False):
        """What came in, a line a token."""
        return "\n".join("%-3s %5d octets  %s%s" % (
            address(t), len(t.data), gss.describe(t.data),
            "\n    " + t.data.hex() if octets else "") for t in self.tokens)


# -- the sockets ----------------------------------------------------------

class Mitm:
    """Listens on a free port of loopback; each connection is an exchange
    with the acceptor at `port`.

    script is for the exchanges that begin from now on: a dict, or
    function(index) that gives one.  An error in a script is raised when the
    context is left, or by next().
    """

    def __init__(self, port, script=None, framing=fr.LENGTH, idle=60):
        self.upstream = port
        self.script = script or {}
        self.framing = framing
        self.idle = idle                # seconds; no exchange outlives this
        self.exchanges = []
        self._taken = 0
        self._changed = threading.Condition()
        self._workers = Workers()

    def __enter__(self):
        udp, self._listener = ports.bound_pair()
        udp.close()
        self.port = self._listener.getsockname()[1]
        self._listener.listen(16)
        self._listener.settimeout(0.1)
        self._workers.spawn(self._serve)
        return self

    def __exit__(self, kind, value, trace):
        self._workers.finish()
        self._listener.close()
        if kind is None:
            self._workers.check()

    def next(self, timeout=15):
        """The exchange after the one last asked for, when it has ended."""
        with self._changed:
            ended = self._changed.wait_for(
                lambda: self._workers.errors or self._ended(self._taken),
                timeout)
            self._workers.check()
            if not ended:
                raise AssertionError("exchange %d has not ended" %
                                     self._taken)
            exchange = self.exchanges[self._taken]
            self._taken += 1
        if exchange.error:
            raise exchange.error
        return exchange

    def _ended(self, index):
        return index < len(self.exchanges) and self.exchanges[index].done

    def _serve(self):
        while not self._workers.closing.is_set():
            try:
                sock, _peer = self._listener.accept()
            except socket.timeout:
                continue
            with self._changed:
                index = len(self.exchanges)
                script = self.script(index) if callable(self.script) \
                    else self.script
                exchange = Exchange(script, self.framing, index)
                self.exchanges.append(exchange)
            self._workers.spawn(self._run, sock, exchange)

    def _run(self, client, exchange):
        try:
            with client, socket.create_connection(
                    (ports.LOOPBACK, self.upstream), 10) as server:
                self._pump(exchange, {TO_INITIATOR: client,
                                      TO_ACCEPTOR: server})
        except Exception as err:            # pylint: disable=broad-except
            exchange.error = err
            raise
        finally:
            with self._changed:
                exchange.done = True
                self._changed.notify_all()

    def _pump(self, exchange, to):
        """Until both have closed: read, ask the exchange, write.

        `to` has the socket that a direction leads to; what comes from it is
        of the other direction.
        """
        last = time.monotonic()
        with selectors.DefaultSelector() as selector:
            for direction, sock in to.items():
                sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                sock.settimeout(10)
                selector.register(sock, selectors.EVENT_READ,
                                  other(direction))
            while selector.get_map() and not self._workers.closing.is_set():
                if time.monotonic() - last > self.idle:
                    return
                for key, _events in selector.select(0.1):
                    last = time.monotonic()
                    octets = _receive(key.fileobj)
                    if octets:
                        effects = exchange.feed(key.data, octets)
                    else:
                        selector.unregister(key.fileobj)
                        effects = exchange.ended(key.data)
                    for effect in effects:
                        _perform(effect, to[effect.direction])


def _receive(sock):
    try:
        return sock.recv(65536)
    except ConnectionError:
        return b""


def _perform(effect, sock):
    """Send or close; a peer that has gone is no error of ours."""
    try:
        if isinstance(effect, Close):
            sock.shutdown(socket.SHUT_WR)
            return
        step = effect.piece or len(effect.octets) or 1
        for start in range(0, len(effect.octets), step):
            sock.sendall(effect.octets[start:start + step])
    except OSError:
        pass
