/* SPDX-License-Identifier: Apache-2.0 */
/* Routes that bring the process down are shut for a while: twice within a minute, and the route
 * answers 503 for ten seconds, doubling up to ten minutes. What is being run is noted in a small
 * mapped file, which outlives the process; the next one reads whom it died in. */
#ifndef OUTWORK_CORE_BREAKER_H
#define OUTWORK_CORE_BREAKER_H

#include "base/arena.h"
#include "base/err.h"
#include "base/time.h"

enum { BREAKER_THREADS = 32 };

struct breaker;

struct breaker_options {
    const char *path;         /* NULL: never shuts anything */
    const char *const *names; /* of the routes (method and path), so that another release with
                                 other numbers reads the file rightly */
    size_t n;
    usec now;
};
MUST_USE err breaker_open(struct arena *a, const struct breaker_options *o,
                          struct breaker **ret); /* E_IO */
void breaker_close(struct breaker *b);

/* How long the route is still shut; 0: it is not. Any thread. */
usec breaker_shut(const struct breaker *b, size_t route, usec now);
/* thread: below BREAKER_THREADS, one a thread. */
void breaker_enter(struct breaker *b, u32 thread, size_t route);
void breaker_leave(struct breaker *b, u32 thread);

#endif
