/* SPDX-License-Identifier: Apache-2.0 */
/* Help pages, made from the table of commands. At most 100 columns; two for a Chinese character, as
 * terminals have it. */
#include <string.h>

#include "base/utf8.h"
#include "main/cli.h"

enum { LEFT = 22 };

static const char *const groups[][2] = {
    { "Office", "办公室" }, { "Demo", "演示" },
    { "Care", "维护" },     { "Proof and policy", "证明与策略" },
    { "Other", "其他" },
};

static size_t columns(str s)
{
    size_t n = 0;
    for (i32 c; (c = utf8_next(&s)) >= 0;)
        n += c >= 0x2e80 ? 2 : 1;
    return n;
}

static void put_row(struct buf *b, str left, const char *right, size_t width)
{
    buf_put(b, S("  "));
    buf_put(b, left);
    size_t n = columns(left);
    for (; n < width; n++)
        buf_char(b, ' ');
    buf_fmt(b, "  %s\n", right);
}

static void put_indented(struct buf *b, str lines)
{
    for (str line; lines.n;) {
        line = str_cut(&lines, '\n');
        buf_fmt(b, "  " STR_FMT "\n", STR_ARG(line));
    }
}

void cli_help_all(struct buf *b)
{
    buf_fmt(b, "%s\n\n%s: outwork %s %s\n", TEXT_TAGLINE, TEXT_USAGE, TEXT_COMMAND, TEXT_OPTION);
    for (size_t g = 0; g < COUNT(groups); g++) {
        buf_fmt(b, "\n%s\n", texts_of(groups[g][0], groups[g][1]));
        for (size_t i = 0; i < cli_commands_n; i++) {
            const struct cli_command *c = &cli_commands[i];
            SCRATCH(s);
            if (c->group != (int)g)
                continue;
            str left = c->words ? str_fmt(s.a, "%s %s", c->name, c->words) : str_from(c->name);
            put_row(b, left, texts_of(c->summary[0], c->summary[1]), LEFT);
        }
    }
    buf_fmt(b, "\n%s\n", TEXT_MORE);
    buf_fmt(b, "\n%s\n", TEXT_EXAMPLES);
    put_indented(b, S("outwork demo init --data demo && outwork run --data demo\n"
                      "outwork init --data /srv/office --host office.example.com\n"
                      "outwork doctor --data /srv/office\n"));
}

static void put_command(struct buf *b, const struct cli_command *c)
{
    buf_fmt(b, "%s: outwork %s%s%s %s\n\n%s\n", TEXT_USAGE, c->name, c->words ? " " : "",
            c->words ? c->words : "", TEXT_OPTION, texts_of(c->about[0], c->about[1]));
    if (c->options_n)
        buf_fmt(b, "\n%s\n", TEXT_OPTIONS);
    for (size_t i = 0; i < c->options_n; i++) {
        const struct cli_option *o = &c->options[i];
        SCRATCH(s);
        str left = str_fmt(s.a, "--%s%s%s", o->name, o->value ? " " : "", o->value ? o->value : "");
        put_row(b, left, texts_of(o->about[0], o->about[1]), 18);
    }
    if (c->settings)
        put_row(b, S("--KEY VALUE"),
                texts_of("any key of outwork.conf (`outwork config --comments` lists them)",
                         "outwork.conf 中的任何一项（`outwork config --comments` 列出全部）"),
                18);
    if (c->examples) {
        buf_fmt(b, "\n%s\n", TEXT_EXAMPLES);
        put_indented(b, str_from(c->examples));
    }
}

void cli_help_of(struct buf *b, const char *first_word, const struct cli_command *only)
{
    size_t n = strlen(first_word);
    for (size_t i = 0; i < cli_commands_n; i++) {
        const struct cli_command *c = &cli_commands[i];
        if (only ? c != only
                 : strncmp(c->name, first_word, n) != 0 || (c->name[n] && c->name[n] != ' '))
            continue;
        if (b->n)
            buf_put(b, S("\n"));
        put_command(b, c);
    }
}
