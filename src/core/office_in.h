/* SPDX-License-Identifier: Apache-2.0 */
/* The inside of an office; only office.c, directory.c, session.c and gate.c include it. */
#ifndef OUTWORK_CORE_OFFICE_IN_H
#define OUTWORK_CORE_OFFICE_IN_H

#include <pthread.h>
#include <stdatomic.h>

#include "cedar/depends.h"
#include "core/idmap.h"
#include "core/office.h"
#include "core/session.h"

struct session {
    i64 id, person, device;
    u8 token_hash[32];
    int strength;
    usec strong_until, ends, proof_until, former_until;
    u8 key[32], former[32];
    bool has_key, used;
    str sealed;
    u32 next_free;
};

/* Policies in force. A new set is swapped in; the old one is kept until the process ends (policies
 * change rarely and are small), so that no decision ever holds a dangling pointer. */
/* What the policies look at in resources of one action, worked out at its first use. */
enum { LOOKS_MAX = 64 };
struct look {
    const char *action;
    struct cedar_depends depends;
};

struct policy_set {
    struct look looks[LOOKS_MAX];
    atomic_uint looks_n;
    pthread_mutex_t lock; /* of adding a look: to looks and to the arena */
    struct policy_set *former;
    struct arena *arena;
    const struct cedar_policies *policies;
    const struct cedar_store *store;
};

struct vault_place {
    struct vault_client *client;
    atomic_int fresh; /* a socket not taken yet; -1: none */
    atomic_bool taken;
};

enum { LOCKED_RING = 256 };

struct office {
    struct arena *a;
    struct office_options options;
    str origin;
    struct dir_words words;
    struct cedar_uid self_uid;
    _Atomic(struct policy_set *) policy;
    _Atomic u64 generation, facts;
    pthread_rwlock_t lock; /* people, devices, sessions and the arena */
    struct idmap person_at, device_at, session_at, token_at;
    struct dir_person *people;
    size_t people_n, people_room;
    struct dir_device *devices;
    size_t devices_n, devices_room;
    struct session *sessions;
    size_t sessions_n, sessions_room;
    u32 free_session;
    size_t sessions_open;
    struct vault_place vaults[OFFICE_VAULTS_MAX];
    i64 locked[LOCKED_RING]; /* sessions ended by a lock, the newest over the oldest */
    u32 locked_at;
};

#endif
