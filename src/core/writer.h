/* SPDX-License-Identifier: Apache-2.0 */
/* The one thread that writes. Tasks run one after another on the write connection, each in a
 * savepoint, and are committed together: when none waits, after 64, or after 5 ms. Nothing of
 * a task is told to anybody before its group is on the disk. A group that fails as a whole
 * (the disk is full) is undone and its tasks run once more, each in a transaction of its own.
 * So a task may run twice and touches nothing but what it owns and the database. */
#ifndef OUTWORK_CORE_WRITER_H
#define OUTWORK_CORE_WRITER_H

#include "base/time.h"
#include "loop/mailbox.h"
#include "store/db.h"

struct write_task {
    struct mail mail;
    /* In a savepoint: E_NONE keeps what it did; any error undoes it. E_AGAIN: run me again in
     * a group that begins after now. */
    err (*run)(struct write_task *t, struct db *db);
    /* Once, on the writer's thread, after the commit (e: what run returned) or when there will be
     * none (E_FULL, E_IO, E_BUSY …). t is the owner's again. */
    void (*done)(struct write_task *t, err e);
    bool urgent; /* goes before those that are not, and into the room kept for it */
    bool fresh;  /* wants a group that began after it was submitted */
    /* the writer's own */
    struct write_task *next;
    err result;
    u8 tries;
};

struct writer_options {
    const char *path;
    u16 stmts_n;
    u32 queue_max; /* tasks waiting; an eighth more for urgent ones. 0: 1024 */
    int cpu;       /* to run on; -1: any */
    void *arg;
    void (*thread_begin)(void *arg); /* each may be NULL */
    void (*thread_end)(void *arg);
    err (*begin)(void *arg, struct db *db);   /* first in every group's transaction */
    void (*ended)(void *arg, bool committed); /* after the done() of the group's tasks */
    bool (*wants)(void *arg); /* asked once a second: a group even without tasks? */
};

struct writer;

MUST_USE err writer_start(struct arena *a, const struct writer_options *o, struct writer **ret);
/* Runs what waits, then ends the thread and closes the connection. */
void writer_stop(struct writer *w);

/* Any thread but a loop may wait for room by trying again. E_BUSY: the queue is full; t was not
 * taken. */
MUST_USE err writer_submit(struct writer *w, struct write_task *t);
u32 writer_queue(const struct writer *w);
/* Rises with every commit, before anybody is told of it: a snapshot taken at a lower number may be
 * older than what its reader knows. */
u64 writer_commits(const struct writer *w);

/* Runs fn(arg) as a task and waits for its commit: for threads that are neither the writer nor a
 * loop. */
MUST_USE err writer_run(struct writer *w, err (*fn)(struct db *db, void *arg), void *arg);

struct writer_stats {
    u64 groups, tasks, failed_groups, rerun;
    u64 commit_us;    /* spent in commits */
    u64 commit_le[8]; /* commits that took at most 0.25, 0.5, 1, 2.5, 5, 10, 50 ms, longer */
    usec busy_us, slow_tasks; /* time in tasks; tasks over 20 ms */
};
void writer_stats(const struct writer *w, struct writer_stats *ret);

#endif
