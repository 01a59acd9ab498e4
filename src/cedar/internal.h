/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of this folder share: tokens, the tree of an expression, policies, the store, the
 * evaluator. */
#ifndef OUTWORK_CEDAR_INTERNAL_H
#define OUTWORK_CEDAR_INTERNAL_H

#include "base/map.h"
#include "base/vec.h"
#include "cedar/cedar.h"

/* ---- Tokens ---- */

enum tok {
    TOK_END,
    TOK_IDENT,
    TOK_NUM,
    TOK_STR,
    TOK_SLOT,
    TOK_BAD,
    TOK_LPAREN,
    TOK_RPAREN,
    TOK_LBRACE,
    TOK_RBRACE,
    TOK_LBRACKET,
    TOK_RBRACKET,
    TOK_COMMA,
    TOK_SEMI,
    TOK_COLON,
    TOK_PATH,
    TOK_AT,
    TOK_DOT,
    TOK_QUESTION,
    TOK_PLUS,
    TOK_MINUS,
    TOK_STAR,
    TOK_SLASH,
    TOK_PERCENT,
    TOK_NOT,
    TOK_ASSIGN,
    TOK_EQ,
    TOK_NE,
    TOK_LT,
    TOK_LE,
    TOK_GT,
    TOK_GE,
    TOK_AND,
    TOK_OR,
};
struct token {
    u8 kind;
    u32 at, end;
};
struct tokens {
    struct token *at;
    size_t n;
}; /* the last one is TOK_END */

/* Cuts a text into tokens (comments and white space dropped); faults for bytes that start none.
 * E_LIMIT for a text longer than CEDAR_TEXT_MAX. */
MUST_USE err cedar_lex(struct arena *out, str text, struct cedar_faults *faults,
                       struct tokens *ret);
static inline str token_text(str text, struct token t) { return str_sub(text, t.at, t.end); }
bool cedar_is_ident(str s);    /* [_a-zA-Z][_a-zA-Z0-9]* */
bool cedar_is_reserved(str s); /* true false if then else in is like has __cedar */
bool cedar_is_path(str s);     /* identifiers, none reserved, joined by :: */

/* The inside of a string literal without its escapes. *reterr_at (from the start of raw) says where
 * one is bad. */
MUST_USE err cedar_unescape(struct arena *out, str raw, str *ret, u32 *reterr_at);
/* The same for a pattern: the literal pieces between unescaped stars; n stars make n + 1 pieces. */
MUST_USE err cedar_unescape_pattern(struct arena *out, str raw, const str **ret, u32 *ret_n,
                                    u32 *reterr_at);
void cedar_put_string(struct buf *b, str s); /* quoted, escaped as in Cedar text */
void cedar_put_escaped(struct buf *b, str s,
                       bool pattern); /* without quotes; pattern: stars escaped too */

/* ---- Expressions ---- */

enum op {
    OP_LIT,
    OP_VAR,
    OP_SLOT,
    OP_IF,
    OP_AND,
    OP_OR,
    OP_NOT,
    OP_NEG,
    OP_EQ,
    OP_NE,
    OP_LT,
    OP_LE,
    OP_GT,
    OP_GE,
    OP_IN,
    OP_ADD,
    OP_SUB,
    OP_MUL,
    OP_CONTAINS,
    OP_CONTAINS_ALL,
    OP_CONTAINS_ANY,
    OP_IS_EMPTY,
    OP_GET_TAG,
    OP_HAS_TAG,
    OP_ATTR,
    OP_HAS,
    OP_LIKE,
    OP_IS,
    OP_SET,
    OP_RECORD,
    OP_CALL,
};
enum var { VAR_PRINCIPAL, VAR_ACTION, VAR_RESOURCE, VAR_CONTEXT };

enum ext_fn {
    FN_IP,
    FN_DECIMAL,
    FN_DATETIME,
    FN_DURATION, /* constructors, called as functions */
    FN_LESS_THAN,
    FN_LESS_EQ,
    FN_GREATER_THAN,
    FN_GREATER_EQ, /* decimal */
    FN_IS_IPV4,
    FN_IS_IPV6,
    FN_IS_LOOPBACK,
    FN_IS_MULTICAST,
    FN_IS_IN_RANGE,
    FN_OFFSET,
    FN_DURATION_SINCE,
    FN_TO_DATE,
    FN_TO_TIME,
    FN_TO_MS,
    FN_TO_SECONDS,
    FN_TO_MINUTES,
    FN_TO_HOURS,
    FN_TO_DAYS,
    FN_COUNT
};
struct ext_row {
    str name;
    u8 args[2];
    u8 argc, result;
    bool method;
}; /* types are enum cedar_kind */
extern const struct ext_row cedar_ext_rows[FN_COUNT];

struct expr;
struct expr_field {
    str name;
    const struct expr *e;
};

struct expr {
    u8 op;      /* enum op */
    u8 sub;     /* OP_VAR: enum var; OP_SLOT: VAR_PRINCIPAL or VAR_RESOURCE; OP_CALL: enum ext_fn */
    u16 height; /* 1 for a leaf */
    u32 n;      /* args, fields, pattern pieces, names of a path in has */
    u32 at, end;                      /* in the text; both 0 when it came from JSON */
    const struct cedar_value *folded; /* its value when no evaluation is needed */
    union {
        struct cedar_value lit;
        struct {
            const struct expr *a, *b, *c;
        }; /* operators; IF: test, then, else */
        struct {
            const struct expr *left;
            union {
                str name;
                const str *names;
            };
            const struct expr *in;
        };
        const struct expr *const *args;  /* AND, OR (n >= 2), SET, CALL */
        const struct expr_field *fields; /* RECORD, sorted by name */
    };
};

/* ---- Policies ---- */

enum scope_kind {
    SCOPE_ANY,
    SCOPE_EQ,
    SCOPE_IN,
    SCOPE_IS,
    SCOPE_IS_IN,
    SCOPE_IN_SET /* action only */
};
struct scope {
    u8 kind;
    bool slot; /* EQ, IN, IS_IN: with ?principal or ?resource instead of uids[0] */
    str type;  /* IS, IS_IN */
    const struct cedar_uid *const *uids; /* EQ, IN, IS_IN: one; IN_SET: n */
    u32 n;
    u32 at, end;
};
struct clause {
    bool unless;
    const struct expr *e;
    u32 at, end;
};
struct note {
    str key, text;
    bool has_text;
};

struct policy {
    str id;
    bool forbid, is_template, slot_principal, slot_resource;
    str template_id; /* a link's template, else empty */
    const struct cedar_uid *link_principal, *link_resource;
    struct scope principal, action, resource;
    const struct clause *clauses;
    u32 clauses_n;
    const struct note *notes;
    u32 notes_n;
    u32 at, end;
    u32 index;
};

struct index;
struct cedar_policies {
    str text;
    const struct policy *at;
    u32 n;
    const struct index *index;
};

/* Grammar only, no index: what the formatter, the JSON form and the validator start from. The text
 * is not copied. */
MUST_USE err cedar_parse_only(struct arena *out, str text, struct cedar_faults *faults,
                              const struct policy **ret, u32 *ret_n);
MUST_USE err cedar_compile(struct arena *out, str text, struct policy *at, u32 n,
                           const struct cedar_policies **ret);

/* ---- Building expressions (the parsers of text and JSON): set height, fold what is constant. ----
 */

struct expr *expr_new(struct arena *a, enum op op, u32 at, u32 end);
/* Height over children; false when the tree is deeper than CEDAR_DEPTH_MAX. */
bool expr_close(struct arena *a, struct expr *e);
bool expr_same(const struct expr *a, const struct expr *b); /* equal shape, positions apart */
/* 0, or the op for a method name that the language has built in (contains …), with its number of
 * arguments. */
enum op op_of_method(str name, u32 *ret_argc);
const char *name_of_method(enum op op);
int ext_of_name(str name); /* enum ext_fn or -1 */

/* ---- Text again ---- */

void cedar_put_expr(struct buf *b, const struct expr *e);
void cedar_put_policy(struct buf *b, const struct policy *p);
void cedar_policy_put_json(struct buf *b, const struct policy *p);

/* ---- Values ---- */

int cedar_cmp(const struct cedar_value *a,
              const struct cedar_value *b); /* a total order; for sets */
int cedar_name_cmp(str a, str b);           /* the order of fields: length first */
bool cedar_set_has(const struct cedar_value *set, const struct cedar_value *v);
const char *cedar_kind_name(u8 kind);
bool cedar_like(str s, const str *pieces, u32 n);

/* ---- Entities ---- */

struct node {
    struct cedar_uid uid;
    const struct cedar_entity *e; /* NULL: only named as a parent */
    const u32 *anc;               /* nodes above, sorted by hash of uid */
    const u64 *anc_hash;
    u32 anc_n;
};
struct cedar_store {
    const struct node *nodes;
    u32 n;
    const u32 *slots; /* open addressing: 1 + node; slot_n is a power of two */
    u32 slot_n;
    const u32 *entities; /* nodes that are entities, in the order given */
    u32 entities_n;
};
const struct node *store_node(const struct cedar_store *s, const struct cedar_uid *uid);
bool node_under(const struct cedar_store *s, const struct node *n,
                const struct cedar_uid *ancestor);

/* ---- The evaluator ---- */

/* While explaining: what each expression came to. */
struct seen_note {
    const struct expr *e;
    struct cedar_value value;
};

struct eval {
    const struct cedar_store *store;
    const struct cedar_request *req;
    struct arena *scratch;
    const struct cedar_uid *slot[2]; /* of the link being evaluated, or NULL */
    struct cedar_value vars[4];
    const struct cedar_entity *ent[3]; /* principal, action, resource; NULL when absent */
    const struct node *node[3];
    struct cedar_error error; /* set when eval_expr returned false, and by which: */
    const struct expr *failed;
    struct map *seen; /* not NULL while explaining: address of an expression -> seen_note */
};
/* Is there room in the scratch for this? If not it is doomed, and the decision will be E_LIMIT. */
static inline bool scratch_room(struct arena *a, size_t bytes)
{
    if (LIKELY(bytes <= arena_room(a)))
        return true;
    arena_doom(a);
    return false;
}
/* The note of an expression, or NULL. */
const struct cedar_value *eval_seen(const struct map *seen, const struct expr *e);
void eval_begin(struct eval *v, const struct cedar_store *s, const struct cedar_request *req,
                struct arena *scratch);
bool eval_expr(struct eval *v, const struct expr *e, struct cedar_value *ret);
/* uid in (==, or below) target, through extra entities and the store. */
bool eval_in(const struct eval *v, const struct cedar_uid *uid, const struct cedar_uid *target);
const struct cedar_entity *eval_find(const struct eval *v, const struct cedar_uid *uid);
bool ext_call(struct eval *v, const struct expr *e, const struct cedar_value *args,
              struct cedar_value *ret);
bool eval_fail(struct eval *v, enum cedar_error_code code, const struct expr *e);
bool scope_matches(const struct eval *v, const struct policy *p);

/* ---- The index: policies by action, principal and resource of their scope ---- */

const struct index *index_build(struct arena *out, const struct policy *at, u32 n);
/* Policies whose scope may match, each once, unsorted, into scratch. */
const u32 *index_candidates(const struct index *x, const struct eval *v, u32 *ret_n);

#endif
