/* SPDX-License-Identifier: Apache-2.0 */
/* Between the HTTP server's requests and the pipeline's: views are passed on, not copied; a request
 * that leaves the loop is kept by the server and its views are set anew. Live sockets are opened
 * for our own origin alone. */
#include "core/serve_http.h"

#include <string.h>

#include "core/live.h"
#include "core/metrics.h"
#include "http/ws.h"

static const usec second_half = USEC_S / 2;

struct serve_http {
    struct arena *arena;
    struct live_ws *spare; /* closed ones, used again */
    struct serve_http_options o;
    struct serve_port *port;
    struct live_port *live;
    struct http_server *servers[SERVE_HTTP_FDS_MAX];
    size_t servers_n, stopping;
    struct loop_task tick, turn;
    struct ref second;
    char block[1024];
    void (*done)(void *arg);
    void *done_arg;
};

/* One live socket: what its handle and its subscriptions are found by. */
struct live_ws {
    struct live_ws *next;
    struct serve_http *http;
    struct http_server *server;
    struct ref ws;
    struct live_sock *sock;
};

/* ---- requests ---- */

static void views(struct request *rq, struct http_req *req)
{
    rq->user = req;
    rq->method = req->method_text;
    rq->path = req->path;
    rq->query = req->query;
    rq->target = req->path;
    if (req->query.p)
        rq->target.n = (size_t)(req->query.p + req->query.n - req->path.p);
    rq->cookie = http_header(req, HTTP_F_COOKIE);
    rq->user_agent = http_header(req, HTTP_F_USER_AGENT);
    rq->language = http_header(req, HTTP_F_ACCEPT_LANGUAGE);
    rq->idempotency_key = http_header_by_name(req, S("idempotency-key"));
    rq->time = http_header_by_name(req, S("outwork-time"));
    rq->proof = http_header_by_name(req, S("outwork-proof"));
    rq->body = req->body;
    rq->address = http_peer_text(req->arena, &req->peer);
}

static void keep(struct request *rq)
{
    views(rq, http_req_keep(rq->user));
}

static void answer(struct request *rq, const struct reply *r)
{
    http_reply(rq->user, &(struct http_reply){ .status = r->status,
                                               .life = HTTP_BODY_CALL,
                                               .content_type = r->content_type,
                                               .body = r->body,
                                               .lines = r->lines });
}

static void say_code(struct http_req *req, u16 status, const char *code)
{
    str body = str_fmt(req->arena, "{\"code\":\"%s\"}", code);
    http_reply(req, &(struct http_reply){ .status = status,
                                          .life = HTTP_BODY_ARENA,
                                          .body = body,
                                          .content_type = S("application/problem+json") });
}

static void answer_health(struct serve_http *h, struct http_req *req)
{
    bool ok = metrics_healthy(h->o.serve);
    http_reply(req, &(struct http_reply){ .status = ok ? 200 : 503,
                                          .life = HTTP_BODY_STATIC,
                                          .content_type = S("application/json"),
                                          .body = ok ? S("{\"ok\":true}") : S("{\"ok\":false}") });
}

/* The numbers say how busy an office is: only for this machine itself, where a collector runs or an
 * agent forwards. */
static void answer_metrics(struct serve_http *h, struct http_req *req)
{
    static const u8 v4[13] = { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 127 };
    static const u8 v6[16] = { [15] = 1 };
    if (memcmp(req->peer.ip, v4, sizeof v4) != 0 && memcmp(req->peer.ip, v6, sizeof v6) != 0) {
        say_code(req, 403, "denied");
        return;
    }
    struct buf b = buf_in(req->arena, 1 << 20);
    metrics_put(&b, h->o.serve);
    http_reply(req, &(struct http_reply){ .status = 200,
                                          .life = HTTP_BODY_ARENA,
                                          .content_type = S(METRICS_TYPE),
                                          .body = buf_str(&b) });
}

/* ---- live sockets ---- */

static void on_text(void *arg, struct ref ws, str text)
{
    struct live_ws *w = arg;
    (void)ws;
    live_text(w->sock, text);
}

static void on_drain(void *arg, struct ref ws)
{
    struct live_ws *w = arg;
    (void)ws;
    live_drained(w->sock);
}

static struct live_ws *ws_take(struct serve_http *h)
{
    struct live_ws *w = h->spare;
    if (w)
        h->spare = w->next;
    else
        w = NEW(h->arena, struct live_ws);
    return w;
}

static void ws_give(struct live_ws *w)
{
    w->next = w->http->spare;
    w->http->spare = w;
}

static void on_close(void *arg, struct ref ws, u16 code)
{
    struct live_ws *w = arg;
    (void)ws;
    (void)code;
    live_gone(w->sock);
    ws_give(w);
}

static err live_send(void *arg, void *sock, str frame)
{
    struct live_ws *w = sock;
    (void)arg;
    return ws_send_text(w->server, w->ws, frame);
}

static size_t live_queued(void *arg, void *sock)
{
    struct live_ws *w = sock;
    (void)arg;
    return ws_queued(w->server, w->ws);
}

static void live_close(void *arg, void *sock, u16 code)
{
    struct live_ws *w = sock;
    (void)arg;
    ws_close(w->server, w->ws, code, (str){ 0 });
}

static void live_defer(void *arg)
{
    struct serve_http *h = arg;
    loop_defer(h->o.loop, &h->tick);
}

static void on_tick(struct loop_task *t)
{
    live_tick(((struct serve_http *)(void *)((char *)t - offsetof(struct serve_http, tick)))->live);
}

static void on_second(void *ctx, struct ref who)
{
    struct serve_http *h = ctx;
    (void)who;
    live_second(h->live);
    h->second = loop_timer(h->o.loop, second_half, on_second, h, (struct ref){ 0 });
}

/* time and proof of the query: base64url and digits, so never percent-encoded. */
static str query_value(str query, str name)
{
    while (query.p) {
        str pair = str_cut(&query, '&'), key = str_cut(&pair, '=');
        if (str_eq(key, name))
            return pair;
    }
    return (str){ 0 };
}

static void open_live(struct serve_http *h, struct http_req *req)
{
    static const struct ws_calls calls = { .on_text = on_text,
                                           .on_drain = on_drain,
                                           .on_close = on_close };
    str origin = http_header(req, HTTP_F_ORIGIN);
    if (origin.p && h->o.origin.n && !str_eq_nocase(origin, h->o.origin)) {
        say_code(req, 403, "denied");
        return;
    }
    const struct live_opening o = { .cookie = http_header(req, HTTP_F_COOKIE),
                                    .time = query_value(req->query, S("time")),
                                    .proof = query_value(req->query, S("proof")),
                                    .address = http_peer_text(req->arena, &req->peer),
                                    .language = http_header(req, HTTP_F_ACCEPT_LANGUAGE) };
    struct live_sock *sock;
    err e = live_admit(h->live, &o, &sock);
    if (e != E_NONE) {
        say_code(req, (u16)err_status(e), err_text(e));
        return;
    }
    struct live_ws *w = ws_take(h);
    *w = (struct live_ws){ .http = h, .server = req->server, .sock = sock };
    if (ws_accept(req, S("outwork.v1"), &calls, w, &w->ws) != E_NONE) {
        live_gone(sock);
        ws_give(w);
        return;
    }
    live_opened(sock, w);
}

/* ---- the door ---- */

static bool is_under(str path, str prefix)
{
    return str_starts(path, prefix) && (path.n == prefix.n || path.p[prefix.n] == '/');
}

/* Whether the Host field names us. Another name is a page of somebody else's that was pointed at
 * our address (DNS rebinding), or a scanner: it gets nothing of the office. */
static bool for_us(const struct serve_http *h, const struct http_req *req)
{
    str host = http_header(req, HTTP_F_HOST), rest = h->o.hosts;
    if (host.n && host.p[0] == '[')
        return !rest.n;
    host = str_cut(&host, ':');
    while (rest.n)
        if (str_eq_nocase(str_trim(str_cut(&rest, ',')), host))
            return true;
    return !h->o.hosts.n;
}

static void on_request(void *arg, struct http_req *req)
{
    struct serve_http *h = arg;
    if (str_eq(req->path, S("/healthz"))) { /* balancers ask by address */
        answer_health(h, req);
    } else if (str_eq(req->path, S("/metrics"))) {
        answer_metrics(h, req);
    } else if (!for_us(h, req)) {
        say_code(req, 421, "other_host");
    } else if (str_eq(req->path, S("/api/live")) && ws_is_upgrade(req)) {
        open_live(h, req);
    } else if (is_under(req->path, S("/api"))) {
        struct request rq = { .keep = keep, .done = answer };
        views(&rq, req);
        serve_submit(h->port, &rq);
    } else if (!h->o.pack || !static_answer(req, h->o.pack)) {
        say_code(req, 404, "not_found");
    }
}

/* The same for every answer. The web client is one origin: scripts, styles and sockets come from
 * here alone. */
static void make_block(struct serve_http *h)
{
    static const char policy[] =
        "Content-Security-Policy: default-src 'none'; script-src 'self'; style-src 'self';"
        " img-src 'self' data: blob:; font-src 'self'; connect-src 'self'; manifest-src 'self';"
        " worker-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'\r\n"
        "X-Content-Type-Options: nosniff\r\nReferrer-Policy: no-referrer\r\n"
        "Cross-Origin-Opener-Policy: same-origin\r\nCross-Origin-Resource-Policy: same-origin\r\n"
        "X-Frame-Options: DENY\r\n";
    int n = snprintf(h->block, sizeof h->block, "%s%s", policy,
                     h->o.hsts ? "Strict-Transport-Security: max-age=63072000\r\n" : "");
    must(n > 0 && (size_t)n < sizeof h->block);
}

static void port_post(void *arg, struct mail *m)
{
    struct serve_http *h = arg;
    loop_post(h->o.loop, m);
}

static void port_defer(void *arg)
{
    struct serve_http *h = arg;
    loop_defer(h->o.loop, &h->turn);
}

static void on_turn(struct loop_task *t)
{
    size_t at = offsetof(struct serve_http, turn);
    serve_port_turn(((struct serve_http *)(void *)((char *)t - at))->port);
}

static err open_servers(struct serve_http *h)
{
    for (size_t i = 0; i < h->o.fds_n; i++) {
        const struct http_setup setup = { .loop = h->o.loop,
                                          .fd = h->o.fds[i],
                                          .tls = h->o.tls,
                                          .limits = h->o.limits,
                                          .block = str_from(h->block),
                                          .arg = h,
                                          .on_request = on_request };
        TRY(http_server_new(&setup, &h->servers[i]));
        h->servers_n++;
    }
    return E_NONE;
}

err serve_http_open(const struct serve_http_options *o, struct serve_http **ret)
{
    must(o->fds_n <= SERVE_HTTP_FDS_MAX);
    struct arena *a = arena_new("front", (size_t)64 << 20);
    struct serve_http *h = NEW(a, struct serve_http);
    h->arena = a;
    h->o = *o;
    h->tick.run = on_tick;
    h->turn.run = on_turn;
    make_block(h);
    const struct serve_port_options po = {
        .post = port_post, .defer = port_defer, .arg = h, .cpu = o->cpu
    };
    static const struct live_calls calls = { live_send, live_queued, live_close, live_defer };
    err e = serve_port_open(o->serve, &po, &h->port);
    if (e == E_NONE)
        e = live_port_open(serve_live(o->serve), h->port, &calls, h, &h->live);
    if (e == E_NONE)
        e = open_servers(h);
    if (e != E_NONE)
        return e; /* the role ends: nothing of it is used again */
    h->second = loop_timer(o->loop, second_half, on_second, h, (struct ref){ 0 });
    *ret = h;
    return E_NONE;
}

void serve_http_tls(struct serve_http *h, struct tls *tls)
{
    for (size_t i = 0; i < h->servers_n; i++)
        http_server_tls(h->servers[i], tls);
}

/* ---- the end ---- */

/* Looks again until no request and no letter is under way. */
static void settle(void *ctx, struct ref who)
{
    struct serve_http *h = ctx;
    (void)who;
    if (serve_port_busy(h->port) || live_port_letters(h->live)) {
        (void)loop_timer(h->o.loop, USEC_MS, settle, h, (struct ref){ 0 });
        return;
    }
    h->done(h->done_arg);
}

static void server_stopped(void *arg)
{
    struct serve_http *h = arg;
    if (--h->stopping == 0)
        settle(h, (struct ref){ 0 });
}

void serve_http_stop(struct serve_http *h, usec grace, void (*done)(void *arg), void *arg)
{
    h->done = done;
    h->done_arg = arg;
    h->stopping = h->servers_n;
    loop_timer_cancel(h->o.loop, h->second);
    live_port_close(h->live);
    for (size_t i = 0; i < h->servers_n; i++)
        http_server_stop(h->servers[i], grace, server_stopped, h);
    if (!h->servers_n)
        settle(h, (struct ref){ 0 });
}

void serve_http_free(struct serve_http *h)
{
    for (size_t i = 0; i < h->servers_n; i++)
        http_server_free(h->servers[i]);
    loop_undefer(h->o.loop, &h->tick);
    loop_undefer(h->o.loop, &h->turn);
    live_port_free(h->live);
    serve_port_close(h->port);
    arena_free(h->arena);
}
