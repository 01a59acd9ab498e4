/* SPDX-License-Identifier: Apache-2.0 */
/* A stand-in for the whole program, for tests of what must happen between real processes.
 * `proc-probe parent DIR [crash|refuse|deaf]` is a parent with this file as its api role and the
 * real vault; the role answers lines on its one listener: "pid", "vault" (a signature is asked
 * for), "deaths". */
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/log.h"
#include "base/os.h"
#include "proc/listen.h"
#include "proc/super.h"
#include "proc/vault_client.h"

struct probe {
    struct role_start r;
    struct vault_client *vault;
    i64 deaths;
    bool stop;
};

static str answer(struct probe *p, struct arena *a, str line)
{
    if (str_eq(line, S("pid")))
        return str_fmt(a, "%d", (int)getpid());
    if (str_eq(line, S("deaths")))
        return str_fmt(a, "%lld", (long long)p->deaths);
    if (str_eq(line, S("demo")))
        return p->r.config.demo ? S("yes") : S("no");
    struct vault_tls_sign_in in = { { 1, 2, 3 } };
    struct vault_tls_sign_out out;
    err e = vault_tls_sign(p->vault, &in, &out);
    return e == E_NONE ? str_fmt(a, "%zu", out.der.n) : str_from(err_text(e));
}

static void serve_one(struct probe *p, int listener)
{
    int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
    if (fd < 0)
        return;
    SCRATCH(s);
    char line[64];
    ssize_t n = recv(fd, line, sizeof line, 0);
    if (n > 0) {
        str a = answer(p, s.a, (str){ line, (size_t)n });
        (void)send(fd, a.p, a.n, MSG_NOSIGNAL);
    }
    os_close(fd);
}

static void on_control(struct probe *p)
{
    struct role_event ev;
    err e;
    while ((e = role_event(&p->r, p->r.arena, &ev)) == E_NONE) {
        if (ev.kind == ROLE_EVENT_STOP)
            p->stop = !str_eq(p->r.config.policies, S("deaf"));
        else if (ev.kind == ROLE_EVENT_PEER && ev.peer.index == 0)
            vault_client_use(p->vault, ev.peer.fd);
        else if (ev.kind == ROLE_EVENT_PEER)
            os_close(ev.peer.fd);
        else if (ev.kind == ROLE_EVENT_RELOAD)
            p->r.config = ev.config;
        else
            p->deaths = ev.deaths;
    }
    if (e == E_CLOSED)
        p->stop = true;
}

static int api(void)
{
    struct arena *boot = arena_new("boot", 1 << 20);
    struct probe p = { 0 };
    if (role_begin("api", boot, &p.r) != E_NONE)
        return 1;
    if (str_eq(p.r.config.policies, S("refuse")))
        role_refuse(&p.r, S("told to"));
    if (str_eq(p.r.config.policies, S("crash")))
        return 3;
    p.vault = vault_client_new(boot);
    if (p.r.peers_n)
        vault_client_use(p.vault, p.r.peers[0].fd);
    if (role_ready(&p.r) != E_NONE)
        return 1;
    struct pollfd fds[2] = { { .fd = p.r.control, .events = POLLIN },
                             { .fd = p.r.listeners[0].fd, .events = POLLIN } };
    while (!p.stop && poll(fds, 2, -1) >= 0) {
        if (fds[0].revents)
            on_control(&p);
        if (fds[1].revents)
            serve_one(&p, fds[1].fd);
    }
    arena_free(boot);
    return 0;
}

static bool on_reload(UNUSED struct super *s, void *arg, str *ret)
{
    *ret = str_fmt(arg, "demo = yes\n");
    return true;
}

/* DIR/vault.sealed and DIR/root.key are made by the test; DIR/probe.sock is listened on. */
static int parent(const char *dir, const char *how)
{
    struct arena *a = arena_new("probe", 1 << 20);
    struct role_listener l = { .kind = LISTEN_ADMIN, .address = S("probe") };
    if (listen_unix(str_fmt(a, "%s/probe.sock", dir).p, &l.fd) != E_NONE)
        return 1;
    struct super_role rows[] = {
        { .role = ROLE_VAULT, .create = true, .fds_n = 2 },
        { .role = ROLE_API, .listeners = &l, .listeners_n = 1 },
    };
    rows[0].fds[0] = open(str_fmt(a, "%s/root.key", dir).p, O_RDONLY | O_CLOEXEC);
    rows[0].fds[1] = open(str_fmt(a, "%s/vault.sealed", dir).p, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    static const struct super_link links[] = { { ROLE_API, ROLE_VAULT, 2 } };
    struct super_plan plan = {
        .data = str_from(dir),
        .config = str_fmt(a, "policies = %s\n", how),
        .threads = 1,
        .roles = rows,
        .roles_n = COUNT(rows),
        .links = links,
        .links_n = COUNT(links),
        .arg = a,
        .on_reload = on_reload,
    };
    log_setup("parent", LOG_INFO, STDERR_FILENO);
    str why;
    err e = super_run(&plan, a, &why);
    if (e != E_NONE)
        (void)fprintf(stderr, "refused: " STR_FMT "\n", STR_ARG(e == E_INVALID ? why : S("error")));
    os_close(l.fd);
    os_close(rows[0].fds[0]);
    os_close(rows[0].fds[1]);
    arena_free(a);
    scratch_thread_end();
    return e == E_NONE ? 0 : 1;
}

int main(int argc, char **argv)
{
    if (argc == 3 && !strcmp(argv[1], "-R") && !strcmp(argv[2], "api"))
        return api();
    return argc >= 3 ? parent(argv[2], argc > 3 ? argv[3] : "") : 2;
}
