// SPDX-License-Identifier: Apache-2.0
// The API as the models declare it, in the shape that the generator writes. Used until the generated file stands in its place.
export type person_id = string;
export type department_id = string;
export type device_id = string;
export type session_id = string;
export type passkey_id = string;
export type channel_id = string;
export type message_id = string;
export type time = string;
export type bytes = string;

export type role = 'member' | 'system_admin' | 'security_admin' | 'audit_admin';
export type person_status = 'invited' | 'active' | 'locked' | 'left';
export type device_owner = 'own' | 'company';
export type device_status = 'active' | 'locked';
export type channel_kind = 'public' | 'private' | 'direct';
export type label = 'public' | 'internal' | 'sensitive' | 'important' | 'core';

export interface person {
  id: person_id; login: string; name: string; title: string; department: department_id | null; department_name: string;
  role: role; status: person_status;
}
export interface department { id: department_id; name: string; people: number }
export interface device {
  id: device_id; person: person_id; name: string; owner: device_owner; status: device_status; added: time; seen: time;
  seen_from: string; here: boolean;
}
export interface passkey { id: passkey_id; name: string; added: time; used: time | null }
export interface me { person: person; device: device; strength: number; session_ends: time; passkeys: number; host: string }
export interface device_proof { key: bytes; name: string; ephemeral: bytes; signature: bytes }
export interface challenge { challenge: string }
export interface signed_in { me: me; ephemeral: bytes; key_expires: time }
export interface renewed { ephemeral: bytes; key_expires: time }
export interface invitation { name: string; login: string; totp_secret: string; totp_uri: string; ticket: string }
export interface accepted { signed_in: signed_in; recovery_codes: string[] }
export interface invite_made { person: person; link: string; expires: time }
export interface passkey_start { challenge: string; user_handle: bytes; exclude: bytes[] }
export interface done { ok: boolean }

export interface channel {
  id: channel_id; kind: channel_kind; name: string; topic: string; label: label; other: person_id | null; other_name: string;
  members: number; member: boolean; owner: boolean; last_seq: number; read_seq: number; unread: number; last_text: string;
  last_at: time | null;
}
export interface message {
  id: message_id; channel: channel_id; seq: number; author: person_id; author_name: string; text: string; at: time; client_id: string;
}
export interface channel_member { person: person_id; name: string; owner: boolean; read_seq: number }
export interface read_mark { channel: channel_id; read_seq: number; unread: number }

export interface leaf {
  index: number; at: time; type: string; person: person_id | null; person_name: string; decision: string; action: string;
  object: string; rule: string; count: number; body: string;
}
export interface checkpoint { origin: string; size: number; root: bytes; note: string; key: string; at: time }
export interface leaf_proof { leaf: leaf; hashes: bytes[]; checkpoint: checkpoint }

export interface Page<T> { items: T[]; next: string | null }

export type ErrorCode =
  | 'ok' | 'invalid' | 'sign_in' | 'proof' | 'denied' | 'not_found' | 'method' | 'conflict' | 'limit' | 'rate' | 'internal' | 'busy' | 'again'
  | 'closed' | 'io' | 'full' | 'corrupt' | 'repeated'
  | 'wrong_sign_in' | 'invite_gone' | 'wrong_code' | 'weak_password' | 'login_taken' | 'stale_challenge' | 'device_locked'
  | 'passkey_refused' | 'session_gone' | 'last_admin' | 'not_in_direct' | 'already_there' | 'name_taken' | 'not_sealed_yet';

export interface Events {
  person_changed: person;
  message_posted: message;
  member_joined: channel_member;
  channel_added: channel;
  read_moved: read_mark;
}

export interface Transport {
  call<T>(method: string, path: string, query?: object, body?: object): Promise<T>;
}

const enc = encodeURIComponent;

export function peopleApi(t: Transport) {
  return {
    sign_in_start: () => t.call<challenge>('POST', '/api/sign-in/start', undefined, {}),
    sign_in_password: (body: { login: string; password: string; code: string; challenge: string; device: device_proof }) =>
      t.call<signed_in>('POST', '/api/sign-in/password', undefined, body),
    sign_in_passkey: (body: { credential: bytes; client_data: bytes; authenticator_data: bytes; signature: bytes; challenge: string; device: device_proof }) =>
      t.call<signed_in>('POST', '/api/sign-in/passkey', undefined, body),
    invite_open: (body: { token: string }) => t.call<invitation>('POST', '/api/invites/open', undefined, body),
    invite_accept: (body: { token: string; password: string; code: string; ticket: string; challenge: string; device: device_proof }) =>
      t.call<accepted>('POST', '/api/invites/accept', undefined, body),
    session_challenge: () => t.call<challenge>('POST', '/api/session/challenge', undefined, {}),
    session_renew: (body: { challenge: string; ephemeral: bytes; signature: bytes }) =>
      t.call<renewed>('POST', '/api/session/renew', undefined, body),
    session_end: () => t.call<done>('POST', '/api/session/end', undefined, {}),
    me_get: () => t.call<me>('GET', '/api/me'),
    my_devices: (query: { after?: string; limit?: number }) => t.call<Page<device>>('GET', '/api/me/devices', query),
    my_passkeys: (query: { after?: string; limit?: number }) => t.call<Page<passkey>>('GET', '/api/me/passkeys', query),
    passkey_start: () => t.call<passkey_start>('POST', '/api/me/passkeys/start', undefined, {}),
    passkey_enrol: (body: { name: string; client_data: bytes; attestation: bytes; challenge: string }) =>
      t.call<passkey>('POST', '/api/me/passkeys', undefined, body),
    passkey_remove: (id: passkey_id) => t.call<done>('DELETE', `/api/me/passkeys/${enc(id)}`),
    people_list: (query: { q?: string; after?: string; limit?: number }) => t.call<Page<person>>('GET', '/api/people', query),
    person_get: (id: person_id) => t.call<person>('GET', `/api/people/${enc(id)}`),
    person_devices: (id: person_id, query: { after?: string; limit?: number }) =>
      t.call<Page<device>>('GET', `/api/people/${enc(id)}/devices`, query),
    person_add: (body: { name: string; login: string; title: string; department?: department_id; mail: string }) =>
      t.call<invite_made>('POST', '/api/people', undefined, body),
    person_invite: (id: person_id) => t.call<invite_made>('POST', `/api/people/${enc(id)}/invite`, undefined, {}),
    person_lock: (id: person_id) => t.call<person>('POST', `/api/people/${enc(id)}/lock`, undefined, {}),
    person_unlock: (id: person_id) => t.call<person>('POST', `/api/people/${enc(id)}/unlock`, undefined, {}),
    person_role: (id: person_id, body: { role: role }) => t.call<person>('POST', `/api/people/${enc(id)}/role`, undefined, body),
    device_mark: (id: device_id, body: { owner: device_owner }) => t.call<device>('POST', `/api/devices/${enc(id)}/owner`, undefined, body),
    device_lock: (id: device_id) => t.call<device>('POST', `/api/devices/${enc(id)}/lock`, undefined, {}),
    device_unlock: (id: device_id) => t.call<device>('POST', `/api/devices/${enc(id)}/unlock`, undefined, {}),
    departments_list: () => t.call<department[]>('GET', '/api/departments'),
    department_add: (body: { name: string }) => t.call<department>('POST', '/api/departments', undefined, body),
  };
}

export function chatApi(t: Transport) {
  return {
    channels_mine: () => t.call<channel[]>('GET', '/api/channels'),
    channels_browse: (query: { q?: string; after?: string; limit?: number }) => t.call<Page<channel>>('GET', '/api/channels/browse', query),
    channel_create: (body: { kind: channel_kind; name: string; topic?: string }) => t.call<channel>('POST', '/api/channels', undefined, body),
    direct_open: (body: { person: person_id }) => t.call<channel>('POST', '/api/direct', undefined, body),
    channel_get: (id: channel_id) => t.call<channel>('GET', `/api/channels/${enc(id)}`),
    channel_join: (id: channel_id) => t.call<channel>('POST', `/api/channels/${enc(id)}/join`, undefined, {}),
    channel_leave: (id: channel_id) => t.call<channel>('POST', `/api/channels/${enc(id)}/leave`, undefined, {}),
    channel_members: (id: channel_id) => t.call<channel_member[]>('GET', `/api/channels/${enc(id)}/members`),
    channel_invite: (id: channel_id, body: { person: person_id }) =>
      t.call<channel_member>('POST', `/api/channels/${enc(id)}/members`, undefined, body),
    messages_list: (id: channel_id, query: { before?: number; after?: number; limit?: number }) =>
      t.call<Page<message>>('GET', `/api/channels/${enc(id)}/messages`, query),
    message_post: (id: channel_id, body: { text: string }) => t.call<message>('POST', `/api/channels/${enc(id)}/messages`, undefined, body),
    message_get: (id: message_id) => t.call<message>('GET', `/api/messages/${enc(id)}`),
    channel_mark: (id: channel_id, body: { seq: number }) => t.call<read_mark>('POST', `/api/channels/${enc(id)}/read`, undefined, body),
  };
}

export function ledgerApi(t: Transport) {
  return {
    checkpoint_get: () => t.call<checkpoint>('GET', '/api/ledger/checkpoint'),
    leaves_list: (query: { before?: number; mine?: boolean; limit?: number }) => t.call<Page<leaf>>('GET', '/api/ledger/leaves', query),
    leaf_get: (index: number) => t.call<leaf_proof>('GET', `/api/ledger/leaves/${index}`),
  };
}
