/* SPDX-License-Identifier: Apache-2.0 */
/* Sessions in memory. A request shows a token (cookie) and a proof; the token's SHA-256 finds the
 * session, so that neither the store nor a core dump of the table holds what a browser holds. The
 * proof key of a session read from the store is sealed and opened by the vault on its first use. A
 * former key stays good for a minute after a renewal, so that requests under way and other tabs are
 * not refused. */
#include "core/session.h"

#include <string.h>

#include "base/json.h"
#include "base/os.h"
#include "core/office_in.h"
#include "core/proof.h"

enum { COOKIE_TOKEN_CHARS = 43 }; /* 32 bytes in base64url */
static const usec proof_window = 60 * USEC_S, former_lasts = 60 * USEC_S;
static const str cookie_name = S_INIT("__Host-outwork");

void session_touch_generation(struct office *o)
{
    atomic_fetch_add(&o->generation, 1);
}
u64 session_generation(const struct office *o)
{
    return atomic_load(&o->generation);
}

err session_token(str header, u8 ret_token[SESSION_TOKEN_BYTES])
{
    while (header.p) {
        str pair = str_trim(str_cut(&header, ';'));
        str name = str_cut(&pair, '=');
        if (!str_eq(name, cookie_name) || pair.n != COOKIE_TOKEN_CHARS)
            continue;
        SCRATCH(s);
        str token;
        if (b64_parse(s.a, pair, &token) == E_NONE && token.n == SESSION_TOKEN_BYTES) {
            memcpy(ret_token, token.p, SESSION_TOKEN_BYTES);
            return E_NONE;
        }
    }
    return E_NOT_FOUND;
}

void session_hash(const u8 token[SESSION_TOKEN_BYTES], u8 ret_hash[32])
{
    proof_sha256(token, SESSION_TOKEN_BYTES, ret_hash);
}

str session_cookie(struct arena *out, str token, usec lasts)
{
    return str_fmt(out,
                   STR_FMT "=" STR_FMT "; Path=/; Max-Age=%lld; Secure; HttpOnly; SameSite=Strict",
                   STR_ARG(cookie_name), STR_ARG(token), (long long)(token.n ? lasts / USEC_S : 0));
}

static i64 hash_key(const u8 hash[32])
{
    i64 key;
    memcpy(&key, hash, sizeof key);
    return key;
}

/* The session with this token hash, or NULL. The caller holds the lock. */
static struct session *by_token(struct office *o, const u8 hash[32])
{
    u32 at = idmap_get(&o->token_at, hash_key(hash));
    if (at == IDMAP_NONE)
        return NULL;
    struct session *s = &o->sessions[at];
    return str_eq_secret((str){ (const char *)s->token_hash, 32 }, (str){ (const char *)hash, 32 })
               ? s
               : NULL;
}

/* Whether person and device of a session may act at all. Locked ones may not even renew. */
static bool unlocked(struct office *o, const struct session *s)
{
    u32 p = idmap_get(&o->person_at, s->person), d = idmap_get(&o->device_at, s->device);
    return p != IDMAP_NONE && d != IDMAP_NONE && o->people[p].status == o->words.person_active &&
           o->devices[d].status == o->words.device_active;
}

/* Opens a sealed key through this thread's vault; the result is stored for everyone. */
static err open_key(struct office *o, struct session *seen)
{
    if (!office_vault())
        return E_BUSY;
    SCRATCH(s);
    struct vault_unseal_in in = { .purpose = S("session"),
                                .context = str_fmt(s.a, "%lld", (long long)seen->id),
                                .sealed = seen->sealed };
    struct vault_unseal_out out;
    TRY(vault_unseal(office_vault(), &in, &out));
    if (out.plain.n != sizeof seen->key)
        return E_CORRUPT;
    memcpy(seen->key, out.plain.p, sizeof seen->key);
    seen->has_key = true;
    must(pthread_rwlock_wrlock(&o->lock) == 0);
    u32 at = idmap_get(&o->session_at, seen->id);
    if (at != IDMAP_NONE && !o->sessions[at].has_key) {
        memcpy(o->sessions[at].key, seen->key, sizeof seen->key);
        o->sessions[at].has_key = true;
    }
    (void)pthread_rwlock_unlock(&o->lock);
    return E_NONE;
}

static err check_proof(struct office *o, const struct credentials *shown, struct session *seen,
                       usec now)
{
    i64 ms;
    if (!shown->proof.n || str_i64(shown->time, &ms) != E_NONE ||
        ms > now / USEC_MS + proof_window / USEC_MS || ms < (now - proof_window) / USEC_MS)
        return E_PROOF;
    if (!seen->has_key)
        TRY(open_key(o, seen));
    const str parts[] = { shown->method, shown->target, shown->idempotency_key, shown->time };
    if (now < seen->proof_until && proof_matches(seen->key, parts, COUNT(parts), shown->proof))
        return E_NONE;
    if (now < seen->former_until && proof_matches(seen->former, parts, COUNT(parts), shown->proof))
        return E_NONE;
    return E_PROOF;
}

err session_check(struct office *o, const struct credentials *shown, enum session_need need,
                  usec now, struct who *ret)
{
    u8 token[SESSION_TOKEN_BYTES], hash[32];
    struct session seen;
    bool found = false;
    if (need == SESSION_NONE)
        return E_NONE;
    if (session_token(shown->cookie, token) != E_NONE)
        return E_SIGN_IN;
    session_hash(token, hash);
    must(pthread_rwlock_rdlock(&o->lock) == 0);
    const struct session *s = by_token(o, hash);
    if (s && now < s->ends && unlocked(o, s)) {
        seen = *s;
        found = true;
    }
    (void)pthread_rwlock_unlock(&o->lock);
    if (!found)
        return E_SIGN_IN;
    if (need == SESSION_PROOF)
        TRY(check_proof(o, shown, &seen, now));
    ret->person = seen.person;
    ret->device = seen.device;
    ret->session = seen.id;
    ret->strength = seen.strength == 3 && now < seen.strong_until ? 4 : seen.strength;
    return E_NONE;
}

bool session_alive(struct office *o, i64 session, usec now)
{
    must(pthread_rwlock_rdlock(&o->lock) == 0);
    u32 at = idmap_get(&o->session_at, session);
    bool alive = at != IDMAP_NONE && now < o->sessions[at].ends && unlocked(o, &o->sessions[at]);
    (void)pthread_rwlock_unlock(&o->lock);
    return alive;
}

err session_facts(struct office *o, i64 session, struct session_facts *ret)
{
    must(pthread_rwlock_rdlock(&o->lock) == 0);
    u32 at = idmap_get(&o->session_at, session);
    if (at != IDMAP_NONE)
        *ret = (struct session_facts){ o->sessions[at].person, o->sessions[at].device,
                                       o->sessions[at].ends, o->sessions[at].proof_until };
    (void)pthread_rwlock_unlock(&o->lock);
    return at == IDMAP_NONE ? E_SIGN_IN : E_NONE;
}

/* A free place, from the list of ended ones first. */
static u32 take_place(struct office *o)
{
    u32 at = o->free_session;
    if (at != IDMAP_NONE) {
        o->free_session = o->sessions[at].next_free;
        return at;
    }
    if (o->sessions_n == o->sessions_room) {
        size_t more = o->sessions_room ? o->sessions_room * 2 : 64;
        struct session *p = NEW_N(o->a, struct session, more);
        if (o->sessions_n) {
            memcpy(p, o->sessions, o->sessions_n * sizeof *p);
            explicit_bzero(o->sessions, o->sessions_n * sizeof *p);
        }
        o->sessions = p;
        o->sessions_room = more;
    }
    return (u32)o->sessions_n++;
}

void session_put(struct office *o, const struct session_row *row)
{
    must(pthread_rwlock_wrlock(&o->lock) == 0);
    u32 at = idmap_get(&o->session_at, row->id);
    if (at == IDMAP_NONE) {
        at = take_place(o);
        idmap_put(&o->session_at, row->id, at);
        idmap_put(&o->token_at, hash_key(row->token_hash), at);
        o->sessions_open++;
    }
    struct session *s = &o->sessions[at];
    *s = (struct session){
        .id = row->id,
        .person = row->person,
        .device = row->device,
        .strength = row->strength,
        .strong_until = row->strong_until,
        .ends = row->ends,
        .proof_until = row->proof_until,
        .used = true,
        .has_key = row->has_key,
    };
    memcpy(s->token_hash, row->token_hash, sizeof s->token_hash);
    if (row->has_key)
        memcpy(s->key, row->key, sizeof s->key);
    else
        s->sealed = str_copy(o->a, row->sealed_key);
    (void)pthread_rwlock_unlock(&o->lock);
}

void session_renewed(struct office *o, const struct session_row *row)
{
    must(pthread_rwlock_wrlock(&o->lock) == 0);
    u32 at = idmap_get(&o->session_at, row->id);
    if (at != IDMAP_NONE) {
        struct session *s = &o->sessions[at];
        if (s->has_key) {
            memcpy(s->former, s->key, sizeof s->former);
            s->former_until = MIN(s->proof_until, os_now() + former_lasts);
        }
        memcpy(s->key, row->key, sizeof s->key);
        s->has_key = true;
        s->proof_until = row->proof_until;
    }
    (void)pthread_rwlock_unlock(&o->lock);
}

/* The caller holds the lock for writing. */
static void drop(struct office *o, u32 at)
{
    struct session *s = &o->sessions[at];
    idmap_drop(&o->session_at, s->id);
    idmap_drop(&o->token_at, hash_key(s->token_hash));
    explicit_bzero(s, sizeof *s);
    s->next_free = o->free_session;
    o->free_session = at;
    o->sessions_open--;
}

void session_end(struct office *o, i64 session)
{
    must(pthread_rwlock_wrlock(&o->lock) == 0);
    u32 at = idmap_get(&o->session_at, session);
    if (at != IDMAP_NONE)
        drop(o, at);
    (void)pthread_rwlock_unlock(&o->lock);
    session_touch_generation(o);
}

static void end_where(struct office *o, i64 person, i64 device)
{
    must(pthread_rwlock_wrlock(&o->lock) == 0);
    for (u32 i = 0; i < o->sessions_n; i++)
        if (o->sessions[i].used && ((person && o->sessions[i].person == person) ||
                                    (device && o->sessions[i].device == device))) {
            o->locked[o->locked_at++ % LOCKED_RING] = o->sessions[i].id;
            drop(o, i);
        }
    (void)pthread_rwlock_unlock(&o->lock);
    session_touch_generation(o);
}

void session_end_of_person(struct office *o, i64 person)
{
    end_where(o, person, 0);
}
void session_end_of_device(struct office *o, i64 device)
{
    end_where(o, 0, device);
}

void session_sweep(struct office *o, usec now)
{
    must(pthread_rwlock_wrlock(&o->lock) == 0);
    for (u32 i = 0; i < o->sessions_n; i++)
        if (o->sessions[i].used && o->sessions[i].ends <= now)
            drop(o, i);
    (void)pthread_rwlock_unlock(&o->lock);
}

bool session_was_locked(struct office *o, i64 session)
{
    bool found = false;
    must(pthread_rwlock_rdlock(&o->lock) == 0);
    for (u32 i = 0; i < LOCKED_RING; i++)
        found |= o->locked[i] == session;
    (void)pthread_rwlock_unlock(&o->lock);
    return found;
}

size_t session_count(const struct office *o)
{
    return o->sessions_open;
}
