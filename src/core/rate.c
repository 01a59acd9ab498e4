/* SPDX-License-Identifier: Apache-2.0 */
/* Token buckets in a set-associative table: 64 shards with a lock each, sets of eight. A
 * bucket is 24 bytes: whom, how much is left (in millionths of a call) and when it was last
 * filled. */
#include "core/rate.h"

#include <pthread.h>

#include "base/map.h"

enum { SHARDS = 64, SETS = 32, WAYS = 8 };
enum {
    UNIT = 1000000
}; /* one call, in the bucket's measure: then a rate per second is one per usec */

/* per_s: how fast it fills; burst: how much it holds. */
static const struct {
    const char *name;
    u32 per_s_milli, burst;
} classes[RATE_CLASSES] = {
    [RATE_DEFAULT] = { "default", 50000, 300 }, /* 50 a second, 300 at once */
    [RATE_WRITE] = { "write", 10000, 60 },        [RATE_ADMIN] = { "admin", 10000, 60 },
    [RATE_SIGN_IN] = { "sign_in", 1000, 60 }, /* an office behind one address starts its day */
    [RATE_LOGIN] = { "login", 100, 10 },      /* one in ten seconds, ten at once */
    [RATE_STRANGER] = { "stranger", 20000, 200 }, [RATE_LIVE] = { "live", 20000, 600 },
};

struct bucket {
    u64 key; /* 0: free */
    i64 left;
    usec at;
};

struct shard {
    pthread_mutex_t lock;
    struct bucket at[SETS][WAYS];
};

struct rates {
    i64 full[RATE_CLASSES], per_usec_milli[RATE_CLASSES]; /* in UNITs; in thousandths of a UNIT */
    struct shard shards[SHARDS];
};

struct rates *rates_new(struct arena *a, u32 scale)
{
    struct rates *r = NEW(a, struct rates);
    must(scale > 0 && scale <= 1000000);
    for (size_t i = 0; i < RATE_CLASSES; i++) {
        r->full[i] = (i64)classes[i].burst * UNIT * scale;
        r->per_usec_milli[i] = (i64)classes[i].per_s_milli * scale;
    }
    for (size_t i = 0; i < SHARDS; i++)
        must(pthread_mutex_init(&r->shards[i].lock, NULL) == 0);
    return r;
}

enum rate_class rate_class_named(const char *name)
{
    enum rate_class c = RATE_DEFAULT;
    while (c < RATE_CLASSES && !str_eq_z(str_from(name), classes[c].name))
        c++;
    return c;
}

/* Time without a call counts up to an hour, so that the product fits. */
static void fill(const struct rates *r, struct bucket *b, enum rate_class class, usec now)
{
    usec passed = now > b->at ? MIN(now - b->at, USEC_HOUR) : 0;
    i64 more;
    if (__builtin_mul_overflow(passed, r->per_usec_milli[class], &more))
        more = INT64_MAX;
    b->left = more / 1000 > r->full[class] - b->left ? r->full[class] : b->left + more / 1000;
    b->at = now;
}

/* The bucket of key, or the place of the one that lost least: a full one is as good as none. */
static struct bucket *find(struct bucket *set, u64 key, i64 full, usec now)
{
    struct bucket *best = &set[0];
    for (size_t i = 0; i < WAYS; i++) {
        if (set[i].key == key)
            return &set[i];
        if (!set[i].key || (best->key && set[i].left > best->left))
            best = &set[i];
    }
    *best = (struct bucket){ key, full, now };
    return best;
}

static struct bucket *locked(struct rates *r, enum rate_class class, u64 whom, usec now,
                             struct shard **ret)
{
    u64 parts[2] = { whom, (u64) class };
    u64 key = hash_bytes(parts, sizeof parts) | 1;
    struct shard *s = &r->shards[(key >> 8) % SHARDS];
    must(pthread_mutex_lock(&s->lock) == 0);
    struct bucket *b = find(s->at[(key >> 16) % SETS], key, r->full[class], now);
    fill(r, b, class, now);
    *ret = s;
    return b;
}

err rate_take(struct rates *r, enum rate_class class, u64 whom, usec now, usec *ret_wait)
{
    struct shard *s;
    struct bucket *b = locked(r, class, whom, now, &s);
    bool has = b->left >= UNIT;
    usec wait = (UNIT - b->left) * 1000 / r->per_usec_milli[class] + 1;
    if (has)
        b->left -= UNIT;
    must(pthread_mutex_unlock(&s->lock) == 0);
    if (has)
        return E_NONE;
    *ret_wait = wait;
    return E_RATE;
}

bool rate_left(struct rates *r, enum rate_class class, u64 whom, usec now)
{
    struct shard *s;
    bool has = locked(r, class, whom, now, &s)->left >= UNIT;
    must(pthread_mutex_unlock(&s->lock) == 0);
    return has;
}

/* Tagged before hashing, so that a person is never taken for an address. */
u64 rate_person(i64 person)
{
    u64 parts[2] = { 'p', (u64)person };
    return hash_bytes(parts, sizeof parts);
}

/* The first four groups of an IPv6 address as text: the network that one subscriber has. */
static str network(str address)
{
    size_t colons = 0;
    if (!str_has(address, ':') || str_starts(address, S("::ffff:")))
        return address;
    for (size_t i = 0; i < address.n; i++)
        if (address.p[i] == ':' && (++colons == 4 || (i && address.p[i - 1] == ':')))
            return str_sub(address, 0, i);
    return address;
}

u64 rate_address(str address)
{
    str net = network(address);
    return hash_bytes(net.p, net.n) ^ 0x61;
}

u64 rate_name(str name)
{
    char lower[64];
    size_t n = MIN(name.n, sizeof lower);
    for (size_t i = 0; i < n; i++)
        lower[i] = (char)(name.p[i] >= 'A' && name.p[i] <= 'Z' ? name.p[i] + 32 : name.p[i]);
    return hash_bytes(lower, n) ^ 0x6e;
}
