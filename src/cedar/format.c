/* SPDX-License-Identifier: Apache-2.0 */
/* The formatter. It lays out the tokens of a valid text anew and never changes one, so what the
 * policies mean cannot change; comments stay with the token they stood at (behind it on its line,
 * or on lines of their own before it). What fits on a line is one line; what does not is broken at
 * || or &&, else inside its brackets. All choices depend on the tokens and comments alone, so
 * formatting twice is formatting once. */
#include <string.h>

#include "base/utf8.h"
#include "cedar/internal.h"

struct ftok {
    u8 kind;
    str text;
    const str *lead; /* comments on lines of their own before it */
    u32 lead_n;
    str trail;  /* the comment behind it on its line */
    u32 match;  /* of an opening bracket: its closing one */
    bool unary; /* a minus or ! before an operand */
    bool call;  /* an opening bracket that clings to what is before it */
};

struct fmt {
    struct arena *a;
    struct ftok *t;
    struct buf out;
    u32 width, col;
    bool line_start, must_break; /* must_break: a comment ended the line */
};

/* ---- Reading ---- */

static bool is_word(const struct ftok *t, const char *w)
{
    return t->kind == TOK_IDENT && str_eq_z(t->text, w);
}

static bool is_keyword(const struct ftok *t)
{
    static const char *const words[] = { "if", "then", "else", "in", "has", "like", "is" };
    for (size_t i = 0; i < COUNT(words); i++)
        if (is_word(t, words[i]))
            return true;
    return false;
}

/* Comments of the gap [from, to): the first may be behind the token before, if no line ends
 * between. One empty line behind a comment is kept, as an empty comment. */
static void read_gap(struct fmt *f, str text, u32 from, u32 to, u32 i)
{
    VEC(str) lead = { 0 };
    bool same_line = i > 0;
    u32 lines = 0;
    for (u32 at = from; at < to;) {
        if (text.p[at] == '/') {
            u32 end = at;
            while (end < to && text.p[end] != '\n' && text.p[end] != '\r')
                end++;
            str c = str_trim(str_sub(text, at, end));
            if (lead.n && lines > 1)
                *vec_push(&lead, f->a) = S("");
            if (same_line)
                f->t[i - 1].trail = c;
            else
                *vec_push(&lead, f->a) = c;
            same_line = false;
            lines = 0;
            at = end;
            continue;
        }
        if (text.p[at++] == '\n') {
            same_line = false;
            lines++;
        }
    }
    if (lead.n && lines > 1 && f->t[i].kind != TOK_END)
        *vec_push(&lead, f->a) = S("");
    f->t[i].lead = lead.at;
    f->t[i].lead_n = (u32)lead.n;
}

static bool operand_end(const struct ftok *t)
{
    return (t->kind == TOK_IDENT && !is_keyword(t)) || t->kind == TOK_NUM || t->kind == TOK_STR ||
           t->kind == TOK_SLOT || t->kind == TOK_RPAREN || t->kind == TOK_RBRACKET ||
           t->kind == TOK_RBRACE;
}

static void read_tokens(struct fmt *f, str text, const struct tokens *toks)
{
    SCRATCH(s);
    VEC(u32) open = { 0 };
    f->t = NEW_N(f->a, struct ftok, toks->n);
    for (u32 i = 0; i < toks->n; i++) {
        struct ftok *t = &f->t[i];
        t->kind = toks->at[i].kind;
        t->text = token_text(text, toks->at[i]);
        read_gap(f, text, i ? toks->at[i - 1].end : 0, toks->at[i].at, i);
        bool after = i && operand_end(&f->t[i - 1]);
        if (t->kind == TOK_LPAREN || t->kind == TOK_LBRACKET || t->kind == TOK_LBRACE) {
            *vec_push(&open, s.a) = i;
            t->call = after && t->kind != TOK_LBRACE;
        } else if ((t->kind == TOK_RPAREN || t->kind == TOK_RBRACKET || t->kind == TOK_RBRACE) &&
                   open.n) {
            f->t[open.at[--open.n]].match = i;
        }
        t->unary = t->kind == TOK_NOT || (t->kind == TOK_MINUS && !after);
    }
}

/* ---- Writing ---- */

static void new_line(struct fmt *f, u32 indent)
{
    if (!f->line_start)
        buf_char(&f->out, '\n');
    f->must_break = false;
    f->line_start = true;
    f->col = indent;
}

static void put(struct fmt *f, str s)
{
    if (f->line_start && s.n)
        for (u32 i = 0; i < f->col; i++)
            buf_char(&f->out, ' ');
    if (s.n)
        f->line_start = false;
    buf_put(&f->out, s);
    f->col += (u32)utf8_count(s);
}

static void put_comment(struct fmt *f, str c)
{
    if (c.n)
        put(f, c);
    else
        buf_char(&f->out, '\n');
}

static bool tight(const struct ftok *a, const struct ftok *b)
{
    switch (b->kind) {
    case TOK_RPAREN:
    case TOK_RBRACKET:
    case TOK_RBRACE:
    case TOK_COMMA:
    case TOK_SEMI:
    case TOK_COLON:
    case TOK_DOT:
    case TOK_PATH: return true;
    case TOK_LPAREN:
    case TOK_LBRACKET:
        if (b->call)
            return true;
        break;
    default: break;
    }
    return a->kind == TOK_LPAREN || a->kind == TOK_LBRACKET || a->kind == TOK_LBRACE ||
           a->kind == TOK_DOT || a->kind == TOK_PATH || a->kind == TOK_AT || a->unary;
}

static void put_token(struct fmt *f, u32 i, u32 indent)
{
    const struct ftok *t = &f->t[i];
    if (f->must_break)
        new_line(f, indent);
    u32 column = f->line_start ? f->col : indent;
    for (u32 k = 0; k < t->lead_n; k++) {
        new_line(f, column);
        put_comment(f, t->lead[k]);
        new_line(f, indent);
    }
    if (!f->line_start && i && !tight(&f->t[i - 1], t))
        put(f, S(" "));
    put(f, t->text);
    if (t->trail.n) {
        put(f, S(" "));
        put(f, t->trail);
        f->must_break = true;
    }
}

/* Without comments inside, and short enough for what is left of the line? */
static bool fits(const struct fmt *f, u32 i, u32 j)
{
    size_t w = f->col + (f->line_start ? 0 : 1);
    for (u32 k = i; k < j; k++) {
        if ((k > i && f->t[k].lead_n) || (k + 1 < j && f->t[k].trail.n))
            return false;
        w += utf8_count(f->t[k].text) + (k > i && !tight(&f->t[k - 1], &f->t[k]));
        if (w > f->width)
            return false;
    }
    return !f->must_break;
}

static void put_range(struct fmt *f, u32 i, u32 j, u32 indent);

/* The next token of this kind outside of brackets, or j. */
static u32 find_top(const struct fmt *f, u32 i, u32 j, enum tok kind)
{
    while (i < j && f->t[i].kind != kind)
        i = f->t[i].match ? f->t[i].match + 1 : i + 1;
    return MIN(i, j);
}

/* The `then` or `else` of the if that stands at i. */
static u32 find_branch(const struct fmt *f, u32 i, u32 j, const char *word)
{
    u32 depth = 0;
    for (i++; i < j; i = f->t[i].match ? f->t[i].match + 1 : i + 1) {
        bool member =
            f->t[i - 1].kind == TOK_DOT; /* an attribute may not be named so, but be sure */
        if (is_word(&f->t[i], "if") && !member)
            depth++;
        else if (is_word(&f->t[i], word) && !depth)
            return i;
        else if (is_word(&f->t[i], "else") && depth)
            depth--;
    }
    return j;
}

static void put_if(struct fmt *f, u32 i, u32 j, u32 indent)
{
    u32 then = find_branch(f, i, j, "then"), other = find_branch(f, i, j, "else");
    put_token(f, i, indent);
    put_range(f, i + 1, then, indent + 2);
    new_line(f, indent);
    put_token(f, then, indent);
    put_range(f, then + 1, other, indent + 2);
    new_line(f, indent);
    put_token(f, other, indent);
    put_range(f, other + 1, j, indent + 2);
}

static void put_split(struct fmt *f, u32 i, u32 j, u32 indent, enum tok kind)
{
    for (;;) {
        u32 k = find_top(f, i, j, kind);
        put_range(f, i, k, indent);
        if (k == j)
            return;
        put_token(f, k, indent);
        new_line(f, indent);
        i = k + 1;
    }
}

/* Brackets broken open: one element a line. */
static void put_group(struct fmt *f, u32 i, u32 indent)
{
    u32 end = f->t[i].match, k = i + 1;
    put_token(f, i, indent);
    while (k < end) {
        u32 comma = find_top(f, k, end, TOK_COMMA);
        new_line(f, indent + 2);
        put_range(f, k, comma, indent + 2);
        if (comma < end)
            put_token(f, comma, indent + 2);
        k = comma + 1;
    }
    if (end > i + 1)
        new_line(f, indent);
    put_token(f, end, indent);
}

static void put_flat(struct fmt *f, u32 i, u32 j, u32 indent)
{
    for (; i < j; i++)
        put_token(f, i, indent);
}

static void put_range(struct fmt *f, u32 i, u32 j, u32 indent)
{
    if (i >= j)
        return;
    if (fits(f, i, j)) {
        put_flat(f, i, j, indent);
    } else if (is_word(&f->t[i], "if")) {
        put_if(f, i, j, indent);
    } else if (find_top(f, i, j, TOK_OR) < j) {
        put_split(f, i, j, indent, TOK_OR);
    } else if (find_top(f, i, j, TOK_AND) < j) {
        put_split(f, i, j, indent, TOK_AND);
    } else {
        while (i < j) {
            u32 m = f->t[i].match;
            if (m && !fits(f, i, m + 1))
                put_group(f, i, indent);
            else
                put_flat(f, i, m ? m + 1 : i + 1, indent);
            i = m ? m + 1 : i + 1;
        }
    }
}

/* when { … } on one line, or with its expression indented below. */
static u32 put_clause(struct fmt *f, u32 i)
{
    u32 end = f->t[i + 1].match;
    new_line(f, 0);
    put_token(f, i, 0);
    if (fits(f, i + 1, end + 1) && f->col + 4 < f->width) {
        put_token(f, i + 1, 0);
        put(f, S(" "));
        put_flat(f, i + 2, end, 0);
        put(f, S(" "));
        put_token(f, end, 0);
        return end + 1;
    }
    put_token(f, i + 1, 0);
    new_line(f, 2);
    put_range(f, i + 2, end, 2);
    new_line(f, f->t[end].lead_n ? 2 : 0); /* comments before the brace belong inside */
    put_token(f, end, 0);
    return end + 1;
}

static u32 put_one_policy(struct fmt *f, u32 i)
{
    while (f->t[i].kind == TOK_AT) {
        u32 end = f->t[i + 2].kind == TOK_LPAREN ? f->t[i + 2].match + 1 : i + 2;
        new_line(f, 0);
        put_flat(f, i, end, 0);
        i = end;
    }
    new_line(f, 0);
    put_token(f, i, 0);
    f->t[i + 1].call = false; /* permit ( … ), with a space */
    u32 end = f->t[i + 1].match;
    if (fits(f, i + 1, end + 1))
        put_flat(f, i + 1, end + 1, 0);
    else
        put_group(f, i + 1, 0);
    i = end + 1;
    while (f->t[i].kind == TOK_IDENT)
        i = put_clause(f, i);
    put_token(f, i, 0);
    return i + 1;
}

static err format_in(struct arena *tmp, str text, u32 width, struct cedar_faults *faults,
                     struct buf *out)
{
    const struct policy *p;
    struct tokens toks;
    u32 n, i = 0;
    TRY(cedar_parse_only(tmp, text, faults, &p, &n));
    TRY(cedar_lex(tmp, text, faults, &toks));
    struct fmt f = { .a = tmp, .out = *out, .width = MAX(width, 20u), .line_start = true };
    read_tokens(&f, text, &toks);
    for (u32 k = 0; k < n; k++) {
        if (k) {
            new_line(&f, 0);
            buf_char(&f.out, '\n');
        }
        i = put_one_policy(&f, i);
    }
    for (u32 k = 0; k < f.t[i].lead_n; k++) {
        new_line(&f, 0);
        if (!k && n)
            buf_char(&f.out, '\n');
        put_comment(&f, f.t[i].lead[k]);
    }
    new_line(&f, 0);
    *out = f.out;
    return E_NONE;
}

err cedar_format(struct arena *out, str text, u32 width, struct cedar_faults *faults, str *ret)
{
    struct arena *tmp = arena_new("cedar format", (text.n + 4096) * 256);
    struct buf b = buf_in(out, (size_t)CEDAR_TEXT_MAX * 4);
    err e = format_in(tmp, text, width, faults, &b);
    arena_free(tmp);
    TRY(e);
    return buf_done(&b, ret);
}
