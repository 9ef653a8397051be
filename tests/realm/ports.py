"""Free ports on loopback."""

import random
import socket

LOOPBACK = "127.0.0.1"


def bind_pair(port):
    """UDP and TCP sockets bound to one port of loopback, or None.

    The range below the kernel's ephemeral ports is used by the callers, so
    that no outgoing connection takes the port between our look and the
    daemon's bind.
    """
    udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    tcp = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    tcp.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        tcp.bind((LOOPBACK, port))
        udp.bind((LOOPBACK, port))
    except OSError:
        tcp.close()
        udp.close()
        return None
    return udp, tcp


def bound_pair():
    """(udp, tcp) bound to the same free port."""
    chooser = random.SystemRandom()
    for _ in range(200):
        pair = bind_pair(chooser.randrange(20000, 32000))
        if pair:
            return pair
    raise OSError("no free port on loopback")


def free_port():
    """A port that was free for UDP and TCP a moment ago."""
    udp, tcp = bound_pair()
    port = tcp.getsockname()[1]
    udp.close()
    tcp.close()
    return port


def tcp_answers(port):
    """True when something listens on the TCP port."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as sock:
        sock.settimeout(1)
        return sock.connect_ex((LOOPBACK, port)) == 0
