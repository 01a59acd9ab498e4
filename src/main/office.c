/* SPDX-License-Identifier: Apache-2.0 */
/* Opening an office: the same steps for a server, for `init` and for the demo, so that what is made
 * at init is made by the code that will serve it. */
#include "main/office.h"

#include <dirent.h>
#include <string.h>

#include "app/demo/tables.h"
#include "app/people/people.h"
#include "base/os.h"
#include "base/vec.h"
#include "core/session.h"
#include "proc/listen.h"

enum { POLICIES_MAX = 256, POLICY_BYTES_MAX = 4 << 20 };

/* ---- policies ---- */

static int by_name(const void *x, const void *y)
{
    return strcmp(*(const char *const *)x, *(const char *const *)y);
}

static err folder_text(const char *folder, struct arena *out, str *ret, str *ret_why)
{
    VEC(const char *) names = { 0 };
    struct buf b = buf_in(out, POLICY_BYTES_MAX);
    DIR *d = opendir(folder);
    if (!d) {
        *ret_why = str_fmt(out, "%s: %s", folder, os_err_text());
        return os_err();
    }
    for (struct dirent *e; (e = readdir(d)) && names.n < POLICIES_MAX;)
        if (str_ends(str_from(e->d_name), S(".cedar")))
            *vec_push(&names, out) = str_z(out, str_from(e->d_name));
    (void)closedir(d);
    if (names.n)
        qsort(names.at, names.n, sizeof *names.at, by_name);
    for (size_t i = 0; i < names.n; i++) {
        str text;
        const char *path = str_fmt(out, "%s/%s", folder, names.at[i]).p;
        err e = os_read_file(out, path, POLICY_BYTES_MAX, &text);
        if (e != E_NONE) {
            *ret_why = str_fmt(out, "%s: %s", path, err_text(e));
            return e;
        }
        buf_put(&b, text);
        buf_char(&b, '\n');
    }
    if (!names.n)
        *ret_why = str_fmt(out, "%s: no file ends in .cedar", folder);
    return names.n ? buf_done(&b, ret) : E_NOT_FOUND;
}

err office_policy_text(const struct config *c, struct arena *out, str *ret, str *ret_why)
{
    if (c->policies.n)
        return folder_text(str_z(out, c->policies), out, ret, ret_why);
    *ret = tables_base_policy();
    return E_NONE;
}

/* ---- opening ---- */

u32 office_port(const struct config *c)
{
    struct listen_address at[LISTEN_ADDRESSES_MAX];
    size_t n;
    return listen_parse_list(c->listen, at, &n) == E_NONE && n ? listen_port(&at[0]) : 443;
}

str office_store(const char *data, const struct config *c, struct arena *out)
{
    return c->store.n ? str_copy(out, c->store) : str_fmt(out, "%s/store/outwork.db", data);
}

static err load(struct call *c, void *arg)
{
    (void)arg;
    return people_load(c);
}

/* For people; a conninfo may hold a password. */
static const char *store_name(const struct config *c, const struct opened *o)
{
    return c->store.n ? "the PostgreSQL store" : o->db_path.p;
}

static err open_store(const struct open_options *o, struct arena *a, struct opened *ret)
{
    struct migrate_report report;
    err e = serve_migrate(ret->db_path.p, modules, modules_n, &report);
    if (e != E_NONE) {
        ret->why = str_fmt(a, "%s: %s", store_name(o->config, ret), report.why);
        return e;
    }
    const struct serve_options so = {
        .office = ret->office,
        .modules = modules,
        .modules_n = modules_n,
        .stmts_n = (u16)stmts_n,
        .db_path = ret->db_path.p,
        .breaker_path = str_fmt(a, "%s/store/breaker", o->data).p,
        .node = 0,
        .slow_threads = o->slow_threads,
        .rate_scale = (u32)o->config->rate_scale,
        .pin = o->pin,
        .thread_begin = office_vault_enter,
        .thread_end = office_vault_leave,
        .session_locked = session_was_locked,
    };
    e = serve_start(&so, &ret->serve);
    if (e == E_NONE) {
        e = serve_read(ret->serve, load, NULL);
        if (e == E_NONE)
            e = serve_modules_start(ret->serve);
        if (e != E_NONE)
            serve_stop(ret->serve);
    }
    if (e != E_NONE)
        ret->why = str_fmt(a, "%s cannot be used: %s", store_name(o->config, ret), err_text(e));
    return e;
}

err office_open(const struct open_options *o, struct arena *a, struct opened *ret)
{
    str text, why = S("");
    *ret = (struct opened){ .why = S("") };
    const struct office_options oo = {
        .host = config_host(o->config),
        .port = office_port(o->config),
        .data = str_from(o->data),
        .demo = o->config->demo,
        .session_lasts = 12 * USEC_HOUR,
    };
    ret->office = office_new(a, &oo);
    office_vault_enter(ret->office); /* the first place: the only one that init has a socket for */
    ret->db_path = office_store(o->data, o->config, a);
    err e = office_policy_text(o->config, a, &text, &why);
    if (e == E_NONE)
        e = office_policies(ret->office, text, a, &why);
    if (e != E_NONE)
        ret->why = str_fmt(a, "the policies cannot be taken: " STR_FMT, STR_ARG(why));
    else
        e = open_store(o, a, ret);
    if (e != E_NONE) {
        office_vault_leave(ret->office);
        office_end(ret->office);
    }
    return e;
}

void office_close(struct opened *o)
{
    serve_stop(o->serve);
    office_vault_leave(o->office);
    office_end(o->office);
}
