/* SPDX-License-Identifier: Apache-2.0 */
/* Starting a process in a fresh address space with descriptors at fixed numbers. */
#ifndef OUTWORK_PROC_SPAWN_H
#define OUTWORK_PROC_SPAWN_H

#include <sys/types.h>

#include "base/str.h"

struct spawn {
    int exe;          /* an O_PATH descriptor of the image */
    const char *name; /* the role: it gets the arguments -R name */
    const int *fds;   /* become 3, 4, … in the child; the caller keeps its own */
    size_t fds_n;
};
struct spawned {
    pid_t pid;
    int pidfd;
};

/* The child has these descriptors, standard output and error, standard input from /dev/null, no
 * blocked signals, a short environment, and dies with this process. */
MUST_USE err spawn_role(const struct spawn *s, struct spawned *ret);
/* Opens our own image, or the named file beside it. The file that runs now, whatever stands at its
 * path later. */
MUST_USE err spawn_image(const char *beside, int *ret_fd);

#endif
