/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes: read without fault or refused at an offset within the text; what was read and written
 * again reads back as the same tree, and is written the same a second time. */
#include <string.h>

#include "base/json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static bool same(const struct json *a, const struct json *b)
{
    if (a->kind != b->kind)
        return false;
    switch (a->kind) {
    case JSON_NULL: return true;
    case JSON_BOOL: return a->b == b->b;
    case JSON_INT: return a->i == b->i;
    case JSON_FLOAT: return memcmp(&a->f, &b->f, sizeof a->f) == 0;
    case JSON_STR: return str_eq(a->s, b->s);
    case JSON_ARRAY:
        for (u32 i = 0; i < MIN(a->n, b->n); i++)
            if (!same(&a->at[i], &b->at[i]))
                return false;
        return a->n == b->n;
    case JSON_OBJECT:
        for (u32 i = 0; i < MIN(a->n, b->n); i++)
            if (!str_eq(a->members[i].key, b->members[i].key) ||
                !same(&a->members[i].value, &b->members[i].value))
                return false;
        return a->n == b->n;
    }
    return false;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct arena *a = arena_new("fuzz", (n + 4096) * 64);
    const struct json *v = NULL, *again = NULL;
    size_t at = SIZE_MAX;
    str text = { (const char *)data, n };
    if (json_parse(a, text, &v, &at) != E_NONE) {
        must(at <= n && v == NULL);
    } else {
        struct buf b = buf_in(a, (n + 64) * 32);
        str once, twice;
        json_put(&b, v);
        must(buf_done(&b, &once) == E_NONE);
        must(json_parse(a, once, &again, NULL) == E_NONE);
        must(same(v, again));
        struct buf c = buf_in(a, (n + 64) * 32);
        json_put(&c, again);
        must(buf_done(&c, &twice) == E_NONE && str_eq(once, twice));
    }
    str plain;
    if (b64_parse(a, text, &plain) == E_NONE) {
        struct buf b = buf_in(a, n + 16);
        b64_put(&b, plain.p, plain.n);
        must(str_eq(buf_str(&b), text));
    }
    arena_free(a);
    return 0;
}
