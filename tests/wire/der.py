"""DER: tag-length-value, both ways, and strict about it."""

import calendar
import time

UNIVERSAL, APPLICATION, CONTEXT, PRIVATE = range(4)

BOOLEAN, INTEGER, BIT_STRING, OCTET_STRING, NULL, OID = 1, 2, 3, 4, 5, 6
ENUMERATED, UTF8_STRING, SEQUENCE, SET = 10, 12, 16, 17
GENERALIZED_TIME, GENERAL_STRING = 24, 27

_TIME = "%Y%m%d%H%M%SZ"


class DerError(ValueError):
    """The octets are not the DER expected."""


# -- writing --------------------------------------------------------------

def _base128(number):
    out = [number & 0x7f]
    while number > 0x7f:
        number >>= 7
        out.append(0x80 | number & 0x7f)
    return bytes(reversed(out))


def tlv(tag, content, cls=UNIVERSAL, constructed=False):
    """One element."""
    first = cls << 6 | (0x20 if constructed else 0)
    if tag < 31:
        head = bytes([first | tag])
    else:
        head = bytes([first | 31]) + _base128(tag)
    size = len(content)
    if size < 0x80:
        return head + bytes([size]) + content
    length = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return head + bytes([0x80 | len(length)]) + length + content


def integer(value, tag=INTEGER):
    """INTEGER, in as few octets as it takes."""
    bits = (value if value >= 0 else ~value).bit_length()
    return tlv(tag, value.to_bytes(bits // 8 + 1, "big", signed=True))


def enumerated(value):
    """ENUMERATED."""
    return integer(value, ENUMERATED)


def boolean(value):
    """BOOLEAN."""
    return tlv(BOOLEAN, b"\xff" if value else b"\0")


def octets(value):
    """OCTET STRING."""
    return tlv(OCTET_STRING, value)


def bits(value, unused=0):
    """BIT STRING from its octets."""
    return tlv(BIT_STRING, bytes([unused]) + value)


def flags(value):
    """KerberosFlags from a 32-bit number, bit 0 the highest."""
    return bits(value.to_bytes(4, "big"))


def oid(dotted):
    """OBJECT IDENTIFIER."""
    arcs = [int(a) for a in dotted.split(".")]
    return tlv(OID, b"".join(_base128(a) for a in
                             [arcs[0] * 40 + arcs[1]] + arcs[2:]))


def null():
    """NULL."""
    return tlv(NULL, b"")


def kstring(text):
    """GeneralString, as KerberosString is sent."""
    return tlv(GENERAL_STRING, text.encode())


def utf8(text):
    """UTF8String."""
    return tlv(UTF8_STRING, text.encode())


def gtime(seconds):
    """KerberosTime: GeneralizedTime without fraction, from Unix time."""
    return tlv(GENERALIZED_TIME,
               time.strftime(_TIME, time.gmtime(seconds)).encode())


def seq(*parts):
    """SEQUENCE or SEQUENCE OF; None among the parts is left out."""
    return tlv(SEQUENCE, b"".join(p for p in parts if p is not None),
               constructed=True)


def set_of(*parts):
    """SET OF."""
    return tlv(SET, b"".join(sorted(parts)), constructed=True)


def ctx(tag, content):
    """[tag] EXPLICIT; None stays None (an absent OPTIONAL)."""
    if content is None:
        return None
    return tlv(tag, content, CONTEXT, True)


def ctx_octets(tag, value):
    """[tag] IMPLICIT OCTET STRING."""
    return tlv(tag, value, CONTEXT)


def app(tag, content):
    """[APPLICATION tag] EXPLICIT."""
    return tlv(tag, content, APPLICATION, True)


# -- reading --------------------------------------------------------------

class Node:
    """An element that was read.

    raw is the whole element, content what is inside.  Iterating gives the
    elements inside; node[n] the element inside of [n] EXPLICIT, or None.
    """

    def __init__(self, cls, constructed, tag, content, raw):
        self.cls = cls
        self.constructed = constructed
        self.tag = tag
        self.content = content
        self.raw = raw

    def __repr__(self):
        return "<%s %d, %d octets>" % (
            ("universal", "application", "context", "private")[self.cls],
            self.tag, len(self.content))

    def __iter__(self):
        if not self.constructed:
            raise DerError("%r is primitive" % self)
        pos = 0
        while pos < len(self.content):
            node, pos = read(self.content, pos)
            yield node

    def field(self, tag):
        """The element [tag] itself (for IMPLICIT tags), or None."""
        found = [n for n in self if n.cls == CONTEXT and n.tag == tag]
        if len(found) > 1:
            raise DerError("[%d] is there %d times" % (tag, len(found)))
        return found[0] if found else None

    def __getitem__(self, tag):
        outer = self.field(tag)
        return None if outer is None else outer.inner()

    def inner(self):
        """The one element inside."""
        inside = list(self)
        if len(inside) != 1:
            raise DerError("%r holds %d elements" % (self, len(inside)))
        return inside[0]

    def expect(self, tag, cls=UNIVERSAL):
        """self, if it has that tag; DerError otherwise."""
        if (self.cls, self.tag) != (cls, tag):
            raise DerError("%r where class %d tag %d belongs" % (
                self, cls, tag))
        return self

    def int(self):
        """Value of an INTEGER or ENUMERATED."""
        if self.cls != UNIVERSAL or self.tag not in (INTEGER, ENUMERATED):
            raise DerError("%r is no number" % self)
        body = self.content
        if not body or len(body) > 1 and (
                body[0] == 0 and body[1] < 0x80 or
                body[0] == 0xff and body[1] >= 0x80):
            raise DerError("number %s is not minimal" % body.hex())
        return int.from_bytes(body, "big", signed=True)

    def bool(self):
        """Value of a BOOLEAN."""
        body = self.expect(BOOLEAN).content
        if body not in (b"\xff", b"\0"):
            raise DerError("boolean %s" % body.hex())
        return body == b"\xff"

    def octets(self):
        """Value of an OCTET STRING."""
        return self.expect(OCTET_STRING).content

    def bits(self):
        """Octets of a BIT STRING of whole octets."""
        body = self.expect(BIT_STRING).content
        if not body or body[0] != 0:
            raise DerError("bit string %s" % body[:1].hex())
        return body[1:]

    def flags(self):
        """KerberosFlags as a 32-bit number."""
        return int.from_bytes(self.bits()[:4], "big")

    def text(self):
        """Value of a GeneralString or UTF8String."""
        if self.cls != UNIVERSAL or \
                self.tag not in (GENERAL_STRING, UTF8_STRING):
            raise DerError("%r is no text" % self)
        return self.content.decode()

    def time(self):
        """Unix time of a KerberosTime."""
        text = self.expect(GENERALIZED_TIME).content.decode("ascii")
        try:
            if len(text) != 15:
                raise ValueError(text)
            return calendar.timegm(time.strptime(text, _TIME))
        except ValueError as err:
            raise DerError("time %r" % text) from err

    def oid(self):
        """Dotted form of an OBJECT IDENTIFIER."""
        arcs, value = [], 0
        body = self.expect(OID).content
        if not body or body[-1] & 0x80:
            raise DerError("oid %s" % body.hex())
        for octet in body:
            value = value << 7 | octet & 0x7f
            if not octet & 0x80:
                arcs.append(value)
                value = 0
        first = min(arcs[0] // 40, 2)
        return ".".join(map(str, [first, arcs[0] - 40 * first] + arcs[1:]))


def _read_tag(data, pos):
    first = data[pos]
    pos += 1
    tag = first & 0x1f
    if tag == 31:
        tag = 0
        if data[pos] == 0x80:
            raise DerError("long tag begins with zero")
        while True:
            octet = data[pos]
            pos += 1
            tag = tag << 7 | octet & 0x7f
            if not octet & 0x80:
                break
        if tag < 31:
            raise DerError("tag %d in the long form" % tag)
    return first >> 6, bool(first & 0x20), tag, pos


def _read_length(data, pos):
    first = data[pos]
    pos += 1
    if first < 0x80:
        return first, pos
    count = first & 0x7f
    if count == 0:
        raise DerError("indefinite length")
    body = data[pos:pos + count]
    if len(body) < count:
        raise DerError("length is cut short")
    size = int.from_bytes(body, "big")
    if body[0] == 0 or size < 0x80:
        raise DerError("length %s is not minimal" % body.hex())
    return size, pos + count


def read(data, pos=0):
    """(Node, position after it)."""
    start = pos
    try:
        cls, constructed, tag, pos = _read_tag(data, pos)
        size, pos = _read_length(data, pos)
    except IndexError:
        raise DerError("element at %d is cut short" % start) from None
    if size > len(data) - pos:
        raise DerError("element at %d wants %d octets, %d are left" % (
            start, size, len(data) - pos))
    end = pos + size
    return Node(cls, constructed, tag, data[pos:end], data[start:end]), end


def parse(data):
    """The one element that `data` is; DerError if anything follows it."""
    node, end = read(data)
    if end != len(data):
        raise DerError("%d octets after the element" % (len(data) - end))
    return node
