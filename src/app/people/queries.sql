-- Statements of people. Each is prepared at build time against the migrated schema.

-- name: person_guard :one person
SELECT p.id, p.login, p.name, p.title, p.department, coalesce(d.name, '') AS department_name, p.role, p.status
FROM person p LEFT JOIN department d ON d.id = p.department
WHERE p.id = :id AND :me IS NOT NULL;
-- param me person_id

-- name: person_find :many person
-- The directory, in the order people were added. Short: one company; names are searched as they are written.
SELECT p.id, p.login, p.name, p.title, p.department, coalesce(d.name, '') AS department_name, p.role, p.status
FROM person p LEFT JOIN department d ON d.id = p.department
WHERE p.id > :after AND (:q IS NULL OR instr(lower(p.name), :q) > 0 OR instr(p.login, :q) > 0)
ORDER BY p.id LIMIT :limit;
-- param after person_id
-- param q text?

-- name: person_by_login :one (id person_id, status person_status, password text, totp bytes?, totp_step int)
SELECT id, status, password, totp, totp_step FROM person WHERE login = :login;

-- name: person_secrets :one (id person_id, status person_status, password text, totp bytes?, totp_step int)
SELECT id, status, password, totp, totp_step FROM person WHERE id = :id;

-- name: person_insert :exec
INSERT INTO person (id, login, name, title, mail, department, role, status, added, changed)
VALUES (:id, :login, :name, :title, :mail, :department, :role, :status, :now, :now);
-- param department department_id?
-- param role role
-- param status person_status
-- param now time

-- name: person_set_status :exec
UPDATE person SET status = :status, changed = :now WHERE id = :id;
-- param status person_status
-- param now time

-- name: person_set_role :exec
UPDATE person SET role = :role, changed = :now WHERE id = :id;
-- param role role
-- param now time

-- name: admins_active :one (n int)
-- col n int
SELECT count(*) AS n FROM person WHERE role = :role AND status = 1;
-- param role role

-- name: person_accept :exec -> int
-- Not for those who are locked or have left.
UPDATE person SET password = :password, totp = :totp, totp_step = :step, status = 1, changed = :now
WHERE id = :id AND status IN (0, 1);
-- param now time

-- name: person_totp_used :exec -> int
UPDATE person SET totp_step = :step WHERE id = :id AND totp_step < :step;

-- name: people_all :many (id person_id, role role, status person_status, department department_id?, name text, login text, title text, department_name text, passkeys int)
-- scan: the table in memory holds everyone
-- col department_name text
-- col passkeys int
SELECT p.id, p.role, p.status, p.department, p.name, p.login, p.title, coalesce(d.name, '') AS department_name,
       (SELECT count(*) FROM passkey k WHERE k.person = p.id) AS passkeys
FROM person p LEFT JOIN department d ON d.id = p.department
WHERE p.id > :after ORDER BY p.id LIMIT :limit;
-- param after person_id

-- name: person_now :one (id person_id, role role, status person_status, department department_id?, name text, login text, title text, department_name text, passkeys int)
-- col department_name text
-- col passkeys int
SELECT p.id, p.role, p.status, p.department, p.name, p.login, p.title, coalesce(d.name, '') AS department_name,
       (SELECT count(*) FROM passkey k WHERE k.person = p.id) AS passkeys
FROM person p LEFT JOIN department d ON d.id = p.department
WHERE p.id = :id;

-- name: departments_find :many department
-- scan: a company has few departments
-- col people int
SELECT d.id, d.name, (SELECT count(*) FROM person p WHERE p.department = d.id) AS people
FROM department d ORDER BY d.name LIMIT 500;

-- name: department_name :one (name text)
SELECT name FROM department WHERE id = :id;

-- name: department_insert :exec
INSERT INTO department (id, name) VALUES (:id, :name);

-- name: recovery_insert :exec
INSERT INTO recovery_code (person, hash) VALUES (:person, :hash);

-- name: recovery_clear :exec
DELETE FROM recovery_code WHERE person = :person;

-- name: recovery_find :one (hash bytes)
SELECT hash FROM recovery_code WHERE person = :person AND hash = :hash AND used IS NULL;

-- name: recovery_use :exec -> int
UPDATE recovery_code SET used = :now WHERE person = :person AND hash = :hash AND used IS NULL;
-- param now time

-- name: invite_insert :exec
INSERT INTO invite (hash, person, expires) VALUES (:hash, :person, :expires);
-- param expires time

-- name: invite_revoke :exec
UPDATE invite SET used = :now WHERE person = :person AND used IS NULL;
-- param now time

-- name: invite_find :one (person person_id, login text, name text, status person_status, expires time, used time?)
SELECT i.person, p.login, p.name, p.status, i.expires, i.used
FROM invite i JOIN person p ON p.id = i.person WHERE i.hash = :hash;

-- name: invite_use :exec -> int
UPDATE invite SET used = :now WHERE hash = :hash AND used IS NULL AND expires > :now;
-- param now time

-- name: device_guard :one device
-- col here bool
SELECT id, person, name, owner, status, added, seen, seen_from, 0 AS here
FROM device WHERE id = :id AND :me IS NOT NULL;
-- param me person_id

-- name: devices_of :many device
-- col here bool
SELECT id, person, name, owner, status, added, seen, seen_from, id = :mine AS here
FROM device WHERE person = :person AND id > :after ORDER BY id LIMIT :limit;
-- param mine device_id
-- param after device_id

-- name: device_by_key :one (id device_id, status device_status)
SELECT id, status FROM device WHERE person = :person AND key = :key;

-- name: device_key :one (key bytes)
SELECT key FROM device WHERE id = :id;

-- name: device_now :one (id device_id, person person_id, owner device_owner, status device_status, key bytes, name text, added time)
SELECT id, person, owner, status, key, name, added FROM device WHERE id = :id;

-- name: device_insert :exec
INSERT INTO device (id, person, key, name, added, seen, seen_from, changed)
VALUES (:id, :person, :key, :name, :now, :now, :seen_from, :now);
-- param now time

-- name: device_seen :exec
UPDATE device SET seen = :now, seen_from = :seen_from WHERE id = :id;
-- param now time

-- name: device_set_owner :exec
UPDATE device SET owner = :owner, changed = :now WHERE id = :id;
-- param owner device_owner
-- param now time

-- name: device_set_status :exec
UPDATE device SET status = :status, changed = :now WHERE id = :id;
-- param status device_status
-- param now time

-- name: devices_all :many (id device_id, person person_id, owner device_owner, status device_status, key bytes, name text, added time)
-- scan: the snapshot holds every device
SELECT id, person, owner, status, key, name, added FROM device WHERE id > :after ORDER BY id LIMIT :limit;
-- param after device_id

-- name: passkey_guard :one passkey
SELECT id, person, name, added, used FROM passkey WHERE id = :id AND :me IS NOT NULL;
-- param me person_id

-- name: passkeys_of :many passkey
SELECT id, person, name, added, used FROM passkey WHERE person = :person AND id > :after ORDER BY id LIMIT :limit;
-- param after passkey_id

-- name: passkey_credentials :many (credential bytes)
SELECT credential FROM passkey WHERE person = :person ORDER BY id LIMIT 100;

-- name: passkey_count :one (n int)
-- col n int
SELECT count(*) AS n FROM passkey WHERE person = :person;

-- name: passkey_by_credential :one (id passkey_id, person person_id, public_key bytes, counter int)
SELECT id, person, public_key, counter FROM passkey WHERE credential = :credential;

-- name: passkey_insert :exec
INSERT INTO passkey (id, person, credential, public_key, counter, name, added)
VALUES (:id, :person, :credential, :public_key, :counter, :name, :now);
-- param now time

-- name: passkey_used :exec -> int
UPDATE passkey SET counter = :counter, used = :now WHERE id = :id;
-- param now time

-- name: passkey_delete :exec
DELETE FROM passkey WHERE id = :id;

-- name: passkeys_clear :exec
DELETE FROM passkey WHERE person = :person;

-- name: session_insert :exec
INSERT INTO session (id, token_hash, person, device, strength, strong_until, opened, ends, proof_key, proof_until)
VALUES (:id, :token_hash, :person, :device, :strength, :strong_until, :opened, :ends, :proof_key, :proof_until);
-- param strong_until time
-- param opened time
-- param ends time
-- param proof_until time

-- name: session_set_proof :exec -> int
UPDATE session SET proof_key = :proof_key, proof_until = :proof_until WHERE id = :id;
-- param proof_until time

-- name: session_delete :exec
DELETE FROM session WHERE id = :id;

-- name: sessions_delete_of_person :exec
DELETE FROM session WHERE person = :person;

-- name: sessions_delete_of_device :exec
DELETE FROM session WHERE device = :device;

-- name: sessions_expire :exec
DELETE FROM session WHERE ends < :now;
-- param now time

-- name: sessions_all :many (id session_id, token_hash bytes, person person_id, device device_id, strength int, strong_until time, ends time, proof_key bytes, proof_until time)
-- scan: read once at start
SELECT id, token_hash, person, device, strength, strong_until, ends, proof_key, proof_until
FROM session WHERE id > :after ORDER BY id LIMIT :limit;
-- param after session_id
