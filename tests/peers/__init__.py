"""Interop peers, see peers.peers."""

from .peers import (
    heimdal_unpatched, impacket, java, mit, openafs, openafs_source)

__all__ = ["heimdal_unpatched", "impacket", "java", "mit", "openafs",
           "openafs_source"]
