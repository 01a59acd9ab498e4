/* SPDX-License-Identifier: Apache-2.0 */
/* The gate: one Cedar decision for one act. The policies are an immutable snapshot swapped by
 * pointer; people, devices and departments come from the office's snapshot, the resource from its
 * row. An unanswered decision is a refusal. */
#ifndef OUTWORK_CORE_GATE_H
#define OUTWORK_CORE_GATE_H

#include "core/call.h"

enum { VERDICT_RULES_MAX = 4 };

struct verdict {
    bool allow;
    u8 rules_n;
    const char *rules[VERDICT_RULES_MAX]; /* @id of the determining policies; none: nothing permits
                                             it ("default") */
    const char *advice; /* @advice of the first forbidding policy: a term key; NULL if none */
};

/* Decides action for c->who on the record (laid out as e says; NULL e: the organisation). Uses
 * scratch memory only; the verdict's texts live as long as the call. E_NONE with ret->allow false
 * is a refusal; an error is one too. */
MUST_USE err gate_decide(struct call *c, const char *action, const struct entity *e,
                         const void *record, struct verdict *ret);

/* Loads the guard's record by id (its statement with id and me) and decides. E_DENIED when refused
 * (ret says why), and also when there is no such record but the person may not know that:
 * E_NOT_FOUND only if reading would be allowed. */
MUST_USE err gate_guard(struct call *c, const struct guard *g, const void *in, struct verdict *ret);

/* Signing in: who is arriving on which device, before either session or device is known to the
 * office. */
struct dir_person;
struct dir_device;
MUST_USE err gate_arrive(struct call *c, const struct dir_person *person,
                         const struct dir_device *device);

/* For a handler that must ask once more (session.open): as gate_decide, and the answer and the
 * leaf carry this decision. E_DENIED when refused. */
MUST_USE err gate_require(struct call *c, const char *action);

#endif
