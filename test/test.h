/* SPDX-License-Identifier: Apache-2.0 */
/* Unit tests. A file x_test.c stands beside x.c and holds TEST(name) bodies; tools/testlist finds
 * them, so a test needs no registration. Each runs in a process of its own, with a deadline; at its
 * end every arena must be gone. A test that is the evidence of a requirement row begins with the
 * row's id: TEST(F_02_messages_keep_their_order). */
#ifndef OUTWORK_TEST_TEST_H
#define OUTWORK_TEST_TEST_H

#include "base/arena.h"
#include "base/str.h"

struct T {
    const char *name;
    struct arena *arena;     /* for the test's own memory; freed by the runner */
    char dir[64];            /* an empty folder of the test's own, removed afterwards */
    u64 seed;                /* printed on failure; --seed N repeats it */
};

#define TEST(name_) void test_##name_(struct T *T); void test_##name_(UNUSED struct T *T)

struct test_row { const char *name, *file; void (*fn)(struct T *); };
extern const struct test_row test_rows[];
extern const size_t test_rows_n;

NORETURN void test_failed(const char *file, int line, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
NORETURN void test_skip(const char *why);        /* counted apart, with its reason printed */

#define expect(cond) ((cond) ? (void)0 : test_failed(__FILE__, __LINE__, "expected: %s", #cond))
#define expect_ok(e)                                                                               \
    do {                                                                                           \
        err ok_ = (e);                                                                             \
        if (ok_ != E_NONE)                                                                         \
            test_failed(__FILE__, __LINE__, "%s: got error %d (%s)", #e, (int)ok_, err_text(ok_)); \
    } while (0)
#define expect_err(e, code)                                                                      \
    do {                                                                                         \
        err err_ = (e);                                                                          \
        if (err_ != (code))                                                                      \
            test_failed(__FILE__, __LINE__, "%s: got error %d (%s), expected %s", #e, (int)err_, \
                        err_text(err_), #code);                                                  \
    } while (0)
#define expect_i(got, want)                                                                     \
    do {                                                                                        \
        i64 got_ = (i64)(got), want_ = (i64)(want);                                             \
        if (got_ != want_)                                                                      \
            test_failed(__FILE__, __LINE__, "%s is %lld, expected %lld", #got, (long long)got_, \
                        (long long)want_);                                                      \
    } while (0)
#define expect_s(got, want)                                                                \
    do {                                                                                   \
        str got_ = (got), want_ = (want);                                                  \
        if (!str_eq(got_, want_))                                                          \
            test_failed(__FILE__, __LINE__,                                                \
                        "%s is\n    \"" STR_FMT "\"\nexpected\n    \"" STR_FMT "\"", #got, \
                        STR_ARG(got_), STR_ARG(want_));                                    \
    } while (0)

#endif
