/* SPDX-License-Identifier: Apache-2.0 */
/* A table of slots with generations. A slot's generation grows when it is given back, so an old
 * handle never meets the slot's next tenant (until one slot has been used four thousand million
 * times). */
#include "loop/ref.h"

#include <stdlib.h>

struct ref ref_add(struct ref_table *t, void *p)
{
    must(p != NULL);
    if (!t->free) {
        if (t->n == t->room) {
            u32 room = t->room ? t->room * 2 : 16;
            struct ref_row *rows = realloc(t->rows, room * sizeof *rows);
            must(rows != NULL);
            t->rows = rows;
            t->room = room;
        }
        t->rows[t->n++] = (struct ref_row){ NULL, 1, 0 };
        t->free = t->n;
    }
    u32 slot = t->free - 1;
    struct ref_row *row = &t->rows[slot];
    t->free = row->next_free;
    row->p = p;
    t->live++;
    return (struct ref){ slot, row->gen };
}

void ref_drop(struct ref_table *t, struct ref r)
{
    if (!ref_get(t, r))
        return;
    struct ref_row *row = &t->rows[r.slot];
    row->p = NULL;
    if (++row->gen == 0)
        row->gen = 1;
    row->next_free = t->free;
    t->free = r.slot + 1;
    t->live--;
}

void ref_table_free(struct ref_table *t)
{
    free(t->rows);
    *t = (struct ref_table){ 0 };
}
