/* SPDX-License-Identifier: Apache-2.0 */
/* The parser of policy text, shared by its two files: policies and scopes (parse.c), expressions
 * (parse_expr.c). */
#ifndef OUTWORK_CEDAR_PARSER_H
#define OUTWORK_CEDAR_PARSER_H

#include "cedar/internal.h"

struct parser {
    struct arena *out;
    str text;
    const struct token *t; /* the current token; the last of all is TOK_END */
    struct cedar_faults *faults;
    i32 policy;
    u32 depth;
    bool limit; /* a limit was passed: the whole parse ends with E_LIMIT */
};

/* The fault of a place; returns NULL, so that callers may `return parse_bad(…)`. */
void *parse_bad(struct parser *p, u32 at, u32 end, const char *what);
void *parse_bad_str(struct parser *p, struct token t, const char *fmt,
                    str s);                               /* fmt has one STR_FMT */
void *parse_expected(struct parser *p, const char *what); /* "expected WHAT, found …" */
bool parse_take(struct parser *p, enum tok kind);         /* steps over it when it is there */
bool parse_need(struct parser *p, enum tok kind, const char *what);
static inline str parse_text(const struct parser *p, const struct token *t)
{
    return token_text(p->text, *t);
}
static inline bool parse_is(const struct parser *p, str word)
{
    return p->t->kind == TOK_IDENT && str_eq(parse_text(p, p->t), word);
}
/* A string literal's value; false (with its fault) when an escape is bad. */
bool parse_string(struct parser *p, str *ret);
/* IDENT {:: IDENT}; none reserved. */
bool parse_path(struct parser *p, str *ret);
/* Type::"id" */
const struct cedar_uid *parse_uid(struct parser *p);
const struct expr *parse_expr(struct parser *p);

#endif
