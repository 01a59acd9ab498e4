/* SPDX-License-Identifier: Apache-2.0 */
/* Decodes and validates one input. Guarantees: a struct that comes back E_NONE holds only values
 * within the declared limits (text is UTF-8, counted in code points, without control characters but
 * newline and tab); otherwise every wrong field was reported through call_field(), up to
 * RT_FAULTS_MAX of them. Input trees are bounded by the JSON reader. */
#include "tools/gen/rt.h"

#include <math.h>
#include <string.h>

#include "base/id.h"
#include "base/utf8.h"

/* Where we are: a chain of names from the field up to the input. */
struct place {
    const struct place *up;
    const char *name;
    size_t name_n;
    size_t index;
    bool indexed;
};
struct decoder {
    struct call *c;
    u32 faults;
};

static void put_place(struct buf *b, const struct place *p)
{
    if (!p)
        return;
    put_place(b, p->up);
    if (p->indexed) {
        buf_fmt(b, "[%zu]", p->index);
        return;
    }
    if (b->n)
        buf_char(b, '.');
    buf_bytes(b, p->name, p->name_n);
}

static void wrong(struct decoder *d, const struct place *p, const char *what, i64 limit)
{
    if (d->faults++ >= RT_FAULTS_MAX)
        return;
    struct buf b = buf_in(d->c->arena, 512);
    put_place(&b, p);
    IGNORE(call_field(d->c, str_z(d->c->arena, buf_str(&b)), what, limit));
}

/* ---- One value ---- */

static bool controls(str s)
{
    for (size_t i = 0; i < s.n; i++) {
        u8 ch = (u8)s.p[i];
        if ((ch < 0x20 && ch != '\n' && ch != '\t') || ch == 0x7f ||
            (ch == 0xc2 && i + 1 < s.n && (u8)s.p[i + 1] < 0xa0))
            return true;
    }
    return false;
}

/* In names: line breaks, and what makes one name look like another (zero width, direction). */
static bool deceives(str s)
{
    for (i32 c; (c = utf8_next(&s)) >= 0;)
        if (c == '\n' || c == '\t' || (c >= 0x200B && c <= 0x200F) ||
            (c >= 0x2028 && c <= 0x202E) || (c >= 0x2060 && c <= 0x206F) || c == 0xFEFF ||
            c == 0xAD)
            return true;
    return false;
}

static void take_text(struct decoder *d, const struct rt_field *f, const struct place *p, str s,
                      void *to)
{
    if (!utf8_valid(s) || controls(s) || (f->line && deceives(s))) {
        wrong(d, p, "format", 0);
        return;
    }
    size_t n = utf8_count(s);
    if ((i64)n > f->max)
        wrong(d, p, "too_long", f->max);
    else if ((i64)n < f->min)
        wrong(d, p, n == 0 ? "required" : "too_short", f->min);
    else
        *(str *)to = s;
}

static void take_bytes(struct decoder *d, const struct rt_field *f, const struct place *p, str s,
                       void *to)
{
    str bytes;
    if (s.n > ((size_t)f->max + 2) / 3 * 4)
        wrong(d, p, "too_long", f->max);
    else if (b64_parse(d->c->arena, s, &bytes))
        wrong(d, p, "format", 0);
    else if ((i64)bytes.n > f->max)
        wrong(d, p, "too_long", f->max);
    else if ((i64)bytes.n < f->min)
        wrong(d, p, "too_short", f->min);
    else
        *(str *)to = bytes;
}

static void take_int(struct decoder *d, const struct rt_field *f, const struct place *p, i64 v,
                     void *to)
{
    if (v < f->min)
        wrong(d, p, "range", f->min);
    else if (v > f->max)
        wrong(d, p, "range", f->max);
    else
        *(i64 *)to = v;
}

static void take_word(struct decoder *d, const struct rt_field *f, const struct place *p, str s,
                      void *to)
{
    for (int i = 0; i < (int)f->max; i++)
        if (str_eq_z(s, f->words[i])) {
            memcpy(to, &i, sizeof i); /* an enum has the size of int */
            return;
        }
    wrong(d, p, "format", 0);
}

/* Kinds that stand as text in JSON, and every kind of a path or a query. */
static void take_str(struct decoder *d, const struct rt_field *f, const struct place *p, str s,
                     void *to)
{
    i64 v = 0;
    switch ((enum rt_kind)f->kind) {
    case RT_TEXT: take_text(d, f, p, s, to); return;
    case RT_BYTES: take_bytes(d, f, p, s, to); return;
    case RT_ENUM: take_word(d, f, p, s, to); return;
    case RT_TIME:
        if (!time_parse(s, &v)) {
            *(i64 *)to = v;
            return;
        }
        break;
    case RT_ID:
        if (!id_parse(s, f->prefix, &v)) {
            *(i64 *)to = v;
            return;
        }
        break;
    case RT_INT:
        if (!str_i64(s, &v)) {
            take_int(d, f, p, v, to);
            return;
        }
        break;
    case RT_BOOL:
        if (str_eq_z(s, "true") || str_eq_z(s, "false")) {
            *(bool *)to = s.p[0] == 't';
            return;
        }
        break;
    case RT_NUMBER:
    case RT_RECORD: break;
    }
    wrong(d, p, "format", 0);
}

static void take_members(struct decoder *d, const struct rt_fields *fs, const struct place *up,
                         const struct json *object, void *to);

static void take_json(struct decoder *d, const struct rt_field *f, const struct place *p,
                      const struct json *v, void *to)
{
    if (f->kind == RT_RECORD)
        take_members(d, f->record, p, v, to);
    else if (f->kind == RT_INT && v->kind == JSON_INT)
        take_int(d, f, p, v->i, to);
    else if (f->kind == RT_BOOL && v->kind == JSON_BOOL)
        *(bool *)to = v->b;
    else if (f->kind == RT_NUMBER && v->kind == JSON_INT)
        *(double *)to = (double)v->i;
    else if (f->kind == RT_NUMBER && v->kind == JSON_FLOAT)
        *(double *)to = v->f;
    else if (v->kind == JSON_STR && f->kind != RT_INT && f->kind != RT_BOOL)
        take_str(d, f, p, v->s, to);
    else
        wrong(d, p, "format", 0);
}

static void take_list(struct decoder *d, const struct rt_field *f, const struct place *p,
                      const struct json *v, void *to)
{
    if (v->kind != JSON_ARRAY) {
        wrong(d, p, "format", 0);
        return;
    }
    if (v->n > f->list_max) {
        wrong(d, p, "too_many", f->list_max);
        return;
    }
    struct rows rows = { arena_get(d->c->arena, f->size, MAX(v->n, 1u), 16), v->n };
    for (u32 i = 0; i < v->n && d->faults < RT_FAULTS_MAX; i++) {
        struct place at = { .up = p, .index = i, .indexed = true };
        take_json(d, f, &at, &v->at[i], (char *)rows.at + (size_t)i * f->size);
    }
    memcpy(to, &rows, sizeof rows);
}

/* ---- Absent fields ---- */

static void absent(struct decoder *d, const struct rt_field *f, const struct place *p, char *in)
{
    if (f->optional || f->list)
        return;
    if (!f->has_default) {
        wrong(d, p, "required", 0);
        return;
    }
    int word = (int)f->def;
    switch ((enum rt_kind)f->kind) {
    case RT_TEXT: *(str *)(void *)(in + f->at) = str_from(f->def_text); return;
    case RT_BOOL: *(bool *)(in + f->at) = f->def != 0; return;
    case RT_ENUM: memcpy(in + f->at, &word, sizeof word); return;
    case RT_INT: *(i64 *)(void *)(in + f->at) = f->def; return;
    case RT_BYTES:
    case RT_TIME:
    case RT_NUMBER:
    case RT_ID:
    case RT_RECORD: return;
    }
}

static void present(const struct rt_field *f, char *in)
{
    if (f->optional)
        *(bool *)(in + f->has_at) = true;
}

/* ---- Members of an object ---- */

static bool known(const struct rt_fields *fs, str key)
{
    for (u16 i = fs->text_n; i < fs->n; i++)
        if (str_eq_z(key, fs->at[i].name))
            return true;
    return false;
}

/* A stranger's name in an answer: cut to 64 bytes, at a character's edge. */
static size_t shown(str key)
{
    size_t n = MIN(key.n, (size_t)64);
    while (n < key.n && n > 0 && ((u8)key.p[n] & 0xc0) == 0x80)
        n--;
    return n;
}

static void take_members(struct decoder *d, const struct rt_fields *fs, const struct place *up,
                         const struct json *object, void *to)
{
    char *in = to;
    if (object && object->kind != JSON_OBJECT) {
        wrong(d, up, "format", 0);
        return;
    }
    for (u16 i = fs->text_n; i < fs->n && d->faults < RT_FAULTS_MAX; i++) {
        const struct rt_field *f = &fs->at[i];
        struct place p = { .up = up, .name = f->name, .name_n = strlen(f->name) };
        const struct json *v = object ? json_get(object, str_from(f->name)) : NULL;
        if (!v || v->kind == JSON_NULL) {
            absent(d, f, &p, in);
            continue;
        }
        present(f, in);
        if (f->list)
            take_list(d, f, &p, v, in + f->at);
        else
            take_json(d, f, &p, v, in + f->at);
    }
    for (u32 i = 0; object && i < object->n && d->faults < RT_FAULTS_MAX; i++) {
        str key = object->members[i].key;
        struct place p = { .up = up, .name = key.p, .name_n = shown(key) };
        if (!known(fs, key))
            wrong(d, &p, "unknown", 0);
    }
}

err rt_decode(struct call *c, const struct rt_fields *fields, const str *text,
              const struct json *body, void *in)
{
    struct decoder d = { .c = c };
    for (u16 i = 0; i < fields->text_n; i++) {
        const struct rt_field *f = &fields->at[i];
        struct place p = { .name = f->name, .name_n = strlen(f->name) };
        if (!text[i].p) {
            absent(&d, f, &p, in);
            continue;
        }
        present(f, in);
        take_str(&d, f, &p, text[i], (char *)in + f->at);
    }
    take_members(&d, fields, NULL, body, in);
    return d.faults ? E_INVALID : E_NONE;
}
