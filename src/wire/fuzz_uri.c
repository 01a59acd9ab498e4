/* SPDX-License-Identifier: Apache-2.0 */
/* Any target: refused, or segments that hold nothing dangerous and read back the same after
 * building. */
#include "wire/uri.h"

#include <string.h>

#include "base/utf8.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void check_path(struct arena *a, str path)
{
    struct uri_path p, again;
    if (uri_path_parse(a, path, &p) != E_NONE)
        return;
    struct buf b = buf_in(a, path.n * 4 + 64);
    for (u32 i = 0; i < p.n; i++) {
        str s = p.at[i];
        must(s.n && !str_eq(s, S("..")) && !str_eq(s, S(".")) && !str_has(s, '/') &&
             !str_has(s, 0));
        must(utf8_valid(s));
        buf_char(&b, '/');
        uri_put(&b, s);
    }
    if (p.folder)
        buf_char(&b, '/');
    must(uri_path_parse(a, buf_str(&b), &again) == E_NONE);
    must(again.n == p.n && again.folder == p.folder);
    for (u32 i = 0; i < p.n; i++)
        must(str_eq(again.at[i], p.at[i]));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct arena *a = arena_new("fuzz", 1 << 20);
    str path, query, value;
    struct uri_pair pair;
    if (uri_split((str){ (const char *)data, n }, &path, &query) == E_NONE) {
        check_path(a, path);
        IGNORE(uri_query_get(a, query, S("a"), &value));
        size_t left = query.n;
        while (uri_query_next(a, &query, &pair) == E_NONE) {
            must(query.n < left || !query.n);
            left = query.n;
            must(utf8_valid(pair.name) && utf8_valid(pair.value) && !str_has(pair.value, 0));
        }
    }
    IGNORE(uri_decode(a, (str){ (const char *)data, n }, n & 1, &value));
    arena_free(a);
    return 0;
}
