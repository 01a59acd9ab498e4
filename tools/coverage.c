/* SPDX-License-Identifier: Apache-2.0 */
/* Was everything that is declared exercised? Reads openapi.json, the shipped policy and the lines
 * that the test kit wrote ("GET /api/me 200 -", "ACTION me.read - allow"). Fails when an endpoint
 * was never answered with success, a declared error never produced, or an action of the policy
 * never allowed, or never refused although the policy can refuse it. Of the policy it reads no
 * more than it needs: which rules name an action, and whether they have a condition. */
#include <stdio.h>

#include "base/json.h"
#include "base/map.h"
#include "base/os.h"

enum { FILE_MAX = 64 << 20 };

struct check {
    struct arena *a;
    struct map seen; /* "2 GET /api/me", "code GET /api/me last_admin", "action me.read allow" */
    struct map actions;
    str policy;
    int faults, asked;
};

static void mark(struct map *m, str key)
{
    map_put(m, key, m);
}

static void read_lines(struct check *c, str text)
{
    while (text.n) {
        str line = str_cut(&text, '\n'), part[4];
        for (size_t i = 0; i < COUNT(part); i++)
            part[i] = str_cut(&line, ' ');
        if (str_eq(part[0], S("ACTION"))) {
            mark(&c->seen,
                 str_fmt(c->a, "action " STR_FMT " " STR_FMT, STR_ARG(part[1]), STR_ARG(part[2])));
            continue;
        }
        if (str_starts(part[2], S("2")))
            mark(&c->seen,
                 str_fmt(c->a, "2 " STR_FMT " " STR_FMT, STR_ARG(part[0]), STR_ARG(part[1])));
        mark(&c->seen, str_fmt(c->a, "code " STR_FMT " " STR_FMT " " STR_FMT, STR_ARG(part[0]),
                               STR_ARG(part[1]), STR_ARG(part[3])));
    }
}

static void ask(struct check *c, str key, const char *what)
{
    c->asked++;
    if (map_has(&c->seen, key))
        return;
    c->faults++;
    printf("%s: " STR_FMT "\n", what, STR_ARG(key));
}

static str upper(struct arena *a, str s)
{
    char *p = str_z(a, s);
    for (size_t i = 0; i < s.n; i++)
        p[i] = (char)(p[i] & ~32);
    return (str){ p, s.n };
}

static void check_endpoints(struct check *c, const struct json *doc)
{
    const struct json *paths = json_get(doc, S("paths"));
    for (u32 i = 0; paths && i < paths->n; i++) {
        str path = paths->members[i].key;
        const struct json *methods = &paths->members[i].value;
        for (u32 m = 0; m < methods->n; m++) {
            str method = upper(c->a, methods->members[m].key);
            const struct json *op = &methods->members[m].value;
            const struct json *errors = json_get(op, S("x-errors"));
            const struct json *actions = json_get(op, S("x-actions"));
            ask(c, str_fmt(c->a, "2 " STR_FMT " " STR_FMT, STR_ARG(method), STR_ARG(path)),
                "never answered with success");
            for (u32 e = 0; errors && e < errors->n; e++)
                ask(c,
                    str_fmt(c->a, "code " STR_FMT " " STR_FMT " " STR_FMT, STR_ARG(method),
                            STR_ARG(path), STR_ARG(errors->at[e].s)),
                    "an error that no test has produced");
            for (u32 k = 0; actions && k < actions->n; k++)
                mark(&c->actions, actions->at[k].s);
        }
    }
}

/* Rows of others are never looked at: their refusal stands behind no door. */
static const char *const own_only[] = { "passkey.read" };

/* Whether everybody may always do this: a permit without a condition names it, and no forbid. */
static bool always_allowed(const struct check *c, str action)
{
    str rest = c->policy, name = str_fmt(c->a, "Action::\"" STR_FMT "\"", STR_ARG(action));
    bool allowed = false;
    for (size_t i = 0; i < COUNT(own_only); i++)
        allowed |= str_eq_z(action, own_only[i]);
    while (rest.n) {
        str rule = str_cut(&rest, ';');
        ptrdiff_t id = str_find(rule, S("@id("));
        if (id < 0 || str_find(rule, name) < 0)
            continue;
        if (str_find(rule, S("\nforbid (")) >= 0)
            return false;
        allowed |= str_find(rule, S("\nwhen {")) < 0;
    }
    return allowed;
}

static void check_actions(struct check *c)
{
    for (size_t i = 0; i < c->actions.n; i++) {
        str action = c->actions.entries[i].key;
        ask(c, str_fmt(c->a, "action " STR_FMT " allow", STR_ARG(action)),
            "an action that no test was allowed");
        if (!always_allowed(c, action))
            ask(c, str_fmt(c->a, "action " STR_FMT " deny", STR_ARG(action)),
                "an action that no test was refused");
    }
}

static err run(struct check *c, char **files)
{
    str api, lines;
    const struct json *doc;
    TRY(os_read_file(c->a, files[0], FILE_MAX, &api));
    TRY(os_read_file(c->a, files[1], FILE_MAX, &c->policy));
    TRY(os_read_file(c->a, files[2], FILE_MAX, &lines));
    TRY(json_parse(c->a, api, &doc, NULL));
    read_lines(c, lines);
    check_endpoints(c, doc);
    mark(&c->actions, S("session.open"));
    check_actions(c);
    return E_NONE;
}

int main(int argc, char **argv)
{
    struct check c = { .a = arena_new("coverage", (size_t)1 << 30) };
    if (argc != 4) {
        fprintf(stderr, "coverage: openapi.json base.cedar cover.txt\n");
        return 2;
    }
    c.seen = map_in(c.a);
    c.actions = map_in(c.a);
    err e = run(&c, argv + 1);
    if (e != E_NONE)
        fprintf(stderr, "coverage: a file cannot be read: %s\n", err_text(e));
    printf("%d passed, %d failed\n", c.asked - c.faults, c.faults);
    arena_free(c.a);
    return e != E_NONE || c.faults || !c.asked;
}
