/* SPDX-License-Identifier: Apache-2.0 */
/* The pipeline on a loop with sockets: requests under /api, the live socket, /healthz and /metrics,
 * and the web client's files. Everything but serve_http_open's arguments belongs to the loop's
 * thread. */
#ifndef OUTWORK_CORE_SERVE_HTTP_H
#define OUTWORK_CORE_SERVE_HTTP_H

#include "core/serve.h"
#include "http/server.h"
#include "http/static.h"

enum { SERVE_HTTP_FDS_MAX = 8 };

struct serve_http;

struct serve_http_options {
    struct serve *serve;
    struct loop *loop;
    const int *fds; /* listening sockets, taken */
    size_t fds_n;
    struct tls *tls; /* NULL: plain, for tests */
    struct http_limits limits;
    const struct static_pack *pack; /* the web client; NULL: none */
    str hosts;  /* the names people reach us by, comma between; others get 421. Empty: any */
    str origin; /* https://host:port: the only one a live socket is opened for */
    bool hsts;  /* not on localhost, where it would bind every other server there */
    int cpu;    /* of the loop's thread, or -1 */
};

MUST_USE err serve_http_open(const struct serve_http_options *o, struct serve_http **ret);
/* For connections from now on. */
void serve_http_tls(struct serve_http *h, struct tls *tls);
/* Stops accepting, tells live sockets that the server restarts, lets requests finish; done(arg) on
 * the loop when nothing is under way any more, at the latest a little after grace. */
void serve_http_stop(struct serve_http *h, usec grace, void (*done)(void *arg), void *arg);
/* After the loop has ended; on its thread. */
void serve_http_free(struct serve_http *h);

#endif
