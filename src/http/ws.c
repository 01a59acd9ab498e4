/* SPDX-License-Identifier: Apache-2.0 */
/* WebSockets on the server. Idle, one holds its struct and nothing else: what is sent gathers in a
 * buffer that lives to the end of the tick, or for as long as the socket is full; unfinished frames
 * are kept as they came. on_close is called exactly once, when the closing handshake is done or the
 * connection goes, whichever is first. */
#include "http/ws.h"

#include <string.h>

#include "http/conn.h"

/* ---- out */

static size_t queued(const struct conn *c)
{
    return c->ws->out_n + stream_kept(&c->stream);
}

static err put_frame(struct conn *c, enum ws_op op, str payload, size_t most)
{
    struct ws_conn *w = c->ws;
    char head[WS_HEAD_MAX];
    size_t head_n = ws_head_put(head, op, true, payload.n, NULL), n = head_n + payload.n;
    if (payload.n > most || queued(c) + n > most) {
        w->was_full = true;
        return E_LIMIT;
    }
    if (w->out_room - w->out_n < n) {
        size_t room = MAX((size_t)w->out_n + n, (size_t)w->out_room * 2);
        w->out = realloc(w->out, room);
        must(w->out != NULL);
        w->out_room = (u32)room;
    }
    memcpy(w->out + w->out_n, head, head_n);
    if (payload.n)
        memcpy(w->out + w->out_n + head_n, payload.p, payload.n);
    w->out_n += (u32)n;
    struct http_server *s = c->server;
    if (!c->dirty) {
        c->dirty = true;
        c->next_dirty = s->dirty;
        s->dirty = c;
        loop_defer(s->loop, &s->task);
    }
    return E_NONE;
}

void ws_flush(struct conn *c)
{
    struct ws_conn *w = c->ws;
    if (c->blocked || c->state == CONN_DEAD)
        return;
    if (c->server->gather->owner == c) /* the 101 goes first */
        conn_flush(c);
    if (w->out_n && !c->blocked && c->state != CONN_DEAD) {
        str bytes = { w->out, w->out_n };
        w->out = NULL;
        w->out_n = w->out_room = 0;
        err e = stream_write(&c->stream, bytes);
        free((char *)(uintptr_t)bytes.p);
        if (e != E_NONE)
            conn_drop(c);
        else
            conn_flush(c);
    }
    if (w->was_full && !c->blocked && !w->out_n && c->state == CONN_WS) {
        w->was_full = false;
        if (w->calls && w->calls->on_drain)
            w->calls->on_drain(w->arg, c->self);
    }
}

void ws_gone(struct conn *c)
{
    struct ws_conn *w = c->ws;
    const struct ws_calls *calls = w->calls;
    if (!calls)
        return;
    w->calls = NULL;
    c->server->stats.websockets--;
    c->server->stats.ws_closed++;
    if (calls->on_close)
        calls->on_close(w->arg, c->self, w->code ? w->code : (u16)WS_ABNORMAL);
}

static void put_close(struct conn *c, u16 code, str reason)
{
    char payload[WS_CONTROL_MAX];
    size_t n = code == WS_NO_CODE ? 0 : ws_close_put(payload, code, reason);
    if (!c->ws->close_sent)
        IGNORE(put_frame(c, WS_CLOSE, (str){ payload, n }, SIZE_MAX / 2));
    c->ws->close_sent = true;
}

/* The WebSocket is over for the caller; what is queued and the close frame still leave. */
static void finish(struct conn *c, u16 code)
{
    if (!c->ws->code)
        c->ws->code = code;
    put_close(c, code, S(""));
    ws_gone(c);
    ws_flush(c);
    c->ws->close_got = true;
    if (!c->blocked)
        conn_end(c);
    else if (c->state != CONN_DEAD)
        c->state = CONN_ENDING;
}

static void fail_with(struct conn *c, u16 code)
{
    c->unread = true;
    finish(c, code);
}

void ws_time(struct conn *c)
{
    if (c->ws->close_sent || c->ws->waiting_pong) {
        c->server->stats.timeouts++;
        conn_drop(c);
        return;
    }
    c->ws->waiting_pong = true;
    conn_until(c, c->server->limits.ws_ping);
    IGNORE(put_frame(c, WS_PING, S(""), SIZE_MAX / 2));
}

/* ---- in */

static void append(struct ws_conn *w, const char *p, size_t n)
{
    if (w->message_room - w->message_n < n) {
        size_t room = MAX((size_t)w->message_n + n, (size_t)w->message_room * 2);
        w->message = realloc(w->message, room);
        must(w->message != NULL);
        w->message_room = (u32)room;
    }
    if (n)
        memcpy(w->message + w->message_n, p, n);
    w->message_n += (u32)n;
}

static void deliver(struct conn *c, enum ws_op op, str payload)
{
    struct ws_conn *w = c->ws;
    void (*fn)(void *, struct ref, str) = op == WS_TEXT ? w->calls->on_text : w->calls->on_binary;
    if (fn)
        fn(w->arg, c->self, payload);
    else
        fail_with(c, WS_UNSUPPORTED);
}

static void data_frame(struct conn *c, const struct ws_frame *f)
{
    struct ws_conn *w = c->ws;
    if (w->close_sent)
        return;
    if (f->begins && f->ends) {
        deliver(c, f->op, (str){ f->payload, f->n });
        return;
    }
    append(w, f->payload, f->n);
    if (!f->ends)
        return;
    char *whole = w->message;
    size_t n = w->message_n;
    w->message = NULL;
    w->message_n = w->message_room = 0;
    deliver(c, f->op, (str){ whole, n });
    free(whole);
}

static void take_frame(struct conn *c, const struct ws_frame *f)
{
    struct ws_conn *w = c->ws;
    w->waiting_pong = false;
    switch (f->op) {
    case WS_PING:
        if (!w->close_sent && put_frame(c, WS_PONG, (str){ f->payload, f->n },
                                        c->server->limits.ws_queue_max) != E_NONE)
            fail_with(c, WS_POLICY); /* it asks and does not read */
        break;
    case WS_PONG: break;
    case WS_CLOSE: finish(c, f->close_code); break;
    default: data_frame(c, f);
    }
}

static size_t take_frames(struct conn *c, char *p, size_t n)
{
    struct ws_conn *w = c->ws;
    struct ws_rules rules = { true, c->server->limits.ws_message_max };
    size_t at = 0;
    while (at < n && c->state == CONN_WS) {
        struct ws_frame f;
        struct ws_lack lack;
        err e = ws_next(&w->state, &rules, (str){ p + at, n - at }, &f, &lack);
        if (e == E_AGAIN) {
            w->need = (u32)lack.need;
            break;
        }
        if (e != E_NONE) {
            fail_with(c, lack.code);
            return n;
        }
        at += f.used;
        take_frame(c, &f);
    }
    return at;
}

/* Bytes are kept already: read on behind them. */
static void kept_input(struct conn *c)
{
    size_t got = 0;
    conn_room(c, MAX((size_t)4096, c->ws->need > c->in_n ? c->ws->need - c->in_n : 0), 0);
    err e = stream_read(&c->stream, c->in + c->in_n, c->in_room - c->in_n, &got);
    if (e == E_CLOSED) {
        conn_drop(c);
        return;
    }
    c->in_n += (u32)got;
    size_t used = take_frames(c, c->in, c->in_n);
    if (c->state != CONN_WS)
        return;
    c->in_n -= (u32)used;
    if (c->in_n) {
        memmove(c->in, c->in + used, c->in_n);
        return;
    }
    free(c->in);
    c->in = NULL;
    c->in_room = 0;
}

static void fresh_input(struct conn *c)
{
    char *p = loop_read_buf(c->server->loop);
    size_t n = 0;
    err e = stream_read(&c->stream, p, LOOP_BUF, &n);
    if (e == E_CLOSED)
        conn_drop(c);
    if (e != E_NONE)
        return;
    size_t used = take_frames(c, p, n);
    if (c->state == CONN_WS && used < n)
        conn_keep_input(c, p + used, n - used, n - used);
}

void ws_input(struct conn *c)
{
    if (c->in_n)
        kept_input(c);
    else
        fresh_input(c);
    if (c->state == CONN_WS && stream_has_more(&c->stream))
        conn_again(c);
}

void ws_stop(struct conn *c)
{
    ws_close(c->server, c->self, WS_GOING_AWAY, S(""));
}

/* ---- the calls */

bool ws_is_upgrade(const struct http_req *req)
{
    return http_header(req, HTTP_F_UPGRADE).p != NULL;
}

static u16 handshake_fault(const struct http_req *r)
{
    bool asks = r->method == HTTP_GET && r->head->minor == 1 && r->head->upgrade && !r->body.n &&
                http1_list_has(http_header(r, HTTP_F_UPGRADE), S("websocket"));
    if (asks && !str_eq(http_header(r, HTTP_F_SEC_WS_VERSION), S("13")))
        return 426;
    if (!asks || !ws_key_ok(http_header(r, HTTP_F_SEC_WS_KEY)))
        return 400;
    return r->server->stopping ? 503 : 0;
}

static void put_upgrade(struct conn *c, const struct http_req *req, str protocol)
{
    char accept[WS_ACCEPT_BYTES];
    ws_accept_put(accept, http_header(req, HTTP_F_SEC_WS_KEY));
    struct http1_field fields[] = {
        { S("Upgrade"), S("websocket") },
        { S("Connection"), S("Upgrade") },
        { S("Sec-WebSocket-Accept"), { accept, sizeof accept } },
        { S("Sec-WebSocket-Protocol"), protocol },
    };
    struct http1_reply r = {
        .status = 101, .no_length = true, .fields = fields, .n_fields = protocol.n ? 4 : 3
    };
    req_put_head(c, &r);
}

err ws_accept(struct http_req *req, str protocol, const struct ws_calls *calls, void *arg,
              struct ref *ret)
{
    struct http_server *s = req->server;
    struct conn *c = conn_get(s, req->conn);
    must(!req->answered && http1_field_ok(S("x"), protocol));
    if (!c) {
        req_done(req, NULL);
        return E_CLOSED;
    }
    u16 fault = handshake_fault(req);
    if (fault) {
        http_reply(req, &(struct http_reply){ .status = fault,
                                              .lines = S("Sec-WebSocket-Version: 13\r\n") });
        return E_INVALID;
    }
    put_upgrade(c, req, protocol);
    c->ws = calloc(1, sizeof *c->ws);
    must(c->ws != NULL);
    c->ws->calls = calls;
    c->ws->arg = arg;
    c->state = CONN_WS;
    s->stats.ws_opened++;
    s->stats.websockets++;
    struct ref self = c->self;
    conn_until(c, s->limits.ws_ping);
    if (req->kept)
        conn_flush(c);
    bool alive = c->state == CONN_WS;
    req_done(req, c);
    if (!alive)
        return E_CLOSED;
    *ret = self;
    return E_NONE;
}

static struct conn *ws_get(const struct http_server *s, struct ref ws)
{
    struct conn *c = conn_get(s, ws);
    return c && c->state == CONN_WS && !c->ws->close_sent ? c : NULL;
}

err ws_send_text(struct http_server *s, struct ref ws, str text)
{
    struct conn *c = ws_get(s, ws);
    return c ? put_frame(c, WS_TEXT, text, s->limits.ws_queue_max) : E_CLOSED;
}

err ws_send_binary(struct http_server *s, struct ref ws, str bytes)
{
    struct conn *c = ws_get(s, ws);
    return c ? put_frame(c, WS_BINARY, bytes, s->limits.ws_queue_max) : E_CLOSED;
}

size_t ws_queued(const struct http_server *s, struct ref ws)
{
    struct conn *c = ws_get(s, ws);
    return c ? queued(c) : 0;
}

void ws_close(struct http_server *s, struct ref ws, u16 code, str reason)
{
    struct conn *c = ws_get(s, ws);
    if (!c)
        return;
    c->ws->code = code;
    put_close(c, code, reason);
    if (!c->blocked)
        conn_until(c, s->limits.ws_close);
}
