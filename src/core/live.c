/* SPDX-License-Identifier: Apache-2.0 */
/* Sockets and frames. What happens in a tick is gathered per socket and leaves as one frame, a
 * JSON array, at the end of the tick; event texts are written once, by the writer, and shared
 * by every socket of every port. A socket holds no buffer while nothing is happening. */
#include "core/live.h"

#include <string.h>

#include "base/json.h"
#include "base/os.h"
#include "core/core_stmts.h"
#include "core/live_in.h"
#include "core/office.h"

enum {
    PORT_CEILING = 512 << 20,
    BATCH_CEILING = 256 << 20,
    TICK_CEILING = 256 << 20,
    FRAME_IN_MAX = 16 * 1024
};
static const usec sweep_every = 5 * USEC_S;

struct live *live_new(struct serve *s, struct arena *a)
{
    struct live *l = NEW(a, struct live);
    l->serve = s;
    must(pthread_mutex_init(&l->lock, NULL) == 0);
    return l;
}

static void batch_drop(struct batch *b)
{
    if (atomic_fetch_sub(&b->refs, 1) == 1)
        arena_free(b->arena);
}

void live_free(struct live *l)
{
    for (size_t i = 0; i < PORTS_MAX; i++)
        must(!l->ports[i]);
    if (l->pending)
        batch_drop(l->pending);
    (void)pthread_mutex_destroy(&l->lock);
}

/* ---- the writer ---- */

static str event_item(struct arena *a, const struct answer_event *e)
{
    struct buf b = buf_in(a, SIZE_MAX / 8);
    buf_put(&b, S("{\"on\":\"event\",\"topic\":\""));
    topic_name(&b, e->topic, e->id);
    buf_fmt(&b, "\",\"seq\":%lld,\"event\":\"%s\",\"data\":", (long long)e->seq, e->event);
    buf_put(&b, e->payload);
    buf_char(&b, '}');
    return buf_str(&b);
}

void live_publish(struct live *l, const struct answer *a)
{
    if (!l->pending) {
        struct arena *arena = arena_new("events", BATCH_CEILING);
        l->pending = NEW(arena, struct batch);
        l->pending->arena = arena;
        atomic_store(&l->pending->refs, 1);
    }
    struct batch *b = l->pending;
    for (size_t i = 0; i < a->events.n; i++) {
        const struct answer_event *e = &a->events.at[i];
        *vec_push(&b->events, b->arena) = (struct batch_event){ e->topic, e->id, e->seq,
                                                                event_item(b->arena, e) };
    }
    for (size_t i = 0; i < a->touched.n; i++)
        *vec_push(&b->touched, b->arena) = a->touched.at[i];
}

static void drop_held(struct live_port *p)
{
    for (struct batch_mail *bm; (bm = p->held);) {
        p->held = bm->next;
        batch_drop(bm->batch);
    }
}

/* On the port: first who may listen, then what there is to hear. */
static void batch_mail_run(struct mail *m)
{
    struct batch_mail *bm = (struct batch_mail *)(void *)m;
    struct live_port *p = bm->port;
    struct batch *b = bm->batch;
    atomic_fetch_sub(&p->letters, 1);
    if (p->closed) {
        batch_drop(b);
        return;
    }
    for (size_t i = 0; i < b->touched.n; i++)
        topic_decide_node(p, b->touched.at[i].topic, b->touched.at[i].id);
    for (size_t i = 0; i < b->events.n; i++)
        topic_event(p, &b->events.at[i]);
    bm->next = p->held; /* items point into it until they are written */
    p->held = bm;
    if (!p->dirty)
        drop_held(p);
}

void live_flush(struct live *l)
{
    struct batch *b = l->pending;
    if (!b)
        return;
    l->pending = NULL;
    must(pthread_mutex_lock(&l->lock) == 0);
    for (size_t i = 0; i < PORTS_MAX; i++) {
        struct live_port *p = l->ports[i];
        if (!p)
            continue;
        b->mails[i] = (struct batch_mail){ { .run = batch_mail_run }, b, p, NULL };
        atomic_fetch_add(&b->refs, 1);
        atomic_fetch_add(&p->letters, 1);
        p->port->options.post(p->port->options.arg, &b->mails[i].mail);
    }
    must(pthread_mutex_unlock(&l->lock) == 0);
    batch_drop(b);
}

/* ---- a port ---- */

static const size_t pool_sizes[POOL_N] = { sizeof(struct live_sock), sizeof(struct sub),
                                           sizeof(struct node) };

void *live_take(struct live_port *p, enum pool pool)
{
    void *what = p->free[pool];
    if (!what)
        return arena_get(p->arena, pool_sizes[pool], 1, 16);
    memcpy(&p->free[pool], what, sizeof(void *));
    memset(what, 0, pool_sizes[pool]);
    return what;
}

void live_give(struct live_port *p, enum pool pool, void *what)
{
    memcpy(what, &p->free[pool], sizeof(void *));
    p->free[pool] = what;
}

err live_port_open(struct live *l, struct serve_port *port, const struct live_calls *calls,
                   void *arg, struct live_port **ret)
{
    struct arena *arena = arena_new("live port", PORT_CEILING);
    struct live_port *p = NEW(arena, struct live_port);
    p->arena = arena;
    p->live = l;
    p->port = port;
    p->calls = *calls;
    p->arg = arg;
    p->tick = arena_new("live tick", TICK_CEILING);
    p->deciding = arena_new("live decision", (size_t)1 << 20);
    p->generation = session_generation(l->serve->options.office);
    p->facts = dir_generation(l->serve->options.office);
    must(pthread_mutex_lock(&l->lock) == 0);
    must(!l->ports[port->index]);
    l->ports[port->index] = p;
    must(pthread_mutex_unlock(&l->lock) == 0);
    *ret = p;
    return E_NONE;
}

u32 live_port_letters(const struct live_port *p) { return atomic_load(&p->letters); }
u32 live_sockets(const struct live *l)
{
    return atomic_load_explicit(&l->sockets, memory_order_relaxed);
}

void live_port_close(struct live_port *p)
{
    must(pthread_mutex_lock(&p->live->lock) == 0);
    p->live->ports[p->port->index] = NULL;
    must(pthread_mutex_unlock(&p->live->lock) == 0);
    p->closed = true;
    for (struct live_sock *s = p->socks; s; s = s->next)
        if (!s->closing)
            live_bye(s, "restart", LIVE_RESTART);
    live_tick(p);
}

void live_port_free(struct live_port *p)
{
    must(atomic_load(&p->letters) == 0);
    while (p->socks)
        live_gone(p->socks);
    live_tick(p);
    arena_free(p->tick);
    arena_free(p->deciding);
    arena_free(p->arena);
}

/* ---- frames out ---- */

void live_dirty(struct live_sock *s)
{
    struct live_port *p = s->port;
    if (!s->dirty) {
        s->dirty = true;
        s->next_dirty = p->dirty;
        p->dirty = s;
    }
    if (!p->deferred) {
        p->deferred = true;
        p->calls.defer(p->arg);
    }
}

void live_item(struct live_sock *s, str text)
{
    struct item *i = NEW(s->port->tick, struct item);
    *i = (struct item){ NULL, text };
    if (s->last)
        s->last->next = i;
    else
        s->first = i;
    s->last = i;
    s->pending += text.n + 1;
    live_dirty(s);
}

void live_bye(struct live_sock *s, const char *why, u16 code)
{
    s->closing = code;
    live_item(s, str_fmt(s->port->tick, "{\"on\":\"bye\",\"why\":\"%s\"}", why));
}

static str frame_of(struct live_sock *s)
{
    char *p = arena_get_raw(s->port->tick, s->pending + 1, 1);
    size_t n = 0;
    for (const struct item *i = s->first; i; i = i->next) {
        p[n] = n ? ',' : '[';
        n++;
        memcpy(p + n, i->text.p, i->text.n);
        n += i->text.n;
    }
    p[n++] = ']';
    return (str){ p, n };
}

static void write_frame(struct live_sock *s)
{
    struct live_port *p = s->port;
    if (s->first && s->sock) {
        err e = p->calls.send(p->arg, s->sock, frame_of(s));
        if (e == E_LIMIT && !s->closing)
            s->closing = LIVE_SLOW;
    }
    s->first = s->last = NULL;
    s->pending = 0;
    if (s->closing && s->sock) {
        void *sock = s->sock;
        s->sock = NULL;
        topic_drop_all(s);
        p->calls.close(p->arg, sock, s->closing);
    }
}

/* Who was read for and still has room goes on in the next tick, so that others come in
 * between. */
void live_tick(struct live_port *p)
{
    struct live_sock *again = NULL;
    p->deferred = false;
    for (struct live_sock *s = p->dirty; s; s = s->next_dirty)
        if (s->behind_n && !s->closing)
            topic_catch_up(s);
    for (struct live_sock *s; (s = p->dirty);) {
        bool more = s->behind_n && s->first;
        p->dirty = s->next_dirty;
        s->dirty = false;
        write_frame(s);
        if (more && s->sock && p->calls.queued(p->arg, s->sock) <= QUEUE_LOW) {
            s->dirty = true;
            s->next_dirty = again;
            again = s;
        }
    }
    drop_held(p);
    arena_reset(p->tick);
    p->dirty = again;
    if (again) {
        p->deferred = true;
        p->calls.defer(p->arg);
    }
}

/* ---- one socket ---- */

struct call *live_call(struct live_sock *s, struct answer *a, struct call *room)
{
    struct live_port *p = s->port;
    *a = (struct answer){ .serve = p->live->serve, .queue = -1 };
    *room = (struct call){
        .arena = p->deciding,
        .db = serve_port_db(p->port),
        .who = s->who,
        .now = os_now(),
        .office = p->live->serve->options.office,
        .answer = a,
    };
    return room;
}

static err check(struct live_port *p, const struct credentials *shown, usec now, struct who *ret)
{
    return session_check(p->live->serve->options.office, shown, SESSION_PROOF, now, ret);
}

/* Of the whole Cookie header, which may be long, only what finds the session again. */
static void keep_cookie(struct live_sock *s, str header)
{
    u8 token[SESSION_TOKEN_BYTES];
    SCRATCH(x);
    must(session_token(header, token) == E_NONE);
    struct buf b = buf_in(x.a, COOKIE_MAX);
    buf_put(&b, S("__Host-outwork="));
    b64_put(&b, token, sizeof token);
    must(b.n <= sizeof s->cookie);
    memcpy(s->cookie, b.p, b.n);
    s->cookie_n = b.n;
    explicit_bzero(token, sizeof token);
}

err live_admit(struct live_port *p, const struct live_opening *o, struct live_sock **ret)
{
    struct who who = { 0 };
    usec now = os_now(), wait;
    const struct credentials shown = { .cookie = o->cookie,
                                       .method = S("GET"),
                                       .target = S("/api/live"),
                                       .time = o->time,
                                       .proof = o->proof };
    if (p->closed)
        return E_BUSY;
    TRY(check(p, &shown, now, &who));
    TRY(rate_take(p->live->serve->rates, RATE_LIVE, rate_person(who.person), now, &wait));
    struct live_sock *s = live_take(p, POOL_SOCK);
    s->port = p;
    s->serial = ++p->serial;
    s->who = who;
    s->who.lang = S("en");
    size_t n = MIN(o->address.n, sizeof s->address);
    if (n)
        memcpy(s->address, o->address.p, n);
    s->who.address = (str){ s->address, n };
    keep_cookie(s, o->cookie);
    s->proof_until = now + proof_holds;
    s->next = p->socks;
    if (s->next)
        s->next->prev = s;
    p->socks = s;
    atomic_fetch_add_explicit(&p->live->sockets, 1, memory_order_relaxed);
    *ret = s;
    return E_NONE;
}

void live_opened(struct live_sock *s, void *sock) { s->sock = sock; }

static void forget_dirty(struct live_sock *s)
{
    for (struct live_sock **at = &s->port->dirty; *at; at = &(*at)->next_dirty)
        if (*at == s) {
            *at = s->next_dirty;
            return;
        }
}

void live_gone(struct live_sock *s)
{
    struct live_port *p = s->port;
    if (s->dirty)
        forget_dirty(s);
    topic_drop_all(s);
    if (s->prev)
        s->prev->next = s->next;
    else
        p->socks = s->next;
    if (s->next)
        s->next->prev = s->prev;
    atomic_fetch_sub_explicit(&p->live->sockets, 1, memory_order_relaxed);
    explicit_bzero(s, sizeof *s);
    live_give(p, POOL_SOCK, s);
}

void live_drained(struct live_sock *s)
{
    s->slow_since = 0;
    if (s->behind_n)
        live_dirty(s);
}

/* ---- frames in ---- */

static void prove(struct live_sock *s, str time, str proof)
{
    struct who who = { 0 };
    usec now = os_now();
    const struct credentials shown = { .cookie = { s->cookie, s->cookie_n },
                                       .method = S("LIVE"),
                                       .target = S("/api/live"),
                                       .time = time,
                                       .proof = proof };
    err e = check(s->port, &shown, now, &who);
    if (e == E_NONE && who.session == s->who.session) {
        s->who.strength = who.strength;
        s->proof_until = now + proof_holds;
    } else if (e == E_SIGN_IN) {
        live_bye(s, "ended", LIVE_ENDED);
    } /* a wrong proof changes nothing: the old one runs out in its time */
}

/* Times come as a number or as its digits. */
static str time_text(struct arena *a, const struct json *v)
{
    if (v && v->kind == JSON_INT)
        return str_fmt(a, "%lld", (long long)v->i);
    return json_str_or(v, (str){ 0 });
}

static bool take_frame(struct live_sock *s, const struct json *f)
{
    str what = json_str_or(json_get(f, S("do")), (str){ 0 });
    str topic = json_str_or(json_get(f, S("topic")), (str){ 0 });
    const struct json *after = json_get(f, S("after"));
    if (str_eq(what, S("prove"))) {
        prove(s, time_text(s->port->tick, json_get(f, S("time"))),
              json_str_or(json_get(f, S("proof")), (str){ 0 }));
        return true;
    }
    if (!topic.n || topic.n > 100)
        return false;
    if (str_eq(what, S("unsub"))) {
        topic_unsubscribe(s, topic);
        return true;
    }
    if (!str_eq(what, S("sub")) || (after && after->kind != JSON_INT && after->kind != JSON_NULL))
        return false;
    bool has_after = after && after->kind == JSON_INT;
    topic_subscribe(s, topic, has_after, has_after ? after->i : 0);
    return true;
}

void live_text(struct live_sock *s, str text)
{
    const struct json *f = NULL;
    if (s->closing)
        return;
    if (text.n > FRAME_IN_MAX || json_parse(s->port->tick, text, &f, NULL) != E_NONE ||
        f->kind != JSON_OBJECT || !take_frame(s, f))
        live_bye(s, "ended", LIVE_BAD);
    else if (!s->port->deferred) { /* memory of the tick was used: have it given back */
        s->port->deferred = true;
        s->port->calls.defer(s->port->arg);
    }
}

/* ---- twice a second ---- */

static void look_at(struct live_sock *s, usec now, bool alive_too, bool decide)
{
    struct live_port *p = s->port;
    const struct serve_options *o = &p->live->serve->options;
    if (s->closing || !s->sock)
        return;
    if (alive_too && !session_alive(o->office, s->who.session, now)) {
        bool locked = o->session_locked && o->session_locked(o->office, s->who.session);
        live_bye(s, locked ? "locked" : "ended", locked ? LIVE_LOCKED : LIVE_ENDED);
        return;
    }
    if (now > s->proof_until) {
        live_bye(s, "proof", LIVE_PROOF);
        return;
    }
    if (p->calls.queued(p->arg, s->sock) < QUEUE_LOW)
        s->slow_since = 0;
    else if (!s->slow_since)
        s->slow_since = now;
    else if (now - s->slow_since > slow_holds) {
        live_bye(s, "slow", LIVE_SLOW);
        return;
    }
    if (decide)
        topic_decide_sock(s);
    if (s->behind_n)
        live_dirty(s);
}

void live_second(struct live_port *p)
{
    usec now = os_now();
    struct office *o = p->live->serve->options.office;
    u64 generation = session_generation(o), facts = dir_generation(o);
    bool moved = generation != p->generation, decide = facts != p->facts;
    bool sweep = moved || now - p->swept >= sweep_every || now < p->swept;
    p->generation = generation;
    p->facts = facts;
    if (sweep)
        p->swept = now;
    for (struct live_sock *s = p->socks; s; s = s->next)
        look_at(s, now, sweep, decide);
    live_tick(p);
}

err live_trim(struct db *db, usec now, i64 most, i64 *ret_deleted)
{
    SCRATCH(s);
    const struct outbox_keep in = { .keep = RESUME_MAX, .before = now - USEC_DAY, .most = most };
    return db_run(db, &outbox_trim, &in, s.a, ret_deleted);
}
