/* SPDX-License-Identifier: Apache-2.0 */
/* The tables of all messages, made from the lists in the header, and the one function that sends a
 * struct. */
#include "proc/messages.h"

#include "base/err.h"

#define FIELD(kind, name, max) FIELD_AS_ROW(kind, name, max)

#define MESSAGE(no, name, fields)                \
    const struct record *msg_record_##name(void) \
    {                                            \
        RECORD_TABLE(msg_##name, fields);        \
    }
CONTROL_MAP(MESSAGE)
#undef MESSAGE

const struct record *msg_record_failed(void)
{
    RECORD_TABLE(msg_failed, FIELD(U32, code, 0) FIELD(STR, text, 512));
}

#define OP(no, name, who, question, answer)              \
    const struct record *vault_record_##name##_in(void)  \
    {                                                    \
        RECORD_TABLE(vault_##name##_in, question);       \
    }                                                    \
    const struct record *vault_record_##name##_out(void) \
    {                                                    \
        RECORD_TABLE(vault_##name##_out, answer);        \
    }
VAULT_MAP(OP)
#undef OP

const struct record *msg_record(u32 type)
{
    switch (type) {
#define MESSAGE(no, name, fields) \
    case (no): return msg_record_##name();
        CONTROL_MAP(MESSAGE)
#undef MESSAGE
#define OP(no, name, who, question, answer)       \
    case (no): return vault_record_##name##_in(); \
    case (no) + 1: return vault_record_##name##_out();
        VAULT_MAP(OP)
#undef OP
    case MSG_failed: return msg_record_failed();
    default: return NULL;
    }
}

err msg_post(int sock, const struct msg *head, const struct record *r, const void *from)
{
    SCRATCH(s);
    struct buf b = buf_in(s.a, MSG_PAYLOAD_MAX);
    TRY(record_put(&b, r, from));
    struct msg m = *head;
    m.payload = buf_str(&b);
    return msg_send(sock, &m);
}
