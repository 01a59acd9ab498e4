/* SPDX-License-Identifier: Apache-2.0 */
/* Arriving: from credentials that hold to a session bound to this browser's device key. What takes
 * time or the vault is done before the transaction; in it stand only rows: the device (enrolled on
 * its first visit as *own*), the session, and the policy's decision on session.open, taken with
 * this person on this device. */
#include <string.h>

#include "app/people/people_in.h"
#include "base/json.h"
#include "base/rng.h"
#include "core/gate.h"
#include "core/ledger.h"

static const usec proof_lasts = 6 * USEC_MIN, strong_lasts = 5 * USEC_MIN;

err challenge_accept(struct call *c, str challenge)
{
    if (challenge_use(challenge, c->now) == E_NONE)
        return E_NONE;
    return fail(c, E_STALE_CHALLENGE, "challenge unknown, too old or used");
}

err arrival_refused(struct call *c, person_id person, const char *why)
{
    static const struct verdict v = { .rules = { "credentials" }, .rules_n = 1 };
    c->who.person = person.v;
    ledger_refusal(
        c, &(struct act){ .type = "session.refused", .action = "session.open", .verdict = &v });
    return fail(c, E_WRONG_SIGN_IN, "%s", why);
}

err arrival_prepare(struct call *c, str challenge, const struct device_proof *device,
                    struct arrival *a)
{
    const str parts[] = { S("outwork-device-v1"), challenge, device->key, device->ephemeral };
    if (proof_verify(device->key, parts, COUNT(parts), device->signature) != E_NONE)
        return call_field(c, "device.signature", "format", 0);
    if (proof_agree(device->ephemeral, challenge, a->server_point, a->key) != E_NONE)
        return call_field(c, "device.ephemeral", "format", 0);
    a->session = (session_id){ call_new_id(c) };
    rng_bytes(a->token, sizeof a->token);
    return arrival_seal(c, a);
}

err arrival_seal(struct call *c, struct arrival *a)
{
    struct vault_seal_in in = {
        .purpose = S("session"),
        .context = str_fmt(c->arena, "%lld", (long long)a->session.v),
        .plain = { (const char *)a->key, sizeof a->key },
    };
    struct vault_seal_out out;
    if (!office_vault())
        return fail(c, E_BUSY, "no vault");
    TRY(vault_seal(office_vault(), &in, &out));
    a->sealed_key = str_copy(c->arena, out.sealed);
    return E_NONE;
}

/* The device with this key: the one on record, or a new one. */
static err device_arrives(struct call *c, person_id person, const struct device_proof *p,
                          struct dir_device *ret)
{
    struct q_device_by_key_row row;
    struct dir_device d = { .person = person.v, .name = p->name, .added = c->now };
    memcpy(d.key, p->key.p, sizeof d.key);
    err e = q_device_by_key(c, person, p->key, &row);
    if (e == E_NOT_FOUND) {
        d.id = call_new_id(c);
        const struct q_device_insert_in in = { .id = { d.id },
                                               .person = person,
                                               .key = p->key,
                                               .name = p->name,
                                               .now = c->now,
                                               .seen_from = c->who.address };
        TRY(q_device_insert(c, &in));
    } else {
        TRY(e);
        d.id = row.id.v;
        if (row.status != DEVICE_STATUS_ACTIVE)
            return fail(c, E_DEVICE_LOCKED, "device locked");
        TRY(q_device_seen(c, row.id, c->now, c->who.address));
        struct dir_device known;
        if (dir_device(c->office, d.id, &known) == E_NONE)
            d = known;
    }
    *ret = d;
    return E_NONE;
}

struct opened {
    struct session_row row;
    struct dir_device device;
};

static void take_in(struct office *o, void *arg)
{
    struct opened *n = arg;
    dir_put_device(o, &n->device);
    session_put(o, &n->row);
}

/* What was used up by signing in, in the same transaction: a code works once. */
static err use_up(struct call *c, const struct arrival *a)
{
    i64 changed = 1;
    if (a->totp_step)
        TRY(q_person_totp_used(c, a->person, a->totp_step, &changed));
    else if (a->recovery.n)
        TRY(q_recovery_use(c, c->now, a->person, a->recovery, &changed));
    else if (a->passkey)
        TRY(q_passkey_used(c, (passkey_id){ a->passkey }, a->passkey_counter, c->now, &changed));
    return changed == 1 ? E_NONE : arrival_refused(c, a->person, "code used before");
}

static err session_write(struct call *c, const struct arrival *a, struct opened *n)
{
    usec lasts = office_options(c->office)->session_lasts;
    n->row = (struct session_row){
        .id = a->session.v,
        .person = a->person.v,
        .device = n->device.id,
        .strength = a->strength,
        .strong_until = a->strength >= 3 ? c->now + strong_lasts : 0,
        .ends = c->now + lasts,
        .proof_until = c->now + proof_lasts,
        .sealed_key = a->sealed_key,
        .has_key = true,
    };
    memcpy(n->row.key, a->key, sizeof n->row.key);
    session_hash(a->token, n->row.token_hash);
    const struct q_session_insert_in in = {
        .id = a->session,
        .token_hash = { (const char *)n->row.token_hash, 32 },
        .person = a->person,
        .device = { n->device.id },
        .strength = a->strength,
        .strong_until = n->row.strong_until,
        .opened = c->now,
        .ends = n->row.ends,
        .proof_key = a->sealed_key,
        .proof_until = n->row.proof_until,
    };
    return q_session_insert(c, &in);
}

err arrival_open(struct call *c, const struct arrival *a, const struct device_proof *device,
                 struct signed_in *ret)
{
    struct opened *n = NEW(c->arena, struct opened);
    struct dir_person p;
    TRY(person_read(c, a->person, &p));
    if (p.status != PERSON_STATUS_ACTIVE)
        return arrival_refused(c, a->person, "person is not active");
    TRY(use_up(c, a));
    TRY(device_arrives(c, a->person, device, &n->device));
    c->who.person = a->person.v;
    c->who.device = n->device.id;
    c->who.session = a->session.v;
    c->who.strength = a->strength == 3 ? 4 : a->strength;
    TRY(gate_arrive(c, &p, &n->device));
    TRY(gate_require(c, "session.open"));
    TRY(session_write(c, a, n));
    call_after_commit(c, take_in, n);

    struct buf token = buf_in(c->arena, 64);
    b64_put(&token, a->token, sizeof a->token);
    call_cookie(c, session_cookie(c->arena, buf_str(&token), n->row.ends - c->now));
    call_object(c, "Device", "devi", n->device.id);
    TRY(me_of(c, &p, &n->device, n->row.ends, &ret->me));
    ret->ephemeral = str_copy(c->arena, (str){ (const char *)a->server_point, P256_POINT });
    ret->key_expires = n->row.proof_until;
    return E_NONE;
}

err me_of(struct call *c, const struct dir_person *p, const struct dir_device *d, usec ends,
          struct me *ret)
{
    *ret = (struct me){
        .person = { .id = { p->id },
                    .login = p->login,
                    .name = p->name,
                    .title = p->title,
                    .department = { p->department },
                    .has_department = p->department != 0,
                    .department_name = p->department_name,
                    .role = (enum role)p->role,
                    .status = (enum person_status)p->status },
        .device = { .id = { d->id },
                    .person = { d->person },
                    .name = d->name,
                    .owner = (enum device_owner)d->owner,
                    .status = (enum device_status)d->status,
                    .added = d->added,
                    .seen = c->now,
                    .seen_from = c->who.address,
                    .here = true },
        .strength = c->who.strength,
        .session_ends = ends,
        .passkeys = p->passkeys,
        .host = office_options(c->office)->host,
    };
    return E_NONE;
}

err me_fill(struct call *c, struct me *ret)
{
    struct dir_person p;
    struct dir_device d;
    struct session_facts s;
    TRY(dir_person(c->office, c->who.person, &p));
    TRY(dir_device(c->office, c->who.device, &d));
    TRY(session_facts(c->office, c->who.session, &s));
    return me_of(c, &p, &d, s.ends, ret);
}
