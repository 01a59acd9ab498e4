/* SPDX-License-Identifier: Apache-2.0 */
/* A server that answers every request with the same small JSON and every upgrade with a socket that echoes: what the front
 * costs by itself. Arguments: port [plain]. Listens on 127.0.0.1, prints its certificate to standard output first. */
#include <signal.h>
#include <unistd.h>

#include "http/server.h"
#include "http/ws.h"
#include "loop/tls_self.h"

static const char json[] = "{\"id\":\"person_0c3k9q2m5v7x1\",\"name\":\"Ada Lovelace\",\"department\":\"Research\",\"mail\":"
                           "\"ada@example.org\",\"n\":1234}";

static struct http_server *server;

static void on_text(UNUSED void *arg, struct ref ws, str text) { IGNORE(ws_send_text(server, ws, text)); }

static const struct ws_calls calls = { .on_text = on_text };

static void on_request(UNUSED void *arg, struct http_req *req)
{
    if (ws_is_upgrade(req)) {
        struct ref ws;
        IGNORE(ws_accept(req, S(""), &calls, NULL, &ws));
        return;
    }
    http_reply(req, &(struct http_reply){ .status = 200, .content_type = S("application/json"), .body = { json, sizeof json - 1 } });
}

static struct tls *make_tls(struct arena *a)
{
    struct tls_self *self;
    struct tls *tls;
    str pem;
    struct tls_ticket_key key = { .name = "bench", .cipher = { 1 }, .mac = { 2 } };
    struct tls_tickets *tickets = tls_tickets_new();
    tls_tickets_set(tickets, &key, 1);
    must(tls_self_new(a, "localhost", &self, &pem) == E_NONE);
    struct tls_server_setup setup = { pem, tls_self_sign, self, tickets };
    must(tls_server_new(&setup, &tls) == E_NONE);
    must(write(STDOUT_FILENO, pem.p, pem.n) == (ssize_t)pem.n);
    return tls;
}

int main(int argc, char **argv)
{
    u64 port = 0;
    if (argc < 2 || str_u64(str_from(argv[1]), &port) != E_NONE || port > 65535)
        return 2;
    struct arena *a = arena_new("boot", 1 << 20);
    struct loop *loop;
    int fd;
    must(loop_new(&loop) == E_NONE && net_listen("127.0.0.1", (u16)port, true, &fd) == E_NONE);
    struct http_limits limits = http_limits_default();
    limits.conns_max = limits.conns_per_address = 100000;
    struct http_setup setup = { .loop = loop, .fd = fd, .tls = argc > 2 ? NULL : make_tls(a), .limits = limits,
                                .on_request = on_request };
    must(http_server_new(&setup, &server) == E_NONE);
    loop_run(loop);
    return 0;
}
