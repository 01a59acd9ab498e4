/* SPDX-License-Identifier: Apache-2.0 */
/* Forty people in six departments, twelve channels and a week of talk in Chinese and English, from
 * three tables in demo/. All goes through the functions of people and chat, so that the demo has
 * nothing that a real company could not have. */
#include "app/demo/demo.h"

#include <string.h>

#include "app/chat/chat.h"
#include "app/demo/tables.h"
#include "app/people/people.h"
#include "base/json.h"
#include "base/map.h"
#include "base/os.h"
#include "base/rng.h"
#include "base/vec.h"
#include "core/office.h"
#include "gen/chat.h"
#include "gen/people.h"

static const usec beijing = 8 * USEC_HOUR; /* the tables' clock */

struct demo_person {
    str login, name, title, department, role, sealed;
    person_id id;
};
struct demo_channel {
    str name, kind, topic, label, members;
    channel_id id;
    i64 said;
    bool *in; /* by place in people */
};
struct demo {
    VEC(struct demo_person) people;
    VEC(struct demo_channel) channels;
    struct map by_login, by_channel, departments;
    str password;
};

/* The next line that is neither empty nor a comment, cut into its fields. */
static bool line_of(str *text, str *fields, size_t n)
{
    while (text->p) {
        str line = str_cut(text, '\n');
        if (!line.n || line.p[0] == '#')
            continue;
        for (size_t i = 0; i < n; i++)
            fields[i] = str_cut(&line, '\t');
        return true;
    }
    return false;
}

/* ---- Before the transaction ---- */

static err seal_secrets(struct call *c, struct demo *d)
{
    struct buf codes = buf_in(c->arena, 1 << 16);
    for (size_t i = 0; i < d->people.n; i++) {
        struct demo_person *p = &d->people.at[i];
        u8 secret[20];
        rng_bytes(secret, sizeof secret);
        struct vault_totp_new_in ask = {
            .context = str_fmt(c->arena, "%lld", (long long)p->id.v),
            .given = { (const char *)secret, sizeof secret },
        };
        struct vault_totp_new_out made;
        TRY(vault_totp_new(office_vault(), &ask, &made));
        p->sealed = str_copy(c->arena, made.sealed);
        buf_put(&codes, p->login);
        buf_char(&codes, ' ');
        b64_put(&codes, secret, sizeof secret);
        buf_char(&codes, '\n');
    }
    str dir = str_fmt(c->arena, STR_FMT "/demo", STR_ARG(office_options(c->office)->data));
    TRY(os_mkdir(dir.p, 0700));
    return os_write_file(str_fmt(c->arena, "%s/totp", dir.p).p, buf_str(&codes), 0600);
}

err demo_prepare(struct call *c, struct demo **ret)
{
    struct demo *d = NEW(c->arena, struct demo);
    str text = tables_people(), f[5];
    d->by_login = map_in(c->arena);
    d->by_channel = map_in(c->arena);
    d->departments = map_in(c->arena);
    while (line_of(&text, f, 5)) {
        *vec_push(&d->people, c->arena) = (struct demo_person){
            .login = f[0],
            .name = f[1],
            .title = f[2],
            .department = f[3],
            .role = f[4],
            .id = { call_new_id(c) },
        };
        map_put(&d->by_login, f[0], (void *)d->people.n);
    }
    text = tables_channels();
    while (line_of(&text, f, 5)) {
        *vec_push(&d->channels, c->arena) = (struct demo_channel){
            .name = f[0],
            .kind = f[1],
            .topic = f[2],
            .label = f[3],
            .members = f[4],
        };
        map_put(&d->by_channel, f[0], (void *)d->channels.n);
    }
    TRY(people_password(c, S(DEMO_PASSWORD), &d->password));
    TRY(seal_secrets(c, d));
    *ret = d;
    return E_NONE;
}

/* ---- In the transaction ---- */

static struct demo_person *person_of(struct demo *d, str login)
{
    size_t at = (size_t)(uintptr_t)map_get(&d->by_login, login);
    must(at > 0); /* the tables are ours */
    return &d->people.at[at - 1];
}

static int word_at(const char *const *words, size_t n, str word)
{
    for (size_t i = 0; i < n; i++)
        if (str_eq_z(word, words[i]))
            return (int)i;
    must(words == NULL); /* the tables are ours: every word in them is known */
    return 0;
}

static err load_people(struct call *c, struct demo *d)
{
    for (size_t i = 0; i < d->people.n; i++) {
        struct demo_person *p = &d->people.at[i];
        if (!map_has(&d->departments, p->department)) {
            i64 *id = NEW(c->arena, i64);
            TRY(people_department(c, p->department, id));
            map_put(&d->departments, p->department, id);
        }
        const struct new_person n = {
            .id = p->id.v,
            .login = p->login,
            .name = p->name,
            .title = p->title,
            .mail = str_fmt(c->arena, STR_FMT "@banyan.example", STR_ARG(p->login)),
            .department = *(const i64 *)map_get(&d->departments, p->department),
            .role = word_at(role_words, ROLE_N, p->role),
        };
        TRY(people_add(c, &n, &p->id));
        TRY(people_admit(c, p->id, d->password, p->sealed));
    }
    return E_NONE;
}

static bool belongs(const struct demo_channel *ch, const struct demo_person *p)
{
    for (str rest = ch->members, one; rest.p;) {
        one = str_cut(&rest, ' ');
        if (str_eq(one, S("*")) || str_eq(one, p->login) ||
            (one.n > 1 && one.p[0] == '@' && str_eq(str_sub(one, 1, one.n), p->department)))
            return true;
    }
    return false;
}

static err load_channel(struct call *c, struct demo *d, struct demo_channel *ch)
{
    const struct new_channel n = {
        .kind = word_at(channel_kind_words, CHANNEL_KIND_N, ch->kind),
        .name = ch->name,
        .topic = ch->topic,
        .label = 1 + word_at(label_words, LABEL_N, ch->label),
    };
    bool owned = false;
    ch->in = NEW_N(c->arena, bool, d->people.n);
    for (size_t i = 0; i < d->people.n; i++) {
        const struct demo_person *p = &d->people.at[i];
        if (!belongs(ch, p))
            continue;
        if (!owned)
            TRY(chat_make(c, &n, p->id, &ch->id));
        else
            TRY(chat_join(c, ch->id, p->id));
        owned = ch->in[i] = true;
    }
    return E_NONE;
}

/* "li.na+liu.yang": their direct messages, made when they first appear. */
static struct demo_channel *direct_of(struct call *c, struct demo *d, str pair, err *ret_err)
{
    str rest = pair;
    struct demo_person *x = person_of(d, str_cut(&rest, '+')), *y = person_of(d, rest);
    struct demo_channel *ch = vec_push(&d->channels, c->arena);
    map_put(&d->by_channel, pair, (void *)d->channels.n);
    ch->in = NEW_N(c->arena, bool, d->people.n);
    ch->in[x - d->people.at] = ch->in[y - d->people.at] = true;
    *ret_err = chat_direct(c, x->id, y->id, &ch->id);
    return ch;
}

static err load_message(struct call *c, struct demo *d, const str *f, usec midnight)
{
    i64 days, hour, minute;
    str clock = f[3];
    err e = E_NONE;
    size_t at = (size_t)(uintptr_t)map_get(&d->by_channel, f[0]);
    struct demo_channel *ch = at ? &d->channels.at[at - 1] : direct_of(c, d, f[0], &e);
    TRY(e);
    TRY(str_i64(f[2], &days));
    TRY(str_i64(str_cut(&clock, ':'), &hour));
    TRY(str_i64(clock, &minute));
    c->now = midnight - days * USEC_DAY + hour * USEC_HOUR + minute * USEC_MIN;
    c->who.person = person_of(d, f[1])->id.v;
    message_id id;
    ch->said++;
    return chat_say(c, ch->id, f[4], (str){ 0 }, &id);
}

/* Most have read most of it: the last few lines are new to some. */
static err mark_read(struct call *c, struct demo *d)
{
    struct rng_seeded r = { 2020 };
    for (size_t k = 0; k < d->channels.n; k++)
        for (size_t i = 0; i < d->people.n; i++) {
            const struct demo_channel *ch = &d->channels.at[k];
            i64 behind = rng_next_below(&r, 3) ? 0 : (i64)rng_next_below(&r, 5);
            if (ch->in[i])
                TRY(chat_read(c, ch->id, d->people.at[i].id, MAX(ch->said - behind, 0)));
        }
    return E_NONE;
}

err demo_load(struct call *c, void *arg)
{
    struct demo *d = arg;
    const usec now = c->now, midnight = (now + beijing) / USEC_DAY * USEC_DAY - beijing;
    str text = tables_week(), f[5];
    TRY(load_people(c, d));
    for (size_t i = 0; i < d->channels.n; i++)
        TRY(load_channel(c, d, &d->channels.at[i]));
    while (line_of(&text, f, 5))
        TRY(load_message(c, d, f, midnight));
    c->now = now;
    c->who.person = 0;
    return mark_read(c, d);
}

err demo_secret(struct arena *out, str data, str login, str *ret)
{
    str text;
    TRY(os_read_file(out, str_fmt(out, STR_FMT "/demo/totp", STR_ARG(data)).p, 1 << 16, &text));
    while (text.p) {
        str line = str_cut(&text, '\n'), name = str_cut(&line, ' ');
        if (str_eq_nocase(name, login) && line.n)
            return b64_parse(out, line, ret);
    }
    return E_NOT_FOUND;
}
