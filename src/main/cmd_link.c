/* SPDX-License-Identifier: Apache-2.0 */
/* `outwork link`: the way back in when nobody inside may give one, as when the last security
 * administrator has lost passkey and codes. Whoever runs it holds the machine and its root key, and
 * the ledger says that it was done. */
#include <sys/stat.h>

#include "main/hooks.h"
#include "main/place.h"

int cmd_link(struct cli *c)
{
    struct place p;
    int holder = 0;
    str link;
    if (!place_open(c, &p))
        return CLI_FAILED;
    (void)umask(077);
    err e = place_lock(&p, &holder);
    if (e == E_CONFLICT)
        return cli_fail(TEXT_RUNNING, holder, p.data);
    if (e != E_NONE)
        return cli_fail(TEXT_CANNOT_WRITE, place_path(&p, "run"), err_text(e));
    const struct office_place op = { p.data, &p.config, -1 };
    e = office_link(&op, str_from(c->words[0]), p.arena, &link);
    if (e == E_NOT_FOUND)
        return cli_fail(TEXT_NO_PERSON, c->words[0]);
    if (e != E_NONE)
        return cli_fail(TEXT_FAILED, "link", err_text(e));
    cli_say("%s\n  " STR_FMT "\n", TEXT_LINK_DONE, STR_ARG(link));
    e = place_own(p.data, false);
    return e == E_NONE ? CLI_OK : cli_fail(TEXT_CANNOT_WRITE, p.data, err_text(e));
}
