/* SPDX-License-Identifier: Apache-2.0 */
/* Edit distance with swaps (optimal string alignment), three rows of a table at a time. */
#include "proc/near.h"

#include <string.h>

enum { WORD_MAX = 32 };

unsigned near_distance(str a, str b)
{
    unsigned row[3][WORD_MAX + 1];
    a = str_sub(a, 0, WORD_MAX);
    b = str_sub(b, 0, WORD_MAX);
    for (unsigned j = 0; j <= b.n; j++)
        row[0][j] = j;
    memcpy(row[1], row[0], sizeof row[1]);
    for (unsigned i = 1; i <= a.n; i++) {
        unsigned *now = row[i % 3], *last = row[(i + 2) % 3], *before = row[(i + 1) % 3];
        now[0] = i;
        for (unsigned j = 1; j <= b.n; j++) {
            unsigned change = a.p[i - 1] != b.p[j - 1];
            now[j] = MIN(MIN(last[j], now[j - 1]) + 1, last[j - 1] + change);
            if (i > 1 && j > 1 && a.p[i - 1] == b.p[j - 2] && a.p[i - 2] == b.p[j - 1])
                now[j] = MIN(now[j], before[j - 2] + 1);
        }
    }
    return row[a.n % 3][b.n];
}

const char *near_word(str s, const char *const *words, size_t n)
{
    const char *best = NULL;
    unsigned best_d = s.n < 4 ? 2 : 3; /* this many or more is another word */
    for (size_t i = 0; i < n; i++) {
        unsigned d = near_distance(s, str_from(words[i]));
        if (d < best_d) {
            best_d = d;
            best = words[i];
        }
    }
    return best;
}
