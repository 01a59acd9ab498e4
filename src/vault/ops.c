/* SPDX-License-Identifier: Apache-2.0 */
/* The vault's operations. Each refuses with a static sentence in v->why; none gives a private key
 * away. */
#include <sodium.h>
#include <string.h>

#include "base/os.h"
#include "proc/totp.h"
#include "vault/vault.h"

enum {
    SEAL_VERSION = 1,
    SEAL_NONCE = 24,
    SEAL_HEAD = 1 + SEAL_NONCE,
    SEAL_TAG = 16,
    TOTP_SECRET = 20
};
#define TICKET_LIFE  (12 * USEC_HOUR)
#define TOTP_PURPOSE S("vault.totp")

static err refuse(struct vault *v, err code, str why)
{
    v->why = why;
    return code;
}

err ops_tls_sign(struct vault *v, struct arena *out, const struct vault_tls_sign_in *in,
                 struct vault_tls_sign_out *ret)
{
    size_t n = 80;
    u8 *der = arena_get_raw(out, n, 1);
    if (EVP_PKEY_sign(v->tls_sign, der, &n, in->digest, sizeof in->digest) != 1)
        return refuse(v, E_INTERNAL, S("signing failed"));
    ret->der = (str){ (char *)der, n };
    return E_NONE;
}

err ops_ticket_keys(struct vault *v, UNUSED struct arena *out,
                    UNUSED const struct vault_ticket_keys_in *in, struct vault_ticket_keys_out *ret)
{
    struct vault_state *st = v->state;
    usec now = os_now();
    if (now >= st->ticket_since + TICKET_LIFE || now < st->ticket_since - USEC_HOUR) {
        memcpy(st->ticket_previous, st->ticket_current, sizeof st->ticket_previous);
        randombytes_buf(st->ticket_current, sizeof st->ticket_current);
        st->ticket_since = now;
        TRY(vault_save(v));
    }
    memcpy(ret->current, st->ticket_current, sizeof ret->current);
    memcpy(ret->previous, st->ticket_previous, sizeof ret->previous);
    ret->rotate_at = st->ticket_since + TICKET_LIFE;
    return E_NONE;
}

err ops_ledger_head(struct vault *v, UNUSED struct arena *out,
                    UNUSED const struct vault_ledger_head_in *in, struct vault_ledger_head_out *ret)
{
    ret->size = v->state->head_size;
    memcpy(ret->root, v->state->head_root, sizeof ret->root);
    memcpy(ret->public_key, v->ledger_public, sizeof ret->public_key);
    ret->origin = v->state->origin;
    return E_NONE;
}

err ops_ledger_sign(struct vault *v, UNUSED struct arena *out,
                    const struct vault_ledger_sign_in *in, struct vault_ledger_sign_out *ret)
{
    struct vault_state *st = v->state;
    if (head_body_states(in->body, st->origin, in->size, in->root) != E_NONE)
        return refuse(v, E_INVALID, S("the checkpoint does not state this ledger, size and root"));
    if (in->size < st->head_size)
        return refuse(v, E_CONFLICT, S("a larger tree was signed before"));
    if (head_consistent(st->head_size, st->head_root, in->size, in->root, in->proof) != E_NONE)
        return refuse(v, E_CONFLICT, S("not shown to extend the tree signed last"));
    if (in->size != st->head_size) {
        struct vault_state was = *st;
        st->head_size = in->size;
        memcpy(st->head_root, in->root, sizeof st->head_root);
        err e = vault_save(v); /* durable before the signature leaves */
        if (e != E_NONE) {
            st->head_size = was.head_size;
            memcpy(st->head_root, was.head_root, sizeof st->head_root);
            sodium_memzero(&was, sizeof was);
            return refuse(v, e, S("the vault file could not be written"));
        }
        sodium_memzero(&was, sizeof was);
    }
    must(crypto_sign_detached(ret->signature, NULL, (const u8 *)in->body.p, in->body.n,
                              v->ledger_secret) == 0);
    return E_NONE;
}

/* ---- sealing ---- */

struct sealing {
    str purpose, context;
};

/* Purpose and context with their lengths, so that no two pairs look the same. */
static str seal_context(struct arena *out, const struct sealing *w)
{
    struct buf b = buf_in(out, 1024);
    buf_put(&b, S("outwork seal 1"));
    buf_u32be(&b, (u32)w->purpose.n);
    buf_put(&b, w->purpose);
    buf_put(&b, w->context);
    return buf_str(&b);
}

static str do_seal(struct vault *v, struct arena *out, const struct sealing *w, str plain)
{
    str ad = seal_context(out, w);
    size_t room = SEAL_HEAD + plain.n + SEAL_TAG;
    u8 *to = arena_get_raw(out, room, 1);
    unsigned long long n;
    to[0] = SEAL_VERSION;
    randombytes_buf(to + 1, SEAL_NONCE);
    must(crypto_aead_xchacha20poly1305_ietf_encrypt(to + SEAL_HEAD, &n, (const u8 *)plain.p,
                                                    plain.n, (const u8 *)ad.p, ad.n, NULL, to + 1,
                                                    v->state->data_key) == 0);
    return (str){ (char *)to, SEAL_HEAD + (size_t)n };
}

static err do_open(struct vault *v, struct arena *out, const struct sealing *w, str sealed,
                   str *ret)
{
    str ad = seal_context(out, w);
    if (sealed.n < SEAL_HEAD + SEAL_TAG || (u8)sealed.p[0] != SEAL_VERSION)
        return refuse(v, E_CORRUPT, S("not something this vault sealed"));
    const u8 *from = (const u8 *)sealed.p;
    u8 *to = arena_get_raw(out, sealed.n, 1);
    unsigned long long n;
    if (crypto_aead_xchacha20poly1305_ietf_decrypt(to, &n, NULL, from + SEAL_HEAD,
                                                   sealed.n - SEAL_HEAD, (const u8 *)ad.p, ad.n,
                                                   from + 1, v->state->data_key) != 0)
        return refuse(v, E_CORRUPT, S("sealed for another purpose or context, or changed since"));
    *ret = (str){ (char *)to, (size_t)n };
    return E_NONE;
}

err ops_seal(struct vault *v, struct arena *out, const struct vault_seal_in *in,
             struct vault_seal_out *ret)
{
    if (str_starts(in->purpose, S("vault.")))
        return refuse(v, E_DENIED, S("purposes that begin with \"vault.\" are the vault's own"));
    ret->sealed = do_seal(v, out, &(struct sealing){ in->purpose, in->context }, in->plain);
    return E_NONE;
}

err ops_unseal(struct vault *v, struct arena *out, const struct vault_unseal_in *in,
               struct vault_unseal_out *ret)
{
    if (str_starts(in->purpose, S("vault.")))
        return refuse(v, E_DENIED, S("purposes that begin with \"vault.\" are the vault's own"));
    return do_open(v, out, &(struct sealing){ in->purpose, in->context }, in->sealed, &ret->plain);
}

err ops_totp_new(struct vault *v, struct arena *out, const struct vault_totp_new_in *in,
                 struct vault_totp_new_out *ret)
{
    u8 fresh[TOTP_SECRET];
    str secret = in->given;
    if (secret.n && secret.n < 16)
        return refuse(v, E_INVALID, S("a one-time code secret has at least 16 bytes"));
    if (!secret.n) {
        randombytes_buf(fresh, sizeof fresh);
        secret = (str){ (char *)fresh, sizeof fresh };
    }
    struct buf b = buf_in(out, 128);
    totp_base32_put(&b, secret);
    ret->sealed = do_seal(v, out, &(struct sealing){ TOTP_PURPOSE, in->context }, secret);
    ret->base32 = buf_str(&b);
    sodium_memzero(fresh, sizeof fresh);
    return E_NONE;
}

err ops_totp_check(struct vault *v, struct arena *out, const struct vault_totp_check_in *in,
                   struct vault_totp_check_out *ret)
{
    str secret;
    TRY(do_open(v, out, &(struct sealing){ TOTP_PURPOSE, in->context }, in->sealed, &secret));
    ret->step = totp_check(secret, in->code, in->now, in->last_step);
    return E_NONE;
}

/* ---- certificates ---- */

err ops_ca_issue(struct vault *v, struct arena *out, const struct vault_ca_issue_in *in,
                 struct vault_ca_issue_out *ret)
{
    struct leaf leaf;
    err e = ca_leaf(v, out, in->hosts, os_now(), &leaf);
    if (e == E_INVALID)
        return refuse(
            v, e, S("the authority may not sign for these names: it was made for others at init"));
    TRY(e);
    ret->chain = leaf.pem;
    ret->not_after = leaf.not_after;
    return ca_pem(v, out, &ret->ca);
}

err ops_ca_info(struct vault *v, struct arena *out, UNUSED const struct vault_ca_info_in *in,
                struct vault_ca_info_out *ret)
{
    return ca_pem(v, out, &ret->ca);
}
