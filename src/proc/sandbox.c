/* SPDX-License-Identifier: Apache-2.0 */
/* Entering the sandbox, outermost layer last: limits, folders, user and capabilities, then the
 * flags that changing the user cleared, then Landlock and seccomp, after which none of this can be
 * undone. */
#include "proc/sandbox.h"

#include <grp.h>
#include <linux/capability.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/os.h"

bool sandbox_sanitized(void)
{
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    return true;
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) || \
    __has_feature(memory_sanitizer)
    return true;
#else
    return false;
#endif
#else
    return false;
#endif
}

err sandbox_die_with(int parent_pid)
{
    if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0)
        return os_err();
    return getppid() == parent_pid ? E_NONE : E_CLOSED;
}

static err set_limit(__rlimit_resource_t what, u64 n)
{
    struct rlimit have;
    if (getrlimit(what, &have) != 0)
        return os_err();
    rlim_t most = MIN((rlim_t)n, have.rlim_max);
    return setrlimit(what, &(struct rlimit){ most, most }) == 0 ? E_NONE : os_err();
}

static err set_limits(const struct sandbox_spec *spec)
{
    TRY(set_limit(RLIMIT_CORE, 0));
    if (spec->max_files)
        TRY(set_limit(RLIMIT_NOFILE, spec->max_files));
    if (spec->max_memory && !sandbox_sanitized())
        TRY(set_limit(RLIMIT_AS, spec->max_memory));
    return E_NONE;
}

static err drop_capabilities(void)
{
    for (unsigned long cap = 0; prctl(PR_CAPBSET_READ, cap, 0, 0, 0) >= 0; cap++)
        if (prctl(PR_CAPBSET_DROP, cap, 0, 0, 0) != 0)
            return os_err();
    (void)prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
    struct __user_cap_header_struct head = { _LINUX_CAPABILITY_VERSION_3, 0 };
    struct __user_cap_data_struct none[2] = { { 0 } };
    return syscall(SYS_capset, &head, none) == 0 ? E_NONE : os_err();
}

/* Root becomes uid, or stays root without its powers; anybody else stays. */
static err drop_user(unsigned uid)
{
    if (geteuid() != 0)
        return E_NONE;
    if (uid) {
        if (setgroups(0, NULL) != 0)
            return os_err();
        for (unsigned long cap = 0; prctl(PR_CAPBSET_READ, cap, 0, 0, 0) >= 0; cap++)
            (void)prctl(PR_CAPBSET_DROP, cap, 0, 0, 0);
        if (setresgid(uid, uid, uid) != 0 || setresuid(uid, uid, uid) != 0)
            return os_err();
        return setresuid(0, 0, 0) == 0 ? E_IO : E_NONE; /* it must not come back */
    }
    return drop_capabilities();
}

err sandbox_enter(const struct sandbox_spec *spec, const char *data, unsigned uid,
                  struct sandbox_state *ret)
{
    int parent = getppid();
    struct sandbox_state state = { 0 };
    TRY(set_limits(spec));
    TRY(drop_user(uid));
    TRY(sandbox_die_with(parent));
    if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0 || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
        return os_err();
    if (!sandbox_sanitized()) {
        TRY(sandbox_landlock(spec, data, &state.landlock_abi));
        TRY(sandbox_seccomp(spec->calls));
        state.seccomp = true;
    }
    state.uid = geteuid();
    *ret = state;
    return E_NONE;
}
