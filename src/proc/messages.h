/* SPDX-License-Identifier: Apache-2.0 */
/* Every message that crosses between processes, each declared once. From the two lists come the
 * structs, the reader and writer of each (by table, proc/record.h), the vault's dispatch and its
 * client's functions. A new field or message is a line here and nothing else; all processes are of
 * one build, so there is no version to negotiate. */
#ifndef OUTWORK_PROC_MESSAGES_H
#define OUTWORK_PROC_MESSAGES_H

#include "proc/msg.h"
#include "proc/record.h"

enum { CONFIG_TEXT_MAX = 32 * 1024, PATH_TEXT_MAX = 4096, ROLE_NAME_MAX = 16 };

/* clang-format off */
/* Between parent and role, on the role's control socket (descriptor 3). MESSAGE(no, name, fields).
 *   to the role:   start; then listener and peer, each with its descriptor; go. Later peer (to
 *                  a role that was restarted, in place of the one with this index), reload,
 *                  death (of another role), stop
 *   to the parent: ready once; refuse before it exits, when a restart would not help */
/* clang-format on */
#define CONTROL_MAP(MESSAGE)                                                                       \
    MESSAGE(1, start,                                                                              \
            FIELD(STR, data, PATH_TEXT_MAX) FIELD(STR, config, CONFIG_TEXT_MAX)                    \
                FIELD(U32, threads, 0) FIELD(U32, uid, 0) FIELD(BOOL, create, 0)                   \
                    FIELD(I64, parent_started, 0))                                                 \
    MESSAGE(2, listener, FIELD(U32, kind, 0) FIELD(U32, index, 0) FIELD(STR, address, 128))        \
    MESSAGE(3, peer, FIELD(STR, role, ROLE_NAME_MAX) FIELD(U32, index, 0))                         \
    MESSAGE(4, go, )                                                                               \
    MESSAGE(5, reload, FIELD(STR, config, CONFIG_TEXT_MAX))                                        \
    MESSAGE(6, stop, )                                                                             \
    MESSAGE(7, death, FIELD(STR, role, ROLE_NAME_MAX) FIELD(U32, deaths, 0) FIELD(I64, status, 0)) \
    MESSAGE(8, ready, FIELD(U32, uid, 0) FIELD(U32, landlock_abi, 0) FIELD(BOOL, seccomp, 0))      \
    MESSAGE(9, refuse, FIELD(STR, text, 1024))

/* clang-format off */
/* What the vault does, one answer for one question. OP(no, name, who, question, answer); question
 * and answer have the types no and no + 1; the answer may be `failed` instead. who may ask: API,
 * PARENT, BOTH.
 *   tls_sign      ECDSA P-256 over a SHA-256 digest, DER
 *   ticket_keys   of TLS sessions, 80 bytes each (name 16, HMAC 32, AES 32): the one to issue with
 *                 and the one before it; rotate_at: when to ask again
 *   ledger_head   what was signed last, and by which key
 *   ledger_sign   signs a checkpoint body (C2SP tlog-checkpoint: origin, size, root) if it states
 *                 size and root, and if proof (hashes end to end, RFC 9162 2.1.4) shows that the
 *                 tree signed last is its beginning
 *   seal, unseal  XChaCha20-Poly1305 under the vault's data key; purpose and context are
 *                 authenticated: E_CORRUPT when either differs or a bit does. Purposes that begin
 *                 with "vault." are the vault's own
 *   totp_new      a TOTP secret (20 random bytes, or those given), sealed for context, and in
 *                 base32 to be shown once
 *   totp_check    RFC 6238, one step around now; step: the one accepted, to be stored and given as
 *                 last_step next time; 0: none
 *   ca_issue      a certificate for the TLS key and these host names (comma between), and the
 *                 authority's
 *   ca_info       the authority's certificate as it is */
/* clang-format on */
#define VAULT_MAP(OP)                                                                              \
    OP(200, tls_sign, API, FIELD(FIX, digest, 32), FIELD(STR, der, 80))                            \
    OP(202, ticket_keys, API, ,                                                                    \
       FIELD(FIX, current, 80) FIELD(FIX, previous, 80) FIELD(I64, rotate_at, 0))                  \
    OP(204, ledger_head, BOTH, ,                                                                   \
       FIELD(U64, size, 0) FIELD(FIX, root, 32) FIELD(FIX, public_key, 32)                         \
           FIELD(STR, origin, 256))                                                                \
    OP(206, ledger_sign, API,                                                                      \
       FIELD(U64, size, 0) FIELD(FIX, root, 32) FIELD(STR, proof, 63 * 32) FIELD(STR, body, 4096), \
       FIELD(FIX, signature, 64))                                                                  \
    OP(208, seal, API, FIELD(STR, purpose, 64) FIELD(STR, context, 256) FIELD(STR, plain, 32768),  \
       FIELD(STR, sealed, 33024))                                                                  \
    OP(210, unseal, API,                                                                           \
       FIELD(STR, purpose, 64) FIELD(STR, context, 256) FIELD(STR, sealed, 33024),                 \
       FIELD(STR, plain, 32768))                                                                   \
    OP(212, totp_new, API, FIELD(STR, context, 256) FIELD(STR, given, 64),                         \
       FIELD(STR, sealed, 256) FIELD(STR, base32, 128))                                            \
    OP(214, totp_check, API,                                                                       \
       FIELD(STR, context, 256) FIELD(STR, sealed, 256) FIELD(STR, code, 16) FIELD(I64, now, 0)    \
           FIELD(U64, last_step, 0),                                                               \
       FIELD(U64, step, 0))                                                                        \
    OP(216, ca_issue, PARENT, FIELD(STR, hosts, 2048),                                             \
       FIELD(STR, chain, 16384) FIELD(STR, ca, 8192) FIELD(I64, not_after, 0))                     \
    OP(218, ca_info, PARENT, , FIELD(STR, ca, 8192))

enum { MSG_failed = 100 }; /* an answer: why not */

#define FIELD(kind, name, max) FIELD_AS_MEMBER(kind, name, max)
#define MESSAGE(no, name, fields) \
    struct msg_##name {           \
        fields                    \
    };
CONTROL_MAP(MESSAGE)
#undef MESSAGE
struct msg_failed {
    u32 code;
    str text;
};
#define OP(no, name, who, question, answer) \
    struct vault_##name##_in {              \
        question                            \
    };                                      \
    struct vault_##name##_out {             \
        answer                              \
    };
VAULT_MAP(OP)
#undef OP
#undef FIELD

/* MSG_start, MSG_listener … and VAULT_tls_sign, VAULT_ticket_keys …: message types. */
enum msg_type {
#define MESSAGE(no, name, fields) MSG_##name = (no),
    CONTROL_MAP(MESSAGE)
#undef MESSAGE
#define OP(no, name, who, question, answer) VAULT_##name = (no),
        VAULT_MAP(OP)
#undef OP
};

/* msg_record_start() …, vault_record_tls_sign_in(), vault_record_tls_sign_out() …: the tables. */
#define MESSAGE(no, name, fields) const struct record *msg_record_##name(void);
CONTROL_MAP(MESSAGE)
#undef MESSAGE
const struct record *msg_record_failed(void);
#define OP(no, name, who, question, answer)              \
    const struct record *vault_record_##name##_in(void); \
    const struct record *vault_record_##name##_out(void);
VAULT_MAP(OP)
#undef OP

/* The record of a message type; NULL for an unknown one. */
const struct record *msg_record(u32 type);
/* Writes *from as r and sends it with head's type, id and descriptor. Errors of record_put and
 * msg_send. */
MUST_USE err msg_post(int sock, const struct msg *head, const struct record *r, const void *from);

/* msg_post_stop(sock, &(struct msg_stop){ 0 }, -1) …: typed senders of control messages. */
#define MESSAGE(no, name, fields)                                                                 \
    MUST_USE static inline err msg_post_##name(int sock, const struct msg_##name *m, int fd)      \
    {                                                                                             \
        return msg_post(sock, &(struct msg){ MSG_##name, 0, { 0 }, fd }, msg_record_##name(), m); \
    }
CONTROL_MAP(MESSAGE)
#undef MESSAGE

#endif
