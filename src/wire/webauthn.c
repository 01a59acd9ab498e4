/* SPDX-License-Identifier: Apache-2.0 */
/* Passkey bytes to structs. Every length is checked before it is used, nothing may follow what is
 * announced, and flags must agree with what is there. Keys are checked for form (which numbers, how
 * long); that a point lies on its curve is for the library that verifies with it. The attestation
 * statement is skipped on purpose: the offices that run this need to know that it is the same key
 * as at enrolment, not who made the device. */
#include "wire/webauthn.h"

#include "base/json.h"
#include "wire/cbor.h"

static const struct json *member(const struct json *object, str key, enum json_kind kind)
{
    const struct json *v = json_get(object, key);
    return v && v->kind == kind ? v : NULL;
}

err webauthn_client_data_parse(struct arena *out, str json, struct webauthn_client_data *ret)
{
    if (json.n > WEBAUTHN_CLIENT_DATA_MAX)
        return E_LIMIT;
    const struct json *v;
    TRY(json_parse(out, json, &v, NULL));
    const struct json *type = member(v, S("type"), JSON_STR),
                      *origin = member(v, S("origin"), JSON_STR);
    const struct json *challenge = member(v, S("challenge"), JSON_STR),
                      *cross = json_get(v, S("crossOrigin"));
    if (!type || !origin || !challenge || (cross && cross->kind != JSON_BOOL))
        return E_INVALID;
    struct webauthn_client_data made = { .type = type->s,
                                         .origin = origin->s,
                                         .cross_origin = cross && cross->b };
    TRY(b64_parse(out, challenge->s, &made.challenge));
    *ret = made;
    return E_NONE;
}

/* ---- keys ---- */

/* Labels and values of RFC 9053. */
enum {
    KEY_KTY = 1,
    KEY_ALG = 3,
    KEY_CRV = -1,
    KEY_X = -2,
    KEY_Y = -3,
    KEY_RSA_N = -1,
    KEY_RSA_E = -2
};
enum { KTY_OKP = 1, KTY_EC2 = 2, KTY_RSA = 3, CRV_P256 = 1, CRV_ED25519 = 6 };

static bool int_is(const struct cbor *map, i64 label, i64 want)
{
    const struct cbor *v = cbor_get_int(map, label);
    return v && v->kind == CBOR_INT && v->i == want;
}

static bool bytes_of(const struct cbor *map, i64 label, size_t least, size_t most, str *ret)
{
    const struct cbor *v = cbor_get_int(map, label);
    if (!v || v->kind != CBOR_BYTES || v->s.n < least || v->s.n > most)
        return false;
    *ret = v->s;
    return true;
}

static bool rsa_ok(const struct webauthn_key *k)
{
    bool small = k->e.n == 1 && (u8)k->e.p[0] < 3;
    return k->n.p[0] && k->e.p[0] && (k->e.p[k->e.n - 1] & 1) && (k->n.p[k->n.n - 1] & 1) && !small;
}

static err key_of(const struct cbor *map, struct webauthn_key *ret)
{
    const struct cbor *alg = cbor_get_int(map, KEY_ALG);
    struct webauthn_key k = { 0 };
    bool ok = false;
    if (!alg || alg->kind != CBOR_INT)
        return E_INVALID;
    switch (alg->i) {
    case WEBAUTHN_ES256:
        ok = int_is(map, KEY_KTY, KTY_EC2) && int_is(map, KEY_CRV, CRV_P256) &&
             bytes_of(map, KEY_X, 32, 32, &k.x) && bytes_of(map, KEY_Y, 32, 32, &k.y);
        break;
    case WEBAUTHN_EDDSA:
        ok = int_is(map, KEY_KTY, KTY_OKP) && int_is(map, KEY_CRV, CRV_ED25519) &&
             bytes_of(map, KEY_X, 32, 32, &k.x);
        break;
    case WEBAUTHN_RS256:
        ok = int_is(map, KEY_KTY, KTY_RSA) && bytes_of(map, KEY_RSA_N, 256, 512, &k.n) &&
             bytes_of(map, KEY_RSA_E, 1, 4, &k.e) && rsa_ok(&k);
        break;
    default: break;
    }
    if (!ok)
        return E_INVALID;
    k.alg = (enum webauthn_alg)alg->i;
    *ret = k;
    return E_NONE;
}

err webauthn_key_parse(struct arena *out, str cose, struct webauthn_key *ret)
{
    const struct cbor *v;
    TRY(cbor_parse(out, cose, &v, NULL));
    return key_of(v, ret);
}

/* ---- authenticator data ---- */

static bool take(str *rest, size_t n, str *ret)
{
    if (rest->n < n)
        return false;
    *ret = (str){ rest->p, n };
    *rest = (str){ rest->p + n, rest->n - n };
    return true;
}

static err credential_parse(struct arena *out, str *rest, struct webauthn_auth_data *d)
{
    str length;
    if (!take(rest, 16, &d->aaguid) || !take(rest, 2, &length))
        return E_INVALID;
    size_t n = (size_t)(u8)length.p[0] << 8 | (u8)length.p[1];
    if (n == 0 || n > WEBAUTHN_ID_MAX || !take(rest, n, &d->credential_id))
        return E_INVALID;
    const struct cbor *key;
    size_t used;
    TRY(cbor_parse(out, *rest, &key, &used));
    TRY(key_of(key, &d->key));
    d->has_credential = true;
    return take(rest, used, &d->cose_key) ? E_NONE : E_INVALID;
}

err webauthn_auth_data_parse(struct arena *out, str bytes, struct webauthn_auth_data *ret)
{
    struct webauthn_auth_data d = { 0 };
    str rest = bytes, head;
    if (bytes.n > WEBAUTHN_ATTESTATION_MAX)
        return E_LIMIT;
    if (!take(&rest, 32, &d.rp_id_hash) || !take(&rest, 5, &head))
        return E_INVALID;
    d.flags = (u8)head.p[0];
    for (int i = 1; i <= 4; i++)
        d.counter = d.counter << 8 | (u8)head.p[i];
    if ((d.flags & WEBAUTHN_BS) && !(d.flags & WEBAUTHN_BE))
        return E_INVALID;
    if (d.flags & WEBAUTHN_AT)
        TRY(credential_parse(out, &rest, &d));
    if (d.flags & WEBAUTHN_ED) {
        const struct cbor *extensions;
        TRY(cbor_parse(out, rest, &extensions, NULL));
        if (extensions->kind != CBOR_MAP)
            return E_INVALID;
    } else if (rest.n) {
        return E_INVALID;
    }
    *ret = d;
    return E_NONE;
}

err webauthn_attestation_parse(struct arena *out, str cbor, struct webauthn_attestation *ret)
{
    if (cbor.n > WEBAUTHN_ATTESTATION_MAX)
        return E_LIMIT;
    const struct cbor *v;
    TRY(cbor_parse(out, cbor, &v, NULL));
    const struct cbor *format = cbor_get(v, S("fmt")), *data = cbor_get(v, S("authData"));
    const struct cbor *statement = cbor_get(v, S("attStmt"));
    if (!format || format->kind != CBOR_TEXT || !data || data->kind != CBOR_BYTES)
        return E_INVALID;
    if (!statement || statement->kind != CBOR_MAP)
        return E_INVALID;
    struct webauthn_attestation made = { .format = format->s, .auth_data = data->s };
    TRY(webauthn_auth_data_parse(out, data->s, &made.data));
    if (!made.data.has_credential)
        return E_INVALID;
    *ret = made;
    return E_NONE;
}
