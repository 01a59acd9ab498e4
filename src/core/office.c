/* SPDX-License-Identifier: Apache-2.0 */
/* The office: options, the vault of this thread, the policies in force, and the table of people and
 * devices. The table is read for every act and written a few times a day, so a readers' lock and
 * copies going out are both simple and cheap (about 50 ns), and a change takes effect on every
 * thread with the next act. */
#include "core/office.h"

#include <string.h>

#include "base/os.h"
#include "core/ledger.h"
#include "core/office_in.h"

static _Thread_local struct vault_place *my_vault;

void office_vault_give(struct office *o, u32 place, int fd)
{
    if (place >= OFFICE_VAULTS_MAX)
        os_close(fd);
    else
        os_close(atomic_exchange(&o->vaults[place].fresh, fd));
}

void office_vault_enter(struct office *o)
{
    for (u32 i = 0; i < OFFICE_VAULTS_MAX; i++)
        if (!atomic_exchange(&o->vaults[i].taken, true)) {
            my_vault = &o->vaults[i];
            return;
        }
}

void office_vault_leave(struct office *o)
{
    (void)o;
    if (my_vault)
        atomic_store(&my_vault->taken, false);
    my_vault = NULL;
}

struct vault_client *office_vault(void)
{
    if (!my_vault)
        return NULL;
    int fd = atomic_exchange(&my_vault->fresh, -1);
    if (fd >= 0)
        vault_client_use(my_vault->client, fd);
    return my_vault->client;
}

struct office *office_new(struct arena *a, const struct office_options *options)
{
    struct office *o = NEW(a, struct office);
    o->a = a;
    o->options = *options;
    o->options.host = str_copy(a, options->host);
    o->options.data = str_copy(a, options->data);
    o->origin = options->port == 443
                    ? str_fmt(a, "https://" STR_FMT, STR_ARG(options->host))
                    : str_fmt(a, "https://" STR_FMT ":%u", STR_ARG(options->host), options->port);
    o->self_uid = cedar_uid(S("Organisation"), S("self"));
    must(pthread_rwlock_init(&o->lock, NULL) == 0);
    o->person_at = idmap_in(a);
    o->device_at = idmap_in(a);
    o->session_at = idmap_in(a);
    o->token_at = idmap_in(a);
    o->free_session = IDMAP_NONE;
    atomic_store(&o->generation, 1);
    atomic_store(&o->facts, 1);
    for (u32 i = 0; i < OFFICE_VAULTS_MAX; i++) {
        o->vaults[i].client = vault_client_new(a);
        atomic_store(&o->vaults[i].fresh, -1);
    }
    return o;
}

void office_end(struct office *o)
{
    for (struct policy_set *at = atomic_load(&o->policy), *next; at; at = next) {
        next = at->former;
        arena_free(at->arena);
    }
    for (u32 i = 0; i < OFFICE_VAULTS_MAX; i++)
        os_close(atomic_exchange(&o->vaults[i].fresh, -1));
    ledger_end(o);
    (void)pthread_rwlock_destroy(&o->lock);
}

const struct office_options *office_options(const struct office *o)
{
    return &o->options;
}
str office_origin(const struct office *o)
{
    return o->origin;
}

void dir_words_set(struct office *o, const struct dir_words *w)
{
    o->words = *w;
}
const struct dir_words *dir_words(const struct office *o)
{
    return &o->words;
}

/* Room for one more of a growing array in the office's arena. */
static void *room(struct office *o, void *at, size_t n, size_t *room_n, size_t size)
{
    if (n < *room_n)
        return at;
    size_t more = *room_n ? *room_n * 2 : 64;
    void *p = arena_get(o->a, size, more, 16);
    if (n)
        memcpy(p, at, n * size);
    *room_n = more;
    return p;
}

/* Keeps text of the office: the former one when it is the same, so that repeated changes do not
 * grow the arena. */
static str keep(struct office *o, str former, str text)
{
    return str_eq(former, text) && former.p ? former : str_copy(o->a, text);
}

u64 dir_generation(const struct office *o)
{
    return atomic_load(&o->facts);
}

void dir_touch_generation(struct office *o)
{
    atomic_fetch_add(&o->facts, 1);
    session_touch_generation(o);
}

void dir_put_person(struct office *o, const struct dir_person *p)
{
    must(pthread_rwlock_wrlock(&o->lock) == 0);
    u32 at = idmap_get(&o->person_at, p->id);
    bool known = at != IDMAP_NONE;
    if (!known) {
        o->people = room(o, o->people, o->people_n, &o->people_room, sizeof *o->people);
        at = (u32)o->people_n++;
        idmap_put(&o->person_at, p->id, at);
        o->people[at] = (struct dir_person){ 0 };
    }
    struct dir_person *to = &o->people[at];
    const struct dir_person former = *to;
    *to = *p;
    to->name = keep(o, former.name, p->name);
    to->login = keep(o, former.login, p->login);
    to->title = keep(o, former.title, p->title);
    to->department_name = keep(o, former.department_name, p->department_name);
    bool moved = known && (former.role != p->role || former.status != p->status ||
                           former.department != p->department);
    (void)pthread_rwlock_unlock(&o->lock);
    if (moved)
        dir_touch_generation(o);
}

void dir_put_device(struct office *o, const struct dir_device *d)
{
    must(pthread_rwlock_wrlock(&o->lock) == 0);
    u32 at = idmap_get(&o->device_at, d->id);
    bool known = at != IDMAP_NONE;
    if (!known) {
        o->devices = room(o, o->devices, o->devices_n, &o->devices_room, sizeof *o->devices);
        at = (u32)o->devices_n++;
        idmap_put(&o->device_at, d->id, at);
        o->devices[at] = (struct dir_device){ 0 };
    }
    struct dir_device *to = &o->devices[at];
    bool moved = known && (to->owner != d->owner || to->status != d->status);
    str name = keep(o, to->name, d->name);
    *to = *d;
    to->name = name;
    (void)pthread_rwlock_unlock(&o->lock);
    if (moved)
        dir_touch_generation(o);
}

err dir_person(struct office *o, i64 id, struct dir_person *ret)
{
    must(pthread_rwlock_rdlock(&o->lock) == 0);
    u32 at = idmap_get(&o->person_at, id);
    if (at != IDMAP_NONE)
        *ret = o->people[at];
    (void)pthread_rwlock_unlock(&o->lock);
    return at == IDMAP_NONE ? E_NOT_FOUND : E_NONE;
}

err dir_device(struct office *o, i64 id, struct dir_device *ret)
{
    must(pthread_rwlock_rdlock(&o->lock) == 0);
    u32 at = idmap_get(&o->device_at, id);
    if (at != IDMAP_NONE)
        *ret = o->devices[at];
    (void)pthread_rwlock_unlock(&o->lock);
    return at == IDMAP_NONE ? E_NOT_FOUND : E_NONE;
}

size_t dir_people(struct office *o)
{
    must(pthread_rwlock_rdlock(&o->lock) == 0);
    size_t n = o->people_n;
    (void)pthread_rwlock_unlock(&o->lock);
    return n;
}

static str faults_text(struct arena *out, const struct cedar_faults *f, str text)
{
    struct buf b = buf_in(out, 1 << 20);
    for (u32 i = 0; i < f->n; i++)
        cedar_fault_put(&b, &f->at[i], S("base.cedar"), text);
    return buf_str(&b);
}

err office_policies(struct office *o, str text, struct arena *out, str *ret_faults)
{
    struct arena *a = arena_new("policies", (size_t)64 << 20);
    struct cedar_faults *faults = NEW(out, struct cedar_faults);
    struct policy_set *set = NEW(a, struct policy_set);
    must(pthread_mutex_init(&set->lock, NULL) == 0);
    cedar_faults_init(faults, out);
    err e = cedar_parse(a, text, faults, &set->policies);
    if (e == E_NONE)
        e = cedar_store_build(a, NULL, 0, faults, &set->store);
    if (e != E_NONE) {
        *ret_faults = faults_text(out, faults, text);
        arena_free(a);
        return e;
    }
    set->arena = a;
    set->former = atomic_load(&o->policy);
    atomic_store(&o->policy, set);
    dir_touch_generation(o);
    return E_NONE;
}
