/* SPDX-License-Identifier: Apache-2.0 */
/* The official corpus, where it is present: OUTWORK_CEDAR_CORPUS names its folder or its archive;
 * else the archive is looked for beside the project. The same policies are also taken from text to
 * JSON and back, and formatted twice. */
#include <dirent.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/os.h"
#include "base/vec.h"
#include "cedar/corpus.h"
#include "cedar/internal.h"
#include "test/test.h"

static const char archive[] = "../shared/corpus/cedar-corpus.tar.xz";

static bool has_tests(const char *dir)
{
    DIR *d = opendir(dir);
    bool found = false;
    for (struct dirent *e; d && !found && (e = readdir(d)) != NULL;)
        found = str_ends(str_from(e->d_name), S(".cedar"));
    if (d)
        (void)closedir(d);
    return found;
}

static void unpack(const char *from, const char *to)
{
    char *const argv[] = { (char[]){ "tar" }, (char[]){ "-xJf" },    (char *)(uintptr_t)from,
                           (char[]){ "-C" },  (char *)(uintptr_t)to, NULL };
    pid_t pid;
    int status = 1;
    expect(posix_spawnp(&pid, "tar", NULL, NULL, argv, environ) == 0);
    expect(waitpid(pid, &status, 0) == pid && status == 0);
}

/* The folder that holds the tests, unpacked into the test's own folder when it is an archive. */
static const char *corpus_dir(struct T *T)
{
    const char *from = getenv("OUTWORK_CEDAR_CORPUS");
    if (!from)
        from = archive;
    if (!os_exists(from))
        test_skip("the corpus is not here (OUTWORK_CEDAR_CORPUS names it)");
    if (has_tests(from))
        return from;
    if (!str_ends(str_from(from), S(".tar.xz")))
        test_skip("OUTWORK_CEDAR_CORPUS names no folder of tests and no .tar.xz");
    unpack(from, T->dir);
    DIR *d = opendir(T->dir);
    expect(d != NULL);
    for (struct dirent *e; (e = readdir(d)) != NULL;) {
        const char *sub = str_fmt(T->arena, "%s/%s", T->dir, e->d_name).p;
        if (e->d_name[0] != '.' && has_tests(sub)) {
            (void)closedir(d);
            return sub;
        }
    }
    test_failed(__FILE__, __LINE__, "the archive holds no folder of tests");
}

struct ids {
    str *at;
    size_t n, room;
};

static struct ids corpus_ids(struct T *T, const char *dir)
{
    struct ids ids = { 0 };
    DIR *d = opendir(dir);
    expect(d != NULL);
    for (struct dirent *e; (e = readdir(d)) != NULL;)
        if (str_ends(str_from(e->d_name), S(".cedar")))
            *vec_push(&ids, T->arena) =
                str_fmt(T->arena, STR_FMT, (int)str_from(e->d_name).n - 6, e->d_name);
    (void)closedir(d);
    return ids;
}

static str file(struct arena *a, const char *dir, str id, const char *suffix)
{
    str text = S("");
    expect_ok(os_read_file(a, str_fmt(a, "%s/" STR_FMT "%s", dir, STR_ARG(id), suffix).p, 64 << 20,
                           &text));
    return text;
}

static str to_json(struct arena *a, const struct cedar_policies *p)
{
    struct buf b = buf_in(a, 64 << 20);
    cedar_policies_put_json(&b, p);
    return buf_str(&b);
}

static void round_trip(struct arena *a, str id, str text)
{
    struct cedar_faults f;
    const struct cedar_policies *p, *q, *r;
    const struct json *v;
    struct buf back = buf_in(a, 64 << 20);
    cedar_faults_init(&f, a);
    expect_ok(cedar_parse(a, text, &f, &p));
    str json = to_json(a, p);
    if (json_parse(a, json, &v, NULL) == E_LIMIT)
        return; /* nested deeper than the JSON reader goes */
    if (json_parse(a, json, &v, NULL) != E_NONE || cedar_policies_json(a, v, &f, &q) != E_NONE)
        test_failed(__FILE__, __LINE__, STR_FMT ": " STR_FMT "\n" STR_FMT, STR_ARG(id),
                    STR_ARG(f.n ? f.at[0].text : S("no JSON")), STR_ARG(json));
    cedar_policies_put_text(&back, q);
    if (cedar_parse(a, buf_str(&back), &f, &r) != E_NONE)
        test_failed(__FILE__, __LINE__, STR_FMT ": " STR_FMT "\n" STR_FMT, STR_ARG(id),
                    STR_ARG(f.at[0].text), STR_ARG(buf_str(&back)));
    expect_s(to_json(a, q), json);
    expect_s(to_json(a, r), json);
}

static void format_twice(struct arena *a, str text, u32 width)
{
    struct cedar_faults f;
    const struct cedar_policies *p, *q;
    str once, twice;
    cedar_faults_init(&f, a);
    expect_ok(cedar_format(a, text, width, &f, &once));
    expect_ok(cedar_format(a, once, width, &f, &twice));
    expect_s(twice, once);
    expect_ok(cedar_parse(a, text, &f, &p));
    expect_ok(cedar_parse(a, once, &f, &q));
    expect_s(to_json(a, q), to_json(a, p));
}

static struct cedar_corpus_texts texts_of(struct arena *a, const char *dir, str id)
{
    return (struct cedar_corpus_texts){
        .policies = file(a, dir, id, ".cedar"),
        .schema = file(a, dir, id, ".cedarschema"),
        .entities = file(a, dir, id, ".entities.json"),
        .test = file(a, dir, id, ".json"),
    };
}

TEST(the_official_corpus_agrees_in_every_field)
{
    const char *dir = corpus_dir(T);
    struct ids ids = corpus_ids(T, dir);
    struct arena *a = arena_new("corpus", (size_t)1 << 30);
    struct buf out = buf_in(T->arena, 1 << 20);
    size_t failed = 0;
    expect(ids.n > 0);
    for (size_t i = 0; i < ids.n; i++) {
        struct cedar_corpus_texts t = texts_of(a, dir, ids.at[i]);
        failed += !cedar_corpus_run(a, ids.at[i], &t, &out);
        round_trip(a, ids.at[i], t.policies);
        format_twice(a, t.policies, 80);
        format_twice(a, t.policies, 30);
        arena_reset(a);
    }
    arena_free(a);
    if (failed)
        test_failed(__FILE__, __LINE__, "%zu of %zu disagree:\n" STR_FMT, failed, ids.n,
                    STR_ARG(buf_str(&out)));
    (void)printf("corpus: %zu tests agree\n", ids.n);
}
