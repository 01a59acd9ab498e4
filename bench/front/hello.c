/* SPDX-License-Identifier: Apache-2.0 */
/* A server that answers every request with the same small JSON (/100k: 100 KiB) and every upgrade
 * with a socket that echoes: what the front costs by itself. It listens on 127.0.0.1 and prints its
 * certificate to standard output first. `bench-hello PORT [plain]` is that server; `bench-hello
 * idle PORT COUNT PEM` opens COUNT WebSockets to it (over TLS with that certificate, or plain when
 * PEM is "-"), has one small message echoed on each, then holds them until it is ended. */
#include <unistd.h>

#include "base/os.h"
#include "http/client.h"
#include "http/server.h"
#include "http/ws.h"
#include "loop/tls_self.h"

static const char json[] = "{\"id\":\"person_0c3k9q2m5v7x1\",\"name\":\"Ada "
                           "Lovelace\",\"department\":\"Research\",\"mail\":"
                           "\"ada@example.org\",\"n\":12345678}";

static struct http_server *server;

static void on_text(UNUSED void *arg, struct ref ws, str text)
{
    IGNORE(ws_send_text(server, ws, text));
}

static const struct ws_calls calls = { .on_text = on_text };

static void on_request(UNUSED void *arg, struct http_req *req)
{
    if (ws_is_upgrade(req)) {
        struct ref ws;
        IGNORE(ws_accept(req, S(""), &calls, NULL, &ws));
        return;
    }
    static const char large[100 * 1024];
    if (str_eq(req->path, S("/100k"))) {
        http_reply(req, &(struct http_reply){ .status = 200,
                                              .content_type = S("application/octet-stream"),
                                              .life = HTTP_BODY_STATIC,
                                              .body = { large, sizeof large } });
        return;
    }
    http_reply(req, &(struct http_reply){ .status = 200,
                                          .content_type = S("application/json"),
                                          .body = { json, sizeof json - 1 } });
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

/* ---- many idle sockets */

static struct {
    struct loop *loop;
    u32 open, echoed, gone;
} idle;

static void on_answer(UNUSED void *arg, const struct http_answer *a)
{
    idle.open += a->status == 101;
}
static void on_frame(UNUSED void *arg, enum ws_op op, UNUSED str payload)
{
    idle.echoed += op == WS_TEXT;
}
static void on_gone(UNUSED void *arg, UNUSED err why)
{
    idle.gone++;
}

static int hold(u16 port, u32 count, const char *pem_path)
{
    static const struct http_client_calls client_calls = { on_answer, on_frame, on_gone };
    struct arena *a = arena_new("boot", 64 << 20);
    struct http_client **c = NEW_N(a, struct http_client *, count);
    struct http_client_setup setup = {
        .address = "127.0.0.1", .port = port, .host = S("localhost"), .calls = &client_calls
    };
    str pem;
    must(loop_new(&idle.loop) == E_NONE);
    setup.loop = idle.loop;
    if (!str_eq_z(S("-"), pem_path))
        must(os_read_file(a, pem_path, 1 << 16, &pem) == E_NONE &&
             tls_client_new(pem, &setup.tls) == E_NONE);
    usec began = os_mono();
    for (u32 i = 0; i < count; i++) {
        must(http_client_new(&setup, &c[i]) == E_NONE);
        must(http_client_upgrade(c[i], &(struct http_ask){ .path = S("/ws") }) == E_NONE);
        while (i + 1 - idle.open - idle.gone > 64)
            loop_step(idle.loop, 100);
    }
    while (idle.open + idle.gone < count)
        loop_step(idle.loop, 100);
    usec opened = os_mono();
    for (u32 i = 0; i < count; i++) {
        IGNORE(http_client_ws(c[i], WS_TEXT, S("{\"type\":\"hello\"}")));
        while (idle.echoed <= i && !idle.gone)
            loop_step(idle.loop, 100);
    }
    printf("%u open in %lld ms, %u echoed one after another in %lld ms, %u gone\n", idle.open,
           (long long)(opened - began) / 1000, idle.echoed, (long long)(os_mono() - opened) / 1000,
           idle.gone);
    fflush(stdout);
    loop_run(idle.loop);
    return 0;
}

static bool number(const char *text, u64 max, u64 *ret)
{
    return str_u64(str_from(text), ret) == E_NONE && *ret <= max;
}

int main(int argc, char **argv)
{
    u64 port = 0, count = 0;
    if (argc == 5 && number(argv[2], 65535, &port) && number(argv[3], 100000, &count))
        return hold((u16)port, (u32)count, argv[4]);
    if (argc < 2 || argc > 3 || !number(argv[1], 65535, &port))
        return 2;
    struct arena *a = arena_new("boot", 1 << 20);
    struct loop *loop;
    int fd;
    must(loop_new(&loop) == E_NONE && net_listen("127.0.0.1", (u16)port, true, &fd) == E_NONE);
    struct http_limits limits = http_limits_default();
    limits.conns_max = limits.conns_per_address = 100000;
    struct http_setup setup = { .loop = loop,
                                .fd = fd,
                                .tls = argc > 2 ? NULL : make_tls(a),
                                .limits = limits,
                                .on_request = on_request };
    must(http_server_new(&setup, &server) == E_NONE);
    loop_run(loop);
    return 0;
}
