/* SPDX-License-Identifier: Apache-2.0 */
/* From the text for SQLite to that for PostgreSQL, where the generator has not written one:
 * statements and schema of the core, and of tests. */
#ifndef OUTWORK_STORE_DIALECT_H
#define OUTWORK_STORE_DIALECT_H

#include "base/arena.h"
#include "base/str.h"

/* The same statement with :name as $1 … in order of first appearance. Words are not changed: such
 * a text is written so that both databases take it. */
str dialect_query(struct arena *out, const char *text);
/* A migration: INTEGER becomes BIGINT, BLOB BYTEA, REAL DOUBLE PRECISION, TEXT gets the collation
 * by bytes that SQLite has; STRICT and WITHOUT ROWID go. */
str dialect_schema(struct arena *out, const char *text);
/* The at-th table (from 0) that a statement inserts into, updates or deletes from; p NULL: no
 * more. */
str dialect_changes(const char *text, size_t at);

#endif
