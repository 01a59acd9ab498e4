/* SPDX-License-Identifier: Apache-2.0 */
/* Every generated decoder of the fixture modules against any bytes: the first byte chooses the
 * endpoint, then one line for each text field, then the JSON body. What is accepted must have been
 * reported as right, and the other way round. */
#include "gen/all.h"

#include "core/call.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static u32 reported;

err call_field(UNUSED struct call *c, const char *field, const char *what, UNUSED i64 limit)
{
    must(field && what && strlen(field) < 256);
    reported++;
    return E_INVALID;
}

err call_emit(UNUSED struct call *c, UNUSED const struct topic *topic, UNUSED i64 id,
              UNUSED const char *event, UNUSED str payload)
{
    return E_NONE;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 1 || size > 1 << 16)
        return 0;
    struct call c = { .arena = arena_new("fuzz", 16 << 20) };
    str bytes = str_copy(c.arena, (str){ (const char *)data + 1, size - 1 });
    reported = 0;
    err e = gen_decode_any(&c, data[0], bytes);
    must(e != E_NONE || reported == 0);
    must(reported <= 32);
    arena_free(c.arena);
    scratch_thread_end();
    return 0;
}
