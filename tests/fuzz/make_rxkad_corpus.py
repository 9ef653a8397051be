#!/usr/bin/env python3
"""make_rxkad_corpus.py DIRECTORY: the inputs of fuzz_rxkad that are kept, one a kind and field.

Nothing in them decrypts but where the first octet is 3: the target encrypts that itself.
"""
import struct
import sys
from pathlib import Path

TIME = b"20231114201320Z"                       # an hour and two minutes before the target's NOW
END = b"20231115081320Z"


def tlv(tag, *parts):
    octets = b"".join(parts)
    size = len(octets)
    if size < 0x80:
        return bytes([tag, size]) + octets
    length = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes([tag, 0x80 | len(length)]) + length + octets


def field(n, *parts):
    return tlv(0xa0 | n, *parts)


def integer(value):
    return tlv(2, value.to_bytes(value.bit_length() // 8 + 1, "big", signed=True))


def string(text):
    return tlv(0x1b, text)


def enc_part(etype=18, kvno=3, cipher=bytes(range(64))):
    return tlv(0x30, field(0, integer(etype)), b"" if kvno is None else field(1, integer(kvno)),
               field(2, tlv(4, cipher)))


def name(*parts):
    return tlv(0x30, field(0, integer(1)), field(1, tlv(0x30, *map(string, parts))))


def ticket(part=enc_part()):
    return tlv(0x61, tlv(0x30, field(0, integer(5)), field(1, string(b"EXT.TEST")),
                         field(2, name(b"afs", b"ext.test")), field(3, part)))


def enc_ticket_part(cname=(b"user",), transited=b"", flags=b"\0\0\0\0", more=b"", start=b""):
    return tlv(0x63, tlv(
        0x30, field(0, tlv(3, b"\0" + flags)), field(1, tlv(0x30, field(0, integer(18)), field(1, tlv(4, bytes(32))))),
        field(2, string(b"EXT.TEST")), field(3, name(*cname)),
        field(4, tlv(0x30, field(0, integer(1)), field(1, tlv(4, transited)))),
        field(5, tlv(0x18, TIME)), start, field(7, tlv(0x18, END)), more))


def entry(kind, kvno, subtype, key, more=b""):
    return struct.pack(">4i", 16 + len(more), kind, kvno, subtype) + more + struct.pack(">i", len(key)) + key


def keyfileext(*entries):
    return struct.pack(">i", len(entries)) + b"".join(entries)


address = field(9, tlv(0x30, tlv(0x30, field(0, integer(2)), field(1, tlv(4, b"\x0a\0\0\1")))))
authdata = field(10, tlv(0x30, tlv(0x30, field(0, integer(77)), field(1, tlv(4, b"x")))))

INPUTS = {
    "2b": b"\0\0" + enc_part(),
    "2b-no-kvno": b"\0\x40" + enc_part(kvno=None),
    "2b-des": b"\0\0" + enc_part(etype=1, cipher=bytes(48)),
    "2b-des3": b"\0\0" + enc_part(etype=16, cipher=bytes(60)),
    "2b-rc4": b"\0\0" + enc_part(etype=23, cipher=bytes(50)),
    "2b-large-kvno": b"\0\0" + enc_part(kvno=0xfffffffb),
    "krb4-213": b"\0\1" + bytes(64),
    "ticket": b"\1\0" + ticket(),
    "krb4": b"\2\1" + bytes(range(64)),
    "part": b"\3\0" + enc_ticket_part(),
    "part-two": b"\3\2" + enc_ticket_part((b"foo.root", b"x")),
    "part-host": b"\3\0" + enc_ticket_part((b"host", b"h.ext.test")),
    "part-transited": b"\3\0" + enc_ticket_part(transited=b"EDU,MIT.,/COM,\\,X", flags=b"\0\x10\0\0"),
    "part-policy": b"\3\x18" + enc_ticket_part(more=address + authdata),
    "part-start": b"\3\0" + enc_ticket_part(start=field(6, tlv(0x18, TIME))),
    "keyfileext": b"\4" + keyfileext(entry(2, 3, 18, bytes(32)), entry(1, 4, 0, bytes(8)), entry(4, 1, 18, b"gk", b"more")),
    "keyfileext-empty": b"\4" + keyfileext(),
    "make": b"\5" + ticket(),
}


def main():
    for key, octets in INPUTS.items():
        (Path(sys.argv[1]) / key).write_bytes(octets)


main()
