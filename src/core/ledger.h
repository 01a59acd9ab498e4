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

/* ---- For the writer (core/lanes) ---- */

/* Refusals and counted decisions wait in memory until the writer's next group takes them along. The
 * writer calls ledger_drain at the start of every group's transaction (c: any write call, only
 * arena and db are used), then ledger_drained with whether that group was committed (if not, they
 * wait on). A call that was refused holds its answer until a group that began after its refusal has
 * been committed: the pipeline sends it through the write lane with nothing to run. Counted
 * decisions alone need no hurry: the writer's tick (once a second) takes them when ledger_waiting.
 * What waits is bounded (64 MiB): when a store that takes nothing has filled it, the rest is
 * counted and told by one leaf, ledger.gap. */
MUST_USE err ledger_drain(struct call *c);
void ledger_drained(struct office *o, bool committed);
bool ledger_waiting(struct office *o);
/* Gives the memory of what waits back; the writer has ended. */
void ledger_end(struct office *o);

/* ---- For the sealer (core/sealer) and the ledger's module ---- */

struct leaf_row {
    i64 producer, counter;
    str body;
};
struct leaf_rows {
    struct leaf_row *at;
    size_t n;
};
/* The oldest unsealed leaves, in the order they were committed. c: a read call. */
MUST_USE err ledger_unsealed(struct call *c, i64 limit, struct leaf_rows *ret);
/* In a write call: rows up to and with `last` are in the tree now, which has this size and root. */
MUST_USE err ledger_sealed(struct call *c, const struct leaf_row *last, u64 size,
                           const u8 root[32]);
/* Size and root as of the last ledger_sealed; 0 and zeroes before the first. */
MUST_USE err ledger_size(struct call *c, u64 *ret_size, u8 ret_root[32]);

#endif
