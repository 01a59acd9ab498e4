/* SPDX-License-Identifier: Apache-2.0 */
/* OpenMetrics 1.0 text. Names begin with outwork_, times are seconds, counters end in _total;
 * only series that have happened are written, and no label holds anything a stranger chose. */
#include "core/metrics.h"

#include "base/os.h"
#include "core/live.h"

static const char *const lanes[5] = { "memory", "quick", "read", "write", "slow" };
static const char *const took_le[8] = { "0.0001", "0.0005", "0.001", "0.005",
                                        "0.02",   "0.1",    "1.0",   "+Inf" };
static const char *const commit_le[8] = { "0.00025", "0.0005", "0.001", "0.0025",
                                          "0.005",   "0.01",   "0.05",  "+Inf" };

static void head(struct buf *b, const char *name, const char *type, const char *help)
{
    buf_fmt(b, "# TYPE outwork_%s %s\n# HELP outwork_%s %s\n", name, type, name, help);
}

static void counter(struct buf *b, const char *name, u64 v, const char *help)
{
    head(b, name, "counter", help);
    buf_fmt(b, "outwork_%s_total %llu\n", name, (unsigned long long)v);
}

static void gauge(struct buf *b, const char *name, u64 v, const char *help)
{
    head(b, name, "gauge", help);
    buf_fmt(b, "outwork_%s %llu\n", name, (unsigned long long)v);
}

static void put_seconds(struct buf *b, u64 us)
{
    buf_fmt(b, "%llu.%06llu\n", (unsigned long long)(us / 1000000),
            (unsigned long long)(us % 1000000));
}

static void put_requests(struct buf *b, const struct serve_stats *s)
{
    head(b, "requests", "counter", "Answers by lane and class of status.");
    for (size_t l = 0; l < 5; l++)
        for (size_t i = 1; i < 6; i++)
            if (s->answers[l][i])
                buf_fmt(b, "outwork_requests_total{lane=\"%s\",status=\"%zuxx\"} %llu\n",
                        lanes[l], i, (unsigned long long)s->answers[l][i]);
    head(b, "request_seconds", "histogram", "From a whole request to its answer.");
    for (size_t l = 0; l < 5; l++) {
        u64 sum = 0;
        for (size_t i = 0; i < 8; i++) {
            sum += s->took_le[l][i];
            buf_fmt(b, "outwork_request_seconds_bucket{lane=\"%s\",le=\"%s\"} %llu\n", lanes[l],
                    took_le[i], (unsigned long long)sum);
        }
        buf_fmt(b, "outwork_request_seconds_count{lane=\"%s\"} %llu\n", lanes[l],
                (unsigned long long)sum);
        buf_fmt(b, "outwork_request_seconds_sum{lane=\"%s\"} ", lanes[l]);
        put_seconds(b, s->took_us[l]);
    }
}

static void put_commits(struct buf *b, const struct writer_stats *w)
{
    u64 sum = 0;
    head(b, "commit_seconds", "histogram", "Write groups, from commit to durable.");
    for (size_t i = 0; i < 8; i++) {
        sum += w->commit_le[i];
        buf_fmt(b, "outwork_commit_seconds_bucket{le=\"%s\"} %llu\n", commit_le[i],
                (unsigned long long)sum);
    }
    buf_fmt(b, "outwork_commit_seconds_count %llu\noutwork_commit_seconds_sum ",
            (unsigned long long)sum);
    put_seconds(b, w->commit_us);
    counter(b, "write_calls", w->tasks, "Tasks the writer has run, reruns included.");
    counter(b, "write_groups_lost", w->failed_groups, "Groups undone as a whole.");
    counter(b, "write_calls_slow", (u64)w->slow_tasks, "Tasks over 20 ms of writer time.");
}

static void put_queues(struct buf *b, const struct serve_stats *s)
{
    head(b, "queue_length", "gauge", "Calls that wait, by lane.");
    buf_fmt(b, "outwork_queue_length{lane=\"read\"} %u\n", s->read_queue);
    buf_fmt(b, "outwork_queue_length{lane=\"write\"} %u\n", s->write_queue);
    buf_fmt(b, "outwork_queue_length{lane=\"slow\"} %u\n", s->slow_queue);
}

void metrics_put(struct buf *b, const struct serve *s)
{
    struct serve_stats st;
    serve_stats(s, &st);
    put_requests(b, &st);
    put_commits(b, &st.writer);
    put_queues(b, &st);
    counter(b, "refusals", st.refused, "Answers the gate refused.");
    counter(b, "repeats", st.repeated, "Doubled requests answered from their first answer.");
    counter(b, "rate_limited", st.rate_limited, "Answers 429.");
    counter(b, "busy", st.busy, "Answers 503 because a queue was full.");
    gauge(b, "live_sockets", st.sockets, "Live sockets open now.");
    gauge(b, "memory_arena_bytes", arena_live(), "Held by all arenas of this process.");
    gauge(b, "writer_ok", st.writer_ok, "1 while write groups can be committed.");
    buf_put(b, S("# EOF\n"));
}

bool metrics_healthy(const struct serve *s)
{
    struct serve_stats st;
    serve_stats(s, &st);
    return st.writer_ok;
}
