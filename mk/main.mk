# SPDX-License-Identifier: Apache-2.0
# The executables: outwork (command line, parent, api role) and outwork-vault (the key holder), which stand side by side.
MAIN_LIBS  := main app core gen app core store http proc loop tlog cedar wire base
VAULT_LIBS := vault proc tlog wire base

$(B)/outwork: $(B)/src/main/main.o $(B)/gen/web_pack.o $(B)/gen/web_pack_bytes.o $(foreach d,$(MAIN_LIBS),$(B)/lib$(d).a) | $(B)/outwork-vault
	$(SAY) LD $@
	$(Q)$(CC) $(LDH) -o $@ $+ $(LDLIBS)

$(B)/outwork-vault: $(B)/src/vault/main.o $(foreach d,$(VAULT_LIBS),$(B)/lib$(d).a)
	$(SAY) LD $@
	$(Q)$(CC) $(LDH) -Wl,--as-needed -o $@ $^ $(LDLIBS)

# Test helpers that are processes of their own: a parent with a small api role, and the command line with stand-ins for
# what the upper layers provide.
$(B)/proc-probe: $(B)/src/proc/probe/main.o $(foreach d,$(DEPS_proc),$(B)/lib$(d).a) | $(B)/outwork-vault
	$(SAY) LD $@
	$(Q)$(CC) $(LDH) -o $@ $^ $(LDLIBS)
$(B)/outwork-stub: $(B)/src/main/stub/main.o $(B)/src/main/stub/stub_test.o $(foreach d,main proc loop tlog cedar wire base,$(B)/lib$(d).a) | $(B)/outwork-vault
	$(SAY) LD $@
	$(Q)$(CC) $(LDH) -o $@ $^ $(LDLIBS)
$(B)/test-proc: | $(B)/proc-probe
$(B)/test-main: | $(B)/outwork-stub
