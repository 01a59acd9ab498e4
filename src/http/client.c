/* SPDX-License-Identifier: Apache-2.0 */
/* The client. Unlike the server it keeps buffers: one in, one out. A freed client that is inside a
 * callback of its own is only marked, and freed when that callback has returned. */
#include "http/client.h"

#include <string.h>
#include <sys/epoll.h>

#include "base/rng.h"

enum { ASKED_MAX = 256, BODY_MAX_DEFAULT = 64 << 20, OUT_MAX = 64 << 20 };

struct bytes {
    char *p;
    size_t n, room;
};

struct http_client {
    struct stream stream; /* first */
    struct http_client_setup setup;
    struct bytes in, out, message; /* out: before the connection stands */
    struct http1_head head;
    struct http1_chunked chunks;
    struct bytes body; /* of a chunked answer */
    struct ws_state ws;
    size_t scanned;
    u8 asked[ASKED_MAX]; /* 1: the answer has no body (HEAD) */
    u32 asked_first, asked_n;
    bool has_head, is_ws, open, closed, inside, freed;
};

static void add(struct bytes *b, const char *p, size_t n)
{
    if (b->room - b->n < n) {
        b->room = MAX(b->n + n, b->room * 2);
        b->p = realloc(b->p, b->room);
        must(b->p != NULL);
    }
    if (n)
        memcpy(b->p + b->n, p, n);
    b->n += n;
}

static void eat(struct bytes *b, size_t n)
{
    b->n -= n;
    if (b->n)
        memmove(b->p, b->p + n, b->n);
}

static void destroy(struct http_client *c)
{
    stream_close(&c->stream);
    free(c->in.p);
    free(c->out.p);
    free(c->message.p);
    free(c->body.p);
    free(c);
}

void http_client_free(struct http_client *c)
{
    if (!c)
        return;
    c->freed = c->closed = true;
    if (!c->inside)
        destroy(c);
}

static void gone(struct http_client *c, err why)
{
    if (c->closed)
        return;
    c->closed = true;
    stream_close(&c->stream);
    if (c->setup.calls->on_close)
        c->setup.calls->on_close(c->setup.arg, why);
}

/* ---- out */

static err put(struct http_client *c, str bytes)
{
    if (c->closed)
        return E_CLOSED;
    if (!c->open) {
        add(&c->out, bytes.p, bytes.n);
        return E_NONE;
    }
    err e = stream_write(&c->stream, bytes);
    if (e == E_NONE)
        e = stream_flush(&c->stream);
    return e == E_AGAIN ? E_NONE : e;
}

err http_client_raw(struct http_client *c, str bytes)
{
    return put(c, bytes);
}

static err ask_with(struct http_client *c, const struct http_ask *ask, str lines)
{
    if (c->asked_n == ASKED_MAX)
        return E_BUSY;
    SCRATCH(s);
    struct buf b = buf_in(s.a, (size_t)OUT_MAX);
    str method = ask->method.n ? ask->method : S("GET");
    buf_fmt(&b, STR_FMT " " STR_FMT " HTTP/1.1\r\nHost: " STR_FMT "\r\n", STR_ARG(method),
            STR_ARG(ask->path), STR_ARG(c->setup.host));
    for (size_t i = 0; i < ask->n_fields; i++)
        buf_fmt(&b, STR_FMT ": " STR_FMT "\r\n", STR_ARG(ask->fields[i].name),
                STR_ARG(ask->fields[i].value));
    if (ask->body.n || str_eq(method, S("POST")) || str_eq(method, S("PUT")))
        buf_fmt(&b, "Content-Length: %zu\r\n", ask->body.n);
    buf_put(&b, lines);
    buf_put(&b, S("\r\n"));
    buf_put(&b, ask->body);
    str whole;
    TRY(buf_done(&b, &whole));
    TRY(put(c, whole));
    c->asked[(c->asked_first + c->asked_n++) % ASKED_MAX] = str_eq(method, S("HEAD"));
    return E_NONE;
}

err http_client_ask(struct http_client *c, const struct http_ask *ask)
{
    return ask_with(c, ask, S(""));
}

err http_client_upgrade(struct http_client *c, const struct http_ask *ask)
{
    return ask_with(c, ask,
                    S("Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
                      "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"));
}

err http_client_ws(struct http_client *c, enum ws_op op, str payload)
{
    u8 mask[4];
    char head[WS_HEAD_MAX];
    rng_bytes(mask, sizeof mask);
    size_t head_n = ws_head_put(head, op, true, payload.n, mask);
    SCRATCH(s);
    char *p = arena_get_raw(s.a, head_n + payload.n, 1);
    memcpy(p, head, head_n);
    if (payload.n)
        memcpy(p + head_n, payload.p, payload.n);
    ws_mask(p + head_n, payload.n, mask, 0);
    return put(c, (str){ p, head_n + payload.n });
}

/* ---- in */

static void answer(struct http_client *c, str body)
{
    struct http_answer a = { c->head.status, &c->head, body };
    c->has_head = false;
    c->scanned = 0;
    if (a.status >= 200 || a.status == 101) {
        if (c->asked_n) {
            c->asked_first = (c->asked_first + 1) % ASKED_MAX;
            c->asked_n--;
        }
        c->is_ws = a.status == 101;
        c->setup.calls->on_answer(c->setup.arg, &a);
    }
}

static size_t body_max(const struct http_client *c)
{
    return c->setup.body_max ? c->setup.body_max : BODY_MAX_DEFAULT;
}

static err take_chunks(struct http_client *c)
{
    size_t head_n = c->head.bytes;
    str in = { c->in.p + head_n, c->in.n - head_n }, data;
    err e;
    while ((e = http1_chunked(&c->chunks, &in, &data)) == E_NONE && !c->chunks.done) {
        if (c->body.n + data.n > body_max(c))
            return E_LIMIT;
        add(&c->body, data.p, data.n);
    }
    memmove(c->in.p + head_n, in.p, in.n);
    c->in.n = head_n + in.n;
    TRY(e);
    must(http1_response((str){ c->in.p, head_n }, &c->head) ==
         E_NONE); /* the bytes may have moved since */
    answer(c, (str){ c->body.p, c->body.n });
    c->body.n = 0;
    c->chunks = (struct http1_chunked){ 0 };
    eat(&c->in, head_n);
    return E_NONE;
}

static err take_answer(struct http_client *c)
{
    str in = { c->in.p, c->in.n };
    if (!c->has_head) {
        TRY(http1_scan(in, &c->scanned));
        TRY(http1_response(in, &c->head));
        c->has_head = true;
    }
    u16 status = c->head.status;
    if (c->asked_n &&
        (c->asked[c->asked_first] || status < 200 || status == 204 || status == 304)) {
        c->head.chunked = false;
        c->head.length = 0;
    }
    if (c->head.chunked)
        return take_chunks(c);
    if (c->head.length > body_max(c))
        return E_LIMIT;
    size_t n = c->head.bytes + (size_t)c->head.length;
    if (c->in.n < n)
        return E_AGAIN;
    size_t head_n = c->head.bytes;
    must(http1_response((str){ c->in.p, head_n }, &c->head) ==
         E_NONE); /* the bytes may have moved since */
    answer(c, (str){ c->in.p + head_n, n - head_n });
    eat(&c->in, n);
    return E_NONE;
}

static err take_ws(struct http_client *c)
{
    struct ws_rules rules = { false, body_max(c) };
    struct ws_frame f;
    struct ws_lack lack;
    TRY(ws_next(&c->ws, &rules, (str){ c->in.p, c->in.n }, &f, &lack));
    str payload = { f.payload, f.n };
    if (f.op == WS_PING)
        IGNORE(http_client_ws(c, WS_PONG, payload));
    bool part = f.op < WS_CLOSE && !(f.begins && f.ends);
    if (part) {
        add(&c->message, f.payload, f.n);
        payload = (str){ c->message.p, c->message.n };
    }
    if (f.ends && c->setup.calls->on_frame)
        c->setup.calls->on_frame(c->setup.arg, f.op, payload);
    if (part && f.ends)
        c->message.n = 0;
    eat(&c->in, f.used);
    return E_NONE;
}

static err read_in(struct http_client *c)
{
    char *p = loop_read_buf(c->setup.loop);
    size_t got;
    TRY(stream_read(&c->stream, p, LOOP_BUF, &got));
    add(&c->in, p, got);
    return E_NONE;
}

static void take_all(struct http_client *c, err ended)
{
    err e = E_NONE;
    while (e == E_NONE && c->in.n && !c->closed)
        e = c->is_ws ? take_ws(c) : take_answer(c);
    if (e != E_AGAIN && e != E_NONE)
        gone(c, e);
    else if (ended == E_CLOSED)
        gone(c, E_CLOSED);
}

static bool opened(struct http_client *c)
{
    stream_reading(&c->stream, !c->stream.no_read); /* connected: no longer asks for that */
    err e = stream_handshake(&c->stream);
    if (e == E_CLOSED)
        gone(c, E_CLOSED);
    if (e != E_NONE)
        return false;
    c->open = true;
    str waiting = { c->out.p, c->out.n };
    c->out.n = 0;
    if (waiting.n && put(c, waiting) == E_CLOSED)
        gone(c, E_CLOSED);
    return !c->closed;
}

static void ready_open(struct http_client *c, u32 events)
{
    err e = events & EPOLLOUT ? stream_flush(&c->stream) : E_NONE;
    if (e == E_CLOSED)
        gone(c, e);
    if (c->closed || c->stream.no_read)
        return;
    do
        e = read_in(c);
    while (e == E_NONE && stream_has_more(&c->stream));
    take_all(c, e);
}

static void on_ready(struct loop_fd *f, u32 events)
{
    struct http_client *c = (struct http_client *)(void *)f;
    c->inside = true;
    if (!c->open && (events & (EPOLLERR | EPOLLHUP)))
        gone(c, E_CLOSED);
    else if (c->open || opened(c))
        ready_open(c, events);
    c->inside = false;
    if (c->freed)
        destroy(c);
}
err http_client_new(const struct http_client_setup *setup, struct http_client **ret)
{
    int fd;
    TRY(net_connect(setup->address, setup->port, &fd));
    struct http_client *c = calloc(1, sizeof *c);
    must(c != NULL);
    c->setup = *setup;
    struct stream_setup st = {
        .fd = fd, .tls = setup->tls, .host = setup->host, .ready = on_ready, .out_max = OUT_MAX
    };
    err e = stream_open(&c->stream, setup->loop, &st);
    if (e != E_NONE) {
        free(c);
        return e;
    }
    loop_want(setup->loop, &c->stream.io, EPOLLIN | EPOLLOUT); /* writable: connected */
    *ret = c;
    return E_NONE;
}

void http_client_pause(struct http_client *c, bool paused)
{
    stream_reading(&c->stream, !paused);
}
struct stream_tls http_client_tls(const struct http_client *c)
{
    return stream_tls(&c->stream);
}
bool http_client_is_open(const struct http_client *c)
{
    return c->open && !c->closed;
}
size_t http_client_unread(const struct http_client *c)
{
    return c->in.n;
}
