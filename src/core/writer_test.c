/* SPDX-License-Identifier: Apache-2.0 */
/* Group commit: what was told is on the disk, whatever happens to the process. */
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/os.h"
#include "base/rng.h"
#include "core/core_stmts.h"
#include "core/schema/core_schema.h"
#include "core/writer.h"
#include "test/test.h"

struct setting {
    struct write_task task;
    char name[32];
    _Atomic i64 *told;
    bool done, again;
    err e;
    int order;
};
static atomic_int order;

static err set(struct write_task *t, struct db *db)
{
    struct setting *s = (struct setting *)(void *)t;
    SCRATCH(x);
    if (s->again) {
        s->again = false;
        return E_AGAIN;
    }
    const struct setting_row row = { str_from(s->name), S("v") };
    return db_run(db, &setting_put, &row, x.a, NULL);
}

static void told(struct write_task *t, err e)
{
    struct setting *s = (struct setting *)(void *)t;
    s->e = e;
    s->order = atomic_fetch_add(&order, 1);
    if (s->told && e == E_NONE)
        atomic_fetch_add(s->told, 1);
    __atomic_store_n(&s->done, true, __ATOMIC_RELEASE);
}

static void wait_for(struct setting *s)
{
    while (!__atomic_load_n(&s->done, __ATOMIC_ACQUIRE))
        (void)usleep(100);
}

static const char *path_in(struct T *T) { return str_fmt(T->arena, "%s/office.db", T->dir).p; }

static struct writer *begin(struct T *T, u32 queue_max)
{
    struct migrate_report r;
    struct writer *w;
    expect_ok(migrate_run(path_in(T), core_steps, core_steps_n, &r));
    const struct writer_options o = { .path = path_in(T), .cpu = -1, .queue_max = queue_max };
    expect_ok(writer_start(T->arena, &o, &w));
    return w;
}

static void name(struct setting *s, u64 n)
{
    (void)snprintf(s->name, sizeof s->name, "s%llu", (unsigned long long)n);
}

static bool is_there(struct T *T, struct db *db, u64 n)
{
    struct setting s;
    struct setting_row row;
    name(&s, n);
    return db_run(db, &setting_get, &(struct setting_name){ str_from(s.name) }, T->arena, &row) ==
           E_NONE;
}

TEST(every_core_statement_fits_the_schema)
{
    struct migrate_report r;
    struct db *db = NULL;
    expect_ok(migrate_run(path_in(T), core_steps, core_steps_n, &r));
    expect_ok(db_open(&(struct db_options){ .path = path_in(T), .write = true }, &db));
    for (size_t i = 0; i < core_stmts_n; i++)
        if (db_check(db, core_stmts[i]) != E_NONE)
            test_failed(__FILE__, __LINE__, "%s: %s", core_stmts[i]->name, db_error_text(db));
    db_close(db);
}

TEST(a_full_write_queue_refuses_but_keeps_room_for_what_is_urgent)
{
    struct writer *w = begin(T, 16);
    struct setting *s = NEW_N(T->arena, struct setting, 2000);
    size_t refused = 0;
    for (size_t i = 0; i < 2000; i++) {
        s[i].task = (struct write_task){ .run = set, .done = told };
        name(&s[i], i);
        if (writer_submit(w, &s[i].task) != E_NONE) {
            refused++;
            s[i].done = true;
            struct setting *u = NEW(T->arena, struct setting);
            u->task = (struct write_task){ .run = set, .done = told, .urgent = true };
            name(u, i);
            expect_ok(writer_submit(w, &u->task));
            wait_for(u);
            expect_ok(u->e);
        }
    }
    for (size_t i = 0; i < 2000; i++)
        wait_for(&s[i]);
    expect(refused > 0);
    writer_stop(w);
}

TEST(a_task_that_asks_for_it_runs_in_a_later_group)
{
    struct writer *w = begin(T, 0);
    struct setting a = { .task = { .run = set, .done = told }, .again = true };
    struct setting b = { .task = { .run = set, .done = told } };
    name(&a, 1);
    name(&b, 2);
    expect_ok(writer_submit(w, &b.task));
    expect_ok(writer_submit(w, &a.task));
    wait_for(&a);
    wait_for(&b);
    expect_ok(a.e);
    expect(a.order > b.order && !a.again);
    writer_stop(w);
}

/* The child writes as fast as it can, many tasks a group, and counts what it was told in shared
 * memory; it is killed at a random moment. */
static void write_until_killed(struct T *T, _Atomic i64 *told_n, u64 first)
{
    struct writer *w = begin(T, 0);
    for (u64 n = first;; n += 16) {
        struct setting s[16];
        for (size_t i = 0; i < 16; i++) {
            s[i] = (struct setting){ .task = { .run = set, .done = told }, .told = told_n };
            name(&s[i], n + i);
            must(writer_submit(w, &s[i].task) == E_NONE);
        }
        for (size_t i = 0; i < 16; i++)
            wait_for(&s[i]);
    }
}

TEST(killed_at_any_moment_every_acknowledged_write_is_there)
{
    _Atomic i64 *shared = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
                               0);
    struct rng_seeded r = { T->seed };
    u64 first = 0;
    must(shared != MAP_FAILED);
    for (int round = 0; round < 20; round++) {
        struct db *db = NULL;
        i64 was = *shared;
        pid_t pid = fork();
        must(pid >= 0);
        if (pid == 0)
            write_until_killed(T, shared, first);
        for (int ms = 0; *shared == was && ms < 60000; ms++) /* it has begun, however busy we are */
            (void)usleep(1000);
        (void)usleep((useconds_t)rng_next_below(&r, 30000));
        must(kill(pid, SIGKILL) == 0 && waitpid(pid, NULL, 0) == pid);
        expect_ok(db_open(&(struct db_options){ .path = path_in(T), .write = true }, &db));
        u64 acknowledged = (u64)(*shared - was);
        for (u64 n = 0; n < acknowledged; n++)
            if (!is_there(T, db, first + n))
                test_failed(__FILE__, __LINE__, "round %d: %llu of %llu is gone", round,
                            (unsigned long long)n, (unsigned long long)acknowledged);
        for (; is_there(T, db, first); first++)
            continue;
        db_close(db);
    }
    expect(*shared > 0);
    must(munmap((void *)(uintptr_t)shared, 4096) == 0);
}
