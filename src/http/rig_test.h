/* SPDX-License-Identifier: Apache-2.0 */
/* A server and its clients on one loop in one thread, with a clock that tests push forward. */
#ifndef OUTWORK_HTTP_RIG_TEST_H
#define OUTWORK_HTTP_RIG_TEST_H

#include "http/client.h"
#include "http/server.h"
#include "http/ws.h"
#include "loop/tls_self.h"

struct T;

enum { KEPT_MAX = 16 };

struct rig {
    struct T *T;
    struct loop *loop;
    struct http_server *server;
    struct tls_self *self;
    struct tls_tickets *tickets;
    struct tls *tls, *client_tls;
    str pem;
    u16 port;
    struct http_req *kept[KEPT_MAX]; /* by /keep */
    size_t n_kept;
    bool stopped;
    /* WebSockets at the server */
    struct ref ws;
    u32 ws_open, ws_closed, drains;
    u16 ws_code;
    struct buf ws_in;
    u64 body_limit; /* 0: the default of the limits */
    u32 heads;      /* body_limit was asked */
    const struct static_pack *pack;
};

struct rig *rig_new(struct T *T, bool tls,
                    const struct http_limits *limits); /* limits may be NULL */
void rig_free(struct rig *r);                          /* checks that nothing is left */
void rig_step(struct rig *r, int ticks);
void rig_advance(struct rig *r, usec t); /* pushes the clock, and gives the loop its ticks */
struct http_limits rig_small(void);      /* the defaults, for tests to change */
const struct http_stats *rig_stats(const struct rig *r);
void rig_answer(struct rig *r, size_t i, str body); /* answers kept[i] */

void rig_accept(struct rig *r, size_t i); /* kept[i] becomes r->ws */

/* Ticks until cond, at most five seconds. */
#define rig_until(r, cond)                                                    \
    do {                                                                      \
        for (int until_ = 0; until_ < 500 && !(cond); until_++)               \
            loop_step((r)->loop, 10);                                         \
        if (!(cond))                                                          \
            test_failed(__FILE__, __LINE__, "waited in vain for: %s", #cond); \
    } while (0)

/* ---- bytes over a plain socket of its own */
struct wire {
    int fd;
    struct rig *r;
    struct buf in;
    bool ended;
};
struct wire *wire_open(struct rig *r);
void wire_send(struct wire *w, str bytes); /* all of it; the loop runs meanwhile */
str wire_read(struct wire *w);             /* what has come so far, after some ticks */
bool wire_ended(struct wire *w);           /* the server has closed */
void wire_close(struct wire *w);
str rig_talk(struct rig *r, str bytes); /* opens, sends, reads until nothing more comes, closes */

/* ---- a client that notes what it gets */
struct seen {
    u16 status;
    str body;
    str etag, type, encoding, range;
};
struct caller {
    struct rig *r;
    struct http_client *c;
    struct seen seen[64];
    size_t n;
    struct buf frames; /* text messages joined with '|' */
    u32 pings, pongs, texts, bytes;
    u16 close_code;
    bool closed;
    err why;
};
struct caller *caller_new(struct rig *r);
struct caller *caller_new_with(struct rig *r, struct tls *tls); /* another client context */
void caller_ask(struct caller *c, const char *method, const char *path, str body);
struct seen *caller_get(struct caller *c, const char *path); /* asks and waits */
void caller_free(struct caller *c);

#endif
