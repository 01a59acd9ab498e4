/* SPDX-License-Identifier: Apache-2.0 */
/* The model's reader against any bytes, and, when they hold a line of dashes, queries.sql behind
 * it. Whatever comes out without a fault goes on into the writers. */
#include "gen.h"

#include "load.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size > 1 << 16)
        return 0;
    struct gen g = { .a = arena_new("fuzz", (size_t)1 << 30) };
    str text = str_copy(g.a, (str){ (const char *)data, size }), rest = { 0 };
    ptrdiff_t cut = str_find(text, S("\n----\n"));
    if (cut >= 0) {
        rest = str_sub(text, (size_t)cut + 6, text.n);
        text = str_sub(text, 0, (size_t)cut + 1);
    }
    struct module *m = model_parse(&g, S("fuzz.model"), text);
    *vec_push(&g.modules, g.a) = m;
    if (rest.n)
        queries_parse(&g, m, S("fuzz.sql"), rest);
    gen_make(&g);
    struct buf b = buf_in(g.a, 1 << 20);
    gen_print_faults(&g, &b);
    arena_free(g.a);
    scratch_thread_end();
    return 0;
}
