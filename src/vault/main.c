/* SPDX-License-Identifier: Apache-2.0 */
/* outwork-vault: started by `outwork run` and `outwork init` with its root key as descriptor 4 and
 * its sealed file as descriptor 5, both open, so that it need not be able to open anything. It
 * locks its memory first, while it may. */
#include <openssl/crypto.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/log.h"
#include "base/os.h"
#include "proc/role.h"
#include "vault/vault.h"

enum { ROOT_KEY_FD = ROLE_FIRST_FD, SEALED_FD = ROLE_FIRST_FD + 1, BOOT_ARENA = 1 << 20 };

/* All pages as they are touched, where the limit can be raised; else libsodium locks the secrets
 * alone. */
static bool lock_memory(void)
{
    struct rlimit all = { RLIM_INFINITY, RLIM_INFINITY };
    return setrlimit(RLIMIT_MEMLOCK, &all) == 0 &&
           mlockall(MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT) == 0;
}

static err read_root_key(u8 ret[ROOT_KEY_BYTES])
{
    char text[256];
    ssize_t n = os.pread(ROOT_KEY_FD, text, sizeof text, 0);
    err e = n > 0 ? vault_root_key_parse((str){ text, (size_t)n }, ret) : E_INVALID;
    explicit_bzero(text, sizeof text);
    os_close(ROOT_KEY_FD);
    return e;
}

static void serve(struct role_start *r, bool all_locked)
{
    u8 key[ROOT_KEY_BYTES];
    if (read_root_key(key) != E_NONE)
        role_refuse(r, S("the root key is neither 32 bytes nor 64 hexadecimal digits"));
    struct vault_open o = { .file = SEALED_FD,
                            .root_key = key,
                            .create = r->create,
                            .hosts = r->config.host,
                            .origin = str_fmt(r->arena, STR_FMT "/ledger",
                                              STR_ARG(config_host(&r->config))) };
    struct vault *v;
    const char *why;
    err e = vault_open(&o, &v, &why);
    explicit_bzero(key, sizeof key);
    if (e != E_NONE)
        role_refuse(r, str_from(why));
    log_info("keys are in locked memory",
             L_Z("locked", all_locked ? "the whole process" : "the keys alone"));
    if (role_ready(r) == E_NONE)
        vault_serve(v, r);
    vault_close(v);
}

int main(int argc, char **argv)
{
    if (argc != 3 || strcmp(argv[1], "-R") != 0 || strcmp(argv[2], "vault") != 0) {
        (void)fprintf(stderr, "outwork-vault holds the keys; `outwork run` starts it.\n");
        return 2;
    }
    bool all_locked = lock_memory();
    /* No configuration file is read: what the vault does does not hang on the machine's. */
    must(OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG | OPENSSL_INIT_NO_ATEXIT, NULL) == 1);
    must(sodium_init() >= 0);
    log_setup("vault", LOG_INFO, STDERR_FILENO);
    struct arena *boot = arena_new("boot", BOOT_ARENA);
    struct role_start r;
    err e = role_begin("vault", boot, &r);
    if (e != E_NONE) {
        log_error("cannot start", L_Z("why", err_text(e)));
        return 1;
    }
    serve(&r, all_locked);
    arena_free(boot);
    return 0;
}
