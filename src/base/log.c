/* SPDX-License-Identifier: Apache-2.0 */
/* JSON log lines, and the last words of must(). */
#include "base/log.h"

#include <unistd.h>

#include "base/buf.h"
#include "base/os.h"

static const char *log_role = "-";
static enum log_level log_least = LOG_INFO;
static int log_fd = STDERR_FILENO;

void log_setup(const char *role, enum log_level least, int fd)
{
    log_role = role;
    log_least = least;
    log_fd = fd;
}

static void put_text(struct buf *b, str s)
{
    buf_char(b, '"');
    for (size_t i = 0; i < s.n; i++) {
        u8 c = (u8)s.p[i];
        if (c == '"' || c == '\\')
            buf_fmt(b, "\\%c", c);
        else if (c < 0x20 || c == 0x7f)
            buf_fmt(b, "\\u%04x", c);
        else
            buf_char(b, (char)c);
    }
    buf_char(b, '"');
}

void log_write(enum log_level level, const char *what, const struct log_pair *pairs, size_t n)
{
    static const char *const names[] = { "debug", "info", "warn", "error" };
    if (level < log_least)
        return;
    SCRATCH(s);
    struct buf b = buf_in(s.a, 16384);
    buf_put(&b, S("{\"time\":\""));
    time_put(&b, os_now());
    buf_fmt(&b, "\",\"level\":\"%s\",\"role\":\"%s\",\"what\":", names[level], log_role);
    put_text(&b, str_from(what));
    for (size_t i = 0; i < n; i++) {
        buf_fmt(&b, ",\"%s\":", pairs[i].key);
        if (pairs[i].kind == LOG_INT)
            buf_i64(&b, pairs[i].i);
        else
            put_text(&b, str_sub(pairs[i].s, 0, 4096));
    }
    buf_put(&b, S("}\n"));
    str line;
    if (buf_done(&b, &line) != E_NONE)
        line = S("{\"level\":\"error\",\"what\":\"log line too long\"}\n");
    (void)!write(log_fd, line.p, line.n);
}

void must_failed(const char *cond, const char *file, int line)
{
    log_error("bug", L_Z("must", cond), L_Z("file", file), L_INT("line", line));
    abort();
}
