/* SPDX-License-Identifier: Apache-2.0 */
/* The published vectors of RFC 6238 appendix B (last six digits) and RFC 4648 section 10, and what
 * a code may not do. */
#include "proc/totp.h"

#include "test/test.h"

#define SECRET S("12345678901234567890")

TEST(codes_are_those_of_the_standard)
{
    static const struct {
        i64 at;
        const char *code;
    } rows[] = {
        { 59, "287082" },         { 1111111109, "081804" }, { 1111111111, "050471" },
        { 1234567890, "005924" }, { 2000000000, "279037" }, { 20000000000, "353130" },
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        char code[TOTP_DIGITS + 1];
        totp_code(SECRET, totp_step(rows[i].at * USEC_S), code);
        expect_s(str_from(code), str_from(rows[i].code));
        expect_i(totp_check(SECRET, str_from(code), rows[i].at * USEC_S, 0), rows[i].at / 30);
    }
}

TEST(a_code_is_good_one_step_around_and_once)
{
    usec now = 1700000000 * USEC_S;
    u64 step = totp_step(now);
    char code[TOTP_DIGITS + 1];
    for (i64 d = -2; d <= 2; d++) {
        totp_code(SECRET, step + (u64)d, code);
        expect_i(totp_check(SECRET, str_from(code), now, 0), d >= -1 && d <= 1 ? (i64)step + d : 0);
    }
    totp_code(SECRET, step, code);
    expect_i(totp_check(SECRET, str_from(code), now, step), 0);     /* a second time */
    expect_i(totp_check(SECRET, str_from(code), now, step + 1), 0); /* an older one */
    expect_i(totp_check(SECRET, S("28708"), 59 * USEC_S, 0), 0);
    expect_i(totp_check(SECRET, S(""), now, 0), 0);
    expect_i(totp_check(SECRET, S("287082 "), 59 * USEC_S, 0), 0);
    expect_i(totp_check(SECRET, S("287083"), 59 * USEC_S, 0), 0);
}

TEST(base32_is_that_of_the_standard)
{
    static const char *const rows[][2] = { { "", "" },
                                           { "f", "MY" },
                                           { "fo", "MZXQ" },
                                           { "foo", "MZXW6" },
                                           { "foob", "MZXW6YQ" },
                                           { "fooba", "MZXW6YTB" },
                                           { "foobar", "MZXW6YTBOI" } };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct buf b = buf_in(T->arena, 64);
        totp_base32_put(&b, str_from(rows[i][0]));
        expect_s(buf_str(&b), str_from(rows[i][1]));
    }
}
