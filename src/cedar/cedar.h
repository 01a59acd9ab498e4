/* SPDX-License-Identifier: Apache-2.0 */
/* The Cedar policy language (version 4, docs.cedarpolicy.com): parse, validate, compile, decide,
 * explain. Pure: no I/O, no clock, no state of its own, so another program can lift this folder out
 * together with src/base.
 *
 * How it is used: cedar_parse() makes an immutable snapshot of policies in an arena;
 * cedar_store_build() an immutable store of entities with their ancestors closed. cedar_decide()
 * takes both, a request and a scratch arena. Any number of threads decide on one snapshot; to
 * change policies, parse new ones and swap the pointer.
 *
 * Arenas given here are the caller's and last as long as what is made in them; none may be a frame
 * of SCRATCH, but for the scratch of cedar_decide().
 *
 * Limits: a policy text of CEDAR_TEXT_MAX bytes, expressions nested CEDAR_DEPTH_MAX deep; beyond is
 * E_LIMIT. */
#ifndef OUTWORK_CEDAR_CEDAR_H
#define OUTWORK_CEDAR_CEDAR_H

#include "base/buf.h"
#include "base/json.h"
#include "base/str.h"

enum { CEDAR_TEXT_MAX = 16 << 20, CEDAR_DEPTH_MAX = 250, CEDAR_FAULTS_MAX = 50 };

/* ---- Values: 16 bytes, by value, pointing into arenas or static text; nothing here owns. ---- */

/* An entity's name: Type::"id". hash is computed once by cedar_uid(); never fill the struct by
 * hand. */
struct cedar_uid {
    str type, id;
    u64 hash;
};

enum cedar_kind {
    CEDAR_BOOL,
    CEDAR_LONG,
    CEDAR_STRING,
    CEDAR_ENTITY,
    CEDAR_SET,
    CEDAR_RECORD,
    CEDAR_DECIMAL,  /* i: ten-thousandths */
    CEDAR_DATETIME, /* i: milliseconds since 1970 UTC */
    CEDAR_DURATION, /* i: milliseconds */
    CEDAR_IP,
};

struct cedar_ip {
    u8 addr[16];
    bool v6;
    u8 prefix;
}; /* v4 in the first four bytes */
struct cedar_field;

struct cedar_value {
    u8 kind; /* enum cedar_kind */
    u32 n;   /* bytes of a string, elements of a set, fields of a record */
    union {
        bool b;
        i64 i;
        const char *p;
        const struct cedar_uid *uid;
        const struct cedar_value *set;    /* sorted, each once */
        const struct cedar_field *record; /* sorted by name */
        const struct cedar_ip *ip;
    };
};
struct cedar_field {
    str name;
    struct cedar_value value;
};

struct cedar_uid cedar_uid(str type, str id); /* views; the bytes must outlive it */
bool cedar_uid_eq(const struct cedar_uid *a, const struct cedar_uid *b);

static inline struct cedar_value cedar_bool(bool b)
{
    return (struct cedar_value){ .kind = CEDAR_BOOL, .b = b };
}
static inline struct cedar_value cedar_long(i64 i)
{
    return (struct cedar_value){ .kind = CEDAR_LONG, .i = i };
}
static inline struct cedar_value cedar_datetime(i64 ms)
{
    return (struct cedar_value){ .kind = CEDAR_DATETIME, .i = ms };
}
static inline struct cedar_value cedar_duration(i64 ms)
{
    return (struct cedar_value){ .kind = CEDAR_DURATION, .i = ms };
}
static inline struct cedar_value cedar_string(str s)
{
    return (struct cedar_value){ .kind = CEDAR_STRING, .n = (u32)s.n, .p = s.p };
}
static inline struct cedar_value cedar_entity(const struct cedar_uid *uid)
{
    return (struct cedar_value){ .kind = CEDAR_ENTITY, .uid = uid };
}
/* Sorts the array in place and drops equal elements; the value points at it. */
struct cedar_value cedar_set(struct cedar_value *at, size_t n);
/* Sorts the fields in place by name; the value points at them. Of two fields of one name the later
 * wins. */
struct cedar_value cedar_record(struct cedar_field *at, size_t n);
/* Text as ip(), decimal(), datetime(), duration() read it; E_INVALID otherwise. */
MUST_USE err cedar_parse_ip(struct arena *out, str s, struct cedar_value *ret);
MUST_USE err cedar_parse_decimal(str s, struct cedar_value *ret);
MUST_USE err cedar_parse_datetime(str s, struct cedar_value *ret);
MUST_USE err cedar_parse_duration(str s, struct cedar_value *ret);

bool cedar_eq(const struct cedar_value *a, const struct cedar_value *b);
/* NULL when the record has no such field. */
const struct cedar_value *cedar_get(const struct cedar_value *record, str name);
void cedar_put(struct buf *b, const struct cedar_value *v); /* in Cedar syntax */
void cedar_put_json(struct buf *b,
                    const struct cedar_value *v); /* with __entity and __extn escapes */
void cedar_put_uid(struct buf *b, const struct cedar_uid *uid); /* Type::"id" */
/* Type::"id" back; the parts point into text or out. E_INVALID otherwise. */
MUST_USE err cedar_uid_parse(struct arena *out, str text, struct cedar_uid *ret);

/* ---- Faults: what is wrong with a text, where. ---- */

struct cedar_fault {
    u32 at, end; /* bytes of the text; both 0 when it has no place */
    i32 policy;  /* index of the policy it is in, or -1 */
    bool warning;
    str text, help; /* one sentence each; help may be empty */
};
struct cedar_faults {
    struct arena *a; /* where texts go; set by the caller */
    struct cedar_fault at[CEDAR_FAULTS_MAX];
    u32 n;      /* stops at CEDAR_FAULTS_MAX */
    u32 errors; /* those that are not warnings, the ones not kept included */
};
static inline void cedar_faults_init(struct cedar_faults *f, struct arena *a)
{
    f->a = a;
    f->n = f->errors = 0;
}
PRINTF(3, 4)
void cedar_fault_add(struct cedar_faults *f, struct cedar_fault at, const char *fmt, ...);
/* One fault as people read it: name:line:column, the sentence, the line of the text with a caret
 * below, the help. */
void cedar_fault_put(struct buf *b, const struct cedar_fault *f, str name, str text);
/* 1-based line and column (in code points) of a byte offset. */
void cedar_place(str text, u32 at, u32 *ret_line, u32 *ret_col);

/* ---- Policies ---- */

struct cedar_policies;
struct cedar_schema;
struct cedar_request;

/* Parses, compiles and indexes; the text is copied. Ids are policy0, policy1 … in the order of the
 * text. On E_INVALID and E_LIMIT faults says why, *ret is untouched. */
MUST_USE err cedar_parse(struct arena *out, str text, struct cedar_faults *faults,
                         const struct cedar_policies **ret);

u32 cedar_count(const struct cedar_policies *p); /* policies and templates */
str cedar_id(const struct cedar_policies *p, u32 i);
str cedar_text(const struct cedar_policies *p); /* the text as parsed; positions are in it */
bool cedar_is_template(const struct cedar_policies *p, u32 i);
bool cedar_is_forbid(const struct cedar_policies *p, u32 i);
void cedar_span(const struct cedar_policies *p, u32 i, u32 *ret_at, u32 *ret_end);
/* The text of annotation @key("text") of policy i (empty for @key); false when it has none. */
bool cedar_annotation(const struct cedar_policies *p, u32 i, str key, str *ret);
u32 cedar_annotation_count(const struct cedar_policies *p, u32 i);
void cedar_annotation_at(const struct cedar_policies *p, u32 i, u32 k, str *ret_key, str *ret_text);

/* A template made into a policy: slots that the template has must be given, others must not. */
struct cedar_link {
    str template_id, id;
    const struct cedar_uid *principal, *resource;
};
/* A new snapshot with the links added. E_NOT_FOUND: no such template; E_CONFLICT: the id is taken;
 * E_INVALID: slots do not fit. Texts of the links must outlive it. */
MUST_USE err cedar_link(struct arena *out, const struct cedar_policies *p,
                        const struct cedar_link *links, size_t n,
                        const struct cedar_policies **ret);

/* The JSON form. Read: one policy, or {staticPolicies, templates, templateLinks}; the tree must
 * outlive the snapshot. */
MUST_USE err cedar_policies_json(struct arena *out, const struct json *v,
                                 struct cedar_faults *faults, const struct cedar_policies **ret);
void cedar_policies_put_json(struct buf *b, const struct cedar_policies *p);
/* Back to text, unformatted; links are left out (text has no form for them). */
void cedar_policies_put_text(struct buf *b, const struct cedar_policies *p);
/* The text laid out anew, comments kept, for lines of this width; format(format(x)) is format(x).
 */
MUST_USE err cedar_format(struct arena *out, str text, u32 width, struct cedar_faults *faults,
                          str *ret);

/* ---- Entities ---- */

struct cedar_entity {
    struct cedar_uid uid;
    struct cedar_value attrs; /* a record; all zero is an empty one */
    struct cedar_value tags;  /* a record */
    const struct cedar_uid *parents;
    u32 parents_n;
};
struct cedar_store;

/* Builds the store: ancestors closed, a hash index. The array and all it points at must outlive the
 * store. E_INVALID: the parents form a cycle or an entity comes twice with different contents
 * (faults names it). */
MUST_USE err cedar_store_build(struct arena *out, const struct cedar_entity *at, size_t n,
                               struct cedar_faults *faults, const struct cedar_store **ret);
const struct cedar_entity *cedar_find(const struct cedar_store *s,
                                      const struct cedar_uid *uid); /* or NULL */
bool cedar_is_in(const struct cedar_store *s, const struct cedar_uid *child,
                 const struct cedar_uid *ancestor);
size_t cedar_store_count(const struct cedar_store *s);
const struct cedar_entity *cedar_store_at(const struct cedar_store *s, size_t i);

/* The JSON form of entities. With a schema: implicit escapes are understood, actions are added from
 * it, and every entity is checked against it. schema may be NULL. */
struct cedar_entities {
    struct cedar_entity *at;
    size_t n;
};
MUST_USE err cedar_entities_json(struct arena *out, const struct json *list,
                                 const struct cedar_schema *schema, struct cedar_faults *faults,
                                 struct cedar_entities *ret);
/* A value in JSON, with explicit escapes. */
MUST_USE err cedar_value_json(struct arena *out, const struct json *v, struct cedar_faults *faults,
                              struct cedar_value *ret);
/* A request in JSON: {principal, action, resource, context}; each of the three as Type::"id" or
 * {type, id}. With a schema implicit escapes of the context are understood. */
MUST_USE err cedar_request_json(struct arena *out, const struct json *v,
                                const struct cedar_schema *schema, struct cedar_faults *faults,
                                struct cedar_request *ret);
/* The context alone into io, whose action is set. */
MUST_USE err cedar_context_json(struct arena *out, const struct json *v,
                                const struct cedar_schema *schema, struct cedar_faults *faults,
                                struct cedar_request *io);
MUST_USE err cedar_uid_json(const struct json *v, struct cedar_faults *faults,
                            struct cedar_uid *ret);

/* ---- Schemas ---- */

/* In the human syntax; the text is copied. E_INVALID or E_LIMIT: faults says why. */
MUST_USE err cedar_schema_parse(struct arena *out, str text, struct cedar_faults *faults,
                                const struct cedar_schema **ret);
/* In JSON. */
MUST_USE err cedar_schema_json(struct arena *out, const struct json *v, struct cedar_faults *faults,
                               const struct cedar_schema **ret);
/* The strict validator: every fault of every policy, errors and warnings. E_INVALID when there is
 * an error. */
MUST_USE err cedar_validate(const struct cedar_policies *p, const struct cedar_schema *s,
                            struct cedar_faults *faults);
/* Does the request fit the schema: the action applies to such a principal and resource, the context
 * has its type. */
MUST_USE err cedar_validate_request(const struct cedar_schema *s, const struct cedar_request *req,
                                    struct cedar_faults *faults);

/* ---- Decisions ---- */

struct cedar_request {
    struct cedar_uid principal, action, resource;
    struct cedar_value context; /* a record; all zero is an empty one */
    const struct cedar_entity
        *extra;  /* entities of this request alone (a row just loaded); they hide those of the */
    u32 extra_n; /* store; their parents may be of the store or extra, never the other way */
};

enum cedar_error_code {
    CEDAR_E_TYPE,
    CEDAR_E_NO_ATTR,
    CEDAR_E_NO_ENTITY,
    CEDAR_E_NO_TAG,
    CEDAR_E_OVERFLOW,
    CEDAR_E_EXT,
    CEDAR_E_ARITY,
    CEDAR_E_SLOT,
    CEDAR_E_LIMIT, /* the scratch was too small: the whole decision is E_LIMIT */
};
struct cedar_error {
    u32 policy; /* index */
    enum cedar_error_code code;
    u32 at, end;            /* where in the text of the policies */
    struct cedar_value got; /* the value that did not fit; for NO_ATTR and NO_TAG what was asked */
    str name;               /* attribute, tag or function; what was expected for TYPE */
};
struct cedar_answer {
    bool allow;
    const u32 *reasons; /* determining policies, by rising index */
    u32 reasons_n;
    const struct cedar_error *errors; /* by rising index */
    u32 errors_n;
};

/* Decides: forbid before permit, deny when nothing permits; a policy whose evaluation fails counts
 * as not there and is reported. E_LIMIT when scratch passes its ceiling (then nobody is allowed:
 * ret is untouched). */
MUST_USE err cedar_decide(const struct cedar_policies *p, const struct cedar_store *s,
                          const struct cedar_request *req, struct arena *scratch,
                          struct cedar_answer *ret);
void cedar_error_put(struct buf *b, const struct cedar_policies *p,
                     const struct cedar_error *e); /* one sentence */

/* Why: every policy whose scope matched, each condition with its outcome and the values that it
 * looked at. */
enum cedar_outcome { CEDAR_TRUE, CEDAR_FALSE, CEDAR_ERROR, CEDAR_SKIPPED };
struct cedar_part {
    u32 at, end; /* in the text of the policies; both 0 when they came from JSON */
    str text;    /* the expression on one line */
};
struct cedar_seen {
    struct cedar_part part;
    struct cedar_value value;
};
struct cedar_clause {
    bool unless;
    enum cedar_outcome outcome;    /* of the expression, before `unless` turns it */
    struct cedar_part whole;       /* the expression */
    struct cedar_part decided;     /* the smallest part that settled it */
    const struct cedar_seen *seen; /* attributes, tags and comparisons looked at, in order */
    u32 seen_n;
};
struct cedar_because {
    u32 policy;
    bool scope_matched, satisfied, determining;
    const struct cedar_clause *clauses;
    u32 clauses_n;
};
struct cedar_explanation {
    struct cedar_answer answer;
    const struct cedar_because *at;
    u32 n;
};
MUST_USE err cedar_explain(const struct cedar_policies *p, const struct cedar_store *s,
                           const struct cedar_request *req, struct arena *out,
                           struct cedar_explanation *ret);
/* As people read it. */
void cedar_explanation_put(struct buf *b, const struct cedar_policies *p,
                           const struct cedar_explanation *e);

#endif
