/* SPDX-License-Identifier: Apache-2.0 */
/* A module as tools/gen describes it to the core: const tables, no side effects before main. */
#ifndef OUTWORK_CORE_MODULE_H
#define OUTWORK_CORE_MODULE_H

#include "base/buf.h"
#include "base/json.h"
#include "store/stmt.h"

struct call;
struct job_kind;
struct office;

enum lane {
    LANE_MEMORY, /* answered on the loop, from memory; the handler gets no database */
    LANE_QUICK,  /* on the loop, with its read connection; only :one by unique key (when the store
                    is a server: as LANE_READ) */
    LANE_READ,   /* on a worker; the reads of a batch share one read transaction */
    LANE_WRITE,  /* on the writer; a savepoint a call, group commit; the handler may run twice */
    LANE_SLOW,   /* on the slow pool: hashing, import, export; no transaction */
};

enum session_need {
    SESSION_NONE,   /* `public` */
    SESSION_COOKIE, /* the cookie alone: the shell and the renewal */
    SESSION_PROOF,  /* cookie and a fresh proof (the default) */
};

#define AT_NONE UINT32_MAX /* no such member */

/* An entity of the policy, as it is loaded by id (guard) or stands in each row of a list. */
struct entity_attr {
    const char *name;          /* in Cedar */
    struct col col;            /* where in the record */
    const char *type, *prefix; /* COL_I64 that is an id: the Cedar entity type ("Person") and id
                                  prefix ("pers"); else NULL */
    const char *const *words;  /* COL_ENUM: the words; they become Cedar strings */
};
struct entity {
    const char *type;      /* "Channel" */
    const char *prefix;    /* id prefix in JSON and in Cedar ids: chan_… */
    const struct stmt *by; /* :one, parameters id and me by name -> the record; NULL when the entity
                              only stands in rows */
    u32 record_size, id_at;
    const struct entity_attr *attrs;
    u16 attrs_n; /* resource attributes */
    const struct entity_attr *parents;
    u16 parents_n; /* ids of parents */
    const struct entity_attr *context;
    u16 context_n; /* facts of this person and this resource: context attributes */
};

struct guard {
    const char *action;          /* Cedar Action id: "message.post" */
    const struct entity *entity; /* NULL: the organisation itself */
    u32 id_at;                   /* where in the input struct the id stands */
};

/* Path parameters and query fields as text, in the order the endpoint's `text_fields` names them; p
 * NULL when absent. */
struct endpoint {
    const char *module, *name; /* "chat", "post" */
    const char *method;        /* "GET", "POST", "PUT", "PATCH", "DELETE" */
    const char *path;          /* "/api/channels/{channel}/messages" */
    u8 lane, session;          /* enum lane, enum session_need */
    bool each,
        secret;    /* each: every row of the page is decided; secret: the answer is never stored */
    bool returned; /* the record handed back is decided before it is sent (page.rows_at, one record
                      in place) */
    bool has_before;
    u16 index; /* place in the table of all endpoints */
    struct guard guards[3];
    u8 guards_n;
    const char *leaf; /* ledger type of the effect, or NULL */
    const char *rate; /* name of a rate limit class, or NULL for the default */
    const err *fails;
    u8 fails_n; /* module errors it may answer with */
    u32 in_size, ret_size;
    /* text: the path parameters, then for GET and DELETE the query fields, in declared order (names
     * in text_names). body: the parsed JSON object for the other methods (NULL when the endpoint
     * has no body fields). Reports every wrong field through call_field(); E_INVALID if there was
     * any. Unknown fields are wrong. */
    err (*decode)(struct call *c, const str *text, const struct json *body, void *in);
    const char *const *text_names;
    u8 text_n, path_n;
    err (*before)(
        struct call *c,
        void *in); /* slow part, before the transaction; may add to `in` (its own fields) */
    err (*run)(struct call *c, const void *in, void *ret);
    void (*encode)(struct buf *b, const void *ret);
    /* `each`: where the rows stand in ret (struct rows), their entity, and the value of the cursor
     * of one row. */
    struct each {
        const char *action;
        const struct entity *entity;
        u32 rows_at, row_size;
        u32 next_at, next_has_at; /* in ret: the cursor of the last row examined, while there may be
                                     more; AT_NONE: a list */
        u32 after_at, after_has_at,
            limit_at; /* in the input struct, for the refill; a list: AT_NONE */
        i64 (*cursor)(const void *row);
        /* An endpoint with both `before` and `after` goes on through `before` unless `after` was
         * asked for. (One that has `before` alone gives its offsets as after_at.) */
        bool has_before;
        u32 before_at, before_has_at;
    } page;
};

struct topic {
    const char *name;   /* "channel"; on the wire "channel:chan_…" */
    struct guard guard; /* decided at subscription and again when anything it rests on changes */
};

struct error_row {
    err code;
    int status;
    const char *text;
};

struct module {
    const char *name;
    const struct endpoint *endpoints;
    u16 endpoints_n;
    const struct topic *topics;
    u16 topics_n;
    const struct error_row *errors;
    u16 errors_n;
    const struct migration {
        const char *name;
        const char *sqlite, *postgres;
    } * migrations;
    u16 migrations_n;
    err (*start)(
        struct office *o); /* optional: called once when the store is open, before serving */
    const struct job_kind *jobs;
    u16 jobs_n; /* optional: core/jobs.h */
};

extern const struct module *const modules[]; /* src/app/modules.c: the whole list, in start order */
extern const size_t modules_n;
extern const struct stmt *const stmts[]; /* generated: every statement, by index */
extern const size_t stmts_n;

#endif
