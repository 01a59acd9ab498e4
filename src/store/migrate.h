/* SPDX-License-Identifier: Apache-2.0 */
/* Forward migrations: each step one transaction, recorded. Steps that wait are tried on a copy
 * of the data first. A store that knows steps this program does not is refused untouched. */
#ifndef OUTWORK_STORE_MIGRATE_H
#define OUTWORK_STORE_MIGRATE_H

#include "base/err.h"

struct migrate_step {
    const char *module, *name; /* "chat", "001" */
    const char *sql;           /* several statements; no BEGIN or COMMIT of its own */
    const char *postgres;      /* the same for PostgreSQL; NULL: sql with its types renamed */
};

struct migrate_report {
    u32 before, applied; /* steps found, steps done now */
    char why[400];       /* for people, on failure */
};

/* Makes or brings up to date the store at path (or behind a PostgreSQL conninfo, where one node at
 * a time migrates and waiting steps are tried first in a transaction that is undone). Steps stand
 * in start order, a module's in the order of their numbers. E_CONFLICT: written by a newer release,
 * or a step in the middle is missing. E_INVALID: a step's SQL fails; nothing of it is left. E_FULL,
 * E_IO, E_CORRUPT; on PostgreSQL also E_BUSY. *ret is filled always. */
MUST_USE err migrate_run(const char *path, const struct migrate_step *steps, size_t n,
                         struct migrate_report *ret);

#endif
