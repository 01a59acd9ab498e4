/* SPDX-License-Identifier: Apache-2.0 */
/* RFC 6238 on OpenSSL's HMAC. All three steps are computed and compared whatever the first says. */
#include "proc/totp.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>

u64 totp_step(usec now)
{
    return now < 0 ? 0 : (u64)(now / USEC_S) / TOTP_STEP_S;
}

void totp_code(str secret, u64 step, char ret[TOTP_DIGITS + 1])
{
    u8 counter[8], mac[EVP_MAX_MD_SIZE];
    unsigned n = 0;
    for (int i = 0; i < 8; i++)
        counter[i] = (u8)(step >> (56 - 8 * i));
    must(HMAC(EVP_sha1(), secret.p, (int)secret.n, counter, sizeof counter, mac, &n) && n == 20);
    unsigned at = mac[19] & 15;
    u32 v = ((u32)(mac[at] & 127) << 24) | ((u32)mac[at + 1] << 16) | ((u32)mac[at + 2] << 8) |
            mac[at + 3];
    v %= 1000000;
    for (int i = TOTP_DIGITS; i-- > 0; v /= 10)
        ret[i] = (char)('0' + v % 10);
    ret[TOTP_DIGITS] = 0;
}

u64 totp_check(str secret, str code, usec now, u64 last_step)
{
    u64 middle = totp_step(now), accepted = 0;
    for (u64 d = 0; d < 3; d++) {
        char want[TOTP_DIGITS + 1];
        u64 step = middle + d - 1;
        totp_code(secret, step, want);
        bool right = str_eq_secret(code, (str){ want, TOTP_DIGITS });
        right &= step != UINT64_MAX; /* the step before 1970 */
        u64 take = (u64)0 - (u64)(right & (step > last_step));
        accepted = (step & take) | (accepted & ~take);
    }
    return accepted;
}

void totp_base32_put(struct buf *b, str bytes)
{
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    u32 held = 0, bits = 0;
    for (size_t i = 0; i < bytes.n; i++) {
        held = (held << 8) | (u8)bytes.p[i];
        for (bits += 8; bits >= 5; bits -= 5)
            buf_char(b, letters[(held >> (bits - 5)) & 31]);
    }
    if (bits)
        buf_char(b, letters[(held << (5 - bits)) & 31]);
}
