/* SPDX-License-Identifier: Apache-2.0 */
/* The auditor's program, which stands beside the test in the build folder, on ledgers that we
 * wrote: the two share no code, so that they must agree on the formats. */
#include <sodium.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/os.h"
#include "test/test.h"
#include "tlog/note.h"
#include "tlog/tlog_testkit.h"

struct run {
    int status;
    str output;
};

/* arguments: separated by single spaces. */
static struct run run(struct T *T, const char *arguments)
{
    char exe[512] = { 0 }, *argv[20] = { exe };
    int pipe_fd[2], status;
    size_t n = 1;
    expect(readlink("/proc/self/exe", exe, sizeof exe - 20) > 0);
    memcpy(strrchr(exe, '/'), "/ledger-verify", sizeof "/ledger-verify");
    for (str rest = str_from(arguments); rest.n && n < COUNT(argv) - 1;)
        argv[n++] = str_z(T->arena, str_cut(&rest, ' '));
    expect(pipe(pipe_fd) == 0);
    pid_t child = fork();
    if (child == 0) {
        dup2(pipe_fd[1], 1);
        dup2(pipe_fd[1], 2);
        execv(exe, argv);
        _exit(99);
    }
    os_close(pipe_fd[1]);
    struct buf b = buf_in(T->arena, 1 << 20);
    char part[4096];
    for (ssize_t got; (got = read(pipe_fd[0], part, sizeof part)) > 0;)
        buf_bytes(&b, part, (size_t)got);
    os_close(pipe_fd[0]);
    expect(waitpid(child, &status, 0) == child && WIFEXITED(status));
    return (struct run){ WEXITSTATUS(status), buf_str(&b) };
}

#define expect_run(r, want_status, want_text)                                                      \
    do {                                                                                           \
        struct run run_ = (r);                                                                     \
        if (run_.status != (want_status) || str_find(run_.output, str_from(want_text)) < 0)        \
            test_failed(__FILE__, __LINE__, "exit %d, expected %d and \"%s\":\n" STR_FMT,          \
                        run_.status, (want_status), (want_text), STR_ARG(run_.output));            \
    } while (0)

static void write_file(struct T *T, const char *path, str bytes)
{
    char *full = str_z(T->arena, str_fmt(T->arena, "%s/%s", T->dir, path));
    char *slash = strrchr(full, '/');
    *slash = 0;
    expect_ok(os_mkdir(full, 0755));
    *slash = '/';
    expect_ok(os_write_file(full, bytes, 0644));
}

static void write_checkpoint(struct T *T, const char *path, const struct tlog_head *head,
                             u8 seed_byte)
{
    u8 seed[32], public[32], secret[64], signature[64];
    struct note_key key;
    memset(seed, seed_byte, sizeof seed);
    expect(crypto_sign_seed_keypair(public, secret, seed) == 0);
    expect_ok(note_key_make(S("office.example/ledger"), public, &key));
    struct buf text = buf_in(T->arena, 4096), note = buf_in(T->arena, 4096);
    tlog_checkpoint_put(&text, &(struct tlog_checkpoint){ key.name, *head });
    crypto_sign_detached(signature, NULL, (const u8 *)text.p, text.n, secret);
    note_put_text(&note, buf_str(&text));
    note_put_signature(&note, &key, signature);
    write_file(T, path, buf_str(&note));
    buf_clear(&note);
    note_key_put(&note, &key);
    buf_char(&note, '\n');
    write_file(T, str_fmt(T->arena, "key%u.pub", seed_byte).p, buf_str(&note));
}

static void append(struct T *T, struct kit *k, size_t n)
{
    str *entries = NEW_N(T->arena, str, n);
    for (size_t i = 0; i < n; i++)
        entries[i] = str_fmt(T->arena, "{\"type\":\"%s\",\"n\":%zu,\"list\":[1,\"a\\\"\",null]}",
                             i % 3 ? "message.posted" : "decision", i);
    struct tlog_leaves in = { entries, n, k->tail };
    expect_ok(tlog_append(k->a, k->tree, &in, &k->batch));
    k->tail = k->batch.tail;
    for (size_t i = 0; i < k->batch.n; i++) {
        write_file(T, k->batch.files[i].path.z, k->batch.files[i].bytes);
        kit_put(k, k->batch.files[i].path.z, k->batch.files[i].bytes);
    }
}

static struct tlog_head head_of(const struct kit *k)
{
    return (struct tlog_head){ k->batch.size, k->batch.root };
}

TEST(ledger_verify_agrees_with_honest_ledgers)
{
    struct kit k = kit_new(T->arena);
    struct tlog_head now;
    append(T, &k, 30);
    now = head_of(&k);
    write_checkpoint(T, "old", &now, 1);
    append(T, &k, 600);
    now = head_of(&k);
    write_checkpoint(T, "checkpoint", &now, 1);
    const char *d = T->dir;
    struct run r =
        run(T, str_fmt(T->arena, "--key %s/key1.pub --old %s/old --leaf 0 --leaf 629 --leaf 300 %s",
                       d, d, d)
                   .p);
    expect_run(r, 0, "AGREES");
    expect_run(r, 0, "630, all under the signed root");
    expect_run(r, 0, "210  decision\n");
    expect_run(r, 0, "420  message.posted\n");
    expect_run(r, 0, "30 leaves: the beginning of this ledger");
    expect_run(r, 0, "leaf    629 {\"type\":\"message.posted\",\"n\":599,");
    append(T, &k, 650); /* 1280 = 5 full tiles */
    now = head_of(&k);
    write_checkpoint(T, "checkpoint", &now, 1);
    expect_run(run(T, str_fmt(T->arena, "--key %s/key1.pub --old %s/old %s", d, d, d).p), 0,
               "AGREES");
    write_file(T, "key.pub", S("office.example/ledger+00000000+AAAA\n"));
    expect_run(run(T, d), 2, "not an Ed25519 verifier key");
    kit_free(&k);
}

TEST(ledger_verify_finds_each_change)
{
    struct kit k = kit_new(T->arena);
    const char *d = T->dir;
    str usual = str_fmt(T->arena, "--key %s/key1.pub %s", d, d);
    append(T, &k, 300);
    struct tlog_head now = head_of(&k);
    write_checkpoint(T, "checkpoint", &now, 1);
    expect_run(run(T, usual.p), 0, "AGREES");
    for (size_t i = 0; i < k.batch.n; i++) {
        const struct tlog_file *f = &k.batch.files[i];
        char *changed = str_z(T->arena, f->bytes);
        changed[f->bytes.n / 2] ^= 1;
        write_file(T, f->path.z, (str){ changed, f->bytes.n });
        expect_run(run(T, usual.p), 1, "DISAGREES");
        write_file(T, f->path.z, str_sub(f->bytes, 0, f->bytes.n - 1));
        expect_run(run(T, usual.p), 1, f->path.z);
        expect(unlink(str_fmt(T->arena, "%s/%s", d, f->path.z).p) == 0);
        expect_run(run(T, usual.p), 1, "missing");
        write_file(T, f->path.z, f->bytes);
    }
    expect_run(run(T, usual.p), 0, "AGREES");
    struct tlog_head lie = now;
    lie.root.b[0] ^= 1;
    write_checkpoint(T, "old", &lie, 1); /* signed by the right key, but another history */
    expect_run(run(T, str_fmt(T->arena, "--old %s/old " STR_FMT, d, STR_ARG(usual)).p), 1,
               "not the beginning");
    lie = (struct tlog_head){ 301, now.root };
    write_checkpoint(T, "old", &lie, 1);
    expect_run(run(T, str_fmt(T->arena, "--old %s/old " STR_FMT, d, STR_ARG(usual)).p), 1,
               "only 300");
    expect_run(run(T, str_fmt(T->arena, "--leaf 300 " STR_FMT, STR_ARG(usual)).p), 1,
               "does not exist");
    lie = now;
    lie.root.b[31] ^= 1;
    write_checkpoint(T, "checkpoint", &lie, 1);
    expect_run(run(T, usual.p), 1, "the root is not what the entries give");
    write_checkpoint(T, "checkpoint", &now, 2);
    expect_run(run(T, usual.p), 1, "not signed by");
    kit_free(&k);
}

TEST(ledger_verify_wants_every_leaf_to_be_a_json_object)
{
    static const char *const bad[] = { "",           "[]",       "{",
                                       "{}x",        "{\"a\":}", "{\"a\" 1}",
                                       "{\"a\":1,}", "{}\n{}",   "{\"a\":\"b}" };
    for (size_t i = 0; i < COUNT(bad); i++) {
        struct kit k = kit_new(T->arena);
        str entry = str_from(bad[i]);
        expect_ok(tlog_append(k.a, k.tree, &(struct tlog_leaves){ &entry, 1, k.tail }, &k.batch));
        for (size_t f = 0; f < k.batch.n; f++)
            write_file(T, k.batch.files[f].path.z, k.batch.files[f].bytes);
        struct tlog_head now = head_of(&k);
        write_checkpoint(T, "checkpoint", &now, 1);
        expect_run(run(T, str_fmt(T->arena, "--key %s/key1.pub %s", T->dir, T->dir).p), 1,
                   "not one line holding a JSON object");
        kit_free(&k);
    }
}

TEST(ledger_verify_explains_its_usage)
{
    expect_run(run(T, ""), 2, "usage:");
    expect_run(run(T, "/nonexistent"), 2, "not a folder");
    expect_run(run(T, "--frobnicate"), 2, "usage:");
    expect_run(run(T, str_fmt(T->arena, "--leaf x %s", T->dir).p), 2, "not a number");
    expect_run(run(T, T->dir), 2, "give the key with --key");
}
