/* SPDX-License-Identifier: Apache-2.0 */
/* Base64url without padding (RFC 4648 section 5), strict: one text for one run of bytes, so that a
 * token or an id cannot be written in two ways. */
#include "base/json.h"

static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

void b64_put(struct buf *b, const void *p, size_t n)
{
    const u8 *in = p;
    size_t need = n / 3 * 4 + (n % 3 ? n % 3 + 1 : 0);
    char *to = buf_room(b, need);
    if (!to || !need)
        return;
    size_t i = 0;
    for (; n - i >= 3; i += 3) {
        u32 v = (u32)in[i] << 16 | (u32)in[i + 1] << 8 | in[i + 2];
        *to++ = letters[v >> 18];
        *to++ = letters[v >> 12 & 63];
        *to++ = letters[v >> 6 & 63];
        *to++ = letters[v & 63];
    }
    if (n - i) {
        u32 v = (u32)in[i] << 16 | (n - i == 2 ? (u32)in[i + 1] << 8 : 0);
        *to++ = letters[v >> 18];
        *to++ = letters[v >> 12 & 63];
        if (n - i == 2)
            *to++ = letters[v >> 6 & 63];
    }
    b->n += need;
}

static int value_of(char c)
{
    return c >= 'A' && c <= 'Z'   ? c - 'A'
           : c >= 'a' && c <= 'z' ? c - 'a' + 26
           : c >= '0' && c <= '9' ? c - '0' + 52
           : c == '-'             ? 62
           : c == '_'             ? 63
                                  : -1;
}

err b64_parse(struct arena *out, str text, str *ret)
{
    size_t n = text.n / 4 * 3 + (text.n % 4 ? text.n % 4 - 1 : 0);
    if (text.n % 4 == 1)
        return E_INVALID;
    if (n >= arena_room(out))
        return E_LIMIT;
    u8 *first = arena_get_raw(out, n + 1, 1), *to = first;
    u32 acc = 0, bits = 0;
    for (size_t i = 0; i < text.n; i++) {
        int v = value_of(text.p[i]);
        if (v < 0)
            return E_INVALID;
        acc = acc << 6 | (u32)v;
        bits += 6;
        if (bits >= 8) {
            bits -= 8;
            *to++ = (u8)(acc >> bits);
        }
        acc &= (1u << bits) - 1;
    }
    if (acc)
        return E_INVALID;
    *to = 0;
    *ret = (str){ (const char *)first, n };
    return E_NONE;
}
