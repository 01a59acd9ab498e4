/* SPDX-License-Identifier: Apache-2.0 */
/* The examples of RFC 8949 appendix A that we read, and those we must refuse. */
#include "wire/cbor.h"

#include <string.h>

#include "test/test.h"

static str unhex(struct T *T, const char *hex)
{
    size_t n = strlen(hex) / 2;
    char *p = arena_get(T->arena, 1, n + 1, 1);
    for (size_t i = 0; i < n; i++) {
        unsigned v = 0;
        expect(sscanf(hex + i * 2, "%2x", &v) == 1);
        p[i] = (char)v;
    }
    return (str){ p, n };
}

static const struct cbor *parsed(struct T *T, const char *hex)
{
    const struct cbor *v = NULL;
    err e = cbor_parse(T->arena, unhex(T, hex), &v, NULL);
    if (e)
        test_failed(__FILE__, __LINE__, "%s: %s", hex, err_text(e));
    struct buf b = buf_in(T->arena, 1 << 16);
    cbor_put(&b, v);
    expect_s(buf_str(&b), unhex(T, hex));
    return v;
}

TEST(cbor_reads_the_rfc_examples)
{
    static const struct {
        const char *hex;
        i64 v;
    } ints[] = {
        { "00", 0 },
        { "17", 23 },
        { "1818", 24 },
        { "1864", 100 },
        { "1903e8", 1000 },
        { "1a000f4240", 1000000 },
        { "1b000000e8d4a51000", 1000000000000 },
        { "20", -1 },
        { "3863", -100 },
        { "3903e7", -1000 },
        { "1b7fffffffffffffff", INT64_MAX },
        { "3b7fffffffffffffff", INT64_MIN },
    };
    for (size_t i = 0; i < COUNT(ints); i++)
        expect_i(parsed(T, ints[i].hex)->i, ints[i].v);
    expect(parsed(T, "f5")->b && parsed(T, "f4")->kind == CBOR_BOOL && !parsed(T, "f4")->b);
    expect_i(parsed(T, "f6")->kind, CBOR_NULL);
    expect_s(parsed(T, "4401020304")->s, ((str){ "\1\2\3\4", 4 }));
    expect_s(parsed(T, "6449455446")->s, S("IETF"));
    expect_s(parsed(T, "64f0908591")->s, S("\xf0\x90\x85\x91"));
    expect_i(parsed(T, "8301820203820405")->at[2].at[1].i, 5);
    const struct cbor *map = parsed(T, "a26161016162820203");
    expect_i(cbor_get(map, S("a"))->i, 1);
    expect_i(cbor_get(map, S("b"))->n, 2);
    expect(cbor_get(map, S("c")) == NULL && cbor_get(map, S("")) == NULL);
    expect_i(cbor_get_int(parsed(T, "a201020304"), 3)->i, 4);
    expect(cbor_get_int(map, 1) == NULL && cbor_get(parsed(T, "80"), S("a")) == NULL &&
           cbor_get(NULL, S("a")) == NULL);
}

TEST(cbor_refuses_what_is_malformed_or_ambiguous)
{
    static const char *const bad[] = {
        "",
        "18",
        "1800",
        "1817",
        "190017",
        "1900ff",
        "1a0000ffff",
        "1b00000000ffffffff",
        "1b8000000000000000",
        "3b8000000000000000",
        "1c",
        "1f",
        "41",
        "44010203",
        "5f42010243030405ff",
        "61ff",
        "62c3",
        "7f657374726561ff",
        "9fff",
        "81",
        "830102",
        "a1",
        "a101",
        "bfff",
        "a201020103",
        "a2616101616102",
        "a1f500",
        "a18000",
        "c074",
        "f7",
        "f0",
        "f818",
        "f97e00",
        "fa47c35000",
        "fb3ff199999999999a",
        "ff",
        "0000",
        "9bffffffffffffffff",
        "bb8000000000000000",
        "5bffffffffffffffff",
        "9affffffff",
        "ba7fffffff",
    };
    static const struct cbor untouched;
    for (size_t i = 0; i < COUNT(bad); i++) {
        const struct cbor *v = &untouched;
        if (cbor_parse(T->arena, unhex(T, bad[i]), &v, NULL) != E_INVALID || v != &untouched)
            test_failed(__FILE__, __LINE__, "%s was not refused", bad[i]);
    }
}

TEST(cbor_says_how_many_bytes_it_took)
{
    const struct cbor *v = NULL;
    size_t used = 0;
    expect_ok(cbor_parse(T->arena, unhex(T, "8201f5a0"), &v, &used));
    expect_i(used, 3);
}

TEST(cbor_depth_and_size_are_bounded)
{
    char deep[64];
    memset(deep, 0x81, sizeof deep);
    deep[16] = 0;
    const struct cbor *v = NULL;
    expect_ok(cbor_parse(T->arena, (str){ deep, 17 }, &v, NULL));
    deep[16] = (char)0x81;
    deep[17] = 0;
    expect_err(cbor_parse(T->arena, (str){ deep, 18 }, &v, NULL), E_LIMIT);
    struct arena *small = arena_new("small", 1000);
    char many[300] = { (char)0x98, (char)200 };
    expect_err(cbor_parse(small, (str){ many, 202 }, &v, NULL), E_LIMIT);
    expect(arena_used(small) <= 1000);
    arena_free(small);
}
