/* SPDX-License-Identifier: Apache-2.0 */
/* The table of roles, and the child's half of the hand-over. The control socket is descriptor 3;
 * everything else comes over it with messages, but for the few descriptors a role is given before
 * it runs (4 and up), such as the vault's files, which it could not open itself. */
#include "proc/role.h"

#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "base/log.h"
#include "base/os.h"
#include "base/vec.h"

enum { START_TIMEOUT_S = 20 };

static const struct sandbox_path api_paths[] = {
    { "@/store", true },     { "@/ledger", true },      { "@/blobs", true },
    { "@/tls", false },      { "@/policies", false },   { "/etc/ssl", false },
    { "/usr/lib", false },   { "/lib", false },         { "/usr/share/zoneinfo", false },
    { "/dev/null", true },   { "/dev/urandom", false }, { "/sys/devices/system/cpu", false },
    { "/proc/self", false }, { "/proc/sys/vm", false },
};

const struct role roles[ROLE_N] = {
    [ROLE_API] = {
        .name = "api", .uid_offset = 1,
        .sandbox = { .paths = api_paths, .paths_n = COUNT(api_paths),
                     .calls = SANDBOX_CORE | SANDBOX_FILES | SANDBOX_SERVER },
    },
    /* The vault opens nothing: its file and key are handed to it open. */
    [ROLE_VAULT] = {
        .name = "vault", .executable = "outwork-vault", .uid_offset = 2,
        .sandbox = { .calls = SANDBOX_CORE, .max_files = 512 },
    },
};

const struct role *role_by_name(str name)
{
    for (size_t i = 0; i < ROLE_N; i++)
        if (str_eq_z(name, roles[i].name))
            return &roles[i];
    return NULL;
}

unsigned role_uid(const struct role *r)
{
    return ROLE_UID_FIRST + r->uid_offset;
}

struct begin {
    struct role_start *start;
    VEC(struct role_listener) listeners;
    VEC(struct role_peer) peers;
    u32 uid;
    bool started, go;
};

static err on_start(struct begin *b, str payload)
{
    struct msg_start m;
    struct role_start *r = b->start;
    struct config_error why;
    TRY(record_get(payload, msg_record_start(), &m));
    TRY(config_parse(r->arena, m.config, &r->config, &why));
    r->data = str_copy(r->arena, m.data);
    r->threads = m.threads;
    r->create = m.create;
    r->parent_started = m.parent_started;
    b->uid = m.uid;
    b->started = true;
    return E_NONE;
}

static err on_listener(struct begin *b, const struct msg *m)
{
    struct msg_listener l;
    TRY(record_get(m->payload, msg_record_listener(), &l));
    *vec_push(&b->listeners, b->start->arena) =
        (struct role_listener){ m->fd, l.kind, l.index, str_copy(b->start->arena, l.address) };
    return m->fd >= 0 ? E_NONE : E_CORRUPT;
}

static err on_peer(const struct msg *m, struct arena *out, struct role_peer *ret)
{
    struct msg_peer p;
    TRY(record_get(m->payload, msg_record_peer(), &p));
    if (m->fd < 0)
        return E_CORRUPT;
    *ret = (struct role_peer){ m->fd, p.index, str_copy(out, p.role) };
    return E_NONE;
}

static err begin_step(struct begin *b, const struct msg *m)
{
    struct arena *a = b->start->arena;
    switch (m->type) {
    case MSG_start: return on_start(b, m->payload);
    case MSG_listener: return on_listener(b, m);
    case MSG_peer: return on_peer(m, a, vec_push(&b->peers, a));
    case MSG_go: b->go = true; return b->started ? E_NONE : E_CORRUPT;
    default: return E_CORRUPT;
    }
}

static err read_hand_over(struct begin *b)
{
    SCRATCH(s);
    u8 *room = arena_get_raw(s.a, MSG_PACKET_MAX, 16);
    usec until = os_mono() + START_TIMEOUT_S * USEC_S;
    while (!b->go) {
        struct msg m;
        err e = msg_recv(b->start->control, room, MSG_PACKET_MAX, &m);
        if (e == E_AGAIN) {
            TRY(msg_wait(b->start->control, until));
            continue;
        }
        TRY(e);
        TRY(begin_step(b, &m));
    }
    return E_NONE;
}

static void set_log(const struct role *role, const struct config *c)
{
    static const char *const words[] = { "debug", "info", "warn", "error" };
    for (size_t i = 0; i < COUNT(words); i++)
        if (str_eq_z(c->log, words[i]))
            log_setup(role->name, (enum log_level)i, STDERR_FILENO);
}

/* The role's sandbox, and in it what the config names: the folder of policies, and the way to a
 * database that is a server. */
static struct sandbox_spec spec_for(const struct role_start *r)
{
    struct sandbox_spec spec = r->role->sandbox;
    if ((spec.calls & SANDBOX_SERVER) && r->config.store.n)
        spec.calls |= SANDBOX_CONNECT;
    if (!(spec.calls & SANDBOX_FILES) || !r->config.policies.n)
        return spec;
    struct sandbox_path *paths = NEW_N(r->arena, struct sandbox_path, spec.paths_n + 1);
    memcpy(paths, spec.paths, spec.paths_n * sizeof *paths);
    paths[spec.paths_n++] = (struct sandbox_path){ str_z(r->arena, r->config.policies), false };
    spec.paths = paths;
    return spec;
}

err role_begin(const char *name, struct arena *boot, struct role_start *ret)
{
    struct role_start r = { .role = role_by_name(str_from(name)),
                            .arena = boot,
                            .control = ROLE_CONTROL_FD };
    if (!r.role)
        return E_NOT_FOUND;
    (void)signal(SIGPIPE, SIG_IGN);
    (void)signal(SIGINT, SIG_IGN); /* the terminal's ^C goes to all; the parent decides */
    (void)signal(SIGHUP, SIG_IGN);
    SCRATCH(s);
    (void)prctl(PR_SET_NAME, str_fmt(s.a, "outwork-%s", name).p);
    struct begin b = { .start = &r };
    TRY(read_hand_over(&b));
    r.listeners = b.listeners.at;
    r.listeners_n = b.listeners.n;
    r.peers = b.peers.at;
    r.peers_n = b.peers.n;
    set_log(r.role, &r.config);
    struct sandbox_spec spec = spec_for(&r);
    TRY(sandbox_enter(&spec, str_z(s.a, r.data), b.uid, &r.sandbox));
    *ret = r;
    return E_NONE;
}

err role_ready(const struct role_start *r)
{
    struct msg_ready m = { r->sandbox.uid, (u32)r->sandbox.landlock_abi, r->sandbox.seccomp };
    return msg_post_ready(r->control, &m, -1);
}

void role_refuse(const struct role_start *r, str why)
{
    log_error("refused to start", L_STR("why", why));
    IGNORE(msg_post_refuse(r->control, &(struct msg_refuse){ str_sub(why, 0, 1024) }, -1));
    _exit(ROLE_EXIT_REFUSED);
}

static err event_of(const struct msg *m, struct arena *out, struct role_event *ret)
{
    struct role_event ev = { 0 };
    struct msg_reload reload;
    struct msg_death death;
    struct config_error why;
    switch (m->type) {
    case MSG_stop: ev.kind = ROLE_EVENT_STOP; break;
    case MSG_reload:
        ev.kind = ROLE_EVENT_RELOAD;
        TRY(record_get(m->payload, msg_record_reload(), &reload));
        TRY(config_parse(out, reload.config, &ev.config, &why));
        break;
    case MSG_peer:
        ev.kind = ROLE_EVENT_PEER;
        TRY(on_peer(m, out, &ev.peer));
        break;
    case MSG_death:
        ev.kind = ROLE_EVENT_DEATH;
        TRY(record_get(m->payload, msg_record_death(), &death));
        ev.role = str_copy(out, death.role);
        ev.deaths = death.deaths;
        ev.status = death.status;
        break;
    default: return E_CORRUPT;
    }
    *ret = ev;
    return E_NONE;
}

err role_event(const struct role_start *r, struct arena *out, struct role_event *ret)
{
    SCRATCH(s);
    must(s.a != out);
    u8 *room = arena_get_raw(s.a, MSG_PACKET_MAX, 16);
    for (;;) {
        struct msg m;
        TRY(msg_recv(r->control, room, MSG_PACKET_MAX, &m));
        if (event_of(&m, out, ret) == E_NONE)
            return E_NONE;
        os_close(m.fd);
        log_warn("control message skipped", L_INT("type", m.type));
    }
}
