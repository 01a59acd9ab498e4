/* SPDX-License-Identifier: Apache-2.0 */
/* The files named below, put into the program by the assembler. Paths are from the top of the tree,
 * where make runs. */
#include "app/demo/tables.h"

#define EMBED(name, path)                                                     \
    __asm__(".section .rodata\n" #name "_begin: .incbin \"" path "\"\n" #name \
            "_end: .byte 0\n.previous\n");                                    \
    extern const char name##_begin[] __attribute__((visibility("hidden")));   \
    extern const char name##_end[] __attribute__((visibility("hidden")));     \
    static str name##_text(void)                                              \
    {                                                                         \
        return (str){ name##_begin, (size_t)(name##_end - name##_begin) };    \
    }

EMBED(embed_people, "demo/people.tsv")
EMBED(embed_channels, "demo/channels.tsv")
EMBED(embed_week, "demo/week.tsv")
EMBED(embed_policy, "policies/base.cedar")

str tables_people(void)
{
    return embed_people_text();
}
str tables_channels(void)
{
    return embed_channels_text();
}
str tables_week(void)
{
    return embed_week_text();
}
str tables_base_policy(void)
{
    return embed_policy_text();
}
