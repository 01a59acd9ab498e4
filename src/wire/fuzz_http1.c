/* SPDX-License-Identifier: Apache-2.0 */
/* Fuzzes heads, chunked bodies and field values. Checked besides memory: a head that is taken is
 * taken the same when its fields are written again, has one framing, and what stands after it does
 * not change it. */
#include <string.h>

#include "wire/http1.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static struct http1_head head, again;

static void values(void)
{
    u64 from = 0, size = 0;
    str range = http1_get(&head, HTTP_F_RANGE), tags = http1_get(&head, HTTP_F_IF_NONE_MATCH);
    if (range.p && http1_range(range, 1000, &from, &size) == HTTP1_RANGE_ONE)
        must(size > 0 && from < 1000 && size <= 1000 - from);
    if (tags.p)
        (void)http1_etag_matches(tags, S("\"abc\""));
    str accept = http1_get(&head, HTTP_F_ACCEPT_ENCODING);
    if (accept.p)
        must(http1_accepts(accept, S("br")) <= 1000 && http1_accepts(accept, S("identity")) >= 0);
    usec t;
    str date = http1_get(&head, HTTP_F_IF_MODIFIED_SINCE);
    if (date.p && http1_date_parse(date, &t) == E_NONE) {
        char back[HTTP1_DATE_BYTES];
        http1_date_put(back, t);
        must(!memcmp(back, date.p, sizeof back));
    }
}

static void write_again(void)
{
    static char out[2 * HTTP1_HEAD_MAX + 4096];
    size_t k = 0;
    u16 status;
    k += (size_t)snprintf(out + k, sizeof out - k, STR_FMT " " STR_FMT " HTTP/1.%d\r\n",
                          STR_ARG(head.method_text), STR_ARG(head.target), head.minor);
    for (size_t i = 0; i < head.n; i++)
        k += (size_t)snprintf(out + k, sizeof out - k, STR_FMT ": " STR_FMT "\r\n",
                              STR_ARG(head.field[i].name), STR_ARG(head.field[i].value));
    k += (size_t)snprintf(out + k, sizeof out - k, "\r\n");
    must(http1_request((str){ out, k }, &again, &status) == E_NONE);
    must(again.n == head.n && again.length == head.length && again.chunked == head.chunked &&
         again.close == head.close);
    must(str_eq(again.path, head.path) && str_eq(again.query, head.query));
}

static void body(const uint8_t *p, size_t n, size_t step)
{
    struct http1_chunked c = { 0 };
    size_t total = 0;
    for (size_t at = 0; at < n && !c.done;) {
        str in = { (const char *)p + at, MIN(step, n - at) }, data;
        size_t given = in.n;
        err e;
        while ((e = http1_chunked(&c, &in, &data)) == E_NONE && !c.done)
            total += data.n;
        if (e != E_NONE && e != E_AGAIN)
            return;
        at += given - in.n;
    }
    must(total <= n);
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
    str in = { (const char *)p, n };
    size_t at = 0, step = 0;
    u16 status = 0;
    err e = http1_scan(in, &at), slow = E_AGAIN;
    size_t slow_at = 0;
    for (step = 0; step <= n && slow == E_AGAIN; step++)
        slow = http1_scan((str){ in.p, step }, &slow_at);
    if (e == E_NONE)
        must(slow == E_NONE && slow_at == at);
    if (e == E_NONE && http1_request((str){ in.p, at }, &head, &status) == E_NONE) {
        must(head.bytes == at && !(head.chunked && head.has_length));
        must(http1_request(in, &again, &status) == E_NONE && again.bytes == at);
        values();
        if (!memchr(in.p, 0, at))
            write_again();
        if (head.chunked) {
            body(p + at, n - at, n);
            body(p + at, n - at, 1);
        }
    } else if (e == E_NONE) {
        must(status == 400 || status == 417 || status == 431 || status == 501 || status == 505);
    }
    if (e == E_NONE)
        IGNORE(http1_response((str){ in.p, at }, &head));
    body(p, n, 3);
    return 0;
}
