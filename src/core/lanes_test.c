/* SPDX-License-Identifier: Apache-2.0 */
/* Queues, repeats before slow work, and the whole pipeline killed at any moment. */
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/os.h"
#include "base/rng.h"
#include "core/testkit/notes.h"
#include "test/test.h"

TEST(a_full_read_queue_refuses_and_the_rest_is_answered)
{
    struct kit *k = kit_new(T);
    k->options.read_queue = 8;
    kit_serve(k);
    struct person *p = kit_person(k, 10, 0);
    struct got *g = NEW_N(k->a, struct got, 400);
    size_t ok = 0, busy = 0;
    for (size_t i = 0; i < 400; i++)
        kit_send(p, &(struct ask){ .method = "GET", .path = "/api/notes" }, &g[i]);
    for (size_t i = 0; i < 400; i++) {
        kit_wait(k, &g[i]);
        ok += g[i].status == 200;
        busy += g[i].status == 503;
    }
    expect_i(ok + busy, 400);
    expect(ok >= 8 && busy > 0);
    expect_i(kit_get(p, "/api/notes").status, 200);
    kit_end(k);
}

TEST(a_repeat_does_not_pay_for_the_slow_part_again)
{
    struct kit *k = kit_begin(T);
    struct person *p = kit_person(k, 10, 0);
    const struct ask a = { .method = "POST", .path = "/api/hashed", .key = "the-same-key" };
    struct got first = kit_ask(p, &a), second = kit_ask(p, &a);
    expect_i(first.status, 200);
    expect_s(second.body, first.body);
    expect_i(notes_knobs.befores, 1);
    expect_i(kit_leaves(k, "note.hashed"), 1);
    kit_end(k);
}

TEST(who_may_not_is_told_before_any_slow_work)
{
    struct kit *k = kit_begin(T);
    struct person *p = kit_person(k, 10, 0);
    const struct dir_device locked = { .id = 1010, .person = 10, .status = 1, .name = S("D") };
    struct got g;
    atomic_store(&notes_knobs.hold, 1);
    kit_send(p, &(struct ask){ .method = "POST", .path = "/api/hashed" }, &g);
    (void)usleep(20000);
    dir_put_device(k->office,
                   &locked); /* its session has gone; the call under way is decided again */
    atomic_store(&notes_knobs.hold, 0);
    kit_wait(k, &g);
    expect(g.done);
    g = kit_post(p, "/api/hashed", (str){ 0 });
    expect_i(g.status, 401);
    kit_end(k);
}

/* The child posts and counts what it was told; it is killed at a random moment. Afterwards every
 * note has its event, its leaf and its kept answer, and none that was told of is gone. */
static void post_until_killed(struct T *T, _Atomic i64 *told)
{
    struct kit *k = kit_begin(T);
    struct person *p = kit_person(k, 10, 0);
    struct got g[16];
    for (i64 n = (i64)getpid() * 1000000;; n += 16) {
        for (size_t i = 0; i < COUNT(g); i++) {
            char key[40];
            (void)snprintf(key, sizeof key, "kill-%lld", (long long)n + (long long)i);
            kit_send(p,
                     &(struct ask){ .method = "POST",
                                    .path = "/api/boards/7/notes",
                                    .key = key,
                                    .body = S("{\"text\":\"x\"}") },
                     &g[i]);
        }
        for (size_t i = 0; i < COUNT(g); i++) {
            kit_wait(k, &g[i]);
            if (g[i].status == 200)
                atomic_fetch_add(told, 1);
        }
    }
}

TEST(killed_at_any_moment_effect_event_leaf_and_answer_stand_together)
{
    _Atomic i64 *told = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    struct rng_seeded r = { T->seed };
    must(told != MAP_FAILED);
    for (int round = 0; round < 12; round++) {
        const i64 before = *told;
        pid_t pid = fork();
        must(pid >= 0);
        if (pid == 0)
            post_until_killed(T, told);
        for (int ms = 0; *told == before && ms < 60000;
             ms++) /* it has begun, however busy we are */
            (void)usleep(1000);
        (void)usleep((useconds_t)rng_next_below(&r, 60000));
        must(kill(pid, SIGKILL) == 0 && waitpid(pid, NULL, 0) == pid);
        struct kit k = { .a = T->arena, .db_path = str_fmt(T->arena, "%s/office.db", T->dir).p };
        i64 notes = kit_count(&k, "note");
        expect(notes >= *told);
        expect_i(kit_count(&k, "outbox"), notes);
        expect_i(kit_count(&k, "idempotency"), notes);
        expect_i(kit_leaves(&k, "note.posted"), notes);
        expect_i(kit_count(&k, "topic WHERE last_seq = (SELECT count(*) FROM outbox)"), notes > 0);
    }
    expect(*told > 0);
    must(munmap((void *)(uintptr_t)told, 4096) == 0);
}
