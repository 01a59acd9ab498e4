/* SPDX-License-Identifier: Apache-2.0 */
/* Routes that end the process. */
#include "core/breaker.h"
#include "test/test.h"

static const char *const names[] = { "GET /api/good", "POST /api/bad" };
static const char *const later[] = { "POST /api/new", "POST /api/bad", "GET /api/good" };

static struct breaker *open_with(struct T *T, const char *const *routes, size_t n, usec now)
{
    struct breaker *b;
    const struct breaker_options o = { str_fmt(T->arena, "%s/run", T->dir).p, routes, n, now };
    expect_ok(breaker_open(T->arena, &o, &b));
    return b;
}

static struct breaker *open_at(struct T *T, usec now) { return open_with(T, names, 2, now); }

/* What a crash leaves: a thread that entered and never left. */
static void crash(struct T *T, usec now)
{
    struct breaker *b = open_at(T, now);
    breaker_enter(b, 3, 1);
    breaker_close(b);
}

TEST(a_route_that_crashes_twice_in_a_minute_is_shut_for_a_while)
{
    usec now = USEC_DAY;
    crash(T, now);
    struct breaker *b = open_at(T, now + USEC_S);
    expect_i(breaker_shut(b, 1, now + USEC_S), 0); /* once may be chance */
    breaker_close(b);
    crash(T, now + 2 * USEC_S);
    b = open_at(T, now + 3 * USEC_S);
    expect_i(breaker_shut(b, 1, now + 3 * USEC_S), 10 * USEC_S);
    expect_i(breaker_shut(b, 0, now + 3 * USEC_S), 0);
    expect_i(breaker_shut(b, 1, now + 14 * USEC_S), 0);
    breaker_close(b);
    crash(T, now + 15 * USEC_S);
    b = open_with(T, later, 3, now + 16 * USEC_S);
    expect_i(breaker_shut(b, 1, now + 16 * USEC_S), 20 * USEC_S); /* longer each time, by name */
    expect_i(breaker_shut(b, 2, now + 16 * USEC_S), 0);
    breaker_close(b);
}

TEST(crashes_far_apart_shut_nothing)
{
    crash(T, USEC_DAY);
    crash(T, USEC_DAY + 2 * USEC_MIN);
    struct breaker *b = open_at(T, USEC_DAY + 4 * USEC_MIN);
    expect_i(breaker_shut(b, 1, USEC_DAY + 4 * USEC_MIN), 0);
    breaker_close(b);
}

TEST(a_route_that_was_left_is_not_accused)
{
    for (int i = 0; i < 3; i++) {
        struct breaker *b = open_at(T, USEC_DAY + i);
        breaker_enter(b, 0, 1);
        breaker_leave(b, 0);
        expect_i(breaker_shut(b, 1, USEC_DAY + i), 0);
        breaker_close(b);
    }
}
