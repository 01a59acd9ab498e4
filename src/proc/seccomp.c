/* SPDX-License-Identifier: Apache-2.0 */
/* The lists of permitted system calls. What is not listed gives EPERM, so that a library's probing
 * ends in its fallback; what only an intruder calls ends the process. Arguments are looked at where
 * one call serves both the honest and the intruder: clone makes threads only, mappings are never
 * executable, signals go to this process alone, sockets are local pairs, fcntl cannot direct
 * signals at others, ioctl cannot push bytes into a terminal. */
#include <fcntl.h>
#include <linux/sched.h>
#include <seccomp.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/os.h"
#include "proc/sandbox.h"

static const int core_calls[] = {
    SCMP_SYS(read),
    SCMP_SYS(write),
    SCMP_SYS(readv),
    SCMP_SYS(writev),
    SCMP_SYS(pread64),
    SCMP_SYS(pwrite64),
    SCMP_SYS(close),
    SCMP_SYS(fstat),
    SCMP_SYS(lseek),
    SCMP_SYS(munmap),
    SCMP_SYS(mremap),
    SCMP_SYS(madvise),
    SCMP_SYS(brk),
    SCMP_SYS(mlock),
    SCMP_SYS(munlock),
    SCMP_SYS(rt_sigaction),
    SCMP_SYS(rt_sigprocmask),
    SCMP_SYS(rt_sigreturn),
    SCMP_SYS(sigaltstack),
    SCMP_SYS(nanosleep),
    SCMP_SYS(clock_nanosleep),
    SCMP_SYS(clock_gettime),
    SCMP_SYS(clock_getres),
    SCMP_SYS(gettimeofday),
    SCMP_SYS(time),
    SCMP_SYS(getpid),
    SCMP_SYS(gettid),
    SCMP_SYS(getppid),
    SCMP_SYS(getuid),
    SCMP_SYS(geteuid),
    SCMP_SYS(getgid),
    SCMP_SYS(getegid),
    SCMP_SYS(futex),
    SCMP_SYS(set_robust_list),
    SCMP_SYS(get_robust_list),
    SCMP_SYS(rseq),
    SCMP_SYS(getrandom),
    SCMP_SYS(exit),
    SCMP_SYS(exit_group),
    SCMP_SYS(restart_syscall),
    SCMP_SYS(poll),
    SCMP_SYS(ppoll),
    SCMP_SYS(recvmsg),
    SCMP_SYS(sendmsg),
    SCMP_SYS(recvfrom),
    SCMP_SYS(sendto),
    SCMP_SYS(sched_yield),
    SCMP_SYS(fsync),
    SCMP_SYS(fdatasync),
    SCMP_SYS(dup),
    SCMP_SYS(getrusage),
    SCMP_SYS(uname),
    SCMP_SYS(sysinfo),
    SCMP_SYS(membarrier),
    SCMP_SYS(shutdown),
    SCMP_SYS(select),
    SCMP_SYS(pselect6),
    SCMP_SYS(rt_sigtimedwait),
    SCMP_SYS(rt_sigsuspend),
};

static const int file_calls[] = {
    SCMP_SYS(stat),       SCMP_SYS(lstat),     SCMP_SYS(newfstatat),      SCMP_SYS(statx),
    SCMP_SYS(access),     SCMP_SYS(faccessat), SCMP_SYS(faccessat2),      SCMP_SYS(unlink),
    SCMP_SYS(unlinkat),   SCMP_SYS(rename),    SCMP_SYS(renameat),        SCMP_SYS(renameat2),
    SCMP_SYS(mkdir),      SCMP_SYS(mkdirat),   SCMP_SYS(rmdir),           SCMP_SYS(getdents64),
    SCMP_SYS(ftruncate),  SCMP_SYS(fallocate), SCMP_SYS(flock),           SCMP_SYS(readlink),
    SCMP_SYS(readlinkat), SCMP_SYS(getcwd),    SCMP_SYS(copy_file_range), SCMP_SYS(statfs),
    SCMP_SYS(fstatfs),    SCMP_SYS(umask),     SCMP_SYS(fadvise64),       SCMP_SYS(sync_file_range),
    SCMP_SYS(preadv),     SCMP_SYS(pwritev),   SCMP_SYS(preadv2),         SCMP_SYS(pwritev2),
    SCMP_SYS(syncfs),
};

static const int server_calls[] = {
    SCMP_SYS(epoll_create1),
    SCMP_SYS(epoll_ctl),
    SCMP_SYS(epoll_wait),
    SCMP_SYS(epoll_pwait),
    SCMP_SYS(epoll_pwait2),
    SCMP_SYS(eventfd2),
    SCMP_SYS(timerfd_create),
    SCMP_SYS(timerfd_settime),
    SCMP_SYS(timerfd_gettime),
    SCMP_SYS(signalfd4),
    SCMP_SYS(accept),
    SCMP_SYS(accept4),
    SCMP_SYS(getsockopt),
    SCMP_SYS(setsockopt),
    SCMP_SYS(getsockname),
    SCMP_SYS(getpeername),
    SCMP_SYS(pipe2),
    SCMP_SYS(dup3),
    SCMP_SYS(dup2),
    SCMP_SYS(pipe),
    SCMP_SYS(sendfile),
    SCMP_SYS(splice),
    SCMP_SYS(tee),
    SCMP_SYS(sched_getaffinity),
    SCMP_SYS(sched_setaffinity),
    SCMP_SYS(getcpu),
    SCMP_SYS(recvmmsg),
    SCMP_SYS(sendmmsg),
    SCMP_SYS(set_tid_address),
    SCMP_SYS(sched_getparam),
    SCMP_SYS(sched_getscheduler),
};

/* No honest role makes these: an attempt is an intruder, and the parent's log should say so. */
static const int deadly_calls[] = {
    SCMP_SYS(execve),
    SCMP_SYS(execveat),
    SCMP_SYS(ptrace),
    SCMP_SYS(process_vm_readv),
    SCMP_SYS(process_vm_writev),
    SCMP_SYS(mount),
    SCMP_SYS(umount2),
    SCMP_SYS(pivot_root),
    SCMP_SYS(chroot),
    SCMP_SYS(unshare),
    SCMP_SYS(setns),
    SCMP_SYS(bpf),
    SCMP_SYS(init_module),
    SCMP_SYS(finit_module),
    SCMP_SYS(delete_module),
    SCMP_SYS(kexec_load),
    SCMP_SYS(kexec_file_load),
    SCMP_SYS(keyctl),
    SCMP_SYS(add_key),
    SCMP_SYS(request_key),
    SCMP_SYS(userfaultfd),
    SCMP_SYS(perf_event_open),
    SCMP_SYS(io_uring_setup),
    SCMP_SYS(io_uring_enter),
    SCMP_SYS(io_uring_register),
    SCMP_SYS(reboot),
    SCMP_SYS(swapon),
    SCMP_SYS(open_by_handle_at),
    SCMP_SYS(iopl),
    SCMP_SYS(ioperm),
    SCMP_SYS(modify_ldt),
    SCMP_SYS(process_madvise),
    SCMP_SYS(pidfd_getfd),
    SCMP_SYS(acct),
    SCMP_SYS(settimeofday),
    SCMP_SYS(clock_settime),
};

static const unsigned fcntl_commands[] = {
    F_GETFD, F_SETFD, F_GETFL,  F_SETFL,     F_DUPFD,     F_DUPFD_CLOEXEC,
    F_GETLK, F_SETLK, F_SETLKW, F_OFD_GETLK, F_OFD_SETLK, F_OFD_SETLKW,
};

static const unsigned long ioctl_requests[] = { TCGETS, FIONBIO, FIOCLEX, FIONREAD };

struct filter {
    scmp_filter_ctx c;
    bool bad;
};

static void rule(struct filter *f, uint32_t action, int call)
{
    f->bad |= seccomp_rule_add(f->c, action, call, 0) != 0;
}

static void rule_arg(struct filter *f, uint32_t action, int call, struct scmp_arg_cmp arg)
{
    f->bad |= seccomp_rule_add(f->c, action, call, 1, arg) != 0;
}

static void allow_all(struct filter *f, const int *calls, size_t n)
{
    for (size_t i = 0; i < n; i++)
        rule(f, SCMP_ACT_ALLOW, calls[i]);
}

static struct scmp_arg_cmp equals(unsigned arg, scmp_datum_t v)
{
    return (struct scmp_arg_cmp){ .arg = arg, .op = SCMP_CMP_EQ, .datum_a = v, .datum_b = 0 };
}

static struct scmp_arg_cmp masked(unsigned arg, scmp_datum_t mask, scmp_datum_t v)
{
    return (
        struct scmp_arg_cmp){ .arg = arg, .op = SCMP_CMP_MASKED_EQ, .datum_a = mask, .datum_b = v };
}

static void core_with_arguments(struct filter *f)
{
    rule_arg(f, SCMP_ACT_ALLOW, SCMP_SYS(mmap), masked(2, PROT_EXEC, 0));
    rule_arg(f, SCMP_ACT_ALLOW, SCMP_SYS(mprotect), masked(2, PROT_EXEC, 0));
    rule_arg(f, SCMP_ACT_ALLOW, SCMP_SYS(tgkill), equals(0, (scmp_datum_t)getpid()));
    rule_arg(f, SCMP_ACT_ALLOW, SCMP_SYS(prctl), equals(0, PR_SET_NAME));
    f->bad |= seccomp_rule_add(f->c, SCMP_ACT_ALLOW, SCMP_SYS(prlimit64), 2, equals(0, 0),
                               equals(2, 0)) != 0;
    for (size_t i = 0; i < COUNT(fcntl_commands); i++)
        rule_arg(f, SCMP_ACT_ALLOW, SCMP_SYS(fcntl), equals(1, fcntl_commands[i]));
    for (size_t i = 0; i < COUNT(ioctl_requests); i++)
        rule_arg(f, SCMP_ACT_ALLOW, SCMP_SYS(ioctl), equals(1, ioctl_requests[i]));
}

/* Truncating while opening for reading is a write that Landlock sees from ABI 3 on only: refused
 * here. */
static void allow_open(struct filter *f, int call, unsigned flags_arg)
{
    rule_arg(f, SCMP_ACT_ALLOW, call, masked(flags_arg, O_TRUNC, 0));
    rule_arg(f, SCMP_ACT_ALLOW, call, masked(flags_arg, O_ACCMODE, O_WRONLY));
    rule_arg(f, SCMP_ACT_ALLOW, call, masked(flags_arg, O_ACCMODE, O_RDWR));
}

static void server_with_arguments(struct filter *f)
{
    const scmp_datum_t thread = CLONE_VM | CLONE_THREAD | CLONE_SIGHAND;
    rule_arg(f, SCMP_ACT_ALLOW, SCMP_SYS(clone), masked(0, thread, thread));
    /* its flags lie in memory, out of a filter's sight: libc falls back to clone */
    rule(f, SCMP_ACT_ERRNO(38 /* ENOSYS */), SCMP_SYS(clone3));
    rule_arg(f, SCMP_ACT_ALLOW, SCMP_SYS(socketpair), equals(0, AF_UNIX));
}

/* Stream sockets, Unix or IP; no datagrams, so no name is looked up and nothing leaks by DNS. The
 * address lies in memory, out of a filter's sight: whom it reaches is the network's to say. */
static void connect_with_arguments(struct filter *f)
{
    static const scmp_datum_t families[] = { AF_UNIX, AF_INET, AF_INET6 };
    const scmp_datum_t kind = ~(scmp_datum_t)(SOCK_NONBLOCK | SOCK_CLOEXEC) & 0xffffffff;
    for (size_t i = 0; i < COUNT(families); i++)
        f->bad |= seccomp_rule_add(f->c, SCMP_ACT_ALLOW, SCMP_SYS(socket), 2,
                                   equals(0, families[i]), masked(1, kind, SOCK_STREAM)) != 0;
    rule(f, SCMP_ACT_ALLOW, SCMP_SYS(connect));
    rule(f, SCMP_ACT_ALLOW, SCMP_SYS(rt_sigpending));
}

err sandbox_seccomp(unsigned calls)
{
    struct filter f = { .c = seccomp_init(SCMP_ACT_ERRNO(1 /* EPERM */)) };
    if (!f.c)
        return E_IO;
    allow_all(&f, core_calls, COUNT(core_calls));
    core_with_arguments(&f);
    if (calls & SANDBOX_FILES) {
        allow_all(&f, file_calls, COUNT(file_calls));
        allow_open(&f, SCMP_SYS(open), 1);
        allow_open(&f, SCMP_SYS(openat), 2);
    }
    if (calls & SANDBOX_SERVER) {
        allow_all(&f, server_calls, COUNT(server_calls));
        server_with_arguments(&f);
    }
    if (calls & SANDBOX_CONNECT)
        connect_with_arguments(&f);
    for (size_t i = 0; i < COUNT(deadly_calls); i++)
        rule(&f, SCMP_ACT_KILL_PROCESS, deadly_calls[i]);
    f.bad |= seccomp_attr_set(f.c, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS) != 0;
    f.bad |=
        seccomp_attr_set(f.c, SCMP_FLTATR_CTL_OPTIMIZE, 2) != 0; /* a binary tree, not a list */
    if (!f.bad)
        f.bad = seccomp_load(f.c) != 0;
    seccomp_release(f.c);
    return f.bad ? E_IO : E_NONE;
}

bool sandbox_seccomp_offered(void)
{
    return prctl(PR_GET_SECCOMP, 0, 0, 0, 0) >= 0;
}
