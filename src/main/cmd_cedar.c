/* SPDX-License-Identifier: Apache-2.0 */
/* The command line of the policy language. Every input is a file; a policy file or a schema whose
 * first character is a brace is read as JSON. Nothing is written but to standard output; what is
 * wrong with an input is shown with its place on standard error and ends the program with 1. */
#include "main/cmd_cedar.h"

#include <dirent.h>

#include "base/map.h"
#include "base/os.h"
#include "base/vec.h"
#include "cedar/cedar.h"
#include "cedar/corpus.h"

enum { EXIT_OK = 0, EXIT_BAD = 1, EXIT_DENY = 2, EXIT_INVALID = 3 };
enum { OUTPUT_MAX = 256 << 20, FILE_MAX = 256 << 20 };

struct tool {
    struct arena *a;
    struct cedar_faults faults;
    const char *policies, *schema, *entities, *request, *context, *principal, *action, *resource;
    const char *direction, *width, *plain; /* plain: the argument that is no option */
    bool verbose, check;
};

static void print(FILE *to, str s) { (void)fwrite(s.p, 1, s.n, to); }

static int complain(const char *what, const char *detail)
{
    (void)fprintf(stderr, "outwork cedar: %s%s%s\n", what, *detail ? ": " : "", detail);
    return EXIT_BAD;
}

static bool load(struct tool *t, const char *path, str *ret)
{
    err e = os_read_file(t->a, path, FILE_MAX, ret);
    if (e != E_NONE)
        (void)complain(path, e == E_NOT_FOUND ? "no such file"
                             : e == E_LIMIT   ? "the file is too large"
                                              : "cannot be read");
    return e == E_NONE;
}

static void show_faults(struct tool *t, const char *name, str text)
{
    struct buf b = buf_in(t->a, 1 << 20);
    for (u32 i = 0; i < t->faults.n; i++)
        cedar_fault_put(&b, &t->faults.at[i], str_from(name), text);
    if (t->faults.errors > t->faults.n)
        buf_fmt(&b, "… and %u more\n", t->faults.errors - t->faults.n);
    print(stderr, buf_str(&b));
    t->faults.n = t->faults.errors = 0;
}

static bool is_json(str s)
{
    for (size_t i = 0; i < s.n; i++)
        if (s.p[i] != ' ' && s.p[i] != '\n' && s.p[i] != '\r' && s.p[i] != '\t')
            return s.p[i] == '{';
    return false;
}

static bool load_json(struct tool *t, const char *path, const struct json **ret)
{
    str text;
    size_t at = 0;
    if (!load(t, path, &text))
        return false;
    err e = json_parse_deep(t->a, text, JSON_DEEP_MAX, ret, &at);
    if (e == E_NONE)
        return true;
    cedar_fault_add(&t->faults,
                    (struct cedar_fault){ .at = (u32)at, .end = (u32)at + 1, .policy = -1 }, "%s",
                    e == E_LIMIT ? "the JSON is nested too deep or too large" : "not valid JSON");
    show_faults(t, path, text);
    return false;
}

static bool load_policies(struct tool *t, const char *path, const struct cedar_policies **ret,
                          str *ret_text)
{
    const struct json *v;
    err e;
    if (!path)
        return complain("--policies FILE is missing", "") == EXIT_OK;
    if (!load(t, path, ret_text))
        return false;
    if (is_json(*ret_text)) {
        if (!load_json(t, path, &v))
            return false;
        e = cedar_policies_json(t->a, v, &t->faults, ret);
    } else {
        e = cedar_parse(t->a, *ret_text, &t->faults, ret);
    }
    if (e != E_NONE)
        show_faults(t, path, *ret_text);
    return e == E_NONE;
}

static bool load_schema(struct tool *t, const struct cedar_schema **ret)
{
    str text;
    const struct json *v;
    err e;
    *ret = NULL;
    if (!t->schema)
        return true;
    if (!load(t, t->schema, &text))
        return false;
    if (is_json(text)) {
        if (!load_json(t, t->schema, &v))
            return false;
        e = cedar_schema_json(t->a, v, &t->faults, ret);
    } else {
        e = cedar_schema_parse(t->a, text, &t->faults, ret);
    }
    if (e != E_NONE)
        show_faults(t, t->schema, text);
    return e == E_NONE;
}

static bool load_store(struct tool *t, const struct cedar_schema *schema,
                       const struct cedar_store **ret)
{
    const struct json *v;
    struct cedar_entities all = { 0 };
    if (!t->entities)
        return complain("--entities FILE is missing", "") == EXIT_OK;
    if (!load_json(t, t->entities, &v))
        return false;
    err e = cedar_entities_json(t->a, v, schema, &t->faults, &all);
    if (e == E_NONE)
        e = cedar_store_build(t->a, all.at, all.n, &t->faults, ret);
    if (e != E_NONE)
        show_faults(t, t->entities, S(""));
    return e == E_NONE;
}

static bool uid_option(struct tool *t, const char *name, const char *text, struct cedar_uid *ret)
{
    if (!text || cedar_uid_parse(t->a, str_from(text), ret) != E_NONE)
        return complain(name, "an entity, as in 'Type::\"id\"', is expected") == EXIT_OK;
    return true;
}

static bool load_request(struct tool *t, const struct cedar_schema *schema,
                         struct cedar_request *ret)
{
    const struct json *v = NULL;
    const char *path = t->request ? t->request : t->context;
    err e = E_NONE;
    *ret = (struct cedar_request){ .context = { .kind = CEDAR_RECORD } };
    if (path && !load_json(t, path, &v))
        return false;
    if (t->request) {
        e = cedar_request_json(t->a, v, schema, &t->faults, ret);
    } else {
        if (!uid_option(t, "--principal", t->principal, &ret->principal) ||
            !uid_option(t, "--action", t->action, &ret->action) ||
            !uid_option(t, "--resource", t->resource, &ret->resource))
            return false;
        if (v)
            e = cedar_context_json(t->a, v, schema, &t->faults, ret);
    }
    if (e == E_NONE && schema)
        e = cedar_validate_request(schema, ret, &t->faults);
    if (e != E_NONE)
        show_faults(t, path ? path : "request", S(""));
    return e == E_NONE;
}

struct question {
    const struct cedar_policies *policies;
    const struct cedar_store *store;
    struct cedar_request req;
    str text;
};

static bool load_question(struct tool *t, struct question *q)
{
    const struct cedar_schema *schema;
    return load_policies(t, t->policies, &q->policies, &q->text) && load_schema(t, &schema) &&
           load_store(t, schema, &q->store) && load_request(t, schema, &q->req);
}

/* ---- Subcommands ---- */

static int authorize(struct tool *t)
{
    struct question q;
    struct cedar_answer got;
    if (!load_question(t, &q))
        return EXIT_BAD;
    if (cedar_decide(q.policies, q.store, &q.req, t->a, &got) != E_NONE)
        return complain("the decision needs too much memory", "");
    struct buf b = buf_in(t->a, OUTPUT_MAX);
    buf_put(&b, got.allow ? S("ALLOW\n") : S("DENY\n"));
    if (t->verbose && got.reasons_n)
        buf_put(&b, S("\nnote: this decision was due to the following policies:\n"));
    for (u32 i = 0; t->verbose && i < got.reasons_n; i++)
        buf_fmt(&b, "  " STR_FMT "\n", STR_ARG(cedar_id(q.policies, got.reasons[i])));
    if (t->verbose && !got.reasons_n)
        buf_put(&b, S("\nnote: no policies applied to this request\n"));
    print(stdout, buf_str(&b));
    buf_clear(&b);
    for (u32 i = 0; i < got.errors_n; i++) {
        buf_put(&b, S("error: "));
        cedar_error_put(&b, q.policies, &got.errors[i]);
        buf_char(&b, '\n');
    }
    print(t->verbose ? stdout : stderr, buf_str(&b));
    return got.allow ? EXIT_OK : EXIT_DENY;
}

static int explain(struct tool *t)
{
    struct question q;
    struct cedar_explanation got;
    if (!load_question(t, &q))
        return EXIT_BAD;
    if (cedar_explain(q.policies, q.store, &q.req, t->a, &got) != E_NONE)
        return complain("the explanation needs too much memory", "");
    struct buf b = buf_in(t->a, OUTPUT_MAX);
    cedar_explanation_put(&b, q.policies, &got);
    print(stdout, buf_str(&b));
    return got.answer.allow ? EXIT_OK : EXIT_DENY;
}

static int validate(struct tool *t)
{
    const struct cedar_policies *p;
    const struct cedar_schema *s;
    str text;
    if (!t->schema)
        return complain("--schema FILE is missing", "");
    if (!load_schema(t, &s) || !load_policies(t, t->policies, &p, &text))
        return EXIT_BAD;
    bool valid = cedar_validate(p, s, &t->faults) == E_NONE;
    show_faults(t, t->policies, text);
    print(stdout,
          valid ? S("policy set validation passed\n") : S("policy set validation failed\n"));
    return valid ? EXIT_OK : EXIT_INVALID;
}

static int check_parse(struct tool *t)
{
    const struct cedar_policies *p;
    const struct cedar_schema *s;
    const struct cedar_store *store;
    str text;
    if (t->plain && !t->policies)
        t->policies = t->plain;
    if (!t->policies && !t->schema && !t->entities)
        return complain("check-parse needs --policies, --schema or --entities", "");
    if (!load_schema(t, &s) || (t->policies && !load_policies(t, t->policies, &p, &text)) ||
        (t->entities && !load_store(t, s, &store)))
        return EXIT_BAD;
    return EXIT_OK;
}

static int format(struct tool *t)
{
    const char *path = t->policies ? t->policies : t->plain;
    str text, got;
    i64 width = 80;
    if (!path)
        return complain("format needs --policies FILE", "");
    if (t->width && (str_i64(str_from(t->width), &width) != E_NONE || width < 20 || width > 1000))
        return complain("--line-width", "a number from 20 to 1000 is expected");
    if (!load(t, path, &text))
        return EXIT_BAD;
    if (cedar_format(t->a, text, (u32)width, &t->faults, &got) != E_NONE) {
        show_faults(t, path, text);
        return EXIT_BAD;
    }
    if (t->check)
        return str_eq(text, got) ? EXIT_OK : complain(path, "is not formatted");
    print(stdout, got);
    return EXIT_OK;
}

static int translate(struct tool *t)
{
    const char *path = t->policies ? t->policies : t->plain;
    const struct cedar_policies *p;
    str text, pretty;
    if (!load_policies(t, path, &p, &text))
        return EXIT_BAD;
    bool to_json = !is_json(text);
    if (t->direction &&
        !str_eq(str_from(t->direction), to_json ? S("cedar-to-json") : S("json-to-cedar")))
        return complain(path, "is not in the form that --direction starts from");
    struct buf b = buf_in(t->a, OUTPUT_MAX);
    if (to_json) {
        cedar_policies_put_json(&b, p);
        buf_char(&b, '\n');
        print(stdout, buf_str(&b));
        return EXIT_OK;
    }
    cedar_policies_put_text(&b, p);
    if (cedar_format(t->a, buf_str(&b), 80, &t->faults, &pretty) != E_NONE)
        return complain("the policies have no text form", "");
    print(stdout, pretty);
    return EXIT_OK;
}

/* ---- corpus ---- */

static int name_order(const void *a, const void *b)
{
    return str_cmp(*(const str *)a, *(const str *)b);
}

/* The ids of DIR/ID.json that have a policy file beside them. */
static bool corpus_ids(struct tool *t, str **ret, size_t *ret_n)
{
    VEC(str) ids = { 0 };
    DIR *d = opendir(t->plain);
    if (!d)
        return complain(t->plain, "no such folder") == EXIT_OK;
    for (struct dirent *e; (e = readdir(d)) != NULL;) {
        str name = str_from(e->d_name);
        if (!str_ends(name, S(".json")) || str_ends(name, S(".entities.json")))
            continue;
        str id = str_copy(t->a, str_sub(name, 0, name.n - 5));
        if (os_exists(str_fmt(t->a, "%s/" STR_FMT ".cedar", t->plain, STR_ARG(id)).p))
            *vec_push(&ids, t->a) = id;
    }
    (void)closedir(d);
    if (ids.n > 1)
        qsort(ids.at, ids.n, sizeof *ids.at, name_order);
    *ret = ids.at;
    *ret_n = ids.n;
    return true;
}

static bool corpus_file(struct arena *a, const char *dir, str id, const char *suffix, str *ret)
{
    return os_read_file(a, str_fmt(a, "%s/" STR_FMT "%s", dir, STR_ARG(id), suffix).p, FILE_MAX,
                        ret) == E_NONE;
}

static bool corpus_one(struct arena *a, const char *dir, str id)
{
    struct cedar_corpus_texts texts;
    struct buf b = buf_in(a, 1 << 20);
    bool ok = corpus_file(a, dir, id, ".cedar", &texts.policies) &&
              corpus_file(a, dir, id, ".cedarschema", &texts.schema) &&
              corpus_file(a, dir, id, ".entities.json", &texts.entities) &&
              corpus_file(a, dir, id, ".json", &texts.test);
    if (!ok)
        buf_fmt(&b, STR_FMT ": a file of the test is missing\n", STR_ARG(id));
    ok = ok && cedar_corpus_run(a, id, &texts, &b);
    print(stdout, buf_str(&b));
    return ok;
}

static int corpus(struct tool *t)
{
    str *ids;
    size_t n, passed = 0;
    if (!t->plain)
        return complain("corpus needs a folder", "");
    if (!corpus_ids(t, &ids, &n))
        return EXIT_BAD;
    struct arena *a = arena_new("corpus", (size_t)1 << 30);
    for (size_t i = 0; i < n; i++) {
        passed += corpus_one(a, t->plain, ids[i]);
        arena_reset(a);
    }
    arena_free(a);
    (void)printf("%zu passed, %zu failed\n", passed, n - passed);
    return passed == n && n ? EXIT_OK : EXIT_BAD;
}

/* ---- Options ---- */

static const char usage[] =
    "usage: outwork cedar COMMAND …\n"
    "  authorize --policies FILE [--schema FILE] --entities FILE --request-json FILE [--verbose]\n"
    "            prints ALLOW or DENY; exit 0 allow, 2 deny, 1 bad input\n"
    "  explain   (the same options) every condition with its outcome and the values it looked at\n"
    "  validate --policies FILE --schema FILE      exit 0 valid, 3 invalid, 1 bad input\n"
    "  format [--check] [--line-width N] --policies FILE\n"
    "  check-parse [--policies FILE] [--schema FILE] [--entities FILE]\n"
    "  translate-policy [--direction cedar-to-json|json-to-cedar] --policies FILE\n"
    "  corpus FOLDER                               runs a folder of tests\n"
    "instead of --request-json: --principal 'T::\"id\"' --action … --resource … [--context FILE]\n";

static const char **option_of(struct tool *t, str name)
{
    const struct {
        str name, brief;
        const char **at;
    } options[] = {
        { S("--policies"), S("-p"), &t->policies }, { S("--schema"), S("-s"), &t->schema },
        { S("--entities"), S(""), &t->entities },   { S("--request-json"), S(""), &t->request },
        { S("--context"), S("-c"), &t->context },   { S("--principal"), S("-l"), &t->principal },
        { S("--action"), S("-a"), &t->action },     { S("--resource"), S("-r"), &t->resource },
        { S("--direction"), S(""), &t->direction }, { S("--line-width"), S(""), &t->width },
    };
    for (size_t i = 0; i < COUNT(options); i++)
        if (str_eq(options[i].name, name) || (options[i].brief.n && str_eq(options[i].brief, name)))
            return options[i].at;
    return NULL;
}

static bool read_options(struct tool *t, int argc, char **argv)
{
    for (int i = 2; i < argc; i++) {
        str name = str_from(argv[i]);
        const char **at = option_of(t, name);
        if (at) {
            if (i + 1 == argc)
                return complain(argv[i], "needs a value") == EXIT_OK;
            *at = argv[++i];
        } else if (str_eq(name, S("--verbose")) || str_eq(name, S("-v"))) {
            t->verbose = true;
        } else if (str_eq(name, S("--check"))) {
            t->check = true;
        } else if (str_starts(name, S("-")) || t->plain) {
            return complain(argv[i], "unknown option") == EXIT_OK;
        } else {
            t->plain = argv[i];
        }
    }
    return true;
}

int cmd_cedar(int argc, char **argv)
{
    static const struct {
        const char *name;
        int (*run)(struct tool *);
    } commands[] = {
        { "authorize", authorize },     { "explain", explain },
        { "validate", validate },       { "format", format },
        { "check-parse", check_parse }, { "translate-policy", translate },
        { "corpus", corpus },
    };
    str name = str_from(argc > 1 ? argv[1] : "");
    size_t i = 0;
    while (i < COUNT(commands) && !str_eq(str_from(commands[i].name), name))
        i++;
    if (i == COUNT(commands)) {
        bool asked = str_eq(name, S("help")) || str_eq(name, S("--help")) || str_eq(name, S("-h"));
        (void)fputs(usage, asked ? stdout : stderr);
        return asked ? EXIT_OK : EXIT_BAD;
    }
    struct tool t = { .a = arena_new("cedar", (size_t)4 << 30) };
    cedar_faults_init(&t.faults, t.a);
    int code = read_options(&t, argc, argv) ? commands[i].run(&t) : EXIT_BAD;
    arena_free(t.a);
    return code;
}
