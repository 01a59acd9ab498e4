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

# Durable posts a second of the one writer, on each store, both syncing to disk.
$(B)/bench-store: $(B)/bench/store/bench.o $(B)/libstore.a $(B)/libbase.a
	$(SAY) LD $@
	$(Q)$(CC) $(LDH) -o $@ $^ $(LDLIBS)
bench-store: $(B)/bench-store
	@dir=$$(mktemp -d) && echo "SQLite" && $(B)/bench-store $$dir/bench.db; rm -rf $$dir
	@echo "PostgreSQL" && PG_FSYNC=on tools/pg-test sh -c '$(B)/bench-store "$$OUTWORK_TEST_PG dbname=postgres"'
.PHONY: bench-store
