/* SPDX-License-Identifier: Apache-2.0 */
/* What the command line says, in English and, where the locale asks for it, in Chinese. One row a
 * sentence, so that a translation cannot be forgotten; each expands to a choice of two literals, so
 * that the compiler checks both formats against their arguments. */
#ifndef OUTWORK_MAIN_TEXTS_H
#define OUTWORK_MAIN_TEXTS_H

#include "base/types.h"

/* clang-format off */
#define TEXT(en, zh) (texts_chinese() ? (zh) : (en))

#define TEXT_TAGLINE \
    TEXT("Outwork: a company's remote office behind one gate.", \
         "Outwork：公司的远程办公室，一道门，一本账。")
#define TEXT_USAGE \
    TEXT("Usage", \
         "用法")
#define TEXT_COMMANDS \
    TEXT("commands", \
         "命令")
#define TEXT_OPTIONS \
    TEXT("Options", \
         "选项")
#define TEXT_EXAMPLES \
    TEXT("Examples", \
         "示例")
#define TEXT_COMMAND \
    TEXT("<command>", \
         "<命令>")
#define TEXT_OPTION \
    TEXT("[options]", \
         "[选项]")
#define TEXT_MORE \
    TEXT("`outwork <command> --help` says more about each.", \
         "`outwork <命令> --help` 有每条命令的详细说明。")
#define TEXT_UNKNOWN \
    TEXT("there is no command \"%s\"", \
         "没有 “%s” 这条命令")
#define TEXT_MEANT \
    TEXT("; did you mean `outwork %s`?", \
         "；您是不是要输入 `outwork %s`？")
#define TEXT_SEE_HELP \
    TEXT(". `outwork --help` lists them all", \
         "。`outwork --help` 列出全部命令")
#define TEXT_BAD_OPTION \
    TEXT("`outwork %s` has no option --%s", \
         "`outwork %s` 没有选项 --%s")
#define TEXT_MEANT_OPTION \
    TEXT("; did you mean --%s?", \
         "；您是不是要用 --%s？")
#define TEXT_NEEDS_VALUE \
    TEXT("--%s needs a value", \
         "--%s 需要一个值")
#define TEXT_TAKES_NO_VALUE \
    TEXT("--%s takes no value", \
         "--%s 不带值")
#define TEXT_EXTRA \
    TEXT("\"%s\" is one word too many", \
         "多出了 “%s”")
#define TEXT_MISSING_WORD \
    TEXT("`outwork %s` needs %s", \
         "`outwork %s` 需要 %s")
#define TEXT_NO_FOLDER \
    TEXT("%s is not an office's data folder (it has no outwork.conf); `outwork init` " \
         "makes one", \
         "%s 不是办公室的数据目录（没有 outwork.conf）；用 `outwork " \
         "init` 创建")
#define TEXT_CANNOT_READ \
    TEXT("cannot read %s: %s", \
         "无法读取 %s：%s")
#define TEXT_CANNOT_WRITE \
    TEXT("cannot write %s: %s", \
         "无法写入 %s：%s")
#define TEXT_CONFIG_FAULT \
    TEXT("%s:%u: %s", \
         "%s 第 %u 行：%s")
#define TEXT_RUNNING \
    TEXT("a server (process %d) already runs on %s", \
         "已有服务器（进程 %d）在 %s 上运行")
#define TEXT_NOT_RUNNING \
    TEXT("no server runs on %s; `outwork run` starts one", \
         "%s 上没有服务器在运行；用 `outwork run` 启动")
#define TEXT_EXISTS \
    TEXT("%s is an office's data folder already; nothing was changed", \
         "%s 已是办公室的数据目录，没有做任何改动")
#define TEXT_NOT_EMPTY \
    TEXT("%s is not empty; name a new folder", \
         "%s 不是空目录，请另选一个新目录")
#define TEXT_NO_ROOT_KEY \
    TEXT("the root key %s cannot be read: %s. Without it the vault stays shut; bring it " \
         "back from where it was kept, or set root_key in outwork.conf", \
         "无法读取根密钥 " \
         "%s：%s。没有它保险库打不开；请取回密钥，或在 outwork.conf " \
         "中设置 root_key")
#define TEXT_NO_VAULT_EXE \
    TEXT("outwork-vault must stand beside outwork: %s", \
         "outwork-vault 必须与 outwork 放在一起：%s")
#define TEXT_PORT_TAKEN \
    TEXT("%s is in use by another program; stop that, or choose another address with " \
         "--listen", \
         "%s 已被其他程序占用；请停止那个程序，或用 --listen " \
         "另选地址")
#define TEXT_CANNOT_LISTEN \
    TEXT("cannot listen on %s: %s", \
         "无法监听 %s：%s")
#define TEXT_VAULT_REFUSED \
    TEXT("the vault did not open: %s", \
         "保险库没有打开：%s")
#define TEXT_ROLE_REFUSED \
    TEXT("the office did not start: %s", \
         "办公室没有启动：%s")
#define TEXT_ADDRESS \
    TEXT("The office is open at https://%s", \
         "办公室已开：https://%s")
#define TEXT_HOW_TO_STOP \
    TEXT("Ctrl-C stops it.", \
         "按 Ctrl-C 停止。")
#define TEXT_INIT_DONE \
    TEXT("The office of %s stands in %s.", \
         "%s 的办公室已建在 %s。")
#define TEXT_INIT_LINKS \
    TEXT("Three administrators, none of whom can be another. Give each their link: it " \
         "works once, for 24 hours.", \
         " " \
         "三位管理员必须是三个不同的人。请把链接分别交给他们：每个链接只能用一次，24 " \
         "小时内有效。")
#define TEXT_ROLE_SYSTEM \
    TEXT("system administrator", \
         "系统管理员")
#define TEXT_ROLE_SECURITY \
    TEXT("security administrator", \
         "安全管理员")
#define TEXT_ROLE_AUDIT \
    TEXT("audit administrator", \
         "审计管理员")
#define TEXT_INIT_NEXT \
    TEXT("Next: outwork run --data %s", \
         "下一步：outwork run --data %s")
#define TEXT_KEY_BESIDE \
    TEXT("The root key %s lies beside what it seals. Move it off this disk, or to a " \
         "systemd credential, and set root_key.", \
         "根密钥 %s 与它所封存的内容放在一起。请移到别处或改用 " \
         "systemd 凭据，并设置 root_key。")
#define TEXT_FAILED \
    TEXT("%s failed: %s", \
         "%s 失败：%s")
#define TEXT_DEMO_ONLY \
    TEXT("%s is not a demo folder; codes of real people are on their phones alone", \
         "%s 不是演示目录；真实人员的验证码只在他们自己的手机上")
#define TEXT_NO_ACCOUNT \
    TEXT("the demo has no account \"%s\"", \
         "演示里没有账号 “%s”")
#define TEXT_NO_PERSON \
    TEXT("nobody here signs in as \"%s\"", \
         "这里没有登录名为 “%s” 的人")
#define TEXT_LINK_DONE \
    TEXT("A link that works once within 24 hours, in place of earlier ones. It replaces\n" \
         "password, codes and passkeys. Hand it over in person, then start the office again:", \
         "一次性链接，24 小时内有效，旧链接随之作废；它会替换密码、验证码和通行密钥。\n" \
         "请当面交给本人，然后重新启动办公室：")
#define TEXT_DEMO_DONE \
    TEXT("The demo company stands in %s.", \
         "演示公司已建在 %s。")
#define TEXT_STORE_SAME \
    TEXT("the records of %s are there already", \
         "%s 的记录已经在那里")
#define TEXT_STORE_MOVED \
    TEXT("The office keeps its records in the new place from now on.", \
         "办公室的记录从现在起保存在新的位置。")
#define TEXT_STORE_OLD_FILE \
    TEXT("The old file is %s; delete it when you are sure.", \
         "旧文件为 %s；确认无误后请自行删除。")
#define TEXT_STORE_OLD_PG \
    TEXT("The PostgreSQL database is left as it was; drop it when you are sure.", \
         "PostgreSQL 数据库保持原样；确认无误后请自行删除。")
#define TEXT_STORE_NOT_MOVED \
    TEXT("the records were not moved (%s); nothing was changed", \
         "记录没有移动（%s），没有做任何改动")
#define TEXT_LEDGER_GOOD \
    TEXT("The ledger agrees.", \
         "账本一致。")
#define TEXT_LEDGER_BAD \
    TEXT("THE LEDGER DOES NOT AGREE.", \
         "账本不一致！")
#define TEXT_CERT_RENEWED \
    TEXT("The certificate is new; a running server uses it already.", \
         "证书已更新；运行中的服务器已在使用。")
#define TEXT_CERT_NO_ANSWER \
    TEXT("the server did not renew the certificate; its log says why", \
         "服务器没有更新证书，原因见其日志")
#define TEXT_OK \
    TEXT("ok", \
         "正常")
#define TEXT_NOTE \
    TEXT("note", \
         "提示")
#define TEXT_BAD \
    TEXT("BAD", \
         "问题")
#define TEXT_ALL_WELL \
    TEXT("Nothing is wrong.", \
         "一切正常。")
#define TEXT_PROBLEMS \
    TEXT("%d to put right.", \
         "有 %d 处需要处理。")
#define TEXT_TRUST_NONE \
    TEXT("certutil is not installed (Debian: apt install libnss3-tools), so no browser " \
         "was told.", \
         "没有安装 certutil（Debian：apt install " \
         "libnss3-tools），未能通知浏览器。")
#define TEXT_TRUST_ADDED \
    TEXT("trusted from now on in %s", \
         "已加入信任：%s")
#define TEXT_TRUST_REMOVED \
    TEXT("no longer trusted in %s", \
         "已取消信任：%s")
#define TEXT_TRUST_FAILED \
    TEXT("certutil failed on %s", \
         "certutil 处理 %s 失败")
#define TEXT_TRUST_RESTART \
    TEXT("Restart the browser if it was open.", \
         "如果浏览器已打开，请重新启动。")
#define TEXT_TRUST_ANSWER \
    TEXT("Trust this office's certificate authority in your browsers? [Y/n] ", \
         "要让您的浏览器信任这间办公室的证书机构吗？[Y/n] ")
/* clang-format on */

/* One of two, for help pages. */
const char *texts_of(const char *en, const char *zh);
/* By LC_ALL, LC_MESSAGES or LANG. */
bool texts_chinese(void);

#endif
