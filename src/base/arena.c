/* SPDX-License-Identifier: Apache-2.0 */
/* Arenas: bump allocation in blocks. Standard blocks (16 KiB) are recycled through a small
 * per-thread list, so that a call costs no malloc; larger ones go back to libc. Under MEM_UAF each
 * block is a mapping of its own that becomes inaccessible when freed, so that a stale pointer
 * faults on the spot. */
#include "base/arena.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "base/fault.h"

enum { BLOCK_BYTES = 16 * 1024, CACHE_MAX = 16, HARD_FACTOR = 4 };

struct block {
    struct block *next; /* older */
    size_t size, at;    /* bytes after the header; bytes handed out */
    _Alignas(16) unsigned char bytes[];
};

struct undo {
    struct undo *next;
    void (*fn)(void *);
    void *arg;
};

struct arena {
    const char *name;
    struct block *block;
    struct undo *undo;
    size_t ceiling, used;
    bool doomed, is_scratch;
};

static enum mem_mode mem_mode = MEM_PLAIN;
static _Atomic size_t live_bytes;
static _Thread_local struct block *cache;
static _Thread_local unsigned cache_n;
static _Thread_local struct arena *scratch_arena;

void mem_mode_set(enum mem_mode mode)
{
    mem_mode = mode;
}

size_t arena_live(void)
{
    return atomic_load_explicit(&live_bytes, memory_order_relaxed);
}

static struct block *block_new(size_t size)
{
    struct block *b;
    atomic_fetch_add_explicit(&live_bytes, size, memory_order_relaxed);
    if (mem_mode == MEM_UAF) {
        b = mmap(NULL, sizeof *b + size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1,
                 0);
        must(b != MAP_FAILED);
    } else if (size == BLOCK_BYTES && cache) {
        b = cache;
        cache = b->next;
        cache_n--;
    } else {
        b = malloc(sizeof *b + size);
        must(b != NULL); /* overcommit: the kernel kills before this is NULL; nothing sane remains
                            to be done */
    }
    b->next = NULL;
    b->size = size;
    b->at = 0;
    return b;
}

static void block_free(struct block *b)
{
    atomic_fetch_sub_explicit(&live_bytes, b->size, memory_order_relaxed);
    if (mem_mode == MEM_UAF) {
        must(mprotect(b, sizeof *b + b->size, PROT_NONE) == 0);
        return;
    }
    if (mem_mode == MEM_POISON)
        memset(b->bytes, 0xDB, b->size);
    if (b->size == BLOCK_BYTES && cache_n < CACHE_MAX) {
        b->next = cache;
        cache = b;
        cache_n++;
        return;
    }
    free(b);
}

struct arena *arena_new(const char *name, size_t ceiling)
{
    struct arena *a = calloc(1, sizeof *a);
    must(a != NULL);
    a->name = name;
    a->ceiling = ceiling;
    return a;
}

static void run_undo(struct arena *a)
{
    while (a->undo) {
        struct undo *u = a->undo;
        a->undo = u->next;
        u->fn(u->arg);
    }
}

void arena_reset(struct arena *a)
{
    run_undo(a);
    struct block *keep = NULL;
    while (a->block) {
        struct block *b = a->block;
        a->block = b->next;
        if (!a->block && b->size == BLOCK_BYTES && mem_mode == MEM_PLAIN)
            keep = b;
        else
            block_free(b);
    }
    if (keep) {
        keep->at = 0;
        a->block = keep;
    }
    a->used = 0;
    a->doomed = false;
}

void arena_free(struct arena *a)
{
    if (!a)
        return;
    run_undo(a);
    while (a->block) {
        struct block *b = a->block;
        a->block = b->next;
        block_free(b);
    }
    free(a);
}

static void *block_take(struct block *b, size_t bytes, size_t align)
{
    size_t at = (b->at + align - 1) & ~(align - 1);
    if (at > b->size || bytes > b->size - at)
        return NULL;
    b->at = at + bytes;
    return b->bytes + at;
}

void *arena_get_raw(struct arena *a, size_t bytes, size_t align)
{
    must(align && align <= 16 && (align & (align - 1)) == 0);
    must(bytes < SIZE_MAX / 8);
    a->used += bytes;
    if (UNLIKELY(fault_hit(FAULT_MEMORY)) && !a->is_scratch)
        a->doomed = true;
    if (UNLIKELY(a->used > a->ceiling)) {
        a->doomed = true;
        must(a->used / HARD_FACTOR <= a->ceiling);
    }
    void *p = a->block ? block_take(a->block, bytes, align) : NULL;
    if (p)
        return p;
    struct block *b = block_new(bytes > BLOCK_BYTES / 2 ? bytes : BLOCK_BYTES);
    if (a->block &&
        bytes > BLOCK_BYTES / 2) { /* a large one goes behind: the open block stays open */
        b->next = a->block->next;
        a->block->next = b;
    } else {
        b->next = a->block;
        a->block = b;
    }
    p = block_take(b, bytes, align);
    must(p != NULL);
    return p;
}

void *arena_get(struct arena *a, size_t size, size_t n, size_t align)
{
    size_t bytes;
    must(!__builtin_mul_overflow(size, n, &bytes));
    void *p = arena_get_raw(a, bytes, align);
    memset(p, 0, bytes);
    return p;
}

void arena_undo(struct arena *a, void (*fn)(void *), void *arg)
{
    must(!a->is_scratch); /* a scratch frame ends without running anything */
    struct undo *u = NEW(a, struct undo);
    *u = (struct undo){ a->undo, fn, arg };
    a->undo = u;
}

void arena_keep(struct arena *a, void (*fn)(void *), void *arg)
{
    for (struct undo **at = &a->undo; *at; at = &(*at)->next)
        if ((*at)->fn == fn && (*at)->arg == arg) {
            *at = (*at)->next;
            return;
        }
}

bool arena_doomed(const struct arena *a)
{
    return a->doomed;
}
void arena_doom(struct arena *a)
{
    a->doomed = true;
}
size_t arena_used(const struct arena *a)
{
    return a->used;
}
size_t arena_room(const struct arena *a)
{
    return a->doomed || a->used > a->ceiling ? 0 : a->ceiling - a->used;
}

struct scratch scratch_begin(void)
{
    if (!scratch_arena) {
        scratch_arena = arena_new("scratch", (size_t)256 << 20);
        scratch_arena->is_scratch = true;
    }
    struct arena *a = scratch_arena;
    if (!a->block)
        a->block = block_new(BLOCK_BYTES);
    return (struct scratch){ a, a->used, a->block->at, a->block, a->block->next };
}

/* Blocks newer than the mark stand before the marked one in the chain, large ones taken while it
 * was open right behind it, before the block that was behind it at the mark. */
void scratch_end(struct scratch *s)
{
    struct arena *a = s->a;
    for (struct block *b; (b = a->block) != s->mark_block;) {
        a->block = b->next;
        block_free(b);
    }
    for (struct block *b; (b = a->block->next) != s->mark_next;) {
        a->block->next = b->next;
        block_free(b);
    }
    if (mem_mode == MEM_POISON)
        memset(a->block->bytes + s->mark_at, 0xDB, a->block->at - s->mark_at);
    a->block->at = s->mark_at;
    a->used = s->mark_used;
}

void scratch_thread_end(void)
{
    arena_free(scratch_arena);
    scratch_arena = NULL;
    while (cache) {
        struct block *b = cache;
        cache = b->next;
        free(b);
    }
    cache_n = 0;
}
