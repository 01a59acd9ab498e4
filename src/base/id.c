/* SPDX-License-Identifier: Apache-2.0 */
/* Ids from time, node and counter. The state is one atomic word: the last id's time and counter. */
#include "base/id.h"

#include <stdatomic.h>
#include <string.h>

#include "base/os.h"

enum { COUNTER_BITS = 12, NODE_BITS = 10, TEXT_CHARS = 13 };
static const usec epoch = (usec)1577836800 * USEC_S; /* 2020-01-01T00:00:00Z */
static const char alphabet[] = "0123456789abcdefghjkmnpqrstvwxyz";

i64 id_make(unsigned node)
{
    static _Atomic u64 last; /* milliseconds << 12 | counter */
    must(node < 1u << NODE_BITS);
    u64 was = atomic_load(&last), next;
    do {
        usec now = os_now() - epoch;
        u64 ms = now > 0 ? (u64)(now / USEC_MS) : 0;
        next =
            MAX(ms << COUNTER_BITS, was + 1); /* a full counter borrows from the next millisecond */
    } while (!atomic_compare_exchange_weak(&last, &was, next));
    u64 counter = next & ((1u << COUNTER_BITS) - 1);
    return (i64)((next >> COUNTER_BITS) << (NODE_BITS + COUNTER_BITS) | (u64)node << COUNTER_BITS |
                 counter);
}

usec id_time(i64 id)
{
    return (id >> (NODE_BITS + COUNTER_BITS)) * USEC_MS + epoch;
}

void id_put(struct buf *b, const char *prefix, i64 id)
{
    char text[TEXT_CHARS];
    u64 v = (u64)id;
    for (int i = TEXT_CHARS - 1; i >= 0; i--, v >>= 5)
        text[i] = alphabet[v & 31];
    buf_put(b, str_from(prefix));
    buf_char(b, '_');
    buf_bytes(b, text, sizeof text);
}

err id_parse(str s, const char *prefix, i64 *ret)
{
    str pre = str_from(prefix);
    if (s.n != pre.n + 1 + TEXT_CHARS || !str_starts(s, pre) || s.p[pre.n] != '_')
        return E_INVALID;
    u64 v = 0;
    for (size_t i = pre.n + 1; i < s.n; i++) {
        const char *at = s.p[i] ? strchr(alphabet, s.p[i]) : NULL;
        if (!at || v >> 58)
            return E_INVALID;
        v = v << 5 | (u64)(at - alphabet);
    }
    if (v == 0 || v > INT64_MAX)
        return E_INVALID;
    *ret = (i64)v;
    return E_NONE;
}
