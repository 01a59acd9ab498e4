/* SPDX-License-Identifier: Apache-2.0 */
/* The arithmetic of sign-in and session proofs: hashes, HMAC, P-256. OpenSSL underneath; nothing of
 * our own. */
#ifndef OUTWORK_CORE_PROOF_H
#define OUTWORK_CORE_PROOF_H

#include "base/str.h"
#include "base/time.h"

enum { P256_POINT = 65, P256_SIGNATURE = 64, PROOF_KEY = 32 };

void proof_sha256(const void *p, size_t n, u8 ret[32]);
/* HMAC-SHA256 over the parts joined by line feeds, compared in constant time with base64url text.
 */
bool proof_matches(const u8 key[PROOF_KEY], const str *parts, size_t n, str proof);
void proof_hmac(const u8 key[PROOF_KEY], const str *parts, size_t n, u8 ret[32]);

/* ECDSA P-256 over SHA-256 of the parts end to end; signature is r||s as WebCrypto makes it (IEEE
 * P1363). */
MUST_USE err proof_verify(str point, const str *parts, size_t n,
                          str signature); /* E_INVALID when it does not hold */
/* The server's half of the agreement: makes an ephemeral key, returns its point, and
 * K = HKDF-SHA256(ECDH x, salt = challenge, info "outwork-proof-v1"). E_INVALID when their point is
 * not on the curve. */
MUST_USE err proof_agree(str their_point, str challenge, u8 ret_point[P256_POINT],
                         u8 ret_key[PROOF_KEY]);

/* Challenges without state: random, time and a MAC under a key of this process; good for five
 * minutes, each once. */
str challenge_new(struct arena *out, usec now);
MUST_USE err challenge_use(str challenge,
                           usec now); /* E_INVALID: not ours, too old; E_CONFLICT: used before */

#endif
