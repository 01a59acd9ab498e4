/* SPDX-License-Identifier: Apache-2.0 */
/* Taking a command line apart. Strict: an option that a command does not have, a missing value or a
 * word too many is an error that says what was probably meant; nothing is ignored. */
#include "main/cli.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "base/os.h"
#include "main/hooks.h"
#include "proc/near.h"

enum { HELP_MAX = 64 * 1024, CLI_ARENA = 8 << 20 };

int cli_fail(const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    (void)fputs("outwork: ", stderr);
    (void)vfprintf(stderr, fmt, ap);
    (void)fputc('\n', stderr);
    va_end(ap);
    return CLI_FAILED;
}

void cli_say(const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    (void)vfprintf(stdout, fmt, ap);
    va_end(ap);
}

static size_t option_at(const struct cli_command *c, str name)
{
    for (size_t i = 0; i < c->options_n; i++)
        if (str_eq_z(name, c->options[i].name))
            return i;
    return c->options_n;
}

const char *cli_value(const struct cli *c, const char *option)
{
    size_t i = option_at(c->command, str_from(option));
    must(i < c->command->options_n);
    return c->values[i];
}

bool cli_flag(const struct cli *c, const char *option)
{
    return cli_value(c, option) != NULL;
}

/* The command that argv begins with; *ret_used: its words. */
static const struct cli_command *command_of(int argc, char **argv, int *ret_used)
{
    SCRATCH(s);
    for (int words = MIN(argc, 2); words > 0; words--) {
        str name = words == 2 ? str_fmt(s.a, "%s %s", argv[0], argv[1]) : str_from(argv[0]);
        for (size_t i = 0; i < cli_commands_n; i++)
            if (str_eq_z(name, cli_commands[i].name)) {
                *ret_used = words;
                return &cli_commands[i];
            }
    }
    return NULL;
}

/* Whether commands of two words begin with this one. */
static bool is_family(const char *word)
{
    size_t n = strlen(word);
    for (size_t i = 0; i < cli_commands_n; i++)
        if (!strncmp(cli_commands[i].name, word, n) && cli_commands[i].name[n] == ' ')
            return true;
    return false;
}

static int unknown_command(int argc, char **argv)
{
    SCRATCH(s);
    const char *names[64];
    size_t n = 0;
    for (size_t i = 0; i < cli_commands_n && n < COUNT(names); i++)
        names[n++] = cli_commands[i].name;
    str given = str_from(argv[0]);
    if (argc > 1 && argv[1][0] != '-')
        given = str_fmt(s.a, "%s %s", argv[0], argv[1]);
    const char *meant = near_word(given, names, n);
    if (!meant)
        meant = near_word(str_from(argv[0]), names, n);
    given = is_family(argv[0]) ? given : str_from(argv[0]);
    struct buf b = buf_in(s.a, 4096);
    buf_fmt(&b, TEXT_UNKNOWN, str_z(s.a, str_sub(given, 0, 60)));
    if (meant)
        buf_fmt(&b, TEXT_MEANT, meant);
    else
        buf_put(&b, str_from(TEXT_SEE_HELP));
    buf_char(&b, 0);
    (void)cli_fail("%s", buf_str(&b).p);
    return CLI_USAGE;
}

static int unknown_option(const struct cli *c, str name)
{
    SCRATCH(s);
    const char *names[2 * CLI_OPTIONS_MAX];
    size_t n = c->command->options_n;
    for (size_t i = 0; i < n; i++)
        names[i] = c->command->options[i].name;
    if (c->command->settings)
        n += config_names(names + n, COUNT(names) - n);
    const char *meant = near_word(name, names, n);
    struct buf b = buf_in(s.a, 4096);
    buf_fmt(&b, TEXT_BAD_OPTION, c->command->name, str_z(s.a, str_sub(name, 0, 60)));
    if (meant)
        buf_fmt(&b, TEXT_MEANT_OPTION, meant);
    buf_char(&b, 0);
    (void)cli_fail("%s", buf_str(&b).p);
    return CLI_USAGE;
}

/* A config key given as an option, if the command takes them. */
static bool take_setting(struct cli *c, str name, const char *value)
{
    struct config scratch;
    struct config_error why;
    config_default(&scratch);
    if (!c->command->settings || c->settings_n == CLI_OPTIONS_MAX)
        return false;
    if (config_set(c->arena, &scratch, name, str_from(value ? value : ""), &why) != E_NONE &&
        str_starts(why.text, S("unknown key")))
        return false;
    c->settings[c->settings_n].key = str_z(c->arena, name);
    c->settings[c->settings_n++].value = value;
    return true;
}

/* One option at argv[*at]; *at moves over its value. CLI_OK or CLI_USAGE. */
static int take_option(struct cli *c, int argc, char **argv, int *at)
{
    SCRATCH(s);
    str rest = str_from(argv[*at] + 2), name = str_cut(&rest, '=');
    const char *value = rest.p, *next = *at + 1 < argc ? argv[*at + 1] : NULL;
    size_t i = option_at(c->command, name);
    bool known = i < c->command->options_n;
    bool flag = known && !c->command->options[i].value;
    if (!flag && !value && next) {
        value = next;
        ++*at;
    }
    if (!known && !take_setting(c, name, value))
        return unknown_option(c, name);
    if (flag ? value != NULL : value == NULL) {
        (void)cli_fail(flag ? TEXT_TAKES_NO_VALUE : TEXT_NEEDS_VALUE,
                       str_z(s.a, str_sub(name, 0, 60)));
        return CLI_USAGE;
    }
    if (known)
        c->values[i] = flag ? "" : value;
    return CLI_OK;
}

static int take_apart(struct cli *c, int argc, char **argv)
{
    size_t most = c->command->words ? 1 : 0;
    for (int at = 0; at < argc; at++) {
        if (!strncmp(argv[at], "--", 2) && argv[at][2]) {
            int code = take_option(c, argc, argv, &at);
            if (code != CLI_OK)
                return code;
        } else if (c->words_n == most) {
            (void)cli_fail(TEXT_EXTRA, argv[at]);
            return CLI_USAGE;
        } else {
            c->words[c->words_n++] = argv[at];
        }
    }
    if (c->words_n < most) {
        (void)cli_fail(TEXT_MISSING_WORD, c->command->name, c->command->words);
        return CLI_USAGE;
    }
    return CLI_OK;
}

static int show_help(struct arena *a, const char *word, const struct cli_command *c)
{
    struct buf b = buf_in(a, HELP_MAX);
    if (word)
        cli_help_of(&b, word, c);
    else
        cli_help_all(&b);
    cli_say(STR_FMT, STR_ARG(buf_str(&b)));
    return CLI_OK;
}

static bool is_help(const char *arg)
{
    return !strcmp(arg, "--help") || !strcmp(arg, "-h") || !strcmp(arg, "help");
}

static bool asks_help(int argc, char **argv)
{
    for (int i = 0; i < argc; i++)
        if (!strcmp(argv[i], "--help") || !strcmp(argv[i], "-h"))
            return true;
    return false;
}

static int run_command(struct arena *a, int argc, char **argv)
{
    int used = 0;
    const struct cli_command *command = command_of(argc, argv, &used);
    if (!command && is_family(argv[0]) && (argc == 1 || is_help(argv[1])))
        return show_help(a, argv[0], NULL);
    if (!command)
        return unknown_command(argc, argv);
    if (command->raw)
        return command->raw(argc, argv); /* argv[0]: its name */
    if (asks_help(argc - used, argv + used))
        return show_help(a, argv[0], command);
    struct cli *c = NEW(a, struct cli);
    *c = (struct cli){ .command = command, .arena = a };
    int code = take_apart(c, argc - used, argv + used);
    return code == CLI_OK ? command->run(c) : code;
}

static int run_role(const char *name)
{
    struct arena *boot = arena_new("boot", CLI_ARENA);
    struct role_start r;
    log_setup("role", LOG_INFO, STDERR_FILENO);
    if (strcmp(name, "api") != 0)
        return cli_fail("no such role");
    err e = role_begin("api", boot, &r);
    if (e != E_NONE) {
        log_error("cannot start", L_Z("why", err_text(e)));
        return CLI_FAILED;
    }
    return api_role_main(&r);
}

int cli_main(int argc, char **argv)
{
    if (argc == 3 && !strcmp(argv[1], "-R"))
        return run_role(argv[2]);
    log_setup("cli", LOG_WARN, STDERR_FILENO);
    struct arena *a = arena_new("cli", CLI_ARENA);
    int code;
    if (argc < 2 || is_help(argv[1])) {
        if (argc > 2)
            code = show_help(a, argv[2], NULL);
        else
            code = show_help(a, NULL, NULL);
        if (argc < 2)
            code = CLI_USAGE;
    } else if (!strcmp(argv[1], "--version")) {
        argv[1] = (char *)(uintptr_t) "version";
        code = run_command(a, argc - 1, argv + 1);
    } else {
        code = run_command(a, argc - 1, argv + 1);
    }
    (void)fflush(stdout);
    arena_free(a);
    scratch_thread_end();
    return code;
}
