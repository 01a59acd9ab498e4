/* SPDX-License-Identifier: Apache-2.0 */
/* Text files that travel inside the program. */
#ifndef OUTWORK_APP_DEMO_TABLES_H
#define OUTWORK_APP_DEMO_TABLES_H

#include "base/str.h"

str tables_people(void);      /* demo/people.tsv */
str tables_channels(void);    /* demo/channels.tsv */
str tables_week(void);        /* demo/week.tsv */
str tables_base_policy(void); /* policies/base.cedar */

#endif
