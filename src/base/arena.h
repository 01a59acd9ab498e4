/* SPDX-License-Identifier: Apache-2.0 */
/* Memory by lifetime. An arena is a chain of blocks with a soft ceiling and a list of things to
 * undo; nothing is freed one by one. Passing the ceiling *dooms* the arena: memory is still given
 * (to four times the ceiling; beyond lies a bug), but arena_doomed() is true from then on and
 * whoever owns the arena refuses to go on (E_LIMIT). So straight-line code needs no NULL checks. An
 * arena belongs to one thread at a time. */
#ifndef OUTWORK_BASE_ARENA_H
#define OUTWORK_BASE_ARENA_H

#include "base/types.h"

struct arena;

/* A new arena. name: static text for traces. ceiling: bytes before it is doomed. Never NULL. */
struct arena *arena_new(const char *name, size_t ceiling);
/* Runs what is to be undone (newest first), then gives all memory back but the first block. */
void arena_reset(struct arena *a);
/* arena_reset, then the arena itself. NULL is fine. */
void arena_free(struct arena *a);

/* size * n zeroed bytes, aligned; never NULL. An overflow of size * n is a bug. */
void *arena_get(struct arena *a, size_t size, size_t n, size_t align);
/* The same without the zeroing, for buffers that are filled at once. */
void *arena_get_raw(struct arena *a, size_t bytes, size_t align);
#define NEW(a, T)      ((T *)arena_get((a), sizeof(T), 1, _Alignof(T)))
#define NEW_N(a, T, n) ((T *)arena_get((a), sizeof(T), (n), _Alignof(T)))

/* Runs fn(arg) at reset, newest first: close an fd, finalise a statement, drop a reference. */
void arena_undo(struct arena *a, void (*fn)(void *), void *arg);
/* Takes one registered undo back (the newest with this fn and arg) without running it. */
void arena_keep(struct arena *a, void (*fn)(void *), void *arg);

bool arena_doomed(const struct arena *a);
void arena_doom(struct arena *a);         /* for ceilings counted elsewhere (a buf, a row count) */
size_t arena_used(const struct arena *a); /* bytes handed out since the last reset */
size_t arena_room(const struct arena *a); /* bytes left before the ceiling; 0 when doomed */
size_t arena_live(
    void); /* bytes of blocks held by all arenas of the process; tests want 0 at the end */

/* Temporaries: the frame's memory is gone at the end of the C scope.
 *     SCRATCH(s);  char *z = str_z(s.a, name); */
struct scratch {
    struct arena *a;
    size_t mark_used, mark_at;
    void *mark_block, *mark_next;
};
struct scratch scratch_begin(void);
void scratch_end(struct scratch *s);
void scratch_thread_end(void); /* gives a finished thread's scratch memory back */
#define SCRATCH(name) __attribute__((cleanup(scratch_end))) struct scratch name = scratch_begin()

/* Boot flag -m: how memory behaves, in the shipped binary. Set before the first arena. */
enum mem_mode {
    MEM_PLAIN,
    MEM_POISON /* freed bytes become 0xDB */,
    MEM_UAF /* freed blocks fault when touched */
};
void mem_mode_set(enum mem_mode mode);

#endif
