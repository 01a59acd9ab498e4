/* SPDX-License-Identifier: Apache-2.0 */
/* Trying to get out. Each attempt runs in a child inside a role's sandbox, once with all that the
 * kernel's Landlock offers, once with it cut down to ABI 2 and once without it; started by root the
 * child has the role's user as in earnest. */
#include "proc/sandbox.h"

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <netinet/in.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/os.h"
#include "proc/role.h"
#include "test/test.h"

enum verdict { REFUSED = 0, DONE = 1, KILLED = 2 };

static char dir[64]; /* the test's folder as the data folder */

static enum verdict of(bool done)
{
    return done ? DONE : REFUSED;
}
static enum verdict try_open(const char *path, int flags)
{
    return of(open(path, flags, 0600) >= 0);
}

static const char *in_dir(const char *name)
{
    static char path[128];
    (void)snprintf(path, sizeof path, "%s/%s", dir, name);
    return path;
}

static enum verdict write_passwd(void)
{
    return try_open("/etc/passwd", O_WRONLY | O_APPEND);
}
static enum verdict read_passwd(void)
{
    return try_open("/etc/passwd", O_RDONLY);
}
static enum verdict read_vault(void)
{
    return try_open(in_dir("vault/secret"), O_RDONLY);
}
static enum verdict write_tls(void)
{
    return try_open(in_dir("tls/cert.pem"), O_WRONLY);
}
static enum verdict read_tls(void)
{
    return try_open(in_dir("tls/cert.pem"), O_RDONLY);
}
static enum verdict cut_tls(void)
{
    return try_open(in_dir("tls/cert.pem"), O_RDONLY | O_TRUNC);
}
static enum verdict make_store(void)
{
    return try_open(in_dir("store/new"), O_RDWR | O_CREAT | O_TRUNC);
}
static enum verdict make_outside(void)
{
    return try_open(in_dir("stray"), O_RDWR | O_CREAT);
}
static enum verdict make_device(void)
{
    return of(mknod(in_dir("store/dev"), S_IFIFO | 0600, 0) == 0);
}
static enum verdict link_out(void)
{
    return of(symlink("/etc/passwd", in_dir("store/link")) == 0);
}
static enum verdict truncate_path(void)
{
    return of(truncate(in_dir("tls/cert.pem"), 0) == 0);
}
static enum verdict change_mode(void)
{
    return of(chmod(in_dir("store"), 0777) == 0);
}

static enum verdict run_shell(void)
{
    (void)execl("/bin/true", "true", NULL);
    return REFUSED;
}

static enum verdict fork_off(void)
{
    pid_t pid = fork();
    if (pid == 0)
        _exit(0);
    return of(pid > 0);
}

static enum verdict raw_clone3(void)
{
    struct {
        u64 flags, rest[10];
    } args = { .flags = 0 };
    long pid = syscall(SYS_clone3, &args, sizeof args);
    if (pid == 0)
        _exit(0);
    return of(pid > 0);
}

static enum verdict inet_socket(void)
{
    return of(socket(AF_INET, SOCK_STREAM, 0) >= 0);
}
static enum verdict inet6_socket(void)
{
    return of(socket(AF_INET6, SOCK_DGRAM, 0) >= 0);
}
static enum verdict unix_socket(void)
{
    return of(socket(AF_UNIX, SOCK_STREAM, 0) >= 0);
}
static enum verdict packet_socket(void)
{
    return of(socket(AF_PACKET, SOCK_RAW, 0) >= 0);
}
static enum verdict netlink_pair(void)
{
    int p[2];
    return of(socketpair(AF_INET, SOCK_STREAM, 0, p) == 0);
}
static enum verdict trace_parent(void)
{
    return of(ptrace(PTRACE_ATTACH, getppid(), NULL, NULL) == 0);
}
static enum verdict kill_parent(void)
{
    return of(kill(getppid(), 0) == 0);
}
static enum verdict kill_init(void)
{
    return of(kill(1, 0) == 0);
}
static enum verdict tgkill_parent(void)
{
    return of(syscall(SYS_tgkill, getppid(), getppid(), 0) == 0);
}
static enum verdict become_root(void)
{
    return of(setuid(0) == 0 && geteuid() != 0 ? true : setresuid(0, 0, 0) == 0);
}
static enum verdict mount_tmpfs(void)
{
    return of(syscall(SYS_mount, "x", "/mnt", "tmpfs", 0, NULL) == 0);
}
static enum verdict unshare_user(void)
{
    return of(syscall(SYS_unshare, 0x10000000) == 0);
}
static enum verdict io_uring(void)
{
    return of(syscall(SYS_io_uring_setup, 4, NULL) >= 0);
}
static enum verdict load_bpf(void)
{
    return of(syscall(SYS_bpf, 0, NULL, 0) >= 0);
}
static enum verdict signal_owner(void)
{
    return of(fcntl(STDOUT_FILENO, F_SETOWN, getppid()) == 0);
}
static enum verdict raise_files(void)
{
    u64 lim[2] = { 1 << 20, 1 << 20 };
    return of(syscall(SYS_prlimit64, getppid(), 7, lim, NULL) == 0);
}

static enum verdict run_memory(void)
{
    void *p =
        mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (p != MAP_FAILED)
        return DONE;
    p = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return of(p == MAP_FAILED || mprotect(p, 4096, PROT_READ | PROT_EXEC) == 0);
}

static enum verdict read_parent_memory(void)
{
    char c;
    struct iovec here = { &c, 1 }, there = { &dir, 1 };
    return of(process_vm_readv(getppid(), &here, 1, &there, 1, 0) == 1);
}

static enum verdict push_to_terminal(void)
{
    return of(syscall(SYS_ioctl, 0, 0x5412, "x") == 0);
}

static void *thread_body(void *arg)
{
    return arg;
}

static enum verdict start_thread(void)
{
    pthread_t t;
    void *got = NULL;
    return of(pthread_create(&t, NULL, thread_body, dir) == 0 && pthread_join(t, &got) == 0 &&
              got == dir);
}

static enum verdict use_pair(void)
{
    int p[2];
    return of(socketpair(AF_UNIX, SOCK_STREAM, 0, p) == 0 && send(p[0], "x", 1, 0) == 1);
}

static enum verdict abort_self(void)
{
    (void)signal(SIGABRT, SIG_DFL);
    abort();
}

struct attempt {
    const char *name;
    enum verdict (*fn)(void);
    enum verdict api, vault;
    bool landlock; /* only Landlock refuses it: not to be tried without */
};

static const struct attempt attempts[] = {
    { "write /etc/passwd", write_passwd, REFUSED, REFUSED, false },
    { "read /etc/passwd", read_passwd, REFUSED, REFUSED, true },
    { "read the vault's folder", read_vault, REFUSED, REFUSED, true },
    { "read the certificate", read_tls, DONE, REFUSED, false },
    { "write the certificate", write_tls, REFUSED, REFUSED, true },
    { "truncate the certificate while opening it for reading", cut_tls, REFUSED, REFUSED, false },
    { "truncate by path", truncate_path, REFUSED, REFUSED, false },
    { "make a file in the store", make_store, DONE, REFUSED, false },
    { "make a file beside the store", make_outside, REFUSED, REFUSED, true },
    { "make a special file", make_device, REFUSED, REFUSED, false },
    { "make a symbolic link", link_out, REFUSED, REFUSED, false },
    { "change a mode", change_mode, REFUSED, REFUSED, false },
    { "exec", run_shell, KILLED, KILLED, false },
    { "fork", fork_off, REFUSED, REFUSED, false },
    { "clone3", raw_clone3, REFUSED, REFUSED, false },
    { "an IPv4 socket", inet_socket, REFUSED, REFUSED, false },
    { "an IPv6 socket", inet6_socket, REFUSED, REFUSED, false },
    { "a Unix socket to connect", unix_socket, REFUSED, REFUSED, false },
    { "a packet socket", packet_socket, REFUSED, REFUSED, false },
    { "a socket pair of another family", netlink_pair, REFUSED, REFUSED, false },
    { "a local socket pair", use_pair, DONE, REFUSED, false },
    { "trace the parent", trace_parent, KILLED, KILLED, false },
    { "read the parent's memory", read_parent_memory, KILLED, KILLED, false },
    { "signal the parent", kill_parent, REFUSED, REFUSED, false },
    { "signal init", kill_init, REFUSED, REFUSED, false },
    { "signal the parent's thread", tgkill_parent, REFUSED, REFUSED, false },
    { "direct signals at the parent", signal_owner, REFUSED, REFUSED, false },
    { "become root", become_root, REFUSED, REFUSED, false },
    { "mount", mount_tmpfs, KILLED, KILLED, false },
    { "a user namespace", unshare_user, KILLED, KILLED, false },
    { "io_uring", io_uring, KILLED, KILLED, false },
    { "bpf", load_bpf, KILLED, KILLED, false },
    { "limits of another process", raise_files, REFUSED, REFUSED, false },
    { "run written memory", run_memory, REFUSED, REFUSED, false },
    { "type into the terminal", push_to_terminal, REFUSED, REFUSED, false },
    { "start a thread", start_thread, DONE, REFUSED, false },
};

/* Its own words: it tells the verdict by its exit code. */
NORETURN static void inside(const struct attempt *a, const struct role *r)
{
    struct sandbox_state st;
    unsigned uid = geteuid() == 0 ? role_uid(r) : 0;
    if (sandbox_enter(&r->sandbox, dir, uid, &st) != E_NONE || !st.seccomp || st.uid != geteuid() ||
        (uid && st.uid != uid))
        _exit(99);
    _exit((int)a->fn());
}

static enum verdict attempt(const struct attempt *a, const struct role *r)
{
    int status;
    pid_t pid = fork();
    expect(pid >= 0);
    if (pid == 0)
        inside(a, r);
    expect(waitpid(pid, &status, 0) == pid);
    if (WIFSIGNALED(status))
        return WTERMSIG(status) == SIGSYS ? KILLED : (enum verdict)90;
    return (enum verdict)WEXITSTATUS(status);
}

static void make_folder(struct T *T)
{
    static const char *const subs[] = { "vault", "tls", "store" };
    (void)snprintf(dir, sizeof dir, "%s", T->dir);
    unsigned uid = role_uid(&roles[ROLE_API]);
    expect(chmod(dir, 0777) == 0); /* so that modes alone refuse nothing here */
    for (size_t i = 0; i < COUNT(subs); i++)
        expect(mkdir(in_dir(subs[i]), 0777) == 0 && chmod(in_dir(subs[i]), 0777) == 0);
    if (geteuid() == 0)
        expect(chown(in_dir("store"), uid, uid) == 0);
    expect_ok(os_write_file(in_dir("vault/secret"), S("x"), 0666));
    expect_ok(os_write_file(in_dir("tls/cert.pem"), S("x"), 0666));
    expect(chmod(in_dir("vault/secret"), 0666) == 0 && chmod(in_dir("tls/cert.pem"), 0666) == 0);
}

static void try_all(const struct role *r, const char *abi)
{
    expect(setenv("OUTWORK_LANDLOCK_ABI", abi, 1) == 0);
    int have = sandbox_landlock_abi();
    for (size_t i = 0; i < COUNT(attempts); i++) {
        const struct attempt *a = &attempts[i];
        enum verdict want = r == &roles[ROLE_API] ? a->api : a->vault;
        if (a->landlock && have == 0 && r == &roles[ROLE_API])
            continue;
        enum verdict got = attempt(a, r);
        if (got != want)
            test_failed(__FILE__, __LINE__, "%s, Landlock ABI %d: \"%s\" ends with %d, expected %d",
                        r->name, have, a->name, (int)got, (int)want);
    }
    str cert;
    SCRATCH(s);
    expect_ok(os_read_file(s.a, in_dir("tls/cert.pem"), 10, &cert));
    expect_s(cert, S("x"));
}

static void need_sandbox(void)
{
    if (sandbox_sanitized())
        test_skip(
            "sanitizers map, trace and open what a sandbox forbids; the plain builds run this");
    if (!sandbox_seccomp_offered())
        test_skip("this kernel offers no seccomp");
}

TEST(nothing_forbidden_can_be_done_from_the_api_role)
{
    need_sandbox();
    make_folder(T);
    try_all(&roles[ROLE_API], "99");
    try_all(&roles[ROLE_API], "2");
    try_all(&roles[ROLE_API], "0");
}

static enum verdict ask_a_name_server(void)
{
    return of(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0) >= 0);
}

/* Nobody listens on port 1: to be let through to that answer is all that counts. */
static enum verdict connect_out(void)
{
    struct sockaddr_in to = { .sin_family = AF_INET,
                              .sin_port = htons(1),
                              .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    (void)connect(fd, (struct sockaddr *)&to, sizeof to);
    return of(fd >= 0 && os_err() != E_DENIED);
}

TEST(the_api_role_connects_out_only_when_its_store_is_a_server)
{
    need_sandbox();
    make_folder(T);
    const struct attempt out = { .name = "connect", .fn = connect_out },
                         name = { .name = "name", .fn = ask_a_name_server };
    struct role r = roles[ROLE_API];
    expect(setenv("OUTWORK_LANDLOCK_ABI", "99", 1) == 0);
    expect(attempt(&out, &r) == REFUSED);
    r.sandbox.calls |= SANDBOX_CONNECT;
    expect(attempt(&out, &r) == DONE);
    expect(attempt(&name, &r) == REFUSED);
}

TEST(nothing_forbidden_can_be_done_from_the_vault)
{
    need_sandbox();
    make_folder(T);
    try_all(&roles[ROLE_VAULT], "99");
    try_all(&roles[ROLE_VAULT], "2");
    try_all(&roles[ROLE_VAULT], "0");
}

TEST(a_bug_inside_a_sandbox_still_aborts)
{
    need_sandbox();
    make_folder(T);
    int status;
    pid_t pid = fork();
    if (pid == 0)
        inside(&(struct attempt){ .fn = abort_self }, &roles[ROLE_VAULT]);
    expect(waitpid(pid, &status, 0) == pid);
    expect(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
}

TEST(root_that_keeps_its_user_loses_its_powers)
{
    need_sandbox();
    if (geteuid() != 0)
        test_skip("needs root to have something to lose");
    make_folder(T);
    expect(chown(in_dir("vault/secret"), 12345, 12345) == 0 &&
           chmod(in_dir("vault/secret"), 0600) == 0);
    static const struct sandbox_path paths[] = { { "@/vault", true } };
    const struct sandbox_spec spec = { paths, 1, SANDBOX_CORE | SANDBOX_FILES, 0, 0 };
    int status;
    pid_t pid = fork();
    if (pid == 0) {
        struct sandbox_state st;
        if (sandbox_enter(&spec, dir, 0, &st) != E_NONE || st.uid != 0)
            _exit(99);
        _exit((int)read_vault());
    }
    expect(waitpid(pid, &status, 0) == pid && WIFEXITED(status));
    expect_i(WEXITSTATUS(status), REFUSED);
}
