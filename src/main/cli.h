/* SPDX-License-Identifier: Apache-2.0 */
/* The command line: a table of commands, each with its options, help and function. */
#ifndef OUTWORK_MAIN_CLI_H
#define OUTWORK_MAIN_CLI_H

#include "base/buf.h"
#include "main/texts.h"

enum { CLI_OK = 0, CLI_FAILED = 1, CLI_USAGE = 2, CLI_OPTIONS_MAX = 16, CLI_WORDS_MAX = 4 };

struct cli_option {
    const char *name;     /* without dashes */
    const char *value;    /* what it takes, for help; NULL: a flag */
    const char *about[2]; /* English, Chinese */
};

struct cli_command;

/* A command line taken apart. */
struct cli {
    const struct cli_command *command;
    struct arena *arena;
    const char
        *values[CLI_OPTIONS_MAX]; /* by the option's place in the command's list; flags: "" */
    const char *words[CLI_WORDS_MAX];
    size_t words_n;
    struct {
        const char *key, *value;
    } settings[CLI_OPTIONS_MAX]; /* config keys given as options */
    size_t settings_n;
};

struct cli_command {
    const char *name; /* one or two words */
    int group;
    const char *words; /* words it takes, for help; NULL: none */
    const char *summary[2], *about[2];
    const char *examples; /* lines */
    const struct cli_option *options;
    size_t options_n;
    bool settings; /* takes every config key as an option too */
    int (*run)(struct cli *c);
    int (*raw)(int argc, char **argv); /* instead: takes its arguments itself */
};
extern const struct cli_command cli_commands[];
extern const size_t cli_commands_n;

/* The whole program. Exit code. */
int cli_main(int argc, char **argv);

/* An option's value, NULL when it was not given. The name must be one of the command's. */
const char *cli_value(const struct cli *c, const char *option);
bool cli_flag(const struct cli *c, const char *option);
/* "outwork: …" on standard error; returns CLI_FAILED, for `return cli_fail(…)`. */
int cli_fail(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/* On standard output. */
PRINTF(1, 2) void cli_say(const char *fmt, ...);

/* help.c */
void cli_help_all(struct buf *b);
void cli_help_of(struct buf *b, const char *first_word, const struct cli_command *only);

/* The commands' functions, one file each. */
int cmd_run(struct cli *c);
int cmd_init(struct cli *c);
int cmd_demo_init(struct cli *c);
int cmd_demo_code(struct cli *c);
int cmd_doctor(struct cli *c);
int cmd_ledger_verify(struct cli *c);
int cmd_config(struct cli *c);
int cmd_link(struct cli *c);
int cmd_store_move(struct cli *c);
int cmd_cert_show(struct cli *c);
int cmd_cert_renew(struct cli *c);
int cmd_trust(struct cli *c);
int cmd_version(struct cli *c);

#endif
