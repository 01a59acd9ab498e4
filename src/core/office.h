/* SPDX-License-Identifier: Apache-2.0 */
/* One organisation in this process: who is in it (in memory), what its policies are, its sessions,
 * and how to reach the vault. Made once at start; every call points at it. */
#ifndef OUTWORK_CORE_OFFICE_H
#define OUTWORK_CORE_OFFICE_H

#include "cedar/cedar.h"
#include "core/call.h"
#include "proc/vault_client.h"

struct office_options {
    str host; /* the name in the address bar; the passkeys' relying party */
    u32 port; /* of the address people use; 443 is left out of links */
    str data; /* the data folder */
    u32 node; /* 0 … 1023, in every id made here */
    bool demo;
    usec session_lasts; /* from signing in to signing in again */
};

struct office;

/* In the arena, which must outlive every thread that serves. */
struct office *office_new(struct arena *a, const struct office_options *options);
/* Closes what the office holds outside its arena: policies, the lock. No thread may use it any
 * more. */
void office_end(struct office *o);
const struct office_options *office_options(const struct office *o);
str office_origin(const struct office *o); /* https://host[:port] */

/* ---- The vault. A socket to it belongs to one thread; each thread has a place, and a place holds
 * the socket handed over last, so that a vault that was restarted is reached with the next
 * question.
 * ---- */

enum { OFFICE_VAULTS_MAX = 24 };
/* From any thread: this place's socket from now on (`peer` message with this index). */
void office_vault_give(struct office *o, u32 place, int fd);
/* Claims a free place for the calling thread; office_vault_leave gives it back. */
void office_vault_enter(struct office *o);
void office_vault_leave(struct office *o);
/* The calling thread's client; NULL before office_vault_enter, or when no place is free. */
struct vault_client *office_vault(void);

/* ---- Who is in it. Copies go out; nobody holds a pointer into the table. ---- */

struct dir_person {
    i64 id, department;
    u8 role, status;
    u32 passkeys;
    str name, login, title, department_name;
}; /* texts live as long as the office */
struct dir_device {
    i64 id, person;
    u8 owner, status;
    u8 key[65];
    str name;
    usec added;
};

/* Words of the enums above, in the order of the numbers; set once by the module that owns them. */
struct dir_words {
    const char *const *role, *const *status, *const *device_owner, *const *device_status;
    u8 person_active, device_active;
};
void dir_words_set(struct office *o, const struct dir_words *w);
const struct dir_words *dir_words(const struct office *o);

/* Rises whenever something that decisions rest on changes: a person, a device, the policies. Held
 * decisions are taken again then. (Who signs in or out changes nobody else's.) */
u64 dir_generation(const struct office *o);
void dir_touch_generation(struct office *o); /* and the sessions' */

/* Adds or replaces; takes effect at once on every thread and raises both generations if it
 * changes what a decision may rest on (role, status, department, owner); who or what is new changes
 * nobody's. */
void dir_put_person(struct office *o, const struct dir_person *p);
void dir_put_device(struct office *o, const struct dir_device *d);
MUST_USE err dir_person(struct office *o, i64 id, struct dir_person *ret); /* E_NOT_FOUND */
MUST_USE err dir_device(struct office *o, i64 id, struct dir_device *ret);
size_t dir_people(struct office *o);

/* ---- Policies ---- */

/* Parses text and takes it as the policies from now on. On failure the old ones stay and
 * *ret_faults is what to print. */
MUST_USE err office_policies(struct office *o, str text, struct arena *out, str *ret_faults);

#endif
