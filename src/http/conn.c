/* SPDX-License-Identifier: Apache-2.0 */
/* A connection's life: opened by accept, timed by one lazy timer, written to once a turn, dropped
 * at once and freed at the end of the tick, so that a caller up the stack still finds a (dead)
 * connection. Deadlines that move with every request are only stored; the timer that fires too
 * early is set anew. */
#include <string.h>
#include <sys/epoll.h>

#include "http/conn.h"

/* ---- time */

static void on_time(void *ctx, struct ref who);

void conn_until(struct conn *c, usec after)
{
    struct loop *l = c->server->loop;
    c->deadline = after ? loop_now(l) + after : 0;
    if (!after || (c->timer_at && c->timer_at <= c->deadline))
        return;
    if (!c->timer_at || !loop_timer_move(l, c->timer, after))
        c->timer = loop_timer(l, after, on_time, c->server, c->self);
    c->timer_at = c->deadline;
}

static void time_is_up(struct conn *c)
{
    struct http_server *s = c->server;
    if (c->state == CONN_WS && !c->blocked) {
        ws_time(c);
        return;
    }
    s->stats.timeouts++;
    bool asks = (c->state == CONN_HEAD && c->partial) || c->state == CONN_BODY;
    if (asks && !c->blocked)
        conn_refuse(c, 408);
    else
        conn_drop(c);
}

static void on_time(void *ctx, struct ref who)
{
    struct http_server *s = ctx;
    struct conn *c = conn_get(s, who);
    if (!c)
        return;
    c->timer_at = 0;
    if (!c->deadline)
        return;
    usec left = c->deadline - loop_now(s->loop);
    if (left > 0)
        conn_until(c, left);
    else
        time_is_up(c);
}

/* ---- birth and death */

static void unlink_shaking(struct conn *c)
{
    struct http_server *s = c->server;
    *(c->prev ? &c->prev->next : &s->shaking_first) = c->next;
    *(c->next ? &c->next->prev : &s->shaking_last) = c->prev;
    c->next = c->prev = NULL;
    s->stats.handshaking--;
}

static void rest_done(struct conn *c)
{
    if (c->rest_arena)
        server_arena_back(c->server, c->rest_arena);
    free(c->rest_copy);
    c->rest = (str){ 0 };
    c->rest_arena = NULL;
    c->rest_copy = NULL;
}

void conn_drop(struct conn *c)
{
    struct http_server *s = c->server;
    if (c->state == CONN_DEAD)
        return;
    if (c->state == CONN_HANDSHAKE)
        unlink_shaking(c);
    if (s->gather->owner == c)
        *s->gather = (struct loop_out){ s->gather->p, 0, NULL };
    ref_drop(&s->conns, c->self);
    c->state = CONN_DEAD;
    stream_close(&c->stream);
    loop_timer_cancel(s->loop, c->timer);
    peers_drop(&s->peers, c->peer.ip);
    s->stats.conns--;
    rest_done(c);
    c->next = s->dead;
    s->dead = c;
    loop_defer(s->loop, &s->task);
    if (c->ws)
        ws_gone(c);
}

static void conn_free(struct conn *c)
{
    if (c->ws) {
        free(c->ws->message);
        free(c->ws->out);
        free(c->ws);
    }
    body_free(c);
    free(c->in);
    free(c);
}

static void input_all(struct http_server *s)
{
    struct conn *c = s->again;
    s->again = NULL;
    for (struct conn *next; c; c = next) {
        next = c->next_again;
        c->again = false;
        if (c->state != CONN_DEAD)
            conn_input(c);
    }
}

static void flush_all(struct http_server *s)
{
    struct conn *c = s->dirty;
    s->dirty = NULL;
    for (struct conn *next; c; c = next) {
        next = c->next_dirty;
        c->dirty = false;
        if (c->state != CONN_DEAD && c->ws)
            ws_flush(c);
    }
}

void server_sweep(struct http_server *s)
{
    input_all(s);
    flush_all(s);
    if (s->again || s->dirty) /* the dead may stand in these lists */
        return;
    for (struct conn *c = s->dead, *next; c; c = next) {
        next = c->next;
        conn_free(c);
    }
    s->dead = NULL;
    server_trim_later(s);
    if (s->stopping && !s->stats.conns && s->done) {
        void (*done)(void *) = s->done;
        s->done = NULL;
        loop_timer_cancel(s->loop, s->stop_timer);
        done(s->done_arg);
    }
}

void conn_again(struct conn *c)
{
    struct http_server *s = c->server;
    loop_defer(s->loop, &s->task);
    if (c->again || c->state == CONN_DEAD)
        return;
    c->again = true;
    c->next_again = s->again;
    s->again = c;
}

/* ---- the handshake */

static void shake(struct conn *c)
{
    struct http_server *s = c->server;
    if (s->shaken_at != loop_now(s->loop)) {
        s->shaken_at = loop_now(s->loop);
        s->shaken = 0;
    }
    if (s->shaken++ >= s->limits.handshakes_per_tick)
        return; /* level-triggered: it comes again in the next tick */
    err e = stream_handshake(&c->stream);
    if (e == E_CLOSED) {
        s->stats.handshakes_failed++;
        conn_drop(c);
        return;
    }
    if (stream_kept(&c->stream))
        IGNORE(stream_flush(&c->stream));
    if (e != E_NONE)
        return;
    unlink_shaking(c);
    s->stats.handshakes++;
    s->stats.resumed += stream_tls(&c->stream).resumed;
    c->state = CONN_HEAD;
    conn_until(c, s->limits.head);
    if (stream_has_more(&c->stream))
        conn_input(c);
}

static void on_ready(struct loop_fd *f, u32 events)
{
    struct conn *c = (struct conn *)(void *)f;
    if (events & (EPOLLERR | EPOLLHUP) && !(events & EPOLLIN)) {
        conn_drop(c);
        return;
    }
    if (events & EPOLLOUT)
        conn_flush(c);
    if (c->state == CONN_HANDSHAKE)
        shake(c);
    else if (events & EPOLLIN && c->state != CONN_DEAD)
        conn_input(c);
}

void conn_open(struct http_server *s, int fd, const struct http_peer *peer)
{
    struct conn *c = calloc(1, sizeof *c);
    must(c != NULL);
    u32 out_max = MAX(2 * s->limits.ws_queue_max, (u32)512 * 1024);
    struct stream_setup setup = {
        .fd = fd, .tls = s->setup.tls, .ready = on_ready, .out_max = out_max
    };
    if (stream_open(&c->stream, s->loop, &setup) != E_NONE) {
        peers_drop(&s->peers, peer->ip);
        free(c);
        return;
    }
    c->server = s;
    c->peer = *peer;
    c->self = ref_add(&s->conns, c);
    s->stats.conns++;
    s->peak = MAX(s->peak, s->stats.conns);
    if (!s->setup.tls) {
        c->state = CONN_HEAD;
        conn_until(c, s->limits.head);
        return;
    }
    c->state = CONN_HANDSHAKE;
    c->prev = s->shaking_last;
    *(s->shaking_last ? &s->shaking_last->next : &s->shaking_first) = c;
    s->shaking_last = c;
    conn_until(c, s->limits.handshake);
    if (++s->stats.handshaking > s->limits.handshakes_max) {
        s->stats.handshakes_dropped++;
        conn_drop(s->shaking_first);
    }
}

/* ---- writing */

static bool send_turn(struct conn *c)
{
    struct loop_out *g = c->server->gather;
    if (g->owner != c)
        return true;
    str bytes = { g->p, g->n };
    *g = (struct loop_out){ g->p, 0, NULL };
    return !bytes.n || stream_write(&c->stream, bytes) == E_NONE;
}

/* A run that does not fit the loop's buffer, or comes while another connection holds it, goes
 * straight to the stream. */
void conn_put(struct conn *c, str bytes)
{
    struct loop_out *g = c->server->gather;
    if (c->state == CONN_DEAD)
        return;
    if (!g->owner)
        g->owner = c;
    if (g->owner == c && bytes.n <= LOOP_BUF - g->n) {
        if (bytes.n)
            memcpy(g->p + g->n, bytes.p, bytes.n);
        g->n += bytes.n;
        return;
    }
    if (!send_turn(c) || stream_write(&c->stream, bytes) != E_NONE) {
        conn_drop(c);
        return;
    }
    /* The loop's buffer for records is shared: it is never left filled. */
    IGNORE(stream_flush(&c->stream));
}

/* Large answers: as much as the socket takes, the rest waits where it is. */
static err send_rest(struct conn *c)
{
    err e = stream_flush(&c->stream);
    while (e == E_NONE && c->rest.n) {
        str piece = { c->rest.p, MIN(c->rest.n, (size_t)LOOP_BUF) };
        c->rest = (str){ c->rest.p + piece.n, c->rest.n - piece.n };
        e = stream_write(&c->stream, piece);
        if (e == E_NONE)
            e = stream_flush(&c->stream);
    }
    return e;
}

static void wait_for_room(struct conn *c)
{
    const struct http_limits *l = &c->server->limits;
    usec now = loop_now(c->server->loop);
    if (!c->blocked) {
        c->blocked = true;
        c->write_began = now;
        c->write_sent = 0;
    }
    usec earned = (usec)(c->write_sent * (u64)USEC_S / MAX(l->write_rate, 1u));
    usec left = c->write_began + l->write_grace + earned - now;
    conn_until(c, MAX(left, 1));
}

static void after_last(struct conn *c)
{
    stream_end(&c->stream);
    if (stream_kept(&c->stream)) {
        wait_for_room(c);
        return;
    }
    if (!c->unread) {
        conn_drop(c);
        return;
    }
    c->state = CONN_LINGER;
    stream_reading(&c->stream, true);
    conn_until(c, c->server->limits.linger);
}

void conn_flush(struct conn *c)
{
    if (c->state == CONN_DEAD)
        return;
    size_t waiting = c->rest.n + stream_kept(&c->stream);
    err e = send_turn(c) ? send_rest(c) : E_CLOSED;
    if (e == E_CLOSED) {
        conn_drop(c);
        return;
    }
    size_t still = c->rest.n + stream_kept(&c->stream);
    c->write_sent += waiting - MIN(waiting, still);
    if (e == E_AGAIN) {
        wait_for_room(c);
        return;
    }
    bool was_blocked = c->blocked;
    c->blocked = false;
    if (c->rest.p)
        rest_done(c);
    if (was_blocked && c->state != CONN_ENDING) {
        conn_until(c, c->state == CONN_WS ? c->server->limits.ws_ping : c->server->limits.idle);
        conn_again(c);
    }
    if (was_blocked && c->ws)
        ws_flush(c); /* frames that waited; comes back here if there are any */
    if (c->state == CONN_ENDING && !c->blocked)
        after_last(c);
}

void conn_end(struct conn *c)
{
    if (c->state == CONN_DEAD)
        return;
    c->state = CONN_ENDING;
    conn_flush(c);
}

void conn_refuse(struct conn *c, u16 status)
{
    struct http_server *s = c->server;
    s->stats.bad_requests++;
    c->unread = true;
    body_free(c);
    free(c->in);
    c->in = NULL;
    c->in_n = c->in_room = 0;
    struct http1_reply r = { .status = status, .close = true };
    req_put_head(c, &r);
    conn_end(c);
}

char *conn_keep_input(struct conn *c, const char *p, size_t n, size_t room)
{
    char *fresh = malloc(MAX(room, n));
    must(fresh != NULL);
    memcpy(fresh, p, n);
    free(c->in);
    c->in = fresh;
    c->in_n = (u32)n;
    c->in_room = (u32)MAX(room, n);
    return fresh;
}

void conn_room(struct conn *c, size_t more, u64 whole)
{
    if (c->in_room - c->in_n >= more)
        return;
    u64 room = MAX((u64)c->in_n + more, (u64)c->in_room * 2);
    if (whole)
        room = MIN(room, whole);
    c->in = realloc(c->in, (size_t)room);
    must(c->in != NULL);
    c->in_room = (u32)room;
}
