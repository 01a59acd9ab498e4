/* SPDX-License-Identifier: Apache-2.0 */
/* `outwork init` and `outwork demo init`: a new data folder. It is built beside its place and moved
 * there when complete, so that an interrupted init leaves nothing that looks like an office. */
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/os.h"
#include "base/rng.h"
#include "main/hooks.h"
#include "main/place.h"
#include "main/vault_run.h"
#include "tlog/note.h"

struct making {
    struct cli *cli;
    const char *data;     /* where it will be */
    struct place place;   /* where it is made */
    const char *made_key; /* a root key outside that we made: removed on failure */
    struct office_init_result links;
};

static int remove_one(const char *path, UNUSED const struct stat *st, UNUSED int kind,
                      UNUSED struct FTW *at)
{
    return remove(path);
}

static void remove_tree(const char *path)
{
    (void)nftw(path, remove_one, 32, FTW_DEPTH | FTW_PHYS | FTW_MOUNT);
}

/* True when there is nothing at the path, or an empty folder. */
static bool is_free(const char *path)
{
    struct stat st;
    if (lstat(path, &st) != 0)
        return true;
    return S_ISDIR(st.st_mode) && rmdir(path) == 0;
}

/* ---- the root key ---- */

static err make_root_key(struct making *m)
{
    const char *path = place_root_key(&m->place);
    u8 key[32];
    if (m->place.config.root_key.n && os_exists(path))
        return E_NONE; /* an administrator's own */
    rng_bytes(key, sizeof key);
    struct buf b = buf_in(m->place.arena, 128);
    buf_hex(&b, key, sizeof key);
    buf_char(&b, '\n');
    err e = os_write_file(path, buf_str(&b), 0600);
    explicit_bzero(key, sizeof key);
    explicit_bzero(b.p, b.n);
    if (e == E_NONE && m->place.config.root_key.n)
        m->made_key = path;
    return e;
}

/* The ledger's public key as auditors take it: C2SP signed-note, "name+hash+key". */
static err write_ledger_key(struct making *m, struct vault_run *v)
{
    struct vault_ledger_head_out head;
    struct note_key key;
    struct buf b = buf_in(m->place.arena, 1024);
    TRY(vault_ledger_head(v->parent, &(struct vault_ledger_head_in){}, &head));
    TRY(note_key_make(head.origin, head.public_key, &key));
    note_key_put(&b, &key);
    buf_char(&b, '\n');
    const char *path = place_path(&m->place, "ledger/key.pub");
    TRY(os_write_file(path, buf_str(&b), 0644));
    return chmod(path, 0644) == 0 ? E_NONE : os_err(); /* whatever the umask */
}

static int fail_with(const char *what, err e, str why)
{
    if (why.n)
        return cli_fail(STR_FMT, STR_ARG(why));
    return cli_fail(TEXT_FAILED, what, err_text(e));
}

static err write_config(struct making *m)
{
    struct buf b = buf_in(m->place.arena, CONFIG_TEXT_MAX);
    buf_put(&b, S("# Outwork. `key = value`, one a line. What is not needed before the store opens "
                  "is set in\n"
                  "# the office itself. After a change: kill -HUP the server (listen and threads: "
                  "start it again).\n\n"));
    config_write(&b, &m->place.config, true);
    return os_write_file(place_path(&m->place, "outwork.conf"), buf_str(&b), 0600);
}

static int fill(struct making *m, struct vault_run *v)
{
    str why = S("");
    struct office_place p = { m->place.data, &m->place.config, v->peer };
    err e = vault_run_issue(v, &m->place, &why);
    if (e != E_NONE)
        return fail_with("the certificate", e, why);
    e = write_ledger_key(m, v);
    if (e != E_NONE)
        return fail_with("ledger/key.pub", e, S(""));
    v->peer = -1; /* the office's now */
    e = m->place.config.demo ? office_demo(&p, m->place.arena)
                             : office_init(&p, m->place.arena, &m->links);
    if (e != E_NONE)
        return fail_with("store", e, S(""));
    e = write_config(m);
    return e == E_NONE ? CLI_OK : fail_with("outwork.conf", e, S(""));
}

static int make(struct making *m)
{
    static const char *const folders[] = { "", "vault", "tls", "store", "ledger", "run" };
    struct vault_run v;
    str why = S("");
    err e = E_NONE;
    for (size_t i = 0; i < COUNT(folders) && e == E_NONE; i++)
        e = os_mkdir(place_path(&m->place, folders[i]), 0700);
    if (e == E_NONE && chmod(place_path(&m->place, "tls"), 0755) != 0)
        e = os_err();
    if (e != E_NONE)
        return cli_fail(TEXT_CANNOT_WRITE, m->place.data, err_text(e));
    e = make_root_key(m);
    if (e != E_NONE)
        return cli_fail(TEXT_CANNOT_WRITE, place_root_key(&m->place), err_text(e));
    e = vault_run_start(&m->place, true, &v, &why);
    if (e != E_NONE)
        return fail_with("vault", e, why);
    int code = fill(m, &v);
    vault_run_stop(&v);
    return code;
}

/* Into its place, with its owners. */
static int move_in(struct making *m)
{
    if (os.rename(m->place.data, m->data) != 0)
        return cli_fail(TEXT_CANNOT_WRITE, m->data, os_err_text());
    err e = place_own(m->data, true);
    return e == E_NONE ? CLI_OK : cli_fail(TEXT_CANNOT_WRITE, m->data, err_text(e));
}

static int make_at(struct making *m)
{
    struct arena *a = m->cli->arena;
    (void)umask(022);
    if (os_exists(str_fmt(a, "%s/outwork.conf", m->data).p))
        return cli_fail(TEXT_EXISTS, m->data);
    str parent = str_from(m->data);
    while (parent.n > 1 && parent.p[--parent.n] != '/') {}
    err e = os_mkdir(str_z(a, parent.n ? parent : S("/")), 0755);
    if (e != E_NONE)
        return cli_fail(TEXT_CANNOT_WRITE, m->data, err_text(e));
    (void)umask(077);
    if (!is_free(m->data))
        return cli_fail(TEXT_NOT_EMPTY, m->data);
    m->place.arena = a;
    m->place.data = str_fmt(a, "%s.making", m->data).p;
    remove_tree(m->place.data); /* of an init that was interrupted */
    int code = make(m);
    if (code == CLI_OK)
        code = move_in(m);
    if (code != CLI_OK) {
        remove_tree(m->place.data);
        if (m->made_key)
            (void)unlink(m->made_key);
    }
    return code;
}

static bool set(struct making *m, const char *key, const char *value)
{
    struct config_error why;
    if (!value ||
        config_set(m->cli->arena, &m->place.config, str_from(key), str_from(value), &why) == E_NONE)
        return true;
    (void)cli_fail("--" STR_FMT, STR_ARG(why.text));
    return false;
}

int cmd_demo_init(struct cli *c)
{
    struct making m = { .cli = c, .data = place_folder(c) };
    config_default(&m.place.config);
    m.place.config.demo = true;
    if (!set(&m, "listen", cli_value(c, "listen")))
        return CLI_USAGE;
    int code = make_at(&m);
    if (code == CLI_OK) {
        cli_say(TEXT_DEMO_DONE, m.data);
        cli_say("\n");
        cli_say(TEXT_INIT_NEXT, m.data);
        cli_say("\n");
    }
    return code;
}

static const char *role_text(str role)
{
    if (str_eq(role, S("system")))
        return TEXT_ROLE_SYSTEM;
    return str_eq(role, S("security")) ? TEXT_ROLE_SECURITY : TEXT_ROLE_AUDIT;
}

static void print_links(const struct making *m)
{
    cli_say(TEXT_INIT_DONE, str_z(m->cli->arena, config_host(&m->place.config)), m->data);
    cli_say("\n\n%s\n\n", TEXT_INIT_LINKS);
    for (size_t i = 0; i < OFFICE_LINKS; i++)
        cli_say("  %s\n    " STR_FMT "\n", role_text(m->links.links[i].role),
                STR_ARG(m->links.links[i].link));
    cli_say("\n");
    if (!m->place.config.root_key.n) {
        cli_say(TEXT_KEY_BESIDE, str_fmt(m->cli->arena, "%s/root.key", m->data).p);
        cli_say("\n\n");
    }
    cli_say(TEXT_INIT_NEXT, m->data);
    cli_say("\n");
}

int cmd_init(struct cli *c)
{
    struct making m = { .cli = c, .data = place_folder(c) };
    const char *host = cli_value(c, "host"), *listen = cli_value(c, "listen"),
               *key = cli_value(c, "root-key");
    config_default(&m.place.config);
    if (!host) {
        (void)cli_fail(TEXT_MISSING_WORD, "init", "--host NAMES");
        return CLI_USAGE;
    }
    if (!listen && strcmp(host, "localhost") != 0)
        listen = "0.0.0.0:8443, [::]:8443";
    if (key && key[0] != '/') {
        char here[4096];
        key = getcwd(here, sizeof here) ? str_fmt(c->arena, "%s/%s", here, key).p : key;
    }
    if (!set(&m, "host", host) || !set(&m, "listen", listen) || !set(&m, "root_key", key))
        return CLI_USAGE;
    int code = make_at(&m);
    if (code == CLI_OK)
        print_links(&m);
    return code;
}
