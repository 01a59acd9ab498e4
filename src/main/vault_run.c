/* SPDX-License-Identifier: Apache-2.0 */
/* Starting, asking and ending one vault, in straight lines: the counterpart of the parent's
 * supervision for commands that end by themselves. */
#include "main/vault_run.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/os.h"
#include "proc/role.h"

enum { READY_TIMEOUT_S = 15 };

err vault_files_open(const struct place *p, bool create, struct vault_files *ret, str *reterr_why)
{
    const char *key = place_root_key(p), *sealed = place_path(p, "vault/vault.sealed");
    struct vault_files f = { open(key, O_RDONLY | O_CLOEXEC), -1 };
    if (f.key < 0) {
        *reterr_why = str_fmt(p->arena, TEXT_NO_ROOT_KEY, key, os_err_text());
        return os_err();
    }
    f.sealed = open(sealed, O_RDWR | O_CLOEXEC | (create ? O_CREAT : 0), 0600);
    if (f.sealed < 0) {
        *reterr_why = str_fmt(p->arena, TEXT_CANNOT_READ, sealed, os_err_text());
        os_close(f.key);
        return os_err();
    }
    *ret = f;
    return E_NONE;
}

void vault_files_close(struct vault_files *f)
{
    os_close(f->key);
    os_close(f->sealed);
}

/* Its log speaks up for warnings only: a person reads a command's output. */
static err hand_over(const struct place *p, bool create, int control, int peer)
{
    struct place quiet = *p;
    quiet.config.log = S("warn");
    struct msg_start start = { .data = str_from(p->data),
                               .config = place_config_text(&quiet),
                               .threads = 1,
                               .uid = role_uid(&roles[ROLE_VAULT]),
                               .create = create };
    TRY(msg_post_start(control, &start, -1));
    TRY(msg_post_peer(control, &(struct msg_peer){ S("api"), 0 }, peer));
    return msg_post_go(control, &(struct msg_go){}, -1);
}

static err await_ready(const struct place *p, int control, str *reterr_why)
{
    u8 *room = arena_get_raw(p->arena, MSG_PACKET_MAX, 16);
    usec until = os_mono() + READY_TIMEOUT_S * USEC_S;
    struct msg m;
    struct msg_refuse refuse;
    err e;
    while ((e = msg_recv(control, room, MSG_PACKET_MAX, &m)) == E_AGAIN)
        TRY(msg_wait(control, until));
    TRY(e);
    if (m.type == MSG_ready)
        return E_NONE;
    if (m.type == MSG_refuse && record_get(m.payload, msg_record_refuse(), &refuse) == E_NONE)
        *reterr_why = str_fmt(p->arena, TEXT_VAULT_REFUSED, str_z(p->arena, refuse.text));
    return E_DENIED;
}

static err start(const struct place *p, bool create, struct vault_run *v, str *reterr_why)
{
    struct vault_files f;
    int exe, control[2], peer[2];
    if (spawn_image(roles[ROLE_VAULT].executable, &exe) != E_NONE) {
        *reterr_why = str_fmt(p->arena, TEXT_NO_VAULT_EXE, os_err_text());
        return E_NOT_FOUND;
    }
    err e = vault_files_open(p, create, &f, reterr_why);
    if (e != E_NONE) {
        os_close(exe);
        return e;
    }
    must(msg_pair(control) == E_NONE && msg_pair(peer) == E_NONE);
    int fds[] = { control[1], f.key, f.sealed };
    e = spawn_role(&(struct spawn){ exe, "vault", fds, COUNT(fds) }, &v->process);
    if (e == E_NONE)
        e = hand_over(p, create, control[0], peer[1]);
    os_close(exe);
    os_close(control[1]);
    os_close(peer[1]);
    vault_files_close(&f);
    v->peer = peer[0];
    v->parent = vault_client_new(p->arena);
    vault_client_use(v->parent, control[0]);
    vault_client_timeout(v->parent, 10 * USEC_S);
    return e == E_NONE ? await_ready(p, control[0], reterr_why) : e;
}

err vault_run_start(const struct place *p, bool create, struct vault_run *ret, str *reterr_why)
{
    struct vault_run v = { .process = { 0, -1 }, .peer = -1 };
    str why = { 0 };
    err e = start(p, create, &v, &why);
    if (e != E_NONE) {
        vault_run_stop(&v);
        *reterr_why = why.p ? why : str_fmt(p->arena, TEXT_VAULT_REFUSED, err_text(e));
        return e;
    }
    *ret = v;
    return E_NONE;
}

void vault_run_stop(struct vault_run *v)
{
    os_close(v->peer);
    if (v->parent)
        vault_client_use(v->parent, -1); /* the end of its control socket ends a vault */
    if (v->process.pid > 0)
        (void)waitpid(v->process.pid, NULL, 0);
    os_close(v->process.pidfd);
    *v = (struct vault_run){ .process = { 0, -1 }, .peer = -1 };
}

/* Certificates are public, whatever the umask. */
static err write_public(const char *path, str bytes)
{
    TRY(os_write_file(path, bytes, 0644));
    return chmod(path, 0644) == 0 ? E_NONE : os_err();
}

err vault_write_certificate(const struct place *p, const struct vault_ca_issue_out *m)
{
    TRY(os_mkdir(place_path(p, "tls"), 0755));
    TRY(write_public(place_path(p, "tls/ca.pem"), m->ca));
    return write_public(place_path(p, "tls/cert.pem"), m->chain);
}

err vault_run_issue(struct vault_run *v, const struct place *p, str *reterr_why)
{
    struct vault_ca_issue_out m;
    err e = vault_ca_issue(v->parent, &(struct vault_ca_issue_in){ p->config.host }, &m);
    if (e == E_NONE)
        e = vault_write_certificate(p, &m);
    if (e != E_NONE) {
        str why = vault_client_why(v->parent);
        *reterr_why = why.n ? str_copy(p->arena, why) : str_from(err_text(e));
    }
    return e;
}
