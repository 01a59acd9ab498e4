/* SPDX-License-Identifier: Apache-2.0 */
/* `outwork cert show` and `cert renew`. While a server runs it holds the vault, so renewing asks it
 * (SIGUSR1) and waits for the new file; otherwise a vault is started for the purpose. */
#include <signal.h>
#include <unistd.h>

#include "base/os.h"
#include "main/cert.h"
#include "main/place.h"
#include "main/vault_run.h"

enum { RENEW_WAIT_S = 5 };

static int show(const struct place *p, const char *label, const char *file)
{
    X509 *x;
    err e = cert_read(place_path(p, file), &x);
    if (e != E_NONE)
        return cli_fail(TEXT_CANNOT_READ, place_path(p, file), err_text(e));
    struct buf b = buf_in(p->arena, 16384);
    str names = cert_names(p->arena, x);
    char subject[256];
    (void)X509_NAME_oneline(X509_get_subject_name(x), subject, sizeof subject);
    buf_fmt(&b, "%s  %s\n  subject      %s\n", label, place_path(p, file), subject);
    if (names.n)
        buf_fmt(&b, "  names        " STR_FMT "\n", STR_ARG(names));
    buf_put(&b, S("  valid from   "));
    time_put(&b, cert_not_before(x));
    buf_put(&b, S("\n  valid until  "));
    time_put(&b, cert_not_after(x));
    buf_fmt(&b, "\n  SHA-256      " STR_FMT "\n", STR_ARG(cert_fingerprint(p->arena, x)));
    X509_free(x);
    cli_say(STR_FMT, STR_ARG(buf_str(&b)));
    return CLI_OK;
}

int cmd_cert_show(struct cli *c)
{
    struct place p;
    if (!place_open(c, &p))
        return CLI_FAILED;
    int code = show(&p, "certificate", "tls/cert.pem");
    return code == CLI_OK ? show(&p, "authority", "tls/ca.pem") : code;
}

static str certificate(const struct place *p)
{
    str pem;
    return os_read_file(p->arena, place_path(p, "tls/cert.pem"), 64 * 1024, &pem) == E_NONE ? pem
                                                                                            : S("");
}

static int ask_running(const struct place *p, int pid)
{
    str was = certificate(p);
    usec until = os_mono() + RENEW_WAIT_S * USEC_S;
    if (kill(pid, SIGUSR1) != 0)
        return cli_fail(TEXT_FAILED, "kill", os_err_text());
    while (str_eq(certificate(p), was)) {
        if (os_mono() > until)
            return cli_fail("%s", TEXT_CERT_NO_ANSWER);
        (void)usleep(20000);
    }
    return CLI_OK;
}

static int renew_alone(const struct place *p)
{
    struct vault_run v;
    str why = S("");
    err e = vault_run_start(p, false, &v, &why);
    if (e == E_NONE) {
        e = vault_run_issue(&v, p, &why);
        vault_run_stop(&v);
    }
    return e == E_NONE ? CLI_OK : cli_fail(STR_FMT, STR_ARG(why));
}

int cmd_cert_renew(struct cli *c)
{
    struct place p;
    if (!place_open(c, &p))
        return CLI_FAILED;
    int pid = place_holder(&p);
    int code = pid ? ask_running(&p, pid) : renew_alone(&p);
    if (code == CLI_OK)
        cli_say("%s\n", TEXT_CERT_RENEWED);
    return code;
}
