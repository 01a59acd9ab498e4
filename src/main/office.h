/* SPDX-License-Identifier: Apache-2.0 */
/* An office opened in this process: what the api role, `init` and the demo have in common. */
#ifndef OUTWORK_MAIN_OFFICE_H
#define OUTWORK_MAIN_OFFICE_H

#include "core/office.h"
#include "core/serve.h"
#include "proc/config.h"

struct opened {
    struct office *office;
    struct serve *serve;
    str db_path;
    str why; /* when opening failed: a sentence for people */
};

struct open_options {
    const char *data;
    const struct config *config;
    bool pin; /* a server: threads on their processors */
    u32 slow_threads;
};

/* Policies, store (migrated), pipeline, people and sessions in memory; the calling thread enters
 * the vault at place 0. Vault sockets are given by the caller (office_vault_give) before or after.
 * On failure nothing stays open and ret->why says why. */
MUST_USE err office_open(const struct open_options *o, struct arena *a, struct opened *ret);
void office_close(struct opened *o);

/* The policies this config names, as one text: the folder's *.cedar files in the order of their
 * names, or the shipped ones. */
MUST_USE err office_policy_text(const struct config *c, struct arena *out, str *ret, str *ret_why);

/* Where this config keeps its records, as db_open takes it: SQLite's file, or a conninfo. */
str office_store(const char *data, const struct config *c, struct arena *out);

/* The port of the address people use: the first one listened on. */
u32 office_port(const struct config *c);

#endif
