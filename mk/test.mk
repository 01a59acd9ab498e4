# SPDX-License-Identifier: Apache-2.0
# tidy: the house rules as a program (tools/tidy), linked with base alone.
TIDY_SRC := $(filter-out %_test.c,$(wildcard tools/tidy/*.c))
TIDY_LIB := $(filter-out tools/tidy/main.c,$(TIDY_SRC))
$(B)/tools/tidy/tidy: $(TIDY_SRC:%.c=$(B)/%.o) $(B)/libbase.a
	$(CC) $(LDH) -o $@ $^
$(B)/testlist-tidy.c: $(B)/tools/testlist tools/tidy/tidy_test.c
	$(B)/tools/testlist tools/tidy/tidy_test.c > $@
$(B)/test-tidy: $(TIDY_LIB:%.c=$(B)/%.o) $(B)/tools/tidy/tidy_test.o $(B)/testlist-tidy.o $(B)/test/runner.o $(B)/libbase.a
	$(CC) $(LDH) -o $@ $^
unit-tidy: $(B)/test-tidy
	$(B)/test-tidy $(ARGS)
tidy: $(B)/tools/tidy/tidy
	@nm -A -u $$(find $(B)/src -name '*.o' 2>/dev/null) /dev/null 2>/dev/null > $(B)/nm.txt; $(B)/tools/tidy/tidy --nm $(B)/nm.txt
.PHONY: tidy unit-tidy
