/* SPDX-License-Identifier: Apache-2.0 */
/* Live topics as a page sees them: what it hears, what it must not hear, and what it is told
 * when it was away, slow, or shut out. Frames instead of sockets. */
#include <string.h>

#include "base/id.h"
#include "base/os.h"
#include "core/live.h"
#include "core/session.h"
#include "core/testkit/notes.h"
#include "test/test.h"

struct ear {
    struct kit *kit;
    struct live_sock *sock;
    struct buf heard; /* every frame, one a line */
    size_t frames, queued;
    u16 closed;
};

struct room {
    struct kit *k;
    struct live_port *port;
    bool wants_tick;
};

static err hear(UNUSED void *arg, void *sock, str frame)
{
    struct ear *e = sock;
    buf_put(&e->heard, frame);
    buf_char(&e->heard, '\n');
    e->frames++;
    return E_NONE;
}
static size_t queued(UNUSED void *arg, void *sock) { return ((struct ear *)sock)->queued; }
static void shut(UNUSED void *arg, void *sock, u16 code) { ((struct ear *)sock)->closed = code; }
static void defer(void *arg) { ((struct room *)arg)->wants_tick = true; }
static const struct live_calls calls = { hear, queued, shut, defer };

/* The clock can be set forward; other threads read it too. */
static _Atomic usec forward;
static usec (*kernel_now)(void);
static usec later(void) { return kernel_now() + atomic_load(&forward); }

static struct room *room_begin(struct T *T)
{
    kernel_now = os.now;
    os.now = later;
    struct kit *k = kit_begin(T);
    struct room *r = NEW(k->a, struct room);
    r->k = k;
    expect_ok(live_port_open(serve_live(k->serve), k->port, &calls, r, &r->port));
    return r;
}

static void tick(struct room *r)
{
    mailbox_run(&r->k->box);
    while (r->wants_tick) {
        r->wants_tick = false;
        live_tick(r->port);
    }
}

static void room_end(struct room *r)
{
    live_port_close(r->port);
    while (live_port_letters(r->port))
        kit_letters(r->k, USEC_MS);
    live_port_free(r->port);
    kit_end(r->k);
}

static err admit(struct room *r, struct person *p, struct live_sock **ret)
{
    str time = kit_time(r->k, 0);
    const struct live_opening o = {
        .cookie = p->cookie,
        .time = time,
        .proof = kit_proof(p, "GET", "/api/live", (str){ 0 }, time),
        .address = S("127.0.0.1"),
    };
    return live_admit(r->port, &o, ret);
}

static struct ear *listen_in(struct room *r, struct person *p)
{
    struct ear *e = NEW(r->k->a, struct ear);
    e->kit = r->k;
    e->heard = buf_in(r->k->a, 8 << 20);
    expect_ok(admit(r, p, &e->sock));
    live_opened(e->sock, e);
    return e;
}

static str board(struct room *r, i64 id)
{
    struct buf b = buf_in(r->k->a, 100);
    buf_put(&b, S("note:"));
    id_put(&b, "note", id);
    return buf_str(&b);
}

static void subscribe(struct room *r, struct ear *e, i64 id, i64 after)
{
    str frame = after < 0 ? str_fmt(r->k->a, "{\"do\":\"sub\",\"topic\":\"" STR_FMT "\"}",
                                    STR_ARG(board(r, id)))
                          : str_fmt(r->k->a,
                                    "{\"do\":\"sub\",\"topic\":\"" STR_FMT "\",\"after\":%lld}",
                                    STR_ARG(board(r, id)), (long long)after);
    live_text(e->sock, frame);
    tick(r);
}

static bool heard(const struct ear *e, const char *what)
{
    return str_find(buf_str(&e->heard), str_from(what)) >= 0;
}

static size_t times(const struct ear *e, const char *what)
{
    size_t n = 0;
    str rest = buf_str(&e->heard);
    for (ptrdiff_t at; (at = str_find(rest, str_from(what))) >= 0; n++)
        rest = str_sub(rest, (size_t)at + 1, rest.n);
    return n;
}

/* Ticks until something was heard so often. */
static void hear_out(struct room *r, const struct ear *e, const char *what, size_t n)
{
    usec until = os_mono() + 10 * USEC_S;
    for (;;) {
        tick(r);
        if (times(e, what) >= n)
            return;
        if (os_mono() > until)
            test_failed(__FILE__, __LINE__, "heard %s %zu times, not %zu", what, times(e, what),
                        n);
        kit_letters(r->k, 5 * USEC_MS);
    }
}

static void deaf(struct ear *e)
{
    buf_clear(&e->heard);
    e->frames = 0;
}

/* A note whose id is the topic's id, so that the guard of the topic has a record to decide. */
static i64 open_board(struct person *p, bool hidden)
{
    struct got g = kit_post(p, "/api/boards/1/notes",
                            hidden ? S("{\"text\":\"b\",\"hidden\":true}")
                                   : S("{\"text\":\"b\"}"));
    expect_i(g.status, 200);
    return kit_number(&g, "id");
}

static void post_some(struct person *p, i64 id, size_t n)
{
    str path = str_fmt(p->kit->a, "/api/boards/%lld/notes", (long long)id);
    struct got *g = NEW_N(p->kit->a, struct got, n);
    for (size_t i = 0; i < n; i++)
        kit_send(
            p, &(struct ask){ .method = "POST", .path = path.p, .body = S("{\"text\":\"ev\"}") },
            &g[i]);
    for (size_t i = 0; i < n; i++) {
        kit_wait(p->kit, &g[i]);
        expect_i(g[i].status, 200);
    }
}

static err nothing(UNUSED struct call *c, UNUSED void *arg) { return E_NONE; }

/* In portions that fit the writer's queue. */
static void post_on(struct person *p, i64 id, size_t n)
{
    for (size_t part; n; n -= part)
        post_some(p, id, part = MIN(n, (size_t)200));
}

TEST(F_02_subscribers_hear_what_was_committed_in_order_and_once)
{
    struct room *r = room_begin(T);
    struct person *p = kit_person(r->k, 10, 0), *q = kit_person(r->k, 11, 0);
    i64 id = open_board(p, false);
    struct ear *e = listen_in(r, q);
    subscribe(r, e, id, -1);
    expect(heard(e, "\"on\":\"sub\"") && heard(e, "\"seq\":0}"));
    post_on(p, id, 20);
    hear_out(r, e, "note_posted", 20);
    i64 at = 0;
    str rest = buf_str(&e->heard);
    for (i64 seq = 1; seq <= 20; seq++) {
        str mark = str_fmt(
            r->k->a, "\"seq\":%lld,\"event\":\"note_posted\",\"data\":{\"id\":", (long long)seq);
        expect_i(times(e, mark.p), 1);
        expect(str_find(rest, mark) > at);
        at = str_find(rest, mark);
    }
    room_end(r);
}

TEST(everything_of_a_tick_is_one_frame)
{
    struct room *r = room_begin(T);
    struct person *p = kit_person(r->k, 10, 0);
    i64 id = open_board(p, false);
    struct ear *e = listen_in(r, p);
    subscribe(r, e, id, -1);
    deaf(e);
    post_on(p, id, 10);
    expect_ok(serve_write(r->k->serve, nothing, NULL)); /* its group ends after theirs */
    tick(r);
    expect_i(e->frames, 1);
    expect_i(times(e, "note_posted"), 10);
    room_end(r);
}

TEST(who_may_not_read_may_not_listen_either)
{
    struct room *r = room_begin(T);
    struct person *p = kit_person(r->k, 10, 0), *q = kit_person(r->k, 11, 0);
    i64 id = open_board(p, true);
    struct ear *e = listen_in(r, q);
    subscribe(r, e, id, -1);
    hear_out(r, e, "\"on\":\"refused\"", 1);
    expect_i(kit_leaves(r->k, "\"decision\":\"deny\""), 1); /* on the disk before it is told */
    expect(heard(e, "\"code\":\"denied\"") && heard(e, "\"rules\":[\"default\"]"));
    post_on(p, id, 3);
    expect_ok(serve_write(r->k->serve, nothing, NULL));
    tick(r);
    expect(!heard(e, "note_posted"));
    live_text(e->sock, S("{\"do\":\"sub\",\"topic\":\"nothing:else_0000000000000\"}"));
    tick(r);
    expect(heard(e, "\"code\":\"not_found\""));
    room_end(r);
}

TEST(a_reader_who_was_away_hears_what_was_missed_and_no_more)
{
    struct room *r = room_begin(T);
    struct person *p = kit_person(r->k, 10, 0);
    i64 id = open_board(p, false);
    post_on(p, id, 12);
    struct ear *e = listen_in(r, p);
    subscribe(r, e, id, 7);
    expect_i(times(e, "note_posted"), 5);
    expect(heard(e, "\"seq\":8,") && heard(e, "\"seq\":12,") && !heard(e, "\"seq\":7,\"event\""));
    post_on(p, id, 1);
    hear_out(r, e, "\"seq\":13,", 1);
    room_end(r);
}

TEST(a_reader_who_was_away_too_long_is_told_of_a_gap)
{
    struct room *r = room_begin(T);
    struct person *p = kit_person(r->k, 10, 0);
    i64 id = open_board(p, false);
    post_on(p, id, 1001);
    struct ear *e = listen_in(r, p);
    subscribe(r, e, id, 0);
    expect(heard(e, "\"on\":\"gap\"") && heard(e, "\"seq\":1001}"));
    expect(!heard(e, "note_posted"));
    deaf(e);
    subscribe(r, e, id, 1);
    expect_i(times(e, "note_posted"), 1000);
    deaf(e);
    subscribe(r, e, id, 5000); /* from a store that is not this one */
    expect(heard(e, "\"on\":\"gap\"") && heard(e, "\"seq\":1001}"));
    room_end(r);
}

TEST(a_slow_reader_costs_no_memory_and_catches_up)
{
    struct room *r = room_begin(T);
    struct person *p = kit_person(r->k, 10, 0);
    i64 id = open_board(p, false);
    struct ear *e = listen_in(r, p);
    subscribe(r, e, id, -1);
    e->queued = 200 * 1024;
    post_on(p, id, 30);
    expect_ok(serve_write(r->k->serve, nothing, NULL));
    tick(r);
    live_second(r->port);
    expect(!heard(e, "note_posted"));
    e->queued = 0;
    live_drained(e->sock);
    tick(r);
    expect_i(times(e, "note_posted"), 30);
    post_on(p, id, 1);
    hear_out(r, e, "\"seq\":31,", 1);
    room_end(r);
}

static void go_forward(usec by) { atomic_fetch_add(&forward, by); }

TEST(a_reader_who_never_reads_is_let_go)
{
    struct room *r = room_begin(T);
    struct person *p = kit_person(r->k, 10, 0);
    struct ear *e = listen_in(r, p);
    e->queued = 200 * 1024;
    live_second(r->port);
    go_forward(20 * USEC_S);
    live_second(r->port);
    expect_i(e->closed, 0);
    go_forward(11 * USEC_S);
    live_second(r->port);
    expect_i(e->closed, LIVE_SLOW);
    expect(heard(e, "\"why\":\"slow\""));
    room_end(r);
}

TEST(a_socket_must_prove_itself_again)
{
    struct room *r = room_begin(T);
    struct person *p = kit_person(r->k, 10, 0);
    struct ear *e = listen_in(r, p), *f = listen_in(r, p);
    go_forward(5 * USEC_MIN);
    str time = kit_time(r->k, 0), proof = kit_proof(p, "LIVE", "/api/live", (str){ 0 }, time);
    live_text(e->sock,
              str_fmt(r->k->a,
                      "{\"do\":\"prove\",\"time\":" STR_FMT ",\"proof\":\"" STR_FMT "\"}",
                      STR_ARG(time), STR_ARG(proof)));
    live_text(f->sock,
              str_fmt(r->k->a, "{\"do\":\"prove\",\"time\":\"" STR_FMT "\",\"proof\":\"x\"}",
                      STR_ARG(time)));
    go_forward(2 * USEC_MIN);
    live_second(r->port);
    expect_i(e->closed, 0);
    expect_i(f->closed, LIVE_PROOF);
    expect(heard(f, "\"why\":\"proof\""));
    room_end(r);
}

TEST(a_locked_person_hears_nothing_more)
{
    struct room *r = room_begin(T);
    struct person *p = kit_person(r->k, 10, 0), *q = kit_person(r->k, 11, 0);
    i64 id = open_board(p, false);
    struct ear *e = listen_in(r, q), *f = listen_in(r, p);
    subscribe(r, e, id, -1);
    subscribe(r, f, id, -1);
    session_end_of_person(r->k->office, 11);
    live_second(r->port);
    expect_i(e->closed, LIVE_LOCKED);
    expect(heard(e, "\"why\":\"locked\""));
    post_on(p, id, 1);
    hear_out(r, f, "note_posted", 1);
    expect(!heard(e, "note_posted"));
    room_end(r);
}

TEST(an_ended_session_is_told_so)
{
    struct room *r = room_begin(T);
    struct person *p = kit_person(r->k, 10, 0);
    struct ear *e = listen_in(r, p);
    session_end(r->k->office, p->session);
    live_second(r->port);
    expect_i(e->closed, LIVE_ENDED);
    struct live_sock *s;
    expect_err(admit(r, p, &s), E_SIGN_IN);
    room_end(r);
}

struct hide {
    i64 id;
};
static const struct col hide_cols[] = { { "id", COL_I64, false, 0, offsetof(struct hide, id),
                                          0 } };
static const struct stmt hide_note = {
    .name = "hide",
    .module = "core",
    .sqlite = "UPDATE note SET hidden = 1 WHERE id = :id",
    .index = 0xffff,
    .shape = STMT_EXEC,
    .writes = true,
    .params_n = 1,
    .params = hide_cols,
};
static err hide_silently(struct call *c, void *arg)
{
    struct hide h = { *(i64 *)arg };
    return db_run(c->db, &hide_note, &h, c->arena, NULL);
}

static err hide(struct call *c, void *arg)
{
    call_topic_changed(c, &board_topic, *(i64 *)arg);
    return hide_silently(c, arg);
}

TEST(who_loses_a_topic_is_out_before_the_next_event)
{
    struct room *r = room_begin(T);
    struct person *p = kit_person(r->k, 10, 0), *q = kit_person(r->k, 11, 0);
    i64 id = open_board(p, false);
    struct ear *e = listen_in(r, q), *f = listen_in(r, p);
    subscribe(r, e, id, -1);
    subscribe(r, f, id, -1);
    expect_ok(serve_write(r->k->serve, hide, &id));
    post_on(p, id, 1);
    hear_out(r, f, "note_posted", 1);
    hear_out(r, e, "\"on\":\"refused\"", 1);
    expect(!heard(e, "note_posted"));
    expect(!heard(f, "\"on\":\"refused\"") && heard(f, "note_posted")); /* the author still may */
    room_end(r);
}

TEST(decisions_are_taken_again_when_people_change)
{
    struct room *r = room_begin(T);
    struct person *p = kit_person(r->k, 10, 0), *q = kit_person(r->k, 11, 0);
    i64 id = open_board(p, false);
    struct ear *e = listen_in(r, q);
    subscribe(r, e, id, -1);
    live_second(r->port);
    expect_ok(serve_write(r->k->serve, hide_silently, &id));
    live_second(r->port);
    expect(!heard(e, "\"on\":\"refused\"")); /* nobody said that anything changed */
    session_touch_generation(r->k->office);
    live_second(r->port);
    expect(!heard(e, "\"on\":\"refused\"")); /* somebody signed out: nobody else's decision */
    dir_touch_generation(r->k->office);
    live_second(r->port);
    hear_out(r, e, "\"on\":\"refused\"", 1);
    room_end(r);
}

TEST(frames_that_are_none_of_ours_end_the_socket)
{
    static const char *const bad[] = { "",
                                       "[]",
                                       "{",
                                       "{\"do\":\"sub\"}",
                                       "{\"do\":\"dance\",\"topic\":\"x\"}",
                                       "{\"do\":\"sub\",\"topic\":\"note:x\",\"after\":\"3\"}" };
    struct room *r = room_begin(T);
    struct person *p = kit_person(r->k, 10, 0);
    for (size_t i = 0; i < COUNT(bad); i++) {
        struct ear *e = listen_in(r, p);
        live_text(e->sock, str_from(bad[i]));
        tick(r);
        expect_i(e->closed, LIVE_BAD);
    }
    struct ear *e = listen_in(r, p);
    live_text(e->sock, S("{\"do\":\"unsub\",\"topic\":\"note:note_0000000000001\"}"));
    tick(r);
    expect_i(e->closed, 0);
    room_end(r);
}

TEST(subscriptions_of_one_socket_are_bounded)
{
    struct room *r = room_begin(T);
    struct person *p = kit_person(r->k, 10, 0);
    struct got *g = NEW_N(r->k->a, struct got, 520);
    struct ear *e = listen_in(r, p);
    for (size_t i = 0; i < 520; i++)
        kit_send(p,
                 &(struct ask){ .method = "POST",
                                .path = "/api/boards/1/notes",
                                .body = S("{\"text\":\"b\"}") },
                 &g[i]);
    for (size_t i = 0; i < 520; i++) {
        kit_wait(r->k, &g[i]);
        kit_parse(r->k, &g[i]);
        subscribe(r, e, kit_number(&g[i], "id"), -1);
    }
    expect_i(times(e, "\"on\":\"sub\""), 512);
    expect_i(times(e, "\"code\":\"limit\""), 8);
    room_end(r);
}

TEST(a_refusal_for_a_page_that_has_gone_is_kept_in_the_ledger_alone)
{
    struct room *r = room_begin(T);
    struct person *p = kit_person(r->k, 10, 0), *q = kit_person(r->k, 11, 0);
    i64 id = open_board(p, true);
    struct ear *e = listen_in(r, q);
    live_text(e->sock, str_fmt(r->k->a, "{\"do\":\"sub\",\"topic\":\"" STR_FMT "\"}",
                               STR_ARG(board(r, id))));
    live_gone(e->sock);
    struct ear *f = listen_in(r, q); /* takes the other's place in memory */
    while (live_port_letters(r->port))
        kit_letters(r->k, USEC_MS);
    tick(r);
    expect(!heard(e, "refused") && !heard(f, "refused"));
    expect_i(kit_leaves(r->k, "\"decision\":\"deny\""), 1);
    room_end(r);
}

TEST(a_restart_says_goodbye)
{
    struct room *r = room_begin(T);
    struct ear *e = listen_in(r, kit_person(r->k, 10, 0));
    live_port_close(r->port);
    expect_i(e->closed, LIVE_RESTART);
    expect(heard(e, "\"why\":\"restart\""));
    while (live_port_letters(r->port))
        kit_letters(r->k, USEC_MS);
    live_port_free(r->port);
    kit_end(r->k);
}

struct trim {
    i64 deleted;
};
static err trim(struct call *c, void *arg)
{
    return live_trim(c->db, c->now + 2 * USEC_DAY, 10000, &((struct trim *)arg)->deleted);
}

TEST(old_events_go_but_never_the_newest_thousand)
{
    struct room *r = room_begin(T);
    struct person *p = kit_person(r->k, 10, 0);
    i64 id = open_board(p, false);
    struct trim t = { 0 };
    post_on(p, id, 1030);
    expect_ok(serve_write(r->k->serve, trim, &t));
    expect_i(t.deleted, 30);
    struct ear *e = listen_in(r, p);
    subscribe(r, e, id, 30);
    expect_i(times(e, "note_posted"), 1000);
    room_end(r);
}
