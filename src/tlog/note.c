/* SPDX-License-Identifier: Apache-2.0 */
/* Signed notes. The text ends at the last empty line of the whole, as the specification says, so
 * that a text may hold empty lines and nothing that is not signed can pass for text. Signatures of
 * keys that we do not know are kept and ignored (witnesses sign beside the log). Libsodium checks
 * Ed25519 and refuses keys of small order. */
#include "tlog/note.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "base/utf8.h"

#define DASH "\xe2\x80\x94 " /* em dash and a space */

/* Standard base64 with padding (RFC 4648 section 4), one form only. Characters are checked here,
 * because libsodium takes some bytes above 0x7F for letters. */
static err b64std_parse(str text, u8 *to, size_t room, size_t *ret_n)
{
    size_t n = 0;
    for (size_t i = 0; i < text.n; i++) {
        char c = text.p[i];
        bool letter = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
        if (!letter && c != '+' && c != '/' && c != '=')
            return E_INVALID;
    }
    if (sodium_base642bin(to, room, text.p, text.n, NULL, &n, NULL,
                          sodium_base64_VARIANT_ORIGINAL) != 0)
        return E_INVALID;
    if (text.n != sodium_base64_encoded_len(n, sodium_base64_VARIANT_ORIGINAL) - 1)
        return E_INVALID;
    *ret_n = n;
    return E_NONE;
}

static void b64std_put(struct buf *b, const u8 *bytes, size_t n)
{
    size_t need = sodium_base64_encoded_len(n, sodium_base64_VARIANT_ORIGINAL);
    char *to = buf_room(b, need);
    if (to) {
        (void)sodium_bin2base64(to, need, bytes, n, sodium_base64_VARIANT_ORIGINAL);
        b->n += need - 1; /* without its NUL */
    }
}

/* Unicode's spaces (property White_Space), by code point. */
static bool is_space(i32 c)
{
    return c == ' ' || (c >= 9 && c <= 13) || c == 0x85 || c == 0xA0 || c == 0x1680 ||
           (c >= 0x2000 && c <= 0x200A) || c == 0x2028 || c == 0x2029 || c == 0x202F ||
           c == 0x205F || c == 0x3000;
}

static bool name_ok(str name)
{
    if (!name.n || name.n > NOTE_NAME_MAX || !utf8_valid(name))
        return false;
    for (i32 c; (c = utf8_next(&name)) >= 0;)
        if (is_space(c) || c == '+' || c < 0x20)
            return false;
    return true;
}

static u32 be32(const u8 *p) { return (u32)p[0] << 24 | (u32)p[1] << 16 | (u32)p[2] << 8 | p[3]; }

err note_key_make(str name, const u8 key[32], struct note_key *ret)
{
    crypto_hash_sha256_state c;
    u8 hash[32];
    if (!name_ok(name))
        return E_INVALID;
    crypto_hash_sha256_init(&c);
    crypto_hash_sha256_update(&c, (const u8 *)name.p, name.n);
    crypto_hash_sha256_update(&c, (const u8 *)"\n\1", 2);
    crypto_hash_sha256_update(&c, key, 32);
    crypto_hash_sha256_final(&c, hash);
    *ret = (struct note_key){ .name = name, .id = be32(hash) };
    memcpy(ret->key, key, 32);
    return E_NONE;
}

void note_key_put(struct buf *b, const struct note_key *k)
{
    u8 typed[33] = { 1 };
    memcpy(typed + 1, k->key, 32);
    buf_put(b, k->name);
    buf_fmt(b, "+%08x+", k->id);
    b64std_put(b, typed, sizeof typed);
}

err note_key_parse(str text, struct note_key *ret)
{
    if (text.n && text.p[text.n - 1] == '\n')
        text.n--;
    str rest = text;
    str name = str_cut(&rest, '+'), hex = str_cut(&rest, '+');
    struct note_key k;
    u8 typed[33];
    size_t n;
    char want[9];
    if (!rest.p)
        return E_INVALID;
    TRY(b64std_parse(rest, typed, sizeof typed, &n));
    if (n != sizeof typed || typed[0] != 1)
        return E_INVALID;
    TRY(note_key_make(name, typed + 1, &k));
    (void)snprintf(want, sizeof want, "%08x", k.id);
    if (!str_eq_z(hex, want))
        return E_INVALID;
    *ret = k;
    return E_NONE;
}

static err signature_parse(struct arena *out, str line, struct note_signature *ret)
{
    if (!str_starts(line, S(DASH)))
        return E_INVALID;
    str rest = str_sub(line, sizeof DASH - 1, line.n);
    str name = str_cut(&rest, ' ');
    if (!name_ok(name) || !rest.n)
        return E_INVALID;
    if (rest.n > arena_room(out))
        return E_LIMIT;
    u8 *bytes = arena_get_raw(out, rest.n, 1);
    size_t n;
    TRY(b64std_parse(rest, bytes, rest.n, &n));
    if (n < 5)
        return E_INVALID;
    *ret = (struct note_signature){ name, be32(bytes), { (char *)bytes + 4, n - 4 } };
    return E_NONE;
}

err note_parse(struct arena *out, str note, struct note *ret)
{
    if (note.n > NOTE_MAX)
        return E_LIMIT;
    if (!utf8_valid(note) || note.n < 4 || note.p[note.n - 1] != '\n')
        return E_INVALID;
    for (size_t i = 0; i < note.n; i++)
        if ((u8)note.p[i] < 0x20 && note.p[i] != '\n')
            return E_INVALID;
    size_t at = note.n - 1; /* the last "\n\n": at its second newline */
    while (at > 0 && !(note.p[at] == '\n' && note.p[at - 1] == '\n'))
        at--;
    if (!at || at + 1 == note.n)
        return E_INVALID;
    struct note made = { .text = { note.p, at } };
    str lines = { note.p + at + 1, note.n - at - 2 }; /* without the last newline */
    while (lines.p) {
        str line = str_cut(&lines, '\n');
        if (made.n == NOTE_SIGNATURES_MAX)
            return E_LIMIT;
        TRY(signature_parse(out, line, &made.at[made.n++]));
    }
    *ret = made;
    return E_NONE;
}

bool note_verify(const struct note *n, const struct note_key *k)
{
    bool any = false;
    for (u32 i = 0; i < n->n; i++) {
        const struct note_signature *s = &n->at[i];
        if (s->id != k->id || !str_eq(s->name, k->name))
            continue;
        if (s->bytes.n != crypto_sign_BYTES ||
            crypto_sign_verify_detached((const u8 *)s->bytes.p, (const u8 *)n->text.p, n->text.n,
                                        k->key) != 0)
            return false;
        any = true;
    }
    return any;
}

void note_put_text(struct buf *b, str text)
{
    must(text.n && text.p[text.n - 1] == '\n');
    buf_put(b, text);
    buf_char(b, '\n');
}

void note_put_signature(struct buf *b, const struct note_key *k, const u8 signature[64])
{
    u8 bytes[68] = { (u8)(k->id >> 24), (u8)(k->id >> 16), (u8)(k->id >> 8), (u8)k->id };
    memcpy(bytes + 4, signature, 64);
    buf_put(b, S(DASH));
    buf_put(b, k->name);
    buf_char(b, ' ');
    b64std_put(b, bytes, sizeof bytes);
    buf_char(b, '\n');
}

void tlog_checkpoint_put(struct buf *b, const struct tlog_checkpoint *c)
{
    buf_put(b, c->origin);
    buf_char(b, '\n');
    buf_u64(b, c->head.size);
    buf_char(b, '\n');
    b64std_put(b, c->head.root.b, sizeof c->head.root.b);
    buf_char(b, '\n');
}

err tlog_checkpoint_parse(str text, struct tlog_checkpoint *ret)
{
    if (!text.n || text.p[text.n - 1] != '\n')
        return E_INVALID;
    str rest = { text.p, text.n - 1 };
    struct tlog_checkpoint c = { .origin = str_cut(&rest, '\n') };
    str size = str_cut(&rest, '\n'), root = str_cut(&rest, '\n');
    size_t n;
    if (!c.origin.n || !root.p || (size.n > 1 && size.p[0] == '0'))
        return E_INVALID;
    TRY(str_u64(size, &c.head.size));
    TRY(b64std_parse(root, c.head.root.b, sizeof c.head.root.b, &n));
    if (n != sizeof c.head.root.b || c.head.size >= (u64)1 << 63)
        return E_INVALID;
    while (rest.p)
        if (!str_cut(&rest, '\n').n)
            return E_INVALID;
    *ret = c;
    return E_NONE;
}

err tlog_checkpoint_open(struct arena *out, str note, const struct note_key *k,
                         struct tlog_checkpoint *ret)
{
    struct note n;
    struct tlog_checkpoint c;
    TRY(note_parse(out, note, &n));
    TRY(tlog_checkpoint_parse(n.text, &c));
    if (!note_verify(&n, k) || !str_eq(c.origin, k->name))
        return E_DENIED;
    *ret = c;
    return E_NONE;
}
