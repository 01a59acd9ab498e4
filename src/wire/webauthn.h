/* SPDX-License-Identifier: Apache-2.0 */
/* The bytes of passkeys (W3C Web Authentication Level 2, sections 5.8.1, 6.1, 6.5; keys: RFC 9052,
 * 9053): reading only. Whether they are true (challenge, origin, signature, counter) is decided in
 * core. All strs point into the input or into out. */
#ifndef OUTWORK_WIRE_WEBAUTHN_H
#define OUTWORK_WIRE_WEBAUTHN_H

#include "base/buf.h"

enum {
    WEBAUTHN_ID_MAX = 1023,          /* bytes of a credential id */
    WEBAUTHN_CLIENT_DATA_MAX = 8192, /* bytes of clientDataJSON */
    WEBAUTHN_ATTESTATION_MAX = 65536,
};

/* COSE algorithm numbers. */
enum webauthn_alg { WEBAUTHN_ES256 = -7, WEBAUTHN_EDDSA = -8, WEBAUTHN_RS256 = -257 };

/* Flags of authenticator data. */
enum {
    WEBAUTHN_UP = 0x01, /* the person was there */
    WEBAUTHN_UV = 0x04, /* and was recognised (finger, PIN) */
    WEBAUTHN_BE = 0x08, /* the key may be copied to other devices */
    WEBAUTHN_BS = 0x10, /* and has been */
    WEBAUTHN_AT = 0x40, /* a credential follows */
    WEBAUTHN_ED = 0x80, /* extensions follow */
};

struct webauthn_key {
    enum webauthn_alg alg;
    str x; /* ES256: 32 bytes; EdDSA: the 32 bytes of the Ed25519 key */
    str y; /* ES256: 32 bytes */
    str n; /* RS256: modulus, big-endian, 256 to 512 bytes, no leading zero */
    str e; /* RS256: exponent, 1 to 4 bytes, odd, more than one */
};

struct webauthn_client_data {
    str type;      /* "webauthn.create" or "webauthn.get" */
    str challenge; /* decoded bytes */
    str origin;    /* "https://host[:port]" as the browser wrote it */
    bool cross_origin;
};

struct webauthn_auth_data {
    str rp_id_hash; /* 32 bytes: SHA-256 of the domain */
    u8 flags;
    u32 counter;
    bool has_credential; /* the four below are set */
    str aaguid;          /* 16 bytes: the make of the authenticator, or zeros */
    str credential_id;
    str cose_key; /* as sent, to be stored and read again with webauthn_key_parse */
    struct webauthn_key key;
};

struct webauthn_attestation {
    str format;    /* "none", "packed", …; the statement itself is not looked at */
    str auth_data; /* as sent */
    struct webauthn_auth_data data;
};

/* E_INVALID: not as the standard says. E_LIMIT: larger than above, or out too small. */
MUST_USE err webauthn_client_data_parse(struct arena *out, str json,
                                        struct webauthn_client_data *ret);
MUST_USE err webauthn_auth_data_parse(struct arena *out, str bytes, struct webauthn_auth_data *ret);
MUST_USE err webauthn_attestation_parse(struct arena *out, str cbor,
                                        struct webauthn_attestation *ret);
MUST_USE err webauthn_key_parse(struct arena *out, str cose, struct webauthn_key *ret);

#endif
