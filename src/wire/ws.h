/* SPDX-License-Identifier: Apache-2.0 */
/* WebSocket framing (RFC 6455), both ways, without extensions. A reader takes whole frames off the
 * front of a run of bytes, unmasking in place; a writer makes heads. Bytes and the order of
 * fragments are checked here; joining fragments to a message is the caller's (who owns memory). */
#ifndef OUTWORK_WIRE_WS_H
#define OUTWORK_WIRE_WS_H

#include "base/str.h"

enum ws_op { WS_MORE = 0, WS_TEXT = 1, WS_BINARY = 2, WS_CLOSE = 8, WS_PING = 9, WS_PONG = 10 };

/* Close codes (RFC 6455 7.4.1 and the registry). */
enum {
    WS_NORMAL = 1000,
    WS_GOING_AWAY = 1001,
    WS_PROTOCOL = 1002,
    WS_UNSUPPORTED = 1003,
    WS_NO_CODE = 1005,
    WS_ABNORMAL = 1006,
    WS_BAD_TEXT = 1007,
    WS_POLICY = 1008,
    WS_TOO_BIG = 1009,
    WS_INTERNAL = 1011,
    WS_TRY_LATER = 1013
};
enum { WS_HEAD_MAX = 14, WS_CONTROL_MAX = 125, WS_ACCEPT_BYTES = 28 };

/* What must be remembered between frames; zero at first. */
struct ws_state {
    u8 op;   /* of the message begun: WS_TEXT or WS_BINARY; 0 outside one */
    u8 utf8; /* where the text stands in a code point; 0 between two */
    u64 n;   /* payload of the message so far */
};

struct ws_rules {
    bool from_client;   /* frames must be masked; from a server they must not be */
    size_t message_max; /* payload of a whole message */
};

struct ws_frame {
    enum ws_op op;     /* WS_MORE never: a continuation tells the message's op */
    bool begins, ends; /* the first, the last frame of its message; both true for control frames */
    char *payload;     /* unmasked, where it stood */
    size_t n, used;    /* payload; bytes of the whole frame, head included */
    u16 close_code;    /* of WS_CLOSE; WS_NO_CODE when it has none */
};

/* Why there is no frame: how many bytes it takes in all as far as known (E_AGAIN), or the code to
 * close with (E_INVALID, E_LIMIT: 1002, 1007, 1009). */
struct ws_lack {
    size_t need;
    u16 code;
};

/* The first frame of bytes, which are unmasked in place. E_AGAIN: not whole yet; E_INVALID or
 * E_LIMIT: the connection must end; *reterr says more. State changes only when E_NONE. */
MUST_USE err ws_next(struct ws_state *s, const struct ws_rules *rules, str bytes,
                     struct ws_frame *ret, struct ws_lack *reterr);

/* XORs n bytes with the mask; at: offset of p[0] in the payload. */
void ws_mask(char *p, size_t n, const u8 mask[4], size_t at);
/* Writes a frame's head; mask is NULL for a server. Returns its size (2 to 14). */
size_t ws_head_put(char out[WS_HEAD_MAX], enum ws_op op, bool fin, u64 n, const u8 *mask);
/* The payload of a close frame: the code and a reason of at most 123 bytes. Returns its size. */
size_t ws_close_put(char out[WS_CONTROL_MAX], u16 code, str reason);
bool ws_code_ok(u16 code);                              /* may stand in a close frame */
bool ws_key_ok(str key);                                /* Sec-WebSocket-Key: base64 of 16 bytes */
void ws_accept_put(char out[WS_ACCEPT_BYTES], str key); /* Sec-WebSocket-Accept for it */
/* UTF-8 across cuts: feeds a piece; false when no text can begin so. *state is 0 where a text may
 * end. */
bool ws_utf8(u8 *state, str piece);

#endif
