/* SPDX-License-Identifier: Apache-2.0 */
/* Ids: 64 bits, 41 of milliseconds since 2020, 10 of node, 12 of counter; always positive. In JSON
 * a prefix and 13 base32 characters (Crockford's alphabet, lower case), so that text order is id
 * order: task_0c3k9…. Each kind of id is a one-field struct made by tools/gen. No arithmetic on
 * them. */
#ifndef OUTWORK_BASE_ID_H
#define OUTWORK_BASE_ID_H

#include "base/buf.h"
#include "base/time.h"

i64 id_make(unsigned node); /* unique in this process; never goes backward. Thread-safe. */
usec id_time(i64 id);       /* when it was made, to the millisecond */
void id_put(struct buf *b, const char *prefix, i64 id); /* without quotes */
/* Exactly prefix + '_' + 13 characters, a positive value; E_INVALID otherwise. */
MUST_USE err id_parse(str s, const char *prefix, i64 *ret);

#endif
