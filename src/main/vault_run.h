/* SPDX-License-Identifier: Apache-2.0 */
/* A vault of a command's own: started for init, for a renewal while no server runs, and by the
 * doctor. */
#ifndef OUTWORK_MAIN_VAULT_RUN_H
#define OUTWORK_MAIN_VAULT_RUN_H

#include "main/place.h"
#include "proc/spawn.h"
#include "proc/vault_client.h"

struct vault_run {
    struct spawned process;
    struct vault_client *parent; /* asks what the parent may */
    int peer; /* asks what the api may: to be given away, else closed by vault_run_stop */
};

/* The open files a vault is started with. *reterr_why: a sentence. */
struct vault_files {
    int key, sealed;
};
MUST_USE err vault_files_open(const struct place *p, bool create, struct vault_files *ret,
                              str *reterr_why);
void vault_files_close(struct vault_files *f);

/* Runs until vault_run_stop. create: make the keys if the file is empty. */
MUST_USE err vault_run_start(const struct place *p, bool create, struct vault_run *ret,
                             str *reterr_why);
void vault_run_stop(struct vault_run *v);

/* A new certificate for the config's names, into tls/. */
MUST_USE err vault_run_issue(struct vault_run *v, const struct place *p, str *reterr_why);
/* The answer's two files; also used by the parent. */
MUST_USE err vault_write_certificate(const struct place *p, const struct vault_ca_issue_out *m);

#endif
