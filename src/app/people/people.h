/* SPDX-License-Identifier: Apache-2.0 */
/* What other modules, the command line and the demo may ask of people. */
#ifndef OUTWORK_APP_PEOPLE_H
#define OUTWORK_APP_PEOPLE_H

#include "core/call.h"
#include "gen/ids.h"

/* Reads people, devices and sessions into the office's memory; once, before serving. */
MUST_USE err people_load(struct call *c);

/* Takes away what is over: sessions that have ended, from store and memory. Every now and then, in
 * a write call; arg is not looked at. */
MUST_USE err people_upkeep(struct call *c, void *arg);

struct new_person {
    i64 id; /* 0: a new one */
    str login, name, title, mail;
    i64 department;
    int role;
};
/* A new person, invited: no way in until a link is accepted. E_CONFLICT when the login is taken. In
 * a write call. */
MUST_USE err people_add(struct call *c, const struct new_person *p, person_id *ret_id);
/* Whose login this is, however it is written. E_NOT_FOUND. */
MUST_USE err people_by_login(struct call *c, str login, person_id *ret_id);
/* A link that works once within 24 hours, in place of earlier ones. */
MUST_USE err people_invite(struct call *c, person_id id, str *ret_link, usec *ret_expires);

/* The number of a role's word; "member" for an unknown one. */
int people_role(const char *word);
/* A password's hash, as people_admit wants it. Slow: off the transaction. */
MUST_USE err people_password(struct call *c, str password, str *ret_encoded);
/* Credentials without an invitation, for the demo: a hash and a sealed TOTP secret. */
MUST_USE err people_admit(struct call *c, person_id id, str encoded, str sealed_totp);
MUST_USE err people_department(struct call *c, str name, i64 *ret_id);

#endif
