/* SPDX-License-Identifier: Apache-2.0 */
/* `outwork store move`: the folder's lock is held all the time, so that no server starts in
 * between; the config is the last thing written, so that an interrupted move leaves the office
 * where it was. Of outwork.conf one line changes. */
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/os.h"
#include "main/hooks.h"
#include "main/place.h"

static bool is_store_line(str line)
{
    str key = str_trim(str_cut(&line, '='));
    return str_eq(key, S("store"));
}

/* The file as it is, with this store. */
static err write_config(const struct place *p, str store)
{
    const char *path = place_path(p, "outwork.conf");
    struct buf b = buf_in(p->arena, 2 * CONFIG_TEXT_MAX);
    bool found = false;
    str file, text;
    TRY(os_read_file(p->arena, path, CONFIG_TEXT_MAX, &file));
    for (str rest = file; rest.n;) {
        str line = str_cut(&rest, '\n');
        if (is_store_line(line))
            buf_fmt(&b, "store = " STR_FMT "\n", STR_ARG(store));
        else
            buf_fmt(&b, STR_FMT "\n", STR_ARG(line));
        found |= is_store_line(line);
    }
    if (!found)
        buf_fmt(&b, "\nstore = " STR_FMT "\n", STR_ARG(store));
    TRY(buf_done(&b, &text));
    return os_write_file(path, text, 0600);
}

/* SQLite's file makes room for one that may come back. */
static const char *put_aside(const struct place *p)
{
    const char *old = place_path(p, "store/outwork.db");
    const char *aside = place_path(p, "store/outwork.db.moved");
    return os.rename(old, aside) == 0 ? aside : old;
}

static int move(struct place *p, const struct config *to)
{
    struct buf b = buf_in(p->arena, 64 * 1024);
    bool from_file = !p->config.store.n;
    err e = office_store_move(p->data, &p->config, to, &b);
    cli_say(STR_FMT, STR_ARG(buf_str(&b)));
    if (e == E_NONE)
        e = write_config(p, to->store);
    if (e != E_NONE)
        return cli_fail(TEXT_STORE_NOT_MOVED, err_text(e));
    cli_say("%s\n", TEXT_STORE_MOVED);
    if (from_file)
        cli_say(TEXT_STORE_OLD_FILE, put_aside(p));
    else
        cli_say("%s", TEXT_STORE_OLD_PG);
    cli_say("\n");
    e = place_own(p->data, false);
    return e == E_NONE ? CLI_OK : cli_fail(TEXT_CANNOT_WRITE, p->data, err_text(e));
}

int cmd_store_move(struct cli *c)
{
    struct place p;
    struct config_error why;
    const char *to = cli_value(c, "to");
    int holder = 0;
    if (!to) {
        (void)cli_fail(TEXT_MISSING_WORD, "store move", "--to STORE");
        return CLI_USAGE;
    }
    if (!place_open(c, &p))
        return CLI_FAILED;
    struct config target = p.config;
    str store = strcmp(to, "sqlite") == 0 ? S("") : str_from(to);
    if (config_set(c->arena, &target, S("store"), store, &why) != E_NONE)
        return cli_fail("--to: " STR_FMT, STR_ARG(why.text));
    if (str_eq(target.store, p.config.store))
        return cli_fail(TEXT_STORE_SAME, p.data);
    (void)umask(077);
    err e = place_lock(&p, &holder);
    if (e == E_CONFLICT)
        return cli_fail(TEXT_RUNNING, holder, p.data);
    if (e != E_NONE)
        return cli_fail(TEXT_CANNOT_WRITE, place_path(&p, "run"), err_text(e));
    return move(&p, &target);
}
