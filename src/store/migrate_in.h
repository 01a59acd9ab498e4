/* SPDX-License-Identifier: Apache-2.0 */
/* What migrations on both databases share; only migrate*.c include it. */
#ifndef OUTWORK_STORE_MIGRATE_IN_H
#define OUTWORK_STORE_MIGRATE_IN_H

#include "store/migrate.h"

struct plan {
    const struct migrate_step *steps;
    size_t n;
    bool *done; /* one a step */
    struct migrate_report *report;
};

/* Puts the sentence into the report; returns e. */
PRINTF(3, 4) err migrate_why(struct migrate_report *r, err e, const char *fmt, ...);
/* A step found in the store. E_CONFLICT: a newer release wrote it. */
MUST_USE err migrate_found(struct plan *p, const char *module, const char *name);
/* E_CONFLICT: a step is missing before one that was taken. */
MUST_USE err migrate_order(const struct plan *p);

MUST_USE err migrate_pg(const char *conninfo, struct plan *p);

#endif
