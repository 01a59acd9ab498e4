/* SPDX-License-Identifier: Apache-2.0 */
/* Frames of RFC 6455. A frame is read only when it is whole, so the reader keeps five bytes of
 * meaning between frames and the caller decides where unfinished bytes wait. Masking goes eight
 * bytes at a time. Text is checked frame by frame, so that a bad message ends at its first bad
 * frame and not after its last. */
#include "wire/ws.h"

#include <openssl/evp.h>
#include <openssl/sha.h>
#include <string.h>

void ws_mask(char *p, size_t n, const u8 mask[4], size_t at)
{
    u8 turned[8];
    for (size_t i = 0; i < 8; i++)
        turned[i] = mask[(at + i) & 3];
    u64 m, x;
    memcpy(&m, turned, 8);
    size_t i = 0;
    for (; i + 8 <= n; i += 8) {
        memcpy(&x, p + i, 8);
        x ^= m;
        memcpy(p + i, &x, 8);
    }
    for (; i < n; i++)
        p[i] = (char)((u8)p[i] ^ turned[i & 7]);
}

/* States: 0 between code points; 1, 2, 3 continuation bytes missing; and the second bytes that are
 * narrower than 80..BF (RFC 3629): 4 after E0, 5 after ED, 6 after F0, 7 after F4. */
static u8 utf8_first(u8 c)
{
    if (c < 0x80)
        return 0;
    if (c >= 0xc2 && c <= 0xdf)
        return 1;
    if (c >= 0xe0 && c <= 0xef)
        return c == 0xe0 ? 4 : c == 0xed ? 5 : 2;
    if (c >= 0xf0 && c <= 0xf4)
        return c == 0xf0 ? 6 : c == 0xf4 ? 7 : 3;
    return 0xff;
}

static u8 utf8_more(u8 state, u8 c)
{
    static const struct {
        u8 low, high, then;
    } next[8] = {
        { 1, 0, 0 },       { 0x80, 0xbf, 0 }, { 0x80, 0xbf, 1 }, { 0x80, 0xbf, 2 },
        { 0xa0, 0xbf, 1 }, { 0x80, 0x9f, 1 }, { 0x90, 0xbf, 2 }, { 0x80, 0x8f, 2 },
    };
    return c >= next[state].low && c <= next[state].high ? next[state].then : 0xff;
}

bool ws_utf8(u8 *state, str piece)
{
    u8 s = *state;
    for (size_t i = 0; i < piece.n;) {
        u64 x;
        if (s == 0 && i + 8 <= piece.n && (memcpy(&x, piece.p + i, 8), !(x & 0x8080808080808080))) {
            i += 8;
            continue;
        }
        u8 c = (u8)piece.p[i++];
        s = s ? utf8_more(s, c) : utf8_first(c);
        if (s == 0xff)
            return false;
    }
    *state = s;
    return true;
}

bool ws_code_ok(u16 code)
{
    if (code >= 3000 && code <= 4999)
        return true;
    return code >= 1000 && code <= 1014 && code != 1004 && code != 1005 && code != 1006;
}

struct head {
    u8 op;
    bool fin, masked;
    u64 n;
    size_t size;
    u8 mask[4];
};

static err read_head(str in, struct head *ret, size_t *ret_need)
{
    *ret_need = 2;
    if (in.n < 2)
        return E_AGAIN;
    const u8 *p = (const u8 *)in.p;
    u8 len = p[1] & 0x7f;
    struct head h = { .op = p[0] & 15, .fin = p[0] >> 7, .masked = p[1] >> 7, .n = len };
    if (p[0] & 0x70) /* no extension has given these bits a meaning */
        return E_INVALID;
    size_t more = len == 126 ? 2 : len == 127 ? 8 : 0;
    h.size = 2 + more + (h.masked ? 4 : 0);
    *ret_need = h.size;
    if (in.n < h.size)
        return E_AGAIN;
    if (more) {
        h.n = 0;
        for (size_t i = 0; i < more; i++)
            h.n = h.n << 8 | p[2 + i];
        if (h.n >> 63 || h.n < (more == 2 ? 126u : 65536u)) /* the shortest form is a must */
            return E_INVALID;
    }
    if (h.masked)
        memcpy(h.mask, p + h.size - 4, 4);
    *ret = h;
    return E_NONE;
}

static err check_head(const struct ws_state *s, const struct ws_rules *rules, const struct head *h,
                      u16 *reterr_close)
{
    *reterr_close = WS_PROTOCOL;
    if (h->masked != rules->from_client)
        return E_INVALID;
    if (h->op >= WS_CLOSE)
        return h->op > WS_PONG || !h->fin || h->n > WS_CONTROL_MAX ? E_INVALID : E_NONE;
    if (h->op > WS_BINARY || (h->op == WS_MORE) != (s->op != 0))
        return E_INVALID;
    if (h->n > rules->message_max || s->n > rules->message_max - h->n) {
        *reterr_close = WS_TOO_BIG;
        return E_LIMIT;
    }
    return E_NONE;
}

static err read_close(struct ws_frame *f, u16 *reterr_close)
{
    f->close_code = WS_NO_CODE;
    if (f->n == 0)
        return E_NONE;
    *reterr_close = WS_PROTOCOL;
    if (f->n == 1)
        return E_INVALID;
    f->close_code = (u16)((u8)f->payload[0] << 8 | (u8)f->payload[1]);
    u8 utf8 = 0;
    if (!ws_code_ok(f->close_code))
        return E_INVALID;
    *reterr_close = WS_BAD_TEXT;
    return ws_utf8(&utf8, (str){ f->payload + 2, f->n - 2 }) && utf8 == 0 ? E_NONE : E_INVALID;
}

err ws_next(struct ws_state *s, const struct ws_rules *rules, str bytes, struct ws_frame *ret,
            struct ws_lack *reterr)
{
    struct head h;
    *reterr = (struct ws_lack){ 0, WS_PROTOCOL };
    TRY(read_head(bytes, &h, &reterr->need));
    TRY(check_head(s, rules, &h, &reterr->code));
    reterr->need = h.size + (size_t)h.n;
    if (h.n > bytes.n - h.size)
        return E_AGAIN;
    struct ws_frame f = { .op = (enum ws_op)(h.op ? h.op : s->op),
                          .begins = h.op != WS_MORE,
                          .ends = h.fin,
                          .payload = (char *)(uintptr_t)bytes.p + h.size,
                          .n = (size_t)h.n,
                          .used = h.size + (size_t)h.n };
    if (h.masked)
        ws_mask(f.payload, f.n, h.mask, 0);
    if (h.op == WS_CLOSE)
        TRY(read_close(&f, &reterr->code));
    if (h.op < WS_CLOSE) {
        u8 utf8 = s->utf8;
        str text = { f.payload, f.n };
        if (f.op == WS_TEXT && (!ws_utf8(&utf8, text) || (h.fin && utf8))) {
            reterr->code = WS_BAD_TEXT;
            return E_INVALID;
        }
        *s = h.fin ? (struct ws_state){ 0 } : (struct ws_state){ (u8)f.op, utf8, s->n + h.n };
    }
    *ret = f;
    return E_NONE;
}

size_t ws_head_put(char out[WS_HEAD_MAX], enum ws_op op, bool fin, u64 n, const u8 *mask)
{
    size_t more = n < 126 ? 0 : n < 65536 ? 2 : 8;
    out[0] = (char)((fin ? 0x80 : 0) | (int)op);
    out[1] = (char)((mask ? 0x80 : 0) | (more == 0 ? (int)n : more == 2 ? 126 : 127));
    for (size_t i = 0; i < more; i++)
        out[2 + i] = (char)(n >> (8 * (more - 1 - i)));
    if (!mask)
        return 2 + more;
    memcpy(out + 2 + more, mask, 4);
    return 6 + more;
}

size_t ws_close_put(char out[WS_CONTROL_MAX], u16 code, str reason)
{
    size_t n = MIN(reason.n, (size_t)WS_CONTROL_MAX - 2);
    while (n < reason.n && n && ((u8)reason.p[n] & 0xc0) == 0x80)
        n--; /* never half a code point */
    out[0] = (char)(code >> 8);
    out[1] = (char)code;
    if (n)
        memcpy(out + 2, reason.p, n);
    return 2 + n;
}

bool ws_key_ok(str key)
{
    if (key.n != 24 || key.p[22] != '=' || key.p[23] != '=')
        return false;
    for (size_t i = 0; i < 22; i++) {
        char c = key.p[i];
        if (!((c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
              c == '+' || c == '/'))
            return false;
    }
    return true;
}

void ws_accept_put(char out[WS_ACCEPT_BYTES], str key)
{
    static const char magic[] = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
    u8 text[24 + sizeof magic - 1], digest[SHA_DIGEST_LENGTH], coded[WS_ACCEPT_BYTES + 1];
    must(key.n == 24);
    memcpy(text, key.p, 24);
    memcpy(text + 24, magic, sizeof magic - 1);
    must(SHA1(text, sizeof text, digest) != NULL);
    must(EVP_EncodeBlock(coded, digest, sizeof digest) == WS_ACCEPT_BYTES);
    memcpy(out, coded, WS_ACCEPT_BYTES);
}
