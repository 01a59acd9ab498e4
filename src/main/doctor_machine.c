/* SPDX-License-Identifier: Apache-2.0 */
/* What the doctor looks at around the folder: certificate, clock, ports, what the kernel offers for
 * the sandboxes, limits, policies. */
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/timex.h>
#include <unistd.h>

#include "base/os.h"
#include "main/cert.h"
#include "main/doctor.h"
#include "main/hooks.h"
#include "proc/listen.h"
#include "proc/role.h"
#include "proc/sandbox.h"

#define RENEW_AFTER (21 * USEC_DAY)

static const char *renew(struct doctor *d)
{
    return doctor_text(d, "outwork cert renew --data %s", d->place->data);
}

/* Adds a finding for what is wrong; false then. */
static bool dates_well(struct doctor *d, const X509 *x, const char *what)
{
    struct buf b = buf_in(d->place->arena, 64);
    usec now = os_now(), from = cert_not_before(x), to = cert_not_after(x);
    time_put(&b, from > now ? from : to);
    buf_char(&b, 0);
    if (from > now)
        doctor_bad(d, TEXT("set the clock of this machine right", "请校准本机时钟"),
                   TEXT("the %s is valid only from %s: is the clock wrong?",
                        "%s自 %s 起才有效：时钟是否有误？"),
                   what, buf_str(&b).p);
    else if (to < now)
        doctor_bad(
            d, renew(d),
            TEXT("the %s ended on %s: no browser takes it", "%s已于 %s 过期：浏览器不会接受"), what,
            buf_str(&b).p);
    else if (to < now + RENEW_AFTER)
        doctor_note(d, renew(d), TEXT("the %s ends on %s", "%s将于 %s 到期"), what, buf_str(&b).p);
    else
        return true;
    return to >= now && from <= now;
}

static bool names_well(struct doctor *d, X509 *x)
{
    bool well = true;
    for (str rest = d->place->config.host; rest.p;) {
        const char *host = str_z(d->place->arena, str_trim(str_cut(&rest, ',')));
        if (cert_covers(x, host))
            continue;
        doctor_bad(d, renew(d), TEXT("the certificate is not for %s", "证书不包含名字 %s"), host);
        well = false;
    }
    return well;
}

void doctor_certificate(struct doctor *d)
{
    X509 *x = NULL, *ca = NULL;
    if (cert_read(place_path(d->place, "tls/cert.pem"), &x) != E_NONE ||
        cert_read(place_path(d->place, "tls/ca.pem"), &ca) != E_NONE) {
        doctor_bad(d, renew(d),
                   TEXT("tls/%s is missing or no certificate", "tls/%s 缺失或不是证书"),
                   x ? "ca.pem" : "cert.pem");
    } else {
        bool well = dates_well(d, x, TEXT("certificate", "证书"));
        well &= dates_well(d, ca, TEXT("authority's certificate", "证书机构的证书"));
        well &= names_well(d, x);
        if (!cert_issued_by(x, ca)) {
            doctor_bad(d, renew(d),
                       TEXT("the certificate was not made by this office's authority",
                            "证书不是由本办公室的证书机构签发的"));
            well = false;
        }
        if (well)
            doctor_ok(
                d,
                TEXT("valid for " STR_FMT ", %lld days more", "对 " STR_FMT " 有效，还有 %lld 天"),
                STR_ARG(d->place->config.host),
                (long long)((cert_not_after(x) - os_now()) / USEC_DAY));
    }
    X509_free(x);
    X509_free(ca);
}

void doctor_clock(struct doctor *d)
{
    static const char *const written[] = { "vault/vault.sealed", "ledger/checkpoint",
                                           "outwork.conf" };
    usec now = os_now(), newest = 0;
    const char *remedy =
        TEXT("set the clock right and keep it so: apt install systemd-timesyncd, or chrony",
             "请校准时钟并保持同步：apt install systemd-timesyncd 或 chrony");
    for (size_t i = 0; i < COUNT(written); i++) {
        struct stat st;
        if (stat(place_path(d->place, written[i]), &st) == 0)
            newest = MAX(newest, (usec)st.st_mtim.tv_sec * USEC_S);
    }
    if (newest > now + USEC_MIN) {
        doctor_bad(d, remedy,
                   TEXT("it is %lld minutes behind what was written here last",
                        "比这里最近写入的时间慢 %lld 分钟"),
                   (long long)((newest - now) / USEC_MIN));
        return;
    }
    struct timex t = { 0 };
    if (adjtimex(&t) == TIME_ERROR || (t.status & STA_UNSYNC))
        doctor_note(d, remedy,
                    TEXT("nothing keeps it in step; codes are refused when it is 30 s off",
                         "时钟没有同步；误差超过 30 秒时验证码会被拒绝"));
    else
        doctor_ok(d, TEXT("in step", "已同步"));
}

static bool port_well(struct doctor *d, const struct listen_address *a)
{
    int fd = -1;
    const char *at = str_z(d->place->arena, a->text);
    err e = listen_open(a, false, &fd);
    if (e == E_NONE) {
        os_close(fd);
        if (!d->holder)
            return true;
        doctor_bad(
            d, TEXT("restart the server: it listens elsewhere", "请重启服务器：它监听的是别的地址"),
            TEXT("the running server does not serve %s", "运行中的服务器没有监听 %s"), at);
    } else if (e == E_CONFLICT) {
        if (d->holder)
            return true; /* ours, as far as can be told from here */
        doctor_bad(d,
                   doctor_text(d,
                               TEXT("see who it is: ss -ltnp 'sport = :%u'; or change listen",
                                    "查看占用者：ss -ltnp 'sport = :%u'；或修改 listen"),
                               listen_port(a)),
                   TEXT("%s is in use by another program", "%s 已被其他程序占用"), at);
    } else if (e == E_DENIED && listen_port(a) < 1024) {
        doctor_bad(d,
                   TEXT("start the server as root (its roles drop that), or listen above 1023",
                        "以 root 启动（各角色会放弃权限），或改用 1023 以上的端口"),
                   TEXT("only root may serve %s", "只有 root 可以监听 %s"), at);
    } else {
        doctor_bad(d, TEXT("change listen in outwork.conf", "请修改 outwork.conf 中的 listen"),
                   "%s: %s", at, os_err_text());
    }
    return false;
}

void doctor_ports(struct doctor *d)
{
    struct listen_address at[LISTEN_ADDRESSES_MAX];
    size_t n;
    bool well = true;
    str served = place_served(d->place), listen = served.n ? served : d->place->config.listen;
    if (listen_parse_list(listen, at, &n) != E_NONE)
        return;
    for (size_t i = 0; i < n; i++)
        well &= port_well(d, &at[i]);
    if (well)
        doctor_ok(d,
                  d->holder ? TEXT("served: " STR_FMT, "正在监听：" STR_FMT)
                            : TEXT("free: " STR_FMT, "空闲：" STR_FMT),
                  STR_ARG(listen));
}

void doctor_sandbox(struct doctor *d)
{
    int abi = sandbox_landlock_abi();
    if (!sandbox_seccomp_offered())
        doctor_bad(d,
                   TEXT("use a kernel with CONFIG_SECCOMP_FILTER",
                        "请使用带 CONFIG_SECCOMP_FILTER 的内核"),
                   TEXT("the kernel offers no seccomp: no role starts",
                        "内核不支持 seccomp：角色无法启动"));
    if (abi == 0)
        doctor_note(
            d,
            TEXT(
                "boot a kernel with lsm=landlock,… (5.13 or later); users and seccomp hold "
                "meanwhile",
                "请使用启用 lsm=landlock,… 的内核（5.13 以上）；在此之前由用户隔离和 seccomp 保护"),
            TEXT("the kernel offers no Landlock", "内核不支持 Landlock"));
    if (geteuid() != 0)
        doctor_note(d,
                    TEXT("start the server as root: each role then drops to a user of its own",
                         "以 root 启动：每个角色会切换到各自的用户"),
                    TEXT("not root: the roles share one user, apart by seccomp and Landlock alone",
                         "不是 root：各角色共用一个用户，仅靠 seccomp 和 Landlock 隔离"));
    else if (place_api_uid(d->place->data) != role_uid(&roles[ROLE_API]))
        doctor_note(
            d,
            TEXT("move the data folder to where everybody may pass, such as /srv or /var/lib",
                 "请把数据目录移到各用户都能进入的位置，如 /srv 或 /var/lib"),
            TEXT("the api role runs as user %u: its own cannot reach the data folder",
                 "api 角色以用户 %u 运行：它自己的用户进不了数据目录"),
            place_api_uid(d->place->data));
    doctor_ok(d, TEXT("seccomp, Landlock ABI %d", "seccomp，Landlock ABI %d"), abi);
}

void doctor_limits(struct doctor *d)
{
    struct rlimit l;
    i64 wanted = d->place->config.connections + 512;
    if (getrlimit(RLIMIT_NOFILE, &l) != 0)
        return;
    if (l.rlim_max != RLIM_INFINITY && (i64)l.rlim_max < wanted)
        doctor_note(d,
                    doctor_text(d,
                                TEXT("ulimit -Hn %lld before starting, or lower connections",
                                     "启动前执行 ulimit -Hn %lld，或调低 connections"),
                                (long long)wanted),
                    TEXT("%llu open files are allowed, %lld connections configured",
                         "允许打开 %llu 个文件，配置了 %lld 个连接"),
                    (unsigned long long)l.rlim_max, (long long)d->place->config.connections);
    else
        doctor_ok(d, TEXT("%llu open files are allowed", "允许打开 %llu 个文件"),
                  (unsigned long long)l.rlim_max);
}

void doctor_policies(struct doctor *d)
{
    struct buf why = buf_in(d->place->arena, 4096);
    err e = office_policies_check(d->place->data, &d->place->config, &why);
    if (e == E_NONE)
        doctor_ok(d, TEXT("they load", "可以加载"));
    else
        doctor_bad(d,
                   TEXT("put the file right; the server keeps the policies it has until then",
                        "请修正该文件；在此之前服务器沿用现有策略"),
                   STR_FMT, STR_ARG(why.n ? buf_str(&why) : str_from(err_text(e))));
}
