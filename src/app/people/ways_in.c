/* SPDX-License-Identifier: Apache-2.0 */
/* The ways in: password with a code, a passkey, an invitation, and the renewal of a session. Each
 * costs the same and answers the same bytes whether the name exists or not; each refusal is a leaf.
 * The slow parts run in `before`, on the slow pool behind its admission queue. */
#include <string.h>

#include "app/people/people_in.h"
#include "base/json.h"
#include "core/gate.h"
#include "core/ledger.h"
#include "core/webauthn_verify.h"

static const usec proof_lasts = 6 * USEC_MIN;

err people_sign_in_start(struct call *c, const struct people_sign_in_start_in *in,
                         struct challenge *ret)
{
    (void)in;
    ret->challenge = challenge_new(c->arena, c->now);
    return E_NONE;
}

/* The second factor: six digits of an authenticator app, or a recovery code. */
static err second_factor(struct call *c, const struct q_person_by_login_row *p, str code,
                         struct arrival *a)
{
    if (code.n == 6)
        return p->has_totp
                   ? people_totp(c, &(struct totp_shown){ p->id, p->totp, code, p->totp_step },
                                 &a->totp_step)
                   : E_WRONG_CODE;
    u8 hash[32];
    struct q_recovery_find_row row;
    recovery_hash(p->id, code, hash);
    str view = { (const char *)hash, sizeof hash };
    err e = q_recovery_find(c, p->id, view, &row);
    if (e != E_NONE)
        return e == E_NOT_FOUND ? E_WRONG_CODE : e;
    a->recovery = str_copy(c->arena, view);
    return E_NONE;
}

err people_sign_in_password_before(struct call *c, struct people_sign_in_password_in *in)
{
    struct arrival *a = NEW(c->arena, struct arrival);
    struct q_person_by_login_row p = { 0 };
    str login = people_login(c->arena, in->login);
    TRY(call_rate(c, "login", login)); /* from however many addresses, known or not */
    err found = q_person_by_login(c, login, &p);
    if (found != E_NONE && found != E_NOT_FOUND)
        return found;
    TRY(challenge_accept(c, in->challenge));
    if (!password_matches(found == E_NONE ? p.password : (str){ 0 }, in->password))
        return arrival_refused(c, p.id,
                               found == E_NONE ? "wrong password" : "nobody has this name");
    err e = second_factor(c, &p, in->code, a);
    if (e != E_NONE && e != E_WRONG_CODE)
        return e; /* a failure of ours is nobody's wrong code */
    if (e != E_NONE || p.status != PERSON_STATUS_ACTIVE)
        return arrival_refused(c, p.id, e == E_NONE ? "person is not active" : "wrong code");
    a->person = p.id;
    a->strength = 2;
    in->prepared = a;
    return arrival_prepare(c, in->challenge, &in->device, a);
}

err people_sign_in_password(struct call *c, const struct people_sign_in_password_in *in,
                            struct signed_in *ret)
{
    return arrival_open(c, in->prepared, &in->device, ret);
}

err people_sign_in_passkey_before(struct call *c, struct people_sign_in_passkey_in *in)
{
    struct arrival *a = NEW(c->arena, struct arrival);
    struct q_passkey_by_credential_row k;
    TRY(challenge_accept(c, in->challenge));
    err e = q_passkey_by_credential(c, in->credential, &k);
    if (e == E_NOT_FOUND)
        return arrival_refused(c, (person_id){ 0 }, "unknown passkey");
    TRY(e);
    const struct webauthn_expect want = { .challenge = in->challenge,
                                          .origin = office_origin(c->office),
                                          .rp_id = office_options(c->office)->host };
    const struct webauthn_assertion shown = { .client_data = in->client_data,
                                              .authenticator_data = in->authenticator_data,
                                              .signature = in->signature,
                                              .cose_key = k.public_key,
                                              .last_counter = k.counter };
    if (webauthn_check_assertion(&want, &shown, &a->passkey_counter) != E_NONE)
        return arrival_refused(c, k.person, "passkey signature, origin or counter");
    a->person = k.person;
    a->passkey = k.id.v;
    a->strength = 3;
    in->prepared = a;
    return arrival_prepare(c, in->challenge, &in->device, a);
}

err people_sign_in_passkey(struct call *c, const struct people_sign_in_passkey_in *in,
                           struct signed_in *ret)
{
    return arrival_open(c, in->prepared, &in->device, ret);
}

/* ---- Invitations ---- */

static err invite_read(struct call *c, str token, struct q_invite_find_row *ret)
{
    u8 hash[32];
    if (token_hash(token, hash) != E_NONE)
        return fail(c, E_INVITE_GONE, "not a token");
    err e = q_invite_find(c, (str){ (const char *)hash, sizeof hash }, ret);
    if (e == E_NOT_FOUND || (e == E_NONE && (ret->has_used || ret->expires <= c->now)))
        return fail(c, E_INVITE_GONE, "unknown, used or expired");
    TRY(e);
    if (ret->status != PERSON_STATUS_INVITED && ret->status != PERSON_STATUS_ACTIVE)
        return fail(c, E_INVITE_GONE, "the person is locked"); /* a link opens no lock */
    return E_NONE;
}

err people_invite_open_before(struct call *c, struct people_invite_open_in *in)
{
    struct q_invite_find_row row;
    struct invitation *ret = NEW(c->arena, struct invitation);
    TRY(invite_read(c, in->token, &row));
    struct vault_totp_new_in ask = {
        .context = str_fmt(c->arena, "%lld", (long long)row.person.v),
    };
    struct vault_totp_new_out made;
    if (!office_vault())
        return fail(c, E_BUSY, "no vault");
    TRY(vault_totp_new(office_vault(), &ask, &made));
    struct buf ticket = buf_in(c->arena, 1024);
    b64_put(&ticket, made.sealed.p, made.sealed.n);
    ret->name = row.name;
    ret->login = row.login;
    ret->totp_secret = str_copy(c->arena, made.base32);
    ret->totp_uri = str_fmt(c->arena,
                            "otpauth://totp/Outwork:" STR_FMT "?secret=" STR_FMT
                            "&issuer=Outwork&algorithm=SHA1&digits=6&period=30",
                            STR_ARG(row.login), STR_ARG(ret->totp_secret));
    ret->ticket = buf_str(&ticket);
    in->prepared = ret;
    return E_NONE;
}

err people_invite_open(struct call *c, const struct people_invite_open_in *in,
                       struct invitation *ret)
{
    (void)c;
    *ret = *(const struct invitation *)in->prepared;
    return E_NONE;
}

struct acceptance {
    struct arrival arrival;
    str password, totp;
};

err people_invite_accept_before(struct call *c, struct people_invite_accept_in *in)
{
    struct acceptance *a = NEW(c->arena, struct acceptance);
    struct q_invite_find_row row;
    TRY(invite_read(c, in->token, &row));
    TRY(password_check(c, in->password, row.login));
    if (b64_parse(c->arena, in->ticket, &a->totp) != E_NONE)
        return call_field(c, "ticket", "format", 0);
    const struct totp_shown shown = { row.person, a->totp, in->code, 0 };
    err e = people_totp(c, &shown, &a->arrival.totp_step);
    if (e == E_WRONG_CODE || e == E_CORRUPT) {
        IGNORE(call_field(c, "code", "wrong", 0));
        return fail(c, E_WRONG_CODE, "the code does not fit the secret");
    }
    TRY(e);
    TRY(challenge_accept(c, in->challenge));
    TRY(password_hash(c, in->password, &a->password));
    a->arrival.person = row.person;
    a->arrival.strength = 2;
    in->prepared = a;
    return arrival_prepare(c, in->challenge, &in->device, &a->arrival);
}

static err recovery_codes(struct call *c, person_id person, struct str_list *ret)
{
    u8 hash[32];
    TRY(q_recovery_clear(c, person));
    ret->at = NEW_N(c->arena, str, RECOVERY_CODES);
    ret->n = RECOVERY_CODES;
    for (int i = 0; i < RECOVERY_CODES; i++) {
        ret->at[i] = recovery_new(c->arena);
        recovery_hash(person, ret->at[i], hash);
        TRY(q_recovery_insert(c, person, (str){ (const char *)hash, sizeof hash }));
    }
    return E_NONE;
}

static void take_ended_all(struct office *o, void *arg)
{
    session_end_of_person(o, ((const struct arrival *)arg)->person.v);
}

/* The password, the authenticator and ten recovery codes take the place of all that was before,
 * passkeys too: a link is given when the former ones are lost or in the wrong hands. Sessions
 * opened with them end. */
err people_invite_accept(struct call *c, const struct people_invite_accept_in *in,
                         struct accepted *ret)
{
    const struct acceptance *made = in->prepared;
    struct arrival *a = NEW(c->arena, struct arrival);
    u8 hash[32];
    i64 changed;
    *a = made->arrival;
    TRY(token_hash(in->token, hash));
    TRY(q_invite_use(c, c->now, (str){ (const char *)hash, sizeof hash }, &changed));
    if (!changed)
        return fail(c, E_INVITE_GONE, "used in the meantime");
    const struct q_person_accept_in credentials = { .id = a->person,
                                                    .password = made->password,
                                                    .totp = made->totp,
                                                    .step = a->totp_step,
                                                    .now = c->now };
    TRY(q_person_accept(c, &credentials, &changed));
    if (!changed)
        return fail(c, E_INVITE_GONE, "locked in the meantime");
    TRY(recovery_codes(c, a->person, &ret->recovery_codes));
    TRY(q_passkeys_clear(c, a->person));
    TRY(q_sessions_delete_of_person(c, a->person));
    call_after_commit(c, take_ended_all, a);
    TRY(person_refresh(c, a->person));
    a->totp_step = 0; /* stored with the person just now */
    return arrival_open(c, a, &in->device, &ret->signed_in);
}

/* ---- The session ---- */

err people_session_challenge(struct call *c, const struct people_session_challenge_in *in,
                             struct challenge *ret)
{
    (void)in;
    ret->challenge = challenge_new(c->arena, c->now);
    return E_NONE;
}

err people_session_renew_before(struct call *c, struct people_session_renew_in *in)
{
    struct arrival *a = NEW(c->arena, struct arrival);
    struct dir_device d;
    TRY(dir_device(c->office, c->who.device, &d));
    TRY(challenge_accept(c, in->challenge));
    const str parts[] = { S("outwork-renew-v1"), in->challenge, in->ephemeral };
    const str key = { (const char *)d.key, sizeof d.key };
    if (proof_verify(key, parts, COUNT(parts), in->signature) != E_NONE)
        return call_field(c, "signature", "format", 0);
    if (proof_agree(in->ephemeral, in->challenge, a->server_point, a->key) != E_NONE)
        return call_field(c, "ephemeral", "format", 0);
    a->session = (session_id){ c->who.session };
    in->prepared = a;
    return arrival_seal(c, a);
}

static void take_renewed(struct office *o, void *arg)
{
    session_renewed(o, arg);
}

err people_session_renew(struct call *c, const struct people_session_renew_in *in,
                         struct renewed *ret)
{
    const struct arrival *a = in->prepared;
    struct session_row *row = NEW(c->arena, struct session_row);
    i64 changed;
    *row = (struct session_row){ .id = c->who.session,
                                 .proof_until = c->now + proof_lasts,
                                 .has_key = true };
    memcpy(row->key, a->key, sizeof row->key);
    TRY(q_session_set_proof(c, a->session, a->sealed_key, row->proof_until, &changed));
    if (!changed)
        return fail(c, E_SESSION_GONE, "the session has ended");
    call_after_commit(c, take_renewed, row);
    ret->ephemeral = (str){ (const char *)a->server_point, P256_POINT };
    ret->key_expires = row->proof_until;
    return E_NONE;
}

static void take_ended(struct office *o, void *arg)
{
    session_end(o, *(const i64 *)arg);
}

err people_session_end(struct call *c, const struct people_session_end_in *in, struct done *ret)
{
    (void)in;
    i64 *id = NEW(c->arena, i64);
    *id = c->who.session;
    TRY(q_session_delete(c, (session_id){ *id }));
    call_after_commit(c, take_ended, id);
    call_cookie(c, session_cookie(c->arena, (str){ 0 }, 0));
    call_object(c, "Device", "devi", c->who.device);
    ret->ok = true;
    return E_NONE;
}
