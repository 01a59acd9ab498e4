/* SPDX-License-Identifier: Apache-2.0 */
/* The config file: what is written is read, and every mistake names its line and what to write
 * instead. */
#include "proc/config.h"

#include <string.h>

#include "proc/listen.h"
#include "proc/near.h"
#include "test/test.h"

static struct config_error fault(struct T *T, const char *text)
{
    struct config c;
    struct config_error why = { 0 };
    expect_err(config_parse(T->arena, str_from(text), &c, &why), E_INVALID);
    return why;
}

TEST(defaults_are_those_of_an_empty_file)
{
    struct config c;
    struct config_error why;
    expect_ok(config_parse(T->arena, S(""), &c, &why));
    expect_s(c.host, S("localhost"));
    expect_s(c.listen, S("127.0.0.1:8443, [::1]:8443"));
    expect_i(c.connections, 20000);
    expect(!c.demo);
}

TEST(the_written_file_reads_back_as_itself)
{
    struct config c, again;
    struct config_error why;
    expect_ok(config_parse(T->arena,
                           S("# mine\r\nhost = office.example.com, o.example.com\r\n\n  threads=4\n"
                             "demo = yes\nlog = debug"),
                           &c, &why));
    struct buf one = buf_in(T->arena, 1 << 16), two = buf_in(T->arena, 1 << 16);
    config_write(&one, &c, true);
    expect_ok(config_parse(T->arena, buf_str(&one), &again, &why));
    config_write(&two, &again, true);
    expect_s(buf_str(&two), buf_str(&one));
    expect_s(config_host(&again), S("office.example.com"));
    expect_i(again.threads, 4);
    expect(again.demo);
    expect(str_find(buf_str(&one), S("# Default: 20000\nconnections = 20000\n")) > 0);
}

TEST(an_unknown_key_names_its_line_and_the_nearest_key)
{
    struct config_error why = fault(T, "host = a.example\n\nlisen = 127.0.0.1:1\n");
    expect_i(why.line, 3);
    expect_s(why.text, S("unknown key \"lisen\"; did you mean \"listen\"?"));
    why = fault(T, "colour = blue");
    expect_i(why.line, 1);
    expect(str_find(why.text, S("did you mean")) < 0);
}

TEST(every_malformed_value_is_refused)
{
    static const char *const bad[] = {
        "host =",
        "host = Office",
        "host = a..b",
        "host = -a",
        "host = a b",
        "host = a,",
        "host = a_b",
        "listen = 8443",
        "listen = localhost:80",
        "listen = 1.2.3.4:0",
        "listen = 1.2.3.4:65536",
        "listen = ::1:80",
        "listen = [::1",
        "listen = 1.2.3.4:80,",
        "listen =",
        "listen = 256.1.1.1:80",
        "threads = two",
        "threads = -1",
        "threads = 65",
        "threads = 99999999999999999999",
        "connections = 1",
        "demo = true",
        "log = loud",
        "threads",
        "= 4",
        "threads = 1\nthreads = 1",
        "root_key = a\tb",
        "root_key = \xff\xfe",
        "threads = 4 # four",
    };
    for (size_t i = 0; i < COUNT(bad); i++) {
        struct config_error why = fault(T, bad[i]);
        expect(why.line > 0 && why.text.n > 8);
    }
    fault(T,
          "host = "
          "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.example");
}

TEST(a_doubled_key_is_refused)
{
    struct config_error why = fault(T, "demo = no\n# x\ndemo = no\n");
    expect_i(why.line, 3);
    expect_s(why.text, S("demo: given twice"));
}

TEST(the_command_line_sets_keys_with_dashes)
{
    struct config c;
    struct config_error why;
    config_default(&c);
    expect_ok(config_set(T->arena, &c, S("root-key"), S("/etc/outwork.key"), &why));
    expect_s(c.root_key, S("/etc/outwork.key"));
    expect_err(config_set(T->arena, &c, S("theads"), S("1"), &why), E_INVALID);
    expect_s(why.text, S("unknown key \"theads\"; did you mean \"threads\"?"));
}

TEST(addresses_parse_with_their_ports)
{
    struct listen_address a[LISTEN_ADDRESSES_MAX];
    size_t n;
    expect_ok(listen_parse_list(S("0.0.0.0:443,[2001:db8::1]:8443"), a, &n));
    expect_i(n, 2);
    expect_i(listen_port(&a[0]), 443);
    expect_i(listen_port(&a[1]), 8443);
    expect_i(a[1].at.ss_family, AF_INET6);
    expect_err(listen_parse_list(S("1.1.1.1:1,1.1.1.1:2,1.1.1.1:3,1.1.1.1:4,1.1.1.1:5,1.1.1.1:6,"
                                   "1.1.1.1:7,1.1.1.1:8,1.1.1.1:9"),
                                 a, &n),
               E_INVALID);
}

TEST(the_nearest_word_is_near)
{
    static const char *const words[] = { "run", "init", "doctor", "ledger" };
    expect_s(str_from(near_word(S("dcotor"), words, 4)), S("doctor"));
    expect_s(str_from(near_word(S("rnu"), words, 4)), S("run"));
    expect(near_word(S("banana"), words, 4) == NULL);
    expect(near_word(S(""), words, 4) == NULL);
    expect_i(near_distance(S("ledger"), S("ledgers")), 1);
    expect_i(near_distance(S("kitten"), S("sitting")), 3);
}
