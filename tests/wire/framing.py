"""How the loop programs put tokens on a stream: bounded parsers.

  LENGTH      4 octets of length, most significant first, then the token
  GSS_SAMPLE  MIT's gss-sample: an octet of flags before that
"""

import collections
import struct

LENGTH, GSS_SAMPLE = "length", "gss-sample"

LIMIT = 1 << 20                         # no token of a test is longer

# flags of GSS_SAMPLE (MIT, appl/gss-sample/gss-misc.h)
NOOP, CONTEXT, DATA, MIC, CONTEXT_NEXT, WRAPPED, ENCRYPTED, SEND_MIC = (
    1 << bit for bit in range(8))

# flags is None where the framing has none
Frame = collections.namedtuple("Frame", "flags data")


class FrameError(ValueError):
    """The stream holds no frame of the framing."""


def head(size, flags=None):
    """What stands before a token; size need not be the token's."""
    return (b"" if flags is None else bytes([flags])) + \
        struct.pack(">I", size)


def frame(data, flags=None):
    """A token in its frame."""
    return head(len(data), flags) + data


class Parser:
    """Takes a stream in pieces of any size, gives the frames in it.

    A length above `limit` is an error as soon as it is there, whatever
    follows it.
    """

    def __init__(self, framing=LENGTH, limit=LIMIT):
        if framing not in (LENGTH, GSS_SAMPLE):
            raise ValueError("no such framing: %s" % framing)
        self._head = 4 if framing == LENGTH else 5
        self._limit = limit
        self._data = b""

    def feed(self, data):
        """The frames that are complete with `data`."""
        self._data += data
        frames = []
        while len(self._data) >= self._head:
            size = struct.unpack_from(">I", self._data, self._head - 4)[0]
            if size > self._limit:
                raise FrameError("a frame of %d octets" % size)
            end = self._head + size
            if len(self._data) < end:
                break
            flags = None if self._head == 4 else self._data[0]
            frames.append(Frame(flags, self._data[self._head:end]))
            self._data = self._data[end:]
        return frames

    @property
    def pending(self):
        """Octets of a frame that is not complete."""
        return self._data
