/* SPDX-License-Identifier: Apache-2.0 */
/* Runs a fuzzer's body over files, without libFuzzer, so that every corpus is replayed by each
 * compiler and sanitizer in the normal run. Arguments are files and folders; each input is copied
 * to memory of exactly its size, so that one byte read too far is seen. A folder that is missing
 * or empty is a fault: a fuzzer without seeds tests nothing here. */
#include "base/os.h"
#include "base/str.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { INPUT_MAX = 16 << 20 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static size_t replay(const char *path)
{
    struct arena *a = arena_new("replay", (size_t)INPUT_MAX * 2);
    str text;
    size_t n = 0;
    if (os_read_file(a, path, INPUT_MAX, &text) == E_NONE) {
        uint8_t *exact = malloc(text.n ? text.n : 1);
        must(exact != NULL);
        if (text.n)
            memcpy(exact, text.p, text.n);
        (void)LLVMFuzzerTestOneInput(exact, text.n);
        free(exact);
        n = 1;
    }
    arena_free(a);
    return n;
}

static size_t replay_folder(const char *folder)
{
    struct dirent **names = NULL;
    size_t inputs = 0;
    int n = scandir(folder, &names, NULL, alphasort);
    for (int i = 0; i < n; i++) {
        char path[4096];
        (void)snprintf(path, sizeof path, "%s/%s", folder, names[i]->d_name);
        if (names[i]->d_name[0] != '.')
            inputs += replay(path);
        free(names[i]);
    }
    free(names);
    return n < 0 ? replay(folder) : inputs;
}

int main(int argc, char **argv)
{
    size_t inputs = 0;
    for (int i = 1; i < argc; i++)
        inputs += replay_folder(argv[i]);
    scratch_thread_end();
    printf("%zu inputs\n", inputs);
    return inputs == 0;
}
