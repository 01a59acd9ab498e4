/* SPDX-License-Identifier: Apache-2.0 */
/* Force-included before every file (-include): calls that have no place here become compile errors
 * that name what to use instead. The headers come first, so that their own declarations survive. */
#ifndef OUTWORK_BASE_BANNED_H
#define OUTWORK_BASE_BANNED_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define BANNED(fn, use) fn##_is_banned__use_##use
#undef strcpy
#undef strcat
#undef strncpy
#undef strncat
#undef strtok
#undef sprintf
#undef vsprintf
#undef gmtime
#undef localtime
#undef rand
#undef srand
#undef atoi
#undef gets
#define strcpy(d, s)     BANNED(strcpy, buf_put)
#define strcat(d, s)     BANNED(strcat, buf_put)
#define strncpy(d, s, n) BANNED(strncpy, buf_put)
#define strncat(d, s, n) BANNED(strncat, buf_put)
#define strtok(s, d)     BANNED(strtok, str_cut)
#define sprintf(...)     BANNED(sprintf, buf_fmt)
#define vsprintf(...)    BANNED(vsprintf, buf_fmt)
#define gmtime(t)        BANNED(gmtime, time_rfc3339)
#define localtime(t)     BANNED(localtime, time_rfc3339)
#define rand()           BANNED(rand, rng_u64)
#define srand(s)         BANNED(srand, rng_u64)
#define atoi(s)          BANNED(atoi, str_i64)

#endif
