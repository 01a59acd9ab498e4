/* SPDX-License-Identifier: Apache-2.0 */
/* A data folder: where its parts are, what its config says, who may own what, and which process has
 * it. outwork.conf    vault/vault.sealed    tls/{ca.pem,cert.pem}    store/    ledger/
 * run/{parent.pid,admin.sock} Folders are 0700 and files 0600 but for the certificates. Started by
 * root, what the api role writes belongs to its user, and the rest stays root's. */
#ifndef OUTWORK_MAIN_PLACE_H
#define OUTWORK_MAIN_PLACE_H

#include "main/cli.h"
#include "proc/config.h"

struct place {
    struct arena *arena;
    const char *data; /* absolute */
    struct config config;
};

/* --data, $OUTWORK_DATA or ./data, made absolute; it need not exist. */
const char *place_folder(struct cli *c);
/* Reads the folder's config and the command line's settings over it. Not a data folder, or a fault
 * in the config: prints it and returns false. */
bool place_open(struct cli *c, struct place *ret);
/* Reads the config again, with the same settings over it. *reterr_why: the fault, with its line. */
MUST_USE err place_config(struct cli *c, const char *data, struct config *ret, str *reterr_why);
const char *place_path(const struct place *p, const char *part);
/* The root key's file: root_key of the config, the systemd credential, or the demo's own. */
const char *place_root_key(const struct place *p);
bool place_within(const char *data, const char *path); /* whether path lies in the folder */
str place_config_text(const struct place *p);          /* the config in effect, without comments */

/* One parent a folder. E_CONFLICT: *ret_holder has it. Held until the process ends. */
MUST_USE err place_lock(const struct place *p, int *ret_holder);
int place_holder(const struct place *p); /* its pid, 0: nobody's */
/* Where the running server listens, which its options may have changed; "" if none says. */
str place_served(const struct place *p);

/* The user the api role gets here, when we are root: its own where that can reach the folder, the
 * owner of a closed home above it, else 0: root without its powers. Not root: 0, as we are. */
unsigned place_api_uid(const char *data);
/* As root: gives each part its owner. all: whole trees whatever their top says. */
MUST_USE err place_own(const char *data, bool all);

#endif
