/* SPDX-License-Identifier: Apache-2.0 */
/* Live sockets: what was committed goes to those who may hear it. A subscription is a held
 * decision: taken when it is made, and again within a second whenever a person, device or
 * session changes, or at once when a call says that the topic's own circle changed. Each topic
 * has a sequence without gaps; a socket that cannot keep up is not buffered for but read for
 * again later, from the store, and told of a gap when that would be too much. No sockets here:
 * whoever has them (core/serve_http.c, a test) hands frames in and takes frames out. All
 * functions but live_publish and live_flush belong to the port's thread. */
#ifndef OUTWORK_CORE_LIVE_H
#define OUTWORK_CORE_LIVE_H

#include "core/answer.h"
#include "core/serve.h"

struct live;
struct live_port;
struct live_sock;

enum {                     /* why a socket is closed */
       LIVE_ENDED = 4401,  /* the session has gone */
       LIVE_LOCKED = 4403, /* the person or device was locked */
       LIVE_PROOF = 4408,  /* the proof was not renewed */
       LIVE_RESTART = 1012,
       LIVE_SLOW = 1013,
       LIVE_BAD = 1008, /* a frame that is none of ours */
};

struct live *live_new(struct serve *s, struct arena *a);
void live_free(struct live *l);

/* ---- the writer: gathers a committed call's events; hands the group's to every port. */
void live_publish(struct live *l, const struct answer *a);
void live_flush(struct live *l);

/* ---- a port */
struct live_calls {
    err (*send)(void *arg, void *sock, str frame);  /* E_LIMIT: its queue is full */
    size_t (*queued)(void *arg, void *sock);        /* bytes not yet taken */
    void (*close)(void *arg, void *sock, u16 code); /* live_gone comes before or after */
    /* live_tick is wanted at the end of this tick; asked for once until it came. */
    void (*defer)(void *arg);
};
MUST_USE err live_port_open(struct live *l, struct serve_port *port,
                            const struct live_calls *calls, void *arg, struct live_port **ret);
/* Says goodbye (restart) to all; no events come any more. Letters under way must still be run on
 * the port before live_port_free, until live_port_letters() is 0. */
void live_port_close(struct live_port *p);
u32 live_port_letters(const struct live_port *p);
void live_port_free(struct live_port *p);
u32 live_sockets(const struct live *l); /* of all ports; any thread */

void live_tick(struct live_port *p);   /* writes one frame a socket */
void live_second(struct live_port *p); /* at least twice a second: decisions, sessions, proofs */

/* ---- one socket */
struct live_opening {
    str cookie, time, proof; /* of the opening request: proof over GET, /api/live, no key */
    str address, language;
};
/* Before the upgrade is answered. E_SIGN_IN, E_PROOF, E_RATE. */
MUST_USE err live_admit(struct live_port *p, const struct live_opening *o,
                        struct live_sock **ret);
/* The upgrade was answered: sock is what the calls get from now on. */
void live_opened(struct live_sock *s, void *sock);
void live_text(struct live_sock *s, str text); /* a frame from the client */
void live_drained(struct live_sock *s);        /* its queue is empty again */
void live_gone(struct live_sock *s);           /* the last call: s is freed */

/* Deletes up to `most` events that are older than a day and not among a topic's newest
 * thousand. */
MUST_USE err live_trim(struct db *db, usec now, i64 most, i64 *ret_deleted);

#endif
