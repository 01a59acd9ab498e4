/* SPDX-License-Identifier: Apache-2.0 */
/* Turns a folder of built web files into an object of the program: tools/pack DIR OUT.S OUT.c NAME
 * writes assembler that includes the bytes as they are, and a table `const struct static_pack NAME`
 * sorted by path. X.br and X.gz beside X are its compressed forms (dropped when not smaller); they
 * are not files of their own. The entity tag is the content's SHA-256. */
#include <ftw.h>
#include <openssl/sha.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>

enum { FILES_MAX = 4096, PATH_MAX_BYTES = 1024 };

struct file {
    char *path;
    off_t size;
};
static struct {
    const char *root;
    struct file files[FILES_MAX];
    size_t n;
} found;

static const char *const types[][2] = {
    { ".html", "text/html; charset=utf-8" },
    { ".js", "text/javascript; charset=utf-8" },
    { ".mjs", "text/javascript; charset=utf-8" },
    { ".css", "text/css; charset=utf-8" },
    { ".json", "application/json" },
    { ".map", "application/json" },
    { ".webmanifest", "application/manifest+json" },
    { ".svg", "image/svg+xml" },
    { ".png", "image/png" },
    { ".jpg", "image/jpeg" },
    { ".webp", "image/webp" },
    { ".ico", "image/x-icon" },
    { ".woff2", "font/woff2" },
    { ".txt", "text/plain; charset=utf-8" },
    { ".wasm", "application/wasm" },
    { ".xml", "application/xml" },
    { ".mp3", "audio/mpeg" },
    { ".pdf", "application/pdf" },
};

_Noreturn static void die(const char *what, const char *which)
{
    fprintf(stderr, "pack: %s: %s\n", which, what);
    exit(1);
}

static bool ends(const char *s, const char *tail)
{
    size_t n = strlen(s), m = strlen(tail);
    return n >= m && !memcmp(s + n - m, tail, m);
}

static int visit(const char *path, const struct stat *st, int flag, struct FTW *at)
{
    (void)at;
    if (flag != FTW_F)
        return 0;
    if (found.n == FILES_MAX || strlen(path) > PATH_MAX_BYTES || strpbrk(path, "\"\\\n"))
        die("too many files, or a name that cannot be packed", path);
    found.files[found.n].path = strdup(path);
    found.files[found.n++].size = st->st_size;
    return 0;
}

static int by_path(const void *a, const void *b)
{
    return strcmp(((const struct file *)a)->path, ((const struct file *)b)->path);
}

/* The compressed form of a file, or NULL when there is none or it is no smaller. */
static const struct file *form(const struct file *f, const char *tail)
{
    char name[PATH_MAX_BYTES + 8];
    snprintf(name, sizeof name, "%s%s", f->path, tail);
    struct file key = { name, 0 };
    const struct file *g = bsearch(&key, found.files, found.n, sizeof key, by_path);
    return g && g->size < f->size ? g : NULL;
}

static bool is_form(const struct file *f)
{
    char name[PATH_MAX_BYTES + 8];
    size_t n = strlen(f->path);
    if (!ends(f->path, ".br") && !ends(f->path, ".gz"))
        return false;
    snprintf(name, sizeof name, "%.*s", (int)(n - 3), f->path);
    struct file key = { name, 0 };
    return bsearch(&key, found.files, found.n, sizeof key, by_path) != NULL;
}

static const char *type_of(const char *path)
{
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++)
        if (ends(path, types[i][0]))
            return types[i][1];
    return "application/octet-stream";
}

static void digest_of(const char *path, char hex[33])
{
    unsigned char digest[SHA256_DIGEST_LENGTH];
    FILE *in = fopen(path, "rb");
    if (!in || fseek(in, 0, SEEK_END) != 0)
        die("cannot be read", path);
    size_t n = (size_t)ftell(in);
    unsigned char *p = malloc(n + 1);
    rewind(in);
    if (!p || fread(p, 1, n, in) != n)
        die("cannot be read", path);
    fclose(in);
    SHA256(p, n, digest);
    free(p);
    for (size_t i = 0; i < 16; i++)
        snprintf(hex + 2 * i, 3, "%02x", digest[i]);
}

static void put_bytes(FILE *s, const char *name, size_t i, const char *which, const struct file *f)
{
    if (f)
        fprintf(s,
                "    .global %s_%s%zu, %s_%s%zu_end\n    .balign 64\n%s_%s%zu:\n    .incbin "
                "\"%s\"\n%s_%s%zu_end:\n",
                name, which, i, name, which, i, name, which, i, f->path, name, which, i);
}

static void put_extern(FILE *c, const char *name, size_t i, const char *which, const struct file *f)
{
    if (f)
        fprintf(c, "extern const char %s_%s%zu[], %s_%s%zu_end[];\n", name, which, i, name, which,
                i);
}

static void put_body(FILE *c, const char *name, size_t i, const char *which, const struct file *f)
{
    if (f)
        fprintf(c, ", .%s = { %s_%s%zu, %s_%s%zu_end }", which, name, which, i, name, which, i);
}

static void put_row(FILE *c, const char *name, size_t i, const struct file *f)
{
    char hex[33];
    const char *path = f->path + strlen(found.root);
    digest_of(f->path, hex);
    fprintf(c,
            "    { .path = S_INIT(\"%s\"), .type = S_INIT(\"%s\"), .etag = S_INIT(\"\\\"%s\\\"\"), "
            ".immutable = %s",
            path, type_of(path), hex, strncmp(path, "/assets/", 8) ? "false" : "true");
    put_body(c, name, i, "plain", f);
    put_body(c, name, i, "br", form(f, ".br"));
    put_body(c, name, i, "gz", form(f, ".gz"));
    fprintf(c, " },\n");
}

static void write_out(FILE *s, FILE *c, const char *name)
{
    fprintf(s, "    .section .rodata\n");
    fprintf(c,
            "/* SPDX-License-Identifier: Apache-2.0 */\n/* Made by tools/pack. */\n#include "
            "\"http/static.h\"\n\n"
            "extern const struct static_pack %s;\n",
            name);
    for (size_t i = 0; i < found.n; i++) {
        const struct file *f = &found.files[i];
        if (is_form(f))
            continue;
        const struct file *forms[] = { f, form(f, ".br"), form(f, ".gz") };
        static const char *const which[] = { "plain", "br", "gz" };
        for (size_t k = 0; k < 3; k++) {
            put_bytes(s, name, i, which[k], forms[k]);
            put_extern(c, name, i, which[k], forms[k]);
        }
    }
    fprintf(s, "    .section .note.GNU-stack,\"\",@progbits\n");
    fprintf(c, "\nstatic const struct static_file files[] = {\n");
    for (size_t i = 0; i < found.n; i++)
        if (!is_form(&found.files[i]))
            put_row(c, name, i, &found.files[i]);
    fprintf(c, "};\nconst struct static_pack %s = { files, COUNT(files) };\n", name);
}

int main(int argc, char **argv)
{
    if (argc != 5) {
        fprintf(stderr, "usage: pack DIR OUT.S OUT.c NAME\n");
        return 2;
    }
    size_t n = strlen(argv[1]);
    while (n > 1 && argv[1][n - 1] == '/')
        argv[1][--n] = 0;
    found.root = argv[1];
    if (nftw(argv[1], visit, 16, FTW_PHYS) != 0 || !found.n)
        die("no such folder, or nothing in it", argv[1]);
    qsort(found.files, found.n, sizeof found.files[0], by_path);
    FILE *s = fopen(argv[2], "w"), *c = fopen(argv[3], "w");
    if (!s || !c)
        die("cannot be written", s ? argv[3] : argv[2]);
    write_out(s, c, argv[4]);
    if (fclose(s) != 0 || fclose(c) != 0)
        die("cannot be written", argv[2]);
    return 0;
}
