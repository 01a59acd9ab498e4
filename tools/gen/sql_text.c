/* SPDX-License-Identifier: Apache-2.0 */
/* Tokens of SQL, and the PostgreSQL text of a statement or a migration: parameters numbered in
 * order of first appearance, the few functions and types that are called otherwise there. What does
 * not carry over is a fault that asks for a
 * `-- pg:` variant, so that no statement is silently for one database only. */
#include "sql_text.h"

static bool letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || (c >= '0' && c <= '9') ||
           (c & 0x80);
}

bool tok_is(const struct tok *t, const char *word)
{
    return (t->kind == TOK_WORD || t->kind == TOK_OP) && str_eq_nocase(t->s, str_from(word));
}

/* Bytes of a quoted piece, quotes included; doubled quotes are inside. */
static size_t quoted(str s)
{
    size_t i = 1;
    for (; i < s.n; i++)
        if (s.p[i] == s.p[0] && (i + 1 >= s.n || s.p[i + 1] != s.p[0] || !++i))
            return i + 1;
    return s.n;
}

static struct tok next(str s)
{
    struct tok t = { .at = s.p, .len = 1, .kind = TOK_OP, .open = -1, .close = -1 };
    static const char *const wide[] = {
        "->>", "<=", ">=", "<>", "!=", "==", "||", "->", "<<", ">>"
    };
    if (s.p[0] == '\'' || s.p[0] == '"') {
        t.len = quoted(s);
        t.kind = s.p[0] == '"' ? TOK_WORD : TOK_STRING;
        t.s = str_sub(s, 1, t.len - 1);
        return t;
    }
    if (s.p[0] == ':' && s.n > 1 && letter(s.p[1])) {
        while (t.len < s.n && letter(s.p[t.len]))
            t.len++;
        t.kind = TOK_PARAM;
        t.s = str_sub(s, 1, t.len);
        return t;
    }
    if (letter(s.p[0])) {
        while (t.len < s.n && letter(s.p[t.len]))
            t.len++;
        t.kind = s.p[0] >= '0' && s.p[0] <= '9' ? TOK_NUMBER : TOK_WORD;
    }
    for (size_t i = 0; t.kind == TOK_OP && i < COUNT(wide); i++)
        if (str_starts(s, str_from(wide[i]))) {
            t.len = strlen(wide[i]);
            break;
        }
    t.s = str_sub(s, 0, t.len);
    return t;
}

struct toks sql_tokens(struct gen *g, str text)
{
    struct toks ts = { 0 };
    int open = -1;
    for (size_t i = 0; i < text.n;) {
        if (text.p[i] == ' ' || text.p[i] == '\n' || text.p[i] == '\t') {
            i++;
            continue;
        }
        struct tok t = next(str_sub(text, i, text.n));
        i += t.len;
        if (t.kind == TOK_OP && t.s.p[0] == ')' && open >= 0) {
            ts.at[open].close = (int)ts.n;
            open = ts.at[open].open;
        }
        t.open = open;
        if (t.kind == TOK_OP && t.s.p[0] == '(')
            open = (int)ts.n;
        *vec_push(&ts, g->a) = t;
    }
    size_t n = ts.n;
    for (int i = 0; i < 3; i++) /* what is read beyond the end is the end */
        *vec_push(&ts, g->a) = (struct tok){ .at = text.p + text.n, .open = -1, .close = -1 };
    ts.n = n;
    return ts;
}

str sql_clean(struct gen *g, str text)
{
    struct buf b = buf_in(g->a, GEN_FILE_MAX);
    for (size_t i = 0; i < text.n;) {
        if (text.p[i] == '\'' || text.p[i] == '"') {
            size_t n = quoted(str_sub(text, i, text.n));
            buf_bytes(&b, text.p + i, n);
            i += n;
        } else if (text.p[i] == '-' && i + 1 < text.n && text.p[i + 1] == '-') {
            while (i < text.n && text.p[i] != '\n')
                i++;
            while (b.n && b.p[b.n - 1] == ' ')
                b.n--;
        } else {
            buf_char(&b, text.p[i++]);
        }
    }
    while (b.n && (b.p[b.n - 1] == ' ' || b.p[b.n - 1] == '\n' || b.p[b.n - 1] == ';' ||
                   b.p[b.n - 1] == '\t'))
        b.n--;
    return buf_str(&b);
}

/* ---- PostgreSQL ---- */

static size_t param_number(const struct query *q, str name)
{
    for (size_t i = 0; i < q->params.n; i++)
        if (str_eq(q->params.at[i].name, name))
            return i + 1;
    return 0;
}

static const char *pg_type(const struct type *t)
{
    return t->kind == T_TEXT     ? "text"
           : t->kind == T_BYTES  ? "bytea"
           : t->kind == T_NUMBER ? "double precision"
                                 : "bigint";
}

/* max(a, b) of SQLite is greatest(a, b); max(a) is the same. */
static bool several_args(const struct toks *ts, size_t open)
{
    for (size_t i = open + 1; i < (size_t)MAX(ts->at[open].close, 0); i++)
        if (ts->at[i].open == (int)open && tok_is(&ts->at[i], ","))
            return true;
    return false;
}

static const char *pg_function(const struct toks *ts, size_t i)
{
    static const struct {
        const char *lite, *pg;
    } names[] = {
        { "instr", "strpos" },
        { "ifnull", "coalesce" },
        { "length", "char_length" },
    };
    if (!tok_is(&ts->at[i + 1], "("))
        return NULL;
    for (size_t k = 0; k < COUNT(names); k++)
        if (tok_is(&ts->at[i], names[k].lite))
            return names[k].pg;
    if (tok_is(&ts->at[i], "max") && several_args(ts, i + 1))
        return "greatest";
    return tok_is(&ts->at[i], "min") && several_args(ts, i + 1) ? "least" : NULL;
}

static const char *pg_refused(const struct toks *ts, size_t i)
{
    static const char *const words[] = { "rowid",
                                         "glob",
                                         "match",
                                         "strftime",
                                         "unixepoch",
                                         "julianday",
                                         "group_concat",
                                         "iif",
                                         "printf",
                                         "total",
                                         "json_each",
                                         "json_extract",
                                         "json_group_array",
                                         "randomblob",
                                         "last_insert_rowid",
                                         "changes",
                                         "typeof",
                                         "indexed" };
    for (size_t k = 0; k < COUNT(words); k++)
        if (ts->at[i].kind == TOK_WORD && ts->at[i].at[0] != '"' && tok_is(&ts->at[i], words[k]))
            return words[k];
    if (tok_is(&ts->at[i], "or") && i &&
        (tok_is(&ts->at[i - 1], "insert") || tok_is(&ts->at[i - 1], "update")))
        return "OR IGNORE, OR REPLACE (write ON CONFLICT)";
    return NULL;
}

/* Of `IS x` with x a value: IS NOT DISTINCT FROM there. */
static bool null_safe(const struct toks *ts, size_t i)
{
    const struct tok *after = &ts->at[i + 1];
    return tok_is(&ts->at[i], "is") && !tok_is(after, "null") && !tok_is(after, "not") &&
           !tok_is(after, "distinct");
}

str pg_text(struct gen *g, const struct query *q)
{
    struct buf b = buf_in(g->a, GEN_FILE_MAX);
    str from = q->pg.n ? q->pg : q->text;
    struct toks ts = sql_tokens(g, from);
    const char *done = from.p;
    for (size_t i = 0; i < ts.n; i++) {
        const struct tok *t = &ts.at[i];
        buf_bytes(&b, done, (size_t)(t->at - done));
        done = t->at + t->len;
        const char *refused = q->pg.n ? NULL : pg_refused(&ts, i),
                   *function = q->pg.n ? NULL : pg_function(&ts, i);
        if (refused)
            bad(g, q->at,
                "`@` does not carry over to PostgreSQL: write it otherwise or add a `-- pg:` "
                "variant",
                z(refused));
        size_t n = t->kind == TOK_PARAM ? param_number(q, t->s) : 0;
        if (n && tok_is(&ts.at[i + 1], "is"))
            put(&b, "$@::@", dec(n), z(pg_type(&q->params.at[n - 1].type)));
        else if (n)
            put(&b, "$@", dec(n));
        else if (function)
            put(&b, "@", z(function));
        else if (!q->pg.n && null_safe(&ts, i))
            put(&b, "IS NOT DISTINCT FROM");
        else
            buf_bytes(&b, t->at, t->len);
        if (t->kind == TOK_PARAM && !n)
            bad(g, q->at, "the `-- pg:` variant has a parameter `:@` that the statement lacks",
                t->s);
    }
    return buf_str(&b);
}

/* A migration: types (in capitals: a column may be called text) renamed, STRICT and WITHOUT ROWID
 * dropped. A line `-- pg: text` replaces the line below it. */
static str pg_line(struct gen *g, str path, int line, str text)
{
    struct buf b = buf_in(g->a, GEN_FILE_MAX);
    struct toks ts = sql_tokens(g, text);
    const char *done = text.p;
    static const struct {
        const char *lite, *pg;
    } words[] = {
        { "INTEGER", "BIGINT" },
        { "INT", "BIGINT" },
        { "BLOB", "BYTEA" },
        { "REAL", "DOUBLE PRECISION" },
        { "TEXT", "TEXT COLLATE \"C\"" }, /* ordered by bytes, as on SQLite */
    };
    for (size_t i = 0; i < ts.n; i++) {
        const struct tok *t = &ts.at[i];
        const char *to = NULL;
        bool drop = tok_is(t, "STRICT") ||
                    (tok_is(t, "WITHOUT") && tok_is(&ts.at[i + 1], "ROWID")) ||
                    (i && tok_is(t, "ROWID") && tok_is(&ts.at[i - 1], "WITHOUT"));
        drop = drop || (tok_is(t, ",") && i && tok_is(&ts.at[i - 1], "STRICT"));
        if (tok_is(t, "AUTOINCREMENT") || tok_is(t, "VIRTUAL") || tok_is(t, "TRIGGER") ||
            tok_is(t, "PRAGMA"))
            bad(g, line_at(path, line),
                "`@` does not carry over to PostgreSQL: write it otherwise or put `-- pg: text` "
                "above this line",
                t->s);
        for (size_t k = 0; k < COUNT(words); k++)
            if (t->kind == TOK_WORD && str_eq_z(t->s, words[k].lite) &&
                !(i && tok_is(&ts.at[i - 1], "AS")))
                to = words[k].pg;
        buf_bytes(&b, done, (size_t)(t->at - done));
        done = t->at + t->len;
        if (to)
            put(&b, "@", z(to));
        else if (!drop)
            buf_bytes(&b, t->at, t->len);
    }
    return buf_str(&b);
}

str pg_schema(struct gen *g, str path, str text)
{
    struct buf b = buf_in(g->a, GEN_FILE_MAX);
    str variant = { 0 };
    int line = 0;
    for (str rest = text; rest.p;) {
        str l = str_cut(&rest, '\n');
        line++;
        if (str_starts(str_trim(l), S("-- pg:"))) {
            variant = str_trim(str_sub(str_trim(l), 6, l.n));
            continue;
        }
        str clean = sql_clean(g, l);
        bool ends = str_starts(str_trim(str_sub(l, clean.n, l.n)), S(";")); /* not a comment's */
        str kept = ends ? text(g, "@;", clean) : clean;
        if (variant.p)
            kept = variant;
        else if (clean.n)
            kept = pg_line(g, path, line, kept);
        variant = (str){ 0 };
        if (clean.n)
            put(&b, "@\n", kept);
    }
    return buf_str(&b);
}
