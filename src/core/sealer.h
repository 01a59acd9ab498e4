/* SPDX-License-Identifier: Apache-2.0 */
/* The sequencer: one thread that takes committed leaves, gives them their place in the tree, writes
 * and fsyncs bundles and tiles, then deletes the rows and stores size and root in one transaction,
 * then has the vault sign the head. A crash at any point repeats work and loses nothing. */
#ifndef OUTWORK_CORE_SEALER_H
#define OUTWORK_CORE_SEALER_H

#include "core/ledger.h"
#include "core/office.h"
#include "tlog/tlog.h"

struct sealer;

struct sealer_options {
    struct office *office;
    struct db *db; /* a read connection of its own */
    usec pause;    /* between looks when there is nothing; 200 ms */
    /* Runs fn(call, arg) on the writer, in a transaction, and returns when it is committed. */
    err (*write)(void *lanes, err (*fn)(struct call *c, void *arg), void *arg);
    void *lanes;
};

/* Loads the tree and checks it against the store's size and root. E_CORRUPT: the folder is not what
 * was sealed; ret_why says how. */
MUST_USE err sealer_new(struct arena *a, const struct sealer_options *o, struct sealer **ret,
                        str *ret_why);
/* Seals what is there now, once; ret_n leaves. The thread has entered the vault (office.h). */
MUST_USE err sealer_once(struct sealer *s, size_t *ret_n);
MUST_USE err sealer_start(struct sealer *s); /* its thread */
void sealer_stop(struct sealer *s);          /* after a last round; joins the thread */

/* The ledger's folder as files: for proofs and for reading leaves back. Any thread. */
struct tlog_source ledger_source(const struct office *o);

#endif
