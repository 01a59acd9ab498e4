/* SPDX-License-Identifier: Apache-2.0 */
/* One error domain for the whole program. Libraries return codes and never log; core logs once, at
 * the edge. Modules' own errors (declared in their .model) get numbers from E_MODULE_FIRST on,
 * given by tools/gen. */
#ifndef OUTWORK_BASE_ERR_H
#define OUTWORK_BASE_ERR_H

#include "base/types.h"

/* X(name, HTTP status, code in JSON) */
#define ERR_MAP(X)                                                                            \
    X(E_NONE, 200, "ok")                                                                      \
    X(E_INVALID, 400, "invalid") /* the input's fault; a field names it */                    \
    X(E_SIGN_IN, 401, "sign_in") /* no session, or not strong enough */                       \
    X(E_PROOF, 401, "proof")     /* the proof is missing, old or wrong: renew, then repeat */ \
    X(E_DENIED, 403, "denied")   /* the policy refused; a rule names it */                    \
    X(E_NOT_FOUND, 404, "not_found")                                                          \
    X(E_METHOD, 405, "method")                                                                \
    X(E_CONFLICT, 409, "conflict")                                                            \
    X(E_LIMIT, 413, "limit") /* a ceiling was passed */                                       \
    X(E_RATE, 429, "rate")   /* too often; retry_after says when */                           \
    X(E_INTERNAL, 500, "internal")                                                            \
    X(E_BUSY, 503, "busy")       /* a queue is full; try again */                             \
    X(E_AGAIN, 503, "again")     /* not now: would block, or run once more */                 \
    X(E_CLOSED, 503, "closed")   /* the other end has gone */                                 \
    X(E_IO, 500, "io")           /* disk, socket or process failed */                         \
    X(E_FULL, 507, "full")       /* the disk is full */                                       \
    X(E_CORRUPT, 500, "corrupt") /* stored bytes are not what was written */

typedef enum err {
#define ERR_ENUM(name, status, text) name,
    ERR_MAP(ERR_ENUM)
#undef ERR_ENUM
        E_MODULE_FIRST = 64,
    E_MAX = 4096
} err;

/* The only macro that returns. */
#define TRY(e)                \
    do {                      \
        err try_e_ = (e);     \
        if (try_e_ != E_NONE) \
            return try_e_;    \
    } while (0)

/* A deliberate ignore, greppable. */
#define IGNORE(e)           \
    do {                    \
        err ignored_ = (e); \
        (void)ignored_;     \
    } while (0)

int err_status(err e);       /* HTTP status; 500 for an unknown code */
const char *err_text(err e); /* the code in JSON; "internal" for an unknown code */

#endif
