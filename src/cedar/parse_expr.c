/* SPDX-License-Identifier: Apache-2.0 */
/* Expressions of policy text, by recursive descent, one function a level of precedence. A syntax
 * error ends the policy it is in (NULL comes back, its fault is recorded); the parser of policies
 * then goes on behind the next semicolon. */
#include <string.h>

#include "cedar/parser.h"

static struct expr *node(struct parser *p, enum op op, u32 at)
{
    return expr_new(p->out, op, at, at);
}

/* Ends a node behind the token just taken. */
static const struct expr *done(struct parser *p, struct expr *e)
{
    e->end = p->t[-1].end;
    if (expr_close(p->out, e))
        return e;
    p->limit = true;
    return parse_bad(p, e->at, e->end, "the expression is nested too deep");
}

static const struct expr *parse_or(struct parser *p);

static const struct expr *binary(struct parser *p, enum op op, const struct expr *a,
                                 const struct expr *b)
{
    if (!b)
        return NULL;
    struct expr *e = node(p, op, a->at);
    e->a = a;
    e->b = b;
    return done(p, e);
}

static const struct expr *literal(struct parser *p, struct token t, struct cedar_value v)
{
    struct expr *e = node(p, OP_LIT, t.at);
    e->lit = v;
    return done(p, e);
}

/* A comma list of expressions up to the closing token; a comma may stand behind the last. */
static bool parse_list(struct parser *p, enum tok close, const char *what,
                       const struct expr *const **ret, u32 *ret_n)
{
    VEC(const struct expr *) v = { 0 };
    while (p->t->kind != close) {
        const struct expr *e = parse_expr(p);
        if (!e)
            return false;
        *vec_push(&v, p->out) = e;
        if (!parse_take(p, TOK_COMMA))
            break;
    }
    if (!parse_need(p, close, what))
        return false;
    *ret = v.at;
    *ret_n = (u32)v.n;
    return true;
}

static const struct expr *parse_number(struct parser *p, bool minus, u32 at)
{
    struct token t = *p->t++;
    str s = parse_text(p, &t);
    u64 v = 0;
    for (size_t i = 0; i < s.n; i++)
        if (__builtin_mul_overflow(v, 10, &v) || __builtin_add_overflow(v, (u64)(s.p[i] - '0'), &v))
            v = UINT64_MAX, i = s.n;
    if (v > (u64)INT64_MAX + minus)
        return parse_bad(p, t.at, t.end, "the number does not fit 64 bits with a sign");
    t.at = at;
    return literal(p, t, cedar_long(minus ? (i64)(0 - v) : (i64)v));
}

static bool record_key(struct parser *p, str *ret)
{
    if (p->t->kind == TOK_STR)
        return parse_string(p, ret);
    if (p->t->kind != TOK_IDENT || cedar_is_reserved(parse_text(p, p->t))) {
        parse_expected(p, "the name of an attribute");
        return false;
    }
    *ret = parse_text(p, p->t++);
    return true;
}

static void sort_fields(struct expr_field *at, u32 n)
{
    for (u32 i = 1; i < n; i++) {
        struct expr_field f = at[i];
        u32 k = i;
        for (; k && cedar_name_cmp(at[k - 1].name, f.name) > 0; k--)
            at[k] = at[k - 1];
        at[k] = f;
    }
}

static const struct expr *parse_record(struct parser *p)
{
    VEC(struct expr_field) v = { 0 };
    struct expr *e = node(p, OP_RECORD, p->t++->at);
    while (p->t->kind != TOK_RBRACE) {
        struct token key = *p->t;
        struct expr_field f;
        if (!record_key(p, &f.name) || !parse_need(p, TOK_COLON, "':'"))
            return NULL;
        f.e = parse_expr(p);
        if (!f.e)
            return NULL;
        for (size_t i = 0; i < v.n; i++)
            if (str_eq(v.at[i].name, f.name))
                return parse_bad_str(p, key, "the record has two values for `" STR_FMT "`", f.name);
        *vec_push(&v, p->out) = f;
        if (!parse_take(p, TOK_COMMA))
            break;
    }
    if (!parse_need(p, TOK_RBRACE, "',' or '}'"))
        return NULL;
    sort_fields(v.at, (u32)v.n);
    e->fields = v.at;
    e->n = (u32)v.n;
    return done(p, e);
}

/* name ( … ): a constructor. */
static const struct expr *parse_call(struct parser *p, struct token first, str name)
{
    struct expr *e = node(p, OP_CALL, first.at);
    struct token named = { TOK_IDENT, first.at, p->t[-1].end };
    int fn = ext_of_name(name);
    u32 argc;
    if (fn >= 0 && cedar_ext_rows[fn].method)
        return parse_bad_str(p, named,
                             "`" STR_FMT "` is a method: write it behind a value and a dot", name);
    if (fn < 0 && op_of_method(name, &argc))
        return parse_bad_str(p, named,
                             "`" STR_FMT "` is a method: write it behind a value and a dot", name);
    if (fn < 0)
        return parse_bad_str(p, named, "there is no function `" STR_FMT "`", name);
    e->sub = (u8)fn;
    p->t++;
    if (!parse_list(p, TOK_RPAREN, "',' or ')'", &e->args, &e->n))
        return NULL;
    return done(p, e);
}

static int var_of(str name)
{
    static const str names[] = { S_INIT("principal"), S_INIT("action"), S_INIT("resource"),
                                 S_INIT("context") };
    for (int i = 0; i < 4; i++)
        if (str_eq(names[i], name))
            return i;
    return -1;
}

static const struct expr *parse_name(struct parser *p)
{
    struct token first = *p->t;
    str name = parse_text(p, p->t);
    if (str_eq(name, S("true")) || str_eq(name, S("false"))) {
        p->t++;
        return literal(p, first, cedar_bool(name.p[0] == 't'));
    }
    if (!parse_path(p, &name))
        return NULL;
    if (p->t->kind == TOK_PATH && p->t[1].kind == TOK_STR) {
        str id;
        p->t++;
        if (!parse_string(p, &id))
            return NULL;
        struct cedar_uid *uid = NEW(p->out, struct cedar_uid);
        *uid = cedar_uid(name, id);
        return literal(p, first, cedar_entity(uid));
    }
    if (p->t->kind == TOK_LPAREN)
        return parse_call(p, first, name);
    int var = var_of(name);
    if (var < 0)
        return parse_bad_str(p, (struct token){ TOK_IDENT, first.at, p->t[-1].end },
                             "`" STR_FMT
                             "` is not a variable (they are principal, action, resource, context)",
                             name);
    struct expr *e = node(p, OP_VAR, first.at);
    e->sub = (u8)var;
    return done(p, e);
}

static const struct expr *parse_primary(struct parser *p)
{
    struct token t = *p->t;
    str s;
    switch (t.kind) {
    case TOK_NUM: return parse_number(p, false, t.at);
    case TOK_STR: return parse_string(p, &s) ? literal(p, t, cedar_string(s)) : NULL;
    case TOK_IDENT: return parse_name(p);
    case TOK_SLOT:
        return parse_bad(p, t.at, t.end, "a slot may stand in the scope only, not in a condition");
    case TOK_LBRACE: return parse_record(p);
    case TOK_LPAREN: {
        p->t++;
        const struct expr *e = parse_expr(p);
        return e && parse_need(p, TOK_RPAREN, "')'") ? e : NULL;
    }
    case TOK_LBRACKET: {
        struct expr *e = node(p, OP_SET, p->t++->at);
        return parse_list(p, TOK_RBRACKET, "',' or ']'", &e->args, &e->n) ? done(p, e) : NULL;
    }
    default: return parse_expected(p, "an expression");
    }
}

static const struct expr *method_call(struct parser *p, const struct expr *left,
                                      struct token name_tok)
{
    str name = parse_text(p, &name_tok);
    const struct expr *const *args;
    u32 n, argc;
    p->t++;
    if (!parse_list(p, TOK_RPAREN, "',' or ')'", &args, &n))
        return NULL;
    enum op op = op_of_method(name, &argc);
    if (op) {
        if (n != argc)
            return parse_bad_str(p, name_tok,
                                 argc ? "`" STR_FMT "` takes exactly one argument"
                                      : "`" STR_FMT "` takes no argument",
                                 name);
        struct expr *e = node(p, op, left->at);
        e->a = left;
        e->b = n ? args[0] : NULL;
        return done(p, e);
    }
    int fn = ext_of_name(name);
    if (fn < 0)
        return parse_bad_str(p, name_tok, "there is no method `" STR_FMT "`", name);
    if (!cedar_ext_rows[fn].method)
        return parse_bad_str(p, name_tok, "`" STR_FMT "` is a function, not a method", name);
    struct expr *e = node(p, OP_CALL, left->at);
    const struct expr **all = NEW_N(p->out, const struct expr *, n + 1);
    all[0] = left;
    if (n)
        memcpy(all + 1, args, n * sizeof *args);
    e->sub = (u8)fn;
    e->args = all;
    e->n = n + 1;
    return done(p, e);
}

static const struct expr *attr(struct parser *p, const struct expr *left, str name)
{
    struct expr *e = node(p, OP_ATTR, left->at);
    e->left = left;
    e->name = name;
    return done(p, e);
}

/* Member := Primary { '.' IDENT | '.' IDENT '(' … ')' | '[' STR ']' } */
static const struct expr *parse_member(struct parser *p)
{
    const struct expr *e = parse_primary(p);
    while (e) {
        if (parse_take(p, TOK_DOT)) {
            struct token t = *p->t;
            if (t.kind != TOK_IDENT)
                return parse_expected(p, "the name of an attribute or a method");
            str name = parse_text(p, p->t++);
            if (p->t->kind == TOK_LPAREN)
                e = method_call(p, e, t);
            else if (cedar_is_reserved(name))
                return parse_bad_str(p, t, "`" STR_FMT "` is a reserved word: write [\"…\"]", name);
            else
                e = attr(p, e, name);
        } else if (p->t->kind == TOK_LBRACKET) {
            str name;
            p->t++;
            if (p->t->kind != TOK_STR)
                return parse_expected(p, "a string literal");
            if (!parse_string(p, &name) || !parse_need(p, TOK_RBRACKET, "']'"))
                return NULL;
            e = attr(p, e, name);
        } else if (p->t->kind == TOK_LPAREN) {
            return parse_bad(p, p->t->at, p->t->end, "this cannot be called");
        } else {
            break;
        }
    }
    return e;
}

static const struct expr *parse_unary(struct parser *p)
{
    u32 at = p->t->at, n = 0;
    enum tok kind = p->t->kind;
    if (kind != TOK_NOT && kind != TOK_MINUS)
        return parse_member(p);
    const struct token *first = p->t;
    while (parse_take(p, kind))
        n++;
    if (n > 4)
        return parse_bad(p, at, p->t[-1].end, "more than four unary operators in a row");
    const struct expr *e;
    bool number = kind == TOK_MINUS && p->t->kind == TOK_NUM && p->t[1].kind != TOK_DOT &&
                  p->t[1].kind != TOK_LBRACKET && p->t[1].kind != TOK_LPAREN;
    if (number)
        e = parse_number(p, true, first[--n].at);
    else
        e = parse_member(p);
    while (e && n--) {
        struct expr *u = node(p, kind == TOK_NOT ? OP_NOT : OP_NEG, first[n].at);
        u->a = e;
        e = done(p, u);
    }
    return e;
}

static const struct expr *parse_mult(struct parser *p)
{
    const struct expr *e = parse_unary(p);
    while (e && (p->t->kind == TOK_STAR || p->t->kind == TOK_SLASH || p->t->kind == TOK_PERCENT)) {
        if (p->t->kind != TOK_STAR)
            return parse_bad(p, p->t->at, p->t->end,
                             "there is no division and no remainder in the language");
        p->t++;
        e = binary(p, OP_MUL, e, parse_unary(p));
    }
    return e;
}

static const struct expr *parse_add(struct parser *p)
{
    const struct expr *e = parse_mult(p);
    while (e && (p->t->kind == TOK_PLUS || p->t->kind == TOK_MINUS)) {
        enum op op = p->t++->kind == TOK_PLUS ? OP_ADD : OP_SUB;
        e = binary(p, op, e, parse_mult(p));
    }
    return e;
}

/* has "x" | has a.b.c */
static const struct expr *parse_has(struct parser *p, const struct expr *left)
{
    VEC(str) v = { 0 };
    struct expr *e = node(p, OP_HAS, left->at);
    if (p->t->kind == TOK_STR) {
        if (!parse_string(p, vec_push(&v, p->out)))
            return NULL;
    } else {
        do {
            if (p->t->kind != TOK_IDENT || cedar_is_reserved(parse_text(p, p->t)))
                return parse_expected(p, "the name of an attribute");
            *vec_push(&v, p->out) = parse_text(p, p->t++);
        } while (parse_take(p, TOK_DOT));
    }
    e->left = left;
    e->names = v.at;
    e->n = (u32)v.n;
    return done(p, e);
}

static const struct expr *parse_like(struct parser *p, const struct expr *left)
{
    struct expr *e = node(p, OP_LIKE, left->at);
    u32 at;
    if (p->t->kind != TOK_STR)
        return parse_expected(p, "a pattern in quotes");
    struct token t = *p->t++;
    str raw = str_sub(p->text, t.at + 1, t.end - 1);
    e->left = left;
    if (cedar_unescape_pattern(p->out, raw, &e->names, &e->n, &at) != E_NONE)
        return parse_bad(p, t.at + 1 + at, t.at + 3 + at, "not an escape of a pattern");
    return done(p, e);
}

static const struct expr *parse_is_type(struct parser *p, const struct expr *left)
{
    struct expr *e = node(p, OP_IS, left->at);
    e->left = left;
    if (!parse_path(p, &e->name))
        return NULL;
    if (parse_is(p, S("in"))) {
        p->t++;
        e->in = parse_add(p);
        if (!e->in)
            return NULL;
    }
    return done(p, e);
}

static int relation_op(struct parser *p)
{
    switch (p->t->kind) {
    case TOK_EQ: return OP_EQ;
    case TOK_NE: return OP_NE;
    case TOK_LT: return OP_LT;
    case TOK_LE: return OP_LE;
    case TOK_GT: return OP_GT;
    case TOK_GE: return OP_GE;
    case TOK_IDENT: return parse_is(p, S("in")) ? OP_IN : -1;
    default: return -1;
    }
}

static bool relation_word(struct parser *p)
{
    return p->t->kind == TOK_ASSIGN || relation_op(p) >= 0 || parse_is(p, S("has")) ||
           parse_is(p, S("like")) || parse_is(p, S("is"));
}

static const struct expr *parse_relation(struct parser *p)
{
    const struct expr *e = parse_add(p);
    if (!e || !relation_word(p))
        return e;
    int op = relation_op(p);
    if (p->t->kind == TOK_ASSIGN)
        return parse_bad(p, p->t->at, p->t->end, "a single = is no operator: use ==");
    str word = parse_text(p, p->t++);
    if (op >= 0)
        e = binary(p, (enum op)op, e, parse_add(p));
    else if (str_eq(word, S("has")))
        e = parse_has(p, e);
    else if (str_eq(word, S("like")))
        e = parse_like(p, e);
    else
        e = parse_is_type(p, e);
    if (e && relation_word(p))
        return parse_bad(p, p->t->at, p->t->end,
                         "comparisons do not chain: put one of them in parentheses");
    return e;
}

/* a && b && c is one node of three: as the left-nested tree it means, but flat. */
static const struct expr *parse_chain(struct parser *p, enum op op, enum tok sep,
                                      const struct expr *(*part)(struct parser *))
{
    const struct expr *first = part(p);
    if (!first || p->t->kind != sep)
        return first;
    VEC(const struct expr *) v = { 0 };
    struct expr *e = node(p, op, first->at);
    *vec_push(&v, p->out) = first;
    while (parse_take(p, sep)) {
        const struct expr *next = part(p);
        if (!next)
            return NULL;
        *vec_push(&v, p->out) = next;
    }
    e->args = v.at;
    e->n = (u32)v.n;
    return done(p, e);
}

static const struct expr *parse_and(struct parser *p)
{
    return parse_chain(p, OP_AND, TOK_AND, parse_relation);
}
static const struct expr *parse_or(struct parser *p)
{
    return parse_chain(p, OP_OR, TOK_OR, parse_and);
}

static const struct expr *parse_if(struct parser *p)
{
    struct expr *e = node(p, OP_IF, p->t++->at);
    if (!(e->a = parse_expr(p)))
        return NULL;
    if (!parse_is(p, S("then")))
        return parse_expected(p, "`then`");
    p->t++;
    if (!(e->b = parse_expr(p)))
        return NULL;
    if (!parse_is(p, S("else")))
        return parse_expected(p, "`else`");
    p->t++;
    if (!(e->c = parse_expr(p)))
        return NULL;
    return done(p, e);
}

const struct expr *parse_expr(struct parser *p)
{
    if (p->depth == CEDAR_DEPTH_MAX) {
        p->limit = true;
        return parse_bad(p, p->t->at, p->t->end, "the expression is nested too deep");
    }
    p->depth++;
    const struct expr *e = parse_is(p, S("if")) ? parse_if(p) : parse_or(p);
    p->depth--;
    return e;
}
