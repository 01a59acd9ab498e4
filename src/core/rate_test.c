/* SPDX-License-Identifier: Apache-2.0 */
/* Limits as floods meet them. */
#include "core/rate.h"
#include "test/test.h"

static struct rates *fresh(struct T *T, struct arena **ret)
{
    (void)T;
    *ret = arena_new("rates", (size_t)1 << 20);
    return rates_new(*ret, 1);
}

TEST(a_bucket_gives_its_burst_and_then_its_rate)
{
    struct arena *a;
    struct rates *r = fresh(T, &a);
    usec now = USEC_DAY, wait = 0;
    for (int i = 0; i < 60; i++)
        expect_ok(rate_take(r, RATE_WRITE, rate_person(1), now, &wait));
    expect_err(rate_take(r, RATE_WRITE, rate_person(1), now, &wait), E_RATE);
    expect(wait > 90 * USEC_MS && wait <= 101 * USEC_MS); /* ten a second */
    now += wait;
    expect_ok(rate_take(r, RATE_WRITE, rate_person(1), now, &wait));
    expect_err(rate_take(r, RATE_WRITE, rate_person(1), now, &wait), E_RATE);
    now += USEC_DAY;
    for (int i = 0; i < 60; i++)
        expect_ok(rate_take(r, RATE_WRITE, rate_person(1), now, &wait));
    expect_err(rate_take(r, RATE_WRITE, rate_person(1), now, &wait), E_RATE);
    arena_free(a);
}

TEST(a_clock_set_back_gives_nothing_and_takes_nothing)
{
    struct arena *a;
    struct rates *r = fresh(T, &a);
    usec wait;
    for (int i = 0; i < 10; i++)
        expect_ok(rate_take(r, RATE_LOGIN, rate_name(S("ann")), USEC_DAY, &wait));
    expect_err(rate_take(r, RATE_LOGIN, rate_name(S("ANN")), USEC_HOUR, &wait), E_RATE);
    expect_ok(rate_take(r, RATE_LOGIN, rate_name(S("bob")), USEC_HOUR, &wait));
    expect_ok(rate_take(r, RATE_LOGIN, rate_name(S("ann")), USEC_HOUR + 10 * USEC_S, &wait));
    arena_free(a);
}

TEST(classes_and_people_do_not_share)
{
    struct arena *a;
    struct rates *r = fresh(T, &a);
    usec wait;
    while (rate_take(r, RATE_WRITE, rate_person(1), USEC_DAY, &wait) == E_NONE)
        continue;
    expect(!rate_left(r, RATE_WRITE, rate_person(1), USEC_DAY));
    expect(rate_left(r, RATE_ADMIN, rate_person(1), USEC_DAY));
    expect(rate_left(r, RATE_WRITE, rate_person(2), USEC_DAY));
    arena_free(a);
}

TEST(one_subscribers_network_is_one_address)
{
    expect(rate_address(S("2001:db8:1:2:3:4:5:6")) == rate_address(S("2001:db8:1:2:ffff::1")));
    expect(rate_address(S("2001:db8:1:2::1")) == rate_address(S("2001:db8:1:2::2")));
    expect(rate_address(S("2001:db8:1:2::1")) != rate_address(S("2001:db8:1:3::1")));
    expect(rate_address(S("192.0.2.1")) != rate_address(S("192.0.2.2")));
}

/* A hundred thousand strange addresses: the one that was held stays held, or at worst is
 * forgotten once; it never gains more than one burst by it. */
TEST(strange_addresses_do_not_wash_a_bucket_away)
{
    struct arena *a;
    struct rates *r = fresh(T, &a);
    usec wait, now = USEC_DAY;
    u64 held = rate_address(S("192.0.2.1"));
    while (rate_take(r, RATE_SIGN_IN, held, now, &wait) == E_NONE)
        continue;
    for (u64 i = 0; i < 100000; i++)
        IGNORE(rate_take(r, RATE_SIGN_IN, i * 7919 + 3, now, &wait));
    expect_err(rate_take(r, RATE_SIGN_IN, held, now, &wait), E_RATE);
    arena_free(a);
}
