/* SPDX-License-Identifier: Apache-2.0 */
/* The first byte is a width; the rest is a bundle, then a proof. A bundle that is accepted is
 * written again as it was; a proof that someone made up is never accepted for a root that it was
 * not made for. */
#include <string.h>

#include "tlog/tlog.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void check_bundle(struct arena *a, str in, u32 width)
{
    str entries[TLOG_WIDTH];
    size_t used;
    if (tlog_bundle_parse(in, width, entries, &used) != E_NONE)
        return;
    must(used <= in.n);
    struct buf b = buf_in(a, in.n + 64);
    for (u32 i = 0; i < width; i++) {
        must(entries[i].n <= TLOG_ENTRY_MAX);
        buf_u16be(&b, (u16)entries[i].n);
        buf_put(&b, entries[i]);
    }
    must(str_eq(buf_str(&b), str_sub(in, 0, used)));
}

static void check_proof(str in)
{
    struct tlog_proof p = { 0 };
    struct tlog_head old, now;
    struct tlog_hash leaf = { { 7 } };
    if (in.n < 16)
        return;
    memcpy(&old.size, in.p, 8);
    memcpy(&now.size, in.p + 8, 8);
    p.n = (u32)MIN((in.n - 16) / 32, (size_t)TLOG_PROOF_MAX);
    memcpy(p.at, in.p + 16, p.n * 32);
    memset(&now.root, 0xAB, sizeof now.root); /* no one knows what hashes to this */
    memset(&old.root, 0xCD, sizeof old.root);
    must(!tlog_check_leaf(&p, old.size, &leaf, now.size, &now.root));
    must(!tlog_check_prefix(&p, &old, &now));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    if (!n)
        return 0;
    struct arena *a = arena_new("fuzz", 4 << 20);
    str in = { (const char *)data + 1, n - 1 };
    check_bundle(a, in, (u32)data[0] + 1);
    check_proof(in);
    arena_free(a);
    return 0;
}
