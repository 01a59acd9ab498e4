# SPDX-License-Identifier: Apache-2.0
# Executables that stand apart from the server. ledger-verify shares nothing with src/: libc, libcrypto and its one file.
$(B)/ledger-verify: tools/ledger_verify.c
	@mkdir -p $(@D)
	$(SAY) LD $@
	$(Q)$(CC) -D_GNU_SOURCE $(CFLAGS) $(LDH) -o $@ $< -lcrypto

all: $(B)/ledger-verify
$(B)/test-tlog: | $(B)/ledger-verify
