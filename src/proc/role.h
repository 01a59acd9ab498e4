/* SPDX-License-Identifier: Apache-2.0 */
/* The roles: processes of their own, each a row of one table, each an executable image of its own
 * after exec, each in its sandbox before it hears a stranger. Below the table, what a role calls on
 * its own side of the control socket. */
#ifndef OUTWORK_PROC_ROLE_H
#define OUTWORK_PROC_ROLE_H

#include "base/time.h"
#include "proc/config.h"
#include "proc/messages.h"
#include "proc/sandbox.h"

enum { ROLE_UID_FIRST = 61184, ROLE_CONTROL_FD = 3, ROLE_FIRST_FD = 4, ROLE_FDS_MAX = 4 };
enum { ROLE_EXIT_REFUSED = 78 }; /* exit code: starting again would not help */

struct role {
    const char *name;
    const char *executable; /* beside ours; NULL: ourselves */
    unsigned uid_offset;    /* runs as ROLE_UID_FIRST + this when started by root */
    struct sandbox_spec sandbox;
};

enum role_id { ROLE_API, ROLE_VAULT, ROLE_N };
extern const struct role roles[ROLE_N];
const struct role *role_by_name(str name); /* NULL when unknown */
unsigned role_uid(const struct role *r);

/* ---- a role's own side ---- */

struct role_listener {
    int fd;
    u32 kind /* enum listen_kind */, index /* of the loop */;
    str address;
};
struct role_peer {
    int fd;
    u32 index;
    str role;
};

/* What a role is given. Descriptors are the role's own; texts live in the boot arena. */
struct role_start {
    const struct role *role;
    struct arena *arena;
    int control;
    str data; /* the data folder, absolute */
    struct config config;
    u32 threads;
    bool create;         /* init: make what is missing */
    usec parent_started; /* os_mono() in the parent, for time to first reply */
    struct role_listener *listeners;
    size_t listeners_n;
    struct role_peer *peers;
    size_t peers_n;
    struct sandbox_state sandbox; /* after role_begin */
};

/* Reads the hand-over (listeners, peers, settings) and enters the sandbox. To be called first in a
 * role's main, before any thread. An error means that the parent is gone or the sandbox cannot be
 * entered: exit. */
MUST_USE err role_begin(const char *name, struct arena *boot, struct role_start *ret);
/* Tells the parent that requests are served. */
MUST_USE err role_ready(const struct role_start *r);
/* Tells the parent why starting again would not help, then exits with ROLE_EXIT_REFUSED. */
NORETURN void role_refuse(const struct role_start *r, str why);

enum role_event_kind { ROLE_EVENT_STOP, ROLE_EVENT_RELOAD, ROLE_EVENT_PEER, ROLE_EVENT_DEATH };
struct role_event {
    enum role_event_kind kind;
    struct config config;  /* RELOAD */
    struct role_peer peer; /* PEER: the receiver's descriptor from now on */
    str role;
    u32 deaths;
    i64 status; /* DEATH: another role's, counted since the parent started */
};
/* The next event on the control socket (call it when that is readable, until E_AGAIN). Texts live
 * in `out`. E_CLOSED: the parent has gone, the role must end. Messages of no meaning here are
 * skipped. */
MUST_USE err role_event(const struct role_start *r, struct arena *out, struct role_event *ret);

#endif
