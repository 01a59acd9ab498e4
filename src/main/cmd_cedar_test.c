/* SPDX-License-Identifier: Apache-2.0 */
/* `outwork cedar` as scripts use it: exit codes, what stands on standard output. */
#include "main/cmd_cedar.h"

#include <fcntl.h>
#include <unistd.h>

#include "base/os.h"
#include "test/test.h"

static const char policies[] =
    "@id(\"read\")\npermit (principal in Team::\"core\", action == Action::\"read\", "
    "resource)\nwhen { resource.pages < 10 && context.mfa };\n"
    "forbid (principal, action, resource) when { principal.locked };\n";
static const char schema[] =
    "entity Team; entity User in [Team] { locked: Bool }; entity Doc { pages: Long };\n"
    "action read appliesTo { principal: User, resource: Doc, context: { mfa: Bool } };\n";
static const char entities[] = "[{\"uid\":{\"type\":\"User\",\"id\":\"ana\"},\"attrs\":{\"locked\":"
                               "false},\"parents\":[{\"type\":"
                               "\"Team\",\"id\":\"core\"}]},{\"uid\":{\"type\":\"Doc\",\"id\":"
                               "\"plan\"},\"attrs\":{\"pages\":3},"
                               "\"parents\":[]}]";

static char *put(struct T *T, const char *name, const char *text)
{
    str path = str_fmt(T->arena, "%s/%s", T->dir, name);
    expect_ok(os_write_file(path.p, str_from(text), 0600));
    return str_z(T->arena, path);
}

/* Runs it with standard output in a file; NULL ends the arguments. */
static int run(struct T *T, str *ret_out, char *const *args)
{
    char *argv[24] = { (char[]){ "cedar" } }, *path = put(T, "out", "");
    int argc = 1, saved = dup(STDOUT_FILENO), fd = open(path, O_WRONLY | O_TRUNC | O_CLOEXEC);
    while (args[argc - 1])
        argv[argc] = args[argc - 1], argc++;
    expect(saved >= 0 && fd >= 0);
    (void)fflush(stdout);
    expect(dup2(fd, STDOUT_FILENO) >= 0);
    int code = cmd_cedar(argc, argv);
    (void)fflush(stdout);
    expect(dup2(saved, STDOUT_FILENO) >= 0);
    os_close(fd);
    os_close(saved);
    expect_ok(os_read_file(T->arena, path, 1 << 20, ret_out));
    return code;
}

#define RUN(ret_out, ...) run(T, ret_out, (char *[]){ __VA_ARGS__, NULL })
#define A(text) \
    (char[]) { text }

TEST(cedar_authorize_answers_in_exit_codes)
{
    str out;
    char *p = put(T, "p.cedar", policies), *s = put(T, "s.cedarschema", schema),
         *e = put(T, "e.json", entities);
    char *yes = put(T, "yes.json",
                    "{\"principal\":\"User::\\\"ana\\\"\",\"action\":\"Action::\\\"read\\\"\","
                    "\"resource\":\"Doc::\\\"plan\\\"\",\"context\":{\"mfa\":true}}");
    char *no = put(T, "no.json",
                   "{\"principal\":\"User::\\\"ana\\\"\",\"action\":\"Action::\\\"read\\\"\","
                   "\"resource\":\"Doc::\\\"plan\\\"\",\"context\":{\"mfa\":false}}");
    char *odd = put(T, "odd.json",
                    "{\"principal\":\"User::\\\"ana\\\"\",\"action\":\"Action::\\\"read\\\"\","
                    "\"resource\":\"Doc::\\\"plan\\\"\",\"context\":{\"mfa\":7}}");
    expect_i(RUN(&out, A("authorize"), A("--policies"), p, A("--schema"), s, A("--entities"), e,
                 A("--request-json"), yes, A("--verbose")),
             0);
    expect_s(out,
             S("ALLOW\n\nnote: this decision was due to the following policies:\n  policy0\n"));
    expect_i(
        RUN(&out, A("authorize"), A("--policies"), p, A("--entities"), e, A("--request-json"), no),
        2);
    expect_s(out, S("DENY\n"));
    expect_i(RUN(&out, A("authorize"), A("--policies"), p, A("--schema"), s, A("--entities"), e,
                 A("--request-json"), odd),
             1);
    expect_s(out, S(""));
    expect_i(RUN(&out, A("authorize"), A("--policies"), p, A("--entities"), e, A("--principal"),
                 A("User::\"eve\""), A("--action"), A("Action::\"read\""), A("--resource"),
                 A("Doc::\"plan\""), A("--verbose")),
             2);
    expect_s(out, S("DENY\n\nnote: no policies applied to this request\nerror: policy `policy1`: "
                    "User::\"eve\" is "
                    "not in the store\n"));
    expect_i(RUN(&out, A("authorize"), A("--policies"), A("/nonexistent"), A("--entities"), e,
                 A("--request-json"), yes),
             1);
    expect_i(RUN(&out, A("explain"), A("-p"), p, A("--entities"), e, A("--request-json"), no), 2);
    expect(str_find(out, S("context.mfa is false")) > 0);
}

TEST(cedar_validate_tells_valid_invalid_and_unusable_apart)
{
    str out;
    char *p = put(T, "p.cedar", policies), *s = put(T, "s.cedarschema", schema);
    char *wrong =
        put(T, "w.cedar", "permit(principal, action, resource) when { resource.words == 1 };");
    char *broken = put(T, "b.cedar", "permit(principal");
    expect_i(RUN(&out, A("validate"), A("--policies"), p, A("--schema"), s), 0);
    expect_i(RUN(&out, A("validate"), A("--policies"), wrong, A("--schema"), s), 3);
    expect_i(RUN(&out, A("validate"), A("--policies"), broken, A("--schema"), s), 1);
    expect_i(RUN(&out, A("validate"), A("--policies"), p), 1);
    expect_i(RUN(&out, A("check-parse"), A("--policies"), p), 0);
    expect_i(RUN(&out, A("check-parse"), A("--policies"), broken), 1);
    expect_i(RUN(&out, A("nonsense")), 1);
    expect_i(RUN(&out, A("validate"), A("--nonsense")), 1);
}

TEST(cedar_format_and_translate_change_the_form_and_nothing_else)
{
    str text, json, back;
    char *p = put(T, "p.cedar", policies);
    expect_i(RUN(&text, A("format"), A("--policies"), p), 0);
    char *formatted = put(T, "f.cedar", str_z(T->arena, text));
    expect_i(RUN(&back, A("format"), A("--check"), A("--policies"), formatted), 0);
    expect_i(RUN(&json, A("translate-policy"), A("--policies"), p), 0);
    char *j = put(T, "p.json", str_z(T->arena, json));
    expect_i(
        RUN(&back, A("translate-policy"), A("--direction"), A("json-to-cedar"), A("--policies"), j),
        0);
    expect_s(back, text);
    expect_i(
        RUN(&back, A("translate-policy"), A("--direction"), A("json-to-cedar"), A("--policies"), p),
        1);
}

TEST(cedar_corpus_counts_what_agrees)
{
    str out;
    put(T, "one.cedar", policies);
    put(T, "one.cedarschema", schema);
    put(T, "one.entities.json", entities);
    put(T, "one.json",
        "{\"policies\":\"elsewhere/"
        "one.cedar\",\"shouldValidate\":true,\"requests\":[{\"principal\":"
        "{\"type\":\"User\",\"id\":\"ana\"},\"action\":{\"type\":\"Action\",\"id\":\"read\"},"
        "\"resource\":{\"type\":\"Doc\",\"id\":\"plan\"},\"context\":{\"mfa\":true},\"decision\":"
        "\"allow\",\"reason\":[\"policy0\"],\"errors\":[]}]}");
    expect_i(RUN(&out, A("corpus"), T->dir), 0);
    expect_s(out, S("1 passed, 0 failed\n"));
    put(T, "one.json",
        "{\"shouldValidate\":false,\"requests\":[{\"description\":\"r\",\"principal\":{\"type\":"
        "\"User\",\"id\":\"ana\"},\"action\":{\"type\":\"Action\",\"id\":\"read\"},\"resource\":"
        "{\"type\":\"Doc\",\"id\":\"plan\"},\"context\":{\"mfa\":false},\"decision\":\"allow\","
        "\"reason\":[\"policy0\"],\"errors\":[]}]}");
    expect_i(RUN(&out, A("corpus"), T->dir), 1);
    expect_s(
        out,
        S("one: found valid, expected invalid\none: decided deny, expected allow: r\none: other "
          "determining policies: r\n0 passed, 1 failed\n"));
}
