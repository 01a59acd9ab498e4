/* SPDX-License-Identifier: Apache-2.0 */
/* A small office for the tests of the pipeline: the real gate, sessions, ledger and store, a
 * module written by hand (notes on boards), and people with sessions and proofs, in one
 * process without sockets. */
#ifndef OUTWORK_CORE_TESTKIT_NOTES_H
#define OUTWORK_CORE_TESTKIT_NOTES_H

#include "base/json.h"
#include "core/live.h"
#include "core/office.h"
#include "core/serve.h"
#include "loop/mailbox.h"

struct T;

/* What the handlers of the notes do besides; set by tests. */
struct notes_knobs {
    atomic_int hold;          /* slow handlers wait while it is set */
    atomic_int befores, runs; /* how often they ran */
    int fail_after;           /* note_post returns E_CONFLICT after its insert */
};
extern struct notes_knobs notes_knobs;
enum { E_NOTE_CLOSED = E_MODULE_FIRST + 300 };

extern const struct module notes_module;
extern const struct topic board_topic;

enum { KIT_POOL = 256 << 20 };

struct kit {
    struct T *T;
    struct arena *a;
    struct office *office;
    struct serve *serve;
    struct serve_port *port;
    struct mailbox box;
    const char *db_path, *breaker_path;
    char *pool;
    size_t pool_n;
    struct serve_options options; /* changed before kit_serve */
};

struct person {
    struct kit *kit;
    i64 id, session;
    str cookie;
    u8 key[32];
    u32 calls;
};

struct got {
    void *user[2];
    bool done;
    int status;
    str body, lines, type;
    const struct json *json;
};

/* A kit that is not serving yet; then its server on a fresh or an old store. */
struct kit *kit_new(struct T *T);
void kit_serve(struct kit *k);
void kit_stop(struct kit *k);
void kit_end(struct kit *k);
struct kit *kit_begin(struct T *T); /* both */

/* role: 0 member, 1 admin. With a device and a session of strength 2. */
struct person *kit_person(struct kit *k, i64 id, int role);

struct ask {
    const char *method, *path, *key; /* path with query; key NULL: a fresh one */
    str body;
    const char *address;
    bool no_cookie, no_proof;
    usec skew;
};
/* Hands a request in; *ret is filled when it is done. */
void kit_send(struct person *p, const struct ask *a, struct got *ret);
/* Runs letters until *g is done. */
void kit_wait(struct kit *k, const struct got *g);
void kit_parse(struct kit *k, struct got *g); /* fills g->json; kit_ask has done it */
void kit_letters(struct kit *k, usec at_most);
struct got kit_ask(struct person *p, const struct ask *a);
struct got kit_get(struct person *p, const char *path);
struct got kit_post(struct person *p, const char *path, str body);

str kit_proof(struct person *p, const char *method, const char *target, str key, str time);
str kit_time(struct kit *k, usec skew);
const char *kit_code(struct kit *k, const struct got *g); /* of a problem body */
i64 kit_number(const struct got *g, const char *member);
/* count(*) of a table, on a connection of its own. */
i64 kit_count(struct kit *k, const char *table);
/* How many leaves stand in the outbox whose body holds text. */
i64 kit_leaves(struct kit *k, const char *text);

#endif
