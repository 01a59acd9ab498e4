/* SPDX-License-Identifier: Apache-2.0 */
/* Every answer that a test gets is held against test/golden/openapi.json: the schema of a success,
 * the codes an endpoint may fail with, the content type. The subset of JSON Schema is the one the
 * generator writes; a word it does not know ends the test, so that nothing goes unchecked. With
 * OUTWORK_COVER set, what was answered and decided is appended to that file for tools/coverage. */
#include <fcntl.h>
#include <unistd.h>

#include "app/testkit/testkit.h"
#include "base/err.h"
#include "base/utf8.h"

enum { OPENAPI_MAX = 1 << 20 };

static const struct json *doc;

struct where {
    struct app *app;
    const char *at; /* path into the answer, for the message */
};

static NORETURN void wrong(const struct where *w, const char *what)
{
    test_failed("openapi.json", 0, "%s: %s", w->at, what);
}

static const struct json *get_in(const struct json *v, const char *path)
{
    str rest = str_from(path);
    while (v && rest.p)
        v = json_get(v, str_cut(&rest, ' '));
    return v;
}

static const struct json *follow(const struct json *schema)
{
    str ref = json_str_or(json_get(schema, S("$ref")), (str){ 0 });
    if (!ref.n)
        return schema;
    const struct json *at = doc;
    expect(str_starts(ref, S("#/")));
    ref = str_sub(ref, 2, ref.n);
    while (at && ref.p)
        at = json_get(at, str_cut(&ref, '/'));
    if (!at)
        test_failed("openapi.json", 0, "a reference leads nowhere");
    return at;
}

static void check(const struct where *w, const struct json *schema, const struct json *v);

static bool is_type(const struct json *v, str type)
{
    static const char *const names[] = { "null",   "boolean", "integer", "number",
                                         "string", "array",   "object" };
    return str_eq_z(type, names[v->kind]) || (v->kind == JSON_INT && str_eq(type, S("number")));
}

static bool in_enum(const struct json *words, const struct json *v)
{
    for (u32 i = 0; i < words->n; i++)
        if (v->kind == JSON_STR && str_eq(words->at[i].s, v->s))
            return true;
    return false;
}

/* The generator's patterns are all "^pers_[…]{13}$". */
static bool fits_id(str pattern, str s)
{
    str prefix = str_cut(&pattern, '[');
    static const char letters[] = "0123456789abcdefghjkmnpqrstvwxyz";
    bool good = str_starts(s, str_sub(prefix, 1, prefix.n)) && s.n == prefix.n - 1 + 13;
    for (size_t i = prefix.n - 1; good && i < s.n; i++)
        good = strchr(letters, s.p[i]) != NULL;
    return good;
}

static void check_text(const struct where *w, const struct json *schema, str s)
{
    i64 n = (i64)utf8_count(s);
    usec t;
    str raw, format = json_str_or(json_get(schema, S("format")), S(""));
    if (n < json_i64_or(json_get(schema, S("minLength")), 0))
        wrong(w, "too short");
    if (n > json_i64_or(json_get(schema, S("maxLength")), INT64_MAX))
        wrong(w, "too long");
    if (json_get(schema, S("pattern")) && !fits_id(json_get(schema, S("pattern"))->s, s))
        wrong(w, "not of the pattern");
    if (str_eq(format, S("date-time")) && time_parse(s, &t) != E_NONE)
        wrong(w, "no time");
    if (json_get(schema, S("contentEncoding")) && b64_parse(w->app->a, s, &raw) != E_NONE)
        wrong(w, "no base64url");
}

static void check_object(const struct where *w, const struct json *schema, const struct json *v)
{
    const struct json *props = json_get(schema, S("properties"));
    const struct json *must_have = json_get(schema, S("required"));
    const struct json *more = json_get(schema, S("additionalProperties"));
    for (u32 i = 0; must_have && i < must_have->n; i++)
        if (!json_get(v, must_have->at[i].s))
            wrong(&(struct where){ w->app, str_z(w->app->a, must_have->at[i].s) }, "missing");
    for (u32 i = 0; i < v->n; i++) {
        const struct json_member *m = &v->members[i];
        const struct json *sub = json_get(props, m->key);
        const struct where at = { w->app,
                                  str_fmt(w->app->a, "%s." STR_FMT, w->at, STR_ARG(m->key)).p };
        if (sub)
            check(&at, sub, &m->value);
        else if (more && more->kind == JSON_BOOL && !more->b)
            wrong(&at, "not declared");
    }
}

static void check_array(const struct where *w, const struct json *schema, const struct json *v)
{
    if (v->n > json_i64_or(json_get(schema, S("maxItems")), INT64_MAX))
        wrong(w, "too many items");
    for (u32 i = 0; i < v->n; i++) {
        const struct where at = { w->app, str_fmt(w->app->a, "%s.%u", w->at, i).p };
        check(&at, json_get(schema, S("items")), &v->at[i]);
    }
}

static bool known_word(str key)
{
    static const char *const words[] = {
        "type",    "enum",    "pattern",  "minLength",       "maxLength",   "format",
        "minimum", "maximum", "maxItems", "properties",      "required",    "additionalProperties",
        "items",   "oneOf",   "$ref",     "contentEncoding", "description",
    };
    for (size_t i = 0; i < COUNT(words); i++)
        if (str_eq_z(key, words[i]))
            return true;
    return false;
}

/* "oneOf": a schema and null. */
static const struct json *unwrap(const struct json *schema, const struct json *v)
{
    const struct json *either = json_get(schema, S("oneOf"));
    if (!either)
        return schema;
    for (u32 i = 0; i < either->n; i++) {
        const struct json *one = follow(&either->at[i]);
        bool is_null = str_eq(json_str_or(json_get(one, S("type")), S("")), S("null"));
        if (is_null == (v->kind == JSON_NULL))
            return one;
    }
    return schema;
}

static void check(const struct where *w, const struct json *schema, const struct json *v)
{
    expect(schema != NULL);
    schema = follow(unwrap(follow(schema), v));
    for (u32 i = 0; i < schema->n; i++)
        if (!known_word(schema->members[i].key))
            wrong(w, "the schema has a word that this check does not know");
    const struct json *type = json_get(schema, S("type")), *words = json_get(schema, S("enum"));
    if (type && !is_type(v, type->s))
        wrong(w, "of another type");
    if (words && !in_enum(words, v))
        wrong(w, v->kind == JSON_STR ? str_z(w->app->a, v->s) : "not one of the words");
    if (v->kind == JSON_STR)
        check_text(w, schema, v->s);
    if (v->kind == JSON_INT && (v->i < json_i64_or(json_get(schema, S("minimum")), INT64_MIN) ||
                                v->i > json_i64_or(json_get(schema, S("maximum")), INT64_MAX)))
        wrong(w, "out of range");
    if (v->kind == JSON_OBJECT)
        check_object(w, schema, v);
    if (v->kind == JSON_ARRAY)
        check_array(w, schema, v);
}

/* ---- which endpoint ---- */

/* The number of parameters in a template that fits; -1 when it does not. */
static int fits(str template, str path)
{
    int params = 0;
    while (template.p && path.p) {
        str t = str_cut(&template, '/'), p = str_cut(&path, '/');
        bool param = str_starts(t, S("{"));
        if (param ? !p.n : !str_eq(t, p))
            return -1;
        params += param;
    }
    return template.p || path.p ? -1 : params;
}

/* NULL when nothing is declared there. */
static const struct json *operation(const char *method, str path, str *ret_template)
{
    const struct json *paths = json_get(doc, S("paths")), *found = NULL;
    char name[8] = { 0 };
    int least = INT32_MAX;
    for (size_t i = 0; i < sizeof name - 1 && method[i]; i++)
        name[i] = (char)(method[i] | 32);
    for (u32 i = 0; i < paths->n; i++) {
        int n = fits(paths->members[i].key, path);
        if (n < 0 || n >= least)
            continue;
        const struct json *op = json_get(&paths->members[i].value, str_from(name));
        least = n;
        found = op;
        *ret_template = paths->members[i].key;
    }
    return found;
}

static bool is_base_code(str code)
{
    static const char *const base[] = {
#define ROW(name, status, text) text,
        ERR_MAP(ROW)
#undef ROW
            "repeated",
        "key_used",
    };
    for (size_t i = 1; i < COUNT(base); i++)
        if (str_eq_z(code, base[i]))
            return true;
    return false;
}

static void check_problem(const struct where *w, const struct json *op, const struct got *g)
{
    const struct json v = { .kind = JSON_STR, .s = field(g, "code") };
    const struct json *errors = op ? json_get(op, S("x-errors")) : NULL;
    check(w, get_in(doc, "components schemas problem"), g->json);
    if (!str_eq(g->type, S("application/problem+json")))
        wrong(w, "a problem of another content type");
    if (!is_base_code(v.s) && !(errors && in_enum(errors, &v)))
        wrong(w, "fails with a code that the endpoint does not declare");
    if (!w->app->fault.kind && (str_eq(v.s, S("internal")) || str_eq(v.s, S("corrupt"))))
        wrong(w, "an internal error");
}

/* ---- what was exercised ---- */

void cover(struct app *app, const char *what, str of, str how)
{
    const char *path = getenv("OUTWORK_COVER");
    if (!path)
        return;
    str line = str_fmt(app->a, "%s " STR_FMT " " STR_FMT "\n", what, STR_ARG(of), STR_ARG(how));
    int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    must(fd >= 0 && write(fd, line.p, line.n) == (ssize_t)line.n);
    os_close(fd);
}

static void load_doc(struct app *app)
{
    str text;
    if (os_read_file(app->a, "test/golden/openapi.json", OPENAPI_MAX, &text) != E_NONE)
        test_failed(__FILE__, __LINE__, "test/golden/openapi.json: run from the project's folder");
    expect_ok(json_parse(app->a, text, &doc, NULL));
}

void conform(struct app *app, const char *method, str path, const struct got *g)
{
    str template = { 0 };
    if (!doc)
        load_doc(app);
    const struct json *op = operation(method, path, &template);
    const struct where w = { app,
                             str_fmt(app->a, "%s " STR_FMT " %d " STR_FMT, method, STR_ARG(path),
                                     g->status, STR_ARG(str_sub(g->body, 0, 400)))
                                 .p };
    if (g->status >= 200 && g->status < 300) {
        if (!op)
            wrong(&w, "answered, but not declared");
        check(&w, get_in(op, "responses 200 content application/json schema"), g->json);
        if (!str_eq(g->type, S("application/json")))
            wrong(&w, "of another content type");
    } else {
        check_problem(&w, op, g);
        if (!op && g->status != 404 && g->status != 405 && g->status != 429)
            wrong(&w, "nothing is declared here, and the answer does not say so");
    }
    if (op)
        cover(app, method, template,
              str_fmt(app->a, "%d " STR_FMT, g->status,
                      STR_ARG(g->status < 300 ? S("-") : field(g, "code"))));
}
