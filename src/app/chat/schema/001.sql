-- Channels, who is in them, and what was said. A message's seq is its place in its channel: contiguous, taken with the row.
CREATE TABLE channel (
    id        INTEGER PRIMARY KEY,
    kind      INTEGER NOT NULL,
    name      TEXT NOT NULL DEFAULT '',
    topic     TEXT NOT NULL DEFAULT '',
    label     INTEGER NOT NULL DEFAULT 1,
    pair      TEXT UNIQUE,                      -- direct: the two person ids, smaller first
    name_key  TEXT UNIQUE,                      -- public: the name in lower case; names of public channels are unique
    last_seq  INTEGER NOT NULL DEFAULT 0,
    last_text TEXT NOT NULL DEFAULT '',
    last_at   INTEGER,
    members   INTEGER NOT NULL DEFAULT 0,
    added     INTEGER NOT NULL
) STRICT;
CREATE INDEX channel_kind ON channel (kind, id);

CREATE TABLE channel_person (
    channel   INTEGER NOT NULL REFERENCES channel (id),
    person    INTEGER NOT NULL,
    owner     INTEGER NOT NULL DEFAULT 0,
    read_seq  INTEGER NOT NULL DEFAULT 0,
    joined    INTEGER NOT NULL,
    PRIMARY KEY (channel, person)
) STRICT, WITHOUT ROWID;
CREATE INDEX channel_person_person ON channel_person (person, channel);

CREATE TABLE message (
    id         INTEGER PRIMARY KEY,
    channel    INTEGER NOT NULL REFERENCES channel (id),
    seq        INTEGER NOT NULL,
    author     INTEGER NOT NULL,
    text       TEXT NOT NULL,
    at         INTEGER NOT NULL,
    client_id  TEXT NOT NULL DEFAULT ''
) STRICT;
CREATE UNIQUE INDEX message_place ON message (channel, seq);
