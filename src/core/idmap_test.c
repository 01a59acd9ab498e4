/* SPDX-License-Identifier: Apache-2.0 */
/* The table against a plain array, under random operations with keys that crowd together. */
#include "core/idmap.h"

#include "base/rng.h"
#include "test/test.h"

enum { KEYS = 700, STEPS = 60000 };

TEST(idmap_agrees_with_an_array_under_random_operations)
{
    struct idmap m = idmap_in(T->arena);
    struct rng_seeded rng = { T->seed };
    u32 want[KEYS];
    i64 keys[KEYS];
    size_t n = 0;
    for (size_t i = 0; i < KEYS; i++) {
        want[i] = IDMAP_NONE;
        keys[i] =
            i % 3 ? (i64)i << 12 : (i64)i - 100; /* as ids of one millisecond; and negative ones */
    }
    for (int step = 0; step < STEPS; step++) {
        size_t k = (size_t)rng_next_below(&rng, KEYS);
        bool filling = step / 5000 % 2 == 0;
        if (rng_next_below(&rng, 10) < (filling ? 7u : 3u)) {
            n += want[k] == IDMAP_NONE;
            want[k] = (u32)rng_next_below(&rng, 1u << 20);
            idmap_put(&m, keys[k], want[k]);
        } else {
            n -= want[k] != IDMAP_NONE;
            want[k] = IDMAP_NONE;
            idmap_drop(&m, keys[k]);
        }
        expect_i(m.n, n);
        k = (size_t)rng_next_below(&rng, KEYS);
        expect_i(idmap_get(&m, keys[k]), want[k]);
        if (step % 1000 == 0)
            for (size_t i = 0; i < KEYS; i++)
                expect_i(idmap_get(&m, keys[i]), want[i]);
    }
}

TEST(idmap_stays_the_size_of_what_it_holds)
{
    struct idmap m = idmap_in(T->arena);
    for (i64 i = 0; i < 100000; i++) { /* as sessions come and go */
        idmap_put(&m, i, (u32)i);
        if (i >= 40)
            idmap_drop(&m, i - 40);
    }
    expect_i(m.n, 40);
    expect(m.room <= 64);
}
