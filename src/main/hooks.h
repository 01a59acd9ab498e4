/* SPDX-License-Identifier: Apache-2.0 */
/* What the command line and the parent ask of the layers that know what an office is. Declared
 * here, defined above (the executable's own files may include core and app); tests link stand-ins.
 * Functions print nothing but where it says so. */
#ifndef OUTWORK_MAIN_HOOKS_H
#define OUTWORK_MAIN_HOOKS_H

#include "base/buf.h"
#include "proc/config.h"
#include "proc/role.h"

/* An office's data folder, while no server runs on it. */
struct office_place {
    const char *data; /* absolute path; its folders exist */
    const struct config *config;
    int vault; /* a socket to a running vault, as the api has them: the callee's to close */
};

/* The api role: serves until the parent says stop (role_event); calls role_ready when it does
 * serve. Exit code. */
int api_role_main(struct role_start *r);

/* Makes the organisation's store and ledger and the links by which its three administrators arrive.
 */
enum { OFFICE_LINKS = 3 };
struct office_init_result {
    struct {
        str role, link;
    } links[OFFICE_LINKS]; /* role: system, security, audit; texts in `out` */
};
MUST_USE err office_init(const struct office_place *p, struct arena *out,
                         struct office_init_result *ret);

/* Makes the store and ledger of the demo company. */
MUST_USE err office_demo(const struct office_place *p, struct arena *out);
/* The present one-time code of a demo account. E_NOT_FOUND: no such account. Works beside a running
 * server. */
MUST_USE err office_demo_code(const char *data, const struct config *c, str name, struct buf *ret);
/* What a person who just started the server wants to know: its address, accounts of a demo, how to
 * stop it. */
void office_banner(const char *data, const struct config *c, bool chinese, struct buf *b);

/* Checks the whole ledger against its key, and the store against the ledger. Works beside a running
 * server. report: sentences. E_NONE: all agrees. E_CORRUPT: it does not; report says where. Else:
 * it could not be read. */
MUST_USE err office_ledger_verify(const char *data, const struct config *c, struct buf *report);
/* A new one-time link for this login, while no server runs; its leaf names nobody but the machine.
 * E_NOT_FOUND: nobody has the login. */
MUST_USE err office_link(const struct office_place *p, str login, struct arena *out, str *ret_link);
/* Carries the records of a stopped office from the store that `from` names to the one that `to`
 * names (`to` differs in its store alone), and checks the ledger against what arrived. report:
 * sentences. The old store stays as it was; making `to` the config is the caller's. E_INVALID: not
 * a store's place; E_CONFLICT: data stands there already. */
MUST_USE err office_store_move(const char *data, const struct config *from, const struct config *to,
                               struct buf *report);
/* Whether these policies load (folder empty: the shipped ones). why: the first fault, with file and
 * line. */
MUST_USE err office_policies_check(const char *data, const struct config *c, struct buf *why);

#endif
