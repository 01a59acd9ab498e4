/* SPDX-License-Identifier: Apache-2.0 */
/* Fuzzes the frame reader, as server and as client: it must not read outside, must make progress,
 * must keep a message under its ceiling, and what a text message says must be UTF-8 as a whole. */
#include <string.h>

#include "base/utf8.h"
#include "wire/ws.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

enum { MESSAGE_MAX = 300 };

static void read_all(char *p, size_t n, bool from_client)
{
    struct ws_rules rules = { from_client, MESSAGE_MAX };
    struct ws_state s = { 0 };
    char message[MESSAGE_MAX];
    size_t at = 0, message_n = 0;
    for (;;) {
        struct ws_frame f;
        struct ws_lack lack;
        err e = ws_next(&s, &rules, (str){ p + at, n - at }, &f, &lack);
        if (e == E_AGAIN)
            must(lack.need > n - at);
        else if (e != E_NONE)
            must(lack.code == WS_PROTOCOL || lack.code == WS_BAD_TEXT || lack.code == WS_TOO_BIG);
        if (e != E_NONE)
            return;
        must(f.used >= 2 && f.used <= n - at && f.n <= f.used);
        at += f.used;
        if (f.op >= WS_CLOSE)
            continue;
        if (f.begins)
            message_n = 0;
        must(message_n + f.n <= MESSAGE_MAX);
        if (f.n)
            memcpy(message + message_n, f.payload, f.n);
        message_n += f.n;
        if (f.ends && f.op == WS_TEXT)
            must(utf8_valid((str){ message, message_n }));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
    char *copy = malloc(n + 1);
    must(copy != NULL);
    if (n)
        memcpy(copy, p, n);
    read_all(copy, n, true);
    if (n)
        memcpy(copy, p, n);
    read_all(copy, n, false);
    free(copy);
    return 0;
}
