/* SPDX-License-Identifier: Apache-2.0 */
/* Real processes: a parent, the real vault, a small api role (proc/probe). Killed as an operator or
 * the kernel would. */
#include "proc/super.h"

#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/os.h"
#include "test/test.h"

struct office {
    pid_t pid;
    const char *dir;
};

static void nap(void)
{
    (void)usleep(2000);
}

static const char *probe_path(struct T *T)
{
    char self[4096];
    ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);
    expect(n > 0);
    while (n > 0 && self[n - 1] != '/')
        n--;
    return str_fmt(T->arena, STR_FMT "proc-probe", STR_ARG(((str){ self, (size_t)n }))).p;
}

static struct office start(struct T *T, const char *how)
{
    SCRATCH(s);
    if (!os_exists(str_fmt(s.a, "%s/root.key", T->dir).p))
        expect_ok(os_write_file(
            str_fmt(s.a, "%s/root.key", T->dir).p,
            S("00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff\n"), 0600));
    const char *exe = probe_path(T);
    struct office o = { fork(), T->dir };
    expect(o.pid >= 0);
    if (o.pid == 0) {
        (void)prctl(PR_SET_PDEATHSIG, SIGKILL); /* a failed test leaves no parent behind */
        (void)execl(exe, "proc-probe", "parent", T->dir, how, NULL);
        _exit(127);
    }
    return o;
}

/* What the api role answers, "" while it does not. */
static str ask_once(struct T *T, const char *what)
{
    struct sockaddr_un un = { .sun_family = AF_UNIX };
    (void)snprintf(un.sun_path, sizeof un.sun_path, "%s/probe.sock", T->dir);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    expect(fd >= 0);
    char room[64];
    ssize_t n = -1;
    if (connect(fd, (struct sockaddr *)(void *)&un, sizeof un) == 0 &&
        send(fd, what, strlen(what), MSG_NOSIGNAL) > 0)
        n = recv(fd, room, sizeof room, 0);
    os_close(fd);
    return n > 0 ? str_copy(T->arena, (str){ room, (size_t)n }) : S("");
}

static str ask(struct T *T, const char *what)
{
    usec until = os_mono() + 10 * USEC_S;
    for (;;) {
        str a = ask_once(T, what);
        if (a.n)
            return a;
        expect(os_mono() < until);
        nap();
    }
}

static pid_t api_pid(struct T *T)
{
    i64 pid;
    expect_ok(str_i64(ask(T, "pid"), &pid));
    return (pid_t)pid;
}

/* The other child of the parent. */
static pid_t vault_pid(struct T *T, const struct office *o)
{
    SCRATCH(s);
    pid_t api = api_pid(T);
    char text[256] = "";
    int fd = open(str_fmt(s.a, "/proc/%d/task/%d/children", (int)o->pid, (int)o->pid).p,
                  O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        test_skip("this kernel does not list children");
    expect(read(fd, text, sizeof text - 1) > 0);
    os_close(fd);
    for (str rest = str_trim(str_from(text)); rest.p;) {
        i64 pid;
        if (str_i64(str_cut(&rest, ' '), &pid) == E_NONE && pid != api)
            return (pid_t)pid;
    }
    return 0;
}

static bool gone(pid_t pid)
{
    return kill(pid, 0) != 0;
}

static void await_gone(pid_t pid)
{
    usec until = os_mono() + 5 * USEC_S;
    while (!gone(pid)) {
        expect(os_mono() < until);
        nap();
    }
}

static int stop(struct office *o, int sig)
{
    int status;
    expect(kill(o->pid, sig) == 0);
    expect(waitpid(o->pid, &status, 0) == o->pid);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

TEST(a_killed_api_role_is_back_within_a_second_three_times)
{
    struct office o = start(T, "");
    pid_t vault = vault_pid(T, &o);
    for (int i = 1; i <= 3; i++) {
        pid_t was = api_pid(T);
        usec began = os_mono();
        expect(kill(was, SIGKILL) == 0);
        pid_t now = api_pid(T); /* the connection waits in the listener meanwhile */
        while (now == was)
            now = api_pid(T);
        expect(os_mono() - began < USEC_S);
        expect(str_starts(ask(T, "vault"), S("7"))); /* a signature of 70 bytes or so */
        expect_i(vault_pid(T, &o), vault);           /* the vault stays */
        expect_s(ask(T, "deaths"), str_fmt(T->arena, "%d", i));
    }
    expect_i(stop(&o, SIGTERM), 0);
}

TEST(a_killed_vault_is_back_and_serves_the_same_api)
{
    struct office o = start(T, "");
    pid_t api = api_pid(T);
    for (int i = 1; i <= 3; i++) {
        pid_t was = vault_pid(T, &o);
        usec began = os_mono();
        expect(kill(was, SIGKILL) == 0);
        while (!str_starts(ask(T, "vault"), S("7")) || vault_pid(T, &o) == was) {
            expect(os_mono() - began < USEC_S);
            nap();
        }
    }
    expect_i(api_pid(T), api);
    expect_i(stop(&o, SIGINT), 0);
}

TEST(a_killed_parent_takes_all_roles_with_it)
{
    struct office o = start(T, "");
    pid_t api = api_pid(T), vault = vault_pid(T, &o);
    expect_i(stop(&o, SIGKILL), -1);
    await_gone(api);
    await_gone(vault);
    o = start(T, ""); /* and the next start is as any other */
    expect(str_starts(ask(T, "vault"), S("7")));
    expect_i(stop(&o, SIGTERM), 0);
}

TEST(a_clean_stop_leaves_nobody)
{
    struct office o = start(T, "");
    pid_t api = api_pid(T), vault = vault_pid(T, &o);
    usec began = os_mono();
    expect_i(stop(&o, SIGTERM), 0);
    expect(os_mono() - began < 2 * USEC_S);
    expect(gone(api) && gone(vault));
}

TEST(a_role_that_does_not_stop_is_killed_when_asked_twice)
{
    struct office o = start(T, "deaf");
    pid_t api = api_pid(T);
    expect(kill(o.pid, SIGTERM) == 0);
    (void)usleep(300 * 1000);
    expect(!gone(api) && waitpid(o.pid, NULL, WNOHANG) == 0); /* it has its time */
    usec began = os_mono();
    expect_i(stop(&o, SIGTERM), 0);
    expect(os_mono() - began < USEC_S);
    expect(gone(api));
}

TEST(a_hang_up_passes_the_new_config_on)
{
    struct office o = start(T, "");
    expect_s(ask(T, "demo"), S("no"));
    expect(kill(o.pid, SIGHUP) == 0);
    usec until = os_mono() + 5 * USEC_S;
    while (!str_eq(ask(T, "demo"), S("yes")))
        expect(os_mono() < until);
    expect_i(stop(&o, SIGTERM), 0);
}

TEST(a_role_that_refuses_ends_the_parent_with_its_reason)
{
    SCRATCH(s);
    const char *text = str_fmt(s.a, "%s/out", T->dir).p;
    int fd = open(text, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    expect(fd >= 0 && dup2(fd, STDERR_FILENO) >= 0);
    struct office o = start(T, "refuse");
    int status;
    expect(waitpid(o.pid, &status, 0) == o.pid && WIFEXITED(status));
    expect_i(WEXITSTATUS(status), 1);
    str out;
    expect_ok(os_read_file(s.a, text, 1 << 16, &out));
    expect(str_find(out, S("refused: told to\n")) >= 0);
}

static size_t deaths_in(const char *path)
{
    SCRATCH(s);
    str out;
    size_t deaths = 0;
    expect_ok(os_read_file(s.a, path, 1 << 20, &out));
    for (ptrdiff_t at; (at = str_find(out, S("\"what\":\"role died\",\"name\":\"api\""))) >= 0;
         deaths++)
        out = str_sub(out, (size_t)at + 8, out.n);
    return deaths;
}

/* Five deaths take the waits between them at least (0, 0.1, 0.2, 0.4 s), however slow the machine
 * is. */
TEST(a_role_that_keeps_dying_is_retried_ever_more_slowly)
{
    SCRATCH(s);
    const char *text = str_fmt(s.a, "%s/out", T->dir).p;
    int fd = open(text, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    expect(fd >= 0 && dup2(fd, STDERR_FILENO) >= 0);
    usec began = os_mono();
    struct office o = start(T, "crash");
    while (deaths_in(text) < 5 && os_mono() - began < 60 * USEC_S)
        (void)usleep(2000);
    usec took = os_mono() - began;
    (void)stop(&o, SIGTERM);
    expect(deaths_in(text) >= 5);
    expect(took >= 650 * USEC_MS);
}
