/* SPDX-License-Identifier: Apache-2.0 */
/* Records: a struct, its writer and its reader from one list of fields, so that sender and receiver
 * cannot disagree. A map macro lists records; a record's fields are a run of FIELD(KIND, name,
 * max): #define PET_MAP(R) R(1, cat, FIELD(STR, name, 64) FIELD(U32, age, 0)) RECORD_STRUCT expands
 * a row to `struct cat`, RECORD_TABLE to its table. Kinds: BOOL, U8, U32, U64, I64, STR (at most
 * max bytes, a view into the bytes read), FIX (exactly max bytes, an array). On the wire little
 * endian, STR with a u32 length before it; a reader takes all bytes or refuses, and refuses every
 * second spelling of a value, so that bytes and values are one to one. */
#ifndef OUTWORK_PROC_RECORD_H
#define OUTWORK_PROC_RECORD_H

#include "base/buf.h"

enum field_kind { FIELD_BOOL, FIELD_U8, FIELD_U32, FIELD_U64, FIELD_I64, FIELD_STR, FIELD_FIX };

struct field {
    const char *name;
    enum field_kind kind;
    u32 offset; /* in the struct */
    u32 max;    /* STR: most bytes; FIX: how many; else 0 */
};

struct record {
    const char *name;
    const struct field *fields;
    u32 n, size; /* fields; bytes of the struct */
};

#define FIELD_MEMBER_BOOL(name, max) bool name;
#define FIELD_MEMBER_U8(name, max)   u8 name;
#define FIELD_MEMBER_U32(name, max)  u32 name;
#define FIELD_MEMBER_U64(name, max)  u64 name;
#define FIELD_MEMBER_I64(name, max)  i64 name;
#define FIELD_MEMBER_STR(name, max)  str name;
#define FIELD_MEMBER_FIX(name, max)  u8 name[max];
/* To be FIELD while structs are declared, and while tables are (inside a function where `self`
 * names the struct). */
#define FIELD_AS_MEMBER(kind, name, max) FIELD_MEMBER_##kind(name, max)
#define FIELD_AS_ROW(kind, name, max)    { #name, FIELD_##kind, offsetof(self, name), (max) },

/* A row of a table function: the record of struct tag. */
#define RECORD_TABLE(tag, ...)                                                    \
    do {                                                                          \
        typedef struct tag self;                                                  \
        static const struct field rows[] = { __VA_ARGS__ };                       \
        static const struct record r = { #tag, rows, COUNT(rows), sizeof(self) }; \
        return &r;                                                                \
    } while (0)

/* Appends the bytes of *from. E_LIMIT, with nothing appended, when a STR is longer than its max or
 * b is full. */
MUST_USE err record_put(struct buf *b, const struct record *r, const void *from);
/* Fills *ret, of r->size bytes. E_CORRUPT, with *ret untouched, unless the bytes are exactly one
 * record. */
MUST_USE err record_get(str bytes, const struct record *r, void *ret);

#endif
