/* SPDX-License-Identifier: Apache-2.0 */
/* Input of connections that speak HTTP. Bytes are read into the loop's buffer and requests are
 * taken from there without a copy; only a request that is not whole at the end of a turn gets
 * memory of its own: its head and as much of its body as has come, growing by doubling, never past
 * the limit given for it. */
#include <string.h>

#include "http/conn.h"

/* ---- bodies */

/* What unfinished bodies hold in all is bounded: strangers may send them. */
static void charge(struct conn *c)
{
    struct http_server *s = c->server;
    s->stats.body_bytes += c->in_room - c->body->charged;
    c->body->charged = c->in_room;
    if (s->stats.body_bytes > s->limits.bodies_max)
        conn_refuse(c, 503);
}

void body_free(struct conn *c)
{
    if (c->body)
        c->server->stats.body_bytes -= c->body->charged;
    free(c->body);
    c->body = NULL;
}

static void begin_body(struct conn *c, str in, size_t got, const struct http1_chunked *chunks,
                       u64 limit)
{
    const struct http1_head *h = &c->server->head;
    struct body *b = calloc(1, sizeof *b);
    must(b != NULL);
    *b = (struct body){ .chunks = *chunks,
                        .chunked = h->chunked,
                        .length = h->length,
                        .got = got,
                        .limit = limit,
                        .began = loop_now(c->server->loop) };
    size_t n = h->bytes + got;
    u64 whole = h->chunked ? n : h->bytes + h->length;
    c->head_n = (u32)h->bytes;
    c->body = b;
    c->state = CONN_BODY;
    c->partial = false;
    conn_keep_input(c, in.p, n, (size_t)MIN(whole, (u64)MAX(n * 2, (size_t)8192)));
    conn_until(c, c->server->limits.body_grace);
    if (h->expect_continue && !got)
        conn_put(c, S("HTTP/1.1 100 Continue\r\n\r\n"));
    charge(c);
}

/* The body is whole: hand the request over. What `in` held belongs to the request now. */
static void body_whole(struct conn *c)
{
    char *bytes = c->in;
    size_t n = c->in_n, head_n = c->head_n;
    u16 status;
    bool chunked = c->body->chunked;
    body_free(c);
    c->in = NULL;
    c->in_n = c->in_room = c->head_n = 0;
    must(http1_request((str){ bytes, head_n }, &c->server->head, &status) == E_NONE);
    must(c->server->head.chunked == chunked);
    req_dispatch(c, (str){ bytes + head_n, n - head_n }, bytes);
}

/* Decodes where it stands: data only ever moves down. Returns how much data; *in is what was not
 * eaten. */
static err decode(struct http1_chunked *chunks, str *in, char *to, u64 most, size_t *ret_n)
{
    size_t n = 0;
    for (;;) {
        str data;
        err e = http1_chunked(chunks, in, &data);
        if (e != E_NONE || chunks->done) {
            *ret_n = n;
            return e;
        }
        if (data.n > most - n)
            return E_LIMIT;
        memmove(to + n, data.p, data.n);
        n += data.n;
    }
}

static void body_pace(struct conn *c)
{
    const struct http_limits *l = &c->server->limits;
    usec earned = (usec)(c->body->got * (u64)USEC_S / MAX(l->body_rate, 1u));
    usec left = c->body->began + l->body_grace + earned - loop_now(c->server->loop);
    conn_until(c, MAX(left, 1));
}

static size_t take_requests(struct conn *c, char *p, size_t n);
static void leave(struct conn *c, const char *p, size_t n);

static void chunked_input(struct conn *c, char *p, size_t n)
{
    struct body *b = c->body;
    str in = { p, n };
    size_t got = 0;
    err e = decode(&b->chunks, &in, p, b->limit - b->got, &got);
    if (e != E_NONE && e != E_AGAIN) {
        conn_refuse(c, e == E_LIMIT ? 413 : 400);
        return;
    }
    conn_room(c, got, 0);
    memcpy(c->in + c->in_n, p, got);
    c->in_n += (u32)got;
    b->got += got;
    if (!b->chunks.done) {
        body_pace(c);
        charge(c);
        return;
    }
    body_whole(c);
    char *rest = p + (in.p - p);
    size_t used = take_requests(c, rest, in.n);
    leave(c, rest + used, in.n - used);
}

/* Reads straight behind what is there, never past the body's end. */
static err length_input(struct conn *c)
{
    struct body *b = c->body;
    u64 whole = c->head_n + b->length;
    for (;;) {
        size_t got;
        conn_room(c, (size_t)MIN(whole - c->in_n, (u64)16384), whole);
        TRY(stream_read(&c->stream, c->in + c->in_n, c->in_room - c->in_n, &got));
        c->in_n += (u32)got;
        b->got += got;
        if (b->got == b->length) {
            body_whole(c);
            return E_NONE;
        }
        if (!stream_has_more(&c->stream))
            break;
    }
    body_pace(c);
    charge(c);
    return E_NONE;
}

/* ---- requests */

/* Takes the request whose head has been read off in; returns the bytes used, all of them when the
 * body is to come. */
static size_t take_request(struct conn *c, char *p, size_t n)
{
    struct http_server *s = c->server;
    const struct http1_head *h = &s->head;
    size_t head_n = h->bytes, got = 0;
    if (!h->chunked && !h->length) {
        req_dispatch(c, (str){ p + head_n, 0 }, NULL);
        return head_n;
    }
    u64 limit = s->limits.body_max;
    req_from_head(c);
    s->req.conn = c->self;
    if (s->setup.body_limit)
        limit = s->setup.body_limit(s->setup.arg, &s->req);
    limit = MIN(limit, (u64)1 << 30);
    if (h->length > limit) {
        conn_refuse(c, 413);
        return n;
    }
    struct http1_chunked chunks = { 0 };
    if (!h->chunked) {
        if (n - head_n >= h->length) {
            size_t used = head_n + (size_t)h->length;
            req_dispatch(c, (str){ p + head_n, (size_t)h->length }, NULL);
            return used;
        }
        begin_body(c, (str){ p, n }, n - head_n, &chunks, limit);
        return n;
    }
    str in = { p + head_n, n - head_n };
    err e = decode(&chunks, &in, p + head_n, limit, &got);
    if (e != E_NONE && e != E_AGAIN) {
        conn_refuse(c, e == E_LIMIT ? 413 : 400);
        return n;
    }
    if (!chunks.done) {
        begin_body(c, (str){ p, n }, got, &chunks, limit);
        return n;
    }
    req_dispatch(c, (str){ p + head_n, got }, NULL);
    return (size_t)(in.p - p);
}

/* As many requests as are whole and may be answered now. */
static size_t take_requests(struct conn *c, char *p, size_t n)
{
    struct http_server *s = c->server;
    size_t at = 0;
    for (u32 most = s->limits.pipelined_max; at < n && c->state == CONN_HEAD && !c->blocked;
         most--) {
        str in = { p + at, n - at };
        size_t scanned = c->scanned;
        if (!most) {
            conn_again(c);
            break;
        }
        err e = http1_scan(in, &scanned);
        c->scanned = e == E_AGAIN ? (u32)scanned : 0;
        if (e == E_AGAIN)
            break;
        u16 status = e == E_LIMIT ? 431 : 400;
        if (e == E_NONE)
            e = http1_request(in, &s->head, &status);
        if (e != E_NONE) {
            conn_refuse(c, status);
            return n;
        }
        c->unread = n - at > s->head.bytes + s->head.length; /* more than this one request */
        at += take_request(c, p + at, n - at);
    }
    return at;
}

/* The end of a turn: unfinished bytes are kept, the deadline fits what is waited for. */
static void leave(struct conn *c, const char *p, size_t n)
{
    struct http_server *s = c->server;
    if (c->state == CONN_DEAD)
        return;
    if (n && (c->state == CONN_HEAD || c->state == CONN_BUSY || c->state == CONN_WS))
        conn_keep_input(c, p, n, n);
    if (c->state == CONN_HEAD && !c->blocked) {
        if (n && !c->again && !c->partial) {
            c->partial = true;
            conn_until(c, s->limits.head);
        } else if (!n && c->requests) {
            c->partial = false;
            conn_until(c, s->limits.idle);
        }
    }
    if (c->state == CONN_WS && n)
        conn_again(c);
    if (s->gather->owner == c)
        conn_flush(c);
    if (c->state == CONN_HEAD && stream_has_more(&c->stream))
        conn_again(c);
}

static void input_ended(struct conn *c)
{
    if (c->state == CONN_HEAD && c->partial)
        c->server->stats.bad_requests++;
    conn_drop(c);
}

static void head_input(struct conn *c)
{
    char *p = loop_read_buf(c->server->loop);
    size_t n = 0;
    err e = E_NONE;
    if (c->in_n) {
        n = c->in_n;
        memcpy(p, c->in, n);
        free(c->in);
        c->in = NULL;
        c->in_n = c->in_room = 0;
    }
    bool fresh = false;
    while (n < LOOP_BUF) {
        size_t got;
        e = stream_read(&c->stream, p + n, LOOP_BUF - n, &got);
        if (e != E_NONE)
            break;
        n += got;
        fresh = true;
        if (!stream_has_more(&c->stream))
            break;
    }
    bool ended = e == E_CLOSED && !fresh;
    size_t used = take_requests(c, p, n);
    if (ended && c->state == CONN_HEAD && !c->again && !c->blocked) {
        conn_flush(c); /* answers to the last requests, before its end */
        input_ended(c);
        return;
    }
    leave(c, p + used, n - used);
}

static void drain(struct conn *c)
{
    char *p = loop_read_buf(c->server->loop);
    size_t got;
    err e = E_NONE;
    for (int i = 0; i < 16 && e == E_NONE; i++)
        e = stream_read(&c->stream, p, LOOP_BUF, &got);
    if (e == E_CLOSED)
        conn_drop(c);
}

void conn_input(struct conn *c)
{
    if (c->state == CONN_LINGER) {
        drain(c);
    } else if (c->state == CONN_WS) {
        ws_input(c);
    } else if (c->state == CONN_BUSY || c->state == CONN_ENDING || c->blocked) {
        stream_reading(&c->stream, false); /* it talks while it is to wait: the kernel keeps it */
    } else if (c->state == CONN_BODY && !c->body->chunked) {
        stream_reading(&c->stream, true);
        if (length_input(c) == E_CLOSED)
            input_ended(c);
        else
            leave(c, NULL, 0);
    } else if (c->state == CONN_BODY) {
        char *p = loop_read_buf(c->server->loop);
        size_t got;
        err e = stream_read(&c->stream, p, LOOP_BUF, &got);
        if (e == E_CLOSED)
            input_ended(c);
        if (e != E_NONE)
            return;
        chunked_input(c, p, got);
        if (c->state != CONN_DEAD && stream_has_more(&c->stream))
            conn_again(c);
    } else if (c->state == CONN_HEAD) {
        stream_reading(&c->stream, true);
        head_input(c);
    }
}
