/* SPDX-License-Identifier: Apache-2.0 */
/* Fixed-width names, attributes and the two words for bugs. libc only; every other file starts
 * here. */
#ifndef OUTWORK_BASE_TYPES_H
#define OUTWORK_BASE_TYPES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef uint64_t u64;
typedef int32_t i32;
typedef int64_t i64;

#define MUST_USE     __attribute__((warn_unused_result))
#define PRINTF(f, a) __attribute__((format(printf, f, a)))
#define NORETURN     __attribute__((noreturn))
#define UNUSED       __attribute__((unused))
#define LIKELY(x)    __builtin_expect(!!(x), 1)
#define UNLIKELY(x)  __builtin_expect(!!(x), 0)
#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define MIN(a, b)    ((a) < (b) ? (a) : (b))
#define MAX(a, b)    ((a) > (b) ? (a) : (b))

/* must(cond): a bug if false. Always on: prints where, aborts; the parent restarts the role and the
 * ledger notes it. */
#define must(cond) (LIKELY(cond) ? (void)0 : must_failed(#cond, __FILE__, __LINE__))
NORETURN void must_failed(const char *cond, const char *file, int line);

/* Branches that cannot be taken while the code is right, kept in the product as a defence. In a
 * debug build (-DOUTWORK_DEBUG) a surprise aborts; in a release build the defence is taken. */
#ifdef OUTWORK_DEBUG
#define ALWAYS(x) (LIKELY(x) ? true : (must_failed("ALWAYS(" #x ")", __FILE__, __LINE__), false))
#define NEVER(x)  (UNLIKELY(x) ? (must_failed("NEVER(" #x ")", __FILE__, __LINE__), true) : false)
#else
#define ALWAYS(x) LIKELY(x)
#define NEVER(x)  UNLIKELY(x)
#endif

#endif
