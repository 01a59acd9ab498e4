/* SPDX-License-Identifier: Apache-2.0 */
/* The choice of language, by the environment as other programs make it: the first of LC_ALL,
 * LC_MESSAGES and LANG that is set decides; Chinese if it begins with zh, English otherwise. */
#include "main/texts.h"

#include <stdlib.h>
#include <string.h>

bool texts_chinese(void)
{
    static const char *const names[] = { "LC_ALL", "LC_MESSAGES", "LANG" };
    for (size_t i = 0; i < COUNT(names); i++) {
        const char *v = getenv(names[i]);
        if (v && *v)
            return strncmp(v, "zh", 2) == 0;
    }
    return false;
}

const char *texts_of(const char *en, const char *zh)
{
    return texts_chinese() ? zh : en;
}
