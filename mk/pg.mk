# SPDX-License-Identifier: Apache-2.0
# The same tests on PostgreSQL. tools/pg-test starts one in a temporary folder, or says that there is none here.
$(B)/test-store $(B)/test-app: $(B)/test/pg.o

unit-store-pg: $(B)/test-store
	@echo "unit store on PostgreSQL"
	$(Q)OUTWORK_TEST_STORE=pg tools/pg-test $(B)/test-store $(ARGS)
unit-app-pg: $(B)/test-app
	@echo "unit app on PostgreSQL"
	$(Q)OUTWORK_TEST_STORE=pg tools/pg-test $(B)/test-app $(ARGS)
.PHONY: unit-store-pg unit-app-pg
