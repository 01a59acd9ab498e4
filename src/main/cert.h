/* SPDX-License-Identifier: Apache-2.0 */
/* Reading certificate files. */
#ifndef OUTWORK_MAIN_CERT_H
#define OUTWORK_MAIN_CERT_H

#include <openssl/x509.h>

#include "base/str.h"
#include "base/time.h"

/* The first certificate of a PEM file; X509_free it. E_NOT_FOUND, E_INVALID. */
MUST_USE err cert_read(const char *path, X509 **ret);
usec cert_not_before(const X509 *x);
usec cert_not_after(const X509 *x);
/* DNS names and addresses, comma between. */
str cert_names(struct arena *out, const X509 *x);
bool cert_covers(X509 *x, const char *host);
bool cert_issued_by(X509 *x, X509 *ca);
/* SHA-256 with colons, as browsers show it. */
str cert_fingerprint(struct arena *out, const X509 *x);

#endif
