/* SPDX-License-Identifier: Apache-2.0 */
/* The mapped file: a word a thread saying which route it runs, and a few rows for routes that
 * have crashed. Routes are named by a hash of method and path. Writing a word costs one store;
 * nothing is ever flushed, since the page outlives the process and a crash of the machine
 * accuses nobody. */
#include "core/breaker.h"

#include <fcntl.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/log.h"
#include "base/os.h"

enum { ROWS = 64, MAGIC = 0x6f77626b };
static const usec within = USEC_MIN, shut_first = 10 * USEC_S, shut_most = 10 * USEC_MIN;

struct row {
    u64 route;   /* 0: free */
    i64 crashed; /* the last time */
    i64 until;   /* shut until then */
    i64 shut_for;
};

struct page {
    u32 magic, version;
    _Atomic u64 running[BREAKER_THREADS];
    struct row rows[ROWS];
};

struct breaker {
    struct page *page; /* NULL: off */
    u64 *hashes;       /* by route */
    struct row **row;  /* by route; NULL: never crashed */
    size_t n;
};

static u64 hash_of(const char *name)
{
    u64 h = 0xcbf29ce484222325u;
    for (; *name; name++)
        h = (h ^ (u8)*name) * 0x100000001b3u;
    return h | 1;
}

static struct row *row_for(struct page *p, u64 route)
{
    struct row *oldest = &p->rows[0];
    for (size_t i = 0; i < ROWS; i++) {
        if (p->rows[i].route == route)
            return &p->rows[i];
        if (p->rows[i].crashed < oldest->crashed)
            oldest = &p->rows[i];
    }
    *oldest = (struct row){ .route = route };
    return oldest;
}

static void accuse(struct page *p, u64 route, usec now)
{
    struct row *r = row_for(p, route);
    if (r->crashed && now - r->crashed < within) {
        bool again = r->until && now - r->until < shut_most;
        r->shut_for = again ? MIN(r->shut_for * 2, shut_most) : shut_first;
        r->until = now + r->shut_for;
        log_error("a route is shut after it ended the process twice",
                  L_INT("seconds", r->shut_for / USEC_S));
    }
    r->crashed = now;
}

static err map_file(const char *path, struct page **ret)
{
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0)
        return os_err();
    err e = ftruncate(fd, sizeof(struct page)) == 0 ? E_NONE : os_err();
    void *p = MAP_FAILED;
    if (e == E_NONE)
        p = mmap(NULL, sizeof(struct page), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    os_close(fd);
    if (p == MAP_FAILED)
        return e == E_NONE ? E_IO : e;
    *ret = p;
    return E_NONE;
}

/* Whom the last process died in, if it died. */
static void read_page(struct page *p, usec now)
{
    if (p->magic != MAGIC || p->version != 1)
        memset(p, 0, sizeof *p);
    p->magic = MAGIC;
    p->version = 1;
    for (size_t i = 0; i < BREAKER_THREADS; i++) {
        u64 was = atomic_exchange(&p->running[i], 0);
        if (was)
            accuse(p, was, now);
    }
}

err breaker_open(struct arena *a, const struct breaker_options *o, struct breaker **ret)
{
    struct breaker *b = NEW(a, struct breaker);
    b->hashes = NEW_N(a, u64, o->n);
    b->row = NEW_N(a, struct row *, o->n);
    b->n = o->n;
    if (o->path) {
        TRY(map_file(o->path, &b->page));
        read_page(b->page, o->now);
    }
    for (size_t i = 0; i < o->n; i++) {
        b->hashes[i] = hash_of(o->names[i]);
        for (size_t r = 0; b->page && r < ROWS; r++)
            if (b->page->rows[r].route == b->hashes[i])
                b->row[i] = &b->page->rows[r];
    }
    *ret = b;
    return E_NONE;
}

void breaker_close(struct breaker *b)
{
    if (b->page)
        (void)munmap(b->page, sizeof *b->page);
    b->page = NULL;
}

usec breaker_shut(const struct breaker *b, size_t route, usec now)
{
    const struct row *r = b->row[route];
    return LIKELY(!r) || now >= r->until ? 0 : r->until - now;
}

void breaker_enter(struct breaker *b, u32 thread, size_t route)
{
    must(thread < BREAKER_THREADS && route < b->n);
    if (b->page)
        atomic_store_explicit(&b->page->running[thread], b->hashes[route], memory_order_relaxed);
}

void breaker_leave(struct breaker *b, u32 thread)
{
    if (b->page)
        atomic_store_explicit(&b->page->running[thread], 0, memory_order_relaxed);
}
