/* SPDX-License-Identifier: Apache-2.0 */
/* The official corpus, where it is present: OUTWORK_CEDAR_CORPUS names its folder or its archive;
 * else the archive is looked for beside the project. The same policies are also taken from text to
 * JSON and back, and formatted twice. */
#include <dirent.h>
#include <fcntl.h>
#include <spawn.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/map.h"
#include "base/os.h"
#include "cedar/corpus.h"
#include "cedar/internal.h"
#include "test/test.h"

static const char archive[] = "../shared/corpus/cedar-corpus.tar.xz";

enum { TAR_BLOCK = 512, CORPUS_MAX = 512 << 20 };

/* ---- The files of the corpus: by name, from a folder or from the archive unpacked in memory ----
 */

static void add_file(struct T *T, struct map *files, str name, str text)
{
    ptrdiff_t slash;
    while ((slash = str_find(name, S("/"))) >= 0)
        name = str_sub(name, (size_t)slash + 1, name.n);
    str *at = NEW(T->arena, str);
    *at = text;
    map_put(files, name, at);
}

static void read_folder(struct T *T, const char *dir, struct map *files)
{
    DIR *d = opendir(dir);
    expect(d != NULL);
    for (struct dirent *e; (e = readdir(d)) != NULL;) {
        str text, name = str_copy(T->arena, str_from(e->d_name));
        if (!str_ends(name, S(".cedar")) && !str_ends(name, S(".cedarschema")) &&
            !str_ends(name, S(".json")))
            continue;
        expect_ok(
            os_read_file(T->arena, str_fmt(T->arena, "%s/%s", dir, e->d_name).p, 64 << 20, &text));
        add_file(T, files, name, text);
    }
    (void)closedir(d);
}

static str decompress(struct T *T, const char *from)
{
    str tar = S(""), path = str_fmt(T->arena, "%s/corpus.tar", T->dir);
    char *const argv[] = { (char[]){ "xz" }, (char[]){ "-dc" }, str_z(T->arena, str_from(from)),
                           NULL };
    posix_spawn_file_actions_t acts;
    pid_t pid;
    int status = 1;
    expect(posix_spawn_file_actions_init(&acts) == 0);
    expect(posix_spawn_file_actions_addopen(&acts, STDOUT_FILENO, path.p, O_CREAT | O_WRONLY,
                                            0600) == 0);
    expect(posix_spawnp(&pid, "xz", &acts, NULL, argv, environ) == 0);
    (void)posix_spawn_file_actions_destroy(&acts);
    expect(waitpid(pid, &status, 0) == pid && status == 0);
    expect_ok(os_read_file(T->arena, path.p, CORPUS_MAX, &tar));
    return tar;
}

/* Plain files of a tar archive: a header of one block (name at 0, size in octal at 124, type at
 * 156), then the bytes, padded to whole blocks. */
static void read_tar(struct T *T, str tar, struct map *files)
{
    for (size_t at = 0; at + TAR_BLOCK <= tar.n && tar.p[at];) {
        const char *head = tar.p + at;
        str name = { head, strnlen(head, 100) };
        size_t size = 0;
        for (int i = 124; i < 136 && head[i] >= '0' && head[i] <= '7'; i++)
            size = size * 8 + (size_t)(head[i] - '0');
        at += TAR_BLOCK;
        expect(size <= tar.n - at);
        if (head[156] == '0' || head[156] == 0)
            add_file(T, files, name, str_sub(tar, at, at + size));
        at += (size + TAR_BLOCK - 1) / TAR_BLOCK * TAR_BLOCK;
    }
}

static struct map corpus_files(struct T *T)
{
    struct map files = map_in(T->arena);
    const char *from = getenv("OUTWORK_CEDAR_CORPUS");
    if (!from)
        from = archive;
    if (!os_exists(from))
        test_skip("the corpus is not here (OUTWORK_CEDAR_CORPUS names its folder or archive)");
    if (str_ends(str_from(from), S(".tar.xz")))
        read_tar(T, decompress(T, from), &files);
    else
        read_folder(T, from, &files);
    return files;
}

static str file(struct T *T, const struct map *files, str id, const char *suffix)
{
    const str *text = map_get(files, str_fmt(T->arena, STR_FMT "%s", STR_ARG(id), suffix));
    if (!text)
        test_failed(__FILE__, __LINE__, STR_FMT "%s is missing", STR_ARG(id), suffix);
    return *text;
}

/* ---- What is asked of each ---- */

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
    if (json_parse_deep(a, json, JSON_DEEP_MAX, &v, NULL) != E_NONE ||
        cedar_policies_json(a, v, &f, &q) != E_NONE)
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

TEST(the_official_corpus_agrees_in_every_field)
{
    struct map files = corpus_files(T);
    struct arena *a = arena_new("corpus", (size_t)1 << 30);
    struct buf out = buf_in(T->arena, 1 << 20);
    size_t failed = 0, n = 0;
    for (size_t i = 0; i < files.n; i++) {
        str name = files.entries[i].key, id = str_sub(name, 0, name.n - MIN(name.n, 6u));
        if (!str_ends(name, S(".cedar")))
            continue;
        struct cedar_corpus_texts t = {
            .policies = file(T, &files, id, ".cedar"),
            .schema = file(T, &files, id, ".cedarschema"),
            .entities = file(T, &files, id, ".entities.json"),
            .test = file(T, &files, id, ".json"),
        };
        n++;
        failed += !cedar_corpus_run(a, id, &t, &out);
        round_trip(a, id, t.policies);
        format_twice(a, t.policies, 80);
        format_twice(a, t.policies, 30);
        arena_reset(a);
    }
    arena_free(a);
    expect(n > 0);
    if (failed)
        test_failed(__FILE__, __LINE__, "%zu of %zu disagree:\n" STR_FMT, failed, n,
                    STR_ARG(buf_str(&out)));
    (void)printf("corpus: %zu tests agree\n", n);
}
