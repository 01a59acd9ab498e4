/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as a note, a checkpoint, a verifier key: refused, or written again as they were. */
#include <string.h>

#include "tlog/note.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void check_note(const struct note *n, str in)
{
    must(n->n >= 1 && n->n <= NOTE_SIGNATURES_MAX);
    must(n->text.p == in.p && n->text.n < in.n && n->text.p[n->text.n - 1] == '\n');
    must(in.p[n->text.n] == '\n');
    for (u32 i = 0; i < n->n; i++)
        must(n->at[i].name.n && n->at[i].bytes.n);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct arena *a = arena_new("fuzz", 1 << 20);
    str in = { (const char *)data, n };
    struct note note;
    struct note_key key;
    struct tlog_checkpoint c;
    struct buf b = buf_in(a, n + 256);
    if (note_parse(a, in, &note) == E_NONE)
        check_note(&note, in);
    if (note_key_parse(in, &key) == E_NONE) {
        note_key_put(&b, &key);
        must(str_starts(in, buf_str(&b)) && in.n - b.n <= 1);
    }
    buf_clear(&b);
    if (tlog_checkpoint_parse(in, &c) == E_NONE) {
        tlog_checkpoint_put(&b, &c);
        must(str_starts(in, buf_str(&b)));
    }
    arena_free(a);
    return 0;
}
