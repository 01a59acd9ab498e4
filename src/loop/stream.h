/* SPDX-License-Identifier: Apache-2.0 */
/* A connected socket on a loop, plain or TLS. It owns no buffer while idle: it reads into its
 * caller's, writes gather in the loop's and leave in one send a wake-up; only what the socket
 * refused is kept, under a ceiling. After any call that returned E_CLOSED the stream is of no use
 * but to stream_close. */
#ifndef OUTWORK_LOOP_STREAM_H
#define OUTWORK_LOOP_STREAM_H

#include "base/str.h"
#include "loop/loop.h"
#include "loop/tls.h"

struct stream {
    struct loop_fd io; /* first: a callback's struct loop_fd is the stream */
    struct loop *loop;
    SSL *ssl;  /* NULL: plain */
    char *out; /* what the socket refused, [out_at, out_n) */
    u32 out_at, out_n, out_room, out_max;
    bool handshaking, dead, no_read, would_block;
};

struct stream_setup {
    int fd;          /* non-blocking, connected or connecting; taken, also on failure */
    struct tls *tls; /* NULL: plain */
    str host;        /* for a TLS client */
    void (*ready)(struct loop_fd *f, u32 events);
    u32 out_max; /* kept bytes beyond which the stream dies */
};
MUST_USE err stream_open(struct stream *s, struct loop *l, const struct stream_setup *setup);
void stream_close(struct stream *s); /* at once; idempotent */

/* E_NONE: done (at once when plain); E_AGAIN: call again when ready; E_CLOSED: failed. */
MUST_USE err stream_handshake(struct stream *s);
/* At least one byte, E_AGAIN, or E_CLOSED (the end, clean or not). One recv unless more is asked
 * for. */
MUST_USE err stream_read(struct stream *s, char *p, size_t room, size_t *ret_n);
bool stream_has_more(const struct stream *s); /* read bytes wait inside TLS: no event will tell */
/* Takes all of it. Several writes in one callback leave together at stream_flush. E_CLOSED: dead,
 * or over out_max. */
MUST_USE err stream_write(struct stream *s, str bytes);
/* Sends. E_NONE: all has left; E_AGAIN: the rest is kept, and readiness asked for; E_CLOSED. Ends
 * every callback that wrote. */
MUST_USE err stream_flush(struct stream *s);
static inline size_t stream_kept(const struct stream *s)
{
    return s->out_n - s->out_at;
}
void stream_reading(struct stream *s,
                    bool on); /* whether to be told of input (kept bytes are told of in any case) */
/* Says good-bye (TLS close_notify), sends, and closes the sending half. */
void stream_end(struct stream *s);

struct stream_tls {
    const char *cipher;
    bool resumed;
};
struct stream_tls stream_tls(
    const struct stream *s); /* after the handshake; cipher is NULL when plain */

/* Sockets, non-blocking and close-on-exec. address: 127.0.0.1 or ::1 and the like, no names. */
MUST_USE err net_listen(const char *address, u16 port, bool reuse_port, int *ret_fd);
MUST_USE err net_connect(const char *address, u16 port, int *ret_fd); /* may still be connecting */
u16 net_port(int fd);                                                 /* the local port */

#endif
