/* SPDX-License-Identifier: Apache-2.0 */
#include "gen.h"
void out_openapi(struct gen *g) { (void)g; }
void out_ts(struct gen *g) { (void)g; }
