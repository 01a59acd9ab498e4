/* SPDX-License-Identifier: Apache-2.0 */
/* Policies of a text: annotations, effect, scope, conditions. After a syntax error the parser goes
 * on behind the next semicolon, so that one run reports what is wrong with every policy. */
#include <string.h>

#include "cedar/parser.h"

void *parse_bad(struct parser *p, u32 at, u32 end, const char *what)
{
    cedar_fault_add(p->faults, (struct cedar_fault){ .at = at, .end = end, .policy = p->policy },
                    "%s", what);
    return NULL;
}

void *parse_bad_str(struct parser *p, struct token t, const char *fmt, str s)
{
    struct buf b = buf_in(p->out, 512);
    for (str rest = str_from(fmt); rest.p;) {
        ptrdiff_t at = str_find(rest, S(STR_FMT));
        buf_put(&b, at < 0 ? rest : str_sub(rest, 0, (size_t)at));
        if (at < 0)
            break;
        buf_put(&b, str_sub(s, 0, 200));
        rest = str_sub(rest, (size_t)at + sizeof STR_FMT - 1, rest.n);
    }
    cedar_fault_add(p->faults,
                    (struct cedar_fault){ .at = t.at, .end = t.end, .policy = p->policy }, STR_FMT,
                    STR_ARG(buf_str(&b)));
    return NULL;
}

void *parse_expected(struct parser *p, const char *what)
{
    struct cedar_fault at = { .at = p->t->at, .end = p->t->end, .policy = p->policy };
    str found = parse_text(p, p->t);
    if (p->t->kind == TOK_END)
        cedar_fault_add(p->faults, at, "expected %s, found the end of the text", what);
    else
        cedar_fault_add(p->faults, at, "expected %s, found `%.*s`", what, (int)MIN(found.n, 40u),
                        found.p);
    return NULL;
}

bool parse_take(struct parser *p, enum tok kind)
{
    if (p->t->kind != kind)
        return false;
    p->t++;
    return true;
}

bool parse_need(struct parser *p, enum tok kind, const char *what)
{
    if (parse_take(p, kind))
        return true;
    parse_expected(p, what);
    return false;
}

bool parse_string(struct parser *p, str *ret)
{
    struct token t = *p->t++;
    u32 at;
    if (cedar_unescape(p->out, str_sub(p->text, t.at + 1, t.end - 1), ret, &at) == E_NONE)
        return true;
    parse_bad(p, t.at + 1 + at, t.at + 3 + at, "not an escape of a string");
    return false;
}

/* The path's text when nothing stands between its tokens, else a copy without what does. */
static str path_text(struct parser *p, const struct token *first, const struct token *last)
{
    str whole = str_sub(p->text, first->at, last->end);
    size_t n = 0;
    for (const struct token *t = first; t <= last; t++)
        n += t->end - t->at;
    if (n == whole.n)
        return whole;
    struct buf b = buf_in(p->out, n);
    for (const struct token *t = first; t <= last; t++)
        buf_put(&b, parse_text(p, t));
    return buf_str(&b);
}

bool parse_path(struct parser *p, str *ret)
{
    const struct token *first = p->t;
    for (;;) {
        if (p->t->kind != TOK_IDENT) {
            parse_expected(p, "a name");
            return false;
        }
        if (cedar_is_reserved(parse_text(p, p->t))) {
            parse_bad_str(p, *p->t, "`" STR_FMT "` is a reserved word", parse_text(p, p->t));
            return false;
        }
        p->t++;
        if (p->t->kind != TOK_PATH || p->t[1].kind != TOK_IDENT)
            break;
        p->t++;
    }
    *ret = path_text(p, first, p->t - 1);
    return true;
}

const struct cedar_uid *parse_uid(struct parser *p)
{
    str type, id;
    if (p->t->kind != TOK_IDENT)
        return parse_expected(p, "an entity, as in Type::\"id\"");
    if (!parse_path(p, &type) || !parse_need(p, TOK_PATH, "'::'"))
        return NULL;
    if (p->t->kind != TOK_STR)
        return parse_expected(p, "the id of an entity in quotes");
    if (!parse_string(p, &id))
        return NULL;
    struct cedar_uid *uid = NEW(p->out, struct cedar_uid);
    *uid = cedar_uid(type, id);
    return uid;
}

/* ---- Scope ---- */

/* What stands behind == or in: an entity, or the slot of this name. */
static bool scope_target(struct parser *p, struct scope *s, str slot)
{
    if (p->depth < CEDAR_DEPTH_MAX && parse_take(p, TOK_LPAREN)) {
        p->depth++;
        bool ok = scope_target(p, s, slot) && parse_need(p, TOK_RPAREN, "')'");
        p->depth--;
        return ok;
    }
    if (p->t->kind == TOK_SLOT) {
        if (!str_eq(parse_text(p, p->t), slot)) {
            parse_bad_str(p, *p->t, "the only slot that may stand here is `" STR_FMT "`", slot);
            return false;
        }
        s->slot = true;
        p->t++;
        return true;
    }
    const struct cedar_uid *uid = parse_uid(p), **at = NEW(p->out, const struct cedar_uid *);
    if (!uid)
        return false;
    *at = uid;
    s->uids = at;
    s->n = 1;
    return true;
}

static bool scope_var(struct parser *p, const char *name)
{
    if (!parse_is(p, str_from(name))) {
        char what[40];
        (void)snprintf(what, sizeof what, "`%s`", name);
        parse_expected(p, what);
        return false;
    }
    p->t++;
    return true;
}

static bool parse_scope(struct parser *p, const char *name, str slot, struct scope *s)
{
    s->at = p->t->at;
    if (!scope_var(p, name))
        return false;
    bool ok = true;
    if (parse_take(p, TOK_EQ)) {
        s->kind = SCOPE_EQ;
        ok = scope_target(p, s, slot);
    } else if (parse_is(p, S("in"))) {
        p->t++;
        s->kind = SCOPE_IN;
        ok = scope_target(p, s, slot);
    } else if (parse_is(p, S("is"))) {
        p->t++;
        s->kind = SCOPE_IS;
        ok = parse_path(p, &s->type);
        if (ok && parse_is(p, S("in"))) {
            p->t++;
            s->kind = SCOPE_IS_IN;
            ok = scope_target(p, s, slot);
        }
    }
    s->end = p->t[-1].end;
    return ok;
}

static bool is_action_type(str type)
{
    return str_eq(type, S("Action")) || str_ends(type, S("::Action"));
}

static bool action_uid(struct parser *p, const struct cedar_uid **ret)
{
    struct token first = *p->t;
    if (p->depth < CEDAR_DEPTH_MAX && parse_take(p, TOK_LPAREN)) {
        p->depth++;
        bool ok = action_uid(p, ret) && parse_need(p, TOK_RPAREN, "')'");
        p->depth--;
        return ok;
    }
    *ret = parse_uid(p);
    if (!*ret)
        return false;
    if (is_action_type((*ret)->type))
        return true;
    parse_bad_str(p, (struct token){ TOK_IDENT, first.at, p->t[-1].end },
                  "an action's type is named Action, not `" STR_FMT "`", (*ret)->type);
    return false;
}

static bool action_list(struct parser *p, struct scope *s)
{
    VEC(const struct cedar_uid *) v = { 0 };
    s->kind = SCOPE_IN_SET;
    p->t++;
    while (p->t->kind != TOK_RBRACKET) {
        if (!action_uid(p, vec_push(&v, p->out)))
            return false;
        if (!parse_take(p, TOK_COMMA))
            break;
    }
    s->uids = v.at;
    s->n = (u32)v.n;
    return parse_need(p, TOK_RBRACKET, "',' or ']'");
}

static bool parse_action(struct parser *p, struct scope *s)
{
    s->at = p->t->at;
    if (!scope_var(p, "action"))
        return false;
    bool eq = p->t->kind == TOK_EQ, ok = true;
    if (eq || parse_is(p, S("in"))) {
        p->t++;
        s->kind = eq ? SCOPE_EQ : SCOPE_IN;
        if (!eq && p->t->kind == TOK_LBRACKET) {
            ok = action_list(p, s);
        } else {
            const struct cedar_uid **at = NEW(p->out, const struct cedar_uid *);
            ok = action_uid(p, at);
            s->uids = at;
            s->n = 1;
        }
    } else if (parse_is(p, S("is"))) {
        parse_bad(p, p->t->at, p->t->end, "the action's type cannot be tested: use == or in");
        ok = false;
    }
    s->end = p->t[-1].end;
    return ok;
}

static bool parse_scopes(struct parser *p, struct policy *pol)
{
    if (!parse_need(p, TOK_LPAREN, "'('") ||
        !parse_scope(p, "principal", S("?principal"), &pol->principal) ||
        !parse_need(p, TOK_COMMA, "','") || !parse_action(p, &pol->action) ||
        !parse_need(p, TOK_COMMA, "','") ||
        !parse_scope(p, "resource", S("?resource"), &pol->resource))
        return false;
    (void)parse_take(p, TOK_COMMA);
    pol->slot_principal = pol->principal.slot;
    pol->slot_resource = pol->resource.slot;
    pol->is_template = pol->slot_principal || pol->slot_resource;
    return parse_need(p, TOK_RPAREN, "')'");
}

/* ---- The rest ---- */

static bool parse_notes(struct parser *p, struct policy *pol)
{
    VEC(struct note) v = { 0 };
    while (parse_take(p, TOK_AT)) {
        struct token key = *p->t;
        if (!parse_need(p, TOK_IDENT, "the name of an annotation"))
            return false;
        struct note n = { .key = parse_text(p, &key) };
        if (parse_take(p, TOK_LPAREN)) {
            if (p->t->kind != TOK_STR) {
                parse_expected(p, "a string literal");
                return false;
            }
            n.has_text = true;
            if (!parse_string(p, &n.text) || !parse_need(p, TOK_RPAREN, "')'"))
                return false;
        }
        for (size_t i = 0; i < v.n; i++)
            if (str_eq(v.at[i].key, n.key)) {
                parse_bad_str(p, key, "the annotation @" STR_FMT " stands twice", n.key);
                return false;
            }
        *vec_push(&v, p->out) = n;
    }
    pol->notes = v.at;
    pol->notes_n = (u32)v.n;
    return true;
}

static bool parse_clauses(struct parser *p, struct policy *pol)
{
    VEC(struct clause) v = { 0 };
    while (p->t->kind == TOK_IDENT) {
        struct clause c = { .at = p->t->at };
        c.unless = parse_is(p, S("unless"));
        if (!c.unless && !parse_is(p, S("when"))) {
            parse_expected(p, "`when`, `unless` or ';'");
            return false;
        }
        p->t++;
        if (!parse_need(p, TOK_LBRACE, "'{'"))
            return false;
        if (p->t->kind == TOK_RBRACE) {
            parse_bad(p, c.at, p->t->end, "a condition without an expression");
            return false;
        }
        c.e = parse_expr(p);
        if (!c.e || !parse_need(p, TOK_RBRACE, "an operator or '}'"))
            return false;
        c.end = p->t[-1].end;
        *vec_push(&v, p->out) = c;
    }
    pol->clauses = v.at;
    pol->clauses_n = (u32)v.n;
    return true;
}

static bool parse_policy(struct parser *p, struct policy *pol)
{
    pol->at = p->t->at;
    if (!parse_notes(p, pol))
        return false;
    pol->forbid = parse_is(p, S("forbid"));
    if (!pol->forbid && !parse_is(p, S("permit"))) {
        parse_expected(p, "`permit` or `forbid`");
        return false;
    }
    p->t++;
    if (!parse_scopes(p, pol) || !parse_clauses(p, pol) || !parse_need(p, TOK_SEMI, "';'"))
        return false;
    pol->end = p->t[-1].end;
    return true;
}

static void skip_policy(struct parser *p)
{
    while (p->t->kind != TOK_END && p->t->kind != TOK_SEMI)
        p->t++;
    (void)parse_take(p, TOK_SEMI);
}

/* A tree rarely takes more bytes than this for a byte of text; when it does, the arena is doomed
 * and the parse refused. */
enum { BYTES_PER_BYTE = 60 };

err cedar_parse_only(struct arena *out, str text, struct cedar_faults *faults,
                     const struct policy **ret, u32 *ret_n)
{
    SCRATCH(s);
    struct tokens toks;
    u32 before = faults->errors;
    if (text.n <= CEDAR_TEXT_MAX && (text.n + 64) * BYTES_PER_BYTE > arena_room(out)) {
        cedar_fault_add(faults, (struct cedar_fault){ .policy = -1 },
                        "the text is too long for the memory given");
        return E_LIMIT;
    }
    TRY(cedar_lex(s.a, text, faults, &toks));
    struct parser p = { .out = out, .text = text, .t = toks.at, .faults = faults };
    VEC(struct policy) v = { 0 };
    while (p.t->kind != TOK_END && !p.limit) {
        struct policy *pol = vec_push(&v, out);
        p.policy = (i32)v.n - 1;
        pol->index = (u32)v.n - 1;
        pol->id = str_fmt(out, "policy%u", pol->index);
        if (!parse_policy(&p, pol))
            skip_policy(&p);
    }
    if (faults->errors != before)
        return p.limit ? E_LIMIT : E_INVALID;
    if (arena_doomed(out)) {
        cedar_fault_add(faults, (struct cedar_fault){ .policy = -1 },
                        "the text is too long for the memory given");
        return E_LIMIT;
    }
    *ret = v.at;
    *ret_n = (u32)v.n;
    return E_NONE;
}

err cedar_uid_parse(struct arena *out, str text, struct cedar_uid *ret)
{
    SCRATCH(s);
    struct cedar_faults faults;
    struct tokens toks;
    cedar_faults_init(&faults, s.a);
    TRY(cedar_lex(s.a, text, &faults, &toks));
    struct parser p = { .out = out, .text = text, .t = toks.at, .faults = &faults };
    const struct cedar_uid *uid = parse_uid(&p);
    if (!uid || p.t->kind != TOK_END)
        return E_INVALID;
    *ret = *uid;
    return E_NONE;
}
