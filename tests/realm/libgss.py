"""Initiators and acceptors of contexts in this process, over the libgssapi
of the installation under test (ctypes): for protocols that no program speaks.

>>> with Library(client) as library:
...     context = library.initiator("host/server@EXT.TEST", MUTUAL)
...     token = context.step(b"")

libgssapi reads the configuration once a thread: see alone().
"""

import ctypes
import os
import threading

from realm import install

install.begin_with_sanitizer()

GSS_S_COMPLETE, GSS_S_CONTINUE_NEEDED = 0, 1
DELEG, MUTUAL, REPLAY, SEQUENCE, CONF, INTEG = 1, 2, 4, 8, 16, 32
PROT_READY, TRANS, DCE_STYLE = 128, 256, 0x1000
PRINCIPAL_NAME = bytes.fromhex("2a864886f71201020201")
KRB5 = bytes.fromhex("2a864886f712010202")
SPNEGO = bytes.fromhex("2b0601050502")


def alone(function, *args):
    """What function returns or raises, in a thread of its own."""
    done = {}

    def body():
        try:
            done["value"] = function(*args)
        except BaseException as err:  # pylint: disable=broad-except
            done["error"] = err
    thread = threading.Thread(target=body)
    thread.start()
    thread.join()
    if "error" in done:
        raise done["error"]
    return done["value"]


class _Buffer(ctypes.Structure):
    _fields_ = [("length", ctypes.c_size_t), ("value", ctypes.c_void_p)]

    @classmethod
    def of(cls, octets):
        """A buffer over octets, which it keeps."""
        self = cls(len(octets), None)
        self.kept = ctypes.create_string_buffer(octets, len(octets) or 1)
        self.value = ctypes.addressof(self.kept)
        return self

    def octets(self):
        """What is in it."""
        return ctypes.string_at(self.value, self.length) if self.length \
            else b""


class _Oid(ctypes.Structure):
    _fields_ = [("length", ctypes.c_uint32), ("value", ctypes.c_void_p)]

    of = classmethod(_Buffer.of.__func__)


class GssError(Exception):
    """A call failed: call, major, minor, token."""

    def __init__(self, call, major, minor, token=b""):
        super().__init__("%s: %#x/%d" % (call, major, minor))
        self.call, self.major, self.minor = call, major, minor
        self.token = token


class Library:
    """libgssapi with a client's configuration and cache, and with more
    variables; a context manager, since they are in the environment while it
    is entered."""

    def __init__(self, client, **variables):
        lib = client.inst.bindirs[0].parent / "lib" / "libgssapi.so"
        self._gss = ctypes.CDLL(str(lib))
        self._env = {name: client.env[name]
                     for name in ("KRB5_CONFIG", "KRB5CCNAME")}
        self._env.update(variables)
        self._before = {}
        self._contexts = []

    def __enter__(self):
        self._before = {name: os.environ.get(name) for name in self._env}
        os.environ.update(self._env)
        return self

    def __exit__(self, kind, value, trace):
        for context in self._contexts:
            context.delete()
        for name, old in self._before.items():
            os.environ.pop(name)
            if old is not None:
                os.environ[name] = old

    def call(self, name, *args, good=(GSS_S_COMPLETE,)):
        """A function of the library, its minor status being ours."""
        minor = ctypes.c_uint32()
        function = getattr(self._gss, name)
        function.restype = ctypes.c_uint32
        major = function(ctypes.byref(minor), *args)
        if good is not None and major not in good:
            raise GssError(name, major, minor.value)
        return major, minor.value

    def oid(self, name):
        """A variable of the library that is an OID."""
        return ctypes.byref(_Oid.in_dll(self._gss, name))

    def take(self, buffer):
        """The octets of a buffer of the library, which is released."""
        octets = buffer.octets()
        self.call("gss_release_buffer", ctypes.byref(buffer))
        return octets

    def initiator(self, principal, flags, ci_flags=True, mech=KRB5):
        """A context to be; without ci_flags CONF and INTEG are only asked
        for when they are in flags."""
        context = Context(self, principal, flags, ci_flags, mech)
        self._contexts.append(context)
        return context

    def acceptor(self):
        """A context to be, with the default keytab (KRB5_KTNAME)."""
        context = AcceptorContext(self)
        self._contexts.append(context)
        return context


class _Messages:
    """A context, from when on it is there."""

    def __init__(self, library):
        self.library = library
        self._ctx = ctypes.c_void_p()
        self.complete = False
        self.granted = 0                # flags of the last step

    def mic(self, octets):
        """gss_get_mic."""
        message, out = _Buffer.of(octets), _Buffer()
        self.library.call("gss_get_mic", self._ctx, ctypes.c_uint32(0),
                          ctypes.byref(message), ctypes.byref(out))
        return self.library.take(out)

    def verify(self, octets, mic):
        """gss_verify_mic."""
        message, token = _Buffer.of(octets), _Buffer.of(mic)
        self.library.call("gss_verify_mic", self._ctx, ctypes.byref(message),
                          ctypes.byref(token), None)

    def wrap(self, octets, conf=True):
        """gss_wrap."""
        message, out = _Buffer.of(octets), _Buffer()
        self.library.call("gss_wrap", self._ctx, ctypes.c_int(conf),
                          ctypes.c_uint32(0), ctypes.byref(message), None,
                          ctypes.byref(out))
        return self.library.take(out)

    def unwrap(self, octets):
        """gss_unwrap."""
        major, text = self.try_unwrap(octets)
        if major != GSS_S_COMPLETE:
            raise GssError("gss_unwrap", major, 0, text)
        return text

    def try_unwrap(self, octets):
        """gss_unwrap: (status, text)."""
        token, out = _Buffer.of(octets), _Buffer()
        major, _ = self.library.call(
            "gss_unwrap", self._ctx, ctypes.byref(token), ctypes.byref(out),
            None, None, good=None)
        return major, self.library.take(out)

    def _stepped(self, call, major, minor, out, flags):
        """What a step returns."""
        octets = self.library.take(out)
        if major not in (GSS_S_COMPLETE, GSS_S_CONTINUE_NEEDED):
            raise GssError(call, major, minor, octets)
        self.complete, self.granted = major == GSS_S_COMPLETE, flags.value
        return octets

    def delete(self):
        """Release all of it."""
        self.library.call("gss_delete_sec_context", ctypes.byref(self._ctx),
                          None)


class AcceptorContext(_Messages):
    """An acceptor's context: step() until complete."""

    def step(self, token):
        """The answer; GssError when the library refuses the token."""
        given, out, flags = _Buffer.of(token), _Buffer(), ctypes.c_uint32()
        major, minor = self.library.call(
            "gss_accept_sec_context", ctypes.byref(self._ctx), None,
            ctypes.byref(given), None, None, None, ctypes.byref(out),
            ctypes.byref(flags), None, None, good=None)
        return self._stepped("gss_accept_sec_context", major, minor, out,
                             flags)


class Context(_Messages):
    """An initiator's context: step() until complete."""

    def __init__(self, library, principal, flags, ci_flags, mech):
        super().__init__(library)
        self.flags, self.mech = flags, mech
        self._name, self._cred = ctypes.c_void_p(), ctypes.c_void_p()
        text, oid = _Buffer.of(principal.encode()), _Oid.of(PRINCIPAL_NAME)
        library.call("gss_import_name", ctypes.byref(text),
                     ctypes.byref(oid), ctypes.byref(self._name))
        if not ci_flags:
            library.call("gss_acquire_cred", None, ctypes.c_uint32(0), None,
                         ctypes.c_int(1), ctypes.byref(self._cred), None,
                         None)
            empty = _Buffer()
            library.call("gss_set_cred_option", ctypes.byref(self._cred),
                         library.oid("__gss_krb5_cred_no_ci_flags_x_oid_desc"),
                         ctypes.byref(empty))

    def step(self, token):
        """The next token; GssError when the library refuses this one."""
        given, out, mech = _Buffer.of(token), _Buffer(), _Oid.of(self.mech)
        flags = ctypes.c_uint32()
        major, minor = self.library.call(
            "gss_init_sec_context", self._cred, ctypes.byref(self._ctx),
            self._name, ctypes.byref(mech), ctypes.c_uint32(self.flags),
            ctypes.c_uint32(0), None, ctypes.byref(given), None,
            ctypes.byref(out), ctypes.byref(flags), None, good=None)
        return self._stepped("gss_init_sec_context", major, minor, out,
                             flags)

    def delete(self):
        """Release all of it."""
        super().delete()
        self.library.call("gss_release_name", ctypes.byref(self._name))
        self.library.call("gss_release_cred", ctypes.byref(self._cred))
