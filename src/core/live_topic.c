/* SPDX-License-Identifier: Apache-2.0 */
/* Subscriptions. One that is level gets each event as it comes, if its number is the next one
 * and the socket's queue has room; otherwise it is *behind*, and is read for from the outbox
 * when the socket has room again. So nothing is buffered for a slow reader, no number is
 * skipped unsaid, and a reader that is too far behind is told so instead of being sent
 * everything. */
#include <string.h>

#include "base/id.h"
#include "base/json.h"
#include "base/os.h"
#include "core/core_stmts.h"
#include "core/ledger.h"
#include "core/live_in.h"

/* ---- names ---- */

static const char *prefix_of(const struct topic *t)
{
    return t->guard.entity ? t->guard.entity->prefix : t->name;
}

void topic_name(struct buf *b, const struct topic *t, i64 id)
{
    buf_fmt(b, "%s:", t->name);
    id_put(b, prefix_of(t), id);
}

static str name_text(struct arena *a, const struct topic *t, i64 id)
{
    struct buf b = buf_in(a, 256);
    topic_name(&b, t, id);
    return buf_str(&b);
}

/* "channel:chan_…" to its topic and id. */
static const struct topic *topic_find(const struct serve *s, str name, i64 *ret_id)
{
    str kind = str_cut(&name, ':');
    for (size_t m = 0; m < s->options.modules_n; m++)
        for (u16 i = 0; i < s->options.modules[m]->topics_n; i++) {
            const struct topic *t = &s->options.modules[m]->topics[i];
            if (str_eq_z(kind, t->name))
                return id_parse(name, prefix_of(t), ret_id) == E_NONE ? t : NULL;
        }
    return NULL;
}

/* ---- who listens to what on this port ---- */

static struct node **slot_of(struct live_port *p, const struct topic *t, i64 id)
{
    u64 h = ((u64)id ^ (u64)(uintptr_t)t) * 0x9E3779B97F4A7C15u;
    return &p->nodes[h >> 54];
}

static struct node *node_find(struct live_port *p, const struct topic *t, i64 id)
{
    struct node *n = *slot_of(p, t, id);
    while (n && (n->topic != t || n->id != id))
        n = n->next;
    return n;
}

static struct node *node_make(struct live_port *p, const struct topic *t, i64 id)
{
    struct node *n = node_find(p, t, id);
    if (n)
        return n;
    struct node **slot = slot_of(p, t, id);
    n = live_take(p, POOL_NODE);
    *n = (struct node){ *slot, t, id, NULL };
    *slot = n;
    return n;
}

static void node_drop(struct live_port *p, struct node *n)
{
    struct node **at = slot_of(p, n->topic, n->id);
    while (*at != n)
        at = &(*at)->next;
    *at = n->next;
    live_give(p, POOL_NODE, n);
}

static struct sub *sub_find(struct live_sock *s, const struct topic *t, i64 id)
{
    struct sub *x = s->subs;
    while (x && (x->node->topic != t || x->node->id != id))
        x = x->next_of_sock;
    return x;
}

static struct sub *sub_make(struct live_sock *s, const struct topic *t, i64 id)
{
    struct node *n = node_make(s->port, t, id);
    struct sub *x = live_take(s->port, POOL_SUB);
    *x = (struct sub){ .sock = s, .node = n, .next_of_sock = s->subs, .next_of_node = n->subs };
    if (n->subs)
        n->subs->prev_of_node = x;
    n->subs = x;
    s->subs = x;
    s->subs_n++;
    return x;
}

static void sub_drop(struct sub *x)
{
    struct live_sock *s = x->sock;
    struct sub **at = &s->subs;
    while (*at != x)
        at = &(*at)->next_of_sock;
    *at = x->next_of_sock;
    if (x->prev_of_node)
        x->prev_of_node->next_of_node = x->next_of_node;
    else
        x->node->subs = x->next_of_node;
    if (x->next_of_node)
        x->next_of_node->prev_of_node = x->prev_of_node;
    if (!x->node->subs)
        node_drop(s->port, x->node);
    s->subs_n--;
    s->behind_n -= x->behind;
    live_give(s->port, POOL_SUB, x);
}

void topic_drop_all(struct live_sock *s)
{
    while (s->subs)
        sub_drop(s->subs);
}

static void set_behind(struct sub *x, bool behind)
{
    x->sock->behind_n += (u32)behind - (u32)x->behind;
    x->behind = behind;
}

/* ---- the held decision ---- */

/* first: asked for by the client. A held decision that stands when it is taken again is not told to
 * the ledger again: each change of a person would be a leaf for everything that anybody hears. */
static err decide(struct live_sock *s, const struct topic *t, i64 id, bool first,
                  struct verdict *ret)
{
    struct answer a;
    struct call room, *c = live_call(s, &a, &room);
    char *in = arena_get(c->arena, t->guard.id_at + sizeof id, 1, 16);
    memcpy(in + t->guard.id_at, &id, sizeof id);
    err e = gate_guard(c, &t->guard, in, ret);
    const struct entity *entity = t->guard.entity;
    const struct act act = { "decision",
                             t->guard.action,
                             entity ? entity->type : NULL,
                             entity ? entity->prefix : NULL,
                             id,
                             ret };
    bool stands = e == E_NONE && ret->allow;
    if (stands && first)
        ledger_allowed(c, &act, 1);
    else if (stands)
        return E_NONE;
    else if (e == E_NONE || e == E_DENIED)
        ledger_refusal(c, &act);
    return e == E_NONE && !ret->allow ? E_DENIED : e;
}

static str refused_text(struct arena *out, str name, err e, const struct verdict *v)
{
    struct buf b = buf_in(out, 8192);
    buf_put(&b, S("{\"on\":\"refused\",\"topic\":"));
    json_put_str(&b, name);
    buf_fmt(&b, ",\"code\":\"%s\",\"rules\":[", err_text(e));
    for (u8 i = 0; i < v->rules_n; i++) {
        buf_put(&b, i ? S(",") : S(""));
        json_put_str(&b, str_from(v->rules[i]));
    }
    buf_put(&b, S("],\"advice\":"));
    if (v->advice)
        json_put_str(&b, str_from(v->advice));
    else
        buf_put(&b, S("null"));
    buf_char(&b, '}');
    return buf_str(&b);
}

/* A refusal on its way to being told: through the writer, so that its leaf is on the disk
 * first. */
struct refusal {
    struct write_task task;
    struct mail mail;
    struct arena *arena;
    struct live_port *port;
    struct live_sock *sock;
    u64 serial;
    str text;
};

static void refusal_mail(struct mail *m)
{
    struct refusal *r = (struct refusal *)(void *)((char *)m - offsetof(struct refusal, mail));
    struct live_port *p = r->port;
    atomic_fetch_sub(&p->letters, 1);
    if (!p->closed && r->sock->serial == r->serial && !r->sock->closing)
        live_item(r->sock, str_copy(p->tick, r->text));
    arena_free(r->arena);
}

static err refusal_run(UNUSED struct write_task *t, UNUSED struct db *db) { return E_NONE; }

static void refusal_done(struct write_task *t, UNUSED err e)
{
    struct refusal *r = (struct refusal *)(void *)t;
    const struct serve_port_options *o = &r->port->port->options;
    r->mail.run = refusal_mail;
    o->post(o->arg, &r->mail);
}

/* What the gate refused is told when its leaf is durable; anything else at once. */
static void say_refused(struct live_sock *s, str name, err e, const struct verdict *v)
{
    struct live_port *p = s->port;
    if (e == E_DENIED) {
        struct arena *a = arena_new("refusal", 64 * 1024);
        struct refusal *r = NEW(a, struct refusal);
        *r = (struct refusal){ .arena = a, .port = p, .sock = s, .serial = s->serial };
        r->task = (struct write_task){ .run = refusal_run, .done = refusal_done, .fresh = true };
        r->text = refused_text(a, name, e, v);
        atomic_fetch_add(&p->letters, 1);
        if (writer_submit(p->live->serve->writer, &r->task) == E_NONE)
            return;
        atomic_fetch_sub(&p->letters, 1);
        arena_free(a);
        e = E_BUSY;
    }
    live_item(s, refused_text(p->tick, name, e, v));
}

/* Who is refused now is told so and hears no more. */
static void decide_again(struct sub *x)
{
    struct verdict v = { 0 };
    struct live_sock *s = x->sock;
    err e = decide(s, x->node->topic, x->node->id, false, &v);
    if (e != E_NONE) {
        say_refused(s, name_text(s->port->tick, x->node->topic, x->node->id), e, &v);
        sub_drop(x);
    }
    arena_reset(s->port->deciding);
}

void topic_decide_sock(struct live_sock *s)
{
    for (struct sub *x = s->subs, *next; x; x = next) {
        next = x->next_of_sock;
        decide_again(x);
    }
}

/* The node may go with its last subscription: its next is read before. */
void topic_decide_node(struct live_port *p, const struct topic *t, i64 id)
{
    struct node *n = node_find(p, t, id);
    for (struct sub *x = n ? n->subs : NULL, *next; x; x = next) {
        next = x->next_of_node;
        decide_again(x);
    }
}

/* ---- numbers ---- */

static err last_seq(struct live_sock *s, const struct topic *t, i64 id, i64 *ret)
{
    const struct topic_key key = { str_from(t->name), id };
    struct topic_seq row = { 0 };
    err e = db_run(serve_port_db(s->port->port), &topic_last, &key, s->port->tick, &row);
    if (e != E_NONE && e != E_NOT_FOUND)
        return e;
    *ret = row.last_seq;
    return E_NONE;
}

static void say_seq(struct sub *x, const char *what, i64 seq)
{
    struct live_sock *s = x->sock;
    struct buf b = buf_in(s->port->tick, 512);
    buf_fmt(&b, "{\"on\":\"%s\",\"topic\":\"", what);
    topic_name(&b, x->node->topic, x->node->id);
    buf_fmt(&b, "\",\"seq\":%lld}", (long long)seq);
    live_item(s, buf_str(&b));
}

static void say_gap(struct sub *x, i64 last)
{
    x->seq = last;
    set_behind(x, false);
    say_seq(x, "gap", last);
}

/* ---- from the client ---- */

static err may_subscribe(struct live_sock *s, const struct topic *t, i64 id, struct verdict *v)
{
    usec wait;
    if (!t)
        return E_NOT_FOUND;
    if (s->subs_n >= SUBS_MAX)
        return E_LIMIT;
    TRY(rate_take(s->port->live->serve->rates, RATE_LIVE, rate_person(s->who.person), os_now(),
                  &wait));
    return decide(s, t, id, true, v);
}

void topic_subscribe(struct live_sock *s, str name, bool has_after, i64 after)
{
    i64 id = 0, last = 0;
    struct verdict v = { 0 };
    const struct topic *t = topic_find(s->port->live->serve, name, &id);
    err e = may_subscribe(s, t, id, &v);
    if (e == E_NONE)
        e = last_seq(s, t, id, &last);
    if (e != E_NONE)
        say_refused(s, name, e, &v);
    arena_reset(s->port->deciding);
    if (e != E_NONE)
        return;
    struct sub *x = sub_find(s, t, id);
    if (x)
        set_behind(x, false);
    else
        x = sub_make(s, t, id);
    x->seq = has_after ? after : last;
    say_seq(x, "sub", x->seq);
    if (x->seq > last || x->seq < 0)
        say_gap(x, last); /* a number that never was: the store is older than the client */
    else if (x->seq < last)
        set_behind(x, true);
}

void topic_unsubscribe(struct live_sock *s, str name)
{
    i64 id = 0;
    const struct topic *t = topic_find(s->port->live->serve, name, &id);
    struct sub *x = t ? sub_find(s, t, id) : NULL;
    if (x)
        sub_drop(x);
}

/* ---- from the writer ---- */

static bool has_room(struct live_sock *s, size_t more)
{
    struct live_port *p = s->port;
    return s->sock && p->calls.queued(p->arg, s->sock) + s->pending + more <= QUEUE_HIGH;
}

void topic_event(struct live_port *p, const struct batch_event *e)
{
    struct node *n = node_find(p, e->topic, e->id);
    for (struct sub *x = n ? n->subs : NULL; x; x = x->next_of_node) {
        if (x->behind || x->sock->closing || e->seq <= x->seq)
            continue;
        if (e->seq != x->seq + 1 || !has_room(x->sock, e->item.n)) {
            set_behind(x, true);
            live_dirty(x->sock);
            continue;
        }
        x->seq = e->seq;
        live_item(x->sock, e->item);
    }
}

/* ---- from the store ---- */

static str row_item(struct sub *x, const struct outbox_row *row)
{
    struct buf b = buf_in(x->sock->port->tick, SIZE_MAX / 8);
    buf_put(&b, S("{\"on\":\"event\",\"topic\":\""));
    topic_name(&b, x->node->topic, x->node->id);
    buf_fmt(&b, "\",\"seq\":%lld,\"event\":\"" STR_FMT "\",\"data\":", (long long)row->seq,
            STR_ARG(row->event));
    buf_put(&b, row->payload);
    buf_char(&b, '}');
    return buf_str(&b);
}

/* One step of reading; false: nothing more to do now. */
static bool catch_up_step(struct sub *x)
{
    struct live_sock *s = x->sock;
    struct rows rows = { 0 };
    i64 last = 0;
    if (last_seq(s, x->node->topic, x->node->id, &last) != E_NONE)
        return false;
    if (last - x->seq > RESUME_MAX) {
        say_gap(x, last);
        return false;
    }
    const struct outbox_from from = { str_from(x->node->topic->name), x->node->id, x->seq,
                                      RESUME_STEP };
    if (db_run(serve_port_db(s->port->port), &outbox_after, &from, s->port->tick, &rows) != E_NONE)
        return false;
    const struct outbox_row *row = rows.at;
    for (size_t i = 0; i < rows.n; i++) {
        if (row[i].seq != x->seq + 1) { /* trimmed in between */
            say_gap(x, last);
            return false;
        }
        if (!has_room(s, row[i].payload.n + 200))
            return false;
        x->seq = row[i].seq;
        live_item(s, row_item(x, &row[i]));
    }
    if (x->seq < last && rows.n == 0)
        say_gap(x, last);
    if (x->seq >= last)
        set_behind(x, false);
    return x->behind;
}

void topic_catch_up(struct live_sock *s)
{
    struct live_port *p = s->port;
    if (!s->sock || p->calls.queued(p->arg, s->sock) > QUEUE_LOW)
        return;
    for (struct sub *x = s->subs; x; x = x->next_of_sock)
        while (x->behind && catch_up_step(x))
            continue;
}
