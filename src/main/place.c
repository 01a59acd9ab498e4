/* SPDX-License-Identifier: Apache-2.0 */
/* Data folders. The lock is a POSIX record lock on run/parent.pid: it ends with the process
 * whatever happens, its holder can be asked for, and no child inherits it. */
#include "main/place.h"

#include <fcntl.h>
#include <ftw.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/os.h"
#include "proc/role.h"

enum { CONFIG_FILE_MAX = CONFIG_TEXT_MAX };

const char *place_folder(struct cli *c)
{
    const char *path = cli_value(c, "data"), *env = getenv("OUTWORK_DATA");
    if (!path)
        path = env && *env ? env : "data";
    char here[4096];
    if (realpath(path, here))
        return str_copy(c->arena, str_from(here)).p;
    if (path[0] != '/' && getcwd(here, sizeof here))
        path = str_fmt(c->arena, "%s/%s", here, path).p;
    str s = str_from(path);
    while (s.n > 1 && s.p[s.n - 1] == '/')
        s.n--;
    return str_z(c->arena, s);
}

const char *place_path(const struct place *p, const char *part)
{
    return str_fmt(p->arena, "%s/%s", p->data, part).p;
}

bool place_within(const char *data, const char *path)
{
    size_t n = strlen(data);
    return !strncmp(path, data, n) && path[n] == '/';
}

err place_config(struct cli *c, const char *data, struct config *ret, str *reterr_why)
{
    const char *path = str_fmt(c->arena, "%s/outwork.conf", data).p;
    struct config_error why;
    struct config config;
    str file;
    err e = os_read_file(c->arena, path, CONFIG_FILE_MAX, &file);
    if (e != E_NONE) {
        *reterr_why = str_fmt(c->arena, TEXT_CANNOT_READ, path, err_text(e));
        return e;
    }
    e = config_parse(c->arena, file, &config, &why);
    if (e != E_NONE) {
        *reterr_why =
            str_fmt(c->arena, TEXT_CONFIG_FAULT, path, why.line, str_z(c->arena, why.text));
        return e;
    }
    for (size_t i = 0; i < c->settings_n; i++) {
        e = config_set(c->arena, &config, str_from(c->settings[i].key),
                       str_from(c->settings[i].value), &why);
        if (e != E_NONE) {
            *reterr_why = str_fmt(c->arena, "--" STR_FMT, STR_ARG(why.text));
            return e;
        }
    }
    *ret = config;
    return E_NONE;
}

bool place_open(struct cli *c, struct place *ret)
{
    struct place p = { .arena = c->arena, .data = place_folder(c) };
    str why;
    if (!os_exists(place_path(&p, "outwork.conf"))) {
        (void)cli_fail(TEXT_NO_FOLDER, p.data);
        return false;
    }
    if (place_config(c, p.data, &p.config, &why) != E_NONE) {
        (void)cli_fail(STR_FMT, STR_ARG(why));
        return false;
    }
    *ret = p;
    return true;
}

const char *place_root_key(const struct place *p)
{
    const char *credentials = getenv("CREDENTIALS_DIRECTORY");
    if (p->config.root_key.n)
        return str_z(p->arena, p->config.root_key);
    if (credentials && *credentials) {
        const char *path = str_fmt(p->arena, "%s/outwork-root-key", credentials).p;
        if (os_exists(path))
            return path;
    }
    return place_path(p, "root.key");
}

str place_config_text(const struct place *p)
{
    struct buf b = buf_in(p->arena, CONFIG_FILE_MAX);
    config_write(&b, &p->config, false);
    return buf_str(&b);
}

/* ---- the lock ---- */

static int lock_file(const struct place *p)
{
    if (os_mkdir(place_path(p, "run"), 0700) != E_NONE)
        return -1;
    return open(place_path(p, "run/parent.pid"), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
}

static int holder_of(int fd)
{
    struct flock l = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
    return fcntl(fd, F_GETLK, &l) == 0 && l.l_type != F_UNLCK ? (int)l.l_pid : 0;
}

err place_lock(const struct place *p, int *ret_holder)
{
    int fd = lock_file(p); /* stays open: closing it would give the lock up */
    struct flock l = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
    if (fd < 0)
        return os_err();
    if (fcntl(fd, F_SETLK, &l) != 0) {
        *ret_holder = holder_of(fd);
        os_close(fd);
        return E_CONFLICT;
    }
    str pid = str_fmt(p->arena, "%d\n" STR_FMT "\n", (int)getpid(), STR_ARG(p->config.listen));
    if (ftruncate(fd, 0) != 0)
        return os_err();
    return os_write_all(fd, pid.p, pid.n, 0);
}

int place_holder(const struct place *p)
{
    int fd = open(place_path(p, "run/parent.pid"), O_RDWR | O_CLOEXEC);
    if (fd < 0)
        return 0;
    int pid = holder_of(fd);
    os_close(fd);
    return pid;
}

str place_served(const struct place *p)
{
    str rest;
    if (!place_holder(p) ||
        os_read_file(p->arena, place_path(p, "run/parent.pid"), 4096, &rest) != E_NONE)
        return S("");
    (void)str_cut(&rest, '\n'); /* the pid, for people */
    return str_cut(&rest, '\n');
}

/* ---- owners ---- */

/* Who alone may pass all folders above: the role's own user where everybody may, the owner of a
 * closed home, else root. */
static unsigned who_passes(const char *data)
{
    SCRATCH(s);
    char *z = str_z(s.a, str_from(data));
    unsigned uid = role_uid(&roles[ROLE_API]);
    bool closed = false;
    struct stat st;
    for (char *slash = z; (slash = strrchr(z, '/')) != NULL && slash != z;) {
        *slash = 0;
        if (stat(z, &st) != 0)
            return 0;
        if (st.st_mode & S_IXOTH)
            continue;
        if (closed && st.st_uid != uid)
            return 0;
        closed = true;
        uid = st.st_uid;
    }
    return uid;
}

unsigned place_api_uid(const char *data)
{
    return geteuid() == 0 ? who_passes(data) : 0;
}

static struct {
    uid_t uid;
    bool failed;
} owning;

static int own_one(const char *path, UNUSED const struct stat *st, UNUSED int kind,
                   UNUSED struct FTW *at)
{
    owning.failed |= lchown(path, owning.uid, owning.uid) != 0;
    return 0;
}

static err own_tree(const char *path, uid_t uid, bool all)
{
    struct stat st;
    if (lstat(path, &st) != 0)
        return E_NONE; /* not there: nothing to own */
    if (st.st_uid == uid && !all)
        return E_NONE;
    owning.uid = uid;
    owning.failed = false;
    if (nftw(path, own_one, 32, FTW_PHYS | FTW_MOUNT) != 0 || owning.failed)
        return E_DENIED;
    return E_NONE;
}

err place_own(const char *data, bool all)
{
    static const struct {
        const char *part;
        bool always;
    } apis[] = { { "store", true }, { "ledger", false }, { "blobs", false } };
    if (geteuid() != 0)
        return E_NONE;
    SCRATCH(s);
    unsigned uid = place_api_uid(data);
    if (lchown(data, uid, uid) != 0)
        return os_err();
    for (size_t i = 0; i < COUNT(apis); i++)
        TRY(own_tree(str_fmt(s.a, "%s/%s", data, apis[i].part).p, uid, all || apis[i].always));
    return E_NONE;
}
