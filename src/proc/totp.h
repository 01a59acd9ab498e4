/* SPDX-License-Identifier: Apache-2.0 */
/* One-time codes (RFC 6238: HMAC-SHA-1, 30 s steps, 6 digits) and base32 (RFC 4648 section 6) for
 * typing them in. */
#ifndef OUTWORK_PROC_TOTP_H
#define OUTWORK_PROC_TOTP_H

#include "base/buf.h"
#include "base/time.h"

enum { TOTP_STEP_S = 30, TOTP_DIGITS = 6 };

u64 totp_step(usec now);                                         /* the step `now` lies in */
void totp_code(str secret, u64 step, char ret[TOTP_DIGITS + 1]); /* decimal, NUL-terminated */
/* The step among before, at and after `now` and above last_step whose code this is; 0: none. Its
 * time says nothing about which, nor about how many digits were right. */
u64 totp_check(str secret, str code, usec now, u64 last_step);
void totp_base32_put(struct buf *b, str bytes); /* upper case, no padding */

#endif
