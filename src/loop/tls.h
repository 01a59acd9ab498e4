/* SPDX-License-Identifier: Apache-2.0 */
/* TLS 1.3 contexts (OpenSSL 3). A server's context holds the certificate chain and no private key:
 * it signs through a callback. Tickets are sealed with keys given from outside, so that resumption
 * survives a restart and is shared by processes. A context never changes but for its ticket keys: a
 * new certificate is a new context; old connections keep theirs. */
#ifndef OUTWORK_LOOP_TLS_H
#define OUTWORK_LOOP_TLS_H

#include <openssl/types.h>

#include "base/str.h"

struct tls;                           /* one context, server or client; counted */
struct tls *tls_share(struct tls *t); /* +1; any thread */
void tls_drop(struct tls *t);         /* -1; NULL is fine. Connections count too. */

/* ---- ticket keys: the first seals, all open. Every resumption gives the client a new ticket. */
enum { TLS_TICKET_KEYS_MAX = 4 };
struct tls_ticket_key {
    u8 name[16], cipher[32], mac[32];
};                  /* random bytes */
struct tls_tickets; /* must outlive the contexts that use it and their connections */
struct tls_tickets *tls_tickets_new(void); /* without keys no tickets are given */
void tls_tickets_free(struct tls_tickets *t);
void tls_tickets_set(struct tls_tickets *t, const struct tls_ticket_key *keys,
                     size_t n); /* any thread */

/* ---- server */
enum { TLS_SIG_MAX = 80 };
/* An ECDSA P-256 signature in DER over a SHA-256 digest: at most TLS_SIG_MAX bytes to ret_sig.
 * Called on the loop's thread, so it may block for a hundred microseconds, not for ever. Any error
 * ends the handshake. */
typedef err tls_sign_fn(void *arg, const u8 digest[32], u8 *ret_sig, size_t *ret_n);
struct tls_server_setup {
    str cert_pem; /* the leaf, then its chain; a P-256 key */
    tls_sign_fn *sign;
    void *sign_arg;              /* outlives the context and its connections */
    struct tls_tickets *tickets; /* NULL: no tickets */
};
/* E_INVALID: the PEM has no certificate, or its key is not P-256. */
MUST_USE err tls_server_new(const struct tls_server_setup *setup, struct tls **ret);

/* ---- client: verifies the chain up to one of the given authorities, and the name */
MUST_USE err tls_client_new(str ca_pem, struct tls **ret);
bool tls_client_has_session(
    struct tls *t); /* a ticket came in; the next connection offers it. One thread. */

/* ---- one connection, for loop/stream.c */
/* host: the name a client asks for and verifies; empty for a server. NULL when memory or OpenSSL
 * fails. bio is taken. */
SSL *tls_conn_new(struct tls *t, str host, BIO *bio);

#endif
