# SPDX-License-Identifier: Apache-2.0
# Was every endpoint, declared error and action of the policy exercised by the API tests? (tools/coverage.c)
$(B)/coverage: $(B)/tools/coverage.o $(B)/libbase.a
	@mkdir -p $(@D)
	$(SAY) LD $@
	$(Q)$(CC) $(LDH) -o $@ $^ -lm -lpthread

cover: $(B)/test-app $(B)/coverage
	@rm -f $(B)/cover.txt
	@echo "unit app, noting what it exercises"
	@OUTWORK_COVER=$(abspath $(B))/cover.txt $(B)/test-app
	@$(B)/coverage test/golden/openapi.json policies/base.cedar $(B)/cover.txt
.PHONY: cover
