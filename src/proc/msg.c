/* SPDX-License-Identifier: Apache-2.0 */
/* Packets with a checked head and at most one descriptor. The other end may be a process that has
 * been taken over, so nothing it sends can make this end read past a packet, leak a descriptor or
 * wait for more. */
#include "proc/msg.h"

#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include "base/fault.h"
#include "base/os.h"

enum { FDS_LOOKED_AT = 8 };

static void le32(u8 *to, u32 v)
{
    for (int i = 0; i < 4; i++)
        to[i] = (u8)(v >> (8 * i));
}

static u32 from_le32(const char *p)
{
    u32 v = 0;
    for (int i = 0; i < 4; i++)
        v |= (u32)(u8)p[i] << (8 * i);
    return v;
}

err msg_pair(int ret_ends[2])
{
    int ends[2];
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends) != 0)
        return os_err();
    ret_ends[0] = ends[0];
    ret_ends[1] = ends[1];
    return E_NONE;
}

err msg_send(int sock, const struct msg *m)
{
    if (m->payload.n > MSG_PAYLOAD_MAX)
        return E_LIMIT;
    u8 head[MSG_HEAD] = { 0 };
    le32(head, m->type);
    le32(head + 4, m->id);
    le32(head + 8, (u32)m->payload.n);
    struct iovec parts[2] = { { head, sizeof head },
                              { (void *)(uintptr_t)m->payload.p, m->payload.n } };
    union {
        char bytes[CMSG_SPACE(sizeof(int))];
        struct cmsghdr align;
    } room = { 0 };
    struct msghdr h = { .msg_iov = parts, .msg_iovlen = 2 };
    if (m->fd >= 0) {
        h.msg_control = room.bytes;
        h.msg_controllen = sizeof room.bytes;
        struct cmsghdr *c = CMSG_FIRSTHDR(&h);
        c->cmsg_level = SOL_SOCKET;
        c->cmsg_type = SCM_RIGHTS;
        c->cmsg_len = CMSG_LEN(sizeof(int));
        memcpy(CMSG_DATA(c), &m->fd, sizeof m->fd);
    }
    if (fault_hit(FAULT_SOCKET))
        return E_CLOSED;
    ssize_t sent = sendmsg(sock, &h, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent < 0)
        return os_err();
    must((size_t)sent == MSG_HEAD + m->payload.n); /* a packet goes whole or not at all */
    return E_NONE;
}

/* Collects the descriptors that came; *ret_n counts them, those beyond the room are not (the kernel
 * truncates). */
static void take_fds(struct msghdr *h, int fds[FDS_LOOKED_AT], size_t *ret_n)
{
    *ret_n = 0;
    for (struct cmsghdr *c = CMSG_FIRSTHDR(h); c; c = CMSG_NXTHDR(h, c)) {
        if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
            continue;
        size_t n = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
        for (size_t i = 0; i < n && *ret_n < FDS_LOOKED_AT; i++, ++*ret_n)
            memcpy(&fds[*ret_n], CMSG_DATA(c) + i * sizeof(int), sizeof(int));
    }
}

err msg_parse(str packet, struct msg *ret)
{
    if (packet.n < MSG_HEAD || packet.n > MSG_PACKET_MAX)
        return E_CORRUPT;
    u32 n = from_le32(packet.p + 8);
    if (n != packet.n - MSG_HEAD || from_le32(packet.p + 12) != 0)
        return E_CORRUPT;
    *ret = (struct msg){
        from_le32(packet.p), from_le32(packet.p + 4), { packet.p + MSG_HEAD, n }, -1
    };
    return E_NONE;
}

err msg_recv(int sock, void *room, size_t room_n, struct msg *ret)
{
    union {
        char bytes[CMSG_SPACE(FDS_LOOKED_AT * sizeof(int))];
        struct cmsghdr align;
    } control;
    struct iovec part = { room, room_n };
    struct msghdr h = { .msg_iov = &part,
                        .msg_iovlen = 1,
                        .msg_control = control.bytes,
                        .msg_controllen = sizeof control.bytes };
    if (fault_hit(FAULT_SOCKET))
        return E_CLOSED;
    ssize_t got = recvmsg(sock, &h, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
    if (got < 0)
        return os_err();
    int fds[FDS_LOOKED_AT];
    size_t n;
    take_fds(&h, fds, &n);
    if (got == 0 && n == 0)
        return E_CLOSED;
    struct msg m;
    err e = msg_parse((str){ room, (size_t)got }, &m);
    if (n > 1 || (h.msg_flags & (MSG_TRUNC | MSG_CTRUNC)))
        e = E_CORRUPT;
    if (e != E_NONE) {
        while (n)
            os_close(fds[--n]);
        return e;
    }
    m.fd = n ? fds[0] : -1;
    *ret = m;
    return E_NONE;
}

err msg_wait(int sock, usec until)
{
    struct pollfd p = { .fd = sock, .events = POLLIN };
    for (;;) {
        usec left = until - os_mono();
        if (left < 0)
            left = 0;
        int n = poll(&p, 1, (int)MIN((left + 999) / 1000, (usec)60000));
        if (n > 0)
            return E_NONE;
        if (n < 0 && os_err() != E_AGAIN)
            return os_err();
        if (os_mono() >= until)
            return E_AGAIN;
    }
}
