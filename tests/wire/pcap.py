"""Messages as a file that Wireshark reads: IPv4 packets without a link layer,
made here, so that nobody needs to be root to have a capture."""

import struct

RAW_IP = 101                            # LINKTYPE_RAW
CLIENT, SERVER = b"\x7f\0\0\1", b"\x7f\0\0\2"
SEGMENT = 1400                          # octets of TCP in a packet
UDP_MAX = 65507
_UDP, _TCP = 17, 6


def _sum(octets):
    """The checksum of RFC 1071."""
    total = sum(struct.unpack(">%dH" % ((len(octets) + 1) // 2),
                              octets + b"\0" * (len(octets) % 2)))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return ~total & 0xffff


class Capture:
    """Packets between a client's port and a server's, each a millisecond
    after the one before."""

    def __init__(self):
        self.packets = []
        self._sent = {}                 # octets of a stream so far

    def udp(self, port, data, to_server=True, client=40000):
        """A datagram."""
        sport, dport = (client, port) if to_server else (port, client)
        self._add(to_server, _UDP, struct.pack(
            ">HHHH", sport, dport, 8 + len(data), 0) + data)

    def tcp(self, port, data, to_server=True, client=40001):
        """What is written to a stream at once; it has no beginning, which
        Wireshark does not mind."""
        for at in range(0, len(data), SEGMENT):
            self._segment(port, data[at:at + SEGMENT], to_server, client)

    def _segment(self, port, data, to_server, client):
        sport, dport = (client, port) if to_server else (port, client)
        here, there = (sport, dport), (dport, sport)
        self._add(to_server, _TCP, struct.pack(
            ">HHIIBBHHH", sport, dport, 1 + self._sent.get(here, 0),
            1 + self._sent.get(there, 0), 5 << 4, 0x18, 0xffff, 0, 0) + data)
        self._sent[here] = self._sent.get(here, 0) + len(data)

    def _add(self, to_server, protocol, data):
        source, target = (CLIENT, SERVER) if to_server else (SERVER, CLIENT)
        head = struct.pack(">BBHHHBBH", 0x45, 0, 20 + len(data),
                           len(self.packets) & 0xffff, 0, 64, protocol, 0) + \
            source + target
        head = head[:10] + struct.pack(">H", _sum(head)) + head[12:]
        self.packets.append(head + data)

    def octets(self):
        """The file."""
        out = [struct.pack("<IHHiIII", 0xa1b2c3d4, 2, 4, 0, 0, 1 << 18,
                           RAW_IP)]
        for number, packet in enumerate(self.packets):
            out.append(struct.pack("<IIII", 0, number * 1000, len(packet),
                                   len(packet)) + packet)
        return b"".join(out)


def kdc(messages, port=88):
    """What a relay recorded, as a capture."""
    capture = Capture()
    for message in messages:
        to_server = message.direction == ">"
        if message.transport == "udp":
            capture.udp(port, message.data, to_server)
        else:
            capture.tcp(port, struct.pack(">I", len(message.data)) +
                        message.data, to_server)
    return capture


def tokens(exchanges, port):
    """GSS tokens on the stream of gss-loop, a stream an exchange."""
    capture = Capture()
    for number, exchange in enumerate(exchanges):
        for token in exchange.tokens:
            capture.tcp(port, struct.pack(">I", len(token.data)) + token.data,
                        token.direction == ">", 41000 + number)
    return capture


def rx_response(token, kvno, port=7002):
    """A client's answer to rxkad's challenge (rx packet type 7), as a
    capture: version 2, 40 octets that are encrypted, then the token."""
    head = struct.pack(">IIIIIBBBBHH", 1, 0x1234, 0, 0, 1, 7, 1, 0, 2, 0, 52)
    body = struct.pack(">II", 2, 0) + bytes(40) + \
        struct.pack(">II", kvno, len(token)) + token
    capture = Capture()
    capture.udp(port, head + body)
    return capture
