/* SPDX-License-Identifier: Apache-2.0 */
/* The core's own tables. They come before every module's. */
#ifndef OUTWORK_CORE_SCHEMA_CORE_SCHEMA_H
#define OUTWORK_CORE_SCHEMA_CORE_SCHEMA_H

#include "store/migrate.h"

extern const struct migrate_step core_steps[];
extern const size_t core_steps_n;

#endif
