/* SPDX-License-Identifier: Apache-2.0 */
/* What the ledger's key signs: only heads that extend the one it signed before, so that whoever
 * takes over the server can add to the ledger but not rewrite what was signed, not even by asking
 * nicely. */
#include <string.h>

#include "tlog/note.h"
#include "vault/vault.h"

err head_consistent(u64 m, const u8 *m_root, u64 n, const u8 *n_root, str proof)
{
    struct tlog_head old = { .size = m }, now = { .size = n };
    struct tlog_proof p = { .n = (u32)(proof.n / sizeof *p.at) };
    if (m > n || proof.n % sizeof *p.at || p.n > COUNT(p.at))
        return E_INVALID;
    if (m == 0)
        return proof.n ? E_INVALID : E_NONE; /* the first head of all */
    memcpy(&old.root, m_root, sizeof old.root);
    memcpy(&now.root, n_root, sizeof now.root);
    if (proof.n)
        memcpy(p.at, proof.p, proof.n);
    return tlog_check_prefix(&p, &old, &now) ? E_NONE : E_INVALID;
}

err head_body_states(str body, str origin, u64 size, const u8 root[32])
{
    SCRATCH(s);
    struct tlog_checkpoint c = { .origin = origin, .head = { .size = size } };
    memcpy(&c.head.root, root, sizeof c.head.root);
    struct buf want = buf_in(s.a, 1024);
    tlog_checkpoint_put(&want, &c);
    if (want.full || !str_starts(body, buf_str(&want)) || body.p[body.n - 1] != '\n')
        return E_INVALID;
    return str_find(body, S("\n\n")) < 0 ? E_NONE
                                         : E_INVALID; /* an empty line would begin the signatures */
}
