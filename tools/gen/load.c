/* SPDX-License-Identifier: Apache-2.0 */
/* Reads one module's folder and runs the generator's steps in order; shared by the program, its
 * tests and its fuzzer. */
#include "tools/gen/load.h"

#include <dirent.h>

#include "base/os.h"

static bool read_file(struct gen *g, const char *path, str *ret)
{
    err e = os_read_file(g->a, path, GEN_FILE_MAX, ret);
    if (e && e != E_NOT_FOUND)
        bad(g, line_at(str_copy(g->a, str_from(path)), 0), "cannot be read: @", z(err_text(e)));
    return e == E_NONE;
}

static bool migration_name(str name)
{
    if (name.n != 7 || !str_ends(name, S(".sql")))
        return false;
    for (size_t i = 0; i < 3; i++)
        if (name.p[i] < '0' || name.p[i] > '9')
            return false;
    return true;
}

static void read_schema(struct gen *g, struct module *m, str dir)
{
    struct names files = { 0 };
    DIR *d = opendir(text(g, "@/schema", dir).p);
    for (struct dirent *e; d && (e = readdir(d));) {
        str name = str_copy(g->a, str_from(e->d_name));
        if (migration_name(name))
            *vec_push(&files, g->a) = name;
        else if (str_ends(name, S(".sql")))
            bad(g, line_at(text(g, "@/schema/@", dir, name), 0),
                "a migration's name is three digits and .sql");
    }
    if (d)
        (void)closedir(d);
    for (size_t i = 1; i < files.n; i++)
        for (size_t k = i; k > 0 && str_cmp(files.at[k - 1], files.at[k]) > 0; k--) {
            str swap = files.at[k];
            files.at[k] = files.at[k - 1];
            files.at[k - 1] = swap;
        }
    for (size_t i = 0; i < files.n; i++) {
        str path = text(g, "@/schema/@", dir, files.at[i]), text;
        if (read_file(g, path.p, &text))
            migration_add(g, m, path, str_sub(files.at[i], 0, 3), text);
    }
}

void gen_read(struct gen *g, const char *model)
{
    str path = str_copy(g->a, str_from(model)), dir = path, text;
    if (!read_file(g, model, &text)) {
        bad(g, line_at(path, 0), "there is no such model");
        return;
    }
    while (dir.n && dir.p[dir.n - 1] != '/')
        dir.n--;
    dir = dir.n ? str_sub(dir, 0, dir.n - 1) : S(".");
    struct module *m = model_parse(g, path, text);
    *vec_push(&g->modules, g->a) = m;
    read_schema(g, m, dir);
    str queries = text(g, "@/queries.sql", dir);
    if (read_file(g, queries.p, &text))
        queries_parse(g, m, queries, text);
}

void gen_make(struct gen *g)
{
    if (!g->faults_n)
        gen_link(g);
    if (!g->faults_n)
        gen_check_sql(g);
    if (g->faults_n)
        return;
    out_c(g);
    out_openapi(g);
    out_ts(g);
}
