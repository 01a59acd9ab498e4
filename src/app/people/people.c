/* SPDX-License-Identifier: Apache-2.0 */
/* The module itself: what it reads into memory at start (people, devices, sessions: an act costs no
 * query for them), and the few functions its files share. */
#include "app/people/people.h"

#include <sodium.h>
#include <string.h>

#include "app/people/people_in.h"

enum { LOAD_AT_ONCE = 500, LOAD_BYTES = 8 << 20 };

static const usec invite_lasts = USEC_DAY;

static void dir_of(const struct q_people_all_row *row, struct dir_person *ret)
{
    *ret = (struct dir_person){
        .id = row->id.v,
        .department = row->has_department ? row->department.v : 0,
        .role = (u8)row->role,
        .status = (u8)row->status,
        .passkeys = (u32)row->passkeys,
        .name = row->name,
        .login = row->login,
        .title = row->title,
        .department_name = row->department_name,
    };
}

static void device_of(const struct q_devices_all_row *row, struct dir_device *ret)
{
    *ret = (struct dir_device){ .id = row->id.v,
                                .person = row->person.v,
                                .owner = (u8)row->owner,
                                .status = (u8)row->status,
                                .name = row->name,
                                .added = row->added };
    if (row->key.n == sizeof ret->key)
        memcpy(ret->key, row->key.p, sizeof ret->key);
}

/* One page of a table into memory: from behind *after on; *ret_n rows there were. */
typedef err load_page(struct call *c, i64 *after, size_t *ret_n);

static err load_people(struct call *c, i64 *after, size_t *ret_n)
{
    struct q_people_all_rows page;
    TRY(q_people_all(c, (person_id){ *after }, LOAD_AT_ONCE, &page));
    for (size_t i = 0; i < page.n; i++) {
        struct dir_person p;
        dir_of(&page.at[i], &p);
        dir_put_person(c->office, &p);
        *after = p.id;
    }
    *ret_n = page.n;
    return E_NONE;
}

static err load_devices(struct call *c, i64 *after, size_t *ret_n)
{
    struct q_devices_all_rows page;
    TRY(q_devices_all(c, (device_id){ *after }, LOAD_AT_ONCE, &page));
    for (size_t i = 0; i < page.n; i++) {
        struct dir_device d;
        device_of(&page.at[i], &d);
        dir_put_device(c->office, &d);
        *after = d.id;
    }
    *ret_n = page.n;
    return E_NONE;
}

static err load_sessions(struct call *c, i64 *after, size_t *ret_n)
{
    struct q_sessions_all_rows page;
    TRY(q_sessions_all(c, (session_id){ *after }, LOAD_AT_ONCE, &page));
    for (size_t i = 0; i < page.n; i++) {
        const struct q_sessions_all_row *s = &page.at[i];
        struct session_row row = { .id = s->id.v,
                                   .person = s->person.v,
                                   .device = s->device.v,
                                   .strength = (int)s->strength,
                                   .strong_until = s->strong_until,
                                   .ends = s->ends,
                                   .proof_until = s->proof_until,
                                   .sealed_key = s->proof_key };
        *after = row.id;
        if (s->token_hash.n != sizeof row.token_hash || s->ends <= c->now)
            continue;
        memcpy(row.token_hash, s->token_hash.p, sizeof row.token_hash);
        session_put(c->office, &row);
    }
    *ret_n = page.n;
    return E_NONE;
}

/* Each page in memory of its own: a table may be larger than what one call may hold. */
static err load_all(struct call *c, load_page *load)
{
    struct call one = *c;
    i64 after = 0;
    size_t n = LOAD_AT_ONCE;
    err e = E_NONE;
    one.arena = arena_new("load", LOAD_BYTES);
    while (e == E_NONE && n == LOAD_AT_ONCE) {
        arena_reset(one.arena);
        e = load(&one, &after, &n);
    }
    arena_free(one.arena);
    return e;
}

err people_load(struct call *c)
{
    static const struct dir_words words = { .role = role_words,
                                            .status = person_status_words,
                                            .device_owner = device_owner_words,
                                            .device_status = device_status_words,
                                            .person_active = PERSON_STATUS_ACTIVE,
                                            .device_active = DEVICE_STATUS_ACTIVE };
    if (sodium_init() < 0)
        return fail(c, E_INTERNAL, "libsodium did not start");
    dir_words_set(c->office, &words);
    TRY(load_all(c, load_people));
    TRY(load_all(c, load_devices));
    return load_all(c, load_sessions);
}

static void sweep(struct office *o, void *arg) { session_sweep(o, *(const usec *)arg); }

err people_upkeep(struct call *c, void *arg)
{
    (void)arg;
    TRY(q_sessions_expire(c, c->now));
    call_after_commit(c, sweep, &c->now);
    return E_NONE;
}

err person_read(struct call *c, person_id id, struct dir_person *ret)
{
    struct q_person_now_row row;
    TRY(q_person_now(c, id, &row));
    *ret = (struct dir_person){
        .id = row.id.v,
        .department = row.has_department ? row.department.v : 0,
        .role = (u8)row.role,
        .status = (u8)row.status,
        .passkeys = (u32)row.passkeys,
        .name = row.name,
        .login = row.login,
        .title = row.title,
        .department_name = row.department_name,
    };
    return E_NONE;
}

static void take_person(struct office *o, void *arg)
{
    dir_put_person(o, arg);
}
static void take_device(struct office *o, void *arg)
{
    dir_put_device(o, arg);
}

err person_refresh(struct call *c, person_id id)
{
    struct dir_person *p = NEW(c->arena, struct dir_person);
    TRY(person_read(c, id, p));
    call_after_commit(c, take_person, p);
    return E_NONE;
}

err device_refresh(struct call *c, device_id id)
{
    struct dir_device *d = NEW(c->arena, struct dir_device);
    struct q_device_now_row row;
    TRY(q_device_now(c, id, &row));
    *d = (struct dir_device){ .id = row.id.v,
                              .person = row.person.v,
                              .owner = (u8)row.owner,
                              .status = (u8)row.status,
                              .name = row.name,
                              .added = row.added };
    if (row.key.n == sizeof d->key)
        memcpy(d->key, row.key.p, sizeof d->key);
    call_after_commit(c, take_device, d);
    return E_NONE;
}

err invite_make(struct call *c, person_id person, struct invite_made *ret)
{
    u8 hash[32];
    str token = token_new(c->arena, hash);
    TRY(q_invite_revoke(c, c->now, person));
    ret->expires = c->now + invite_lasts;
    TRY(q_invite_insert(c, (str){ (const char *)hash, sizeof hash }, person, ret->expires));
    str origin = office_origin(c->office);
    ret->link = str_fmt(c->arena, STR_FMT "/invite#" STR_FMT, STR_ARG(origin), STR_ARG(token));
    return q_person_guard(c, person, person, &ret->person);
}

err people_add(struct call *c, const struct new_person *p, person_id *ret_id)
{
    person_id id = { p->id ? p->id : call_new_id(c) };
    const struct q_person_insert_in in = {
        .id = id,
        .login = people_login(c->arena, p->login),
        .name = p->name,
        .title = p->title,
        .mail = p->mail,
        .department = { p->department },
        .has_department = p->department != 0,
        .role = (enum role)p->role,
        .status = PERSON_STATUS_INVITED,
        .now = c->now,
    };
    TRY(q_person_insert(c, &in));
    TRY(person_refresh(c, id));
    *ret_id = id;
    return E_NONE;
}

err people_by_login(struct call *c, str login, person_id *ret_id)
{
    struct q_person_by_login_row row;
    TRY(q_person_by_login(c, people_login(c->arena, login), &row));
    *ret_id = row.id;
    return E_NONE;
}

err people_invite(struct call *c, person_id id, str *ret_link, usec *ret_expires)
{
    struct invite_made made;
    TRY(invite_make(c, id, &made));
    *ret_link = made.link;
    *ret_expires = made.expires;
    return E_NONE;
}

int people_role(const char *word)
{
    for (int i = 0; i < ROLE_N; i++)
        if (!strcmp(role_words[i], word))
            return i;
    return ROLE_MEMBER;
}

err people_password(struct call *c, str password, str *ret_encoded)
{
    return password_hash(c, password, ret_encoded);
}

err people_admit(struct call *c, person_id id, str encoded, str sealed_totp)
{
    const struct q_person_accept_in in = { .id = id, .password = encoded, .totp = sealed_totp,
                                           .now = c->now };
    i64 changed;
    TRY(q_person_accept(c, &in, &changed));
    return changed ? person_refresh(c, id) : fail(c, E_NOT_FOUND, "nobody, or locked");
}

err people_department(struct call *c, str name, i64 *ret_id)
{
    i64 id = call_new_id(c);
    TRY(q_department_insert(c, (department_id){ id }, name));
    *ret_id = id;
    return E_NONE;
}
