/* SPDX-License-Identifier: Apache-2.0 */
/* SQL as tokens: enough to find parameters, tables and what stands beside them; SQLite itself
 * judges the syntax. */
#ifndef OUTWORK_TOOLS_SQL_TEXT_H
#define OUTWORK_TOOLS_SQL_TEXT_H

#include "gen.h"

enum tok_kind { TOK_END, TOK_WORD, TOK_PARAM, TOK_NUMBER, TOK_STRING, TOK_OP };
struct tok {
    enum tok_kind kind;
    str s; /* as written; a parameter without its colon, a quoted word without its quotes */
    const char *at; /* where it stands in the text */
    size_t len;
    int open, close; /* the enclosing bracket's token, -1 at the top; of a `(` its `)`, else -1 */
};
struct toks {
    struct tok *at;
    size_t n, room;
};

/* Tokens of a text without comments. */
struct toks sql_tokens(struct gen *g, str text);
/* The text without `--` comments, trailing white space and semicolon. */
str sql_clean(struct gen *g, str text);
bool tok_is(const struct tok *t,
            const char *word); /* a word, without regard to case, or an operator */

#endif
