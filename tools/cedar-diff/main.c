/* SPDX-License-Identifier: Apache-2.0 */
/* Writes cases for the reference engine, one JSON object a line, each with the verdicts of
 * src/cedar: cedar-diff SEED COUNT | node tools/cedar-diff/reference.mjs Each case has its own
 * seed, printed with a disagreement, so that `cedar-diff THAT 1` repeats it. */
#include "base/json.h"
#include "base/vec.h"
#include "cedar/cedar.h"
#include "tools/cedar-diff/gen.h"

struct one {
    struct arena *a;
    struct buf out;
    const struct cedar_schema *schema;
    const struct cedar_policies *all;
    u32 texts_n; /* policies of all that are of a text; links follow */
    str types[2];
};

static str fault(const struct cedar_faults *f)
{
    for (u32 i = 0; i < f->n; i++)
        if (!f->at[i].warning)
            return f->at[i].text;
    return S("");
}

/* The policy or template alone in JSON, without what stands around it in a set. */
static str bare_json(struct one *o, const struct cedar_policies *p)
{
    static const char fixed_head[] = "{\"templates\":{},\"staticPolicies\":{\"policy0\":",
                      fixed_tail[] = "},\"templateLinks\":[]}",
                      template_head[] = "{\"templates\":{\"policy0\":",
                      template_tail[] = "},\"staticPolicies\":{},\"templateLinks\":[]}";
    struct buf b = buf_in(o->a, 1 << 20);
    cedar_policies_put_json(&b, p);
    if (cedar_is_template(p, 0))
        return str_sub(buf_str(&b), sizeof template_head - 1, b.n - (sizeof template_tail - 1));
    return str_sub(buf_str(&b), sizeof fixed_head - 1, b.n - (sizeof fixed_tail - 1));
}

/* Its verdicts; true when it parses as one policy. */
static bool put_policy(struct one *o, str text, u32 i)
{
    struct cedar_faults f;
    const struct cedar_policies *p;
    cedar_faults_init(&f, o->a);
    bool parses = cedar_parse(o->a, text, &f, &p) == E_NONE && cedar_count(p) == 1;
    buf_put(&o->out, i ? S(",{\"text\":") : S("{\"text\":"));
    json_put_str(&o->out, text);
    buf_put(&o->out, S(",\"parses\":"));
    json_put_bool(&o->out, parses);
    if (parses) {
        bool valid = o->schema && cedar_validate(p, o->schema, &f) == E_NONE;
        buf_put(&o->out, S(",\"template\":"));
        json_put_bool(&o->out, cedar_is_template(p, 0));
        buf_put(&o->out, S(",\"valid\":"));
        json_put_bool(&o->out, valid);
        buf_put(&o->out, S(",\"fault\":"));
        json_put_str(&o->out, fault(&f));
        buf_put(&o->out, S(",\"json\":"));
        buf_put(&o->out, bare_json(o, p));
    }
    buf_char(&o->out, '}');
    return parses;
}

/* Every template linked once; which slots it has is found by trying. */
static void put_links(struct one *o, const u32 *places, u32 n)
{
    struct cedar_uid *uid = NEW_N(o->a, struct cedar_uid, 2);
    bool first = true;
    uid[0] = cedar_uid(o->types[0], S("1"));
    uid[1] = cedar_uid(o->types[1], S("2"));
    buf_put(&o->out, S(",\"links\":["));
    for (u32 i = 0; i < n; i++)
        for (int try = 1; cedar_is_template(o->all, i) && try < 4; try++) {
            struct cedar_link l = { .template_id = cedar_id(o->all, i),
                                    .id = str_fmt(o->a, "link%u", places[i]),
                                    .principal = try & 1 ? &uid[0] : NULL,
                                    .resource = try & 2 ? &uid[1] : NULL };
            if (cedar_link(o->a, o->all, &l, 1, &o->all) != E_NONE)
                continue;
            buf_fmt(&o->out, "%s{\"templateId\":\"policy%u\",\"newId\":\"link%u\",\"values\":{",
                    first ? "" : ",", places[i], places[i]);
            for (int k = 0; k < 2; k++)
                if (try >> k & 1)
                    buf_fmt(&o->out, "%s\"?%s\":{\"type\":\"" STR_FMT "\",\"id\":\"%d\"}",
                            k && (try & 1) ? "," : "", k ? "resource" : "principal",
                            STR_ARG(uid[k].type), k + 1);
            buf_put(&o->out, S("}}"));
            first = false;
            break;
        }
    buf_char(&o->out, ']');
}

static void put_ids(struct one *o, const u32 *at, u32 n, const u32 *places)
{
    buf_char(&o->out, '[');
    for (u32 i = 0; i < n; i++) {
        buf_put(&o->out, i ? S(",\"") : S("\""));
        if (at[i] < o->texts_n)
            buf_fmt(&o->out, "policy%u\"", places[at[i]]);
        else
            buf_fmt(&o->out, STR_FMT "\"", STR_ARG(cedar_id(o->all, at[i])));
    }
    buf_char(&o->out, ']');
}

static void put_uid(struct one *o, const char *name, str type, str id)
{
    buf_fmt(&o->out, "\"%s\":{\"type\":", name);
    json_put_str(&o->out, type);
    buf_put(&o->out, S(",\"id\":"));
    json_put_str(&o->out, id);
    buf_put(&o->out, S("},"));
}

static void put_request(struct one *o, const struct gen_request *q, const struct cedar_store *store,
                        const u32 *places)
{
    struct cedar_faults f;
    struct cedar_request req = { 0 };
    struct cedar_answer got;
    const struct json *context;
    str action_type = str_starts(q->principal_type, S("N::")) ? S("N::Action") : S("Action");
    cedar_faults_init(&f, o->a);
    req.principal = cedar_uid(q->principal_type, q->principal_id);
    req.action = cedar_uid(action_type, q->action);
    req.resource = cedar_uid(q->resource_type, q->resource_id);
    must(json_parse(o->a, q->context, &context, NULL) == E_NONE);
    must(cedar_value_json(o->a, context, &f, &req.context) == E_NONE);
    must(cedar_decide(o->all, store, &req, o->a, &got) == E_NONE);
    buf_char(&o->out, '{');
    put_uid(o, "principal", q->principal_type, q->principal_id);
    put_uid(o, "action", action_type, q->action);
    put_uid(o, "resource", q->resource_type, q->resource_id);
    buf_put(&o->out, S("\"context\":"));
    buf_put(&o->out, q->context);
    buf_fmt(&o->out, ",\"decision\":\"%s\",\"reason\":", got.allow ? "allow" : "deny");
    put_ids(o, got.reasons, got.reasons_n, places);
    buf_put(&o->out, S(",\"errors\":"));
    u32 *failed = NEW_N(o->a, u32, got.errors_n);
    for (u32 i = 0; i < got.errors_n; i++)
        failed[i] = got.errors[i].policy;
    put_ids(o, failed, got.errors_n, places);
    buf_put(&o->out, S(",\"fits\":"));
    json_put_bool(&o->out, o->schema && cedar_validate_request(o->schema, &req, &f) == E_NONE);
    buf_char(&o->out, '}');
}

static const struct cedar_store *put_entities(struct one *o, str text)
{
    struct cedar_faults f;
    struct cedar_entities plain, typed;
    const struct cedar_store *store;
    const struct json *v;
    cedar_faults_init(&f, o->a);
    must(json_parse(o->a, text, &v, NULL) == E_NONE);
    must(cedar_entities_json(o->a, v, NULL, &f, &plain) == E_NONE);
    must(cedar_store_build(o->a, plain.at, plain.n, &f, &store) == E_NONE);
    bool ok = o->schema && cedar_entities_json(o->a, v, o->schema, &f, &typed) == E_NONE;
    buf_put(&o->out, S(",\"entities\":"));
    buf_put(&o->out, text);
    buf_put(&o->out, S(",\"entitiesOk\":"));
    json_put_bool(&o->out, ok);
    buf_put(&o->out, S(",\"entitiesFault\":"));
    json_put_str(&o->out, fault(&f));
    return store;
}

static void put_case(struct arena *a, u64 seed)
{
    struct gen_case c;
    struct cedar_faults f;
    struct one o = { .a = a, .out = buf_in(a, 64 << 20) };
    struct buf whole = buf_in(a, 16 << 20);
    u32 places[GEN_POLICIES], n = 0;
    gen_case(a, seed, &c);
    cedar_faults_init(&f, a);
    if (cedar_schema_parse(a, c.schema, &f, &o.schema) != E_NONE)
        o.schema = NULL;
    buf_fmt(&o.out, "{\"seed\":\"%llu\",\"schema\":", (unsigned long long)seed);
    json_put_str(&o.out, c.schema);
    buf_put(&o.out, S(",\"schemaOk\":"));
    json_put_bool(&o.out, o.schema != NULL);
    buf_put(&o.out, S(",\"policies\":["));
    for (u32 i = 0; i < GEN_POLICIES; i++)
        if (put_policy(&o, c.policies[i], i)) {
            places[n++] = i;
            buf_put(&whole, c.policies[i]);
            buf_char(&whole, '\n');
        }
    must(cedar_parse(a, buf_str(&whole), &f, &o.all) == E_NONE && cedar_count(o.all) == n);
    buf_char(&o.out, ']');
    o.texts_n = n;
    for (int k = 0; k < 2; k++)
        o.types[k] =
            str_fmt(a, "%sT%d", str_starts(c.requests[0].principal_type, S("N::")) ? "N::" : "", k);
    put_links(&o, places, n);
    const struct cedar_store *store = put_entities(&o, c.entities);
    buf_put(&o.out, S(",\"requests\":["));
    for (u32 i = 0; i < GEN_REQUESTS; i++) {
        buf_put(&o.out, i ? S(",") : S(""));
        put_request(&o, &c.requests[i], store, places);
    }
    buf_put(&o.out, S("]}\n"));
    must(!o.out.full);
    (void)fwrite(o.out.p, 1, o.out.n, stdout);
}

int main(int argc, char **argv)
{
    u64 seed = 1, count = 100;
    if (argc != 3 || str_u64(str_from(argv[1]), &seed) != E_NONE ||
        str_u64(str_from(argv[2]), &count) != E_NONE) {
        (void)fputs("usage: cedar-diff SEED COUNT\n", stderr);
        return 2;
    }
    struct arena *a = arena_new("case", (size_t)1 << 30);
    for (u64 i = 0; i < count; i++) {
        put_case(a, seed + i);
        arena_reset(a);
    }
    arena_free(a);
    scratch_thread_end();
    return 0;
}
