/* SPDX-License-Identifier: Apache-2.0 */
/* A self-signed certificate whose key is in this process's memory: for tests and benches. The
 * server's keys live in the vault and sign from there. */
#ifndef OUTWORK_LOOP_TLS_SELF_H
#define OUTWORK_LOOP_TLS_SELF_H

#include "loop/tls.h"

struct tls_self;
/* For host and 127.0.0.1, P-256, ten days. *ret_pem lies in out. */
MUST_USE err tls_self_new(struct arena *out, const char *host, struct tls_self **ret, str *ret_pem);
void tls_self_free(struct tls_self *t);
tls_sign_fn tls_self_sign; /* arg: the struct tls_self */

#endif
