/* SPDX-License-Identifier: Apache-2.0 */
/* Doubled requests: the answer of a call that changed something is kept for a day, in the
 * transaction of its effect, under the key its client made. The same request again gets the same
 * answer and has no second effect. */
#ifndef OUTWORK_CORE_IDEM_H
#define OUTWORK_CORE_IDEM_H

#include "core/call.h"

#define IDEM_KEPT USEC_DAY

struct request;

/* 8 to 64 characters [A-Za-z0-9_-]. */
bool idem_key_ok(str key);
/* What tells two requests apart that use one key; 0 for a secret endpoint, of which nothing is
 * kept that a guess could be tried against. */
i64 idem_print(const struct endpoint *e, str target, str body);

/* E_NOT_FOUND: not seen yet. E_NONE: c->answer has the status and body given then. E_CONFLICT,
 * with the answer's code set: "repeated" (done, but its answer is never told twice) or
 * "key_used" (by another request). */
MUST_USE err idem_find(struct call *c, i64 print);
/* Keeps status and body of c->answer, in this transaction. */
MUST_USE err idem_keep(struct call *c, i64 print);
/* Deletes up to `most` that are older than a day. On the writer. */
MUST_USE err idem_clean(struct db *db, usec now, i64 most, i64 *ret_deleted);

#endif
