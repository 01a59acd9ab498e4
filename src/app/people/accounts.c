/* SPDX-License-Identifier: Apache-2.0 */
/* Passwords, codes and links: how each is made, stored and compared. Passwords are Argon2id (RFC
 * 9106) from libsodium; a name that nobody has is compared against a hash of nothing, so that it
 * costs the same. Authenticator secrets never leave the vault once enrolled. Recovery codes and
 * links are random and stored as SHA-256. */
#include <sodium.h>
#include <string.h>

#include "app/people/people_in.h"
#include "base/json.h"
#include "base/rng.h"
#include "base/utf8.h"

enum { HASH_PASSES = 3, HASH_BYTES = 64 << 20, PASSWORD_LEAST = 8 };

err password_hash(struct call *c, str password, str *ret_encoded)
{
    char *out = arena_get(c->arena, 1, crypto_pwhash_STRBYTES, 1);
    if (crypto_pwhash_str(out, password.p, password.n, HASH_PASSES, HASH_BYTES) != 0)
        return fail(c, E_BUSY, "no memory for a password hash");
    *ret_encoded = str_from(out);
    return E_NONE;
}

/* Well formed, of random bytes and so of nothing that anybody types; with the parameters above, so
 * that trying a password against it takes as long. */
static const char nobody[] = "$argon2id$v=19$m=65536,t=3,p=1$"
                             "Fr/lDCCpskzGdO2armfHpQ$8Hq1MupJZUhA1g4cc68Oi+ViTkH60qhStTHwyEV7KMo";

bool password_matches(str encoded, str password)
{
    char z[crypto_pwhash_STRBYTES] = { 0 };
    bool known = encoded.n > 0 && encoded.n < sizeof z;
    if (known)
        memcpy(z, encoded.p, encoded.n);
    int wrong = crypto_pwhash_str_verify(known ? z : nobody, password.p, password.n);
    return known && !wrong;
}

err password_check(struct call *c, str password, str login)
{
    static const char *const common[] = { "password",   "passw0rd", "12345678",   "123456789",
                                          "1234567890", "qwertyui", "qwerty123",  "qwertyuiop",
                                          "11111111",   "88888888", "66666666",   "iloveyou",
                                          "abcd1234",   "1qaz2wsx", "woaini1314", "a1234567",
                                          "password1",  "admin123", "outwork1",   "00000000" };
    const char *what = utf8_count(password) < PASSWORD_LEAST ? "too_short" : NULL;
    for (size_t i = 0; i < COUNT(common); i++)
        if (str_eq_nocase(password, str_from(common[i])))
            what = "common";
    if (login.n && str_eq_nocase(password, login))
        what = "common";
    if (!what)
        return E_NONE;
    IGNORE(call_field(c, "password", what, PASSWORD_LEAST));
    return fail(c, E_WEAK_PASSWORD, "%s", what);
}

err people_totp(struct call *c, const struct totp_shown *shown, i64 *ret_step)
{
    struct vault_totp_check_in in = {
        .context = str_fmt(c->arena, "%lld", (long long)shown->person.v),
        .sealed = shown->sealed,
        .code = shown->code,
        .now = c->now,
        .last_step = (u64)shown->last_step,
    };
    struct vault_totp_check_out out;
    if (!office_vault())
        return fail(c, E_BUSY, "no vault");
    TRY(vault_totp_check(office_vault(), &in, &out));
    if (!out.step)
        return E_WRONG_CODE;
    *ret_step = (i64)out.step;
    return E_NONE;
}

void recovery_hash(person_id person, str code, u8 ret[32])
{
    SCRATCH(s);
    struct buf b = buf_in(s.a, 256);
    buf_i64(&b, person.v);
    buf_char(&b, ':');
    for (size_t i = 0; i < code.n; i++) /* people type dashes, spaces and capitals as they like */
        if (code.p[i] != '-' && code.p[i] != ' ')
            buf_char(&b, code.p[i] >= 'A' && code.p[i] <= 'Z' ? (char)(code.p[i] + 32) : code.p[i]);
    proof_sha256(b.p, b.n, ret);
}

str recovery_new(struct arena *out)
{
    static const char letters[] = "abcdefghjkmnpqrstvwxyz23456789";
    struct buf b = buf_in(out, 32);
    for (int i = 0; i < 10; i++) {
        if (i == 5)
            buf_char(&b, '-');
        buf_char(&b, letters[rng_below(sizeof letters - 1)]);
    }
    return buf_str(&b);
}

str token_new(struct arena *out, u8 ret_hash[32])
{
    u8 bytes[TOKEN_BYTES];
    struct buf b = buf_in(out, 64);
    rng_bytes(bytes, sizeof bytes);
    proof_sha256(bytes, sizeof bytes, ret_hash);
    b64_put(&b, bytes, sizeof bytes);
    return buf_str(&b);
}

err token_hash(str token, u8 ret_hash[32])
{
    SCRATCH(s);
    str raw;
    if (b64_parse(s.a, token, &raw) != E_NONE || raw.n != TOKEN_BYTES)
        return E_INVALID;
    proof_sha256(raw.p, raw.n, ret_hash);
    return E_NONE;
}

str people_login(struct arena *out, str login)
{
    str trimmed = str_trim(login);
    char *p = str_z(out, trimmed);
    for (size_t i = 0; i < trimmed.n; i++)
        if (p[i] >= 'A' && p[i] <= 'Z')
            p[i] = (char)(p[i] + 32);
    return (str){ p, trimmed.n };
}
