"""The build's static libraries, for a program that is linked with them and
with some of their sources compiled in another way: mutants, fuzzers."""

from realm import install

# where below obj/lib, and the name
_LIBRARIES = ("gssapi/gssapi", "ntlm/heimntlm", "rxkad-2b/rxkad-2b",
              "kafs/kafs", "hdb/hdb", "krb5/krb5", "hx509/hx509",
              "hcrypto/hcrypto", "ipc/heim-ipcc", "wind/wind", "asn1/asn1",
              "base/heimbase", "roken/roken")
_SYSTEM = ("-lsqlite3", "-ldb", "-l:libcom_err.so.2", "-lcrypt", "-lresolv",
           "-lpthread", "-ldl")


def flags(*more):
    """Arguments of the linker; `more` are archives below obj."""
    obj = install.build_dir() / "obj"
    paths = [obj / name for name in more]
    for name in _LIBRARIES:
        where, base = name.split("/")
        paths.append(obj / "lib" / where / ".libs" / ("lib%s.a" % base))
    # whose ciphers hcrypto uses
    provider = "-lcrypto" in (obj / "lib/hcrypto/libhcrypto.la").read_text()
    counting = any((obj / "lib/roken").glob("*.gcno"))      # --coverage
    return ["-Wl,--start-group", *[str(path) for path in paths
                                   if path.exists()],
            "-Wl,--end-group", *["-lcrypto"] * provider,
            *["-lgcov"] * counting, *_SYSTEM]
