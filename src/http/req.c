/* SPDX-License-Identifier: Apache-2.0 */
/* Requests between a connection and the caller: handed over, kept, answered. The one inside
 * on_request is the server's own and points into shared buffers; a kept one is a copy in its arena
 * (an assembled body is moved, not copied) that names its connection by handle. */
#include <arpa/inet.h>
#include <string.h>

#include "base/os.h"
#include "http/conn.h"

/* By hand for IPv4: inet_ntop prints through stdio, which a request that is answered from memory
 * would notice. */
static str v4_text(char *text, const u8 *ip)
{
    char *at = text;
    for (int i = 0; i < 4; i++) {
        if (i)
            *at++ = '.';
        if (ip[i] >= 100)
            *at++ = (char)('0' + ip[i] / 100);
        if (ip[i] >= 10)
            *at++ = (char)('0' + ip[i] / 10 % 10);
        *at++ = (char)('0' + ip[i] % 10);
    }
    *at = 0;
    return (str){ text, (size_t)(at - text) };
}

str http_peer_text(struct arena *out, const struct http_peer *p)
{
    static const u8 mapped[12] = { [10] = 0xff, [11] = 0xff };
    char *text = arena_get_raw(out, INET6_ADDRSTRLEN, 1);
    if (!memcmp(p->ip, mapped, sizeof mapped))
        return v4_text(text, p->ip + 12);
    must(inet_ntop(AF_INET6, p->ip, text, INET6_ADDRSTRLEN) != NULL);
    return str_from(text);
}

/* ---- arenas */

struct arena *server_arena(struct http_server *s)
{
    return s->n_spare ? s->spare[--s->n_spare] : arena_new("request", s->limits.arena_ceiling);
}

void server_arena_back(struct http_server *s, struct arena *a)
{
    if (s->n_spare == COUNT(s->spare)) {
        arena_free(a);
        return;
    }
    arena_reset(a);
    s->spare[s->n_spare++] = a;
}

/* ---- in */

void req_from_head(struct conn *c)
{
    struct http_server *s = c->server;
    const struct http1_head *h = &s->head;
    s->req = (struct http_req){
        .method = h->method,
        .method_text = h->method_text,
        .path = h->path,
        .query = h->query,
        .head = h,
        .peer = c->peer,
        .is_tls = c->stream.ssl != NULL,
        .arena = s->arena,
        .server = s,
        .conn = c->self,
    };
}

struct stream_tls http_req_tls(const struct http_req *r)
{
    const struct conn *c = conn_get(r->server, r->conn);
    return c ? stream_tls(&c->stream) : (struct stream_tls){ 0 };
}

static void no_answer(struct http_req *req)
{
    http_reply(req, &(struct http_reply){ .status = 500 });
}

void req_dispatch(struct conn *c, str body, char *owned)
{
    struct http_server *s = c->server;
    req_from_head(c);
    s->req.body = body;
    s->req_owned = owned;
    s->stats.requests++;
    s->stats.busy++;
    c->requests++;
    c->partial = false;
    c->state = CONN_BUSY;
    if (s->head.close || c->requests >= s->limits.requests_per_conn || s->stopping)
        c->close_after = true;
    conn_until(c, 0);
    s->setup.on_request(s->setup.arg, &s->req);
    if (!s->req.kept && !s->req.answered)
        no_answer(&s->req);
    free(s->req_owned);
    s->req_owned = NULL;
    if (s->arena && arena_used(s->arena))
        arena_reset(s->arena);
    if (!s->arena)
        s->arena = server_arena(s);
}

struct http_req *http_req_keep(struct http_req *req)
{
    struct http_server *s = req->server;
    must(!req->kept && !req->answered && req == &s->req);
    struct arena *a = s->arena;
    const struct http1_head *h = &s->head;
    struct http_req *copy = NEW(a, struct http_req);
    size_t head_size = offsetof(struct http1_head, field) + h->n * sizeof h->field[0];
    struct http1_head *head = arena_get_raw(a, head_size, 16);
    memcpy(head, h, head_size);
    const char *from = h->method_text.p;
    size_t whole = (size_t)(req->body.p + req->body.n - from);
    char *to;
    if (s->req_owned) {
        arena_undo(a, free, s->req_owned);
        s->req_owned = NULL;
        to = (char *)(uintptr_t)from;
    } else {
        to = arena_get_raw(a, whole, 16);
        memcpy(to, from, whole);
    }
    http1_rebase(head, from, to);
    *copy = *req;
    copy->head = head;
    copy->method_text = head->method_text;
    copy->path = head->path;
    copy->query = head->query;
    copy->body.p = to + (req->body.p - from);
    req->kept = copy->kept = true;
    s->arena = NULL;
    return copy;
}

/* The request is over: its memory goes back, the connection may read on. */
void req_done(struct http_req *req, struct conn *c)
{
    struct http_server *s = req->server;
    s->stats.busy--;
    req->answered = true;
    if (!req->kept)
        return;
    struct arena *a = req->arena;
    if (!c || c->rest_arena != a)
        server_arena_back(s, a);
    if (c && c->state != CONN_DEAD && (c->in_n || c->stream.no_read || stream_has_more(&c->stream)))
        conn_again(c);
    if (s->orphan && !s->stats.busy)
        server_release(s);
}

void http_req_drop(struct http_req *req)
{
    struct conn *c = conn_get(req->server, req->conn);
    must(req->kept && !req->answered);
    if (c)
        conn_drop(c);
    req_done(req, NULL);
}

/* ---- out */

static str date_now(struct http_server *s)
{
    usec now = loop_now(s->loop);
    if (!s->date_at || now - s->date_at >= USEC_S) {
        usec utc = os_now();
        http1_date_put(s->date, utc);
        s->date_at = now - utc % USEC_S;
    }
    return (str){ s->date, HTTP1_DATE_BYTES };
}

void req_put_head(struct conn *c, const struct http1_reply *reply)
{
    struct http_server *s = c->server;
    struct http1_reply r = *reply;
    r.date = date_now(s);
    if (r.status != 101)
        r.block = s->setup.block;
    size_t room = http1_reply_room(&r);
    struct loop_out *g = s->gather;
    if (!g->owner)
        g->owner = c;
    if (g->owner == c && room <= LOOP_BUF - g->n) {
        g->n += http1_reply_put(g->p + g->n, &r);
        return;
    }
    SCRATCH(t);
    char *p = arena_get_raw(t.a, room, 1);
    conn_put(c, (str){ p, http1_reply_put(p, &r) });
}

/* A body that the socket may not take at once. */
static void put_body(struct conn *c, struct http_req *req, const struct http_reply *r)
{
    struct http_server *s = c->server;
    size_t fits = s->gather->owner == c ? LOOP_BUF - s->gather->n : 0;
    if (r->body.n <= fits && r->body.n <= LOOP_BUF / 2) {
        conn_put(c, r->body);
        return;
    }
    size_t now = MIN(fits, r->body.n);
    conn_put(c, str_sub(r->body, 0, now));
    c->rest = str_sub(r->body, now, r->body.n);
    conn_flush(c);
    if (c->state == CONN_DEAD || !c->rest.n)
        return;
    if (r->life == HTTP_BODY_ARENA) {
        c->rest_arena = req->arena;
        if (!req->kept)
            s->arena = NULL;
    } else if (r->life == HTTP_BODY_CALL) {
        c->rest_copy = malloc(c->rest.n);
        must(c->rest_copy != NULL);
        memcpy(c->rest_copy, c->rest.p, c->rest.n);
        c->rest.p = c->rest_copy;
    }
}

static bool fields_ok(const struct http_reply *r)
{
    for (size_t i = 0; i < r->n_fields; i++)
        if (!http1_field_ok(r->fields[i].name, r->fields[i].value))
            return false;
    return http1_field_ok(S("x"), r->content_type);
}

void http_reply(struct http_req *req, const struct http_reply *reply)
{
    struct http_server *s = req->server;
    must(!req->answered);
    struct conn *c = conn_get(s, req->conn);
    if (!c) {
        req_done(req, NULL);
        return;
    }
    struct http_reply r = *reply;
    if (!fields_ok(&r) || arena_doomed(req->arena))
        r = (struct http_reply){ .status =
                                     arena_doomed(req->arena) && fields_ok(reply) ? 413 : 500 };
    c->close_after |= r.close || s->stopping;
    struct http1_reply head = {
        .status = r.status,
        .close = c->close_after,
        .length = r.body.n,
        .content_type = r.content_type,
        .lines = r.lines,
        .fields = r.fields,
        .n_fields = r.n_fields,
        .no_length = r.status == 204 || r.status == 304,
    };
    req_put_head(c, &head);
    c->state = c->close_after ? CONN_ENDING : CONN_HEAD;
    if (req->method != HTTP_HEAD && r.body.n && !head.no_length)
        put_body(c, req, &r);
    if (c->state == CONN_HEAD && !c->blocked)
        conn_until(c, s->limits.idle);
    if (c->state != CONN_DEAD && (req->kept || c->state == CONN_ENDING))
        conn_flush(c);
    req_done(req, c);
}
