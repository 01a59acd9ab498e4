/* SPDX-License-Identifier: Apache-2.0 */
/* What the doctor looks at in the data folder: modes and owners, room on the disk, the root key,
 * and whether that opens the vault. */
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/os.h"
#include "main/doctor.h"
#include "main/vault_run.h"
#include "proc/role.h"

struct part {
    const char *name;
    unsigned forbidden;
    bool needed;
};

static const struct part parts[] = {
    { ".", 077, true },          { "outwork.conf", 077, true },
    { "vault", 077, true },      { "vault/vault.sealed", 077, true },
    { "store", 077, true },      { "ledger", 077, true },
    { "run", 077, false },       { "root.key", 077, false },
    { "tls", 022, true },        { "tls/cert.pem", 022, true },
    { "tls/ca.pem", 022, true }, { "store/outwork.db", 077, false },
};

/* True when nothing is wrong with it. */
static bool part_well(struct doctor *d, const struct part *part, unsigned api_uid)
{
    struct stat st;
    const char *path =
        strcmp(part->name, ".") == 0 ? d->place->data : place_path(d->place, part->name);
    if (lstat(path, &st) != 0) {
        if (!part->needed && os_err() == E_NOT_FOUND)
            return true;
        doctor_bad(d, TEXT("bring it back from a backup", "请从备份恢复"), TEXT("%s: %s", "%s：%s"),
                   path, os_err_text());
        return false;
    }
    if (st.st_mode & part->forbidden) {
        doctor_bad(d,
                   doctor_text(d, "chmod %s %s", part->forbidden == 077 ? "go-rwx" : "go-w", path),
                   TEXT("%s is open to other users (mode %o)", "%s 对其他用户开放（权限 %o）"),
                   path, (unsigned)st.st_mode & 07777);
        return false;
    }
    if (st.st_uid != geteuid() && st.st_uid != api_uid && st.st_uid != 0) {
        doctor_bad(d, doctor_text(d, "chown %u %s", (unsigned)geteuid(), path),
                   TEXT("%s belongs to user %u", "%s 属于用户 %u"), path, (unsigned)st.st_uid);
        return false;
    }
    return true;
}

void doctor_permissions(struct doctor *d)
{
    bool well = true;
    unsigned here = place_api_uid(d->place->data), api = here ? here : role_uid(&roles[ROLE_API]);
    for (size_t i = 0; i < COUNT(parts); i++)
        well &= part_well(d, &parts[i], api);
    if (well)
        doctor_ok(d, TEXT("%s is closed to other users", "%s 不对其他用户开放"), d->place->data);
}

void doctor_disk(struct doctor *d)
{
    struct statvfs v;
    if (statvfs(d->place->data, &v) != 0) {
        doctor_bad(d, NULL, "%s: %s", d->place->data, os_err_text());
        return;
    }
    u64 free_mb = (u64)v.f_bavail * v.f_frsize >> 20;
    u64 percent = v.f_blocks ? (u64)v.f_bavail * 100 / v.f_blocks : 100;
    const char *remedy =
        TEXT("make room, or move the data folder to a larger disk; writing stops when it is full",
             "请腾出空间，或把数据目录移到更大的磁盘；磁盘满后将停止写入");
    if (free_mb < 256)
        doctor_bad(d, remedy, TEXT("only %llu MB of disk are free", "磁盘只剩 %llu MB"),
                   (unsigned long long)free_mb);
    else if (free_mb < 2048 || percent < 5)
        doctor_note(d, remedy,
                    TEXT("%llu MB of disk (%llu %%) are free", "磁盘剩余 %llu MB（%llu %%）"),
                    (unsigned long long)free_mb, (unsigned long long)percent);
    else
        doctor_ok(d, TEXT("%llu MB of disk are free", "磁盘剩余 %llu MB"),
                  (unsigned long long)free_mb);
    if (v.f_files && v.f_favail < 1000)
        doctor_bad(d, remedy, TEXT("only %llu inodes are free", "只剩 %llu 个 inode"),
                   (unsigned long long)v.f_favail);
}

void doctor_root_key(struct doctor *d)
{
    const char *path = place_root_key(d->place);
    struct stat st;
    if (stat(path, &st) != 0) {
        doctor_bad(d,
                   TEXT("bring it back from where it was kept, or set root_key in outwork.conf",
                        "请取回密钥，或在 outwork.conf 中设置 root_key"),
                   TEXT("the root key %s cannot be read: %s", "无法读取根密钥 %s：%s"), path,
                   os_err_text());
        return;
    }
    if (st.st_size < 32 || st.st_size > 256)
        doctor_bad(
            d, TEXT("bring it back from where it was kept", "请取回密钥"),
            TEXT("%s does not look like a root key (%lld bytes)", "%s 不像根密钥（%lld 字节）"),
            path, (long long)st.st_size);
    else if (st.st_mode & 077)
        doctor_bad(d, doctor_text(d, "chmod go-rwx %s", path),
                   TEXT("the root key %s is open to other users", "根密钥 %s 对其他用户开放"),
                   path);
    else if (place_within(d->place->data, path))
        doctor_note(
            d,
            TEXT(
                "move it to another disk or a systemd credential, and set root_key in outwork.conf",
                "请移到别的磁盘或改用 systemd 凭据，并在 outwork.conf 中设置 root_key"),
            TEXT("the root key lies beside the vault it seals: who copies the folder has the keys",
                 "根密钥与它封存的保险库放在一起：复制目录的人就得到了密钥"));
    else
        doctor_ok(d, TEXT("the root key is kept apart, in %s", "根密钥单独保存在 %s"), path);
}

void doctor_vault(struct doctor *d)
{
    struct vault_run v;
    str why = S("");
    if (d->holder) {
        doctor_ok(
            d,
            TEXT("open, in the running server (process %d)", "已由运行中的服务器（进程 %d）打开"),
            d->holder);
        return;
    }
    if (vault_run_start(d->place, false, &v, &why) == E_NONE) {
        vault_run_stop(&v);
        doctor_ok(d, TEXT("the root key opens it", "根密钥可以打开保险库"));
    } else {
        doctor_bad(d,
                   TEXT("see the root key; else bring vault/vault.sealed back from a backup",
                        "先检查根密钥；否则从备份恢复 vault/vault.sealed"),
                   STR_FMT, STR_ARG(why));
    }
}
