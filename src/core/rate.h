/* SPDX-License-Identifier: Apache-2.0 */
/* Rate limits: token buckets in memory by class and by whom (a person, an address, a sign-in
 * name). The table has a fixed size; where it is full, the bucket that would lose least is
 * forgotten, so that a flood of strange addresses cannot grow it and gains nothing from
 * pushing others out. The class `admin` is apart from all others: what a flood does to them
 * leaves it untouched. */
#ifndef OUTWORK_CORE_RATE_H
#define OUTWORK_CORE_RATE_H

#include "base/str.h"
#include "base/time.h"

enum rate_class {
    RATE_DEFAULT, /* reads */
    RATE_WRITE,   /* every other method */
    RATE_ADMIN,   /* security and administration: its own buckets, its own room in the queues */
    RATE_SIGN_IN, /* by address; and RATE_LOGIN by the name tried */
    RATE_LOGIN,
    RATE_STRANGER, /* by address: what failed before anyone was known */
    RATE_LIVE,     /* opening sockets, subscribing */
    RATE_CLASSES
};

struct rates;

/* scale: every limit times this; 1 in service, more for load tests. About 400 KiB. */
struct rates *rates_new(struct arena *a, u32 scale);
/* A class by the name a model uses ("sign_in", "write", "admin"); RATE_CLASSES when unknown. */
enum rate_class rate_class_named(const char *name);

/* Takes one from the bucket. E_RATE: none left; *ret_wait is how long until there is one. Any
 * thread. */
MUST_USE err rate_take(struct rates *r, enum rate_class class, u64 whom, usec now,
                       usec *ret_wait);
/* Whether there is one, without taking it. */
bool rate_left(struct rates *r, enum rate_class class, u64 whom, usec now);

/* Whom: numbers that never meet (a person's id; an address, an IPv6 one by its /64; a name in
 * lower case). */
u64 rate_person(i64 person);
u64 rate_address(str address);
u64 rate_name(str name);

#endif
