/* SPDX-License-Identifier: Apache-2.0 */
/* The ways in, the directory and its administration, as a browser meets them. */
#include "app/testkit/testkit.h"

TEST(people_sign_in_and_see_oneself)
{
    struct app *app = app_new(T);
    app_person(app, "chen", "Chen Wei", "member");
    struct visitor *v = visit(app, "chen");
    struct got g = get(v, "/api/me");
    expect_status(g, 200);
    expect_s(field(&g, "person.name"), S("Chen Wei"));
    app_end(app);
}
