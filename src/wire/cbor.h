/* SPDX-License-Identifier: Apache-2.0 */
/* CBOR (RFC 8949), the part that passkeys use, strictly: integers, byte and text strings, arrays,
 * maps, true, false, null; definite lengths, every length in its shortest form, texts in UTF-8, no
 * key twice, depth at most 16. Floats, tags, undefined and other simple values are refused. */
#ifndef OUTWORK_WIRE_CBOR_H
#define OUTWORK_WIRE_CBOR_H

#include "base/buf.h"

enum { CBOR_DEPTH_MAX = 16 };
enum cbor_kind { CBOR_INT, CBOR_BYTES, CBOR_TEXT, CBOR_ARRAY, CBOR_MAP, CBOR_BOOL, CBOR_NULL };

struct cbor {
    enum cbor_kind kind;
    u32 n; /* elements of an array, pairs of a map */
    union {
        i64 i;
        str s; /* bytes or text; points into the input */
        bool b;
        const struct cbor *at; /* array: n elements; map: key, value, key, value, … 2n in all */
    };
};

/* Reads one item. ret_used: how many bytes it took; NULL when nothing may follow it. E_INVALID: not
 * well-formed, or not of the part above (an integer beyond 64 bits with sign too). E_LIMIT: too
 * deep, or out too small. */
MUST_USE err cbor_parse(struct arena *out, str bytes, const struct cbor **ret, size_t *ret_used);
/* Value of a text or an integer key; NULL when absent or when v is no map (v may be NULL). */
const struct cbor *cbor_get(const struct cbor *v, str key);
const struct cbor *cbor_get_int(const struct cbor *v, i64 key);

/* Writing: the head of a container is followed by its n (or 2n) items. */
void cbor_put_int(struct buf *b, i64 v);
void cbor_put_bytes(struct buf *b, str s);
void cbor_put_text(struct buf *b, str s);
void cbor_put_array(struct buf *b, u32 n);
void cbor_put_map(struct buf *b, u32 n);
void cbor_put(struct buf *b,
              const struct cbor *v); /* a tree back to exactly the bytes it was read from */

#endif
