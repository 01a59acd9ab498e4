/* SPDX-License-Identifier: Apache-2.0 */
/* The whole list, in start order. Adding a module is a folder and a line here. */
#include "core/module.h"
#include "gen/all.h"

const struct module *const modules[] = { &people_module, &chat_module, &ledger_module };
const size_t modules_n = COUNT(modules);
