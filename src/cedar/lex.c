/* SPDX-License-Identifier: Apache-2.0 */
/* Tokens of policies and schemas (they share one alphabet), and the escapes of string literals. A
 * text that is not UTF-8 is refused whole, so that every position below falls on a code point. */
#include <string.h>

#include "base/utf8.h"
#include "cedar/internal.h"

static bool ident_start(char c)
{
    return c == '_' || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}
static bool digit(char c) { return c >= '0' && c <= '9'; }

bool cedar_is_ident(str s)
{
    if (!s.n || !ident_start(s.p[0]))
        return false;
    for (size_t i = 1; i < s.n; i++)
        if (!ident_start(s.p[i]) && !digit(s.p[i]))
            return false;
    return true;
}

bool cedar_is_reserved(str s)
{
    static const str words[] = { S_INIT("true"), S_INIT("false"),  S_INIT("if"), S_INIT("then"),
                                 S_INIT("else"), S_INIT("in"),     S_INIT("is"), S_INIT("like"),
                                 S_INIT("has"),  S_INIT("__cedar") };
    for (size_t i = 0; i < COUNT(words); i++)
        if (str_eq(words[i], s))
            return true;
    return false;
}

bool cedar_is_path(str s)
{
    for (;;) {
        ptrdiff_t at = str_find(s, S("::"));
        str part = at < 0 ? s : str_sub(s, 0, (size_t)at);
        if (!cedar_is_ident(part) || cedar_is_reserved(part))
            return false;
        if (at < 0)
            return true;
        s = str_sub(s, (size_t)at + 2, s.n);
    }
}

/* White space as Unicode has it. */
static size_t space_len(str s, size_t at)
{
    u8 c = (u8)s.p[at];
    if (c == ' ' || (c >= '\t' && c <= '\r'))
        return 1;
    if (c < 0x80)
        return 0;
    str rest = str_sub(s, at, s.n);
    size_t before = rest.n;
    i32 cp = utf8_next(&rest);
    bool is = cp == 0x85 || cp == 0xa0 || cp == 0x1680 || (cp >= 0x2000 && cp <= 0x200a) ||
              cp == 0x2028 || cp == 0x2029 || cp == 0x202f || cp == 0x205f || cp == 0x3000;
    return is ? before - rest.n : 0;
}

static size_t skip_blank(str s, size_t at)
{
    while (at < s.n) {
        size_t n = space_len(s, at);
        if (n) {
            at += n;
        } else if (s.p[at] == '/' && at + 1 < s.n && s.p[at + 1] == '/') {
            while (at < s.n && s.p[at] != '\n' && s.p[at] != '\r')
                at++;
        } else {
            break;
        }
    }
    return at;
}

static enum tok punct(str s, size_t at, size_t *ret_len)
{
    static const struct {
        char text[3];
        u8 kind;
    } two[] = {
        { "::", TOK_PATH }, { "==", TOK_EQ },  { "!=", TOK_NE }, { "<=", TOK_LE },
        { ">=", TOK_GE },   { "&&", TOK_AND }, { "||", TOK_OR },
    };
    static const struct {
        char c;
        u8 kind;
    } one[] = {
        { '(', TOK_LPAREN },   { ')', TOK_RPAREN },   { '{', TOK_LBRACE }, { '}', TOK_RBRACE },
        { '[', TOK_LBRACKET }, { ']', TOK_RBRACKET }, { ',', TOK_COMMA },  { ';', TOK_SEMI },
        { ':', TOK_COLON },    { '@', TOK_AT },       { '.', TOK_DOT },    { '?', TOK_QUESTION },
        { '+', TOK_PLUS },     { '-', TOK_MINUS },    { '*', TOK_STAR },   { '/', TOK_SLASH },
        { '%', TOK_PERCENT },  { '!', TOK_NOT },      { '=', TOK_ASSIGN }, { '<', TOK_LT },
        { '>', TOK_GT },
    };
    *ret_len = 2;
    for (size_t i = 0; at + 1 < s.n && i < COUNT(two); i++)
        if (s.p[at] == two[i].text[0] && s.p[at + 1] == two[i].text[1])
            return two[i].kind;
    *ret_len = 1;
    for (size_t i = 0; i < COUNT(one); i++)
        if (s.p[at] == one[i].c)
            return one[i].kind;
    return TOK_BAD;
}

/* The end of the string that begins at at, or 0 when it has none. A backslash keeps the next
 * character from ending it, but a line may not end right behind one. */
static size_t string_end(str s, size_t at)
{
    for (size_t i = at + 1; i < s.n; i++) {
        if (s.p[i] == '"')
            return i + 1;
        if (s.p[i] == '\\' && (++i == s.n || s.p[i] == '\n'))
            return 0;
    }
    return 0;
}

static size_t word_end(str s, size_t at)
{
    while (at < s.n && (ident_start(s.p[at]) || digit(s.p[at])))
        at++;
    return at;
}

static struct token next_token(str s, size_t at)
{
    char c = s.p[at];
    size_t len = 1, end = at + 1;
    enum tok kind;
    if (ident_start(c)) {
        kind = TOK_IDENT;
        end = word_end(s, at);
    } else if (digit(c)) {
        kind = TOK_NUM;
        while (end < s.n && digit(s.p[end]))
            end++;
    } else if (c == '"') {
        end = string_end(s, at);
        kind = end ? TOK_STR : TOK_BAD;
        end = end ? end : s.n;
    } else if (c == '?' && at + 1 < s.n && ident_start(s.p[at + 1])) {
        kind = TOK_SLOT;
        end = word_end(s, at + 1);
    } else {
        kind = punct(s, at, &len);
        end = at + len;
        while (kind == TOK_BAD && end < s.n && ((u8)s.p[end] & 0xc0) == 0x80)
            end++; /* the rest of the code point */
    }
    return (struct token){ (u8)kind, (u32)at, (u32)end };
}

err cedar_lex(struct arena *out, str text, struct cedar_faults *faults, struct tokens *ret)
{
    struct cedar_fault where = { .policy = -1 };
    if (text.n > CEDAR_TEXT_MAX) {
        cedar_fault_add(faults, where, "the text is longer than %d bytes", CEDAR_TEXT_MAX);
        return E_LIMIT;
    }
    if (!utf8_valid(text)) {
        str rest = text;
        while (rest.n && utf8_next(&rest) >= 0)
            ;
        where.at = (u32)(text.n - rest.n);
        where.end = where.at + 1;
        cedar_fault_add(faults, where, "the text is not valid UTF-8");
        return E_INVALID;
    }
    VEC(struct token) v = { 0 };
    bool bad = false;
    for (size_t at = skip_blank(text, 0); at < text.n;) {
        struct token t = next_token(text, at);
        if (t.kind == TOK_BAD) {
            where.at = t.at;
            where.end = text.p[at] == '"' ? t.at + 1 : t.end;
            cedar_fault_add(faults, where,
                            text.p[at] == '"' ? "a string that does not end"
                                              : "not a token of the language");
            bad = true;
        } else {
            *vec_push(&v, out) = t;
        }
        at = skip_blank(text, t.end);
    }
    *vec_push(&v, out) = (struct token){ TOK_END, (u32)text.n, (u32)text.n };
    *ret = (struct tokens){ v.at, v.n };
    return bad ? E_INVALID : E_NONE;
}

/* ---- Escapes ---- */

static int hex_digit(char c)
{
    return digit(c)               ? c - '0'
           : c >= 'a' && c <= 'f' ? c - 'a' + 10
           : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                  : -1;
}

/* \u{1F600}: one to six digits, underscores between them allowed. raw starts behind the u. */
static bool escape_unicode(str *raw, u32 *ret)
{
    size_t i = 1, digits = 0;
    u32 cp = 0;
    if (raw->n < 3 || raw->p[0] != '{' || raw->p[1] == '_')
        return false;
    for (; i < raw->n && raw->p[i] != '}'; i++) {
        if (raw->p[i] == '_')
            continue;
        int d = hex_digit(raw->p[i]);
        if (d < 0 || ++digits > 6)
            return false;
        cp = cp * 16 + (u32)d;
    }
    if (i == raw->n || !digits || cp > 0x10ffff || (cp >= 0xd800 && cp <= 0xdfff))
        return false;
    *raw = str_sub(*raw, i + 1, raw->n);
    *ret = cp;
    return true;
}

/* One escape; raw starts behind the backslash. */
static bool escape_one(str *raw, u32 *ret)
{
    if (!raw->n)
        return false;
    char c = raw->p[0];
    *raw = str_sub(*raw, 1, raw->n);
    switch (c) {
    case 'n': *ret = '\n'; return true;
    case 'r': *ret = '\r'; return true;
    case 't': *ret = '\t'; return true;
    case '0': *ret = 0; return true;
    case '\\':
    case '\'':
    case '"': *ret = (u32)c; return true;
    case 'x': {
        int hi = raw->n > 0 ? hex_digit(raw->p[0]) : -1,
            lo = raw->n > 1 ? hex_digit(raw->p[1]) : -1;
        if (hi < 0 || lo < 0 || hi > 7)
            return false;
        *ret = (u32)(hi * 16 + lo);
        *raw = str_sub(*raw, 2, raw->n);
        return true;
    }
    case 'u': return escape_unicode(raw, ret);
    default: return false;
    }
}

static bool plain(str raw)
{
    return !raw.n || (!memchr(raw.p, '\\', raw.n) && !memchr(raw.p, '\r', raw.n));
}

err cedar_unescape(struct arena *out, str raw, str *ret, u32 *reterr_at)
{
    if (plain(raw)) {
        *ret = raw;
        return E_NONE;
    }
    struct buf b = buf_in(out, raw.n + 8);
    for (str rest = raw; rest.n;) {
        u32 cp, at = (u32)(raw.n - rest.n);
        char c = rest.p[0];
        if (c == '\r') {
            *reterr_at = at;
            return E_INVALID;
        }
        rest = str_sub(rest, 1, rest.n);
        if (c != '\\') {
            buf_char(&b, c);
        } else if (escape_one(&rest, &cp)) {
            utf8_put(&b, cp);
        } else {
            *reterr_at = at;
            return E_INVALID;
        }
    }
    *ret = buf_str(&b);
    return E_NONE;
}

err cedar_unescape_pattern(struct arena *out, str raw, const str **ret, u32 *ret_n, u32 *reterr_at)
{
    VEC(str) v = { 0 };
    struct buf b = buf_in(out, raw.n + 8);
    size_t from = 0;
    (void)buf_room(&b, raw.n + 8);
    for (str rest = raw; rest.n;) {
        u32 cp, at = (u32)(raw.n - rest.n);
        char c = rest.p[0];
        bool ok = c != '\r', star = c == '*';
        rest = str_sub(rest, 1, rest.n);
        if (c == '\\' && rest.n && rest.p[0] == '*') {
            buf_char(&b, '*');
            rest = str_sub(rest, 1, rest.n);
        } else if (c == '\\') {
            ok = escape_one(&rest, &cp);
            star = ok && cp == '*'; /* a star by its number is a star, as the reference has it */
            if (ok && !star)
                utf8_put(&b, cp);
        } else if (!star) {
            buf_char(&b, c);
        }
        if (star) {
            *vec_push(&v, out) = str_sub(buf_str(&b), from, b.n);
            from = b.n;
        }
        if (!ok) {
            *reterr_at = at;
            return E_INVALID;
        }
    }
    *vec_push(&v, out) = str_sub(buf_str(&b), from, b.n);
    *ret = v.at;
    *ret_n = (u32)v.n;
    return E_NONE;
}

/* Code points that print as nothing or change what is around them are written as escapes. */
static bool hidden(i32 cp)
{
    return cp < 0x20 || (cp >= 0x7f && cp < 0xa0) || cp == 0xad || (cp >= 0x200b && cp <= 0x200f) ||
           (cp >= 0x2028 && cp <= 0x202e) || (cp >= 0x2060 && cp <= 0x206f) || cp == 0xfeff ||
           (cp >= 0xe000 && cp <= 0xf8ff) || cp >= 0xe0000;
}

void cedar_put_escaped(struct buf *b, str s, bool pattern)
{
    while (s.n) {
        str from = s;
        i32 cp = utf8_next(&s);
        if (cp < 0)
            return;
        switch (cp) {
        case '\n': buf_put(b, S("\\n")); break;
        case '\r': buf_put(b, S("\\r")); break;
        case '\t': buf_put(b, S("\\t")); break;
        case 0: buf_put(b, S("\\0")); break;
        case '\\': buf_put(b, S("\\\\")); break;
        case '"': buf_put(b, S("\\\"")); break;
        case '*': buf_put(b, pattern ? S("\\*") : S("*")); break;
        default:
            if (hidden(cp))
                buf_fmt(b, "\\u{%x}", (unsigned)cp);
            else
                buf_bytes(b, from.p, from.n - s.n);
        }
    }
}

void cedar_put_string(struct buf *b, str s)
{
    buf_char(b, '"');
    cedar_put_escaped(b, s, false);
    buf_char(b, '"');
}
