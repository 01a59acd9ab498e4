/* SPDX-License-Identifier: Apache-2.0 */
/* What handlers may say while they run. Everything is kept in the call's answer and takes effect
 * when the call has succeeded: notes go into the leaf, events to subscribers, cookies into the
 * answer. A doomed call says nothing more and fails with E_LIMIT at the next step that can. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/id.h"
#include "base/json.h"
#include "core/answer.h"
#include "core/core_stmts.h"
#include "core/ledger.h"
#include "core/serve_in.h"

enum { NOTES_MAX = 4096, LINES_MAX = 8192, FIELDS_MAX = 64, WHY_MAX = 512, EVENTS_MAX = 1000 };

err fail(struct call *c, err code, const char *why, ...)
{
    char text[WHY_MAX];
    va_list ap;
    va_start(ap, why);
    int n = vsnprintf(text, sizeof text, why, ap);
    va_end(ap);
    must(n >= 0);
    c->answer->why = str_copy(c->arena, (str){ text, MIN((size_t)n, sizeof text - 1) });
    return code;
}

err call_field(struct call *c, const char *field, const char *what, i64 limit)
{
    struct answer *a = c->answer;
    if (a->fields.n < FIELDS_MAX)
        *vec_push(&a->fields,
                  c->arena) = (struct answer_field){ str_copy(c->arena, str_from(field)), what,
                                                     limit };
    return E_INVALID;
}

err call_refuse(struct call *c, const struct verdict *v)
{
    c->answer->verdict = *v;
    c->answer->verdict.allow = false;
    c->answer->decided = true;
    return E_DENIED;
}

/* A line break in a cookie would be a header of a stranger's making: then nothing is set. */
void call_cookie(struct call *c, str cookie)
{
    struct answer *a = c->answer;
    if (NEVER(str_has(cookie, '\r') || str_has(cookie, '\n') || str_has(cookie, 0)))
        return;
    if (!a->lines.a)
        a->lines = buf_in(c->arena, LINES_MAX);
    buf_fmt(&a->lines, "Set-Cookie: " STR_FMT "\r\n", STR_ARG(cookie));
}

void call_note(struct call *c, const char *key, str value)
{
    struct buf *b = &c->answer->notes;
    if (!b->a)
        *b = buf_in(c->arena, NOTES_MAX);
    size_t was = b->n;
    buf_fmt(b, "%c\"%s\":", b->n ? ',' : '{', key);
    json_put_str(b, value);
    if (b->full ||
        b->n + 1 >= NOTES_MAX) { /* too many: this one stays out, those before it stand */
        b->n = was;
        b->full = false;
    }
}

str call_notes(const struct call *c)
{
    const struct buf *b = &c->answer->notes;
    return b->n ? str_fmt(c->arena, STR_FMT "}", STR_ARG(buf_str(b))) : (str){ 0 };
}

void call_object(struct call *c, const char *type, const char *prefix, i64 id)
{
    c->answer->object_type = type;
    c->answer->object_prefix = prefix;
    c->answer->object = id;
}

void call_after_commit(struct call *c, void (*fn)(struct office *o, void *arg), void *arg)
{
    *vec_push(&c->answer->afters, c->arena) = (struct answer_after){ fn, arg };
}

void call_topic_changed(struct call *c, const struct topic *topic, i64 id)
{
    *vec_push(&c->answer->touched, c->arena) = (struct answer_touched){ topic, id };
}

/* The topic's row is changed first: its lock orders the events of a topic, and the number it
 * gives has no gaps because it is taken back with the transaction. */
err call_emit(struct call *c, const struct topic *topic, i64 id, const char *event, str payload)
{
    struct answer *a = c->answer;
    struct topic_key key = { str_from(topic->name), id };
    struct topic_seq seq;
    if (a->events.n >= EVENTS_MAX)
        return fail(c, E_LIMIT, "more than %d events in one call", EVENTS_MAX);
    TRY(db_run(c->db, &topic_next, &key, c->arena, &seq));
    struct outbox_row row = { key.kind, id, seq.last_seq, str_from(event), payload, c->now };
    TRY(db_run(c->db, &outbox_put, &row, c->arena, NULL));
    *vec_push(&a->events, c->arena) = (struct answer_event){ topic, id, seq.last_seq, event,
                                                             str_copy(c->arena, payload) };
    return E_NONE;
}

err call_leaf(struct call *c, const char *type)
{
    const struct answer *a = c->answer;
    const struct act act = { type,           a->action,
                             a->object_type, a->object_prefix,
                             a->object,      a->decided ? &a->verdict : NULL };
    return ledger_effect(c, &act);
}

err call_rate(struct call *c, const char *class, str whom)
{
    struct answer *a = c->answer;
    if (!a->serve)
        return E_NONE;
    return rate_take(a->serve->rates, rate_class_named(class), rate_name(whom), c->now,
                     &a->retry_after);
}

i64 call_new_id(struct call *c)
{
    return id_make(c->answer->serve ? c->answer->serve->options.node : 0);
}
