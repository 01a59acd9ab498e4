/* SPDX-License-Identifier: Apache-2.0 */
/* Streams. TLS records are written into the loop's shared buffer (never refused, so SSL_write is
 * never half done) and leave in one send; what the socket refuses is kept as it is. So a connection
 * that is idle holds this struct and OpenSSL's state, and a burst of records or a handshake flight
 * costs one system call. */
#include "loop/stream.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <pthread.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "base/os.h"

enum { RECORD = 16 * 1024 };

static struct {
    pthread_once_t once;
    BIO_METHOD *method;
} lib = { .once = PTHREAD_ONCE_INIT };

/* ---- what was refused */

static void keep(struct stream *s, const char *p, size_t n)
{
    if (n > s->out_max - MIN(s->out_max, stream_kept(s))) {
        s->dead = true;
        return;
    }
    if (s->out_at) {
        memmove(s->out, s->out + s->out_at, s->out_n - s->out_at);
        s->out_n -= s->out_at;
        s->out_at = 0;
    }
    if (s->out_room - s->out_n < n) {
        size_t room = MAX((size_t)s->out_n + n, MIN((size_t)s->out_room * 2, s->out_max));
        s->out = realloc(s->out, room);
        must(s->out != NULL);
        s->out_room = (u32)room;
    }
    memcpy(s->out + s->out_n, p, n);
    s->out_n += (u32)n;
}

/* Bytes taken by the socket; fewer than n when it is full. */
static size_t send_some(struct stream *s, const char *p, size_t n)
{
    ssize_t sent = os.send(s->io.fd, p, n, MSG_NOSIGNAL);
    if (sent >= 0)
        return (size_t)sent;
    if (os_err() != E_AGAIN)
        s->dead = true;
    return 0;
}

static void send_or_keep(struct stream *s, const char *p, size_t n)
{
    size_t sent = stream_kept(s) || s->dead ? 0 : send_some(s, p, n);
    if (sent < n && !s->dead)
        keep(s, p + sent, n - sent);
}

/* Empties the loop's buffer into this stream's socket. */
static void push(struct stream *s)
{
    struct loop_out *o = loop_out(s->loop);
    if (!o->n)
        return;
    must(o->owner == s);
    send_or_keep(s, o->p, o->n);
    o->n = 0;
}

/* ---- OpenSSL's side */

static int bio_write(BIO *b, const char *p, int n)
{
    struct stream *s = BIO_get_data(b);
    struct loop_out *o = loop_out(s->loop);
    must(o->n == 0 || o->owner == s); /* never one's bytes to another's socket */
    o->owner = s;
    for (size_t at = 0; at < (size_t)n;) {
        if (o->n == LOOP_OUT)
            push(s);
        size_t k = MIN((size_t)n - at, LOOP_OUT - o->n);
        memcpy(o->p + o->n, p + at, k);
        o->n += k;
        at += k;
    }
    return n;
}

static int bio_read(BIO *b, char *p, int n)
{
    struct stream *s = BIO_get_data(b);
    BIO_clear_retry_flags(b);
    ssize_t got = os.recv(s->io.fd, p, (size_t)n, 0);
    s->would_block = got < 0 && os_err() == E_AGAIN;
    if (s->would_block)
        BIO_set_retry_read(b);
    return (int)got;
}

static long bio_ctrl(UNUSED BIO *b, int cmd, UNUSED long n, UNUSED void *p)
{
    return cmd == BIO_CTRL_FLUSH;
}

static void lib_begin(void)
{
    lib.method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "stream");
    must(lib.method && BIO_meth_set_write(lib.method, bio_write) == 1 &&
         BIO_meth_set_read(lib.method, bio_read) == 1 &&
         BIO_meth_set_ctrl(lib.method, bio_ctrl) == 1);
}

static err begin_tls(struct stream *s, struct tls *tls, str host)
{
    must(pthread_once(&lib.once, lib_begin) == 0);
    BIO *bio = BIO_new(lib.method);
    if (!bio)
        return E_INTERNAL;
    BIO_set_data(bio, s);
    BIO_set_init(bio, 1);
    s->ssl = tls_conn_new(tls, host, bio);
    s->handshaking = true;
    return s->ssl ? E_NONE : E_INTERNAL;
}

/* After an SSL call that did not succeed: is it waiting for input, or over? Our own word for it,
 * since SSL_get_error is led astray by what others left in the thread's error queue, and SSL_want
 * by what it read last. */
static err tls_verdict(struct stream *s)
{
    if (s->would_block && !s->dead)
        return E_AGAIN;
    ERR_clear_error();
    s->dead = true;
    return E_CLOSED;
}

/* ---- the calls */

err stream_open(struct stream *s, struct loop *l, const struct stream_setup *setup)
{
    *s = (struct stream){ .io = { setup->fd, EPOLLIN, setup->ready },
                          .loop = l,
                          .out_max = setup->out_max };
    err e = setup->tls ? begin_tls(s, setup->tls, setup->host) : E_NONE;
    if (e == E_NONE)
        e = loop_watch(l, &s->io);
    if (e != E_NONE) {
        SSL_free(s->ssl);
        os_close(setup->fd);
        *s = (struct stream){ .io.fd = -1, .dead = true };
    }
    return e;
}

void stream_close(struct stream *s)
{
    if (s->io.fd < 0)
        return;
    loop_unwatch(s->loop, &s->io);
    if (s->ssl) /* else a client's session would count as broken off, and not resume */
        SSL_set_shutdown(s->ssl, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
    SSL_free(s->ssl);
    s->ssl = NULL;
    os_close(s->io.fd);
    s->io.fd = -1;
    free(s->out);
    s->out = NULL;
    s->out_at = s->out_n = s->out_room = 0;
    s->dead = true;
    push(s); /* dead: forgets what was gathered for it */
}

err stream_handshake(struct stream *s)
{
    if (!s->ssl || !s->handshaking)
        return s->dead ? E_CLOSED : E_NONE;
    s->would_block = false;
    int r = SSL_do_handshake(s->ssl);
    err e = r == 1 ? E_NONE : tls_verdict(s);
    bool was_dead = s->dead;
    s->dead = false; /* the alert may still leave */
    push(s);
    s->dead |= was_dead;
    if (e == E_NONE)
        s->handshaking = false;
    return s->dead ? E_CLOSED : e;
}

static err read_plain(struct stream *s, char *p, size_t room, size_t *ret_n)
{
    ssize_t got = os.recv(s->io.fd, p, room, 0);
    if (got > 0) {
        *ret_n = (size_t)got;
        return E_NONE;
    }
    if (got < 0 && os_err() == E_AGAIN)
        return E_AGAIN;
    return E_CLOSED;
}

err stream_read(struct stream *s, char *p, size_t room, size_t *ret_n)
{
    if (s->dead)
        return E_CLOSED;
    if (!s->ssl)
        return read_plain(s, p, room, ret_n);
    size_t got = 0;
    s->would_block = false;
    int r = SSL_read_ex(s->ssl, p, room, &got);
    push(s); /* an alert, or the answer to a key update */
    if (LIKELY(r == 1)) {
        *ret_n = got;
        return E_NONE;
    }
    if (SSL_get_shutdown(s->ssl) & SSL_RECEIVED_SHUTDOWN)
        return E_CLOSED; /* a clean end: the sending half still works */
    return tls_verdict(s);
}

bool stream_has_more(const struct stream *s)
{
    return s->ssl && !s->dead && SSL_has_pending(s->ssl);
}

err stream_write(struct stream *s, str bytes)
{
    if (s->dead)
        return E_CLOSED;
    if (!s->ssl) {
        send_or_keep(s, bytes.p, bytes.n);
        return s->dead ? E_CLOSED : E_NONE;
    }
    while (bytes.n) {
        size_t n = MIN(bytes.n, (size_t)RECORD), put = 0;
        if (SSL_write_ex(s->ssl, bytes.p, n, &put) != 1) {
            ERR_clear_error();
            s->dead = true;
        }
        if (s->dead) {
            push(s);
            return E_CLOSED;
        }
        bytes = (str){ bytes.p + put, bytes.n - put };
    }
    return E_NONE;
}

static void ask(struct stream *s)
{
    u32 events = (s->no_read ? 0 : (u32)EPOLLIN) | (stream_kept(s) ? (u32)EPOLLOUT : 0);
    loop_want(s->loop, &s->io, events);
}

err stream_flush(struct stream *s)
{
    if (!s->dead && stream_kept(s)) {
        s->out_at += (u32)send_some(s, s->out + s->out_at, stream_kept(s));
        if (!stream_kept(s)) {
            free(s->out);
            s->out = NULL;
            s->out_at = s->out_n = s->out_room = 0;
        }
    }
    push(s);
    if (s->dead)
        return E_CLOSED;
    ask(s);
    return stream_kept(s) ? E_AGAIN : E_NONE;
}

void stream_reading(struct stream *s, bool on)
{
    s->no_read = !on;
    if (!s->dead)
        ask(s);
}

void stream_end(struct stream *s)
{
    if (s->dead)
        return;
    if (s->ssl && !s->handshaking && !(SSL_get_shutdown(s->ssl) & SSL_SENT_SHUTDOWN)) {
        (void)SSL_shutdown(s->ssl);
        ERR_clear_error();
    }
    IGNORE(stream_flush(s));
    if (!stream_kept(s))
        (void)shutdown(s->io.fd, SHUT_WR);
}

struct stream_tls stream_tls(const struct stream *s)
{
    if (!s->ssl)
        return (struct stream_tls){ 0 };
    return (struct stream_tls){ SSL_get_cipher_name(s->ssl), SSL_session_reused(s->ssl) == 1 };
}
