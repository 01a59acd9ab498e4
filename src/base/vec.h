/* SPDX-License-Identifier: Apache-2.0 */
/* Typed growable arrays in an arena.
 *     VEC(struct row) rows = { 0 };
 *     *vec_push(&rows, out) = (struct row){ … };
 *     for (size_t i = 0; i < rows.n; i++) use(rows.at[i]);
 * Pushing may move the array: hold indexes, not pointers. The arena's ceiling bounds it. */
#ifndef OUTWORK_BASE_VEC_H
#define OUTWORK_BASE_VEC_H

#include <string.h>

#include "base/arena.h"

#define VEC(T)          \
    struct {            \
        T *at;          \
        size_t n, room; \
    }

/* A zeroed new last element. */
#define vec_push(v, a)                                                                   \
    ((v)->n == (v)->room                                                                 \
         ? (void)((v)->at = vec_grow((v)->at, sizeof *(v)->at, (v)->n, &(v)->room, (a))) \
         : (void)0,                                                                      \
     &(v)->at[(v)->n++])

static inline void *vec_grow(void *at, size_t size, size_t n, size_t *room, struct arena *a)
{
    size_t more = *room ? *room * 2 : 8;
    void *p = arena_get(a, size, more, 16);
    if (n)
        memcpy(p, at, size * n);
    *room = more;
    return p;
}

#endif
