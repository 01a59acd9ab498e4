/* SPDX-License-Identifier: Apache-2.0 */
/* Talk: channels, who is in them, and messages in the order of their seq. A post takes its seq with
 * the channel's row, so that numbers are contiguous and clients resume from them; the answer, the
 * event and the leaf leave with one commit. Whether somebody may is decided before these functions
 * run. */
#include "app/chat/chat.h"

#include <string.h>

#include "base/utf8.h"
#include "core/call.h"
#include "gen/chat.h"

enum { PREVIEW_MAX = 120 };

static person_id me(const struct call *c)
{
    return (person_id){ c->who.person };
}

static err channel_seen_by(struct call *c, channel_id id, person_id person, struct channel *ret)
{
    return q_channel_guard(c, id, person, ret);
}

static err channel_of(struct call *c, channel_id id, struct channel *ret)
{
    return channel_seen_by(c, id, me(c), ret);
}

err chat_channels_mine(struct call *c, const struct chat_channels_mine_in *in,
                       struct channel_list *ret)
{
    (void)in;
    return q_channels_of(c, me(c), ret);
}

static str lower(struct arena *out, str s)
{
    char *p = str_z(out, str_trim(s));
    size_t n = str_trim(s).n;
    for (size_t i = 0; i < n; i++)
        if (p[i] >= 'A' && p[i] <= 'Z')
            p[i] = (char)(p[i] + 32);
    return (str){ p, n };
}

err chat_channels_browse(struct call *c, const struct chat_channels_browse_in *in,
                         struct channel_page *ret)
{
    str q = in->has_q ? lower(c->arena, in->q) : (str){ 0 };
    const struct q_channels_public_in find = {
        .me = me(c), .after = in->after, .q = q, .has_q = q.n > 0, .limit = in->limit
    };
    return q_channels_public(c, &find, &ret->items);
}

static err add_member(struct call *c, channel_id channel, person_id person, bool owner)
{
    TRY(q_member_insert(c, channel, person, owner, c->now));
    return q_channel_count_members(c, channel, 1);
}

err chat_make(struct call *c, const struct new_channel *n, person_id owner, channel_id *ret)
{
    channel_id id = { call_new_id(c) };
    bool is_public = n->kind == CHANNEL_KIND_PUBLIC;
    const struct q_channel_insert_in row = {
        .id = id,
        .kind = (enum channel_kind)n->kind,
        .name = str_trim(n->name),
        .topic = n->topic,
        .label = n->label ? (enum label)(n->label - 1) : LABEL_INTERNAL,
        .now = c->now,
        .pair = n->pair,
        .has_pair = n->pair.n > 0,
        .name_key = lower(c->arena, n->name),
        .has_name_key = is_public,
    };
    TRY(q_channel_insert(c, &row));
    *ret = id;
    return owner.v ? add_member(c, id, owner, true) : E_NONE;
}

err chat_join(struct call *c, channel_id channel, person_id person)
{
    return add_member(c, channel, person, false);
}

err chat_channel_create(struct call *c, const struct chat_channel_create_in *in,
                        struct channel *ret)
{
    channel_id id;
    if (in->kind == CHANNEL_KIND_DIRECT)
        return call_field(c, "kind", "format", 0);
    if (!str_trim(in->name).n)
        return call_field(c, "name", "required", 0);
    const struct new_channel n = { .kind = (int)in->kind, .name = in->name, .topic = in->topic };
    err e = chat_make(c, &n, me(c), &id);
    if (e == E_CONFLICT) {
        IGNORE(call_field(c, "name", "taken", 0));
        return fail(c, E_NAME_TAKEN, "a public channel has this name");
    }
    TRY(e);
    call_object(c, "Channel", "chan", id.v);
    TRY(channel_of(c, id, ret));
    return emit_channel_added(c, me(c), ret);
}

static str pair_of(struct arena *a, i64 x, i64 y)
{
    return str_fmt(a, "%lld-%lld", (long long)MIN(x, y), (long long)MAX(x, y));
}

err chat_direct(struct call *c, person_id x, person_id y, channel_id *ret)
{
    struct q_channel_by_pair_row row;
    str pair = pair_of(c->arena, x.v, y.v);
    err e = q_channel_by_pair(c, pair, &row);
    if (e == E_NONE)
        *ret = row.id;
    if (e != E_NOT_FOUND)
        return e;
    const struct new_channel n = { .kind = CHANNEL_KIND_DIRECT, .pair = pair };
    TRY(chat_make(c, &n, x, ret));
    return y.v == x.v ? E_NONE : add_member(c, *ret, y, true);
}

err chat_read(struct call *c, channel_id channel, person_id person, i64 seq)
{
    struct q_member_read_row mark;
    return q_member_read(c, seq, channel, person, &mark);
}

/* The channel of two people; made when they first talk. With oneself it is a place for notes. */
err chat_direct_open(struct call *c, const struct chat_direct_open_in *in, struct channel *ret)
{
    struct q_channel_by_pair_row row;
    str pair = pair_of(c->arena, c->who.person, in->person.v);
    err e = q_channel_by_pair(c, pair, &row);
    if (e == E_NOT_FOUND) {
        TRY(chat_direct(c, me(c), in->person, &row.id));
        if (in->person.v != c->who.person) {
            struct channel theirs;
            TRY(channel_seen_by(c, row.id, in->person, &theirs));
            TRY(emit_channel_added(c, in->person, &theirs));
        }
    } else {
        TRY(e);
    }
    call_object(c, "Channel", "chan", row.id.v);
    return channel_of(c, row.id, ret);
}

err chat_channel_get(struct call *c, const struct chat_channel_get_in *in, struct channel *ret)
{
    (void)in;
    *ret = *(const struct channel *)c->guarded;
    return E_NONE;
}

static err tell_joined(struct call *c, channel_id channel, person_id person,
                       struct channel_member *ret)
{
    struct channel theirs;
    TRY(q_member_get(c, channel, person, ret));
    TRY(emit_member_joined(c, channel, ret));
    TRY(channel_seen_by(c, channel, person, &theirs));
    return emit_channel_added(c, person, &theirs);
}

/* Joining twice changes nothing. */
err chat_channel_join(struct call *c, const struct chat_channel_join_in *in, struct channel *ret)
{
    struct channel_member m;
    TRY(channel_of(c, in->channel, ret));
    if (!ret->member) {
        TRY(add_member(c, in->channel, me(c), false));
        TRY(tell_joined(c, in->channel, me(c), &m));
    }
    return channel_of(c, in->channel, ret);
}

err chat_channel_leave(struct call *c, const struct chat_channel_leave_in *in, struct channel *ret)
{
    i64 left;
    TRY(channel_of(c, in->channel, ret));
    if (ret->kind == CHANNEL_KIND_DIRECT)
        return fail(c, E_NOT_IN_DIRECT, "a direct message has no way out");
    TRY(q_member_delete(c, in->channel, me(c), &left));
    if (left)
        TRY(q_channel_count_members(c, in->channel, -1));
    call_topic_changed(c, &chat_topics[0], in->channel.v);
    return channel_of(c, in->channel, ret);
}

err chat_channel_members(struct call *c, const struct chat_channel_members_in *in,
                         struct channel_member_list *ret)
{
    return q_members_of(c, in->channel, ret);
}

err chat_channel_invite(struct call *c, const struct chat_channel_invite_in *in,
                        struct channel_member *ret)
{
    struct channel ch;
    TRY(channel_of(c, in->channel, &ch));
    if (ch.kind == CHANNEL_KIND_DIRECT)
        return fail(c, E_NOT_IN_DIRECT, "a direct message is between two");
    err e = add_member(c, in->channel, in->person, false);
    if (e == E_CONFLICT)
        return fail(c, E_ALREADY_THERE, "already a member");
    TRY(e);
    return tell_joined(c, in->channel, in->person, ret);
}

err chat_messages_list(struct call *c, const struct chat_messages_list_in *in,
                       struct message_page *ret)
{
    if (in->has_after) {
        const struct q_messages_after_in later = {
            .me = me(c), .channel = in->channel, .after = in->after, .limit = in->limit
        };
        return q_messages_after(c, &later, &ret->items);
    }
    const struct q_messages_before_in earlier = {
        .me = me(c),
        .channel = in->channel,
        .limit = in->limit,
        .before = in->has_before ? in->before : INT64_MAX,
    };
    return q_messages_before(c, &earlier, &ret->items);
}

/* The beginning of a text for the channel list, on one line, cut between code points. */
static str preview(struct arena *out, str text)
{
    str rest = str_sub(text, 0, PREVIEW_MAX);
    while (rest.n && rest.n < text.n && ((u8)text.p[rest.n] & 0xC0) == 0x80)
        rest.n--;
    char *p = str_z(out, rest);
    for (size_t i = 0; i < rest.n; i++)
        if (p[i] == '\n' || p[i] == '\t')
            p[i] = ' ';
    return (str){ p, rest.n };
}

err chat_say(struct call *c, channel_id channel, str text, str client_id, message_id *ret)
{
    struct q_channel_take_seq_row place;
    message_id id = { call_new_id(c) };
    TRY(q_channel_take_seq(c, channel, preview(c->arena, text), c->now, &place));
    const struct q_message_insert_in row = { .id = id,
                                             .channel = channel,
                                             .seq = place.last_seq,
                                             .author = me(c),
                                             .text = text,
                                             .now = c->now,
                                             .client_id = client_id };
    TRY(q_message_insert(c, &row));
    struct q_member_read_row mark;
    TRY(q_member_read(c, place.last_seq, channel, me(c), &mark)); /* what one writes one has read */
    *ret = id;
    return E_NONE;
}

err chat_message_post(struct call *c, const struct chat_message_post_in *in, struct message *ret)
{
    message_id id;
    if (!str_trim(in->text).n)
        return call_field(c, "text", "required", 0);
    TRY(chat_say(c, in->channel, in->text, c->idempotency_key, &id));
    TRY(q_message_get(c, id, me(c), ret));
    call_object(c, "Message", "mesg", id.v);
    return emit_message_posted(c, in->channel, ret);
}

/* The guard has read it in this very transaction. */
err chat_message_get(struct call *c, const struct chat_message_get_in *in, struct message *ret)
{
    (void)in;
    *ret = *(const struct message *)c->guarded;
    return E_NONE;
}

/* How far one has read goes forward only, and is told to one's other tabs and devices. */
err chat_channel_mark(struct call *c, const struct chat_channel_mark_in *in, struct read_mark *ret)
{
    struct q_member_read_row mark;
    TRY(q_member_read(c, in->seq, in->channel, me(c), &mark));
    *ret = (struct read_mark){ .channel = in->channel,
                               .read_seq = mark.read_seq,
                               .unread = mark.last_seq - mark.read_seq };
    return emit_read_moved(c, me(c), ret);
}
