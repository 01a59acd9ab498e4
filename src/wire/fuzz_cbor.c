/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes: refused, or a tree that is written as exactly the bytes it was read from. */
#include <string.h>

#include "wire/cbor.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct arena *a = arena_new("fuzz", 1 << 20);
    const struct cbor *v = NULL;
    size_t used = 0;
    str bytes = { (const char *)data, n };
    if (cbor_parse(a, bytes, &v, &used) == E_NONE) {
        must(used <= n);
        struct buf b = buf_in(a, n + 64);
        cbor_put(&b, v);
        must(str_eq(buf_str(&b), (str){ bytes.p, used }));
        err whole = cbor_parse(a, bytes, &v, NULL);
        must(whole == (used == n ? E_NONE : E_INVALID) || whole == E_LIMIT);
    } else {
        must(v == NULL && used == 0);
    }
    arena_free(a);
    return 0;
}
