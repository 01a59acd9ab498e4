/* SPDX-License-Identifier: Apache-2.0 */
/* What `init` puts into a new office: three administrators who are three people, each with a link
 * that works once, or the demo company. Also what the command line tells of an office: its banner,
 * a demo account's code, and whether its ledger agrees. */
#include <stdio.h>

#include "app/demo/demo.h"
#include "app/people/people.h"
#include "base/os.h"
#include "core/answer.h"
#include "core/ledger.h"
#include "core/sealer.h"
#include "main/hooks.h"
#include "main/office.h"
#include "proc/totp.h"
#include "store/db.h"
#include "tlog/note.h"
#include "tlog/verify.h"

/* ---- a real company ---- */

static const struct {
    const char *login, *name, *short_name, *role;
} founders[OFFICE_LINKS] = {
    { "system.admin", "System administrator", "system", "system_admin" },
    { "security.admin", "Security administrator", "security", "security_admin" },
    { "audit.admin", "Audit administrator", "audit", "audit_admin" },
};

struct founding {
    struct arena *out;
    struct office_init_result *ret;
};

static err found(struct call *c, void *arg)
{
    struct founding *f = arg;
    for (int i = 0; i < OFFICE_LINKS; i++) {
        const struct new_person p = { .login = str_from(founders[i].login),
                                      .name = str_from(founders[i].name),
                                      .role = people_role(founders[i].role) };
        person_id id;
        usec expires;
        str link;
        TRY(people_add(c, &p, &id));
        TRY(people_invite(c, id, &link, &expires));
        TRY(ledger_effect(c, &(struct act){ .type = "person.added",
                                            .object_type = "Person",
                                            .object_prefix = "pers",
                                            .object = id.v }));
        f->ret->links[i].role = str_from(founders[i].short_name);
        f->ret->links[i].link = str_copy(f->out, link);
    }
    return ledger_effect(c, &(struct act){ .type = "office.created" });
}

static err open_place(const struct office_place *p, struct arena *a, struct opened *ret)
{
    const struct open_options o = { .data = p->data, .config = p->config, .slow_threads = 1 };
    err e = office_open(&o, a, ret);
    if (e != E_NONE) {
        (void)fprintf(stderr, STR_FMT "\n", STR_ARG(ret->why));
        os_close(p->vault);
        return e;
    }
    office_vault_give(ret->office, 0, p->vault);
    return E_NONE;
}

/* The first leaves get their place and the ledger its first signature, so that it can be checked
 * from the first moment. */
static err run_write(void *serve, err (*fn)(struct call *c, void *arg), void *arg)
{
    return serve_write(serve, fn, arg);
}

static err seal(struct opened *o, struct arena *a)
{
    struct db *db;
    struct sealer *s;
    str why;
    size_t n = 1;
    const struct db_options reader = { .path = o->db_path.p, .stmts_n = (u16)stmts_n };
    TRY(db_open(&reader, &db));
    const struct sealer_options so = {
        .office = o->office, .db = db, .write = run_write, .lanes = o->serve
    };
    err e = sealer_new(a, &so, &s, &why);
    if (e == E_NONE) {
        while (e == E_NONE && n)
            e = sealer_once(s, &n);
        sealer_stop(s);
    }
    db_close(db);
    return e;
}

err office_init(const struct office_place *p, struct arena *out, struct office_init_result *ret)
{
    struct opened o;
    struct arena *a = arena_new("init", (size_t)256 << 20);
    struct founding f = { out, ret };
    err e = open_place(p, a, &o);
    if (e == E_NONE) {
        e = serve_write(o.serve, found, &f);
        if (e == E_NONE)
            e = seal(&o, a);
        office_close(&o);
    }
    arena_free(a);
    return e;
}

/* ---- a way back in ---- */

struct linking {
    str login, link;
    struct arena *out;
};

static err link_again(struct call *c, void *arg)
{
    struct linking *l = arg;
    person_id id;
    usec expires;
    str link;
    TRY(people_by_login(c, l->login, &id));
    TRY(people_invite(c, id, &link, &expires));
    l->link = str_copy(l->out, link);
    return ledger_effect(c, &(struct act){ .type = "person.linked_by_the_machine",
                                           .object_type = "Person",
                                           .object_prefix = "pers",
                                           .object = id.v });
}

err office_link(const struct office_place *p, str login, struct arena *out, str *ret_link)
{
    struct opened o;
    struct arena *a = arena_new("link", (size_t)256 << 20);
    struct linking l = { .login = login, .out = out };
    err e = open_place(p, a, &o);
    if (e == E_NONE) {
        e = serve_write(o.serve, link_again, &l);
        office_close(&o);
    }
    arena_free(a);
    if (e == E_NONE)
        *ret_link = l.link;
    return e;
}

/* ---- the demo company ---- */

static err load_demo(struct call *c, void *arg)
{
    TRY(demo_load(c, arg));
    return ledger_effect(c, &(struct act){ .type = "office.created" });
}

static err prepare_and_load(struct opened *o, struct arena *a)
{
    struct demo *d;
    struct answer *answer = NEW(a, struct answer);
    struct call c = { .arena = a, .office = o->office, .now = os_now(), .answer = answer };
    err e = demo_prepare(&c, &d);
    if (e == E_NONE)
        e = serve_write(o->serve, load_demo, d);
    return e;
}

err office_demo(const struct office_place *p, struct arena *out)
{
    struct opened o;
    (void)out;
    struct arena *a = arena_new("demo", (size_t)256 << 20);
    err e = open_place(p, a, &o);
    if (e == E_NONE) {
        e = prepare_and_load(&o, a);
        if (e == E_NONE)
            e = seal(&o, a);
        office_close(&o);
    }
    arena_free(a);
    return e;
}

err office_demo_code(const char *data, const struct config *c, str name, struct buf *ret)
{
    SCRATCH(s);
    str secret;
    char code[TOTP_DIGITS + 1];
    if (!c->demo)
        return E_NOT_FOUND;
    TRY(demo_secret(s.a, str_from(data), name, &secret));
    totp_code(secret, totp_step(os_now()), code);
    buf_put(ret, str_from(code));
    return E_NONE;
}

/* ---- what the command line tells ---- */

static void put_address(const struct config *c, struct buf *b)
{
    u32 port = office_port(c);
    buf_fmt(b, "https://" STR_FMT, STR_ARG(config_host(c)));
    if (port != 443)
        buf_fmt(b, ":%u", port);
}

void office_banner(const char *data, const struct config *c, bool chinese, struct buf *b)
{
    buf_put(b, chinese ? S("\n  Outwork 已启动：") : S("\n  Outwork is open at "));
    put_address(c, b);
    buf_put(b, S("\n"));
    if (c->demo && chinese)
        buf_fmt(b,
                "\n  演示公司「榕树工坊」，所有账户的密码：%s\n"
                "    li.na          工程师（中文界面看看工程频道）\n"
                "    emma.clarke    工程师\n"
                "    chen.hao       系统管理员\n"
                "    wang.yu        安全管理员\n"
                "    zhao.min       审计管理员\n"
                "  动态码：  outwork demo code li.na --data %s\n",
                DEMO_PASSWORD, data);
    else if (c->demo)
        buf_fmt(b,
                "\n  The demo company, Banyan Works. Everyone's password: %s\n"
                "    li.na          engineer (people talk Chinese and English)\n"
                "    emma.clarke    engineer\n"
                "    chen.hao       system administrator\n"
                "    wang.yu        security administrator\n"
                "    zhao.min       audit administrator\n"
                "  Their one-time code:  outwork demo code li.na --data %s\n",
                DEMO_PASSWORD, data);
    buf_put(b, chinese ? S("\n  按 Ctrl+C 停止。\n\n") : S("\n  Ctrl+C stops it.\n\n"));
}

err office_policies_check(const char *data, const struct config *c, struct buf *why)
{
    struct arena *a = arena_new("policies", (size_t)64 << 20);
    str text, faults = S("");
    const struct office_options oo = { .host = config_host(c),
                                       .port = 443,
                                       .data = str_from(data) };
    struct office *o = office_new(a, &oo);
    err e = office_policy_text(c, a, &text, &faults);
    if (e == E_NONE)
        e = office_policies(o, text, a, &faults);
    buf_put(why, faults);
    office_end(o);
    arena_free(a);
    return e;
}

/* ---- the ledger ---- */

struct folder {
    const char *data;
};

static err read_file(void *arg, const char *path, size_t max, struct arena *out, str *ret)
{
    const struct folder *f = arg;
    SCRATCH(s);
    return os_read_file(out, str_fmt(s.a, "%s/ledger/%s", f->data, path).p, max, ret);
}

/* The store's idea of the sealed tree must be the checkpoint's, or one that continues it. */
static err compare_store(const struct office_place *p, struct arena *a,
                         const struct tlog_head *head, struct buf *report)
{
    struct db *db;
    struct tlog_hash root;
    u64 size;
    const struct db_options o = { .path = office_store(p->data, p->config, a).p,
                                  .stmts_n = (u16)stmts_n };
    err e = db_open(&o, &db);
    if (e != E_NONE)
        return e;
    struct call c = { .arena = a, .db = db };
    e = ledger_size(&c, &size, root.b);
    db_close(db);
    if (e != E_NONE)
        return e;
    if (size < head->size || (size == head->size && size && !tlog_hash_eq(&root, &head->root))) {
        buf_fmt(report, "the store remembers %llu sealed leaves, the checkpoint says %llu\n",
                (unsigned long long)size, (unsigned long long)head->size);
        return E_CORRUPT;
    }
    return E_NONE;
}

static err verify(const struct office_place *p, struct arena *a, struct buf *report)
{
    const char *data = p->data;
    struct folder folder = { data };
    const struct tlog_source source = { &folder, read_file };
    struct tlog_finding found = { 0 };
    struct note_key key;
    str text;
    err e = read_file(&folder, "key.pub", 1024, a, &text);
    if (e != E_NONE) {
        buf_fmt(report, "%s/ledger/key.pub: %s\n", data, err_text(e));
        return e;
    }
    while (text.n && text.p[text.n - 1] == '\n')
        text.n--;
    TRY(note_key_parse(text, &key));
    const struct tlog_audit audit = { .source = &source, .key = &key };
    e = tlog_audit(&audit, &found);
    if (e != E_NONE) {
        buf_fmt(report, "%s\n", found.what);
        return e;
    }
    TRY(compare_store(p, a, &found.head, report));
    buf_fmt(report, "%llu leaves agree with the signed checkpoint of " STR_FMT "\n  root ",
            (unsigned long long)found.head.size, STR_ARG(key.name));
    buf_hex(report, found.head.root.b, 32);
    buf_char(report, '\n');
    return E_NONE;
}

err office_ledger_verify(const char *data, const struct config *c, struct buf *report)
{
    const struct office_place p = { .data = data, .config = c, .vault = -1 };
    struct arena *a = arena_new("verify", (size_t)1 << 30);
    err e = verify(&p, a, report);
    arena_free(a);
    return e;
}
