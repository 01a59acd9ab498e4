/* SPDX-License-Identifier: Apache-2.0 */
/* Many peers at once that do anything at any time: whole requests, halves, nonsense, frames,
 * silence, leaving in the middle, while answers are kept, dropped and given late and the clock
 * jumps. Whatever they do, the server answers the next honest client, and in the end nothing is
 * left of them. */
#include <string.h>
#include <sys/socket.h>

#include "base/fault.h"
#include "base/os.h"
#include "base/rng.h"
#include "http/rig_test.h"
#include "test/test.h"

enum { PEERS = 12 };

static const str phrases[] = {
    S_INIT("GET /a HTTP/1.1\r\nHost: a\r\n\r\n"),
    S_INIT("GET /keep HTTP/1.1\r\nHost: a\r\n\r\n"),
    S_INIT("GET /big HTTP/1.1\r\nHost: a\r\n\r\n"),
    S_INIT("GET /big-arena HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"),
    S_INIT("GET /big-static HTTP/1.1\r\nHost: a\r\n\r\n"),
    S_INIT("HEAD /big HTTP/1.1\r\nHost: a\r\n\r\n"),
    S_INIT("GET /close HTTP/1.1\r\nHost: a\r\n\r\nGET /a HTTP/1.1\r\nHost: a\r\n\r\n"),
    S_INIT("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello"),
    S_INIT("POST /keep HTTP/1.1\r\nHost: a\r\nContent-Length: 20000\r\n\r\n"),
    S_INIT("POST /keep HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"),
    S_INIT("POST /echo HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n"),
    S_INIT("5\r\nhello\r\n"),
    S_INIT("0\r\n\r\n"),
    S_INIT("abc"),
    S_INIT("\r\n"),
    S_INIT("GET /ws HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
           "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"),
    S_INIT("\x81\x85\0\0\0\0hello"),
    S_INIT("\x01\x82\0\0\0\0ab"),
    S_INIT("\x80\x81\0\0\0\0c"),
    S_INIT("\x89\x80\0\0\0\0"),
    S_INIT("\x88\x80\0\0\0\0"),
    S_INIT("\x81\x88\0\0\0\0close me"),
    S_INIT("\x81\xfe\x10\x00\0\0\0\0"),
};

static void speak(struct wire *w, struct rng_seeded *g)
{
    static const char filler[30000];
    str s = phrases[rng_next_below(g, COUNT(phrases))];
    if (rng_next_below(g, 8) == 0)
        s = (str){ filler, rng_next_below(g, sizeof filler) };
    if (rng_next_below(g, 4) == 0)
        s = str_sub(s, 0, rng_next_below(g, s.n + 1));
    (void)send(w->fd, s.p, s.n, MSG_NOSIGNAL | MSG_DONTWAIT);
}

static void listen_to(struct wire *w, struct rng_seeded *g)
{
    static char into[100000];
    (void)recv(w->fd, into, rng_next_below(g, sizeof into), MSG_DONTWAIT);
}

static void settle_kept(struct rig *r, struct rng_seeded *g)
{
    if (!r->n_kept)
        return;
    size_t i = rng_next_below(g, r->n_kept);
    struct http_req *q = r->kept[i];
    r->kept[i] = r->kept[--r->n_kept];
    if (rng_next_below(g, 5) == 0)
        http_req_drop(q);
    else
        http_reply(q, &(struct http_reply){ .status = 200, .body = q->body });
}

static void act(struct rig *r, struct wire **w, struct rng_seeded *g)
{
    struct wire *one = w[rng_next_below(g, PEERS)];
    switch (rng_next_below(g, 12)) {
    case 0:
        os_close(one->fd);
        must(net_connect("127.0.0.1", r->port, &one->fd) == E_NONE);
        break;
    case 1: rig_advance(r, (usec)rng_next_below(g, 20 * USEC_S)); break;
    case 2: settle_kept(r, g); break;
    case 3: listen_to(one, g); break;
    case 4:
        for (int i = 0; i < 20; i++)
            IGNORE(ws_send_text(r->server, r->ws, S("to whoever it is")));
        break;
    case 5:
        if (rng_next_below(g, 4) == 0)
            ws_close(r->server, r->ws, WS_POLICY, S("enough"));
        break;
    case 6: (void)shutdown(one->fd, SHUT_WR); break;
    default: speak(one, g);
    }
    while (r->n_kept > KEPT_MAX - PEERS)
        settle_kept(r, g);
    rig_step(r, (int)rng_next_below(g, 3));
}

static void run(struct T *T, u64 seed, bool faulty)
{
    struct http_limits l = rig_small();
    struct rng_seeded g = { seed };
    l.ws_queue_max = 5000;
    l.pipelined_max = 3;
    struct rig *r = rig_new(T, false, &l);
    struct wire *w[PEERS];
    for (size_t i = 0; i < PEERS; i++)
        w[i] = wire_open(r);
    if (faulty)
        fault_arm(FAULT_SOCKET, 1 + (u32)rng_next_below(&g, 300), false);
    for (int i = 0; i < 600; i++)
        act(r, w, &g);
    (void)fault_disarm();
    rig_advance(r, USEC_S);
    struct caller *honest = caller_new(r);
    expect_s(caller_get(honest, "/honest")->body, S("/honest"));
    caller_free(honest);
    for (size_t i = 0; i < PEERS; i++)
        os_close(w[i]->fd);
    while (r->n_kept)
        settle_kept(r, &g);
    rig_until(r, rig_stats(r)->conns == 0);
    expect_i(rig_stats(r)->busy, 0);
    expect_i(rig_stats(r)->websockets, 0);
    expect_i(r->ws_open, r->ws_closed);
    rig_free(r);
}

TEST(unruly_peers_leave_nothing_behind)
{
    for (u64 i = 0; i < 5; i++)
        run(T, T->seed + i, false);
}

TEST(unruly_peers_and_failing_sockets_leave_nothing_behind)
{
    for (u64 i = 0; i < 5; i++)
        run(T, T->seed + 100 + i, true);
}
