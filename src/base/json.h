/* SPDX-License-Identifier: Apache-2.0 */
/* JSON (RFC 8259), strict: UTF-8 checked, no duplicate keys, no trailing bytes, depth at most 64.
 * In base, because the policy language, the ledger and the wire codecs all read it. Reading makes a
 * tree of const values in an arena; text without escapes points into the input. Writing goes
 * straight into a buf. */
#ifndef OUTWORK_BASE_JSON_H
#define OUTWORK_BASE_JSON_H

#include "base/buf.h"

enum json_kind { JSON_NULL, JSON_BOOL, JSON_INT, JSON_FLOAT, JSON_STR, JSON_ARRAY, JSON_OBJECT };

struct json {
    enum json_kind kind;
    u32 n; /* elements of an array, members of an object */
    union {
        bool b;
        i64 i;    /* JSON_INT: no fraction, no exponent, fits 64 bits */
        double f; /* JSON_FLOAT: every other number ("-0" too); always finite */
        str s;
        const struct json *at;             /* JSON_ARRAY: n elements */
        const struct json_member *members; /* JSON_OBJECT: n members, in the order of the text */
    };
};
struct json_member {
    str key;
    struct json value;
};

/* On E_INVALID (bad text) or E_LIMIT (too deep, or out too large) *reterr_pos, if given, is the
 * offset of the fault. */
MUST_USE err json_parse(struct arena *out, str text, const struct json **ret, size_t *reterr_pos);
/* The same for texts that nest deeper by nature, as policies in JSON do: up to JSON_DEEP_MAX, about
 * 200 bytes of stack a level. */
enum { JSON_DEPTH_MAX = 64, JSON_DEEP_MAX = 1024 };
MUST_USE err json_parse_deep(struct arena *out, str text, unsigned depth_max,
                             const struct json **ret, size_t *reterr_pos);
/* The value of a member; NULL when absent or when v is no object. v may be NULL here and below. */
const struct json *json_get(const struct json *v, str key);
str json_str_or(const struct json *v, str otherwise);
i64 json_i64_or(const struct json *v, i64 otherwise);

/* Writing. Keys and punctuation are the caller's: generated code writes them as literals. */
void json_put_str(struct buf *b, str s); /* quoted and escaped; invalid UTF-8 becomes U+FFFD */
void json_put_bool(struct buf *b, bool v);
void json_put_bytes(struct buf *b, const void *p, size_t n); /* base64url without padding, quoted */
void json_put_time(struct buf *b, i64 usec_utc);             /* RFC 3339, quoted */
void json_put(struct buf *b, const struct json *v); /* a tree back to text, no white space */

/* Base64url without padding (RFC 4648 section 5). E_INVALID on padding, other characters, stray
 * bits; E_LIMIT when out is too small. */
void b64_put(struct buf *b, const void *p, size_t n);
MUST_USE err b64_parse(struct arena *out, str text, str *ret);

#endif
