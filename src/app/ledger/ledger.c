/* SPDX-License-Identifier: Apache-2.0 */
/* Reading the ledger back: leaves from the entry bundles (the truth; there is no second copy),
 * inclusion proofs from the tiles, the signed checkpoint as published. Which leaves a person sees
 * is decided leaf by leaf. */
#include <string.h>

#include "base/id.h"
#include "base/json.h"
#include "core/office.h"
#include "core/sealer.h"
#include "gen/ledger.h"
#include "tlog/note.h"

enum { READ_BUNDLES_MAX = 64 }; /* of 256 leaves: how far one request looks back */

static str text_of(const struct json *o, const char *key)
{
    return json_str_or(json_get(o, str_from(key)), (str){ "", 0 });
}

/* The leaf's own fields for the list; its bytes go along as they are. */
static err leaf_of(struct call *c, u64 index, str body, struct leaf *ret)
{
    const struct json *o;
    if (json_parse(c->arena, body, &o, NULL) != E_NONE)
        return fail(c, E_CORRUPT, "leaf %llu is not JSON", (unsigned long long)index);
    struct leaf l = { .index = (i64)index,
                      .type = text_of(o, "type"),
                      .decision = text_of(o, "decision"),
                      .action = text_of(o, "action"),
                      .object = text_of(o, "object"),
                      .body = body,
                      .person_name = { "", 0 },
                      .count = json_i64_or(json_get(o, S("count")), 1) };
    IGNORE(time_parse(text_of(o, "at"), &l.at));
    l.has_person = id_parse(text_of(o, "person"), "pers", &l.person.v) == E_NONE;
    struct dir_person p;
    if (l.has_person && dir_person(c->office, l.person.v, &p) == E_NONE)
        l.person_name = p.name;
    const struct json *rules = json_get(o, S("rules"));
    struct buf b = buf_in(c->arena, 400);
    for (u32 i = 0; rules && rules->kind == JSON_ARRAY && i < rules->n; i++) {
        if (i)
            buf_char(&b, ' ');
        buf_put(&b, json_str_or(&rules->at[i], (str){ "", 0 }));
    }
    l.rule = str_sub(buf_str(&b), 0, 200);
    *ret = l;
    return E_NONE;
}

/* The head as published: what the checkpoint file says. E_NOT_FOUND before the first. */
static err checkpoint_of(struct call *c, struct checkpoint *ret)
{
    struct tlog_source source = ledger_source(c->office);
    struct tlog_checkpoint head;
    struct note_key key;
    str note, key_text;
    TRY(source.read(source.arg, "checkpoint", NOTE_MAX, c->arena, &note));
    TRY(source.read(source.arg, "key.pub", 1024, c->arena, &key_text));
    while (key_text.n && key_text.p[key_text.n - 1] == '\n')
        key_text.n--;
    TRY(note_key_parse(key_text, &key));
    TRY(tlog_checkpoint_open(c->arena, note, &key, &head));
    *ret = (struct checkpoint){
        .origin = head.origin,
        .size = (i64)head.head.size,
        .note = note,
        .key = key_text,
        .root = str_copy(c->arena, (str){ (const char *)head.head.root.b, 32 }),
        .at = c->now,
    };
    return E_NONE;
}

err ledger_checkpoint_get(struct call *c, const struct ledger_checkpoint_get_in *in,
                          struct checkpoint *ret)
{
    (void)in;
    err e = checkpoint_of(c, ret);
    return e == E_NOT_FOUND ? fail(c, E_NOT_FOUND, "nothing is sealed yet") : e;
}

/* One bundle's leaves from before `end`, newest first, until `want` have been taken. */
static err take(struct call *c, const struct ledger_leaves_list_in *in, u64 *end, u64 size,
                struct leaf_page *ret)
{
    struct tlog_source source = ledger_source(c->office);
    u64 bundle = (*end - 1) / TLOG_WIDTH, first = bundle * TLOG_WIDTH;
    str *entries = NEW_N(c->arena, str, TLOG_WIDTH);
    TRY(tlog_read_bundle(&source, bundle, tlog_width(size, TLOG_ENTRIES, bundle), c->arena,
                         entries));
    struct buf mine = buf_in(c->arena, 64);
    id_put(&mine, "\"person\":\"pers", c->who.person);
    while (*end > first && ret->items.n < (size_t)in->limit) {
        --*end;
        str body = entries[*end - first];
        if (!in->mine || str_find(body, buf_str(&mine)) >= 0)
            TRY(leaf_of(c, *end, body, &ret->items.at[ret->items.n++]));
    }
    return E_NONE;
}

err ledger_leaves_list(struct call *c, const struct ledger_leaves_list_in *in,
                       struct leaf_page *ret)
{
    struct checkpoint head;
    err e = checkpoint_of(c, &head);
    if (e == E_NOT_FOUND)
        return E_NONE;
    TRY(e);
    u64 size = (u64)head.size, end = in->has_before ? MIN((u64)in->before, size) : size;
    ret->items.at = NEW_N(c->arena, struct leaf, (size_t)in->limit);
    for (int i = 0; i < READ_BUNDLES_MAX && end && ret->items.n < (size_t)in->limit; i++)
        TRY(take(c, in, &end, size, ret));
    ret->has_next = end > 0; /* so far it has been looked back; the next request goes on */
    ret->next = (i64)end;
    return E_NONE;
}

err ledger_leaf_get(struct call *c, const struct ledger_leaf_get_in *in, struct leaf_proof *ret)
{
    struct tlog_source source = ledger_source(c->office);
    struct tlog_proof proof;
    str entries[TLOG_WIDTH];
    TRY(checkpoint_of(c, &ret->checkpoint));
    u64 index = (u64)in->index, size = (u64)ret->checkpoint.size;
    if (index >= size)
        return fail(c, E_NOT_SEALED_YET, "leaf %llu of %llu", (unsigned long long)index,
                    (unsigned long long)size);
    u64 bundle = index / TLOG_WIDTH;
    TRY(tlog_read_bundle(&source, bundle, tlog_width(size, TLOG_ENTRIES, bundle), c->arena,
                         entries));
    TRY(leaf_of(c, index, entries[index % TLOG_WIDTH], &ret->leaf));
    TRY(tlog_prove_leaf(&source, index, size, &proof));
    ret->hashes.at = NEW_N(c->arena, str, MAX(proof.n, 1));
    ret->hashes.n = proof.n;
    for (u32 i = 0; i < proof.n; i++)
        ret->hashes.at[i] = str_copy(c->arena, (str){ (const char *)proof.at[i].b, 32 });
    return E_NONE;
}
