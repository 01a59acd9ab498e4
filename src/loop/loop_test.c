/* SPDX-License-Identifier: Apache-2.0 */
/* Handles, timers, deferred work, mailboxes under threads, and streams over real sockets, plain and
 * TLS. */
#include "loop/loop.h"

#include <pthread.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/os.h"
#include "base/rng.h"
#include "loop/stream.h"
#include "loop/tls_self.h"
#include "test/test.h"

TEST(a_dead_handle_finds_nothing_even_when_its_slot_is_used_again)
{
    struct ref_table t = { 0 };
    int a, b;
    struct ref one = ref_add(&t, &a);
    expect(ref_get(&t, one) == &a);
    ref_drop(&t, one);
    ref_drop(&t, one);
    struct ref two = ref_add(&t, &b);
    expect_i(two.slot, one.slot);
    expect(ref_get(&t, one) == NULL);
    expect(ref_get(&t, two) == &b);
    expect(ref_get(&t, (struct ref){ 0 }) == NULL);
    expect(ref_get(&t, (struct ref){ 99, 1 }) == NULL);
    expect_i(t.live, 1);
    ref_table_free(&t);
}

/* ---- timers */

static usec fake_now;
static usec fake_mono(void)
{
    return fake_now;
}

static u32 fired[1000], fired_n;
static void note(UNUSED void *ctx, struct ref who)
{
    fired[fired_n++] = who.slot;
}

TEST(timers_fire_in_order_and_cancelled_ones_never)
{
    struct timer_heap t = { 0 };
    struct rng_seeded r = { T->seed };
    struct ref refs[500];
    usec at[500];
    for (u32 i = 0; i < 500; i++) {
        at[i] = (usec)rng_next_below(&r, 1000);
        refs[i] = timer_set(&t, at[i], note, NULL, (struct ref){ i, 1 });
    }
    for (u32 i = 0; i < 500; i += 3)
        timer_cancel(&t, refs[i]);
    for (u32 i = 1; i < 500; i += 3)
        expect(timer_move(&t, refs[i], at[i] = (usec)rng_next_below(&r, 1000)));
    expect(!timer_move(&t, refs[0], 1));
    timer_fire(&t, 500);
    for (u32 i = 0; i < fired_n; i++)
        expect(at[fired[i]] <= 500);
    timer_fire(&t, 1000);
    expect_i(fired_n, 500 - 167);
    for (u32 i = 0; i < fired_n; i++) {
        expect(fired[i] % 3 != 0);
        expect(i == 0 || at[fired[i - 1]] <= at[fired[i]]);
    }
    expect_i(timer_next(&t), -1);
    timer_heap_free(&t);
}

static struct loop *again_loop;
static void rearm(UNUSED void *ctx, struct ref who)
{
    fired_n++;
    (void)loop_timer(again_loop, 0, rearm, NULL, who);
}

TEST(a_timer_that_arms_itself_for_now_does_not_hold_the_loop)
{
    expect_ok(loop_new(&again_loop));
    (void)loop_timer(again_loop, 0, rearm, NULL, (struct ref){ 0 });
    loop_step(again_loop, 0);
    expect_i(fired_n, 1);
    loop_step(again_loop, 0);
    expect_i(fired_n, 2);
    loop_free(again_loop);
}

TEST(time_is_the_clock_of_the_table)
{
    struct loop *l;
    os.mono = fake_mono;
    fake_now = USEC_S;
    expect_ok(loop_new(&l));
    (void)loop_timer(l, 10 * USEC_S, note, NULL, (struct ref){ 7, 1 });
    fake_now += 9 * USEC_S;
    loop_step(l, 0);
    expect_i(fired_n, 0);
    fake_now += USEC_S;
    loop_step(l, 0);
    expect_i(fired_n, 1);
    expect_i(fired[0], 7);
    loop_free(l);
}

/* ---- deferred work */

struct work {
    struct loop_task task;
    struct loop *loop;
    int ran, more;
};

static void work_run(struct loop_task *t)
{
    struct work *w = (struct work *)(void *)t;
    w->ran++;
    if (w->more-- > 0)
        loop_defer(w->loop, t);
}

TEST(deferred_work_runs_once_a_tick_however_often_it_was_asked_for)
{
    struct loop *l;
    expect_ok(loop_new(&l));
    struct work a = { .task.run = work_run, .loop = l }, b = a, c = a;
    for (int i = 0; i < 10; i++) {
        loop_defer(l, &a.task);
        loop_defer(l, &b.task);
    }
    loop_defer(l, &c.task);
    loop_undefer(l, &b.task);
    loop_step(l, 0);
    expect(a.ran == 1 && b.ran == 0 && c.ran == 1);
    loop_defer(l, &b.task);
    loop_step(l, 0);
    expect(a.ran == 1 && b.ran == 1);
    c.more = 1000000;
    loop_defer(l, &c.task);
    loop_step(l, -1); /* endless work does not hold the tick, nor let it sleep */
    expect(c.ran < 100);
    loop_undefer(l, &c.task);
    loop_free(l);
}

struct watched {
    struct loop_fd f;
    struct loop *loop;
    struct watched *other;
    int ran;
};

static void unwatch_other(struct loop_fd *f, UNUSED u32 events)
{
    struct watched *w = (struct watched *)(void *)f;
    w->ran++;
    loop_unwatch(w->loop, &w->other->f);
}

TEST(who_is_no_longer_watched_is_not_called_even_in_the_same_tick)
{
    struct loop *l;
    int fds[4];
    expect_ok(loop_new(&l));
    must(socketpair(AF_UNIX, SOCK_STREAM, 0, fds) == 0);
    must(socketpair(AF_UNIX, SOCK_STREAM, 0, fds + 2) == 0);
    struct watched a = { .f = { fds[0], EPOLLIN, unwatch_other }, .loop = l };
    struct watched b = { .f = { fds[2], EPOLLIN, unwatch_other }, .loop = l, .other = &a };
    a.other = &b;
    expect_ok(loop_watch(l, &a.f));
    expect_ok(loop_watch(l, &b.f));
    must(write(fds[1], "x", 1) == 1 && write(fds[3], "x", 1) == 1);
    loop_step(l, 100);
    expect_i(a.ran + b.ran, 1);
    for (size_t i = 0; i < COUNT(fds); i++)
        os_close(fds[i]);
    loop_free(l);
}

/* ---- mailboxes */

enum { POSTERS = 4, LETTERS = 20000 };
struct letter {
    struct mail mail;
    u32 from, n;
};
static struct {
    u32 next[POSTERS], seen;
    struct loop *loop;
} post;

static void letter_run(struct mail *m)
{
    struct letter *x = (struct letter *)(void *)m;
    must(x->n == post.next[x->from]++); /* one poster's letters keep their order */
    if (++post.seen == POSTERS * LETTERS)
        loop_stop(post.loop);
    free(x);
}

static void *poster(void *arg)
{
    u32 from = (u32)(uintptr_t)arg;
    for (u32 i = 0; i < LETTERS; i++) {
        struct letter *x = malloc(sizeof *x);
        must(x != NULL);
        *x = (struct letter){ { NULL, letter_run }, from, i };
        loop_post(post.loop, &x->mail);
    }
    return NULL;
}

TEST(letters_of_many_threads_all_arrive_in_order)
{
    pthread_t threads[POSTERS];
    expect_ok(loop_new(&post.loop));
    for (uintptr_t i = 0; i < POSTERS; i++)
        must(pthread_create(&threads[i], NULL, poster, (void *)i) == 0);
    loop_run(post.loop);
    for (size_t i = 0; i < POSTERS; i++)
        must(pthread_join(threads[i], NULL) == 0);
    expect_i(post.seen, POSTERS * LETTERS);
    expect(loop_wakes(post.loop) < POSTERS * LETTERS / 4);
    loop_free(post.loop);
}

static u32 runs;
static void count_run(UNUSED struct mail *m)
{
    runs++;
}

TEST(many_letters_to_a_sleeping_loop_cost_one_write)
{
    struct mailbox mb;
    struct mail m[100];
    expect_ok(mailbox_init(&mb));
    expect(mailbox_may_sleep(&mb));
    for (size_t i = 0; i < COUNT(m); i++) {
        m[i].run = count_run;
        mailbox_post(&mb, &m[i]);
    }
    expect_i(atomic_load(&mb.wakes), 1);
    expect(!mailbox_may_sleep(&mb));
    mailbox_run(&mb);
    expect_i(runs, 100);
    mailbox_post(&mb, &m[0]); /* awake: no write at all */
    expect_i(atomic_load(&mb.wakes), 1);
    mailbox_run(&mb);
    mailbox_done(&mb);
}

struct echo {
    struct mailbox box;
    struct loop *loop;
    _Atomic int left;
};
static struct echo echo;
static void back(UNUSED struct mail *m)
{
    if (--echo.left == 0)
        loop_stop(echo.loop);
}

static void *worker(UNUSED void *arg)
{
    while (atomic_load(&echo.left) > 0) {
        for (struct mail *m = mailbox_take(&echo.box), *next; m; m = next) {
            next = m->next;
            m->run = back;
            loop_post(echo.loop, m);
        }
        mailbox_wait(&echo.box, 50 * USEC_MS);
    }
    return NULL;
}

TEST(a_worker_answers_by_mail)
{
    struct mail m[64];
    pthread_t thread;
    expect_ok(loop_new(&echo.loop));
    expect_ok(mailbox_init(&echo.box));
    echo.left = COUNT(m);
    must(pthread_create(&thread, NULL, worker, NULL) == 0);
    for (size_t i = 0; i < COUNT(m); i++)
        mailbox_post(&echo.box, &m[i]);
    loop_run(echo.loop);
    must(pthread_join(thread, NULL) == 0);
    expect_i(echo.left, 0);
    mailbox_done(&echo.box);
    loop_free(echo.loop);
}

/* ---- streams */

struct end {
    struct stream s;
    err state;
    char in[300000];
    size_t n;
    bool paused;
};

static void end_ready(struct loop_fd *f, UNUSED u32 events)
{
    struct end *e = (struct end *)(void *)f;
    e->state = stream_handshake(&e->s);
    if (e->state != E_NONE || e->paused)
        return;
    if (stream_kept(&e->s))
        IGNORE(stream_flush(&e->s));
    do {
        size_t got = 0;
        e->state = stream_read(&e->s, e->in + e->n, sizeof e->in - e->n, &got);
        e->n += got;
    } while (e->state == E_NONE && stream_has_more(&e->s));
}

struct pair {
    struct loop *loop;
    struct end *a, *b;
    struct tls_self *self;
    struct tls *server, *client;
};

static void pair_make(struct T *T, struct pair *p, bool tls)
{
    int fds[2];
    str pem;
    p->a = NEW(T->arena, struct end);
    p->b = NEW(T->arena, struct end);
    expect_ok(loop_new(&p->loop));
    must(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds) == 0);
    if (tls) {
        expect_ok(tls_self_new(T->arena, "localhost", &p->self, &pem));
        expect_ok(tls_server_new(&(struct tls_server_setup){ pem, tls_self_sign, p->self, NULL },
                                 &p->server));
        expect_ok(tls_client_new(pem, &p->client));
    }
    struct stream_setup a = { fds[0], p->server, { 0 }, end_ready, 1 << 20 };
    struct stream_setup b = { fds[1], p->client, S_INIT("localhost"), end_ready, 1 << 20 };
    expect_ok(stream_open(&p->a->s, p->loop, &a));
    expect_ok(stream_open(&p->b->s, p->loop, &b));
    if (tls) {
        expect_err(stream_handshake(&p->b->s), E_AGAIN);
        for (int i = 0; i < 20 && (p->a->s.handshaking || p->b->s.handshaking); i++)
            loop_step(p->loop, 100);
        expect(!p->a->s.handshaking && !p->b->s.handshaking);
    }
}

static void pair_free(struct pair *p)
{
    stream_close(&p->a->s);
    stream_close(&p->b->s);
    tls_drop(p->server);
    tls_drop(p->client);
    tls_self_free(p->self);
    loop_free(p->loop);
}

static void carries_a_lot(struct T *T, bool tls)
{
    struct pair p = { 0 };
    pair_make(T, &p, tls);
    char *big = arena_get(T->arena, 1, 250000, 1);
    for (size_t i = 0; i < 250000; i++)
        big[i] = (char)(i * 7 + i / 251);
    p.b->paused = true;
    stream_reading(&p.b->s, false);
    expect_ok(stream_write(&p.a->s, (str){ big, 100000 }));
    expect_ok(stream_write(&p.a->s, (str){ big + 100000, 150000 }));
    err e = stream_flush(&p.a->s);
    expect(e == E_NONE || e == E_AGAIN);
    p.b->paused = false;
    stream_reading(&p.b->s, true);
    for (int i = 0; i < 100 && p.b->n < 250000; i++)
        loop_step(p.loop, 100);
    expect_i(p.b->n, 250000);
    expect(!memcmp(p.b->in, big, 250000));
    expect_i(stream_kept(&p.a->s), 0);
    expect(p.a->s.out == NULL);
    stream_end(&p.a->s);
    for (int i = 0; i < 100 && p.b->state != E_CLOSED; i++)
        loop_step(p.loop, 100);
    expect_i(p.b->state, E_CLOSED);
    pair_free(&p);
}

TEST(a_plain_stream_carries_what_the_socket_refused_at_first)
{
    carries_a_lot(T, false);
}
TEST(a_tls_stream_carries_what_the_socket_refused_at_first)
{
    carries_a_lot(T, true);
}

TEST(what_is_kept_stays_in_order_when_more_is_written_behind_it)
{
    struct pair p = { 0 };
    pair_make(T, &p, true);
    char piece[5000];
    size_t sent = 0;
    p.b->paused = true;
    for (int round = 0; round < 55; round++) {
        for (size_t i = 0; i < sizeof piece; i++)
            piece[i] = (char)((sent + i) % 251);
        expect_ok(stream_write(&p.a->s, (str){ piece, sizeof piece }));
        err e = stream_flush(&p.a->s);
        expect(e == E_NONE || e == E_AGAIN);
        sent += sizeof piece;
        if (round > 44 && round % 3 == 0) { /* a sip now and then */
            size_t got = 0;
            IGNORE(stream_read(&p.b->s, p.b->in + p.b->n, 3000, &got));
            p.b->n += got;
        }
    }
    p.b->paused = false;
    for (int i = 0; i < 200 && p.b->n < sent; i++)
        loop_step(p.loop, 100);
    expect_i(p.b->n, sent);
    for (size_t i = 0; i < sent; i++)
        must((u8)p.b->in[i] == i % 251);
    pair_free(&p);
}

TEST(a_peer_that_does_not_read_costs_no_more_than_its_ceiling)
{
    struct pair p = { 0 };
    pair_make(T, &p, true);
    char *big = arena_get(T->arena, 1, 100000, 1);
    err e = E_NONE;
    int i;
    for (i = 0; i < 100 && e != E_CLOSED; i++) {
        e = stream_write(&p.a->s, (str){ big, 100000 });
        if (e == E_NONE)
            e = stream_flush(&p.a->s);
        expect(stream_kept(&p.a->s) <= 1 << 20);
    }
    expect(i < 100);
    pair_free(&p);
}

TEST(a_client_refuses_a_name_or_an_authority_it_does_not_know)
{
    str pem, other;
    struct tls_self *self, *self2;
    struct tls *server, *client, *stranger;
    struct loop *l;
    expect_ok(loop_new(&l));
    expect_ok(tls_self_new(T->arena, "localhost", &self, &pem));
    expect_ok(tls_self_new(T->arena, "localhost", &self2, &other));
    expect_ok(
        tls_server_new(&(struct tls_server_setup){ pem, tls_self_sign, self, NULL }, &server));
    expect_ok(tls_client_new(pem, &client));
    expect_ok(tls_client_new(other, &stranger));
    struct {
        struct tls *tls;
        str host;
        bool fine;
    } rows[] = {
        { client, S("localhost"), true },
        { client, S("example.org"), false },
        { stranger, S("localhost"), false },
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        int fds[2];
        struct end *a = NEW(T->arena, struct end), *b = NEW(T->arena, struct end);
        must(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds) == 0);
        expect_ok(stream_open(&a->s, l,
                              &(struct stream_setup){ fds[0], server, { 0 }, end_ready, 1 << 20 }));
        expect_ok(stream_open(
            &b->s, l,
            &(struct stream_setup){ fds[1], rows[i].tls, rows[i].host, end_ready, 1 << 20 }));
        b->state = stream_handshake(&b->s);
        for (int k = 0; k < 20 && b->s.handshaking && b->state == E_AGAIN; k++)
            loop_step(l, 100);
        expect_i(!b->s.handshaking, rows[i].fine);
        if (!rows[i].fine)
            expect_i(b->state, E_CLOSED);
        stream_close(&a->s);
        stream_close(&b->s);
    }
    tls_drop(server);
    tls_drop(client);
    tls_drop(stranger);
    tls_self_free(self);
    tls_self_free(self2);
    loop_free(l);
}

static err sign_fails(UNUSED void *arg, UNUSED const u8 digest[32], UNUSED u8 *ret_sig,
                      UNUSED size_t *ret_n)
{
    return E_IO;
}

TEST(a_signer_that_fails_ends_the_handshake_and_nothing_else)
{
    struct pair p = { 0 };
    str pem;
    int fds[2];
    struct tls_self *self;
    expect_ok(loop_new(&p.loop));
    expect_ok(tls_self_new(T->arena, "localhost", &self, &pem));
    expect_ok(tls_server_new(&(struct tls_server_setup){ pem, sign_fails, NULL, NULL }, &p.server));
    expect_ok(tls_client_new(pem, &p.client));
    p.a = NEW(T->arena, struct end);
    p.b = NEW(T->arena, struct end);
    must(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds) == 0);
    expect_ok(stream_open(&p.a->s, p.loop,
                          &(struct stream_setup){ fds[0], p.server, { 0 }, end_ready, 1 << 20 }));
    expect_ok(stream_open(
        &p.b->s, p.loop,
        &(struct stream_setup){ fds[1], p.client, S("localhost"), end_ready, 1 << 20 }));
    p.b->state = stream_handshake(&p.b->s);
    for (int i = 0; i < 20 && p.b->state != E_CLOSED; i++)
        loop_step(p.loop, 100);
    expect_i(p.a->state, E_CLOSED);
    expect_i(p.b->state, E_CLOSED);
    expect_err(tls_server_new(&(struct tls_server_setup){ S("nonsense"), sign_fails, NULL, NULL },
                              &p.server),
               E_INVALID);
    tls_self_free(self);
    pair_free(&p);
}
