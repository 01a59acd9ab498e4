/* SPDX-License-Identifier: Apache-2.0 */
/* One call: a request, a job or a subscription on its way through the gate. Owned by one thread at
 * a time. Handlers see this header and the generated one of their module, and make no check of
 * their own. */
#ifndef OUTWORK_CORE_CALL_H
#define OUTWORK_CORE_CALL_H

#include "base/buf.h"
#include "base/time.h"
#include "core/module.h"

/* Who calls: filled by the session layer from the in-memory snapshot. Ids are 0 when there is no
 * session. */
struct who {
    i64 person, device, session;
    int strength; /* 0 none, 1 one factor, 2 two, 3 passkey, 4 passkey within five minutes */
    str lang;     /* "zh-Hans", "zh-Hant", "en" */
    str address;  /* of the peer, as text */
};

struct call {
    struct arena *arena; /* everything the handler makes; gone when the answer is sent */
    struct db *db;       /* NULL in LANE_MEMORY; in `before` a read connection */
    const struct endpoint *endpoint;
    struct who who;
    usec now; /* one time for the whole call */
    struct office
        *office; /* the organisation: snapshot, gate, vault, modules' state (core/office.h) */
    str idempotency_key;
    str user_agent;
    const void *guarded;     /* the record that the first guard loaded and allowed; NULL: none */
    struct gate_memo *memo;  /* the last row decided, so that one like it needs no decision */
    struct gate_frame *gate; /* what the gate worked out once for this call (core/gate.c) */
    struct answer *answer;   /* what goes back beside the return value; use the functions below */
};

/* Records an error with its text for the log (never shown to people) and returns the code. */
MUST_USE PRINTF(3, 4) err fail(struct call *c, err code, const char *why, ...);
/* Adds a wrong field: where ("text", "device.name"), what ("too_long", "required", "unknown",
 * "format", "range"), and a limit for the sentence the client shows (0 if none). Always returns
 * E_INVALID. */
err call_field(struct call *c, const char *field, const char *what, i64 limit);
/* Refused by the gate: the answer names the rules and the advice. Returns E_DENIED. */
struct verdict;
MUST_USE err call_refuse(struct call *c, const struct verdict *v);
/* A Set-Cookie line of the answer. The value is copied. */
void call_cookie(struct call *c, str cookie);
/* More for the leaf of this call: a key and a value (copied); never secrets, never message text. */
void call_note(struct call *c, const char *key, str value);
/* The notes so far as a JSON object; empty when there are none. */
str call_notes(const struct call *c);
/* The leaf's object when the endpoint has no guard resource or creates one: "chan_…" of type
 * "Channel". */
void call_object(struct call *c, const char *type, const char *prefix, i64 id);
/* Runs after the commit of this call, on the thread that committed, for caches in memory. arg lives
 * in c->arena. */
void call_after_commit(struct call *c, void (*fn)(struct office *o, void *arg), void *arg);

/* Used by generated code: appends an event to a topic in this transaction (payload is a JSON object
 * text). */
MUST_USE err call_emit(struct call *c, const struct topic *topic, i64 id, const char *event,
                       str payload);
/* A second leaf of this call, for effects beside the declared one. */
MUST_USE err call_leaf(struct call *c, const char *type);

/* Who may hear this topic may have changed (someone left, was removed, a label was raised): after
 * the commit every subscription to it is decided again. */
void call_topic_changed(struct call *c, const struct topic *topic, i64 id);

/* Takes one from the bucket of whom (a name, in any case) in a class of core/rate.h: E_RATE when
 * there is none. */
MUST_USE err call_rate(struct call *c, const char *class, str whom);

i64 call_new_id(struct call *c);

#endif
