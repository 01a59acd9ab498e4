/* SPDX-License-Identifier: Apache-2.0 */
/* One connection of a server; shared by the .c files of this folder alone. */
#ifndef OUTWORK_HTTP_CONN_H
#define OUTWORK_HTTP_CONN_H

#include "http/peers.h"
#include "http/server.h"
#include "http/ws.h"

enum conn_state {
    CONN_HANDSHAKE,
    CONN_HEAD, /* between requests, or in a head */
    CONN_BODY, /* the head is whole and kept in `in`, the body is coming */
    CONN_BUSY, /* a request is with the caller */
    CONN_WS,
    CONN_ENDING, /* the last answer is leaving */
    CONN_LINGER, /* it has left; reading on until the peer ends */
    CONN_DEAD    /* freed at the end of the tick */
};

/* A body on its way. */
struct body {
    struct http1_chunked chunks;
    bool chunked;
    u64 length, got, limit;
    u32 charged; /* of stats.body_bytes */
    usec began;
};

struct ws_conn {
    const struct ws_calls *calls;
    void *arg;
    struct ws_state state;
    char *message; /* fragments so far */
    char *out;     /* frames of this tick, or waiting behind a full socket */
    u32 message_n, message_room, out_n, out_room;
    u32 need; /* bytes that the frame begun takes in all */
    u16 code; /* for on_close */
    bool waiting_pong, close_sent, close_got, was_full;
};

struct conn {
    struct stream stream; /* first: events come with its address */
    struct http_server *server;
    struct ref self, timer;
    usec deadline, timer_at;  /* a timer fires at timer_at and looks at deadline; 0: none */
    struct conn *next, *prev; /* the handshaking, oldest first; or the dead */
    struct conn *next_again, *next_dirty;
    char *in; /* unfinished input */
    u32 in_n, in_room, scanned, head_n, requests;
    struct body *body;
    struct ws_conn *ws;
    str rest;                 /* of a large answer */
    struct arena *rest_arena; /* what it lies in, if that is ours to give back */
    char *rest_copy;
    usec write_began; /* 0: nothing waits */
    u64 write_sent;
    struct http_peer peer;
    u8 state;
    bool partial, blocked, close_after, again, dirty, unread;
};

struct http_server {
    struct http_setup setup;
    struct loop_fd listener;
    struct loop *loop;
    struct http_limits limits;
    struct http_stats stats;
    struct ref_table conns;
    struct peers peers;
    struct conn *shaking_first, *shaking_last, *dead, *again, *dirty;
    struct loop_task task; /* again, dirty, dead */
    struct http1_head head;
    struct http_req req; /* the one that is inside on_request */
    char *req_owned;     /* the assembled bytes it points into, or NULL */
    struct arena *arena; /* of the next request */
    struct arena *spare[8];
    u32 n_spare, shaken; /* handshake steps in this tick */
    usec shaken_at, date_at;
    struct loop_out *gather; /* the loop's: owner is the connection whose answers stand in it */
    char date[HTTP1_DATE_BYTES];
    bool stopping, paused, orphan; /* orphan: freed but for requests that are still out */
    void (*done)(void *arg);
    void *done_arg;
    struct ref stop_timer, pause_timer, trim_timer;
    u32 peak; /* of connections since memory was last given back */
};

static inline struct conn *conn_get(const struct http_server *s, struct ref r)
{
    return ref_get(&s->conns, r);
}

/* ---- conn.c: life, time, writing */
void conn_open(struct http_server *s, int fd, const struct http_peer *peer);
void conn_drop(struct conn *c);              /* now; freed at the end of the tick */
void conn_until(struct conn *c, usec after); /* 0: without a deadline */
void conn_again(struct conn *c);             /* look at its input at the end of the tick */
void conn_put(struct conn *c, str bytes);    /* behind what this turn has written */
void conn_flush(struct conn *c); /* sends; ends, lingers, or asks for readiness as needed */
void conn_end(struct conn *c);   /* after what is waiting: good-bye, then linger or drop */
void conn_refuse(struct conn *c, u16 status); /* a plain answer, then conn_end */
char *conn_keep_input(struct conn *c, const char *p, size_t n, size_t room); /* replaces `in` */
void server_sweep(struct http_server *s);      /* frees the dead, ends a stop */
void server_trim_later(struct http_server *s); /* if most connections of the peak have gone */
void server_release(struct http_server *s);    /* the last memory of a freed server */
void conn_room(struct conn *c, size_t more,
               u64 whole); /* in `in`, by doubling; whole: never more than that, 0 none */
/* ---- input.c: heads and bodies */
void conn_input(struct conn *c);
void body_free(struct conn *c); /* none is fine */
/* ---- req.c */
void req_dispatch(struct conn *c, str body, char *owned);
void req_from_head(struct conn *c); /* server->req from server->head */
void req_done(struct http_req *req,
              struct conn *c); /* over: gives its memory back, lets c read on */
void req_put_head(struct conn *c, const struct http1_reply *r);
struct arena *server_arena(struct http_server *s);
void server_arena_back(struct http_server *s, struct arena *a);
/* ---- ws.c */
void ws_input(struct conn *c);
void ws_time(struct conn *c);
void ws_flush(struct conn *c);
void ws_gone(struct conn *c); /* on_close, once */
void ws_stop(struct conn *c); /* 1001 */

#endif
