/* SPDX-License-Identifier: Apache-2.0 */
/* fork and exec. Between them only calls that are safe in a copy of the parent; the image is
 * executed by descriptor, so that a role that restarts after an upgrade on disk is still of the
 * parent's build and speaks its messages. */
#include "proc/spawn.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/os.h"
#include "proc/role.h"

enum { HIGH_FD = 200, ENV_MAX = 16, EXIT_NO_EXEC = 127 };

static const char *const passed_on[] = {
    "PATH",         "LANG",          "LC_ALL",       "LC_MESSAGES",  "TZ", "OUTWORK_LANDLOCK_ABI",
    "ASAN_OPTIONS", "UBSAN_OPTIONS", "LSAN_OPTIONS", "TSAN_OPTIONS",
};

err spawn_image(const char *beside, int *ret_fd)
{
    char path[4096 + 64] = "/proc/self/exe";
    if (beside) {
        ssize_t n = readlink("/proc/self/exe", path, 4096);
        if (n <= 0)
            return os_err();
        while (n > 0 && path[n - 1] != '/')
            n--;
        if (snprintf(path + n, sizeof path - (size_t)n, "%s", beside) >=
            (int)(sizeof path - (size_t)n))
            return E_LIMIT;
    }
    int fd = open(path, O_PATH | O_CLOEXEC);
    if (fd < 0)
        return os_err();
    *ret_fd = fd;
    return E_NONE;
}

/* Moves fds to 3, 4, …: first all out of the way, then each to its place. */
static bool place_fds(const struct spawn *s, int *exe)
{
    int high[1 + ROLE_FDS_MAX];
    for (size_t i = 0; i < s->fds_n; i++)
        if ((high[i] = fcntl(s->fds[i], F_DUPFD_CLOEXEC, HIGH_FD)) < 0)
            return false;
    if ((*exe = fcntl(*exe, F_DUPFD_CLOEXEC, HIGH_FD)) < 0)
        return false;
    for (size_t i = 0; i < s->fds_n; i++)
        if (dup2(high[i], ROLE_CONTROL_FD + (int)i) < 0)
            return false;
    int null = open("/dev/null", O_RDONLY | O_CLOEXEC);
    if (null < 0 || dup2(null, STDIN_FILENO) < 0)
        return false;
    return close_range((unsigned)(ROLE_CONTROL_FD + (int)s->fds_n), ~0U, CLOSE_RANGE_CLOEXEC) == 0;
}

NORETURN static void child(const struct spawn *s, int parent, char *const env[])
{
    int exe = s->exe;
    sigset_t none;
    (void)sigemptyset(&none);
    char *const argv[] = { (char *)(uintptr_t) "outwork", (char *)(uintptr_t) "-R",
                           (char *)(uintptr_t)s->name, NULL };
    if (place_fds(s, &exe) && sandbox_die_with(parent) == E_NONE &&
        sigprocmask(SIG_SETMASK, &none, NULL) == 0)
        (void)syscall(SYS_execveat, exe, "", argv, env, AT_EMPTY_PATH);
    _exit(EXIT_NO_EXEC);
}

static void make_env(struct arena *a, char *env[ENV_MAX + 1])
{
    size_t n = 0;
    for (size_t i = 0; i < COUNT(passed_on); i++) {
        const char *v = getenv(passed_on[i]);
        if (v)
            env[n++] = str_z(a, str_fmt(a, "%s=%s", passed_on[i], v));
    }
    env[n] = NULL;
}

err spawn_role(const struct spawn *s, struct spawned *ret)
{
    SCRATCH(scratch);
    char *env[ENV_MAX + 1];
    must(s->fds_n <= 1 + ROLE_FDS_MAX);
    make_env(scratch.a, env);
    int parent = getpid();
    pid_t pid = fork();
    if (pid < 0)
        return os_err();
    if (pid == 0)
        child(s, parent, env);
    int pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
    must(pidfd >= 0); /* ours, not yet waited for */
    (void)fcntl(pidfd, F_SETFD, FD_CLOEXEC);
    *ret = (struct spawned){ pid, pidfd };
    return E_NONE;
}
