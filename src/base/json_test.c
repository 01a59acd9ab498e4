/* SPDX-License-Identifier: Apache-2.0 */
/* What JSON readers rely on: exactly RFC 8259 is read, faults are found at their place, nothing
 * changes on the way round. */
#include <math.h>
#include <string.h>

#include "base/fault.h"
#include "base/json.h"
#include "base/rng.h"
#include "base/utf8.h"
#include "test/test.h"

static const struct json *parsed(struct T *T, str text)
{
    const struct json *v = NULL;
    size_t at = 0;
    err e = json_parse(T->arena, text, &v, &at);
    if (e)
        test_failed(__FILE__, __LINE__, "\"" STR_FMT "\": %s at %zu", STR_ARG(text), err_text(e),
                    at);
    return v;
}

static str printed(struct T *T, const struct json *v)
{
    struct buf b = buf_in(T->arena, 16 << 20);
    json_put(&b, v);
    str s = { 0 };
    expect_ok(buf_done(&b, &s));
    return s;
}

struct refusal {
    const char *text;
    size_t at;
};

static void expect_refused(struct T *T, str text, err code, size_t at)
{
    static const struct json untouched;
    const struct json *v = &untouched;
    size_t pos = 9999;
    err e = json_parse(T->arena, text, &v, &pos);
    if (e != code || pos != at || v != &untouched)
        test_failed(__FILE__, __LINE__, "\"" STR_FMT "\": %s at %zu, expected %s at %zu",
                    STR_ARG(text), err_text(e), pos, err_text(code), at);
}

TEST(json_reads_every_kind_of_value)
{
    const struct json *v = parsed(
        T, S(" { \"a\" : [ 1 , -2.5e3 , true , false , null ] ,\t\"b\":{},\r\n\"\":\"x\\n\" } "));
    expect_i(v->kind, JSON_OBJECT);
    expect_i(v->n, 3);
    const struct json *a = json_get(v, S("a"));
    expect_i(a->n, 5);
    expect_i(a->at[0].kind, JSON_INT);
    expect_i(a->at[0].i, 1);
    expect_i(a->at[1].kind, JSON_FLOAT);
    expect(a->at[1].f == -2500.0);
    expect(a->at[2].kind == JSON_BOOL && a->at[2].b);
    expect(a->at[3].kind == JSON_BOOL && !a->at[3].b);
    expect_i(a->at[4].kind, JSON_NULL);
    expect_i(json_get(v, S("b"))->n, 0);
    expect_s(json_str_or(json_get(v, S("")), S("none")), S("x\n"));
    expect_s(json_str_or(json_get(v, S("zz")), S("none")), S("none"));
    expect_i(json_i64_or(json_get(v, S("b")), 7), 7);
    expect(json_get(a, S("a")) == NULL);
    expect_i(parsed(T, S("null"))->kind, JSON_NULL);
}

TEST(json_text_without_escapes_points_into_the_input)
{
    str text = S("[\"plain \xe4\xb8\xad\xe6\x96\x87 text\"]");
    const struct json *v = parsed(T, text);
    expect(v->at[0].s.p == text.p + 2);
}

TEST(json_numbers_keep_their_value)
{
    expect_i(parsed(T, S("9223372036854775807"))->i, INT64_MAX);
    expect_i(parsed(T, S("-9223372036854775808"))->i, INT64_MIN);
    expect_i(parsed(T, S("-9223372036854775808"))->kind, JSON_INT);
    expect_i(parsed(T, S("9223372036854775808"))->kind, JSON_FLOAT);
    expect(parsed(T, S("9223372036854775808"))->f == 9223372036854775808.0);
    expect(parsed(T, S("-9223372036854775809"))->f == -9223372036854775808.0);
    expect(parsed(T, S("123456789012345678901234567890"))->f == 123456789012345678901234567890.0);
    expect_i(parsed(T, S("-0"))->kind, JSON_FLOAT);
    expect(signbit(parsed(T, S("-0"))->f));
    expect_i(parsed(T, S("0"))->kind, JSON_INT);
    expect_i(parsed(T, S("1E0"))->kind, JSON_FLOAT);
    expect(parsed(T, S("0.1"))->f == 0.1);
    expect(parsed(T, S("1e23"))->f == 1e23);
    expect(parsed(T, S("1.7976931348623157e308"))->f == 1.7976931348623157e308);
    expect(parsed(T, S("5e-324"))->f == 5e-324);
    expect(parsed(T, S("1e-99999999999999999999"))->f == 0);
    expect(parsed(T, S("0.0000000000000000000000000000001"))->f == 1e-31);
    expect(parsed(T, S("0e999999999999"))->f == 0);
    expect_refused(T, S("[1e309]"), E_INVALID, 1);
    expect_refused(T, S("-1e999999999999999"), E_INVALID, 0);
}

TEST(json_refuses_what_the_rfc_refuses_and_says_where)
{
    static const struct refusal rows[] = {
        { "", 0 },
        { "  ", 2 },
        { "[1,]", 3 },
        { "[,1]", 1 },
        { "[1 2]", 3 },
        { "[1", 2 },
        { "{", 1 },
        { "{\"a\"}", 4 },
        { "{\"a\":1,}", 7 },
        { "{a:1}", 1 },
        { "{\"a\" 1}", 5 },
        { "{\"a\":}", 5 },
        { "01", 1 },
        { "-", 1 },
        { "+1", 0 },
        { ".5", 0 },
        { "1.", 2 },
        { "1e", 2 },
        { "1e+", 3 },
        { "0x10", 1 },
        { "-01", 2 },
        { "NaN", 0 },
        { "Infinity", 0 },
        { "-Infinity", 1 },
        { "tru", 0 },
        { "truee", 4 },
        { "True", 0 },
        { "nul", 0 },
        { "'a'", 0 },
        { "\"a", 2 },
        { "\"a\tb\"", 2 },
        { "\"a\nb\"", 2 },
        { "\"\\", 2 },
        { "\"\\a\"", 1 },
        { "\"\\u12\"", 1 },
        { "\"\\u12g4\"", 1 },
        { "\"x\\ud800\"", 2 },
        { "\"\\udc00\"", 1 },
        { "\"\\ud800\\u0041\"", 1 },
        { "\"\\ud800x\"", 1 },
        { "[1]x", 3 },
        { "1 2", 2 },
        { "[1]]", 3 },
        { "{}{}", 2 },
        { "/* c */1", 0 },
        { "[1//\n]", 2 },
        { "\xef\xbb\xbf[]", 0 },
        { "]", 0 },
        { "[}", 1 },
        { "{]", 1 },
        { "\f[]", 0 },
        { "[\"a\":1]", 4 },
        { "\"\\U0041\"", 1 },
        { "\"\\\xc3\xa9\"", 1 },
    };
    for (size_t i = 0; i < COUNT(rows); i++)
        expect_refused(T, str_from(rows[i].text), E_INVALID, rows[i].at);
    expect_refused(T, (str){ "[1]\0", 4 }, E_INVALID, 3);
    expect_refused(T, (str){ "\"a\0b\"", 5 }, E_INVALID, 2);
}

TEST(json_refuses_bad_utf8_at_its_place)
{
    expect_refused(T, S("\"abcdefghij\x80\""), E_INVALID, 11);
    expect_refused(T, S("\"\xc0\xaf\""), E_INVALID, 1);
    expect_refused(T, S("\"a\xed\xa0\x80\""), E_INVALID, 2);
    expect_refused(T, S("\"\xf4\x90\x80\x80\""), E_INVALID, 1);
    expect_refused(T, S("\"\xe4\xb8\""), E_INVALID, 1);
    expect_refused(T, S("{\"\xff\":1}"), E_INVALID, 2);
}

TEST(json_refuses_duplicate_keys_in_small_and_large_objects)
{
    expect_refused(T, S("{\"a\":1,\"b\":2,\"a\":3}"), E_INVALID, 13);
    expect_refused(T, S("{\"a\":1,\"\\u0061\":3}"), E_INVALID,
                   7); /* the same key, written in two ways */
    expect_i(parsed(T, S("{\"a\":{\"a\":1},\"A\":2}"))->n, 2);
    struct buf b = buf_in(T->arena, 1 << 20);
    buf_char(&b, '{');
    for (int i = 0; i < 3000; i++)
        buf_fmt(&b, "%s\"k%d\":%d", i ? "," : "", i, i);
    size_t at = b.n + 1;
    str open = buf_str(&b);
    const struct json *v = parsed(T, str_fmt(T->arena, STR_FMT "}", STR_ARG(open)));
    expect_i(json_i64_or(json_get(v, S("k2999")), 0), 2999);
    expect_refused(T, str_fmt(T->arena, STR_FMT ",\"k7\":0}", STR_ARG(open)), E_INVALID, at);
}

TEST(json_escapes_are_decoded)
{
    expect_s(parsed(T, S("\"\\\"\\\\\\/\\b\\f\\n\\r\\t\""))->s, S("\"\\/\b\f\n\r\t"));
    expect_s(parsed(T, S("\"\\u0041\\u00e9\\u4e2d\\uD834\\uDd1e\""))->s,
             S("A\xc3\xa9\xe4\xb8\xad\xf0\x9d\x84\x9e"));
    expect_s(parsed(T, S("\"a\\u0000b\""))->s, ((str){ "a\0b", 3 }));
    expect_s(parsed(T, S("\"long text before one escape \\u0021 and after it\""))->s,
             S("long text before one escape ! and after it"));
    expect_s(parsed(T, S("{\"\\u006bey\":\"v\"}"))->members[0].key, S("key"));
}

TEST(json_strings_end_at_the_right_byte_for_every_length)
{
    char text[80];
    for (size_t n = 0; n < 40; n++)
        for (size_t cut = 0; cut <= n; cut++) {
            size_t at = 0;
            text[at++] = '"';
            memset(text + at, 'x', n);
            at += n;
            text[at++] = '"';
            expect_i(parsed(T, (str){ text, at })->s.n, n);
            if (cut == n)
                continue;
            text[1 + cut] = '\x1f';
            expect_refused(T, (str){ text, at }, E_INVALID, 1 + cut);
            text[1 + cut] = '"';
            expect_refused(T, (str){ text, at }, E_INVALID, 2 + cut);
        }
}

TEST(json_depth_has_a_limit)
{
    char text[400];
    memset(text, '[', 64);
    memset(text + 64, ']', 64);
    expect_i(parsed(T, (str){ text, 128 })->kind, JSON_ARRAY);
    memset(text, '[', 300);
    expect_refused(T, (str){ text, 300 }, E_LIMIT, 64);
    expect_refused(T, S("[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[{}]"),
                   E_LIMIT, 64);
}

TEST(json_limits_hold_against_large_input)
{
    char digits[300];
    memset(digits, '7', sizeof digits);
    expect_refused(T, (str){ digits, 257 }, E_LIMIT, 0);
    expect_i(parsed(T, (str){ digits, 256 })->kind, JSON_FLOAT);
    /* a tree is larger than its text: the arena's ceiling is respected, not passed */
    struct arena *small = arena_new("small", 64 << 10);
    str text = { 0 };
    struct buf b = buf_in(T->arena, 1 << 20);
    buf_char(&b, '[');
    for (int i = 0; i < 200000; i++)
        buf_put(&b, i ? S(",1") : S("1"));
    buf_char(&b, ']');
    expect_ok(buf_done(&b, &text));
    const struct json *v = NULL;
    expect_err(json_parse(small, text, &v, NULL), E_LIMIT);
    expect(arena_used(small) <= 64 << 10);
    arena_free(small);
    expect_i(parsed(T, text)->n, 200000);
}

TEST(json_writing_then_reading_changes_nothing)
{
    static const char *const texts[] = {
        "[]",
        "{}",
        "[[],{}]",
        "\"\\\"\\\\/\\b\\f\\n\\r\\t\\u0000\\u001f\"",
        "[1,-1,0,-9223372036854775808]",
        "[0.1,-0.0,1e+300,5e-324,1.5,2.0]",
        "{\"a\":{\"b\":[true,false,null]},\"c\":\"\xe4\xb8\xad\xf0\x9d\x84\x9e\"}",
    };
    for (size_t i = 0; i < COUNT(texts); i++) {
        str once = printed(T, parsed(T, str_from(texts[i])));
        expect_s(printed(T, parsed(T, once)), once);
    }
    expect_s(printed(T, parsed(T, str_from(texts[3]))), str_from(texts[3]));
    expect_s(printed(T, parsed(T, S(" [ 1.0 , -0 , 1e2, 0.1 ] "))), S("[1.0,-0.0,100.0,0.1]"));
}

TEST(json_floats_read_back_bit_for_bit)
{
    struct rng_seeded r = { T->seed };
    for (int i = 0; i < 20000; i++) {
        u64 bits = rng_next(&r);
        struct json v = { .kind = JSON_FLOAT };
        memcpy(&v.f, &bits, sizeof v.f);
        if (!isfinite(v.f))
            continue;
        SCRATCH(s);
        struct buf b = buf_in(s.a, 64);
        json_put(&b, &v);
        const struct json *back = NULL;
        expect_ok(json_parse(s.a, buf_str(&b), &back, NULL));
        expect(back->kind == JSON_FLOAT && memcmp(&back->f, &v.f, sizeof v.f) == 0);
    }
    struct json v = { .kind = JSON_FLOAT, .f = (double)NAN };
    expect_s(printed(T, &v), S("null"));
}

TEST(json_any_bytes_are_written_as_valid_json)
{
    struct rng_seeded r = { T->seed };
    for (int i = 0; i < 3000; i++) {
        char bytes[40];
        size_t n = (size_t)rng_next_below(&r, sizeof bytes);
        for (size_t k = 0; k < n; k++)
            bytes[k] = (char)(rng_next_below(&r, 3) ? 'a' + (int)rng_next_below(&r, 26)
                                                    : (int)rng_next_below(&r, 256));
        SCRATCH(s);
        struct buf b = buf_in(s.a, 1024);
        json_put_str(&b, (str){ bytes, n });
        const struct json *back = NULL;
        expect_ok(json_parse(s.a, buf_str(&b), &back, NULL));
        if (utf8_valid((str){ bytes, n }))
            expect_s(back->s, ((str){ bytes, n }));
    }
    struct buf b = buf_in(T->arena, 100);
    json_put_str(&b, S("a\xff"
                       "b\xe4\xb8"));
    expect_s(buf_str(&b), S("\"a\xef\xbf\xbd"
                            "b\xef\xbf\xbd\xef\xbf\xbd\""));
}

TEST(json_helpers_write_times_and_bytes)
{
    struct buf b = buf_in(T->arena, 200);
    json_put_time(&b, 1732265400000000);
    json_put_bytes(&b, "\xfb\xff\xfe", 3);
    json_put_bool(&b, true);
    expect_s(buf_str(&b), S("\"2024-11-22T08:50:00Z\"\"-__-\"true"));
}

TEST(b64_known_values_and_refusals)
{
    static const struct {
        const char *plain, *text;
    } rows[] = {
        { "", "" },
        { "f", "Zg" },
        { "fo", "Zm8" },
        { "foo", "Zm9v" },
        { "foob", "Zm9vYg" },
        { "foobar", "Zm9vYmFy" },
        { "\xff\xef\xbe", "_---" },
        { "\xfa", "-g" },
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct buf b = buf_in(T->arena, 100);
        b64_put(&b, rows[i].plain, strlen(rows[i].plain));
        expect_s(buf_str(&b), str_from(rows[i].text));
        str back = { 0 };
        expect_ok(b64_parse(T->arena, str_from(rows[i].text), &back));
        expect_s(back, str_from(rows[i].plain));
    }
    static const char *const bad[] = { "A",    "Zg==", "Zm9v=", "Zh",     "Zm9",
                                       "Zm+v", "Zm/v", "Zm 9v", "Zm9v\n", "AAAAA" };
    str untouched = S("x");
    for (size_t i = 0; i < COUNT(bad); i++)
        expect_err(b64_parse(T->arena, str_from(bad[i]), &untouched), E_INVALID);
    expect_s(untouched, S("x"));
}

TEST(b64_round_trip)
{
    struct rng_seeded r = { T->seed };
    u8 bytes[100];
    for (size_t n = 0; n < sizeof bytes; n++) {
        for (size_t i = 0; i < n; i++)
            bytes[i] = (u8)rng_next(&r);
        struct buf b = buf_in(T->arena, 200);
        b64_put(&b, bytes, n);
        str back = { 0 };
        expect_ok(b64_parse(T->arena, buf_str(&b), &back));
        expect_s(back, ((str){ (char *)bytes, n }));
    }
}

/* Every allocation made to fail in turn: E_LIMIT or the whole tree, never half of one. */
TEST(json_and_b64_say_limit_when_memory_runs_out)
{
    str text = S("{\"a\":[1,2,{\"b\":\"x\\ny\"}],\"c\":\"plain\",\"d\":[[],{}]}");
    bool hit = true;
    for (u32 nth = 1; hit; nth++) {
        struct arena *a = arena_new("t", 1 << 20);
        const struct json *v = NULL;
        str bytes = { 0 };
        fault_arm(FAULT_MEMORY, nth, false);
        err e = json_parse(a, text, &v, NULL);
        err b = e ? e : b64_parse(a, S("Zm9v"), &bytes);
        hit = fault_disarm();
        expect(e == E_NONE || (e == E_LIMIT && v == NULL));
        expect(b == E_NONE || hit);
        if (!hit)
            expect_s(printed(T, v), text);
        arena_free(a);
    }
}

TEST(json_deep_text_is_read_where_it_is_asked_for)
{
    struct buf b = buf_in(T->arena, 10000);
    const struct json *v;
    for (int i = 0; i < 1000; i++)
        buf_char(&b, '[');
    for (int i = 0; i < 1000; i++)
        buf_char(&b, ']');
    expect_err(json_parse(T->arena, buf_str(&b), &v, NULL), E_LIMIT);
    expect_ok(json_parse_deep(T->arena, buf_str(&b), JSON_DEEP_MAX, &v, NULL));
    expect_err(json_parse_deep(T->arena, buf_str(&b), 999, &v, NULL), E_LIMIT);
}
