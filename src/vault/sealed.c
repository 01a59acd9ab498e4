/* SPDX-License-Identifier: Apache-2.0 */
/* The sealed file: a head with the root key's fingerprint, and two slots that are written in turn,
 * so that a crash while writing leaves the other. A slot is XChaCha20-Poly1305 over the state, its
 * number authenticated with it; the highest number that opens is the state. Written in place,
 * because the vault may not open or rename anything. Who can write the file can put an old slot
 * back; the ledger's witnesses, not this file, stand against that. */
#include <sodium.h>
#include <string.h>

#include "base/log.h"
#include "base/os.h"
#include "vault/vault.h"

enum {
    HEAD_BYTES = 4096,
    MAGIC_BYTES = 32,
    KEY_ID_BYTES = 16,
    SLOT_BYTES = 64 * 1024,
    SLOT_HEAD = 40,
    NONCE_AT = 16,
    NONCE_BYTES = 24,
    TAG_BYTES = 16
};

static const char magic[MAGIC_BYTES] = "outwork vault file 1\n";

struct slot_bytes {
    u8 b[SLOT_HEAD + STATE_BYTES_MAX + TAG_BYTES];
};
_Static_assert(sizeof(struct slot_bytes) <= SLOT_BYTES, "a slot holds the largest state");

const struct record *vault_state_record(void)
{
#define FIELD(kind, name, max) FIELD_AS_ROW(kind, name, max)
    RECORD_TABLE(vault_state, VAULT_STATE_FIELDS);
#undef FIELD
}

static void le64(u8 *to, u64 v)
{
    for (int i = 0; i < 8; i++)
        to[i] = (u8)(v >> (8 * i));
}

static u64 from_le64(const u8 *p)
{
    u64 v = 0;
    for (int i = 8; i-- > 0;)
        v = v << 8 | p[i];
    return v;
}

/* A key of its own for each use of the root key. */
static void derive(const struct vault *v, const char *use, u8 *ret, size_t n)
{
    must(crypto_generichash(ret, n, (const u8 *)use, strlen(use), v->root_key, ROOT_KEY_BYTES) ==
         0);
}

static off_t slot_at(u64 seq)
{
    return HEAD_BYTES + (off_t)(seq & 1) * SLOT_BYTES;
}

/* Authenticated beside the bytes: the file's kind, the slot's number and length. */
static void slot_context(const u8 *head, u8 ret[MAGIC_BYTES + NONCE_AT])
{
    memcpy(ret, magic, MAGIC_BYTES);
    memcpy(ret + MAGIC_BYTES, head, NONCE_AT);
}

static err write_head(struct vault *v)
{
    u8 head[HEAD_BYTES] = { 0 };
    memcpy(head, magic, MAGIC_BYTES);
    derive(v, "outwork vault root key id", head + MAGIC_BYTES, KEY_ID_BYTES);
    return os_write_all(v->file, head, sizeof head, 0);
}

err vault_save(struct vault *v)
{
    u8 key[32], context[MAGIC_BYTES + NONCE_AT];
    unsigned long long sealed_n;
    SCRATCH(s);
    struct buf plain = buf_in(s.a, STATE_BYTES_MAX);
    must(buf_room(&plain, STATE_BYTES_MAX / 2) !=
         NULL); /* at once, so that no copy is left behind */
    TRY(record_put(&plain, vault_state_record(), v->state));
    struct slot_bytes *slot = NEW(s.a, struct slot_bytes);
    u64 seq = v->seq + 1;
    le64(slot->b, seq);
    le64(slot->b + 8, plain.n + TAG_BYTES);
    randombytes_buf(slot->b + NONCE_AT, NONCE_BYTES);
    slot_context(slot->b, context);
    derive(v, "outwork vault slot", key, sizeof key);
    must(crypto_aead_xchacha20poly1305_ietf_encrypt(slot->b + SLOT_HEAD, &sealed_n, (u8 *)plain.p,
                                                    plain.n, context, sizeof context, NULL,
                                                    slot->b + NONCE_AT, key) == 0);
    sodium_memzero(key, sizeof key);
    sodium_memzero(plain.p, plain.n);
    if (seq == 1)
        TRY(write_head(v));
    TRY(os_write_all(v->file, slot->b, SLOT_HEAD + (size_t)sealed_n, slot_at(seq)));
    if (os.fsync(v->file) != 0)
        return os_err();
    v->seq = seq;
    return E_NONE;
}

/* Opens the slot into plain (STATE_BYTES_MAX bytes). */
static err open_slot(const struct vault *v, u64 which, u8 *plain, size_t *ret_n, u64 *ret_seq)
{
    u8 key[32], context[MAGIC_BYTES + NONCE_AT];
    SCRATCH(s);
    struct slot_bytes *slot = NEW(s.a, struct slot_bytes);
    TRY(os_read_all(v->file, slot->b, SLOT_HEAD, slot_at(which)));
    u64 seq = from_le64(slot->b), n = from_le64(slot->b + 8);
    if (!seq || (seq & 1) != which || n < TAG_BYTES || n > STATE_BYTES_MAX + TAG_BYTES)
        return E_CORRUPT;
    TRY(os_read_all(v->file, slot->b + SLOT_HEAD, n, slot_at(which) + SLOT_HEAD));
    slot_context(slot->b, context);
    derive(v, "outwork vault slot", key, sizeof key);
    unsigned long long plain_n;
    int bad = crypto_aead_xchacha20poly1305_ietf_decrypt(plain, &plain_n, NULL, slot->b + SLOT_HEAD,
                                                         n, context, sizeof context,
                                                         slot->b + NONCE_AT, key);
    sodium_memzero(key, sizeof key);
    if (bad)
        return E_CORRUPT;
    *ret_n = (size_t)plain_n;
    *ret_seq = seq;
    return E_NONE;
}

static err check_head(const struct vault *v)
{
    u8 head[MAGIC_BYTES + KEY_ID_BYTES], id[KEY_ID_BYTES];
    TRY(os_read_all(v->file, head, sizeof head, 0));
    if (memcmp(head, magic, MAGIC_BYTES) != 0)
        return E_CORRUPT;
    derive(v, "outwork vault root key id", id, sizeof id);
    return sodium_memcmp(id, head + MAGIC_BYTES, KEY_ID_BYTES) == 0 ? E_NONE : E_DENIED;
}

err vault_load(struct vault *v)
{
    TRY(check_head(v));
    u64 best = 0;
    for (u64 which = 0; which < 2; which++) {
        u64 seq;
        size_t n;
        if (open_slot(v, which, v->bytes, &n, &seq) != E_NONE)
            continue;
        best = MAX(best, seq);
    }
    if (!best)
        return E_CORRUPT;
    size_t n = 0;
    TRY(open_slot(v, best & 1, v->bytes, &n, &best)); /* again, so that these bytes stay */
    TRY(record_get((str){ (char *)v->bytes, n }, vault_state_record(), v->state));
    v->seq = best;
    u64 other;
    u8 *spare = sodium_malloc(STATE_BYTES_MAX);
    must(spare != NULL);
    if (best > 1 && open_slot(v, (best + 1) & 1, spare, &n, &other) != E_NONE)
        log_warn("one of the vault's two slots is damaged; the other is used");
    sodium_free(spare);
    return v->state->version == 1 ? E_NONE : E_CORRUPT;
}
