/* SPDX-License-Identifier: Apache-2.0 */
/* An office in a test's own process: the real router, gate, policy, store, ledger and vault (a
 * thread), without sockets. Visitors are browsers: each has a device key, signs in as a person
 * does, and proves every call. Every answer is checked against openapi.json, and what was exercised
 * is noted for the coverage check. */
#ifndef OUTWORK_APP_TESTKIT_H
#define OUTWORK_APP_TESTKIT_H

#include "base/json.h"
#include "base/os.h"
#include "core/office.h"
#include "core/sealer.h"
#include "core/serve.h"
#include "base/fault.h"
#include "test/test.h"
#include "tlog/verify.h"

struct app {
    struct T *T;
    struct arena *a, *office_arena;
    struct office *office;
    struct serve *serve;
    struct serve_port *port;
    struct mailbox *box;
    struct app_vault *vault;
    struct db *sealer_db;
    struct sealer *sealer;
    str data;
    u32 rate_scale;
    struct {
        u64 index, size;
        u32 n;
        str at[TLOG_WIDTH];
    } bundle; /* read last */
    struct {
        int kind; /* enum fault_kind; 0: none */
        u32 nth;
        bool persistent, hit;
    } fault; /* armed for the server's part of each call */
    bool broken; /* the test has damaged the ledger: do not read it at the end */
};

/* A fresh office in T->dir with the shipped policy and nobody in it. */
struct app *app_new(struct T *T);
/* The same with every rate limit times rate_scale: 1 as in service; app_new has 1000. */
struct app *app_new_limited(struct T *T, u32 rate_scale);
/* The same data again, as after a restart: memory is read from the store anew. */
void app_restart(struct app *app);
void app_end(struct app *app);
void app_begin(struct app *app); /* after app_end */
/* The sealer as after a crash: reads the folder anew. */
void app_sealer_again(struct app *app);
void app_sealer_open(struct app *app);
/* The whole folder against the signed head; and every page of the store. */
MUST_USE err app_audit(struct app *app, struct tlog_finding *ret);
void app_check_store(struct app *app);

/* A person who can sign in: role by its word. Password and TOTP secret are the same for all. */
i64 app_person(struct app *app, const char *login, const char *name, const char *role);
str app_code(struct app *app);                 /* the TOTP code of the next unused step */
void app_clock(struct app *app, usec forward); /* moves the wall clock */
/* Seals what waits and returns how many leaves the ledger has; their bodies by index. */
u64 app_seal(struct app *app);
str app_leaf(struct app *app, u64 index);
/* The same parsed, when the size is known already. */
str app_leaf_at(struct app *app, u64 index, u64 size);
const struct json *app_leaf_json(struct app *app, u64 index, u64 size);
/* Leaves with this "type" since the office began; counts sealed ones. */
size_t app_leaves(struct app *app, const char *type);

struct visitor {
    struct app *app;
    const char *address;
    void *device; /* the P-256 key pair */
    u8 device_point[65];
    str cookie; /* name=value */
    u8 key[32];
    bool signed_in;
    u32 calls;
};

struct visitor *visitor_new(struct app *app);

/* Filled by each call, so that a test may show the same proof again. */
struct shown {
    str time, proof;
};

struct got {
    struct shown shown;
    int status;
    str body, lines, type;
    const struct json *json; /* NULL when the body is empty */
};

/* With the session's cookie and proof, if there is one. */
struct got get(struct visitor *v, const char *path, ...) PRINTF(2, 3);
struct got post(struct visitor *v, const char *path, const char *body, ...) PRINTF(3, 4);
struct got del(struct visitor *v, const char *path);
/* Everything by hand. key: Idempotency-Key or NULL for a fresh one. */
struct ask {
    const char *method, *path, *body, *key;
    bool no_cookie, no_proof;
    usec skew;          /* of the browser's clock */
    const char *cookie; /* instead of the visitor's */
    struct visitor *proof_of;                        /* proves with this one's key */
    const char *proved_path, *proved_key, *proved_method; /* instead of the true ones */
    str time, proof;    /* used as they are */
};
struct got ask(struct visitor *v, const struct ask *a);

/* Signs in; ends the test when that fails. */
void sign_in(struct visitor *v, const char *login);
struct got try_sign_in(struct visitor *v, const char *login, const char *password, str code);
/* A signed-in visitor at once. */
struct visitor *visit(struct app *app, const char *login);
struct got renew(struct visitor *v);
/* Body member device: a device_proof for a challenge, and the ephemeral key that goes with it. */
str device_proof(struct visitor *v, str challenge, void **ret_ephemeral);
/* Takes cookie and proof key from a signed_in answer. */
void take_session(struct visitor *v, const struct got *g, const struct json *signed_in,
                  str challenge, void *ephemeral);

/* ---- a software authenticator (passkey_test.c) ---- */

struct authenticator {
    struct app *app;
    void *key;
    str credential;
    const char *origin, *rp_id;
    u32 counter;
    bool no_verification, counts_not;
    str challenge; /* signs this one instead of a fresh one */
};
struct authenticator *authenticator_new(struct app *app);
struct got passkey_enrol(struct visitor *v, struct authenticator *t);
struct got passkey_sign_in(struct visitor *v, struct authenticator *t);

/* An invitation opened and accepted in a new browser: password, authenticator code, device. */
struct got accept_invite(struct visitor *v, str link, const char *password);
/* The second half alone, with the answer of invites/open and a challenge. */
struct got accept_opened(struct visitor *v, str link, const char *password, const struct got *open,
                         str challenge);
str token_of(str link); /* what stands behind '#' */

/* "pers_…" for a number */
str id_text(struct app *app, const char *prefix, i64 id);

void expect_status_(struct got g, int want, const char *file, int line);
void expect_code_(struct got g, int want, const char *code, const char *file, int line);
#define expect_status(g, want)     expect_status_((g), (want), __FILE__, __LINE__)
#define expect_code(g, want, code) expect_code_((g), (want), (code), __FILE__, __LINE__)
/* Dotted path into the answer: "items.0.id"; the empty str when absent. Numbers and bools as text.
 */
str field(const struct got *g, const char *path);
i64 number(const struct got *g, const char *path);

/* Ends the test if the answer is not what test/golden/openapi.json declares for this call. */
void conform(struct app *app, const char *method, str path, const struct got *g);
/* A line for tools/coverage, when OUTWORK_COVER names a file. */
void cover(struct app *app, const char *what, str of, str how);

#endif
