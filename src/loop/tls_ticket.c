/* SPDX-License-Identifier: Apache-2.0 */
/* Tickets hold the whole session, sealed with AES-256-CBC and HMAC-SHA-256, so the server remembers
 * nothing. There is no early data, so a replayed ticket gains nothing. Keys are read under a lock
 * that handshakes share. */
#include "loop/tls_ticket.h"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <openssl/ssl.h>
#include <pthread.h>
#include <string.h>

struct tls_tickets {
    pthread_rwlock_t lock;
    size_t n;
    struct tls_ticket_key keys[TLS_TICKET_KEYS_MAX];
};

static struct {
    pthread_once_t once;
    int index;
} lib = { .once = PTHREAD_ONCE_INIT };

static void lib_begin(void)
{
    lib.index = SSL_CTX_get_ex_new_index(0, NULL, NULL, NULL, NULL);
    must(lib.index >= 0);
}

struct tls_tickets *tls_tickets_new(void)
{
    struct tls_tickets *t = calloc(1, sizeof *t);
    must(t != NULL);
    must(pthread_rwlock_init(&t->lock, NULL) == 0);
    return t;
}

void tls_tickets_free(struct tls_tickets *t)
{
    if (!t)
        return;
    must(pthread_rwlock_destroy(&t->lock) == 0);
    OPENSSL_cleanse(t, sizeof *t);
    free(t);
}

void tls_tickets_set(struct tls_tickets *t, const struct tls_ticket_key *keys, size_t n)
{
    must(n <= TLS_TICKET_KEYS_MAX);
    must(pthread_rwlock_wrlock(&t->lock) == 0);
    OPENSSL_cleanse(t->keys, sizeof t->keys);
    if (n)
        memcpy(t->keys, keys, n * sizeof *keys);
    t->n = n;
    must(pthread_rwlock_unlock(&t->lock) == 0);
}

static bool begin_mac(EVP_MAC_CTX *mac, struct tls_ticket_key *k)
{
    static char sha256[] = "SHA256";
    OSSL_PARAM params[] = {
        OSSL_PARAM_construct_octet_string(OSSL_MAC_PARAM_KEY, k->mac, sizeof k->mac),
        OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, sha256, 0),
        OSSL_PARAM_construct_end(),
    };
    return EVP_MAC_CTX_set_params(mac, params) == 1;
}

/* 1: sealed; 2: opened, and a new one is to be given (clients use a TLS 1.3 ticket once); 0: no
 * ticket, a full handshake; -1: failure. */
static int ticket(SSL *ssl, unsigned char *name, unsigned char *iv, EVP_CIPHER_CTX *cipher,
                  EVP_MAC_CTX *mac, int seal)
{
    struct tls_tickets *t = SSL_CTX_get_ex_data(SSL_get_SSL_CTX(ssl), lib.index);
    struct tls_ticket_key key;
    size_t at = 0, n;
    must(pthread_rwlock_rdlock(&t->lock) == 0);
    n = t->n;
    while (!seal && at < n && memcmp(t->keys[at].name, name, sizeof key.name) != 0)
        at++;
    if (at < n)
        key = t->keys[at];
    must(pthread_rwlock_unlock(&t->lock) == 0);
    if (at >= n)
        return 0;
    bool ok;
    if (seal) {
        memcpy(name, key.name, sizeof key.name);
        ok = RAND_bytes(iv, 16) == 1 &&
             EVP_EncryptInit_ex(cipher, EVP_aes_256_cbc(), NULL, key.cipher, iv) == 1;
    } else {
        ok = EVP_DecryptInit_ex(cipher, EVP_aes_256_cbc(), NULL, key.cipher, iv) == 1;
    }
    ok = ok && begin_mac(mac, &key);
    OPENSSL_cleanse(&key, sizeof key);
    return !ok ? -1 : seal ? 1 : 2;
}

void tls_tickets_use(struct tls_tickets *t, SSL_CTX *ctx)
{
    must(pthread_once(&lib.once, lib_begin) == 0);
    must(SSL_CTX_set_ex_data(ctx, lib.index, t) == 1);
    must(SSL_CTX_set_tlsext_ticket_key_evp_cb(ctx, ticket) == 1);
}
