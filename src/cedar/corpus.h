/* SPDX-License-Identifier: Apache-2.0 */
/* Running tests of the Cedar project's integration corpus (cedar-policy/cedar-integration-tests).
 */
#ifndef OUTWORK_CEDAR_CORPUS_H
#define OUTWORK_CEDAR_CORPUS_H

#include "cedar/cedar.h"

struct cedar_corpus_texts {
    str policies, schema, entities, test;
};

/* True when every field agrees: decisions, determining policies, errors, validation of policies and
 * requests. Each disagreement is a line in out that begins with id. a holds what the run makes; it
 * may be reset afterwards. */
bool cedar_corpus_run(struct arena *a, str id, const struct cedar_corpus_texts *t, struct buf *out);

#endif
