/* SPDX-License-Identifier: Apache-2.0 */
/* Any text as a config file. What is taken must mean the same when written and read again. */
#include "proc/config.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size > 64 * 1024)
        return 0;
    struct arena *a = arena_new("fuzz", 1 << 20);
    struct config c, again;
    struct config_error why = { 0 };
    err e = config_parse(a, (str){ (const char *)data, size }, &c, &why);
    if (e == E_NONE) {
        struct buf one = buf_in(a, 1 << 17), two = buf_in(a, 1 << 17);
        config_write(&one, &c, true);
        must(config_parse(a, buf_str(&one), &again, &why) == E_NONE);
        config_write(&two, &again, true);
        must(str_eq(buf_str(&one), buf_str(&two)));
    } else {
        must(why.line > 0 && why.text.n > 0);
    }
    arena_free(a);
    return 0;
}
