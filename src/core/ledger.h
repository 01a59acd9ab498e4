/* SPDX-License-Identifier: Apache-2.0 */
/* Leaves on their way into the ledger. A leaf of an effect is a row of the outbox in the effect's
 * own transaction; a refusal is written apart, so that no rollback takes it; harmless decisions are
 * counted for a second and written as one leaf. */
#ifndef OUTWORK_CORE_LEDGER_H
#define OUTWORK_CORE_LEDGER_H

#include "core/call.h"
#include "core/gate.h"

/* What was decided and done: becomes the leaf's JSON object. */
struct act {
    const char *type;   /* "message.posted"; for a decision without effect "decision" */
    const char *action; /* "message.post" */
    const char *object_type, *object_prefix; /* "Channel", "chan"; NULL: the organisation */
    i64 object;
    const struct verdict *verdict;
};

/* In the call's transaction (write lane). */
MUST_USE err ledger_effect(struct call *c, const struct act *a);
/* A refusal: queued to the writer, outside the call's transaction; never lost once the answer has
 * been sent. */
void ledger_refusal(struct call *c, const struct act *a);
/* A harmless allowed decision: counted, one leaf a second for the same person, device, action,
 * object and rules. */
void ledger_allowed(struct call *c, const struct act *a, u32 count);

#endif
