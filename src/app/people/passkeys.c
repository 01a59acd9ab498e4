/* SPDX-License-Identifier: Apache-2.0 */
/* Passkeys (WebAuthn level 3): enrolled by a person who is signed in with two factors, discoverable
 * and with user verification, so that one touch signs in. */
#include <string.h>

#include "app/people/people_in.h"
#include "base/json.h"
#include "core/webauthn_verify.h"

err people_my_passkeys(struct call *c, const struct people_my_passkeys_in *in,
                       struct passkey_page *ret)
{
    return q_passkeys_of(c, (person_id){ c->who.person }, in->after, in->limit, &ret->items);
}

err people_passkey_start(struct call *c, const struct people_passkey_start_in *in,
                         struct passkey_start *ret)
{
    (void)in;
    struct q_passkey_credentials_rows rows;
    TRY(q_passkey_credentials(c, (person_id){ c->who.person }, &rows));
    struct buf handle = buf_in(c->arena, 16);
    buf_u64be(&handle, (u64)c->who.person);
    ret->challenge = challenge_new(c->arena, c->now);
    ret->user_handle = buf_str(&handle);
    ret->exclude.at = NEW_N(c->arena, str, MAX(rows.n, 1));
    ret->exclude.n = rows.n;
    for (size_t i = 0; i < rows.n; i++)
        ret->exclude.at[i] = rows.at[i].credential;
    return E_NONE;
}

/* Off the writer: a challenge is used once, and the call may run twice there. */
err people_passkey_enrol_before(struct call *c, struct people_passkey_enrol_in *in)
{
    struct webauthn_new *made = NEW(c->arena, struct webauthn_new);
    const struct webauthn_expect want = { .challenge = in->challenge,
                                          .origin = office_origin(c->office),
                                          .rp_id = office_options(c->office)->host };
    TRY(challenge_accept(c, in->challenge));
    if (webauthn_check_registration(c->arena, &want, in->client_data, in->attestation, made) !=
        E_NONE)
        return fail(c, E_PASSKEY_REFUSED, "attestation, origin or challenge");
    in->prepared = made;
    return E_NONE;
}

err people_passkey_enrol(struct call *c, const struct people_passkey_enrol_in *in,
                         struct passkey *ret)
{
    const struct webauthn_new *made = in->prepared;
    *ret = (struct passkey){
        .id = { call_new_id(c) }, .person = { c->who.person }, .name = in->name, .added = c->now
    };
    const struct q_passkey_insert_in row = { .id = ret->id,
                                             .person = ret->person,
                                             .credential = made->credential,
                                             .public_key = made->cose_key,
                                             .counter = made->counter,
                                             .name = in->name,
                                             .now = c->now };
    err e = q_passkey_insert(c, &row);
    if (e == E_CONFLICT)
        return fail(c, E_PASSKEY_REFUSED, "credential is enrolled already");
    TRY(e);
    call_object(c, "Passkey", "pkey", ret->id.v);
    return person_refresh(c, ret->person);
}

err people_passkey_remove(struct call *c, const struct people_passkey_remove_in *in,
                          struct done *ret)
{
    TRY(q_passkey_delete(c, in->passkey));
    ret->ok = true;
    return person_refresh(c, (person_id){ c->who.person });
}
