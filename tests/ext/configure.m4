dnl Read by configure.ac: the makefiles below tests/ext.
AC_CONFIG_FILES([tests/ext/Makefile tests/ext/assure/Makefile tests/ext/hcrypto/Makefile tests/ext/krb-error2/Makefile tests/ext/krb524/Makefile tests/ext/loop/Makefile tests/ext/pkinit/Makefile tests/ext/replay/Makefile tests/ext/rxkad/Makefile tests/ext/security/Makefile])
