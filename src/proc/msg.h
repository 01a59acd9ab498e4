/* SPDX-License-Identifier: Apache-2.0 */
/* Messages between the processes: one packet of a SOCK_SEQPACKET socketpair each, a 16-byte head
 * (type, id, length, 0; little endian), a payload of at most MSG_PAYLOAD_MAX bytes, and at most one
 * file descriptor (SCM_RIGHTS). What stands in payloads is declared in proc/messages.h. */
#ifndef OUTWORK_PROC_MSG_H
#define OUTWORK_PROC_MSG_H

#include "base/str.h"
#include "base/time.h"

enum { MSG_PAYLOAD_MAX = 64 * 1024, MSG_HEAD = 16, MSG_PACKET_MAX = MSG_HEAD + MSG_PAYLOAD_MAX };

struct msg {
    u32 type, id;
    str payload; /* into the room given to msg_recv */
    int fd;      /* -1: none; the receiver's to close */
};

/* Two ends, close-on-exec and non-blocking. */
MUST_USE err msg_pair(int ret_ends[2]);
/* Sends all of it or nothing. m->fd stays the sender's. E_AGAIN: the other end's queue is full;
 * E_CLOSED: it has gone; E_LIMIT: payload too long. Never raises SIGPIPE. */
MUST_USE err msg_send(int sock, const struct msg *m);
/* Receives one into room (MSG_PACKET_MAX bytes hold any). E_AGAIN: none there; E_CLOSED: end;
 * E_CORRUPT: not a message (descriptors that came with it are closed). */
MUST_USE err msg_recv(int sock, void *room, size_t room_n, struct msg *ret);
/* Bytes of a packet as a message, without a descriptor: the pure half of msg_recv. */
MUST_USE err msg_parse(str packet, struct msg *ret);
/* Waits until sock is readable or the monotonic time comes. E_AGAIN: it came. A hang-up counts as
 * readable. */
MUST_USE err msg_wait(int sock, usec until);

#endif
