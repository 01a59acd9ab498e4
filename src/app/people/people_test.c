/* SPDX-License-Identifier: Apache-2.0 */
/* The ways in, as a browser and as an attacker meet them: what signs in, what does not, and what a
 * stolen piece is worth. */
#include <sodium.h>
#include <string.h>

#include "app/people/people_in.h"
#include "app/testkit/testkit.h"
#include "base/id.h"
#include "core/answer.h"

static const char wrong_code[] = "000000";

/* An answer without the request's id, which alone may differ. */
static str without_id(const struct got *g, struct arena *a)
{
    ptrdiff_t at = str_find(g->body, S("\"id\":\""));
    expect(at > 0);
    str head = str_sub(g->body, 0, (size_t)at);
    str tail = str_sub(g->body, (size_t)at + 6 + 16, g->body.n);
    return str_fmt(a, "%d " STR_FMT STR_FMT, g->status, STR_ARG(head), STR_ARG(tail));
}

TEST(people_sign_in_and_see_oneself)
{
    struct app *app = app_new(T);
    app_person(app, "chen", "Chen Wei", "member");
    struct visitor *v = visit(app, "chen");
    struct got g = get(v, "/api/me");
    expect_status(g, 200);
    expect_s(field(&g, "person.name"), S("Chen Wei"));
    expect_s(field(&g, "device.owner"), S("own"));
    expect_i(number(&g, "strength"), 2);
    expect_i(app_leaves(app, "session.opened"), 1);
    app_end(app);
}

TEST(people_a_session_outlives_a_restart)
{
    struct app *app = app_new(T);
    app_person(app, "chen", "Chen Wei", "member");
    struct visitor *v = visit(app, "chen");
    app_restart(app);
    struct got g = get(v, "/api/me");
    expect_status(g, 200);
    expect_status(renew(v), 200);
    app_end(app);
}

TEST(people_every_failed_sign_in_gives_the_same_bytes_and_a_leaf)
{
    struct app *app = app_new(T);
    app_person(app, "chen", "Chen Wei", "member");
    struct visitor *v = visitor_new(app);
    struct got wrong = try_sign_in(v, "chen", "wrong horse", app_code(app));
    struct got unknown = try_sign_in(v, "nobody", "correct horse", app_code(app));
    struct got code = try_sign_in(v, "chen", "correct horse", str_from(wrong_code));
    struct got letters = try_sign_in(v, "chen", "correct horse", S("abcdef"));
    expect_s(without_id(&letters, T->arena), without_id(&wrong, T->arena));
    struct got recovery = try_sign_in(v, "chen", "correct horse", S("abcde-fghjk"));
    expect_code(wrong, 401, "wrong_sign_in");
    expect_s(without_id(&unknown, T->arena), without_id(&wrong, T->arena));
    expect_s(without_id(&code, T->arena), without_id(&wrong, T->arena));
    expect_s(without_id(&recovery, T->arena), without_id(&wrong, T->arena));
    expect_s(unknown.lines, wrong.lines);
    expect_i(app_leaves(app, "session.refused"), 5);
    expect_i(app_leaves(app, "session.opened"), 0);
    app_end(app);
}

static usec cpu(void)
{
    struct timespec t;
    must(clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t) == 0);
    return (usec)t.tv_sec * USEC_S + t.tv_nsec / 1000;
}

TEST(people_an_unknown_name_costs_one_hash)
{
    char real[crypto_pwhash_STRBYTES];
    expect(sodium_init() >= 0);
    struct answer answer = { 0 };
    struct call c = { .arena = T->arena, .answer = &answer };
    str encoded;
    expect_ok(password_hash(&c, S("correct horse"), &encoded));
    expect(encoded.n < sizeof real);
    usec least[2] = { INT64_MAX, INT64_MAX };
    for (int i = 0; i < 3; i++) {
        usec t = cpu();
        expect(!password_matches(encoded, S("wrong horse")));
        least[0] = MIN(least[0], cpu() - t);
        t = cpu();
        expect(!password_matches((str){ 0 }, S("wrong horse")));
        least[1] = MIN(least[1], cpu() - t);
    }
    expect(password_matches(encoded, S("correct horse")));
    expect(least[1] * 10 > least[0] * 7 && least[0] * 10 > least[1] * 7);
}

TEST(people_a_code_works_once_and_a_challenge_too)
{
    struct app *app = app_new(T);
    app_person(app, "chen", "Chen Wei", "member");
    struct visitor *v = visitor_new(app), *w = visitor_new(app);
    str code = app_code(app);
    expect_status(try_sign_in(v, "chen", "correct horse", code), 200);
    expect_code(try_sign_in(w, "chen", "correct horse", code), 401, "wrong_sign_in");

    struct got start = post(w, "/api/sign-in/start", "{}");
    void *ephemeral;
    str challenge = field(&start, "challenge"), device = device_proof(w, challenge, &ephemeral);
    struct got first = post(w, "/api/sign-in/password",
                            "{\"login\":\"chen\",\"password\":\"bad\",\"code\":\"123456\","
                            "\"challenge\":\"" STR_FMT "\",\"device\":" STR_FMT "}",
                            STR_ARG(challenge), STR_ARG(device));
    expect_code(first, 401, "wrong_sign_in");
    code = app_code(app);
    struct got again = post(w, "/api/sign-in/password",
                            "{\"login\":\"chen\",\"password\":\"correct horse\",\"code\":\"" STR_FMT
                            "\",\"challenge\":\"" STR_FMT "\",\"device\":" STR_FMT "}",
                            STR_ARG(code), STR_ARG(challenge), STR_ARG(device));
    expect_code(again, 409, "stale_challenge");
    app_end(app);
}

TEST(people_a_challenge_ends_after_five_minutes_and_none_can_be_made_up)
{
    struct app *app = app_new(T);
    app_person(app, "chen", "Chen Wei", "member");
    struct visitor *v = visitor_new(app);
    struct got start = post(v, "/api/sign-in/start", "{}");
    void *ephemeral;
    str challenge = field(&start, "challenge"), device = device_proof(v, challenge, &ephemeral);
    app_clock(app, 5 * USEC_MIN + USEC_S);
    str code = app_code(app);
    struct got g = post(v, "/api/sign-in/password",
                        "{\"login\":\"chen\",\"password\":\"correct horse\",\"code\":\"" STR_FMT
                        "\",\"challenge\":\"" STR_FMT "\",\"device\":" STR_FMT "}",
                        STR_ARG(code), STR_ARG(challenge), STR_ARG(device));
    expect_code(g, 409, "stale_challenge");
    device = device_proof(v, S("made-up"), &ephemeral);
    g = post(v, "/api/sign-in/password",
             "{\"login\":\"chen\",\"password\":\"correct horse\",\"code\":\"" STR_FMT
             "\",\"challenge\":\"made-up\",\"device\":" STR_FMT "}",
             STR_ARG(code), STR_ARG(device));
    expect_code(g, 409, "stale_challenge");
    app_end(app);
}

TEST(people_a_device_proof_for_another_challenge_or_key_is_refused)
{
    struct app *app = app_new(T);
    app_person(app, "chen", "Chen Wei", "member");
    struct visitor *v = visitor_new(app);
    struct got start = post(v, "/api/sign-in/start", "{}");
    void *ephemeral;
    str challenge = field(&start, "challenge");
    str device = device_proof(v, S("another challenge"), &ephemeral), code = app_code(app);
    struct got g = post(v, "/api/sign-in/password",
                        "{\"login\":\"chen\",\"password\":\"correct horse\",\"code\":\"" STR_FMT
                        "\",\"challenge\":\"" STR_FMT "\",\"device\":" STR_FMT "}",
                        STR_ARG(code), STR_ARG(challenge), STR_ARG(device));
    expect_code(g, 400, "invalid");
    expect_s(field(&g, "fields.0.field"), S("device.signature"));
    expect_i(session_count(app->office), 0);
    app_end(app);
}

/* ---- the session's proof ---- */

TEST(people_a_stolen_cookie_opens_nothing_but_the_renewal_which_needs_the_device)
{
    struct app *app = app_new(T);
    app_person(app, "chen", "Chen Wei", "member");
    struct visitor *owner = visit(app, "chen"), *thief = visitor_new(app);
    static const char *const closed[] = { "/api/me", "/api/people", "/api/channels",
                                          "/api/me/devices", "/api/ledger/leaves" };
    thief->cookie = owner->cookie;
    thief->signed_in = true;
    for (size_t i = 0; i < COUNT(closed); i++) {
        expect_code(
            ask(thief, &(struct ask){ .method = "GET", .path = closed[i], .no_proof = true }), 401,
            "proof");
        expect_code(get(thief, "%s", closed[i]), 401, "proof"); /* with a key of their own */
    }
    expect_code(post(thief, "/api/session/end", "{}"), 401, "proof");
    struct got g = renew(thief); /* signed by the thief's device */
    expect_code(g, 400, "invalid");
    expect_status(get(owner, "/api/me"), 200);
    app_end(app);
}

TEST(people_a_proof_holds_for_its_method_path_key_and_a_minute)
{
    struct app *app = app_new(T);
    app_person(app, "chen", "Chen Wei", "member");
    struct visitor *v = visit(app, "chen");
    struct ask me = { .method = "GET", .path = "/api/me" };
    struct got first = ask(v, &me);
    expect_status(first, 200);

    struct ask same = me; /* a load client may repeat it */
    same.time = first.shown.time;
    same.proof = first.shown.proof;
    expect_status(ask(v, &same), 200);
    struct ask elsewhere = same;
    elsewhere.path = "/api/channels";
    expect_code(ask(v, &elsewhere), 401, "proof");
    elsewhere.path = "/api/me?x=1";
    expect_code(ask(v, &elsewhere), 401, "proof");

    struct ask other = {
        .method = "POST", .path = "/api/session/end", .body = "{}", .proved_method = "GET"
    };
    expect_code(ask(v, &other), 401, "proof");
    other.proved_method = NULL;
    other.proved_key = "another-key";
    expect_code(ask(v, &other), 401, "proof");

    struct ask late = me, early = me;
    late.skew = -61 * USEC_S;
    early.skew = 62 * USEC_S;
    struct got g = ask(v, &late);
    expect_code(g, 401, "proof");
    expect(number(&g, "params.now") > 1600000000000);
    expect_code(ask(v, &early), 401, "proof");
    late.skew = -50 * USEC_S;
    expect_status(ask(v, &late), 200);

    app_clock(app, 61 * USEC_S);
    expect_code(ask(v, &same), 401, "proof");
    app_end(app);
}

TEST(people_the_proof_key_ends_after_six_minutes_and_is_renewed_by_the_device)
{
    struct app *app = app_new(T);
    app_person(app, "chen", "Chen Wei", "member");
    struct visitor *v = visit(app, "chen");
    app_clock(app, 6 * USEC_MIN + USEC_S);
    expect_code(get(v, "/api/me"), 401, "proof");
    expect_status(renew(v), 200);
    expect_status(get(v, "/api/me"), 200);
    app_end(app);
}

TEST(people_the_former_key_stays_good_for_a_minute)
{
    struct app *app = app_new(T);
    app_person(app, "chen", "Chen Wei", "member");
    struct visitor *v = visit(app, "chen"), tab = *v; /* another tab, under way */
    expect_status(renew(v), 200);
    expect(memcmp(tab.key, v->key, sizeof tab.key) != 0);
    expect_status(get(&tab, "/api/me"), 200);
    app_clock(app, 61 * USEC_S);
    expect_code(get(&tab, "/api/me"), 401, "proof");
    expect_status(get(v, "/api/me"), 200);
    app_end(app);
}

TEST(people_a_renewal_challenge_works_once)
{
    struct app *app = app_new(T);
    app_person(app, "chen", "Chen Wei", "member");
    struct visitor *v = visit(app, "chen");
    struct got c = post(v, "/api/session/challenge", "{}");
    char zeros[88];
    memset(zeros, 'A', sizeof zeros);
    str body = str_fmt(
        T->arena, "{\"challenge\":\"" STR_FMT "\",\"ephemeral\":\"%.87s\",\"signature\":\"%.86s\"}",
        STR_ARG(field(&c, "challenge")), zeros, zeros);
    expect_code(post(v, "/api/session/renew", "%s", body.p), 400, "invalid");
    expect_code(post(v, "/api/session/renew", "%s", body.p), 409, "stale_challenge");
    app_end(app);
}

TEST(people_ending_a_session_ends_it_everywhere)
{
    struct app *app = app_new(T);
    app_person(app, "chen", "Chen Wei", "member");
    struct visitor *v = visit(app, "chen"), *other = visit(app, "chen");
    struct got g = post(v, "/api/session/end", "{}");
    expect_status(g, 200);
    expect(str_find(g.lines, S("Max-Age=0")) > 0);
    expect_code(get(v, "/api/me"), 401, "sign_in");
    expect_code(renew(v), 401, "sign_in");
    expect_status(get(other, "/api/me"), 200);
    app_restart(app);
    expect_code(get(v, "/api/me"), 401, "sign_in");
    expect_i(app_leaves(app, "session.closed"), 1);
    app_end(app);
}

TEST(people_a_session_ends_by_its_time)
{
    struct app *app = app_new(T);
    app_person(app, "chen", "Chen Wei", "member");
    struct visitor *v = visit(app, "chen");
    app_clock(app, 12 * USEC_HOUR + USEC_S);
    expect_code(renew(v), 401, "sign_in");
    app_end(app);
}

TEST(people_cookies_that_are_none_are_no_session)
{
    struct app *app = app_new(T);
    app_person(app, "chen", "Chen Wei", "member");
    struct visitor *v = visit(app, "chen");
    static const char *const bad[] = { "",
                                       "__Host-outwork=",
                                       "__Host-outwork=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
                                       "outwork=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
                                       "__Host-outwork=!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!",
                                       ";;;=;" };
    for (size_t i = 0; i < COUNT(bad); i++)
        expect_code(ask(v, &(struct ask){ .method = "GET", .path = "/api/me", .cookie = bad[i] }),
                    401, "sign_in");
    str both = str_fmt(T->arena, "theme=dark; " STR_FMT "; x=y", STR_ARG(v->cookie));
    expect_status(ask(v, &(struct ask){ .method = "GET", .path = "/api/me", .cookie = both.p }),
                  200);
    app_end(app);
}

/* ---- passkeys ---- */

TEST(people_a_passkey_is_enrolled_and_signs_in)
{
    struct app *app = app_new(T);
    app_person(app, "chen", "Chen Wei", "member");
    struct visitor *v = visit(app, "chen"), *w = visitor_new(app);
    struct authenticator *t = authenticator_new(app);
    struct got made = passkey_enrol(v, t);
    expect_status(made, 200);
    expect_status(passkey_sign_in(w, t), 200);
    struct got me = get(w, "/api/me");
    expect_i(number(&me, "strength"), 4);
    expect_i(number(&me, "passkeys"), 1);
    app_clock(app, 5 * USEC_MIN + USEC_S);
    me = get(w, "/api/me");
    expect_i(number(&me, "strength"), 3);
    struct got list = get(w, "/api/me/passkeys");
    expect_i(number(&list, "items"), 1);
    expect(field(&list, "items.0.used").n > 0);
    struct got start = post(w, "/api/me/passkeys/start", "{}");
    expect_i(number(&start, "exclude"), 1);

    str id = field(&made, "id");
    expect_status(del(w, str_fmt(T->arena, "/api/me/passkeys/" STR_FMT, STR_ARG(id)).p), 200);
    expect_code(passkey_sign_in(visitor_new(app), t), 401, "wrong_sign_in");
    expect_i(app_leaves(app, "passkey.enrolled"), 1);
    expect_i(app_leaves(app, "passkey.removed"), 1);
    app_end(app);
}

TEST(people_passkeys_that_do_not_hold_are_refused)
{
    struct app *app = app_new(T);
    app_person(app, "chen", "Chen Wei", "member");
    struct visitor *v = visit(app, "chen"), *w = visitor_new(app);
    struct authenticator *t = authenticator_new(app), *phished = authenticator_new(app);
    phished->origin = "https://localhost.evil.example:8443";
    expect_code(passkey_enrol(v, phished), 400, "passkey_refused");
    phished->origin = t->origin;
    phished->rp_id = "evil.example";
    expect_code(passkey_enrol(v, phished), 400, "passkey_refused");
    phished->rp_id = t->rp_id;
    phished->no_verification = true;
    expect_code(passkey_enrol(v, phished), 400, "passkey_refused");

    expect_status(passkey_enrol(v, t), 200);
    expect_code(passkey_enrol(v, t), 400, "passkey_refused"); /* twice */
    t->origin = "https://localhost.evil.example:8443";
    expect_code(passkey_sign_in(w, t), 401, "wrong_sign_in");
    t->origin = "https://localhost:8443";
    expect_status(passkey_sign_in(w, t), 200);
    t->counter -= 1; /* a copy of the key shows a counter that was seen */
    expect_code(passkey_sign_in(w, t), 401, "wrong_sign_in");
    t->counter += 5;
    expect_status(passkey_sign_in(w, t), 200);
    t->no_verification = true;
    expect_code(passkey_sign_in(w, t), 401, "wrong_sign_in");
    expect_code(passkey_sign_in(w, phished), 401, "wrong_sign_in"); /* never enrolled */
    app_end(app);
}

TEST(people_nobody_removes_another_ones_passkey)
{
    struct app *app = app_new(T);
    app_person(app, "chen", "Chen Wei", "member");
    app_person(app, "sec", "Sun Li", "security_admin");
    struct visitor *v = visit(app, "chen"), *sec = visit(app, "sec");
    struct got made = passkey_enrol(v, authenticator_new(app));
    str id = field(&made, "id"), path = str_fmt(T->arena, "/api/me/passkeys/" STR_FMT, STR_ARG(id));
    expect_code(del(sec, path.p), 403, "denied");
    struct got list = get(sec, "/api/me/passkeys");
    expect_i(number(&list, "items"), 0);
    app_end(app);
}

TEST(people_a_passkeys_challenge_and_device_count_too)
{
    struct app *app = app_new(T);
    app_person(app, "chen", "Chen Wei", "member");
    struct visitor *v = visit(app, "chen"), *w = visitor_new(app);
    struct authenticator *t = authenticator_new(app);
    t->challenge = S("made-up");
    expect_code(passkey_enrol(v, t), 409, "stale_challenge");
    t->challenge = (str){ 0 };
    expect_status(passkey_enrol(v, t), 200);
    t->challenge = S("made-up");
    expect_code(passkey_sign_in(w, t), 409, "stale_challenge");
    t->challenge = (str){ 0 };
    expect_status(passkey_sign_in(w, t), 200);
    struct got me = get(w, "/api/me");
    str id = field(&me, "device.id");
    expect_status(post(v, str_fmt(T->arena, "/api/devices/" STR_FMT "/lock", STR_ARG(id)).p, "{}"),
                  200);
    expect_code(passkey_sign_in(w, t), 403, "device_locked");
    app_end(app);
}

static err forget_session(struct call *c, void *arg)
{
    return q_session_delete(c, *(session_id *)arg);
}

TEST(people_a_session_that_ended_meanwhile_is_not_renewed)
{
    struct app *app = app_new(T);
    app_person(app, "chen", "Chen Wei", "member");
    struct visitor *v = visit(app, "chen");
    const struct json *opened = NULL;
    for (u64 i = 0, size = app_seal(app); i < size; i++)
        if (json_get(app_leaf_json(app, i, size), S("session")))
            opened = app_leaf_json(app, i, size);
    session_id id;
    expect_ok(id_parse(json_str_or(json_get(opened, S("session")), S("")), "sess", &id.v));
    expect_ok(serve_write(app->serve, forget_session, &id)); /* between the check and the write */
    expect_code(renew(v), 401, "session_gone");
    app_end(app);
}

TEST(a_name_cannot_hide_what_it_says)
{
    struct app *app = app_new(T);
    (void)app_person(app, "chen.hao", "陈浩", "system_admin");
    struct visitor *v = visit(app, "chen.hao");
    static const char *const names[] = { "two\\nlines", "eve\xE2\x80\xAEhtiw", "wang\xE2\x80\x8Byu",
                                         "tab\\tbed" };
    for (size_t i = 0; i < COUNT(names); i++) {
        struct got g =
            post(v, "/api/people",
                 "{\"name\":\"%s\",\"login\":\"someone\",\"title\":\"\",\"mail\":\"\"}", names[i]);
        expect_code(g, 400, "invalid");
        expect_s(field(&g, "fields.0.field"), S("name"));
    }
    app_end(app);
}
