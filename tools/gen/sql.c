/* SPDX-License-Identifier: Apache-2.0 */
/* Reads queries.sql and migrations, and proves each statement at build time: an in-memory SQLite
 * takes every migration of every module, each statement is prepared there under an authorizer that
 * admits its module's tables (and, for reading, those of modules it uses), its columns are laid
 * against the record they fill, and its plan is read for scans. */
#include <sqlite3.h>

#include "sql_text.h"

/* ---- Reading queries.sql ---- */

struct reader {
    struct gen *g;
    struct module *m;
    struct query *q; /* the one being read, or NULL */
    struct buf text, pg;
    str path;
    int line;
};

static void finish_query(struct reader *r)
{
    struct query *q = r->q;
    r->q = NULL;
    if (!q)
        return;
    q->text = sql_clean(r->g, buf_str(&r->text));
    q->pg = sql_clean(r->g, buf_str(&r->pg));
    if (!q->text.n)
        bad(r->g, q->at, "the statement `@` has no text", q->name);
    else
        *vec_push(&r->m->queries, r->g->a) = *q;
}

/* `(name type, …)` behind the shape. */
static bool parse_row(struct cursor *c, struct query *q)
{
    do {
        struct field f = { .at = c->at, .name = cur_word(c) };
        if (!name_ok(f.name) || find_field(&q->cols, f.name)) {
            bad(c->g, c->at, "a row is written (name type, …), each name once; `@` does not fit",
                f.name);
            return false;
        }
        if (!parse_type(c, &f.type))
            return false;
        *vec_push(&q->cols, c->g->a) = f;
    } while (cur_take(c, ','));
    if (cur_take(c, ')'))
        return true;
    bad(c->g, c->at, "the row of `@` needs a closing bracket", q->name);
    return false;
}

static bool parse_shape(struct cursor *c, struct query *q)
{
    str word = cur_take(c, ':') ? cur_word(c) : (str){ 0 };
    if (str_eq_z(word, "one"))
        q->shape = SHAPE_ONE;
    else if (str_eq_z(word, "many"))
        q->shape = SHAPE_MANY;
    else if (str_eq_z(word, "exec"))
        q->shape = SHAPE_EXEC;
    else {
        bad(c->g, c->at,
            "a statement is written `-- name: channel_get :one channel`, with :one, :many or "
            ":exec");
        return false;
    }
    if (cur_take(c, '(')) {
        q->result = RESULT_ROW;
        return parse_row(c, q);
    }
    if (cur_take(c, '-')) {
        struct field f = { .at = c->at, .name = S("value") };
        q->result = q->shape == SHAPE_EXEC ? RESULT_COUNT : RESULT_SCALAR;
        if (!cur_take(c, '>')) {
            bad(c->g, c->at, "one value is written `-> int`");
            return false;
        }
        if (!parse_type(c, &f.type))
            return false;
        *vec_push(&q->cols, c->g->a) = f;
        return true;
    }
    q->ret_name = cur_word(c);
    q->result = q->ret_name.n ? RESULT_RECORD : RESULT_NONE;
    if ((q->shape == SHAPE_EXEC) == (q->result == RESULT_NONE))
        return true;
    bad(c->g, c->at,
        q->shape == SHAPE_EXEC ? "`@` is :exec and returns no row: drop the record or say :one"
                               : "`@` says no record: add its name, `-> type` or (name type, …)",
        q->name);
    return false;
}

static void begin_query(struct reader *r, str head)
{
    struct cursor c = { r->g, head, { r->path, r->line } };
    struct query *q = NEW(r->g->a, struct query);
    finish_query(r);
    q->at = c.at;
    q->m = r->m;
    q->name = cur_word(&c);
    r->text = buf_in(r->g->a, GEN_FILE_MAX);
    r->pg = buf_in(r->g->a, GEN_FILE_MAX);
    if (!name_ok(q->name))
        bad(r->g, c.at, "`@` cannot be a statement's name: use lower-case letters, digits and _",
            q->name);
    else if (parse_shape(&c, q) && !cur_end(&c))
        bad(r->g, c.at, "`@` is not understood behind the statement's name and shape", c.rest);
    r->q = q;
}

static void add_declared(struct reader *r, struct fields *to, str rest)
{
    struct cursor c = { r->g, rest, { r->path, r->line } };
    struct field f = { .at = c.at, .name = cur_word(&c) };
    if (!f.name.n || !parse_type(&c, &f.type) || !cur_end(&c))
        bad(r->g, c.at, "write `-- param name type` or `-- col name type`");
    else if (find_field(to, f.name))
        bad(r->g, c.at, "`@` is declared twice", f.name);
    else
        *vec_push(to, r->g->a) = f;
}

static bool keyed(str comment, const char *key, str *ret_rest)
{
    if (!str_starts(comment, str_from(key)))
        return false;
    *ret_rest = str_trim(str_sub(comment, strlen(key), comment.n));
    return true;
}

/* Unclosed brackets of a `-- name:` line: its row goes on in the next comment. */
static bool unclosed(str s)
{
    int depth = 0;
    for (size_t i = 0; i < s.n; i++)
        depth += s.p[i] == '(' ? 1 : s.p[i] == ')' ? -1 : 0;
    return depth > 0;
}

void queries_parse(struct gen *g, struct module *m, str path, str text)
{
    struct reader r = { .g = g, .m = m, .path = path };
    str head = { 0 }, value;
    for (str rest = text; rest.p;) {
        str line = str_cut(&rest, '\n'), trimmed = str_trim(line);
        str comment =
            str_starts(trimmed, S("--")) ? str_trim(str_sub(trimmed, 2, trimmed.n)) : (str){ 0 };
        r.line++;
        if (head.p || keyed(comment, "name:", &value)) {
            head = head.p ? text(g, "@ @", head, comment) : value;
            if (unclosed(head) && comment.p)
                continue;
            begin_query(&r, head);
            head = (str){ 0 };
        } else if (comment.p) {
            if (r.q && keyed(comment, "param ", &value))
                add_declared(&r, &r.q->declared, value);
            else if (r.q && keyed(comment, "col ", &value))
                add_declared(&r, &r.q->declared_cols, value);
            else if (r.q && keyed(comment, "scan:", &value))
                r.q->scan = value;
            else if (r.q && keyed(comment, "pg:", &value))
                put(&r.pg, "@\n", value);
        } else if (r.q) {
            if (trimmed.n && !r.q->text_line)
                r.q->text_line = r.line;
            if (r.q->text_line)
                put(&r.text, "@\n", line);
        } else if (trimmed.n) {
            bad(g, line_at(path, r.line),
                "this text belongs to no statement: begin with `-- name: …`");
        }
    }
    finish_query(&r);
}

void migration_add(struct gen *g, struct module *m, str path, str name, str text)
{
    struct migration mig = { .name = name, .sqlite = text, .at = { path, 1 } };
    mig.pg = pg_schema(g, path, text);
    *vec_push(&m->migrations, g->a) = mig;
}

/* ---- Migrating ---- */

static int line_of(str text, size_t offset)
{
    int line = 1;
    for (size_t i = 0; i < MIN(offset, text.n); i++)
        line += text.p[i] == '\n';
    return line;
}

static void migrate(struct gen *g, sqlite3 *db, const struct migration *mig)
{
    char *text = str_z(g->a, mig->sqlite), *at = text;
    while (*at) {
        sqlite3_stmt *st = NULL;
        const char *tail = NULL;
        int rc = sqlite3_prepare_v2(db, at, -1, &st, &tail);
        if (rc == SQLITE_OK && st)
            rc = sqlite3_step(st) == SQLITE_DONE ? SQLITE_OK : SQLITE_ERROR;
        if (rc != SQLITE_OK) {
            int offset = MAX(sqlite3_error_offset(db), 0);
            struct where where = { mig->at.file,
                                   line_of(mig->sqlite, (size_t)(at - text) + (size_t)offset) };
            bad(g, where, "the migration fails: @", z(sqlite3_errmsg(db)));
            sqlite3_finalize(st);
            return;
        }
        sqlite3_finalize(st);
        at = text + (tail - text);
    }
}

static bool has_name(const struct names *n, str name)
{
    for (size_t i = 0; i < n->n; i++)
        if (str_eq(n->at[i], name))
            return true;
    return false;
}

/* Tables that no module had so far are m's. */
static void own_tables(struct gen *g, sqlite3 *db, struct module *m, struct where at)
{
    sqlite3_stmt *st = NULL;
    const char *sql =
        "SELECT name, strict FROM pragma_table_list WHERE schema = 'main' AND type = 'table' "
        "AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY name";
    must(sqlite3_prepare_v2(db, sql, -1, &st, NULL) == SQLITE_OK);
    while (sqlite3_step(st) == SQLITE_ROW) {
        str name = str_copy(g->a, str_from((const char *)sqlite3_column_text(st, 0)));
        bool known = false;
        for (size_t i = 0; i < g->modules.n; i++)
            known = known || has_name(&g->modules.at[i]->tables, name);
        if (known)
            continue;
        *vec_push(&m->tables, g->a) = name;
        if (!sqlite3_column_int(st, 1))
            bad(g, at, "the table `@` is not STRICT: write `) STRICT;`", name);
    }
    sqlite3_finalize(st);
}

static void migrate_all(struct gen *g, sqlite3 *db)
{
    for (size_t i = 0; i < g->modules.n; i++) {
        struct module *m = g->modules.at[i];
        for (size_t k = 0; k < m->migrations.n; k++) {
            const struct migration *mig = &m->migrations.at[k];
            str want = str_fmt(g->a, "%03zu", k + 1);
            if (!str_eq(mig->name, want))
                bad(g, mig->at, "migrations are numbered without a gap: this one should be @.sql",
                    want);
            migrate(g, db, mig);
            own_tables(g, db, m, mig->at);
        }
    }
}

/* ---- Who may touch what ---- */

struct asked {
    struct gen *g;
    const struct query *q;
    struct names refused;
};

static const struct module *owner(struct gen *g, str table)
{
    for (size_t i = 0; i < g->modules.n; i++)
        if (has_name(&g->modules.at[i]->tables, table))
            return g->modules.at[i];
    return NULL;
}

static void refuse(struct asked *a, const char *table, const char *why)
{
    str name = str_copy(a->g->a, str_from(table));
    if (has_name(&a->refused, name))
        return;
    *vec_push(&a->refused, a->g->a) = name;
    bad(a->g, a->q->at, "@ may not touch `@`: @", a->q->name, name, z(why));
}

static int authorize(void *arg, int action, const char *one, const char *two, const char *db,
                     const char *trigger)
{
    struct asked *a = arg;
    (void)two, (void)db, (void)trigger;
    bool writes = action == SQLITE_INSERT || action == SQLITE_UPDATE || action == SQLITE_DELETE;
    if (action == SQLITE_SELECT || action == SQLITE_FUNCTION || action == SQLITE_RECURSIVE)
        return SQLITE_OK;
    if (!writes && action != SQLITE_READ) {
        refuse(a, one ? one : "this", "statements are SELECT, INSERT, UPDATE and DELETE only");
        return SQLITE_OK;
    }
    const struct module *of = one ? owner(a->g, str_from(one)) : NULL;
    if (!of && one && *one)
        refuse(a, one, "it is no module's table");
    else if (of && writes && of != a->q->m)
        refuse(a, one, "only its own module writes it");
    else if (of && !module_sees(a->q->m, of))
        refuse(a, one, "add `uses` with its module to the model");
    return SQLITE_OK;
}

/* ---- Columns ---- */

static const char *sql_type(const struct type *t)
{
    return t->kind == T_TEXT     ? "TEXT"
           : t->kind == T_BYTES  ? "BLOB"
           : t->kind == T_NUMBER ? "REAL"
                                 : "INTEGER";
}

static const struct fields *wanted(const struct query *q)
{
    return q->result == RESULT_RECORD ? &q->record->fields : &q->cols;
}

static void check_column(struct gen *g, struct asked *a, sqlite3_stmt *st, int i)
{
    struct query *q = (struct query *)a->q;
    str name = str_copy(g->a, str_from(sqlite3_column_name(st, i)));
    const struct field *f =
        q->result == RESULT_SCALAR ? &q->cols.at[0] : find_field(wanted(q), name);
    if (!f || f->type.list || f->type.kind == T_RECORD) {
        bad(g, q->at, "the column `@` of @ is no field of `@`: rename it with AS, or drop it", name,
            q->name, q->ret_name.n ? q->ret_name : S("its row"));
        return;
    }
    for (size_t k = 0; k < q->result_n; k++)
        if (q->result_at[k] == f)
            bad(g, q->at, "the column `@` of @ comes twice", name, q->name);
    q->result_at[q->result_n++] = f;
    const struct field *said = find_field(&q->declared_cols, name);
    const char *table = sqlite3_column_table_name(st, i),
               *origin = sqlite3_column_origin_name(st, i), *decl = NULL;
    int not_null = 0, key = 0;
    if (said && (said->type.kind != f->type.kind || (said->type.optional && !f->type.optional)))
        bad(g, said->at, "`-- col @` does not fit the field `@`", name, f->name);
    if (said || !table || !origin ||
        sqlite3_table_column_metadata(sqlite3_db_handle(st), "main", table, origin, &decl, NULL,
                                      &not_null, &key, NULL))
        return;
    bool fits = !sqlite3_stricmp(decl, sql_type(&f->type)) ||
                (!sqlite3_stricmp(decl, "INT") && sql_type(&f->type)[0] == 'I');
    if (!fits)
        bad(g, q->at, "the column `@` of @ is @, the field is stored as @", name, q->name, z(decl),
            z(sql_type(&f->type)));
    if (!not_null && !key && !f->type.optional)
        bad(g, q->at,
            "the column `@` of @ may be NULL: make the field optional, use coalesce(), or say `-- "
            "col @ TYPE` when the condition excludes it",
            name, q->name, name);
}

static void check_columns(struct gen *g, struct asked *a, sqlite3_stmt *st)
{
    struct query *q = (struct query *)a->q;
    int n = sqlite3_column_count(st);
    if (q->shape == SHAPE_EXEC && n)
        bad(g, q->at, "@ is :exec but returns columns: say :one or :many", q->name);
    if (q->shape == SHAPE_EXEC)
        return;
    if (q->result == RESULT_SCALAR && n != 1) {
        bad(g, q->at, "@ returns one value but has @ columns", q->name, dec(n));
        return;
    }
    q->result_at = NEW_N(g->a, const struct field *, (size_t)n + 1);
    for (int i = 0; i < n; i++)
        check_column(g, a, st, i);
    const struct fields *want = q->result == RESULT_SCALAR ? &(struct fields){ 0 } : wanted(q);
    for (size_t i = 0; i < want->n; i++) {
        bool found = want->at[i].type.list;
        for (size_t k = 0; k < q->result_n; k++)
            found = found || q->result_at[k] == &want->at[i];
        if (!found)
            bad(g, q->at, "@ lacks the column `@` of `@`", q->name, want->at[i].name,
                q->ret_name.n ? q->ret_name : S("its row"));
    }
}

/* ---- Plans ---- */

static int count_of(str s, const char *what)
{
    int n = 0;
    for (ptrdiff_t at; (at = str_find(s, str_from(what))) >= 0; n++)
        s = str_sub(s, (size_t)at + 1, s.n);
    return n;
}

static int int_of(sqlite3 *db, const char *sql, str arg)
{
    sqlite3_stmt *st = NULL;
    int n = 0;
    if (sqlite3_prepare_v2(db, sql, -1, &st, NULL) == SQLITE_OK) {
        sqlite3_bind_text(st, 1, arg.p, (int)arg.n, SQLITE_STATIC);
        if (sqlite3_step(st) == SQLITE_ROW)
            n = sqlite3_column_int(st, 0);
    }
    sqlite3_finalize(st);
    return n;
}

/* SEARCH x USING … by a key that can match one row at most. */
static bool plan_unique(sqlite3 *db, str detail)
{
    if (!str_starts(detail, S("SEARCH ")) ||
        str_find(detail, S("INTEGER PRIMARY KEY (rowid=?)")) >= 0)
        return true;
    int equal = count_of(detail, "=?");
    ptrdiff_t at =
        str_find(detail, S(" USING PRIMARY KEY (")); /* of a table without rowid, under its alias */
    if (at >= 0) {
        str key = str_sub(detail, (size_t)at + 20, detail.n);
        key = str_cut(&key, ')');
        return int_of(db,
                      "SELECT count(*) FROM pragma_table_list l WHERE l.wr AND (SELECT "
                      "group_concat(name || '=?', ' AND ') "
                      "FROM (SELECT name FROM pragma_table_info(l.name) WHERE pk > 0 ORDER BY pk)) "
                      "= ?",
                      key) > 0;
    }
    at = str_find(detail, S("INDEX "));
    if (at < 0)
        return false;
    str rest = str_sub(detail, (size_t)at + 6, detail.n), index = str_cut(&rest, ' ');
    bool unique =
        int_of(db,
               "SELECT max(l.\"unique\") FROM sqlite_master m, pragma_index_list(m.tbl_name) l "
               "WHERE m.type = 'index' AND m.name = ?1 AND l.name = m.name",
               index);
    return unique && equal == int_of(db, "SELECT count(*) FROM pragma_index_info(?)", index);
}

static bool plan_scans(str detail)
{
    return str_starts(detail, S("SCAN ")) && !str_starts(detail, S("SCAN CONSTANT ROW")) &&
           !str_starts(detail, S("SCAN (")) && str_find(detail, S("VALUES CLAUSE")) < 0;
}

static void check_plan(struct gen *g, sqlite3 *db, struct query *q)
{
    sqlite3_stmt *st = NULL;
    str sql = text(g, "EXPLAIN QUERY PLAN @", q->text);
    if (sqlite3_prepare_v2(db, sql.p, (int)sql.n, &st, NULL) != SQLITE_OK)
        return;
    bool scanned = false;
    q->unique = true;
    while (sqlite3_step(st) == SQLITE_ROW) {
        str detail = str_from((const char *)sqlite3_column_text(st, 3));
        bool scans = plan_scans(detail);
        q->unique = q->unique && !scans && plan_unique(db, detail);
        if (scans && !scanned && !q->scan.n)
            bad(g, q->at,
                "@ reads a whole table (@): add an index, write `col > coalesce(:after, 0)` "
                "instead of an OR, or give a reason with `-- scan: …`",
                q->name, detail);
        scanned = scanned || scans;
    }
    sqlite3_finalize(st);
}

/* ---- One statement, all statements ---- */

static void check_limit(struct gen *g, const struct query *q)
{
    struct toks ts = sql_tokens(g, q->text);
    bool limited = q->shape != SHAPE_MANY;
    for (size_t i = 0; i < ts.n; i++) {
        limited = limited || (ts.at[i].open < 0 && tok_is(&ts.at[i], "limit"));
        if (ts.at[i].kind == TOK_OP && str_has(S("?@$"), ts.at[i].s.p[0]))
            bad(g, q->at, "@ has a parameter without a name: write :name", q->name);
    }
    if (!limited)
        bad(g, q->at, "@ is :many without LIMIT: every answer is bounded", q->name);
}

/* The line of the fault SQLite just reported; of a missing table it gives the name alone. */
static int fault_line(sqlite3 *db, const struct query *q)
{
    int offset = sqlite3_error_offset(db);
    str message = str_from(sqlite3_errmsg(db)), missing = S("no such table: ");
    if (offset < 0 && str_starts(message, missing))
        offset = (int)str_find(q->text, str_sub(message, missing.n, message.n));
    return offset < 0 ? q->at.line : q->text_line + line_of(q->text, (size_t)offset) - 1;
}

static void check_query(struct gen *g, sqlite3 *db, struct query *q)
{
    struct asked a = { .g = g, .q = q };
    sqlite3_stmt *st = NULL;
    const char *tail = NULL;
    char *text = str_z(g->a, q->text);
    check_limit(g, q);
    sqlite3_set_authorizer(db, authorize, &a);
    int rc = sqlite3_prepare_v2(db, text, -1, &st, &tail);
    sqlite3_set_authorizer(db, NULL, NULL);
    if (rc != SQLITE_OK || !st) {
        bad(g, line_at(q->at.file, fault_line(db, q)), "SQLite does not take @: @", q->name,
            z(rc == SQLITE_OK ? "no statement" : sqlite3_errmsg(db)));
        return;
    }
    if (a.refused.n) {
        sqlite3_finalize(st);
        return;
    }
    if (tail && str_trim(str_from(tail)).n)
        bad(g, q->at, "@ holds more than one statement", q->name);
    q->writes = !sqlite3_stmt_readonly(st);
    check_columns(g, &a, st);
    sqlite3_finalize(st);
    check_plan(g, db, q);
    params_infer(g, db, q);
    q->pg = pg_text(g, q);
}

static const struct query *loader_params(struct gen *g, const struct entity *e)
{
    const struct query *q = e->query;
    for (size_t i = 0; q && i < q->params.n; i++) {
        const struct field *p = &q->params.at[i];
        bool id = str_eq_z(p->name, "id") && p->type.id == e->id->type.id,
             me = str_eq_z(p->name, "me");
        if ((!id && !me) || p->type.optional)
            bad(g, q->at,
                "@ loads an entity: its parameters are `:id` (its id) and `:me`, not `:@`", q->name,
                p->name);
    }
    return q;
}

static void check_quick(struct gen *g, const struct module *m, const struct endpoint *e)
{
    const struct query *q = find_query(m, e->name);
    if (!q || q->shape != SHAPE_ONE)
        bad(g, e->at, "`lane quick` needs a statement `-- name: @ :one …`", e->name);
    else if (!q->unique)
        bad(g, q->at, "@ is read in the quick lane but not by a unique key alone", q->name);
    for (size_t i = 0; i < e->guards.n; i++) {
        const struct query *by =
            e->guards.at[i].kind == GUARD_ON ? e->guards.at[i].entity->query : NULL;
        if (by && !by->unique)
            bad(g, e->at, "`lane quick`: the guard's @ does not read by a unique key alone",
                by->name);
    }
}

void gen_check_sql(struct gen *g)
{
    sqlite3 *db = NULL;
    must(sqlite3_open(":memory:", &db) == SQLITE_OK);
    migrate_all(g, db);
    for (size_t i = 0, ready = g->faults_n == 0; ready && i < g->modules.n; i++)
        for (size_t k = 0; k < g->modules.at[i]->queries.n; k++)
            check_query(g, db, &g->modules.at[i]->queries.at[k]);
    sqlite3_close(db);
    for (size_t i = 0; !g->faults_n && i < g->modules.n; i++) {
        const struct module *m = g->modules.at[i];
        for (size_t k = 0; k < m->entities.n; k++)
            (void)loader_params(g, &m->entities.at[k]);
        for (size_t k = 0; k < m->endpoints.n; k++)
            if (str_eq_z(m->endpoints.at[k].lane, "quick"))
                check_quick(g, m, &m->endpoints.at[k]);
    }
}
