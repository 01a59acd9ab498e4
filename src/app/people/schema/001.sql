-- People, what they sign in with, and what they sign in from. Times are microseconds UTC; enums are the model's numbers.
CREATE TABLE department (
    id    INTEGER PRIMARY KEY,
    name  TEXT NOT NULL UNIQUE
) STRICT;

CREATE TABLE person (
    id          INTEGER PRIMARY KEY,
    login       TEXT NOT NULL UNIQUE,           -- lower case
    name        TEXT NOT NULL,
    title       TEXT NOT NULL DEFAULT '',
    mail        TEXT NOT NULL DEFAULT '',
    department  INTEGER REFERENCES department (id),
    role        INTEGER NOT NULL DEFAULT 0,
    status      INTEGER NOT NULL,
    password    TEXT NOT NULL DEFAULT '',       -- Argon2id, encoded; empty until the invitation is accepted
    totp        BLOB,                           -- sealed by the vault
    totp_step   INTEGER NOT NULL DEFAULT 0,     -- the last step used: a code works once
    added       INTEGER NOT NULL,
    changed     INTEGER NOT NULL
) STRICT;
CREATE INDEX person_department ON person (department);
CREATE INDEX person_role ON person (role, status);

CREATE TABLE recovery_code (
    person  INTEGER NOT NULL REFERENCES person (id),
    hash    BLOB NOT NULL,                      -- SHA-256 of person id and code
    used    INTEGER,
    PRIMARY KEY (person, hash)
) STRICT;

CREATE TABLE invite (
    hash     BLOB PRIMARY KEY,                  -- SHA-256 of the token in the link
    person   INTEGER NOT NULL REFERENCES person (id),
    expires  INTEGER NOT NULL,
    used     INTEGER
) STRICT;
CREATE INDEX invite_person ON invite (person);

CREATE TABLE device (
    id         INTEGER PRIMARY KEY,
    person     INTEGER NOT NULL REFERENCES person (id),
    key        BLOB NOT NULL,                   -- P-256 public key, SEC 1 uncompressed
    name       TEXT NOT NULL,
    owner      INTEGER NOT NULL DEFAULT 0,
    status     INTEGER NOT NULL DEFAULT 0,
    added      INTEGER NOT NULL,
    seen       INTEGER NOT NULL,
    seen_from  TEXT NOT NULL DEFAULT '',
    changed    INTEGER NOT NULL,
    UNIQUE (person, key)
) STRICT;

CREATE TABLE passkey (
    id          INTEGER PRIMARY KEY,
    person      INTEGER NOT NULL REFERENCES person (id),
    credential  BLOB NOT NULL UNIQUE,
    public_key  BLOB NOT NULL,                  -- COSE key as the authenticator gave it
    counter     INTEGER NOT NULL,
    name        TEXT NOT NULL,
    added       INTEGER NOT NULL,
    used        INTEGER
) STRICT;
CREATE INDEX passkey_person ON passkey (person, id);

CREATE TABLE session (
    id            INTEGER PRIMARY KEY,
    token_hash    BLOB NOT NULL UNIQUE,         -- SHA-256 of the cookie's token
    person        INTEGER NOT NULL REFERENCES person (id),
    device        INTEGER NOT NULL REFERENCES device (id),
    strength      INTEGER NOT NULL,
    strong_until  INTEGER NOT NULL,             -- strength 4 lasts until then
    opened        INTEGER NOT NULL,
    ends          INTEGER NOT NULL,
    proof_key     BLOB NOT NULL,                -- sealed by the vault
    proof_until   INTEGER NOT NULL
) STRICT;
CREATE INDEX device_person ON device (person, id);

CREATE INDEX session_person ON session (person);
CREATE INDEX session_device ON session (device);
CREATE INDEX session_ends ON session (ends);
