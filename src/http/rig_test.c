/* SPDX-License-Identifier: Apache-2.0 */
/* The rig of the HTTP tests: routes that answer in every way a server can be answered. */
#include "http/rig_test.h"
#include "test/test.h"

#include <string.h>
#include <sys/socket.h>

#include "base/os.h"
#include "http/static.h"

static usec skew;
static usec (*real_mono)(void);
static usec skewed(void)
{
    return real_mono() + skew;
}

/* ---- the server's side */

static void ws_text(void *arg, struct ref ws, str text)
{
    struct rig *r = arg;
    buf_put(&r->ws_in, text);
    buf_char(&r->ws_in, '|');
    if (str_eq(text, S("close me")))
        ws_close(r->server, ws, 4001, S("as you wish"));
    else
        IGNORE(ws_send_text(r->server, ws, text));
}

static void ws_drained(void *arg, UNUSED struct ref ws)
{
    ((struct rig *)arg)->drains++;
}

static void ws_closed(void *arg, struct ref ws, u16 code)
{
    struct rig *r = arg;
    r->ws_closed++;
    r->ws_code = code;
    expect_err(ws_send_text(r->server, ws, S("too late")), E_CLOSED);
}

static const struct ws_calls ws_calls = { ws_text, NULL, ws_drained, ws_closed };

void rig_accept(struct rig *r, size_t i)
{
    if (ws_accept(r->kept[i], S("chat"), &ws_calls, r, &r->ws) == E_NONE)
        r->ws_open++;
    r->kept[i] = NULL;
}

static void big(struct http_req *req, enum http_life life)
{
    static char bytes[4 << 20];
    for (size_t i = 0; i < sizeof bytes && !bytes[sizeof bytes - 1]; i++)
        bytes[i] = (char)('a' + i % 23);
    str body = { bytes, sizeof bytes };
    if (life == HTTP_BODY_ARENA)
        body = str_copy(req->arena, body);
    http_reply(req, &(struct http_reply){ .status = 200, .life = life, .body = body });
}

static void route(struct rig *r, struct http_req *req)
{
    str p = req->path;
    if (r->pack && static_answer(req, r->pack))
        return;
    if (str_eq(p, S("/ws"))) {
        if (ws_accept(req, S(""), &ws_calls, r, &r->ws) == E_NONE)
            r->ws_open++;
    } else if (str_eq(p, S("/echo"))) {
        http_reply(req, &(struct http_reply){
                            .status = 200, .content_type = S("text/plain"), .body = req->body });
    } else if (str_eq(p, S("/answer-kept"))) {
        rig_answer(r, 0, S("from another's turn"));
        http_reply(req, &(struct http_reply){ .status = 200, .body = S("mine") });
    } else if (str_eq(p, S("/peer"))) {
        http_reply(req, &(struct http_reply){ .status = 200,
                                              .body = http_peer_text(req->arena, &req->peer) });
    } else if (str_eq(p, S("/keep")) || str_eq(p, S("/ws-later"))) {
        r->kept[r->n_kept++] = http_req_keep(req);
    } else if (str_eq(p, S("/big"))) {
        big(req, HTTP_BODY_CALL);
    } else if (str_eq(p, S("/big-arena"))) {
        big(req, HTTP_BODY_ARENA);
    } else if (str_eq(p, S("/big-static"))) {
        big(req, HTTP_BODY_STATIC);
    } else if (str_eq(p, S("/inject"))) {
        struct http1_field f = { S("X-Name"), S("a\r\nSet-Cookie: evil=1") };
        http_reply(req, &(struct http_reply){ .status = 200, .fields = &f, .n_fields = 1 });
    } else if (str_eq(p, S("/close"))) {
        http_reply(req, &(struct http_reply){ .status = 200, .close = true, .body = S("bye") });
    } else if (!str_eq(p, S("/none"))) {
        http_reply(
            req, &(struct http_reply){ .status = 200, .content_type = S("text/plain"), .body = p });
    }
}

static void on_request(void *arg, struct http_req *req)
{
    route(arg, req);
}

static u64 body_limit(void *arg, UNUSED const struct http_req *req)
{
    struct rig *r = arg;
    r->heads++;
    return r->body_limit;
}

void rig_answer(struct rig *r, size_t i, str body)
{
    http_reply(r->kept[i], &(struct http_reply){ .status = 200, .body = body });
    r->kept[i] = NULL;
}

/* ---- the rig */

struct http_limits rig_small(void)
{
    return http_limits_default();
}
const struct http_stats *rig_stats(const struct rig *r)
{
    return http_server_stats(r->server);
}

struct rig *rig_new(struct T *T, bool tls, const struct http_limits *limits)
{
    struct rig *r = NEW(T->arena, struct rig);
    int fd;
    struct tls_ticket_key key = { .name = "one", .cipher = { 1 }, .mac = { 2 } };
    r->T = T;
    if (!real_mono) {
        real_mono = os.mono;
        os.mono = skewed;
    }
    r->ws_in = buf_in(T->arena, 1 << 20);
    expect_ok(loop_new(&r->loop));
    expect_ok(net_listen("127.0.0.1", 0, false, &fd));
    r->port = net_port(fd);
    if (tls) {
        r->tickets = tls_tickets_new();
        tls_tickets_set(r->tickets, &key, 1);
        expect_ok(tls_self_new(T->arena, "localhost", &r->self, &r->pem));
        expect_ok(tls_server_new(
            &(struct tls_server_setup){ r->pem, tls_self_sign, r->self, r->tickets }, &r->tls));
        expect_ok(tls_client_new(r->pem, &r->client_tls));
    }
    struct http_setup setup = { .loop = r->loop,
                                .fd = fd,
                                .tls = r->tls,
                                .arg = r,
                                .on_request = on_request,
                                .limits = limits ? *limits : http_limits_default(),
                                .body_limit = NULL,
                                .block = S("X-Content-Type-Options: nosniff\r\n") };
    r->body_limit = setup.limits.body_max;
    setup.body_limit = body_limit;
    expect_ok(http_server_new(&setup, &r->server));
    return r;
}

void rig_free(struct rig *r)
{
    for (size_t i = 0; i < r->n_kept; i++)
        if (r->kept[i])
            http_req_drop(r->kept[i]);
    http_server_free(r->server);
    tls_drop(r->tls);
    tls_drop(r->client_tls);
    tls_tickets_free(r->tickets);
    tls_self_free(r->self);
    loop_free(r->loop);
}

void rig_step(struct rig *r, int ticks)
{
    for (int i = 0; i < ticks; i++)
        loop_step(r->loop, i + 1 == ticks); /* the last one waits a little */
}

void rig_advance(struct rig *r, usec t)
{
    skew += t;
    rig_step(r, 6);
}

/* ---- bytes */

struct wire *wire_open(struct rig *r)
{
    struct wire *w = NEW(r->T->arena, struct wire);
    w->r = r;
    w->in = buf_in(r->T->arena, 64 << 20);
    expect_ok(net_connect("127.0.0.1", r->port, &w->fd));
    rig_step(r, 3);
    return w;
}

static void wire_take(struct wire *w)
{
    for (;;) {
        char *p = buf_room(&w->in, 65536);
        must(p != NULL);
        ssize_t got = recv(w->fd, p, 65536, MSG_DONTWAIT);
        if (got > 0)
            w->in.n += (size_t)got;
        else if (got == 0 || os_err() != E_AGAIN)
            w->ended = true;
        if (got <= 0)
            return;
    }
}

void wire_send(struct wire *w, str bytes)
{
    for (int i = 0; i < 2000 && bytes.n; i++) {
        ssize_t put = send(w->fd, bytes.p, bytes.n, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (put > 0)
            bytes = str_sub(bytes, (size_t)put, bytes.n);
        else if (os_err() != E_AGAIN)
            return; /* closed: the test will see it */
        rig_step(w->r, 1);
    }
    rig_step(w->r, 3);
}

str wire_read(struct wire *w)
{
    size_t before;
    int quiet = 0;
    do {
        before = w->in.n;
        rig_step(w->r, 2);
        wire_take(w);
        quiet = w->in.n == before ? quiet + 1 : 0;
    } while (quiet < 3 && !w->ended);
    return buf_str(&w->in);
}

bool wire_ended(struct wire *w)
{
    (void)wire_read(w);
    return w->ended;
}

void wire_close(struct wire *w)
{
    os_close(w->fd);
    w->fd = -1;
    rig_step(w->r, 3);
}

str rig_talk(struct rig *r, str bytes)
{
    struct wire *w = wire_open(r);
    wire_send(w, bytes);
    str got = wire_read(w);
    wire_close(w);
    return got;
}

/* ---- callers */

static void on_answer(void *arg, const struct http_answer *a)
{
    struct caller *c = arg;
    must(c->n < COUNT(c->seen));
    struct arena *m = c->r->T->arena;
    c->seen[c->n++] = (struct seen){
        a->status,
        str_copy(m, a->body),
        str_copy(m, http1_get(a->head, HTTP_F_ETAG)),
        str_copy(m, http1_get(a->head, HTTP_F_CONTENT_TYPE)),
        str_copy(m, http1_get(a->head, HTTP_F_CONTENT_ENCODING)),
        str_copy(m, http1_get(a->head, HTTP_F_CONTENT_RANGE)),
    };
}

static void on_frame(void *arg, enum ws_op op, str payload)
{
    struct caller *c = arg;
    c->pings += op == WS_PING;
    c->pongs += op == WS_PONG;
    if (op == WS_TEXT) {
        c->texts++;
        c->bytes += (u32)payload.n;
        buf_put(&c->frames, str_sub(payload, 0, 100));
        buf_char(&c->frames, '|');
    }
    if (op == WS_CLOSE) {
        c->close_code = payload.n ? (u16)((u8)payload.p[0] << 8 | (u8)payload.p[1]) : WS_NO_CODE;
        IGNORE(http_client_ws(c->c, WS_CLOSE, str_sub(payload, 0, 2)));
    }
}

static void on_close(void *arg, err why)
{
    struct caller *c = arg;
    c->closed = true;
    c->why = why;
}

struct caller *caller_new_with(struct rig *r, struct tls *tls)
{
    static const struct http_client_calls calls = { on_answer, on_frame, on_close };
    struct caller *c = NEW(r->T->arena, struct caller);
    c->r = r;
    c->frames = buf_in(r->T->arena, 1 << 20);
    struct http_client_setup setup = { .loop = r->loop,
                                       .address = "127.0.0.1",
                                       .port = r->port,
                                       .tls = tls,
                                       .host = S("localhost"),
                                       .calls = &calls,
                                       .arg = c };
    expect_ok(http_client_new(&setup, &c->c));
    return c;
}

struct caller *caller_new(struct rig *r)
{
    return caller_new_with(r, r->client_tls);
}

void caller_ask(struct caller *c, const char *method, const char *path, str body)
{
    struct http_ask ask = { .method = str_from(method), .path = str_from(path), .body = body };
    err e = http_client_ask(c->c, &ask);
    expect(e == E_NONE || c->closed);
}

struct seen *caller_get(struct caller *c, const char *path)
{
    size_t n = c->n;
    caller_ask(c, "GET", path, S(""));
    rig_until(c->r, c->n > n || c->closed);
    expect(c->n == n + 1);
    return &c->seen[n];
}

void caller_free(struct caller *c)
{
    http_client_free(c->c);
    c->c = NULL;
    rig_step(c->r, 3);
}
