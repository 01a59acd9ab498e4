/* SPDX-License-Identifier: Apache-2.0 */
/* How many connections each address has. An IPv6 /64 counts as one address. */
#ifndef OUTWORK_HTTP_PEERS_H
#define OUTWORK_HTTP_PEERS_H

#include "base/types.h"

struct peers {
    struct peer_row *rows;
    u32 n, room;
}; /* zero-initialise */

u32 peers_add(struct peers *t, const u8 ip[16]); /* the new count */
void peers_drop(struct peers *t, const u8 ip[16]);
void peers_free(struct peers *t);

#endif
