// SPDX-License-Identifier: Apache-2.0
// Made from the models by tools/gen; change those.

/** RFC 3339, UTC. */
export type time = string;
/** Base64url without padding. */
export type bytes = string;
export interface Page<T, C = string> { items: T[]; next: C | null }
export type Query = Record<string, string | number | boolean | null | undefined>;
export interface Transport {
  call<T>(method: string, path: string, query?: Query, body?: object): Promise<T>;
}
export interface FieldFault {
  field: string;
  what: 'required' | 'too_short' | 'too_long' | 'too_many' | 'range' | 'format' | 'unknown' | 'repeated' | 'taken' | 'wrong' | 'common';
  limit?: number;
}
export interface ProblemBody {
  code: ErrorCode; id?: string; fields?: FieldFault[]; rules?: string[]; advice?: string;
  params?: Record<string, unknown>;
}

export type ErrorCode =
  'invalid' | 'sign_in' | 'proof' | 'denied' | 'not_found' | 'method' | 'conflict' | 'limit' | 'rate' | 'internal' | 'busy' | 'again' | 'closed' | 'io' | 'full' | 'corrupt' | 'repeated' | 'key_used' | 'wrong_sign_in' | 'invite_gone' | 'wrong_code' | 'weak_password' | 'login_taken' | 'stale_challenge' | 'device_locked' | 'passkey_refused' | 'session_gone' | 'last_admin' | 'not_in_direct' | 'already_there' | 'name_taken' | 'not_sealed_yet';

// ---- people ----

export type person_id = string & { readonly __id?: 'pers' };
export type department_id = string & { readonly __id?: 'dept' };
export type device_id = string & { readonly __id?: 'devi' };
export type session_id = string & { readonly __id?: 'sess' };
export type passkey_id = string & { readonly __id?: 'pkey' };
export type role = 'member' | 'system_admin' | 'security_admin' | 'audit_admin';
export type person_status = 'invited' | 'active' | 'locked' | 'left';
export type device_owner = 'own' | 'company';
export type device_status = 'active' | 'locked';
export interface person {
  id: person_id;
  login: string;
  name: string;
  title: string;
  department: department_id | null;
  department_name: string;
  role: role;
  status: person_status;
}
export interface department {
  id: department_id;
  name: string;
  people: number;
}
export interface device {
  id: device_id;
  person: person_id;
  name: string;
  owner: device_owner;
  status: device_status;
  added: time;
  seen: time;
  seen_from: string;
  here: boolean;  // the device of this very session
}
export interface passkey {
  id: passkey_id;
  name: string;
  added: time;
  used: time | null;
}
export interface me {
  person: person;
  device: device;
  strength: number;
  session_ends: time;
  passkeys: number;
  host: string;
}
export interface device_proof {
  key: bytes;
  name: string;
  ephemeral: bytes;
  signature: bytes;
}
export interface challenge {
  challenge: string;
}
export interface signed_in {
  me: me;
  ephemeral: bytes;  // the server's half: both sides derive the proof key from it
  key_expires: time;
}
export interface renewed {
  ephemeral: bytes;
  key_expires: time;
}
export interface invitation {
  name: string;
  login: string;
  totp_secret: string;
  totp_uri: string;
  ticket: string;  // the sealed TOTP secret, handed back on accepting
}
export interface accepted {
  signed_in: signed_in;
  recovery_codes: string[];
}
export interface invite_made {
  person: person;
  link: string;
  expires: time;
}
export interface passkey_start {
  challenge: string;
  user_handle: bytes;
  exclude: bytes[];
}
export interface done {
  ok: boolean;
}

export const peopleApi = (t: Transport) => ({
  sign_in_start: () =>
    t.call<challenge>('POST', '/api/sign-in/start', undefined, {}),
  sign_in_password: (body: { login: string; password: string; code: string; challenge: string; device: device_proof }) =>
    t.call<signed_in>('POST', '/api/sign-in/password', undefined, body),
  sign_in_passkey: (body: { credential: bytes; client_data: bytes; authenticator_data: bytes; signature: bytes; challenge: string; device: device_proof }) =>
    t.call<signed_in>('POST', '/api/sign-in/passkey', undefined, body),
  invite_open: (body: { token: string }) =>
    t.call<invitation>('POST', '/api/invites/open', undefined, body),
  invite_accept: (body: { token: string; password: string; code: string; ticket: string; challenge: string; device: device_proof }) =>
    t.call<accepted>('POST', '/api/invites/accept', undefined, body),
  session_challenge: () =>
    t.call<challenge>('POST', '/api/session/challenge', undefined, {}),
  session_renew: (body: { challenge: string; ephemeral: bytes; signature: bytes }) =>
    t.call<renewed>('POST', '/api/session/renew', undefined, body),
  session_end: () =>
    t.call<done>('POST', '/api/session/end', undefined, {}),
  me_get: () =>
    t.call<me>('GET', '/api/me'),
  my_devices: (query: { after?: device_id | null; limit?: number } = {}) =>
    t.call<Page<device, device_id>>('GET', '/api/me/devices', query),
  my_passkeys: (query: { after?: passkey_id | null; limit?: number } = {}) =>
    t.call<Page<passkey, passkey_id>>('GET', '/api/me/passkeys', query),
  passkey_start: () =>
    t.call<passkey_start>('POST', '/api/me/passkeys/start', undefined, {}),
  passkey_enrol: (body: { name: string; client_data: bytes; attestation: bytes; challenge: string }) =>
    t.call<passkey>('POST', '/api/me/passkeys', undefined, body),
  passkey_remove: (passkey: passkey_id) =>
    t.call<done>('DELETE', `/api/me/passkeys/${encodeURIComponent(passkey)}`),
  people_list: (query: { q?: string | null; after?: person_id | null; limit?: number } = {}) =>
    t.call<Page<person, person_id>>('GET', '/api/people', query),
  person_get: (person: person_id) =>
    t.call<person>('GET', `/api/people/${encodeURIComponent(person)}`),
  person_devices: (person: person_id, query: { after?: device_id | null; limit?: number } = {}) =>
    t.call<Page<device, device_id>>('GET', `/api/people/${encodeURIComponent(person)}/devices`, query),
  person_add: (body: { name: string; login: string; title: string; department?: department_id | null; mail: string }) =>
    t.call<invite_made>('POST', '/api/people', undefined, body),
  person_invite: (person: person_id) =>
    t.call<invite_made>('POST', `/api/people/${encodeURIComponent(person)}/invite`, undefined, {}),
  person_lock: (person: person_id) =>
    t.call<person>('POST', `/api/people/${encodeURIComponent(person)}/lock`, undefined, {}),
  person_unlock: (person: person_id) =>
    t.call<person>('POST', `/api/people/${encodeURIComponent(person)}/unlock`, undefined, {}),
  person_role: (person: person_id, body: { role: role }) =>
    t.call<person>('POST', `/api/people/${encodeURIComponent(person)}/role`, undefined, body),
  device_mark: (device: device_id, body: { owner: device_owner }) =>
    t.call<device>('POST', `/api/devices/${encodeURIComponent(device)}/owner`, undefined, body),
  device_lock: (device: device_id) =>
    t.call<device>('POST', `/api/devices/${encodeURIComponent(device)}/lock`, undefined, {}),
  device_unlock: (device: device_id) =>
    t.call<device>('POST', `/api/devices/${encodeURIComponent(device)}/unlock`, undefined, {}),
  departments_list: () =>
    t.call<department[]>('GET', '/api/departments'),
  department_add: (body: { name: string }) =>
    t.call<department>('POST', '/api/departments', undefined, body),
});

// ---- chat ----

export type channel_id = string & { readonly __id?: 'chan' };
export type message_id = string & { readonly __id?: 'mesg' };
export type channel_kind = 'public' | 'private' | 'direct';
export type label = 'public' | 'internal' | 'sensitive' | 'important' | 'core';
export interface channel {
  id: channel_id;
  kind: channel_kind;
  name: string;  // empty for a direct message: `other` names it
  topic: string;
  label: label;
  other: person_id | null;  // direct: the one who is not you
  other_name: string;
  members: number;
  member: boolean;  // whether you are
  owner: boolean;
  last_seq: number;
  read_seq: number;
  unread: number;
  last_text: string;
  last_at: time | null;
}
export interface message {
  id: message_id;
  channel: channel_id;
  seq: number;
  author: person_id;
  author_name: string;
  text: string;
  at: time;
  client_id: string;  // the Idempotency-Key it was posted with: the author's page finds its own
}
export interface channel_member {
  person: person_id;
  name: string;
  owner: boolean;
  read_seq: number;
}
export interface read_mark {
  channel: channel_id;
  read_seq: number;
  unread: number;
}

export const chatApi = (t: Transport) => ({
  channels_mine: () =>
    t.call<channel[]>('GET', '/api/channels'),
  channels_browse: (query: { q?: string | null; after?: channel_id | null; limit?: number } = {}) =>
    t.call<Page<channel, channel_id>>('GET', '/api/channels/browse', query),
  channel_create: (body: { kind: channel_kind; name: string; topic?: string }) =>
    t.call<channel>('POST', '/api/channels', undefined, body),
  direct_open: (body: { person: person_id }) =>
    t.call<channel>('POST', '/api/direct', undefined, body),
  channel_get: (channel: channel_id) =>
    t.call<channel>('GET', `/api/channels/${encodeURIComponent(channel)}`),
  channel_join: (channel: channel_id) =>
    t.call<channel>('POST', `/api/channels/${encodeURIComponent(channel)}/join`, undefined, {}),
  channel_leave: (channel: channel_id) =>
    t.call<channel>('POST', `/api/channels/${encodeURIComponent(channel)}/leave`, undefined, {}),
  channel_members: (channel: channel_id) =>
    t.call<channel_member[]>('GET', `/api/channels/${encodeURIComponent(channel)}/members`),
  channel_invite: (channel: channel_id, body: { person: person_id }) =>
    t.call<channel_member>('POST', `/api/channels/${encodeURIComponent(channel)}/members`, undefined, body),
  messages_list: (channel: channel_id, query: { before?: number | null; after?: number | null; limit?: number } = {}) =>
    t.call<Page<message, number>>('GET', `/api/channels/${encodeURIComponent(channel)}/messages`, query),
  message_post: (channel: channel_id, body: { text: string }) =>
    t.call<message>('POST', `/api/channels/${encodeURIComponent(channel)}/messages`, undefined, body),
  message_get: (message: message_id) =>
    t.call<message>('GET', `/api/messages/${encodeURIComponent(message)}`),
  channel_mark: (channel: channel_id, body: { seq: number }) =>
    t.call<read_mark>('POST', `/api/channels/${encodeURIComponent(channel)}/read`, undefined, body),
});

// ---- ledger ----

export interface leaf {
  index: number;
  at: time;
  type: string;
  person: person_id | null;
  person_name: string;
  decision: string;  // allow, deny, or empty for an effect of the server itself
  action: string;
  object: string;  // chan_…, pers_…
  rule: string;  // ids of the determining policies
  count: number;  // identical harmless decisions within a second are one leaf
  body: string;  // the leaf's own bytes
}
export interface checkpoint {
  origin: string;
  size: number;
  root: bytes;
  note: string;  // C2SP tlog-checkpoint, signed
  key: string;  // the verifier key, as in DATA/ledger/key.pub
  at: time;
}
export interface leaf_proof {
  leaf: leaf;
  hashes: bytes[];  // RFC 6962 inclusion proof, leaf to root
  checkpoint: checkpoint;
}

export const ledgerApi = (t: Transport) => ({
  checkpoint_get: () =>
    t.call<checkpoint>('GET', '/api/ledger/checkpoint'),
  leaves_list: (query: { before?: number | null; mine?: boolean; limit?: number } = {}) =>
    t.call<Page<leaf, number>>('GET', '/api/ledger/leaves', query),
  leaf_get: (index: number) =>
    t.call<leaf_proof>('GET', `/api/ledger/leaves/${index}`),
});

/** What an endpoint may answer with, beside the common codes. */
export interface Errors {
  people: {
    sign_in_password: 'wrong_sign_in' | 'stale_challenge' | 'device_locked';
    sign_in_passkey: 'wrong_sign_in' | 'stale_challenge' | 'device_locked';
    invite_open: 'invite_gone';
    invite_accept: 'invite_gone' | 'wrong_code' | 'weak_password' | 'stale_challenge';
    session_renew: 'stale_challenge' | 'session_gone';
    passkey_enrol: 'passkey_refused' | 'stale_challenge';
    person_add: 'login_taken';
    person_role: 'last_admin';
  };
  chat: {
    channel_create: 'name_taken';
    channel_leave: 'not_in_direct';
    channel_invite: 'already_there' | 'not_in_direct';
  };
  ledger: {
    leaf_get: 'not_sealed_yet';
  };
}

/** What an event carries. */
export interface Events {
  person_changed: person;
  message_posted: message;
  member_joined: channel_member;
  channel_added: channel;
  read_moved: read_mark;
}
/** Which events a topic brings. */
export interface Topics {
  person: 'person_changed' | 'channel_added' | 'read_moved';
  channel: 'message_posted' | 'member_joined';
}

export const actions = [
  'session.renew',
  'session.end',
  'me.read',
  'device.read',
  'passkey.read',
  'passkey.enrol',
  'passkey.remove',
  'person.read',
  'person.add',
  'person.invite',
  'person.lock',
  'person.unlock',
  'person.role',
  'device.mark',
  'device.lock',
  'device.unlock',
  'department.list',
  'department.add',
  'person.listen',
  'session.open',
  'channel.list',
  'channel.see',
  'channel.create',
  'direct.open',
  'channel.read',
  'channel.join',
  'channel.leave',
  'channel.invite',
  'message.read',
  'message.post',
  'channel.mark',
  'ledger.checkpoint',
  'leaf.read',
] as const;
export type Action = (typeof actions)[number];

/** Of fields: characters of texts, bytes of bytes, values of numbers. */
export const limits = {
  people: {
    sign_in_password: { login: { min: 1, max: 64 }, password: { min: 1, max: 256 }, code: { min: 6, max: 20 }, challenge: { min: 1, max: 200 } },
    sign_in_passkey: { credential: { min: 1, max: 1023 }, client_data: { min: 1, max: 2048 }, authenticator_data: { min: 37, max: 2048 }, signature: { min: 8, max: 600 }, challenge: { min: 1, max: 200 } },
    invite_open: { token: { min: 20, max: 100 } },
    invite_accept: { token: { min: 20, max: 100 }, password: { min: 1, max: 256 }, code: { min: 6, max: 6 }, ticket: { min: 1, max: 600 }, challenge: { min: 1, max: 200 } },
    session_renew: { challenge: { min: 1, max: 200 }, ephemeral: { min: 65, max: 65 }, signature: { min: 64, max: 64 } },
    my_devices: { limit: { min: 1, max: 200 } },
    my_passkeys: { limit: { min: 1, max: 200 } },
    passkey_enrol: { name: { min: 1, max: 80 }, client_data: { min: 1, max: 2048 }, attestation: { min: 1, max: 4096 }, challenge: { min: 1, max: 200 } },
    people_list: { q: { min: 0, max: 80 }, limit: { min: 1, max: 200 } },
    person_devices: { limit: { min: 1, max: 200 } },
    person_add: { name: { min: 1, max: 80 }, login: { min: 1, max: 64 }, title: { min: 0, max: 80 }, mail: { min: 0, max: 200 } },
    department_add: { name: { min: 1, max: 80 } },
  },
  chat: {
    channels_browse: { q: { min: 0, max: 80 }, limit: { min: 1, max: 200 } },
    channel_create: { name: { min: 1, max: 80 }, topic: { min: 0, max: 250 } },
    messages_list: { before: { min: 1, max: 9007199254740991 }, after: { min: 0, max: 9007199254740991 }, limit: { min: 1, max: 200 } },
    message_post: { text: { min: 1, max: 8000 } },
    channel_mark: { seq: { min: 0, max: 9007199254740991 } },
  },
  ledger: {
    leaves_list: { before: { min: 1, max: 9007199254740991 }, limit: { min: 1, max: 200 } },
    leaf_get: { index: { min: 0, max: 9007199254740991 } },
  },
} as const;
