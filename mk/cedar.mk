# SPDX-License-Identifier: Apache-2.0
# The policy language beside the reference engine. Development only: needs node, and tools/cedar-diff installed
# (npm ci there). FUZZ_CEDAR_CASES cases are of some 40 verdicts each; FUZZ_CEDAR_SEED repeats a run.
CEDAR_DIFF_DIR   := tools/cedar-diff
CEDAR_DIFF_SRC   := $(filter-out %_test.c,$(sort $(wildcard $(CEDAR_DIFF_DIR)/*.c)))
FUZZ_CEDAR_CASES ?= 26000
FUZZ_CEDAR_TIME  ?= 450
ifndef FUZZ_CEDAR_SEED
FUZZ_CEDAR_SEED  := $(shell date +%s)000000
endif
# The project's own node (tools/setup) where it is there.
CEDAR_NODE       := $(or $(wildcard $(abspath build/node/bin)/node),node)

$(B)/cedar-diff: $(CEDAR_DIFF_SRC:%.c=$(B)/%.o) $(B)/libcedar.a $(B)/libbase.a
	$(SAY) LD $@
	$(Q)$(CC) $(LDH) -o $@ $^ -lm -lpthread
$(B)/cedar-bench: $(B)/bench/cedar/bench.o $(B)/libcedar.a $(B)/libbase.a
	$(SAY) LD $@
	$(Q)$(CC) $(LDH) -o $@ $^ -lm -lpthread

$(CEDAR_DIFF_DIR)/node_modules/.package-lock.json: $(CEDAR_DIFF_DIR)/package-lock.json
	cd $(CEDAR_DIFF_DIR) && npm ci
	@touch $@

# A few thousand verdicts in the normal run, where the reference is installed.
unit-cedar-diff: $(B)/cedar-diff
	@if [ -d $(CEDAR_DIFF_DIR)/node_modules ] && command -v $(CEDAR_NODE) >/dev/null; then \
	  $(B)/cedar-diff 1 150 | $(CEDAR_NODE) $(CEDAR_DIFF_DIR)/reference.mjs; \
	else echo "cedar-diff: skipped, the reference engine is not installed (npm ci in $(CEDAR_DIFF_DIR))"; fi
unit: unit-cedar-diff
# The same with the reference installed: what make test runs.
test-cedar-diff: $(CEDAR_DIFF_DIR)/node_modules/.package-lock.json
	@$(MAKE) --no-print-directory unit-cedar-diff
.PHONY: test-cedar-diff

# About a million verdicts where two cores are free, in batches, two processes at a time; ends within FUZZ_CEDAR_TIME seconds
# and a batch, and says what it left out.
fuzz-cedar: $(B)/cedar-diff $(CEDAR_DIFF_DIR)/node_modules/.package-lock.json
	@echo "cases from seed $(FUZZ_CEDAR_SEED)"
	@$(CEDAR_NODE) $(CEDAR_DIFF_DIR)/fuzz.mjs $(B)/cedar-diff $(FUZZ_CEDAR_SEED) $(FUZZ_CEDAR_CASES) $(FUZZ_CEDAR_TIME)

bench-cedar: $(B)/cedar-bench $(CEDAR_DIFF_DIR)/node_modules/.package-lock.json
	@timeout 480 $(CEDAR_NODE) bench/cedar/bench.mjs $(B)/cedar-bench $(B)/bench-cedar
.PHONY: unit-cedar-diff fuzz-cedar bench-cedar
