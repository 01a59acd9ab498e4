/* SPDX-License-Identifier: Apache-2.0 */
/* The house rules, as a program: what reviewers would otherwise have to remember. One pass reads
 * every file of the tree into memory; each group of rules then looks at all of them and reports;
 * waivers stand in the code, with a reason, and one that waives nothing is itself a finding.
 * docs/testing.md has the list for people. */
#ifndef OUTWORK_TOOLS_TIDY_TIDY_H
#define OUTWORK_TOOLS_TIDY_TIDY_H

#include "base/map.h"
#include "base/str.h"
#include "base/vec.h"

/* X(name in C, name in reports and waivers) */
#define RULES(X)                                                                         \
    X(SPDX, "spdx")             /* the first line names the licence */                   \
    X(OPENING, "opening")       /* a .c begins with a paragraph that says what it is */  \
    X(LAYERS, "layers")         /* an #include that docs/architecture.md does not allow */ \
    X(FUNCTION, "function")     /* more than 70 lines */                                 \
    X(PARAMETERS, "parameters") /* more than 5 */                                        \
    X(FILE_SIZE, "file")        /* more than 800 lines */                                \
    X(LINE, "line")             /* more than 100 columns */                              \
    X(MEMORY, "memory")         /* malloc and friends outside base */                    \
    X(ERRNO, "errno")           /* errno outside base/os.c */                            \
    X(CLOCK, "clock")           /* the clock read past base/os */                        \
    X(SQL, "sql")               /* SQLite outside store */                               \
    X(BANNED, "banned")         /* calls that have no place here */                      \
    X(INTENTION, "intention")             /* an intention without an issue number */               \
    X(NAMING, "naming")         /* names, guards, typedefs of pointers */                \
    X(WORKPLACE, "workplace")   /* words about where this was written */                 \
    X(LINKS, "links")           /* a document points at a file that is not there */      \
    X(TERMS, "terms")           /* a text lacks a language */                            \
    X(REQUIREMENTS, "requirements") /* docs/requirements.md and the tests disagree */    \
    X(WAIVER, "waiver")         /* a waiver that is malformed or waives nothing */

enum rule {
#define RULE_ENUM(c, text) R_##c,
    RULES(RULE_ENUM)
#undef RULE_ENUM
    RULES_N
};

enum tok_kind { TOK_WORD, TOK_STRING, TOK_COMMENT, TOK_OTHER };
/* pp: inside a preprocessor line */
struct tok { enum tok_kind kind; str s; u32 line; bool pp; };

struct waiver { enum rule rule; u32 line; bool whole_file, used; };

struct file {
    const char *path;                /* from the root: "src/base/arena.c" */
    str text;
    bool is_c;                       /* .c or .h */
    VEC(struct tok) toks;            /* C only */
    VEC(struct waiver) waivers;
};

struct finding { const char *path; u32 line; enum rule rule; const char *text; };

struct tidy {
    struct arena *a;
    const char *root;
    VEC(struct file) files;
    VEC(struct finding) findings;
};

const char *rule_name(enum rule r);

/* Reports unless the file waives it there. f may be NULL for what stands in no file. */
PRINTF(5, 6)
void report(struct tidy *t, struct file *f, u32 line, enum rule rule, const char *fmt, ...);

/* Reads the tree under root and applies every rule; nm: the output of `nm -A -u` over the objects,
 * or empty. */
void tidy_run(struct tidy *t, const char *root, str nm);
struct file *tidy_file(struct tidy *t, const char *path);          /* NULL when there is none */
/* a file or folder under the root */
bool tidy_exists(struct tidy *t, const char *path);
bool path_has(const struct file *f, const char *start);            /* path begins with start */
bool path_ends(const struct file *f, const char *end);
bool path_is_test(const struct file *f);                           /* …_test.c or under test/ */

void lex(struct tidy *t, struct file *f);                          /* fills toks */
/* Steps over lines: the next line of *rest without its end; *line counts from 1. False at the
 * end. */
bool next_line(str *rest, str *ret_line, u32 *line);

void rules_text(struct tidy *t);           /* spdx, opening, line, file, workplace, todo */
void rules_c(struct tidy *t);              /* function, parameters, naming */
void rules_words(struct tidy *t, str nm);  /* memory, errno, clock, sql, banned */
void rules_layers(struct tidy *t);
void rules_docs(struct tidy *t);           /* links, terms */
void rules_requirements(struct tidy *t);

#endif
