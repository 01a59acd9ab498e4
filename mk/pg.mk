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

# The program itself: a company carried to PostgreSQL, served from there, and carried back.
unit-move-pg: all
	@echo "move to PostgreSQL and back"
	$(Q)tools/pg-test test/move.sh $(B)
.PHONY: unit-move-pg
