/* SPDX-License-Identifier: Apache-2.0 */
/* Makes a self-signed certificate with OpenSSL and signs digests with its key. */
#include "loop/tls_self.h"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

struct tls_self {
    EVP_PKEY *key;
};

static bool extend(X509 *x, int nid, const char *value)
{
    X509V3_CTX ctx;
    X509V3_set_ctx(&ctx, x, x, NULL, NULL, 0);
    X509_EXTENSION *e = X509V3_EXT_conf_nid(NULL, &ctx, nid, value);
    bool ok = e && X509_add_ext(x, e, -1) == 1;
    X509_EXTENSION_free(e);
    return ok;
}

static bool fill(X509 *x, EVP_PKEY *key, const char *host)
{
    SCRATCH(s);
    X509_NAME *name = X509_get_subject_name(x);
    str names = str_fmt(s.a, "DNS:%s,IP:127.0.0.1", host);
    return X509_set_version(x, X509_VERSION_3) == 1 &&
           ASN1_INTEGER_set(X509_get_serialNumber(x), 1) == 1 &&
           X509_gmtime_adj(X509_getm_notBefore(x), -3600) &&
           X509_gmtime_adj(X509_getm_notAfter(x), 10L * 86400) &&
           X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8, (const u8 *)host, -1, -1, 0) ==
               1 &&
           X509_set_issuer_name(x, name) == 1 && X509_set_pubkey(x, key) == 1 &&
           extend(x, NID_basic_constraints, "critical,CA:TRUE") &&
           extend(x, NID_subject_alt_name, names.p) && X509_sign(x, key, EVP_sha256()) > 0;
}

static err to_pem(struct arena *out, X509 *x, str *ret)
{
    BIO *bio = BIO_new(BIO_s_mem());
    char *p = NULL;
    bool ok = bio && PEM_write_bio_X509(bio, x) == 1;
    long n = ok ? BIO_get_mem_data(bio, &p) : 0;
    if (ok)
        *ret = str_copy(out, (str){ p, (size_t)n });
    BIO_free(bio);
    return ok ? E_NONE : E_INTERNAL;
}

err tls_self_new(struct arena *out, const char *host, struct tls_self **ret, str *ret_pem)
{
    struct tls_self *t = calloc(1, sizeof *t);
    must(t != NULL);
    t->key = EVP_EC_gen("P-256");
    X509 *x = X509_new();
    err e = t->key && x && fill(x, t->key, host) ? to_pem(out, x, ret_pem) : E_INTERNAL;
    X509_free(x);
    if (e == E_NONE)
        *ret = t;
    else
        tls_self_free(t);
    return e;
}

void tls_self_free(struct tls_self *t)
{
    if (!t)
        return;
    EVP_PKEY_free(t->key);
    free(t);
}

err tls_self_sign(void *arg, const u8 digest[32], u8 *ret_sig, size_t *ret_n)
{
    struct tls_self *t = arg;
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(t->key, NULL);
    size_t n = TLS_SIG_MAX;
    bool ok =
        ctx && EVP_PKEY_sign_init(ctx) == 1 && EVP_PKEY_sign(ctx, ret_sig, &n, digest, 32) == 1;
    EVP_PKEY_CTX_free(ctx);
    if (!ok)
        return E_INTERNAL;
    *ret_n = n;
    return E_NONE;
}
