/* SPDX-License-Identifier: Apache-2.0 */
/* UTF-8 (RFC 3629): validation, decoding, counting. */
#ifndef OUTWORK_BASE_UTF8_H
#define OUTWORK_BASE_UTF8_H

#include "base/buf.h"

bool utf8_valid(str s);   /* no overlong forms, no surrogates, nothing above U+10FFFF */
size_t utf8_count(str s); /* code points of a valid text */
/* Decodes the first code point of *s and steps over it; -1 at the end or on bad bytes. */
i32 utf8_next(str *s);
void utf8_put(struct buf *b, u32 code_point); /* a surrogate or one too large becomes U+FFFD */
bool utf8_is_han(i32 code_point);             /* the CJK unified ideographs and their extensions */

#endif
