/* SPDX-License-Identifier: Apache-2.0 */
/* Visitors: what the web client does to sign in and to prove its calls, in C. */
#define OPENSSL_SUPPRESS_DEPRECATED
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "app/testkit/testkit.h"
#include "base/id.h"
#include "core/proof.h"
#include "loop/mailbox.h"
#include "proc/totp.h"

/* ---- keys ---- */

static EVP_PKEY *new_key(u8 ret_point[65])
{
    size_t n = 0;
    EVP_PKEY *k = EVP_EC_gen("P-256");
    must(k && EVP_PKEY_get_octet_string_param(k, OSSL_PKEY_PARAM_PUB_KEY, ret_point, 65, &n) == 1);
    return k;
}

static void free_key(void *k)
{
    EVP_PKEY_free(k);
}

/* r||s over the parts end to end. */
static void sign(EVP_PKEY *k, const str *parts, size_t n, u8 ret[64])
{
    u8 der[80];
    size_t der_n = sizeof der;
    EVP_MD_CTX *md = EVP_MD_CTX_new();
    must(EVP_DigestSignInit(md, NULL, EVP_sha256(), NULL, k) == 1);
    for (size_t i = 0; i < n; i++)
        must(EVP_DigestSignUpdate(md, parts[i].p, parts[i].n) == 1);
    must(EVP_DigestSignFinal(md, der, &der_n) == 1);
    EVP_MD_CTX_free(md);
    const u8 *at = der;
    ECDSA_SIG *sig = d2i_ECDSA_SIG(NULL, &at, (long)der_n);
    must(sig && BN_bn2binpad(ECDSA_SIG_get0_r(sig), ret, 32) == 32 &&
         BN_bn2binpad(ECDSA_SIG_get0_s(sig), ret + 32, 32) == 32);
    ECDSA_SIG_free(sig);
}

static void agree(EVP_PKEY *mine, str theirs, str challenge, u8 ret[32])
{
    EVP_PKEY *peer = EVP_PKEY_new();
    EC_KEY *ec = EC_KEY_new_by_curve_name(NID_X9_62_prime256v1);
    u8 shared[32];
    size_t n = sizeof shared, out = 32;
    must(EC_KEY_oct2key(ec, (const u8 *)theirs.p, theirs.n, NULL) == 1 &&
         EVP_PKEY_assign_EC_KEY(peer, ec) == 1);
    EVP_PKEY_CTX *c = EVP_PKEY_CTX_new(mine, NULL);
    must(EVP_PKEY_derive_init(c) == 1 && EVP_PKEY_derive_set_peer(c, peer) == 1 &&
         EVP_PKEY_derive(c, shared, &n) == 1);
    EVP_PKEY_CTX_free(c);
    EVP_PKEY_free(peer);
    c = EVP_PKEY_CTX_new_id(EVP_PKEY_HKDF, NULL);
    must(EVP_PKEY_derive_init(c) == 1 && EVP_PKEY_CTX_set_hkdf_md(c, EVP_sha256()) == 1 &&
         EVP_PKEY_CTX_set1_hkdf_salt(c, (const u8 *)challenge.p, (int)challenge.n) == 1 &&
         EVP_PKEY_CTX_set1_hkdf_key(c, shared, (int)n) == 1 &&
         EVP_PKEY_CTX_add1_hkdf_info(c, (const u8 *)"outwork-proof-v1", 16) == 1 &&
         EVP_PKEY_derive(c, ret, &out) == 1);
    EVP_PKEY_CTX_free(c);
}

static str b64(struct app *app, const void *p, size_t n)
{
    struct buf b = buf_in(app->a, n * 2 + 16);
    b64_put(&b, p, n);
    return buf_str(&b);
}

struct visitor *visitor_new(struct app *app)
{
    struct visitor *v = NEW(app->a, struct visitor);
    v->app = app;
    v->address = "192.0.2.7";
    v->device = new_key(v->device_point);
    arena_undo(app->a, free_key, v->device);
    return v;
}

/* ---- calls ---- */

struct landed {
    struct app *app;
    struct got got;
    bool done;
};

static void on_done(struct request *rq, const struct reply *r)
{
    struct landed *l = rq->user;
    if (l->app->fault.kind)
        l->app->fault.hit = fault_disarm();
    l->got.status = r->status;
    l->got.body = str_copy(l->app->a, r->body);
    l->got.lines = str_copy(l->app->a, r->lines);
    l->got.type = str_copy(l->app->a, r->content_type);
    l->done = true;
}

static struct got submit(struct visitor *v, const struct request *rq)
{
    struct landed l = { .app = v->app };
    struct request mine = *rq;
    mine.user = &l;
    mine.done = on_done;
    if (v->app->fault.kind)
        fault_arm((enum fault_kind)v->app->fault.kind, v->app->fault.nth, v->app->fault.persistent);
    serve_submit(v->app->port, &mine);
    while (!l.done) {
        mailbox_wait(v->app->box, 10 * USEC_S);
        mailbox_run(v->app->box);
    }
    if (l.got.body.n)
        expect_ok(json_parse(v->app->a, l.got.body, &l.got.json, NULL));
    return l.got;
}

static void prove(struct visitor *v, const struct ask *a, struct request *rq)
{
    u8 mac[32];
    struct visitor *by = a->proof_of ? a->proof_of : v;
    rq->time = a->time;
    rq->proof = a->proof;
    if (a->proof.n)
        return;
    rq->time = str_fmt(v->app->a, "%lld", (long long)((os_now() + a->skew) / USEC_MS));
    const str parts[] = { a->proved_method ? str_from(a->proved_method) : rq->method,
                          a->proved_path ? str_from(a->proved_path) : rq->target,
                          a->proved_key ? str_from(a->proved_key) : rq->idempotency_key, rq->time };
    proof_hmac(by->key, parts, COUNT(parts), mac);
    rq->proof = b64(v->app, mac, sizeof mac);
}

struct got ask(struct visitor *v, const struct ask *a)
{
    struct arena *m = v->app->a;
    str target = str_copy(m, str_from(a->path)), path = target;
    struct request rq = { .method = str_from(a->method),
                          .target = target,
                          .body = a->body ? str_copy(m, str_from(a->body)) : (str){ 0 },
                          .address = str_from(v->address),
                          .language = S("en"),
                          .user_agent = S("test"),
                          .query = { 0 } };
    rq.path = path;
    if (str_has(path, '?')) {
        rq.path = str_cut(&path, '?');
        rq.query = path;
    }
    if (strcmp(a->method, "GET") != 0)
        rq.idempotency_key =
            a->key ? str_from(a->key) : str_fmt(m, "key-%p-%u", (void *)v, v->calls++);
    if (a->cookie)
        rq.cookie = str_from(a->cookie);
    else if (v->signed_in && !a->no_cookie)
        rq.cookie = v->cookie;
    if (v->signed_in && !a->no_proof)
        prove(v, a, &rq);
    struct got g = submit(v, &rq);
    g.shown = (struct shown){ rq.time, rq.proof };
    conform(v->app, a->method, rq.path, &g);
    return g;
}

struct got get(struct visitor *v, const char *path, ...)
{
    char text[512];
    va_list ap;
    va_start(ap, path);
    (void)vsnprintf(text, sizeof text, path, ap);
    va_end(ap);
    return ask(v, &(struct ask){ .method = "GET", .path = text });
}

struct got post(struct visitor *v, const char *path, const char *body, ...)
{
    char text[16384];
    va_list ap;
    va_start(ap, body);
    (void)vsnprintf(text, sizeof text, body, ap);
    va_end(ap);
    return ask(v, &(struct ask){ .method = "POST", .path = path, .body = text });
}

struct got del(struct visitor *v, const char *path)
{
    return ask(v, &(struct ask){ .method = "DELETE", .path = path });
}

/* ---- looking at answers ---- */

static const struct json *at_path(const struct got *g, const char *path)
{
    const struct json *v = g->json;
    str rest = str_from(path);
    while (v && rest.p) {
        str part = str_cut(&rest, '.');
        u64 i;
        if (v->kind == JSON_ARRAY)
            v = str_u64(part, &i) == E_NONE && i < v->n ? &v->at[i] : NULL;
        else
            v = json_get(v, part);
    }
    return v;
}

str field(const struct got *g, const char *path)
{
    const struct json *v = at_path(g, path);
    if (!v || v->kind == JSON_NULL)
        return (str){ "", 0 };
    if (v->kind == JSON_BOOL)
        return v->b ? S("true") : S("false");
    return json_str_or(v, (str){ "", 0 });
}

i64 number(const struct got *g, const char *path)
{
    const struct json *v = at_path(g, path);
    if (v && v->kind == JSON_ARRAY)
        return v->n;
    return json_i64_or(v, -1);
}

void expect_status_(struct got g, int want, const char *file, int line)
{
    if (g.status != want)
        test_failed(file, line, "status is %d, expected %d: " STR_FMT, g.status, want,
                    STR_ARG(g.body));
}

void expect_code_(struct got g, int want, const char *code, const char *file, int line)
{
    expect_status_(g, want, file, line);
    if (!str_eq_z(field(&g, "code"), code))
        test_failed(file, line, "code is " STR_FMT ", expected %s", STR_ARG(field(&g, "code")),
                    code);
}

/* ---- signing in ---- */

str device_proof(struct visitor *v, str challenge, void **ret_ephemeral)
{
    u8 point[65], signature[64];
    EVP_PKEY *e = new_key(point);
    arena_undo(v->app->a, free_key, e);
    const str key = { (const char *)v->device_point, 65 }, eph = { (const char *)point, 65 };
    const str parts[] = { S("outwork-device-v1"), challenge, key, eph };
    sign(v->device, parts, COUNT(parts), signature);
    *ret_ephemeral = e;
    str k = b64(v->app, key.p, 65), p = b64(v->app, eph.p, 65), s = b64(v->app, signature, 64);
    return str_fmt(v->app->a,
                   "{\"key\":\"" STR_FMT "\",\"name\":\"Test browser\",\"ephemeral\":\"" STR_FMT
                   "\",\"signature\":\"" STR_FMT "\"}",
                   STR_ARG(k), STR_ARG(p), STR_ARG(s));
}

void take_session(struct visitor *v, const struct got *g, const struct json *signed_in,
                  str challenge, void *ephemeral)
{
    str point, lines = g->lines;
    expect_ok(
        b64_parse(v->app->a, json_str_or(json_get(signed_in, S("ephemeral")), S("")), &point));
    agree(ephemeral, point, challenge, v->key);
    ptrdiff_t at = str_find(lines, S("__Host-outwork="));
    if (at >= 0) {
        str rest = str_sub(lines, (size_t)at, lines.n);
        v->cookie = str_cut(&rest, ';');
    }
    v->signed_in = true;
}

struct got try_sign_in(struct visitor *v, const char *login, const char *password, str code)
{
    struct got start = post(v, "/api/sign-in/start", "{}");
    str challenge = field(&start, "challenge");
    void *ephemeral;
    str device = device_proof(v, challenge, &ephemeral);
    struct got g = post(v, "/api/sign-in/password",
                        "{\"login\":\"%s\",\"password\":\"%s\",\"code\":\"" STR_FMT
                        "\",\"challenge\":\"" STR_FMT "\",\"device\":" STR_FMT "}",
                        login, password, STR_ARG(code), STR_ARG(challenge), STR_ARG(device));
    if (g.status == 200)
        take_session(v, &g, g.json, challenge, ephemeral);
    return g;
}

void sign_in(struct visitor *v, const char *login)
{
    struct got g = try_sign_in(v, login, "correct horse", app_code(v->app));
    expect_status(g, 200);
}

struct visitor *visit(struct app *app, const char *login)
{
    struct visitor *v = visitor_new(app);
    sign_in(v, login);
    return v;
}

struct got renew(struct visitor *v)
{
    struct got c = ask(v, &(struct ask){ .method = "POST",
                                         .path = "/api/session/challenge",
                                         .body = "{}",
                                         .no_proof = true });
    str challenge = field(&c, "challenge");
    u8 point[65], signature[64];
    EVP_PKEY *e = new_key(point);
    const str parts[] = { S("outwork-renew-v1"), challenge, { (const char *)point, 65 } };
    sign(v->device, parts, COUNT(parts), signature);
    str p = b64(v->app, point, 65), s = b64(v->app, signature, 64);
    str body = str_fmt(v->app->a,
                       "{\"challenge\":\"" STR_FMT "\",\"ephemeral\":\"" STR_FMT
                       "\",\"signature\":\"" STR_FMT "\"}",
                       STR_ARG(challenge), STR_ARG(p), STR_ARG(s));
    struct got g = ask(
        v, &(struct ask){
               .method = "POST", .path = "/api/session/renew", .body = body.p, .no_proof = true });
    if (g.status == 200)
        take_session(v, &g, g.json, challenge, e);
    EVP_PKEY_free(e);
    return g;
}

/* ---- invitations ---- */

str token_of(str link)
{
    (void)str_cut(&link, '#');
    return link;
}

static u64 b32_digit(char c)
{
    return c >= 'A' && c <= 'Z' ? (u64)(c - 'A') : (u64)(c - '2') + 26;
}

/* RFC 4648 base32, as authenticator apps read it. */
static str b32_parse(struct arena *out, str s)
{
    struct buf b = buf_in(out, 128);
    u64 bits = 0;
    u32 n = 0;
    for (size_t i = 0; i < s.n; i++) {
        bits = bits << 5 | b32_digit(s.p[i]);
        for (n += 5; n >= 8; n -= 8)
            buf_char(&b, (char)(bits >> (n - 8) & 0xff));
    }
    return buf_str(&b);
}

struct got accept_opened(struct visitor *v, str link, const char *password, const struct got *open,
                         str challenge)
{
    struct app *app = v->app;
    void *ephemeral;
    char code[TOTP_DIGITS + 1];
    str token = token_of(link), ticket = field(open, "ticket");
    str device = device_proof(v, challenge, &ephemeral);
    totp_code(b32_parse(app->a, field(open, "totp_secret")), totp_step(os_now()), code);
    struct got g =
        post(v, "/api/invites/accept",
             "{\"token\":\"" STR_FMT "\",\"password\":\"%s\",\"code\":\"%s\",\"ticket\":\"" STR_FMT
             "\",\"challenge\":\"" STR_FMT "\",\"device\":" STR_FMT "}",
             STR_ARG(token), password, code, STR_ARG(ticket), STR_ARG(challenge), STR_ARG(device));
    if (g.status == 200)
        take_session(v, &g, json_get(g.json, S("signed_in")), challenge, ephemeral);
    return g;
}

struct got accept_invite(struct visitor *v, str link, const char *password)
{
    str token = token_of(link);
    struct got open = post(v, "/api/invites/open", "{\"token\":\"" STR_FMT "\"}", STR_ARG(token));
    if (open.status != 200)
        return open;
    struct got start = post(v, "/api/sign-in/start", "{}");
    return accept_opened(v, link, password, &open, field(&start, "challenge"));
}

str id_text(struct app *app, const char *prefix, i64 id)
{
    struct buf b = buf_in(app->a, 64);
    id_put(&b, prefix, id);
    return buf_str(&b);
}
