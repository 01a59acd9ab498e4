/* SPDX-License-Identifier: Apache-2.0 */
/* Sealing leaves. The order is what makes it safe: files first (their names and bytes follow from
 * the leaves alone, so writing them twice changes nothing), then the transaction that forgets the
 * rows, then the signature. The vault signs only what continues what it signed last, so it is asked
 * with a consistency proof from its own head. */
#include "core/sealer.h"

#include <dirent.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"
#include "base/os.h"
#include "store/db.h"
#include "tlog/note.h"

enum { BATCH_MAX = 2048, ROUND_BYTES = 192 << 20 };

/* Partial tiles that larger ones have replaced. They go when the signed head has moved past them
 * and whoever was reading by the head before has had a minute; a folder of them when its tile is
 * full. */
enum { STALE_MAX = 1024, LIVE_ROWS = TLOG_LEVELS + 1 };
static const usec stale_lasts = USEC_MIN;
struct stale {
    struct tlog_path path;
    bool folder;
    usec since;
};

struct sealer {
    struct stale stale[STALE_MAX]; /* a ring; when it is full the rest waits for its folder's end */
    u32 stale_first, stale_n;
    struct tlog_path live[LIVE_ROWS]; /* the partial tile of each level, the last one of entries */
    struct sealer_options o;
    struct tlog_source source;
    struct tlog_tree *tree, *next;
    struct arena *tail_arena, *round;
    str tail;
    u64 signed_size;
    bool must_load;
    _Atomic bool stopping;
    pthread_t thread;
    bool running;
};

/* ---- The folder ---- */

static err read_file(void *arg, const char *path, size_t max, struct arena *out, str *ret)
{
    const struct office *o = arg;
    SCRATCH(s);
    str full = str_fmt(s.a, STR_FMT "/ledger/%s", STR_ARG(office_options(o)->data), path);
    return os_read_file(out, full.p, max, ret);
}

struct tlog_source ledger_source(const struct office *o)
{
    return (struct tlog_source){ .arg = (void *)(uintptr_t)o, .read = read_file };
}

static err write_file(struct sealer *s, const struct tlog_file *f)
{
    SCRATCH(t);
    str full =
        str_fmt(t.a, STR_FMT "/ledger/%s", STR_ARG(office_options(s->o.office)->data), f->path.z);
    size_t slash = full.n;
    while (slash && full.p[slash - 1] != '/')
        slash--;
    TRY(os_mkdir(str_z(t.a, str_sub(full, 0, slash - 1)), 0700));
    return os_write_file(full.p, f->bytes, 0600);
}

/* ---- One round ---- */

static struct call read_call(struct sealer *s)
{
    return (
        struct call){ .arena = s->round, .db = s->o.db, .office = s->o.office, .now = os_now() };
}

static err load(struct sealer *s, str *ret_why)
{
    u64 size;
    struct tlog_hash root, stored;
    arena_reset(s->round);
    struct call c = read_call(s);
    TRY(ledger_size(&c, &size, stored.b));
    err e = tlog_tree_load(&s->source, size, s->tree);
    if (e != E_NONE) {
        *ret_why = S("a tile of the ledger is missing or damaged");
        return E_CORRUPT;
    }
    tlog_root(s->tree, &root);
    if (size && !tlog_hash_eq(&root, &stored)) {
        *ret_why = S("the tiles of the ledger do not have the root that the store remembers");
        return E_CORRUPT;
    }
    arena_reset(s->tail_arena);
    TRY(tlog_tail_load(&s->source, size, s->tail_arena, &s->tail));
    s->must_load = false;
    return E_NONE;
}

struct sealed {
    struct leaf_row last;
    u64 size;
    u8 root[32];
};

static err forget_rows(struct call *c, void *arg)
{
    const struct sealed *k = arg;
    return ledger_sealed(c, &k->last, k->size, k->root);
}

static void stale_add(struct sealer *s, const char *path, size_t n, bool folder)
{
    if (s->stale_n == STALE_MAX)
        return;
    struct stale *to = &s->stale[(s->stale_first + s->stale_n++) % STALE_MAX];
    *to = (struct stale){ .folder = folder, .since = os_mono() };
    memcpy(to->path.z, path, n);
}

/* The row a path belongs to: "tile/entries/…" is the last, "tile/3/…" row 3. */
static u32 row_of(const char *path)
{
    return path[5] >= '0' && path[5] < '0' + TLOG_LEVELS ? (u32)(path[5] - '0') : TLOG_LEVELS;
}

/* What the files just written have replaced. */
static void note_stale(struct sealer *s, const struct tlog_batch *batch)
{
    for (size_t i = 0; i < batch->n; i++) {
        const char *z = batch->files[i].path.z;
        struct tlog_path *live = &s->live[row_of(z)];
        if (strstr(z, ".p/")) {
            if (live->z[0])
                stale_add(s, live->z, strlen(live->z), false);
            *live = batch->files[i].path;
        } else {
            SCRATCH(t);
            str folder = str_fmt(t.a, "%s.p", z);
            if (folder.n < TLOG_PATH_MAX)
                stale_add(s, folder.p, folder.n, true);
            live->z[0] = 0;
        }
    }
}

static void remove_folder(const char *path)
{
    SCRATCH(s);
    DIR *d = opendir(path);
    if (!d)
        return; /* a tile that came whole had none */
    for (struct dirent *e; (e = readdir(d));)
        if (e->d_name[0] != '.')
            (void)unlink(str_fmt(s.a, "%s/%s", path, e->d_name).p);
    (void)closedir(d);
    (void)rmdir(path);
}

/* Only once the head that is published needs none of them. */
static void drop_stale(struct sealer *s)
{
    SCRATCH(t);
    str data = office_options(s->o.office)->data;
    while (s->stale_n && s->signed_size == s->tree->size) {
        const struct stale *k = &s->stale[s->stale_first];
        if (os_mono() - k->since < stale_lasts)
            return;
        const char *path = str_fmt(t.a, STR_FMT "/ledger/%s", STR_ARG(data), k->path.z).p;
        if (k->folder)
            remove_folder(path);
        else
            (void)unlink(path);
        s->stale_first = (s->stale_first + 1) % STALE_MAX;
        s->stale_n--;
    }
}

static err seal_rows(struct sealer *s, const struct leaf_rows *rows)
{
    struct tlog_batch batch;
    str *bodies = NEW_N(s->round, str, rows->n);
    for (size_t i = 0; i < rows->n; i++)
        bodies[i] = rows->at[i].body;
    *s->next = *s->tree;
    const struct tlog_leaves leaves = { .tail = s->tail, .at = bodies, .n = rows->n };
    TRY(tlog_append(s->round, s->next, &leaves, &batch));
    for (size_t i = 0; i < batch.n; i++)
        TRY(write_file(s, &batch.files[i]));
    struct sealed k = { .last = rows->at[rows->n - 1], .size = batch.size };
    memcpy(k.root, batch.root.b, sizeof k.root);
    TRY(s->o.write(s->o.lanes, forget_rows, &k));
    note_stale(s, &batch);
    struct tlog_tree *was = s->tree;
    s->tree = s->next;
    s->next = was;
    SCRATCH(t); /* the tail may lie in the arena it is to be kept in */
    str tail = str_copy(t.a, batch.tail);
    arena_reset(s->tail_arena);
    s->tail = str_copy(s->tail_arena, tail);
    return E_NONE;
}

static str proof_bytes(struct arena *a, const struct tlog_proof *p)
{
    struct buf b = buf_in(a, TLOG_PROOF_MAX * 32);
    for (u32 i = 0; i < p->n; i++)
        buf_bytes(&b, p->at[i].b, 32);
    return buf_str(&b);
}

/* Has the vault sign the head as it is now, and publishes it. */
static err sign(struct sealer *s)
{
    struct vault_ledger_head_out head;
    struct vault_ledger_sign_out signature;
    struct tlog_proof proof = { 0 };
    struct tlog_hash root;
    struct note_key key;
    u64 size = s->tree->size;
    tlog_root(s->tree, &root);
    struct vault_client *vault = office_vault();
    if (!vault)
        return E_BUSY;
    TRY(vault_ledger_head(vault, &(struct vault_ledger_head_in){}, &head));
    str origin = str_copy(s->round, head.origin);
    if (head.size && head.size <= size)
        TRY(tlog_prove_prefix(&s->source, head.size, size, &proof));
    struct buf text = buf_in(s->round, 1024), note = buf_in(s->round, 4096);
    tlog_checkpoint_put(&text, &(struct tlog_checkpoint){ origin, { size, root } });
    TRY(note_key_make(origin, head.public_key, &key));
    struct vault_ledger_sign_in ask = { .size = size,
                                        .proof = proof_bytes(s->round, &proof),
                                        .body = buf_str(&text) };
    memcpy(ask.root, root.b, sizeof ask.root);
    TRY(vault_ledger_sign(vault, &ask, &signature));
    note_put_text(&note, buf_str(&text));
    note_put_signature(&note, &key, signature.signature);
    str path =
        str_fmt(s->round, STR_FMT "/ledger/checkpoint", STR_ARG(office_options(s->o.office)->data));
    TRY(os_write_file(path.p, buf_str(&note), 0644));
    s->signed_size = size;
    return E_NONE;
}

err sealer_once(struct sealer *s, size_t *ret_n)
{
    struct leaf_rows rows;
    str why = { 0 };
    if (s->must_load)
        TRY(load(s, &why));
    arena_reset(s->round);
    struct call c = read_call(s);
    TRY(ledger_unsealed(&c, BATCH_MAX, &rows));
    s->must_load = true; /* until this round has ended well */
    if (rows.n)
        TRY(seal_rows(s, &rows));
    s->must_load = false;
    if (s->tree->size > s->signed_size)
        TRY(sign(s));
    drop_stale(s);
    *ret_n = rows.n;
    return E_NONE;
}

err sealer_new(struct arena *a, const struct sealer_options *o, struct sealer **ret, str *ret_why)
{
    struct sealer *s = NEW(a, struct sealer);
    s->o = *o;
    s->source = ledger_source(o->office);
    s->tree = NEW(a, struct tlog_tree);
    s->next = NEW(a, struct tlog_tree);
    s->tail_arena = arena_new("ledger tail", (size_t)32 << 20);
    s->round = arena_new("sealer", ROUND_BYTES);
    *ret_why = S("the store could not be read");
    err e = load(s, ret_why);
    if (e != E_NONE) {
        arena_free(s->tail_arena);
        arena_free(s->round);
        return e;
    }
    *ret = s;
    return E_NONE;
}

static void *run(void *arg)
{
    struct sealer *s = arg;
    bool was_well = true;
    office_vault_enter(s->o.office);
    for (;;) {
        bool last = atomic_load(&s->stopping);
        size_t n = 0;
        err e = sealer_once(s, &n);
        if (e != E_NONE && was_well)
            log_error(
                "ledger: sealing failed, leaves wait", L_Z("code", err_text(e)),
                L_STR("vault", office_vault() ? vault_client_why(office_vault()) : S("none")));
        was_well = e == E_NONE;
        if (last && (e != E_NONE || n == 0))
            break;
        if (n == BATCH_MAX)
            continue;
        struct timespec pause = { .tv_nsec = (long)MIN(s->o.pause, USEC_S - 1) * 1000 };
        (void)nanosleep(&pause, NULL);
    }
    office_vault_leave(s->o.office);
    scratch_thread_end();
    return NULL;
}

err sealer_start(struct sealer *s)
{
    if (pthread_create(&s->thread, NULL, run, s) != 0)
        return E_IO;
    s->running = true;
    return E_NONE;
}

void sealer_stop(struct sealer *s)
{
    atomic_store(&s->stopping, true);
    if (s->running)
        (void)pthread_join(s->thread, NULL);
    arena_free(s->tail_arena);
    arena_free(s->round);
}
