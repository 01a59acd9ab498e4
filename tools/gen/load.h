/* SPDX-License-Identifier: Apache-2.0 */
/* From the path of a model to the list of files to write. */
#ifndef OUTWORK_TOOLS_GEN_LOAD_H
#define OUTWORK_TOOLS_GEN_LOAD_H

#include "gen.h"

void gen_read(struct gen *g,
              const char *model); /* NAME.model, and beside it schema/NNN.sql and queries.sql */
void gen_make(struct gen *g); /* links, checks, writes g->outputs; look at g->faults_n after it */

#endif
