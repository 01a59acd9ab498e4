# SPDX-License-Identifier: Apache-2.0
# The web client: `make web` builds web/ into $(B)/web (hashed names; .br and .gz beside each file), `make web-test` runs its
# types, unit tests and size budgets. Built again when a source, a text, the policy's names or the API's types change.
WEB_NODE := $(if $(wildcard build/node/bin/node),$(abspath build/node/bin):)
WEB_RUN   = cd web && PATH="$(WEB_NODE)$$PATH" OUTWORK_WEB_OUT="$(abspath $(B)/web)"
WEB_SRC  := $(shell find web -path web/node_modules -prune -o -path web/dist -prune -o -path web/src/gen -prune -o -path web/mock -prune \
              -o -path web/test -prune -o -type f -print 2>/dev/null | LC_ALL=C sort) policies/base.cedar test/golden/api.ts

# The packages, exactly as locked; the stamp is npm's own.
web/node_modules/.package-lock.json: web/package-lock.json web/package.json web/.npmrc
	@echo "web: fetching packages"
	@cd web && PATH="$(WEB_NODE)$$PATH" npm ci --no-audit --no-fund --loglevel=error
	@touch $@

$(B)/web.stamp: $(WEB_SRC) web/node_modules/.package-lock.json
	@mkdir -p $(@D)
	@echo "web: building into $(B)/web"
	@$(WEB_RUN) npm run --silent build
	@test -s $(B)/web/index.html && test -s $(B)/web/index.html.br && test -s $(B)/web/index.html.gz
	@touch $@
web: $(B)/web.stamp
web-test: web/node_modules/.package-lock.json $(B)/web.stamp
	@$(WEB_RUN) npm run --silent test

# The pack inside the binary follows this build. Where the folder was empty when make began, mk/http.mk knows no files yet.
ifeq ($(WEB_DIST),$(B)/web)
$(B)/gen/web_pack.c: $(B)/web.stamp
ifeq ($(WEB_FILES),)
$(B)/gen/web_pack.c: $(B)/tools/pack
	@mkdir -p $(@D)
	$(B)/tools/pack $(WEB_DIST) $(B)/gen/web_pack.S $@ web_pack
$(B)/gen/web_pack.S: $(B)/gen/web_pack.c ;
$(B)/gen/web_pack_bytes.o: $(B)/gen/web_pack.S
	$(CC) -c $< -o $@
$(B)/gen/web_pack.o: $(B)/gen/web_pack.c
	$(CC) $(CPPFLAGS) $(CFLAGS) -c $< -o $@
endif
endif
.PHONY: web web-test
