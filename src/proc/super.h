/* SPDX-License-Identifier: Apache-2.0 */
/* The parent's work: starts the roles, joins them, notices a death at once and starts again
 * (immediately the first time, then after 100 ms doubling to 10 s while it keeps dying, to 0.4 s if
 * it dies while serving), hands
 * every new one its listeners and sockets, and ends them all. One thread, one poll; it parses no
 * stranger's byte. */
#ifndef OUTWORK_PROC_SUPER_H
#define OUTWORK_PROC_SUPER_H

#include "proc/role.h"

enum { SUPER_STOP_S = 10, SUPER_SIGNAL_TICK_S = 3600 };

struct super;

struct super_role {
    enum role_id role;
    unsigned uid; /* to become when we are root; 0: stay */
    bool create;
    int fds[ROLE_FDS_MAX]; /* 4, 5, … in the role */
    size_t fds_n;
    const struct role_listener *listeners;
    size_t listeners_n;
};
struct super_link {
    enum role_id a, b;
    u32 count;
}; /* count sockets between them, numbered from 0 */

struct super_plan {
    str data, config; /* the data folder; the config's text */
    u32 threads;
    const struct super_role *roles; /* in order of starting; stopped in reverse */
    size_t roles_n;
    const struct super_link *links;
    size_t links_n;
    void *arg;
    /* All may be NULL. */
    void (*on_ready)(struct super *s, void *arg); /* every role serves, the first time */
    bool (*on_reload)(struct super *s, void *arg,
                      str *ret_config);          /* SIGHUP; false: keep the old one */
    void (*on_tick)(struct super *s, void *arg); /* every hour */
    void (*on_poke)(struct super *s, void *arg); /* SIGUSR1 */
    /* What a role says beyond CONTROL_MAP. It may have been taken over: look at who says it. */
    void (*on_answer)(struct super *s, void *arg, enum role_id from, const struct msg *m);
};

/* Runs until SIGTERM or SIGINT (E_NONE), super_stop, or a role refuses to start (E_INVALID, with
 * its sentence in *reterr_why, in `out`). Blocks those signals while it runs. */
MUST_USE err super_run(const struct super_plan *plan, struct arena *out, str *reterr_why);
/* From the callbacks. Config texts are kept, not copied: they live until the next reload. */
void super_stop(struct super *s);
MUST_USE err super_send(struct super *s, enum role_id to, u32 type, const struct record *r,
                        const void *m);
void super_reload(struct super *s, str config); /* as if SIGHUP had given this */
u32 super_deaths(const struct super *s, enum role_id role);
void super_state(const struct super *s, enum role_id role,
                 struct msg_ready *ret); /* as it said when ready */

#endif
