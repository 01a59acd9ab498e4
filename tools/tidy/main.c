/* SPDX-License-Identifier: Apache-2.0 */
/* tidy [--root DIR] [--nm FILE]: applies the house rules to a tree, prints each finding as
 * path:line: rule: what, and ends with one plain line that counts rules kept and rules broken. FILE
 * holds the output of `nm -A -u` over the objects. */
#include "tools/tidy/tidy.h"

#include <stdio.h>
#include <string.h>

#include "base/os.h"

static void print(const struct tidy *t)
{
    size_t broken[RULES_N] = { 0 }, rules = 0;
    for (size_t i = 0; i < t->findings.n; i++) {
        const struct finding *f = &t->findings.at[i];
        printf("%s:%u: %s: %s\n", f->path, f->line, rule_name(f->rule), f->text);
        rules += broken[f->rule]++ == 0;
    }
    if (rules) {
        printf("\n%zu findings:", t->findings.n);
        for (unsigned r = 0; r < RULES_N; r++)
            if (broken[r])
                printf(" %s %zu", rule_name(r), broken[r]);
        printf("\n");
    }
    printf("%zu passed, %zu failed\n", (size_t)RULES_N - rules, rules);
}

int main(int argc, char **argv)
{
    struct arena *a = arena_new("tidy", (size_t)1 << 30);
    struct tidy t = { .a = a };
    const char *root = ".";
    str nm = S("");
    for (int i = 1; i < argc; i += 2) {
        if (i + 1 < argc && !strcmp(argv[i], "--root")) {
            root = argv[i + 1];
        } else if (i + 1 >= argc || strcmp(argv[i], "--nm") ||
                   os_read_file(a, argv[i + 1], 64 << 20, &nm)) {
            fprintf(stderr, "usage: tidy [--root DIR] [--nm FILE]\n");
            return 2;
        }
    }
    tidy_run(&t, root, nm);
    print(&t);
    int code = t.findings.n ? 1 : 0;
    arena_free(a);
    scratch_thread_end();
    return code;
}
