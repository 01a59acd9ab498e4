/* SPDX-License-Identifier: Apache-2.0 */
/* Finds TEST(name) at the start of lines in the files named and prints the table the runner
 * reads. */
#include <stdio.h>
#include <string.h>

static void scan(const char *path, int as_table)
{
    char line[512];
    FILE *f = fopen(path, "r");
    if (!f)
        return;
    while (fgets(line, sizeof line, f)) {
        char name[200];
        if (sscanf(line, "TEST(%199[A-Za-z0-9_])", name) != 1)
            continue;
        if (as_table)
            printf("    { \"%s\", \"%s\", test_%s },\n", name, path, name);
        else
            printf("void test_%s(struct T *);\n", name);
    }
    (void)fclose(f);
}

int main(int argc, char **argv)
{
    printf("/* made by tools/testlist */\n#include \"test/test.h\"\n\n");
    for (int i = 1; i < argc; i++)
        scan(argv[i], 0);
    printf("\nconst struct test_row test_rows[] = {\n");
    for (int i = 1; i < argc; i++)
        scan(argv[i], 1);
    printf("    { 0 }\n};\nconst size_t test_rows_n = sizeof test_rows / sizeof *test_rows - 1;\n");
    return 0;
}
