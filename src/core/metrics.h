/* SPDX-License-Identifier: Apache-2.0 */
/* The server's numbers as OpenMetrics text, and whether it is well. */
#ifndef OUTWORK_CORE_METRICS_H
#define OUTWORK_CORE_METRICS_H

#include "base/buf.h"
#include "core/serve.h"

/* Everything in serve_stats, ending in "# EOF". Any thread. Content type:
 * application/openmetrics-text; version=1.0.0; charset=utf-8 */
#define METRICS_TYPE "application/openmetrics-text; version=1.0.0; charset=utf-8"
void metrics_put(struct buf *b, const struct serve *s);
/* For load balancers: {"ok":true} and 200, or false and 503 when the last write group could
 * not be committed or the write queue is full. */
bool metrics_healthy(const struct serve *s);

#endif
