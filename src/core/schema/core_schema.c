/* SPDX-License-Identifier: Apache-2.0 */
/* The core's own tables, as forward steps. A step that has been released is never changed; the
 * next one is added below it. Times are microseconds since 1970 UTC. */
#include "core/schema/core_schema.h"

/* scope: the person, or for calls without a session a number made of the address.
 * print: of the request's target and body, so that a key used for another request is noticed.
 * answer: NULL when it may not be kept (secret). */
static const char step_001[] =
    "CREATE TABLE idempotency ("
    " scope INTEGER NOT NULL, key TEXT NOT NULL, endpoint TEXT NOT NULL, print INTEGER NOT NULL,"
    " status INTEGER NOT NULL, answer TEXT, at INTEGER NOT NULL,"
    " PRIMARY KEY (scope, key)) STRICT, WITHOUT ROWID;"
    "CREATE INDEX idempotency_at ON idempotency (at);"

    /* Every topic's own sequence, and its events while they are kept. */
    "CREATE TABLE topic ("
    " kind TEXT NOT NULL, id INTEGER NOT NULL, last_seq INTEGER NOT NULL,"
    " PRIMARY KEY (kind, id)) STRICT, WITHOUT ROWID;"
    "CREATE TABLE outbox ("
    " kind TEXT NOT NULL, id INTEGER NOT NULL, seq INTEGER NOT NULL, event TEXT NOT NULL,"
    " payload TEXT NOT NULL, at INTEGER NOT NULL,"
    " PRIMARY KEY (kind, id, seq)) STRICT, WITHOUT ROWID;"

    /* Leaves on their way into the ledger, and how far it is sealed. */
    "CREATE TABLE leaf_out ("
    " producer INTEGER NOT NULL, counter INTEGER NOT NULL, at INTEGER NOT NULL, body BLOB NOT "
    "NULL,"
    " PRIMARY KEY (producer, counter)) STRICT, WITHOUT ROWID;"
    "CREATE TABLE sealed ("
    " id INTEGER PRIMARY KEY CHECK (id = 1), size INTEGER NOT NULL, root BLOB NOT NULL) STRICT;"

    /* lease: until when somebody runs it. tries: runs begun. dead: given up; shown, never run. */
    "CREATE TABLE job ("
    " id INTEGER PRIMARY KEY, kind TEXT NOT NULL, person INTEGER NOT NULL, at INTEGER NOT NULL,"
    " tries INTEGER NOT NULL DEFAULT 0, lease INTEGER NOT NULL DEFAULT 0,"
    " dead INTEGER NOT NULL DEFAULT 0, why TEXT NOT NULL DEFAULT '', payload TEXT NOT NULL) "
    "STRICT;"
    "CREATE INDEX job_at ON job (dead, at);"

    "CREATE TABLE setting (name TEXT NOT NULL PRIMARY KEY, value TEXT NOT NULL)"
    " STRICT, WITHOUT ROWID;";

const struct migrate_step core_steps[] = {
    { .module = "core", .name = "001", .sql = step_001 },
};
const size_t core_steps_n = COUNT(core_steps);
