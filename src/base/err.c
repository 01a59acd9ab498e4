/* SPDX-License-Identifier: Apache-2.0 */
/* Texts and statuses of the base error codes; one table, made from ERR_MAP. */
#include "base/err.h"

static const struct {
    int status;
    const char *text;
} err_rows[] = {
#define ERR_ROW(name, status, text) [name] = { status, text },
    ERR_MAP(ERR_ROW)
#undef ERR_ROW
};

int err_status(err e)
{
    return (unsigned)e < COUNT(err_rows) ? err_rows[e].status : 500;
}

const char *err_text(err e)
{
    return (unsigned)e < COUNT(err_rows) ? err_rows[e].text : "internal";
}
