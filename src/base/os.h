/* SPDX-License-Identifier: Apache-2.0 */
/* The system calls that can fail or that tests replace, behind one table, so that a test moves the
 * clock, fills the disk or cuts a socket without touching the machine. errno is read here and named
 * nowhere else. */
#ifndef OUTWORK_BASE_OS_H
#define OUTWORK_BASE_OS_H

#include <sys/types.h>

#include "base/str.h"
#include "base/time.h"

struct os_calls {
    usec (*now)(void);  /* CLOCK_REALTIME */
    usec (*mono)(void); /* CLOCK_MONOTONIC */
    ssize_t (*recv)(int fd, void *p, size_t n, int flags);
    ssize_t (*send)(int fd, const void *p, size_t n, int flags);
    ssize_t (*pread)(int fd, void *p, size_t n, off_t at);
    ssize_t (*pwrite)(int fd, const void *p, size_t n, off_t at);
    int (*fsync)(int fd);
    int (*rename)(const char *from, const char *to);
};
extern struct os_calls
    os; /* the kernel's calls, each with its fault seam; tests may swap members */

static inline usec os_now(void)
{
    return os.now();
}
static inline usec os_mono(void)
{
    return os.mono();
}

/* errno of the call that just failed, as a code: EAGAIN, EINTR -> E_AGAIN; ENOSPC, EDQUOT ->
 * E_FULL; ENOENT -> E_NOT_FOUND; EEXIST -> E_CONFLICT; EPIPE, ECONNRESET -> E_CLOSED; EACCES, EPERM
 * -> E_DENIED; the rest -> E_IO. */
err os_err(void);
const char *os_err_text(void); /* for the log and the command line */

MUST_USE err os_read_file(struct arena *out, const char *path, size_t max,
                          str *ret); /* E_LIMIT when larger */
/* Writes to a new file beside it, fsyncs it, renames it over, fsyncs the folder: all of it or the
 * old one. */
MUST_USE err os_write_file(const char *path, str bytes, unsigned mode);
MUST_USE err os_mkdir(const char *path,
                      unsigned mode); /* with its parents; an existing folder is fine */
MUST_USE err os_write_all(int fd, const void *p, size_t n, off_t at);
MUST_USE err os_read_all(int fd, void *p, size_t n,
                         off_t at); /* E_CORRUPT when the file ends early */
MUST_USE err os_fsync_dir(const char *path);
bool os_exists(const char *path);
void os_close(int fd);                   /* -1 is fine; EINTR is not retried */
void os_close_undo(void *fd_as_pointer); /* arena_undo(a, os_close_undo, (void *)(intptr_t)fd) */
int os_cores(void);

#endif
