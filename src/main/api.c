/* SPDX-License-Identifier: Apache-2.0 */
/* The api role: one loop a thread with its listeners, one office behind them all. The first thread
 * keeps the control socket: it hands out sockets to a restarted vault, takes a new certificate or
 * new policies on reload, fetches ticket keys before they are due, and ends everything in order
 * when the parent says so. */
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

#include "app/people/people.h"
#include "base/log.h"
#include "base/os.h"
#include "core/sealer.h"
#include "core/serve_http.h"
#include "main/hooks.h"
#include "main/office.h"
#include "proc/listen.h"
#include "store/db.h"

#define OFFICE_BYTES ((size_t)4 << 30)

extern const struct static_pack web_pack; /* made by tools/pack from the web client */

enum { GRACE_S = 5, SWAP_WAIT_S = 5, CERT_MAX = 64 * 1024 };

struct lane_thread {
    struct api *api;
    u32 index;
    pthread_t thread;
    struct loop *loop;
    struct serve_http *http;
    struct mail swap; /* takes a new certificate to the loop */
    struct mail stop;
};

struct api {
    struct role_start *r;
    struct opened o;
    struct tls_tickets *tickets;
    struct tls *tls;
    struct sealer *sealer;
    struct db *sealer_db;
    usec tickets_due;
    struct lane_thread lanes[LISTEN_THREADS_MAX];
    u32 lanes_n;
    atomic_uint serving;
    atomic_uint swaps; /* loops that have not taken `tls` yet; it is changed only while 0 */
};

/* ---- TLS ---- */

static err sign(void *arg, const u8 digest[32], u8 *ret_sig, size_t *ret_n)
{
    (void)arg;
    struct vault_tls_sign_in in;
    struct vault_tls_sign_out out;
    if (!office_vault())
        return E_BUSY;
    memcpy(in.digest, digest, sizeof in.digest);
    TRY(vault_tls_sign(office_vault(), &in, &out));
    if (out.der.n > TLS_SIG_MAX)
        return E_LIMIT;
    memcpy(ret_sig, out.der.p, out.der.n);
    *ret_n = out.der.n;
    return E_NONE;
}

/* Keys of 80 bytes: name 16, MAC 32, cipher 32 (proc/messages.h). */
static struct tls_ticket_key ticket_key(const u8 from[80])
{
    struct tls_ticket_key k;
    memcpy(k.name, from, 16);
    memcpy(k.mac, from + 16, 32);
    memcpy(k.cipher, from + 48, 32);
    return k;
}

static void fetch_tickets(struct api *api)
{
    struct vault_ticket_keys_out out;
    err e = vault_ticket_keys(office_vault(), &(struct vault_ticket_keys_in){}, &out);
    if (e != E_NONE) {
        api->tickets_due = os_now() + USEC_MIN;
        return;
    }
    const struct tls_ticket_key keys[] = { ticket_key(out.current), ticket_key(out.previous) };
    tls_tickets_set(api->tickets, keys, COUNT(keys));
    api->tickets_due = MAX(out.rotate_at, os_now() + USEC_MIN);
}

static err load_certificate(struct api *api, struct tls **ret)
{
    SCRATCH(s);
    str pem;
    TRY(os_read_file(s.a, str_fmt(s.a, STR_FMT "/tls/cert.pem", STR_ARG(api->r->data)).p, CERT_MAX,
                     &pem));
    const struct tls_server_setup setup = { .cert_pem = pem,
                                            .sign = sign,
                                            .tickets = api->tickets };
    return tls_server_new(&setup, ret);
}

/* ---- the loops ---- */

static struct lane_thread *lane_of_stop(struct mail *m)
{
    return (struct lane_thread *)(void *)((char *)m - offsetof(struct lane_thread, stop));
}

static struct lane_thread *lane_of_swap(struct mail *m)
{
    return (struct lane_thread *)(void *)((char *)m - offsetof(struct lane_thread, swap));
}

static void stopped(void *arg)
{
    struct lane_thread *t = arg;
    loop_stop(t->loop);
}

static void on_stop(struct mail *m)
{
    struct lane_thread *t = lane_of_stop(m);
    serve_http_stop(t->http, GRACE_S * USEC_S, stopped, t);
}

static void on_swap(struct mail *m)
{
    struct lane_thread *t = lane_of_swap(m);
    serve_http_tls(t->http, t->api->tls);
    atomic_fetch_sub(&t->api->swaps, 1);
}

static err lane_open(struct lane_thread *t)
{
    struct api *api = t->api;
    int fds[LISTEN_ADDRESSES_MAX];
    size_t n = 0;
    for (size_t i = 0; i < api->r->listeners_n; i++) {
        const struct role_listener *l = &api->r->listeners[i];
        if (l->kind == LISTEN_HTTPS && l->index == t->index && n < COUNT(fds))
            fds[n++] = l->fd;
    }
    struct http_limits limits = http_limits_default();
    limits.ws_message_max = 32 * 1024; /* frames from pages are smaller; nobody hoards fragments */
    limits.conns_max = (u32)(api->r->config.connections / api->lanes_n);
    const struct serve_http_options o = {
        .serve = api->o.serve,
        .loop = t->loop,
        .fds = fds,
        .fds_n = n,
        .tls = api->tls,
        .limits = limits,
        .pack = &web_pack,
        .origin = office_origin(api->o.office),
        .hosts = api->r->config.host,
        .hsts = !str_eq(config_host(&api->r->config), S("localhost")),
        .cpu = api->lanes_n > 1 ? (int)t->index : -1,
    };
    return serve_http_open(&o, &t->http);
}

static void *lane_run(void *arg)
{
    struct lane_thread *t = arg;
    office_vault_enter(t->api->o.office);
    err e = lane_open(t);
    if (e != E_NONE)
        role_refuse(t->api->r, S("a loop could not be opened"));
    atomic_fetch_add(&t->api->serving, 1);
    loop_run(t->loop);
    serve_http_free(t->http);
    office_vault_leave(t->api->o.office);
    scratch_thread_end();
    return NULL;
}

static err lanes_begin(struct api *api)
{
    api->lanes_n = MIN(MAX(api->r->threads, 1u), (u32)LISTEN_THREADS_MAX);
    for (u32 i = 0; i < api->lanes_n; i++) {
        struct lane_thread *t = &api->lanes[i];
        *t = (struct lane_thread){
            .api = api, .index = i, .swap.run = on_swap, .stop.run = on_stop
        };
        TRY(loop_new(&t->loop));
        if (pthread_create(&t->thread, NULL, lane_run, t) != 0)
            return E_IO;
        while (atomic_load(&api->serving) <= i) /* ports are opened one after another */
            (void)poll(NULL, 0, 1);
    }
    return E_NONE;
}

static void lanes_end(struct api *api)
{
    for (u32 i = 0; i < api->lanes_n; i++)
        loop_post(api->lanes[i].loop, &api->lanes[i].stop);
    for (u32 i = 0; i < api->lanes_n; i++) {
        (void)pthread_join(api->lanes[i].thread, NULL);
        loop_free(api->lanes[i].loop);
    }
}

/* ---- sealing ---- */

static err run_write(void *serve, err (*fn)(struct call *c, void *arg), void *arg)
{
    return serve_write(serve, fn, arg);
}

static err sealer_begin(struct api *api)
{
    str why = S("");
    const struct db_options reader = { .path = api->o.db_path.p, .stmts_n = (u16)stmts_n };
    TRY(db_open(&reader, &api->sealer_db));
    const struct sealer_options o = { .office = api->o.office,
                                      .db = api->sealer_db,
                                      .pause = 200 * USEC_MS,
                                      .write = run_write,
                                      .lanes = api->o.serve };
    err e = sealer_new(api->r->arena, &o, &api->sealer, &why);
    if (e == E_CORRUPT)
        role_refuse(api->r,
                    str_fmt(api->r->arena,
                            "the ledger is damaged: " STR_FMT
                            ". Run `outwork ledger verify` and restore the folder from a backup.",
                            STR_ARG(why)));
    TRY(e);
    return sealer_start(api->sealer);
}

/* ---- the control socket ---- */

/* A letter is in one mailbox at a time, and a loop must not look at a context that is being
 * replaced: a reload waits until every loop has taken the one before. */
static bool swaps_done(const struct api *api)
{
    usec until = os_mono() + SWAP_WAIT_S * USEC_S;
    while (atomic_load(&api->swaps)) {
        if (os_mono() > until)
            return false;
        (void)poll(NULL, 0, 1);
    }
    return true;
}

static err reload_certificate(struct api *api)
{
    struct tls *fresh;
    if (!swaps_done(api))
        return E_BUSY;
    TRY(load_certificate(api, &fresh));
    tls_drop(api->tls); /* connections and loops hold their own */
    api->tls = fresh;
    atomic_store(&api->swaps, api->lanes_n);
    for (u32 i = 0; i < api->lanes_n; i++)
        loop_post(api->lanes[i].loop, &api->lanes[i].swap);
    return E_NONE;
}

static void reload(struct api *api, const struct config *c)
{
    SCRATCH(s);
    str text, why = S("");
    err e = reload_certificate(api);
    if (e == E_NONE)
        log_info("certificate read again");
    else
        log_error("the certificate is not taken; the old one stays", L_Z("why", err_text(e)));
    e = office_policy_text(c, s.a, &text, &why);
    if (e == E_NONE)
        e = office_policies(api->o.office, text, s.a, &why);
    if (e == E_NONE)
        log_info("policies read again");
    else
        log_error("the policies are not taken; the old ones stay", L_STR("why", why));
}

/* Takes one event; E_AGAIN when there is none. *ret_end: time to end. */
static err one_event(struct api *api, struct arena *a, bool *ret_end)
{
    struct role_event ev;
    err e = role_event(api->r, a, &ev);
    if (e == E_AGAIN)
        return e;
    if (e != E_NONE || ev.kind == ROLE_EVENT_STOP)
        *ret_end = true;
    else if (ev.kind == ROLE_EVENT_PEER && str_eq(ev.peer.role, S("vault")))
        office_vault_give(api->o.office, ev.peer.index, ev.peer.fd);
    else if (ev.kind == ROLE_EVENT_RELOAD)
        reload(api, &ev.config);
    else if (ev.kind == ROLE_EVENT_DEATH)
        log_warn("another role died", L_STR("role", ev.role), L_INT("deaths", ev.deaths));
    return E_NONE;
}

/* False: time to end. */
static bool control(struct api *api)
{
    struct arena *a = arena_new("control", 1 << 20);
    bool end = false;
    while (!end && one_event(api, a, &end) == E_NONE)
        arena_reset(a);
    arena_free(a);
    return !end;
}

static void wait_for_the_end(struct api *api)
{
    struct pollfd p = { .fd = api->r->control, .events = POLLIN };
    usec upkeep_due = 0;
    do {
        if (os_now() >= api->tickets_due)
            fetch_tickets(api);
        if (os_mono() >= upkeep_due) {
            upkeep_due = os_mono() + 10 * USEC_MIN;
            if (serve_write(api->o.serve, people_upkeep, NULL) != E_NONE)
                log_warn("ended sessions could not be cleared away");
        }
        p.revents = 0;
        (void)poll(&p, 1, 1000);
    } while (!p.revents || control(api));
}

static void set_log(const struct config *c)
{
    static const char *const words[] = { "debug", "info", "warn", "error" };
    for (size_t i = 0; i < COUNT(words); i++)
        if (str_eq_z(c->log, words[i]))
            log_setup("api", (enum log_level)i, 2);
}

static err begin(struct api *api)
{
    struct role_start *r = api->r;
    for (size_t i = 0; i < r->peers_n; i++)
        if (str_eq(r->peers[i].role, S("vault")))
            office_vault_give(api->o.office, r->peers[i].index, r->peers[i].fd);
    api->tickets = tls_tickets_new();
    fetch_tickets(api);
    err e = load_certificate(api, &api->tls);
    if (e != E_NONE)
        role_refuse(r, S("tls/cert.pem cannot be read; `outwork cert renew` makes a new one"));
    TRY(sealer_begin(api));
    return lanes_begin(api);
}

int api_role_main(struct role_start *r)
{
    struct api *api = NEW(r->arena, struct api);
    api->r = r;
    set_log(&r->config);
    const struct open_options oo = { .data = str_z(r->arena, r->data),
                                     .config = &r->config,
                                     .pin = r->threads > 1,
                                     .slow_threads = 2 };
    struct arena *memory = arena_new("office", OFFICE_BYTES); /* people, devices, sessions */
    if (office_open(&oo, memory, &api->o) != E_NONE)
        role_refuse(r, api->o.why);
    err e = begin(api);
    if (e == E_NONE)
        e = role_ready(r);
    if (e != E_NONE)
        role_refuse(r, str_fmt(r->arena, "the api cannot serve: %s", err_text(e)));
    log_info("serving", L_INT("loops", api->lanes_n),
             L_INT("ms", (os_mono() - r->parent_started) / USEC_MS));
    wait_for_the_end(api);
    lanes_end(api);
    sealer_stop(api->sealer);
    db_close(api->sealer_db);
    office_close(&api->o);
    arena_free(memory);
    tls_drop(api->tls);
    tls_tickets_free(api->tickets);
    return 0;
}
