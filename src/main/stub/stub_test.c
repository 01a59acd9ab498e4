/* SPDX-License-Identifier: Apache-2.0 */
/* The command line with stand-ins for what the upper layers provide, for tests of the command line
 * and the parent alone. Its api role answers one line of plain text on each connection; its ledger
 * and policies are well unless a file says otherwise. */
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/os.h"
#include "main/cli.h"
#include "main/cmd_cedar.h"
#include "main/hooks.h"
#include "proc/listen.h"
#include "proc/totp.h"
#include "proc/vault_client.h"

enum { POLLED_MAX = 64 };

static void answer(int listener, const struct role_start *r)
{
    int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
    if (fd < 0)
        return;
    SCRATCH(s);
    str line = str_fmt(s.a, "api %d of %s, uid %u\n", (int)getpid(),
                       str_z(s.a, config_host(&r->config)), r->sandbox.uid);
    (void)send(fd, line.p, line.n, MSG_NOSIGNAL);
    os_close(fd);
}

/* What a role that was taken over might try: a certificate in the vault's name. */
static void forge(const struct role_start *r)
{
    struct vault_ca_issue_out lie = { S("forged"), S("forged"), 1 };
    const struct msg head = { VAULT_ca_issue + 1, 1, { 0 }, -1 };
    for (int i = 0; i < 100; i++)
        IGNORE(msg_post(r->control, &head, vault_record_ca_issue_out(), &lie));
}

int api_role_main(struct role_start *r)
{
    struct pollfd p[POLLED_MAX] = { { .fd = r->control, .events = POLLIN } };
    nfds_t n = 1;
    for (size_t i = 0; i < r->listeners_n && n < POLLED_MAX; i++)
        p[n++] = (struct pollfd){ .fd = r->listeners[i].fd, .events = POLLIN };
    if (role_ready(r) != E_NONE)
        return 1;
    if (str_find(r->config.host, S("forge")) >= 0)
        forge(r);
    for (;;) {
        struct role_event ev;
        err e = E_NONE;
        if (poll(p, n, -1) < 0)
            continue;
        while (p[0].revents && (e = role_event(r, r->arena, &ev)) == E_NONE) {
            if (ev.kind == ROLE_EVENT_STOP)
                return 0;
            if (ev.kind == ROLE_EVENT_RELOAD)
                r->config = ev.config;
            if (ev.kind == ROLE_EVENT_PEER)
                os_close(ev.peer.fd);
        }
        if (e == E_CLOSED)
            return 1;
        for (nfds_t i = 1; i < n; i++)
            if (p[i].revents)
                answer(p[i].fd, r);
    }
}

/* A store with the word and proof that the vault answers. */
static err make_store(const struct office_place *p, struct arena *out)
{
    struct vault_client *v = vault_client_new(out);
    struct vault_seal_out sealed;
    vault_client_use(v, p->vault);
    TRY(vault_seal(v, &(struct vault_seal_in){ S("stub"), S(""), S("store") }, &sealed));
    return os_write_file(str_fmt(out, "%s/store/outwork.db", p->data).p, sealed.sealed, 0600);
}

err office_init(const struct office_place *p, struct arena *out, struct office_init_result *ret)
{
    static const char *const names[OFFICE_LINKS] = { "system", "security", "audit" };
    TRY(make_store(p, out));
    if (os_exists("stub-fail"))
        return E_FULL;
    for (size_t i = 0; i < OFFICE_LINKS; i++) {
        ret->links[i].role = str_from(names[i]);
        ret->links[i].link = str_fmt(out, "https://" STR_FMT "/join#%s-link",
                                     STR_ARG(config_host(p->config)), names[i]);
    }
    return E_NONE;
}

err office_demo(const struct office_place *p, struct arena *out)
{
    return make_store(p, out);
}

err office_demo_code(UNUSED const char *data, UNUSED const struct config *c, str name,
                     struct buf *ret)
{
    char code[TOTP_DIGITS + 1];
    if (!str_eq(name, S("lin")))
        return E_NOT_FOUND;
    totp_code(S("12345678901234567890"), totp_step(os_now()), code);
    buf_put(ret, str_from(code));
    return E_NONE;
}

void office_banner(UNUSED const char *data, const struct config *c, UNUSED bool chinese,
                   struct buf *b)
{
    buf_fmt(b, TEXT_ADDRESS, str_z(b->a, config_host(c)));
    buf_fmt(b, "\n%s\n", TEXT_HOW_TO_STOP);
}

err office_ledger_verify(const char *data, UNUSED const struct config *c, struct buf *report)
{
    SCRATCH(s);
    buf_put(report, S("1 leaf\n"));
    return os_exists(str_fmt(s.a, "%s/ledger/bad", data).p) ? E_CORRUPT : E_NONE;
}

err office_link(UNUSED const struct office_place *p, str login, struct arena *out, str *ret_link)
{
    if (!str_eq(login, S("security.admin")))
        return E_NOT_FOUND;
    *ret_link = str_fmt(out, "https://office.test/join#again");
    return E_NONE;
}

err office_store_move(UNUSED const char *data, UNUSED const struct config *from,
                      const struct config *to, struct buf *report)
{
    buf_put(report, S("moved\n"));
    return str_eq(to->store, S("full")) ? E_FULL : E_NONE;
}

err office_policies_check(const char *data, UNUSED const struct config *c, struct buf *why)
{
    SCRATCH(s);
    if (!os_exists(str_fmt(s.a, "%s/bad.cedar", data).p))
        return E_NONE;
    buf_put(why, S("bad.cedar:1: no"));
    return E_INVALID;
}
