/* SPDX-License-Identifier: Apache-2.0 */
/* Notes: the published format, and what a forger would try. */
#include "tlog/note.h"

#include <sodium.h>
#include <string.h>

#include "test/test.h"
#include "tlog/tlog_testkit.h"
#include "tlog/verify.h"

struct signer {
    struct note_key key;
    u8 secret[64];
};

static struct signer signer_new(u8 seed_byte, str name)
{
    struct signer s;
    u8 seed[32], public[32];
    memset(seed, seed_byte, sizeof seed);
    expect(crypto_sign_seed_keypair(public, s.secret, seed) == 0);
    expect_ok(note_key_make(name, public, &s.key));
    return s;
}

static str signed_note(struct T *T, const struct signer *s, str text)
{
    struct buf b = buf_in(T->arena, 1 << 16);
    u8 signature[64];
    crypto_sign_detached(signature, NULL, (const u8 *)text.p, text.n, s->secret);
    note_put_text(&b, text);
    note_put_signature(&b, &s->key, signature);
    return buf_str(&b);
}

static str checkpoint_note(struct T *T, const struct signer *s, const struct tlog_head *head)
{
    struct buf b = buf_in(T->arena, 1 << 12);
    tlog_checkpoint_put(&b, &(struct tlog_checkpoint){ s->key.name, *head });
    return signed_note(T, s, buf_str(&b));
}

/* The key of the Go checksum database, as every Go tool has it built in: our hash of it must be the
 * published one. */
TEST(note_published_key_is_read)
{
    str text = S("sum.golang.org+033de0ae+Ac4zctda0e5eza+HJyk9SxEdh+s3Ux18htTTAD8OuAn8");
    struct note_key k;
    expect_ok(note_key_parse(text, &k));
    expect_s(k.name, S("sum.golang.org"));
    expect_i(k.id, 0x033de0ae);
    struct buf b = buf_in(T->arena, 200);
    note_key_put(&b, &k);
    expect_s(buf_str(&b), text);
}

TEST(note_keys_with_faults_are_refused)
{
    static const char *const bad[] = {
        "",
        "a",
        "a+b",
        "sum.golang.org+033de0ae",
        "sum.golang.org+033de0ae+",
        "sum.golang.org+033de0af+Ac4zctda0e5eza+HJyk9SxEdh+s3Ux18htTTAD8OuAn8",
        "sum.golang.orh+033de0ae+Ac4zctda0e5eza+HJyk9SxEdh+s3Ux18htTTAD8OuAn8",
        "sum.golang.org+033DE0AE+Ac4zctda0e5eza+HJyk9SxEdh+s3Ux18htTTAD8OuAn8",
        "sum.golang.org+033de0ae+Ac4zctda0e5eza+HJyk9SxEdh+s3Ux18htTTAD8OuAn9",
        "sum.golang.org+033de0ae+As4zctda0e5eza+HJyk9SxEdh+s3Ux18htTTAD8OuAn8",
        "sum.golang.org+033de0ae+Ac4zctda0e5eza+HJyk9SxEdh+s3Ux18htTTAD8OuA==",
        "sum.golang.org+033de0ae+Ac4zctda0e5eza+HJyk9SxEdh+s3Ux18htTTAD8OuA\xeeX",
        "+033de0ae+Ac4zctda0e5eza+HJyk9SxEdh+s3Ux18htTTAD8OuAn8",
    };
    struct note_key k;
    u8 key[32] = { 1 };
    for (size_t i = 0; i < COUNT(bad); i++)
        expect_err(note_key_parse(str_from(bad[i]), &k), E_INVALID);
    expect_err(note_key_make(S("a b"), key, &k), E_INVALID);
    expect_err(note_key_make(S("a\xe3\x80\x80"
                               "b"),
                             key, &k),
               E_INVALID);
    expect_err(note_key_make(S("a\nb"), key, &k), E_INVALID);
}

TEST(note_signatures_are_checked)
{
    struct signer a = signer_new(1, S("office.example/ledger")),
                  b = signer_new(2, S("witness.example"));
    struct signer imitator = signer_new(3, S("office.example/ledger"));
    str text = S("line\n\nafter an empty line\n");
    str note = signed_note(T, &a, text);
    struct note n;
    expect_ok(note_parse(T->arena, note, &n));
    expect_s(n.text, text);
    expect(note_verify(&n, &a.key));
    expect(!note_verify(&n, &b.key));
    expect(!note_verify(&n, &imitator.key));
    for (size_t i = 0; i < note.n; i++) { /* any changed bit: not a note, or not signed */
        char *p = str_z(T->arena, note);
        p[i] ^= 1;
        if (note_parse(T->arena, (str){ p, note.n }, &n) == E_NONE)
            expect(!note_verify(&n, &a.key));
    }
    /* a second signature by someone unknown does no harm; a wrong one that claims to be ours does
     */
    str lines = str_sub(signed_note(T, &b, text), text.n + 1, 4096);
    str both = str_fmt(T->arena, STR_FMT STR_FMT, STR_ARG(note), STR_ARG(lines));
    expect_ok(note_parse(T->arena, both, &n));
    expect_i(n.n, 2);
    expect(note_verify(&n, &a.key) && note_verify(&n, &b.key));
    str wrong = str_sub(signed_note(T, &a, S("other\n")), 7, 4096);
    both = str_fmt(T->arena, STR_FMT STR_FMT, STR_ARG(note), STR_ARG(wrong));
    expect_ok(note_parse(T->arena, both, &n));
    expect(!note_verify(&n, &a.key));
}

TEST(note_malformed_ones_are_refused)
{
    static const char *const bad[] = {
        "",
        "\n",
        "a\n",
        "a\n\n",
        "a\n\n\n",
        "a\n\nb\n",
        "a\n\n\xe2\x80\x94 n AAAAAAA=",
        "a\n\n\xe2\x80\x94 n\n",
        "a\n\n\xe2\x80\x94 n \n",
        "a\n\n\xe2\x80\x94 n AAAA\n",
        "a\n\n\xe2\x80\x94 n AAAAAAA\n",
        "a\n\n- n AAAAAAA=\n",
        "a\n\n\xe2\x80\x94  AAAAAAA=\n",
        "a\n\n\xe2\x80\x94 n+m AAAAAAA=\n",
        "a\tb\n\n\xe2\x80\x94 n AAAAAAA=\n",
        "a\xff\n\n\xe2\x80\x94 n AAAAAAA=\n",
        "a\n\n\xe2\x80\x94 n AAAAAAB=\n",
        "a\r\n\r\n\xe2\x80\x94 n AAAAAAA=\r\n",
    };
    struct note n;
    for (size_t i = 0; i < COUNT(bad); i++)
        if (note_parse(T->arena, str_from(bad[i]), &n) != E_INVALID)
            test_failed(__FILE__, __LINE__, "row %zu was not refused", i);
    expect_ok(note_parse(T->arena, S("a\n\n\xe2\x80\x94 n AAAAAAA=\n"), &n));
    struct buf b = buf_in(T->arena, 1 << 16);
    buf_put(&b, S("a\n\n"));
    for (int i = 0; i < 33; i++)
        buf_put(&b, S("\xe2\x80\x94 n AAAAAAA=\n"));
    expect_err(note_parse(T->arena, buf_str(&b), &n), E_LIMIT);
}

TEST(checkpoint_text_is_exact)
{
    static const char *const bad[] = {
        "",
        "o\n",
        "o\n1\n",
        "o\n1\nAAAA\n",
        "\n1\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n",
        "o\n01\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n",
        "o\n-1\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n",
        "o\n1\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=",
        "o\n1\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I\n",
        "o\n1\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n\n",
        "o\n9223372036854775808\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n",
        "o\n1 \nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n",
    };
    struct tlog_checkpoint c;
    for (size_t i = 0; i < COUNT(bad); i++)
        if (tlog_checkpoint_parse(str_from(bad[i]), &c) != E_INVALID)
            test_failed(__FILE__, __LINE__, "row %zu was not refused", i);
    str text =
        S("example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n");
    expect_ok(tlog_checkpoint_parse(text, &c));
    expect_s(c.origin, S("example.com/behind-the-sofa"));
    expect_i(c.head.size, 20852163);
    struct buf b = buf_in(T->arena, 200);
    tlog_checkpoint_put(&b, &c);
    expect_s(buf_str(&b), text);
    expect_ok(tlog_checkpoint_parse(str_fmt(T->arena, STR_FMT "extension\n", STR_ARG(text)), &c));
}

/* ---- the audit ---- */

static err count_leaf(void *arg, u64 index, UNUSED str entry)
{
    u64 *n = arg;
    expect_i(index, *n);
    ++*n;
    return E_NONE;
}

static struct tlog_finding audit(struct kit *k, const struct signer *s, const struct tlog_head *old,
                                 err want)
{
    u64 n = 0;
    struct tlog_audit in = {
        .source = &k->source, .key = &s->key, .old = old, .arg = &n, .leaf = count_leaf
    };
    struct tlog_finding f;
    expect_err(tlog_audit(&in, &f), want);
    expect_i(n, f.leaves);
    return f;
}

TEST(audit_agrees_with_an_honest_ledger)
{
    struct kit k = kit_new(T->arena);
    struct signer s = signer_new(1, S("office.example/ledger"));
    struct tlog_head now = { 0 }, old;
    tlog_hash_row(NULL, 0, &now.root);
    kit_put(&k, "checkpoint", checkpoint_note(T, &s, &now));
    audit(&k, &s, NULL, E_NONE);
    for (int i = 0; i < 4; i++) {
        old = now;
        kit_append(&k, i == 1 ? 256 : 333);
        now = (struct tlog_head){ k.batch.size, k.batch.root };
        kit_put(&k, "checkpoint", checkpoint_note(T, &s, &now));
        struct tlog_finding f = audit(&k, &s, &old, E_NONE);
        expect_i(f.leaves, now.size);
        expect(f.what[0] == 0);
    }
    kit_free(&k);
}

TEST(audit_names_the_first_wrong_place)
{
    struct kit k = kit_new(T->arena);
    struct signer s = signer_new(1, S("office.example/ledger")),
                  other = signer_new(2, S("office.example/ledger"));
    kit_append(&k, 100);
    struct tlog_head old = { 100, k.batch.root };
    kit_append(&k, 500);
    struct tlog_head now = { 600, k.batch.root };
    kit_put(&k, "checkpoint", checkpoint_note(T, &s, &now));
    audit(&k, &s, &old, E_NONE);

    expect_s(str_from(audit(&k, &other, NULL, E_CORRUPT).what),
             S("checkpoint: not signed by this key"));
    old.root.b[3] ^= 1;
    expect_s(str_from(audit(&k, &s, &old, E_CORRUPT).what),
             S("the old head of size 100 is not the beginning of this ledger"));
    old.size = 601;
    expect_s(str_from(audit(&k, &s, &old, E_CORRUPT).what),
             S("checkpoint: shorter than the old head"));

    static const char *const files[] = { "tile/entries/001", "tile/0/001", "tile/0/002.p/88",
                                         "tile/1/000.p/2", "tile/entries/002.p/88" };
    for (size_t i = 0; i < COUNT(files); i++) {
        str whole = *(str *)map_get(k.source.arg, str_from(files[i]));
        char *changed = str_z(T->arena, whole);
        changed[whole.n - 1] ^= 1;
        kit_put(&k, files[i], (str){ changed, whole.n });
        expect(audit(&k, &s, NULL, E_CORRUPT).what[0] != 0);
        kit_put(&k, files[i], str_sub(whole, 0, whole.n - 1));
        expect(str_find(str_from(audit(&k, &s, NULL, E_CORRUPT).what), str_from(files[i])) >= 0);
        kit_remove(&k, files[i]);
        expect(str_find(str_from(audit(&k, &s, NULL, E_CORRUPT).what), str_from(files[i])) >= 0);
        kit_put(&k, files[i], whole);
    }
    audit(&k, &s, NULL, E_NONE);
    now.root.b[0] ^= 1;
    kit_put(&k, "checkpoint", checkpoint_note(T, &s, &now));
    expect_s(str_from(audit(&k, &s, NULL, E_CORRUPT).what),
             S("checkpoint: the root is not what the leaves give"));
    kit_free(&k);
}

/* ---- a disk that fails ---- */

struct failing {
    const struct tlog_source *under;
    u32 reads, fail_at;
};

static err failing_read(void *arg, const char *path, size_t max, struct arena *out, str *ret)
{
    struct failing *f = arg;
    if (++f->reads == f->fail_at)
        return E_IO;
    return f->under->read(f->under->arg, path, max, out, ret);
}

TEST(audit_and_proofs_never_succeed_over_a_failed_read)
{
    struct kit k = kit_new(T->arena);
    struct signer s = signer_new(1, S("office.example/ledger"));
    kit_append(&k, 700);
    struct tlog_head now = { 700, k.batch.root };
    kit_put(&k, "checkpoint", checkpoint_note(T, &s, &now));
    for (u32 n = 1;; n++) {
        struct failing f = { &k.source, 0, n };
        struct tlog_source source = { &f, failing_read };
        struct tlog_audit in = { .source = &source, .key = &s.key };
        struct tlog_finding found;
        err e = tlog_audit(&in, &found);
        if (f.reads < n) { /* past the last read: nothing failed */
            expect_ok(e);
            expect(n > 8);
            break;
        }
        expect_i(e, E_IO);
        expect(str_find(str_from(found.what), S("cannot be read")) > 0);
    }
    for (u32 n = 1; n < 20; n++) {
        struct failing f = { &k.source, 0, n };
        struct tlog_source source = { &f, failing_read };
        struct tlog_proof p = { .n = 99 };
        err e = tlog_prove_leaf(&source, 300, 700, &p);
        expect_i(e, f.reads < n ? E_NONE : E_IO);
        expect(e == E_NONE || p.n == 99);
        struct tlog_tree *t = NEW(T->arena, struct tlog_tree);
        f = (struct failing){ &k.source, 0, n };
        e = tlog_tree_load(&source, 700, t);
        expect_i(e, f.reads < n ? E_NONE : E_IO);
        expect(e == E_NONE || t->size == 0);
    }
    kit_free(&k);
}
