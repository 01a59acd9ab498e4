/* SPDX-License-Identifier: Apache-2.0 */
/* Our side of the bench, and the maker of its data. `bench make DIR` writes policies, entities and
 * requests, which the reference reads too; `bench run DIR` decides and prints, one line a setting,
 * its decisions a second, p50 and p99, and the number of allows, by which both sides are seen to do
 * the same work. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/os.h"
#include "base/vec.h"
#include "cedar/cedar.h"

enum { REQUESTS = 500, GROUPS = 50, ACTIONS = 20 };

static const u32 policy_counts[] = { 10, 1000, 10000 };
static const u32 entity_counts[] = { 5, 200, 100000 };

/* Policy i: who is in group i % 50 may do action i % 20 in folder i; a tenth are forbids. */
static str make_policies(struct arena *a, u32 n, bool applicable)
{
    struct buf b = buf_in(a, 64 << 20);
    for (u32 i = 0; i < n; i++) {
        const char *effect = i % 10 == 9 ? "forbid" : "permit";
        if (applicable)
            buf_fmt(
                &b,
                "%s (principal, action, resource) when { principal.level >= %u && context.mfa };\n",
                effect, i % 10 == 9 ? 100u : i % 7);
        else
            buf_fmt(
                &b,
                "%s (principal in Group::\"%u\", action == Action::\"%u\", resource in "
                "Folder::\"%u\")\n"
                "when { resource.owner == principal || principal.level >= %u && context.mfa };\n",
                effect, i % GROUPS, i % ACTIONS, i, i % 7);
    }
    return buf_str(&b);
}

/* n entities: users in groups, documents in folders; the first five are one user with its groups
 * and one document. */
static str make_entities(struct arena *a, u32 n)
{
    struct buf b = buf_in(a, 256 << 20);
    buf_char(&b, '[');
    for (u32 i = 0; i < n; i++) {
        u32 k = i / 5;
        buf_put(&b, i ? S(",\n") : S(""));
        switch (i % 5) {
        case 0:
            buf_fmt(&b,
                    "{\"uid\":{\"type\":\"User\",\"id\":\"%u\"},\"attrs\":{\"level\":%u},"
                    "\"parents\":[{\"type\":"
                    "\"Group\",\"id\":\"%u\"}]}",
                    k, k % 9, k % GROUPS);
            break;
        case 1:
            buf_fmt(&b,
                    "{\"uid\":{\"type\":\"Doc\",\"id\":\"%u\"},\"attrs\":{\"owner\":{\"__entity\":{"
                    "\"type\":"
                    "\"User\",\"id\":\"%u\"}}},\"parents\":[{\"type\":\"Folder\",\"id\":\"%u\"}]}",
                    k, k % 3 ? k + 1 : k, k);
            break;
        case 2:
            buf_fmt(&b,
                    "{\"uid\":{\"type\":\"Folder\",\"id\":\"%u\"},\"attrs\":{},\"parents\":[{"
                    "\"type\":\"Folder\","
                    "\"id\":\"root\"}]}",
                    k);
            break;
        case 3:
            buf_fmt(&b, "{\"uid\":{\"type\":\"Device\",\"id\":\"%u\"},\"attrs\":{},\"parents\":[]}",
                    k);
            break;
        default:
            buf_fmt(&b, "{\"uid\":{\"type\":\"Note\",\"id\":\"%u\"},\"attrs\":{},\"parents\":[]}",
                    k);
            break;
        }
    }
    buf_put(&b, S("]\n"));
    return buf_str(&b);
}

static str make_requests(struct arena *a, u32 entities)
{
    struct buf b = buf_in(a, 16 << 20);
    buf_char(&b, '[');
    for (u32 i = 0; i < REQUESTS; i++) {
        u32 k = i % MAX(1u, entities / 5);
        buf_fmt(&b,
                "%s{\"principal\":{\"type\":\"User\",\"id\":\"%u\"},\"action\":{\"type\":"
                "\"Action\",\"id\":\"%u\"},"
                "\"resource\":{\"type\":\"Doc\",\"id\":\"%u\"},\"context\":{\"mfa\":%s}}",
                i ? ",\n" : "", k, k % ACTIONS, k, i % 2 ? "true" : "false");
    }
    buf_put(&b, S("]\n"));
    return buf_str(&b);
}

static void write_file(struct arena *a, const char *dir, str name, str text)
{
    if (os_write_file(str_fmt(a, "%s/" STR_FMT, dir, STR_ARG(name)).p, text, 0644) != E_NONE) {
        (void)fprintf(stderr, "cannot write to %s\n", dir);
        exit(1);
    }
}

static void make_all(struct arena *a, const char *dir)
{
    for (size_t i = 0; i < COUNT(policy_counts); i++) {
        write_file(a, dir, str_fmt(a, "p%u.cedar", policy_counts[i]),
                   make_policies(a, policy_counts[i], false));
        write_file(a, dir, str_fmt(a, "all%u.cedar", policy_counts[i]),
                   make_policies(a, policy_counts[i], true));
    }
    for (size_t i = 0; i < COUNT(entity_counts); i++) {
        write_file(a, dir, str_fmt(a, "e%u.json", entity_counts[i]),
                   make_entities(a, entity_counts[i]));
        write_file(a, dir, str_fmt(a, "r%u.json", entity_counts[i]),
                   make_requests(a, entity_counts[i]));
    }
}

/* ---- Running ---- */

static i64 now_ns(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (i64)t.tv_sec * 1000000000 + t.tv_nsec;
}

static str read_file(struct arena *a, const char *dir, str name)
{
    str text = S("");
    if (os_read_file(a, str_fmt(a, "%s/" STR_FMT, dir, STR_ARG(name)).p, 256 << 20, &text) !=
        E_NONE) {
        (void)fprintf(stderr, "cannot read " STR_FMT "\n", STR_ARG(name));
        exit(1);
    }
    return text;
}

static const struct json *read_json(struct arena *a, const char *dir, str name)
{
    const struct json *v = NULL;
    must(json_parse(a, read_file(a, dir, name), &v, NULL) == E_NONE);
    return v;
}

static int i64_order(const void *a, const void *b)
{
    i64 x = *(const i64 *)a, y = *(const i64 *)b;
    return x < y ? -1 : x > y;
}

struct setting {
    struct arena *a;
    const char *dir, *name;
    u32 policies, entities;
    i64 budget_ns;
};

static void run_one(const struct setting *s)
{
    struct cedar_faults f;
    const struct cedar_policies *p;
    struct cedar_entities ents;
    const struct cedar_store *store;
    cedar_faults_init(&f, s->a);
    i64 t0 = now_ns();
    must(cedar_parse(s->a,
                     read_file(s->a, s->dir, str_fmt(s->a, "%s%u.cedar", s->name, s->policies)), &f,
                     &p) == E_NONE);
    i64 t1 = now_ns();
    const struct json *list = read_json(s->a, s->dir, str_fmt(s->a, "e%u.json", s->entities));
    must(cedar_entities_json(s->a, list, NULL, &f, &ents) == E_NONE);
    must(cedar_store_build(s->a, ents.at, ents.n, &f, &store) == E_NONE);
    const struct json *rs = read_json(s->a, s->dir, str_fmt(s->a, "r%u.json", s->entities));
    struct cedar_request *q = NEW_N(s->a, struct cedar_request, rs->n);
    for (u32 i = 0; i < rs->n; i++)
        must(cedar_request_json(s->a, &rs->at[i], NULL, &f, &q[i]) == E_NONE);
    struct arena *scratch = arena_new("scratch", 64 << 20);
    VEC(i64) times = { 0 };
    u32 allows = 0, rounds = 0;
    i64 begin = now_ns(), spent = 0;
    for (; rounds < 3 || (spent < s->budget_ns && rounds < 400); rounds++) {
        for (u32 i = 0; i < rs->n; i++) {
            struct cedar_answer got;
            i64 from = now_ns();
            must(cedar_decide(p, store, &q[i], scratch, &got) == E_NONE);
            *vec_push(&times, s->a) = now_ns() - from;
            allows += rounds == 0 && got.allow;
            arena_reset(scratch);
        }
        spent = now_ns() - begin;
    }
    arena_free(scratch);
    qsort(times.at, times.n, sizeof *times.at, i64_order);
    (void)printf("{\"set\":\"%s\",\"policies\":%u,\"entities\":%u,\"per_second\":%.0f,\"p50_us\":%."
                 "3f,\"p99_us\":%.3f,"
                 "\"allows\":%u,\"compile_ms\":%.1f}\n",
                 s->name, s->policies, s->entities, (double)times.n * 1e9 / (double)spent,
                 (double)times.at[times.n / 2] / 1e3, (double)times.at[times.n * 99 / 100] / 1e3,
                 allows, (double)(t1 - t0) / 1e6);
    (void)fflush(stdout);
}

static void run_all(const char *dir)
{
    for (int set = 0; set < 2; set++)
        for (size_t i = 0; i < COUNT(policy_counts); i++)
            for (size_t k = 0; k < COUNT(entity_counts); k++) {
                if (set && k != 0)
                    continue;
                struct arena *a = arena_new("bench", (size_t)8 << 30);
                struct setting s = {
                    a, dir, set ? "all" : "p", policy_counts[i], entity_counts[k], 2000000000
                };
                run_one(&s);
                arena_free(a);
            }
}

int main(int argc, char **argv)
{
    if (argc != 3 || (strcmp(argv[1], "make") != 0 && strcmp(argv[1], "run") != 0)) {
        (void)fputs("usage: bench make|run DIR\n", stderr);
        return 2;
    }
    struct arena *a = arena_new("bench", (size_t)2 << 30);
    if (argv[1][0] == 'm')
        make_all(a, argv[2]);
    else
        run_all(argv[2]);
    arena_free(a);
    scratch_thread_end();
    return 0;
}
