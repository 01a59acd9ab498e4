/* SPDX-License-Identifier: Apache-2.0 */
/* The vault's loop: poll over the control socket and one socket a client thread, a few questions of
 * each in turn. A client that does not read its answers, or speaks nonsense, is cut off; the others
 * do not notice. */
#include <poll.h>
#include <string.h>

#include "base/log.h"
#include "base/os.h"
#include "proc/role.h"
#include "vault/vault.h"

enum { CLIENTS_MAX = 400, QUESTIONS_A_TURN = 16, ANSWER_ARENA = 256 * 1024 };

union question {
#define OP(no, name, who, question, answer) struct vault_##name##_in name;
    VAULT_MAP(OP)
#undef OP
};
union answer {
#define OP(no, name, who, question, answer) struct vault_##name##_out name;
    VAULT_MAP(OP)
#undef OP
};

struct op {
    u32 type;
    enum vault_who who;
    const struct record *(*in)(void), *(*out)(void);
    err (*run)(struct vault *v, struct arena *out, const void *in, void *ret);
};

#define OP(no, name, who, question, answer)                                              \
    static err run_##name(struct vault *v, struct arena *out, const void *in, void *ret) \
    {                                                                                    \
        return ops_##name(v, out, in, ret);                                               \
    }
VAULT_MAP(OP)
#undef OP

static const struct op ops[] = {
#define OP(no, name, who, question, answer) \
    { (no), VAULT_WHO_##who, vault_record_##name##_in, vault_record_##name##_out, run_##name },
    VAULT_MAP(OP)
#undef OP
};

static const struct op *op_of(u32 type)
{
    for (size_t i = 0; i < COUNT(ops); i++)
        if (ops[i].type == type)
            return &ops[i];
    return NULL;
}

static err send_answer(int sock, const struct msg *m)
{
    err e = msg_send(sock, m);
    return e == E_AGAIN ? E_CLOSED : e; /* it asks and does not read */
}

static err send_failed(struct vault *v, int sock, u32 id, err code)
{
    SCRATCH(s);
    struct buf b = buf_in(s.a, 2048);
    TRY(record_put(&b, msg_record_failed(), &(struct msg_failed){ (u32)code, v->why }));
    return send_answer(sock, &(struct msg){ MSG_failed, id, buf_str(&b), -1 });
}

static err run_op(struct vault *v, const struct op *op, struct arena *a, const struct msg *m,
                  struct buf *b)
{
    union question in = { 0 };
    union answer out = { 0 };
    TRY(record_get(m->payload, op->in(), &in));
    err e = op->run(v, a, &in, &out);
    if (e == E_NONE && arena_doomed(a))
        e = E_LIMIT;
    if (e == E_NONE)
        e = record_put(b, op->out(), &out);
    explicit_bzero(&in, sizeof in);
    explicit_bzero(&out, sizeof out);
    return e;
}

err vault_answer(struct vault *v, enum vault_who who, int sock, const struct msg *m)
{
    const struct op *op = op_of(m->type);
    os_close(m->fd);
    if (!op)
        return E_CORRUPT;
    v->why = S("");
    if (!(op->who & who)) {
        v->why = S("not for this role to ask");
        return send_failed(v, sock, m->id, E_DENIED);
    }
    struct arena *a = arena_new("answer", ANSWER_ARENA);
    struct buf b = buf_in(a, MSG_PAYLOAD_MAX);
    err e = run_op(v, op, a, m, &b);
    if (e == E_NONE)
        e = send_answer(sock, &(struct msg){ m->type + 1, m->id, buf_str(&b), -1 });
    else
        e = send_failed(v, sock, m->id, e);
    arena_free(a);
    return e;
}

struct loop {
    struct vault *v;
    const struct role_start *r;
    u8 *room;
    struct pollfd fds[1 + CLIENTS_MAX]; /* the control socket first */
    size_t n;
    bool stop;
};

static void add_client(struct loop *l, int fd)
{
    if (l->n == COUNT(l->fds)) {
        log_warn("too many clients");
        os_close(fd);
        return;
    }
    l->fds[l->n++] = (struct pollfd){ .fd = fd, .events = POLLIN };
}

static void on_control(struct loop *l, const struct msg *m)
{
    if (m->type == MSG_stop) {
        l->stop = true;
    } else if (m->type == MSG_peer && m->fd >= 0) {
        add_client(l, m->fd);
    } else if (op_of(m->type)) {
        if (vault_answer(l->v, VAULT_WHO_PARENT, l->r->control, m) != E_NONE)
            log_warn("the parent asked what cannot be answered", L_INT("type", m->type));
    } else {
        os_close(m->fd); /* reload and death say nothing to a vault */
    }
}

/* Reads what is there, a few at a time. False when this end is to be closed. */
static bool serve_one(struct loop *l, size_t i)
{
    for (int k = 0; k < QUESTIONS_A_TURN && !l->stop; k++) {
        struct msg m;
        err e = msg_recv(l->fds[i].fd, l->room, MSG_PACKET_MAX, &m);
        if (e == E_AGAIN)
            return true;
        if (e != E_NONE) {
            if (e != E_CLOSED)
                log_warn("a client was cut off", L_Z("why", err_text(e)));
            return false;
        }
        if (i == 0)
            on_control(l, &m);
        else if (vault_answer(l->v, VAULT_WHO_API, l->fds[i].fd, &m) != E_NONE)
            return false;
        explicit_bzero(l->room, MSG_HEAD + m.payload.n);
    }
    return true;
}

static void turn(struct loop *l)
{
    if (poll(l->fds, (nfds_t)l->n, -1) < 0)
        return;
    for (size_t i = l->n; i-- > 0 && !l->stop;) {
        if (!l->fds[i].revents || serve_one(l, i))
            continue;
        os_close(l->fds[i].fd);
        l->fds[i] = l->fds[--l->n];
        if (i == 0)
            l->stop = true; /* the parent has gone */
    }
}

void vault_serve(struct vault *v, const struct role_start *r)
{
    struct loop *l = NEW(r->arena, struct loop);
    *l = (struct loop){ .v = v, .r = r, .room = arena_get_raw(r->arena, MSG_PACKET_MAX, 16) };
    add_client(l, r->control);
    for (size_t i = 0; i < r->peers_n; i++)
        add_client(l, r->peers[i].fd);
    while (!l->stop)
        turn(l);
    for (size_t i = 0; i < l->n; i++)
        os_close(l->fds[i].fd);
}
