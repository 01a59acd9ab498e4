/* SPDX-License-Identifier: Apache-2.0 */
/* The first byte chooses the parser; what is accepted lies inside the input and agrees with its
 * flags. */
#include "wire/webauthn.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void inside(str part, str whole)
{
    must(part.p >= whole.p && part.p + part.n <= whole.p + whole.n);
}

static void check_data(struct arena *a, const struct webauthn_auth_data *d, str in)
{
    inside(d->rp_id_hash, in);
    must(d->has_credential == ((d->flags & WEBAUTHN_AT) != 0));
    if (!d->has_credential)
        return;
    struct webauthn_key again;
    inside(d->credential_id, in);
    inside(d->cose_key, in);
    must(d->aaguid.n == 16 && d->credential_id.n && d->credential_id.n <= WEBAUTHN_ID_MAX);
    must(webauthn_key_parse(a, d->cose_key, &again) == E_NONE && again.alg == d->key.alg);
    must(str_eq(again.x, d->key.x) && str_eq(again.n, d->key.n));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    if (!n)
        return 0;
    struct arena *a = arena_new("fuzz", 4 << 20);
    str in = { (const char *)data + 1, n - 1 };
    struct webauthn_client_data client;
    struct webauthn_auth_data auth;
    struct webauthn_attestation att;
    struct webauthn_key key;
    switch (data[0] & 3) {
    case 0:
        if (webauthn_attestation_parse(a, in, &att) == E_NONE)
            check_data(a, &att.data, in);
        break;
    case 1:
        if (webauthn_auth_data_parse(a, in, &auth) == E_NONE)
            check_data(a, &auth, in);
        break;
    case 2: IGNORE(webauthn_client_data_parse(a, in, &client)); break;
    default:
        if (webauthn_key_parse(a, in, &key) == E_NONE)
            must(key.alg == WEBAUTHN_RS256 ? key.n.n >= 256 : key.x.n == 32);
        break;
    }
    arena_free(a);
    return 0;
}
