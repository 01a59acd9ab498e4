/* SPDX-License-Identifier: Apache-2.0 */
/* The layers. The table in docs/architecture.md is the law: a row "| src/http | base wire loop | …
 * |" says what files of that folder may include. Rows stand from the bottom up, so that a folder
 * allows only folders above it in the table and no cycle can be written down. A module sees another
 * module's one header, and only if its model says that it uses it. */
#include "tools/tidy/tidy.h"

struct layer { str name, allowed; u32 line; };
typedef VEC(struct layer) layer_vec;

static str cell(str *row)
{
    str c = str_cut(row, '|');
    return str_trim(c);
}

static bool has_word(str list, str word)
{
    while (list.p) {
        str w = str_cut(&list, ' ');
        if (w.n && str_eq(w, word))
            return true;
    }
    return false;
}

static const struct layer *layer_named(const layer_vec *layers, str name)
{
    for (size_t i = 0; i < layers->n; i++)
        if (str_eq(layers->at[i].name, name))
            return &layers->at[i];
    return NULL;
}

static void read_table(struct tidy *t, struct file *doc, layer_vec *ret)
{
    str rest = doc->text, row;
    u32 line = 0;
    while (next_line(&rest, &row, &line)) {
        if (!str_starts(row, S("| src/")))
            continue;
        (void)cell(&row);
        str folder = cell(&row);
        struct layer l = { .name = str_sub(folder, 4, folder.n),
                           .allowed = cell(&row),
                           .line = line };
        for (str list = l.allowed; list.p;) {
            str w = str_cut(&list, ' ');
            if (w.n && !layer_named(ret, w))
                report(t, doc, line, R_LAYERS,
                       "src/" STR_FMT " may include " STR_FMT ", which does not stand above it",
                       STR_ARG(l.name), STR_ARG(w));
        }
        *vec_push(ret, t->a) = l;
    }
}

/* "uses a b" in the module's model. */
static bool module_uses(struct tidy *t, str module, str other)
{
    SCRATCH(s);
    str path =
        str_fmt(s.a, "src/app/" STR_FMT "/" STR_FMT ".model", STR_ARG(module), STR_ARG(module));
    struct file *model = tidy_file(t, path.p);
    str rest = model ? model->text : S(""), line;
    u32 n = 0;
    while (next_line(&rest, &line, &n))
        if (str_starts(line, S("uses ")) && has_word(str_sub(line, 5, line.n), other))
            return true;
    return false;
}

/* A folder without a model is no module: the demo's loader fills them all. */
static bool has_model(struct tidy *t, str module)
{
    SCRATCH(s);
    return tidy_exists(
        t,
        str_fmt(s.a, "src/app/" STR_FMT "/" STR_FMT ".model", STR_ARG(module), STR_ARG(module)).p);
}

/* path is app/MODULE/file.h, seen from a file of src/app/. */
static const char *module_fault(struct tidy *t, const struct file *f, str path)
{
    str from = str_sub(str_from(f->path), 8, (size_t)-1), to = str_sub(path, 4, path.n);
    str module = str_cut(&from, '/'), other = str_cut(&to, '/');
    if (!from.p || !to.p || str_eq(module, other))
        return NULL;    /* modules.c knows all; files of one module know each other */
    SCRATCH(s);
    if (!str_eq(to, str_fmt(s.a, STR_FMT ".h", STR_ARG(other))))
        return "another module shows its one header only";
    return !has_model(t, module) || module_uses(t, module, other)
               ? NULL
               : "the model does not say that it uses that module";
}

static const char *include_fault(struct tidy *t, const layer_vec *layers, struct file *f, str path)
{
    str rest = path, own = str_sub(str_from(f->path), 4, (size_t)-1);
    str target = str_cut(&rest, '/'), folder = str_cut(&own, '/');
    const struct layer *l = layer_named(layers, folder);
    if (!rest.p)
        return "name the folder too: \"base/arena.h\"";
    if (str_eq_z(folder, "app") && path_is_test(f))
        return NULL;    /* modules' tests go through the whole stack */
    if (!l)
        return "the folder does not stand in the table of docs/architecture.md";
    if (str_eq_z(target, "test"))
        return path_is_test(f) ? NULL : "only tests include test/";
    if (str_eq_z(target, "gen"))
        return has_word(S("core app main"), folder) || path_is_test(f)
                   ? NULL
                   : "only core, app and main see generated code";
    if (!str_eq(target, folder) && !has_word(l->allowed, target))
        return "docs/architecture.md does not allow it";
    return str_eq_z(folder, "app") && str_eq_z(target, "app") ? module_fault(t, f, path) : NULL;
}

static void check_includes(struct tidy *t, const layer_vec *layers, struct file *f)
{
    for (size_t i = 2; i < f->toks.n; i++) {
        struct tok *k = &f->toks.at[i];
        if (!k->pp || k->kind != TOK_STRING || !str_eq_z(f->toks.at[i - 1].s, "include"))
            continue;
        str path = str_sub(k->s, 1, k->s.n - 1);
        const char *fault = include_fault(t, layers, f, path);
        if (fault)
            report(t, f, k->line, R_LAYERS, "#include \"" STR_FMT "\": %s", STR_ARG(path), fault);
    }
}

void rules_layers(struct tidy *t)
{
    layer_vec layers = { 0 };
    struct file *doc = tidy_file(t, "docs/architecture.md");
    if (!doc)
        return report(t, NULL, 0, R_LAYERS, "docs/architecture.md is not there");
    read_table(t, doc, &layers);
    for (size_t i = 0; i < t->files.n; i++)
        if (t->files.at[i].is_c && path_has(&t->files.at[i], "src/"))
            check_includes(t, &layers, &t->files.at[i]);
}
