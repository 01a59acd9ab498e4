/* SPDX-License-Identifier: Apache-2.0 */
/* Messages: what is sent arrives, and nothing that a hostile peer sends is taken for a message. */
#include "proc/messages.h"

#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/os.h"
#include "base/rng.h"
#include "test/test.h"

static str packed(struct T *T, const struct record *r, const void *m)
{
    struct buf b = buf_in(T->arena, MSG_PAYLOAD_MAX);
    expect_ok(record_put(&b, r, m));
    return buf_str(&b);
}

TEST(every_field_of_a_message_arrives)
{
    struct msg_start in = { .data = S("/srv/x"),
                            .config = S("a = b\n"),
                            .threads = 3,
                            .uid = 61185,
                            .create = true,
                            .parent_started = -5 },
                     out;
    expect_ok(record_get(packed(T, msg_record_start(), &in), msg_record_start(), &out));
    expect_s(out.data, in.data);
    expect_s(out.config, in.config);
    expect_i(out.threads, 3);
    expect_i(out.uid, 61185);
    expect(out.create);
    expect_i(out.parent_started, -5);
}

TEST(a_cut_or_lengthened_record_is_refused_and_leaves_the_result_alone)
{
    struct msg_death in = { S("vault"), 7, -9 }, out = { S("before"), 1, 1 };
    str bytes = packed(T, msg_record_death(), &in);
    for (size_t n = 0; n < bytes.n; n++)
        expect_err(record_get(str_sub(bytes, 0, n), msg_record_death(), &out), E_CORRUPT);
    str longer = { memcpy(arena_get(T->arena, 1, bytes.n + 1, 1), bytes.p, bytes.n), bytes.n + 1 };
    expect_err(record_get(longer, msg_record_death(), &out), E_CORRUPT);
    expect_s(out.role, S("before"));
    expect_i(out.deaths, 1);
    expect_ok(record_get(bytes, msg_record_death(), &out));
    expect_i(out.status, -9);
}

TEST(a_length_above_the_field_s_ceiling_is_refused_on_both_sides)
{
    char big[ROLE_NAME_MAX + 1];
    memset(big, 'a', sizeof big);
    struct buf b = buf_in(T->arena, 1024);
    struct msg_peer m = { { big, sizeof big }, 0 };
    expect_err(record_put(&b, msg_record_peer(), &m), E_LIMIT);
    expect_i(b.n, 0);
    u8 wire[4 + sizeof big + 4] = { sizeof big };
    expect_err(record_get((str){ (char *)wire, sizeof wire }, msg_record_peer(), &m), E_CORRUPT);
    u8 huge[8] = { 0xff, 0xff, 0xff, 0xff };
    expect_err(record_get((str){ (char *)huge, sizeof huge }, msg_record_peer(), &m), E_CORRUPT);
}

TEST(a_bool_has_two_spellings_only)
{
    struct msg_ready m = { 1, 2, true };
    str bytes = packed(T, msg_record_ready(), &m);
    char *p = (char *)(uintptr_t)bytes.p;
    p[bytes.n - 1] = 2;
    expect_err(record_get(bytes, msg_record_ready(), &m), E_CORRUPT);
}

TEST(random_bytes_never_become_two_different_records)
{
    struct rng_seeded r = { T->seed };
    const struct record *recs[] = { msg_record_start(), vault_record_seal_in(),
                                    vault_record_ledger_sign_in(), msg_record_death(),
                                    msg_record_failed() };
    char room[1024];
    for (int i = 0; i < 20000; i++) {
        const struct record *rec = recs[rng_next_below(&r, COUNT(recs))];
        char bytes[96];
        size_t n = rng_next_below(&r, sizeof bytes);
        for (size_t k = 0; k < n; k++)
            bytes[k] = (char)(rng_next_below(&r, 3) ? 0 : rng_next(&r) & 31);
        must(rec->size <= sizeof room);
        if (record_get((str){ bytes, n }, rec, room) != E_NONE)
            continue;
        SCRATCH(s);
        struct buf b = buf_in(s.a, 1024);
        expect_ok(record_put(&b, rec, room));
        expect_s(buf_str(&b), ((str){ bytes, n })); /* one value, one spelling */
    }
}

struct ends {
    int a, b;
    u8 room[MSG_PACKET_MAX];
};

static struct ends *pair(struct T *T)
{
    struct ends *e = NEW(T->arena, struct ends);
    int fds[2];
    expect_ok(msg_pair(fds));
    e->a = fds[0];
    e->b = fds[1];
    return e;
}

static int open_fds(void)
{
    int n = 0;
    for (int fd = 0; fd < 256; fd++)
        n += fcntl(fd, F_GETFD) >= 0;
    return n;
}

TEST(messages_keep_their_order_and_carry_a_descriptor)
{
    struct ends *e = pair(T);
    int pipe_ends[2];
    expect(pipe2(pipe_ends, O_CLOEXEC) == 0);
    expect_ok(msg_send(e->a, &(struct msg){ 7, 1, S("first"), -1 }));
    expect_ok(msg_send(e->a, &(struct msg){ 8, 2, S(""), pipe_ends[1] }));
    struct msg m;
    expect_ok(msg_recv(e->b, e->room, sizeof e->room, &m));
    expect_s(m.payload, S("first"));
    expect_i(m.type, 7);
    expect_i(m.fd, -1);
    expect_ok(msg_recv(e->b, e->room, sizeof e->room, &m));
    expect_i(m.id, 2);
    expect(m.fd >= 0 && (fcntl(m.fd, F_GETFD) & FD_CLOEXEC));
    char c = 0;
    expect(write(m.fd, "x", 1) == 1 && read(pipe_ends[0], &c, 1) == 1 && c == 'x');
    expect_err(msg_recv(e->b, e->room, sizeof e->room, &m), E_AGAIN);
    os_close(e->a);
    expect_err(msg_recv(e->b, e->room, sizeof e->room, &m), E_CLOSED);
    expect_err(msg_send(e->b, &(struct msg){ 1, 1, S(""), -1 }), E_CLOSED);
}

TEST(the_largest_message_passes_and_a_larger_one_does_not)
{
    struct ends *e = pair(T);
    char *p = arena_get(T->arena, 1, MSG_PAYLOAD_MAX + 1, 1);
    struct msg m;
    expect_err(msg_send(e->a, &(struct msg){ 1, 1, { p, MSG_PAYLOAD_MAX + 1 }, -1 }), E_LIMIT);
    expect_ok(msg_send(e->a, &(struct msg){ 1, 1, { p, MSG_PAYLOAD_MAX }, -1 }));
    expect_ok(msg_recv(e->b, e->room, sizeof e->room, &m));
    expect_i(m.payload.n, MSG_PAYLOAD_MAX);
}

static void send_raw(int sock, const void *bytes, size_t n, const int *fds, size_t fds_n)
{
    union {
        char b[CMSG_SPACE(16 * sizeof(int))];
        struct cmsghdr align;
    } room = { 0 };
    struct iovec part = { (void *)(uintptr_t)bytes, n };
    struct msghdr h = { .msg_iov = &part, .msg_iovlen = 1 };
    if (fds_n) {
        h.msg_control = room.b;
        h.msg_controllen = CMSG_SPACE(fds_n * sizeof(int));
        struct cmsghdr *c = CMSG_FIRSTHDR(&h);
        c->cmsg_level = SOL_SOCKET;
        c->cmsg_type = SCM_RIGHTS;
        c->cmsg_len = CMSG_LEN(fds_n * sizeof(int));
        memcpy(CMSG_DATA(c), fds, fds_n * sizeof(int));
    }
    expect(sendmsg(sock, &h, MSG_NOSIGNAL) == (ssize_t)n);
}

TEST(hostile_packets_are_refused_and_their_descriptors_closed)
{
    struct ends *e = pair(T);
    u8 good[MSG_HEAD] = { 1 };
    u8 lies[MSG_HEAD] = { 1, 0, 0, 0, 0, 0, 0, 0, 5 }; /* says 5 bytes follow; none do */
    u8 reserved[MSG_HEAD] = { [12] = 1 };
    u8 *large = arena_get(T->arena, 1, MSG_PACKET_MAX + 1, 1);
    int fds[16];
    for (size_t i = 0; i < COUNT(fds); i++)
        fds[i] = STDIN_FILENO;
    struct msg m;
    int before = open_fds();
    send_raw(e->a, good, 7, NULL, 0);
    expect_err(msg_recv(e->b, e->room, sizeof e->room, &m), E_CORRUPT);
    send_raw(e->a, lies, sizeof lies, fds, 1);
    expect_err(msg_recv(e->b, e->room, sizeof e->room, &m), E_CORRUPT);
    send_raw(e->a, reserved, sizeof reserved, NULL, 0);
    expect_err(msg_recv(e->b, e->room, sizeof e->room, &m), E_CORRUPT);
    send_raw(e->a, good, sizeof good, fds, 2);
    expect_err(msg_recv(e->b, e->room, sizeof e->room, &m), E_CORRUPT);
    send_raw(e->a, good, sizeof good, fds, 16); /* more than there is room for */
    expect_err(msg_recv(e->b, e->room, sizeof e->room, &m), E_CORRUPT);
    send_raw(e->a, large, MSG_PACKET_MAX + 1, NULL, 0);
    expect_err(msg_recv(e->b, e->room, sizeof e->room, &m), E_CORRUPT);
    expect_i(open_fds(), before);
    send_raw(e->a, good, sizeof good, NULL, 0); /* the socket is still good */
    expect_ok(msg_recv(e->b, e->room, sizeof e->room, &m));
}

TEST(a_full_queue_says_again_and_does_not_block)
{
    struct ends *e = pair(T);
    char *p = arena_get(T->arena, 1, MSG_PAYLOAD_MAX, 1);
    err got = E_NONE;
    for (int i = 0; i < 1000 && got == E_NONE; i++)
        got = msg_send(e->a, &(struct msg){ 1, 1, { p, MSG_PAYLOAD_MAX }, -1 });
    expect_err(got, E_AGAIN);
}

TEST(waiting_ends_at_its_time)
{
    struct ends *e = pair(T);
    usec began = os_mono();
    expect_err(msg_wait(e->a, began + 30 * USEC_MS), E_AGAIN);
    expect(os_mono() - began >= 30 * USEC_MS);
    os_close(e->b);
    expect_ok(msg_wait(e->a, os_mono() + 10 * USEC_S));
}

TEST(message_numbers_are_unique)
{
    static const u32 all[] = {
#define MESSAGE(no, name, fields) (no),
        CONTROL_MAP(MESSAGE)
#undef MESSAGE
#define OP(no, name, who, question, answer) (no), (no) + 1,
            VAULT_MAP(OP)
#undef OP
                MSG_failed,
    };
    for (size_t i = 0; i < COUNT(all); i++)
        for (size_t k = i + 1; k < COUNT(all); k++)
            expect(all[i] != all[k]);
}
