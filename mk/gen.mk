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
	$(CC) $(LDH) -o $@ $^ -lsqlite3 -lm -lpthread

# One run makes everything; files that stay the same keep their time.
$(B)/gen/stamp$(GEN_ONLY): $(B)/tools/gen/gen $(GEN_FROM)
	@mkdir -p $(B)/gen
	$(B)/tools/gen/gen $(GEN_FLAGS) $(B) $(MODELS)
	@touch $@
$(GEN_C) $(GEN_H) $(B)/gen/base.cedarschema $(B)/api/openapi.json $(B)/api/api.ts: $(B)/gen/stamp$(GEN_ONLY) ;

$(B)/gen/%.o: $(B)/gen/%.c
	$(CC) $(CPPFLAGS) $(CFLAGS) -c $< -o $@
$(B)/libgen.a: $(GEN_C:.c=.o) $(B)/tools/gen/rt.o
# What includes generated headers is compiled after they are made.
$(SRC_core:%.c=$(B)/%.o) $(TEST_core:%.c=$(B)/%.o) $(SRC_app:%.c=$(B)/%.o) $(TEST_app:%.c=$(B)/%.o): | $(B)/gen/stamp$(GEN_ONLY)
$(patsubst %.c,$(B)/%.o,$(call find_c,src/main)) $(GEN_C:.c=.o): | $(B)/gen/stamp$(GEN_ONLY)

gen: $(B)/gen/stamp$(GEN_ONLY)
golden: $(B)/tools/gen/gen
	$< --golden test/golden $(B) $(MODELS)
check-golden: $(B)/tools/gen/gen
	$< --check test/golden $(B) $(MODELS)
.PHONY: gen golden check-golden
