/* SPDX-License-Identifier: Apache-2.0 */
/* The core's own statements and the list of them. All text the core sends to the store stands
 * here or in the files this list names; each is prepared once at start against the schema, so
 * that one that does not fit stops the start instead of a call. One text serves both databases:
 * on PostgreSQL its parameters are numbered and nothing else is changed. */
#include "core/core_stmts.h"

/* ---- doubled requests ---- */
static const struct col idem_key_cols[] = {
    CORE_COL(idem_key, scope, COL_I64),
    CORE_COL(idem_key, key, COL_STR),
};
static const struct col idem_row_cols[] = {
    CORE_COL(idem_row, scope, COL_I64),    CORE_COL(idem_row, key, COL_STR),
    CORE_COL(idem_row, endpoint, COL_STR), CORE_COL(idem_row, print, COL_I64),
    CORE_COL(idem_row, status, COL_I64),   CORE_OPT(idem_row, answer, COL_STR),
    CORE_COL(idem_row, at, COL_I64),
};
const struct stmt idem_get = CORE_STMT(
    "idem_get", STMT_ONE, false,
    "SELECT scope, key, endpoint, print, status, answer, at FROM idempotency"
    " WHERE scope = :scope AND key = :key",
    CORE_IN(idem_key_cols), CORE_OUT(idem_row, idem_row_cols));
const struct stmt idem_put = CORE_STMT(
    "idem_put", STMT_EXEC, true,
    "INSERT INTO idempotency (scope, key, endpoint, print, status, answer, at)"
    " VALUES (:scope, :key, :endpoint, :print, :status, :answer, :at)"
    " ON CONFLICT (scope, key) DO UPDATE SET endpoint = excluded.endpoint,"
    " print = excluded.print, status = excluded.status, answer = excluded.answer,"
    " at = excluded.at",
    CORE_IN(idem_row_cols));
static const struct col trim_cols[] = {
    CORE_COL(outbox_keep, before, COL_I64),
    CORE_COL(outbox_keep, most, COL_I64),
};
const struct stmt idem_trim = CORE_STMT(
    "idem_trim", STMT_EXEC, true,
    "DELETE FROM idempotency WHERE (scope, key) IN"
    " (SELECT scope, key FROM idempotency WHERE at < :before ORDER BY at LIMIT :most)",
    CORE_IN(trim_cols));

/* ---- events ---- */
static const struct col topic_key_cols[] = {
    CORE_COL(topic_key, kind, COL_STR),
    CORE_COL(topic_key, id, COL_I64),
};
static const struct col topic_seq_cols[] = { CORE_COL(topic_seq, last_seq, COL_I64) };
static const struct col outbox_cols[] = {
    CORE_COL(outbox_row, kind, COL_STR),    CORE_COL(outbox_row, id, COL_I64),
    CORE_COL(outbox_row, seq, COL_I64),     CORE_COL(outbox_row, event, COL_STR),
    CORE_COL(outbox_row, payload, COL_STR), CORE_COL(outbox_row, at, COL_I64),
};
static const struct col outbox_from_cols[] = {
    CORE_COL(outbox_from, kind, COL_STR),
    CORE_COL(outbox_from, id, COL_I64),
    CORE_COL(outbox_from, seq, COL_I64),
    CORE_COL(outbox_from, most, COL_I64),
};
static const struct col outbox_keep_cols[] = {
    CORE_COL(outbox_keep, keep, COL_I64),
    CORE_COL(outbox_keep, before, COL_I64),
    CORE_COL(outbox_keep, most, COL_I64),
};
const struct stmt topic_next = CORE_STMT(
    "topic_next", STMT_ONE, true,
    "INSERT INTO topic (kind, id, last_seq) VALUES (:kind, :id, 1)"
    " ON CONFLICT (kind, id) DO UPDATE SET last_seq = topic.last_seq + 1 RETURNING last_seq",
    CORE_IN(topic_key_cols), CORE_OUT(topic_seq, topic_seq_cols));
const struct stmt topic_last = CORE_STMT(
    "topic_last", STMT_ONE, false, "SELECT last_seq FROM topic WHERE kind = :kind AND id = :id",
    CORE_IN(topic_key_cols), CORE_OUT(topic_seq, topic_seq_cols));
const struct stmt outbox_put = CORE_STMT("outbox_put", STMT_EXEC, true,
                                         "INSERT INTO outbox (kind, id, seq, event, payload, at)"
                                         " VALUES (:kind, :id, :seq, :event, :payload, :at)",
                                         CORE_IN(outbox_cols));
const struct stmt outbox_after = CORE_STMT(
    "outbox_after", STMT_MANY, false,
    "SELECT kind, id, seq, event, payload, at FROM outbox"
    " WHERE kind = :kind AND id = :id AND seq > :seq ORDER BY seq LIMIT :most",
    CORE_IN(outbox_from_cols), CORE_OUT(outbox_row, outbox_cols));
/* The newest `keep` of each topic stay whatever their age. */
const struct stmt outbox_trim = CORE_STMT(
    "outbox_trim", STMT_EXEC, true,
    "DELETE FROM outbox WHERE (kind, id, seq) IN (SELECT o.kind, o.id, o.seq FROM topic t"
    " JOIN outbox o ON o.kind = t.kind AND o.id = t.id AND o.seq <= t.last_seq - :keep"
    " WHERE o.at < :before LIMIT :most)",
    CORE_IN(outbox_keep_cols));

/* ---- jobs ---- */
static const struct col job_cols[] = {
    CORE_COL(job_row, id, COL_I64),      CORE_COL(job_row, kind, COL_STR),
    CORE_COL(job_row, person, COL_I64),  CORE_COL(job_row, at, COL_I64),
    CORE_COL(job_row, tries, COL_I64),   CORE_COL(job_row, lease, COL_I64),
    CORE_COL(job_row, payload, COL_STR),
};
static const struct col job_new_cols[] = {
    CORE_COL(job_new, id, COL_I64),      CORE_COL(job_new, kind, COL_STR),
    CORE_COL(job_new, person, COL_I64),  CORE_COL(job_new, at, COL_I64),
    CORE_COL(job_new, payload, COL_STR),
};
static const struct col job_due_cols[] = {
    CORE_COL(job_due, lease, COL_I64),
    CORE_COL(job_due, now, COL_I64),
    CORE_COL(job_due, most, COL_I64),
};
static const struct col job_id_cols[] = {
    CORE_COL(job_id, id, COL_I64),
    CORE_COL(job_id, tries, COL_I64),
};
static const struct col job_failed_cols[] = {
    CORE_COL(job_failed, at, COL_I64),    CORE_COL(job_failed, dead, COL_I64),
    CORE_COL(job_failed, why, COL_STR),   CORE_COL(job_failed, id, COL_I64),
    CORE_COL(job_failed, tries, COL_I64),
};
static const struct col job_dead_cols[] = {
    CORE_COL(job_dead, id, COL_I64),  CORE_COL(job_dead, kind, COL_STR),
    CORE_COL(job_dead, at, COL_I64),  CORE_COL(job_dead, tries, COL_I64),
    CORE_COL(job_dead, why, COL_STR),
};
static const struct col time_cols[] = { CORE_COL(time_row, at, COL_I64) };
const struct stmt job_put = CORE_STMT(
    "job_put", STMT_EXEC, true,
    "INSERT INTO job (id, kind, person, at, payload) VALUES (:id, :kind, :person, :at, :payload)",
    CORE_IN(job_new_cols));
/* tries is the fencing number: whoever lost the lease can neither finish nor fail the job. */
const struct stmt job_lease = CORE_STMT(
    "job_lease", STMT_MANY, true,
    "UPDATE job SET lease = :lease, tries = tries + 1 WHERE id IN (SELECT id FROM job"
    " WHERE dead = 0 AND at <= :now AND lease <= :now ORDER BY at LIMIT :most)"
    " RETURNING id, kind, person, at, tries, lease, payload",
    CORE_IN(job_due_cols), CORE_OUT(job_row, job_cols));
const struct stmt job_done = CORE_STMT("job_done", STMT_EXEC, true,
                                       "DELETE FROM job WHERE id = :id AND tries = :tries",
                                       CORE_IN(job_id_cols));
const struct stmt job_fail = CORE_STMT("job_fail", STMT_EXEC, true,
                                       "UPDATE job SET lease = 0, at = :at, dead = :dead, why = "
                                       ":why WHERE id = :id AND tries = :tries",
                                       CORE_IN(job_failed_cols));
const struct stmt job_next = CORE_STMT(
    "job_next", STMT_ONE, false,
    "SELECT coalesce(min(CASE WHEN at > lease THEN at ELSE lease END), 9223372036854775807)"
    " FROM job WHERE dead = 0",
    CORE_OUT(time_row, time_cols));
const struct stmt job_dead_list = CORE_STMT(
    "job_dead_list", STMT_MANY, false,
    "SELECT id, kind, at, tries, why FROM job WHERE dead = 1 ORDER BY at DESC LIMIT 200",
    CORE_OUT(job_dead, job_dead_cols));

/* ---- settings ---- */
static const struct col setting_name_cols[] = { CORE_COL(setting_name, name, COL_STR) };
static const struct col setting_cols[] = {
    CORE_COL(setting_row, name, COL_STR),
    CORE_COL(setting_row, value, COL_STR),
};
const struct stmt setting_get = CORE_STMT(
    "setting_get", STMT_ONE, false, "SELECT name, value FROM setting WHERE name = :name",
    CORE_IN(setting_name_cols), CORE_OUT(setting_row, setting_cols));
const struct stmt setting_put = CORE_STMT(
    "setting_put", STMT_EXEC, true,
    "INSERT INTO setting (name, value) VALUES (:name, :value)"
    " ON CONFLICT (name) DO UPDATE SET value = excluded.value",
    CORE_IN(setting_cols));

const struct stmt *const core_stmts[] = {
    &idem_get,     &idem_put,      &idem_trim,   &topic_next,  &topic_last, &outbox_put,
    &outbox_after, &outbox_trim,   &job_put,     &job_lease,   &job_done,   &job_fail,
    &job_next,     &job_dead_list, &setting_get, &setting_put,
};
const size_t core_stmts_n = COUNT(core_stmts);
