# SPDX-License-Identifier: Apache-2.0
# The web client inside the binary, and what the front costs.

$(B)/tools/pack: tools/pack.c
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) $(CFLAGS) -o $@ $< -lcrypto

# The client's built files: the folder WEB_DIST becomes gen/web_pack.S and .c (bytes, and the table that static.h reads).
WEB_DIST ?= $(B)/web
WEB_FILES := $(shell find $(WEB_DIST) -type f 2>/dev/null | LC_ALL=C sort)
ifneq ($(WEB_FILES),)
$(B)/gen/web_pack.c: $(B)/tools/pack $(WEB_FILES)
	@mkdir -p $(@D)
	$(B)/tools/pack $(WEB_DIST) $(B)/gen/web_pack.S $@ web_pack
$(B)/gen/web_pack.S: $(B)/gen/web_pack.c ;
$(B)/gen/web_pack_bytes.o: $(B)/gen/web_pack.S
	$(CC) -c $< -o $@
$(B)/gen/web_pack.o: $(B)/gen/web_pack.c
	$(CC) $(CPPFLAGS) $(CFLAGS) -c $< -o $@
endif

$(B)/bench-hello: $(B)/bench/front/hello.o $(foreach l,http loop wire base,$(B)/lib$(l).a)
	$(CC) $(LDH) -o $@ $^ $(LDLIBS)

# The tests' own small folder, packed the same way.
TESTWEB := $(shell find src/http/testweb -type f | LC_ALL=C sort)
$(B)/gen/static_test_pack.c: $(B)/tools/pack $(TESTWEB)
	@mkdir -p $(@D)
	$(B)/tools/pack src/http/testweb $(B)/gen/static_test_pack.S $@ static_test_pack
$(B)/gen/static_test_pack.o: $(B)/gen/static_test_pack.c
	$(CC) $(CPPFLAGS) $(CFLAGS) -c $< -o $@
$(B)/gen/static_test_pack_bytes.o: $(B)/gen/static_test_pack.c
	$(CC) -c $(B)/gen/static_test_pack.S -o $@
$(B)/test-http: $(B)/gen/static_test_pack.o $(B)/gen/static_test_pack_bytes.o
