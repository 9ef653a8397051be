"""Interop peers, see peers.peers."""

from .peers import heimdal_unpatched, mit

__all__ = ["heimdal_unpatched", "mit"]
