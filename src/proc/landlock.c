/* SPDX-License-Identifier: Apache-2.0 */
/* Landlock by its system calls, since libc has none: a rule per folder, everything else refused.
 * Which rights a kernel can refuse grows with its ABI number; asking an old one about a new right
 * fails, so each is masked by the number. */
#include <fcntl.h>
#include <linux/landlock.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/os.h"
#include "proc/sandbox.h"

/* Rights that this libc's header may be too old to name (linux/landlock.h of 6.12). */
enum {
    FS_ABI_1 = (1 << 13) - 1,
    FS_REFER = 1 << 13,
    FS_TRUNCATE = 1 << 14,
    FS_IOCTL_DEV = 1 << 15,
    NET_BIND_TCP = 1,
    NET_CONNECT_TCP = 2,
    SCOPE_ABSTRACT_SOCKET = 1,
    SCOPE_SIGNAL = 2,
};
struct ruleset {
    u64 fs, net, scoped;
};

enum {
    READ_RIGHTS = LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR,
    WRITE_RIGHTS = READ_RIGHTS | LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_REMOVE_DIR |
                   LANDLOCK_ACCESS_FS_REMOVE_FILE | LANDLOCK_ACCESS_FS_MAKE_DIR |
                   LANDLOCK_ACCESS_FS_MAKE_REG | FS_REFER | FS_TRUNCATE,
    FILE_RIGHTS = LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_WRITE_FILE | FS_TRUNCATE,
};

int sandbox_landlock_abi(void)
{
    long abi = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
    if (abi < 0)
        return 0;
    i64 mask;
    const char *text = getenv("OUTWORK_LANDLOCK_ABI");
    if (text && str_i64(str_from(text), &mask) == E_NONE && mask >= 0 && mask < abi)
        abi = (long)mask;
    return (int)abi;
}

static u64 fs_rights(int abi)
{
    u64 rights = FS_ABI_1;
    if (abi >= 2)
        rights |= FS_REFER;
    if (abi >= 3)
        rights |= FS_TRUNCATE;
    if (abi >= 5)
        rights |= FS_IOCTL_DEV;
    return rights;
}

static err add_path(int ruleset, const struct sandbox_path *p, const char *data, u64 known)
{
    SCRATCH(s);
    str path = str_from(p->path);
    if (str_starts(path, S("@/")))
        path = str_fmt(s.a, "%s/%s", data, p->path + 2);
    int fd = open(str_z(s.a, path), O_PATH | O_CLOEXEC);
    if (fd < 0)
        return os_err() == E_NOT_FOUND ? E_NONE : os_err();
    struct stat st;
    u64 rights = known & (u64)(p->write ? WRITE_RIGHTS : READ_RIGHTS);
    if (fstat(fd, &st) == 0 && !S_ISDIR(st.st_mode))
        rights &= FILE_RIGHTS;
    struct landlock_path_beneath_attr rule = { .allowed_access = rights, .parent_fd = fd };
    err e = syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule, 0) == 0
                ? E_NONE
                : os_err();
    os_close(fd);
    return e;
}

err sandbox_landlock(const struct sandbox_spec *spec, const char *data, int *ret_abi)
{
    int abi = sandbox_landlock_abi();
    if (abi == 0) {
        *ret_abi = 0;
        return E_NONE;
    }
    struct ruleset r = { .fs = fs_rights(abi) };
    size_t size = sizeof r.fs;
    if (abi >= 4) {
        r.net = NET_BIND_TCP | (spec->calls & SANDBOX_CONNECT ? 0 : NET_CONNECT_TCP);
        size = sizeof r.fs + sizeof r.net;
    }
    if (abi >= 6) {
        r.scoped = SCOPE_ABSTRACT_SOCKET | SCOPE_SIGNAL;
        size = sizeof r;
    }
    int fd = (int)syscall(SYS_landlock_create_ruleset, &r, size, 0);
    if (fd < 0)
        return os_err();
    err e = E_NONE;
    for (size_t i = 0; i < spec->paths_n && e == E_NONE; i++)
        e = add_path(fd, &spec->paths[i], data, r.fs);
    if (e == E_NONE && syscall(SYS_landlock_restrict_self, fd, 0) != 0)
        e = os_err();
    os_close(fd);
    if (e == E_NONE)
        *ret_abi = abi;
    return e;
}
