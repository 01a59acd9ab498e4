/* SPDX-License-Identifier: Apache-2.0 */
/* The commands of a few lines: version, config, demo code, ledger verify. */
#include <openssl/crypto.h>
#include <sodium.h>

#include "base/os.h"
#include "main/hooks.h"
#include "main/place.h"

#define OUTWORK_VERSION "0.1.0"

int cmd_version(UNUSED struct cli *c)
{
    cli_say("outwork %s (%s, libsodium %s)\n", OUTWORK_VERSION, OpenSSL_version(OPENSSL_VERSION),
            sodium_version_string());
    return CLI_OK;
}

int cmd_config(struct cli *c)
{
    struct place p = { .arena = c->arena, .data = place_folder(c) };
    bool named = cli_value(c, "data") || getenv("OUTWORK_DATA");
    if (named || os_exists(place_path(&p, "outwork.conf"))) {
        if (!place_open(c, &p))
            return CLI_FAILED;
    } else {
        struct config_error why;
        config_default(&p.config);
        for (size_t i = 0; i < c->settings_n; i++)
            if (config_set(c->arena, &p.config, str_from(c->settings[i].key),
                           str_from(c->settings[i].value), &why) != E_NONE)
                return cli_fail("--" STR_FMT, STR_ARG(why.text));
    }
    struct buf b = buf_in(c->arena, CONFIG_TEXT_MAX);
    config_write(&b, &p.config, cli_flag(c, "comments"));
    cli_say(STR_FMT, STR_ARG(buf_str(&b)));
    return CLI_OK;
}

int cmd_demo_code(struct cli *c)
{
    struct place p;
    if (!place_open(c, &p))
        return CLI_FAILED;
    if (!p.config.demo)
        return cli_fail(TEXT_DEMO_ONLY, p.data);
    struct buf b = buf_in(c->arena, 64);
    err e = office_demo_code(p.data, &p.config, str_from(c->words[0]), &b);
    if (e == E_NOT_FOUND)
        return cli_fail(TEXT_NO_ACCOUNT, c->words[0]);
    if (e != E_NONE)
        return cli_fail(TEXT_FAILED, "demo code", err_text(e));
    cli_say(STR_FMT "\n", STR_ARG(buf_str(&b)));
    return CLI_OK;
}

int cmd_ledger_verify(struct cli *c)
{
    struct place p;
    if (!place_open(c, &p))
        return CLI_FAILED;
    struct buf b = buf_in(c->arena, 64 * 1024);
    err e = office_ledger_verify(p.data, &p.config, &b);
    str report = str_trim(buf_str(&b));
    cli_say("%s\n", e == E_NONE ? TEXT_LEDGER_GOOD : TEXT_LEDGER_BAD);
    if (report.n)
        cli_say(STR_FMT "%s", STR_ARG(report), report.p[report.n - 1] == '\n' ? "" : "\n");
    if (e != E_NONE && e != E_CORRUPT)
        return cli_fail(TEXT_FAILED, "ledger verify", err_text(e));
    return e == E_NONE ? CLI_OK : CLI_FAILED;
}
