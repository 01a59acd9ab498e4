/* SPDX-License-Identifier: Apache-2.0 */
/* Listening sockets, bound once by the parent and handed to every new api: one per loop and address
 * with SO_REUSEPORT, so that the kernel spreads connections, and held open by the parent, so that
 * they wait while a role restarts. */
#ifndef OUTWORK_PROC_LISTEN_H
#define OUTWORK_PROC_LISTEN_H

#include <sys/socket.h>

#include "base/str.h"

enum listen_kind {
    LISTEN_HTTPS = 1,
    LISTEN_ADMIN = 2
}; /* ADMIN: the Unix socket of the command line */
enum { LISTEN_ADDRESSES_MAX = 8, LISTEN_THREADS_MAX = 64 };

struct listen_address {
    struct sockaddr_storage at;
    socklen_t n;
    str text; /* as written */
};

/* "127.0.0.1:8443" or "[::1]:8443", numbers only. E_INVALID otherwise. text is kept, not copied. */
MUST_USE err listen_parse(str text, struct listen_address *ret);
/* A list with commas; E_INVALID when empty, malformed or longer than LISTEN_ADDRESSES_MAX. */
MUST_USE err listen_parse_list(str text, struct listen_address ret[LISTEN_ADDRESSES_MAX],
                               size_t *ret_n);
unsigned listen_port(const struct listen_address *a);
/* A bound, listening, non-blocking, close-on-exec socket. E_CONFLICT: the address is in use. */
MUST_USE err listen_open(const struct listen_address *a, bool reuse_port, int *ret_fd);
/* The same on a Unix socket at path (replaced if it is there), mode 0600. */
MUST_USE err listen_unix(const char *path, int *ret_fd);

#endif
