/* SPDX-License-Identifier: Apache-2.0 */
/* The core's own statements, written by hand: unnumbered (store/db.h), so that a file adds its
 * own without counting. core_stmts[] names them all, for the check at start: add a line there
 * for each new one. */
#ifndef OUTWORK_CORE_CORE_STMTS_H
#define OUTWORK_CORE_CORE_STMTS_H

#include "store/db.h"

extern const struct stmt *const core_stmts[];
extern const size_t core_stmts_n;

/* A member of struct T as a column or parameter; the kind must fit the member's C type. */
#define CORE_COL(T, f, k)                                                                        \
    {                                                                                            \
#f, (k), false, 0, offsetof(struct T, f), 0                                              \
    }
#define CORE_OPT(T, f, k)                                                                        \
    {                                                                                            \
#f, (k), true, 0, offsetof(struct T, f), offsetof(struct T, has_##f)                     \
    }
#define CORE_STMT(name_, shape_, writes_, text_, ...)                                            \
    {                                                                                            \
        .name = name_, .module = "core", .sqlite = text_, .index = STMT_UNNUMBERED,              \
        .shape = shape_, .writes = writes_, __VA_ARGS__                                          \
    }
#define CORE_IN(cols) .params_n = COUNT(cols), .params = (cols)
#define CORE_OUT(T, columns)                                                                     \
    .cols_n = COUNT(columns), .cols = (columns), .row_size = sizeof(struct T)

/* ---- doubled requests (idem.c) ---- */
struct idem_key {
    i64 scope;
    str key;
};
struct idem_row {
    i64 scope;
    str key, endpoint;
    i64 print, status;
    str answer;
    bool has_answer;
    i64 at;
};
extern const struct stmt idem_get, idem_put, idem_trim;

/* ---- events (call.c, live.c) ---- */
struct topic_key {
    str kind;
    i64 id;
};
struct topic_seq {
    i64 last_seq;
};
struct outbox_row {
    str kind;
    i64 id, seq;
    str event, payload;
    i64 at;
};
struct outbox_from {
    str kind;
    i64 id, seq, most;
};
struct outbox_keep {
    i64 keep, before, most;
};
extern const struct stmt topic_next, topic_last, outbox_put, outbox_after, outbox_trim;

/* ---- jobs (jobs.c) ---- */
struct job_row {
    i64 id;
    str kind;
    i64 person, at, tries, lease;
    str payload;
};
struct job_new {
    i64 id;
    str kind;
    i64 person, at;
    str payload;
};
struct job_due {
    i64 now, lease, most;
};
struct job_id {
    i64 id, tries;
};
struct job_failed {
    i64 id, tries, at, dead;
    str why;
};
struct job_dead {
    i64 id;
    str kind;
    i64 at, tries;
    str why;
};
struct time_row {
    i64 at;
};
extern const struct stmt job_put, job_lease, job_done, job_fail, job_next, job_dead_list;

/* ---- settings ---- */
struct setting_name {
    str name;
};
struct setting_row {
    str name, value;
};
extern const struct stmt setting_get, setting_put;

#endif
