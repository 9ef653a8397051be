"""Interop peers, see peers.peers."""

from .peers import heimdal_unpatched, impacket, java, mit, openafs

__all__ = ["heimdal_unpatched", "impacket", "java", "mit", "openafs"]
