/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of this folder share about SQLite; nobody else includes it. */
#ifndef OUTWORK_STORE_SQLITE_H
#define OUTWORK_STORE_SQLITE_H

#include <sqlite3.h>

#include "base/err.h"

#define STORE_VFS "outwork" /* the system's VFS with a fault seam under write, sync, truncate */
enum { STORE_APPLICATION_ID = 0x4f555457 };

void store_vfs_register(void); /* vfs.c; called once by store_setup */
void store_setup(void);        /* once a process, before the first connection; any thread */
err store_err(int rc); /* a SQLite result code as ours; SQLITE_OK, ROW and DONE are E_NONE */
/* Opens path on our VFS (write: makes it if need be), checks that it is ours, sets what every
 * connection has. *ret is NULL on failure. */
MUST_USE err store_open(const char *path, bool write, sqlite3 **ret);
/* Runs fixed text without rows (PRAGMA, BEGIN, migrations). */
MUST_USE err store_exec(sqlite3 *s, const char *text);
/* The first column of the first row as a number; E_NOT_FOUND without rows. */
MUST_USE err store_number(sqlite3 *s, const char *text, i64 *ret);

#endif
