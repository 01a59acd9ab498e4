/* SPDX-License-Identifier: Apache-2.0 */
/* What other modules and the demo may ask of chat. All within a write call; nothing here decides.
 */
#ifndef OUTWORK_APP_CHAT_H
#define OUTWORK_APP_CHAT_H

#include "core/call.h"
#include "gen/ids.h"

struct new_channel {
    int kind;
    str name, topic, pair;
    int label; /* 1 + the label; 0: internal */
};
/* A channel with this owner (none: 0). E_CONFLICT when a public name or a pair is taken. */
MUST_USE err chat_make(struct call *c, const struct new_channel *n, person_id owner,
                       channel_id *ret);
MUST_USE err chat_join(struct call *c, channel_id channel, person_id person);
/* A message of c->who at c->now; takes the channel's next seq. */
MUST_USE err chat_say(struct call *c, channel_id channel, str text, str client_id, message_id *ret);

/* The channel of two people (or of one with oneself), made if there is none. */
MUST_USE err chat_direct(struct call *c, person_id x, person_id y, channel_id *ret);
/* Moves how far a person has read forward to seq. */
MUST_USE err chat_read(struct call *c, channel_id channel, person_id person, i64 seq);

#endif
