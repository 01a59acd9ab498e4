/* SPDX-License-Identifier: Apache-2.0 */
/* WebSockets through the whole server: the handshake, messages whole and in pieces, what is refused
 * and with which code, back-pressure, signs of life, closing from both sides. */
#include "http/ws.h"

#include <string.h>

#include "http/rig_test.h"
#include "test/test.h"

static struct caller *ws_open(struct rig *r)
{
    struct caller *c = caller_new(r);
    u32 open = r->ws_open;
    expect_ok(http_client_upgrade(c->c, &(struct http_ask){ .path = S("/ws") }));
    rig_until(r, r->ws_open == open + 1 && c->n == 1);
    expect_i(c->seen[0].status, 101);
    return c;
}

static void say(struct caller *c, enum ws_op op, str payload)
{
    expect_ok(http_client_ws(c->c, op, payload));
}

static void echoes(struct T *T, bool tls)
{
    struct rig *r = rig_new(T, tls, NULL);
    struct caller *c = ws_open(r);
    say(c, WS_TEXT, S("hello"));
    say(c, WS_TEXT, S(""));
    say(c, WS_PING, S("?"));
    say(c, WS_TEXT, S("\xe4\xb8\xad\xe6\x96\x87"));
    rig_until(r, c->texts == 3 && c->pongs == 1);
    expect_s(buf_str(&c->frames), S("hello||\xe4\xb8\xad\xe6\x96\x87|"));
    char *big = arena_get(T->arena, 1, 200000, 1);
    memset(big, 'b', 200000);
    say(c, WS_TEXT, (str){ big, 200000 });
    rig_until(r, c->texts == 4);
    expect_i(c->bytes, 5 + 6 + 200000);
    say(c, WS_CLOSE,
        S("\x03\xe8"
          "bye"));
    rig_until(r, c->closed && r->ws_closed == 1);
    expect_i(r->ws_code, 1000);
    expect_i(c->close_code, 1000);
    rig_until(r, rig_stats(r)->conns == 0);
    expect_i(rig_stats(r)->websockets, 0);
    caller_free(c);
    rig_free(r);
}

TEST(messages_are_echoed_plain)
{
    echoes(T, false);
}
TEST(messages_are_echoed_tls)
{
    echoes(T, true);
}

#define UP                                                            \
    "GET /ws HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: " \
    "websocket\r\nSec-WebSocket-Version: 13\r\n"                      \
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"

TEST(the_handshake_is_strict)
{
    static const struct {
        str head;
        str status;
    } rows[] = {
        { S_INIT("GET /ws HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: "
                 "websocket\r\nSec-WebSocket-Version: 12\r\n"
                 "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"),
          S_INIT("HTTP/1.1 426 ") },
        { S_INIT("GET /ws HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: "
                 "websocket\r\nSec-WebSocket-Version: 13\r\n"
                 "Sec-WebSocket-Key: short\r\n\r\n"),
          S_INIT("HTTP/1.1 400 ") },
        { S_INIT(
              "GET /ws HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
              "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"),
          S_INIT("HTTP/1.1 400 ") },
        { S_INIT(
              "POST /ws HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: "
              "websocket\r\nContent-Length: 0\r\n"
              "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"),
          S_INIT("HTTP/1.1 400 ") },
        { S_INIT("GET /ws HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n"),
          S_INIT("HTTP/1.1 400 ") },
        { S_INIT(UP), S_INIT("HTTP/1.1 101 Switching Protocols\r\n") },
    };
    struct rig *r = rig_new(T, false, NULL);
    for (size_t i = 0; i < COUNT(rows); i++) {
        str got = rig_talk(r, rows[i].head);
        if (!str_starts(got, rows[i].status))
            test_failed(__FILE__, __LINE__, "row %zu: " STR_FMT, i, STR_ARG(got));
    }
    expect(str_find(rig_talk(r, S(UP)),
                    S("Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n")) > 0);
    rig_free(r);
}

struct row {
    str bytes;
    u16 code;
};

TEST(what_breaks_the_rules_is_closed_with_the_right_code)
{
    static const struct row rows[] = {
        { S_INIT("\x81\x05hello"), WS_PROTOCOL }, /* unmasked */
        { S_INIT("\xc1\x80\0\0\0\0"), WS_PROTOCOL },
        { S_INIT("\x80\x80\0\0\0\0"), WS_PROTOCOL },
        { S_INIT("\x81\x81\0\0\0\0\xff"), WS_BAD_TEXT },
        { S_INIT("\x01\x81\0\0\0\0\xe4\x80\x81\0\0\0\0x"), WS_BAD_TEXT },
        { S_INIT("\x81\xff\0\0\0\0\0\x10\0\0\0\0\0\0"), WS_TOO_BIG },
        { S_INIT("\x82\x81\0\0\0\0x"), WS_UNSUPPORTED }, /* no on_binary */
    };
    struct rig *r = rig_new(T, false, NULL);
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct wire *w = wire_open(r);
        wire_send(w, S(UP));
        size_t head = wire_read(w).n;
        wire_send(w, rows[i].bytes);
        wire_send(w, S("\x81\x81\0\0\0\0y")); /* what follows is not heard */
        str got = str_sub(wire_read(w), head, SIZE_MAX);
        u16 code = got.n >= 4 ? (u16)((u8)got.p[2] << 8 | (u8)got.p[3]) : 0;
        if (got.n < 4 || (u8)got.p[0] != 0x88 || code != rows[i].code || r->ws_code != rows[i].code)
            test_failed(__FILE__, __LINE__, "row %zu: %zu bytes, code %u, told %u", i, got.n, code,
                        r->ws_code);
        expect_i(r->ws_closed, i + 1);
        wire_close(w);
    }
    expect_i(r->ws_in.n, 0);
    rig_free(r);
}

TEST(fragments_and_cut_frames_are_joined)
{
    struct rig *r = rig_new(T, false, NULL);
    struct wire *w = wire_open(r);
    str bytes =
        S(UP "\x01\x82\0\0\0\0\xe4\xb8\x89\x81\0\0\0\0p\x80\x81\0\0\0\0\xad\x81\x83\1\2\3\4`ag");
    for (size_t i = 0; i < bytes.n; i++)
        wire_send(w, str_sub(bytes, i, i + 1));
    expect_s(buf_str(&r->ws_in), S("\xe4\xb8\xad|acd|"));
    wire_close(w);
    rig_until(r, r->ws_closed == 1);
    expect_i(r->ws_code, WS_ABNORMAL);
    w = wire_open(r);
    wire_send(w, bytes); /* and all at once, behind the request */
    expect_s(buf_str(&r->ws_in), S("\xe4\xb8\xad|acd|\xe4\xb8\xad|acd|"));
    wire_close(w);
    rig_free(r);
}

TEST(a_kept_request_can_become_a_socket_later_or_find_nobody)
{
    struct rig *r = rig_new(T, true, NULL);
    struct caller *c = caller_new(r), *gone = caller_new(r);
    expect_ok(http_client_upgrade(c->c, &(struct http_ask){ .path = S("/ws-later") }));
    rig_until(r, r->n_kept == 1);
    expect_ok(http_client_upgrade(gone->c, &(struct http_ask){ .path = S("/ws-later") }));
    rig_until(r, r->n_kept == 2);
    caller_free(gone);
    rig_advance(r, USEC_S);
    rig_accept(r, 0);
    rig_accept(r, 1);
    rig_until(r, c->n == 1);
    expect_i(c->seen[0].status, 101);
    say(c, WS_TEXT, S("at last"));
    rig_until(r, c->texts == 1);
    rig_until(r, rig_stats(r)->conns == 1);
    caller_free(c);
    rig_free(r);
}

static void back_pressure(struct T *T, bool tls)
{
    struct http_limits l = rig_small();
    l.ws_queue_max = 100000;
    struct rig *r = rig_new(T, tls, &l);
    struct caller *c = ws_open(r);
    char text[10000];
    memset(text, 'q', sizeof text);
    http_client_pause(c->c, true);
    u32 sent = 0;
    err e = E_NONE;
    for (int i = 0; i < 5000 && e == E_NONE; i++) {
        e = ws_send_text(r->server, r->ws, (str){ text, sizeof text });
        sent += e == E_NONE;
        expect(ws_queued(r->server, r->ws) <= 100000 + 2000);
        loop_step(r->loop, 0);
    }
    expect_err(e, E_LIMIT);
    expect(ws_queued(r->server, r->ws) > 0);
    expect_i(r->drains, 0);
    struct caller *other = ws_open(r); /* nobody else is held up */
    say(other, WS_TEXT, S("I read"));
    rig_until(r, other->texts == 1);
    http_client_pause(c->c, false);
    rig_until(r, c->texts == sent && r->drains == 1);
    expect_i(c->bytes, sent * sizeof text);
    caller_free(c);
    caller_free(other);
    rig_free(r);
}

TEST(a_socket_that_does_not_read_is_told_of_alone_plain)
{
    back_pressure(T, false);
}
TEST(a_socket_that_does_not_read_is_told_of_alone_tls)
{
    back_pressure(T, true);
}

TEST(a_full_socket_can_be_closed_with_try_later)
{
    struct http_limits l = rig_small();
    l.ws_queue_max = 50000;
    struct rig *r = rig_new(T, true, &l);
    struct caller *c = ws_open(r);
    char text[10000];
    memset(text, 'q', sizeof text);
    http_client_pause(c->c, true);
    while (ws_send_text(r->server, r->ws, (str){ text, sizeof text }) == E_NONE)
        loop_step(r->loop, 0);
    ws_close(r->server, r->ws, WS_TRY_LATER, S("too slow"));
    expect_err(ws_send_text(r->server, r->ws, S("more")), E_CLOSED);
    http_client_pause(c->c, false);
    rig_until(r, c->closed && r->ws_closed == 1);
    expect_i(c->close_code, WS_TRY_LATER);
    expect_i(r->ws_code, WS_TRY_LATER);
    caller_free(c);
    rig_free(r);
}

TEST(many_sends_of_one_tick_leave_in_one_write)
{
    struct rig *r = rig_new(T, false, NULL);
    struct wire *w = wire_open(r);
    wire_send(w, S(UP));
    size_t head = wire_read(w).n;
    for (int i = 0; i < 10; i++)
        expect_ok(ws_send_text(r->server, r->ws, S("x")));
    expect_ok(ws_send_binary(r->server, r->ws, S("y")));
    expect_i(ws_queued(r->server, r->ws), 33);
    loop_step(r->loop, 0);
    expect_i(ws_queued(r->server, r->ws), 0);
    expect_i(wire_read(w).n, head + 33);
    expect_i((u8)wire_read(w).p[head + 30], 0x82);
    wire_close(w);
    rig_free(r);
}

TEST(a_silent_socket_is_asked_after_30_seconds_and_cut_after_60)
{
    struct rig *r = rig_new(T, true, NULL);
    struct caller *lively = ws_open(r), *dead = ws_open(r);
    for (int i = 1; i <= 5; i++) {
        if (i == 2)
            http_client_pause(dead->c, true); /* it answered once, then no more */
        rig_advance(r, 31 * USEC_S);
        rig_step(r, 10);
    }
    rig_until(r, r->ws_closed == 1);
    expect_i(r->ws_code, WS_ABNORMAL);
    expect(lively->pings >= 4 && !lively->closed);
    expect_i(rig_stats(r)->websockets, 1);
    caller_free(lively);
    caller_free(dead);
    rig_free(r);
}

TEST(the_server_closes_and_waits_for_the_answer_only_so_long)
{
    struct rig *r = rig_new(T, false, NULL);
    struct caller *c = ws_open(r);
    say(c, WS_TEXT, S("close me"));
    rig_until(r, c->closed && r->ws_closed == 1);
    expect_i(c->close_code, 4001);
    expect_i(r->ws_code, 4001);
    caller_free(c);
    struct wire *w = wire_open(r);
    wire_send(w, S(UP));
    ws_close(r->server, r->ws, WS_POLICY, S(""));
    rig_step(r, 5);
    expect(!wire_ended(w));
    expect_i(r->ws_closed, 1);
    rig_advance(r, 6 * USEC_S);
    expect(wire_ended(w));
    expect_i(r->ws_closed, 2);
    wire_close(w);
    rig_free(r);
}

TEST(a_flood_of_pings_without_reading_ends)
{
    struct http_limits l = rig_small();
    l.ws_queue_max = 20000;
    struct rig *r = rig_new(T, false, &l);
    struct caller *c = ws_open(r);
    char text[125];
    memset(text, 'p', sizeof text);
    http_client_pause(c->c, true);
    for (int i = 0; i < 200000 && !r->ws_closed; i++) {
        if (http_client_ws(c->c, WS_PING, (str){ text, sizeof text }) != E_NONE)
            break;
        if (i % 100 == 0)
            loop_step(r->loop, 0);
    }
    rig_until(r, r->ws_closed == 1);
    expect_i(r->ws_code, WS_POLICY);
    caller_free(c);
    rig_free(r);
}
