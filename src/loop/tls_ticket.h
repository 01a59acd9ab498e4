/* SPDX-License-Identifier: Apache-2.0 */
/* Session tickets, between tls.c and tls_ticket.c. */
#ifndef OUTWORK_LOOP_TLS_TICKET_H
#define OUTWORK_LOOP_TLS_TICKET_H

#include "loop/tls.h"

void tls_tickets_use(struct tls_tickets *t,
                     SSL_CTX *ctx); /* the context seals and opens tickets with t's keys */

#endif
