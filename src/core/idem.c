/* SPDX-License-Identifier: Apache-2.0 */
/* The rows of doubled requests. A key belongs to a person, or, before anyone is known, to an
 * address, so that nobody meets another's. */
#include "core/idem.h"

#include "core/answer.h"
#include "core/core_stmts.h"

enum { KEY_MIN = 8, KEY_MAX = 64 };

bool idem_key_ok(str key)
{
    if (key.n < KEY_MIN || key.n > KEY_MAX)
        return false;
    for (size_t i = 0; i < key.n; i++) {
        char c = key.p[i];
        bool word = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
        if (!word && c != '_' && c != '-')
            return false;
    }
    return true;
}

/* FNV-1a: stable over restarts, and nobody gains by a collision in their own keys. */
static u64 fnv(u64 h, str s)
{
    for (size_t i = 0; i < s.n; i++)
        h = (h ^ (u8)s.p[i]) * 0x100000001b3u;
    return (h ^ 0xff) * 0x100000001b3u;
}

i64 idem_print(const struct endpoint *e, str target, str body)
{
    return e->secret ? 0 : (i64)(fnv(fnv(0xcbf29ce484222325u, target), body) >> 1);
}

static i64 scope_of(const struct call *c)
{
    return c->who.person ? c->who.person
                         : -(i64)(fnv(0xcbf29ce484222325u, c->who.address) >> 1) - 1;
}

static str name_of(const struct call *c)
{
    return str_fmt(c->arena, "%s.%s", c->endpoint->module, c->endpoint->name);
}

err idem_find(struct call *c, i64 print)
{
    struct answer *a = c->answer;
    struct idem_key key = { scope_of(c), c->idempotency_key };
    struct idem_row row;
    TRY(db_run(c->db, &idem_get, &key, c->arena, &row));
    if (row.at < c->now - IDEM_KEPT)
        return E_NOT_FOUND;
    if (!str_eq(row.endpoint, name_of(c)) || row.print != print) {
        a->code_text = "key_used";
        return fail(c, E_CONFLICT, "the idempotency key belongs to another request");
    }
    if (!row.has_answer) {
        a->code_text = "repeated";
        return fail(c, E_CONFLICT, "the answer of a secret endpoint is not told twice");
    }
    a->repeated = true;
    a->status = (u16)row.status;
    a->body = row.answer;
    return E_NONE;
}

err idem_keep(struct call *c, i64 print)
{
    struct idem_row row = {
        .scope = scope_of(c),
        .key = c->idempotency_key,
        .endpoint = name_of(c),
        .print = print,
        .status = c->answer->status,
        .answer = c->answer->body,
        .has_answer = !c->endpoint->secret,
        .at = c->now,
    };
    return db_run(c->db, &idem_put, &row, c->arena, NULL);
}

err idem_clean(struct db *db, usec now, i64 most, i64 *ret_deleted)
{
    struct outbox_keep in = { .before = now - IDEM_KEPT, .most = most };
    SCRATCH(s);
    return db_run(db, &idem_trim, &in, s.a, ret_deleted);
}
