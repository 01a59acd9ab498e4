/* SPDX-License-Identifier: Apache-2.0 */
/* The key holder. Its secrets live in one sealed file and in locked memory; it opens no file, has
 * no network and no store, and does only what proc/messages.h lists. */
#ifndef OUTWORK_VAULT_VAULT_H
#define OUTWORK_VAULT_VAULT_H

#include <openssl/evp.h>
#include <openssl/x509.h>

#include "base/time.h"
#include "proc/messages.h"
#include "proc/record.h"

enum { ROOT_KEY_BYTES = 32, STATE_BYTES_MAX = 32 * 1024, DER_KEY_MAX = 256, DER_CERT_MAX = 4096 };

/* What the sealed file holds. */
#define VAULT_STATE_FIELDS                                                                       \
    FIELD(U32, version, 0)                                                                       \
    FIELD(STR, tls_key, DER_KEY_MAX)                                                             \
    FIELD(STR, ca_key, DER_KEY_MAX) FIELD(STR, ca_cert, DER_CERT_MAX) FIELD(FIX, ledger_key, 32) \
        FIELD(FIX, data_key, 32) FIELD(FIX, ticket_current, 80) FIELD(FIX, ticket_previous, 80)  \
            FIELD(I64, ticket_since, 0) FIELD(STR, origin, 256) FIELD(U64, head_size, 0)         \
                FIELD(FIX, head_root, 32)
#define FIELD(kind, name, max) FIELD_AS_MEMBER(kind, name, max)
struct vault_state {
    VAULT_STATE_FIELDS
};
#undef FIELD

struct vault {
    int file;                  /* the sealed file, open for reading and writing */
    u64 seq;                   /* of the slot written last */
    struct vault_state *state; /* locked memory */
    u8 *bytes;                 /* locked: the texts that state points into */
    u8 *root_key;              /* locked */
    EVP_PKEY *tls, *ca;
    EVP_PKEY_CTX *tls_sign;
    X509 *ca_cert;
    u8 ledger_public[32], ledger_secret[64];
    str why; /* of the last refusal: static text */
};

/* Opens the sealed file, or makes all keys when it is empty and create is set (hosts: what the
 * authority may sign for, comma between; origin: the ledger's name). root_key: ROOT_KEY_BYTES,
 * copied. *reterr_why: a sentence for people. E_NOT_FOUND: empty file; E_DENIED: another root key;
 * E_CORRUPT: damaged. */
struct vault_open {
    int file;
    const u8 *root_key;
    bool create;
    str hosts, origin;
};
MUST_USE err vault_open(const struct vault_open *o, struct vault **ret, const char **reterr_why);
void vault_close(struct vault *v); /* wipes everything; the file stays open */

/* Root key text: 32 raw bytes, or 64 hexadecimal digits with white space after. E_INVALID
 * otherwise. */
MUST_USE err vault_root_key_parse(str text, u8 ret[ROOT_KEY_BYTES]);

/* ---- sealed.c: the file ---- */
const struct record *vault_state_record(void);
MUST_USE err vault_save(struct vault *v); /* durable when it returns */
MUST_USE err vault_load(struct vault *v);

/* ---- ca.c: certificates ---- */
MUST_USE err ca_make(struct vault *v, str hosts, usec now); /* sets ca_cert from the keys */
struct leaf {
    str pem;
    usec not_after;
};
MUST_USE err ca_leaf(struct vault *v, struct arena *out, str hosts, usec now, struct leaf *ret);
MUST_USE err ca_pem(struct vault *v, struct arena *out, str *ret);

/* ---- head.c: what may be signed for the ledger ---- */
/* The hash of a tree of n leaves extends one of m (RFC 9162 section 2.1.4.2); proof: hashes end to
 * end. */
MUST_USE err head_consistent(u64 m, const u8 *m_root, u64 n, const u8 *n_root, str proof);
/* A checkpoint body that states this origin, size and root, in its one spelling. */
MUST_USE err head_body_states(str body, str origin, u64 size, const u8 root[32]);

/* ---- ops.c: one function per operation of VAULT_MAP; texts of answers live in `out` ---- */
#define OP(no, name, who, question, answer)                                                        \
    MUST_USE err ops_##name(struct vault *v, struct arena *out,                                    \
                            const struct vault_##name##_in *in, struct vault_##name##_out *ret);
VAULT_MAP(OP)
#undef OP

/* ---- serve.c ---- */
enum vault_who { VAULT_WHO_API = 1, VAULT_WHO_PARENT = 2, VAULT_WHO_BOTH = 3 };
/* Answers one question on sock. E_CLOSED when the other end has gone or does not read; E_CORRUPT
 * when it speaks nonsense. */
MUST_USE err vault_answer(struct vault *v, enum vault_who who, int sock, const struct msg *m);
struct role_start;
/* Serves until the parent says stop or goes. */
void vault_serve(struct vault *v, const struct role_start *r);

#endif
