/* SPDX-License-Identifier: Apache-2.0 */
/* Faults: what a text has wrong, where, and how a person sees it: the line, a caret below, a word
 * of help. */
#include <stdarg.h>

#include "base/utf8.h"
#include "cedar/internal.h"

void cedar_fault_add(struct cedar_faults *f, struct cedar_fault at, const char *fmt, ...)
{
    if (!at.warning)
        f->errors++;
    if (f->n == CEDAR_FAULTS_MAX)
        return;
    char text[600];
    va_list args;
    va_start(args, fmt);
    int n = vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    size_t len = n < 0 ? 0 : MIN((size_t)n, sizeof text - 1);
    while (len && len == sizeof text - 1 && ((u8)text[len - 1] & 0x80))
        len--; /* a cut inside a code point */
    at.text = str_copy(f->a, (str){ text, len });
    f->at[f->n++] = at;
}

void cedar_place(str text, u32 at, u32 *ret_line, u32 *ret_col)
{
    size_t line = 1, from = 0, stop = MIN((size_t)at, text.n);
    for (size_t i = 0; i < stop; i++)
        if (text.p[i] == '\n') {
            line++;
            from = i + 1;
        }
    *ret_line = (u32)line;
    *ret_col = (u32)utf8_count(str_sub(text, from, stop)) + 1;
}

static str line_of(str text, u32 at, size_t *ret_from)
{
    size_t from = MIN((size_t)at, text.n), to = from;
    while (from && text.p[from - 1] != '\n')
        from--;
    while (to < text.n && text.p[to] != '\n')
        to++;
    if (to > from && text.p[to - 1] == '\r')
        to--;
    *ret_from = from;
    return str_sub(text, from, to);
}

/* The caret stands under the first code point; a tilde under each further one, on this line only.
 * Tabs stay tabs, so that both lines agree whatever a tab is worth. */
static void put_carets(struct buf *b, str line, size_t at, size_t end)
{
    str before = str_sub(line, 0, at), under = str_sub(line, at, MAX(at + 1, MIN(end, line.n)));
    buf_put(b, S("      | "));
    while (before.n) {
        i32 cp = utf8_next(&before);
        if (cp < 0)
            break;
        buf_char(b, cp == '\t' ? '\t' : ' ');
        if (utf8_is_han(cp))
            buf_char(b, ' '); /* such characters are two columns wide */
    }
    size_t n = under.n ? utf8_count(under) : 1;
    for (size_t i = 0; i < n; i++)
        buf_char(b, i ? '~' : '^');
    buf_char(b, '\n');
}

void cedar_fault_put(struct buf *b, const struct cedar_fault *f, str name, str text)
{
    const char *what = f->warning ? "warning" : "error";
    if (f->at || f->end) {
        u32 line, col;
        size_t from;
        cedar_place(text, f->at, &line, &col);
        buf_fmt(b, STR_FMT ":%u:%u: %s: " STR_FMT "\n", STR_ARG(name), line, col, what,
                STR_ARG(f->text));
        str l = line_of(text, f->at, &from);
        buf_fmt(b, "%5u | " STR_FMT "\n", line, STR_ARG(l));
        put_carets(b, l, f->at - from, f->end > f->at ? f->end - from : f->at - from + 1);
    } else {
        buf_fmt(b, STR_FMT ": %s: " STR_FMT "\n", STR_ARG(name), what, STR_ARG(f->text));
    }
    if (f->help.n)
        buf_fmt(b, "      = help: " STR_FMT "\n", STR_ARG(f->help));
}
