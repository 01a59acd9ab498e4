/* SPDX-License-Identifier: Apache-2.0 */
/* Reads a .model file (docs/model.md) into structs; names are resolved later, in link.c. A file is
 * a run of lines: what stands at the left edge begins a declaration, indented lines belong to the
 * one above, `#` starts a comment. A fault costs its line alone, so that one run shows every fault
 * of a file. */
#include "gen.h"

#include "base/utf8.h"

/* ---- Text and faults ---- */

void put_args(struct buf *b, const char *text, const str *args, size_t n)
{
    size_t used = 0;
    for (const char *at; (at = strchr(text, '@')); text = at + 1) {
        buf_bytes(b, text, (size_t)(at - text));
        must(used < n);
        buf_put(b, args[used++]);
    }
    buf_bytes(b, text, strlen(text));
}

str text_args(struct gen *g, const char *text, const str *args, size_t n)
{
    struct buf b = buf_in(g->a, GEN_FILE_MAX);
    put_args(&b, text, args, n);
    buf_char(&b, '\0');
    return str_sub(buf_str(&b), 0, b.n - 1);
}

str dec_in(char *to, i64 v)
{
    int n = snprintf(to, 24, "%lld", (long long)v);
    return (str){ to, (size_t)n };
}

void bad_args(struct gen *g, struct where at, const char *text, const str *args, size_t n)
{
    if (g->faults_n++ < GEN_FAULTS_MAX)
        g->faults[g->faults_n - 1] = (struct fault){ at, text_args(g, text, args, n) };
}

void gen_print_faults(const struct gen *g, struct buf *b)
{
    for (size_t i = 0; i < MIN(g->faults_n, (size_t)GEN_FAULTS_MAX); i++) {
        const struct fault *f = &g->faults[i];
        if (f->at.line > 0)
            put(b, "@:@: ", f->at.file, dec(f->at.line));
        else
            put(b, "@: ", f->at.file);
        put(b, "@\n", f->text);
    }
    if (g->faults_n > GEN_FAULTS_MAX)
        put(b, "and @ more\n", dec(g->faults_n - GEN_FAULTS_MAX));
}

/* ---- The cursor: a place in one declaration's text ---- */

static bool is_word(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '.';
}

static void skip(struct cursor *c)
{
    while (c->rest.n && (*c->rest.p == ' ' || *c->rest.p == '\t' || *c->rest.p == '\n'))
        c->rest = str_sub(c->rest, 1, c->rest.n);
}

bool cur_end(struct cursor *c)
{
    skip(c);
    return c->rest.n == 0;
}

static str cur_peek(struct cursor *c)
{
    skip(c);
    size_t n = 0;
    while (n < c->rest.n && is_word(c->rest.p[n]))
        n++;
    return (str){ c->rest.p, n };
}

str cur_word(struct cursor *c)
{
    str w = cur_peek(c);
    c->rest = str_sub(c->rest, w.n, c->rest.n);
    return w;
}

bool cur_take(struct cursor *c, char ch)
{
    skip(c);
    if (!c->rest.n || *c->rest.p != ch)
        return false;
    c->rest = str_sub(c->rest, 1, c->rest.n);
    return true;
}

static bool cur_take_word(struct cursor *c, const char *word)
{
    if (!str_eq_z(cur_peek(c), word))
        return false;
    (void)cur_word(c);
    return true;
}

/* What stands at the cursor, for a fault's text. */
static str cur_shown(struct cursor *c)
{
    skip(c);
    size_t n = 0;
    while (n < c->rest.n && n < 30 && c->rest.p[n] != ' ' && c->rest.p[n] != '\n')
        n++;
    return n ? (str){ c->rest.p, n } : S("the end of the line");
}

static bool cur_int(struct cursor *c, i64 *ret)
{
    skip(c);
    size_t n = c->rest.n && *c->rest.p == '-' ? 1 : 0;
    while (n < c->rest.n && c->rest.p[n] >= '0' && c->rest.p[n] <= '9')
        n++;
    if (str_i64((str){ c->rest.p, n }, ret))
        return false;
    c->rest = str_sub(c->rest, n, c->rest.n);
    return true;
}

bool name_ok(str s)
{
    if (!s.n || s.n > GEN_NAME_MAX || s.p[0] < 'a' || s.p[0] > 'z')
        return false;
    for (size_t i = 0; i < s.n; i++)
        if (!is_word(s.p[i]) || s.p[i] == '.' || (s.p[i] >= 'A' && s.p[i] <= 'Z'))
            return false;
    static const char *const taken[] = {
        "auto",     "break",  "case",   "char",     "const",    "continue", "default",  "do",
        "double",   "else",   "enum",   "extern",   "float",    "for",      "goto",     "if",
        "inline",   "int",    "long",   "register", "restrict", "return",   "short",    "signed",
        "sizeof",   "static", "struct", "switch",   "typedef",  "union",    "unsigned", "void",
        "volatile", "while",  "bool",   "true",     "false",    "str",      "err",      "i64",
        "prepared", "asm",    "typeof", "unix",     "linux"
    };
    for (size_t i = 0; i < COUNT(taken); i++)
        if (str_eq_z(s, taken[i]))
            return false;
    return true;
}

/* A new name; a fault when it is none. */
static bool new_name(struct cursor *c, const char *of, str *ret)
{
    str w = cur_peek(c);
    if (!w.n) {
        bad(c->g, c->at, "@ needs a name, found @", z(of), cur_shown(c));
        return false;
    }
    if (!name_ok(w)) {
        bad(c->g, c->at,
            "`@` cannot be @'s name: use lower-case letters, digits and _ (at most @), no C "
            "keyword",
            w, z(of), dec(GEN_NAME_MAX));
        return false;
    }
    *ret = cur_word(c);
    return true;
}

/* ---- Types ---- */

static bool parse_range(struct cursor *c, struct type *t)
{
    i64 lo, hi;
    if (!cur_int(c, &lo))
        return true;
    if (!cur_take(c, '.') || !cur_take(c, '.') || !cur_int(c, &hi)) {
        bad(c->g, c->at, "a range is written 1..200, found @", cur_shown(c));
        return false;
    }
    if (lo > hi) {
        bad(c->g, c->at, "the range @..@ is empty: put the smaller number first", dec(lo), dec(hi));
        return false;
    }
    t->min = lo;
    t->max = hi;
    t->ranged = true;
    return true;
}

static bool check_range(struct cursor *c, const struct type *t, str word)
{
    bool sized = t->kind == T_TEXT || t->kind == T_BYTES;
    if (t->ranged && !sized && t->kind != T_INT)
        bad(c->g, c->at, "`@` takes no range: only text, bytes and int do", word);
    else if (sized && t->ranged && (t->min < 0 || t->max > 1 << 20))
        bad(c->g, c->at, "a length lies in 0..1048576, not @..@", dec(t->min), dec(t->max));
    else if (t->kind == T_INT && (t->min < GEN_INT_MIN || t->max > GEN_INT_MAX))
        bad(c->g, c->at, "an int lies in ±9007199254740991, because JavaScript rounds beyond");
    else
        return true;
    return false;
}

bool parse_type(struct cursor *c, struct type *ret)
{
    struct type t = { .list = cur_take_word(c, "list"), .list_max = GEN_LIST_MAX };
    str word = cur_word(c);
    static const struct {
        const char *word;
        enum type_kind kind;
    } kinds[] = {
        { "text", T_TEXT }, { "bytes", T_BYTES }, { "int", T_INT },       { "i64", T_INT },
        { "bool", T_BOOL }, { "time", T_TIME },   { "number", T_NUMBER }, { "line", T_TEXT },
    };
    if (!word.n) {
        bad(c->g, c->at, "a type is missing, found @", cur_shown(c));
        return false;
    }
    for (size_t i = 0; i < COUNT(kinds); i++)
        if (str_eq_z(word, kinds[i].word))
            t.kind = kinds[i].kind;
    if (t.kind == T_NONE)
        t.name = word;
    t.line = str_eq(word, S("line"));
    if (t.kind == T_INT) {
        t.min = GEN_INT_MIN;
        t.max = GEN_INT_MAX;
    }
    if (!parse_range(c, &t) || !check_range(c, &t, word))
        return false;
    if (t.list && cur_take_word(c, "max") &&
        (!cur_int(c, &t.list_max) || t.list_max < 1 || t.list_max > 10000)) {
        bad(c->g, c->at, "`max` gives the length of a list, 1 to 10000");
        return false;
    }
    t.optional = cur_take(c, '?');
    if (t.list && t.optional) {
        bad(c->g, c->at, "a list is never optional: it may be empty");
        return false;
    }
    *ret = t;
    return true;
}

/* "text" with \" and \\ only. */
static bool parse_text(struct cursor *c, str *ret)
{
    if (!cur_take(c, '"'))
        return false;
    struct buf b = buf_in(c->g->a, 4096);
    while (c->rest.n && *c->rest.p != '"') {
        if (*c->rest.p == '\\' && c->rest.n > 1)
            c->rest = str_sub(c->rest, 1, c->rest.n);
        buf_char(&b, *c->rest.p);
        c->rest = str_sub(c->rest, 1, c->rest.n);
    }
    *ret = buf_str(&b);
    return cur_take(c, '"');
}

static bool parse_default(struct cursor *c, struct field *f)
{
    struct type *t = &f->type;
    f->has_default = true;
    if (t->optional || t->list) {
        bad(c->g, c->at, "`@` is optional or a list: it has no default", f->name);
        return false;
    }
    if (t->kind == T_TEXT && parse_text(c, &f->def_text))
        return true;
    if (t->kind == T_INT && cur_int(c, &f->def) && f->def >= t->min && f->def <= t->max)
        return true;
    if (t->kind == T_BOOL) {
        f->def = str_eq_z(cur_peek(c), "true");
        str word = cur_word(c);
        if (str_eq_z(word, "true") || str_eq_z(word, "false"))
            return true;
    }
    if (t->kind == T_NONE && (f->def_text = cur_word(c)).n)
        return true;
    bad(c->g, c->at, "the default of `@` does not fit its type, found @", f->name, cur_shown(c));
    return false;
}

/* `name type [= default]` or `a, b from record` (the types of its fields). */
static bool parse_field(struct cursor *c, struct fields *to)
{
    struct field f = { .at = c->at };
    if (!new_name(c, "a field", &f.name))
        return false;
    (void)cur_take(c, ':');
    if (!parse_type(c, &f.type))
        return false;
    if (cur_take(c, '=') && !parse_default(c, &f))
        return false;
    f.hidden = cur_take_word(c, "hidden");
    if (find_field(to, f.name)) {
        bad(c->g, c->at, "the field `@` stands here twice", f.name);
        return false;
    }
    *vec_push(to, c->g->a) = f;
    return true;
}

const struct field *find_field(const struct fields *f, str name)
{
    for (size_t i = 0; i < f->n; i++)
        if (str_eq(f->at[i].name, name))
            return &f->at[i];
    return NULL;
}

/* ---- Declarations ---- */

static void rest_empty(struct cursor *c)
{
    if (!cur_end(c))
        bad(c->g, c->at, "`@` is not understood here", cur_shown(c));
}

static void parse_id(struct cursor *c, struct module *m)
{
    struct idtype id = { .at = c->at, .m = m };
    if (!new_name(c, "an id", &id.name))
        return;
    id.prefix = cur_word(c);
    bool fits = id.prefix.n >= 2 && id.prefix.n <= 8;
    for (size_t i = 0; i < id.prefix.n; i++)
        fits = fits && id.prefix.p[i] >= 'a' && id.prefix.p[i] <= 'z';
    if (!str_ends(id.name, S("_id")) || id.name.n < 4)
        bad(c->g, c->at, "an id's name ends in _id: write `id @_id @`", id.name, id.prefix);
    else if (!fits)
        bad(c->g, c->at, "the prefix of `@` is 2 to 8 lower-case letters", id.name);
    else
        *vec_push(&m->ids, c->g->a) = id;
    rest_empty(c);
}

static void parse_enum(struct cursor *c, struct module *m)
{
    struct words e = { .at = c->at, .m = m };
    if (!new_name(c, "an enum", &e.name))
        return;
    while (!cur_end(c)) {
        str w = cur_word(c);
        bool fits = w.n > 0 && w.n <= GEN_NAME_MAX;
        for (size_t i = 0; i < w.n; i++)
            fits = fits && is_word(w.p[i]) && w.p[i] != '.' && !(w.p[i] >= 'A' && w.p[i] <= 'Z');
        if (!fits) {
            bad(c->g, c->at, "an enum's words are lower-case letters, digits and _, found @",
                cur_shown(c));
            return;
        }
        for (size_t i = 0; i < e.words.n; i++)
            if (str_eq(e.words.at[i], w))
                bad(c->g, c->at, "the word `@` stands here twice", w);
        *vec_push(&e.words, c->g->a) = w;
    }
    if (!e.words.n)
        bad(c->g, c->at, "the enum `@` has no words", e.name);
    else
        *vec_push(&m->enums, c->g->a) = e;
}

static void parse_record(struct cursor *c, struct module *m)
{
    struct record r = { .at = c->at, .m = m };
    if (new_name(c, "a record", &r.name))
        rest_empty(c);
    *vec_push(&m->records, c->g->a) = r;
}

static void parse_record_line(struct cursor *c, struct module *m, str doc)
{
    struct record *r = &m->records.at[m->records.n - 1];
    size_t before = r->fields.n;
    if (parse_field(c, &r->fields))
        rest_empty(c);
    if (r->fields.n > before) {
        r->fields.at[before].doc = doc;
        if (r->fields.at[before].has_default)
            bad(c->g, c->at, "a record's field has no default: only inputs do");
    }
}

static void parse_entity(struct cursor *c, struct module *m)
{
    struct entity e = { .at = c->at, .m = m };
    e.name = cur_word(c);
    if (!e.name.n || !cur_take_word(c, "as") || !(e.type = cur_word(c)).n) {
        bad(c->g, c->at, "an entity is written `entity channel as Channel by channel_guard`");
    } else {
        if (e.type.p[0] < 'A' || e.type.p[0] > 'Z')
            bad(c->g, c->at, "the Cedar type `@` begins with a capital letter", e.type);
        if (cur_take_word(c, "by"))
            e.by = cur_word(c);
        rest_empty(c);
    }
    *vec_push(&m->entities, c->g->a) = e;
}

static void parse_entity_line(struct cursor *c, struct module *m)
{
    struct entity *e = &m->entities.at[m->entities.n - 1];
    str word = cur_word(c);
    struct parts *to = str_eq_z(word, "attrs")     ? &e->attrs
                       : str_eq_z(word, "context") ? &e->context
                       : str_eq_z(word, "in")      ? &e->parents
                                                   : NULL;
    if (!to) {
        bad(c->g, c->at, "an entity has lines `attrs`, `in` and `context`, not `@`", word);
        return;
    }
    while (!cur_end(c)) {
        struct part p = { .field = cur_word(c) };
        if (!p.field.n ||
            (to == &e->parents && (!cur_take_word(c, "as") || !(p.type = cur_word(c)).n))) {
            bad(c->g, c->at,
                to == &e->parents ? "a parent is written `in department as Department`"
                                  : "`@` takes names of fields",
                word);
            return;
        }
        *vec_push(to, c->g->a) = p;
    }
}

static void parse_error(struct cursor *c, struct module *m)
{
    struct error e = { .at = c->at, .m = m };
    i64 status;
    if (!new_name(c, "an error", &e.name))
        return;
    if (!cur_int(c, &status) || status < 400 || status > 599) {
        bad(c->g, c->at, "the error `@` needs an HTTP status, 400 to 599", e.name);
        return;
    }
    e.status = (int)status;
    *vec_push(&m->errors, c->g->a) = e;
    rest_empty(c);
}

/* `action [on parameter | each | returned]`, separated by commas. */
static bool parse_guards(struct cursor *c, struct guards *to)
{
    do {
        struct guard gd = { .kind = GUARD_ORGANISATION, .action = cur_word(c) };
        if (!str_has(gd.action, '.')) {
            bad(c->g, c->at, "an action is written `thing.act`, found `@`", gd.action);
            return false;
        }
        if (cur_take_word(c, "each")) {
            gd.kind = GUARD_EACH;
        } else if (cur_take_word(c, "returned")) {
            gd.kind = GUARD_RETURNED;
        } else if (cur_take_word(c, "on")) {
            gd.kind = GUARD_ON;
            gd.on = cur_word(c);
        }
        *vec_push(to, c->g->a) = gd;
    } while (cur_take(c, ','));
    return true;
}

/* `action session.open` or `action thing.act on channel`: asked by a handler, not by a line. */
static void parse_action(struct cursor *c, struct module *m)
{
    if (parse_guards(c, &m->asked))
        rest_empty(c);
}

static bool parse_clause(struct cursor *c, struct endpoint *e)
{
    str word = cur_word(c);
    if (str_eq_z(word, "can"))
        return parse_guards(c, &e->guards);
    if (str_eq_z(word, "public"))
        return e->is_public = true;
    if (str_eq_z(word, "secret"))
        return e->secret = true;
    if (str_eq_z(word, "before"))
        return e->before = true;
    if (str_eq_z(word, "lane"))
        return (e->lane = cur_word(c)).n > 0;
    if (str_eq_z(word, "rate"))
        return (e->rate = cur_word(c)).n > 0;
    if (str_eq_z(word, "ledger"))
        return (e->leaf = cur_word(c)).n > 0;
    if (str_eq_z(word, "session")) {
        str need = cur_word(c);
        e->cookie = str_eq_z(need, "cookie");
        return e->cookie || str_eq_z(need, "proof");
    }
    if (str_eq_z(word, "fails")) {
        static const char *const clauses[] = { "can",  "public", "secret", "before",
                                               "lane", "rate",   "ledger", "session" };
        for (;;) {
            str next = cur_peek(c);
            for (size_t i = 0; i < COUNT(clauses); i++)
                if (str_eq_z(next, clauses[i]))
                    next.n = 0;
            if (!next.n)
                return e->fails.n > 0;
            *vec_push(&e->fails, c->g->a) = cur_word(c);
        }
    }
    return false;
}

static bool path_char(char ch)
{
    return (ch >= 'a' && ch <= 'z') || (ch >= '0' && ch <= '9') || ch == '-' || ch == '/' ||
           ch == '_' || ch == '.';
}

/* /api/channels/{channel}/leaves/{index: int 0..9}: parameters go to e->in, the path keeps their
 * names. */
static bool parse_path(struct cursor *c, struct endpoint *e)
{
    struct buf b = buf_in(c->g->a, 512);
    skip(c);
    while (c->rest.n && (path_char(*c->rest.p) || *c->rest.p == '{')) {
        if (!cur_take(c, '{')) {
            buf_char(&b, *c->rest.p);
            c->rest = str_sub(c->rest, 1, c->rest.n);
            continue;
        }
        struct field f = { .at = c->at };
        if (!new_name(c, "a path parameter", &f.name))
            return false;
        if (!cur_take(c, ':'))
            f.type = (struct type){ .name = text(c->g, "@_id", f.name) };
        else if (!parse_type(c, &f.type))
            return false;
        if (f.type.optional || f.type.list || !c->rest.n || *c->rest.p != '}' ||
            find_field(&e->in, f.name)) {
            bad(c->g, c->at,
                "a path parameter is written {channel} or {index: int 0..9}, each name once");
            return false;
        }
        c->rest = str_sub(c->rest, 1, c->rest.n);
        *vec_push(&e->in, c->g->a) = f;
        put(&b, "{@}", f.name);
    }
    e->path_n = e->in.n;
    e->path = buf_str(&b);
    if (str_starts(e->path, S("/api/")) && !str_ends(e->path, S("/")))
        return true;
    bad(c->g, c->at, "a path begins with /api/ and has no slash at its end, found `@`", e->path);
    return false;
}

static bool parse_result(struct cursor *c, struct endpoint *e)
{
    if (!cur_take(c, '-') || !cur_take(c, '>')) {
        bad(c->g, c->at, "`@` needs `-> record` behind its fields, found @", e->name, cur_shown(c));
        return false;
    }
    e->ret = cur_take_word(c, "list") ? RET_LIST : cur_take_word(c, "page") ? RET_PAGE : RET_ONE;
    e->ret_name = cur_word(c);
    if (e->ret == RET_PAGE && !(cur_take_word(c, "by") && (e->by = cur_word(c)).n)) {
        bad(c->g, c->at, "a page names the field it is ordered by: `page @ by id`", e->ret_name);
        return false;
    }
    return true;
}

static void parse_endpoint(struct cursor *c, struct module *m, str method)
{
    struct endpoint e = { .at = c->at, .m = m, .method = method };
    if (!parse_path(c, &e) || !new_name(c, "an endpoint", &e.name))
        return;
    if (!cur_take(c, '(')) {
        bad(c->g, c->at, "`@` needs its fields in brackets, `()` when there are none", e.name);
        return;
    }
    while (!cur_take(c, ')')) {
        if (!parse_field(c, &e.in))
            return;
        if (!cur_take(c, ',') && (!c->rest.n || *c->rest.p != ')')) {
            bad(c->g, c->at, "fields are separated by commas and end with a bracket, found @",
                cur_shown(c));
            return;
        }
    }
    if (!parse_result(c, &e))
        return;
    while (!cur_end(c)) {
        str shown = cur_shown(c);
        size_t faults = c->g->faults_n;
        if (parse_clause(c, &e))
            continue;
        if (c->g->faults_n == faults)
            bad(c->g, c->at,
                "`@` is not understood here: an endpoint has can, public, session cookie|proof, "
                "lane, before, secret, rate, ledger, fails",
                shown);
        return;
    }
    *vec_push(&m->endpoints, c->g->a) = e;
}

static void parse_topic(struct cursor *c, struct module *m)
{
    struct topic t = { .at = c->at, .m = m };
    struct guards gs = { 0 };
    if (!new_name(c, "a topic", &t.name))
        return;
    if (!cur_take(c, '{') || !(t.param = cur_word(c)).n || !cur_take(c, '}') ||
        !cur_take_word(c, "can")) {
        bad(c->g, c->at,
            "a topic is written `topic channel {channel}  can channel.read on channel`");
        return;
    }
    if (!parse_guards(c, &gs))
        return;
    rest_empty(c);
    if (gs.n != 1 || gs.at[0].kind != GUARD_ON || !str_eq(gs.at[0].on, t.param)) {
        bad(c->g, c->at, "the topic `@` has one action, `can … on @`", t.name, t.param);
        return;
    }
    t.guard = gs.at[0];
    *vec_push(&m->topics, c->g->a) = t;
}

static void parse_event(struct cursor *c, struct module *m)
{
    struct event e = { .at = c->at, .m = m };
    if (!new_name(c, "an event", &e.name))
        return;
    e.record_name = cur_word(c);
    if (!e.record_name.n || !cur_take_word(c, "on") || !(e.topic_name = cur_word(c)).n) {
        bad(c->g, c->at, "an event is written `event message_posted message on channel`");
        return;
    }
    rest_empty(c);
    *vec_push(&m->events, c->g->a) = e;
}

static void parse_module_line(struct cursor *c, struct module *m)
{
    if (m->name.n)
        bad(c->g, c->at, "a model has one `module` line");
    if (new_name(c, "a module", &m->name))
        rest_empty(c);
}

/* A line at the left edge. Returns which declaration its indented lines belong to. */
static char parse_top(struct cursor *c, struct module *m)
{
    str word = cur_word(c);
    static const struct {
        const char *word;
        void (*parse)(struct cursor *c, struct module *m);
        char kind;
    } kinds[] = {
        { "id", parse_id, 0 },
        { "enum", parse_enum, 0 },
        { "record", parse_record, 'r' },
        { "entity", parse_entity, 'e' },
        { "error", parse_error, 0 },
        { "action", parse_action, 0 },
        { "topic", parse_topic, 0 },
        { "event", parse_event, 0 },
        { "module", parse_module_line, 0 },
    };
    static const char *const methods[] = { "get", "post", "put", "patch", "delete" };
    if (!m->name.n && !str_eq_z(word, "module"))
        bad(c->g, c->at, "a model begins with `module NAME`");
    for (size_t i = 0; i < COUNT(kinds); i++) {
        if (!str_eq_z(word, kinds[i].word))
            continue;
        kinds[i].parse(c, m);
        return kinds[i].kind;
    }
    for (size_t i = 0; i < COUNT(methods); i++) {
        if (!str_eq_z(word, methods[i]))
            continue;
        parse_endpoint(c, m, upper(c->g, word));
        return 0;
    }
    if (str_eq_z(word, "start")) {
        m->start = true;
        rest_empty(c);
    } else if (str_eq_z(word, "uses")) {
        while (!cur_end(c)) {
            str used = cur_word(c);
            if (!used.n)
                return bad(c->g, c->at, "`uses` takes names of modules, found @", cur_shown(c)), 0;
            *vec_push(&m->uses, c->g->a) = used;
        }
    } else {
        bad(c->g, c->at,
            "`@` begins no declaration: module, uses, start, id, enum, record, entity, error, "
            "action, get, "
            "post, put, patch, delete, topic, event do",
            word.n ? word : cur_shown(c));
    }
    return 0;
}

/* Cuts the comment off (a # outside of quotes); its text goes to *ret_doc. */
static str without_comment(str line, str *ret_doc)
{
    bool quoted = false;
    for (size_t i = 0; i < line.n; i++) {
        if (line.p[i] == '"')
            quoted = !quoted;
        if (line.p[i] != '#' || quoted)
            continue;
        *ret_doc = str_trim(str_sub(line, i + 1, line.n));
        return str_sub(line, 0, i);
    }
    return line;
}

static bool text_ok(struct gen *g, struct where at, str text)
{
    if (!utf8_valid(text))
        bad(g, at, "the file is not UTF-8");
    else if (memchr(text.p, 0, text.n) || memchr(text.p, '\r', text.n))
        bad(g, at, "the file holds a NUL or a carriage return: end lines with a newline alone");
    else
        return true;
    return false;
}

struct module *model_parse(struct gen *g, str path, str text)
{
    struct module *m = NEW(g->a, struct module);
    struct where at = { path, 0 };
    char kind = 0;
    *m = (struct module){ .path = path, .at = { path, 1 } };
    if (!text.n || !text_ok(g, m->at, text)) {
        if (!text.n)
            bad(g, m->at, "a model begins with `module NAME`");
        return m;
    }
    for (str rest = text; rest.p;) {
        str doc = { 0 }, line = without_comment(str_cut(&rest, '\n'), &doc);
        bool indented = line.n && (line.p[0] == ' ' || line.p[0] == '\t');
        struct cursor c = { g, line, at };
        c.at.line = ++at.line;
        if (cur_end(&c))
            continue;
        if (!indented)
            kind = parse_top(&c, m);
        else if (kind == 'r')
            parse_record_line(&c, m, doc);
        else if (kind == 'e')
            parse_entity_line(&c, m);
        else
            bad(g, c.at, "an indented line belongs to a record or an entity above it");
    }
    if (!m->name.n && !g->faults_n)
        bad(g, m->at, "a model begins with `module NAME`");
    return m;
}
