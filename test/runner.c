/* SPDX-License-Identifier: Apache-2.0 */
/* The test runner: forks for each test (-j at a time), gives it a folder and a deadline, collects
 * what it printed, and ends with one plain line, "N passed, N failed, N skipped". Arguments are
 * substrings of names to run. */
#include "test/test.h"

#include <dirent.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/os.h"
#include "base/rng.h"

enum { DEADLINE_S = 120, EXIT_SKIP = 77, JOBS_MAX = 16 };

struct job { pid_t pid; const struct test_row *row; FILE *out; char dir[64]; usec began; };

static u64 seed;

void test_failed(const char *file, int line, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    fprintf(stdout, "  %s:%d: ", file, line);
    vfprintf(stdout, fmt, ap);
    fprintf(stdout, "\n");
    va_end(ap);
    fflush(stdout);
    _exit(1);
}

void test_skip(const char *why)
{
    fprintf(stdout, "  %s\n", why);
    fflush(stdout);
    _exit(EXIT_SKIP);
}

static void child(struct job *j)
{
    (void)dup2(fileno(j->out), STDOUT_FILENO);
    (void)dup2(fileno(j->out), STDERR_FILENO);
    (void)alarm(DEADLINE_S);
    struct T T = { .name = j->row->name,
                   .arena = arena_new("test", (size_t)1 << 30),
                   .seed = seed };
    memcpy(T.dir, j->dir, sizeof T.dir);
    j->row->fn(&T);
    arena_free(T.arena);
    scratch_thread_end();
    if (arena_live() != 0)
        test_failed(j->row->file, 0, "%zu bytes of arenas are still held at the end", arena_live());
    fflush(stdout);
    exit(0); /* not _exit: the leak checker looks at exit */
}

static void start(struct job *j, const struct test_row *row)
{
    *j = (struct job){
        .row = row, .out = tmpfile(), .dir = "/tmp/outwork-test-XXXXXX", .began = os_mono()
    };
    must(j->out && mkdtemp(j->dir));
    fflush(stdout);
    j->pid = fork();
    must(j->pid >= 0);
    if (j->pid == 0)
        child(j);
}

static int remove_one(const char *path, UNUSED const struct stat *st, UNUSED int flag,
                      UNUSED struct FTW *at)
{
    return remove(path);
}

static void finish(struct job *j, int status, size_t counts[3])
{
    int code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    int verdict = code == 0 ? 0 : code == EXIT_SKIP ? 2 : 1;
    static const char *const words[] = { "ok  ", "FAIL", "skip" };
    usec took = os_mono() - j->began;
    counts[verdict]++;
    if (verdict || getenv("VERBOSE") || took > 5 * USEC_S)
        printf("%s %s (%s, %.1f s)\n", words[verdict], j->row->name, j->row->file,
               (double)took / 1e6);
    if (verdict == 1 && WIFSIGNALED(status))
        printf("  ended by signal %d%s\n", WTERMSIG(status),
               WTERMSIG(status) == SIGALRM ? " (deadline)" : "");
    if (verdict || getenv("VERBOSE")) {
        char text[4096];
        rewind(j->out);
        for (size_t n; (n = fread(text, 1, sizeof text, j->out)) > 0;)
            fwrite(text, 1, n, stdout);
    }
    if (verdict == 1)
        printf("  seed %llu\n", (unsigned long long)seed);
    fclose(j->out);
    (void)nftw(j->dir, remove_one, 16, FTW_DEPTH | FTW_PHYS);
    j->pid = 0;
}

static void reap(struct job *jobs, size_t n, size_t counts[3])
{
    int status;
    pid_t pid = wait(&status);
    for (size_t i = 0; i < n; i++)
        if (jobs[i].pid == pid && pid > 0)
            finish(&jobs[i], status, counts);
}

/* OUTWORK_MEM=poison|uaf: the whole suite under another memory mode (make deep). */
static void set_memory_mode(void)
{
    const char *mode = getenv("OUTWORK_MEM");
    if (!mode)
        return;
    must(!strcmp(mode, "poison") || !strcmp(mode, "uaf"));
    mem_mode_set(!strcmp(mode, "uaf") ? MEM_UAF : MEM_POISON);
}

static bool wanted(const char *name, char **filters, int n)
{
    for (int i = 0; i < n; i++)
        if (strstr(name, filters[i]))
            return true;
    return n == 0;
}

static struct job *free_job(struct job *jobs, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (!jobs[i].pid)
            return &jobs[i];
    return NULL;
}

int main(int argc, char **argv)
{
    struct job jobs[JOBS_MAX] = { 0 };
    size_t counts[3] = { 0 }, n_jobs = (size_t)MIN(os_cores(), (int)JOBS_MAX);
    int at = 1;
    set_memory_mode();
    seed = rng_u64();
    for (; at + 1 < argc && argv[at][0] == '-'; at += 2) {
        if (!strcmp(argv[at], "--seed"))
            IGNORE(str_u64(str_from(argv[at + 1]), &seed));
        else if (!strcmp(argv[at], "-j"))
            n_jobs = (size_t)MAX(1, MIN(strtol(argv[at + 1], NULL, 10), (long)JOBS_MAX));
    }
    for (size_t i = 0; i < test_rows_n; i++) {
        if (!wanted(test_rows[i].name, argv + at, argc - at))
            continue;
        struct job *j;
        while (!(j = free_job(jobs, n_jobs)))
            reap(jobs, n_jobs, counts);
        start(j, &test_rows[i]);
    }
    for (size_t i = 0; i < n_jobs; i++)
        while (jobs[i].pid)
            reap(jobs, n_jobs, counts);
    printf("%zu passed, %zu failed, %zu skipped\n", counts[0], counts[1], counts[2]);
    return counts[1] || counts[0] + counts[2] == 0;
}
