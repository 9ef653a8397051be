# Thin front to build.sh and the test runners; the logic is there.
#
#   make                the patched Heimdal, installed in $(BUILD_DIR)/install
#   make check          every test
#   make check-patches  the series alone
#   make check-prefixes walks the series: each prefix builds, each patch's test fails before it (hours)
#   make demo           the features in a throwaway realm
#   make bench          costs, as ratios measured side by side
#   make soak-pkinit    2,000 PKINIT exchanges with MIT krb5, both ways
#   make mutate         100,000 GSS exchanges with a changed token, in one process
#   make soak-loop      the same between programs, by a man in the middle
#   make fuzz           librxkad-2b with libFuzzer, 10 minutes (clang)
#   make assure         attacks by machine, ASSURE_HOURS (4) and more; doc/assurance.md
#   make trace          which requirement has which tests
#   make proof          which peers have shown the rules of [MS-KILE]; runs their suites
#   make bare-machine   build.sh demo and check in a debootstrap chroot (root)
#   make refresh        writes the patches as quilt would

BUILD_DIR ?= _build
export BUILD_DIR
PYTHON = python3
MUTATIONS = 100000
ASSURE_HOURS = 4
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
refresh:
	scripts/refresh-series
trace:
	$(PYTHON) tests/trace.py
proof:
	$(ENV) $(PYTHON) tests/proof.py --run
bench:
	$(ENV) $(PYTHON) tests/bench/bench_freshness.py
	$(ENV) $(PYTHON) tests/bench/bench_extra_tokens.py
	$(ENV) $(PYTHON) tests/bench/bench_keytab.py
	$(ENV) $(PYTHON) tests/bench/bench_rxkad.py
	$(ENV) $(PYTHON) tests/bench/bench_krb524.py
soak-pkinit:
	$(ENV) $(PYTHON) tests/soak/soak_pkinit_dh.py
mutate:
	LOOP_MUTATIONS=$(MUTATIONS) $(BUILD_DIR)/obj/tests/ext/loop/test_mutated_exchanges
soak-loop:
	$(ENV) $(PYTHON) tests/soak/soak_loop_mutations.py
fuzz:
	$(ENV) $(PYTHON) tests/fuzz/run_fuzz.py 600
assure:
	$(ENV) $(PYTHON) tests/assure/assure.py --hours $(ASSURE_HOURS) --table doc/assurance.md
bare-machine:
	tests/bare-machine

.PHONY: all demo check clean check-patches check-heimdal check-ext check-prefixes \
	refresh trace proof bench soak-pkinit mutate soak-loop fuzz assure bare-machine
