/* SPDX-License-Identifier: Apache-2.0 */
/* getrandom(2), and splitmix64 (Steele, Lea, Flood 2014) for repeatable test data. */
#include "base/rng.h"

#include <sys/random.h>

void rng_bytes(void *p, size_t n)
{
    u8 *at = p;
    while (n) {
        ssize_t got = getrandom(at, MIN(n, (size_t)256), 0);
        must(got > 0);
        at += got;
        n -= (size_t)got;
    }
}

u64 rng_u64(void)
{
    u64 v;
    rng_bytes(&v, sizeof v);
    return v;
}

u64 rng_below(u64 n)
{
    must(n > 0);
    u64 limit = UINT64_MAX - UINT64_MAX % n, v;
    do
        v = rng_u64();
    while (v >= limit);
    return v % n;
}

u64 rng_next(struct rng_seeded *r)
{
    u64 z = (r->state += 0x9e3779b97f4a7c15u);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

u64 rng_next_below(struct rng_seeded *r, u64 n)
{
    return n ? rng_next(r) % n : 0;
}
