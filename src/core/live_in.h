/* SPDX-License-Identifier: Apache-2.0 */
/* What live.c (sockets, frames, time) and live_topic.c (subscriptions, events) share. */
#ifndef OUTWORK_CORE_LIVE_IN_H
#define OUTWORK_CORE_LIVE_IN_H

#include "core/live.h"
#include "core/serve_in.h"

enum {
    SUBS_MAX = 512,          /* of one socket */
    QUEUE_HIGH = 128 * 1024, /* above this a socket is behind */
    QUEUE_LOW = 32 * 1024,   /* below this it is read for again */
    RESUME_MAX = 1000,       /* events; more is a gap */
    RESUME_STEP = 200,
};
static const usec proof_holds = 6 * USEC_MIN, slow_holds = 30 * USEC_S;

/* The events of one commit, shared by all ports. */
struct batch_event {
    const struct topic *topic;
    i64 id, seq;
    str item; /* as it stands in a frame */
};
struct batch;
struct batch_mail {
    struct mail mail;
    struct batch *batch;
    struct live_port *port;
    struct batch_mail *next; /* held by the port until its frames are written */
};
struct batch {
    struct arena *arena;
    atomic_uint refs;
    VEC(struct batch_event) events;
    VEC(struct answer_touched) touched;
    struct batch_mail mails[PORTS_MAX];
};

struct live {
    struct serve *serve;
    pthread_mutex_t lock; /* ports */
    struct live_port *ports[PORTS_MAX];
    struct batch *pending; /* the writer's */
    atomic_uint sockets;
};

struct node {          /* a topic somebody on this port listens to */
    struct node *next; /* in its slot */
    const struct topic *topic;
    i64 id;
    struct sub *subs;
};

struct sub {
    struct live_sock *sock;
    struct node *node;
    struct sub *next_of_sock, *prev_of_node, *next_of_node;
    i64 seq; /* the last one given out */
    bool behind;
};

struct item {
    struct item *next;
    str text;
};

enum { COOKIE_MAX = 96 };

struct live_sock {
    struct live_port *port;
    void *sock;
    struct live_sock *prev, *next;
    struct live_sock *next_dirty;
    struct sub *subs;
    u32 subs_n, behind_n;
    struct who who; /* texts: in this struct */
    char address[64];
    char cookie[COOKIE_MAX]; /* the session's alone: proofs need it again */
    size_t cookie_n;
    usec proof_until, slow_since;
    struct item *first, *last; /* for the frame of this tick */
    size_t pending;
    u64 serial;  /* one a socket: letters find that theirs has gone */
    u16 closing; /* after the frame; 0: no */
    bool dirty;
};

enum { NODE_SLOTS = 1024 };
enum pool { POOL_SOCK, POOL_SUB, POOL_NODE, POOL_N };
struct live_port {
    struct live *live;
    struct arena *arena; /* sockets, subscriptions and topics: reused, given back at the end */
    void *free[POOL_N];
    struct serve_port *port;
    struct live_calls calls;
    void *arg;
    struct live_sock *socks, *dirty;
    struct node *nodes[NODE_SLOTS];
    struct arena *tick;     /* items and frames until they are written */
    struct arena *deciding; /* one decision at a time */
    struct batch_mail *held;
    atomic_uint letters;
    u64 generation, facts, serial;
    usec swept;
    bool deferred, closed;
};

/* ---- live.c ---- */
void *live_take(struct live_port *p, enum pool pool); /* zeroed */
void live_give(struct live_port *p, enum pool pool, void *what);
void live_item(struct live_sock *s, str text); /* text lives until the end of the tick */
void live_dirty(struct live_sock *s);
void live_bye(struct live_sock *s, const char *why, u16 code);
/* A call of this socket's person on the port's thread, in p->deciding: reset it afterwards. */
struct call *live_call(struct live_sock *s, struct answer *a, struct call *room);

/* ---- live_topic.c ---- */
void topic_name(struct buf *b, const struct topic *t, i64 id);
void topic_subscribe(struct live_sock *s, str name, bool has_after, i64 after);
void topic_unsubscribe(struct live_sock *s, str name);
void topic_drop_all(struct live_sock *s);
/* Decides all subscriptions of a socket, or all of a topic, once more; those refused are told so
 * and end. */
void topic_decide_sock(struct live_sock *s);
void topic_decide_node(struct live_port *p, const struct topic *t, i64 id);
void topic_event(struct live_port *p, const struct batch_event *e);
/* Reads from the store for the subscriptions that are behind. */
void topic_catch_up(struct live_sock *s);

#endif
