/* SPDX-License-Identifier: Apache-2.0 */
/* Supervision. A child is dead when its pidfd says so; its control socket closing says nothing by
 * itself. Between death and restart its sockets' other ends see the end of the file and its
 * listeners, which the parent keeps open, let connections wait. */
#include "proc/super.h"

#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/log.h"
#include "base/os.h"
#include "proc/spawn.h"

#define DELAY_FIRST (100 * USEC_MS)
#define DELAY_MOST  (10 * USEC_S)
#define DELAY_SERVED \
    (400 * USEC_MS) /* most after a death while serving: back within a second, always */
#define LIVED_WELL (10 * USEC_S) /* after this long a death counts as the first again */
#define NEVER_DUE  INT64_MAX

enum { MESSAGES_A_TURN = 64 }; /* a role that floods is heard in turn with the others */

struct child {
    const struct super_role *spec;
    int exe, pidfd, control;
    pid_t pid; /* 0: not running */
    u32 deaths;
    bool ready;
    struct msg_ready state;
    usec started, due, delay; /* due: when to start it again */
};

struct super {
    const struct super_plan *plan;
    struct arena *arena;
    str config;
    struct child children[ROLE_N];
    size_t n;
    int signals;
    u8 *room;
    bool stopping, announced;
    usec deadline, tick, began;
    bool refused;
    str why;
};

static struct child *child_of(struct super *s, enum role_id role)
{
    for (size_t i = 0; i < s->n; i++)
        if (s->children[i].spec->role == role)
            return &s->children[i];
    return NULL;
}

static const char *name_of(const struct child *c)
{
    return roles[c->spec->role].name;
}

static void kill_child(struct child *c)
{
    if (c->pid)
        (void)syscall(SYS_pidfd_send_signal, c->pidfd, SIGKILL, NULL, 0);
}

/* A child that cannot be spoken to is of no use. */
static void spoke(struct child *c, err e)
{
    if (e == E_NONE)
        return;
    log_warn("a role does not listen", L_Z("name", name_of(c)), L_Z("why", err_text(e)));
    kill_child(c);
}

/* ---- starting ---- */

static err join(struct child *c, struct child *other, u32 count)
{
    for (u32 i = 0; i < count; i++) {
        int ends[2];
        TRY(msg_pair(ends));
        struct msg_peer to_c = { str_from(name_of(other)), i },
                        to_other = { str_from(name_of(c)), i };
        err e = msg_post_peer(c->control, &to_c, ends[0]);
        spoke(other, msg_post_peer(other->control, &to_other, ends[1]));
        os_close(ends[0]);
        os_close(ends[1]);
        TRY(e);
    }
    return E_NONE;
}

static err join_all(struct super *s, struct child *c)
{
    for (size_t i = 0; i < s->plan->links_n; i++) {
        const struct super_link *l = &s->plan->links[i];
        if (l->a != c->spec->role && l->b != c->spec->role)
            continue;
        struct child *other = child_of(s, l->a == c->spec->role ? l->b : l->a);
        if (other && other->pid)
            TRY(join(c, other, l->count));
    }
    return E_NONE;
}

static void tell_death(struct child *to, const struct child *of, i64 status)
{
    struct msg_death m = { str_from(name_of(of)), of->deaths, status };
    if (to->pid)
        spoke(to, msg_post_death(to->control, &m, -1));
}

static err hand_over(struct super *s, struct child *c)
{
    const struct super_role *spec = c->spec;
    struct msg_start start = { .data = s->plan->data,
                               .config = s->config,
                               .threads = s->plan->threads,
                               .uid = spec->uid,
                               .create = spec->create,
                               .parent_started = s->began };
    TRY(msg_post_start(c->control, &start, -1));
    for (size_t i = 0; i < spec->listeners_n; i++) {
        const struct role_listener *l = &spec->listeners[i];
        TRY(msg_post_listener(c->control, &(struct msg_listener){ l->kind, l->index, l->address },
                              l->fd));
    }
    TRY(join_all(s, c));
    TRY(msg_post_go(c->control, &(struct msg_go){}, -1));
    for (size_t i = 0; i < s->n; i++)
        if (s->children[i].deaths)
            tell_death(c, &s->children[i], 0);
    return E_NONE;
}

static err start_child(struct super *s, struct child *c)
{
    int ends[2], fds[1 + ROLE_FDS_MAX];
    TRY(msg_pair(ends));
    fds[0] = ends[1];
    memcpy(fds + 1, c->spec->fds, c->spec->fds_n * sizeof *fds);
    struct spawn sp = { c->exe, name_of(c), fds, 1 + c->spec->fds_n };
    struct spawned got;
    err e = spawn_role(&sp, &got);
    os_close(ends[1]);
    if (e != E_NONE) {
        os_close(ends[0]);
        return e;
    }
    c->pid = got.pid;
    c->pidfd = got.pidfd;
    c->control = ends[0];
    c->started = os_mono();
    c->due = NEVER_DUE;
    c->ready = false;
    log_info("role started", L_Z("name", name_of(c)), L_INT("pid", c->pid));
    spoke(c, hand_over(s, c));
    return E_NONE;
}

static void start_due(struct super *s)
{
    usec now = os_mono();
    for (size_t i = 0; i < s->n; i++) {
        struct child *c = &s->children[i];
        if (c->pid || c->due > now || s->stopping)
            continue;
        err e = start_child(s, c);
        if (e == E_NONE)
            continue;
        log_error("a role cannot be started", L_Z("name", name_of(c)), L_Z("why", err_text(e)));
        c->due = now + USEC_S;
    }
}

/* ---- ending ---- */

/* Asks the last role that still runs; the next is asked when it has gone, so that none loses one it
 * leans on. */
static void stop_next(struct super *s)
{
    for (size_t i = s->n; i-- > 0;) {
        struct child *c = &s->children[i];
        if (!c->pid)
            continue;
        if (msg_post_stop(c->control, &(struct msg_stop){}, -1) != E_NONE)
            kill_child(c);
        return;
    }
}

void super_stop(struct super *s)
{
    if (s->stopping) { /* asked twice: now */
        for (size_t i = 0; i < s->n; i++)
            kill_child(&s->children[i]);
        return;
    }
    s->stopping = true;
    s->deadline = os_mono() + SUPER_STOP_S * USEC_S;
    stop_next(s);
}

static void say_death(struct super *s, struct child *c, const siginfo_t *info)
{
    bool killed = info->si_code != CLD_EXITED;
    i64 status = killed ? -info->si_status : info->si_status;
    if (s->stopping && status == 0) {
        log_info("role ended", L_Z("name", name_of(c)));
        return;
    }
    c->deaths++;
    log_error("role died", L_Z("name", name_of(c)), L_INT("pid", info->si_pid),
              L_INT("deaths", c->deaths), L_INT(killed ? "signal" : "exit", info->si_status));
    for (size_t i = 0; i < s->n; i++)
        if (&s->children[i] != c)
            tell_death(&s->children[i], c, status);
}

/* served: it had been ready. What kills it then is a request or a person, not its start, so that
 * people are not made to wait longer and longer. */
static void schedule(struct child *c, bool served)
{
    usec now = os_mono();
    if (now - c->started > LIVED_WELL)
        c->delay = 0;
    c->due = now + (served ? MIN(c->delay, DELAY_SERVED) : c->delay);
    c->delay = c->delay ? MIN(c->delay * 2, DELAY_MOST) : DELAY_FIRST;
}

static void read_control(struct super *s, struct child *c);

static void on_exit_of(struct super *s, struct child *c)
{
    siginfo_t info = { 0 };
    if (waitid(P_PID, (id_t)c->pid, &info, WEXITED | WNOHANG) != 0 || info.si_pid == 0)
        return;
    read_control(s, c); /* its last words */
    os_close(c->pidfd);
    os_close(c->control);
    c->control = c->pidfd = -1;
    c->pid = 0;
    bool served = c->ready;
    c->ready = false;
    say_death(s, c, &info);
    if (info.si_code == CLD_EXITED && info.si_status == ROLE_EXIT_REFUSED && !s->stopping) {
        s->refused = true;
        super_stop(s);
    } else if (s->stopping) {
        stop_next(s);
    } else {
        schedule(c, served);
    }
}

/* ---- hearing ---- */

static void on_role_ready(struct super *s, struct child *c, str payload)
{
    if (c->ready || record_get(payload, msg_record_ready(), &c->state) != E_NONE)
        return;
    c->ready = true;
    log_info("role ready", L_Z("name", name_of(c)), L_INT("ms", (os_mono() - c->started) / USEC_MS),
             L_INT("uid", c->state.uid), L_INT("seccomp", c->state.seccomp),
             L_INT("landlock_abi", c->state.landlock_abi));
    for (size_t i = 0; i < s->n; i++)
        if (!s->children[i].ready)
            return;
    if (!s->announced && s->plan->on_ready) {
        s->announced = true;
        s->plan->on_ready(s, s->plan->arg);
    }
}

static void on_refuse(struct super *s, str payload)
{
    struct msg_refuse m;
    if (record_get(payload, msg_record_refuse(), &m) == E_NONE && !s->why.n)
        s->why = str_copy(s->arena, m.text);
}

static void read_control(struct super *s, struct child *c)
{
    struct msg m;
    for (int n = 0; n < MESSAGES_A_TURN && c->control >= 0; n++) {
        if (msg_recv(c->control, s->room, MSG_PACKET_MAX, &m) != E_NONE)
            return;
        if (m.type == MSG_ready)
            on_role_ready(s, c, m.payload);
        else if (m.type == MSG_refuse)
            on_refuse(s, m.payload);
        else if (s->plan->on_answer && c->pid)
            s->plan->on_answer(s, s->plan->arg, c->spec->role, &m);
        os_close(m.fd);
    }
}

void super_reload(struct super *s, str config)
{
    s->config = config;
    for (size_t i = 0; i < s->n; i++)
        if (s->children[i].pid)
            spoke(&s->children[i],
                  msg_post_reload(s->children[i].control, &(struct msg_reload){ s->config }, -1));
}

static void on_signal(struct super *s)
{
    struct signalfd_siginfo si;
    str config;
    while (read(s->signals, &si, sizeof si) == (ssize_t)sizeof si) {
        log_info("signal", L_INT("number", si.ssi_signo));
        if (si.ssi_signo == SIGTERM || si.ssi_signo == SIGINT)
            super_stop(s);
        else if (si.ssi_signo == SIGUSR1 && s->plan->on_poke)
            s->plan->on_poke(s, s->plan->arg);
        else if (si.ssi_signo == SIGHUP && s->plan->on_reload &&
                 s->plan->on_reload(s, s->plan->arg, &config))
            super_reload(s, config);
    }
}

/* ---- the loop ---- */

static int wait_ms(const struct super *s)
{
    usec now = os_mono(), next = s->stopping ? s->deadline : s->tick;
    for (size_t i = 0; i < s->n && !s->stopping; i++)
        if (!s->children[i].pid)
            next = MIN(next, s->children[i].due);
    return next <= now ? 0 : (int)MIN((next - now + 999) / 1000, (usec)60000);
}

static bool all_gone(const struct super *s)
{
    for (size_t i = 0; i < s->n; i++)
        if (s->children[i].pid)
            return false;
    return true;
}

static void turn(struct super *s)
{
    struct pollfd p[1 + 2 * ROLE_N];
    nfds_t n = 0;
    p[n++] = (struct pollfd){ .fd = s->signals, .events = POLLIN };
    for (size_t i = 0; i < s->n; i++) {
        p[n++] = (struct pollfd){ .fd = s->children[i].pid ? s->children[i].pidfd : -1,
                                  .events = POLLIN };
        p[n++] = (struct pollfd){ .fd = s->children[i].control, .events = POLLIN };
    }
    if (poll(p, n, wait_ms(s)) < 0)
        return;
    if (p[0].revents)
        on_signal(s);
    for (size_t i = 0; i < s->n; i++) {
        struct child *c = &s->children[i];
        if (p[2 + 2 * i].revents & POLLIN)
            read_control(s, c);
        if (c->pid && (p[1 + 2 * i].revents || (p[2 + 2 * i].revents & (POLLHUP | POLLERR))))
            on_exit_of(s, c);
    }
    usec now = os_mono();
    if (s->stopping && now >= s->deadline) {
        log_warn("a role did not end in time");
        super_stop(s);
        s->deadline = now + USEC_S;
    }
    if (now >= s->tick) {
        s->tick = now + SUPER_SIGNAL_TICK_S * USEC_S;
        if (s->plan->on_tick)
            s->plan->on_tick(s, s->plan->arg);
    }
    start_due(s);
}

static err set_up(struct super *s)
{
    sigset_t mask;
    static const int numbers[] = { SIGTERM, SIGINT, SIGHUP, SIGUSR1 };
    (void)sigemptyset(&mask);
    for (size_t i = 0; i < COUNT(numbers); i++)
        (void)sigaddset(&mask, numbers[i]);
    if (sigprocmask(SIG_BLOCK, &mask, NULL) != 0)
        return os_err();
    (void)signal(SIGPIPE, SIG_IGN);
    s->signals = signalfd(-1, &mask, SFD_CLOEXEC | SFD_NONBLOCK);
    if (s->signals < 0)
        return os_err();
    for (; s->n < s->plan->roles_n; s->n++) {
        struct child *c = &s->children[s->n];
        *c = (struct child){ .spec = &s->plan->roles[s->n], .exe = -1, .pidfd = -1, .control = -1 };
        TRY(spawn_image(roles[c->spec->role].executable, &c->exe));
    }
    return E_NONE;
}

static void tear_down(struct super *s)
{
    for (size_t i = 0; i < s->n; i++)
        os_close(s->children[i].exe);
    os_close(s->signals);
}

err super_run(const struct super_plan *plan, struct arena *out, str *reterr_why)
{
    must(plan->roles_n <= ROLE_N);
    usec now = os_mono();
    struct super s = { .plan = plan,
                       .arena = out,
                       .config = plan->config,
                       .signals = -1,
                       .began = now,
                       .tick = now + SUPER_SIGNAL_TICK_S * USEC_S,
                       .room = arena_get_raw(out, MSG_PACKET_MAX, 16) };
    err e = set_up(&s);
    if (e == E_NONE) {
        start_due(&s);
        while (!s.stopping || !all_gone(&s))
            turn(&s);
    }
    tear_down(&s);
    if (s.refused) {
        *reterr_why = s.why;
        e = E_INVALID;
    }
    return e;
}

err super_send(struct super *s, enum role_id to, u32 type, const struct record *r, const void *m)
{
    struct child *c = child_of(s, to);
    if (!c || !c->pid)
        return E_CLOSED;
    return msg_post(c->control, &(struct msg){ type, 1, { 0 }, -1 }, r, m);
}

u32 super_deaths(const struct super *s, enum role_id role)
{
    for (size_t i = 0; i < s->n; i++)
        if (s->children[i].spec->role == role)
            return s->children[i].deaths;
    return 0;
}

void super_state(const struct super *s, enum role_id role, struct msg_ready *ret)
{
    for (size_t i = 0; i < s->n; i++)
        if (s->children[i].spec->role == role)
            *ret = s->children[i].state;
}
