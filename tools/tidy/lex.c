/* SPDX-License-Identifier: Apache-2.0 */
/* A C lexer as coarse as the rules need: words, strings, comments, single other characters, each
 * with its line and whether it stands in a preprocessor line. It never fails: what it does not know
 * is a character. */
#include "tools/tidy/tidy.h"

struct at { const char *p, *end; u32 line; bool pp, line_begins; };

static bool word_char(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

static void skip_comment(struct at *l)
{
    bool block = l->p[1] == '*';
    for (l->p += 2; l->p < l->end; l->p++) {
        if (!block && *l->p == '\n')
            return;
        if (*l->p == '\n')
            l->line++;
        if (block && *l->p == '*' && l->p + 1 < l->end && l->p[1] == '/') {
            l->p += 2;
            return;
        }
    }
}

static void skip_quoted(struct at *l)
{
    char quote = *l->p++;
    while (l->p < l->end && *l->p != quote && *l->p != '\n') {
        if (*l->p == '\\' && l->p + 1 < l->end && l->p[1] != '\n')
            l->p++;
        l->p++;
    }
    if (l->p < l->end && *l->p == quote)
        l->p++;
}

static bool skip_space(struct at *l)
{
    char c = *l->p;
    if (c == '\\' && l->p + 1 < l->end && l->p[1] == '\n') {
        l->p += 2;
        l->line++;
        return true;
    }
    if (c == '\n') {
        l->line++;
        l->pp = false;
        l->line_begins = true;
    } else if (c != ' ' && c != '\t' && c != '\r') {
        return false;
    }
    l->p++;
    return true;
}

static enum tok_kind skip_token(struct at *l)
{
    if (*l->p == '/' && l->p + 1 < l->end && (l->p[1] == '*' || l->p[1] == '/')) {
        skip_comment(l);
        return TOK_COMMENT;
    }
    if (*l->p == '"' || *l->p == '\'') {
        enum tok_kind kind = *l->p == '"' ? TOK_STRING : TOK_OTHER;
        skip_quoted(l);
        return kind;
    }
    if (!word_char(*l->p)) {
        l->p++;
        return TOK_OTHER;
    }
    while (l->p < l->end && word_char(*l->p))
        l->p++;
    return TOK_WORD;
}

void lex(struct tidy *t, struct file *f)
{
    struct at l = { .p = f->text.p, .end = f->text.p + f->text.n, .line = 1, .line_begins = true };
    while (l.p < l.end) {
        if (skip_space(&l))
            continue;
        if (*l.p == '#' && l.line_begins)
            l.pp = true;
        const char *from = l.p;
        struct tok tok = { .line = l.line, .pp = l.pp };
        tok.kind = skip_token(&l);
        tok.s = (str){ from, (size_t)(l.p - from) };
        if (tok.kind != TOK_COMMENT)
            l.line_begins = false;
        *vec_push(&f->toks, t->a) = tok;
    }
}

bool next_line(str *rest, str *ret_line, u32 *line)
{
    if (!rest->n)
        return false;
    str whole = str_cut(rest, '\n');
    if (str_ends(whole, S("\r")))
        whole.n--;
    *ret_line = whole;
    ++*line;
    return true;
}
