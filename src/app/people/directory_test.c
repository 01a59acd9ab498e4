/* SPDX-License-Identifier: Apache-2.0 */
/* Administration through the gate: invitations, locks, roles, devices, the directory. */
#include "app/testkit/testkit.h"
#include "base/id.h"
#include "base/map.h"
#include "core/session.h"

struct office3 {
    struct app *app;
    i64 chen_id, system_id, security_id, audit_id;
    struct visitor *chen, *system, *security, *audit;
};

static struct office3 administered(struct T *T)
{
    struct app *app = app_new(T);
    struct office3 o = { .app = app };
    o.chen_id = app_person(app, "chen", "Chen Wei", "member");
    o.system_id = app_person(app, "sys", "Zhao Min", "system_admin");
    o.security_id = app_person(app, "sec", "Sun Li", "security_admin");
    o.audit_id = app_person(app, "aud", "Qian Yu", "audit_admin");
    o.chen = visit(app, "chen");
    o.system = visit(app, "sys");
    o.security = visit(app, "sec");
    o.audit = visit(app, "aud");
    return o;
}

/* A path about a person: people_path(app, id, "/lock"). */
static const char *people_path(struct app *app, i64 id, const char *rest)
{
    return str_fmt(app->a, "/api/people/" STR_FMT "%s", STR_ARG(id_text(app, "pers", id)), rest).p;
}

static const char *device_path(struct app *app, struct visitor *v, const char *rest)
{
    struct got me = get(v, "/api/me");
    return str_fmt(app->a, "/api/devices/" STR_FMT "%s", STR_ARG(field(&me, "device.id")), rest).p;
}

static void expect_rule(struct got g, const char *rule)
{
    expect_code(g, 403, "denied");
    expect_s(field(&g, "rules.0"), str_from(rule));
    expect(field(&g, "advice").n > 0);
}

/* ---- invitations ---- */

static struct got add(struct visitor *v, const char *login)
{
    return post(v, "/api/people",
                "{\"name\":\"Li Na\",\"login\":\"%s\",\"title\":\"Engineer\",\"mail\":\"\"}",
                login);
}

TEST(people_an_invitation_leads_to_a_session_once)
{
    struct office3 o = administered(T);
    struct got made = add(o.system, "LiNa");
    expect_status(made, 200);
    expect_s(field(&made, "person.status"), S("invited"));
    expect_s(field(&made, "person.login"), S("lina"));
    str link = field(&made, "link");
    expect(str_starts(link, S("https://localhost:8443/invite#")));
    struct visitor *lina = visitor_new(o.app);
    struct got got = accept_invite(lina, link, "a fine long phrase");
    expect_status(got, 200);
    expect_i(number(&got, "recovery_codes"), 10);
    struct got me = get(lina, "/api/me");
    expect_s(field(&me, "person.status"), S("active"));
    expect_code(accept_invite(visitor_new(o.app), link, "another long phrase"), 410, "invite_gone");

    /* a recovery code stands for the authenticator, once, however it is typed */
    str code = field(&got, "recovery_codes.3");
    struct visitor *phone = visitor_new(o.app);
    expect_status(try_sign_in(phone, "lina", "a fine long phrase", code), 200);
    expect_code(try_sign_in(phone, "lina", "a fine long phrase", code), 401, "wrong_sign_in");
    app_end(o.app);
}

TEST(people_an_invitation_ends_after_a_day_and_with_a_newer_one)
{
    struct office3 o = administered(T);
    struct got first = add(o.system, "lina");
    i64 id;
    expect_ok(id_parse(field(&first, "person.id"), "pers", &id));
    struct got second = post(o.system, people_path(o.app, id, "/invite"), "{}");
    expect_status(second, 200);
    struct visitor *lina = visitor_new(o.app);
    expect_code(accept_invite(lina, field(&first, "link"), "a fine long phrase"), 410,
                "invite_gone");
    app_clock(o.app, 24 * USEC_HOUR + USEC_S);
    expect_code(accept_invite(lina, field(&second, "link"), "a fine long phrase"), 410,
                "invite_gone");
    expect_code(post(lina, "/api/invites/open", "{\"token\":\"AAAAAAAAAAAAAAAAAAAAAAAA\"}"), 410,
                "invite_gone");
    app_end(o.app);
}

TEST(people_weak_passwords_and_wrong_codes_leave_the_invitation_good)
{
    struct office3 o = administered(T);
    struct got made = add(o.system, "lina.long");
    str link = field(&made, "link");
    struct visitor *lina = visitor_new(o.app);
    static const char *const weak[] = { "short", "password", "12345678", "LINA.LONG" };
    for (size_t i = 0; i < COUNT(weak); i++) {
        struct got g = accept_invite(lina, link, weak[i]);
        expect_code(g, 400, "weak_password");
        expect_s(field(&g, "fields.0.field"), S("password"));
    }
    str token = token_of(link);
    struct got open =
        post(lina, "/api/invites/open", "{\"token\":\"" STR_FMT "\"}", STR_ARG(token));
    struct got start = post(lina, "/api/sign-in/start", "{}");
    str ticket = field(&open, "ticket"), challenge = field(&start, "challenge");
    void *ephemeral;
    str device = device_proof(lina, challenge, &ephemeral);
    struct got g = post(lina, "/api/invites/accept",
                        "{\"token\":\"" STR_FMT "\",\"password\":\"a fine long phrase\",\"code\":"
                        "\"000000\",\"ticket\":\"" STR_FMT "\",\"challenge\":\"" STR_FMT
                        "\",\"device\":" STR_FMT "}",
                        STR_ARG(token), STR_ARG(ticket), STR_ARG(challenge), STR_ARG(device));
    expect_code(g, 400, "wrong_code");
    expect_status(accept_invite(lina, link, "a fine long phrase"), 200);
    app_end(o.app);
}

TEST(people_a_link_opens_no_lock)
{
    struct office3 o = administered(T);
    expect_status(post(o.security, people_path(o.app, o.chen_id, "/lock"), "{}"), 200);
    struct got made = post(o.system, people_path(o.app, o.chen_id, "/invite"), "{}");
    expect_status(made, 200);
    expect_code(accept_invite(visitor_new(o.app), field(&made, "link"), "a fine long phrase"), 410,
                "invite_gone");
    app_end(o.app);
}

TEST(people_a_new_invitation_ends_what_the_former_credentials_opened)
{
    struct office3 o = administered(T);
    struct got made = post(o.system, people_path(o.app, o.chen_id, "/invite"), "{}");
    expect_status(get(o.chen, "/api/me"), 200); /* the link alone changes nothing */
    struct visitor *fresh = visitor_new(o.app);
    expect_status(accept_invite(fresh, field(&made, "link"), "a fine long phrase"), 200);
    expect_code(get(o.chen, "/api/me"), 401, "sign_in");
    expect_status(get(fresh, "/api/me"), 200);
    expect_code(try_sign_in(o.chen, "chen", "correct horse", app_code(o.app)), 401,
                "wrong_sign_in");
    app_end(o.app);
}

TEST(people_a_new_invitation_ends_a_thiefs_passkey)
{
    struct office3 o = administered(T);
    struct authenticator *thief = authenticator_new(o.app);
    expect_status(passkey_enrol(o.chen, thief), 200);
    expect_status(passkey_sign_in(visitor_new(o.app), thief), 200);
    struct got made = post(o.system, people_path(o.app, o.chen_id, "/invite"), "{}");
    struct visitor *fresh = visitor_new(o.app);
    expect_status(accept_invite(fresh, field(&made, "link"), "a fine long phrase"), 200);
    expect_code(passkey_sign_in(visitor_new(o.app), thief), 401, "wrong_sign_in");
    struct got me = get(fresh, "/api/me");
    expect_i(number(&me, "passkeys"), 0);
    app_end(o.app);
}

TEST(people_a_passkey_of_somebody_locked_opens_nothing_and_leaves_a_leaf)
{
    struct office3 o = administered(T);
    struct authenticator *key = authenticator_new(o.app);
    expect_status(passkey_enrol(o.chen, key), 200);
    expect_status(post(o.security, people_path(o.app, o.chen_id, "/lock"), "{}"), 200);
    size_t before = app_leaves(o.app, "session.refused");
    expect_code(passkey_sign_in(visitor_new(o.app), key), 401, "wrong_sign_in");
    expect_i(app_leaves(o.app, "session.refused"), before + 1);
    app_end(o.app);
}

TEST(people_one_administrator_alone_takes_no_other_office)
{
    struct office3 o = administered(T);
    expect_rule(post(o.system, people_path(o.app, o.audit_id, "/invite"), "{}"),
                "no-links-for-administrators");
    expect_rule(post(o.system, people_path(o.app, o.security_id, "/invite"), "{}"),
                "no-links-for-administrators");
    struct got made = add(o.system, "puppet"); /* the link stays with the one who asked for it */
    i64 puppet;
    expect_ok(id_parse(field(&made, "person.id"), "pers", &puppet));
    expect_rule(post(o.security, people_path(o.app, puppet, "/role"), "{\"role\":\"audit_admin\"}"),
                "offices-after-the-first-sign-in");
    expect_status(accept_invite(visitor_new(o.app), field(&made, "link"), "a fine long phrase"),
                  200);
    expect_status(
        post(o.security, people_path(o.app, puppet, "/role"), "{\"role\":\"audit_admin\"}"), 200);
    /* Who has lost theirs comes back by the hands of two. */
    expect_status(
        post(o.security, people_path(o.app, o.audit_id, "/role"), "{\"role\":\"member\"}"), 200);
    expect_status(post(o.system, people_path(o.app, o.audit_id, "/invite"), "{}"), 200);
    expect_status(
        post(o.security, people_path(o.app, o.audit_id, "/role"), "{\"role\":\"audit_admin\"}"),
        200);
    app_end(o.app);
}

TEST(people_an_invitation_opened_twice_is_accepted_once)
{
    struct office3 o = administered(T);
    struct got made = add(o.system, "lina");
    str link = field(&made, "link"), token = token_of(link);
    struct visitor *lina = visitor_new(o.app), *thief = visitor_new(o.app);
    struct got open[2], start[3];
    for (int i = 0; i < 3; i++)
        start[i] = post(lina, "/api/sign-in/start", "{}");
    for (int i = 0; i < 2; i++)
        open[i] = post(lina, "/api/invites/open", "{\"token\":\"" STR_FMT "\"}", STR_ARG(token));
    expect_code(accept_opened(thief, link, "a fine long phrase", &open[0], S("made-up")), 409,
                "stale_challenge");
    expect_status(
        accept_opened(lina, link, "a fine long phrase", &open[0], field(&start[0], "challenge")),
        200);
    expect_code(
        accept_opened(thief, link, "a fine long phrase", &open[1], field(&start[1], "challenge")),
        410, "invite_gone");
    expect_status(get(lina, "/api/me"), 200);
    expect_rule(post(o.chen, people_path(o.app, o.audit_id, "/invite"), "{}"),
                "administration-is-for-administrators");
    expect_i(app_leaves(o.app, "invite.accepted"), 1);
    app_end(o.app);
}

/* ---- locks ---- */

TEST(F_01_locking_a_person_ends_all_of_theirs_at_once)
{
    struct office3 o = administered(T);
    struct visitor *phone = visit(o.app, "chen");
    struct got me = get(o.chen, "/api/me");
    i64 device;
    expect_ok(id_parse(field(&me, "device.id"), "devi", &device));
    size_t before = session_count(o.app->office);
    u64 generation = session_generation(o.app->office);
    expect_rule(post(o.chen, people_path(o.app, o.audit_id, "/lock"), "{}"),
                "administration-is-for-administrators");
    expect_rule(post(o.security, people_path(o.app, o.security_id, "/lock"), "{}"),
                "nobody-locks-themselves-out");
    struct got locked = post(o.security, people_path(o.app, o.chen_id, "/lock"), "{}");
    expect_status(locked, 200);
    expect_s(field(&locked, "status"), S("locked"));
    expect_i(session_count(o.app->office), before - 2);
    expect(session_generation(o.app->office) > generation); /* sockets look again */
    expect_code(get(o.chen, "/api/me"), 401, "sign_in");
    expect_code(get(phone, "/api/channels"), 401, "sign_in");
    expect_code(renew(phone), 401, "sign_in");
    expect_rule(post(o.audit, people_path(o.app, o.chen_id, "/unlock"), "{}"),
                "administration-is-for-administrators");
    struct visitor *again = visitor_new(o.app);
    expect_code(try_sign_in(again, "chen", "correct horse", app_code(o.app)), 401, "wrong_sign_in");
    app_restart(o.app);
    expect_code(get(o.chen, "/api/me"), 401, "sign_in");

    struct got open = post(o.security, people_path(o.app, o.chen_id, "/unlock"), "{}");
    expect_s(field(&open, "status"), S("active"));
    expect_code(get(o.chen, "/api/me"), 401, "sign_in"); /* what was ended stays ended */
    sign_in(again, "chen");
    expect_i(app_leaves(o.app, "person.locked"), 1);
    expect_i(app_leaves(o.app, "person.unlocked"), 1);
    app_end(o.app);
}

TEST(people_someone_invited_is_unlocked_to_invited)
{
    struct office3 o = administered(T);
    struct got made = add(o.system, "lina");
    i64 id;
    expect_ok(id_parse(field(&made, "person.id"), "pers", &id));
    expect_status(post(o.security, people_path(o.app, id, "/lock"), "{}"), 200);
    struct got g = post(o.security, people_path(o.app, id, "/unlock"), "{}");
    expect_s(field(&g, "status"), S("invited"));
    expect_code(accept_invite(visitor_new(o.app), field(&made, "link"), "a fine long phrase"), 410,
                "invite_gone"); /* the lock took the link back */
    app_end(o.app);
}

TEST(people_a_locked_device_signs_in_nobody)
{
    struct office3 o = administered(T);
    struct visitor *phone = visit(o.app, "chen");
    const char *lock = device_path(o.app, phone, "/lock");
    const char *unlock = device_path(o.app, phone, "/unlock");
    expect_rule(post(o.audit, lock, "{}"), "default");
    expect_status(post(o.chen, lock, "{}"), 200); /* one's own, from another device */
    expect_code(get(phone, "/api/me"), 401, "sign_in");
    expect_status(get(o.chen, "/api/me"), 200);
    struct got g = try_sign_in(phone, "chen", "correct horse", app_code(o.app));
    expect_code(g, 403, "device_locked");
    expect_rule(post(o.chen, unlock, "{}"), "administration-is-for-administrators");
    expect_status(post(o.security, unlock, "{}"), 200);
    sign_in(phone, "chen");
    expect_i(app_leaves(o.app, "device.locked"), 1);
    expect_i(app_leaves(o.app, "device.unlocked"), 1);
    app_end(o.app);
}

TEST(people_only_administrators_mark_a_device_as_the_companys)
{
    struct office3 o = administered(T);
    const char *mark = device_path(o.app, o.chen, "/owner");
    expect_rule(post(o.chen, mark, "{\"owner\":\"company\"}"),
                "administration-is-for-administrators");
    expect_rule(post(o.audit, mark, "{\"owner\":\"company\"}"),
                "administration-is-for-administrators");
    struct got g = post(o.system, mark, "{\"owner\":\"company\"}");
    expect_s(field(&g, "owner"), S("company"));
    g = get(o.chen, "/api/me");
    expect_s(field(&g, "device.owner"), S("company"));
    g = post(o.security, mark, "{\"owner\":\"own\"}");
    expect_s(field(&g, "owner"), S("own"));
    g = post(o.system, mark, "{\"owner\":\"nobody\"}");
    expect_code(g, 400, "invalid");
    expect_i(app_leaves(o.app, "device.marked"), 2);
    app_end(o.app);
}

TEST(people_devices_are_seen_by_their_owner_and_by_administrators)
{
    struct office3 o = administered(T);
    struct visitor *phone = visit(o.app, "chen");
    struct got mine = get(phone, "/api/me/devices");
    expect_i(number(&mine, "items"), 2);
    expect_s(field(&mine, "items.0.here"), S("false"));
    expect_s(field(&mine, "items.1.here"), S("true"));
    const char *path = people_path(o.app, o.chen_id, "/devices");
    struct got g = get(o.security, "%s", path);
    expect_i(number(&g, "items"), 2);
    g = get(o.audit, "%s", path);
    expect_status(g, 200);
    expect_i(number(&g, "items"), 0); /* each row is decided */
    g = get(phone, "%s?limit=1", path);
    expect_i(number(&g, "items"), 1);
    g = get(phone, "%s?limit=1&after=" STR_FMT, path, STR_ARG(field(&g, "next")));
    expect_s(field(&g, "items.0.id"), field(&mine, "items.1.id"));
    app_end(o.app);
}

/* ---- roles ---- */

static struct got give(struct visitor *v, struct app *app, i64 to, const char *role)
{
    return post(v, people_path(app, to, "/role"), "{\"role\":\"%s\"}", role);
}

TEST(people_the_three_administrators_cannot_be_one_person)
{
    struct office3 o = administered(T);
    expect_rule(give(o.security, o.app, o.security_id, "system_admin"),
                "nobody-changes-their-own-role");
    expect_rule(give(o.system, o.app, o.system_id, "security_admin"),
                "nobody-changes-their-own-role");
    expect_rule(give(o.system, o.app, o.chen_id, "security_admin"), "default");
    expect_rule(give(o.chen, o.app, o.system_id, "member"), "administration-is-for-administrators");
    expect_code(give(o.security, o.app, o.system_id, "audit_admin"), 409, "last_admin");
    expect_code(give(o.security, o.app, o.audit_id, "member"), 409, "last_admin");

    /* a role is one: whoever takes the second has lost the first */
    struct got g = give(o.security, o.app, o.chen_id, "system_admin");
    expect_s(field(&g, "role"), S("system_admin"));
    expect_status(add(o.chen, "lina"), 200); /* with the session that was there */
    g = give(o.security, o.app, o.system_id, "audit_admin");
    expect_s(field(&g, "role"), S("audit_admin"));
    expect_rule(add(o.system, "lina2"), "administration-is-for-administrators");
    g = give(o.security, o.app, o.chen_id, "system_admin"); /* to the same: nothing changes */
    expect_status(g, 200);
    expect_i(app_leaves(o.app, "person.role_changed"), 3);
    app_end(o.app);
}

/* ---- the directory ---- */

TEST(people_adding_someone_names_every_wrong_field)
{
    struct office3 o = administered(T);
    struct got g = post(o.system, "/api/people",
                        "{\"name\":\"\",\"login\":\"x\",\"title\":\"\",\"mail\":\"\",\"extra\":1}");
    expect_code(g, 400, "invalid");
    expect_s(field(&g, "fields.0.field"), S("name"));
    expect_s(field(&g, "fields.1.field"), S("extra"));
    expect_s(field(&g, "fields.1.what"), S("unknown"));
    g = add(o.system, "li na");
    expect_s(field(&g, "fields.0.field"), S("login"));
    expect_code(add(o.system, "CHEN"), 409, "login_taken");
    g = post(
        o.system, "/api/people",
        "{\"name\":\"Li\",\"login\":\"li\",\"title\":\"\",\"mail\":\"\",\"department\":\"" STR_FMT
        "\"}",
        STR_ARG(id_text(o.app, "dept", 77)));
    expect_code(g, 400, "invalid");
    expect_s(field(&g, "fields.0.field"), S("department"));
    expect_code(post(o.system, "/api/people", "{\"name\":"), 400, "invalid");
    expect_code(post(o.system, "/api/people", "[]"), 400, "invalid");
    expect_rule(add(o.security, "lina"), "default");
    expect_rule(add(o.chen, "lina"), "administration-is-for-administrators");
    expect_i(app_leaves(o.app, "person.added"), 0);
    app_end(o.app);
}

TEST(people_departments_hold_people)
{
    struct office3 o = administered(T);
    struct got d = post(o.system, "/api/departments", "{\"name\":\"研发部\"}");
    expect_status(d, 200);
    str dept = field(&d, "id");
    expect_code(post(o.system, "/api/departments", "{\"name\":\"研发部\"}"), 409, "conflict");
    expect_rule(post(o.chen, "/api/departments", "{\"name\":\"x\"}"),
                "administration-is-for-administrators");
    struct got g =
        post(o.system, "/api/people",
             "{\"name\":\"Li\",\"login\":\"li\",\"title\":\"\",\"mail\":\"\",\"department\":"
             "\"" STR_FMT "\"}",
             STR_ARG(dept));
    expect_s(field(&g, "person.department_name"), S("研发部"));
    struct got list = get(o.chen, "/api/departments");
    expect_i(number(&list, "0.people"), 1);
    str id = field(&g, "person.id");
    struct got one = get(o.chen, "/api/people/" STR_FMT, STR_ARG(id));
    expect_s(field(&one, "department"), dept);
    expect_code(get(o.chen, "%s", people_path(o.app, 12345, "")), 404, "not_found");
    expect_code(get(o.chen, "/api/people/pers_x"), 400, "invalid");
    app_end(o.app);
}

TEST(people_a_hundred_people_page_without_gap_or_double)
{
    struct app *app = app_new(T);
    for (int i = 0; i < 100; i++)
        app_person(app, str_fmt(T->arena, "user%02d", i).p,
                   str_fmt(T->arena, "Name %c%02d", 'A' + i % 26, i).p, "member");
    struct visitor *v = visit(app, "user42");
    struct map seen = map_in(T->arena);
    static const int limits[] = { 1, 7, 50, 100, 200 };
    for (size_t k = 0; k < COUNT(limits); k++) {
        size_t n = 0, pages = 0;
        str next = { 0 };
        seen = map_in(T->arena);
        do {
            struct got g =
                next.n ? get(v, "/api/people?limit=%d&after=" STR_FMT, limits[k], STR_ARG(next))
                       : get(v, "/api/people?limit=%d", limits[k]);
            expect_status(g, 200);
            i64 got_n = number(&g, "items");
            expect(got_n <= limits[k]);
            for (i64 i = 0; i < got_n; i++, n++) {
                str id = field(&g, str_fmt(T->arena, "items.%lld.id", (long long)i).p);
                expect(!map_has(&seen, id));
                map_put(&seen, id, v);
            }
            next = field(&g, "next");
            expect(++pages < 110);
        } while (next.n);
        expect_i(n, 100);
    }
    struct got g = get(v, "/api/people?q=name%%20b");
    expect_i(number(&g, "items"), 4); /* 1, 27, 53, 79 */
    g = get(v, "/api/people?q=USER4");
    expect_i(number(&g, "items"), 10);
    g = get(v, "/api/people?q=%%25");
    expect_i(number(&g, "items"), 0);
    expect_code(get(v, "/api/people?limit=0"), 400, "invalid");
    expect_code(get(v, "/api/people?limit=201"), 400, "invalid");
    expect_code(get(v, "/api/people?limit=ten"), 400, "invalid");
    expect_code(get(v, "/api/people?color=red"), 400, "invalid");
    app_end(app);
}

/* ---- floods ---- */

TEST(S_06_a_flood_leaves_administrators_and_others_untouched)
{
    struct app *app = app_new_limited(T, 1);
    app_person(app, "chen", "Chen Wei", "member");
    app_person(app, "sec", "Sun Li", "security_admin");
    i64 mad_id = app_person(app, "mad", "Ma Da", "member");
    struct visitor *chen = visit(app, "chen"), *sec = visit(app, "sec"), *mad = visit(app, "mad");
    struct visitor *stranger = visitor_new(app);
    chen->address = "192.0.2.20";
    sec->address = mad->address = "192.0.2.21"; /* behind one door */
    stranger->address = "198.51.100.9";
    int refused[4] = { 0 };
    for (int i = 0; i < 500; i++) {
        struct got g = get(stranger, "/api/nothing");
        refused[0] += g.status == 429;
        g = get(mad, "/api/departments");
        refused[1] += g.status == 429;
        g = post(mad, "/api/channels", "{\"kind\":\"private\",\"name\":\"x\"}");
        refused[2] += g.status == 429;
        g = post(stranger, "/api/sign-in/start", "{}");
        refused[3] += g.status == 429;
        if (g.status == 429)
            expect(str_find(g.lines, S("Retry-After: ")) >= 0);
    }
    for (size_t i = 0; i < COUNT(refused); i++)
        expect(refused[i] > 100);
    usec began = os_mono();
    for (int i = 0; i < 20; i++)
        expect_status(get(chen, "/api/people"), 200);
    expect_status(post(sec, people_path(app, mad_id, "/lock"), "{}"), 200);
    expect(os_mono() - began < 2 * USEC_S);
    expect_code(get(mad, "/api/me"), 401, "sign_in");
    app_end(app);
}

TEST(S_06_guessing_one_name_is_slowed_from_however_many_addresses)
{
    struct app *app = app_new_limited(T, 1);
    app_person(app, "chen", "Chen Wei", "member");
    app_person(app, "li", "Li Na", "member");
    int slowed = 0;
    for (int i = 0; i < 15; i++) {
        struct visitor *v = visitor_new(app);
        v->address = str_fmt(T->arena, "198.51.100.%d", i).p;
        struct got g = try_sign_in(v, i % 2 ? "chen" : "CHEN", "guess", S("123456"));
        slowed += g.status == 429;
    }
    expect(slowed >= 4);
    struct visitor *li = visitor_new(app);
    sign_in(li, "li");
    app_clock(app, USEC_MIN);
    sign_in(visitor_new(app), "chen"); /* the true one gets through */
    app_end(app);
}
