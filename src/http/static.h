/* SPDX-License-Identifier: Apache-2.0 */
/* Files compressed ahead and built into the program. tools/pack writes the table; this answers from
 * it: the coding that the client likes best, 304 by entity tag, single ranges of the identity form,
 * immutable caching of hashed names, and the single page for every path that names no file. */
#ifndef OUTWORK_HTTP_STATIC_H
#define OUTWORK_HTTP_STATIC_H

#include "http/server.h"

struct static_body {
    const char *from, *to;
}; /* both NULL: there is no such form */
struct static_file {
    str path; /* "/index.html" */
    str type;
    str etag;       /* in quotes; of the identity form, the others add -br and -gz */
    bool immutable; /* under /assets/ with a hash in its name: cached for a year */
    struct static_body plain, br, gz;
};
struct static_pack {
    const struct static_file *files;
    size_t n;
}; /* sorted by path (bytes) */

const struct static_file *static_find(const struct static_pack *pack,
                                      str path); /* NULL when absent */

/* Answers GET and HEAD from the pack: "/" is /index.html, and so is every path without a dot in its
 * last part. False, and the request untouched, when the path is /api or under it, or no file has it
 * (the caller answers 404); other methods get 405. */
bool static_answer(struct http_req *req, const struct static_pack *pack);

#endif
