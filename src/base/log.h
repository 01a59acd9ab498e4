/* SPDX-License-Identifier: Apache-2.0 */
/* JSON lines on standard error: time, level, role, what happened, then pairs. Values are escaped
 * here; secrets have a type that no function here takes. One write a line, so that lines of several
 * processes do not mix. */
#ifndef OUTWORK_BASE_LOG_H
#define OUTWORK_BASE_LOG_H

#include "base/str.h"

enum log_level { LOG_DEBUG, LOG_INFO, LOG_WARN, LOG_ERROR };

struct log_pair {
    const char *key;
    enum { LOG_STR, LOG_INT } kind;
    str s;
    i64 i;
};
#define L_STR(k, v) ((struct log_pair){ (k), LOG_STR, (v), 0 })
#define L_Z(k, v)   ((struct log_pair){ (k), LOG_STR, str_from(v), 0 })
#define L_INT(k, v) ((struct log_pair){ (k), LOG_INT, { 0 }, (i64)(v) })

void log_setup(const char *role, enum log_level least, int fd); /* role: static text */
void log_write(enum log_level level, const char *what, const struct log_pair *pairs, size_t n);
#define log_event(level, what, ...)                                                     \
    log_write((level), (what), (struct log_pair[]){ L_Z("", NULL), ##__VA_ARGS__ } + 1, \
              COUNT(((struct log_pair[]){ L_Z("", NULL), ##__VA_ARGS__ })) - 1)
#define log_info(what, ...)  log_event(LOG_INFO, what, ##__VA_ARGS__)
#define log_warn(what, ...)  log_event(LOG_WARN, what, ##__VA_ARGS__)
#define log_error(what, ...) log_event(LOG_ERROR, what, ##__VA_ARGS__)

#endif
