/* SPDX-License-Identifier: Apache-2.0 */
/* The vault as its clients see it, and as somebody with a disk editor does. */
#include "vault/vault.h"

#include <fcntl.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/sha.h>
#include <openssl/x509v3.h>
#include <sodium.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fault.h"
#include "base/os.h"
#include "base/rng.h"
#include "proc/totp.h"
#include "proc/vault_client.h"
#include "test/test.h"

static const u8 root_key[ROOT_KEY_BYTES] = { 1, 2, 3 };

static int sealed_fd(struct T *T)
{
    int fd =
        open(str_fmt(T->arena, "%s/vault.sealed", T->dir).p, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    expect(fd >= 0);
    return fd;
}

static struct vault_open options(int fd)
{
    return (struct vault_open){ .file = fd,
                                .root_key = root_key,
                                .create = true,
                                .hosts = S("office.example, localhost"),
                                .origin = S("office.example/ledger") };
}

static struct vault *open_vault(struct T *T)
{
    struct vault *v = NULL;
    const char *why = "";
    struct vault_open o = options(sealed_fd(T));
    expect_ok(vault_open(&o, &v, &why));
    return v;
}

static void close_vault(struct vault *v)
{
    os_close(v->file);
    vault_close(v);
}

static err reopen(struct T *T, const u8 *key, bool create, const char **ret_why)
{
    struct vault *v;
    struct vault_open o = options(sealed_fd(T));
    o.root_key = key;
    o.create = create;
    err e = vault_open(&o, &v, ret_why);
    if (e == E_NONE)
        vault_close(v);
    os_close(o.file);
    return e;
}

TEST(keys_survive_a_restart)
{
    struct vault *v = open_vault(T);
    struct vault_ledger_head_out head, head2;
    struct vault_ticket_keys_out tickets, tickets2;
    expect_ok(ops_ledger_head(v, T->arena, &(struct vault_ledger_head_in){}, &head));
    expect_ok(ops_ticket_keys(v, T->arena, &(struct vault_ticket_keys_in){}, &tickets));
    struct vault_seal_out sealed;
    expect_ok(ops_seal(v, T->arena, &(struct vault_seal_in){ S("session"), S("7"), S("hello") },
                       &sealed));
    str ca, ca2;
    expect_ok(ca_pem(v, T->arena, &ca));
    close_vault(v);
    v = open_vault(T);
    expect_ok(ops_ledger_head(v, T->arena, &(struct vault_ledger_head_in){}, &head2));
    expect_ok(ops_ticket_keys(v, T->arena, &(struct vault_ticket_keys_in){}, &tickets2));
    expect(memcmp(head.public_key, head2.public_key, 32) == 0);
    expect(memcmp(&tickets, &tickets2, sizeof tickets) == 0);
    struct vault_unseal_out plain;
    expect_ok(ops_unseal(v, T->arena,
                         &(struct vault_unseal_in){ S("session"), S("7"), sealed.sealed }, &plain));
    expect_s(plain.plain, S("hello"));
    expect_ok(ca_pem(v, T->arena, &ca2));
    expect_s(ca2, ca);
    close_vault(v);
}

TEST(the_file_shows_nothing_and_another_root_key_opens_nothing)
{
    struct vault *v = open_vault(T);
    str bytes;
    expect_ok(
        os_read_file(T->arena, str_fmt(T->arena, "%s/vault.sealed", T->dir).p, 1 << 20, &bytes));
    expect(str_find(bytes, (str){ (char *)v->state->ledger_key, 32 }) < 0);
    expect(str_find(bytes, (str){ (char *)v->state->data_key, 32 }) < 0);
    expect(str_find(bytes, v->state->origin) < 0);
    close_vault(v);
    const char *why = "";
    u8 other[ROOT_KEY_BYTES] = { 1, 2, 4 };
    expect_err(reopen(T, other, false, &why), E_DENIED);
    expect_s(str_from(why), S("the root key is not the one this vault file was sealed with"));
    expect_err(reopen(T, other, true, &why), E_DENIED); /* create does not overwrite */
    expect_ok(reopen(T, root_key, false, &why));
}

TEST(an_empty_file_is_filled_only_when_told)
{
    const char *why = "";
    expect_err(reopen(T, root_key, false, &why), E_NOT_FOUND);
    expect(str_find(str_from(why), S("backup")) > 0);
    expect_ok(reopen(T, root_key, true, &why));
}

static void flip(struct T *T, off_t at)
{
    int fd = sealed_fd(T);
    u8 c;
    expect(pread(fd, &c, 1, at) == 1);
    c ^= 1;
    expect(pwrite(fd, &c, 1, at) == 1);
    os_close(fd);
}

TEST(a_changed_byte_anywhere_in_the_sealed_state_is_noticed)
{
    close_vault(open_vault(T)); /* writes slot 1 only */
    const off_t slot = 4096 + 65536;
    static const off_t at[] = { 0, 40 };
    const char *why = "";
    for (off_t i = 0; i < 60; i++) {
        flip(T, slot + i);
        expect_err(reopen(T, root_key, false, &why), E_CORRUPT);
        flip(T, slot + i);
    }
    for (size_t i = 0; i < COUNT(at); i++) {
        flip(T, at[i]);
        expect(reopen(T, root_key, false, &why) != E_NONE);
        flip(T, at[i]);
    }
    flip(T, slot + 500);
    expect_err(reopen(T, root_key, true, &why), E_CORRUPT); /* nor are new keys made over it */
    flip(T, slot + 500);
    expect_ok(reopen(T, root_key, false, &why));
    expect(truncate(str_fmt(T->arena, "%s/vault.sealed", T->dir).p, slot + 100) == 0);
    expect_err(reopen(T, root_key, false, &why), E_CORRUPT);
}

/* A tiny ledger, to have proofs from: leaves are their index. */
struct hash {
    u8 b[32];
};

static struct hash leaf_hash(u64 i)
{
    u8 bytes[9] = { 0 };
    memcpy(bytes + 1, &i, 8);
    struct hash h;
    (void)SHA256(bytes, sizeof bytes, h.b);
    return h;
}

static struct hash tree_hash(u64 from, u64 n)
{
    if (n == 0) {
        struct hash empty;
        (void)SHA256((const u8 *)"", 0, empty.b);
        return empty;
    }
    if (n == 1)
        return leaf_hash(from);
    u64 k = 1;
    while (k * 2 < n)
        k *= 2;
    u8 both[65] = { 1 };
    struct hash l = tree_hash(from, k), r = tree_hash(from + k, n - k), h;
    memcpy(both + 1, l.b, 32);
    memcpy(both + 33, r.b, 32);
    (void)SHA256(both, sizeof both, h.b);
    return h;
}

/* RFC 9162 2.1.4.1, SUBPROOF(m, D[from, from+n], whole). */
static void subproof(struct buf *b, u64 m, u64 from, u64 n, bool whole)
{
    if (m == n) {
        if (!whole)
            buf_bytes(b, tree_hash(from, n).b, 32);
        return;
    }
    u64 k = 1;
    while (k * 2 < n)
        k *= 2;
    if (m <= k) {
        subproof(b, m, from, k, whole);
        buf_bytes(b, tree_hash(from + k, n - k).b, 32);
    } else {
        subproof(b, m - k, from + k, n - k, false);
        buf_bytes(b, tree_hash(from, k).b, 32);
    }
}

static struct vault_ledger_sign_in head_of(struct T *T, u64 from, u64 size)
{
    struct vault_ledger_sign_in in = { .size = size };
    struct hash root = tree_hash(0, size);
    struct buf proof = buf_in(T->arena, 4096);
    char b64[64];
    memcpy(in.root, root.b, 32);
    if (from && from < size)
        subproof(&proof, from, 0, size, true);
    in.proof = buf_str(&proof);
    (void)sodium_bin2base64(b64, sizeof b64, root.b, 32, sodium_base64_VARIANT_ORIGINAL);
    in.body = str_fmt(T->arena, "office.example/ledger\n%llu\n%s\n", (unsigned long long)size, b64);
    return in;
}

static err sign(struct T *T, struct vault *v, const struct vault_ledger_sign_in *in)
{
    struct vault_ledger_sign_out out;
    err e = ops_ledger_sign(v, T->arena, in, &out);
    if (e == E_NONE)
        expect(crypto_sign_verify_detached(out.signature, (const u8 *)in->body.p, in->body.n,
                                           v->ledger_public) == 0);
    return e;
}

TEST(heads_that_extend_the_last_are_signed_across_restarts)
{
    struct vault *v = open_vault(T);
    static const u64 sizes[] = { 1, 2, 3, 3, 7, 8, 9, 64, 65, 300 };
    u64 last = 0;
    for (size_t i = 0; i < COUNT(sizes); i++) {
        struct vault_ledger_sign_in in = head_of(T, last, sizes[i]);
        expect_ok(sign(T, v, &in));
        last = sizes[i];
        close_vault(v);
        v = open_vault(T);
        expect_i(v->state->head_size, last);
    }
    close_vault(v);
}

TEST(heads_that_do_not_extend_the_last_are_refused)
{
    struct vault *v = open_vault(T);
    struct vault_ledger_sign_in first = head_of(T, 0, 10), in;
    expect_ok(sign(T, v, &first));
    in = head_of(T, 0, 9); /* shorter */
    expect_err(sign(T, v, &in), E_CONFLICT);
    in = head_of(T, 10, 20);
    in.proof = S(""); /* unproven */
    expect_err(sign(T, v, &in), E_CONFLICT);
    in = head_of(T, 9, 20); /* a proof from another head */
    expect_err(sign(T, v, &in), E_CONFLICT);
    in = head_of(T, 10, 20);
    in.proof = str_sub(in.proof, 0, in.proof.n - 32);
    expect_err(sign(T, v, &in), E_CONFLICT);
    in = head_of(T, 10, 20);
    in.proof = str_sub(in.proof, 0, in.proof.n - 1);
    expect_err(sign(T, v, &in), E_CONFLICT);
    in = head_of(T, 10, 10); /* same size, another tree */
    in.root[0] ^= 1;
    char b64[64];
    (void)sodium_bin2base64(b64, sizeof b64, in.root, 32, sodium_base64_VARIANT_ORIGINAL);
    in.body = str_fmt(T->arena, "office.example/ledger\n10\n%s\n", b64);
    expect_err(sign(T, v, &in), E_CONFLICT);
    expect_i(v->state->head_size, 10);
    in = head_of(T, 10, 20); /* and the honest one still passes */
    expect_ok(sign(T, v, &in));
    close_vault(v);
}

TEST(a_body_that_states_something_else_is_refused)
{
    struct vault *v = open_vault(T);
    struct vault_ledger_sign_in in = head_of(T, 0, 5), other = head_of(T, 0, 6);
    str good = in.body;
    static const char *const swaps[] = { "another.example/ledger\n5\n",
                                         "office.example/ledger\n6\n",
                                         "office.example/ledger\n05\n",
                                         "office.example/ledger\n5 \n", "" };
    str tail = str_sub(good, str_from("office.example/ledger\n5\n").n, good.n);
    for (size_t i = 0; i < COUNT(swaps); i++) {
        in.body = str_fmt(T->arena, "%s" STR_FMT, swaps[i], STR_ARG(tail));
        expect_err(sign(T, v, &in), E_INVALID);
    }
    in.body = other.body;
    expect_err(sign(T, v, &in), E_INVALID);
    in.body = str_fmt(T->arena, STR_FMT "\n", STR_ARG(good)); /* an empty line: note trickery */
    expect_err(sign(T, v, &in), E_INVALID);
    in.body = str_fmt(T->arena, STR_FMT "ext\n\n— a", STR_ARG(good));
    expect_err(sign(T, v, &in), E_INVALID);
    in.body = str_sub(good, 0, good.n - 1);
    expect_err(sign(T, v, &in), E_INVALID);
    in.body = str_fmt(T->arena, STR_FMT "time 7\n", STR_ARG(good)); /* extension lines are fine */
    expect_ok(sign(T, v, &in));
    close_vault(v);
}

TEST(a_head_that_could_not_be_stored_is_not_signed)
{
    struct vault *v = open_vault(T);
    struct vault_ledger_sign_in in = head_of(T, 0, 5), next = head_of(T, 5, 9),
                                fork = head_of(T, 0, 4);
    expect_ok(sign(T, v, &in));
    for (u32 n = 1;; n++) {
        fault_arm(FAULT_DISK, n, true);
        err e = sign(T, v, &next);
        if (!fault_disarm())
            break;
        expect(e != E_NONE);
        expect_i(v->state->head_size, 5);
        expect_err(sign(T, v, &fork), E_CONFLICT);
    }
    close_vault(v);
    v = open_vault(T);
    expect_i(v->state->head_size, 9);
    close_vault(v);
}

TEST(a_torn_write_leaves_the_state_before_it)
{
    struct vault *v = open_vault(T);
    struct vault_ledger_sign_in one = head_of(T, 0, 5), two = head_of(T, 5, 9);
    expect_ok(sign(T, v, &one));
    expect_ok(sign(T, v, &two));
    off_t slot = 4096 + (off_t)(v->seq & 1) * 65536;
    close_vault(v);
    int fd = sealed_fd(T);
    expect(pwrite(fd, "torn", 4, slot + 200) == 4);
    os_close(fd);
    v = open_vault(T);
    expect_i(v->state->head_size, 5);
    expect_ok(sign(T, v, &two));
    close_vault(v);
}

TEST(sealed_bytes_open_for_their_purpose_and_context_only)
{
    struct vault *v = open_vault(T);
    struct vault_seal_out s1, s2;
    struct vault_seal_in in = { S("session"), S("42"), S("the key") };
    expect_ok(ops_seal(v, T->arena, &in, &s1));
    expect_ok(ops_seal(v, T->arena, &in, &s2));
    expect(!str_eq(s1.sealed, s2.sealed)); /* a fresh nonce each */
    static const char *const wrong[][2] = { { "session", "43" },
                                            { "sessions", "42" },
                                            { "session4", "2" },
                                            { "sessio", "n42" },
                                            { "", "" } };
    struct vault_unseal_out out;
    for (size_t i = 0; i < COUNT(wrong); i++) {
        struct vault_unseal_in o = { str_from(wrong[i][0]), str_from(wrong[i][1]), s1.sealed };
        expect_err(ops_unseal(v, T->arena, &o, &out), E_CORRUPT);
    }
    for (size_t i = 0; i < s1.sealed.n; i++) {
        char *p = (char *)(uintptr_t)s1.sealed.p;
        p[i] ^= 4;
        expect_err(ops_unseal(v, T->arena,
                              &(struct vault_unseal_in){ S("session"), S("42"), s1.sealed }, &out),
                   E_CORRUPT);
        p[i] ^= 4;
    }
    expect_ok(ops_unseal(v, T->arena, &(struct vault_unseal_in){ S("session"), S("42"), s1.sealed },
                         &out));
    expect_s(out.plain, S("the key"));
    close_vault(v);
}

TEST(one_time_codes_are_checked_without_giving_the_secret_away)
{
    struct vault *v = open_vault(T);
    struct vault_totp_new_out made;
    struct vault_totp_check_out got;
    expect_ok(ops_totp_new(v, T->arena,
                           &(struct vault_totp_new_in){ S("person_1"), S("12345678901234567890") },
                           &made));
    expect_s(made.base32, S("GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"));
    struct vault_totp_check_in in = { S("person_1"), made.sealed, S("287082"), 59 * USEC_S, 0 };
    expect_ok(ops_totp_check(v, T->arena, &in, &got));
    expect_i(got.step, 1);
    in.last_step = 1; /* the same code again */
    expect_ok(ops_totp_check(v, T->arena, &in, &got));
    expect_i(got.step, 0);
    in.context = S("person_2"); /* somebody else's */
    expect_err(ops_totp_check(v, T->arena, &in, &got), E_CORRUPT);
    struct vault_unseal_out plain;
    struct vault_unseal_in steal = { S("vault.totp"), S("person_1"), made.sealed };
    expect_err(ops_unseal(v, T->arena, &steal, &plain), E_DENIED);
    struct vault_totp_new_out fresh;
    expect_ok(
        ops_totp_new(v, T->arena, &(struct vault_totp_new_in){ S("person_1"), S("") }, &fresh));
    expect_i(fresh.base32.n, 32);
    expect(!str_eq(fresh.base32, made.base32));
    expect_err(ops_totp_new(v, T->arena, &(struct vault_totp_new_in){ S("p"), S("short") }, &fresh),
               E_INVALID);
    close_vault(v);
}

static usec moved_to;
static usec moved_clock(void)
{
    return moved_to;
}

TEST(ticket_keys_rotate_every_twelve_hours_and_keep_the_one_before)
{
    struct vault *v = open_vault(T);
    struct vault_ticket_keys_out a, b, c;
    struct vault_ticket_keys_in in;
    expect_ok(ops_ticket_keys(v, T->arena, &in, &a));
    os.now = moved_clock;
    moved_to = a.rotate_at - 1;
    expect_ok(ops_ticket_keys(v, T->arena, &in, &b));
    expect(memcmp(&a, &b, sizeof a) == 0);
    moved_to = a.rotate_at;
    expect_ok(ops_ticket_keys(v, T->arena, &in, &b));
    expect(memcmp(b.previous, a.current, 80) == 0 && memcmp(b.current, a.current, 80) != 0);
    expect_i(b.rotate_at, a.rotate_at + 12 * USEC_HOUR);
    close_vault(v);
    v = open_vault(T);
    expect_ok(ops_ticket_keys(v, T->arena, &in, &c));
    expect(memcmp(&b, &c, sizeof b) == 0);
    close_vault(v);
}

static X509 *from_pem(str pem)
{
    BIO *b = BIO_new_mem_buf(pem.p, (int)pem.n);
    X509 *x = PEM_read_bio_X509(b, NULL, NULL, NULL);
    BIO_free(b);
    expect(x != NULL);
    return x;
}

/* As a client that trusts the authority would. */
static bool trusted(X509 *ca, X509 *leaf, const char *host)
{
    X509_STORE *store = X509_STORE_new();
    X509_STORE_CTX *ctx = X509_STORE_CTX_new();
    X509_STORE_add_cert(store, ca);
    X509_STORE_CTX_init(ctx, store, leaf, NULL);
    X509_VERIFY_PARAM *p = X509_STORE_CTX_get0_param(ctx);
    X509_VERIFY_PARAM_set_purpose(p, X509_PURPOSE_SSL_SERVER);
    X509_VERIFY_PARAM_set_flags(p, X509_V_FLAG_X509_STRICT);
    if (strspn(host, "0123456789.:") == strlen(host) || strchr(host, ':'))
        X509_VERIFY_PARAM_set1_ip_asc(p, host);
    else
        X509_VERIFY_PARAM_set1_host(p, host, 0);
    bool ok = X509_verify_cert(ctx) == 1;
    X509_STORE_CTX_free(ctx);
    X509_STORE_free(store);
    return ok;
}

TEST(certificates_verify_for_their_names_alone)
{
    struct vault *v = open_vault(T);
    struct vault_ca_issue_out out;
    expect_ok(ops_ca_issue(
        v, T->arena,
        &(struct vault_ca_issue_in){ S("office.example, chat.office.example,localhost") }, &out));
    X509 *ca = from_pem(out.ca), *leaf = from_pem(out.chain);
    expect(trusted(ca, leaf, "office.example") && trusted(ca, leaf, "chat.office.example"));
    expect(trusted(ca, leaf, "localhost") && trusted(ca, leaf, "127.0.0.1") &&
           trusted(ca, leaf, "::1"));
    expect(!trusted(ca, leaf, "example.com") && !trusted(ca, leaf, "x.office.example") &&
           !trusted(ca, leaf, "10.0.0.1"));
    int days, secs;
    expect(ASN1_TIME_diff(&days, &secs, X509_get0_notBefore(leaf), X509_get0_notAfter(leaf)) == 1);
    expect(days <= 397 && days > 390);
    expect(X509_check_ca(ca) == 1 && X509_check_ca(leaf) == 0);
    u8 digest[32] = { 9 };
    struct vault_tls_sign_in in;
    struct vault_tls_sign_out sig;
    memcpy(in.digest, digest, 32);
    expect_ok(ops_tls_sign(v, T->arena, &in, &sig));
    EVP_PKEY_CTX *c = EVP_PKEY_CTX_new(X509_get0_pubkey(leaf), NULL);
    expect(EVP_PKEY_verify_init(c) == 1 &&
           EVP_PKEY_verify(c, (const u8 *)sig.der.p, sig.der.n, digest, 32) == 1);
    EVP_PKEY_CTX_free(c);
    X509_free(ca);
    X509_free(leaf);
    close_vault(v);
}

TEST(the_authority_signs_for_no_other_name)
{
    struct vault *v = open_vault(T);
    struct vault_ca_issue_out out;
    static const char *const bad[] = {
        "google.com", "office.example,google.com",     "xoffice.example", "example",
        "",           "office.example,DNS:google.com", "office.example\n"
    };
    for (size_t i = 0; i < COUNT(bad); i++)
        expect_err(ops_ca_issue(v, T->arena, &(struct vault_ca_issue_in){ str_from(bad[i]) }, &out),
                   E_INVALID);
    close_vault(v);
}

TEST(a_stolen_authority_key_makes_nothing_for_other_sites)
{
    struct vault *v = open_vault(T);
    struct leaf good, evil;
    str pem;
    expect_ok(ca_pem(v, T->arena, &pem));
    X509 *ca = from_pem(pem);
    expect_ok(ca_leaf(v, T->arena, S("office.example"), os_now(), &good));
    /* the same name and key, other constraints: what a thief would sign with */
    expect_ok(ca_make(v, S("office.example, evil.example"), os_now()));
    expect_ok(ca_leaf(v, T->arena, S("evil.example"), os_now(), &evil));
    X509 *x = from_pem(good.pem), *y = from_pem(evil.pem);
    expect(trusted(ca, x, "office.example"));
    expect(trusted(v->ca_cert, y, "evil.example"));
    expect(!trusted(ca, y, "evil.example"));
    X509_free(ca);
    X509_free(x);
    X509_free(y);
    close_vault(v);
}

/* ---- through a socket, as the api does ---- */

struct served {
    struct vault *v;
    struct vault_client *c;
    int ours, theirs;
    pid_t pid;
};

static struct served *serve(struct T *T, enum vault_who who)
{
    struct served *s = NEW(T->arena, struct served);
    int ends[2];
    expect_ok(msg_pair(ends));
    s->v = open_vault(T);
    s->pid = fork();
    expect(s->pid >= 0);
    if (s->pid == 0) {
        os_close(ends[0]);
        u8 *room = arena_get_raw(T->arena, MSG_PACKET_MAX, 16);
        for (;;) {
            struct msg m;
            if (msg_wait(ends[1], os_mono() + 20 * USEC_S) != E_NONE ||
                msg_recv(ends[1], room, MSG_PACKET_MAX, &m) != E_NONE ||
                vault_answer(s->v, who, ends[1], &m) != E_NONE)
                _exit(0);
        }
    }
    os_close(ends[1]);
    s->ours = ends[0];
    s->c = vault_client_new(T->arena);
    vault_client_use(s->c, ends[0]);
    return s;
}

static void unserve(struct served *s)
{
    vault_client_use(s->c, -1);
    expect(waitpid(s->pid, NULL, 0) == s->pid);
    close_vault(s->v);
}

TEST(a_client_asks_and_is_answered)
{
    struct served *s = serve(T, VAULT_WHO_API);
    struct vault_seal_in in = { S("p"), S("c"), S("bytes") };
    struct vault_seal_out sealed;
    struct vault_unseal_out plain;
    expect_ok(vault_seal(s->c, &in, &sealed));
    struct vault_unseal_in o = { S("p"), S("c"), str_copy(T->arena, sealed.sealed) };
    expect_ok(vault_unseal(s->c, &o, &plain));
    expect_s(plain.plain, S("bytes"));
    o.context = S("d");
    expect_err(vault_unseal(s->c, &o, &plain), E_CORRUPT);
    expect(vault_client_why(s->c).n > 10);
    char *big = arena_get(T->arena, 1, 32769, 1);
    in.plain = (str){ big, 32768 };
    expect_ok(vault_seal(s->c, &in, &sealed));
    in.plain.n++;
    expect_err(vault_seal(s->c, &in, &sealed), E_LIMIT);
    expect(vault_client_alive(s->c));
    unserve(s);
}

TEST(the_api_may_not_ask_what_is_the_parents)
{
    struct served *s = serve(T, VAULT_WHO_API);
    struct vault_ca_issue_out out;
    expect_err(vault_ca_issue(s->c, &(struct vault_ca_issue_in){ S("office.example") }, &out),
               E_DENIED);
    unserve(s);
    s = serve(T, VAULT_WHO_PARENT);
    struct vault_tls_sign_out sig;
    expect_err(vault_tls_sign(s->c, &(struct vault_tls_sign_in){ { 0 } }, &sig), E_DENIED);
    expect_ok(vault_ca_issue(s->c, &(struct vault_ca_issue_in){ S("office.example") }, &out));
    unserve(s);
}

TEST(a_dead_vault_is_busy_at_once_and_a_new_socket_brings_it_back)
{
    struct vault_client *none = vault_client_new(T->arena);
    struct vault_tls_sign_out out;
    struct vault_tls_sign_in in = { { 0 } };
    expect_err(vault_tls_sign(none, &in, &out), E_BUSY);
    int ends[2];
    expect_ok(msg_pair(ends));
    vault_client_use(none, ends[0]);
    os_close(ends[1]);
    usec began = os_mono();
    expect_err(vault_tls_sign(none, &in, &out), E_BUSY);
    expect(os_mono() - began < 100 * USEC_MS);
    expect(!vault_client_alive(none));
    struct served *s = serve(T, VAULT_WHO_API);
    vault_client_use(none, dup(s->ours));
    expect_ok(vault_tls_sign(none, &in, &out));
    vault_client_use(none, -1);
    unserve(s);
}

TEST(a_silent_vault_is_busy_after_the_timeout_and_a_late_answer_is_not_the_next_ones)
{
    int ends[2];
    expect_ok(msg_pair(ends));
    struct vault_client *c = vault_client_new(T->arena);
    vault_client_use(c, ends[0]);
    vault_client_timeout(c, 20 * USEC_MS);
    struct vault_totp_check_out out;
    struct vault_totp_check_in in = { .code = S("1") };
    expect_err(vault_totp_check(c, &in, &out), E_BUSY);
    u8 step7[8] = { 7 }, step8[8] = { 8 };
    expect_ok(
        msg_send(ends[1], &(struct msg){ VAULT_totp_check + 1, 1, { (char *)step7, 8 }, -1 }));
    expect_ok(
        msg_send(ends[1], &(struct msg){ VAULT_totp_check + 1, 2, { (char *)step8, 8 }, -1 }));
    expect_ok(vault_totp_check(c, &in, &out));
    expect_i(out.step, 8);
    expect_ok(
        msg_send(ends[1], &(struct msg){ VAULT_totp_check + 1, 3, S("nonsense and more"), -1 }));
    expect_err(vault_totp_check(c, &in, &out), E_BUSY);
    expect(!vault_client_alive(c));
    os_close(ends[1]);
}

TEST(a_socket_that_fails_at_any_point_is_busy_and_never_a_wrong_answer)
{
    for (u32 n = 1;; n++) {
        struct served *s = serve(T, VAULT_WHO_API);
        struct vault_seal_in in = { S("p"), S("c"), S("bytes") };
        struct vault_seal_out out;
        fault_arm(FAULT_SOCKET, n, false);
        err e = vault_seal(s->c, &in, &out);
        bool hit = fault_disarm();
        expect(hit ? e == E_BUSY && !vault_client_alive(s->c) : e == E_NONE);
        unserve(s);
        if (!hit)
            break;
    }
}

TEST(nonsense_from_a_client_cuts_it_off)
{
    struct vault *v = open_vault(T);
    int ends[2];
    expect_ok(msg_pair(ends));
    expect_err(vault_answer(v, VAULT_WHO_API, ends[1], &(struct msg){ 9999, 1, S(""), -1 }),
               E_CORRUPT);
    struct msg m = { VAULT_tls_sign, 1, S("short"), -1 };
    u8 *room = arena_get_raw(T->arena, MSG_PACKET_MAX, 16);
    expect_ok(vault_answer(v, VAULT_WHO_API, ends[1], &m)); /* a refusal, not a signature */
    expect_ok(msg_recv(ends[0], room, MSG_PACKET_MAX, &m));
    expect_i(m.type, MSG_failed);
    os_close(ends[0]);
    expect_err(
        vault_answer(v, VAULT_WHO_API, ends[1], &(struct msg){ VAULT_tls_sign, 1, S(""), -1 }),
        E_CLOSED);
    os_close(ends[1]);
    close_vault(v);
}

TEST(root_keys_are_raw_or_hexadecimal)
{
    u8 key[ROOT_KEY_BYTES];
    expect_ok(vault_root_key_parse(
        S("00112233445566778899AABBccddeeff00112233445566778899aabbccddeeff\n"), key));
    expect_i(key[10], 0xaa);
    expect_ok(vault_root_key_parse(S("0123456789abcdef0123456789abcdef"), key)); /* 32 raw bytes */
    expect_i(key[0], '0');
    expect_err(vault_root_key_parse(S(""), key), E_INVALID);
    expect_err(vault_root_key_parse(
                   S("00112233445566778899AABBccddeeff00112233445566778899aabbccddee\n"), key),
               E_INVALID);
    expect_err(vault_root_key_parse(
                   S("zz112233445566778899AABBccddeeff00112233445566778899aabbccddeeff"), key),
               E_INVALID);
}
