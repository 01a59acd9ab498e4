/* SPDX-License-Identifier: Apache-2.0 */
/* The numbers, as a collector reads them. */
#include "core/metrics.h"

#include "base/fault.h"
#include "base/os.h"
#include "core/testkit/notes.h"
#include "test/test.h"

static str text_of(struct kit *k)
{
    struct buf b = buf_in(k->a, 1 << 20);
    metrics_put(&b, k->serve);
    return buf_str(&b);
}

static void expect_line(str text, const char *line)
{
    if (str_find(text, str_from(line)) < 0)
        test_failed(__FILE__, __LINE__, "no line %s in\n" STR_FMT, line, STR_ARG(text));
}

TEST(numbers_are_openmetrics_and_count_what_happened)
{
    struct kit *k = kit_begin(T);
    struct person *p = kit_person(k, 10, 0);
    for (int i = 0; i < 3; i++)
        (void)kit_get(p, "/api/me");
    (void)kit_get(p, "/api/notes/77");
    (void)kit_post(p, "/api/boards/7/notes", S("{\"text\":\"x\"}"));
    (void)kit_post(p, "/api/admin", (str){ 0 });
    str text = text_of(k);
    expect_line(text, "outwork_requests_total{lane=\"memory\",status=\"2xx\"} 3\n");
    expect_line(text, "outwork_requests_total{lane=\"quick\",status=\"4xx\"} 1\n");
    expect_line(text, "outwork_requests_total{lane=\"write\",status=\"2xx\"} 1\n");
    expect_line(text, "outwork_refusals_total 1\n");
    expect_line(text, "outwork_request_seconds_bucket{lane=\"memory\",le=\"+Inf\"} 3\n");
    expect_line(text, "outwork_queue_length{lane=\"write\"} 0\n");
    expect_line(text, "outwork_writer_ok 1\n");
    expect(str_ends(text, S("# EOF\n")));
    /* every sample's family was announced, and no line is empty */
    str rest = text, family = S("");
    for (str line; rest.p && rest.n;) {
        line = str_cut(&rest, '\n');
        expect(line.n > 0);
        if (str_starts(line, S("# TYPE "))) {
            str tail = str_sub(line, 7, line.n);
            family = str_cut(&tail, ' ');
        } else if (line.p[0] != '#') {
            expect(str_starts(line, family));
        }
    }
    kit_end(k);
}

TEST(a_full_disk_shows_in_the_health)
{
    struct kit *k = kit_begin(T);
    struct person *p = kit_person(k, 10, 0);
    expect(metrics_healthy(k->serve));
    fault_arm(FAULT_DISK, 1, true);
    struct got g = kit_post(p, "/api/boards/7/notes", S("{\"text\":\"x\"}"));
    expect(fault_disarm());
    expect_i(g.status, 507);
    expect(!metrics_healthy(k->serve));
    g = kit_post(p, "/api/boards/7/notes", S("{\"text\":\"x\"}"));
    expect_i(g.status, 200);
    usec until = os_mono() + 5 * USEC_S;
    while (!metrics_healthy(k->serve) && os_mono() < until)
        kit_letters(k, USEC_MS);
    expect(metrics_healthy(k->serve));
    kit_end(k);
}
