/* SPDX-License-Identifier: Apache-2.0 */
/* Tests on PostgreSQL: with OUTWORK_TEST_STORE=pg, each test gets a database of its own in the
 * server that tools/pg-test started. */
#ifndef OUTWORK_TEST_PG_H
#define OUTWORK_TEST_PG_H

#include "test/test.h"

/* Whether this run is on PostgreSQL. */
bool test_on_pg(void);
/* Where the test's store is: a file of this name in its folder, or its database (made with the
 * first call, dropped at the test's end). Skips the test when PostgreSQL is asked for but does not
 * run. */
const char *test_store(struct T *T, const char *file);
/* Its database whatever the run is on; skips the test where there is no server. */
const char *test_pg(struct T *T);
/* Keeps a copy of the store as it is, and puts it back. Nobody may have it open. */
void test_store_keep(struct T *T, const char *file);
void test_store_back(struct T *T, const char *file);
/* SQL on the test's database, as somebody else. */
void test_pg_exec(struct T *T, const char *sql);

#endif
