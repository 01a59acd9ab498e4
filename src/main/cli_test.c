/* SPDX-License-Identifier: Apache-2.0 */
/* The command line as people and scripts meet it: real processes of the executable with stand-ins
 * (src/main/stub). */
#include "main/cli.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <openssl/x509.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/json.h"
#include "base/os.h"
#include "base/utf8.h"
#include "main/cert.h"
#include "test/test.h"

enum { ARGS_MAX = 16 };

struct ran {
    int code;
    str out, err;
};

static const char *stub(struct T *T)
{
    char self[4096];
    ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);
    expect(n > 0);
    while (n > 0 && self[n - 1] != '/')
        n--;
    return str_fmt(T->arena, STR_FMT "outwork-stub", STR_ARG(((str){ self, (size_t)n }))).p;
}

static const char *in_dir(struct T *T, const char *name)
{
    return str_fmt(T->arena, "%s/%s", T->dir, name).p;
}

/* Starts it with standard output and error into files; args end with NULL. */
static pid_t start(struct T *T, const char *const *args)
{
    const char *argv[ARGS_MAX + 2] = { stub(T) };
    size_t n = 1;
    for (; args[n - 1]; n++) {
        expect(n <= ARGS_MAX);
        argv[n] = args[n - 1];
    }
    const char *out = in_dir(T, "out.txt"), *faults = in_dir(T, "err.txt");
    pid_t pid = fork();
    expect(pid >= 0);
    if (pid == 0) {
        (void)prctl(PR_SET_PDEATHSIG, SIGTERM); /* a failed test leaves no server behind */
        int o = open(out, O_WRONLY | O_CREAT | O_TRUNC, 0600),
            e = open(faults, O_WRONLY | O_CREAT | O_TRUNC, 0600);
        if (o < 0 || e < 0 || dup2(o, 1) < 0 || dup2(e, 2) < 0 || chdir(T->dir) != 0)
            _exit(126);
        (void)execv(argv[0], (char *const *)(uintptr_t)argv);
        _exit(127);
    }
    return pid;
}

static struct ran finish(struct T *T, pid_t pid)
{
    struct ran r;
    int status;
    expect(waitpid(pid, &status, 0) == pid);
    r.code = WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
    expect_ok(os_read_file(T->arena, in_dir(T, "out.txt"), 1 << 20, &r.out));
    expect_ok(os_read_file(T->arena, in_dir(T, "err.txt"), 1 << 20, &r.err));
    return r;
}

static struct ran run_list(struct T *T, const char *const *args)
{
    return finish(T, start(T, args));
}
#define run(T, ...) run_list((T), (const char *const[]){ __VA_ARGS__, NULL })

static bool says(str text, const char *what)
{
    return str_find(text, str_from(what)) >= 0;
}

static unsigned free_port(void)
{
    struct sockaddr_in in = { .sin_family = AF_INET, .sin_addr = { htonl(INADDR_LOOPBACK) } };
    socklen_t n = sizeof in;
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    expect(fd >= 0 && bind(fd, (struct sockaddr *)(void *)&in, n) == 0);
    expect(getsockname(fd, (struct sockaddr *)(void *)&in, &n) == 0);
    os_close(fd);
    return ntohs(in.sin_port);
}

static unsigned port;

static void init(struct T *T)
{
    port = free_port();
    struct ran r = run(T, "init", "--data", "d", "--host", "office.test, localhost", "--listen",
                       str_fmt(T->arena, "127.0.0.1:%u", port).p);
    if (r.code)
        test_failed(__FILE__, __LINE__, "init: " STR_FMT, STR_ARG(r.err));
}

/* ---- help ---- */

static str golden(struct T *T, const char *name)
{
    str text;
    expect_ok(
        os_read_file(T->arena, str_fmt(T->arena, "src/main/golden/%s", name).p, 1 << 16, &text));
    return text;
}

TEST(help_is_as_reviewed_in_both_languages)
{
    str en = golden(T, "help.en.txt"), zh = golden(T, "help.zh.txt");
    expect(setenv("LC_ALL", "C.UTF-8", 1) == 0);
    expect_s(run(T, "--help").out, en);
    expect(setenv("LC_ALL", "zh_CN.UTF-8", 1) == 0);
    expect_s(run(T, "--help").out, zh);
}

static size_t columns(str line)
{
    size_t n = 0;
    for (i32 c; (c = utf8_next(&line)) >= 0;)
        n += c >= 0x2e80 ? 2 : 1;
    return n;
}

TEST(every_command_explains_itself_within_a_hundred_columns)
{
    static const char *const langs[] = { "C", "zh_CN.UTF-8" };
    for (size_t l = 0; l < COUNT(langs); l++)
        for (size_t i = 0; i < cli_commands_n; i++) {
            const struct cli_command *c = &cli_commands[i];
            expect(setenv("LC_ALL", langs[l], 1) == 0);
            if (c->raw)
                continue;
            str rest = str_from(c->name), one = str_cut(&rest, ' ');
            const char *first = str_z(T->arena, one);
            struct ran r =
                rest.p ? run(T, first, str_z(T->arena, rest), "--help") : run(T, first, "--help");
            expect_i(r.code, 0);
            expect(r.out.n > 100 && r.err.n == 0);
            expect(says(r.out, c->name));
            for (str lines = r.out; lines.n;)
                expect(columns(str_cut(&lines, '\n')) <= 100);
        }
}

TEST(mistakes_are_answered_with_what_was_meant)
{
    static const struct {
        const char *args[6];
        const char *says;
    } rows[] = {
        { { "docter" }, "did you mean `outwork doctor`?" },
        { { "demo", "cod", "lin" }, "did you mean `outwork demo code`?" },
        { { "ledger", "verfy" }, "did you mean `outwork ledger verify`?" },
        { { "banana" }, "`outwork --help` lists them all" },
        { { "run", "--dtaa", "x" }, "did you mean --data?" },
        { { "run", "--lisen", "x" }, "did you mean --listen?" },
        { { "run", "--data" }, "--data needs a value" },
        { { "doctor", "--json=1" }, "--json takes no value" },
        { { "doctor", "now" }, "one word too many" },
        { { "demo", "code" }, "needs NAME" },
        { { "init" }, "needs --host" },
        { { "init", "--host", "a b" }, "not a host name" },
        { { "init", "--host", "a", "--listen", "x" }, "numeric addresses" },
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct ran r = run_list(T, rows[i].args);
        if (r.code != CLI_USAGE || r.out.n || !says(r.err, rows[i].says))
            test_failed(__FILE__, __LINE__, "row %zu: exit %d, \"" STR_FMT "\"", i, r.code,
                        STR_ARG(r.err));
    }
    expect_i(run(T, "run", "--data", "/nowhere/at/all").code, CLI_FAILED);
    expect(says(run(T, "ledger", "verify", "--data", "/nowhere/at/all").err, "/nowhere/at/all"));
}

/* ---- init and config ---- */

static unsigned mode(struct T *T, const char *name)
{
    struct stat st;
    expect(stat(in_dir(T, name), &st) == 0);
    return st.st_mode & 07777;
}

TEST(init_makes_a_closed_folder_and_three_links_and_will_not_do_it_twice)
{
    struct ran r = run(T, "init", "--data", "x/y/d", "--host", "office.test");
    expect_i(r.code, 0);
    expect(says(r.out, "https://office.test/join#system-link") && says(r.out, "#security-link") &&
           says(r.out, "#audit-link"));
    expect_i(mode(T, "x/y/d"), 0700);
    expect_i(mode(T, "x/y/d/vault"), 0700);
    expect_i(mode(T, "x/y/d/vault/vault.sealed"), 0600);
    expect_i(mode(T, "x/y/d/outwork.conf"), 0600);
    expect_i(mode(T, "x/y/d/root.key"), 0600);
    expect_i(mode(T, "x/y/d/tls/cert.pem"), 0644);
    str conf;
    expect_ok(os_read_file(T->arena, in_dir(T, "x/y/d/outwork.conf"), 1 << 16, &conf));
    expect(says(conf, "listen = 0.0.0.0:8443, [::]:8443\n") &&
           says(conf, "# Default: localhost\nhost = office.test\n"));
    str key;
    expect_ok(os_read_file(T->arena, in_dir(T, "x/y/d/ledger/key.pub"), 4096, &key));
    expect(str_starts(key, S("office.test/ledger+")));
    r = run(T, "init", "--data", "x/y/d", "--host", "office.test");
    expect(r.code == CLI_FAILED && r.out.n == 0 && says(r.err, "nothing was changed"));
    expect(!os_exists(in_dir(T, "x/y/d.making")));
}

TEST(an_init_that_fails_leaves_nothing_behind)
{
    expect_ok(os_write_file(in_dir(T, "stub-fail"), S(""), 0600));
    struct ran r = run(T, "init", "--data", "d", "--host", "office.test", "--root-key", "keys.txt");
    expect_i(r.code, CLI_FAILED);
    expect(!os_exists(in_dir(T, "d")) && !os_exists(in_dir(T, "d.making")) &&
           !os_exists(in_dir(T, "keys.txt")));
    expect(unlink(in_dir(T, "stub-fail")) == 0);
    expect_i(run(T, "init", "--data", "d", "--host", "office.test", "--root-key", "keys.txt").code,
             0);
    expect(os_exists(in_dir(T, "keys.txt")) && !os_exists(in_dir(T, "d/root.key")));
    expect_ok(os_write_file(in_dir(T, "file"), S("mine"), 0600));
    r = run(T, "init", "--data", ".", "--host", "office.test"); /* not empty: not touched */
    expect(r.code == CLI_FAILED && os_exists(in_dir(T, "file")));
}

TEST(config_prints_what_is_in_effect)
{
    init(T);
    struct ran r = run(T, "config", "--data", "d", "--connections", "77", "--log=debug");
    expect_i(r.code, 0);
    expect(says(r.out, "connections = 77\n") && says(r.out, "log = debug\n") &&
           says(r.out, "host = office.test, localhost\n"));
    expect(says(run(T, "config", "--comments").out, "# Default: 20000\nconnections = 20000\n"));
    expect_i(run(T, "config", "--connections", "many").code, CLI_FAILED);
    expect_ok(os_write_file(in_dir(T, "d/outwork.conf"), S("demo = no\ncolor = red\n"), 0600));
    r = run(T, "run", "--data", "d");
    expect(r.code == CLI_FAILED && says(r.err, "outwork.conf:2: unknown key \"color\""));
}

TEST(demo_codes_are_for_demo_folders_only)
{
    init(T);
    struct ran r = run(T, "demo", "code", "lin", "--data", "d");
    expect(r.code == CLI_FAILED && says(r.err, "not a demo folder") && r.out.n == 0);
    expect_i(run(T, "demo", "init", "--data", "demo", "--listen", "127.0.0.1:1").code, 0);
    r = run(T, "demo", "code", "lin", "--data", "demo");
    expect(r.code == 0 && r.out.n == 7);
    r = run(T, "demo", "code", "nobody", "--data", "demo");
    expect(r.code == CLI_FAILED && says(r.err, "no account \"nobody\""));
}

TEST(ledger_verify_ends_with_its_verdict)
{
    init(T);
    expect_i(run(T, "ledger", "verify", "--data", "d").code, 0);
    expect_ok(os_write_file(in_dir(T, "d/ledger/bad"), S(""), 0600));
    struct ran r = run(T, "ledger", "verify", "--data", "d");
    expect(r.code == CLI_FAILED && says(r.out, "DOES NOT AGREE"));
}

/* ---- run ---- */

static str knock(struct T *T)
{
    struct sockaddr_in in = { .sin_family = AF_INET,
                              .sin_addr = { htonl(INADDR_LOOPBACK) },
                              .sin_port = htons((u16)port) };
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    char room[256];
    ssize_t n = connect(fd, (struct sockaddr *)(void *)&in, sizeof in) == 0
                    ? recv(fd, room, sizeof room, 0)
                    : -1;
    os_close(fd);
    return n > 0 ? str_copy(T->arena, (str){ room, (size_t)n }) : S("");
}

static str await_answer(struct T *T)
{
    usec until = os_mono() + 10 * USEC_S;
    for (;;) {
        str a = knock(T);
        if (a.n)
            return a;
        expect(os_mono() < until);
        (void)usleep(1000);
    }
}

TEST(run_serves_within_150_ms_and_stops_cleanly)
{
    init(T);
    usec began = os_mono();
    pid_t pid = start(T, (const char *[]){ "run", "--data", "d", "--banner", NULL });
    expect(says(await_answer(T), "of office.test"));
    usec took = os_mono() - began;
#if !defined(OUTWORK_DEBUG)
    expect(took < 150 * USEC_MS);
#endif
    expect(took > 0);
    expect_i(run(T, "config").code, 0); /* while it runs */
    expect(kill(pid, SIGTERM) == 0);
    struct ran r = finish(T, pid);
    expect_i(r.code, 0);
    expect(!os_exists(in_dir(T, "d/run/admin.sock")));
}

static pid_t start_quiet(struct T *T)
{
    expect(mkdir(in_dir(T, "run"), 0700) == 0 || os_err() == E_CONFLICT);
    struct T sub = *T; /* its output apart from that of the commands beside it */
    str dir = str_from(in_dir(T, "run"));
    expect(dir.n < sizeof sub.dir);
    memcpy(sub.dir, dir.p, dir.n + 1);
    pid_t pid = start(&sub, (const char *[]){ "run", "--data", "../d", NULL });
    (void)await_answer(T);
    return pid;
}

static int end_quiet(pid_t pid)
{
    int status;
    expect(kill(pid, SIGTERM) == 0 && waitpid(pid, &status, 0) == pid);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

TEST(two_servers_share_neither_folder_nor_port)
{
    init(T);
    pid_t pid = start_quiet(T);
    struct ran r = run(T, "run", "--data", "d");
    expect(r.code == CLI_FAILED && says(r.err, str_fmt(T->arena, "process %d", (int)pid).p));
    expect_i(run(T, "init", "--data", "other", "--host", "localhost", "--listen",
                 str_fmt(T->arena, "127.0.0.1:%u", port).p)
                 .code,
             0);
    r = run(T, "run", "--data", "other");
    expect(r.code == CLI_FAILED && says(r.err, "in use by another program"));
    expect_i(end_quiet(pid), 0);
}

TEST(roles_get_their_users_where_those_can_reach_the_folder)
{
    if (geteuid() != 0)
        test_skip("needs root: only root has users to give");
    if (strncmp(T->dir, "/tmp/", 5) != 0)
        test_skip("needs a folder that all may pass");
    init(T);
    pid_t pid = start_quiet(T);
    expect(says(await_answer(T), "uid 0\n")); /* T's own folder lets nobody pass */
    expect_i(end_quiet(pid), 0);
    expect(chmod(T->dir, 0711) == 0);
    pid = start_quiet(T);
    expect(says(await_answer(T), "uid 61185\n"));
    expect_i(end_quiet(pid), 0);
    struct stat st;
    expect(stat(in_dir(T, "d/store/outwork.db"), &st) == 0 && st.st_uid == 61185);
    expect(stat(in_dir(T, "d/vault/vault.sealed"), &st) == 0 && st.st_uid == 0);
    expect(chmod(T->dir, 0700) == 0 && chown(T->dir, 12345, 12345) == 0);
    pid = start_quiet(T); /* a closed home: as its owner */
    expect(says(await_answer(T), "uid 12345\n"));
    expect_i(end_quiet(pid), 0);
    expect_i(run(T, "doctor", "--data", "d").code, 0);
    expect(chown(T->dir, 0, 0) == 0);
    pid = start_quiet(T); /* and back again */
    expect(says(await_answer(T), "uid 0\n"));
    expect_i(end_quiet(pid), 0);
}

TEST(an_api_role_that_was_taken_over_cannot_replace_the_certificate)
{
    port = free_port();
    const char *at = str_fmt(T->arena, "127.0.0.1:%u", port).p;
    expect_i(
        run(T, "init", "--data", "d", "--host", "office.test, forge.test", "--listen", at).code, 0);
    pid_t pid = start_quiet(T);
    (void)await_answer(T); /* it has sent its forgeries by now */
    expect_i(run(T, "cert", "renew", "--data", "d").code,
             0); /* the vault's answer comes after them */
    expect_i(end_quiet(pid), 0);
    str cert, ca, log;
    expect_ok(os_read_file(T->arena, in_dir(T, "d/tls/cert.pem"), 1 << 16, &cert));
    expect_ok(os_read_file(T->arena, in_dir(T, "d/tls/ca.pem"), 1 << 16, &ca));
    expect_ok(os_read_file(T->arena, in_dir(T, "run/err.txt"), 1 << 20, &log));
    expect(str_starts(cert, S("-----BEGIN")) && str_starts(ca, S("-----BEGIN")));
    expect(says(log, "what is not its to say"));
}

TEST(a_wrong_root_key_is_said_and_nothing_starts)
{
    init(T);
    expect_ok(os_write_file(in_dir(T, "d/root.key"),
                            S("ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff\n"),
                            0600));
    struct ran r = run(T, "run", "--data", "d");
    expect_i(r.code, CLI_FAILED);
    expect(says(r.err, "the root key is not the one this vault file was sealed with"));
    expect(unlink(in_dir(T, "d/root.key")) == 0);
    r = run(T, "run", "--data", "d");
    expect(r.code == CLI_FAILED && says(r.err, "cannot be read"));
}

TEST(the_certificate_is_renewed_with_and_without_a_server)
{
    init(T);
    const char *path = in_dir(T, "d/tls/cert.pem");
    str a, b, c;
    expect_ok(os_read_file(T->arena, path, 1 << 16, &a));
    expect_i(run(T, "cert", "renew", "--data", "d").code, 0);
    expect_ok(os_read_file(T->arena, path, 1 << 16, &b));
    pid_t pid = start_quiet(T);
    expect_i(run(T, "cert", "renew", "--data", "d").code, 0);
    expect_ok(os_read_file(T->arena, path, 1 << 16, &c));
    expect(!str_eq(a, b) && !str_eq(b, c));
    expect(
        says(run(T, "cert", "show", "--data", "d").out, "office.test, localhost, 127.0.0.1, ::1"));
    expect_i(end_quiet(pid), 0);
    X509 *x, *ca;
    expect_ok(cert_read(path, &x));
    expect_ok(cert_read(in_dir(T, "d/tls/ca.pem"), &ca));
    expect(cert_issued_by(x, ca) && cert_covers(x, "localhost") && !cert_covers(x, "example.com"));
    X509_free(x);
    X509_free(ca);
}

/* ---- doctor ---- */

TEST(doctor_finds_nothing_wrong_with_a_new_office)
{
    init(T);
    struct ran r = run(T, "doctor", "--data", "d");
    if (r.code)
        test_failed(__FILE__, __LINE__, STR_FMT, STR_ARG(r.out));
    static const char *const words[] = {
        "permissions", "root key", "vault",  "certificate",      "clock", "disk", "ports",
        "sandbox",     "policies", "limits", "Nothing is wrong."
    };
    for (size_t i = 0; i < COUNT(words); i++)
        expect(says(r.out, words[i]));
    pid_t pid = start_quiet(T);
    expect_i(run(T, "doctor", "--data", "d").code, 0); /* nor beside a running server */
    expect_i(end_quiet(pid), 0);
    unsigned was = port; /* nor beside one that was told to listen elsewhere */
    port = free_port();
    char at[64];
    (void)snprintf(at, sizeof at, "127.0.0.1:%u", port);
    pid = start(T, (const char *[]){ "run", "--data", "d", "--listen", at, NULL });
    (void)await_answer(T);
    struct ran beside = run(T, "doctor", "--data", "d");
    expect(beside.code == 0 && says(beside.out, at));
    expect_i(end_quiet(pid), 0);
    port = was;
}

/* The doctor's finding on a check, as JSON; "" when it has none that is bad. */
static void expect_bad(struct T *T, const char *check, const char *what, const char *remedy)
{
    struct ran r = run(T, "doctor", "--data", "d", "--json");
    const struct json *all;
    expect_ok(json_parse(T->arena, str_trim(str_sub(r.out, 0, r.out.n - 1)), &all, NULL));
    const struct json *f = json_get(all, S("findings"));
    bool found = false;
    for (u32 i = 0; f && i < f->n; i++)
        found |= str_eq_z(json_str_or(json_get(&f->at[i], S("check")), S("")), check) &&
                 str_eq(json_str_or(json_get(&f->at[i], S("verdict")), S("")), S("bad")) &&
                 says(json_str_or(json_get(&f->at[i], S("what")), S("")), what) &&
                 says(json_str_or(json_get(&f->at[i], S("remedy")), S("")), remedy);
    if (!found || r.code != CLI_FAILED)
        test_failed(__FILE__, __LINE__, "no bad finding \"%s\" on %s in " STR_FMT, what, check,
                    STR_ARG(r.out));
}

static void replace_config(struct T *T, const char *from, const char *to)
{
    str conf;
    const char *path = in_dir(T, "d/outwork.conf");
    expect_ok(os_read_file(T->arena, path, 1 << 16, &conf));
    ptrdiff_t at = str_find(conf, str_from(from));
    expect(at >= 0);
    str rest = str_sub(conf, (size_t)at + strlen(from), conf.n);
    expect_ok(os_write_file(
        path, str_fmt(T->arena, STR_FMT "%s" STR_FMT, (int)at, conf.p, to, STR_ARG(rest)), 0600));
}

TEST(doctor_finds_planted_faults_and_names_the_remedy)
{
    init(T);
    expect(chmod(in_dir(T, "d"), 0755) == 0);
    expect_bad(T, "permissions", "open to other users", "chmod go-rwx");
    expect(chmod(in_dir(T, "d"), 0700) == 0 && chmod(in_dir(T, "d/vault/vault.sealed"), 0640) == 0);
    expect_bad(T, "permissions", "vault.sealed", "chmod go-rwx");
    expect(chmod(in_dir(T, "d/vault/vault.sealed"), 0600) == 0);
    replace_config(T, "host = office.test, localhost", "host = renamed.test");
    expect_bad(T, "certificate", "not for renamed.test", "outwork cert renew");
    struct ran r = run(T, "cert", "renew", "--data", "d"); /* beyond what the authority may sign */
    expect(r.code == CLI_FAILED && says(r.err, "made for others"));
    replace_config(T, "host = renamed.test", "host = office.test, sub.office.test");
    expect_bad(T, "certificate", "not for sub.office.test", "outwork cert renew");
    expect_i(run(T, "cert", "renew", "--data", "d").code, 0);
    expect_i(run(T, "doctor", "--data", "d").code, 0);
    expect_ok(os_write_file(in_dir(T, "d/bad.cedar"), S(""), 0600));
    expect_bad(T, "policies", "bad.cedar:1: no", "put the file right");
    expect(unlink(in_dir(T, "d/bad.cedar")) == 0);
    expect(rename(in_dir(T, "d/root.key"), in_dir(T, "key")) == 0);
    expect_bad(T, "root_key", "cannot be read", "root_key");
    expect_bad(T, "vault", "cannot be read", "backup");
    expect(rename(in_dir(T, "key"), in_dir(T, "d/root.key")) == 0);
    expect(rename(in_dir(T, "d/tls/cert.pem"), in_dir(T, "cert")) == 0);
    expect_bad(T, "certificate", "cert.pem is missing", "outwork cert renew");
    expect(rename(in_dir(T, "d/tls/ca.pem"), in_dir(T, "d/tls/cert.pem")) == 0 &&
           rename(in_dir(T, "cert"), in_dir(T, "d/tls/ca.pem")) == 0);
    expect_bad(T, "certificate", "not made by this office", "outwork cert renew");
}

TEST(doctor_sees_a_port_that_somebody_else_has)
{
    init(T);
    struct sockaddr_in in = { .sin_family = AF_INET,
                              .sin_addr = { htonl(INADDR_LOOPBACK) },
                              .sin_port = htons((u16)port) };
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    expect(bind(fd, (struct sockaddr *)(void *)&in, sizeof in) == 0 && listen(fd, 1) == 0);
    expect_bad(T, "ports", "in use by another program", "ss -ltnp");
    os_close(fd);
}

TEST(doctor_says_when_there_is_no_landlock)
{
    init(T);
    expect(setenv("OUTWORK_LANDLOCK_ABI", "0", 1) == 0);
    struct ran r = run(T, "doctor", "--data", "d");
    expect(r.code == 0 && says(r.out, "offers no Landlock"));
}

TEST(doctor_sees_a_clock_that_went_back)
{
    init(T);
    struct timespec future[2] = { { .tv_sec = time(NULL) + 7200 },
                                  { .tv_sec = time(NULL) + 7200 } };
    expect(utimensat(AT_FDCWD, in_dir(T, "d/vault/vault.sealed"), future, 0) == 0);
    expect_bad(T, "clock", "behind what was written", "set the clock right");
}

/* ---- trust ---- */

/* Whether the browsers' database of this HOME lists the authority as trusted for servers. */
static bool listed(struct T *T)
{
    int out[2];
    char text[4096];
    expect(pipe2(out, O_CLOEXEC) == 0);
    pid_t pid = fork();
    if (pid == 0) {
        (void)dup2(out[1], STDOUT_FILENO);
        (void)execlp("certutil", "certutil", "-L", "-d",
                     str_fmt(T->arena, "sql:%s/.pki/nssdb", T->dir).p, NULL);
        _exit(127);
    }
    os_close(out[1]);
    size_t n = 0;
    for (ssize_t got; (got = read(out[0], text + n, sizeof text - n)) > 0;)
        n += (size_t)got;
    os_close(out[0]);
    expect(waitpid(pid, NULL, 0) == pid);
    str rest = { text, n };
    for (str line; rest.n;) {
        line = str_trim(str_cut(&rest, '\n'));
        if (str_starts(line, S("Outwork (office.test) ")))
            return str_ends(line, S("C,,"));
    }
    return false;
}

TEST(trust_puts_the_authority_into_a_browser_s_database)
{
    if (access("/usr/bin/certutil", X_OK) != 0)
        test_skip("certutil is not installed");
    init(T);
    expect(setenv("HOME", T->dir, 1) == 0);
    expect_ok(os_mkdir(in_dir(T, ".mozilla/firefox/x.default"), 0700));
    struct ran r = run(T, "trust", "--data", "d");
    expect_i(r.code, 0);
    expect(says(r.out, ".pki/nssdb") && says(r.out, "Firefox") && says(r.out, "Windows"));
    expect(listed(T));
    expect_i(run(T, "trust", "--data", "d").code, 0); /* twice is as once */
    expect(listed(T));
    expect_i(run(T, "trust", "--data", "d", "--remove").code, 0);
    expect(!listed(T));
}

TEST(a_link_brings_back_who_is_locked_out_while_nobody_serves)
{
    init(T);
    struct ran r = run(T, "link", "security.admin", "--data", "d");
    expect_i(r.code, 0);
    expect(says(r.out, "https://office.test/join#again"));
    r = run(T, "link", "nobody", "--data", "d");
    expect_i(r.code, 1);
    expect(says(r.err, "nobody here signs in as \"nobody\""));
    expect(run(T, "link", "--data", "d").code == 2);
}
