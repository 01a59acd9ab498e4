/* SPDX-License-Identifier: Apache-2.0 */
/* What the HTTP/1.1 codec reads, and above all what it refuses. */
#include "wire/http1.h"

#include <string.h>

#include "test/test.h"

static struct http1_head head;

/* The status that a head is refused with; 0 when it is taken, 1 when it is not whole. */
static u16 verdict(str in)
{
    size_t at = 0;
    u16 status = 0;
    err e = http1_scan(in, &at);
    if (e == E_AGAIN)
        return 1;
    if (e == E_LIMIT)
        return 431;
    if (e == E_INVALID)
        return 400;
    return http1_request((str){ in.p, at }, &head, &status) == E_NONE ? 0 : status;
}
#define V(lit) verdict(S(lit))

TEST(a_request_is_read)
{
    expect_i(V("POST /a/b?x=1&y HTTP/1.1\r\nHost: Example.org:8443\r\ncontent-LENGTH: 5\r\nCookie: "
               "a=b\r\n"
               "X-Own:  some value\t \r\nX-Empty:\r\nAccept: a\r\naccept: b\r\n\r\nhello"),
             0);
    expect_i(head.method, HTTP_POST);
    expect_s(head.path, S("/a/b"));
    expect_s(head.query, S("x=1&y"));
    expect_s(http1_get(&head, HTTP_F_HOST), S("Example.org:8443"));
    expect_s(http1_get(&head, HTTP_F_COOKIE), S("a=b"));
    expect_s(http1_get(&head, HTTP_F_ACCEPT), S("a"));
    expect(http1_get(&head, HTTP_F_RANGE).p == NULL);
    expect_s(http1_get_by_name(&head, S("x-own")), S("some value"));
    expect(http1_get_by_name(&head, S("x-empty")).p != NULL);
    expect_i(head.length, 5);
    expect(head.has_length && !head.chunked && !head.close && head.minor == 1);
    expect_i(head.n, 7);
}

TEST(every_known_field_is_found_in_any_case)
{
#define ROW(id, name, once) { HTTP_F_##id, S_INIT(name) },
    static const struct {
        enum http_field f;
        str name;
    } rows[] = { HTTP_FIELD_MAP(ROW) };
    for (size_t i = 0; i < COUNT(rows); i++) {
        char upper[32];
        for (size_t k = 0; k < rows[i].name.n; k++)
            upper[k] =
                (char)(rows[i].name.p[k] >= 'a' ? rows[i].name.p[k] - 32 : rows[i].name.p[k]);
        expect_i(http1_field_id(rows[i].name), rows[i].f);
        expect_i(http1_field_id((str){ upper, rows[i].name.n }), rows[i].f);
        expect_i(http1_field_id(str_sub(rows[i].name, 0, rows[i].name.n - 1)), HTTP_F_N);
        upper[0] = 'q';
        expect_i(http1_field_id((str){ upper, rows[i].name.n }), HTTP_F_N);
    }
    expect_i(http1_field_id(S("host\r")), HTTP_F_N);
    expect_i(http1_field_id(S("accept\rencoding")), HTTP_F_N);
}

TEST(versions_methods_and_connection)
{
    expect_i(V("GET / HTTP/1.0\r\n\r\n"), 0);
    expect(head.close && head.minor == 0);
    expect_i(V("GET / HTTP/1.1\r\nHost: a\r\nConnection: keep-alive, Close\r\n\r\n"), 0);
    expect(head.close);
    expect_i(V("GET / HTTP/1.1\r\nHost: a\r\nConnection: x\r\nConnection: Upgrade\r\n\r\n"), 0);
    expect(head.upgrade && !head.close);
    expect_i(V("BREW / HTTP/1.1\r\nHost: a\r\n\r\n"), 0);
    expect_i(head.method, HTTP_OTHER);
    expect_i(V("OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n"), 0);
    expect_i(V("GET http://a/x?y HTTP/1.1\r\nHost: a\r\n\r\n"), 0);
    expect_s(head.path, S("/x"));
    expect_i(V("\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n"), 0);
    expect_i(V("GET / HTTP/2.0\r\nHost: a\r\n\r\n"), 505);
    expect_i(V("GET / HTTP/1.2\r\nHost: a\r\n\r\n"), 505);
    expect_i(V("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), 505);
    expect_i(V("GET / HTTP/1.1\r\nHost: a\r\nExpect: 100-Continue\r\n\r\n"), 0);
    expect(head.expect_continue);
    expect_i(V("GET / HTTP/1.1\r\nHost: a\r\nExpect: tea\r\n\r\n"), 417);
}

#define HEAD "POST / HTTP/1.1\r\nHost: a\r\n"
static const str two_ways[] = {
    S_INIT(HEAD "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n"),
    S_INIT(HEAD "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n"),
    S_INIT(HEAD "Content-Length: 5\r\nContent-Length: 5\r\n\r\n"),
    S_INIT(HEAD "Content-Length: 5\r\ncontent-length: 6\r\n\r\n"),
    S_INIT(HEAD "Content-Length: 5, 5\r\n\r\n"),
    S_INIT(HEAD "Content-Length: +5\r\n\r\n"),
    S_INIT(HEAD "Content-Length: -5\r\n\r\n"),
    S_INIT(HEAD "Content-Length: 0x5\r\n\r\n"),
    S_INIT(HEAD "Content-Length: 5 5\r\n\r\n"),
    S_INIT(HEAD "Content-Length: \r\n\r\n"),
    S_INIT(HEAD "Content-Length: 18446744073709551617\r\n\r\n"),
    S_INIT(HEAD "Content-Length: 5\r\n Content-Length: 6\r\n\r\n"),
    S_INIT(HEAD "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n"),
    S_INIT(HEAD "Transfer-Encoding : chunked\r\n\r\n"),
    S_INIT(HEAD "Transfer-Encoding\t: chunked\r\n\r\n"),
    S_INIT(HEAD "Transfer-Encoding:\x0b"
                "chunked\r\n\r\n"),
    S_INIT(HEAD "X: a\r\n folded\r\n\r\n"),
    S_INIT(HEAD "X: a\r\n\tfolded\r\n\r\n"),
    S_INIT(HEAD " X: a\r\n\r\n"),
    S_INIT(HEAD "X: a\rY: b\r\n\r\n"),
    S_INIT(HEAD "X: a\nY: b\r\n\r\n"),
    S_INIT(HEAD "X: a\n\r\n"),
    S_INIT("POST / HTTP/1.1\nHost: a\n\n"),
    S_INIT(HEAD "X: a\0b\r\n\r\n"),
    S_INIT(HEAD "X: a\x7f\r\n\r\n"),
    S_INIT(HEAD "X: a\x01\r\n\r\n"),
    S_INIT(HEAD "X\x80: a\r\n\r\n"),
    S_INIT(HEAD ": a\r\n\r\n"),
    S_INIT(HEAD "no colon\r\n\r\n"),
    S_INIT(HEAD "Host: a\r\n\r\n"),
    S_INIT(HEAD "Host: b\r\n\r\n"),
    S_INIT("GET / HTTP/1.1\r\n\r\n"),
    S_INIT("GET / HTTP/1.1\r\nHost:\r\n\r\n"),
    S_INIT("GET / HTTP/1.1\r\nHost: a, b\r\n\r\n"),
    S_INIT("GET / HTTP/1.1\r\nHost: a/b\r\n\r\n"),
    S_INIT("GET / HTTP/1.1\r\nHost: a@b\r\n\r\n"),
    S_INIT("GET http://b/ HTTP/1.1\r\nHost: a\r\n\r\n"),
    S_INIT("GET http:///x HTTP/1.1\r\nHost: a\r\n\r\n"),
    S_INIT("GET  / HTTP/1.1\r\nHost: a\r\n\r\n"),
    S_INIT("GET /  HTTP/1.1\r\nHost: a\r\n\r\n"),
    S_INIT("GET / HTTP/1.1 \r\nHost: a\r\n\r\n"),
    S_INIT(" GET / HTTP/1.1\r\nHost: a\r\n\r\n"),
    S_INIT("GET\t/ HTTP/1.1\r\nHost: a\r\n\r\n"),
    S_INIT("GET /a b HTTP/1.1\r\nHost: a\r\n\r\n"),
    S_INIT("GET /a\tb HTTP/1.1\r\nHost: a\r\n\r\n"),
    S_INIT("GET /#x HTTP/1.1\r\nHost: a\r\n\r\n"),
    S_INIT("GET /\xc3\xa9 HTTP/1.1\r\nHost: a\r\n\r\n"),
    S_INIT("GET x HTTP/1.1\r\nHost: a\r\n\r\n"),
    S_INIT("GET * HTTP/1.1\r\nHost: a\r\n\r\n"),
    S_INIT("CONNECT a:443 HTTP/1.1\r\nHost: a\r\n\r\n"),
    S_INIT("GE(T / HTTP/1.1\r\nHost: a\r\n\r\n"),
    S_INIT("GET /\r\n\r\n"),
    S_INIT("GET / http/1.1\r\nHost: a\r\n\r\n"),
    S_INIT("GET / HTTP/1.10\r\nHost: a\r\n\r\n"),
    S_INIT("GET / HTTP/11\r\nHost: a\r\n\r\n"),
    S_INIT("\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n"),
    S_INIT("POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n"),
    S_INIT(HEAD "Authorization: a\r\nAuthorization: b\r\n\r\n"),
    S_INIT(HEAD "Cookie: a\r\nCookie: b\r\n\r\n"),
    S_INIT(HEAD "Origin: a\r\nOrigin: b\r\n\r\n"),
};

TEST(what_could_be_read_two_ways_is_refused)
{
    for (size_t i = 0; i < COUNT(two_ways); i++) {
        u16 v = verdict(two_ways[i]);
        if (v != 400)
            test_failed(__FILE__, __LINE__, "taken or misjudged (%u): " STR_FMT, v,
                        STR_ARG(two_ways[i]));
    }
    expect_i(V(HEAD "Transfer-Encoding: gzip, chunked\r\n\r\n"), 501);
    expect_i(V(HEAD "Transfer-Encoding: chunked, chunked\r\n\r\n"), 501);
    expect_i(V(HEAD "Transfer-Encoding: xchunked\r\n\r\n"), 501);
    expect_i(V(HEAD "Transfer-Encoding: identity\r\n\r\n"), 501);
    expect_i(V(HEAD "Transfer-Encoding: \r\n\r\n"), 501);
}

TEST(heads_have_a_size)
{
    struct buf b = buf_in(T->arena, 1 << 20);
    buf_put(&b, S("GET / HTTP/1.1\r\nHost: a\r\n"));
    for (int i = 0; i < 99; i++)
        buf_fmt(&b, "X-%d: y\r\n", i);
    buf_put(&b, S("\r\n"));
    expect_i(verdict(buf_str(&b)), 0);
    b.n -= 2;
    buf_put(&b, S("X: one too many\r\n\r\n"));
    expect_i(verdict(buf_str(&b)), 431);
    buf_clear(&b);
    buf_put(&b, S("GET / HTTP/1.1\r\nHost: a\r\nX: "));
    while (b.n < HTTP1_HEAD_MAX - 4)
        buf_char(&b, 'x');
    expect_i(verdict(buf_str(&b)), 1);
    str fits = buf_str(&b);
    buf_put(&b, S("\r\n\r\n"));
    expect_i(verdict(buf_str(&b)), 0);
    b.n = fits.n;
    buf_put(&b, S("x\r\n\r\n"));
    expect_i(verdict(buf_str(&b)), 431);
}

TEST(a_head_cut_anywhere_is_read_the_same)
{
    str in = S("POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n");
    size_t at = 0;
    for (size_t n = 0; n < in.n; n++)
        expect_i(http1_scan((str){ in.p, n }, &at), E_AGAIN);
    expect_ok(http1_scan(in, &at));
    expect_i(at, in.n);
    str later = S("\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n");
    at = 0;
    for (size_t n = 0; n < later.n; n++)
        expect_i(http1_scan((str){ later.p, n }, &at), E_AGAIN);
    expect_ok(http1_scan(later, &at));
    expect_i(verdict(later), 0);
    expect_i(head.bytes, later.n);
}

static err chunks(str in, size_t step, struct buf *out, size_t *ret_left)
{
    struct http1_chunked c = { 0 };
    for (size_t at = 0; at < in.n;) {
        str piece = str_sub(in, at, at + step), data;
        size_t given = piece.n;
        while (piece.n && !c.done) {
            err e = http1_chunked(&c, &piece, &data);
            if (e == E_AGAIN)
                break;
            TRY(e);
            buf_put(out, data);
        }
        at += given - piece.n;
        if (c.done) {
            *ret_left = in.n - at;
            return E_NONE;
        }
    }
    return E_AGAIN;
}

TEST(chunked_bodies)
{
    str whole = S("5;a=b\r\nhello\r\n00a\r\n, all of u\r\n1\r\ns\r\n0\r\nX-Trailer: y\r\n\r\nNEXT");
    for (size_t step = 1; step < 12; step++) {
        struct buf out = buf_in(T->arena, 1000);
        size_t left = 0;
        expect_ok(chunks(whole, step, &out, &left));
        expect_s(buf_str(&out), S("hello, all of us"));
        expect_i(left, 4);
    }
    static const str bad[] = {
        S_INIT("\r\n"),
        S_INIT("g\r\n"),
        S_INIT("-1\r\n"),
        S_INIT("+1\r\na\r\n"),
        S_INIT(" 1\r\na\r\n"),
        S_INIT("1 \r\na\r\n"),
        S_INIT("0x1\r\na\r\n"),
        S_INIT("1\na\r\n0\r\n\r\n"),
        S_INIT("1\r\nab\r\n"),
        S_INIT("1\r\na\n0\r\n\r\n"),
        S_INIT("1\r\na\rX"),
        S_INIT("ffffffffffffffff\r\n"),
        S_INIT("10000000000000000\r\n"),
        S_INIT("0\r\n folded: x\r\n\r\n"),
        S_INIT("0\r\nX: a\x01\r\n\r\n"),
        S_INIT("0\r\n\n"),
        S_INIT("1;\x01\r\na\r\n"),
    };
    for (size_t i = 0; i < COUNT(bad); i++) {
        struct buf out = buf_in(T->arena, 1000);
        size_t left;
        err e = chunks(bad[i], bad[i].n, &out, &left);
        if (e != E_INVALID)
            test_failed(__FILE__, __LINE__, "taken (%d): " STR_FMT, (int)e, STR_ARG(bad[i]));
    }
    struct buf big = buf_in(T->arena, 1 << 20);
    size_t left;
    for (int i = 0; i < 10; i++)
        buf_fmt(&big, "1;%02000d\r\na\r\n", 0);
    struct buf out = buf_in(T->arena, 1000);
    expect_err(chunks(buf_str(&big), 1000, &out, &left), E_LIMIT);
}

static void range_is(str value, enum http1_range want, u64 want_from, u64 want_n)
{
    u64 from = 0, n = 0;
    enum http1_range got = http1_range(value, 100, &from, &n);
    if (got != want || from != want_from || n != want_n)
        test_failed(__FILE__, __LINE__, STR_FMT ": %d %llu %llu", STR_ARG(value), (int)got,
                    (unsigned long long)from, (unsigned long long)n);
}

TEST(ranges)
{
    range_is(S("bytes=0-9"), HTTP1_RANGE_ONE, 0, 10);
    range_is(S("bytes=90-"), HTTP1_RANGE_ONE, 90, 10);
    range_is(S("bytes=90-1000"), HTTP1_RANGE_ONE, 90, 10);
    range_is(S("bytes=-7"), HTTP1_RANGE_ONE, 93, 7);
    range_is(S("bytes=-700"), HTTP1_RANGE_ONE, 0, 100);
    range_is(S("bytes=99-99"), HTTP1_RANGE_ONE, 99, 1);
    range_is(S("bytes=100-"), HTTP1_RANGE_BAD, 0, 0);
    range_is(S("bytes=-0"), HTTP1_RANGE_BAD, 0, 0);
    range_is(S("bytes=0-1,5-6"), HTTP1_RANGE_NONE, 0, 0);
    range_is(S("bytes=9-0"), HTTP1_RANGE_NONE, 0, 0);
    range_is(S("bytes=-"), HTTP1_RANGE_NONE, 0, 0);
    range_is(S("bytes=a-b"), HTTP1_RANGE_NONE, 0, 0);
    range_is(S("bytes=--1"), HTTP1_RANGE_NONE, 0, 0);
    range_is(S("lines=0-9"), HTTP1_RANGE_NONE, 0, 0);
    range_is(S("bytes=18446744073709551615-18446744073709551616"), HTTP1_RANGE_NONE, 0, 0);
    range_is(S("bytes=0-18446744073709551615"), HTTP1_RANGE_ONE, 0, 100);
}

TEST(tags_weights_and_dates)
{
    expect(http1_etag_matches(S("\"a\""), S("\"a\"")));
    expect(http1_etag_matches(S("\"x\", W/\"a\" ,\"y\""), S("\"a\"")));
    expect(http1_etag_matches(S("*"), S("\"a\"")));
    expect(!http1_etag_matches(S("\"ab\""), S("\"a\"")));
    expect(!http1_etag_matches(S("a"), S("\"a\"")));
    expect(!http1_etag_matches(S("\"x,\"a\""), S("\"a\"")));
    expect_i(http1_accepts(S("gzip, br;q=0.5, *;q=0.1"), S("br")), 500);
    expect_i(http1_accepts(S("gzip, br;q=0.5, *;q=0.1"), S("zstd")), 100);
    expect_i(http1_accepts(S("GZIP"), S("gzip")), 1000);
    expect_i(http1_accepts(S("gzip;q=0"), S("gzip")), 0);
    expect_i(http1_accepts(S("gzip"), S("br")), 0);
    expect_i(http1_accepts(S("gzip"), S("identity")), 1000);
    expect_i(http1_accepts(S("*;q=0"), S("identity")), 0);
    expect_i(http1_accepts(S("br;q=2.x"), S("br")), 0);
    char text[HTTP1_DATE_BYTES];
    http1_date_put(text, (usec)784111777 * USEC_S);
    expect_s(((str){ text, sizeof text }), S("Sun, 06 Nov 1994 08:49:37 GMT"));
    usec t;
    expect_ok(http1_date_parse(S("Sun, 06 Nov 1994 08:49:37 GMT"), &t));
    expect_i(t, (usec)784111777 * USEC_S);
    expect_err(http1_date_parse(S("Mon, 06 Nov 1994 08:49:37 GMT"), &t), E_INVALID);
    expect_err(http1_date_parse(S("Sun, 31 Feb 1994 08:49:37 GMT"), &t), E_INVALID);
    expect_err(http1_date_parse(S("Sunday, 06-Nov-94 08:49:37 GMT"), &t), E_INVALID);
}

TEST(a_reply_head_is_written_and_read_back)
{
    struct http1_field fields[] = { { S("Set-Cookie"), S("a=b; Secure") },
                                    { S("ETag"), S("\"x\"") } };
    struct http1_reply r = { .status = 404,
                             .close = true,
                             .length = 12345,
                             .date = S("Sun, 06 Nov 1994 08:49:37 GMT"),
                             .content_type = S("text/plain"),
                             .block = S("X-Block: 1\r\nX-More: 2\r\n"),
                             .lines = S("X-Line: 3\r\n"),
                             .fields = fields,
                             .n_fields = 2 };
    char *p = arena_get(T->arena, 1, http1_reply_room(&r), 1);
    size_t n = http1_reply_put(p, &r);
    expect(n <= http1_reply_room(&r));
    expect_ok(http1_response((str){ p, n }, &head));
    expect_i(head.status, 404);
    expect_i(head.length, 12345);
    expect_i(head.bytes, n);
    expect(head.close);
    expect_s(http1_get_by_name(&head, S("x-more")), S("2"));
    expect_s(http1_get_by_name(&head, S("x-line")), S("3"));
    expect_s(http1_get(&head, HTTP_F_SET_COOKIE), S("a=b; Secure"));
    expect(http1_field_ok(S("X-a"), S("b c")));
    expect(!http1_field_ok(S("X-a"), S("b\r\nSet-Cookie: x")));
    expect(!http1_field_ok(S("X a"), S("b")));
    expect_err(http1_response(S("HTTP/1.1 99 x\r\n\r\n"), &head), E_INVALID);
    expect_err(http1_response(S("HTTP/1.1 200x\r\n\r\n"), &head), E_INVALID);
    expect_err(
        http1_response(
            S("HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n"), &head),
        E_INVALID);
    expect_ok(http1_response(S("HTTP/1.1 204\r\n\r\n"), &head));
}
