/* SPDX-License-Identifier: Apache-2.0 */
/* The gate with a small policy of its own: what a record becomes, whose facts count, and that
 * everything it cannot answer is a refusal. */
#include "core/gate.h"

#include "base/rng.h"
#include "core/answer.h"
#include "core/office.h"
#include "core/session.h"
#include "test/test.h"

static const char policy[] =
    "@id(\"two-factors\") @advice(\"sign_in\") forbid (principal, action, resource)"
    " when { context.strength < 2 };\n"
    "@id(\"owners\") permit (principal, action == Action::\"box.open\", resource)"
    " when { resource has owner && resource.owner == principal };\n"
    "@id(\"kind\") permit (principal, action == Action::\"box.see\", resource)"
    " when { resource.kind == \"open\" && resource.size > 3 };\n"
    "@id(\"guests\") permit (principal, action == Action::\"box.visit\", resource)"
    " when { context.guest && principal.role == \"boss\" };\n"
    "@id(\"room\") permit (principal, action == Action::\"box.list\","
    " resource in Room::\"room_0000000000005\");\n"
    "@id(\"own-device\") permit (principal, action == Action::\"office.enter\", resource)"
    " when { context.device.owner == \"company\" && resource == Organisation::\"self\" };\n"
    "@id(\"broken\") permit (principal, action == Action::\"box.break\", resource)"
    " when { resource.nothing > 1 };\n";

struct box {
    i64 id, owner, size, room;
    bool has_owner, guest;
    int kind;
};
static const char *const kinds[] = { "open", "shut" };
static const struct entity_attr attrs[] = {
    { .name = "owner",
      .type = "Person",
      .prefix = "pers",
      .col = { .kind = COL_I64,
               .optional = true,
               .at = offsetof(struct box, owner),
               .has_at = offsetof(struct box, has_owner) } },
    { .name = "size", .col = { .kind = COL_I64, .at = offsetof(struct box, size) } },
    { .name = "kind",
      .words = kinds,
      .col = { .kind = COL_ENUM, .limit = 2, .at = offsetof(struct box, kind) } },
};
static const struct entity_attr parents[] = {
    { .name = "room",
      .type = "Room",
      .prefix = "room",
      .col = { .kind = COL_I64, .at = offsetof(struct box, room) } },
};
static const struct entity_attr facts[] = {
    { .name = "guest", .col = { .kind = COL_BOOL, .at = offsetof(struct box, guest) } },
};
static const struct entity box_entity = {
    .type = "Box",
    .prefix = "boxx",
    .record_size = sizeof(struct box),
    .id_at = offsetof(struct box, id),
    .attrs = attrs,
    .attrs_n = COUNT(attrs),
    .parents = parents,
    .parents_n = COUNT(parents),
    .context = facts,
    .context_n = COUNT(facts),
};

struct desk {
    struct office *office;
    struct call call;
    struct answer answer;
};

static struct desk *desk_of(struct T *T, bool policies)
{
    static const char *const roles[] = { "member", "boss" }, *const states[] = { "active",
                                                                                 "locked" };
    static const char *const owners[] = { "own", "company" };
    static const struct dir_words words = { roles, states, owners, states, 0, 0 };
    struct desk *d = NEW(T->arena, struct desk);
    const struct office_options o = { .host = S("localhost"), .port = 443, .data = S("/none") };
    str faults;
    d->office = office_new(T->arena, &o);
    dir_words_set(d->office, &words);
    if (policies)
        expect_ok(office_policies(d->office, str_from(policy), T->arena, &faults));
    const struct dir_person p = { .id = 1,
                                  .role = 1,
                                  .name = S("N"),
                                  .login = S("n"),
                                  .title = S(""),
                                  .department_name = S("") };
    const struct dir_device own = { .id = 10, .person = 1, .owner = 0, .name = S("D") };
    dir_put_person(d->office, &p);
    dir_put_device(d->office, &own);
    d->call = (struct call){
        .arena = T->arena,
        .office = d->office,
        .answer = &d->answer,
        .who = { .person = 1, .device = 10, .strength = 2, .address = S("192.0.2.1") }
    };
    return d;
}

static bool allowed(struct desk *d, const char *action, const struct box *b, const char *rule)
{
    struct verdict v = { 0 };
    struct box *row = NEW(d->call.arena, struct box); /* rows do not change under the gate */
    if (b)
        *row = *b;
    expect_ok(gate_decide(&d->call, action, b ? &box_entity : NULL, b ? row : NULL, &v));
    expect_i(v.rules_n, 1);
    expect_s(str_from(v.rules[0]), str_from(rule));
    return v.allow;
}

TEST(gate_reads_a_record_as_it_is)
{
    struct desk *d = desk_of(T, true);
    struct box b = { .id = 7, .owner = 1, .size = 4, .room = 5, .has_owner = true };
    expect(allowed(d, "box.open", &b, "owners"));
    b.owner = 2;
    expect(!allowed(d, "box.open", &b, "default"));
    b.owner = 1;
    b.has_owner = false; /* absent: whatever stands in the memory */
    expect(!allowed(d, "box.open", &b, "default"));
    expect(allowed(d, "box.see", &b, "kind"));
    b.size = 3;
    expect(!allowed(d, "box.see", &b, "default"));
    b.size = 4;
    b.kind = 1;
    expect(!allowed(d, "box.see", &b, "default"));
    expect(allowed(d, "box.list", &b, "room"));
    b.room = 6;
    expect(!allowed(d, "box.list", &b, "default"));
    office_end(d->office);
}

TEST(gate_takes_facts_and_circumstances_from_the_server)
{
    struct desk *d = desk_of(T, true);
    struct box b = { .id = 7, .guest = true };
    expect(allowed(d, "box.visit", &b, "guests"));
    b.guest = false;
    expect(!allowed(d, "box.visit", &b, "default"));
    expect(!allowed(d, "office.enter", NULL, "default"));
    dir_put_device(d->office,
                   &(struct dir_device){ .id = 10, .person = 1, .owner = 1, .name = S("D") });
    d->call.gate = NULL; /* another call */
    expect(allowed(d, "office.enter", NULL, "own-device"));
    d->call.who.strength = 1;
    expect(!allowed(d, "office.enter", NULL, "two-factors"));
    office_end(d->office);
}

TEST(gate_decides_rows_of_a_page_as_it_decides_each_alone)
{
    static const char *const actions[] = { "box.open", "box.see", "box.visit", "box.list", "none" };
    struct desk *d = desk_of(T, true);
    struct rng_seeded rng = { T->seed };
    u32 allow = 0;
    for (int i = 0; i < 4000; i++) {
        struct box *row = NEW(T->arena, struct box);
        *row = (struct box){ .id = 1 + i,
                             .owner = (i64)rng_next_below(&rng, 3),
                             .size = (i64)rng_next_below(&rng, 6),
                             .room = 4 + (i64)rng_next_below(&rng, 3),
                             .has_owner = rng_next_below(&rng, 4) != 0,
                             .guest = rng_next_below(&rng, 2) != 0,
                             .kind = (int)rng_next_below(&rng, 2) };
        const char *action = actions[(size_t)i / 50 % COUNT(actions)];
        struct verdict v = { 0 }, alone = { 0 };
        expect_ok(gate_decide(&d->call, action, &box_entity, row, &v));
        struct call fresh = d->call;
        fresh.gate = NULL;
        fresh.memo = NULL;
        expect_ok(gate_decide(&fresh, action, &box_entity, row, &alone));
        expect(v.allow == alone.allow && v.rules_n == alone.rules_n);
        expect_s(str_from(v.rules[0]), str_from(alone.rules[0]));
        allow += v.allow;
    }
    expect(allow > 300 && allow < 3700);
    office_end(d->office);
}

TEST(gate_refuses_what_it_cannot_answer)
{
    struct desk *d = desk_of(T, true);
    struct box b = { .id = 7 };
    struct verdict v = { 0 };
    expect(!allowed(d, "box.break", &b, "default")); /* the policy's own error is no permit */
    d->call.who.person = 99;
    d->call.gate = NULL;
    expect(gate_decide(&d->call, "box.see", &box_entity, &b, &v) != E_NONE);
    expect(!v.allow);
    d->call.who.person = 1;
    d->call.who.device = 98;
    expect(gate_decide(&d->call, "box.see", &box_entity, &b, &v) != E_NONE);
    expect(!v.allow);
    office_end(d->office);
    d = desk_of(T, false);
    expect_err(gate_decide(&d->call, "office.enter", NULL, NULL, &v), E_BUSY);
    expect_err(gate_require(&d->call, "office.enter"), E_BUSY);
    expect(!v.allow);
    office_end(d->office);
}

TEST(gate_keeps_the_policies_in_force_when_new_ones_are_faulty)
{
    struct desk *d = desk_of(T, true);
    struct box b = { .id = 7, .size = 4 };
    str faults = { 0 };
    expect(office_policies(d->office, S("permit (principal, action"), T->arena, &faults) != E_NONE);
    expect(str_find(faults, S("base.cedar")) >= 0);
    expect(allowed(d, "box.see", &b, "kind"));
    u64 generation = session_generation(d->office);
    expect_ok(office_policies(d->office,
                              S("@id(\"no\") @advice(\"never\")"
                                " forbid (principal, action, resource);"),
                              T->arena, &faults));
    expect(session_generation(d->office) > generation);
    expect(!allowed(d, "box.see", &b, "no"));
    expect_err(gate_require(&d->call, "office.enter"), E_DENIED);
    expect(d->answer.decided && !d->answer.verdict.allow);
    expect_s(str_from(d->answer.verdict.advice), S("never"));
    office_end(d->office);
}
