/* SPDX-License-Identifier: Apache-2.0 */
/* Time: microseconds since 1970 UTC in store and C, RFC 3339 with Z in JSON. The clock is read
 * through base/os only. */
#ifndef OUTWORK_BASE_TIME_H
#define OUTWORK_BASE_TIME_H

#include "base/buf.h"

typedef i64 usec; /* microseconds: a point in time (UTC) or a span */
#define USEC_MS   ((usec)1000)
#define USEC_S    ((usec)1000000)
#define USEC_MIN  (60 * USEC_S)
#define USEC_HOUR (60 * USEC_MIN)
#define USEC_DAY  (24 * USEC_HOUR)

void time_put(struct buf *b, usec t); /* 2026-11-22T09:30:00.123456Z; no fraction when it is zero */
/* RFC 3339 with Z or a numeric offset, fraction to the microsecond; years 1970 to 9999. E_INVALID
 * otherwise. */
MUST_USE err time_parse(str s, usec *ret);
/* Civil date of a day number (days since 1970-01-01); H. Hinnant's algorithm. */
void time_civil(i64 days, i64 *ret_year, unsigned *ret_month, unsigned *ret_day);
i64 time_days(i64 year, unsigned month, unsigned day);

#endif
