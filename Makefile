# Thin front to build.sh and the test runners; the logic is there.
#
#   make                the patched Heimdal, installed in $(BUILD_DIR)/install
#   make check          every test
#   make check-patches  the series alone
#   make check-prefixes walks the series: each prefix builds, each patch's test fails before it (hours)
#   make check-providers  what depends on it, with each provider of hcrypto (openssl, internal)
#   make demo           the features in a throwaway realm
#   make bench          costs, as ratios measured side by side: tables, JSON, a picture
#   make soak-pkinit    2,000 PKINIT exchanges with MIT krb5, both ways
#   make mutate         100,000 GSS exchanges with a changed token, in one process
#   make soak-loop      the same between programs, by a man in the middle
#   make fuzz           each target of libFuzzer, 10 minutes (clang)
#   make assure         attacks by machine, for hours; doc/assurance.md
#   make coverage       which lines and branches the tests take
#   make trace          which requirement has which tests
#   make deb            Debian's packages with the series, in $(BUILD_DIR)/deb (root)
#   make check-deb      installs them, and Debian's again, in a chroot (root)
#   make drawings       doc/sequences.md, from what goes over the wire
#   make proof          which peers have shown the rules of [MS-KILE]; runs their suites
#   make bare-machine   build.sh demo and check in a debootstrap chroot (root)
#   make export         branches and mails for upstream, packaging/upstream/README.md
#   make check-export   builds each of them by itself and runs Heimdal's tests there (hours)
#   make refresh        writes the patches as quilt would

BUILD_DIR ?= _build
export BUILD_DIR
PYTHON = python3
MUTATIONS = 100000
ASSURE_HOURS = 1
ENV = HEIMDAL_PREFIX=$${HEIMDAL_PREFIX:-$(BUILD_DIR)/install}

all:
	./build.sh
demo check clean:
	./build.sh $@
check-patches:
	./build.sh check-series
check-heimdal check-ext:
	./build.sh $@
check-prefixes:
	scripts/walk-series
check-providers:
	scripts/check-providers
refresh:
	scripts/refresh-series
trace:
	$(PYTHON) tests/trace.py
export:
	rm -rf $(BUILD_DIR)/export
	scripts/export --check $(BUILD_DIR)/export
check-export: export
	scripts/check-export $(BUILD_DIR)/export
deb:
	packaging/debian/build-deb
check-deb:
	tests/deb $(BUILD_DIR)/deb
drawings:
	BUILD_DIR=$(abspath $(BUILD_DIR)) HEIMDAL_PREFIX=$${HEIMDAL_PREFIX:-$(abspath $(BUILD_DIR))/install} \
	PYTHONPATH=tests $(PYTHON) tests/drawings/t_drawings.py --write
proof:
	$(ENV) $(PYTHON) tests/proof.py --run
bench:
	$(ENV) $(PYTHON) tests/bench/run.py
soak-pkinit:
	$(ENV) $(PYTHON) tests/soak/soak_pkinit_dh.py
mutate:
	LOOP_MUTATIONS=$(MUTATIONS) $(BUILD_DIR)/obj/tests/ext/loop/test_mutated_exchanges
soak-loop:
	$(ENV) $(PYTHON) tests/soak/soak_loop_mutations.py
fuzz:
	$(ENV) $(PYTHON) tests/fuzz/run_fuzz.py 600
assure:
	$(ENV) $(PYTHON) tests/assure/assure.py --hours $(ASSURE_HOURS) --tables doc/assurance.md
coverage:
	$(ENV) $(PYTHON) tests/assure/coverage.py --build --table doc/assurance.md
bare-machine:
	tests/bare-machine

.PHONY: all demo check clean check-patches check-heimdal check-ext check-prefixes \
	check-providers refresh trace deb check-deb drawings export check-export proof bench soak-pkinit mutate soak-loop fuzz assure coverage bare-machine
