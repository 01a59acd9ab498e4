# SPDX-License-Identifier: Apache-2.0
# The models and what is made from them: C in $(B)/gen, openapi.json and api.ts in $(B)/api (checked in under test/golden).
#     make golden         takes the API as the models now say it; read the difference before you commit it
#     make check-golden   fails when it is another one
# GEN_ONLY=people makes the modules named alone, while the others are being changed.
MODELS    := $(sort $(wildcard src/core/core.model) $(wildcard src/app/*/*.model))
GEN_FROM  := $(MODELS) $(sort $(wildcard src/core/schema/*.sql src/core/queries.sql src/app/*/schema/*.sql src/app/*/queries.sql))
GEN_NAMES := $(basename $(notdir $(MODELS)))
comma     := ,
empty     :=
ifneq ($(GEN_ONLY),)
GEN_NAMES := $(filter $(subst $(comma), ,$(GEN_ONLY)),$(GEN_NAMES))
GEN_FLAGS := --only $(GEN_ONLY)
endif
CPPFLAGS  += -I$(B)

SRC_gentool := $(filter-out %_test.c tools/gen/fuzz_% tools/gen/rt.c tools/gen/main.c,$(wildcard tools/gen/*.c))
GEN_C       := $(foreach n,$(GEN_NAMES),$(B)/gen/$(n).c $(B)/gen/$(n)_data.c) $(B)/gen/all.c
GEN_H       := $(GEN_NAMES:%=$(B)/gen/%.h) $(B)/gen/ids.h $(B)/gen/all.h

$(B)/libgentool.a: $(SRC_gentool:%.c=$(B)/%.o)
$(B)/tools/gen/gen: $(B)/tools/gen/main.o $(B)/libgentool.a $(B)/libbase.a
	$(Q)$(CC) $(LDH) -o $@ $^ -lsqlite3 -lm -lpthread

# One run makes everything; files that stay the same keep their time.
$(B)/gen/stamp$(GEN_ONLY): $(B)/tools/gen/gen $(GEN_FROM)
	@mkdir -p $(B)/gen
	$(SAY) GEN $(GEN_NAMES)
	$(Q)$(B)/tools/gen/gen $(GEN_FLAGS) $(B) $(MODELS)
	@rm -f $(B)/gen/stamp*
	@touch $@
$(GEN_C) $(GEN_H) $(B)/gen/base.cedarschema $(B)/api/openapi.json $(B)/api/api.ts: $(B)/gen/stamp$(GEN_ONLY) ;

$(B)/gen/%.o: $(B)/gen/%.c
	$(SAY) CC $<
	$(Q)$(CC) $(CPPFLAGS) $(CFLAGS) -c $< -o $@
$(B)/libgen.a: $(GEN_C:.c=.o) $(B)/tools/gen/rt.o
# What includes generated headers is compiled after they are made.
$(SRC_core:%.c=$(B)/%.o) $(TEST_core:%.c=$(B)/%.o) $(SRC_app:%.c=$(B)/%.o) $(TEST_app:%.c=$(B)/%.o): | $(B)/gen/stamp$(GEN_ONLY)
$(patsubst %.c,$(B)/%.o,$(call find_c,src/main)) $(GEN_C:.c=.o): | $(B)/gen/stamp$(GEN_ONLY)

# Tests: the fixture modules' generated code, compiled and used; what the generator refuses.
FIX_MODELS := $(sort $(wildcard tools/gen/fixtures/*/*.model))
FIX_NAMES  := $(basename $(notdir $(FIX_MODELS)))
FIX_C      := $(foreach n,$(FIX_NAMES),$(B)/genfix/gen/$(n).c $(B)/genfix/gen/$(n)_data.c) $(B)/genfix/gen/all.c
TEST_gen   := $(sort $(wildcard tools/gen/*_test.c))
$(B)/genfix/stamp: $(B)/tools/gen/gen $(FIX_MODELS) $(wildcard tools/gen/fixtures/*/*.sql tools/gen/fixtures/*/schema/*.sql)
	@mkdir -p $(@D)
	$(Q)$(B)/tools/gen/gen $(B)/genfix $(FIX_MODELS)
	@touch $@
$(FIX_C): $(B)/genfix/stamp ;
$(FIX_C:.c=.o) $(B)/tools/gen/gen_test.o: CPPFLAGS := -I$(B)/genfix $(CPPFLAGS)
$(FIX_C:.c=.o) $(TEST_gen:%.c=$(B)/%.o): | $(B)/genfix/stamp
$(B)/genfix/gen/%.o: $(B)/genfix/gen/%.c
	$(SAY) CC $<
	$(Q)$(CC) $(CPPFLAGS) $(CFLAGS) -c $< -o $@
$(B)/libgenfix.a: $(FIX_C:.c=.o) $(B)/tools/gen/rt.o
$(B)/testlist-gen.c: $(B)/tools/testlist $(TEST_gen)
	$(Q)$(B)/tools/testlist $(TEST_gen) > $@
$(B)/test-gen: $(TEST_gen:%.c=$(B)/%.o) $(B)/testlist-gen.o $(B)/test/runner.o $(B)/libgenfix.a $(B)/libgentool.a $(B)/libcedar.a $(B)/libstore.a $(B)/libbase.a
	$(Q)$(CC) $(LDH) -o $@ $^ $(LDLIBS)
unit-gen: $(B)/test-gen
	@echo "unit gen"
	$(Q)$(B)/test-gen $(ARGS)
UNIT_TOOLS += gen

# Fuzzers: the reader of models, and the decoders of the fixture modules (they have every kind of field).
DEPS_gentool := gentool base
DEPS_genfix  := genfix store base
$(B)/tools/gen/fuzz_decode.o $(B)/fuzz_decode: CPPFLAGS := -I$(B)/genfix $(CPPFLAGS)
$(B)/tools/gen/fuzz_decode.o $(B)/fuzz_decode: | $(B)/genfix/stamp
$(eval $(call fuzzer,tools/gen/fuzz_model.c,gentool))
$(eval $(call fuzzer,tools/gen/fuzz_decode.c,genfix))
ALL_FUZZ += tools/gen/fuzz_model.c tools/gen/fuzz_decode.c

gen: $(B)/gen/stamp$(GEN_ONLY)
golden: $(B)/tools/gen/gen
	$(Q)$< --golden test/golden $(B) $(MODELS)
check-golden: $(B)/tools/gen/gen
	$(Q)$< --check test/golden $(B) $(MODELS)
.PHONY: gen unit-gen golden check-golden
