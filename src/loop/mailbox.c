/* SPDX-License-Identifier: Apache-2.0 */
/* A Treiber stack emptied at once by an exchange, so there is no ABA. Sleep and post meet in two
 * variables: the poster pushes, then reads asleep; the reader sets asleep, then reads the stack;
 * both sequentially consistent, so at least one sees the other and no letter waits for the next
 * one. The eventfd is used edge-triggered and never read by a loop. */
#include "loop/mailbox.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/os.h"

err mailbox_init(struct mailbox *mb)
{
    int fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (fd < 0)
        return os_err();
    atomic_init(&mb->newest, NULL);
    atomic_init(&mb->asleep, false);
    atomic_init(&mb->wakes, 0);
    mb->fd = fd;
    return E_NONE;
}

void mailbox_done(struct mailbox *mb)
{
    os_close(mb->fd);
    mb->fd = -1;
}

static void ring(struct mailbox *mb)
{
    u64 one = 1;
    atomic_fetch_add_explicit(&mb->wakes, 1, memory_order_relaxed);
    if (write(mb->fd, &one, sizeof one) < 0)
        must(os_err() == E_AGAIN); /* the counter is full: it rings already */
}

void mailbox_post(struct mailbox *mb, struct mail *m)
{
    struct mail *old = atomic_load_explicit(&mb->newest, memory_order_relaxed);
    do
        m->next = old;
    while (!atomic_compare_exchange_weak(&mb->newest, &old, m));
    if (atomic_load(&mb->asleep) && atomic_exchange(&mb->asleep, false))
        ring(mb);
}

void mailbox_wake(struct mailbox *mb)
{
    atomic_store(&mb->asleep, false);
    ring(mb);
}

struct mail *mailbox_take(struct mailbox *mb)
{
    if (!atomic_load_explicit(&mb->newest, memory_order_relaxed))
        return NULL;
    struct mail *m = atomic_exchange(&mb->newest, NULL), *oldest = NULL;
    while (m) {
        struct mail *next = m->next;
        m->next = oldest;
        oldest = m;
        m = next;
    }
    return oldest;
}

void mailbox_run(struct mailbox *mb)
{
    for (struct mail *m = mailbox_take(mb), *next; m; m = next) {
        next = m->next;
        m->run(m);
    }
}

bool mailbox_may_sleep(struct mailbox *mb)
{
    atomic_store(&mb->asleep, true);
    if (!atomic_load(&mb->newest))
        return true;
    atomic_store(&mb->asleep, false);
    return false;
}

void mailbox_awake(struct mailbox *mb)
{
    atomic_store_explicit(&mb->asleep, false, memory_order_relaxed);
}

void mailbox_wait(struct mailbox *mb, usec at_most)
{
    if (mailbox_may_sleep(mb)) {
        struct pollfd p = { mb->fd, POLLIN, 0 };
        int ms = at_most < 0 ? -1 : (int)MIN((at_most + USEC_MS - 1) / USEC_MS, (usec)1000000);
        u64 count;
        if (poll(&p, 1, ms) > 0 && read(mb->fd, &count, sizeof count) < 0)
            must(os_err() == E_AGAIN);
    }
    mailbox_awake(mb);
}
