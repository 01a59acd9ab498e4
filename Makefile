# SPDX-License-Identifier: Apache-2.0
# Outwork. For people: make help | run | check | test | deep. Non-recursive: every rule stands here or in mk/*.mk.
# A variant is a build folder and flags:   make B=build-asan CC=clang SAN=address,undefined unit
# V=1 prints the commands.
.DELETE_ON_ERROR:
MAKEFLAGS += --no-builtin-rules
.SUFFIXES:

B    ?= build
# The office with the demo company: DATA is made once and then only started. It stands alone, so that starting what is
# built already costs one reading of the rest.
DATA ?= data
ifeq ($(MAKECMDGOALS),run)
run:
	@tools/setup run
	@$(MAKE) --no-print-directory -s -j2 B=$(B) all
	@[ -e $(DATA) ] || $(B)/outwork demo init --data $(DATA)
	@$(B)/outwork trust --data $(DATA) --ask
	@exec $(B)/outwork run --data $(DATA) --banner
.PHONY: run
else

SAN  ?=
ifeq ($(origin CC),default)
CC   := gcc
endif
OPT  ?= -O2 -g
WARN := -Wall -Wextra -Wconversion -Wshadow -Wvla -Wmissing-prototypes -Wstrict-prototypes -Wformat=2 -Wundef -Werror
HARD := -fstack-protector-strong -fPIE -fno-strict-aliasing -fno-omit-frame-pointer
ifeq ($(SAN),)
HARD += -D_FORTIFY_SOURCE=2
LDH  := -pie -Wl,-z,relro,-z,now
else
HARD += -fsanitize=$(SAN) -fno-sanitize-recover=all -DOUTWORK_DEBUG
LDH  := -pie -fsanitize=$(SAN)
endif
ifeq ($(CC),gcc)
HARD += -fstack-clash-protection -fcf-protection
endif
CPPFLAGS := -D_GNU_SOURCE -I. -Isrc -I$(B)/gen -include src/base/banned.h
CFLAGS   := -std=gnu17 $(OPT) $(WARN) $(HARD) -MMD -MP
LDLIBS   := -lssl -lcrypto -lsqlite3 -lpq -lsodium -lseccomp -lpthread -lm

Q    := $(if $(V),,@)
SAY  := $(if $(V),@:,@printf '  %-3s %s\n')

all: $(B)/outwork

# A layer is a folder of src/; its archive holds all of it but tests, fuzzers and main files. DEPS lists what its tests link
# with, nearest first (docs/architecture.md has the table that tidy checks).
LAYERS     := base wire cedar tlog loop proc http store core app vault main
DEPS_base  := base
DEPS_wire  := wire base
DEPS_cedar := cedar base
DEPS_tlog  := tlog base
DEPS_loop  := loop base
DEPS_proc  := proc loop wire base
DEPS_http  := http loop wire base
DEPS_store := store base
DEPS_core  := core gen store http proc loop tlog cedar wire base
DEPS_app   := app core gen app core store http proc loop tlog cedar wire vault proc loop tlog wire base
DEPS_vault := vault proc loop tlog wire base
DEPS_main  := main proc loop tlog cedar wire base

find_c = $(shell find $(1) -name '*.c' 2>/dev/null | LC_ALL=C sort)
define layer
SRC_$(1)  := $$(filter-out %_test.c %/main.c,$$(foreach f,$$(call find_c,src/$(1)),$$(if $$(filter fuzz_%,$$(notdir $$f)),,$$f)))
TEST_$(1) := $$(filter %_test.c,$$(call find_c,src/$(1)))
FUZZ_$(1) := $$(foreach f,$$(call find_c,src/$(1)),$$(if $$(filter fuzz_%,$$(notdir $$f)),$$f))
$(B)/lib$(1).a: $$(SRC_$(1):%.c=$(B)/%.o)
$(B)/testlist-$(1).c: $(B)/tools/testlist $$(TEST_$(1))
	@mkdir -p $$(@D)
	$(Q)$(B)/tools/testlist $$(TEST_$(1)) > $$@
$(B)/test-$(1): $$(TEST_$(1):%.c=$(B)/%.o) $(B)/testlist-$(1).o $(B)/test/runner.o $$(TESTKIT_$(1)) $$(foreach d,$$(DEPS_$(1)),$(B)/lib$$(d).a)
	$$(SAY) LD $$@
	$$(Q)$$(CC) $$(LDH) -o $$@ $$+ $$(LDLIBS)
unit-$(1): $(B)/test-$(1)
	@echo "unit $(1)"
	$(Q)$(B)/test-$(1) $$(ARGS)
.PHONY: unit-$(1)
endef
$(foreach l,$(LAYERS),$(eval $(call layer,$(l))))

LAYERS_TESTED = $(foreach l,$(LAYERS),$(if $(TEST_$(l)),$(l)))

$(B)/lib%.a:
	@mkdir -p $(@D)
	$(SAY) AR $@
	$(Q)rm -f $@
	$(Q)ar rcs $@ $(filter %.o,$^)

$(B)/%.o: %.c
	@mkdir -p $(@D)
	$(SAY) CC $<
	$(Q)$(CC) $(CPPFLAGS) $(CFLAGS) -c $< -o $@

$(B)/testlist-%.o: $(B)/testlist-%.c
	$(Q)$(CC) $(CPPFLAGS) $(CFLAGS) -c $< -o $@

$(B)/tools/testlist: tools/testlist.c
	@mkdir -p $(@D)
	$(Q)$(CC) -O1 -D_GNU_SOURCE -o $@ $<

# Fuzzers: build with clang into a folder of their own:  make B=build-fuzz CC=clang SAN=address,undefined fuzz-json
#   build-fuzz/fuzz_json corpus-folder…          (libFuzzer; replay of test/corpus/NAME is part of make test)
ALL_FUZZ := $(foreach l,$(LAYERS),$(FUZZ_$(l)))
define fuzzer
$(B)/$(basename $(notdir $(1))): $(1) $$(foreach d,$$(DEPS_$(2)),$(B)/lib$$(d).a)
	$$(SAY) LD $$@
	$$(Q)$$(CC) $$(CPPFLAGS) $$(CFLAGS) -fsanitize=fuzzer $$(LDH) -o $$@ $$(filter %.c %.o %.a,$$^) $$(LDLIBS)
$(B)/replay/$(patsubst fuzz_%.c,%,$(notdir $(1))): $(1:%.c=$(B)/%.o) $(B)/test/replay.o $$(foreach d,$$(DEPS_$(2)),$(B)/lib$$(d).a)
	@mkdir -p $$(@D)
	$$(SAY) LD $$@
	$$(Q)$$(CC) $$(LDH) -o $$@ $$^ $$(LDLIBS)
endef
$(foreach l,$(LAYERS),$(foreach f,$(FUZZ_$(l)),$(eval $(call fuzzer,$(f),$(l)))))

help:
	@sed -n 's/^## \?//p' Makefile

## Outwork: a company's remote office, one server.
##
##   make run              install what is missing, build, start the office with the demo company
##   make                  build $(B)/outwork and $(B)/outwork-vault
##   make check            under 3 minutes: build, unit tests, rules (before each commit)
##   make test             under 25 minutes: both compilers, sanitizers, browser tests (what CI runs)
##   make deep             hours: every fault point, long fuzzing, long kill loops
##   make fuzz S=60        each fuzzer for S seconds
##   make unit-LAYER       the tests of one layer (ARGS=name runs those whose name holds it)
##   make tidy             the house rules
##   make bench-front      requests beside nginx;  make bench-footprint   memory and start beside Node
##   make install-deps     what make run would install, and nothing else
##   make clean            takes away what was built (distclean: the fetched Node and packages too)
##
## Variables: B=folder (build), CC=gcc|clang, SAN=address,undefined|thread, V=1 prints commands.

install-deps:
	@tools/setup test
clean:
	rm -rf $(B)-* $(filter-out $(B)/node,$(wildcard $(B)/* $(B)/.[!.]*))
distclean: clean
	rm -rf $(B) web/node_modules test/e2e/node_modules

-include $(wildcard mk/*.mk)
-include $(shell find $(B) -name '*.d' 2>/dev/null)
.PHONY: all unit help install-deps clean distclean
endif
