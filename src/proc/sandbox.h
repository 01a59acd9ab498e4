/* SPDX-License-Identifier: Apache-2.0 */
/* What a role gives up before it reads a stranger's byte, as a row: the user, all capabilities, new
 * privileges, core dumps and tracing, the file system but some folders (Landlock), and all system
 * calls but a list (seccomp). Each layer stands alone: where the kernel has no Landlock, the user
 * and seccomp remain, and `outwork doctor` says so. Forbidden calls give EPERM; those that no
 * honest role ever makes (exec, ptrace, mount, bpf …) end the process. */
#ifndef OUTWORK_PROC_SANDBOX_H
#define OUTWORK_PROC_SANDBOX_H

#include "base/str.h"

struct sandbox_path {
    const char *path; /* "@/x" stands in the data folder; one that does not exist is skipped */
    bool write;       /* else read only */
};

enum sandbox_calls {
    SANDBOX_CORE = 0,  /* memory, time, read and write on descriptors held */
    SANDBOX_FILES = 1, /* opening and changing files, where Landlock and the user permit */
    SANDBOX_SERVER =
        2, /* threads, epoll, accepting on sockets held; no new sockets but local pairs */
    SANDBOX_CONNECT = 4, /* connecting out: to the database, when it is a server */
};

struct sandbox_spec {
    const struct sandbox_path *paths;
    size_t paths_n;
    unsigned calls;     /* enum sandbox_calls, or-ed */
    unsigned max_files; /* RLIMIT_NOFILE; 0: as it is */
    u64 max_memory;     /* RLIMIT_AS; 0: as it is */
};

struct sandbox_state {
    unsigned uid;     /* what it runs as now */
    int landlock_abi; /* 0: the kernel offers none */
    bool seccomp;
};

/* Enters, for good, on the calling thread: call it before any other thread exists. uid: 0 stays the
 * user it is (a root that stays loses its capabilities). data: the absolute data folder. On an
 * error the process must end: it may be half inside. In builds with sanitizers only the user, the
 * limits and the dump flag change, and the state says so. */
MUST_USE err sandbox_enter(const struct sandbox_spec *spec, const char *data, unsigned uid,
                           struct sandbox_state *ret);

/* The parts, for tests and the doctor. */
int sandbox_landlock_abi(
    void); /* what the kernel offers, at most $OUTWORK_LANDLOCK_ABI; 0: nothing */
bool sandbox_seccomp_offered(void);
bool sandbox_sanitized(void); /* built with sanitizers, which need what the sandbox forbids */
MUST_USE err sandbox_landlock(const struct sandbox_spec *spec, const char *data, int *ret_abi);
MUST_USE err sandbox_seccomp(unsigned calls);
/* Ends with the parent even if that is killed: the signal is set, and E_CLOSED says it is too late
 * already. Changing the user clears it, so sandbox_enter sets it again. */
MUST_USE err sandbox_die_with(int parent_pid);

#endif
