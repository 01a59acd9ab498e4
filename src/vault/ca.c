/* SPDX-License-Identifier: Apache-2.0 */
/* The local authority: a root of ten years that is constrained to the names of this office and to
 * localhost, so that trusting it gives nobody the power to pose as another site, and leaves of at
 * most 397 days (what browsers take) for the TLS key. */
#include <openssl/bio.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>
#include <string.h>

#include "base/buf.h"
#include "vault/vault.h"

enum { CA_DAYS = 3650, LEAF_DAYS = 396 };

static bool is_local(str host)
{
    return str_eq(host, S("localhost")) || str_ends(host, S(".localhost"));
}

static str next_host(str *rest)
{
    return str_trim(str_cut(rest, ','));
}

static bool within(str host, str name)
{
    if (str_eq(host, name))
        return true;
    return host.n > name.n && str_ends(host, name) && host.p[host.n - name.n - 1] == '.';
}

static bool add_ext(X509 *x, X509 *issuer, int nid, const char *value)
{
    X509V3_CTX c;
    X509V3_set_ctx(&c, issuer, x, NULL, NULL, 0);
    X509_EXTENSION *e = X509V3_EXT_conf_nid(NULL, &c, nid, value);
    bool ok = e && X509_add_ext(x, e, -1) == 1;
    X509_EXTENSION_free(e);
    return ok;
}

static bool set_serial(X509 *x)
{
    u8 bytes[16];
    if (RAND_bytes(bytes, sizeof bytes) != 1)
        return false;
    bytes[0] = (u8)((bytes[0] & 0x7f) | 0x40); /* positive, 16 bytes long */
    BIGNUM *n = BN_bin2bn(bytes, sizeof bytes, NULL);
    bool ok = n && BN_to_ASN1_INTEGER(n, X509_get_serialNumber(x));
    BN_free(n);
    return ok;
}

static bool set_times(X509 *x, usec from, usec to)
{
    return ASN1_TIME_adj(X509_getm_notBefore(x), (time_t)(from / USEC_S), 0, 0) &&
           ASN1_TIME_adj(X509_getm_notAfter(x), (time_t)(to / USEC_S), 0, 0);
}

static bool set_name(X509_NAME *n, int nid, str text)
{
    return X509_NAME_add_entry_by_NID(n, nid, MBSTRING_UTF8, (const u8 *)text.p, (int)text.n, -1,
                                      0) == 1;
}

/* Everything but extensions and the signature. */
static X509 *blank(EVP_PKEY *key, usec now, int days)
{
    X509 *x = X509_new();
    usec from = now - USEC_HOUR; /* clocks differ */
    if (x && X509_set_version(x, X509_VERSION_3) == 1 && set_serial(x) &&
        set_times(x, from, from + days * USEC_DAY) && X509_set_pubkey(x, key) == 1)
        return x;
    X509_free(x);
    return NULL;
}

/* permitted;DNS:… for each name and for localhost with its addresses. */
static str constraints(struct arena *out, str hosts)
{
    struct buf b = buf_in(out, 8192);
    buf_put(&b, S("critical,permitted;DNS:localhost,permitted;IP:127.0.0.0/255.0.0.0,"
                  "permitted;IP:0:0:0:0:0:0:0:1/FFFF:FFFF:FFFF:FFFF:FFFF:FFFF:FFFF:FFFF"));
    for (str rest = hosts; rest.p;) {
        str host = next_host(&rest);
        if (!is_local(host))
            buf_fmt(&b, ",permitted;DNS:" STR_FMT, STR_ARG(host));
    }
    buf_char(&b, 0);
    return buf_str(&b);
}

err ca_make(struct vault *v, str hosts, usec now)
{
    SCRATCH(s);
    str rest = hosts, first = next_host(&rest);
    if (!first.n || first.n > 253)
        return E_INVALID;
    X509 *x = blank(v->ca, now, CA_DAYS);
    if (!x)
        return E_INTERNAL;
    X509_NAME *n = X509_get_subject_name(x);
    str cn = str_fmt(s.a, "Outwork authority of " STR_FMT, STR_ARG(str_sub(first, 0, 40)));
    bool ok = set_name(n, NID_organizationName, S("Outwork")) && set_name(n, NID_commonName, cn) &&
              X509_set_issuer_name(x, n) == 1 &&
              add_ext(x, x, NID_basic_constraints, "critical,CA:TRUE,pathlen:0") &&
              add_ext(x, x, NID_key_usage, "critical,keyCertSign,cRLSign") &&
              add_ext(x, x, NID_subject_key_identifier, "hash") &&
              add_ext(x, x, NID_name_constraints, constraints(s.a, hosts).p) &&
              X509_sign(x, v->ca, EVP_sha256()) > 0;
    if (!ok) {
        X509_free(x);
        return E_INVALID;
    }
    X509_free(v->ca_cert);
    v->ca_cert = x;
    return E_NONE;
}

/* The authority's own constraints decide, as a browser's would. */
static bool may_sign(const struct vault *v, str host)
{
    NAME_CONSTRAINTS *nc = X509_get_ext_d2i(v->ca_cert, NID_name_constraints, NULL, NULL);
    bool ok = false;
    for (int i = 0; nc && i < sk_GENERAL_SUBTREE_num(nc->permittedSubtrees); i++) {
        const GENERAL_NAME *g = sk_GENERAL_SUBTREE_value(nc->permittedSubtrees, i)->base;
        if (g->type != GEN_DNS)
            continue;
        str name = { (const char *)ASN1_STRING_get0_data(g->d.dNSName),
                     (size_t)ASN1_STRING_length(g->d.dNSName) };
        ok |= within(host, name);
    }
    NAME_CONSTRAINTS_free(nc);
    return ok;
}

static err alt_names(const struct vault *v, struct arena *out, str hosts, str *ret)
{
    struct buf b = buf_in(out, 8192);
    bool local = false;
    for (str rest = hosts; rest.p;) {
        str host = next_host(&rest);
        if (!host.n || !may_sign(v, host))
            return E_INVALID;
        buf_fmt(&b, "%sDNS:" STR_FMT, b.n ? "," : "", STR_ARG(host));
        local |= is_local(host);
    }
    if (local)
        buf_put(&b, S(",IP:127.0.0.1,IP:::1"));
    buf_char(&b, 0);
    return buf_done(&b, ret);
}

static err to_pem(struct arena *out, X509 *x, str *ret)
{
    BIO *b = BIO_new(BIO_s_mem());
    must(b && PEM_write_bio_X509(b, x) == 1);
    char *p;
    long n = BIO_get_mem_data(b, &p);
    *ret = str_copy(out, (str){ p, (size_t)n });
    BIO_free(b);
    return E_NONE;
}

err ca_pem(struct vault *v, struct arena *out, str *ret)
{
    return to_pem(out, v->ca_cert, ret);
}

err ca_leaf(struct vault *v, struct arena *out, str hosts, usec now, struct leaf *ret)
{
    str alt, rest = hosts, first = next_host(&rest);
    TRY(alt_names(v, out, hosts, &alt));
    X509 *x = blank(v->tls, now, LEAF_DAYS);
    if (!x)
        return E_INTERNAL;
    bool ok = set_name(X509_get_subject_name(x), NID_commonName, str_sub(first, 0, 64)) &&
              X509_set_issuer_name(x, X509_get_subject_name(v->ca_cert)) == 1 &&
              add_ext(x, v->ca_cert, NID_basic_constraints, "critical,CA:FALSE") &&
              add_ext(x, v->ca_cert, NID_key_usage, "critical,digitalSignature") &&
              add_ext(x, v->ca_cert, NID_ext_key_usage, "serverAuth") &&
              add_ext(x, v->ca_cert, NID_subject_alt_name, alt.p) &&
              add_ext(x, v->ca_cert, NID_subject_key_identifier, "hash") &&
              add_ext(x, v->ca_cert, NID_authority_key_identifier, "keyid:always") &&
              X509_sign(x, v->ca, EVP_sha256()) > 0;
    err e = ok ? to_pem(out, x, &ret->pem) : E_INTERNAL;
    if (e == E_NONE)
        ret->not_after = now - USEC_HOUR + LEAF_DAYS * USEC_DAY;
    X509_free(x);
    return e;
}
