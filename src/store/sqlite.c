/* SPDX-License-Identifier: Apache-2.0 */
/* What every connection of this folder has in common: how the library is set up, how a file is
 * opened and recognised, and what its result codes mean here. A file that carries another
 * program's application id is refused rather than changed. */
#include "store/sqlite.h"

#include <pthread.h>

static void setup_once(void)
{
    (void)sqlite3_config(SQLITE_CONFIG_MULTITHREAD); /* refused, harmlessly, if already running */
    (void)sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
    must(sqlite3_initialize() == SQLITE_OK);
    store_vfs_register();
}

void store_setup(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    must(pthread_once(&once, setup_once) == 0);
}

err store_err(int rc)
{
    switch (rc & 0xff) {
    case SQLITE_OK:
    case SQLITE_ROW:
    case SQLITE_DONE: return E_NONE;
    case SQLITE_CONSTRAINT: return E_CONFLICT;
    case SQLITE_FULL: return E_FULL;
    case SQLITE_BUSY:
    case SQLITE_LOCKED: return E_BUSY;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB: return E_CORRUPT;
    case SQLITE_TOOBIG:
    case SQLITE_NOMEM: return E_LIMIT;
    case SQLITE_IOERR:
    case SQLITE_READONLY:
    case SQLITE_CANTOPEN: return E_IO;
    default: return E_INTERNAL;
    }
}

err store_exec(sqlite3 *s, const char *text)
{
    return store_err(sqlite3_exec(s, text, NULL, NULL, NULL));
}

err store_number(sqlite3 *s, const char *text, i64 *ret)
{
    sqlite3_stmt *q = NULL;
    int rc = sqlite3_prepare_v2(s, text, -1, &q, NULL);
    if (rc == SQLITE_OK)
        rc = sqlite3_step(q);
    err e = store_err(rc);
    if (rc == SQLITE_ROW)
        *ret = sqlite3_column_int64(q, 0);
    else if (e == E_NONE)
        e = E_NOT_FOUND;
    sqlite3_finalize(q);
    return e;
}

/* A new file gets our id; a file of another program has its own, or tables and none. */
static err check_owner(sqlite3 *s, bool may_write)
{
    i64 id = 0, tables = 0;
    TRY(store_number(s, "PRAGMA application_id", &id));
    if (id == STORE_APPLICATION_ID)
        return E_NONE;
    TRY(store_number(s, "SELECT count(*) FROM sqlite_schema", &tables));
    if (id != 0 || tables != 0 || !may_write)
        return E_CORRUPT;
    return store_exec(s, "PRAGMA application_id = 1330992215");
}

static err set_up(sqlite3 *s, bool may_write)
{
    must(sqlite3_extended_result_codes(s, 1) == SQLITE_OK);
    must(sqlite3_busy_timeout(s, 5000) == SQLITE_OK);
    must(sqlite3_db_config(s, SQLITE_DBCONFIG_DQS_DML, 0, NULL) == SQLITE_OK);
    must(sqlite3_db_config(s, SQLITE_DBCONFIG_DQS_DDL, 0, NULL) == SQLITE_OK);
    must(sqlite3_db_config(s, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL) == SQLITE_OK);
    TRY(check_owner(s, may_write));
    if (may_write)
        TRY(store_exec(s, "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;"
                          "PRAGMA journal_size_limit = 67108864"));
    else
        TRY(store_exec(s, "PRAGMA query_only = ON"));
    return store_exec(s, "PRAGMA foreign_keys = ON; PRAGMA temp_store = MEMORY;"
                         "PRAGMA cell_size_check = ON");
}

/* A reader opens for writing too: in WAL mode it takes part in the shared index. query_only
 * keeps it from changing data. */
err store_open(const char *path, bool write, sqlite3 **ret)
{
    sqlite3 *s = NULL;
    store_setup();
    int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
    int rc = sqlite3_open_v2(path, &s, flags | (write ? SQLITE_OPEN_CREATE : 0), STORE_VFS);
    err e = store_err(rc);
    if (e == E_NONE)
        e = set_up(s, write);
    if (e != E_NONE) {
        sqlite3_close(s);
        s = NULL;
    }
    *ret = s;
    return e;
}
