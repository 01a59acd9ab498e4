/* SPDX-License-Identifier: Apache-2.0 */
/* HTTP/1.1 (RFC 9110, RFC 9112), strict: one reading of every message or none. What two servers
 * could read differently is refused, not repaired: Transfer-Encoding beside Content-Length,
 * repeated or signed lengths, bare CR or LF, folded lines, a space before the colon, control bytes,
 * two Hosts. Views point into the bytes that were given. */
#ifndef OUTWORK_WIRE_HTTP1_H
#define OUTWORK_WIRE_HTTP1_H

#include "base/str.h"
#include "base/time.h"

enum {
    HTTP1_HEAD_MAX = 16 * 1024, /* bytes of a head, start line and empty line included */
    HTTP1_FIELDS_MAX = 100,
    HTTP1_DATE_BYTES = 29,
};

/* Fields that are found without a search. In order of length (http1.c looks a name up by it).
 * X(enum, name in lower case, true if a second one makes the message invalid) */
#define HTTP_FIELD_MAP(X)                               \
    X(TE, "te", false)                                  \
    X(DATE, "date", true)                               \
    X(ETAG, "etag", true)                               \
    X(HOST, "host", true)                               \
    X(RANGE, "range", true)                             \
    X(ACCEPT, "accept", false)                          \
    X(COOKIE, "cookie", true)                           \
    X(EXPECT, "expect", true)                           \
    X(ORIGIN, "origin", true)                           \
    X(SERVER, "server", false)                          \
    X(REFERER, "referer", true)                         \
    X(TRAILER, "trailer", false)                        \
    X(UPGRADE, "upgrade", true)                         \
    X(IF_MATCH, "if-match", false)                      \
    X(IF_RANGE, "if-range", true)                       \
    X(LOCATION, "location", true)                       \
    X(CONNECTION, "connection", false)                  \
    X(SET_COOKIE, "set-cookie", false)                  \
    X(USER_AGENT, "user-agent", true)                   \
    X(CONTENT_TYPE, "content-type", true)               \
    X(AUTHORIZATION, "authorization", true)             \
    X(CACHE_CONTROL, "cache-control", false)            \
    X(CONTENT_RANGE, "content-range", true)             \
    X(IF_NONE_MATCH, "if-none-match", false)            \
    X(LAST_MODIFIED, "last-modified", true)             \
    X(SEC_FETCH_DEST, "sec-fetch-dest", true)           \
    X(SEC_FETCH_MODE, "sec-fetch-mode", true)           \
    X(SEC_FETCH_SITE, "sec-fetch-site", true)           \
    X(CONTENT_LENGTH, "content-length", true)           \
    X(ACCEPT_ENCODING, "accept-encoding", false)        \
    X(ACCEPT_LANGUAGE, "accept-language", false)        \
    X(IDEMPOTENCY_KEY, "idempotency-key", true)         \
    X(X_FORWARDED_FOR, "x-forwarded-for", false)        \
    X(CONTENT_ENCODING, "content-encoding", true)       \
    X(IF_MODIFIED_SINCE, "if-modified-since", true)     \
    X(SEC_WS_KEY, "sec-websocket-key", true)            \
    X(TRANSFER_ENCODING, "transfer-encoding", true)     \
    X(SEC_WS_ACCEPT, "sec-websocket-accept", true)      \
    X(SEC_WS_VERSION, "sec-websocket-version", true)    \
    X(SEC_WS_PROTOCOL, "sec-websocket-protocol", false) \
    X(SEC_WS_EXTENSIONS, "sec-websocket-extensions", false)

enum http_field {
#define HTTP_FIELD_ENUM(id, name, once) HTTP_F_##id,
    HTTP_FIELD_MAP(HTTP_FIELD_ENUM)
#undef HTTP_FIELD_ENUM
        HTTP_F_N /* also: a field that is not in the map */
};

enum http_method {
    HTTP_GET,
    HTTP_HEAD,
    HTTP_POST,
    HTTP_PUT,
    HTTP_PATCH,
    HTTP_DELETE,
    HTTP_OPTIONS,
    HTTP_OTHER
};

struct http1_field {
    str name, value;
};

/* One head, request or response. Large (3.5 kB): a loop has one, a connection has none. */
struct http1_head {
    enum http_method method;
    u16 status;      /* responses */
    u8 minor;        /* 0 or 1: the version is always HTTP/1.minor */
    bool chunked;    /* the body is chunked */
    bool has_length; /* Content-Length was there; else length is 0 */
    bool close;      /* the connection ends after this message */
    bool upgrade;    /* Connection names upgrade */
    bool expect_continue;
    u8 n;            /* fields */
    u8 at[HTTP_F_N]; /* 1 + index in field[] of the first of that kind; 0: absent */
    u64 length;
    size_t bytes; /* of the head, the empty line included: the body begins there */
    str method_text;
    str target; /* as sent */
    str path;   /* begins with '/'; still percent-encoded; "*" for OPTIONS * */
    str query;  /* after '?'; p is NULL when there is none */
    struct http1_field field[HTTP1_FIELDS_MAX];
};

/* Looks for the end of a head without reading it. *at: where the last look ended (0 at first); kept
 * by the caller, so that a head that comes byte by byte costs one pass. E_NONE: it is whole;
 * E_AGAIN: not yet; E_LIMIT: over HTTP1_HEAD_MAX without an end; E_INVALID: a line ends without CR.
 * One empty line before the head is passed over, as RFC 9112 2.2 asks. */
MUST_USE err http1_scan(str in, size_t *at);

/* Reads a whole head (http1_scan said E_NONE). On error *reterr_status is the HTTP status to
 * answer: 400, 431 (E_LIMIT), 417 (Expect), 501 (unknown transfer coding), 505 (not HTTP/1.x); ret
 * then holds nothing of use. */
MUST_USE err http1_request(str in, struct http1_head *ret, u16 *reterr_status);
/* The same for a response; E_INVALID or E_LIMIT. A body without length and not chunked lasts to the
 * end of the connection, unless the status (1xx, 204, 304) or the request (HEAD) says there is
 * none: that is the caller's to know. */
MUST_USE err http1_response(str in, struct http1_head *ret);

enum http_field http1_field_id(str name);                     /* HTTP_F_N when unknown */
str http1_get(const struct http1_head *h, enum http_field f); /* p is NULL when absent */
str http1_get_by_name(const struct http1_head *h,
                      str name);          /* any field, first one; p is NULL when absent */
bool http1_list_has(str list, str token); /* a comma-separated list names it, case aside */
/* Moves every view by the distance between two copies of the same bytes. */
void http1_rebase(struct http1_head *h, const char *from, const char *to);

/* ---- chunked bodies (RFC 9112 7.1). Zero-initialise. Trailers are checked and dropped. */
struct http1_chunked {
    u64 left;
    u32 overhead;
    u8 state, digits;
    bool done;
};
enum { HTTP1_CHUNK_OVERHEAD_MAX = 16 * 1024 }; /* extensions and trailers of one body */
/* Eats from *in. E_NONE: *ret_data is the next run of data, or c->done and what is left in *in is
 * the next message. E_AGAIN: all eaten, more is needed. E_INVALID, E_LIMIT: refuse the message. */
MUST_USE err http1_chunked(struct http1_chunked *c, str *in, str *ret_data);

/* ---- field values */
enum http1_range { HTTP1_RANGE_NONE, HTTP1_RANGE_ONE, HTTP1_RANGE_BAD };
/* A Range value against a body of size bytes. ONE: bytes [*ret_from, *ret_from + *ret_n). BAD:
 * answer 416. NONE: not a single byte range (several, another unit, nonsense): answer the whole, as
 * RFC 9110 14.2 allows. */
enum http1_range http1_range(str value, u64 size, u64 *ret_from, u64 *ret_n);
bool http1_etag_matches(str list, str etag); /* If-None-Match: weak comparison; "*" matches */
/* The weight (0 … 1000) that an Accept-Encoding value gives a coding; identity is 1000 unless it is
 * ruled out. */
int http1_accepts(str value, str coding);
void http1_date_put(char out[HTTP1_DATE_BYTES], usec t); /* Sun, 06 Nov 1994 08:49:37 GMT */
/* That form only; the two obsolete ones are E_INVALID, which readers treat as an absent field. */
MUST_USE err http1_date_parse(str s, usec *ret);
bool http1_field_ok(str name, str value); /* may be sent: a token, and no control bytes */

/* ---- writing a response head */
struct http1_reply {
    u16 status;
    bool close;     /* adds Connection: close */
    bool no_length; /* 1xx, 204, 304 and upgrades: no Content-Length */
    u64 length;
    str date;         /* the value; left out when empty */
    str content_type; /* left out when empty */
    str block;        /* whole lines, each with CRLF: the same in every answer */
    str lines;        /* whole lines, each with CRLF: of this answer, made by code */
    const struct http1_field *fields; /* of this answer; each must be http1_field_ok */
    size_t n_fields;
};
size_t http1_reply_room(
    const struct http1_reply *r); /* an upper bound of what http1_reply_put writes */
size_t http1_reply_put(char *out, const struct http1_reply *r);
str http1_reason(u16 status); /* "Not Found"; "Status" for unknown ones */

#endif
