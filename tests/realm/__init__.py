"""The shared fixture: a throwaway Kerberos realm on loopback.

See tests/README.md.
"""

from .case import RealmCase
from .client import Client, MitClient
from .process import Result, RunError, run, wait_until
from .realm import Realm
from .relay import Answer, Relay

__all__ = ["Answer", "Client", "MitClient", "Realm", "RealmCase", "Relay",
           "Result", "RunError", "run", "wait_until"]
