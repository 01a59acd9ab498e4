/* SPDX-License-Identifier: Apache-2.0 */
/* ledger-verify: an auditor's program. It shares no line with the server it audits: libc, libcrypto
 * and this file, short enough to be read before it is trusted. It reads a ledger's folder (C2SP
 * tlog-tiles, tlog-checkpoint, signed-note; trees by RFC 6962), computes everything again from the
 * entry bundles and says whether the tiles, the root and the signature agree, or the first place
 * where they do not. ledger-verify [--key KEY-OR-FILE] [--old CHECKPOINT-FILE] [--leaf N]... FOLDER
 * Exit status: 0 all agrees, 1 something disagrees or is missing, 2 wrong usage.
 * The root is computed twice over, in two ways: level by level through the tiles, and with a binary
 * counter of subtrees. */
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <openssl/evp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum {
    WIDTH = 256,
    LEVELS = 8,
    ENTRY_MAX = 61440,
    BUNDLE_MAX = WIDTH * (ENTRY_MAX + 2),
    NOTE_MAX = 65536,
    TYPES_MAX = 4096,
    LEAVES_MAX = 64,
    DEPTH_MAX = 64,
};

struct hash {
    unsigned char b[32];
};
struct bytes {
    unsigned char *p;
    size_t n;
};
struct key {
    char name[256];
    unsigned char id[4], key[32];
};
struct head {
    char origin[256];
    uint64_t size;
    struct hash root;
};

static struct {
    const char *folder;
    EVP_MD *sha256;
    EVP_MD_CTX *hashing;
    struct row {
        unsigned n;
        struct hash at[WIDTH];
    } row[LEVELS];        /* what the tiles must be */
    struct hash peak[64]; /* the same tree as a binary counter */
    uint64_t size, tiles;
    struct {
        char *name;
        uint64_t count;
    } type[TYPES_MAX];
    size_t types;
    uint64_t other_types;
} g;

__attribute__((noreturn, format(printf, 1, 2))) static void disagree(const char *fmt, ...)
{
    va_list ap;
    (void)fflush(stdout);
    (void)fputs("DISAGREES: ", stderr);
    va_start(ap, fmt);
    (void)vfprintf(stderr, fmt, ap);
    va_end(ap);
    (void)fputc('\n', stderr);
    exit(1);
}

__attribute__((noreturn, format(printf, 1, 2))) static void usage(const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    (void)vfprintf(stderr, fmt, ap);
    va_end(ap);
    (void)fputs(
        "\nusage: ledger-verify [--key KEY-OR-FILE] [--old CHECKPOINT-FILE] [--leaf N]... FOLDER\n"
        "  --key   the verifier key (name+hash+base64) or a file with it; else FOLDER/key.pub,\n"
        "          which proves less: whoever can write the folder can write that too\n"
        "  --old   a signed checkpoint kept from before: is it the beginning of this ledger?\n"
        "  --leaf  prove this leaf from the tiles alone and print it\n"
        "exit status: 0 agrees, 1 disagrees, 2 usage\n",
        stderr);
    exit(2);
}

static void *need(void *p)
{
    if (!p) {
        (void)fputs("ledger-verify: out of memory\n", stderr);
        exit(2);
    }
    return p;
}

/* ---- hashing (RFC 6962 section 2.1) ---- */

static void sha256(const void *a, size_t an, const void *b, size_t bn, struct hash *ret)
{
    if (!EVP_DigestInit_ex(g.hashing, g.sha256, NULL) || !EVP_DigestUpdate(g.hashing, a, an) ||
        !EVP_DigestUpdate(g.hashing, b, bn) || !EVP_DigestFinal_ex(g.hashing, ret->b, NULL)) {
        (void)fputs("ledger-verify: SHA-256 is not available\n", stderr);
        exit(2);
    }
}

static void hash_leaf(const void *p, size_t n, struct hash *ret) { sha256("\0", 1, p, n, ret); }

static void hash_node(const struct hash *l, const struct hash *r, struct hash *ret)
{
    unsigned char both[65];
    both[0] = 1;
    memcpy(both + 1, l->b, 32);
    memcpy(both + 33, r->b, 32);
    sha256(both, sizeof both, "", 0, ret);
}

static bool same(const struct hash *a, const struct hash *b)
{
    return memcmp(a, b, sizeof *a) == 0;
}

/* n a power of two. */
static void hash_full(const struct hash *at, size_t n, struct hash *ret)
{
    struct hash layer[WIDTH];
    memcpy(layer, at, n * sizeof *at);
    for (; n > 1; n /= 2)
        for (size_t i = 0; i < n / 2; i++)
            hash_node(&layer[i * 2], &layer[i * 2 + 1], &layer[i]);
    *ret = layer[0];
}

static void counter_add(struct hash h)
{
    unsigned bit = 0;
    for (; g.size >> bit & 1; bit++)
        hash_node(&g.peak[bit], &h, &h);
    g.peak[bit] = h;
}

static void counter_root(struct hash *ret)
{
    bool any = false;
    sha256("", 0, "", 0, ret);
    for (unsigned bit = 0; bit < 64; bit++) {
        if (!(g.size >> bit & 1))
            continue;
        if (any)
            hash_node(&g.peak[bit], ret, ret);
        else
            *ret = g.peak[bit];
        any = true;
    }
}

/* ---- files ---- */

/* False when there is no such file; anything else that goes wrong ends the program. */
static bool read_file(const char *path, size_t max, struct bytes *ret)
{
    FILE *f = fopen(path, "rb");
    if (!f) {
        if (errno == ENOENT || errno == ENOTDIR)
            return false;
        disagree("%s: %s", path, strerror(errno));
    }
    struct stat st;
    if (fstat(fileno(f), &st) != 0 || !S_ISREG(st.st_mode))
        disagree("%s: not a plain file", path);
    if (st.st_size < 0 || (size_t)st.st_size > max)
        disagree("%s: %lld bytes, more than it may have", path, (long long)st.st_size);
    ret->p = need(malloc((size_t)st.st_size + 1));
    ret->n = fread(ret->p, 1, (size_t)st.st_size + 1, f);
    if (ferror(f) || ret->n != (size_t)st.st_size)
        disagree("%s: could not be read whole", path);
    (void)fclose(f);
    ret->p[ret->n] = 0;
    return true;
}

struct path {
    char z[PATH_MAX];
};

/* level -1: entries. */
static struct path tile_path(int level, uint64_t index, unsigned width)
{
    char number[64] = "", kind[16] = "entries", suffix[16] = "";
    struct path path;
    uint64_t unit = 1;
    while (index / unit >= 1000)
        unit *= 1000;
    for (; unit; unit /= 1000) {
        size_t n = strlen(number);
        (void)snprintf(number + n, sizeof number - n, unit > 1 ? "x%03u/" : "%03u",
                       (unsigned)(index / unit % 1000));
    }
    if (level >= 0)
        (void)snprintf(kind, sizeof kind, "%d", level);
    if (width < WIDTH)
        (void)snprintf(suffix, sizeof suffix, ".p/%u", width);
    if (snprintf(path.z, sizeof path.z, "%s/tile/%s/%s%s", g.folder, kind, number, suffix) >=
        (int)sizeof path.z)
        usage("%s: the path is too long", g.folder);
    return path;
}

/* The file of this width, or the full one if only that is left; the path that was read, for
 * messages. */
static struct path read_tile(int level, uint64_t index, unsigned width, struct bytes *ret)
{
    size_t max = level < 0 ? BUNDLE_MAX : WIDTH * sizeof(struct hash);
    struct path path = tile_path(level, index, width);
    if (read_file(path.z, max, ret))
        return path;
    struct path full = tile_path(level, index, WIDTH);
    if (width == WIDTH || !read_file(full.z, max, ret))
        disagree("%s: missing", path.z);
    return full;
}

static void compare_tile(int level, uint64_t index, const struct hash *want, unsigned width)
{
    struct bytes b;
    struct path path = read_tile(level, index, width, &b);
    if (b.n != width * sizeof *want && b.n != WIDTH * sizeof *want)
        disagree("%s: %zu bytes, not %zu", path.z, b.n, width * sizeof *want);
    for (unsigned i = 0; i < width; i++)
        if (memcmp(b.p + i * sizeof *want, want[i].b, sizeof *want) != 0)
            disagree("%s: hash %u is not what the entries give", path.z, i);
    free(b.p);
    g.tiles++;
}

/* ---- signed notes ---- */

/* Standard base64 with padding, one form only; the number of bytes, or -1. */
static int base64(const char *s, size_t n, unsigned char *to, size_t room)
{
    static const char letters[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    size_t pad = n && s[n - 1] == '=' ? (n > 1 && s[n - 2] == '=' ? 2 : 1) : 0, out = 0;
    unsigned acc = 0, bits = 0;
    if (!n || n % 4)
        return -1;
    for (size_t i = 0; i < n - pad; i++) {
        const char *at = s[i] ? strchr(letters, s[i]) : NULL;
        if (!at)
            return -1;
        acc = acc << 6 | (unsigned)(at - letters);
        bits += 6;
        if (bits >= 8) {
            bits -= 8;
            if (out == room)
                return -1;
            to[out++] = (unsigned char)(acc >> bits);
        }
        acc &= (1u << bits) - 1;
    }
    return acc ? -1 : (int)out;
}

/* "name+hash+base64(0x01 || key)" */
static struct key parse_key(const char *text, const char *where)
{
    struct key k;
    unsigned char typed[33], id_want[4];
    const char *plus = strchr(text, '+'), *second = plus ? strchr(plus + 1, '+') : NULL;
    size_t n = strcspn(text, "\r\n");
    if (!second || plus == text || second - plus != 9 || (size_t)(plus - text) >= sizeof k.name ||
        text[n + strspn(text + n, "\r\n")])
        usage("%s: not a verifier key (name+hash+base64)", where);
    size_t name_n = (size_t)(plus - text);
    memcpy(k.name, text, name_n);
    k.name[name_n] = 0;
    if (base64(second + 1, n - (size_t)(second + 1 - text), typed, sizeof typed) != 33 ||
        typed[0] != 1)
        usage("%s: not an Ed25519 verifier key", where);
    memcpy(k.key, typed + 1, 32);
    char tail[34] = "\n\1";
    memcpy(tail + 2, k.key, 32);
    struct hash h;
    sha256(k.name, name_n, tail, sizeof tail, &h);
    memcpy(k.id, h.b, 4);
    for (int i = 0; i < 4; i++) {
        char two[3] = { plus[1 + i * 2], plus[2 + i * 2], 0 }, *end;
        id_want[i] = (unsigned char)strtoul(two, &end, 16);
        if (*end)
            usage("%s: not a verifier key", where);
    }
    if (memcmp(id_want, k.id, 4) != 0)
        usage("%s: the key's hash does not belong to the key", where);
    return k;
}

static bool signature_right(const struct key *k, const char *text, size_t n,
                            const unsigned char *signature)
{
    EVP_PKEY *key =
        need(EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, k->key, sizeof k->key));
    EVP_MD_CTX *c = need(EVP_MD_CTX_new());
    bool right = EVP_DigestVerifyInit(c, NULL, NULL, NULL, key) == 1 &&
                 EVP_DigestVerify(c, signature, 64, (const unsigned char *)text, n) == 1;
    EVP_MD_CTX_free(c);
    EVP_PKEY_free(key);
    return right;
}

/* True when the line is a right signature by k; a wrong one that claims to be k's ends the program.
 */
static bool check_signature(const char *line, size_t n, const struct key *k, struct bytes text,
                            const char *where)
{
    static const char dash[] = "\xe2\x80\x94 ";
    unsigned char bytes[8192];
    const char *name = line + strlen(dash),
               *space = n > strlen(dash) ? memchr(name, ' ', n - strlen(dash)) : NULL;
    if (!space || memcmp(line, dash, strlen(dash)) != 0 || space == name)
        disagree("%s: a signature line is not well-formed", where);
    int got = base64(space + 1, n - (size_t)(space + 1 - line), bytes, sizeof bytes);
    if (got < 5)
        disagree("%s: a signature is not well-formed", where);
    if ((size_t)(space - name) != strlen(k->name) || memcmp(name, k->name, strlen(k->name)) != 0 ||
        memcmp(bytes, k->id, 4) != 0)
        return false; /* someone else's */
    if (got != 68 || !signature_right(k, (const char *)text.p, text.n, bytes + 4))
        disagree("%s: the signature of %s is wrong", where, k->name);
    return true;
}

static void parse_head(const char *text, const char *where, struct head *ret)
{
    const char *size = strchr(text, '\n') + 1, *root = strchr(size, '\n'),
               *end = root ? strchr(root + 1, '\n') : NULL;
    size_t origin_n = (size_t)(size - 1 - text);
    if (!end || !origin_n || origin_n >= sizeof ret->origin)
        disagree("%s: not three lines of origin, size and root", where);
    memcpy(ret->origin, text, origin_n);
    ret->origin[origin_n] = 0;
    ret->size = 0;
    if (size == root || (*size == '0' && root - size > 1) || root - size > 18)
        disagree("%s: the size is not a number", where);
    for (const char *p = size; p < root; p++) {
        if (*p < '0' || *p > '9')
            disagree("%s: the size is not a number", where);
        ret->size = ret->size * 10 + (uint64_t)(*p - '0');
    }
    root++;
    if (base64(root, (size_t)(end - root), ret->root.b, sizeof ret->root.b) != 32)
        disagree("%s: the root is not the base64 of 32 bytes", where);
}

static struct head read_checkpoint(const char *path, const struct key *k)
{
    struct bytes note;
    struct head head;
    if (!read_file(path, NOTE_MAX, &note))
        disagree("%s: missing", path);
    if (memchr(note.p, 0, note.n) || note.n < 4 || note.p[note.n - 1] != '\n')
        disagree("%s: not a signed note", path);
    size_t at = note.n - 1; /* the text ends at the last empty line */
    while (at > 0 && !(note.p[at] == '\n' && note.p[at - 1] == '\n'))
        at--;
    if (!at || at + 1 == note.n)
        disagree("%s: not a signed note", path);
    bool signed_by_k = false;
    for (const char *line = (char *)note.p + at + 1, *end; *line; line = end + 1) {
        end = strchr(line, '\n');
        signed_by_k |=
            check_signature(line, (size_t)(end - line), k, (struct bytes){ note.p, at }, path);
    }
    if (!signed_by_k)
        disagree("%s: not signed by %s", path, k->name);
    note.p[at] = 0;
    parse_head((char *)note.p, path, &head);
    if (strcmp(head.origin, k->name) != 0)
        disagree("%s: its origin is %s, the key's is %s", path, head.origin, k->name);
    free(note.p);
    return head;
}

/* ---- leaves: one line, one JSON object, its "type" counted ---- */

struct json {
    const char *p, *end;
};

static void space(struct json *j)
{
    while (j->p < j->end && (*j->p == ' ' || *j->p == '\t'))
        j->p++;
}

static bool string(struct json *j)
{
    if (j->p == j->end || *j->p++ != '"')
        return false;
    for (; j->p < j->end; j->p++) {
        if ((unsigned char)*j->p < 0x20)
            return false;
        if (*j->p == '"') {
            j->p++;
            return true;
        }
        if (*j->p == '\\' && ++j->p == j->end)
            return false;
    }
    return false;
}

static bool scalar(struct json *j)
{
    const char *from = j->p;
    while (j->p < j->end && (strchr("+-.", *j->p) || (*j->p >= '0' && *j->p <= '9') ||
                             (*j->p >= 'a' && *j->p <= 'z') || *j->p == 'E'))
        j->p++;
    return j->p > from;
}

/* Form only: brackets, strings, commas and colons where they belong. *ret_type: the value of "type"
 * of the outermost. */
static bool value(struct json *j, int depth, struct json *ret_type)
{
    space(j);
    if (j->p == j->end || depth > DEPTH_MAX)
        return false;
    if (*j->p == '"')
        return string(j);
    if (*j->p != '{' && *j->p != '[')
        return scalar(j);
    bool object = *j->p++ == '{';
    char close = object ? '}' : ']';
    space(j);
    if (j->p < j->end && *j->p == close) {
        j->p++;
        return true;
    }
    for (;;) {
        bool is_type = false;
        space(j);
        if (object) {
            const char *key = j->p;
            if (!string(j))
                return false;
            is_type = depth == 0 && j->p - key == 6 && memcmp(key, "\"type\"", 6) == 0;
            space(j);
            if (j->p == j->end || *j->p++ != ':')
                return false;
            space(j);
        }
        const char *from = j->p;
        if (!value(j, depth + 1, ret_type))
            return false;
        if (is_type && *from == '"')
            *ret_type = (struct json){ from + 1, j->p - 1 };
        space(j);
        if (j->p == j->end || (*j->p != ',' && *j->p != close))
            return false;
        if (*j->p++ == close)
            return true;
    }
}

static void count_type(struct json type)
{
    size_t n = (size_t)(type.end - type.p);
    for (size_t i = 0; i < g.types; i++)
        if (strlen(g.type[i].name) == n && memcmp(g.type[i].name, type.p, n) == 0) {
            g.type[i].count++;
            return;
        }
    if (g.types == TYPES_MAX || n > 200) {
        g.other_types++;
        return;
    }
    char *name = need(malloc(n + 1));
    memcpy(name, type.p, n);
    name[n] = 0;
    g.type[g.types].name = name;
    g.type[g.types++].count = 1;
}

static void check_leaf(const char *p, size_t n, const char *where, unsigned i)
{
    struct json j = { p, p + n }, type = { "(none)", NULL };
    type.end = type.p + 6;
    if (!n || *p != '{' || !value(&j, 0, &type) || j.p != j.end)
        disagree("%s: entry %u (leaf %" PRIu64 ") is not one line holding a JSON object", where, i,
                 g.size);
    count_type(type);
}

/* ---- the audit ---- */

static void add_leaf(const struct hash *leaf)
{
    struct hash h = *leaf;
    counter_add(h);
    for (int level = 0; level < LEVELS; level++) {
        struct row *row = &g.row[level];
        row->at[row->n++] = h;
        if (row->n < WIDTH)
            break;
        compare_tile(level, g.size >> (8 * (level + 1)), row->at, WIDTH);
        hash_full(row->at, WIDTH, &h);
        row->n = 0;
    }
    g.size++;
}

static void check_old(const struct head *old)
{
    struct hash root;
    if (!old || g.size != old->size)
        return;
    counter_root(&root);
    if (!same(&root, &old->root))
        disagree("the old checkpoint of size %" PRIu64 " is not the beginning of this ledger",
                 old->size);
    (void)printf("old     %" PRIu64 " leaves: the beginning of this ledger\n", old->size);
}

static void audit_bundle(uint64_t index, unsigned width, const struct head *old)
{
    struct bytes b;
    struct path path = read_tile(-1, index, width, &b);
    size_t at = 0;
    for (unsigned i = 0; i < WIDTH; i++) {
        struct hash leaf;
        if (i >= width && at == b.n)
            break;
        size_t n = b.n - at < 2 ? SIZE_MAX : (size_t)(b.p[at] << 8 | b.p[at + 1]);
        if (n > ENTRY_MAX || b.n - at - 2 < n)
            disagree("%s: entry %u is cut off or too long", path.z, i);
        if (i < width) {
            hash_leaf(b.p + at + 2, n, &leaf);
            check_leaf((char *)b.p + at + 2, n, path.z, i);
            add_leaf(&leaf);
            check_old(old);
        }
        at += 2 + n;
    }
    if (at != b.n)
        disagree("%s: bytes after the last entry", path.z);
    free(b.p);
}

static void audit(const struct head *head, const struct head *old)
{
    struct hash root;
    check_old(old);
    for (uint64_t index = 0; g.size < head->size; index++) {
        uint64_t left = head->size - index * WIDTH;
        audit_bundle(index, left < WIDTH ? (unsigned)left : WIDTH, old);
    }
    for (int level = 0; level < LEVELS; level++)
        if (g.row[level].n)
            compare_tile(level, g.size >> (8 * level) >> 8, g.row[level].at, g.row[level].n);
    counter_root(&root);
    if (!same(&root, &head->root))
        disagree("%s/checkpoint: the root is not what the entries give", g.folder);
}

/* ---- one leaf, proved from the tiles alone ---- */

/* The hash over leaves [lo, hi) of a tree of `size`: a power of two of them from one tile, or two
 * parts joined. */
static void range(uint64_t lo, uint64_t hi, uint64_t size, struct hash *ret)
{
    uint64_t n = hi - lo, k = 1;
    while (k * 2 < n)
        k *= 2;
    if (n > 1 && k * 2 != n) {
        struct hash l, r;
        range(lo, lo + k, size, &l);
        range(lo + k, hi, size, &r);
        hash_node(&l, &r, ret);
        return;
    }
    int level = 0;
    uint64_t count = n, first = lo;
    for (; count >= WIDTH; count /= WIDTH, level++)
        first /= WIDTH;
    uint64_t hashes = size >> (8 * level), tile = first / WIDTH, width = hashes - tile * WIDTH;
    struct bytes b;
    struct path path = read_tile(level, tile, width < WIDTH ? (unsigned)width : WIDTH, &b);
    if (b.n < (first % WIDTH + count) * sizeof(struct hash))
        disagree("%s: too short", path.z);
    hash_full((struct hash *)(void *)b.p + first % WIDTH, count, ret);
    free(b.p);
}

/* Walks from the leaf's hash to the root through every sibling; what the proof holds is printed. */
static void prove(uint64_t index, uint64_t lo, uint64_t hi, const struct head *head, struct hash *h)
{
    struct hash sibling;
    uint64_t k = 1;
    if (hi - lo == 1)
        return;
    while (k * 2 < hi - lo)
        k *= 2;
    bool left = index < lo + k;
    prove(index, left ? lo : lo + k, left ? lo + k : hi, head, h);
    range(left ? lo + k : lo, left ? hi : lo + k, head->size, &sibling);
    (void)printf("        %s ", left ? "right" : "left ");
    for (size_t i = 0; i < sizeof sibling.b; i++)
        (void)printf("%02x", sibling.b[i]);
    (void)putchar('\n');
    if (left)
        hash_node(h, &sibling, h);
    else
        hash_node(&sibling, h, h);
}

static void print_text(const char *p, size_t n)
{
    for (size_t i = 0; i < n; i++)
        (void)putchar((unsigned char)p[i] < 0x20 || p[i] == 0x7f ? '?' : p[i]);
}

static void prove_leaf(uint64_t index, const struct head *head)
{
    struct bytes b;
    uint64_t left = head->size - index / WIDTH * WIDTH;
    struct path path = read_tile(-1, index / WIDTH, left < WIDTH ? (unsigned)left : WIDTH, &b);
    size_t at = 0, n = 0;
    for (uint64_t i = 0; i <= index % WIDTH; i++) {
        at += n;
        n = b.n - at < 2 ? SIZE_MAX : (size_t)(b.p[at] << 8 | b.p[at + 1]);
        at += 2;
        if (n > ENTRY_MAX || b.n - at < n)
            disagree("%s: cut off", path.z);
    }
    struct hash h;
    hash_leaf(b.p + at, n, &h);
    (void)printf("leaf    %" PRIu64 " ", index);
    print_text((char *)b.p + at, n);
    (void)putchar('\n');
    prove(index, 0, head->size, head, &h);
    if (!same(&h, &head->root))
        disagree("leaf %" PRIu64 " is not under the root", index);
    (void)printf("        is under the root\n");
    free(b.p);
}

/* ---- command line ---- */

static int by_name(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static void print_types(void)
{
    qsort(g.type, g.types, sizeof g.type[0], by_name);
    for (size_t i = 0; i < g.types; i++) {
        (void)printf("%12" PRIu64 "  ", g.type[i].count);
        print_text(g.type[i].name, strlen(g.type[i].name));
        (void)putchar('\n');
    }
    if (g.other_types)
        (void)printf("%12" PRIu64 "  (other types)\n", g.other_types);
}

static struct key find_key(const char *given)
{
    char path[PATH_MAX];
    struct bytes b;
    (void)snprintf(path, sizeof path, "%s/key.pub", g.folder);
    const char *file = given ? given : path;
    if (!read_file(file, 4096, &b)) {
        if (!given)
            usage("%s: missing; give the key with --key", path);
        return parse_key(given, "--key");
    }
    struct key k = parse_key((char *)b.p, file);
    free(b.p);
    return k;
}

static uint64_t number(const char *z)
{
    char *end;
    errno = 0;
    uint64_t v = strtoull(z, &end, 10);
    if (*z < '0' || *z > '9' || *end || errno)
        usage("--leaf: %s is not a number", z);
    return v;
}

int main(int argc, char **argv)
{
    const char *key_text = NULL, *old_path = NULL;
    uint64_t leaf[LEAVES_MAX];
    size_t leaves = 0;
    for (int i = 1; i < argc; i++) {
        bool option = strncmp(argv[i], "--", 2) == 0;
        if (option && i + 1 == argc)
            usage("%s needs a value, or is not known", argv[i]);
        if (strcmp(argv[i], "--key") == 0)
            key_text = argv[++i];
        else if (strcmp(argv[i], "--old") == 0)
            old_path = argv[++i];
        else if (strcmp(argv[i], "--leaf") == 0 && leaves < LEAVES_MAX)
            leaf[leaves++] = number(argv[++i]);
        else if (option || g.folder)
            usage("%s: not understood", argv[i]);
        else
            g.folder = argv[i];
    }
    struct stat st;
    if (!g.folder)
        usage("no folder given");
    if (stat(g.folder, &st) != 0 || !S_ISDIR(st.st_mode))
        usage("%s: not a folder", g.folder);
    g.sha256 = need(EVP_MD_fetch(NULL, "SHA256", NULL));
    g.hashing = need(EVP_MD_CTX_new());
    struct key key = find_key(key_text);
    char path[PATH_MAX];
    (void)snprintf(path, sizeof path, "%s/checkpoint", g.folder);
    struct head head = read_checkpoint(path, &key), old;
    if (old_path) {
        old = read_checkpoint(old_path, &key);
        if (old.size > head.size)
            disagree("%s: the old checkpoint has %" PRIu64 " leaves, this ledger only %" PRIu64,
                     path, old.size, head.size);
    }
    for (size_t i = 0; i < leaves; i++)
        if (leaf[i] >= head.size)
            disagree("leaf %" PRIu64 " does not exist: the ledger has %" PRIu64, leaf[i],
                     head.size);
    (void)printf("ledger  %s\nkey     %02x%02x%02x%02x from %s\n", head.origin, key.id[0],
                 key.id[1], key.id[2], key.id[3], key_text ? "--key" : "the folder itself");
    audit(&head, old_path ? &old : NULL);
    (void)printf("leaves  %" PRIu64 ", all under the signed root\ntiles   %" PRIu64
                 ", all as the leaves give them\n",
                 g.size, g.tiles);
    print_types();
    for (size_t i = 0; i < leaves; i++)
        prove_leaf(leaf[i], &head);
    (void)puts("AGREES");
    return fflush(stdout) ? 2 : 0;
}
