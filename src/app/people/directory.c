/* SPDX-License-Identifier: Apache-2.0 */
/* The directory and its administration: people, departments, devices. Locking takes effect with the
 * commit: sessions end in memory, sockets notice by the generation, and the next act of the locked
 * one is refused. */
#include "app/people/people.h"
#include "app/people/people_in.h"

err people_me_get(struct call *c, const struct people_me_get_in *in, struct me *ret)
{
    (void)in;
    return me_fill(c, ret);
}

err people_people_list(struct call *c, const struct people_people_list_in *in,
                       struct person_page *ret)
{
    str q = in->has_q ? people_login(c->arena, in->q) : (str){ 0 };
    const struct q_person_find_in find = {
        .after = in->after, .q = q, .has_q = q.n > 0, .limit = in->limit
    };
    return q_person_find(c, &find, &ret->items);
}

err people_person_get(struct call *c, const struct people_person_get_in *in, struct person *ret)
{
    return q_person_guard(c, in->person, (person_id){ c->who.person }, ret);
}

static err devices(struct call *c, person_id person, device_id after, i64 limit,
                   struct device_page *ret)
{
    const struct q_devices_of_in find = {
        .person = person, .mine = { c->who.device }, .after = after, .limit = limit
    };
    return q_devices_of(c, &find, &ret->items);
}

err people_my_devices(struct call *c, const struct people_my_devices_in *in,
                      struct device_page *ret)
{
    return devices(c, (person_id){ c->who.person }, in->after, in->limit, ret);
}

err people_person_devices(struct call *c, const struct people_person_devices_in *in,
                          struct device_page *ret)
{
    return devices(c, in->person, in->after, in->limit, ret);
}

/* ---- Administration ---- */

err people_person_add_before(struct call *c, struct people_person_add_in *in)
{
    if (!str_trim(in->name).n)
        return call_field(c, "name", "required", 0);
    str login = people_login(c->arena, in->login);
    if (!login.n)
        return call_field(c, "login", "required", 0);
    for (size_t i = 0; i < login.n; i++) {
        char k = login.p[i];
        bool good =
            (k >= 'a' && k <= 'z') || (k >= '0' && k <= '9') || k == '.' || k == '-' || k == '_';
        if (!good)
            return call_field(c, "login", "format", 0);
    }
    in->login = login;
    return E_NONE;
}

err people_person_add(struct call *c, const struct people_person_add_in *in,
                      struct invite_made *ret)
{
    person_id id;
    const struct new_person p = { .login = in->login,
                                  .name = in->name,
                                  .title = in->title,
                                  .mail = in->mail,
                                  .department = in->has_department ? in->department.v : 0,
                                  .role = ROLE_MEMBER };
    struct q_department_name_row department;
    if (in->has_department && q_department_name(c, in->department, &department) == E_NOT_FOUND)
        return call_field(c, "department", "unknown", 0);
    err e = people_add(c, &p, &id);
    if (e == E_CONFLICT) {
        IGNORE(call_field(c, "login", "taken", 0));
        return fail(c, E_LOGIN_TAKEN, "login");
    }
    TRY(e);
    call_object(c, "Person", "pers", id.v);
    return invite_make(c, id, ret);
}

err people_person_invite_before(struct call *c, struct people_person_invite_in *in)
{
    (void)c;
    (void)in;
    return E_NONE;
}

err people_person_invite(struct call *c, const struct people_person_invite_in *in,
                         struct invite_made *ret)
{
    return invite_make(c, in->person, ret);
}

static void end_person(struct office *o, void *arg)
{
    session_end_of_person(o, *(const i64 *)arg);
}
static void end_device(struct office *o, void *arg)
{
    session_end_of_device(o, *(const i64 *)arg);
}

static err set_status(struct call *c, person_id id, enum person_status status, struct person *ret)
{
    TRY(q_person_set_status(c, id, status, c->now));
    TRY(person_refresh(c, id));
    TRY(q_person_guard(c, id, id, ret));
    return emit_person_changed(c, id, ret);
}

err people_person_lock(struct call *c, const struct people_person_lock_in *in, struct person *ret)
{
    i64 *id = NEW(c->arena, i64);
    *id = in->person.v;
    TRY(q_sessions_delete_of_person(c, in->person));
    TRY(q_invite_revoke(c, c->now, in->person));
    TRY(set_status(c, in->person, PERSON_STATUS_LOCKED, ret));
    call_after_commit(c, end_person, id);
    return E_NONE;
}

/* Back to where they were: active with credentials, invited without. */
err people_person_unlock(struct call *c, const struct people_person_unlock_in *in,
                         struct person *ret)
{
    struct q_person_secrets_row row;
    TRY(q_person_secrets(c, in->person, &row));
    return set_status(c, in->person, row.password.n ? PERSON_STATUS_ACTIVE : PERSON_STATUS_INVITED,
                      ret);
}

/* One person has one role, so the three administrators are three people. The last active one of a
 * kind keeps it. */
err people_person_role(struct call *c, const struct people_person_role_in *in, struct person *ret)
{
    struct dir_person p;
    struct q_admins_active_row admins;
    TRY(person_read(c, in->person, &p));
    if (p.role != ROLE_MEMBER && p.role != (u8)in->role && p.status == PERSON_STATUS_ACTIVE) {
        TRY(q_admins_active(c, (enum role)p.role, &admins));
        if (admins.n <= 1)
            return fail(c, E_LAST_ADMIN, "the last %s", role_words[p.role]);
    }
    TRY(q_person_set_role(c, in->person, in->role, c->now));
    TRY(person_refresh(c, in->person));
    TRY(q_person_guard(c, in->person, in->person, ret));
    call_note(c, "role", str_from(role_words[in->role]));
    return emit_person_changed(c, in->person, ret);
}

static err device_after(struct call *c, device_id id, struct device *ret)
{
    TRY(device_refresh(c, id));
    return q_device_guard(c, id, (person_id){ c->who.person }, ret);
}

err people_device_mark(struct call *c, const struct people_device_mark_in *in, struct device *ret)
{
    TRY(q_device_set_owner(c, in->device, in->owner, c->now));
    call_note(c, "owner", str_from(device_owner_words[in->owner]));
    return device_after(c, in->device, ret);
}

err people_device_lock(struct call *c, const struct people_device_lock_in *in, struct device *ret)
{
    i64 *id = NEW(c->arena, i64);
    *id = in->device.v;
    TRY(q_device_set_status(c, in->device, DEVICE_STATUS_LOCKED, c->now));
    TRY(q_sessions_delete_of_device(c, in->device));
    TRY(device_after(c, in->device, ret));
    call_after_commit(c, end_device, id);
    return E_NONE;
}

err people_device_unlock(struct call *c, const struct people_device_unlock_in *in,
                         struct device *ret)
{
    TRY(q_device_set_status(c, in->device, DEVICE_STATUS_ACTIVE, c->now));
    return device_after(c, in->device, ret);
}

err people_departments_list(struct call *c, const struct people_departments_list_in *in,
                            struct department_list *ret)
{
    (void)in;
    return q_departments_find(c, ret);
}

err people_department_add(struct call *c, const struct people_department_add_in *in,
                          struct department *ret)
{
    *ret = (struct department){ .id = { call_new_id(c) }, .name = in->name };
    err e = q_department_insert(c, ret->id, in->name);
    if (e == E_CONFLICT)
        IGNORE(call_field(c, "name", "taken", 0));
    TRY(e);
    call_object(c, "Department", "dept", ret->id.v);
    return E_NONE;
}
