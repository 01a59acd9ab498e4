-- Statements of chat. `member`, `owner` and the counts are those of the person who asks (:me).

-- name: channel_guard :one channel
-- col member bool
-- col owner bool
-- col other_name text
-- col read_seq int
-- col unread int
SELECT c.id, c.kind, c.name, c.topic, c.label,
       (SELECT o.person FROM channel_person o WHERE c.kind = 2 AND o.channel = c.id AND o.person <> :me LIMIT 1) AS other,
       coalesce((SELECT p.name FROM channel_person o JOIN person p ON p.id = o.person
                 WHERE c.kind = 2 AND o.channel = c.id AND o.person <> :me LIMIT 1), '') AS other_name,
       c.members, m.person IS NOT NULL AS member, coalesce(m.owner, 0) AS owner, c.last_seq,
       coalesce(m.read_seq, 0) AS read_seq,
       CASE WHEN m.person IS NULL THEN 0 ELSE c.last_seq - m.read_seq END AS unread, c.last_text, c.last_at
FROM channel c LEFT JOIN channel_person m ON m.channel = c.id AND m.person = :me
WHERE c.id = :id;
-- param me person_id
-- col other person_id?

-- name: channels_of :many channel
-- col member bool
-- col owner bool
-- col other_name text
-- col unread int
-- col other person_id?
SELECT c.id, c.kind, c.name, c.topic, c.label,
       (SELECT o.person FROM channel_person o WHERE c.kind = 2 AND o.channel = c.id AND o.person <> :me LIMIT 1) AS other,
       coalesce((SELECT p.name FROM channel_person o JOIN person p ON p.id = o.person
                 WHERE c.kind = 2 AND o.channel = c.id AND o.person <> :me LIMIT 1), '') AS other_name,
       c.members, 1 AS member, m.owner AS owner, c.last_seq, m.read_seq, c.last_seq - m.read_seq AS unread,
       c.last_text, c.last_at
FROM channel_person m JOIN channel c ON c.id = m.channel
WHERE m.person = :me ORDER BY m.channel LIMIT 1000;
-- param me person_id

-- name: channels_public :many channel
-- col member bool
-- col owner bool
-- col other_name text
-- col read_seq int
-- col unread int
-- col other person_id?
SELECT c.id, c.kind, c.name, c.topic, c.label, NULL AS other, '' AS other_name, c.members,
       m.person IS NOT NULL AS member, coalesce(m.owner, 0) AS owner, c.last_seq, coalesce(m.read_seq, 0) AS read_seq,
       CASE WHEN m.person IS NULL THEN 0 ELSE c.last_seq - m.read_seq END AS unread, c.last_text, c.last_at
FROM channel c LEFT JOIN channel_person m ON m.channel = c.id AND m.person = :me
WHERE c.kind = 0 AND c.id > :after AND (:q IS NULL OR instr(c.name_key, :q) > 0)
ORDER BY c.id LIMIT :limit;
-- param me person_id
-- param after channel_id
-- param q text?

-- name: channel_insert :exec
INSERT INTO channel (id, kind, name, topic, label, pair, name_key, added)
VALUES (:id, :kind, :name, :topic, :label, :pair, :name_key, :now);
-- param kind channel_kind
-- param label label
-- param pair text?
-- param name_key text?
-- param now time

-- name: channel_by_pair :one (id channel_id)
SELECT id FROM channel WHERE pair = :pair;

-- name: member_insert :exec
INSERT INTO channel_person (channel, person, owner, read_seq, joined)
SELECT :channel, :person, :owner, c.last_seq, :now FROM channel c WHERE c.id = :channel;
-- param channel channel_id
-- param person person_id
-- param owner bool
-- param now time

-- name: member_delete :exec -> int
DELETE FROM channel_person WHERE channel = :channel AND person = :person;

-- name: channel_count_members :exec
UPDATE channel SET members = members + :more WHERE id = :id;
-- param more int

-- name: members_of :many channel_member
-- col owner bool
SELECT m.person, p.name, m.owner, m.read_seq, c.kind AS channel_kind
FROM channel_person m JOIN person p ON p.id = m.person JOIN channel c ON c.id = m.channel
WHERE m.channel = :channel ORDER BY m.person LIMIT 1000;

-- name: member_get :one channel_member
SELECT m.person, p.name, m.owner, m.read_seq, c.kind AS channel_kind
FROM channel_person m JOIN person p ON p.id = m.person JOIN channel c ON c.id = m.channel
WHERE m.channel = :channel AND m.person = :person;

-- name: message_get :one message
-- col member bool
SELECT s.id, s.channel, s.seq, s.author, p.name AS author_name, s.text, s.at, s.client_id, c.kind, c.label,
       m.person IS NOT NULL AS member
FROM message s JOIN channel c ON c.id = s.channel JOIN person p ON p.id = s.author
     LEFT JOIN channel_person m ON m.channel = s.channel AND m.person = :me
WHERE s.id = :id;
-- param me person_id

-- name: messages_before :many message
-- Newest first.
-- col member bool
SELECT s.id, s.channel, s.seq, s.author, p.name AS author_name, s.text, s.at, s.client_id, c.kind, c.label,
       m.person IS NOT NULL AS member
FROM message s JOIN channel c ON c.id = s.channel JOIN person p ON p.id = s.author
     LEFT JOIN channel_person m ON m.channel = s.channel AND m.person = :me
WHERE s.channel = :channel AND s.seq < :before ORDER BY s.seq DESC LIMIT :limit;
-- param me person_id
-- param before int

-- name: messages_after :many message
-- Oldest first: what came since.
-- col member bool
SELECT s.id, s.channel, s.seq, s.author, p.name AS author_name, s.text, s.at, s.client_id, c.kind, c.label,
       m.person IS NOT NULL AS member
FROM message s JOIN channel c ON c.id = s.channel JOIN person p ON p.id = s.author
     LEFT JOIN channel_person m ON m.channel = s.channel AND m.person = :me
WHERE s.channel = :channel AND s.seq > :after ORDER BY s.seq LIMIT :limit;
-- param me person_id
-- param after int

-- name: channel_take_seq :one (last_seq int, kind channel_kind, label label)
UPDATE channel SET last_seq = last_seq + 1, last_text = :last_text, last_at = :now WHERE id = :id
RETURNING last_seq, kind, label;
-- param now time

-- name: message_insert :exec
INSERT INTO message (id, channel, seq, author, text, at, client_id)
VALUES (:id, :channel, :seq, :author, :text, :now, :client_id);
-- param author person_id
-- param now time

-- name: author_name :one (name text)
SELECT name FROM person WHERE id = :id;

-- name: member_read :one (read_seq int, last_seq int)
-- Never backward, never past the last message.
UPDATE channel_person SET read_seq = max(read_seq, min(:seq, (SELECT last_seq FROM channel WHERE id = :channel)))
WHERE channel = :channel AND person = :person
RETURNING read_seq, (SELECT last_seq FROM channel WHERE id = :channel) AS last_seq;
-- col last_seq int
