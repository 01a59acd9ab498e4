/* SPDX-License-Identifier: Apache-2.0 */
/* What the rest of the program relies on in base. */
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/fault.h"
#include "base/id.h"
#include "base/map.h"
#include "base/os.h"
#include "base/rng.h"
#include "base/time.h"
#include "base/utf8.h"
#include "base/vec.h"
#include "test/test.h"

static int undone[4], undone_n;
static void note_undo(void *arg)
{
    undone[undone_n++] = *(int *)arg;
}

TEST(arena_undoes_newest_first)
{
    struct arena *a = arena_new("t", 1 << 20);
    int one = 1, two = 2, three = 3;
    arena_undo(a, note_undo, &one);
    arena_undo(a, note_undo, &two);
    arena_undo(a, note_undo, &three);
    arena_keep(a, note_undo, &two);
    arena_reset(a);
    expect_i(undone_n, 2);
    expect_i(undone[0], 3);
    expect_i(undone[1], 1);
    arena_free(a);
}

TEST(arena_past_its_ceiling_is_doomed_and_still_gives)
{
    struct arena *a = arena_new("t", 1000);
    expect(!arena_doomed(a));
    char *p = arena_get(a, 1, 1500, 1);
    expect(arena_doomed(a));
    memset(p, 1, 1500);
    arena_reset(a);
    expect(!arena_doomed(a));
    arena_free(a);
}

TEST(arena_gives_zeroed_aligned_memory_of_every_size)
{
    struct arena *a = arena_new("t", 100 << 20);
    for (size_t n = 1; n < 200000; n = n * 3 + 1) {
        u64 *p = arena_get(a, 1, n, 16);
        expect(((uintptr_t)p & 15) == 0);
        for (size_t i = 0; i < n; i++)
            expect(((char *)p)[i] == 0);
        memset(p, 0xff, n);
    }
    arena_free(a);
}

TEST(scratch_frames_nest_and_end)
{
    SCRATCH(outer);
    char *keep = arena_get(outer.a, 1, 10, 1);
    memcpy(keep, "still here", 10);
    for (int i = 0; i < 1000; i++) {
        SCRATCH(inner);
        memset(arena_get_raw(inner.a, 40000, 1), 0xee, 40000);
        memset(arena_get_raw(inner.a, 3000, 1), 0xee, 3000);
    }
    expect(memcmp(keep, "still here", 10) == 0);
    expect(arena_live() < 200000);
}

TEST(memory_fault_dooms_the_nth_get)
{
    struct arena *a = arena_new("t", 1 << 20);
    fault_arm(FAULT_MEMORY, 2, false);
    (void)NEW(a, int);
    expect(!arena_doomed(a));
    (void)NEW(a, int);
    expect(arena_doomed(a));
    expect(fault_disarm());
    arena_free(a);
}

TEST(str_cut_walks_parts)
{
    str rest = S("a,,b"), part = str_cut(&rest, ',');
    expect_s(part, S("a"));
    expect_s(str_cut(&rest, ','), S(""));
    expect_s(str_cut(&rest, ','), S("b"));
    expect(rest.p == NULL);
}

TEST(numbers_parse_to_the_last_value_and_no_further)
{
    i64 i;
    u64 u;
    expect_ok(str_i64(S("-9223372036854775808"), &i));
    expect(i == INT64_MIN);
    expect_ok(str_i64(S("9223372036854775807"), &i));
    expect_err(str_i64(S("9223372036854775808"), &i), E_INVALID);
    expect_err(str_i64(S("+1"), &i), E_INVALID);
    expect_err(str_i64(S(""), &i), E_INVALID);
    expect_err(str_i64(S("-"), &i), E_INVALID);
    expect_err(str_i64(S("1 "), &i), E_INVALID);
    expect_ok(str_u64(S("18446744073709551615"), &u));
    expect_err(str_u64(S("18446744073709551616"), &u), E_INVALID);
}

TEST(buf_past_its_ceiling_sticks)
{
    struct buf b = buf_in(T->arena, 10);
    str text = S("old");
    buf_put(&b, S("12345678"));
    buf_put(&b, S("9abc"));
    buf_char(&b, 'x');
    expect_err(buf_done(&b, &text), E_LIMIT);
    expect_s(text, S("old"));
    buf_clear(&b);
    buf_i64(&b, INT64_MIN / 10000000000);
    expect_s(buf_str(&b), S("-922337203"));
}

TEST(map_finds_what_was_put_and_keeps_order)
{
    struct map m = map_in(T->arena);
    for (int i = 0; i < 1000; i++)
        map_put(&m, str_fmt(T->arena, "key%d", i), (void *)(intptr_t)(i + 1));
    map_put(&m, S("key7"), (void *)(intptr_t)42);
    for (int i = 0; i < 1000; i++)
        expect_i((intptr_t)map_get(&m, str_fmt(T->arena, "key%d", i)), i == 7 ? 42 : i + 1);
    expect(!map_has(&m, S("key1000")));
    expect_i(m.n, 1000);
    expect_s(m.entries[999].key, S("key999"));
}

TEST(vec_grows)
{
    VEC(int) v = { 0 };
    for (int i = 0; i < 100; i++)
        *vec_push(&v, T->arena) = i;
    expect_i(v.n, 100);
    expect_i(v.at[99], 99);
}

TEST(utf8_refuses_what_rfc_3629_refuses)
{
    expect(utf8_valid(S("plain, 中文, \xF0\x9F\x98\x80, e\xCC\x81")));
    expect(!utf8_valid(S("\xC0\x80"))); /* overlong */
    expect(!utf8_valid(S("\xE0\x80\x80")));
    expect(!utf8_valid(S("\xED\xA0\x80")));     /* surrogate */
    expect(!utf8_valid(S("\xF4\x90\x80\x80"))); /* above U+10FFFF */
    expect(!utf8_valid(S("abcdefgh\xE4\xB8"))); /* cut short */
    expect(!utf8_valid(S("\x80")));
    expect_i(utf8_count(S("中文ab")), 4);
}

TEST(time_survives_a_round_trip_and_refuses_nonsense)
{
    static const char *const good[] = { "1970-01-01T00:00:00Z", "2026-11-22T09:30:00.000001Z",
                                        "2000-02-29T23:59:59Z", "9999-12-31T23:59:59.999999Z" };
    for (size_t i = 0; i < COUNT(good); i++) {
        usec t;
        struct buf b = buf_in(T->arena, 64);
        expect_ok(time_parse(str_from(good[i]), &t));
        time_put(&b, t);
        expect_s(buf_str(&b), str_from(good[i]));
    }
    usec t, z;
    expect_ok(time_parse(S("2026-11-22T17:30:00+08:00"), &t));
    expect_ok(time_parse(S("2026-11-22T09:30:00Z"), &z));
    expect_i(t, z);
    expect_err(time_parse(S("2026-02-29T00:00:00Z"), &t), E_INVALID);
    expect_err(time_parse(S("2026-11-22T24:00:00Z"), &t), E_INVALID);
    expect_err(time_parse(S("2026-11-22T00:00:00"), &t), E_INVALID);
    expect_err(time_parse(S("2026-11-22T00:00:00.Z"), &t), E_INVALID);
    expect_err(time_parse(S("2026-11-22 00:00:00Z"), &t), E_INVALID);
}

TEST(ids_rise_and_survive_text)
{
    i64 last = 0;
    for (int i = 0; i < 10000; i++) {
        i64 id = id_make(3), back;
        expect(id > last);
        last = id;
        struct buf b = buf_in(T->arena, 64);
        id_put(&b, "task", id);
        expect_ok(id_parse(buf_str(&b), "task", &back));
        expect_i(back, id);
        expect_err(id_parse(buf_str(&b), "chan", &back), E_INVALID);
    }
    usec age = os_now() - id_time(last);
    expect(age > -USEC_S && age < USEC_MIN);
}

TEST(write_file_is_all_or_nothing)
{
    str path = str_fmt(T->arena, "%s/f", T->dir), got;
    expect_ok(os_write_file(path.p, S("first"), 0600));
    for (u32 n = 1;; n++) {
        fault_arm(FAULT_DISK, n, false);
        err e = os_write_file(path.p, S("second"), 0600);
        bool hit = fault_disarm();
        expect_ok(os_read_file(T->arena, path.p, 100, &got));
        expect(str_eq(got, S("first")) || str_eq(got, S("second")));
        if (!hit) {
            expect_ok(e);
            expect_s(got, S("second"));
            break;
        }
        expect(e != E_NONE);
        expect(n < 20);
    }
    expect_err(os_read_file(T->arena, path.p, 3, &got), E_LIMIT);
    expect_err(os_read_file(T->arena, "/nonexistent/x", 3, &got), E_NOT_FOUND);
}

TEST(secrets_are_wiped_with_their_arena)
{
    const char *mode = getenv("OUTWORK_MEM");
    if (mode && !strcmp(mode, "uaf"))
        test_skip("looks at bytes that are out of reach in this memory mode");
    struct arena *a = arena_new("t", 1 << 20);
    struct secret s = secret_copy(a, "password", 8);
    expect(memcmp(s.p, "password", 8) == 0);
    arena_reset(a); /* the first block is kept, so the bytes may be looked at */
    expect(memmem(s.p, 8, "password", 8) == NULL);
    arena_free(a);
    expect(str_eq_secret(S("same"), S("same")) && !str_eq_secret(S("same"), S("sane")));
}
