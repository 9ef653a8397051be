"""Run a program with an address on the loopback interface of its network
namespace: python3 loopback.py ADDRESS PROGRAM ARGUMENT...

unshare(1) makes the namespace; iproute2 is not needed.
"""

import fcntl
import os
import socket
import struct
import sys

_SIOCSIFFLAGS, _SIOCSIFADDR, _SIOCSIFNETMASK = 0x8914, 0x8916, 0x891c
_IFF_UP = 1


def _request(name, octets):
    return struct.pack("16s24s", name.encode(), octets)


def _address(text):
    return struct.pack("HH4s", socket.AF_INET, 0, socket.inet_aton(text))


def main(argv):
    """Set lo up, give it the address, become the program."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        fcntl.ioctl(sock, _SIOCSIFFLAGS,
                    _request("lo", struct.pack("H", _IFF_UP)))
        for what, address in ((_SIOCSIFADDR, argv[0]),
                              (_SIOCSIFNETMASK, "255.255.255.255")):
            fcntl.ioctl(sock, what, _request("lo:1", _address(address)))
    os.execv(argv[1], argv[1:])


if __name__ == "__main__":
    main(sys.argv[1:])
