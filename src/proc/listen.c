/* SPDX-License-Identifier: Apache-2.0 */
/* Parsing numeric addresses and opening listeners. IPv6 sockets are v6 only, so that 0.0.0.0 and
 * [::] can both be bound. */
#include "proc/listen.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/os.h"

enum { BACKLOG = 4096 };

err listen_parse(str text, struct listen_address *ret)
{
    ptrdiff_t colon = -1;
    for (size_t i = 0; i < text.n; i++)
        if (text.p[i] == ':')
            colon = (ptrdiff_t)i;
    if (colon < 0)
        return E_INVALID;
    str host = str_sub(text, 0, (size_t)colon);
    u64 port;
    if (str_u64(str_sub(text, (size_t)colon + 1, text.n), &port) != E_NONE || !port || port > 65535)
        return E_INVALID;
    SCRATCH(s);
    struct listen_address a = { .text = text };
    bool six = host.n > 2 && host.p[0] == '[' && host.p[host.n - 1] == ']';
    if (six) {
        struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)(void *)&a.at;
        in6->sin6_family = AF_INET6;
        in6->sin6_port = htons((u16)port);
        if (inet_pton(AF_INET6, str_z(s.a, str_sub(host, 1, host.n - 1)), &in6->sin6_addr) != 1)
            return E_INVALID;
        a.n = sizeof *in6;
    } else {
        struct sockaddr_in *in4 = (struct sockaddr_in *)(void *)&a.at;
        in4->sin_family = AF_INET;
        in4->sin_port = htons((u16)port);
        if (inet_pton(AF_INET, str_z(s.a, host), &in4->sin_addr) != 1)
            return E_INVALID;
        a.n = sizeof *in4;
    }
    *ret = a;
    return E_NONE;
}

err listen_parse_list(str text, struct listen_address ret[LISTEN_ADDRESSES_MAX], size_t *ret_n)
{
    struct listen_address all[LISTEN_ADDRESSES_MAX];
    size_t n = 0;
    for (str rest = text; rest.p;) {
        str part = str_trim(str_cut(&rest, ','));
        if (n == LISTEN_ADDRESSES_MAX)
            return E_INVALID;
        TRY(listen_parse(part, &all[n++]));
    }
    if (!n)
        return E_INVALID;
    memcpy(ret, all, n * sizeof *all);
    *ret_n = n;
    return E_NONE;
}

unsigned listen_port(const struct listen_address *a)
{
    const struct sockaddr_in *in4 = (const struct sockaddr_in *)(const void *)&a->at;
    return ntohs(in4->sin_port); /* at the same place in sockaddr_in6 */
}

static err set_up(int fd, const struct listen_address *a, bool reuse_port)
{
    const int on = 1;
    if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0)
        return os_err();
    if (reuse_port && setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on) != 0)
        return os_err();
    if (a->at.ss_family == AF_INET6 &&
        setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on) != 0)
        return os_err();
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on,
                     sizeof on); /* accepted sockets inherit it */
    if (bind(fd, (const struct sockaddr *)(const void *)&a->at, a->n) != 0 ||
        listen(fd, BACKLOG) != 0)
        return os_err() == E_IO ? E_CONFLICT : os_err();
    return E_NONE;
}

err listen_open(const struct listen_address *a, bool reuse_port, int *ret_fd)
{
    int fd = socket(a->at.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return os_err();
    err e = set_up(fd, a, reuse_port);
    if (e != E_NONE) {
        os_close(fd);
        return e;
    }
    *ret_fd = fd;
    return E_NONE;
}

err listen_unix(const char *path, int *ret_fd)
{
    struct sockaddr_un un = { .sun_family = AF_UNIX };
    size_t n = strlen(path);
    if (n >= sizeof un.sun_path)
        return E_LIMIT;
    memcpy(un.sun_path, path, n);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return os_err();
    (void)unlink(path);
    mode_t was = umask(0177);
    bool ok =
        bind(fd, (const struct sockaddr *)(const void *)&un, sizeof un) == 0 && listen(fd, 64) == 0;
    err e = ok ? E_NONE : os_err();
    (void)umask(was);
    if (e != E_NONE) {
        os_close(fd);
        return e;
    }
    *ret_fd = fd;
    return E_NONE;
}
