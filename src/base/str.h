/* SPDX-License-Identifier: Apache-2.0 */
/* A view of bytes: two words, by value, not NUL-terminated, never owning. */
#ifndef OUTWORK_BASE_STR_H
#define OUTWORK_BASE_STR_H

#include "base/arena.h"
#include "base/err.h"
#include "base/types.h"

typedef struct str {
    const char *p;
    size_t n;
} str;

#define S(lit) ((str){ "" lit "", sizeof(lit) - 1 }) /* only a literal compiles */
#define S_INIT(lit)                \
    {                              \
        "" lit "", sizeof(lit) - 1 \
    } /* the same in a static initialiser */
#define STR_FMT    "%.*s"
#define STR_ARG(s) (int)(s).n, (s).p /* printf(STR_FMT, STR_ARG(name)) */

str str_from(const char *z); /* a view of a C string; NULL gives the empty one */
bool str_eq(str a, str b);
bool str_eq_z(str a, const char *z);
bool str_eq_nocase(str a, str b); /* ASCII letters only */
bool str_eq_secret(str a, str b); /* time depends on the lengths alone */
int str_cmp(str a, str b);        /* bytes, then length; <0, 0, >0 */
bool str_starts(str s, str prefix);
bool str_ends(str s, str suffix);
bool str_has(str s, char c);
/* Where needle begins in s, or -1. */
ptrdiff_t str_find(str s, str needle);
str str_trim(str s);                        /* without spaces and tabs at both ends */
str str_sub(str s, size_t from, size_t to); /* clamped to the length */
/* Cuts at the first sep: returns what stands before it and leaves the rest in *s (empty and NULL
 * when none is left). for (str part; rest.p; ) { part = str_cut(&rest, ','); … } */
str str_cut(str *s, char sep);

/* Decimal, the whole text, no sign but '-', no leading '+', no spaces; E_INVALID otherwise. */
MUST_USE err str_i64(str s, i64 *ret);
MUST_USE err str_u64(str s, u64 *ret);

str str_copy(struct arena *out, str s); /* the copy is followed by a NUL, not counted */
char *str_z(struct arena *out,
            str s); /* for system calls; a NUL inside s ends the C string early: check first */
PRINTF(2, 3) str str_fmt(struct arena *out, const char *fmt, ...);

/* Bytes that must not be printed, logged or compared in the open: a type no formatter accepts. */
struct secret {
    u8 *p;
    size_t n;
};
/* In an arena, wiped when the arena is reset. */
struct secret secret_copy(struct arena *out, const void *bytes, size_t n);

#endif
