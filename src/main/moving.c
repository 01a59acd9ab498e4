/* SPDX-License-Identifier: Apache-2.0 */
/* Carrying an office's records: both stores are brought to this program's schema, the rows are
 * carried and compared (store/move.h), and the ledger's folder is checked against what arrived. A
 * new SQLite file gets its name only when it is complete. */
#include <stdio.h>
#include <unistd.h>

#include "base/os.h"
#include "core/serve.h"
#include "main/hooks.h"
#include "main/office.h"
#include "store/db.h"
#include "store/move.h"

struct moving {
    const char *data;
    const struct config *from, *to;
    struct arena *a;
    struct buf *report;
};

static err say(struct moving *m, err e, const char *what, const char *why)
{
    if (e != E_NONE)
        buf_fmt(m->report, "%s: %s\n", what, *why ? why : err_text(e));
    return e;
}

static err carry(struct moving *m, const char *from, const char *to)
{
    struct migrate_report ours, theirs;
    struct store_moved moved;
    err e = serve_migrate(from, modules, modules_n, &ours);
    TRY(say(m, e, "the old store", ours.why));
    e = serve_migrate(to, modules, modules_n, &theirs);
    TRY(say(m, e, "the new store", theirs.why));
    e = store_move(from, to, theirs.before == 0, &moved);
    TRY(say(m, e, "moving", moved.why));
    buf_fmt(m->report, "%llu records in %u tables were carried and agree\n",
            (unsigned long long)moved.rows, moved.tables);
    return E_NONE;
}

static void remove_store(struct moving *m, const char *path)
{
    static const char *const ends[] = { "", "-wal", "-shm" };
    for (size_t i = 0; i < COUNT(ends); i++)
        (void)unlink(str_fmt(m->a, "%s%s", path, ends[i]).p);
}

static err to_postgres(struct moving *m)
{
    const char *to = office_store(m->data, m->to, m->a).p;
    if (!db_is_postgres(to))
        return say(m, E_INVALID, "--to", "must be `sqlite`, postgres://… or `host=… dbname=…`");
    TRY(carry(m, office_store(m->data, m->from, m->a).p, to));
    return office_ledger_verify(m->data, m->to, m->report);
}

static err to_sqlite(struct moving *m)
{
    const char *file = office_store(m->data, m->to, m->a).p;
    const char *making = str_fmt(m->a, "%s.making", file).p;
    if (os_exists(file))
        return say(m, E_CONFLICT, file, "is there already; move it away first");
    remove_store(m, making); /* of a move that was interrupted */
    err e = carry(m, office_store(m->data, m->from, m->a).p, making);
    if (e == E_NONE && os.rename(making, file) != 0)
        e = say(m, os_err(), file, os_err_text());
    if (e == E_NONE)
        e = office_ledger_verify(m->data, m->to, m->report);
    if (e != E_NONE) {
        remove_store(m, making);
        remove_store(m, file);
    }
    return e;
}

err office_store_move(const char *data, const struct config *from, const struct config *to,
                      struct buf *report)
{
    struct moving m = { data, from, to, arena_new("moving", (size_t)16 << 20), report };
    err e = to->store.n ? to_postgres(&m) : to_sqlite(&m);
    arena_free(m.a);
    return e;
}
