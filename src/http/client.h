/* SPDX-License-Identifier: Apache-2.0 */
/* A small HTTP/1.1 and WebSocket client on a loop: keep-alive, pipelining, TLS with verification.
 * For tests, benches and calls to our own servers; it follows no redirects and keeps no cookies. */
#ifndef OUTWORK_HTTP_CLIENT_H
#define OUTWORK_HTTP_CLIENT_H

#include "loop/loop.h"
#include "loop/stream.h"
#include "wire/http1.h"
#include "wire/ws.h"

struct http_client;

struct http_answer {
    u16 status;
    const struct http1_head *head;
    str body;
}; /* views: good until the callback returns */
struct http_client_calls {
    void (*on_answer)(
        void *arg, const struct http_answer *a); /* in the order asked; 101 opens the WebSocket */
    void (*on_frame)(void *arg, enum ws_op op,
                     str payload); /* whole messages, and control frames; may be NULL */
    void (*on_close)(void *arg,
                     err why); /* once; E_CLOSED: the peer; else what was wrong with it */
};
struct http_client_setup {
    struct loop *loop;
    const char *address; /* 127.0.0.1 */
    u16 port;
    struct tls *tls; /* NULL: plain. Shared while the client lives */
    str host;        /* Host, SNI, and the name that is verified; must outlive */
    const struct http_client_calls *calls;
    void *arg;
    size_t body_max; /* of an answer or a message; 0: 64 MiB */
};
MUST_USE err http_client_new(const struct http_client_setup *setup, struct http_client **ret);
void http_client_free(
    struct http_client *c); /* also from a callback; on_close is not called. NULL is fine */

struct http_ask {
    str method, path; /* "GET" when method is empty */
    const struct http1_field *fields;
    size_t n_fields;
    str body;
};
/* Sent once connected, in order; at most 256 unanswered (E_BUSY). E_CLOSED: gone. */
MUST_USE err http_client_ask(struct http_client *c, const struct http_ask *ask);
MUST_USE err http_client_raw(struct http_client *c,
                             str bytes); /* as they are; tells nothing about the answers */
MUST_USE err http_client_upgrade(struct http_client *c,
                                 const struct http_ask *ask); /* asks for a WebSocket */
MUST_USE err http_client_ws(struct http_client *c, enum ws_op op, str payload);
void http_client_pause(struct http_client *c,
                       bool paused); /* does not read: a peer that never drains */
struct stream_tls http_client_tls(const struct http_client *c);
bool http_client_is_open(const struct http_client *c);  /* connected, and hands shaken */
size_t http_client_unread(const struct http_client *c); /* bytes kept of an unfinished answer */

#endif
