/* SPDX-License-Identifier: Apache-2.0 */
/* The table of system calls and the few file operations made of them. */
#include "base/os.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/fault.h"

static usec clock_usec(clockid_t id)
{
    struct timespec t;
    must(clock_gettime(id, &t) == 0);
    return (usec)t.tv_sec * USEC_S + t.tv_nsec / 1000;
}

static usec sys_now(void)
{
    return clock_usec(CLOCK_REALTIME);
}
static usec sys_mono(void)
{
    return clock_usec(CLOCK_MONOTONIC);
}

static ssize_t failed(int code)
{
    errno = code;
    return -1;
}

static ssize_t sys_recv(int fd, void *p, size_t n, int flags)
{
    return fault_hit(FAULT_SOCKET) ? failed(ECONNRESET) : recv(fd, p, n, flags);
}

static ssize_t sys_send(int fd, const void *p, size_t n, int flags)
{
    return fault_hit(FAULT_SOCKET) ? failed(EPIPE) : send(fd, p, n, flags);
}

static ssize_t sys_pread(int fd, void *p, size_t n, off_t at)
{
    return fault_hit(FAULT_DISK) ? failed(EIO) : pread(fd, p, n, at);
}

static ssize_t sys_pwrite(int fd, const void *p, size_t n, off_t at)
{
    return fault_hit(FAULT_DISK) ? failed(ENOSPC) : pwrite(fd, p, n, at);
}

static int sys_fsync(int fd)
{
    return fault_hit(FAULT_DISK) ? (int)failed(EIO) : fdatasync(fd);
}

static int sys_rename(const char *from, const char *to)
{
    return fault_hit(FAULT_DISK) ? (int)failed(EIO) : rename(from, to);
}

struct os_calls os = { sys_now,   sys_mono,   sys_recv,  sys_send,
                       sys_pread, sys_pwrite, sys_fsync, sys_rename };

err os_err(void)
{
    switch (errno) {
    case EAGAIN:
    case EINTR: return E_AGAIN;
    case ENOSPC:
    case EDQUOT: return E_FULL;
    case ENOENT: return E_NOT_FOUND;
    case EEXIST: return E_CONFLICT;
    case EPIPE:
    case ECONNRESET:
    case ENOTCONN: return E_CLOSED;
    case EACCES:
    case EPERM:
    case EROFS: return E_DENIED;
    default: return E_IO;
    }
}

const char *os_err_text(void)
{
    return strerror(errno);
}

void os_close(int fd)
{
    if (fd >= 0)
        (void)close(fd);
}

void os_close_undo(void *fd_as_pointer)
{
    os_close((int)(intptr_t)fd_as_pointer);
}

err os_write_all(int fd, const void *p, size_t n, off_t at)
{
    const u8 *from = p;
    while (n) {
        ssize_t put = os.pwrite(fd, from, n, at);
        if (put < 0 && os_err() == E_AGAIN)
            continue;
        if (put <= 0)
            return put < 0 ? os_err() : E_IO;
        from += put;
        at += put;
        n -= (size_t)put;
    }
    return E_NONE;
}

err os_read_all(int fd, void *p, size_t n, off_t at)
{
    u8 *to = p;
    while (n) {
        ssize_t got = os.pread(fd, to, n, at);
        if (got < 0 && os_err() == E_AGAIN)
            continue;
        if (got < 0)
            return os_err();
        if (got == 0)
            return E_CORRUPT;
        to += got;
        at += got;
        n -= (size_t)got;
    }
    return E_NONE;
}

static err read_fd(struct arena *out, int fd, size_t max, str *ret)
{
    struct stat st;
    if (fstat(fd, &st) != 0)
        return os_err();
    if (!S_ISREG(st.st_mode))
        return E_INVALID;
    if ((size_t)st.st_size > max)
        return E_LIMIT;
    char *p = arena_get_raw(out, (size_t)st.st_size + 1, 1);
    TRY(os_read_all(fd, p, (size_t)st.st_size, 0));
    p[st.st_size] = 0;
    *ret = (str){ p, (size_t)st.st_size };
    return E_NONE;
}

err os_read_file(struct arena *out, const char *path, size_t max, str *ret)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return os_err();
    err e = read_fd(out, fd, max, ret);
    os_close(fd);
    return e;
}

err os_fsync_dir(const char *path)
{
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return os_err();
    err e = os.fsync(fd) == 0 ? E_NONE : os_err();
    os_close(fd);
    return e;
}

static err write_new(const char *path, str bytes, unsigned mode)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode);
    if (fd < 0)
        return os_err();
    err e = os_write_all(fd, bytes.p, bytes.n, 0);
    if (e == E_NONE && os.fsync(fd) != 0)
        e = os_err();
    os_close(fd);
    return e;
}

err os_write_file(const char *path, str bytes, unsigned mode)
{
    SCRATCH(s);
    str fresh = str_fmt(s.a, "%s.new", path);
    err e = write_new(fresh.p, bytes, mode);
    if (e == E_NONE && os.rename(fresh.p, path) != 0)
        e = os_err();
    if (e != E_NONE) {
        (void)unlink(fresh.p);
        return e;
    }
    const char *slash = strrchr(path, '/');
    str dir = slash ? (str){ path, (size_t)MAX(slash - path, 1) } : S(".");
    return os_fsync_dir(str_z(s.a, dir));
}

err os_mkdir(const char *path, unsigned mode)
{
    SCRATCH(s);
    char *z = str_z(s.a, str_from(path));
    for (char *at = z + 1;; at++) {
        if (*at && *at != '/')
            continue;
        char was = *at;
        *at = 0;
        if (mkdir(z, mode) != 0 && os_err() != E_CONFLICT && access(z, F_OK) != 0)
            return os_err();
        if (!was)
            return E_NONE;
        *at = was;
    }
}

bool os_exists(const char *path)
{
    return access(path, F_OK) == 0;
}

int os_cores(void)
{
    cpu_set_t set;
    return sched_getaffinity(0, sizeof set, &set) == 0 ? CPU_COUNT(&set) : 1;
}
