/* SPDX-License-Identifier: Apache-2.0 */
/* WebSocket framing: what RFC 6455 shows, what it forbids, and text that is cut in the middle of a
 * character. */
#include "wire/ws.h"

#include <string.h>

#include "base/rng.h"
#include "base/utf8.h"
#include "test/test.h"

static const struct ws_rules from_server = { false, 1000 }, from_client = { true, 1000 };

static err read_one(const struct ws_rules *rules, struct ws_state *s, str bytes,
                    struct ws_frame *ret, u16 *ret_code)
{
    static char copy[70000];
    must(bytes.n <= sizeof copy);
    memcpy(copy, bytes.p, bytes.n);
    struct ws_lack lack;
    err e = ws_next(s, rules, (str){ copy, bytes.n }, ret, &lack);
    if (e == E_AGAIN)
        expect(lack.need > bytes.n);
    *ret_code = lack.code;
    return e;
}

TEST(the_examples_of_the_rfc)
{
    struct ws_state s = { 0 };
    struct ws_frame f;
    u16 code;
    char accept[WS_ACCEPT_BYTES];
    ws_accept_put(accept, S("dGhlIHNhbXBsZSBub25jZQ=="));
    expect_s(((str){ accept, sizeof accept }), S("s3pPLMBiTxaQ9kYGzzhZRbK+xOo="));
    expect_ok(read_one(&from_server, &s, S("\x81\x05Hello"), &f, &code));
    expect_s(((str){ f.payload, f.n }), S("Hello"));
    expect_ok(
        read_one(&from_client, &s, S("\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58"), &f, &code));
    expect_s(((str){ f.payload, f.n }), S("Hello"));
    expect_i(f.used, 11);
    expect_ok(read_one(&from_server, &s, S("\x01\x03Hel"), &f, &code));
    expect(f.begins && !f.ends && f.op == WS_TEXT);
    expect_ok(read_one(&from_server, &s, S("\x89\x05Hello"), &f, &code)); /* a ping in between */
    expect_i(f.op, WS_PING);
    expect_ok(read_one(&from_server, &s, S("\x80\x02lo"), &f, &code));
    expect(!f.begins && f.ends && f.op == WS_TEXT);
    expect_i(s.op, 0);
}

struct bad {
    str bytes;
    u16 code;
};

TEST(what_the_rfc_forbids_ends_the_connection)
{
    static const struct bad bad[] = {
        { S_INIT("\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58"),
          WS_PROTOCOL },                     /* masked by a server */
        { S_INIT("\xc1\x00"), WS_PROTOCOL }, /* reserved bits */
        { S_INIT("\x91\x00"), WS_PROTOCOL },
        { S_INIT("\x83\x00"), WS_PROTOCOL }, /* unknown opcodes */
        { S_INIT("\x8b\x00"), WS_PROTOCOL },
        { S_INIT("\x80\x00"), WS_PROTOCOL },              /* a continuation of nothing */
        { S_INIT("\x09\x00"), WS_PROTOCOL },              /* a fragmented ping */
        { S_INIT("\x89\x7e\x00\x7e"), WS_PROTOCOL },      /* a long ping */
        { S_INIT("\x82\x7e\x00\x05hello"), WS_PROTOCOL }, /* not the shortest length */
        { S_INIT("\x82\x7f\0\0\0\0\0\0\xff\xff"), WS_PROTOCOL },
        { S_INIT("\x82\x7f\x80\0\0\0\0\0\0\0"), WS_PROTOCOL },
        { S_INIT("\x82\x7e\x03\xe9"), WS_TOO_BIG }, /* 1001 bytes: refused before they come */
        { S_INIT("\x82\x7f\0\0\0\1\0\0\0\0"), WS_TOO_BIG },
        { S_INIT("\x81\x01\xff"), WS_BAD_TEXT },
        { S_INIT("\x81\x02\xc3\x28"), WS_BAD_TEXT },
        { S_INIT("\x81\x01\xc3"), WS_BAD_TEXT },         /* ends inside a character */
        { S_INIT("\x81\x03\xed\xa0\x80"), WS_BAD_TEXT }, /* a surrogate */
        { S_INIT("\x88\x01x"), WS_PROTOCOL },            /* half a close code */
        { S_INIT("\x88\x02\x03\xe7"), WS_PROTOCOL },     /* 999 */
        { S_INIT("\x88\x02\x03\xed"), WS_PROTOCOL },     /* 1005 */
        { S_INIT("\x88\x02\x03\xee"), WS_PROTOCOL },     /* 1006 */
        { S_INIT("\x88\x02\x07\xd0"), WS_PROTOCOL },     /* 2000 */
        { S_INIT("\x88\x03\x03\xe8\xff"), WS_BAD_TEXT },
    };
    for (size_t i = 0; i < COUNT(bad); i++) {
        struct ws_state s = { 0 };
        struct ws_frame f;
        u16 code = 0;
        err e = read_one(&from_server, &s, bad[i].bytes, &f, &code);
        if ((e != E_INVALID && e != E_LIMIT) || code != bad[i].code)
            test_failed(__FILE__, __LINE__, "row %zu: error %d, code %u", i, (int)e, code);
    }
    struct ws_state s = { 0 };
    struct ws_frame f;
    u16 code;
    expect_err(read_one(&from_client, &s, S("\x81\x05Hello"), &f, &code),
               E_INVALID); /* a client must mask */
    expect_ok(read_one(&from_server, &s, S("\x01\x01x"), &f, &code));
    expect_err(read_one(&from_server, &s, S("\x81\x01x"), &f, &code),
               E_INVALID); /* a message inside a message */
    s = (struct ws_state){ WS_BINARY, 0, 990 };
    expect_err(read_one(&from_server, &s, S("\x80\x0bhello world"), &f, &code),
               E_LIMIT); /* the sum counts */
    expect_i(code, WS_TOO_BIG);
}

TEST(text_is_checked_across_fragments)
{
    str text = S("a\xc3\xa9\xe4\xb8\xad\xf0\x9f\x98\x80z");
    for (size_t cut = 0; cut <= text.n; cut++) {
        struct ws_state s = { 0 };
        struct ws_frame f;
        u16 code;
        SCRATCH(t);
        str one = str_fmt(t.a, "\x01%c" STR_FMT, (char)cut, STR_ARG(str_sub(text, 0, cut)));
        str two =
            str_fmt(t.a, "X%c" STR_FMT, (char)(text.n - cut), STR_ARG(str_sub(text, cut, text.n)));
        if (cut == 0 || cut == text.n)
            continue; /* str_fmt cannot print a NUL */
        *(char *)(uintptr_t)two.p = (char)0x80;
        expect_ok(read_one(&from_server, &s, one, &f, &code));
        expect_ok(read_one(&from_server, &s, two, &f, &code));
    }
    struct ws_state s = { 0 };
    struct ws_frame f;
    u16 code = 0;
    expect_ok(read_one(&from_server, &s, S("\x01\x01\xe4"), &f, &code));
    expect_err(read_one(&from_server, &s, S("\x80\x01x"), &f, &code), E_INVALID);
    expect_i(code, WS_BAD_TEXT);
}

TEST(utf8_agrees_with_the_whole_text_check)
{
    struct rng_seeded r = { T->seed };
    for (int i = 0; i < 200000; i++) {
        char p[12];
        size_t n = rng_next_below(&r, sizeof p);
        static const u8 likely[] = { 0xe0, 0xed, 0xf0, 0xf4, 0xc2, 0x80, 0x9f, 0xa0,
                                     0xbf, 0x8f, 0x90, 'a',  0xf5, 0xc1, 0xff };
        for (size_t k = 0; k < n; k++)
            p[k] = (char)likely[rng_next_below(&r, sizeof likely)];
        size_t cut = rng_next_below(&r, n + 1);
        u8 state = 0;
        bool ok = ws_utf8(&state, (str){ p, cut }) && ws_utf8(&state, (str){ p + cut, n - cut }) &&
                  state == 0;
        expect_i(ok, utf8_valid((str){ p, n }));
    }
}

TEST(frames_written_are_read_back_cut_anywhere)
{
    struct rng_seeded r = { T->seed };
    static const size_t sizes[] = { 0, 1, 7, 8, 9, 125, 126, 127, 65535, 65536, 65600 };
    struct ws_rules rules = { true, 1 << 20 };
    for (size_t i = 0; i < COUNT(sizes); i++) {
        size_t n = sizes[i];
        char *p = arena_get(T->arena, 1, n + WS_HEAD_MAX, 1),
             *clear = arena_get(T->arena, 1, n + 1, 1);
        u8 mask[4] = { 1, 2, 3, (u8)rng_next(&r) };
        char head[WS_HEAD_MAX];
        size_t head_n = ws_head_put(head, WS_BINARY, true, n, mask);
        memcpy(p, head, head_n);
        for (size_t k = 0; k < n; k++)
            clear[k] = p[head_n + k] = (char)rng_next(&r);
        size_t half = n / 3;
        ws_mask(p + head_n, half, mask, 0);
        ws_mask(p + head_n + half, n - half, mask, half);
        for (size_t k = 0; k < n; k++)
            must((u8)p[head_n + k] == ((u8)clear[k] ^ mask[k & 3]));
        struct ws_state s = { 0 };
        struct ws_frame f;
        struct ws_lack lack;
        for (size_t cut = 0; cut < MIN(head_n + n, (size_t)20); cut++)
            expect_err(ws_next(&s, &rules, (str){ p, cut }, &f, &lack), E_AGAIN);
        expect_ok(ws_next(&s, &rules, (str){ p, head_n + n }, &f, &lack));
        expect_i(f.n, n);
        expect(n == 0 || !memcmp(f.payload, clear, n));
    }
}

TEST(keys_and_codes)
{
    expect(ws_key_ok(S("dGhlIHNhbXBsZSBub25jZQ==")));
    expect(!ws_key_ok(S("dGhlIHNhbXBsZSBub25jZQ=")));
    expect(!ws_key_ok(S("dGhlIHNhbXBsZSBub25jZQ!!")));
    expect(!ws_key_ok(S("dGhlIHNhbXBsZSBub25j\rQ==")));
    expect(ws_code_ok(1000) && ws_code_ok(1013) && ws_code_ok(3000) && ws_code_ok(4999));
    expect(!ws_code_ok(0) && !ws_code_ok(1004) && !ws_code_ok(1015) && !ws_code_ok(2999) &&
           !ws_code_ok(5000));
    char payload[WS_CONTROL_MAX];
    SCRATCH(s);
    str reason = str_fmt(s.a, "%0122d\xe4\xb8\xad", 0); /* 125 bytes: the character does not fit */
    expect_i(ws_close_put(payload, 1000, reason), 2 + 122);
}
