/* SPDX-License-Identifier: Apache-2.0 */
/* A mailbox: many threads post, one takes. Letters are intrusive (the poster owns the memory until
 * it is taken) and come out in the order of one poster's posts. Posting to a reader that is awake
 * costs no system call; to a sleeping one, one write for any number of letters. */
#ifndef OUTWORK_LOOP_MAILBOX_H
#define OUTWORK_LOOP_MAILBOX_H

#include <stdatomic.h>

#include "base/err.h"
#include "base/time.h"

struct mail {
    struct mail *next;
    void (*run)(struct mail *m); /* on the reader's thread; may free m */
};

struct mailbox {
    _Atomic(struct mail *) newest; /* a stack, turned round when taken */
    atomic_bool asleep;            /* the reader is, or is about to be, in a wait */
    atomic_ulong wakes;            /* writes made, for tests and metrics */
    int fd;                        /* eventfd */
};

MUST_USE err mailbox_init(struct mailbox *mb);
void mailbox_done(struct mailbox *mb);                 /* every post has returned */
void mailbox_post(struct mailbox *mb, struct mail *m); /* any thread */
void mailbox_wake(struct mailbox *mb); /* any thread: ends a wait without a letter */

/* ---- the reader */
struct mail *mailbox_take(
    struct mailbox *mb); /* all letters, oldest first, linked by next; NULL when none */
void mailbox_run(struct mailbox *mb); /* takes and runs them */
/* Before waiting on mb->fd: false means letters are there, do not wait. After waiting:
 * mailbox_awake. */
bool mailbox_may_sleep(struct mailbox *mb);
void mailbox_awake(struct mailbox *mb);
/* For threads without a loop: waits until a letter, a wake or the end of the time (negative: for
 * ever). */
void mailbox_wait(struct mailbox *mb, usec at_most);

#endif
