# SPDX-License-Identifier: Apache-2.0
# Tests in three sizes (docs/testing.md): check before each commit, test what integration runs, deep before a release.

# tidy: the house rules as a program (tools/tidy), linked with base alone.
TIDY_SRC := $(filter-out %_test.c,$(sort $(wildcard tools/tidy/*.c)))
TIDY_LIB := $(filter-out tools/tidy/main.c,$(TIDY_SRC))
$(B)/tools/tidy/tidy: $(TIDY_SRC:%.c=$(B)/%.o) $(B)/libbase.a
	$(SAY) LD $@
	$(Q)$(CC) $(LDH) -o $@ $^
$(B)/testlist-tidy.c: $(B)/tools/testlist tools/tidy/tidy_test.c
	$(Q)$(B)/tools/testlist tools/tidy/tidy_test.c > $@
$(B)/test-tidy: $(TIDY_LIB:%.c=$(B)/%.o) $(B)/tools/tidy/tidy_test.o $(B)/testlist-tidy.o $(B)/test/runner.o $(B)/libbase.a
	$(SAY) LD $@
	$(Q)$(CC) $(LDH) -o $@ $^
unit-tidy: $(B)/test-tidy
	@echo "unit tidy"
	$(Q)$(B)/test-tidy $(ARGS)
tidy: $(B)/tools/tidy/tidy
	@find $(B)/src -name '*.o' -exec nm -A -u {} + 2>/dev/null > $(B)/nm.txt || true
	@$(B)/tools/tidy/tidy --nm $(B)/nm.txt

# Every header compiles alone.
HEADERS := $(sort $(shell find src -name '*.h' 2>/dev/null))
headers: $(HEADERS:%=$(B)/%.ok)
	@echo "$(words $(HEADERS)) headers compile alone"
$(B)/%.h.ok: %.h $(HEADERS) | $(B)/gen/stamp
	@mkdir -p $(@D)
	$(Q)$(CC) $(CPPFLAGS) $(filter-out -MMD -MP,$(CFLAGS)) -Wno-unused-function -Wno-unused-const-variable -fsyntax-only -x c $<
	@touch $@

# All unit tests: of the layers and of the tools. unit-bins builds them, so that building may run in parallel and tests alone.
UNIT_TOOLS ?=    # set by mk files that stand before this one
UNIT_ALL   = $(LAYERS_TESTED) tidy $(UNIT_TOOLS)
unit-bins: $(patsubst %,$(B)/test-%,$(UNIT_ALL))
unit: $(patsubst %,unit-%,$(UNIT_ALL))

# The fuzzers' bodies over their corpora; a fuzzer without seeds is a fault.
FUZZ_NAMES = $(patsubst fuzz_%.c,%,$(notdir $(ALL_FUZZ)))
replay-bins: $(patsubst %,$(B)/replay/%,$(FUZZ_NAMES))
replay: replay-bins
	@passed=0; failed=0; for n in $(FUZZ_NAMES); do \
	    if out=$$($(B)/replay/$$n test/corpus/$$n 2>&1); then passed=$$((passed + 1)); echo "$$n: $$out"; \
	    else failed=$$((failed + 1)); echo "FAIL replay of $$n"; echo "$$out" | tail -n 30; fi; done; \
	echo "$$passed passed, $$failed failed"; [ $$failed = 0 ]

# Fuzzing for S seconds each (make fuzz S=60). New inputs gather beside the build, crashes too.
S ?= 60
FUZZ_B := $(B)-fuzz
fuzz:
	@$(MAKE) --no-print-directory -j2 B=$(FUZZ_B) CC=clang SAN=address,undefined,fuzzer-no-link fuzz-here
fuzz-here: $(patsubst %,$(B)/fuzz_%,$(FUZZ_NAMES))
	@passed=0; failed=0; for n in $(FUZZ_NAMES); do mkdir -p $(B)/corpus/$$n $(B)/crashes; \
	    if $(B)/fuzz_$$n -max_total_time=$(S) -rss_limit_mb=2048 -timeout=10 -print_final_stats=0 -verbosity=0 \
	        -artifact_prefix=$(B)/crashes/$$n- $(B)/corpus/$$n test/corpus/$$n > $(B)/fuzz-$$n.log 2>&1; \
	    then passed=$$((passed + 1)); echo "$$n: $(S) s, $$(ls $(B)/corpus/$$n | wc -l) inputs found"; \
	    else failed=$$((failed + 1)); echo "FAIL fuzz_$$n"; tail -n 30 $(B)/fuzz-$$n.log; fi; done; \
	echo "$$passed passed, $$failed failed"; [ $$failed = 0 ]

# ---- stages: name | budget in seconds | command; "!" marks one without which the rest makes no sense ----
SUB  = $(MAKE) --no-print-directory
ASAN = $(SUB) B=$(B)-asan CC=clang SAN=address,undefined
TSAN = $(SUB) B=$(B)-tsan CC=clang SAN=thread
WEB_STAGE = $(if $(wildcard web/package.json),web | 120 | $(SUB) web-test)
GOLDEN_STAGE = $(if $(wildcard test/golden),golden | 20 | $(SUB) check-golden)

define STAGES_CHECK
build! | 100 | $(SUB) -j2 all unit-bins
unit | 60 | $(SUB) -k unit
replay | 20 | $(SUB) -j2 replay
tidy | 20 | $(SUB) tidy
headers | 30 | $(SUB) -j2 headers
$(GOLDEN_STAGE)
endef

define STAGES_TEST
build! | 180 | $(SUB) -j2 all unit-bins replay-bins
unit | 90 | $(SUB) -k unit
tidy | 20 | $(SUB) tidy
headers | 30 | $(SUB) -j2 headers
$(GOLDEN_STAGE)
replay | 30 | $(SUB) replay
$(WEB_STAGE)
cedar beside the reference | 60 | $(SUB) test-cedar-diff
postgres | 300 | $(SUB) unit-store-pg unit-app-pg unit-move-pg
e2e | 420 | $(SUB) e2e
asan build | 240 | $(ASAN) -j2 unit-bins replay-bins
asan unit | 180 | $(ASAN) -k unit
asan replay | 60 | $(ASAN) replay
clang headers | 30 | $(SUB) -j2 B=$(B)-clang CC=clang headers
tsan build | 120 | $(TSAN) -j2 $(TSAN_LAYERS:%=$(B)-tsan/test-%)
tsan unit | 120 | $(TSAN) -k $(TSAN_LAYERS:%=unit-%)
endef
TSAN_LAYERS = $(filter loop store core,$(LAYERS_TESTED))

# Hours, bounded: every fault point, every memory mode, long fuzzing, long kill loops, all languages and themes.
define STAGES_DEEP
$(STAGES_TEST)
faults | 3600 | OUTWORK_FAULTS=all $(SUB) -k unit
poison | 300 | OUTWORK_MEM=poison $(SUB) -k unit
use after free | 900 | OUTWORK_MEM=uaf $(SUB) -k unit
fuzz | 7200 | $(SUB) fuzz S=$(DEEP_FUZZ_S)
e2e deep | 3600 | OUTWORK_DEEP=1 $(SUB) e2e
endef
DEEP_FUZZ_S ?= 300

export STAGES_CHECK STAGES_TEST STAGES_DEEP
check:
	@tools/setup run
	@printf '%s\n' "$$STAGES_CHECK" | tools/stages $(B)/log
test:
	@tools/setup test
	@printf '%s\n' "$$STAGES_TEST" | tools/stages $(B)/log
deep:
	@tools/setup bench
	@printf '%s\n' "$$STAGES_DEEP" | tools/stages $(B)/log

# End to end: the built server, a real browser (test/e2e).
NODE_BIN := $(abspath build/node/bin)
test/e2e/node_modules/.package-lock.json: test/e2e/package-lock.json
	@cd test/e2e && PATH="$(NODE_BIN):$$PATH" npm ci --no-audit --no-fund --loglevel=error
	@touch $@
e2e: all test/e2e/node_modules/.package-lock.json
	@cd test/e2e && OUTWORK_BUILD=$(abspath $(B)) "$(NODE_BIN)/node" run.mjs $(ARGS)

.PHONY: tidy unit-tidy headers unit-bins replay replay-bins fuzz fuzz-here check test deep e2e
