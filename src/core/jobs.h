/* SPDX-License-Identifier: Apache-2.0 */
/* Jobs: work for later, as rows written in the transaction of the call that wants it. A job is
 * leased, run at least once, tried again later and later when it fails, and given up after ten
 * tries; dead ones are listed. Each runs as a call of the person it is for, through the same
 * gate. */
#ifndef OUTWORK_CORE_JOBS_H
#define OUTWORK_CORE_JOBS_H

#include "core/call.h"

struct serve;
struct jobs;

/* A kind of job, in its module's table (module.h). */
struct job_kind {
    const char *name; /* "chat.digest" */
    const char
        *action;      /* decided for the job's person before it runs; NULL: the server's upkeep */
    const char *leaf; /* of its effect, or NULL */
    bool slow; /* no transaction: reads, remote things. Else it runs in the transaction that
                  deletes its row: its effect happens once */
    err (*run)(struct call *c, const struct json *payload);
};

enum { JOB_TRIES_MAX = 10 };

/* In a write call: payload is a JSON object. person: whom it acts for; 0 the server. */
struct job_order {
    const char *kind;
    i64 person;
    usec at; /* not before; 0: at once */
    str payload;
};
MUST_USE err job_add(struct call *c, const struct job_order *o);

struct job_gone {
    i64 id;
    str kind;
    usec at;
    i64 tries;
    str why;
};
/* The last 200 that were given up, newest first: struct rows of struct job_gone. */
MUST_USE err jobs_dead(struct call *c, struct rows *ret);

/* ---- core/serve.c ---- */
MUST_USE err jobs_start(struct serve *s, struct arena *a, struct jobs **ret);
void jobs_stop(struct jobs *j);

#endif
