/* SPDX-License-Identifier: Apache-2.0 */
/* "Did you mean": the nearest of some known words. */
#ifndef OUTWORK_PROC_NEAR_H
#define OUTWORK_PROC_NEAR_H

#include "base/str.h"

/* Letters to insert, drop, change or swap with their neighbour until a is b (words are cut at 32
 * bytes). */
unsigned near_distance(str a, str b);
/* The word nearest to s by near_distance, NULL when none is near enough to be what was meant. */
const char *near_word(str s, const char *const *words, size_t n);

#endif
