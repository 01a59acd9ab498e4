/* SPDX-License-Identifier: Apache-2.0 */
/* Asking the vault: one question, one answer, on a socket that one thread owns. A function per
 * operation of VAULT_MAP (proc/messages.h):  err vault_tls_sign(client, &question, &answer). A
 * vault that has died gives E_BUSY at once, one that does not answer within the timeout E_BUSY too;
 * what it refuses comes as its own code, with a text in vault_client_why(). Texts in an answer live
 * until the client's next question. */
#ifndef OUTWORK_PROC_VAULT_CLIENT_H
#define OUTWORK_PROC_VAULT_CLIENT_H

#include "proc/messages.h"

enum { VAULT_TIMEOUT_MS = 2000 };

struct vault_client;

/* In the arena, without a socket: every question gives E_BUSY until vault_client_use. The arena's
 * reset closes it. */
struct vault_client *vault_client_new(struct arena *a);
/* Takes this socket over (of a `peer` message) in place of the one before, which is closed. */
void vault_client_use(struct vault_client *c, int fd);
/* Longer for slow answers, shorter for tests. */
void vault_client_timeout(struct vault_client *c, usec timeout);
/* What the vault said with its last refusal; "" if it said nothing. */
str vault_client_why(const struct vault_client *c);
bool vault_client_alive(const struct vault_client *c);

#define OP(no, name, who, question, answer)                                               \
    MUST_USE err vault_##name(struct vault_client *c, const struct vault_##name##_in *in, \
                              struct vault_##name##_out *ret);
VAULT_MAP(OP)
#undef OP

#endif
