/* SPDX-License-Identifier: Apache-2.0 */
/* The server: accepting under bounds, starting, stopping. Over a bound a connection is closed at
 * once, so that the backlog never holds those who could be served; when descriptors run out,
 * accepting rests for a tenth of a second. */
#include <arpa/inet.h>
#include <malloc.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "base/fault.h"
#include "base/os.h"
#include "http/conn.h"

struct http_limits http_limits_default(void)
{
    return (struct http_limits){
        .conns_max = 16384,
        .conns_per_address = 2048,
        .handshakes_max = 1024,
        .handshakes_per_tick = 16,
        .accepts_per_tick = 64,
        .pipelined_max = 64,
        .requests_per_conn = 100000,
        .body_max = 1 << 20,
        .bodies_max = 256 << 20,
        .body_rate = 1024,
        .write_rate = 1024,
        .handshake = 10 * USEC_S,
        .head = 10 * USEC_S,
        .body_grace = 10 * USEC_S,
        .write_grace = 30 * USEC_S,
        .idle = 75 * USEC_S,
        .linger = 2 * USEC_S,
        .ws_ping = 30 * USEC_S,
        .ws_close = 5 * USEC_S,
        .ws_queue_max = 256 * 1024,
        .ws_message_max = 256 * 1024,
        .arena_ceiling = 8 << 20,
    };
}

const struct http_stats *http_server_stats(const struct http_server *s)
{
    return &s->stats;
}

/* ---- accepting */

static void resume(void *ctx, UNUSED struct ref who)
{
    struct http_server *s = ctx;
    s->paused = false;
    if (!s->stopping)
        loop_want(s->loop, &s->listener, EPOLLIN);
}

static void pause_accepting(struct http_server *s)
{
    s->paused = true;
    loop_want(s->loop, &s->listener, 0);
    s->pause_timer = loop_timer(s->loop, 100 * USEC_MS, resume, s, (struct ref){ 0 });
}

static struct http_peer peer_of(const struct sockaddr_storage *a)
{
    struct http_peer p = { 0 };
    if (a->ss_family == AF_INET) {
        const struct sockaddr_in *v4 = (const void *)a;
        p.ip[10] = p.ip[11] = 0xff;
        memcpy(p.ip + 12, &v4->sin_addr, 4);
        p.port = ntohs(v4->sin_port);
    } else if (a->ss_family == AF_INET6) {
        const struct sockaddr_in6 *v6 = (const void *)a;
        memcpy(p.ip, &v6->sin6_addr, 16);
        p.port = ntohs(v6->sin6_port);
    }
    return p;
}

static void accept_one(struct http_server *s, int fd, const struct http_peer *peer)
{
    s->stats.accepted++;
    if (s->stats.conns >= s->limits.conns_max) {
        s->stats.refused++;
        os_close(fd);
        return;
    }
    if (peers_add(&s->peers, peer->ip) > s->limits.conns_per_address) {
        peers_drop(&s->peers, peer->ip);
        s->stats.refused++;
        os_close(fd);
        return;
    }
    conn_open(s, fd, peer);
}

static void on_accept(struct loop_fd *f, UNUSED u32 events)
{
    struct http_server *s =
        (struct http_server *)(void *)((char *)f - offsetof(struct http_server, listener));
    for (u32 i = 0; i < s->limits.accepts_per_tick; i++) {
        struct sockaddr_storage a;
        socklen_t n = sizeof a;
        int fd = fault_hit(FAULT_SOCKET)
                     ? -1
                     : accept4(f->fd, (struct sockaddr *)&a, &n, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd < 0) {
            err e = os_err();
            if (e != E_AGAIN && e != E_CLOSED) /* not "none left", not "gone before we looked" */
                pause_accepting(s);
            return;
        }
        struct http_peer peer = peer_of(&a);
        accept_one(s, fd, &peer);
    }
}

/* ---- memory back to the kernel: libc keeps what thousands of closed connections held. Not at
 * once: after a mass disconnect the same clients come back, and giving back takes a millisecond for
 * every ten megabytes. */

enum { TRIM_FROM = 1024 };

static bool most_have_gone(const struct http_server *s)
{
    return s->peak >= TRIM_FROM && s->stats.conns < s->peak / 4;
}

static void trim(void *ctx, UNUSED struct ref who)
{
    struct http_server *s = ctx;
    s->trim_timer = (struct ref){ 0 };
    if (!most_have_gone(s))
        return;
    (void)malloc_trim(0);
    s->peak = s->stats.conns;
}

void server_trim_later(struct http_server *s)
{
    if (most_have_gone(s) && !s->trim_timer.gen && !s->stopping)
        s->trim_timer = loop_timer(s->loop, USEC_MIN, trim, s, (struct ref){ 0 });
}

/* ---- beginning and end */

static void sweep(struct loop_task *t)
{
    server_sweep((struct http_server *)(void *)((char *)t - offsetof(struct http_server, task)));
}

err http_server_new(const struct http_setup *setup, struct http_server **ret)
{
    struct http_server *s = calloc(1, sizeof *s);
    must(s != NULL);
    s->setup = *setup;
    s->loop = setup->loop;
    s->gather = loop_gather(s->loop);
    s->limits = setup->limits;
    s->task.run = sweep;
    s->listener = (struct loop_fd){ setup->fd, EPOLLIN, on_accept };
    err e = loop_watch(s->loop, &s->listener);
    if (e != E_NONE) {
        os_close(setup->fd);
        free(s);
        return e;
    }
    s->arena = arena_new("request", s->limits.arena_ceiling);
    if (s->setup.tls)
        tls_share(s->setup.tls);
    *ret = s;
    return E_NONE;
}

void http_server_tls(struct http_server *s, struct tls *tls)
{
    struct tls *old = s->setup.tls;
    must(old && tls);
    s->setup.tls = tls_share(tls);
    tls_drop(old);
}

static void close_listener(struct http_server *s)
{
    if (s->listener.fd < 0)
        return;
    loop_unwatch(s->loop, &s->listener);
    loop_timer_cancel(s->loop, s->pause_timer);
    os_close(s->listener.fd);
    s->listener.fd = -1;
}

static void each(struct http_server *s, void (*fn)(struct conn *c))
{
    for (u32 i = 0; i < s->conns.n; i++)
        if (s->conns.rows[i].p)
            fn(s->conns.rows[i].p);
}

static void stop_one(struct conn *c)
{
    c->close_after = true;
    if (c->state == CONN_WS)
        ws_stop(c);
    else if (c->state == CONN_HANDSHAKE ||
             (c->state == CONN_HEAD && !c->partial && !c->blocked && !c->again))
        conn_end(c);
}

static void stop_late(void *ctx, UNUSED struct ref who)
{
    each(ctx, conn_drop);
}

void http_server_stop(struct http_server *s, usec grace, void (*done)(void *arg), void *arg)
{
    must(!s->stopping);
    s->stopping = true;
    s->done = done;
    s->done_arg = arg;
    close_listener(s);
    s->stop_timer = loop_timer(s->loop, grace, stop_late, s, (struct ref){ 0 });
    each(s, stop_one);
    loop_defer(s->loop, &s->task);
}

void http_server_free(struct http_server *s)
{
    if (!s)
        return;
    s->done = NULL;
    s->stopping = true;
    close_listener(s);
    loop_timer_cancel(s->loop, s->stop_timer);
    loop_timer_cancel(s->loop, s->trim_timer);
    each(s, conn_drop);
    while (s->again || s->dirty || s->dead)
        server_sweep(s);
    loop_undefer(s->loop, &s->task);
    tls_drop(s->setup.tls);
    peers_free(&s->peers);
    s->orphan = true;
    if (!s->stats.busy)
        server_release(s);
}

void server_release(struct http_server *s)
{
    arena_free(s->arena);
    while (s->n_spare)
        arena_free(s->spare[--s->n_spare]);
    ref_table_free(&s->conns);
    free(s);
}
