/* SPDX-License-Identifier: Apache-2.0 */
/* What a call gathers beside its return value, and how it becomes an answer. Modules use the
 * functions of call.h; the pipeline, the ledger and the live sockets read this. All of it
 * lives in the call's arena. */
#ifndef OUTWORK_CORE_ANSWER_H
#define OUTWORK_CORE_ANSWER_H

#include "base/vec.h"
#include "core/call.h"
#include "core/gate.h"

struct answer_field {
    str field;
    const char *what; /* static */
    i64 limit;
};

/* An event of this call, to be delivered after the commit. */
struct answer_event {
    const struct topic *topic;
    i64 id, seq;
    const char *event; /* static */
    str payload;
};

/* A topic of which this call may have changed who may hear it. */
struct answer_touched {
    const struct topic *topic;
    i64 id;
};

struct answer_after {
    void (*fn)(struct office *o, void *arg);
    void *arg;
};

struct answer {
    struct serve *serve; /* core/serve.h; NULL in tests of handlers alone */
    /* what went wrong */
    err code;
    const char *code_text; /* instead of the code's own text; static */
    str why;               /* for the log */
    VEC(struct answer_field) fields;
    usec retry_after; /* E_RATE, E_BUSY */
    str allow;        /* E_METHOD: the methods there are */
    i64 queue;        /* E_BUSY: how many wait before; -1: not told */
    /* what was decided */
    bool decided;
    struct verdict verdict; /* of the first guard; of the one that refused, if any did */
    const char *action;     /* of that guard */
    const char *object_type, *object_prefix; /* of its resource, or what call_object said */
    i64 object;
    bool told; /* a refusal of this call waits for the ledger, and the answer for it */
    VEC(struct act)
    leaves; /* counted decisions to be told to the ledger when the call has succeeded */
    VEC(u32) leaves_n;
    /* what was done */
    struct buf notes; /* JSON members */
    struct buf lines; /* Set-Cookie */
    VEC(struct answer_event) events;
    VEC(struct answer_touched) touched;
    VEC(struct answer_after) afters;
    /* what goes out */
    bool repeated;
    u16 status;
    str body;
};

/* Empty again, keeping serve. */
void answer_clear(struct answer *a);
/* The status of a code, the modules' own included. */
int answer_status(const struct answer *a, err e);
const char *answer_code(const struct answer *a, err e);
/* Fills status and body of a failed call (application/problem+json); id: the request's, for the
 * log and the page. */
void answer_problem(struct call *c, err e, u64 id);

/* The codes of all modules: made once from their error tables. */
struct codes;
struct codes *codes_new(struct arena *a, const struct module *const *mods, size_t n);

#endif
