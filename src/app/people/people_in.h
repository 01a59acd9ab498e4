/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of this module share. */
#ifndef OUTWORK_APP_PEOPLE_IN_H
#define OUTWORK_APP_PEOPLE_IN_H

#include "core/call.h"
#include "core/office.h"
#include "core/proof.h"
#include "core/session.h"
#include "gen/people.h"

/* ---- accounts.c: passwords, codes, links ---- */

enum { TOKEN_BYTES = 32, RECOVERY_CODES = 10 };

/* Argon2id, 64 MiB, three passes: about 100 ms of one core. */
MUST_USE err password_hash(struct call *c, str password, str *ret_encoded);
/* Costs the same whether there is a stored hash or not. */
bool password_matches(str encoded, str password);
/* E_WEAK_PASSWORD with its reason as a wrong field. */
MUST_USE err password_check(struct call *c, str password, str login);
/* The code of an authenticator app against a sealed secret. E_WRONG_CODE, or E_BUSY without a
 * vault. */
struct totp_shown {
    person_id person;
    str sealed, code;
    i64 last_step;
};
MUST_USE err people_totp(struct call *c, const struct totp_shown *shown, i64 *ret_step);
void recovery_hash(person_id person, str code, u8 ret[32]);
str recovery_new(struct arena *out);
str token_new(struct arena *out, u8 ret_hash[32]);
MUST_USE err token_hash(str token, u8 ret_hash[32]);
str people_login(struct arena *out, str login); /* trimmed, lower case */

/* ---- arrive.c: from credentials that hold to a session ---- */

/* Made in `before`, off the transaction: what a new session needs from the vault and from
 * arithmetic. */
struct arrival {
    person_id person;
    int strength;
    i64 totp_step; /* to be stored; 0: none was used */
    str recovery;  /* hash of the recovery code used; empty: none */
    i64 passkey, passkey_counter;
    session_id session;
    u8 token[SESSION_TOKEN_BYTES], server_point[P256_POINT], key[PROOF_KEY];
    str sealed_key;
};

/* Checks the device's signature, agrees on the proof key and seals it. E_STALE_CHALLENGE,
 * E_INVALID, E_BUSY. */
MUST_USE err arrival_prepare(struct call *c, str challenge, const struct device_proof *device,
                             struct arrival *ret);
/* Seals a->key for a->session. */
MUST_USE err arrival_seal(struct call *c, struct arrival *a);
/* In the transaction: device, policy, session; the answer. E_DEVICE_LOCKED, E_DENIED. */
MUST_USE err arrival_open(struct call *c, const struct arrival *a,
                          const struct device_proof *device, struct signed_in *ret);
/* A sign-in that failed: one leaf, one answer (E_WRONG_SIGN_IN), whatever the reason was. */
MUST_USE err arrival_refused(struct call *c, person_id person, const char *why);
/* A challenge of ours, young and used once; else E_STALE_CHALLENGE. */
MUST_USE err challenge_accept(struct call *c, str challenge);
/* The page's view of the one who calls, from memory. */
MUST_USE err me_of(struct call *c, const struct dir_person *p, const struct dir_device *d,
                   usec ends, struct me *ret);
MUST_USE err me_fill(struct call *c, struct me *ret);

/* ---- people.c ---- */

/* The person as this transaction sees it. */
MUST_USE err person_read(struct call *c, person_id id, struct dir_person *ret);
/* The same, and after the commit the office's table has it. */
MUST_USE err person_refresh(struct call *c, person_id id);
MUST_USE err device_refresh(struct call *c, device_id id);
/* A new link for this person, in place of those before it. */
MUST_USE err invite_make(struct call *c, person_id person, struct invite_made *ret);

#endif
