/* SPDX-License-Identifier: Apache-2.0 */
/* Listening and connecting. TCP_NODELAY is set on the listener, whose children inherit it. */
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>

#include "base/os.h"
#include "loop/stream.h"

union address {
    struct sockaddr any;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
};

static err read_address(const char *text, u16 port, union address *ret, socklen_t *ret_n)
{
    union address a;
    memset(&a, 0, sizeof a);
    if (inet_pton(AF_INET, text, &a.v4.sin_addr) == 1) {
        a.v4.sin_family = AF_INET;
        a.v4.sin_port = htons(port);
        *ret_n = sizeof a.v4;
    } else if (inet_pton(AF_INET6, text, &a.v6.sin6_addr) == 1) {
        a.v6.sin6_family = AF_INET6;
        a.v6.sin6_port = htons(port);
        *ret_n = sizeof a.v6;
    } else {
        return E_INVALID;
    }
    *ret = a;
    return E_NONE;
}

static err open_socket(const union address *a, int *ret_fd)
{
    int one = 1;
    int fd = socket(a->any.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return os_err();
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    *ret_fd = fd;
    return E_NONE;
}

err net_listen(const char *address, u16 port, bool reuse_port, int *ret_fd)
{
    union address a;
    socklen_t n;
    int fd = -1, one = 1;
    TRY(read_address(address, port, &a, &n));
    TRY(open_socket(&a, &fd));
    (void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    if (reuse_port)
        (void)setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &one, sizeof one);
    if (bind(fd, &a.any, n) != 0 || listen(fd, 4096) != 0) {
        err e = os_err();
        os_close(fd);
        return e;
    }
    *ret_fd = fd;
    return E_NONE;
}

/* EINPROGRESS is not among the codes of os_err: the socket's own state tells. */
static bool is_connecting(int fd)
{
    struct tcp_info info;
    socklen_t n = sizeof info;
    return getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &n) == 0 &&
           (info.tcpi_state == TCP_SYN_SENT || info.tcpi_state == TCP_ESTABLISHED);
}

err net_connect(const char *address, u16 port, int *ret_fd)
{
    union address a;
    socklen_t n;
    int fd = -1;
    TRY(read_address(address, port, &a, &n));
    TRY(open_socket(&a, &fd));
    if (connect(fd, &a.any, n) != 0 && !is_connecting(fd)) {
        err e = os_err();
        os_close(fd);
        return e;
    }
    *ret_fd = fd;
    return E_NONE;
}

u16 net_port(int fd)
{
    union address a;
    socklen_t n = sizeof a;
    if (getsockname(fd, &a.any, &n) != 0)
        return 0;
    return ntohs(a.any.sa_family == AF_INET ? a.v4.sin_port : a.v6.sin6_port);
}
