/* SPDX-License-Identifier: Apache-2.0 */
/* `outwork run`: the parent. Takes the folder's lock, opens what the roles may not open themselves
 * (key, vault file, ports), and hands over to the supervisor. It also has the certificate renewed a
 * month before its end, and on SIGUSR1. */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "base/os.h"
#include "main/cert.h"
#include "main/hooks.h"
#include "main/place.h"
#include "main/vault_run.h"
#include "proc/listen.h"
#include "proc/super.h"

enum {
    RENEW_DAYS = 30,
    CONFIG_ARENA = 1 << 20,
    LISTENERS_MAX = LISTEN_THREADS_MAX * LISTEN_ADDRESSES_MAX + 1
};

struct office {
    struct cli *cli;
    struct place *place;
    struct role_listener *listeners;
    size_t listeners_n;
    u32 threads;
    bool banner;
    bool told; /* that a role says what is not its to say */
    struct arena
        *configs[2]; /* of the config in use and the one before: the supervisor may hold either */
};

/* ---- the certificate ---- */

static bool ends_soon(const char *path)
{
    X509 *x;
    if (cert_read(path, &x) != E_NONE)
        return true;
    bool soon = cert_not_after(x) < os_now() + RENEW_DAYS * USEC_DAY;
    X509_free(x);
    return soon;
}

static void renew(struct super *s, void *arg)
{
    struct office *o = arg;
    struct vault_ca_issue_in in = { o->place->config.host };
    err e = super_send(s, ROLE_VAULT, VAULT_ca_issue, vault_record_ca_issue_in(), &in);
    if (e != E_NONE)
        log_error("the certificate cannot be renewed", L_Z("why", err_text(e)));
}

static void renew_if_due(struct super *s, void *arg)
{
    struct office *o = arg;
    if (ends_soon(place_path(o->place, "tls/cert.pem")))
        renew(s, arg);
}

/* Only the vault's word makes a certificate. */
static void on_answer(struct super *s, void *arg, enum role_id from, const struct msg *m)
{
    struct office *o = arg;
    struct vault_ca_issue_out out;
    struct msg_failed failed;
    if (from != ROLE_VAULT && o->told)
        return;
    if (from != ROLE_VAULT) {
        o->told = true; /* once: a flood must not fill the log */
        log_warn("a role says what is not its to say", L_Z("name", roles[from].name),
                 L_INT("type", m->type));
        return;
    }
    if (m->type == VAULT_ca_issue + 1 &&
        record_get(m->payload, vault_record_ca_issue_out(), &out) == E_NONE) {
        err e = vault_write_certificate(o->place, &out);
        if (e != E_NONE) {
            log_error("the new certificate cannot be written", L_Z("why", err_text(e)));
            return;
        }
        log_info("certificate renewed", L_STR("host", o->place->config.host));
        super_reload(s, place_config_text(o->place)); /* the api reads it again */
    } else if (m->type == MSG_failed &&
               record_get(m->payload, msg_record_failed(), &failed) == E_NONE) {
        log_error("the certificate was not renewed", L_STR("why", failed.text));
    }
}

/* ---- the supervisor's callbacks ---- */

/* A person at a terminal sees warnings only, unless they asked for more: the banner says the rest.
 */
static void quieten(const struct cli *c, struct config *config)
{
    bool asked = false;
    for (size_t i = 0; i < c->settings_n; i++)
        asked |= strcmp(c->settings[i].key, "log") == 0;
    if (!asked && isatty(STDERR_FILENO) && str_eq(config->log, S("info")))
        config->log = S("warn");
}

static void on_ready(struct super *s, void *arg)
{
    struct office *o = arg;
    struct msg_ready api = { 0 };
    super_state(s, ROLE_API, &api);
    if (geteuid() == 0 && api.uid != role_uid(&roles[ROLE_API]))
        log_warn("the api role's own user cannot reach the data folder; it runs as another",
                 L_Z("data", o->place->data), L_INT("uid", api.uid));
    renew_if_due(s, arg);
    if (!o->banner)
        return;
    struct buf b = buf_in(o->place->arena, 16384);
    office_banner(o->place->data, &o->place->config, texts_chinese(), &b);
    cli_say(STR_FMT, STR_ARG(buf_str(&b)));
    (void)fflush(stdout);
}

static bool on_reload(UNUSED struct super *s, void *arg, str *ret_config)
{
    struct office *o = arg;
    struct config config;
    struct cli cli = *o->cli; /* the same settings over the file, in memory of its own */
    str why;
    cli.arena = arena_new("config", CONFIG_ARENA);
    if (place_config(&cli, o->place->data, &config, &why) != E_NONE) {
        log_error("outwork.conf is not taken; the old settings stay", L_STR("why", why));
        arena_free(cli.arena);
        return false;
    }
    if (!str_eq(config.listen, o->place->config.listen) ||
        config.threads != o->place->config.threads)
        log_warn("listen and threads change at the next start only");
    quieten(&cli, &config);
    arena_free(o->configs[1]);
    o->configs[1] = o->configs[0];
    o->configs[0] = cli.arena;
    o->place->config = config;
    struct place p = { cli.arena, o->place->data, config };
    *ret_config = place_config_text(&p);
    return true;
}

/* ---- ports ---- */

static bool open_one(struct office *o, const struct listen_address *a, u32 index)
{
    struct role_listener *l = &o->listeners[o->listeners_n];
    *l = (struct role_listener){ .kind = LISTEN_HTTPS, .index = index, .address = a->text };
    err e = listen_open(a, true, &l->fd);
    if (e == E_NONE) {
        o->listeners_n++;
        return true;
    }
    const char *at = str_z(o->place->arena, a->text);
    (void)(e == E_CONFLICT ? cli_fail(TEXT_PORT_TAKEN, at)
                           : cli_fail(TEXT_CANNOT_LISTEN, at, os_err_text()));
    return false;
}

/* With SO_REUSEPORT a second server of the same user would share the port unnoticed: so first
 * without. */
static bool taken(const struct listen_address *a)
{
    int fd;
    err e = listen_open(a, false, &fd);
    if (e == E_NONE)
        os_close(fd);
    return e == E_CONFLICT;
}

static bool open_ports(struct office *o)
{
    struct listen_address at[LISTEN_ADDRESSES_MAX];
    size_t n;
    must(listen_parse_list(o->place->config.listen, at, &n) == E_NONE); /* checked by the config */
    o->listeners = NEW_N(o->place->arena, struct role_listener, LISTENERS_MAX);
    for (size_t i = 0; i < n; i++) {
        if (taken(&at[i])) {
            (void)cli_fail(TEXT_PORT_TAKEN, str_z(o->place->arena, at[i].text));
            return false;
        }
        for (u32 t = 0; t < o->threads; t++)
            if (!open_one(o, &at[i], t))
                return false;
    }
    struct role_listener *l = &o->listeners[o->listeners_n];
    const char *path = place_path(o->place, "run/admin.sock");
    *l = (struct role_listener){ .kind = LISTEN_ADMIN, .address = str_from(path) };
    if (listen_unix(path, &l->fd) == E_NONE)
        o->listeners_n++;
    else
        log_warn("no admin socket", L_Z("path", path), L_Z("why", os_err_text()));
    return true;
}

/* ---- starting ---- */

static int supervise(struct office *o, const struct vault_files *f)
{
    struct place *p = o->place;
    struct super_role rows[] = {
        { .role = ROLE_VAULT,
          .uid = role_uid(&roles[ROLE_VAULT]),
          .fds = { f->key, f->sealed },
          .fds_n = 2 },
        { .role = ROLE_API,
          .uid = place_api_uid(p->data),
          .listeners = o->listeners,
          .listeners_n = o->listeners_n },
    };
    struct super_link links[] = { { ROLE_API, ROLE_VAULT, 2 * o->threads + 8 } };
    struct super_plan plan = {
        .data = str_from(p->data),
        .config = place_config_text(p),
        .threads = o->threads,
        .roles = rows,
        .roles_n = COUNT(rows),
        .links = links,
        .links_n = COUNT(links),
        .arg = o,
        .on_ready = on_ready,
        .on_reload = on_reload,
        .on_tick = renew_if_due,
        .on_poke = renew,
        .on_answer = on_answer,
    };
    str why = S("");
    err e = super_run(&plan, p->arena, &why);
    if (e == E_NONE)
        return CLI_OK;
    return cli_fail(TEXT_ROLE_REFUSED, why.n ? str_z(p->arena, why) : err_text(e));
}

static void set_log(const struct config *c)
{
    static const char *const words[] = { "debug", "info", "warn", "error" };
    for (size_t i = 0; i < COUNT(words); i++)
        if (str_eq_z(c->log, words[i]))
            log_setup("parent", (enum log_level)i, STDERR_FILENO);
}

static void raise_files(void)
{
    struct rlimit l;
    if (getrlimit(RLIMIT_NOFILE, &l) != 0)
        return;
    l.rlim_cur = l.rlim_max;
    (void)setrlimit(RLIMIT_NOFILE, &l);
}

int cmd_run(struct cli *c)
{
    struct place p;
    struct office o = { .cli = c,
                        .place = &p,
                        .banner = cli_flag(c, "banner") || isatty(STDOUT_FILENO) };
    struct vault_files f;
    int holder = 0;
    str why;
    (void)umask(077);
    if (!place_open(c, &p))
        return CLI_FAILED;
    quieten(c, &p.config);
    set_log(&p.config);
    err e = place_lock(&p, &holder);
    if (e == E_CONFLICT)
        return cli_fail(TEXT_RUNNING, holder, p.data);
    if (e != E_NONE)
        return cli_fail(TEXT_CANNOT_WRITE, place_path(&p, "run"), err_text(e));
    if (vault_files_open(&p, false, &f, &why) != E_NONE)
        return cli_fail(STR_FMT, STR_ARG(why));
    raise_files();
    e = place_own(p.data, false);
    if (e != E_NONE)
        log_warn("not every part of the data folder could be given its owner",
                 L_Z("why", err_text(e)));
    o.threads =
        p.config.threads ? (u32)p.config.threads : (u32)MIN(os_cores(), (int)LISTEN_THREADS_MAX);
    if (!open_ports(&o))
        return CLI_FAILED;
    int code = supervise(&o, &f);
    for (size_t i = 0; i < o.listeners_n; i++)
        os_close(o.listeners[i].fd);
    (void)unlink(place_path(&p, "run/admin.sock"));
    vault_files_close(&f);
    arena_free(o.configs[0]);
    arena_free(o.configs[1]);
    return code;
}
