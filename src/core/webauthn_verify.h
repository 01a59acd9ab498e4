/* SPDX-License-Identifier: Apache-2.0 */
/* Are these passkey bytes true? (W3C Web Authentication, sections 7.1 and 7.2; the attestation
 * statement is not asked: "none" is enough.) User presence and user verification are both required.
 * Who the credential belongs to, that it was not enrolled before, and that a challenge is fresh and
 * used once is for the caller. */
#ifndef OUTWORK_CORE_WEBAUTHN_VERIFY_H
#define OUTWORK_CORE_WEBAUTHN_VERIFY_H

#include "wire/webauthn.h"

struct webauthn_expect {
    str challenge; /* the very bytes that the page gave to the authenticator */
    str origin;    /* "https://host[:port]" */
    str rp_id;     /* the domain, "office.example" */
};

/* An enrolment. All strs point into the attestation. */
struct webauthn_new {
    str credential; /* the id */
    str cose_key;   /* to be stored, and given back below */
    i64 counter;
    str aaguid;     /* 16 bytes */
    bool backed_up; /* the key may live on several devices */
};

/* E_INVALID: the bytes are malformed, or of a key that is not supported or not on its curve.
 * E_DENIED: well-formed, but another ceremony, challenge, origin or domain, framed by another site,
 * or without presence or verification. */
MUST_USE err webauthn_check_registration(struct arena *out, const struct webauthn_expect *want,
                                         str client_data, str attestation,
                                         struct webauthn_new *ret);

/* A sign-in. */
struct webauthn_assertion {
    str client_data, authenticator_data, signature;
    str cose_key;     /* as stored */
    i64 last_counter; /* as stored */
};

/* As above; E_DENIED also for a wrong signature and for a counter that did not grow (a copied key).
 * Both counters zero is fine: the key does not count. *ret_counter is to be stored. */
MUST_USE err webauthn_check_assertion(const struct webauthn_expect *want,
                                      const struct webauthn_assertion *shown, i64 *ret_counter);

#endif
