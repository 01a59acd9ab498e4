/* SPDX-License-Identifier: Apache-2.0 */
/* Randomness from the kernel (getrandom); tests may seed it to repeat a run. */
#ifndef OUTWORK_BASE_RNG_H
#define OUTWORK_BASE_RNG_H

#include "base/types.h"

void rng_bytes(void *p, size_t n); /* never fails; aborts if the kernel gives none */
u64 rng_u64(void);
u64 rng_below(u64 n); /* 0 … n-1, unbiased; n > 0 */
/* A repeatable sequence for tests and generators of test data (splitmix64); not for secrets. */
struct rng_seeded {
    u64 state;
};
u64 rng_next(struct rng_seeded *r);
u64 rng_next_below(struct rng_seeded *r, u64 n);

#endif
