/* SPDX-License-Identifier: Apache-2.0 */
/* Every bound of struct http_limits, each passed by a peer that tries to. Time is pushed, never
 * waited for. */
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/os.h"
#include "base/rng.h"
#include "http/peers.h"
#include "http/rig_test.h"
#include "test/test.h"

#define GET "GET / HTTP/1.1\r\nHost: a\r\n\r\n"

TEST(a_connection_that_says_nothing_is_closed)
{
    struct rig *r = rig_new(T, false, NULL);
    struct wire *w = wire_open(r);
    rig_advance(r, 9 * USEC_S);
    expect(!wire_ended(w));
    rig_advance(r, 2 * USEC_S);
    expect(wire_ended(w));
    expect_i(rig_stats(r)->timeouts, 1);
    wire_close(w);
    rig_free(r);
}

TEST(a_head_that_trickles_in_has_ten_seconds_in_all)
{
    struct rig *r = rig_new(T, false, NULL);
    struct wire *w = wire_open(r);
    wire_send(w, S(GET));
    rig_advance(r, 60 * USEC_S); /* idle is another matter */
    str head = S("GET / HTTP/1.1\r\nHost: a\r\nX: yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy");
    for (size_t i = 0; i < 4; i++) {
        wire_send(w, str_sub(head, i * 10, i * 10 + 10));
        rig_advance(r, 3 * USEC_S);
    }
    str got = wire_read(w);
    expect(str_find(got, S("HTTP/1.1 408 ")) > 0);
    rig_advance(r, 3 * USEC_S);
    expect(wire_ended(w));
    wire_close(w);
    rig_free(r);
}

TEST(a_slow_body_is_cut_and_a_steady_one_is_not)
{
    struct rig *r = rig_new(T, false, NULL);
    struct wire *slow = wire_open(r), *steady = wire_open(r), *chunked = wire_open(r);
    str head = S("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 60000\r\n\r\n");
    char piece[2000];
    memset(piece, 'x', sizeof piece);
    wire_send(slow, head);
    wire_send(steady, head);
    wire_send(chunked, S("POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"));
    for (int i = 0; i < 30; i++) {
        rig_advance(r, USEC_S);
        wire_send(steady, (str){ piece, sizeof piece });
        wire_send(slow, (str){ piece, 10 });
        wire_send(chunked, S("1\r\nx\r\n"));
    }
    expect(str_starts(wire_read(steady), S("HTTP/1.1 200 ")));
    expect(str_starts(wire_read(slow), S("HTTP/1.1 408 ")));
    expect(str_starts(wire_read(chunked), S("HTTP/1.1 408 ")));
    wire_close(slow);
    wire_close(steady);
    wire_close(chunked);
    rig_free(r);
}

TEST(an_idle_connection_is_kept_for_75_seconds)
{
    struct rig *r = rig_new(T, false, NULL);
    struct wire *w = wire_open(r);
    for (int i = 0; i < 3; i++) {
        wire_send(w, S(GET));
        rig_advance(r, 70 * USEC_S);
        expect(!wire_ended(w));
    }
    rig_advance(r, 6 * USEC_S);
    expect(wire_ended(w));
    wire_close(w);
    rig_free(r);
}

TEST(connections_are_counted_in_all_and_by_address)
{
    for (int by_address = 0; by_address < 2; by_address++) {
        struct http_limits l = rig_small();
        *(by_address ? &l.conns_per_address : &l.conns_max) = 2;
        struct rig *r = rig_new(T, false, &l);
        struct wire *a = wire_open(r), *b = wire_open(r), *c = wire_open(r);
        expect(wire_ended(c) && !wire_ended(a) && !wire_ended(b));
        expect_i(rig_stats(r)->refused, 1);
        wire_close(a);
        rig_until(r, rig_stats(r)->conns == 1);
        wire_close(c);
        c = wire_open(r);
        wire_send(c, S(GET));
        expect(str_starts(wire_read(c), S("HTTP/1.1 200 ")));
        wire_close(b);
        wire_close(c);
        rig_free(r);
    }
}

TEST(one_connection_gets_a_bounded_turn)
{
    struct http_limits l = rig_small();
    l.pipelined_max = 4;
    struct rig *r = rig_new(T, false, &l);
    struct wire *w = wire_open(r);
    struct buf b = buf_in(T->arena, 10000);
    for (int i = 0; i < 20; i++)
        buf_put(&b, S(GET));
    must(send(w->fd, b.p, b.n, MSG_NOSIGNAL) == (ssize_t)b.n);
    loop_step(r->loop, 100);
    u64 first = rig_stats(r)->requests;
    expect(first >= 4 && first < 20 + 1);
    (void)wire_read(w);
    expect_i(rig_stats(r)->requests, 20);
    wire_close(w);
    rig_free(r);
}

TEST(a_connection_ends_after_its_share_of_requests)
{
    struct http_limits l = rig_small();
    l.requests_per_conn = 3;
    struct rig *r = rig_new(T, false, &l);
    str got = rig_talk(r, S(GET GET GET GET));
    expect_i(rig_stats(r)->requests, 3);
    expect(str_find(got, S("Connection: close")) > 0);
    rig_free(r);
}

TEST(heads_and_bodies_over_their_size_are_refused)
{
    struct http_limits l = rig_small();
    l.body_max = 100;
    struct rig *r = rig_new(T, false, &l);
    struct buf b = buf_in(T->arena, 1 << 20);
    buf_put(&b, S("GET / HTTP/1.1\r\nHost: a\r\nX: "));
    while (b.n < 200000)
        buf_char(&b, 'x');
    expect(str_starts(rig_talk(r, buf_str(&b)), S("HTTP/1.1 431 ")));
    expect(str_starts(rig_talk(r, S("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 101\r\n\r\n")),
                      S("HTTP/1.1 413 ")));
    expect(str_starts(
        rig_talk(r, S("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 999999999999999999\r\n\r\n")),
        S("HTTP/1.1 413 ")));
    buf_clear(&b);
    buf_put(&b, S("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"));
    for (int i = 0; i < 11; i++)
        buf_put(&b, S("a\r\n0123456789\r\n"));
    expect(str_starts(rig_talk(r, buf_str(&b)), S("HTTP/1.1 413 ")));
    struct wire *w = wire_open(r); /* and when it comes piece by piece */
    for (size_t at = 0; at < b.n; at += 40)
        wire_send(w, str_sub(buf_str(&b), at, at + 40));
    expect(str_starts(wire_read(w), S("HTTP/1.1 413 ")));
    wire_close(w);
    expect_i(rig_stats(r)->requests, 0);
    rig_free(r);
}

TEST(unfinished_bodies_are_bounded_in_all)
{
    struct http_limits l = rig_small();
    l.bodies_max = 300000;
    struct rig *r = rig_new(T, false, &l);
    struct wire *w[10];
    char piece[50000];
    size_t refused = 0;
    memset(piece, 'x', sizeof piece);
    for (size_t i = 0; i < COUNT(w); i++) {
        w[i] = wire_open(r);
        wire_send(w[i], i % 2 ? S("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 60000\r\n\r\n")
                              : S("POST /echo HTTP/1.1\r\nHost: a\r\n"
                                  "Transfer-Encoding: chunked\r\n\r\nEA60\r\n"));
        wire_send(w[i], (str){ piece, sizeof piece });
        expect(rig_stats(r)->body_bytes <= 300000 + 200000);
        refused += str_starts(wire_read(w[i]), S("HTTP/1.1 503 "));
    }
    expect(refused >= 3 && refused < 9);
    for (size_t i = 1; i < COUNT(w); i++)
        wire_close(w[i]);
    wire_send(w[0], (str){ piece, 10000 }); /* who was in early is served */
    wire_send(w[0], S("\r\n0\r\n\r\n"));
    expect(str_starts(wire_read(w[0]), S("HTTP/1.1 200 ")));
    wire_close(w[0]);
    rig_until(r, rig_stats(r)->conns == 0);
    rig_step(r, 2);
    expect_i(rig_stats(r)->body_bytes, 0);
    rig_free(r);
}

TEST(a_refusal_arrives_although_the_client_is_still_sending)
{
    struct rig *r = rig_new(T, false, NULL);
    struct wire *w = wire_open(r);
    char piece[10000];
    memset(piece, 'x', sizeof piece);
    wire_send(w, S("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100000000\r\n\r\n"));
    for (int i = 0; i < 50; i++)
        wire_send(w, (str){ piece, sizeof piece });
    expect(str_starts(wire_read(w), S("HTTP/1.1 413 ")));
    rig_advance(r, 3 * USEC_S);
    rig_until(r, rig_stats(r)->conns == 0);
    wire_close(w);
    rig_free(r);
}

static void stalls(struct T *T, bool tls)
{
    struct rig *r = rig_new(T, tls, NULL);
    struct caller *c = caller_new(r);
    (void)caller_get(c, "/");
    http_client_pause(c->c, true);
    for (int i = 0; i < 6; i++)
        caller_ask(c, "GET", i % 2 ? "/big-static" : "/big", S(""));
    rig_step(r, 20);
    expect(rig_stats(r)->requests < 7); /* it does not go on while the answer is stuck */
    rig_advance(r, 29 * USEC_S);
    expect_i(rig_stats(r)->conns, 1);
    rig_advance(r, 2 * USEC_S);
    expect_i(rig_stats(r)->conns, 0);
    expect_i(rig_stats(r)->timeouts, 1);
    caller_free(c);
    rig_free(r);
}

TEST(a_peer_that_never_reads_is_cut_plain)
{
    stalls(T, false);
}
TEST(a_peer_that_never_reads_is_cut_tls)
{
    stalls(T, true);
}

TEST(a_peer_that_sips_is_cut_in_the_end)
{
    struct rig *r = rig_new(T, false, NULL);
    struct wire *w = wire_open(r);
    wire_send(w, S("GET /big HTTP/1.1\r\nHost: a\r\n\r\n"));
    int seconds = 0;
    char sip[64];
    while (rig_stats(r)->conns && seconds < 300) {
        rig_advance(r, 5 * USEC_S);
        seconds += 5;
        IGNORE((err)(recv(w->fd, sip, sizeof sip, MSG_DONTWAIT) < 0));
    }
    expect(seconds < 60);
    wire_close(w);
    rig_free(r);
}

TEST(handshakes_have_a_time_and_a_number)
{
    struct http_limits l = rig_small();
    l.handshakes_max = 2;
    struct rig *r = rig_new(T, true, &l);
    struct wire *a = wire_open(r), *b = wire_open(r), *c = wire_open(r);
    expect(wire_ended(a) && !wire_ended(b) && !wire_ended(c)); /* the oldest goes */
    expect_i(rig_stats(r)->handshakes_dropped, 1);
    struct caller *good = caller_new(r);
    expect_i(caller_get(good, "/")->status, 200);
    rig_advance(r, 11 * USEC_S);
    expect(wire_ended(b) && wire_ended(c));
    expect_i(rig_stats(r)->handshaking, 0);
    expect_i(caller_get(good, "/")->status, 200);
    caller_free(good);
    wire_close(a);
    wire_close(b);
    wire_close(c);
    rig_free(r);
}

TEST(a_storm_of_handshakes_is_spread_over_ticks)
{
    struct http_limits l = rig_small();
    l.handshakes_per_tick = 2;
    struct rig *r = rig_new(T, true, &l);
    struct caller *c[12];
    for (size_t i = 0; i < COUNT(c); i++) {
        c[i] = caller_new(r);
        caller_ask(c[i], "GET", "/", S(""));
    }
    u64 before = 0;
    for (int i = 0; i < 200 && rig_stats(r)->handshakes < COUNT(c); i++) {
        loop_step(r->loop, 5);
        expect(rig_stats(r)->handshakes - before <= 2);
        before = rig_stats(r)->handshakes;
    }
    for (size_t i = 0; i < COUNT(c); i++) {
        rig_until(r, c[i]->n == 1);
        caller_free(c[i]);
    }
    rig_free(r);
}

TEST(when_descriptors_run_out_accepting_rests_and_comes_back)
{
    struct rig *r = rig_new(T, false, NULL);
    int fds[1100], n = 0;
    struct wire *w = NEW(T->arena, struct wire);
    *w = (struct wire){ .r = r, .in = buf_in(T->arena, 1 << 20) };
    expect_ok(net_connect("127.0.0.1", r->port, &w->fd));
    struct rlimit few = { 64, 64 };
    must(setrlimit(RLIMIT_NOFILE, &few) == 0);
    while (n < (int)COUNT(fds) && (fds[n] = dup(0)) >= 0)
        n++;
    rig_step(r, 50);
    expect_i(rig_stats(r)->accepted, 0);
    while (n)
        os_close(fds[--n]);
    rig_advance(r, USEC_S);
    wire_send(w, S(GET));
    expect(str_starts(wire_read(w), S("HTTP/1.1 200 ")));
    wire_close(w);
    rig_free(r);
}

TEST(addresses_are_counted_rightly_through_growth_and_removal)
{
    struct peers t = { 0 };
    u8 ip[16] = { [10] = 0xff, [11] = 0xff };
    u32 want[1000] = { 0 };
    struct rng_seeded rng = { T->seed };
    for (int i = 0; i < 20000; i++) {
        u32 k = (u32)rng_next_below(&rng, COUNT(want));
        ip[14] = (u8)(k >> 8);
        ip[15] = (u8)k;
        if (want[k] && rng_next_below(&rng, 2)) {
            peers_drop(&t, ip);
            want[k]--;
        } else {
            expect_i(peers_add(&t, ip), ++want[k]);
        }
    }
    u32 there = 0;
    for (u32 k = 0; k < COUNT(want); k++)
        there += want[k] > 0;
    expect_i(t.n, there);
    u8 six[16] = { 0x20, 0x01, 0, 1, 0, 2, 0, 3, 1 },
       same[16] = { 0x20, 0x01, 0, 1, 0, 2, 0, 3, 2 }, other[16] = { 0x20, 1, 9 };
    expect_i(peers_add(&t, six), 1);
    expect_i(peers_add(&t, same), 2); /* one /64 */
    expect_i(peers_add(&t, other), 1);
    peers_free(&t);
}
