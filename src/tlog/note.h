/* SPDX-License-Identifier: Apache-2.0 */
/* Signed notes and checkpoints (C2SP signed-note, tlog-checkpoint), Ed25519 keys (type 0x01). A
 * note is a text, an empty line and signature lines; a checkpoint is a note whose text is origin,
 * size and root. */
#ifndef OUTWORK_TLOG_NOTE_H
#define OUTWORK_TLOG_NOTE_H

#include "tlog/tlog.h"

enum {
    NOTE_MAX = 64 * 1024, /* bytes of a whole note */
    NOTE_SIGNATURES_MAX = 32,
    NOTE_NAME_MAX = 200,
};

/* A verifier key: text form "name+hash+base64(0x01 || key)", the hash as 8 hex digits. */
struct note_key {
    str name;
    u32 id; /* the first 4 bytes of SHA-256(name, newline, 0x01, key) */
    u8 key[32];
};

struct note_signature {
    str name;
    u32 id;
    str bytes;
};
struct note {
    str text; /* with its last newline: what is signed */
    u32 n;
    struct note_signature at[NOTE_SIGNATURES_MAX];
};

/* E_INVALID: an empty name, or one with a space, '+' or control character. */
MUST_USE err note_key_make(str name, const u8 key[32], struct note_key *ret);
void note_key_put(struct buf *b, const struct note_key *k);
/* E_INVALID: not of this form, another type of key, or a hash that is not the key's. Points into
 * text. */
MUST_USE err note_key_parse(str text, struct note_key *ret);

/* E_INVALID: not a note. E_LIMIT: above the limits, or out too small. Signatures are decoded into
 * out, not checked. */
MUST_USE err note_parse(struct arena *out, str note, struct note *ret);
/* At least one signature is by k and all that claim to be are right. */
bool note_verify(const struct note *n, const struct note_key *k);
/* text, and an empty line: signature lines follow it. text must end in a newline. */
void note_put_text(struct buf *b, str text);
void note_put_signature(struct buf *b, const struct note_key *k, const u8 signature[64]);

struct tlog_checkpoint {
    str origin;
    struct tlog_head head;
};
void tlog_checkpoint_put(struct buf *b, const struct tlog_checkpoint *c); /* the text of the note */
/* E_INVALID: not three lines as they must be; further lines are allowed and ignored if they are not
 * empty. */
MUST_USE err tlog_checkpoint_parse(str text, struct tlog_checkpoint *ret);
/* Note, signature by k, origin = the key's name, text: all at once. E_DENIED: no valid signature of
 * k, or another origin. */
MUST_USE err tlog_checkpoint_open(struct arena *out, str note, const struct note_key *k,
                                  struct tlog_checkpoint *ret);

#endif
