/* SPDX-License-Identifier: Apache-2.0 */
/* `outwork trust`: tells this user's browsers about the office's authority through certutil (NSS is
 * what Chromium, Chrome and Firefox read on Linux), and how to do it by hand elsewhere. */
#include <glob.h>
#include <spawn.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/os.h"
#include "main/place.h"

extern char **environ;

static const char *nickname(const struct place *p)
{
    return str_fmt(p->arena, "Outwork (" STR_FMT ")", STR_ARG(config_host(&p->config))).p;
}

/* certutil's exit code; -1 when there is none. It says nothing on our output. */
static int certutil(const char *const *args)
{
    posix_spawn_file_actions_t quiet;
    pid_t pid;
    int status = -1;
    if (posix_spawn_file_actions_init(&quiet) != 0)
        return -1;
    (void)posix_spawn_file_actions_addopen(&quiet, STDOUT_FILENO, "/dev/null", 1 /* O_WRONLY */, 0);
    (void)posix_spawn_file_actions_addopen(&quiet, STDERR_FILENO, "/dev/null", 1, 0);
    if (posix_spawnp(&pid, "certutil", &quiet, NULL, (char *const *)(uintptr_t)args, environ) ==
            0 &&
        waitpid(pid, &status, 0) == pid)
        status = WIFEXITED(status) ? WEXITSTATUS(status) : 1;
    (void)posix_spawn_file_actions_destroy(&quiet);
    return status == 127 ? -1 : status;
}

static bool have_certutil(void)
{
    return certutil((const char *[]){ "certutil", "--version", NULL }) >= 0;
}

/* One database; true when it is as wished. */
static bool set_one(const struct place *p, const char *folder, bool trusted)
{
    const char *db = str_fmt(p->arena, "sql:%s", folder).p, *name = nickname(p);
    (void)certutil((const char *[]){ "certutil", "-D", "-d", db, "-n", name,
                                     NULL }); /* an older one of this name */
    if (!trusted)
        return true;
    return certutil((const char *[]){ "certutil", "-A", "-d", db, "-t", "C,,", "-n", name, "-i",
                                      place_path(p, "tls/ca.pem"), NULL }) == 0;
}

static int say_one(const struct place *p, const char *folder, bool trusted)
{
    if (!set_one(p, folder, trusted)) {
        cli_say(TEXT_TRUST_FAILED, folder);
        cli_say("\n");
        return CLI_FAILED;
    }
    if (trusted)
        cli_say(TEXT_TRUST_ADDED, folder);
    else
        cli_say(TEXT_TRUST_REMOVED, folder);
    cli_say("\n");
    return CLI_OK;
}

/* Chromium's and Chrome's own database is made when it is missing: they will find it. */
static int each_database(const struct place *p, const char *home, bool trusted)
{
    static const char *const patterns[] = { "%s/.mozilla/firefox/*/cert9.db",
                                            "%s/snap/firefox/common/.mozilla/firefox/*/cert9.db",
                                            "%s/snap/chromium/current/.pki/nssdb/cert9.db" };
    const char *own = str_fmt(p->arena, "%s/.pki/nssdb", home).p;
    if (trusted && !os_exists(str_fmt(p->arena, "%s/cert9.db", own).p)) {
        IGNORE(os_mkdir(own, 0700));
        (void)certutil((const char *[]){ "certutil", "-N", "--empty-password", "-d",
                                         str_fmt(p->arena, "sql:%s", own).p, NULL });
    }
    int code = say_one(p, own, trusted);
    for (size_t i = 0; i < COUNT(patterns); i++) {
        glob_t found = { 0 };
        str tail = str_from(patterns[i] + 2);
        const char *pattern = str_fmt(p->arena, "%s" STR_FMT, home, STR_ARG(tail)).p;
        if (glob(pattern, 0, NULL, &found) == 0)
            for (size_t k = 0; k < found.gl_pathc; k++) {
                str file = str_from(found.gl_pathv[k]);
                code |= say_one(
                    p, str_z(p->arena, str_sub(file, 0, file.n - sizeof "/cert9.db" + 1)), trusted);
            }
        globfree(&found);
    }
    return code;
}

static void say_by_hand(const struct place *p)
{
    const char *ca = place_path(p, "tls/ca.pem");
    cli_say(TEXT("\nBy hand, with %s:\n"
                 "  Firefox    Settings, Privacy & Security, Certificates, View Certificates, "
                 "Authorities, Import\n"
                 "  Debian     sudo cp %s /usr/local/share/ca-certificates/outwork.crt && sudo "
                 "update-ca-certificates\n"
                 "  macOS      sudo security add-trusted-cert -d -r trustRoot \\\n"
                 "                 -k /Library/Keychains/System.keychain ca.pem\n"
                 "  Windows    certutil -addstore -f Root ca.pem   (as administrator)\n"
                 "  Android    Settings, Security, Encryption & credentials, Install a "
                 "certificate, CA certificate\n"
                 "  iOS        mail it to the device, install the profile, then enable it under\n"
                 "             Settings, General, About, Certificate Trust Settings\n",
                 "\n手动操作（证书文件：%s）：\n"
                 "  Firefox    设置 → 隐私与安全 → 证书 → 查看证书 → 证书颁发机构 → 导入\n"
                 "  Debian     sudo cp %s /usr/local/share/ca-certificates/outwork.crt && sudo "
                 "update-ca-certificates\n"
                 "  macOS      sudo security add-trusted-cert -d -r trustRoot \\\n"
                 "                 -k /Library/Keychains/System.keychain ca.pem\n"
                 "  Windows    certutil -addstore -f Root ca.pem   （以管理员身份）\n"
                 "  Android    设置 → 安全 → 加密与凭据 → 安装证书 → CA 证书\n"
                 "  iOS        把文件发到设备，安装描述文件，然后在 设置 → 通用 → 关于本机 →\n"
                 "             证书信任设置 中启用\n"),
            ca, ca);
}

/* Enter or y means yes; without a terminal nobody is asked and nothing is done. */
static bool agreed(void)
{
    char line[16];
    if (!isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO))
        return false;
    cli_say("%s", TEXT_TRUST_ANSWER);
    (void)fflush(stdout);
    return fgets(line, sizeof line, stdin) && (line[0] == '\n' || line[0] == 'y' || line[0] == 'Y');
}

int cmd_trust(struct cli *c)
{
    struct place p;
    const char *home = getenv("HOME");
    bool remove = cli_flag(c, "remove");
    if (!place_open(c, &p))
        return CLI_FAILED;
    if (!os_exists(place_path(&p, "tls/ca.pem")))
        return cli_fail(TEXT_CANNOT_READ, place_path(&p, "tls/ca.pem"), err_text(E_NOT_FOUND));
    int code = CLI_OK;
    if (cli_flag(c, "show") || (cli_flag(c, "ask") && !agreed())) {
        say_by_hand(&p);
        return code;
    }
    if (!home || !have_certutil()) {
        cli_say("%s\n", TEXT_TRUST_NONE);
        code = CLI_FAILED;
    } else {
        code = each_database(&p, home, !remove);
        cli_say("%s\n", TEXT_TRUST_RESTART);
    }
    if (!remove)
        say_by_hand(&p);
    return code;
}
