/* SPDX-License-Identifier: Apache-2.0 */
/* Contexts: TLS 1.3 alone, ALPN http/1.1, no session cache, buffers given back while idle, reading
 * ahead (one recv takes what is there). The server's key is a P-256 public key whose method asks
 * the callback to sign, so that the private half can live in another process. */
#define OPENSSL_SUPPRESS_DEPRECATED /* EC_KEY_METHOD: else a provider would be needed */
#include "loop/tls.h"

#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <pthread.h>
#include <string.h>

#include "loop/tls_ticket.h"

struct tls {
    SSL_CTX *ctx; /* holds this struct in its ex_data, and frees it with itself */
    tls_sign_fn *sign;
    void *sign_arg;
    SSL_SESSION *session; /* client: the newest ticket */
    bool server;
};

static struct {
    pthread_once_t once;
    EC_KEY_METHOD *method;
    int key_index, ctx_index;
} lib = { .once = PTHREAD_ONCE_INIT };

static int sign_elsewhere(UNUSED int type, const unsigned char *digest, int n, unsigned char *sig,
                          unsigned int *ret_n, UNUSED const BIGNUM *kinv, UNUSED const BIGNUM *r,
                          EC_KEY *key)
{
    struct tls *t = EC_KEY_get_ex_data(key, lib.key_index);
    u8 made[TLS_SIG_MAX];
    size_t made_n = 0;
    if (n != 32 || t->sign(t->sign_arg, digest, made, &made_n) != E_NONE || made_n == 0 ||
        made_n > (size_t)ECDSA_size(key) || made_n > sizeof made)
        return 0;
    memcpy(sig, made, made_n);
    *ret_n = (unsigned)made_n;
    return 1;
}

static void ctx_freed(UNUSED void *parent, void *p, UNUSED CRYPTO_EX_DATA *ad, UNUSED int index,
                      UNUSED long argl, UNUSED void *argp)
{
    struct tls *t = p;
    if (t)
        SSL_SESSION_free(t->session);
    free(t);
}

static void lib_begin(void)
{
    lib.method = EC_KEY_METHOD_new(EC_KEY_OpenSSL());
    lib.key_index = EC_KEY_get_ex_new_index(0, NULL, NULL, NULL, NULL);
    lib.ctx_index = SSL_CTX_get_ex_new_index(0, NULL, NULL, NULL, ctx_freed);
    must(lib.method && lib.key_index >= 0 && lib.ctx_index >= 0);
    EC_KEY_METHOD_set_sign(lib.method, sign_elsewhere, NULL, NULL);
}

struct tls *tls_share(struct tls *t)
{
    must(SSL_CTX_up_ref(t->ctx) == 1);
    return t;
}

void tls_drop(struct tls *t)
{
    if (t)
        SSL_CTX_free(t->ctx);
}

static struct tls *tls_new(const SSL_METHOD *method)
{
    must(pthread_once(&lib.once, lib_begin) == 0);
    struct tls *t = calloc(1, sizeof *t);
    must(t != NULL);
    t->ctx = SSL_CTX_new(method);
    must(t->ctx && SSL_CTX_set_ex_data(t->ctx, lib.ctx_index, t) == 1);
    must(SSL_CTX_set_min_proto_version(t->ctx, TLS1_3_VERSION) == 1);
    must(SSL_CTX_set_max_proto_version(t->ctx, TLS1_3_VERSION) == 1);
    /* Not the finite-field groups: a client could make us pay for them. */
    must(SSL_CTX_set1_groups_list(t->ctx, "X25519:P-256:P-384") == 1);
    SSL_CTX_set_mode(t->ctx, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    SSL_CTX_set_read_ahead(t->ctx, 1);
    SSL_CTX_set_options(t->ctx, SSL_OP_IGNORE_UNEXPECTED_EOF);
    return t;
}

/* ---- server */

static int choose_alpn(UNUSED SSL *ssl, const unsigned char **out, unsigned char *out_n,
                       const unsigned char *in, unsigned in_n, UNUSED void *arg)
{
    static const unsigned char ours[] = "\x08http/1.1";
    unsigned char *chosen = NULL;
    if (SSL_select_next_proto(&chosen, out_n, ours, sizeof ours - 1, in, in_n) !=
        OPENSSL_NPN_NEGOTIATED)
        return SSL_TLSEXT_ERR_ALERT_FATAL;
    *out = chosen;
    return SSL_TLSEXT_ERR_OK;
}

/* A key that has the certificate's public half and signs through the callback. */
static err use_public_key(struct tls *t, X509 *leaf)
{
    u8 point[65];
    size_t n = 0;
    char curve[32];
    EVP_PKEY *pub = X509_get0_pubkey(leaf);
    if (!pub || EVP_PKEY_get_group_name(pub, curve, sizeof curve, NULL) != 1 ||
        strcmp(curve, "prime256v1") != 0 ||
        EVP_PKEY_get_octet_string_param(pub, OSSL_PKEY_PARAM_ENCODED_PUBLIC_KEY, point,
                                        sizeof point, &n) != 1)
        return E_INVALID;
    EC_KEY *ec = EC_KEY_new_by_curve_name(NID_X9_62_prime256v1);
    EVP_PKEY *key = EVP_PKEY_new();
    must(ec && key);
    bool ok = EC_KEY_oct2key(ec, point, n, NULL) == 1 &&
              EC_KEY_set_ex_data(ec, lib.key_index, t) == 1 &&
              EC_KEY_set_method(ec, lib.method) == 1;
    must(EVP_PKEY_assign_EC_KEY(key, ec) == 1);
    ok = ok && SSL_CTX_use_PrivateKey(t->ctx, key) == 1;
    EVP_PKEY_free(key);
    return ok ? E_NONE : E_INVALID;
}

static err use_chain(struct tls *t, str pem)
{
    BIO *bio = BIO_new_mem_buf(pem.p, (int)pem.n);
    must(bio != NULL);
    X509 *leaf = PEM_read_bio_X509(bio, NULL, NULL, NULL);
    err e =
        leaf && SSL_CTX_use_certificate(t->ctx, leaf) == 1 ? use_public_key(t, leaf) : E_INVALID;
    for (X509 *more; e == E_NONE && (more = PEM_read_bio_X509(bio, NULL, NULL, NULL));)
        must(SSL_CTX_add0_chain_cert(t->ctx, more) == 1);
    X509_free(leaf);
    BIO_free(bio);
    ERR_clear_error(); /* the end of the PEM is one */
    return e;
}

err tls_server_new(const struct tls_server_setup *setup, struct tls **ret)
{
    struct tls *t = tls_new(TLS_server_method());
    t->server = true;
    t->sign = setup->sign;
    t->sign_arg = setup->sign_arg;
    SSL_CTX_set_session_cache_mode(t->ctx, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_alpn_select_cb(t->ctx, choose_alpn, NULL);
    must(SSL_CTX_set_session_id_context(t->ctx, (const u8 *)"outwork", 7) == 1);
    if (setup->tickets)
        tls_tickets_use(setup->tickets, t->ctx);
    else
        must(SSL_CTX_set_num_tickets(t->ctx, 0) == 1);
    err e = use_chain(t, setup->cert_pem);
    if (e != E_NONE) {
        tls_drop(t);
        return e;
    }
    *ret = t;
    return E_NONE;
}

/* ---- client */

static int keep_session(SSL *ssl, SSL_SESSION *session)
{
    struct tls *t = SSL_CTX_get_ex_data(SSL_get_SSL_CTX(ssl), lib.ctx_index);
    SSL_SESSION_free(t->session);
    t->session = session;
    return 1;
}

bool tls_client_has_session(struct tls *t)
{
    return t->session != NULL;
}

err tls_client_new(str ca_pem, struct tls **ret)
{
    struct tls *t = tls_new(TLS_client_method());
    BIO *bio = BIO_new_mem_buf(ca_pem.p, (int)ca_pem.n);
    must(bio != NULL);
    size_t n = 0;
    for (X509 *ca; (ca = PEM_read_bio_X509(bio, NULL, NULL, NULL)); n++) {
        must(X509_STORE_add_cert(SSL_CTX_get_cert_store(t->ctx), ca) == 1);
        X509_free(ca);
    }
    BIO_free(bio);
    ERR_clear_error();
    SSL_CTX_set_verify(t->ctx, SSL_VERIFY_PEER, NULL);
    SSL_CTX_set_session_cache_mode(t->ctx, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
    SSL_CTX_sess_set_new_cb(t->ctx, keep_session);
    if (!n) {
        tls_drop(t);
        return E_INVALID;
    }
    *ret = t;
    return E_NONE;
}

/* ---- one connection */

static bool client_setup(struct tls *t, SSL *ssl, str host)
{
    SCRATCH(s);
    const char *z = str_z(s.a, host);
    static const u8 alpn[] = "\x08http/1.1";
    SSL_set_connect_state(ssl);
    if (SSL_set_alpn_protos(ssl, alpn, sizeof alpn - 1) != 0)
        return false;
    if (t->session && SSL_set_session(ssl, t->session) != 1)
        return false;
    return SSL_set_tlsext_host_name(ssl, z) == 1 && SSL_set1_host(ssl, z) == 1;
}

SSL *tls_conn_new(struct tls *t, str host, BIO *bio)
{
    SSL *ssl = SSL_new(t->ctx);
    if (!ssl) {
        BIO_free(bio);
        return NULL;
    }
    SSL_set_bio(ssl, bio, bio);
    if (t->server) {
        SSL_set_accept_state(ssl);
    } else if (!client_setup(t, ssl, host)) {
        SSL_free(ssl);
        return NULL;
    }
    return ssl;
}
