/* SPDX-License-Identifier: Apache-2.0 */
/* The vault's client. A question carries a number; answers with other numbers (to a question that
 * timed out) are dropped, so that one late answer never becomes the next one's. Bytes of the last
 * answer are wiped before the next question. */
#include "proc/vault_client.h"

#include <string.h>

#include "base/os.h"

struct vault_client {
    int fd;
    u32 next_id;
    usec timeout;
    str why;
    size_t room_used;
    u8 *room; /* MSG_PACKET_MAX bytes; pages are touched by large answers only */
};

static void client_close(void *arg)
{
    struct vault_client *c = arg;
    os_close(c->fd);
    c->fd = -1;
    explicit_bzero(c->room, c->room_used);
}

struct vault_client *vault_client_new(struct arena *a)
{
    struct vault_client *c = NEW(a, struct vault_client);
    c->fd = -1;
    c->timeout = VAULT_TIMEOUT_MS * USEC_MS;
    c->room = arena_get_raw(a, MSG_PACKET_MAX, 16);
    arena_undo(a, client_close, c);
    return c;
}

void vault_client_use(struct vault_client *c, int fd)
{
    os_close(c->fd);
    c->fd = fd;
}

void vault_client_timeout(struct vault_client *c, usec timeout)
{
    c->timeout = timeout;
}
str vault_client_why(const struct vault_client *c)
{
    return c->why.p ? c->why : S("");
}
bool vault_client_alive(const struct vault_client *c)
{
    return c->fd >= 0;
}

static err gone(struct vault_client *c)
{
    os_close(c->fd);
    c->fd = -1;
    return E_BUSY;
}

/* Waits for the answer numbered id. */
static err await(struct vault_client *c, u32 id, usec until, struct msg *ret)
{
    for (;;) {
        struct msg m;
        err e = msg_recv(c->fd, c->room, MSG_PACKET_MAX, &m);
        if (e == E_AGAIN) {
            e = msg_wait(c->fd, until);
            if (e == E_AGAIN)
                return E_BUSY;
            if (e == E_NONE)
                continue;
        }
        if (e != E_NONE)
            return gone(c);
        c->room_used = MSG_HEAD + m.payload.n;
        os_close(m.fd); /* the vault sends none */
        if (m.id == id) {
            *ret = m;
            return E_NONE;
        }
    }
}

static err refused(struct vault_client *c, str payload)
{
    struct msg_failed f;
    if (record_get(payload, msg_record_failed(), &f) != E_NONE || f.code == E_NONE ||
        f.code >= E_MAX)
        return gone(c);
    c->why = f.text;
    return (err)f.code;
}

struct shape {
    u32 type;
    const struct record *in, *out;
};

static err ask(struct vault_client *c, const struct shape *q, const void *in, void *ret)
{
    if (c->fd < 0)
        return E_BUSY;
    explicit_bzero(c->room, c->room_used);
    c->room_used = 0;
    c->why = S("");
    usec until = os_mono() + c->timeout;
    u32 id = ++c->next_id;
    err e = msg_post(c->fd, &(struct msg){ q->type, id, { 0 }, -1 }, q->in, in);
    if (e == E_LIMIT)
        return e;
    if (e == E_AGAIN)
        return E_BUSY;
    if (e != E_NONE)
        return gone(c);
    struct msg m;
    TRY(await(c, id, until, &m));
    if (m.type == MSG_failed)
        return refused(c, m.payload);
    if (m.type != q->type + 1 || record_get(m.payload, q->out, ret) != E_NONE)
        return gone(c); /* not a vault we understand */
    return E_NONE;
}

#define OP(no, name, who, question, answer)                                                 \
    err vault_##name(struct vault_client *c, const struct vault_##name##_in *in,            \
                     struct vault_##name##_out *ret)                                        \
    {                                                                                       \
        struct shape q = { (no), vault_record_##name##_in(), vault_record_##name##_out() }; \
        return ask(c, &q, in, ret);                                                         \
    }
VAULT_MAP(OP)
#undef OP
