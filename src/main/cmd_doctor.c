/* SPDX-License-Identifier: Apache-2.0 */
/* `outwork doctor`: every check in turn, then the verdict. Changes nothing, but for making the run
 * folder's lock file readable to itself, and works beside a running server. */
#include <stdarg.h>

#include "base/json.h"
#include "base/os.h"
#include "main/doctor.h"

static const struct {
    const char *name, *title[2];
    void (*fn)(struct doctor *d);
} checks[] = {
    { "permissions", { "permissions", "权限" }, doctor_permissions },
    { "root_key", { "root key", "根密钥" }, doctor_root_key },
    { "vault", { "vault", "保险库" }, doctor_vault },
    { "certificate", { "certificate", "证书" }, doctor_certificate },
    { "clock", { "clock", "时钟" }, doctor_clock },
    { "disk", { "disk", "磁盘" }, doctor_disk },
    { "ports", { "ports", "端口" }, doctor_ports },
    { "sandbox", { "sandbox", "沙箱" }, doctor_sandbox },
    { "policies", { "policies", "策略" }, doctor_policies },
    { "limits", { "limits", "上限" }, doctor_limits },
};

static void add(struct doctor *d, enum verdict v, const char *remedy, str what)
{
    *vec_push(&d->findings, d->place->arena) =
        (struct finding){ d->check, v, what, str_from(remedy ? remedy : "") };
}

PRINTF(2, 0) static str format(struct doctor *d, const char *fmt, va_list ap)
{
    char line[1024];
    int n = vsnprintf(line, sizeof line, fmt, ap);
    return str_copy(d->place->arena, (str){ line, (size_t)MIN(MAX(n, 0), (int)sizeof line - 1) });
}

#define FORMATTED(result)            \
    va_list ap;                      \
    va_start(ap, fmt);               \
    str result = format(d, fmt, ap); \
    va_end(ap)

void doctor_ok(struct doctor *d, const char *fmt, ...)
{
    FORMATTED(what);
    add(d, DOCTOR_OK, NULL, what);
}

void doctor_note(struct doctor *d, const char *remedy, const char *fmt, ...)
{
    FORMATTED(what);
    add(d, DOCTOR_NOTE, remedy, what);
}

void doctor_bad(struct doctor *d, const char *remedy, const char *fmt, ...)
{
    FORMATTED(what);
    add(d, DOCTOR_BAD, remedy, what);
}

const char *doctor_text(struct doctor *d, const char *fmt, ...)
{
    FORMATTED(what);
    return what.p;
}

static const char *title_of(const char *name)
{
    for (size_t i = 0; i < COUNT(checks); i++)
        if (checks[i].name == name)
            return texts_of(checks[i].title[0], checks[i].title[1]);
    return name;
}

static void print(const struct doctor *d)
{
    for (size_t i = 0; i < d->findings.n; i++) {
        const struct finding *f = &d->findings.at[i];
        const char *word = f->verdict == DOCTOR_OK     ? TEXT_OK
                           : f->verdict == DOCTOR_NOTE ? TEXT_NOTE
                                                       : TEXT_BAD;
        cli_say("%-4s  %-12s " STR_FMT "\n", word, title_of(f->check), STR_ARG(f->what));
        if (f->remedy.n)
            cli_say("      %-12s → " STR_FMT "\n", "", STR_ARG(f->remedy));
    }
}

static void print_json(const struct doctor *d, int bad)
{
    static const char *const words[] = { "ok", "note", "bad" };
    struct buf b = buf_in(d->place->arena, 1 << 20);
    buf_fmt(&b, "{\"ok\":%s,\"running\":%s,\"data\":", bad ? "false" : "true",
            d->holder ? "true" : "false");
    json_put_str(&b, str_from(d->place->data));
    buf_put(&b, S(",\"findings\":["));
    for (size_t i = 0; i < d->findings.n; i++) {
        const struct finding *f = &d->findings.at[i];
        buf_fmt(&b, "%s{\"check\":\"%s\",\"verdict\":\"%s\",\"what\":", i ? "," : "", f->check,
                words[f->verdict]);
        json_put_str(&b, f->what);
        buf_put(&b, S(",\"remedy\":"));
        json_put_str(&b, f->remedy);
        buf_char(&b, '}');
    }
    buf_put(&b, S("]}\n"));
    cli_say(STR_FMT, STR_ARG(buf_str(&b)));
}

int cmd_doctor(struct cli *c)
{
    struct place p;
    if (!place_open(c, &p)) /* no folder, or a fault in outwork.conf with its line: said already */
        return CLI_FAILED;
    struct doctor d = { .place = &p, .holder = place_holder(&p) };
    int bad = 0;
    for (size_t i = 0; i < COUNT(checks); i++) {
        d.check = checks[i].name;
        checks[i].fn(&d);
    }
    for (size_t i = 0; i < d.findings.n; i++)
        bad += d.findings.at[i].verdict == DOCTOR_BAD;
    if (cli_flag(c, "json")) {
        print_json(&d, bad);
    } else {
        print(&d);
        if (bad)
            cli_say(TEXT_PROBLEMS, bad);
        else
            cli_say("%s", TEXT_ALL_WELL);
        cli_say("\n");
    }
    return bad ? CLI_FAILED : CLI_OK;
}
