/* SPDX-License-Identifier: Apache-2.0 */
/* What generated decoders are made of: one table of fields for each input and one interpreter that
 * checks all of them and reports every wrong field with its path. Linked into libgen.a with the
 * generated code. */
#ifndef OUTWORK_TOOLS_GEN_RT_H
#define OUTWORK_TOOLS_GEN_RT_H

#include "core/call.h"

enum rt_kind { RT_TEXT, RT_BYTES, RT_INT, RT_BOOL, RT_TIME, RT_NUMBER, RT_ID, RT_ENUM, RT_RECORD };
enum { RT_FAULTS_MAX = 32 }; /* wrong fields reported for one input; the rest is not looked at */

struct rt_field {
    const char *name;
    u8 kind; /* enum rt_kind */
    bool optional, list, has_default;
    bool line; /* text: one line, and nothing that hides or turns what is read */
    u32 at, has_at; /* offsets in the struct; of a list its { at, n } */
    u32 size;       /* of one element of a list */
    u32 list_max;
    i64 min,
        max; /* text: code points; bytes: bytes; int: the value; enum: max is the number of words */
    i64 def; /* int, bool, enum */
    const char *def_text;
    const char *prefix;       /* id */
    const char *const *words; /* enum */
    const struct rt_fields *record;
};
struct rt_fields {
    const struct rt_field *at;
    u16 n, text_n; /* the first text_n come as text (p NULL: absent), the others as members */
};

MUST_USE err rt_decode(struct call *c, const struct rt_fields *fields, const str *text,
                       const struct json *body, void *in);

/* offsetof that compiles only when the member has the type said. */
#define RT_AT(T, member, type)                                                               \
    ((u32)(offsetof(T, member) +                                                             \
           0 * sizeof(                                                                       \
                   char[__builtin_types_compatible_p(__typeof__(((T *)0)->member), type) ? 1 \
                                                                                         : -1])))

enum { RT_JSON_MAX = 1 << 20 }; /* an event's payload */

#endif
