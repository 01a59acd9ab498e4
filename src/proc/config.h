/* SPDX-License-Identifier: Apache-2.0 */
/* The config file: `key = value` lines, `#` comments, nothing else. It holds only what is needed
 * before the store opens; all other settings are rows in the store. Each key is declared once
 * below: the struct, the parser, the written file with its comments, and `outwork config` come from
 * there. Strict: an unknown, doubled or malformed key is an error with its line. */
#ifndef OUTWORK_PROC_CONFIG_H
#define OUTWORK_PROC_CONFIG_H

#include "base/buf.h"

/* KEY(TYPE, name, default, least, most, comment): TEXT (least and most in bytes), INT, BOOL, or
 * LIST (host names) and ADDRS (numeric addresses with ports), which are texts that are checked. */
#define CONFIG_MAP(KEY)                                                                           \
    KEY(LIST, host, "localhost", 1, 1024,                                                         \
        "The names people reach the office by, the main one first, comma between. Passkeys and\n" \
        "links belong to the first; change it only before people enrol. The certificate names "   \
        "all.")                                                                                   \
    KEY(ADDRS, listen, "127.0.0.1:8443, [::1]:8443", 1, 512,                                      \
        "Where HTTPS is served: numeric addresses with ports, comma between.\n"                   \
        "0.0.0.0:443, [::]:443 serves every network of this machine.")                            \
    KEY(INT, threads, "0", 0, 64,                                                                 \
        "Network loops, each with a worker beside it. 0: one for each processor.")                \
    KEY(INT, connections, "20000", 16, 1000000,                                                   \
        "Most connections open at once; more are refused at the door.")                           \
    KEY(INT, rate_scale, "1", 1, 1000000,                                                         \
        "Every rate limit times this: for measuring, and for offices where many people share\n"    \
        "one address.")                                                                           \
    KEY(TEXT, root_key, "", 0, 1024,                                                              \
        "The file with the key that seals the vault, kept outside the data folder. Empty: the\n"  \
        "systemd credential outwork-root-key if there is one, else DATA/root.key, which is for\n" \
        "demonstrations only: who copies the folder then has the keys too.")                      \
    KEY(TEXT, policies, "", 0, 1024,                                                              \
        "A folder of Cedar policies to load instead of the shipped ones. Empty: the shipped "     \
        "ones.")                                                                                  \
    KEY(TEXT, store, "", 0, 1024,                                                                 \
        "Where the records are kept. Empty: SQLite in DATA/store. Else PostgreSQL 13 or later,\n" \
        "as postgres://user:password@address/database or `host=/run/postgresql user=…`.\n"       \
        "Addresses, not names: the sandbox looks nothing up (or host=NAME hostaddr=ADDRESS).\n"  \
        "`outwork store move` carries a company from one to the other and sets this.")            \
    KEY(WORD, log, "info", 0, 8,                                                                  \
        "How much is logged to standard error, as JSON lines: debug, info, warn or error.")       \
    KEY(BOOL, demo, "no", 0, 0,                                                                   \
        "This folder holds the demo company, whose passwords and codes are public: yes or no.")

#define CONFIG_MEMBER_TEXT(name)  str name;
#define CONFIG_MEMBER_WORD(name)  str name;
#define CONFIG_MEMBER_LIST(name)  str name;
#define CONFIG_MEMBER_ADDRS(name) str name;
#define CONFIG_MEMBER_INT(name)   i64 name;
#define CONFIG_MEMBER_BOOL(name)  bool name;

struct config {
#define KEY(type, name, value, least, most, comment) CONFIG_MEMBER_##type(name)
    CONFIG_MAP(KEY)
#undef KEY
};

struct config_error {
    u32 line;
    str text;
}; /* line 0: not from a file */

void config_default(struct config *ret);
/* Texts live in `out`. E_INVALID with *reterr filled. Keys that are absent have their defaults. */
MUST_USE err config_parse(struct arena *out, str text, struct config *ret,
                          struct config_error *reterr);
/* One key, as from the command line (dashes in the key count as underscores). */
MUST_USE err config_set(struct arena *out, struct config *c, str key, str value,
                        struct config_error *reterr);
/* The whole file: every key with its value, and with its comment if asked for. Parsing it gives *c
 * again. */
void config_write(struct buf *b, const struct config *c, bool comments);
/* The keys' names; returns how many. */
size_t config_names(const char **names, size_t room);
/* The main host name. */
str config_host(const struct config *c);
/* A DNS host name: letters, digits, dashes, dots, no empty label, at most 253 bytes. */
bool config_host_valid(str name);

#endif
