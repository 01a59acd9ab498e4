/* SPDX-License-Identifier: Apache-2.0 */
/* Talk as two browsers have it: order, nothing lost, nothing doubled, who may read what. */
#include "app/chat/chat.h"
#include "app/testkit/testkit.h"
#include "base/rng.h"
#include "gen/chat.h"

struct two {
    struct app *app;
    struct visitor *chen, *li;
    i64 chen_id, li_id;
};

static struct two two_of(struct T *T)
{
    struct two t = { .app = app_new(T) };
    t.chen_id = app_person(t.app, "chen", "Chen Wei", "member");
    t.li_id = app_person(t.app, "li", "Li Na", "member");
    t.chen = visit(t.app, "chen");
    t.li = visit(t.app, "li");
    return t;
}

static str create(struct visitor *v, const char *kind, const char *name)
{
    struct got g = post(v, "/api/channels", "{\"kind\":\"%s\",\"name\":\"%s\"}", kind, name);
    expect_status(g, 200);
    return field(&g, "id");
}

static const char *at(struct visitor *v, str channel, const char *rest)
{
    return str_fmt(v->app->a, "/api/channels/" STR_FMT "%s", STR_ARG(channel), rest).p;
}

static struct got say(struct visitor *v, str channel, const char *text)
{
    return post(v, at(v, channel, "/messages"), "{\"text\":\"%s\"}", text);
}

static struct got join(struct visitor *v, str channel)
{
    return post(v, at(v, channel, "/join"), "{}");
}

static void expect_rule(struct got g, const char *rule, const char *advice)
{
    expect_code(g, 403, "denied");
    expect_s(field(&g, "rules.0"), str_from(rule));
    expect_s(field(&g, "advice"), str_from(advice));
}

/* How the channel stands in somebody's list: "last_seq/read_seq/unread", empty when it is not
 * there. */
static str listed(struct visitor *v, str channel)
{
    struct got g = get(v, "/api/channels");
    for (u32 i = 0; i < g.json->n; i++) {
        const struct json *c = &g.json->at[i];
        if (str_eq(json_str_or(json_get(c, S("id")), S("")), channel))
            return str_fmt(v->app->a, "%lld/%lld/%lld",
                           (long long)json_i64_or(json_get(c, S("last_seq")), -1),
                           (long long)json_i64_or(json_get(c, S("read_seq")), -1),
                           (long long)json_i64_or(json_get(c, S("unread")), -1));
    }
    return (str){ "", 0 };
}

/* ---- order, loss, doubles ---- */

TEST(F_02_two_people_talk_in_order_without_loss_or_doubles)
{
    struct two t = two_of(T);
    str channel = create(t.chen, "public", "General");
    expect_status(join(t.li, channel), 200);
    for (int i = 0; i < 40; i++) {
        struct visitor *v = i % 3 ? t.chen : t.li;
        struct got g = say(v, channel, str_fmt(T->arena, "message %d", i).p);
        expect_status(g, 200);
        expect_i(number(&g, "seq"), i + 1);
    }
    struct got a = get(t.chen, "%s?after=0&limit=200", at(t.chen, channel, "/messages"));
    struct got b = get(t.li, "%s?after=0&limit=200", at(t.li, channel, "/messages"));
    expect_s(a.body, b.body);
    expect_i(number(&a, "items"), 40);
    for (int i = 0; i < 40; i++) {
        str text = field(&a, str_fmt(T->arena, "items.%d.text", i).p);
        expect_s(text, str_fmt(T->arena, "message %d", i));
        expect_i(number(&a, str_fmt(T->arena, "items.%d.seq", i).p), i + 1);
    }
    expect_i(app_leaves(t.app, "message.posted"), 40);
    app_end(t.app);
}

TEST(F_02_a_message_sent_again_with_its_key_is_one_message)
{
    struct two t = two_of(T);
    str channel = create(t.chen, "public", "General");
    const char *path = at(t.chen, channel, "/messages");
    struct ask a = {
        .method = "POST", .path = path, .body = "{\"text\":\"once\"}", .key = "key-of-one-message"
    };
    struct got first = ask(t.chen, &a);
    expect_status(first, 200);
    expect(str_find(first.lines, S("Outwork-Repeated")) < 0);
    for (int i = 0; i < 3; i++) {
        struct got again = ask(t.chen, &a);
        expect_status(again, 200);
        expect_s(again.body, first.body);
        expect(str_find(again.lines, S("Outwork-Repeated: 1")) >= 0);
        if (i == 1)
            app_restart(t.app); /* the key outlives the process */
    }
    struct ask other = a;
    other.body = "{\"text\":\"another\"}";
    expect_code(ask(t.chen, &other), 409, "key_used");
    expect_status(join(t.li, channel), 200);
    expect_status(ask(t.li, &a), 200); /* keys are a person's own */
    struct got g = get(t.chen, "%s", path);
    expect_i(number(&g, "items"), 2);
    app_clock(t.app, 24 * USEC_HOUR);
    expect_i(app_leaves(t.app, "message.posted"), 2);
    app_end(t.app);
}

TEST(chat_keys_that_are_none_are_refused)
{
    struct two t = two_of(T);
    str channel = create(t.chen, "public", "General");
    struct ask a = { .method = "POST",
                     .path = at(t.chen, channel, "/messages"),
                     .body = "{\"text\":\"x\"}" };
    static const char *const bad[] = {
        "", "short", "with space 12",
        "0123456789012345678901234567890123456789012345678901234567890123x"
    };
    for (size_t i = 0; i < COUNT(bad); i++) {
        a.key = bad[i];
        struct got g = ask(t.chen, &a);
        expect_code(g, 400, "invalid");
        expect_s(field(&g, "fields.0.field"), S("Idempotency-Key"));
    }
    expect_s(listed(t.chen, channel), S("0/0/0"));
    app_end(t.app);
}

TEST(F_02_a_restart_in_the_middle_keeps_all)
{
    struct two t = two_of(T);
    str channel = create(t.chen, "public", "General");
    for (int i = 0; i < 30; i++) {
        if (i % 10 == 9)
            app_restart(t.app);
        struct got g = say(t.chen, channel, "hello");
        expect_i(number(&g, "seq"), i + 1);
    }
    struct got g = get(t.chen, "%s?limit=200", at(t.chen, channel, "/messages"));
    expect_i(number(&g, "items"), 30);
    expect_i(app_leaves(t.app, "message.posted"), 30);
    app_end(t.app);
}

/* ---- unread ---- */

TEST(chat_unread_counts_follow_what_was_read)
{
    struct two t = two_of(T);
    str channel = create(t.chen, "public", "General");
    expect_status(say(t.chen, channel, "before li came"), 200);
    expect_status(join(t.li, channel), 200);
    expect_s(listed(t.li, channel), S("1/1/0"));
    for (int i = 0; i < 5; i++)
        expect_status(say(t.chen, channel, "news"), 200);
    expect_s(listed(t.li, channel), S("6/1/5"));
    expect_s(listed(t.chen, channel), S("6/6/0")); /* what one writes one has read */
    struct got g = post(t.li, at(t.li, channel, "/read"), "{\"seq\":4}");
    expect_i(number(&g, "unread"), 2);
    g = post(t.li, at(t.li, channel, "/read"), "{\"seq\":2}"); /* never backward */
    expect_i(number(&g, "read_seq"), 4);
    g = post(t.li, at(t.li, channel, "/read"), "{\"seq\":9007199254740991}"); /* never ahead */
    expect_i(number(&g, "read_seq"), 6);
    expect_i(number(&g, "unread"), 0);
    expect_code(post(t.li, at(t.li, channel, "/read"), "{\"seq\":-1}"), 400, "invalid");
    app_end(t.app);
}

/* ---- direct messages ---- */

TEST(F_02_two_people_have_one_direct_channel)
{
    struct two t = two_of(T);
    str li = id_text(t.app, "pers", t.li_id), chen = id_text(t.app, "pers", t.chen_id);
    struct got a = post(t.chen, "/api/direct", "{\"person\":\"" STR_FMT "\"}", STR_ARG(li));
    struct got b = post(t.li, "/api/direct", "{\"person\":\"" STR_FMT "\"}", STR_ARG(chen));
    expect_status(a, 200);
    expect_s(field(&a, "id"), field(&b, "id"));
    expect_s(field(&a, "other_name"), S("Li Na"));
    expect_s(field(&b, "other_name"), S("Chen Wei"));
    str channel = field(&a, "id");
    expect_status(say(t.chen, channel, "hello"), 200);
    expect_s(listed(t.li, channel), S("1/0/1"));

    app_person(t.app, "wang", "Wang Fang", "member");
    struct visitor *wang = visit(t.app, "wang");
    expect_rule(get(wang, "%s", at(wang, channel, "")), "direct-messages-are-private", "not_yours");
    expect_rule(say(wang, channel, "hello"), "direct-messages-are-private", "not_yours");
    expect_rule(post(wang, at(wang, channel, "/read"), "{\"seq\":1}"),
                "direct-messages-are-private", "not_yours");
    struct got list = get(wang, "%s", at(wang, channel, "/messages"));
    expect_i(number(&list, "items"), 0);
    expect_code(post(t.chen, at(t.chen, channel, "/leave"), "{}"), 409, "not_in_direct");
    expect_code(
        post(t.chen, at(t.chen, channel, "/members"), "{\"person\":\"" STR_FMT "\"}", STR_ARG(li)),
        409, "not_in_direct");
    struct got self = post(t.chen, "/api/direct", "{\"person\":\"" STR_FMT "\"}", STR_ARG(chen));
    expect_i(number(&self, "members"), 1); /* notes to oneself */
    expect_code(post(t.chen, "/api/direct", "{\"person\":\"pers_0000000000001\"}"), 404,
                "not_found");
    app_end(t.app);
}

TEST(chat_nobody_opens_a_direct_message_with_someone_locked)
{
    struct two t = two_of(T);
    app_person(t.app, "sec", "Sun Li", "security_admin");
    struct visitor *sec = visit(t.app, "sec");
    str li = id_text(t.app, "pers", t.li_id);
    expect_status(post(sec, str_fmt(T->arena, "/api/people/" STR_FMT "/lock", STR_ARG(li)).p, "{}"),
                  200);
    expect_rule(post(t.chen, "/api/direct", "{\"person\":\"" STR_FMT "\"}", STR_ARG(li)), "default",
                "ask_administrator");
    app_end(t.app);
}

/* ---- private and public channels ---- */

TEST(chat_a_private_channel_refuses_strangers_and_says_why)
{
    struct two t = two_of(T);
    static const char rule[] = "private-channel-members-only", advice[] = "ask_member";
    str channel = create(t.chen, "private", "Payroll"), li = id_text(t.app, "pers", t.li_id);
    struct got posted = say(t.chen, channel, "secret");
    str message = field(&posted, "id");
    expect_rule(get(t.li, "%s", at(t.li, channel, "")), rule, advice);
    expect_rule(get(t.li, "%s", at(t.li, channel, "/members")), rule, advice);
    expect_rule(get(t.li, "/api/messages/" STR_FMT, STR_ARG(message)), rule, advice);
    expect_rule(join(t.li, channel), rule, advice);
    expect_rule(say(t.li, channel, "x"), rule, advice);
    expect_rule(post(t.li, at(t.li, channel, "/leave"), "{}"), rule, advice);
    expect_rule(post(t.li, at(t.li, channel, "/read"), "{\"seq\":1}"), rule, advice);
    expect_rule(
        post(t.li, at(t.li, channel, "/members"), "{\"person\":\"" STR_FMT "\"}", STR_ARG(li)),
        rule, advice);
    struct got list = get(t.li, "%s", at(t.li, channel, "/messages"));
    expect_i(number(&list, "items"), 0);
    expect(str_find(list.body, S("secret")) < 0);
    struct got browse = get(t.li, "/api/channels/browse");
    expect_i(number(&browse, "items"), 0);
    expect_s(listed(t.li, channel), S(""));

    struct got m =
        post(t.chen, at(t.chen, channel, "/members"), "{\"person\":\"" STR_FMT "\"}", STR_ARG(li));
    expect_status(m, 200);
    expect_s(field(&m, "name"), S("Li Na"));
    expect_code(
        post(t.chen, at(t.chen, channel, "/members"), "{\"person\":\"" STR_FMT "\"}", STR_ARG(li)),
        409, "already_there");
    expect_code(
        post(t.chen, at(t.chen, channel, "/members"), "{\"person\":\"pers_0000000000001\"}"), 404,
        "not_found");
    expect_status(say(t.li, channel, "thanks"), 200);
    expect_status(get(t.li, "/api/messages/" STR_FMT, STR_ARG(message)), 200);

    expect_status(post(t.li, at(t.li, channel, "/leave"), "{}"), 200);
    expect_rule(get(t.li, "/api/messages/" STR_FMT, STR_ARG(message)), rule, advice);
    struct got c = get(t.chen, "%s", at(t.chen, channel, ""));
    expect_i(number(&c, "members"), 1);
    expect_i(app_leaves(t.app, "channel.left"), 1);
    expect_i(app_leaves(t.app, "channel.invited"), 1);
    app_end(t.app);
}

TEST(chat_public_channels_are_read_by_all_and_written_by_members)
{
    struct two t = two_of(T);
    str channel = create(t.chen, "public", "General");
    expect_status(say(t.chen, channel, "welcome"), 200);
    struct got g = get(t.li, "%s", at(t.li, channel, "/messages"));
    expect_i(number(&g, "items"), 1);
    expect_rule(say(t.li, channel, "x"), "join-before-posting", "join_channel");
    expect_rule(post(t.li, at(t.li, channel, "/leave"), "{}"), "default", "ask_administrator");
    expect_status(join(t.li, channel), 200);
    g = join(t.li, channel); /* twice changes nothing */
    expect_i(number(&g, "members"), 2);
    g = get(t.li, "%s", at(t.li, channel, "/members"));
    expect_i(g.json->n, 2);
    expect_s(field(&g, "0.owner"), S("true"));
    expect_code(post(t.li, "/api/channels", "{\"kind\":\"public\",\"name\":\" gENERAL \"}"), 409,
                "name_taken");
    expect_status(post(t.li, "/api/channels", "{\"kind\":\"private\",\"name\":\"General\"}"), 200);
    g = post(t.li, "/api/channels", "{\"kind\":\"direct\",\"name\":\"x\"}");
    expect_s(field(&g, "fields.0.field"), S("kind"));
    g = post(t.li, "/api/channels", "{\"kind\":\"public\",\"name\":\"   \"}");
    expect_s(field(&g, "fields.0.field"), S("name"));
    g = get(t.li, "/api/channels/browse?q=ener");
    expect_i(number(&g, "items"), 1);
    g = get(t.li, "/api/channels/browse?q=none");
    expect_i(number(&g, "items"), 0);
    expect_code(get(t.li, "/api/channels/chan_0000000000001"), 404, "not_found");
    expect_code(get(t.li, "/api/channels/mesg_0000000000001"), 400, "invalid");
    expect_code(get(t.li, "/api/channels/%%00"), 404, "not_found");
    app_end(t.app);
}

struct core_channel {
    person_id owner;
    channel_id id;
};

static err make_core(struct call *c, void *arg)
{
    struct core_channel *made = arg;
    const struct new_channel n = { .kind = CHANNEL_KIND_PUBLIC,
                                   .name = S("Formula"),
                                   .label = 1 + LABEL_CORE };
    return chat_make(c, &n, made->owner, &made->id);
}

TEST(chat_core_data_is_not_even_listed)
{
    struct two t = two_of(T);
    str open = create(t.chen, "public", "General");
    struct core_channel made = { .owner = { t.chen_id } };
    expect_ok(serve_write(t.app->serve, make_core, &made));
    struct got g = get(t.li, "/api/channels/browse?limit=1");
    expect_i(number(&g, "items"), 1);
    expect_s(field(&g, "items.0.id"), open);
    g = get(t.li, "/api/channels/browse");
    expect_i(number(&g, "items"), 1);
    expect(str_find(g.body, S("Formula")) < 0);
    g = get(t.chen, "/api/channels"); /* its owner neither: the list shows what was said last */
    expect_i(g.json->n, 1);
    expect(str_find(g.body, S("Formula")) < 0);
    expect_rule(say(t.chen, id_text(t.app, "chan", made.id.v), "x"), "core-data-stays-inside",
                "core_data");
    app_end(t.app);
}

/* ---- texts ---- */

TEST(chat_texts_come_back_as_they_were_written)
{
    struct two t = two_of(T);
    str channel = create(t.chen, "public", "General");
    static const char *const texts[] = {
        "<script>alert(1)</script> & &amp; <b>x</b>",
        "今天下午开会，请准时。",
        "𠜎𠮷 😀 👩‍👩‍👧 e\xcc\x81",
        "line one\\nline two\\ttab",
        "\\\"quoted\\\" \\\\ back",
        "\xe2\x80\xae rtl \xe2\x80\xac",
        "'; DROP TABLE message; --",
        "%s %n {} ${x}",
    };
    for (size_t i = 0; i < COUNT(texts); i++) {
        str body = str_fmt(T->arena, "{\"text\":\"%s\"}", texts[i]);
        const struct json *sent;
        expect_ok(json_parse(T->arena, body, &sent, NULL));
        struct got g = ask(t.chen, &(struct ask){ .method = "POST",
                                                  .body = body.p,
                                                  .path = at(t.chen, channel, "/messages") });
        expect_status(g, 200);
        expect_s(field(&g, "text"), json_get(sent, S("text"))->s);
        g = get(t.chen, "/api/messages/" STR_FMT, STR_ARG(field(&g, "id")));
        expect_s(field(&g, "text"), json_get(sent, S("text"))->s);
    }
    app_end(t.app);
}

static struct got say_n(struct visitor *v, str channel, const char *unit, size_t n)
{
    struct buf b = buf_in(v->app->a, 64 * 1024);
    buf_put(&b, S("{\"text\":\""));
    for (size_t i = 0; i < n; i++)
        buf_put(&b, str_from(unit));
    buf_put(&b, S("\"}"));
    buf_char(&b, 0);
    return ask(v,
               &(struct ask){ .method = "POST", .path = at(v, channel, "/messages"), .body = b.p });
}

TEST(chat_limits_are_told_with_the_fields_name)
{
    struct two t = two_of(T);
    str channel = create(t.chen, "public", "General");
    expect_status(say_n(t.chen, channel, "x", 8000), 200);
    expect_status(say_n(t.chen, channel, "汉", 8000), 200);
    expect_status(say_n(t.chen, channel, "😀", 8000), 200);
    struct got g = say_n(t.chen, channel, "汉", 8001);
    expect_code(g, 400, "invalid");
    expect_s(field(&g, "fields.0.field"), S("text"));
    expect_s(field(&g, "fields.0.what"), S("too_long"));
    expect_i(number(&g, "fields.0.limit"), 8000);
    static const struct {
        const char *body, *field, *what;
    } bad[] = {
        { "{}", "text", "required" },
        { "{\"text\":\"\"}", "text", "required" },
        { "{\"text\":\"a\\u0001b\"}", "text", "format" },
        { "{\"text\":\"a\\u0000b\"}", "text", "format" },
        { "{\"text\":\"   \"}", "text", "required" },
        { "{\"text\":null}", "text", "required" },
        { "{\"text\":7}", "text", "format" },
        { "{\"text\":\"x\",\"author\":\"pers_0000000000001\"}", "author", "unknown" },
        { "{\"text\":\"\\ud800\"}", "body", "format" },
        { "{\"text\":\"\xff\"}", "body", "format" },
        { "{\"text\":\"x\",\"text\":\"y\"}", "body", "format" },
        { "not json", "body", "format" },
    };
    for (size_t i = 0; i < COUNT(bad); i++) {
        g = ask(t.chen, &(struct ask){ .method = "POST",
                                       .body = bad[i].body,
                                       .path = at(t.chen, channel, "/messages") });
        expect_code(g, 400, "invalid");
        expect_s(field(&g, "fields.0.field"), str_from(bad[i].field));
        expect_s(field(&g, "fields.0.what"), str_from(bad[i].what));
    }
    expect_s(listed(t.chen, channel), S("3/3/0"));
    app_end(t.app);
}

TEST(chat_five_hundred_messages_page_both_ways)
{
    struct two t = two_of(T);
    str channel = create(t.chen, "public", "General");
    const char *path = at(t.chen, channel, "/messages");
    for (int i = 0; i < 505; i++)
        expect_status(say(t.chen, channel, "x"), 200);
    i64 want = 505, pages = 0;
    struct got g;
    do {
        g = pages ? get(t.chen, "%s?limit=60&before=%lld", path, (long long)number(&g, "next"))
                  : get(t.chen, "%s?limit=60", path);
        expect_status(g, 200);
        for (i64 i = 0; i < number(&g, "items"); i++, want--)
            expect_i(number(&g, str_fmt(T->arena, "items.%lld.seq", (long long)i).p), want);
        expect(++pages < 20);
    } while (number(&g, "next") >= 0);
    expect_i(want, 0);
    i64 after = 0;
    for (want = 1; want <= 505;) {
        g = get(t.chen, "%s?limit=77&after=%lld", path, (long long)after);
        expect(number(&g, "items") > 0);
        for (i64 i = 0; i < number(&g, "items"); i++, want++)
            expect_i(number(&g, str_fmt(T->arena, "items.%lld.seq", (long long)i).p), want);
        after = want - 1;
    }
    g = get(t.chen, "%s?after=505", path);
    expect_i(number(&g, "items"), 0);
    expect_code(get(t.chen, "%s?before=0", path), 400, "invalid");
    app_end(t.app);
}

/* ---- the module against a model of itself ---- */

enum { PEOPLE = 4, CHANNELS = 5, STEPS = 400 };

struct model {
    bool is_private[CHANNELS], member[CHANNELS][PEOPLE];
    i64 read[CHANNELS][PEOPLE], last[CHANNELS];
    i64 members[CHANNELS];
};

struct run {
    struct app *app;
    struct visitor *who[PEOPLE];
    str id[PEOPLE], channel[CHANNELS];
    struct model m;
    struct rng_seeded rng;
};

static void add_member(struct model *m, size_t c, size_t p)
{
    m->member[c][p] = true;
    m->read[c][p] = m->last[c];
    m->members[c]++;
}

static void step_post(struct run *r, size_t c, size_t p)
{
    struct model *m = &r->m;
    struct got g = say(r->who[p], r->channel[c], "text");
    if (!m->member[c][p]) {
        expect_code(g, 403, "denied");
        return;
    }
    expect_i(number(&g, "seq"), ++m->last[c]);
    m->read[c][p] = m->last[c];
}

static void step_join(struct run *r, size_t c, size_t p)
{
    struct model *m = &r->m;
    struct got g = join(r->who[p], r->channel[c]);
    if (m->is_private[c]) {
        expect_code(g, 403,
                    "denied"); /* a member of a private channel has nothing to join either */
        return;
    }
    if (!m->member[c][p])
        add_member(m, c, p);
    expect_i(number(&g, "members"), m->members[c]);
}

static void step_leave(struct run *r, size_t c, size_t p)
{
    struct model *m = &r->m;
    struct got g = post(r->who[p], at(r->who[p], r->channel[c], "/leave"), "{}");
    expect_i(g.status, m->member[c][p] ? 200 : 403);
    m->members[c] -= m->member[c][p];
    m->member[c][p] = false;
}

static void step_invite(struct run *r, size_t c, size_t p)
{
    struct model *m = &r->m;
    size_t q = (size_t)rng_next_below(&r->rng, PEOPLE);
    struct got g = post(r->who[p], at(r->who[p], r->channel[c], "/members"),
                        "{\"person\":\"" STR_FMT "\"}", STR_ARG(r->id[q]));
    expect_i(g.status, !m->member[c][p] ? 403 : m->member[c][q] ? 409 : 200);
    if (g.status == 200)
        add_member(m, c, q);
}

static void step_read(struct run *r, size_t c, size_t p)
{
    struct model *m = &r->m;
    i64 seq = (i64)rng_next_below(&r->rng, (u64)m->last[c] + 3);
    struct got g =
        post(r->who[p], at(r->who[p], r->channel[c], "/read"), "{\"seq\":%lld}", (long long)seq);
    expect_i(g.status, m->member[c][p] ? 200 : 403);
    if (g.status == 200)
        m->read[c][p] = MAX(m->read[c][p], MIN(seq, m->last[c]));
}

/* Everybody's list agrees with the model. */
static void check_lists(struct run *r)
{
    for (size_t p = 0; p < PEOPLE; p++)
        for (size_t c = 0; c < CHANNELS; c++) {
            const struct model *m = &r->m;
            str want = m->member[c][p] ? str_fmt(r->app->a, "%lld/%lld/%lld", (long long)m->last[c],
                                                 (long long)m->read[c][p],
                                                 (long long)(m->last[c] - m->read[c][p]))
                                       : (str){ "", 0 };
            expect_s(listed(r->who[p], r->channel[c]), want);
        }
}

TEST(F_02_random_operations_agree_with_a_model)
{
    static void (*const steps[])(struct run *, size_t, size_t) = {
        step_post, step_post, step_post, step_join, step_leave, step_invite, step_read,
    };
    struct run r = { .app = app_new(T), .rng = { T->seed } };
    for (size_t p = 0; p < PEOPLE; p++) {
        const char *login = str_fmt(T->arena, "user%zu", p).p;
        r.id[p] = id_text(r.app, "pers", app_person(r.app, login, login, "member"));
        r.who[p] = visit(r.app, login);
    }
    for (size_t c = 0; c < CHANNELS; c++) {
        r.m.is_private[c] = c % 2;
        r.channel[c] =
            create(r.who[c % PEOPLE], c % 2 ? "private" : "public", str_fmt(T->arena, "c%zu", c).p);
        add_member(&r.m, c, c % PEOPLE);
    }
    for (int i = 0; i < STEPS; i++) {
        size_t c = (size_t)rng_next_below(&r.rng, CHANNELS);
        size_t p = (size_t)rng_next_below(&r.rng, PEOPLE);
        steps[rng_next_below(&r.rng, COUNT(steps))](&r, c, p);
        if (i == STEPS / 2)
            app_restart(r.app);
    }
    check_lists(&r);
    i64 posted = 0;
    for (size_t c = 0; c < CHANNELS; c++)
        posted += r.m.last[c];
    expect_i(app_leaves(r.app, "message.posted"), posted);
    app_end(r.app);
}
