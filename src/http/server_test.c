/* SPDX-License-Identifier: Apache-2.0 */
/* The server as its users and its attackers meet it: answers in order, kept requests, bodies in
 * every framing, refusals, TLS with resumption and reload, faults of the socket, a clean end. */
#include "http/server.h"

#include <pthread.h>
#include <string.h>

#include "base/fault.h"
#include "base/os.h"
#include "http/rig_test.h"
#include "test/test.h"

static bool has(str s, str part)
{
    return str_find(s, part) >= 0;
}

static size_t count(str s, str part)
{
    size_t n = 0;
    for (ptrdiff_t at; (at = str_find(s, part)) >= 0; n++)
        s = str_sub(s, (size_t)at + part.n, s.n);
    return n;
}

static void serves(struct T *T, bool tls)
{
    struct rig *r = rig_new(T, tls, NULL);
    struct caller *c = caller_new(r);
    struct seen *s = caller_get(c, "/hello?x=1");
    expect_i(s->status, 200);
    expect_s(s->body, S("/hello"));
    expect_s(s->type, S("text/plain"));
    caller_ask(c, "HEAD", "/hello", S(""));
    caller_ask(c, "POST", "/echo", S("some words"));
    caller_ask(c, "GET", "/none", S(""));
    caller_ask(c, "GET", "/inject", S(""));
    caller_ask(c, "GET", "/close", S(""));
    rig_until(r, c->closed);
    expect_i(c->n, 6);
    expect_s(c->seen[1].body, S(""));
    expect_s(c->seen[2].body, S("some words"));
    expect_i(c->seen[3].status, 500);
    expect_i(c->seen[4].status, 500);
    expect_s(c->seen[5].body, S("bye"));
    expect_i(rig_stats(r)->requests, 6);
    rig_until(r, rig_stats(r)->conns == 0);
    caller_free(c);
    rig_free(r);
}

TEST(plain_connections_are_served)
{
    serves(T, false);
}
TEST(tls_connections_are_served)
{
    serves(T, true);
}

TEST(every_answer_carries_the_block_and_the_date)
{
    struct rig *r = rig_new(T, false, NULL);
    str got = rig_talk(r, S("GET / HTTP/1.1\r\nHost: a\r\n\r\nBAD\r\n\r\n"));
    expect(str_starts(got, S("HTTP/1.1 200 OK\r\nDate: ")));
    expect_i(count(got, S("X-Content-Type-Options: nosniff\r\n")), 2);
    expect(has(got, S("HTTP/1.1 400 Bad Request\r\n")) && has(got, S("Connection: close\r\n")));
    rig_free(r);
}

TEST(pipelined_requests_are_answered_in_order_also_when_one_is_kept)
{
    struct rig *r = rig_new(T, false, NULL);
    struct wire *w = wire_open(r);
    wire_send(w, S("GET /1 HTTP/1.1\r\nHost: a\r\n\r\nGET /keep HTTP/1.1\r\nHost: a\r\n\r\n"
                   "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nthreeGET /4 "
                   "HTTP/1.1\r\nHost: a\r\n\r\n"));
    str got = wire_read(w);
    expect(has(got, S("/1")) && !has(got, S("three")));
    expect_i(r->n_kept, 1);
    expect_s(r->kept[0]->path, S("/keep"));
    rig_answer(r, 0, S("two"));
    got = wire_read(w);
    ptrdiff_t one = str_find(got, S("\r\n\r\n/1")), two = str_find(got, S("\r\n\r\ntwo")),
              three = str_find(got, S("\r\n\r\nthree")), four = str_find(got, S("\r\n\r\n/4"));
    expect(one > 0 && one < two && two < three && three < four);
    wire_close(w);
    rig_until(r, rig_stats(r)->conns == 0);
    rig_free(r);
}

TEST(a_thousand_pipelined_requests_all_come_back)
{
    struct rig *r = rig_new(T, false, NULL);
    struct buf b = buf_in(T->arena, 1 << 20);
    for (int i = 0; i < 3000; i++)
        buf_fmt(&b, "GET /n%d HTTP/1.1\r\nHost: a\r\n\r\n", i);
    str got = rig_talk(r, buf_str(&b));
    expect_i(count(got, S("HTTP/1.1 200 OK")), 3000);
    expect(has(got, S("/n2999")));
    rig_free(r);
}

TEST(requests_cut_anywhere_are_the_same_requests)
{
    struct rig *r = rig_new(T, false, NULL);
    str all = S("POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: "
                "chunked\r\n\r\n3\r\nabc\r\n4;x\r\ndefg\r\n0\r\nT: x\r\n\r\n"
                "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 6\r\n\r\nsecond");
    for (size_t cut = 1; cut < all.n; cut++) {
        struct wire *w = wire_open(r);
        wire_send(w, str_sub(all, 0, cut));
        wire_send(w, str_sub(all, cut, all.n));
        str got = wire_read(w);
        if (count(got, S("HTTP/1.1 200 OK")) != 2 || !has(got, S("\r\n\r\nabcdefg")) ||
            !str_ends(got, S("second")))
            test_failed(__FILE__, __LINE__, "cut at %zu: " STR_FMT, cut, STR_ARG(got));
        wire_close(w);
    }
    struct wire *w = wire_open(r);
    for (size_t i = 0; i < all.n; i++)
        wire_send(w, str_sub(all, i, i + 1));
    expect_i(count(wire_read(w), S("HTTP/1.1 200 OK")), 2);
    wire_close(w);
    rig_free(r);
}

static void large_bodies(struct T *T, bool tls)
{
    struct rig *r = rig_new(T, tls, NULL);
    struct caller *c = caller_new(r);
    struct buf b = buf_in(T->arena, 1 << 20);
    while (b.n < 900000)
        buf_fmt(&b, "%zu,", b.n);
    caller_ask(c, "POST", "/echo", buf_str(&b));
    caller_ask(c, "POST", "/keep", buf_str(&b));
    rig_until(r, r->n_kept == 1 && c->n == 1);
    expect(str_eq(c->seen[0].body, buf_str(&b)));
    expect(str_eq(r->kept[0]->body, buf_str(&b)));
    expect_s(http_header(r->kept[0], HTTP_F_HOST), S("localhost"));
    rig_answer(r, 0, r->kept[0]->body);
    rig_until(r, c->n == 2);
    expect(str_eq(c->seen[1].body, buf_str(&b)));
    caller_ask(c, "GET", "/big", S(""));
    caller_ask(c, "GET", "/big-arena", S(""));
    caller_ask(c, "GET", "/big-static", S(""));
    rig_until(r, c->n == 5);
    for (size_t i = 2; i < 5; i++) {
        expect_i(c->seen[i].body.n, 4 << 20);
        for (size_t k = 0; k < c->seen[i].body.n; k++)
            must(c->seen[i].body.p[k] == (char)('a' + k % 23));
    }
    caller_free(c);
    rig_free(r);
}

TEST(a_large_last_answer_arrives_whole)
{
    struct rig *r = rig_new(T, true, NULL);
    static const char *const paths[] = { "/big", "/big-arena", "/big-static" };
    for (size_t i = 0; i < COUNT(paths); i++) {
        struct caller *c = caller_new(r);
        struct http1_field close = { S("Connection"), S("close") };
        struct http_ask ask = { .path = str_from(paths[i]), .fields = &close, .n_fields = 1 };
        expect_ok(http_client_ask(c->c, &ask));
        rig_until(r, c->closed);
        expect_i(c->n, 1);
        expect_i(c->seen[0].body.n, 4 << 20);
        caller_free(c);
    }
    rig_free(r);
}

TEST(large_bodies_pass_whole_plain)
{
    large_bodies(T, false);
}
TEST(large_bodies_pass_whole_tls)
{
    large_bodies(T, true);
}

TEST(a_chunked_upload_in_pieces_is_joined)
{
    struct rig *r = rig_new(T, false, NULL);
    struct wire *w = wire_open(r);
    wire_send(w, S("POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"));
    for (int i = 0; i < 50; i++) {
        SCRATCH(s);
        wire_send(w, str_fmt(s.a, "1f4\r\n%0500d\r\n", i));
    }
    wire_send(w, S("0\r\n\r\nGET /after HTTP/1.1\r\nHost: a\r\n\r\n"));
    str got = wire_read(w);
    expect(has(got, S("Content-Length: 25000\r\n")));
    expect(str_ends(got, S("/after")));
    wire_close(w);
    rig_free(r);
}

TEST(a_hundred_continue_is_sent_when_the_body_is_wanted_and_not_here)
{
    struct rig *r = rig_new(T, false, NULL);
    struct wire *w = wire_open(r);
    wire_send(
        w,
        S("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n"));
    expect_s(wire_read(w), S("HTTP/1.1 100 Continue\r\n\r\n"));
    wire_send(w, S("abc"));
    expect(str_ends(wire_read(w), S("abc")));
    wire_close(w);
    r->body_limit = 2;
    str got = rig_talk(
        r,
        S("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n"));
    expect(str_starts(got, S("HTTP/1.1 413 ")));
    rig_free(r);
}

/* Each of these ends with one refusal: nothing of what stands after it may be taken for a request.
 */
TEST(smuggled_requests_never_reach_the_handler)
{
    static const str bad[] = {
        S_INIT("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 6\r\nTransfer-Encoding: "
               "chunked\r\n\r\n0\r\n\r\n"),
        S_INIT("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nContent-Length: "
               "4\r\n\r\n0\r\n\r\n"),
        S_INIT("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\nContent-Length: 44\r\n\r\n"),
        S_INIT("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0, 44\r\n\r\n"),
        S_INIT("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: xchunked\r\n\r\n"),
        S_INIT("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding : chunked\r\n\r\n"),
        S_INIT("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: "
               "x\r\n\r\n"),
        S_INIT("POST / HTTP/1.1\r\nHost: a\r\nX: y\r\n Transfer-Encoding: chunked\r\n\r\n"),
        S_INIT("POST / HTTP/1.1\r\nHost: a\r\nX: y\nTransfer-Encoding: chunked\r\n\r\n"),
        S_INIT("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0;\n\r\n\r\n"),
        S_INIT("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n-1\r\n\r\n"),
        S_INIT(
            "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\r\naX\r\n0\r\n\r\n"),
        S_INIT("GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n"),
        S_INIT("GET / HTTP/1.1\r\nHost: a\r\nX: \0\r\n\r\n"),
        S_INIT("GET /\rx HTTP/1.1\r\nHost: a\r\n\r\n"),
    };
    struct rig *r = rig_new(T, false, NULL);
    for (size_t i = 0; i < COUNT(bad); i++) {
        SCRATCH(s);
        struct buf b = buf_in(s.a, 4096);
        buf_put(&b, bad[i]);
        buf_put(&b, S("GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n"));
        str got = rig_talk(r, buf_str(&b));
        if (!(str_starts(got, S("HTTP/1.1 400 ")) || str_starts(got, S("HTTP/1.1 501 "))) ||
            count(got, S("HTTP/1.1 ")) != 1)
            test_failed(__FILE__, __LINE__, "row %zu: " STR_FMT, i, STR_ARG(got));
    }
    expect_i(rig_stats(r)->requests, 0);
    rig_free(r);
}

TEST(a_kept_request_outlives_its_connection)
{
    struct rig *r = rig_new(T, false, NULL);
    struct wire *w = wire_open(r);
    wire_send(
        w, S("POST /keep HTTP/1.1\r\nHost: a\r\nX-Own: mine\r\nContent-Length: 4\r\n\r\nbodyJUNK"));
    expect_i(r->n_kept, 1);
    os_close(w->fd);
    w->fd = -1;
    rig_step(r, 5);
    expect_s(http_header_by_name(r->kept[0], S("x-own")), S("mine"));
    expect_s(r->kept[0]->body, S("body"));
    rig_answer(r, 0, S("nobody is there"));
    rig_until(r, rig_stats(r)->conns == 0);
    expect_i(rig_stats(r)->busy, 0);
    rig_free(r);
}

TEST(a_kept_request_outlives_its_server)
{
    struct rig *r = rig_new(T, false, NULL);
    struct wire *w = wire_open(r);
    wire_send(w, S("GET /keep HTTP/1.1\r\nHost: a\r\n\r\n"));
    expect_i(r->n_kept, 1);
    struct http_req *kept = r->kept[0];
    r->n_kept = 0;
    http_server_free(r->server);
    http_reply(kept, &(struct http_reply){ .status = 200, .body = S("into nothing") });
    os_close(w->fd);
    loop_free(r->loop);
}

TEST(one_turn_may_answer_another_connection)
{
    struct rig *r = rig_new(T, true, NULL);
    struct caller *waits = caller_new(r), *acts = caller_new(r);
    caller_ask(waits, "GET", "/keep", S(""));
    rig_until(r, r->n_kept == 1);
    expect_s(caller_get(acts, "/answer-kept")->body, S("mine"));
    rig_until(r, waits->n == 1);
    expect_s(waits->seen[0].body, S("from another's turn"));
    expect_s(caller_get(acts, "/peer")->body, S("127.0.0.1"));
    expect_s(caller_get(waits, "/still")->body, S("/still"));
    caller_free(waits);
    caller_free(acts);
    rig_free(r);
}

/* ---- workers */

struct job {
    struct mail mail;
    struct http_req *req;
    struct loop *loop;
    str answer;
};
static struct mailbox jobs;
static atomic_bool jobs_over;

static void job_done(struct mail *m)
{
    struct job *j = (struct job *)(void *)m;
    http_reply(j->req,
               &(struct http_reply){ .status = 200, .body = j->answer, .life = HTTP_BODY_ARENA });
}

static void *job_worker(UNUSED void *arg)
{
    while (!atomic_load(&jobs_over)) {
        for (struct mail *m = mailbox_take(&jobs), *next; m; m = next) {
            next = m->next;
            struct job *j = (struct job *)(void *)m;
            j->answer = str_fmt(j->req->arena, "worked on " STR_FMT, STR_ARG(j->req->path));
            m->run = job_done;
            loop_post(j->loop, m);
        }
        mailbox_wait(&jobs, 20 * USEC_MS);
    }
    scratch_thread_end();
    return NULL;
}

TEST(kept_requests_travel_to_a_worker_and_back)
{
    pthread_t thread;
    struct rig *r = rig_new(T, true, NULL);
    expect_ok(mailbox_init(&jobs));
    must(pthread_create(&thread, NULL, job_worker, NULL) == 0);
    struct caller *c[8];
    for (size_t i = 0; i < COUNT(c); i++)
        c[i] = caller_new(r);
    for (int round = 0; round < 20; round++) {
        r->n_kept = 0;
        for (size_t i = 0; i < COUNT(c); i++)
            caller_ask(c[i], "GET", "/keep", S(""));
        size_t sent = 0;
        for (int k = 0; k < 1000 && c[7]->n <= (size_t)round; k++) {
            loop_step(r->loop, 5);
            for (; sent < r->n_kept; sent++) {
                struct job *j = NEW(r->kept[sent]->arena, struct job);
                j->req = r->kept[sent];
                j->loop = r->loop;
                r->kept[sent] = NULL;
                mailbox_post(&jobs, &j->mail);
            }
        }
        for (size_t i = 0; i < COUNT(c); i++)
            rig_until(r, c[i]->n == (size_t)round + 1);
    }
    for (size_t i = 0; i < COUNT(c); i++) {
        expect_s(c[i]->seen[19].body, S("worked on /keep"));
        caller_free(c[i]);
    }
    atomic_store(&jobs_over, true);
    mailbox_wake(&jobs);
    must(pthread_join(thread, NULL) == 0);
    mailbox_done(&jobs);
    rig_free(r);
}

/* ---- several loops */

struct side {
    pthread_t thread;
    struct loop *loop;
    struct http_server *server;
};

static void side_request(void *arg, struct http_req *req)
{
    http_reply(req, &(struct http_reply){ .status = 200, .body = str_from(arg) });
}

static void side_over(void *arg)
{
    loop_stop(arg);
}

struct side_mail {
    struct mail mail;
    struct side *side;
};

static void side_stop(struct mail *m)
{
    struct side *s = ((struct side_mail *)(void *)m)->side;
    http_server_stop(s->server, USEC_S, side_over, s->loop);
}

static void *side_run(void *arg)
{
    struct side *s = arg;
    loop_run(s->loop);
    http_server_free(s->server);
    scratch_thread_end();
    return NULL;
}

TEST(loops_share_a_port_a_context_and_keys_that_change)
{
    struct rig *r = rig_new(T, true, NULL);
    struct side sides[2];
    struct side_mail mails[2];
    u16 port = 0;
    for (size_t i = 0; i < COUNT(sides); i++) {
        int fd;
        expect_ok(net_listen("127.0.0.1", port, true, &fd));
        port = net_port(fd);
        expect_ok(loop_new(&sides[i].loop));
        struct http_setup setup = { .loop = sides[i].loop,
                                    .fd = fd,
                                    .tls = r->tls,
                                    .arg = (void *)(uintptr_t) "side",
                                    .limits = http_limits_default(),
                                    .on_request = side_request };
        expect_ok(http_server_new(&setup, &sides[i].server));
        must(pthread_create(&sides[i].thread, NULL, side_run, &sides[i]) == 0);
    }
    r->port = port;
    for (int i = 0; i < 40; i++) {
        struct tls_ticket_key keys[2] = { { .name = { (u8)i }, .cipher = { 1 } },
                                          { .name = { (u8)(i - 1) }, .cipher = { 1 } } };
        struct caller *c = caller_new(r);
        expect_s(caller_get(c, "/")->body, S("side"));
        tls_tickets_set(r->tickets, keys, 2);
        expect_s(caller_get(c, "/")->body, S("side"));
        caller_free(c);
    }
    for (size_t i = 0; i < COUNT(sides); i++) {
        mails[i] = (struct side_mail){ { NULL, side_stop }, &sides[i] };
        loop_post(sides[i].loop, &mails[i].mail);
        must(pthread_join(sides[i].thread, NULL) == 0);
        loop_free(
            sides[i].loop); /* here: a post may still be on its way out when its letter runs */
    }
    rig_free(r);
}

/* ---- TLS */

TEST(sessions_resume_after_a_restart_with_the_same_ticket_keys_and_not_with_others)
{
    struct rig *r = rig_new(T, true, NULL);
    struct caller *c = caller_new(r);
    expect_i(caller_get(c, "/")->status, 200);
    expect(!http_client_tls(c->c).resumed);
    caller_ask(c, "GET", "/keep", S(""));
    rig_until(r, r->n_kept == 1);
    expect(r->kept[0]->is_tls && str_starts(str_from(http_req_tls(r->kept[0]).cipher), S("TLS_")));
    rig_answer(r, 0, S(""));
    rig_until(r, tls_client_has_session(r->client_tls));
    caller_free(c);
    /* "restart": a new context with its own tickets object, the same keys and certificate */
    struct tls_tickets *tickets = tls_tickets_new();
    struct tls_ticket_key keys[2] = { { .name = "two", .cipher = { 3 } },
                                      { .name = "one", .cipher = { 1 }, .mac = { 2 } } };
    struct tls *fresh;
    tls_tickets_set(tickets, &keys[1], 1);
    expect_ok(tls_server_new(&(struct tls_server_setup){ r->pem, tls_self_sign, r->self, tickets },
                             &fresh));
    http_server_tls(r->server, fresh);
    c = caller_new(r);
    expect_i(caller_get(c, "/")->status, 200);
    expect(http_client_tls(c->c).resumed);
    caller_free(c);
    tls_tickets_set(tickets, keys,
                    2); /* rotated: the old key still opens, and a new ticket comes */
    c = caller_new(r);
    expect_i(caller_get(c, "/")->status, 200);
    expect(http_client_tls(c->c).resumed);
    rig_step(r, 5);
    caller_free(c);
    tls_tickets_set(tickets, keys, 1); /* the old key is gone: the new ticket works */
    c = caller_new(r);
    expect_i(caller_get(c, "/")->status, 200);
    expect(http_client_tls(c->c).resumed);
    rig_step(r, 5);
    caller_free(c);
    tls_tickets_set(tickets, &keys[1], 1); /* a key we do not know: a full handshake, no failure */
    c = caller_new(r);
    expect_i(caller_get(c, "/")->status, 200);
    expect(!http_client_tls(c->c).resumed);
    expect_i(rig_stats(r)->resumed, 3);
    caller_free(c);
    tls_drop(fresh);
    rig_free(r);
    tls_tickets_free(tickets);
}

TEST(a_new_certificate_is_for_new_connections)
{
    struct rig *r = rig_new(T, true, NULL);
    struct caller *old = caller_new(r);
    expect_i(caller_get(old, "/a")->status, 200);
    struct tls_self *self;
    struct tls *fresh, *client;
    str pem;
    expect_ok(tls_self_new(T->arena, "localhost", &self, &pem));
    expect_ok(tls_server_new(&(struct tls_server_setup){ pem, tls_self_sign, self, NULL }, &fresh));
    expect_ok(tls_client_new(pem, &client));
    http_server_tls(r->server, fresh);
    tls_drop(fresh);
    expect_i(caller_get(old, "/b")->status, 200);
    struct caller *stale = caller_new_with(r, r->client_tls), *c = caller_new_with(r, client);
    caller_ask(stale, "GET", "/", S(""));
    rig_until(r, stale->closed);
    expect_i(caller_get(c, "/c")->status, 200);
    caller_free(old);
    caller_free(stale);
    caller_free(c);
    rig_free(r);
    tls_drop(client);
    tls_self_free(self);
}

TEST(what_is_no_tls_ends_without_harm)
{
    struct rig *r = rig_new(T, true, NULL);
    str got = rig_talk(r, S("GET / HTTP/1.1\r\nHost: a\r\n\r\n"));
    expect(!has(got, S("HTTP/1.1")));
    rig_until(r, rig_stats(r)->conns == 0);
    expect_i(rig_stats(r)->handshakes_failed, 1);
    rig_free(r);
}

/* ---- the socket fails at every call in turn */

static void fault_round(struct rig *r, u32 nth, bool persistent, bool *ret_hit)
{
    rig_advance(r, USEC_S); /* a failed accept rests for a moment */
    struct caller *c = caller_new(r);
    fault_arm(FAULT_SOCKET, nth, persistent);
    caller_ask(c, "POST", "/echo", S("words"));
    for (int i = 0; i < 40 && !c->n && !c->closed; i++)
        loop_step(r->loop, 2);
    *ret_hit = fault_disarm();
    if (c->n)
        expect_s(c->seen[0].body, S("words"));
    caller_free(c);
}

static void faults(struct T *T, bool tls)
{
    for (int persistent = 0; persistent < 2; persistent++) {
        struct rig *r = rig_new(T, tls, NULL);
        bool hit = true;
        u32 nth;
        for (nth = 1; hit && nth < 100; nth++)
            fault_round(r, nth, persistent, &hit);
        expect(nth > 4 && nth < 100);
        rig_advance(r, USEC_S);
        struct caller *c = caller_new(r);
        expect_s(caller_get(c, "/still-there")->body, S("/still-there"));
        caller_free(c);
        rig_until(r, rig_stats(r)->conns == 0);
        expect_i(rig_stats(r)->busy, 0);
        rig_free(r);
    }
}

TEST(socket_faults_leave_the_server_whole_plain)
{
    faults(T, false);
}
TEST(socket_faults_leave_the_server_whole_tls)
{
    faults(T, true);
}

/* ---- the end */

static void stopped(void *arg)
{
    ((struct rig *)arg)->stopped = true;
}

TEST(stopping_finishes_what_is_in_flight_and_ends_the_rest)
{
    struct rig *r = rig_new(T, true, NULL);
    struct caller *idle = caller_new(r), *busy = caller_new(r), *ws = caller_new(r);
    expect_i(caller_get(idle, "/")->status, 200);
    caller_ask(busy, "GET", "/keep", S(""));
    expect_ok(http_client_upgrade(ws->c, &(struct http_ask){ .path = S("/ws") }));
    rig_until(r, r->n_kept == 1 && r->ws_open == 1);
    http_server_stop(r->server, 10 * USEC_S, stopped, r);
    rig_until(r, idle->closed && ws->closed);
    expect_i(ws->close_code, WS_GOING_AWAY);
    expect(!busy->closed && !r->stopped);
    rig_answer(r, 0, S("last words"));
    rig_until(r, busy->closed && r->stopped);
    expect_s(busy->seen[0].body, S("last words"));
    int fd;
    expect(net_connect("127.0.0.1", r->port, &fd) != E_NONE);
    caller_free(idle);
    caller_free(busy);
    caller_free(ws);
    rig_free(r);
}

TEST(stopping_has_a_deadline)
{
    struct rig *r = rig_new(T, false, NULL);
    struct wire *w = wire_open(r);
    wire_send(w, S("GET /keep HTTP/1.1\r\nHost: a\r\n\r\n"));
    http_server_stop(r->server, 10 * USEC_S, stopped, r);
    rig_advance(r, 9 * USEC_S);
    expect(!r->stopped);
    rig_advance(r, 2 * USEC_S);
    expect(r->stopped && wire_ended(w));
    wire_close(w);
    rig_free(r);
}
