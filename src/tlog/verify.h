/* SPDX-License-Identifier: Apache-2.0 */
/* Auditing a ledger's folder: everything is computed again from the entry bundles and compared with
 * every tile and with the signed checkpoint. The separate program ledger-verify does the same
 * without a line of ours in common. */
#ifndef OUTWORK_TLOG_VERIFY_H
#define OUTWORK_TLOG_VERIFY_H

#include "tlog/note.h"

struct tlog_audit {
    const struct tlog_source *source;
    const struct note_key *key;
    const struct tlog_head
        *old; /* a head seen before, or NULL: is it the beginning of this ledger? */
    void *arg;
    /* Called with each leaf in order, or NULL. An error stops the audit and is given back. */
    err (*leaf)(void *arg, u64 index, str entry);
};

struct tlog_finding {
    struct tlog_head head; /* of the checkpoint, once it has been read */
    u64 leaves;            /* read and found right so far */
    char what[160];        /* the first thing that is wrong, in words; empty when nothing is */
};

/* E_NONE: all of it agrees. E_CORRUPT: ret_finding->what says the first place that does not; any
 * other error: reading failed, what says where. *ret_finding is always filled. */
MUST_USE err tlog_audit(const struct tlog_audit *a, struct tlog_finding *ret_finding);

#endif
