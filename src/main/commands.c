/* SPDX-License-Identifier: Apache-2.0 */
/* Every command of the command line, as help shows it. */
#include "main/cli.h"
#include "main/cmd_cedar.h"

#define DATA_OPTION                                                                    \
    {                                                                                  \
        "data", "DIR",                                                                 \
        {                                                                              \
            "the office's data folder (default: $OUTWORK_DATA, else ./data)",          \
                "办公室的数据目录（默认：$OUTWORK_DATA，否则 ./data）" \
        }                                                                              \
    }

static const struct cli_option run_options[] = {
    DATA_OPTION,
    { "banner",
      NULL,
      { "say where the office is, also when the output is not a terminal",
        "即使输出不是终端也显示办公室地址" } },
};
static const struct cli_option init_options[] = {
    DATA_OPTION,
    { "host",
      "NAMES",
      { "the names people will reach it by, the main one first, comma between",
        "人们访问办公室所用的名字，主要的在前，用逗号分隔" } },
    { "listen",
      "ADDRS",
      { "where it will serve, as in outwork.conf", "监听地址，写法同 outwork.conf" } },
    { "root-key",
      "FILE",
      { "keep the key that seals the vault in this file, outside the folder",
        "把封存保险库的密钥放在此文件中（数据目录之外）" } },
};
static const struct cli_option data_only[] = { DATA_OPTION };
static const struct cli_option demo_options[] = {
    DATA_OPTION,
    { "listen",
      "ADDRS",
      { "where it will serve, as in outwork.conf", "监听地址，写法同 outwork.conf" } },
};
static const struct cli_option doctor_options[] = {
    DATA_OPTION,
    { "json", NULL, { "for programs: one JSON object", "供程序读取：一个 JSON 对象" } },
};
static const struct cli_option config_options[] = {
    DATA_OPTION,
    { "comments", NULL, { "with what each key means", "附每一项的说明" } },
};
static const struct cli_option move_options[] = {
    DATA_OPTION,
    { "to",
      "STORE",
      { "`sqlite`, or a PostgreSQL address as in outwork.conf",
        "`sqlite`，或 outwork.conf 中写法的 PostgreSQL 地址" } },
};
static const struct cli_option trust_options[] = {
    DATA_OPTION,
    { "ask", NULL, { "ask first, when there is a terminal", "先询问（在终端中）" } },
    { "remove", NULL, { "trust it no longer", "取消信任" } },
    { "show",
      NULL,
      { "change nothing, only say how to do it by hand", "不做改动，只说明如何手动操作" } },
};

#define OPTIONS(list) .options = (list), .options_n = COUNT(list)

const struct cli_command cli_commands[] = {
    { .name = "run",
      .group = 0,
      .run = cmd_run,
      .settings = true,
      OPTIONS(run_options),
      .summary = { "start the office and keep it running", "启动办公室并保持运行" },
      .about = { "Starts the parent process, which starts the roles (api, vault), each in a "
                 "sandbox of its\n"
                 "own, and starts again whichever dies. Logs JSON lines to standard error; on a "
                 "terminal\n"
                 "warnings only, unless --log is given. SIGTERM or Ctrl-C ends it cleanly, SIGHUP "
                 "reads\n"
                 "outwork.conf again. Every key of outwork.conf can be given as an option and wins "
                 "over\n"
                 "the file.",
                 "启动父进程；父进程再启动各个角色（api、vault），每个角色都在自己的沙箱中，\n"
                 "死掉的会立即重启。日志以 JSON 行写到标准错误。SIGTERM 或 Ctrl-C 正常结束，\n"
                 "SIGHUP 重新读取 "
                 "outwork.conf。配置文件中的每一项都可以作为选项给出，且优先于文件。" },
      .examples = "outwork run --data /srv/office\n"
                  "outwork run --data /srv/office --listen 127.0.0.1:9443 --log debug\n" },
    { .name = "init",
      .group = 0,
      .run = cmd_init,
      OPTIONS(init_options),
      .summary = { "make a new office's data folder", "创建新办公室的数据目录" },
      .about = { "Makes the folder: keys in the vault, a certificate authority that can sign for "
                 "these names\n"
                 "only, a certificate, outwork.conf with every key in it, and the organisation's "
                 "store. Then\n"
                 "prints one link each for the system, security and audit administrators, good "
                 "once and for\n"
                 "24 hours. An existing office is never touched.",
                 "创建数据目录：保险库中的密钥、只能为这些名字签发证书的证书机构、证书、\n"
                 "写有全部配置项的 outwork.conf，以及组织的存储。然后为系统、安全、审计管理员\n"
                 "各打印一个链接，只能使用一次，24 小时内有效。已有的办公室不会被改动。" },
      .examples = "outwork init --data /srv/office --host office.example.com \\\n"
                  "    --listen 0.0.0.0:443 --root-key /etc/outwork/root.key\n" },
    { .name = "demo init",
      .group = 1,
      .run = cmd_demo_init,
      OPTIONS(demo_options),
      .summary = { "make the demo company's data folder", "创建演示公司的数据目录" },
      .about = { "A company of 40 people in 6 departments with a week of talk, at "
                 "https://localhost:8443.\n"
                 "Its passwords and codes are public: it is for looking around, on this machine "
                 "only.",
                 "一家有 6 个部门、40 人和一周聊天记录的公司，地址 https://localhost:8443。\n"
                 "密码和验证码都是公开的：只供在本机上试用。" },
      .examples = "outwork demo init --data demo && outwork run --data demo\n" },
    { .name = "demo code",
      .group = 1,
      .run = cmd_demo_code,
      .words = "NAME",
      OPTIONS(data_only),
      .summary = { "the current one-time code of a demo account", "演示账号当前的一次性验证码" },
      .about = { "Prints the six digits that NAME would read from their phone. In demo folders "
                 "only: the codes\n"
                 "of real people cannot be had here.",
                 "打印 NAME "
                 "在手机上会看到的六位数字。仅限演示目录：真实人员的验证码在这里得不到。" },
      .examples = "outwork demo code li.na --data demo\n" },
    { .name = "doctor",
      .group = 2,
      .run = cmd_doctor,
      OPTIONS(doctor_options),
      .summary = { "say what is wrong and what to do about it", "检查有何问题以及如何处理" },
      .about = { "Looks at the certificate, clock, disk, ports, permissions, sandbox, keys, "
                 "policies and limits,\n"
                 "of a running office or a stopped one, and names the remedy beside each fault. "
                 "Changes\n"
                 "nothing. Exit code 0: nothing is wrong (notes may stand); 1: something is.",
                 "检查证书、时钟、磁盘、端口、权限、沙箱、密钥、策略和各种上限，办公室运行与否\n"
                 "都可以，并在每个问题旁写出处理办法。不做任何改动。退出码 0：没有问题\n"
                 "（可能有提示）；1：有问题。" },
      .examples = "outwork doctor --data /srv/office\noutwork doctor --data /srv/office --json\n" },
    { .name = "config",
      .group = 2,
      .run = cmd_config,
      .settings = true,
      OPTIONS(config_options),
      .summary = { "show the settings in effect", "显示生效的配置" },
      .about = { "Prints outwork.conf as it is understood, defaults included, after the options "
                 "given. The\n"
                 "output is itself a valid outwork.conf. Without a data folder: the defaults.",
                 "打印实际生效的 outwork.conf，包括默认值和命令行选项。输出本身就是有效的\n"
                 "outwork.conf。没有数据目录时打印默认值。" },
      .examples = "outwork config --data /srv/office --comments\n" },
    { .name = "link",
      .group = 2,
      .run = cmd_link,
      .words = "LOGIN",
      OPTIONS(data_only),
      .summary = { "a way back in for somebody locked out", "为无法登录的人提供返回的途径" },
      .about = { "Makes a one-time link for LOGIN while the office is stopped: for when nobody "
                 "inside may give\n"
                 "one, as when the last administrator of a kind has lost every way in. A locked "
                 "person stays\n"
                 "locked. The ledger records that the machine's owner made it.",
                 "在办公室停止时为 LOGIN 生成一次性链接：用于内部已无人可以发放链接的情况，\n"
                 "例如某类管理员中的最后一人失去了所有登录方式。被锁定的人仍保持锁定。\n"
                 "账本会记录链接由机器的所有者生成。" },
      .examples = "outwork link security.admin --data /srv/office\n" },
    { .name = "store move",
      .group = 2,
      .run = cmd_store_move,
      OPTIONS(move_options),
      .summary = { "carry the records to PostgreSQL, or back", "把记录迁移到 PostgreSQL 或迁回" },
      .about = { "Copies every record of a stopped office into an empty database in one "
                 "transaction, reads it\n"
                 "all back, compares counts and checksums, checks the ledger against it, and then "
                 "sets `store`\n"
                 "in outwork.conf. The ledger's folder stays where it is. The old store is left "
                 "untouched.",
                 "在一个事务中把已停止的办公室的全部记录复制到空数据库，再全部读回，比对数量和\n"
                 "校验和，用账本核对，然后修改 outwork.conf 中的 "
                 "store。账本目录不动，旧存储保持原样。" },
      .examples = "outwork store move --data /srv/office --to \\\n"
                  "    'host=/run/postgresql dbname=office user=outwork password=…'\n"
                  "outwork store move --data /srv/office --to sqlite\n" },
    { .name = "cert show",
      .group = 2,
      .run = cmd_cert_show,
      OPTIONS(data_only),
      .summary = { "show the certificate", "显示证书" },
      .about = { "Names, validity and fingerprint of the certificate that is served, and of its "
                 "authority.",
                 "所用证书及其签发机构的名字、有效期和指纹。" },
      .examples = "outwork cert show --data /srv/office\n" },
    { .name = "cert renew",
      .group = 2,
      .run = cmd_cert_renew,
      OPTIONS(data_only),
      .summary = { "make a new certificate now", "立即更新证书" },
      .about = { "The office does this by itself a month before the end. A running server takes "
                 "the new one\n"
                 "at once and keeps its connections. Use it after changing `host` in outwork.conf.",
                 "办公室会在到期前一个月自动更新。运行中的服务器立即改用新证书，不断开连接。\n"
                 "修改 outwork.conf 中的 host 之后请执行本命令。" },
      .examples = "outwork cert renew --data /srv/office\n" },
    { .name = "trust",
      .group = 2,
      .run = cmd_trust,
      OPTIONS(trust_options),
      .summary = { "let this user's browsers trust the office", "让当前用户的浏览器信任办公室" },
      .about = { "Adds the office's own certificate authority to the databases of this user's "
                 "Chromium, Chrome\n"
                 "and Firefox, and says how to do it by hand elsewhere. The authority is "
                 "constrained to the\n"
                 "office's names: trusting it gives nobody power over other sites.",
                 "把办公室自己的证书机构加入当前用户 Chromium、Chrome 和 Firefox 的信任库，并说明\n"
                 "在其他地方如何手动操作。该机构只能为办公室的名字签发证书：信任它不会让任何人\n"
                 "有能力冒充其他网站。" },
      .examples = "outwork trust --data /srv/office\noutwork trust --data /srv/office --remove\n" },
    { .name = "ledger verify",
      .group = 3,
      .run = cmd_ledger_verify,
      OPTIONS(data_only),
      .summary = { "check every act against the ledger's key", "用账本的密钥核对每一个动作" },
      .about = { "Computes the whole Merkle tree again from its leaves and compares it with every "
                 "tile, with\n"
                 "the signed checkpoint and with what the store says happened. Works beside a "
                 "running\n"
                 "server. Exit code 0: all agrees; 1: it does not, or cannot be read.",
                 "从叶子重新计算整棵 Merkle 树，与每个分片、已签名的检查点以及存储中的记录比对。\n"
                 "服务器运行时也可执行。退出码 0：全部一致；1：不一致或无法读取。" },
      .examples = "outwork ledger verify --data /srv/office\n" },
    { .name = "cedar",
      .group = 3,
      .raw = cmd_cedar,
      .summary = { "check, format and try policies", "检查、排版和试验策略" },
      .about = { "", "" } },
    { .name = "version",
      .group = 4,
      .run = cmd_version,
      .summary = { "show the version", "显示版本" },
      .about = { "The release, and the versions of OpenSSL and libsodium in use.",
                 "发行版本，以及所用 OpenSSL 和 libsodium 的版本。" },
      .examples = "outwork version\n" },
};
const size_t cli_commands_n = COUNT(cli_commands);
