/* SPDX-License-Identifier: Apache-2.0 */
/* WebSockets on a server. A socket is known by a handle; a dead one is E_CLOSED. What is sent in
 * one tick leaves in one write. Pings, pongs and the closing handshake are made here. */
#ifndef OUTWORK_HTTP_WS_H
#define OUTWORK_HTTP_WS_H

#include "http/server.h"
#include "wire/ws.h"

struct ws_calls {
    /* A whole text message; good until it returns. */
    void (*on_text)(void *arg, struct ref ws, str text);
    void (*on_binary)(void *arg, struct ref ws,
                      str bytes);               /* NULL: such a message closes with 1003 */
    void (*on_drain)(void *arg, struct ref ws); /* may be NULL: a queue that had waited is empty */
    void (*on_close)(void *arg, struct ref ws,
                     u16 code); /* once, last; code: the peer's, ours, or 1006 */
};

/* Answers a request with 101 and takes the connection over. protocol: the chosen subprotocol, or
 * empty. E_INVALID: not an upgrade (answered with 400 or 426); E_CLOSED: the connection has gone.
 * In both the request is done and no callback comes. */
MUST_USE err ws_accept(struct http_req *req, str protocol, const struct ws_calls *calls, void *arg,
                       struct ref *ret);
bool ws_is_upgrade(const struct http_req *req); /* asks for one, well or badly */

/* E_LIMIT: the queue would pass its bound; nothing is queued. The caller skips, or closes with
 * WS_TRY_LATER. */
MUST_USE err ws_send_text(struct http_server *s, struct ref ws, str text);
MUST_USE err ws_send_binary(struct http_server *s, struct ref ws, str bytes);
size_t ws_queued(const struct http_server *s,
                 struct ref ws); /* bytes not yet taken by the kernel; 0 when dead */
/* Sends a close frame after what is queued; on_close comes when the peer has answered or time is
 * up. Dead: a no-op. */
void ws_close(struct http_server *s, struct ref ws, u16 code, str reason);

#endif
