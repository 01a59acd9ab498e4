/* SPDX-License-Identifier: Apache-2.0 */
/* What of a resource the policies look at, for one action. Two requests that differ only in what no
 * applicable policy looks at have the same answer: a page of rows is decided once for each kind of
 * row instead of once a row. */
#ifndef OUTWORK_CEDAR_DEPENDS_H
#define OUTWORK_CEDAR_DEPENDS_H

#include "cedar/cedar.h"

struct cedar_depends {
    bool identity;    /* which resource it is (==, as a value, tags, a template): nothing may be
                         concluded */
    bool ancestors;   /* what it is in */
    const str *attrs; /* its attributes that some condition names */
    u32 attrs_n;
};

/* The policies whose action scope the action meets (groups by the store). Sound, not exact: says
 * more rather than less. */
void cedar_depends(const struct cedar_policies *p, const struct cedar_store *s,
                   const struct cedar_uid *action, struct arena *out, struct cedar_depends *ret);

#endif
