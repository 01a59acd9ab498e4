/* SPDX-License-Identifier: Apache-2.0 */
/* Sessions: a cookie that opens the shell and the renewal, and a proof key derived with the
 * browser's device key that opens the rest. All in memory (sharded by token hash), loaded from the
 * store at start, so that a request costs no query. */
#ifndef OUTWORK_CORE_SESSION_H
#define OUTWORK_CORE_SESSION_H

#include "core/call.h"

/* What a request shows: views into its head. */
struct credentials {
    str cookie;         /* the Cookie header */
    str method, target; /* target: path with query, as sent */
    str idempotency_key;
    str time, proof; /* Outwork-Time (unix ms), Outwork-Proof (base64url HMAC-SHA256 over
                        method \n target \n idempotency_key \n time) */
};

/* Fills who from memory. E_SIGN_IN: no valid session (or locked, or expired); E_PROOF: the session
 * stands but the proof is missing, older than 60 s, or wrong. need == SESSION_NONE never fails.
 * Callable from any thread. */
MUST_USE err session_check(struct office *o, const struct credentials *shown,
                           enum session_need need, usec now, struct who *ret);

/* Rises whenever a session ends, or what it rests on changes: sockets compare it to look whether
 * theirs still stands. */
u64 session_generation(const struct office *o);
/* Whether this session may still act (not ended, person and device not locked); called for every
 * open socket when the generation moved. */
bool session_alive(struct office *o, i64 session, usec now);

/* ---- For the module that owns the sessions' rows: what it wrote goes into memory after its
 * commit. ---- */

struct session_row {
    i64 id, person, device;
    u8 token_hash[32];
    int strength;
    usec strong_until, ends, proof_until;
    str sealed_key; /* by the vault, purpose "session", context: the id in decimal; copied */
    u8 key[32];     /* the opened key; used when has_key */
    bool has_key;
};
enum { SESSION_TOKEN_BYTES = 32 };

/* Adds a session. */
void session_put(struct office *o, const struct session_row *row);
/* A new proof key for a session: takes id, key and proof_until of the row; the rest stays. */
void session_renewed(struct office *o, const struct session_row *row);
void session_end(struct office *o, i64 session);
void session_end_of_person(struct office *o, i64 person);
/* Forgets sessions that have ended by time. */
void session_sweep(struct office *o, usec now);
/* Whether one of the two above ended it (true for the latest few hundred). */
bool session_was_locked(struct office *o, i64 session);
void session_end_of_device(struct office *o, i64 device);
void session_touch_generation(struct office *o);
size_t session_count(const struct office *o);
/* The token of a Cookie header; E_NOT_FOUND when there is none or it cannot be one. */
MUST_USE err session_token(str cookie_header, u8 ret_token[SESSION_TOKEN_BYTES]);
void session_hash(const u8 token[SESSION_TOKEN_BYTES], u8 ret_hash[32]);
/* The cookie line for a token that lasts until ends; an empty token clears it. */
str session_cookie(struct arena *out, str token_text, usec lasts);
/* The session itself, for renewing: E_SIGN_IN when it is gone. */
struct session_facts {
    i64 person, device;
    usec ends, proof_until;
};
MUST_USE err session_facts(struct office *o, i64 session, struct session_facts *ret);

#endif
