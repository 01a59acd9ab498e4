/* SPDX-License-Identifier: Apache-2.0 */
/* The generated code of the fixture modules (fixtures/club, fixtures/shop) in use: what a request's
 * bytes become, what goes back, what the statements do on a real store. The core's functions that
 * generated code calls are played here. */
#include "cedar/cedar.h"
#include "core/call.h"
#include "gen/all.h"
#include "gen/club.h"
#include "gen/shop.h"
#include "store/db.h"
#include "store/migrate.h"
#include "test/test.h"

/* ---- The core's part ---- */

static struct {
    struct buf faults; /* "name too_long 20\n" for each wrong field */
    str event;
    i64 topic;
} heard;

err call_field(struct call *c, const char *field, const char *what, i64 limit)
{
    if (!heard.faults.a)
        heard.faults = buf_in(c->arena, 1 << 16);
    buf_fmt(&heard.faults, "%s %s %lld\n", field, what, (long long)limit);
    return E_INVALID;
}

err call_emit(struct call *c, const struct topic *topic, i64 id, const char *event, str payload)
{
    heard.event = str_fmt(c->arena, "%s %s " STR_FMT, topic->name, event, STR_ARG(payload));
    heard.topic = id;
    return E_NONE;
}

i64 call_new_id(UNUSED struct call *c)
{
    return 77;
}

#define HANDLER(name, T)                                                       \
    err name(UNUSED struct call *c, UNUSED const struct name##_in *in, T *ret) \
    {                                                                          \
        *ret = (T){ 0 };                                                       \
        return E_BUSY;                                                         \
    }
HANDLER(club_list, struct person_list)
HANDLER(club_person_get, struct person)
HANDLER(club_rename, struct person)
HANDLER(shop_book_add, struct book)
HANDLER(shop_books_list, struct book_page)
HANDLER(shop_book_get, struct shelf)
HANDLER(shop_copy_drop, struct book)
HANDLER(shop_nothing, struct price)

err club_rename_before(UNUSED struct call *c, struct club_rename_in *in)
{
    in->prepared = in;
    return E_NONE;
}
err club_start(UNUSED struct office *o)
{
    return E_NONE;
}

static const struct endpoint *endpoint(const struct module *m, const char *name)
{
    for (u16 i = 0; i < m->endpoints_n; i++)
        if (!strcmp(m->endpoints[i].name, name))
            return &m->endpoints[i];
    test_failed(__FILE__, __LINE__, "no endpoint %s", name);
}

static err decode(struct T *T, const struct endpoint *e, const str *text, const char *body,
                  void *in)
{
    struct call c = { .arena = T->arena };
    const struct json *tree = NULL;
    heard.faults = (struct buf){ 0 };
    if (body)
        expect_ok(json_parse(T->arena, str_from(body), &tree, NULL));
    return e->decode(&c, text, tree, in);
}

static str faults(void)
{
    return buf_str(&heard.faults);
}

/* ---- Decoding ---- */

#define GOOD_BOOK                                                                    \
    "\"title\":\"Faust\",\"cover\":\"AQID\",\"price\":{\"cents\":5},\"weight\":1.5," \
    "\"owner\":\"pers_0000000000007\""

TEST(gen_a_right_body_fills_the_struct)
{
    struct shop_book_add_in in = { 0 };
    expect_ok(decode(
        T, endpoint(&shop_module, "book_add"), NULL,
        "{" GOOD_BOOK
        ",\"when\":\"2026-01-02T03:04:05Z\",\"rank\":\"junior\",\"tags\":[\"a\",\"\xE7\x81\xAB\"],"
        "\"prices\":[{\"cents\":1,\"note\":\"n\"},{\"cents\":2}]}",
        &in));
    expect_s(in.title, S("Faust"));
    expect_s(in.cover, S("\1\2\3"));
    expect_i(in.price.cents, 5);
    expect(!in.price.has_note);
    expect_i(in.owner.v, 7);
    expect(in.has_when && in.when == 1767323045 * USEC_S);
    expect_i(in.rank, RANK_JUNIOR);
    expect_i(in.tags.n, 2);
    expect_s(in.tags.at[1], S("\xE7\x81\xAB"));
    expect_i(in.prices.n, 2);
    expect(in.prices.at[0].has_note && in.prices.at[1].cents == 2);
}

TEST(gen_absent_fields_get_their_defaults)
{
    struct shop_book_add_in in = { 0 };
    expect_ok(
        decode(T, endpoint(&shop_module, "book_add"), NULL, "{" GOOD_BOOK ",\"when\":null}", &in));
    expect(!in.has_when && !in.sold);
    expect_i(in.rank, RANK_SENIOR);
    expect_i(in.copies, 1);
    expect_s(in.note, S("a \"b\" \\"));
    expect_i(in.tags.n, 0);
}

TEST(gen_every_wrong_field_is_reported_with_its_path)
{
    struct shop_book_add_in in = { 0 };
    expect_err(
        decode(T, endpoint(&shop_module, "book_add"), NULL,
               "{\"title\":\"\",\"cover\":\"AQ\",\"price\":{\"cents\":-1,\"extra\":1},\"prices\":[{"
               "\"cents\":1},"
               "{\"cents\":\"1\"}],\"tags\":[\"ok\",\"toolong\"],\"weight\":\"1\",\"owner\":\"room_"
               "0000000000007\","
               "\"when\":\"yesterday\",\"rank\":\"king\",\"sold\":1,\"copies\":10,\"more\":true}",
               &in),
        E_INVALID);
    expect_s(faults(),
             S("title required 1\ncover too_short 2\nprice.cents range 0\nprice.extra unknown 0\n"
               "prices[1].cents format 0\ntags[1] too_long 3\nweight format 0\nowner format "
               "0\nwhen format 0\n"
               "rank format 0\nsold format 0\ncopies range 9\nmore unknown 0\n"));
}

TEST(gen_lists_are_bounded_and_of_one_kind)
{
    struct shop_book_add_in in = { 0 };
    expect_err(decode(T, endpoint(&shop_module, "book_add"), NULL,
                      "{" GOOD_BOOK
                      ",\"prices\":[{\"cents\":1},{\"cents\":1},{\"cents\":1}],\"tags\":\"a\"}",
                      &in),
               E_INVALID);
    expect_s(faults(), S("prices too_many 2\ntags format 0\n"));
}

TEST(gen_text_is_counted_in_characters_and_has_no_controls)
{
    struct club_rename_in in = { 0 };
    str id[] = { S("pers_0000000000001") };
    const struct endpoint *e = endpoint(&club_module, "rename");
    expect_ok(decode(
        T, e, id,
        "{\"name\":"
        "\"\xE7\x81\xAB\xE7\x81\xAB\xE7\x81\xAB\xE7\x81\xAB\xE7\x81\xAB\xE7\x81\xAB\xE7\x81\xAB"
        "\xE7\x81\xAB\xE7\x81\xAB\xE7\x81\xAB\\n\"}",
        &in));
    expect_i(in.person.v, 1);
    expect_err(decode(T, e, id, "{\"name\":\"123456789012345678901\"}", &in), E_INVALID);
    expect_s(faults(), S("name too_long 20\n"));
    static const char *const bad_names[] = { "{\"name\":\"a\\u0000b\"}", "{\"name\":\"a\\u001bb\"}",
                                             "{\"name\":\"a\\u007fb\"}", "{\"name\":\"a\\u0085b\"}",
                                             "{\"name\":\"a\\rb\"}" };
    for (size_t i = 0; i < COUNT(bad_names); i++) {
        expect_err(decode(T, e, id, bad_names[i], &in), E_INVALID);
        expect_s(faults(), S("name format 0\n"));
    }
}

TEST(gen_a_body_that_is_no_object_or_missing)
{
    struct club_rename_in in = { 0 };
    str id[] = { S("pers_0000000000001") };
    expect_err(decode(T, endpoint(&club_module, "rename"), id, "[1]", &in), E_INVALID);
    expect_s(faults(), S(" format 0\n"));
    expect_err(decode(T, endpoint(&club_module, "rename"), id, NULL, &in), E_INVALID);
    expect_s(faults(), S("name required 0\n"));
    struct shop_nothing_in none = { 0 };
    expect_ok(decode(T, endpoint(&shop_module, "nothing"), NULL, "{}", &none));
    expect_err(decode(T, endpoint(&shop_module, "nothing"), NULL, "{\"a\":1}", &none), E_INVALID);
}

TEST(gen_path_and_query_come_as_text)
{
    struct shop_books_list_in in = { 0 };
    const struct endpoint *e = endpoint(&shop_module, "books_list");
    expect_i(e->text_n, 3);
    expect_s(str_from(e->text_names[1]), S("after"));
    expect_ok(decode(T, e, (str[]){ { 0 }, S("12"), { 0 } }, NULL, &in));
    expect(!in.has_before && in.has_after && in.after == 12 && in.limit == 50);
    expect_err(decode(T, e, (str[]){ S("0"), S("x"), S("201") }, NULL, &in), E_INVALID);
    expect_s(faults(), S("before range 1\nafter format 0\nlimit range 200\n"));
    struct shop_copy_drop_in drop = { 0 };
    e = endpoint(&shop_module, "copy_drop");
    expect_i(e->path_n, 2);
    expect_ok(decode(T, e, (str[]){ S("book_0000000000003"), S("4"), S("why") }, NULL, &drop));
    expect(drop.book.v == 3 && drop.n == 4 && drop.has_why);
    expect_err(decode(T, e, (str[]){ S("book_3"), S("10"), { 0 } }, NULL, &drop), E_INVALID);
    expect_s(faults(), S("book format 0\nn range 9\n"));
}

TEST(gen_a_flood_of_unknown_fields_is_reported_in_part)
{
    struct buf b = buf_in(T->arena, 1 << 20);
    buf_char(&b, '{');
    for (int i = 0; i < 500; i++)
        buf_fmt(&b, "%s\"unknown%d\":0", i ? "," : "", i);
    buf_char(&b, '}');
    struct shop_nothing_in in = { 0 };
    expect_err(
        decode(T, endpoint(&shop_module, "nothing"), NULL, str_z(T->arena, buf_str(&b)), &in),
        E_INVALID);
    size_t lines = 0;
    for (size_t i = 0; i < faults().n; i++)
        lines += faults().p[i] == '\n';
    expect_i(lines, 32);
}

TEST(gen_any_decoder_takes_any_bytes)
{
    for (size_t i = 0; i < gen_decoders_n; i++) {
        struct call c = { .arena = T->arena };
        heard.faults = (struct buf){ 0 };
        expect(gen_decode_any(&c, i, S("\n\n\n{\"a\":[1,2,{}],\"name\":{},\"prices\":[[]]}")) !=
               E_NONE);
    }
}

/* ---- Encoding ---- */

TEST(gen_answers_are_json_without_hidden_fields)
{
    struct book b = { .id = { 1 },
                      .title = S("a\"b"),
                      .cover = S("\xff"),
                      .added = 0,
                      .weight = 0.5,
                      .sold = true,
                      .owner = { 2 },
                      .seq = 3,
                      .label = S("hidden") };
    str tags[] = { S("x"), S("y") };
    struct shelf s = {
        .books = { &b, 1 }, .tags = { tags, 2 }, .best = b, .price = { .cents = 4 }
    };
    struct buf out = buf_in(T->arena, 1 << 16);
    endpoint(&shop_module, "book_get")->encode(&out, &s);
#define BOOK                                                                                    \
    "{\"id\":\"book_0000000000001\",\"title\":\"a\\\"b\",\"cover\":\"_w\",\"added\":\"1970-01-" \
    "01T00:00:00Z\","                                                                           \
    "\"weight\":0.5,\"sold\":true,\"owner\":\"pers_0000000000002\",\"seq\":3}"
    expect_s(buf_str(&out), S("{\"books\":[" BOOK "],\"tags\":[\"x\",\"y\"],\"best\":" BOOK
                              ",\"price\":{\"cents\":4,\"note\":null}}"));
}

TEST(gen_lists_and_pages)
{
    struct buf out = buf_in(T->arena, 1 << 16);
    struct person p = { .id = { 1 },
                        .name = S("n"),
                        .rank = RANK_SENIOR,
                        .has_boss = true,
                        .boss = { 9 },
                        .friend = true };
    struct person_list list = { &p, 1 };
    endpoint(&club_module, "list")->encode(&out, &list);
    expect_s(buf_str(&out),
             S("[{\"id\":\"pers_0000000000001\",\"name\":\"n\",\"rank\":\"senior\",\"boss\":"
               "\"pers_0000000000009\",\"motto\":null}]"));
    struct book_page page = { .has_next = true, .next = 7 };
    buf_clear(&out);
    endpoint(&shop_module, "books_list")->encode(&out, &page);
    expect_s(buf_str(&out), S("{\"items\":[],\"next\":7}"));
    page.has_next = false;
    buf_clear(&out);
    endpoint(&shop_module, "books_list")->encode(&out, &page);
    expect_s(buf_str(&out), S("{\"items\":[],\"next\":null}"));
}

TEST(gen_an_event_carries_the_record)
{
    struct call c = { .arena = T->arena };
    struct person p = { .id = { 1 }, .name = S("n") };
    expect_ok(emit_person_renamed(&c, (person_id){ 5 }, &p));
    expect_s(
        heard.event,
        S("person person_renamed {\"id\":\"pers_0000000000001\",\"name\":\"n\",\"rank\":\"junior\","
          "\"boss\":null,\"motto\":null}"));
    expect_i(heard.topic, 5);
    expect_i(book_id_new(&c).v, 77);
}

/* ---- The tables ---- */

TEST(gen_endpoints_carry_their_guards)
{
    const struct endpoint *e = endpoint(&club_module, "rename");
    expect_i(e->lane, LANE_WRITE);
    expect_i(e->session, SESSION_PROOF);
    expect(e->has_before && e->before && e->guards_n == 1 && !e->each);
    expect_s(str_from(e->guards[0].action), S("person.rename"));
    expect(e->guards[0].entity == &entity_person &&
           e->guards[0].id_at == offsetof(struct club_rename_in, person));
    expect_s(str_from(e->leaf), S("person.renamed"));
    expect(e->fails_n == 1 && e->fails[0] == E_TOO_MANY);
    struct club_rename_in in = { 0 };
    struct call c = { .arena = T->arena };
    expect_ok(e->before(&c, &in));
    expect(in.prepared == &in);
    expect_i(endpoint(&club_module, "person_get")->lane, LANE_QUICK);
    expect_i(endpoint(&shop_module, "copy_drop")->session, SESSION_NONE);
    expect_i(endpoint(&shop_module, "nothing")->session, SESSION_COOKIE);
    expect(club_module.start && !shop_module.start);
    expect(club_module.migrations_n == 2);
}

TEST(gen_pages_say_where_the_cursor_goes)
{
    const struct endpoint *e = endpoint(&shop_module, "books_list");
    struct book_page page = { 0 };
    struct book row = { .seq = 42 };
    expect(e->each && e->page.entity == &entity_book);
    expect_i(e->page.row_size, sizeof(struct book));
    expect_i(e->page.cursor(&row), 42);
    *(bool *)((char *)&page + e->page.next_has_at) = true;
    *(i64 *)(void *)((char *)&page + e->page.next_at) = 5;
    expect(page.has_next && page.next == 5);
    expect(e->page.has_before && e->page.before_at == offsetof(struct shop_books_list_in, before));
    expect_i(e->page.limit_at, offsetof(struct shop_books_list_in, limit));
    e = endpoint(&club_module, "list");
    expect(e->each && e->page.next_at == AT_NONE && e->page.limit_at == AT_NONE);
    e = endpoint(&shop_module, "book_get");
    expect(e->returned && !e->each);
    expect_i(e->page.rows_at, offsetof(struct shelf, best));
}

TEST(gen_entities_say_what_the_policy_sees)
{
    const struct entity *e = &entity_person;
    expect_s(str_from(e->type), S("Person"));
    expect_s(str_from(e->prefix), S("pers"));
    expect(e->by == &stmt_person_load && e->attrs_n == 2 && e->context_n == 1);
    expect_s(str_from(e->attrs[1].type), S("Person"));
    expect(e->attrs[1].col.optional && e->attrs[1].col.has_at == offsetof(struct person, has_boss));
    expect_s(str_from(e->attrs[0].words[1]), S("senior"));
    expect(e->context[0].col.kind == COL_BOOL);
    expect(entity_book.parents_n == 1 &&
           entity_book.parents[0].col.at == offsetof(struct book, owner));
    expect(strstr(gen_cedarschema,
                  "action \"book.read\" appliesTo {\n  principal: [Person],\n  resource: [Book],"));
    expect(strstr(gen_cedarschema, "entity Person {\n  rank: String,\n  boss?: Person,\n};"));
    expect(strstr(gen_cedarschema, "    friend: Bool,\n"));
    expect(strstr(gen_cedarschema, "action \"shop.open\" appliesTo {\n  principal: [Person],\n"
                                   "  resource: [Organisation],"));
    expect(strstr(gen_cedarschema, "action \"book.burn\" appliesTo {\n  principal: [Person],\n"
                                   "  resource: [Book],"));
    expect_i(gen_errors_n, 2);
    expect_i(E_SOLD_OUT, E_MODULE_FIRST + 1);
}

TEST(gen_the_policy_schema_is_one_that_the_policy_language_reads)
{
    struct cedar_faults faults_found;
    const struct cedar_schema *schema = NULL;
    const struct cedar_policies *policies = NULL;
    cedar_faults_init(&faults_found, T->arena);
    expect_ok(cedar_schema_parse(T->arena, str_from(gen_cedarschema), &faults_found, &schema));
    str good = S("permit (principal, action == Action::\"book.add\", resource is Person) when "
                 "{ context.strength >= 2 && context.friend && resource.rank == \"junior\" };");
    str wrong =
        S("permit (principal, action == Action::\"book.read\", resource) when { context.friend };");
    expect_ok(cedar_parse(T->arena, good, &faults_found, &policies));
    expect_ok(cedar_validate(policies, schema, &faults_found));
    expect_ok(cedar_parse(T->arena, wrong, &faults_found, &policies));
    expect_err(cedar_validate(policies, schema, &faults_found), E_INVALID);
}

/* ---- Statements ---- */

static struct db *store(struct T *T)
{
    struct migrate_step steps[8];
    struct migrate_report report = { 0 };
    size_t n = 0;
    const struct module *all[] = { &club_module, &shop_module };
    for (size_t i = 0; i < COUNT(all); i++)
        for (u16 k = 0; k < all[i]->migrations_n; k++)
            steps[n++] = (struct migrate_step){ all[i]->name, all[i]->migrations[k].name,
                                                all[i]->migrations[k].sqlite,
                                                all[i]->migrations[k].postgres };
    const char *path = str_fmt(T->arena, "%s/store.db", T->dir).p;
    struct db *db = NULL;
    expect_ok(migrate_run(path, steps, n, &report));
    expect_ok(
        db_open(&(struct db_options){ .path = path, .write = true, .stmts_n = (u16)stmts_n }, &db));
    return db;
}

TEST(gen_statements_run_on_a_store)
{
    struct call c = { .arena = T->arena, .db = store(T) };
    struct person p = { 0 };
    expect_ok(db_begin(c.db));
    expect_ok(q_person_add(
        &c, &(struct q_person_add_in){ .id = { 1 }, .name = S("Ada"), .rank = RANK_SENIOR }));
    expect_ok(q_person_add(&c, &(struct q_person_add_in){ .id = { 2 },
                                                          .name = S("Bob"),
                                                          .has_boss = true,
                                                          .boss = { 1 },
                                                          .has_motto = true,
                                                          .motto = S("go") }));
    expect_err(q_person_add(&c, &(struct q_person_add_in){ .id = { 3 }, .name = S("Bob") }),
               E_CONFLICT);
    expect_ok(q_befriend(&c, (person_id){ 2 }, (person_id){ 1 }));
    expect_ok(db_commit(c.db));
    expect_ok(q_person_load(&c, (person_id){ 2 }, (person_id){ 1 }, &p));
    expect(p.has_boss && p.boss.v == 1 && p.has_motto && p.friend && p.rank == RANK_JUNIOR);
    expect_s(p.name, S("Bob"));
    expect_ok(q_person_load(&c, (person_id){ 1 }, (person_id){ 2 }, &p));
    expect(!p.has_boss && !p.friend && p.rank == RANK_SENIOR);
    expect_err(q_person_get(&c, (person_id){ 9 }, &p), E_NOT_FOUND);
    db_close(c.db);
}

TEST(gen_optional_parameters_scalars_and_rows)
{
    struct call c = { .arena = T->arena, .db = store(T) };
    static const char *const names[] = { "Ada", "Bob", "Eve" };
    person_id id;
    i64 changed = 0;
    expect_ok(db_begin(c.db));
    for (int i = 0; i < 3; i++)
        expect_ok(q_person_add(
            &c, &(struct q_person_add_in){ .id = { i + 1 }, .name = str_from(names[i]) }));
    expect_ok(q_person_rename(&c, (person_id){ 3 }, S("Eva"), &changed));
    expect_i(changed, 1);
    expect_ok(q_person_rename(&c, (person_id){ 4 }, S("Eva"), &changed));
    expect_i(changed, 0);
    expect_ok(db_commit(c.db));
    struct person_list list = { 0 };
    expect_ok(q_people_after(&c, &(struct q_people_after_in){ .limit = 10 }, &list));
    expect_i(list.n, 3);
    expect_ok(q_people_after(
        &c, &(struct q_people_after_in){ .has_after = true, .after = { 1 }, .limit = 1 }, &list));
    expect(list.n == 1 && list.at[0].id.v == 2);
    expect_ok(q_people_after(
        &c, &(struct q_people_after_in){ .has_q = true, .q = S("v"), .limit = 9 }, &list));
    expect(list.n == 1 && list.at[0].id.v == 3);
    expect_ok(q_person_named(&c, S("Bob"), &id));
    expect_i(id.v, 2);
    struct q_ranks_rows rows = { 0 };
    expect_ok(q_ranks(&c, &rows));
    expect(rows.n == 1 && rows.at[0].rank == RANK_JUNIOR && rows.at[0].n == 3);
    db_close(c.db);
}

TEST(gen_bytes_numbers_and_times_come_back)
{
    struct call c = { .arena = T->arena, .db = store(T) };
    struct book b = { 0 };
    struct book_list list = { 0 };
    expect_ok(db_begin(c.db));
    for (int i = 1; i <= 3; i++)
        expect_ok(q_book_put(&c, &(struct q_book_put_in){ .id = { i },
                                                          .title = S("t"),
                                                          .cover = S("\0\1"),
                                                          .added = 77,
                                                          .weight = 0.25,
                                                          .sold = i == 2,
                                                          .owner = { 5 },
                                                          .seq = i * 10 }));
    expect_ok(db_commit(c.db));
    expect_ok(q_book_load(&c, (book_id){ 2 }, &b));
    expect_s(b.cover, S("\0\1"));
    expect(b.added == 77 && b.weight > 0.24 && b.weight < 0.26 && b.sold && b.owner.v == 5);
    expect_ok(q_books_before(&c, 30, 10, &list));
    expect(list.n == 2 && list.at[0].seq == 20 && list.at[1].seq == 10);
    db_close(c.db);
}

TEST(gen_postgres_texts_number_their_parameters)
{
    expect(
        strstr(stmt_people_after.postgres,
               "WHERE id > coalesce($1, 0) AND ($2::text IS NULL OR name LIKE '%' || $2 || '%')"));
    expect_s(str_from(stmt_books_of.postgres),
             S("SELECT b.title, p.name AS owner FROM book b JOIN person p ON p.id = b.owner\n"
               "WHERE p.name = $1 LIMIT 9"));
    expect(strstr(club_module.migrations[1].postgres,
                  "person  BIGINT NOT NULL REFERENCES person (id)"));
    expect(!strstr(club_module.migrations[1].postgres, "STRICT") &&
           !strstr(club_module.migrations[1].postgres, "ROWID"));
    expect(strstr(shop_module.migrations[0].postgres, "weight  DOUBLE PRECISION NOT NULL"));
}
