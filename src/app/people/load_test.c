/* SPDX-License-Identifier: Apache-2.0 */
/* Starting with more than one call may hold. */
#include "app/testkit/testkit.h"
#include "core/call.h"
#include "gen/people.h"

enum { DEVICES = 60000 };

static err add_devices(struct call *c, void *arg)
{
    char key[65] = { 4 };
    for (i64 i = 1; i <= DEVICES; i++) {
        memcpy(key + 1, &i, sizeof i);
        const struct q_device_insert_in in = { .id = { i },
                                               .person = { *(const i64 *)arg },
                                               .key = { key, sizeof key },
                                               .name = S("a browser that was used once"),
                                               .now = c->now,
                                               .seen_from = S("192.0.2.7") };
        TRY(q_device_insert(c, &in));
    }
    return E_NONE;
}

TEST(people_an_office_with_very_many_devices_starts)
{
    struct app *app = app_new(T);
    i64 chen = app_person(app, "chen", "Chen Wei", "member");
    struct visitor *v = visit(app, "chen");
    expect_ok(serve_write(app->serve, add_devices, &chen));
    app_restart(app);
    expect_status(get(v, "/api/me"), 200); /* the last of all tables is loaded too */
    struct got page = get(v, "/api/me/devices?limit=200");
    expect_s(field(&page, "items.0.name"), S("a browser that was used once"));
    app_end(app);
}
