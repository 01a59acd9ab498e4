/* SPDX-License-Identifier: Apache-2.0 */
/* Carrying a store from one database to another. Nobody may have either open. */
#ifndef OUTWORK_STORE_MOVE_H
#define OUTWORK_STORE_MOVE_H

#include "base/err.h"

struct store_moved {
    u32 tables;
    u64 rows;
    char why[400]; /* for people, on failure */
};

/* Copies every row of every table that both schemas have (both migrated to the same steps before)
 * from one place to the other, in one transaction there; then reads it all back and compares counts
 * and checksums before the commit. Tables that one side alone has (a search index) are left to be
 * built anew. fresh: the target was made just now, and what its migrations put there gives way;
 * else it must be empty (E_CONFLICT). E_CORRUPT: the sides differ; nothing stays in the target.
 * *ret is filled always. */
MUST_USE err store_move(const char *from, const char *to, bool fresh, struct store_moved *ret);

#endif
