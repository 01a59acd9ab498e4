/* SPDX-License-Identifier: Apache-2.0 */
/* gen [--only a,b] [--golden FOLDER | --check FOLDER] OUT MODEL…
 * Reads the models and writes OUT/gen/…; openapi.json and api.ts go to OUT/api/. --golden copies
 * these two to FOLDER, --check compares them with it and fails when they differ. Files that would
 * not change are left alone, so that make builds only what depends on a change. Ends with 1 when
 * there was a fault; then nothing was written. */
#include <stdio.h>
#include <string.h>

#include "base/os.h"
#include "load.h"

struct options {
    str only;
    const char *golden, *check, *out;
};

static bool write_file(struct gen *g, str path, str text)
{
    str old, dir = path;
    char *z = str_z(g->a, path);
    if (!os_read_file(g->a, z, GEN_FILE_MAX, &old) && str_eq(old, text))
        return true;
    while (dir.n && dir.p[dir.n - 1] != '/')
        dir.n--;
    err e = os_mkdir(str_z(g->a, str_sub(dir, 0, dir.n ? dir.n - 1 : 0)), 0755);
    if (!e)
        e = os_write_file(z, text, 0644);
    if (e)
        fprintf(stderr, "%s: cannot be written: %s\n", z, os_err_text());
    return !e;
}

static bool is_api(str path)
{
    return str_starts(path, S("api/"));
}

static bool compare(struct gen *g, const char *folder, const struct output *o)
{
    str path = str_fmt(g->a, "%s/" STR_FMT, folder, STR_ARG(str_sub(o->path, 4, o->path.n))), old;
    if (!os_read_file(g->a, path.p, GEN_FILE_MAX, &old) && str_eq(old, o->text))
        return true;
    fprintf(stderr,
            "%s: the API is another one than the models say: look at the difference, then `make "
            "golden`\n",
            path.p);
    return false;
}

static bool write_all(struct gen *g, const struct options *opt)
{
    bool ok = true;
    for (size_t i = 0; i < g->outputs.n; i++) {
        const struct output *o = &g->outputs.at[i];
        if (opt->check)
            ok = (!is_api(o->path) || compare(g, opt->check, o)) && ok;
        else
            ok = write_file(g, str_fmt(g->a, "%s/" STR_FMT, opt->out, STR_ARG(o->path)), o->text) &&
                 ok;
        if (opt->golden && is_api(o->path))
            ok = write_file(g,
                            str_fmt(g->a, "%s/" STR_FMT, opt->golden,
                                    STR_ARG(str_sub(o->path, 4, o->path.n))),
                            o->text) &&
                 ok;
    }
    return ok;
}

/* Whether the model's file is one of --only. */
static bool chosen(const struct options *opt, const char *model)
{
    str name = str_from(model);
    for (size_t i = name.n; i-- > 0;)
        if (name.p[i] == '/') {
            name = str_sub(name, i + 1, name.n);
            break;
        }
    if (str_ends(name, S(".model")))
        name.n -= 6;
    for (str rest = opt->only; rest.p && opt->only.n;)
        if (str_eq(str_cut(&rest, ','), name))
            return true;
    return !opt->only.n;
}

int main(int argc, char **argv)
{
    struct gen g = { .a = arena_new("gen", (size_t)1 << 30) };
    struct options opt = { 0 };
    int at = 1, status = 1;
    for (; at + 1 < argc && argv[at][0] == '-'; at += 2) {
        if (!strcmp(argv[at], "--only"))
            opt.only = str_from(argv[at + 1]);
        else if (!strcmp(argv[at], "--golden"))
            opt.golden = argv[at + 1];
        else if (!strcmp(argv[at], "--check"))
            opt.check = argv[at + 1];
    }
    if (at >= argc) {
        fprintf(stderr, "usage: gen [--only a,b] [--golden FOLDER | --check FOLDER]"
                        " OUT MODEL…\n");
        arena_free(g.a);
        return 2;
    }
    opt.out = argv[at++];
    for (; at < argc; at++)
        if (chosen(&opt, argv[at]))
            gen_read(&g, argv[at]);
    gen_make(&g);
    if (g.faults_n) {
        struct buf b = buf_in(g.a, GEN_FILE_MAX);
        gen_print_faults(&g, &b);
        fwrite(b.p, 1, b.n, stderr);
    } else {
        status = write_all(&g, &opt) ? 0 : 1;
    }
    arena_free(g.a);
    return status;
}
