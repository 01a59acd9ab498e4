/* SPDX-License-Identifier: Apache-2.0 */
/* The doctor's findings. A check is a function that adds one finding or more; the table of checks
 * stands in cmd_doctor.c. */
#ifndef OUTWORK_MAIN_DOCTOR_H
#define OUTWORK_MAIN_DOCTOR_H

#include "base/vec.h"
#include "main/place.h"

enum verdict { DOCTOR_OK, DOCTOR_NOTE, DOCTOR_BAD };

struct finding {
    const char *check;
    enum verdict verdict;
    str what, remedy;
};

struct doctor {
    struct place *place;
    int holder;        /* the running parent, or 0 */
    const char *check; /* whose findings are being added */
    VEC(struct finding) findings;
};

PRINTF(2, 3) void doctor_ok(struct doctor *d, const char *fmt, ...);
/* Something to know; the office works. remedy may be NULL. */
PRINTF(3, 4) void doctor_note(struct doctor *d, const char *remedy, const char *fmt, ...);
/* Something is wrong; remedy: what to do or type. */
PRINTF(3, 4) void doctor_bad(struct doctor *d, const char *remedy, const char *fmt, ...);
PRINTF(2, 3) const char *doctor_text(struct doctor *d, const char *fmt, ...);

/* doctor_folder.c */
void doctor_permissions(struct doctor *d);
void doctor_disk(struct doctor *d);
void doctor_root_key(struct doctor *d);
void doctor_vault(struct doctor *d);
/* doctor_machine.c */
void doctor_certificate(struct doctor *d);
void doctor_clock(struct doctor *d);
void doctor_ports(struct doctor *d);
void doctor_sandbox(struct doctor *d);
void doctor_limits(struct doctor *d);
void doctor_policies(struct doctor *d);

#endif
