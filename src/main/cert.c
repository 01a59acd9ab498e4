/* SPDX-License-Identifier: Apache-2.0 */
/* What doctor, `cert` and the parent need to know of a certificate, by OpenSSL. */
#include "main/cert.h"

#include <arpa/inet.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdio.h>

#include "base/buf.h"
#include "base/os.h"

enum { PEM_MAX = 64 * 1024 };

err cert_read(const char *path, X509 **ret)
{
    SCRATCH(s);
    str pem;
    TRY(os_read_file(s.a, path, PEM_MAX, &pem));
    BIO *b = BIO_new_mem_buf(pem.p, (int)pem.n);
    must(b != NULL);
    X509 *x = PEM_read_bio_X509(b, NULL, NULL, NULL);
    BIO_free(b);
    if (!x)
        return E_INVALID;
    *ret = x;
    return E_NONE;
}

static usec time_of(const ASN1_TIME *t)
{
    struct tm tm = { 0 };
    if (ASN1_TIME_to_tm(t, &tm) != 1)
        return 0;
    i64 days = time_days(tm.tm_year + 1900, (unsigned)tm.tm_mon + 1, (unsigned)tm.tm_mday);
    return days * USEC_DAY + tm.tm_hour * USEC_HOUR + tm.tm_min * USEC_MIN + tm.tm_sec * USEC_S;
}

usec cert_not_before(const X509 *x)
{
    return time_of(X509_get0_notBefore(x));
}
usec cert_not_after(const X509 *x)
{
    return time_of(X509_get0_notAfter(x));
}

static void put_name(struct buf *b, const GENERAL_NAME *g)
{
    char text[INET6_ADDRSTRLEN];
    if (g->type == GEN_DNS) {
        const ASN1_IA5STRING *d = g->d.dNSName;
        buf_put(b, b->n ? S(", ") : S(""));
        buf_bytes(b, ASN1_STRING_get0_data(d), (size_t)ASN1_STRING_length(d));
    } else if (g->type == GEN_IPADD) {
        int n = ASN1_STRING_length(g->d.iPAddress);
        const u8 *at = ASN1_STRING_get0_data(g->d.iPAddress);
        if ((n == 4 || n == 16) && inet_ntop(n == 4 ? AF_INET : AF_INET6, at, text, sizeof text))
            buf_fmt(b, "%s%s", b->n ? ", " : "", text);
    }
}

str cert_names(struct arena *out, const X509 *x)
{
    struct buf b = buf_in(out, 16384);
    GENERAL_NAMES *all = X509_get_ext_d2i(x, NID_subject_alt_name, NULL, NULL);
    for (int i = 0; all && i < sk_GENERAL_NAME_num(all); i++)
        put_name(&b, sk_GENERAL_NAME_value(all, i));
    GENERAL_NAMES_free(all);
    return buf_str(&b);
}

bool cert_covers(X509 *x, const char *host)
{
    return X509_check_host(x, host, 0, 0, NULL) == 1;
}

bool cert_issued_by(X509 *x, X509 *ca)
{
    return X509_check_issued(ca, x) == X509_V_OK && X509_verify(x, X509_get0_pubkey(ca)) == 1;
}

str cert_fingerprint(struct arena *out, const X509 *x)
{
    u8 md[EVP_MAX_MD_SIZE];
    unsigned n = 0;
    struct buf b = buf_in(out, 256);
    must(X509_digest(x, EVP_sha256(), md, &n) == 1);
    for (unsigned i = 0; i < n; i++)
        buf_fmt(&b, "%s%02X", i ? ":" : "", md[i]);
    return buf_str(&b);
}
