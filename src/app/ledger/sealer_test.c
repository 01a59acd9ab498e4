/* SPDX-License-Identifier: Apache-2.0 */
/* The sealer when the disk fails at every point, and when somebody puts an older ledger back: no
 * leaf is lost or doubled, and nothing is signed that does not continue what was signed. */
#include <ftw.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "app/testkit/testkit.h"
#include "test/pg.h"

enum { POINTS_MAX = 64 };

static void post_some(struct visitor *v, str channel, int n)
{
    const char *path = str_fmt(v->app->a, "/api/channels/" STR_FMT "/messages", STR_ARG(channel)).p;
    for (int i = 0; i < n; i++)
        expect_status(post(v, path, "{\"text\":\"x\"}"), 200);
}

static str channel_of(struct visitor *v)
{
    struct got g = post(v, "/api/channels", "{\"kind\":\"public\",\"name\":\"General\"}");
    expect_status(g, 200);
    return field(&g, "id");
}

static void fail_everywhere(struct T *T, bool persistent)
{
    struct app *app = app_new(T);
    struct tlog_finding f;
    app_person(app, "chen", "Chen Wei", "member");
    struct visitor *v = visit(app, "chen");
    str channel = channel_of(v);
    size_t posted = 0;
    bool hit = true;
    for (u32 n = 1; hit && n <= POINTS_MAX; n++) {
        size_t sealed;
        int some = n % 7 == 0 ? 60 : 3; /* now and then a bundle fills */
        post_some(v, channel, some);
        posted += (size_t)some;
        fault_arm(FAULT_DISK, n, persistent);
        err e = sealer_once(app->sealer, &sealed);
        hit = fault_disarm();
        expect(e == E_NONE || hit);
        if (n % 2)
            app_sealer_again(app);
        else if (n % 5 == 0)
            app_restart(app);
        (void)app_seal(app);
        expect_ok(app_audit(app, &f));
        expect_i(app_leaves(app, "message.posted"), posted);
    }
    expect(!hit);
    app_check_store(app);
    app_end(app);
}

TEST(I_16_a_disk_that_fails_once_at_any_point_of_sealing_loses_no_leaf)
{
    fail_everywhere(T, false);
}

TEST(I_16_a_disk_that_fails_from_any_point_of_sealing_on_loses_no_leaf)
{
    fail_everywhere(T, true);
}

static void shell(const char *command)
{
    int status = -1;
    pid_t pid = fork();
    must(pid >= 0);
    if (pid == 0) {
        (void)execl("/bin/sh", "sh", "-c", command, (char *)NULL);
        _exit(127);
    }
    must(waitpid(pid, &status, 0) == pid && status == 0);
}

TEST(I_16_an_older_ledger_put_back_is_not_signed_again)
{
    struct app *app = app_new(T);
    app_person(app, "chen", "Chen Wei", "member");
    struct visitor *v = visit(app, "chen");
    str channel = channel_of(v);
    post_some(v, channel, 3);
    (void)app_seal(app);
    app_end(app);
    shell(str_fmt(T->arena, "cd '%s' && mkdir old && cp -r ledger old/", T->dir).p);
    test_store_keep(T, "outwork.db");
    app_begin(app);
    post_some(v, channel, 3);
    u64 size = app_seal(app);
    app->broken = true;
    app_end(app);

    shell(str_fmt(T->arena, "cd '%s' && rm -r ledger && cp -r old/* .", T->dir).p);
    test_store_back(T, "outwork.db");
    app_begin(app);
    post_some(v, channel, 1);
    size_t n;
    expect_err(sealer_once(app->sealer, &n), E_CONFLICT);
    post_some(v, channel, (int)size); /* longer, but another history */
    expect_err(sealer_once(app->sealer, &n), E_CONFLICT);
    app_end(app);
}

TEST(I_16_tiles_that_are_not_what_was_sealed_stop_the_sealer)
{
    struct app *app = app_new(T);
    app_person(app, "chen", "Chen Wei", "member");
    struct visitor *v = visit(app, "chen");
    str channel = channel_of(v), why = { 0 };
    post_some(v, channel, 5);
    u64 size = app_seal(app);
    str path = str_fmt(T->arena, STR_FMT "/ledger/tile/0/000.p/%llu", STR_ARG(app->data),
                       (unsigned long long)size),
        bytes;
    expect_ok(os_read_file(T->arena, path.p, 1 << 20, &bytes));
    char *changed = str_z(T->arena, bytes);
    changed[40] ^= 1;
    expect_ok(os_write_file(path.p, (str){ changed, bytes.n }, 0600));
    struct sealer *s = NULL;
    const struct sealer_options o = { .office = app->office, .db = app->sealer_db };
    expect_err(sealer_new(T->arena, &o, &s, &why), E_CORRUPT);
    expect(why.n > 20 && !s);
    app->broken = true;
    app_end(app);
}

static usec later;

static usec later_mono(void)
{
    struct timespec t;
    must(clock_gettime(CLOCK_MONOTONIC, &t) == 0);
    return (usec)t.tv_sec * USEC_S + t.tv_nsec / 1000 + later;
}

static int files;

static int count_file(UNUSED const char *path, UNUSED const struct stat *st, int kind,
                      UNUSED struct FTW *at)
{
    files += kind == FTW_F;
    return 0;
}

static int tiles_of(struct app *app)
{
    files = 0;
    str dir = str_fmt(app->a, STR_FMT "/ledger/tile", STR_ARG(app->data));
    must(nftw(dir.p, count_file, 16, FTW_PHYS) == 0);
    return files;
}

/* Sealed often and a little at a time, a ledger would otherwise hold each bundle in up to 256
 * versions. */
TEST(I_16_what_larger_tiles_replaced_goes_and_the_ledger_still_agrees)
{
    struct app *app = app_new(T);
    struct tlog_finding f;
    os.mono = later_mono;
    app_person(app, "chen", "Chen Wei", "member");
    struct visitor *v = visit(app, "chen");
    str channel = channel_of(v);
    for (int i = 0; i < 70; i++) {
        post_some(v, channel, 6);
        (void)app_seal(app);
    }
    expect(tiles_of(app) > 100); /* readers by an earlier head may still need them */
    later = 2 * USEC_MIN;
    post_some(v, channel, 1);
    (void)app_seal(app);
    expect(tiles_of(app) <= 10);
    expect_ok(app_audit(app, &f));
    expect_status(get(v, "/api/ledger/leaves/%d", 3), 200);
    app_sealer_again(app);
    post_some(v, channel, 1);
    (void)app_seal(app);
    expect_ok(app_audit(app, &f));
    app_end(app);
}
