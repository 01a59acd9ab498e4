/* SPDX-License-Identifier: Apache-2.0 */
/* Schemas in their human syntax. The tokens and the helpers are those of the policy parser; the
 * words of the schema (entity, action, type, namespace …) are no reserved words: they may be names
 * too. After a fault the parser goes on behind the next semicolon. */
#include <string.h>

#include "cedar/parser.h"
#include "cedar/schema_ast.h"

static bool word(struct parser *p, const char *w) { return parse_is(p, str_from(w)); }

static bool take_word(struct parser *p, const char *w)
{
    if (!word(p, w))
        return false;
    p->t++;
    return true;
}

static bool parse_ident(struct parser *p, struct s_path *ret)
{
    struct token t = *p->t;
    if (t.kind != TOK_IDENT) {
        parse_expected(p, "a name");
        return false;
    }
    if (cedar_is_reserved(parse_text(p, &t))) {
        parse_bad_str(p, t, "`" STR_FMT "` is a reserved word", parse_text(p, &t));
        return false;
    }
    p->t++;
    *ret = (struct s_path){ parse_text(p, &t), t.at, t.end };
    return true;
}

/* A path, in which __cedar may stand: __cedar::Long is a type. */
static bool parse_s_path(struct parser *p, struct s_path *ret)
{
    struct buf b = buf_in(p->out, 4096);
    ret->at = p->t->at;
    for (;;) {
        struct token t = *p->t;
        str name = parse_text(p, &t);
        if (t.kind != TOK_IDENT || (cedar_is_reserved(name) && !str_eq(name, S("__cedar")))) {
            parse_expected(p, "the name of a type");
            return false;
        }
        p->t++;
        buf_put(&b, name);
        if (p->t->kind != TOK_PATH || p->t[1].kind != TOK_IDENT)
            break;
        p->t++;
        buf_put(&b, S("::"));
    }
    ret->end = p->t[-1].end;
    if (buf_done(&b, &ret->name) == E_NONE)
        return true;
    parse_bad(p, ret->at, ret->end, "the name is too long");
    return false;
}

/* IDENT or a string. */
static bool parse_s_name(struct parser *p, struct s_path *ret)
{
    struct token t = *p->t;
    if (parse_is(p,
                 S("__cedar"))) { /* no type may be named so, but an attribute or an action may */
        *ret = (struct s_path){ parse_text(p, p->t++), t.at, t.end };
        return true;
    }
    if (t.kind != TOK_STR)
        return parse_ident(p, ret);
    *ret = (struct s_path){ .at = t.at, .end = t.end };
    return parse_string(p, &ret->name);
}

static bool skip_notes(struct parser *p)
{
    const struct token *first = p->t;
    while (parse_take(p, TOK_AT)) {
        struct token key = *p->t;
        str text;
        if (!parse_need(p, TOK_IDENT, "the name of an annotation"))
            return false;
        for (const struct token *t = first; t < p->t - 2; t++)
            if (t->kind == TOK_AT && str_eq(parse_text(p, t + 1), parse_text(p, &key))) {
                parse_bad_str(p, key, "the annotation @" STR_FMT " stands twice",
                              parse_text(p, &key));
                return false;
            }
        if (!parse_take(p, TOK_LPAREN))
            continue;
        if (p->t->kind != TOK_STR) {
            parse_expected(p, "a string literal");
            return false;
        }
        if (!parse_string(p, &text) || !parse_need(p, TOK_RPAREN, "')'"))
            return false;
    }
    return true;
}

static const struct s_type *parse_type(struct parser *p);

/* { [@note] name[?]: Type, … }; the last field of a name counts. */
static const struct s_type *parse_record_type(struct parser *p)
{
    VEC(struct s_field) v = { 0 };
    struct s_type *t = NEW(p->out, struct s_type);
    t->kind = S_RECORD;
    t->at = p->t->at;
    if (!parse_need(p, TOK_LBRACE, "'{'"))
        return NULL;
    while (p->t->kind != TOK_RBRACE) {
        struct s_path name;
        struct s_field f = { 0 };
        if (!skip_notes(p) || !parse_s_name(p, &name))
            return NULL;
        f = (struct s_field){ .name = name.name, .at = name.at, .end = name.end };
        f.optional = parse_take(p, TOK_QUESTION);
        if (!parse_need(p, TOK_COLON, "':'") || !(f.type = parse_type(p)))
            return NULL;
        size_t i = 0;
        while (i < v.n && !str_eq(v.at[i].name, f.name))
            i++;
        *(i < v.n ? &v.at[i] : vec_push(&v, p->out)) = f;
        if (!parse_take(p, TOK_COMMA))
            break;
    }
    if (!parse_need(p, TOK_RBRACE, "',' or '}'"))
        return NULL;
    t->fields = v.at;
    t->n = (u32)v.n;
    t->end = p->t[-1].end;
    return t;
}

static const struct s_type *parse_type_inner(struct parser *p)
{
    if (p->t->kind == TOK_LBRACE)
        return parse_record_type(p);
    struct s_type *t = NEW(p->out, struct s_type);
    t->at = p->t->at;
    if (word(p, "Set") && p->t[1].kind == TOK_LT) {
        p->t += 2;
        t->kind = S_SET;
        if (!(t->elem = parse_type(p)) || !parse_need(p, TOK_GT, "'>'"))
            return NULL;
    } else {
        struct s_path path;
        t->kind = S_NAME;
        if (!parse_s_path(p, &path))
            return NULL;
        t->name = path.name;
    }
    t->end = p->t[-1].end;
    return t;
}

static const struct s_type *parse_type(struct parser *p)
{
    if (p->depth == CEDAR_DEPTH_MAX) {
        p->limit = true;
        return parse_bad(p, p->t->at, p->t->end, "the type is nested too deep");
    }
    p->depth++;
    const struct s_type *t = parse_type_inner(p);
    p->depth--;
    return t;
}

/* Path | '[' [Path {, Path}] ']' */
static bool parse_paths(struct parser *p, const struct s_path **ret, u32 *ret_n)
{
    VEC(struct s_path) v = { 0 };
    bool list = parse_take(p, TOK_LBRACKET);
    bool more = !list || p->t->kind != TOK_RBRACKET;
    while (more) {
        if (!parse_s_path(p, vec_push(&v, p->out)))
            return false;
        more = list && parse_take(p, TOK_COMMA); /* no comma behind the last */
    }
    *ret = v.at;
    *ret_n = (u32)v.n;
    return !list || parse_need(p, TOK_RBRACKET, "',' or ']'");
}

static bool parse_ids(struct parser *p, struct s_entity *e)
{
    VEC(str) v = { 0 };
    if (!parse_need(p, TOK_LBRACKET, "'['"))
        return false;
    do {
        if (p->t->kind != TOK_STR) {
            parse_expected(p, "an id in quotes");
            return false;
        }
        if (!parse_string(p, vec_push(&v, p->out)))
            return false;
    } while (parse_take(p, TOK_COMMA));
    e->ids = v.at;
    e->ids_n = (u32)v.n;
    return parse_need(p, TOK_RBRACKET, "',' or ']'");
}

static bool parse_entity_body(struct parser *p, struct s_entity *e)
{
    if (take_word(p, "enum"))
        return parse_ids(p, e);
    if (take_word(p, "in") && !parse_paths(p, &e->parents, &e->parents_n))
        return false;
    bool eq = parse_take(p, TOK_ASSIGN);
    if ((eq || p->t->kind == TOK_LBRACE) && !(e->shape = parse_record_type(p)))
        return false;
    return !take_word(p, "tags") || (e->tags = parse_type(p)) != NULL;
}

static bool parse_entity(struct parser *p, struct s_space *sp)
{
    VEC(struct s_path) names = { 0 };
    struct s_entity e = { 0 };
    do {
        if (!parse_ident(p, vec_push(&names, p->out)))
            return false;
    } while (parse_take(p, TOK_COMMA));
    if (!parse_entity_body(p, &e) || !parse_need(p, TOK_SEMI, "';'"))
        return false;
    for (size_t i = 0; i < names.n; i++) {
        e.name = names.at[i];
        *vec_push(&sp->entities, p->out) = e;
    }
    return true;
}

/* Name | Path '::' STR */
static bool parse_action_ref(struct parser *p, struct s_uid *ret)
{
    struct s_path path;
    const struct token *first = p->t;
    if (p->t->kind == TOK_STR || p->t[1].kind != TOK_PATH) {
        if (!parse_s_name(p, &path))
            return false;
        *ret = (struct s_uid){ .id = path.name, .at = path.at, .end = path.end };
        return true;
    }
    if (!parse_s_path(p, &path) || !parse_need(p, TOK_PATH, "'::'"))
        return false;
    if (p->t->kind != TOK_STR) {
        parse_expected(p, "the name of an action in quotes");
        return false;
    }
    if (!parse_string(p, &ret->id))
        return false;
    ret->type = path.name;
    ret->at = first->at;
    ret->end = p->t[-1].end;
    return true;
}

static bool parse_action_refs(struct parser *p, struct s_action *a)
{
    VEC(struct s_uid) v = { 0 };
    bool list = parse_take(p, TOK_LBRACKET);
    do {
        if (!parse_action_ref(p, vec_push(&v, p->out)))
            return false;
    } while (list && parse_take(p, TOK_COMMA));
    a->parents = v.at;
    a->parents_n = (u32)v.n;
    return !list || parse_need(p, TOK_RBRACKET, "',' or ']'");
}

static const struct s_type *parse_context(struct parser *p)
{
    if (p->t->kind == TOK_LBRACE)
        return parse_record_type(p);
    struct s_path path;
    if (!parse_s_path(p, &path))
        return NULL;
    struct s_type *t = NEW(p->out, struct s_type);
    *t =
        (struct s_type){ .kind = S_COMMON_NAME, .name = path.name, .at = path.at, .end = path.end };
    return t;
}

static bool apply_part(struct parser *p, struct s_action *a, unsigned *seen)
{
    static const char *const parts[] = { "principal", "resource", "context" };
    unsigned part = 0;
    struct token t = *p->t;
    while (part < 3 && !word(p, parts[part]))
        part++;
    if (part == 3) {
        parse_expected(p, "`principal`, `resource` or `context`");
        return false;
    }
    if (*seen & 1u << part) {
        parse_bad_str(p, t, "`" STR_FMT "` stands twice", parse_text(p, &t));
        return false;
    }
    *seen |= 1u << part;
    p->t++;
    if (!parse_need(p, TOK_COLON, "':'"))
        return false;
    if (part == 2)
        return (a->context = parse_context(p)) != NULL;
    if (!(part ? parse_paths(p, &a->resources, &a->resources_n)
               : parse_paths(p, &a->principals, &a->principals_n)))
        return false;
    if (part ? a->resources_n : a->principals_n)
        return true;
    parse_bad(p, t.at, p->t[-1].end,
              "the list is empty: an action that applies to nothing has no appliesTo");
    return false;
}

static bool parse_applies(struct parser *p, struct s_action *a)
{
    unsigned seen = 0;
    struct token first = p->t[-1];
    a->applies = true;
    if (!parse_need(p, TOK_LBRACE, "'{'"))
        return false;
    do {
        if (!apply_part(p, a, &seen))
            return false;
    } while (parse_take(p, TOK_COMMA) && p->t->kind != TOK_RBRACE);
    if (!parse_need(p, TOK_RBRACE, "',' or '}'"))
        return false;
    if ((seen & 3) == 3)
        return true;
    parse_bad(p, first.at, first.end, "appliesTo must name both `principal` and `resource`");
    return false;
}

static bool parse_s_action(struct parser *p, struct s_space *sp)
{
    VEC(struct s_path) names = { 0 };
    struct s_action a = { 0 };
    do {
        if (!parse_s_name(p, vec_push(&names, p->out)))
            return false;
    } while (parse_take(p, TOK_COMMA));
    if (take_word(p, "in") && !parse_action_refs(p, &a))
        return false;
    if (take_word(p, "appliesTo") && !parse_applies(p, &a))
        return false;
    if (take_word(p, "attributes") &&
        !(parse_need(p, TOK_LBRACE, "'{'") && parse_need(p, TOK_RBRACE, "'}'")))
        return false;
    if (!parse_need(p, TOK_SEMI, "';'"))
        return false;
    for (size_t i = 0; i < names.n; i++) {
        a.name = names.at[i];
        *vec_push(&sp->actions, p->out) = a;
    }
    return true;
}

static bool parse_common(struct parser *p, struct s_space *sp)
{
    struct s_common c;
    if (!parse_ident(p, &c.name) || !parse_need(p, TOK_ASSIGN, "'='") ||
        !(c.type = parse_type(p)) || !parse_need(p, TOK_SEMI, "';'"))
        return false;
    *vec_push(&sp->commons, p->out) = c;
    return true;
}

static bool parse_decl(struct parser *p, struct s_space *sp)
{
    if (take_word(p, "entity"))
        return parse_entity(p, sp);
    if (take_word(p, "action"))
        return parse_s_action(p, sp);
    if (take_word(p, "type"))
        return parse_common(p, sp);
    parse_expected(p, "`entity`, `action` or `type`");
    return false;
}

static void skip_decl(struct parser *p)
{
    while (p->t->kind != TOK_END && p->t->kind != TOK_SEMI)
        p->t++;
    (void)parse_take(p, TOK_SEMI);
}

struct s_space *schema_space(struct arena *out, struct s_schema *s, struct s_path name,
                             bool *ret_new)
{
    *ret_new = false;
    for (size_t i = 0; i < s->spaces.n; i++)
        if (str_eq(s->spaces.at[i].name.name, name.name))
            return &s->spaces.at[i];
    *ret_new = true;
    struct s_space *sp = vec_push(&s->spaces, out);
    sp->name = name;
    return sp;
}

static bool parse_space(struct parser *p, struct s_schema *s)
{
    struct s_path name;
    bool fresh;
    if (!parse_s_path(p, &name) || !parse_need(p, TOK_LBRACE, "'{'"))
        return false;
    if (!cedar_is_path(name.name))
        parse_bad(p, name.at, name.end, "a namespace may not be named __cedar");
    struct s_space *sp = schema_space(p->out, s, name, &fresh);
    if (!fresh)
        parse_bad(p, name.at, name.end, "the namespace stands twice");
    while (p->t->kind != TOK_RBRACE && p->t->kind != TOK_END && !p->limit)
        if (!skip_notes(p) || !parse_decl(p, sp))
            skip_decl(p);
    return parse_need(p, TOK_RBRACE, "'}'");
}

err schema_parse_text(struct arena *out, str text, struct cedar_faults *faults,
                      struct s_schema *ret)
{
    SCRATCH(s);
    struct tokens toks;
    u32 before = faults->errors;
    struct s_schema got = { 0 };
    TRY(cedar_lex(s.a, text, faults, &toks));
    struct parser p = { .out = out, .text = text, .t = toks.at, .faults = faults, .policy = -1 };
    while (p.t->kind != TOK_END && !p.limit) {
        bool fresh, ok = skip_notes(&p);
        if (ok && take_word(&p, "namespace"))
            ok = parse_space(&p, &got);
        else if (ok)
            ok = parse_decl(&p, schema_space(out, &got, (struct s_path){ .name = S("") }, &fresh));
        if (!ok)
            skip_decl(&p);
    }
    if (faults->errors != before)
        return p.limit ? E_LIMIT : E_INVALID;
    *ret = got;
    return E_NONE;
}
