"""Freshness tokens made with a known key.

Two zero octets, then EncryptedData with the kvno of the krbtgt key, over
PA-ENC-TS-ENC; the key usage number is ours to vary.
"""

import time

from . import der, krb

KEY_USAGE = 60
PREFIX = b"\0\0"


def mint(entry, when=None, usage=KEY_USAGE, kvno=None, usec=0,
         prefix=PREFIX):
    """A token as of `when`, from a keytab.Entry of an AES krbtgt key."""
    when = time.time() if when is None else when
    plain = der.seq(der.ctx(0, der.gtime(when)),
                    der.ctx(1, der.integer(usec)))
    return prefix + krb.encrypted_data(
        entry.key, usage, plain, entry.etype,
        entry.kvno if kvno is None else kvno)


def when(entry, token, usage=KEY_USAGE):
    """The time inside a token."""
    data = krb.EncryptedData(der.parse(token[len(PREFIX):]))
    return der.parse(data.decrypt(entry.key, usage))[0].time()
