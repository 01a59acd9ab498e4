/* SPDX-License-Identifier: Apache-2.0 */
/* Values: names of entities, sets and records in their canonical order, equality, and text. Sets
 * are kept sorted and without duplicates, records sorted by name, so that equality is a walk and
 * membership a binary search. The order is of no meaning to the language; field names compare by
 * length first, because that settles most lookups at once. */
#include <string.h>

#include "base/map.h"
#include "base/time.h"
#include "cedar/internal.h"

struct cedar_uid cedar_uid(str type, str id)
{
    u64 t = hash_bytes(type.p, type.n), i = hash_bytes(id.p, id.n);
    return (struct cedar_uid){ type, id, (t << 29 | t >> 35) * 0x9e3779b97f4a7c15u ^ i };
}

static inline bool bytes_eq(str a, str b)
{
    return a.n == b.n && (a.p == b.p || !a.n || memcmp(a.p, b.p, a.n) == 0);
}

bool cedar_uid_eq(const struct cedar_uid *a, const struct cedar_uid *b)
{
    return a == b || (a->hash == b->hash && bytes_eq(a->id, b->id) && bytes_eq(a->type, b->type));
}

int cedar_name_cmp(str a, str b)
{
    if (a.n != b.n)
        return a.n < b.n ? -1 : 1;
    return a.n ? memcmp(a.p, b.p, a.n) : 0;
}

static int ip_cmp(const struct cedar_ip *a, const struct cedar_ip *b)
{
    if (a->v6 != b->v6)
        return a->v6 ? 1 : -1;
    int c = memcmp(a->addr, b->addr, sizeof a->addr);
    return c ? c : (int)a->prefix - (int)b->prefix;
}

static int record_cmp(const struct cedar_value *a, const struct cedar_value *b)
{
    for (u32 i = 0; i < a->n; i++) {
        int c = cedar_name_cmp(a->record[i].name, b->record[i].name);
        if (!c)
            c = cedar_cmp(&a->record[i].value, &b->record[i].value);
        if (c)
            return c;
    }
    return 0;
}

int cedar_cmp(const struct cedar_value *a, const struct cedar_value *b)
{
    if (a->kind != b->kind)
        return a->kind < b->kind ? -1 : 1;
    switch (a->kind) {
    case CEDAR_BOOL: return (int)a->b - (int)b->b;
    case CEDAR_ENTITY: {
        if (a->uid == b->uid)
            return 0;
        if (a->uid->hash != b->uid->hash)
            return a->uid->hash < b->uid->hash ? -1 : 1;
        int c = cedar_name_cmp(a->uid->id, b->uid->id);
        return c ? c : cedar_name_cmp(a->uid->type, b->uid->type);
    }
    case CEDAR_STRING: return cedar_name_cmp((str){ a->p, a->n }, (str){ b->p, b->n });
    case CEDAR_SET:
    case CEDAR_RECORD:
        if (a->n != b->n)
            return a->n < b->n ? -1 : 1;
        if (a->kind == CEDAR_RECORD)
            return record_cmp(a, b);
        for (u32 i = 0; i < a->n; i++) {
            int c = cedar_cmp(&a->set[i], &b->set[i]);
            if (c)
                return c;
        }
        return 0;
    case CEDAR_IP: return ip_cmp(a->ip, b->ip);
    default: return a->i < b->i ? -1 : a->i > b->i;
    }
}

bool cedar_eq(const struct cedar_value *a, const struct cedar_value *b)
{
    return a->kind == b->kind && cedar_cmp(a, b) == 0;
}

static int value_order(const void *a, const void *b) { return cedar_cmp(a, b); }

struct cedar_value cedar_set(struct cedar_value *at, size_t n)
{
    if (n > 1)
        qsort(at, n, sizeof *at, value_order);
    size_t kept = 0;
    for (size_t i = 0; i < n; i++)
        if (!kept || cedar_cmp(&at[kept - 1], &at[i]) != 0)
            at[kept++] = at[i];
    return (struct cedar_value){ .kind = CEDAR_SET, .n = (u32)kept, .set = at };
}

struct cedar_value cedar_record(struct cedar_field *at, size_t n)
{
    size_t kept = 0;
    for (size_t i = 0; i < n; i++) { /* insertion: records are small and mostly in order */
        struct cedar_field f = at[i];
        size_t k = kept;
        while (k && cedar_name_cmp(at[k - 1].name, f.name) > 0)
            k--;
        if (k && cedar_name_cmp(at[k - 1].name, f.name) == 0) {
            at[k - 1] = f;
            continue;
        }
        memmove(&at[k + 1], &at[k], (kept - k) * sizeof *at);
        at[k] = f;
        kept++;
    }
    return (struct cedar_value){ .kind = CEDAR_RECORD, .n = (u32)kept, .record = at };
}

const struct cedar_value *cedar_get(const struct cedar_value *record, str name)
{
    if (record->kind != CEDAR_RECORD)
        return NULL;
    u32 lo = 0, hi = record->n;
    while (lo < hi) {
        u32 mid = (lo + hi) / 2;
        int c = cedar_name_cmp(record->record[mid].name, name);
        if (c == 0)
            return &record->record[mid].value;
        if (c < 0)
            lo = mid + 1;
        else
            hi = mid;
    }
    return NULL;
}

bool cedar_set_has(const struct cedar_value *set, const struct cedar_value *v)
{
    u32 lo = 0, hi = set->n;
    while (lo < hi) {
        u32 mid = (lo + hi) / 2;
        int c = cedar_cmp(&set->set[mid], v);
        if (c == 0)
            return true;
        if (c < 0)
            lo = mid + 1;
        else
            hi = mid;
    }
    return false;
}

const char *cedar_kind_name(u8 kind)
{
    static const char *const names[] = { "bool",   "long",    "string",   "entity",   "set",
                                         "record", "decimal", "datetime", "duration", "ipaddr" };
    return kind < COUNT(names) ? names[kind] : "value";
}

/* ---- Text ---- */

void cedar_put_uid(struct buf *b, const struct cedar_uid *uid)
{
    buf_put(b, uid->type);
    buf_put(b, S("::"));
    cedar_put_string(b, uid->id);
}

static void put_ext_text(struct buf *b, const struct cedar_value *v);

static const char *constructor(u8 kind) { return kind == CEDAR_IP ? "ip" : cedar_kind_name(kind); }

static void put_call(struct buf *b, const struct cedar_value *v)
{
    buf_fmt(b, "%s(\"", constructor(v->kind));
    put_ext_text(b, v);
    buf_put(b, S("\")"));
}

void cedar_put(struct buf *b, const struct cedar_value *v)
{
    switch (v->kind) {
    case CEDAR_BOOL: buf_put(b, v->b ? S("true") : S("false")); break;
    case CEDAR_LONG: buf_i64(b, v->i); break;
    case CEDAR_STRING: cedar_put_string(b, (str){ v->p, v->n }); break;
    case CEDAR_ENTITY: cedar_put_uid(b, v->uid); break;
    case CEDAR_SET:
        buf_char(b, '[');
        for (u32 i = 0; i < v->n; i++) {
            buf_put(b, i ? S(", ") : S(""));
            cedar_put(b, &v->set[i]);
        }
        buf_char(b, ']');
        break;
    case CEDAR_RECORD:
        buf_char(b, '{');
        for (u32 i = 0; i < v->n; i++) {
            buf_put(b, i ? S(", ") : S(""));
            cedar_put_string(b, v->record[i].name);
            buf_put(b, S(": "));
            cedar_put(b, &v->record[i].value);
        }
        buf_char(b, '}');
        break;
    default: put_call(b, v);
    }
}

static void put_uid_json(struct buf *b, const struct cedar_uid *uid)
{
    buf_put(b, S("{\"__entity\":{\"type\":"));
    json_put_str(b, uid->type);
    buf_put(b, S(",\"id\":"));
    json_put_str(b, uid->id);
    buf_put(b, S("}}"));
}

void cedar_put_json(struct buf *b, const struct cedar_value *v)
{
    switch (v->kind) {
    case CEDAR_BOOL: json_put_bool(b, v->b); break;
    case CEDAR_LONG: buf_i64(b, v->i); break;
    case CEDAR_STRING: json_put_str(b, (str){ v->p, v->n }); break;
    case CEDAR_ENTITY: put_uid_json(b, v->uid); break;
    case CEDAR_SET:
        buf_char(b, '[');
        for (u32 i = 0; i < v->n; i++) {
            buf_put(b, i ? S(",") : S(""));
            cedar_put_json(b, &v->set[i]);
        }
        buf_char(b, ']');
        break;
    case CEDAR_RECORD:
        buf_char(b, '{');
        for (u32 i = 0; i < v->n; i++) {
            buf_put(b, i ? S(",") : S(""));
            json_put_str(b, v->record[i].name);
            buf_char(b, ':');
            cedar_put_json(b, &v->record[i].value);
        }
        buf_char(b, '}');
        break;
    default:
        buf_fmt(b, "{\"__extn\":{\"fn\":\"%s\",\"arg\":\"", constructor(v->kind));
        put_ext_text(b, v);
        buf_put(b, S("\"}}"));
    }
}

static void put_ip(struct buf *b, const struct cedar_ip *ip)
{
    if (ip->v6) {
        for (int i = 0; i < 16; i += 2)
            buf_fmt(b, "%s%x", i ? ":" : "", (unsigned)ip->addr[i] << 8 | ip->addr[i + 1]);
    } else {
        buf_fmt(b, "%u.%u.%u.%u", ip->addr[0], ip->addr[1], ip->addr[2], ip->addr[3]);
    }
    if (ip->prefix != (ip->v6 ? 128 : 32))
        buf_fmt(b, "/%u", ip->prefix);
}

static void put_datetime(struct buf *b, i64 ms)
{
    i64 days = ms / 86400000, rest = ms % 86400000, year;
    unsigned month, day;
    if (rest < 0) {
        days--;
        rest += 86400000;
    }
    time_civil(days, &year, &month, &day);
    buf_fmt(b, "%04lld-%02u-%02uT%02d:%02d:%02d", (long long)year, month, day,
            (int)(rest / 3600000), (int)(rest / 60000 % 60), (int)(rest / 1000 % 60));
    if (rest % 1000)
        buf_fmt(b, ".%03d", (int)(rest % 1000));
    buf_char(b, 'Z');
}

/* The argument that makes the same value again; a datetime beyond the year 9999 has none and is
 * shown all the same. */
static void put_ext_text(struct buf *b, const struct cedar_value *v)
{
    if (v->kind == CEDAR_IP) {
        put_ip(b, v->ip);
    } else if (v->kind == CEDAR_DURATION) {
        buf_i64(b, v->i);
        buf_put(b, S("ms"));
    } else if (v->kind == CEDAR_DATETIME) {
        put_datetime(b, v->i);
    } else {
        u64 u = v->i < 0 ? -(u64)v->i : (u64)v->i;
        buf_fmt(b, "%s%llu.%04u", v->i < 0 ? "-" : "", (unsigned long long)(u / 10000),
                (unsigned)(u % 10000));
    }
}
