/* SPDX-License-Identifier: Apache-2.0 */
/* The choice of language. */
#include "main/texts.h"

#include <stdlib.h>
#include <string.h>

bool text_chinese(void)
{
    static const char *const names[] = { "LC_ALL", "LC_MESSAGES", "LANG" };
    for (size_t i = 0; i < COUNT(names); i++) {
        const char *v = getenv(names[i]);
        if (v && *v)
            return strncmp(v, "zh", 2) == 0;
    }
    return false;
}

const char *text_of(const char *en, const char *zh)
{
    return text_chinese() ? zh : en;
}
