/* SPDX-License-Identifier: Apache-2.0 */
/* An HTTP/1.1 server on one loop. Everything here runs on the loop's thread. A connection owns no
 * buffer while idle; a request is handed over when its head and whole body are there, one at a time
 * a connection, so that answers keep their order. Answered at once it costs no copy; kept, it moves
 * to an arena of its own and may travel to a worker and back. */
#ifndef OUTWORK_HTTP_SERVER_H
#define OUTWORK_HTTP_SERVER_H

#include "base/arena.h"
#include "loop/loop.h"
#include "loop/stream.h"
#include "wire/http1.h"

struct http_server;

/* Every bound. http_limits_default() gives the values in brackets. */
struct http_limits {
    u32 conns_max;         /* [16384] in all; one more is closed at once */
    u32 conns_per_address; /* [2048] an IPv4 address or an IPv6 /64 */
    u32 handshakes_max; /* [1024] TLS connections not yet shaken hands; one more drops the oldest */
    u32 handshakes_per_tick; /* [16] so that a storm does not hold up those who are in (0.3 ms each)
                              */
    u32 accepts_per_tick;    /* [64] */
    u32 pipelined_max;       /* [64] requests of one connection answered in one turn */
    u32 requests_per_conn;   /* [100000] then the connection ends after its answer */
    u64 body_max;            /* [1 MiB] when no body_limit callback says otherwise */
    u64 bodies_max; /* [256 MiB] of all unfinished bodies of the server together: 503 beyond */
    u32 body_rate,
        write_rate; /* [1024] bytes a second below which a peer is too slow, after the grace */
    usec handshake; /* [10 s] */
    usec head; /* [10 s] for a whole head, from its first byte; for the first: from the beginning */
    usec body_grace;      /* [10 s] */
    usec write_grace;     /* [30 s] */
    usec idle;            /* [75 s] between requests */
    usec linger;          /* [2 s] reading on after a refusal, so that it arrives */
    usec ws_ping;         /* [30 s] between pings; as long again for a sign of life */
    usec ws_close;        /* [5 s] for the peer's close frame */
    u32 ws_queue_max;     /* [256 KiB] queued for one socket */
    u32 ws_message_max;   /* [256 KiB] payload of one message taken in */
    size_t arena_ceiling; /* [8 MiB] of one request's arena */
};
struct http_limits http_limits_default(void);

struct http_peer {
    u8 ip[16];
    u16 port;
};                                                                /* IPv4 as ::ffff:a.b.c.d */
str http_peer_text(struct arena *out, const struct http_peer *p); /* without the port */

struct http_req {
    enum http_method method;
    str method_text, path,
        query; /* path still percent-encoded; query.p is NULL when there is no '?' */
    str body;
    const struct http1_head *head; /* all fields, in order */
    struct http_peer peer;
    bool is_tls;
    struct arena *arena; /* lives as long as the request */
    struct http_server *server;
    struct ref conn;
    void *user;          /* the caller's; NULL at first */
    bool kept, answered; /* read only */
};
static inline str http_header(const struct http_req *r, enum http_field f)
{
    return http1_get(r->head, f);
}
static inline str http_header_by_name(const struct http_req *r, str name)
{
    return http1_get_by_name(r->head, name);
}

/* On the loop, while the connection lives (else all zero): the cipher, and whether it was resumed.
 */
struct stream_tls http_req_tls(const struct http_req *r);

struct http_setup {
    struct loop *loop;
    int fd;          /* listening, non-blocking; taken */
    struct tls *tls; /* NULL: plain. Shared, not taken */
    struct http_limits limits;
    str block; /* whole header lines for every answer (security headers); must outlive */
    void *arg;
    /* A whole request. Views in it are good until this returns, unless http_req_keep. Exactly one
     * of: http_reply, ws_accept, http_req_keep; none of them is answered with 500. */
    void (*on_request)(void *arg, struct http_req *req);
    /* May be NULL. The head of a request with a body: how large it may be (413 beyond). The body is
     * not there yet. */
    u64 (*body_limit)(void *arg, const struct http_req *req);
};
MUST_USE err http_server_new(const struct http_setup *setup, struct http_server **ret);
void http_server_tls(struct http_server *s,
                     struct tls *tls); /* for connections from now on; shared, not taken */
/* Stops accepting, ends idle connections, closes WebSockets with 1001, lets requests in flight
 * finish; after grace cuts what is left. Then done(arg), from the loop, once; it may free the
 * server. */
void http_server_stop(struct http_server *s, usec grace, void (*done)(void *arg), void *arg);
void http_server_free(
    struct http_server *s); /* cuts all; kept requests may still be answered (into nothing) */

/* Makes the answer asynchronous: a copy that lives in its arena until http_reply or http_req_drop.
 * req itself is done. */
struct http_req *http_req_keep(struct http_req *req);
void http_req_drop(struct http_req *req); /* a kept one, without an answer: the connection is cut */

enum http_life { HTTP_BODY_CALL, HTTP_BODY_ARENA, HTTP_BODY_STATIC };
struct http_reply {
    u16 status;
    bool close;          /* end the connection after it */
    enum http_life life; /* of body: this call alone, the request's arena, or for ever */
    str content_type;
    str body;
    str lines; /* whole lines each ending in CRLF, made by code, never from input */
    const struct http1_field *fields; /* checked: a control byte in one turns the answer into 500 */
    size_t n_fields;
};
/* On the loop. If the connection has died: a no-op that frees the request. HEAD sends the head
 * alone. */
void http_reply(struct http_req *req, const struct http_reply *reply);

struct http_stats {
    u64 accepted, refused, requests, bad_requests, timeouts, handshakes, handshakes_failed,
        handshakes_dropped, resumed;
    u64 ws_opened, ws_closed, body_bytes;
    u32 conns, handshaking, websockets, busy; /* now */
};
const struct http_stats *http_server_stats(const struct http_server *s);

#endif
