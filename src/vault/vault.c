/* SPDX-License-Identifier: Apache-2.0 */
/* Opening and closing the vault: keys are made once, kept in locked, guarded memory (libsodium's),
 * and wiped at the end. */
#include "vault/vault.h"

#include <openssl/ec.h>
#include <sodium.h>
#include <string.h>
#include <unistd.h>

#include "base/os.h"

err vault_root_key_parse(str text, u8 ret[ROOT_KEY_BYTES])
{
    if (text.n == ROOT_KEY_BYTES) {
        memcpy(ret, text.p, ROOT_KEY_BYTES);
        return E_NONE;
    }
    while (text.n &&
           (text.p[text.n - 1] == '\n' || text.p[text.n - 1] == '\r' || text.p[text.n - 1] == ' '))
        text.n--;
    size_t n = 0;
    if (text.n != 2 * ROOT_KEY_BYTES ||
        sodium_hex2bin(ret, ROOT_KEY_BYTES, text.p, text.n, NULL, &n, NULL) != 0)
        return E_INVALID;
    return n == ROOT_KEY_BYTES ? E_NONE : E_INVALID;
}

/* A new P-256 key as DER at *at, which moves on. */
static str new_key(u8 **at)
{
    EVP_PKEY *k = EVP_EC_gen("P-256");
    must(k != NULL);
    u8 *begin = *at;
    int n = i2d_PrivateKey(k, at);
    must(n > 0 && n <= DER_KEY_MAX);
    EVP_PKEY_free(k);
    return (str){ (char *)begin, (size_t)n };
}

static EVP_PKEY *key_of(str der)
{
    const u8 *p = (const u8 *)der.p;
    return d2i_AutoPrivateKey(NULL, &p, (long)der.n);
}

static err take_keys(struct vault *v)
{
    v->tls = key_of(v->state->tls_key);
    v->ca = key_of(v->state->ca_key);
    if (!v->tls || !v->ca)
        return E_CORRUPT;
    v->tls_sign = EVP_PKEY_CTX_new(v->tls, NULL);
    must(v->tls_sign && EVP_PKEY_sign_init(v->tls_sign) == 1);
    must(crypto_sign_seed_keypair(v->ledger_public, v->ledger_secret, v->state->ledger_key) == 0);
    const u8 *p = (const u8 *)v->state->ca_cert.p;
    if (v->state->ca_cert.n && !(v->ca_cert = d2i_X509(NULL, &p, (long)v->state->ca_cert.n)))
        return E_CORRUPT;
    return E_NONE;
}

static err make_keys(struct vault *v, const struct vault_open *o)
{
    struct vault_state *st = v->state;
    u8 *at = v->bytes;
    st->version = 1;
    st->tls_key = new_key(&at);
    st->ca_key = new_key(&at);
    randombytes_buf(st->ledger_key, sizeof st->ledger_key);
    randombytes_buf(st->data_key, sizeof st->data_key);
    randombytes_buf(st->ticket_current, sizeof st->ticket_current);
    randombytes_buf(st->ticket_previous, sizeof st->ticket_previous);
    st->ticket_since = os_now();
    if (!o->origin.n || o->origin.n > 255 || str_has(o->origin, '\n'))
        return E_INVALID;
    memcpy(at, o->origin.p, o->origin.n);
    st->origin = (str){ (char *)at, o->origin.n };
    at += o->origin.n;
    TRY(take_keys(v));
    TRY(ca_make(v, o->hosts, os_now()));
    u8 *begin = at;
    int n = i2d_X509(v->ca_cert, NULL);
    must(n > 0);
    if (n > DER_CERT_MAX)
        return E_LIMIT;
    must(i2d_X509(v->ca_cert, &at) == n);
    st->ca_cert = (str){ (char *)begin, (size_t)n };
    return vault_save(v);
}

static err open_or_make(struct vault *v, const struct vault_open *o, const char **reterr_why)
{
    off_t size =
        lseek(v->file, 0, SEEK_END); /* not fstat: nothing that could name a path is permitted */
    if (size < 0) {
        *reterr_why = "the vault file cannot be read";
        return os_err();
    }
    if (size == 0 && !o->create) {
        *reterr_why = "the vault file is empty: restore it from a backup, or run `outwork init` on "
                      "a new folder";
        return E_NOT_FOUND;
    }
    if (size == 0) {
        *reterr_why =
            "the vault could not make its keys (are the host names valid, is the disk full?)";
        return make_keys(v, o);
    }
    err e = vault_load(v);
    if (e == E_NONE)
        e = take_keys(v);
    *reterr_why = e == E_DENIED ? "the root key is not the one this vault file was sealed with"
                                : "the vault file is damaged: restore it from a backup";
    return e;
}

err vault_open(const struct vault_open *o, struct vault **ret, const char **reterr_why)
{
    must(sodium_init() >= 0);
    struct vault *v = sodium_malloc(sizeof *v);
    must(v != NULL);
    *v = (struct vault){ .file = o->file, .why = S_INIT("") };
    v->state = sodium_malloc(sizeof *v->state);
    v->bytes = sodium_malloc(STATE_BYTES_MAX);
    v->root_key = sodium_malloc(ROOT_KEY_BYTES);
    must(v->state && v->bytes && v->root_key);
    memset(v->state, 0, sizeof *v->state);
    memcpy(v->root_key, o->root_key, ROOT_KEY_BYTES);
    const char *why = "";
    err e = open_or_make(v, o, &why);
    if (e != E_NONE) {
        vault_close(v);
        *reterr_why = why;
        return e;
    }
    *ret = v;
    return E_NONE;
}

void vault_close(struct vault *v)
{
    if (!v)
        return;
    EVP_PKEY_CTX_free(v->tls_sign);
    EVP_PKEY_free(v->tls);
    EVP_PKEY_free(v->ca);
    X509_free(v->ca_cert);
    sodium_free(v->state);
    sodium_free(v->bytes);
    sodium_free(v->root_key);
    sodium_free(v); /* all of them wiped first */
}
