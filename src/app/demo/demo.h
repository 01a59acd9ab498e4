/* SPDX-License-Identifier: Apache-2.0 */
/* The demo company: loaded once into an empty office whose data folder was made for it. */
#ifndef OUTWORK_APP_DEMO_H
#define OUTWORK_APP_DEMO_H

#include "core/call.h"

#define DEMO_PASSWORD "banyan-tree-2020"

struct demo;

/* Off the transaction: reads the tables, makes ids, hashes the password, has the vault seal a TOTP
 * secret for each person and writes them to DATA/demo/totp for `outwork demo code`. c needs arena,
 * office and this thread's vault. */
MUST_USE err demo_prepare(struct call *c, struct demo **ret);
/* In one write call; arg is the struct demo. */
MUST_USE err demo_load(struct call *c, void *arg);

/* The TOTP secret of a demo account, from DATA/demo/totp. E_NOT_FOUND: no such account, or no demo
 * folder. */
MUST_USE err demo_secret(struct arena *out, str data, str login, str *ret);

#endif
