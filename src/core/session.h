/* SPDX-License-Identifier: Apache-2.0 */
/* Sessions: a cookie that opens the shell and the renewal, and a proof key derived with the browser's device key that opens
 * the rest. All in memory (sharded by token hash), loaded from the store at start, so that a request costs no query. */
#ifndef OUTWORK_CORE_SESSION_H
#define OUTWORK_CORE_SESSION_H

#include "core/call.h"

/* What a request shows: views into its head. */
struct credentials {
    str cookie;            /* the Cookie header */
    str method, target;    /* target: path with query, as sent */
    str idempotency_key;
    str time, proof;       /* Outwork-Time (unix ms), Outwork-Proof (base64url HMAC-SHA256 over
                              method \n target \n idempotency_key \n time) */
};

/* Fills who from memory. E_SIGN_IN: no valid session (or locked, or expired); E_PROOF: the session stands but the proof
 * is missing, older than 60 s, or wrong. need == SESSION_NONE never fails. Callable from any thread. */
MUST_USE err session_check(struct office *o, const struct credentials *shown, enum session_need need, usec now,
                           struct who *ret);

/* Rises whenever a session, person or device changes: sockets and subscriptions compare it to decide again. */
u64  session_generation(const struct office *o);
/* Whether this session may still act (not ended, person and device not locked); called for every open socket when the
 * generation moved. */
bool session_alive(struct office *o, i64 session, usec now);

#endif
