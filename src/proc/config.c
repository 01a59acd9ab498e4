/* SPDX-License-Identifier: Apache-2.0 */
/* The config file's parser and writer, both walking the one table of keys. A fault stops at its
 * line with a sentence that says what to write instead; nothing is guessed. */
#include "proc/config.h"

#include <stdarg.h>

#include "base/utf8.h"
#include "proc/listen.h"
#include "proc/near.h"

enum key_type { KEY_TEXT, KEY_WORD, KEY_LIST, KEY_ADDRS, KEY_INT, KEY_BOOL };

struct key {
    const char *name, *otherwise, *comment;
    enum key_type type;
    u32 offset;
    i64 least, most;
};

static const struct key keys[] = {
#define KEY(type, name, value, least, most, comment) \
    { #name, value, comment, KEY_##type, offsetof(struct config, name), least, most },
    CONFIG_MAP(KEY)
#undef KEY
};

static const char *const log_words[] = { "debug", "info", "warn", "error" };

bool config_host_valid(str name)
{
    if (!name.n || name.n > 253 || name.p[0] == '.')
        return false;
    size_t label = 0;
    for (size_t i = 0; i < name.n; i++) {
        char c = name.p[i];
        bool alnum = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
        if (c == '.') {
            if (!label || name.p[i - 1] == '-')
                return false;
            label = 0;
            continue;
        }
        if (!(alnum || (c == '-' && label)) || ++label > 63)
            return false;
    }
    return label && name.p[name.n - 1] != '-';
}

str config_host(const struct config *c)
{
    str rest = c->host;
    return str_trim(str_cut(&rest, ','));
}

PRINTF(3, 4) static err wrong(struct arena *out, struct config_error *reterr, const char *fmt, ...)
{
    va_list ap;
    char text[512];
    va_start(ap, fmt);
    int n = vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    reterr->text = str_copy(out, (str){ text, (size_t)MIN(MAX(n, 0), (int)sizeof text - 1) });
    return E_INVALID;
}

static err check_list(struct arena *out, const struct key *k, str value,
                      struct config_error *reterr)
{
    for (str rest = value; rest.p;) {
        str name = str_trim(str_cut(&rest, ','));
        if (!config_host_valid(name))
            return wrong(out, reterr,
                         "%s: \"" STR_FMT "\" is not a host name (lower case letters, "
                         "digits, dashes and dots)",
                         k->name, STR_ARG(str_sub(name, 0, 80)));
    }
    return E_NONE;
}

static err check_word(struct arena *out, const struct key *k, str value,
                      struct config_error *reterr)
{
    for (size_t i = 0; i < COUNT(log_words); i++)
        if (str_eq_z(value, log_words[i]))
            return E_NONE;
    return wrong(out, reterr, "%s: must be debug, info, warn or error", k->name);
}

static err put_text(struct arena *out, const struct key *k, str value, str *to,
                    struct config_error *reterr)
{
    if ((i64)value.n < k->least || (i64)value.n > k->most)
        return wrong(out, reterr, value.n ? "%s: too long" : "%s: must not be empty", k->name);
    if (k->type == KEY_LIST)
        TRY(check_list(out, k, value, reterr));
    if (k->type == KEY_WORD)
        TRY(check_word(out, k, value, reterr));
    struct listen_address at[LISTEN_ADDRESSES_MAX];
    size_t n;
    if (k->type == KEY_ADDRS && listen_parse_list(value, at, &n) != E_NONE)
        return wrong(out, reterr,
                     "%s: must be at most %d numeric addresses with ports, like "
                     "127.0.0.1:8443 or [::1]:8443, comma between",
                     k->name, LISTEN_ADDRESSES_MAX);
    *to = str_copy(out, value);
    return E_NONE;
}

static err put_value(struct arena *out, struct config *c, const struct key *k, str value,
                     struct config_error *reterr)
{
    void *to = (char *)c + k->offset;
    i64 n;
    switch (k->type) {
    case KEY_INT:
        if (str_i64(value, &n) != E_NONE || n < k->least || n > k->most)
            return wrong(out, reterr, "%s: must be a number from %lld to %lld", k->name,
                         (long long)k->least, (long long)k->most);
        *(i64 *)to = n;
        return E_NONE;
    case KEY_BOOL:
        if (!str_eq(value, S("yes")) && !str_eq(value, S("no")))
            return wrong(out, reterr, "%s: must be yes or no", k->name);
        *(bool *)to = str_eq(value, S("yes"));
        return E_NONE;
    case KEY_TEXT:
    case KEY_WORD:
    case KEY_LIST:
    case KEY_ADDRS: return put_text(out, k, value, to, reterr);
    }
    must(false);
    return E_INTERNAL;
}

/* A valid file has few bytes that are not printable UTF-8: none. */
static bool printable(str s)
{
    if (!utf8_valid(s))
        return false;
    for (size_t i = 0; i < s.n; i++)
        if ((u8)s.p[i] < 0x20 || s.p[i] == 0x7f)
            return false;
    return true;
}

static const struct key *find(str name)
{
    for (size_t i = 0; i < COUNT(keys); i++)
        if (str_eq_z(name, keys[i].name))
            return &keys[i];
    return NULL;
}

size_t config_names(const char **names, size_t room)
{
    size_t n = 0;
    for (; n < COUNT(keys) && n < room; n++)
        names[n] = keys[n].name;
    return n;
}

static err unknown(struct arena *out, str name, struct config_error *reterr)
{
    const char *names[COUNT(keys)];
    (void)config_names(names, COUNT(keys));
    const char *meant = near_word(name, names, COUNT(keys));
    name = str_sub(name, 0, 40);
    if (meant)
        return wrong(out, reterr, "unknown key \"" STR_FMT "\"; did you mean \"%s\"?",
                     STR_ARG(name), meant);
    return wrong(out, reterr, "unknown key \"" STR_FMT "\"; `outwork config --help` lists the keys",
                 STR_ARG(name));
}

err config_set(struct arena *out, struct config *c, str key, str value, struct config_error *reterr)
{
    SCRATCH(s);
    reterr->line = 0;
    if (!printable(key) || !printable(value))
        return wrong(out, reterr, "not printable text");
    char *name = str_z(s.a, key);
    for (char *at = name; *at; at++)
        if (*at == '-')
            *at = '_';
    const struct key *k = find(str_from(name));
    return k ? put_value(out, c, k, value, reterr) : unknown(out, key, reterr);
}

static err parse_line(struct arena *out, struct config *c, str line, u64 *seen,
                      struct config_error *reterr)
{
    line = str_trim(line);
    if (!line.n || line.p[0] == '#')
        return E_NONE;
    if (!printable(line))
        return wrong(out, reterr, "not printable text");
    if (!str_has(line, '='))
        return wrong(out, reterr, "must be `key = value`");
    str value = line, name = str_trim(str_cut(&value, '='));
    const struct key *k = find(name);
    if (!k)
        return unknown(out, name, reterr);
    u64 bit = (u64)1 << (k - keys);
    if (*seen & bit)
        return wrong(out, reterr, "%s: given twice", k->name);
    *seen |= bit;
    return put_value(out, c, k, str_trim(value), reterr);
}

err config_parse(struct arena *out, str text, struct config *ret, struct config_error *reterr)
{
    struct config c;
    struct config_error why = { 0 };
    u64 seen = 0;
    config_default(&c);
    for (str rest = text; rest.p && rest.n;) {
        why.line++;
        str line = str_cut(&rest, '\n');
        if (line.n && line.p[line.n - 1] == '\r')
            line.n--;
        err e = parse_line(out, &c, line, &seen, &why);
        if (e != E_NONE) {
            *reterr = why;
            return e;
        }
    }
    *ret = c;
    return E_NONE;
}

void config_default(struct config *ret)
{
    for (size_t i = 0; i < COUNT(keys); i++) {
        const struct key *k = &keys[i];
        void *to = (char *)ret + k->offset;
        str value = str_from(k->otherwise);
        if (k->type == KEY_INT)
            must(str_i64(value, to) == E_NONE);
        else if (k->type == KEY_BOOL)
            *(bool *)to = str_eq(value, S("yes"));
        else
            *(str *)to = value;
    }
}

static void write_comment(struct buf *b, const struct key *k)
{
    for (str rest = str_from(k->comment); rest.p;) {
        str line = str_cut(&rest, '\n');
        buf_fmt(b, "# " STR_FMT "\n", STR_ARG(line));
    }
    buf_fmt(b, "# Default: %s\n", *k->otherwise ? k->otherwise : "(empty)");
}

void config_write(struct buf *b, const struct config *c, bool comments)
{
    for (size_t i = 0; i < COUNT(keys); i++) {
        const struct key *k = &keys[i];
        const void *at = (const char *)c + k->offset;
        if (comments) {
            if (i)
                buf_char(b, '\n');
            write_comment(b, k);
        }
        buf_fmt(b, "%s = ", k->name);
        if (k->type == KEY_INT)
            buf_i64(b, *(const i64 *)at);
        else if (k->type == KEY_BOOL)
            buf_put(b, *(const bool *)at ? S("yes") : S("no"));
        else
            buf_put(b, *(const str *)at);
        buf_char(b, '\n');
    }
}
