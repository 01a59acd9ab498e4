/* SPDX-License-Identifier: Apache-2.0 */
/* SQL as pieces: words, parameters, quoted text and comments, single characters. That is enough to
 * number parameters, to rename types and to see which tables a statement changes; the database
 * judges the syntax. Quoted text and comments pass through untouched. */
#include "store/dialect.h"

#include "base/buf.h"

enum { TEXT_CEILING = 1 << 20, PARAMS_MAX = 64 };
enum kind { WORD, PARAM, QUOTED, COMMENT, OTHER };

struct piece {
    str s;
    enum kind kind;
};

static bool letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || (c >= '0' && c <= '9');
}

static bool blank(char c)
{
    return c == ' ' || c == '\n' || c == '\t';
}

static size_t letters(str s, size_t from)
{
    while (from < s.n && letter(s.p[from]))
        from++;
    return from;
}

/* The piece s begins with. */
static struct piece first(str s)
{
    size_t n = 1;
    enum kind kind = OTHER;
    if (s.p[0] == '\'' || s.p[0] == '"') {
        kind = QUOTED; /* a doubled quote ends one and begins the next */
        while (n < s.n && s.p[n] != s.p[0])
            n++;
        n = MIN(n + 1, s.n);
    } else if (str_starts(s, S("--"))) {
        kind = COMMENT;
        while (n < s.n && s.p[n] != '\n')
            n++;
    } else if (s.p[0] == ':' && s.n > 1 && letter(s.p[1])) {
        kind = PARAM;
        n = letters(s, 1);
    } else if (letter(s.p[0])) {
        kind = WORD;
        n = letters(s, 1);
    }
    return (struct piece){ str_sub(s, 0, n), kind };
}

static bool is(struct piece p, const char *word)
{
    return p.kind == WORD && str_eq_nocase(p.s, str_from(word));
}

str dialect_query(struct arena *out, const char *text)
{
    str names[PARAMS_MAX];
    size_t names_n = 0;
    struct buf b = buf_in(out, TEXT_CEILING);
    for (str rest = str_from(text); rest.n;) {
        struct piece p = first(rest);
        rest = str_sub(rest, p.s.n, rest.n);
        size_t i = 0;
        while (p.kind == PARAM && i < names_n && !str_eq(names[i], p.s))
            i++;
        if (p.kind == PARAM && i == names_n) {
            must(names_n < PARAMS_MAX);
            names[names_n++] = p.s;
        }
        if (p.kind == PARAM)
            buf_fmt(&b, "$%zu", i + 1);
        else
            buf_put(&b, p.s);
    }
    buf_char(&b, 0);
    return str_sub(buf_str(&b), 0, b.n - 1);
}

/* Types stand in capitals, so that a column may be called text. */
static const char *type_of(struct piece p, struct piece before)
{
    static const char *const types[][2] = {
        { "INTEGER", "BIGINT" },
        { "INT", "BIGINT" },
        { "BLOB", "BYTEA" },
        { "REAL", "DOUBLE PRECISION" },
    };
    for (size_t i = 0; i < COUNT(types); i++)
        if (p.kind == WORD && str_eq_z(p.s, types[i][0]))
            return types[i][1];
    return p.kind == WORD && str_eq_z(p.s, "TEXT") && !is(before, "AS") ? "TEXT COLLATE \"C\""
                                                                        : NULL;
}

static bool of_sqlite(struct piece p)
{
    return is(p, "STRICT") || is(p, "WITHOUT") || is(p, "ROWID");
}

str dialect_schema(struct arena *out, const char *text)
{
    struct buf b = buf_in(out, TEXT_CEILING);
    struct piece before = { 0 };
    for (str rest = str_from(text); rest.n;) {
        struct piece p = first(rest);
        rest = str_sub(rest, p.s.n, rest.n);
        const char *type = type_of(p, before);
        if (type)
            buf_put(&b, str_from(type));
        else if (!of_sqlite(p) && !(of_sqlite(before) && str_eq(p.s, S(","))))
            buf_put(&b, p.s);
        if (p.kind != COMMENT && !blank(p.s.p[0]))
            before = p;
    }
    buf_char(&b, 0);
    return str_sub(buf_str(&b), 0, b.n - 1);
}

str dialect_changes(const char *text, size_t at)
{
    struct piece one = { 0 }, two = { 0 };
    for (str rest = str_from(text); rest.n;) {
        struct piece p = first(rest);
        rest = str_sub(rest, p.s.n, rest.n);
        if (p.kind == COMMENT || blank(p.s.p[0]))
            continue;
        bool changed =
            p.kind == WORD &&
            ((is(one, "INSERT") && is(two, "INTO")) || (is(one, "DELETE") && is(two, "FROM")) ||
             (is(two, "UPDATE") && !is(one, "DO") && !is(one, "FOR") && !is(one, "KEY")));
        if (changed && at-- == 0)
            return p.s;
        one = two;
        two = p;
    }
    return (str){ 0 };
}
