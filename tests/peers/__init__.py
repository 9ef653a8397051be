"""Interop peers, see peers.peers."""

from .peers import heimdal_unpatched, java, mit

__all__ = ["heimdal_unpatched", "java", "mit"]
