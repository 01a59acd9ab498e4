/* SPDX-License-Identifier: Apache-2.0 */
/* Request targets (RFC 3986, RFC 9112 origin-form): strict splitting, percent-decoding, query
 * pairs, building. What comes out holds no NUL, is UTF-8, and a path segment is never empty, ".",
 * ".." nor holds a slash. */
#ifndef OUTWORK_WIRE_URI_H
#define OUTWORK_WIRE_URI_H

#include "base/buf.h"

enum { URI_SEGMENTS_MAX = 32 };

struct uri_path {
    u32 n;                    /* segments; 0 for "/" */
    bool folder;              /* the path ended in a slash ("/" itself does) */
    str at[URI_SEGMENTS_MAX]; /* decoded */
};

/* "/path?query" into its parts, both still encoded; *ret_query is empty with p NULL when there is
 * no '?'. E_INVALID: not beginning with '/', a '#', a character that belongs in no target. Points
 * into target. */
MUST_USE err uri_split(str target, str *ret_path, str *ret_query);

/* Segments of an encoded path, decoded (in out only if something was encoded). E_INVALID: empty
 * segments ("//"), "." and
 * "..", however written, an encoded slash, backslash or control character, bytes that are not
 * UTF-8, characters that RFC 3986 does not allow in a path. E_LIMIT: more than URI_SEGMENTS_MAX
 * segments. */
MUST_USE err uri_path_parse(struct arena *out, str path, struct uri_path *ret);

/* %XX decoded, and with plus_is_space '+' as a space. The result points into s when nothing was
 * encoded. E_INVALID: a cut or wrong escape, NUL, not UTF-8. */
MUST_USE err uri_decode(struct arena *out, str s, bool plus_is_space, str *ret);

/* The next pair of a query (form encoding), decoded; steps *query over it. Empty pieces
 * ("a=1&&b=2") are skipped; a name without '=' has an empty value. E_NOT_FOUND at the end;
 * E_INVALID as uri_decode. while ((e = uri_query_next(out, &rest, &pair)) == E_NONE) … */
struct uri_pair {
    str name, value;
};
MUST_USE err uri_query_next(struct arena *out, str *query, struct uri_pair *ret);
/* The value of one name. E_NOT_FOUND: absent; E_INVALID: there twice, or a bad query anywhere. */
MUST_USE err uri_query_get(struct arena *out, str query, str name, str *ret);

/* Building: all but unreserved characters encoded. */
void uri_put(struct buf *b, str s); /* one segment, or one name or value */
void uri_put_pair(struct buf *b, char sep, str name,
                  str value); /* sep: '?' for the first, then '&' */

#endif
