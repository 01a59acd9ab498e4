/* SPDX-License-Identifier: Apache-2.0 */
/* The file system as SQLite sees it: the system's own VFS, with one seam in front of each call
 * that changes a file, so that a test fills the disk or breaks an fsync at the n-th such call
 * and looks at what is left. Everything else passes straight through, memory maps and shared
 * memory included; unarmed, a call costs one predicted branch. */
#include <string.h>

#include "base/fault.h"
#include "store/sqlite.h"

struct file {
    sqlite3_file base;
    sqlite3_file *real; /* stands right behind this struct */
};

static struct {
    sqlite3_vfs *root, vfs;
} state;

static sqlite3_file *real_of(sqlite3_file *f) { return ((struct file *)f)->real; }

#define PASS(f, fn, ...) (real_of(f)->pMethods->fn(real_of(f), ##__VA_ARGS__))

static int file_close(sqlite3_file *f) { return PASS(f, xClose); }

static int file_read(sqlite3_file *f, void *p, int n, sqlite3_int64 at)
{
    return PASS(f, xRead, p, n, at);
}

static int file_write(sqlite3_file *f, const void *p, int n, sqlite3_int64 at)
{
    return fault_hit(FAULT_DISK) ? SQLITE_FULL : PASS(f, xWrite, p, n, at);
}

static int file_truncate(sqlite3_file *f, sqlite3_int64 size)
{
    return fault_hit(FAULT_DISK) ? SQLITE_IOERR_TRUNCATE : PASS(f, xTruncate, size);
}

static int file_sync(sqlite3_file *f, int flags)
{
    return fault_hit(FAULT_DISK) ? SQLITE_IOERR_FSYNC : PASS(f, xSync, flags);
}

static int file_size(sqlite3_file *f, sqlite3_int64 *ret) { return PASS(f, xFileSize, ret); }
static int file_lock(sqlite3_file *f, int level) { return PASS(f, xLock, level); }
static int file_unlock(sqlite3_file *f, int level) { return PASS(f, xUnlock, level); }
static int file_reserved(sqlite3_file *f, int *ret) { return PASS(f, xCheckReservedLock, ret); }
static int file_control(sqlite3_file *f, int op, void *arg)
{
    return PASS(f, xFileControl, op, arg);
}
static int file_sector(sqlite3_file *f) { return PASS(f, xSectorSize); }
static int file_traits(sqlite3_file *f) { return PASS(f, xDeviceCharacteristics); }

static int file_shm_map(sqlite3_file *f, int page, int size, int extend, void volatile **ret)
{
    return PASS(f, xShmMap, page, size, extend, ret);
}

static int file_shm_lock(sqlite3_file *f, int at, int n, int flags)
{
    return PASS(f, xShmLock, at, n, flags);
}

static void file_shm_barrier(sqlite3_file *f) { PASS(f, xShmBarrier); }
static int file_shm_unmap(sqlite3_file *f, int remove) { return PASS(f, xShmUnmap, remove); }

static int file_fetch(sqlite3_file *f, sqlite3_int64 at, int n, void **ret)
{
    return PASS(f, xFetch, at, n, ret);
}

static int file_unfetch(sqlite3_file *f, sqlite3_int64 at, void *p)
{
    return PASS(f, xUnfetch, at, p);
}

static const sqlite3_io_methods methods = {
    .iVersion = 3,
    .xClose = file_close,
    .xRead = file_read,
    .xWrite = file_write,
    .xTruncate = file_truncate,
    .xSync = file_sync,
    .xFileSize = file_size,
    .xLock = file_lock,
    .xUnlock = file_unlock,
    .xCheckReservedLock = file_reserved,
    .xFileControl = file_control,
    .xSectorSize = file_sector,
    .xDeviceCharacteristics = file_traits,
    .xShmMap = file_shm_map,
    .xShmLock = file_shm_lock,
    .xShmBarrier = file_shm_barrier,
    .xShmUnmap = file_shm_unmap,
    .xFetch = file_fetch,
    .xUnfetch = file_unfetch,
};

static int vfs_open(UNUSED sqlite3_vfs *v, sqlite3_filename name, sqlite3_file *out, int flags,
                    int *ret)
{
    struct file *f = (struct file *)out;
    f->base.pMethods = NULL;
    f->real = (sqlite3_file *)(f + 1);
    int rc = state.root->xOpen(state.root, name, f->real, flags, ret);
    if (f->real->pMethods) {
        must(f->real->pMethods->iVersion >= 3);
        f->base.pMethods = &methods;
    }
    return rc;
}

/* The copy keeps the root's private data, so that its other functions work on it unchanged. */
void store_vfs_register(void)
{
    state.root = sqlite3_vfs_find(NULL);
    must(state.root != NULL);
    state.vfs = *state.root;
    state.vfs.pNext = NULL;
    state.vfs.zName = STORE_VFS;
    state.vfs.szOsFile += (int)sizeof(struct file);
    state.vfs.xOpen = vfs_open;
    must(sqlite3_vfs_register(&state.vfs, 0) == SQLITE_OK);
}
