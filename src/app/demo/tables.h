/* SPDX-License-Identifier: Apache-2.0 */
/* Text files that travel inside the program. */
#ifndef OUTWORK_APP_DEMO_TABLES_H
#define OUTWORK_APP_DEMO_TABLES_H

#include "base/str.h"

str demo_people_tsv(void);   /* demo/people.tsv */
str demo_channels_tsv(void); /* demo/channels.tsv */
str demo_week_tsv(void);     /* demo/week.tsv */
str base_policy_text(void);  /* policies/base.cedar */

#endif
