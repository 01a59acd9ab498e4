/* SPDX-License-Identifier: Apache-2.0 */
/* The client against a peer whose bytes the test writes: chunked answers, answers without a body,
 * an interim answer, fragments of a message, and a peer that breaks the rules. */
#include "http/client.h"

#include <string.h>
#include <sys/socket.h>

#include "base/os.h"
#include "test/test.h"

struct asker {
    struct T *T;
    struct loop *loop;
    struct http_client *c;
    int listener, peer;
    struct buf log;
    u32 n;
    bool closed;
    err why;
};

static void on_answer(void *arg, const struct http_answer *a)
{
    struct asker *k = arg;
    k->n++;
    buf_fmt(&k->log, "%u " STR_FMT " " STR_FMT "|", a->status, STR_ARG(a->body),
            STR_ARG(http1_get_by_name(a->head, S("x-tag"))));
}

static void on_frame(void *arg, enum ws_op op, str payload)
{
    struct asker *k = arg;
    buf_fmt(&k->log, "%d:" STR_FMT "|", (int)op, STR_ARG(payload));
}

static void on_close(void *arg, err why)
{
    struct asker *k = arg;
    k->closed = true;
    k->why = why;
}

static const struct http_client_calls calls = { on_answer, on_frame, on_close };

static struct asker *begin(struct T *T, size_t body_max)
{
    struct asker *k = NEW(T->arena, struct asker);
    k->T = T;
    k->log = buf_in(T->arena, 1 << 20);
    expect_ok(loop_new(&k->loop));
    expect_ok(net_listen("127.0.0.1", 0, false, &k->listener));
    struct http_client_setup setup = { .loop = k->loop,
                                       .address = "127.0.0.1",
                                       .port = net_port(k->listener),
                                       .host = S("localhost"),
                                       .calls = &calls,
                                       .arg = k,
                                       .body_max = body_max };
    expect_ok(http_client_new(&setup, &k->c));
    for (int i = 0; i < 100 && !http_client_is_open(k->c); i++)
        loop_step(k->loop, 10);
    k->peer = accept4(k->listener, NULL, NULL, SOCK_CLOEXEC);
    must(k->peer >= 0);
    return k;
}

/* Byte by byte, or all at once. */
static void hear(struct asker *k, str bytes, size_t step)
{
    for (size_t at = 0; at < bytes.n; at += step) {
        str piece = str_sub(bytes, at, at + step);
        must(send(k->peer, piece.p, piece.n, MSG_NOSIGNAL) == (ssize_t)piece.n);
        loop_step(k->loop, 5);
    }
}

static void end(struct asker *k)
{
    http_client_free(k->c);
    os_close(k->peer);
    os_close(k->listener);
    loop_free(k->loop);
}

static void ask(struct asker *k, str method)
{
    expect_ok(http_client_ask(k->c, &(struct http_ask){ .method = method, .path = S("/") }));
}

TEST(the_client_reads_every_framing)
{
    str bytes = S("HTTP/1.1 200 OK\r\nX-Tag: one\r\nTransfer-Encoding: chunked\r\n\r\n"
                  "3\r\nabc\r\n2;x\r\nde\r\n0\r\n\r\n"
                  "HTTP/1.1 100 Continue\r\n\r\n"
                  "HTTP/1.1 200 OK\r\nX-Tag: head\r\nContent-Length: 100\r\n\r\n"
                  "HTTP/1.1 304 Not Modified\r\nContent-Length: 7\r\n\r\n"
                  "HTTP/1.1 200 OK\r\nContent-Length: 4\r\nX-Tag: last\r\n\r\nlast");
    for (size_t step = 1; step <= bytes.n; step = step == 1 ? 7 : step * 20) {
        struct asker *k = begin(T, 0);
        ask(k, S("GET"));
        ask(k, S("HEAD"));
        ask(k, S("GET"));
        ask(k, S("GET"));
        hear(k, bytes, step);
        expect_s(buf_str(&k->log), S("200 abcde one|200  head|304  |200 last last|"));
        expect_i(http_client_unread(k->c), 0);
        end(k);
    }
}

TEST(the_client_joins_fragments_and_answers_pings)
{
    struct asker *k = begin(T, 0);
    expect_ok(http_client_upgrade(k->c, &(struct http_ask){ .path = S("/ws") }));
    hear(k, S("HTTP/1.1 101 Switching Protocols\r\n\r\n\x01\x02he\x89\x01p\x80\x03llo\x81\x01y"),
         1);
    expect_s(buf_str(&k->log), S("101  |9:p|1:hello|1:y|"));
    char got[1000];
    ssize_t n = recv(k->peer, got, sizeof got, MSG_DONTWAIT);
    must(n > 7);
    expect_i((u8)got[n - 7], 0x8a); /* a masked pong of one byte */
    end(k);
}

TEST(the_client_ends_with_a_peer_that_breaks_the_rules)
{
    static const struct {
        str bytes;
        err why;
    } rows[] = {
        { S_INIT("HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n"), E_INVALID },
        { S_INIT("nonsense\r\n\r\n"), E_INVALID },
        { S_INIT("HTTP/1.1 200 OK\nX: y\n\n"), E_INVALID },
        { S_INIT("HTTP/1.1 200 OK\r\nContent-Length: 1001\r\n\r\n"), E_LIMIT },
        { S_INIT("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nx\r\n"), E_INVALID },
        { S_INIT("HTTP/1.1 101 Switching Protocols\r\n\r\n\x81\x81xxxxx"), E_INVALID },
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct asker *k = begin(T, 1000);
        ask(k, S("GET"));
        hear(k, rows[i].bytes, rows[i].bytes.n);
        expect(k->closed);
        expect_i(k->why, rows[i].why);
        expect_err(http_client_ask(k->c, &(struct http_ask){ .path = S("/") }), E_CLOSED);
        end(k);
    }
}
