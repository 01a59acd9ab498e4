/* SPDX-License-Identifier: Apache-2.0 */
/* A packet from a process that has been taken over: parsed as a message, then as its type's record.
 * What is taken must write back to the same bytes. */
#include "base/os.h"
#include "proc/messages.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct msg m;
    if (msg_parse((str){ (const char *)data, size }, &m) != E_NONE)
        return 0;
    const struct record *r = msg_record(m.type);
    if (!r)
        return 0;
    SCRATCH(s);
    void *value = arena_get(s.a, r->size + 1, 1, 16);
    if (record_get(m.payload, r, value) != E_NONE)
        return 0;
    struct buf b = buf_in(s.a, MSG_PAYLOAD_MAX);
    must(record_put(&b, r, value) == E_NONE);
    must(str_eq(buf_str(&b), m.payload));
    return 0;
}
