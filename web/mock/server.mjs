// SPDX-License-Identifier: Apache-2.0
// A stand-in for the server while developing the page: the API in memory, with the real proofs, Merkle tree and signatures checked and
// made by Node's own crypto. Never shipped. Sign in as any login of data.mjs, password "outwork-demo", any six digits but 999999.
import { createHash, generateKeyPairSync, randomBytes, sign as edSign, webcrypto as wc } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { extname, join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';
import { WebSocketServer } from 'ws';
import * as data from './data.mjs';

const port = Number(process.env.PORT ?? 8480);
const dist = process.env.OUTWORK_WEB_OUT ?? join(fileURLToPath(new URL('.', import.meta.url)), '..', 'dist');
const b64u = (b) => Buffer.from(b).toString('base64url'), un = (s) => Buffer.from(s, 'base64url');
const sha = (...p) => createHash('sha256').update(Buffer.concat(p)).digest();
let counter = 0;
const id = (prefix) => `${prefix}_0${(1e11 + ++counter * 7919).toString(32).padStart(12, '0').replace(/[ilou]/g, 'z')}`;
const now = () => new Date().toISOString();
class Fail extends Error { constructor(status, code, more = {}) { super(code); this.status = status; this.body = { code, id: `requ_${b64u(randomBytes(6))}`, ...more }; } }

// ---- the company
const depts = data.departments.map((name) => ({ id: id('dept'), name }));
const people = data.people.map(([login, name, title, d, role]) => ({
  id: id('pers'), login, name, title, department: depts[d].id, department_name: depts[d].name,
  role: role.endsWith('_admin') ? role : 'member', status: role === 'locked' || role === 'invited' ? role : 'active',
}));
const byLogin = (l) => people.find((p) => p.login === l), byId = (i) => people.find((p) => p.id === i);
const devices = [], passkeys = [], sessions = new Map(), invites = new Map(), challenges = new Map(), answers = new Map(), topics = new Map();
const channels = [], messages = new Map();
const invite = (p) => { const token = b64u(randomBytes(24)); invites.set(token, { person: p.id, totp: 'JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP' }); return token; };
invites.set('demo-invitation-token-0000', { person: people.at(-1).id, totp: 'JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP' });

// ---- the ledger
const leaves = [], hashes = [];
const ed = generateKeyPairSync('ed25519'), rawPub = Buffer.from(ed.publicKey.export({ format: 'jwk' }).x, 'base64url');
const origin = 'localhost/ledger', keyId = sha(Buffer.from(`${origin}\n`), Buffer.from([1]), rawPub).subarray(0, 4);
const vkey = `${origin}+${keyId.toString('hex')}+${Buffer.concat([Buffer.from([1]), rawPub]).toString('base64')}`;
const mth = (a, b) => { const n = b - a; if (n === 0) return sha(); if (n === 1) return hashes[a]; let k = 1; while (k * 2 < n) k *= 2; return sha(Buffer.from([1]), mth(a, a + k), mth(a + k, b)); };
const path = (m, a, b) => { const n = b - a; if (n === 1) return []; let k = 1; while (k * 2 < n) k *= 2; return m - a < k ? [...path(m, a, a + k), mth(a + k, b)] : [...path(m, a + k, b), mth(a, a + k)]; };
function leaf(type, person, more = {}, at = now()) {
  const l = { index: leaves.length, at, type, person: person?.id ?? null, person_name: person?.name ?? '', decision: 'allow', action: '', object: '', rule: '', count: 1, ...more };
  l.body = JSON.stringify({ v: 1, at, type, person: l.person, action: l.action, object: l.object, decision: l.decision, rule: l.rule });
  leaves.push(l);
  hashes.push(sha(Buffer.from([0]), Buffer.from(l.body)));
}
function checkpoint() {
  const root = mth(0, hashes.length), text = `${origin}\n${hashes.length}\n${root.toString('base64')}\n`;
  const sig = edSign(null, Buffer.from(text), ed.privateKey);
  return { origin, size: hashes.length, root: b64u(root), note: `${text}\n— ${origin} ${Buffer.concat([keyId, sig]).toString('base64')}\n`, key: vkey, at: now() };
}

// ---- talk
function makeChannel(kind, name, topic, members, owner) {
  const c = { id: id('chan'), kind, name, topic, label: 'internal', members: new Map(members.map((p) => [p, { read: 0, owner: p === owner }])) };
  channels.push(c);
  messages.set(c.id, []);
  return c;
}
function post(c, author, text, client = '', at = now()) {
  const list = messages.get(c.id), m = { id: id('mesg'), channel: c.id, seq: list.length + 1, author, author_name: byId(author).name, text, at, client_id: client };
  list.push(m);
  if (c.members.get(author)) c.members.get(author).read = m.seq;
  return m;
}
const view = (c, p) => {
  const list = messages.get(c.id), mine = c.members.get(p), last = list.at(-1), other = c.kind === 'direct' ? [...c.members.keys()].find((x) => x !== p) : null;
  return {
    id: c.id, kind: c.kind, name: c.name, topic: c.topic, label: c.label, other: other ?? null, other_name: other ? byId(other).name : '', members: c.members.size,
    member: !!mine, owner: mine?.owner ?? false, last_seq: list.length, read_seq: mine?.read ?? 0, unread: mine ? list.length - mine.read : 0,
    last_text: last ? last.text.slice(0, 200).replace(/\n/g, ' ') : '', last_at: last?.at ?? null,
  };
};
{
  const hours = 3.6e6, everyone = people.filter((p) => p.status !== 'invited').map((p) => p.id);
  data.channels.forEach(([name, kind, topic], n) => {
    const said = data.talkOf(name), who = kind === 'public' ? everyone : [...new Set(said.map((s) => byLogin(s[0]).id))];
    const c = makeChannel(kind, name, topic, name === 'random' || name === '设计评审' ? who.filter((x) => x !== byLogin('lin.mei').id) : who, byLogin('chen.hao').id);
    said.forEach(([login, text], i) => post(c, byLogin(login).id, text, '', new Date(Date.now() - (said.length - i) * (n + 1) * 1.7 * hours - n * hours * 0.4).toISOString()));
    c.members.forEach((m, p) => { m.read = Math.max(0, messages.get(c.id).length - (p === byLogin('lin.mei').id && n < 3 ? [2, 3, 0][n] : 0)); });
  });
  const history = channels[1], old = messages.get(history.id).splice(0);
  for (let i = 0; i < 160; i++) post(history, people[(i * i + 3) % 16].id, [`Build ${4200 + i} is green.`, '看到了，谢谢。', 'LGTM', `第 ${i} 次回归没有问题。`, 'Could somebody look at the flaky test in the uploader? It fails about once in fifty runs, always on the second retry, and the trace points at the timer.'][i % 5], '', new Date(Date.now() - (200 - i) * 0.9 * hours).toISOString());
  for (const m of old) post(history, m.author, m.text, '', m.at);
  history.members.forEach((m, p) => { m.read = messages.get(history.id).length - (p === byLogin('lin.mei').id ? 3 : 0); });
  const lin = byLogin('lin.mei').id;
  data.directs.forEach(([login, lines], n) => {
    const other = byLogin(login).id, c = makeChannel('direct', '', '', [lin, other]);
    lines.forEach((t, i) => post(c, i % 2 ? lin : other, t, '', new Date(Date.now() - (n * 9 + 2) * hours + i * 240000).toISOString()));
    c.members.get(lin).read = messages.get(c.id).length - (n === 2 ? 1 : 0);
    c.members.get(other).read = messages.get(c.id).length;
  });
  for (let i = 0; i < 300; i++) {
    const p = people[(i * 7) % 20], at = new Date(Date.now() - (300 - i) * 11 * 60000).toISOString(), c = channels[i % 8];
    const [type, more] = [['session.opened', {}], ['message.posted', { action: 'message.post', object: c.id, rule: 'members-take-part', count: 1 + (i % 3) }], ['decision', { action: 'channel.read', object: channels[3].id, decision: 'deny', rule: 'private-channel-members-only' }], ['channel.joined', { action: 'channel.join', object: c.id, rule: 'public-channels-are-open' }], ['passkey.enrolled', { action: 'passkey.enrol', rule: 'enrol-passkey' }], ['person.locked', { action: 'person.lock', object: people[20].id, rule: 'security-administrators-lock' }]][i % 6];
    leaf(type, p, more, at);
  }
}

// ---- live
const sockets = new Set();
function emit(topic, event, body) {
  const log = topics.get(topic) ?? { seq: 0, kept: [] };
  topics.set(topic, log);
  log.kept.push({ on: 'event', topic, seq: ++log.seq, event, data: body });
  for (const s of sockets) if (s.subs.has(topic)) s.send(JSON.stringify([log.kept.at(-1)]));
}
function say(c, m) {
  emit(`channel:${c.id}`, 'message_posted', m);
}

// ---- decisions
const refuse = (c, rule, advice) => { throw new Fail(403, 'denied', { rules: [rule], advice, ...c }); };
function mayRead(c, me, action = 'channel.read') {
  if (c.kind === 'public' || c.members.has(me.id)) return;
  const rule = c.kind === 'private' ? 'private-channel-members-only' : 'direct-messages-are-private';
  leaf('decision', me, { action, object: c.id, decision: 'deny', rule });
  refuse({}, rule, c.kind === 'private' ? 'ask_member' : 'not_yours');
}
const need = (me, role, rule = 'administration-is-for-administrators') => { if (![].concat(role).includes(me.role)) refuse({}, rule, 'ask_administrator'); };
const chan = (i) => channels.find((c) => c.id === i) ?? (() => { throw new Fail(404, 'not_found'); })();
const page = (all, q, key) => { const limit = Math.min(200, Number(q.limit ?? 50)), from = q.after ? all.findIndex((x) => String(x[key]) === q.after) + 1 : 0, items = all.slice(from, from + limit); return { items, next: from + limit < all.length ? String(items.at(-1)[key]) : null }; };

// ---- ways in
async function deviceOk(d, challenge) {
  const key = await wc.subtle.importKey('raw', un(d.key), { name: 'ECDSA', namedCurve: 'P-256' }, false, ['verify']);
  const words = Buffer.concat([Buffer.from(`outwork-device-v1${challenge}`), un(d.key), un(d.ephemeral)]);
  if (!(await wc.subtle.verify({ name: 'ECDSA', hash: 'SHA-256' }, key, un(d.signature), words))) throw new Fail(400, 'invalid', { fields: [{ field: 'device.signature', what: 'bad' }] });
}
async function keyFor(ephemeral, challenge) {
  const mine = await wc.subtle.generateKey({ name: 'ECDH', namedCurve: 'P-256' }, false, ['deriveBits']);
  const theirs = await wc.subtle.importKey('raw', un(ephemeral), { name: 'ECDH', namedCurve: 'P-256' }, false, []);
  const bits = await wc.subtle.deriveBits({ name: 'ECDH', public: theirs }, mine.privateKey, 256), ikm = await wc.subtle.importKey('raw', bits, 'HKDF', false, ['deriveBits']);
  const k = await wc.subtle.deriveBits({ name: 'HKDF', hash: 'SHA-256', salt: Buffer.from(challenge), info: Buffer.from('outwork-proof-v1') }, ikm, 256);
  const hmac = await wc.subtle.importKey('raw', k, { name: 'HMAC', hash: 'SHA-256' }, false, ['verify']);
  return { hmac, ephemeral: b64u(await wc.subtle.exportKey('raw', mine.publicKey)), expires: Date.now() + 360000 };
}
const takeChallenge = (c) => { if (!challenges.delete(c)) throw new Fail(409, 'stale_challenge'); };
const newChallenge = () => { const c = b64u(randomBytes(24)); challenges.set(c, 1); return { challenge: c }; };
const meOf = (s) => ({ person: byId(s.person), device: { ...s.device, here: true }, strength: s.strength, session_ends: new Date(Date.now() + 4.3e7).toISOString(), passkeys: passkeys.filter((k) => k.person === s.person).length, host: 'localhost' });
async function open(p, d, challenge, strength, res) {
  await deviceOk(d, challenge);
  let dev = devices.find((x) => x.key === d.key && x.person === p.id);
  if (!dev) devices.push(dev = { id: id('devi'), key: d.key, person: p.id, name: d.name, owner: 'own', status: 'active', added: now(), seen: now(), seen_from: '127.0.0.1' });
  if (dev.status === 'locked') throw new Fail(403, 'device_locked');
  const k = await keyFor(d.ephemeral, challenge), sid = b64u(randomBytes(24)), s = { sid, person: p.id, device: dev, strength, ...k, raw: un(d.key) };
  sessions.set(sid, s);
  res.setHeader('Set-Cookie', `__Host-outwork=${sid}; HttpOnly; Secure; SameSite=Strict; Path=/`);
  leaf('session.opened', p, { object: dev.id });
  return { me: meOf(s), ephemeral: k.ephemeral, key_expires: new Date(k.expires).toISOString() };
}
const devView = (d, s) => ({ id: d.id, person: d.person, name: d.name, owner: d.owner, status: d.status, added: d.added, seen: d.seen, seen_from: d.seen_from, here: d === s.device });
function lockPerson(p, on, me) {
  if (p.id === me.id) refuse({}, 'nobody-locks-themselves-out', 'ask_other_administrator');
  p.status = on ? 'locked' : 'active';
  leaf(on ? 'person.locked' : 'person.unlocked', me, { action: on ? 'person.lock' : 'person.unlock', object: p.id, rule: 'security-administrators-lock' });
  if (on) for (const s of [...sockets]) if (s.session.person === p.id) { s.send(JSON.stringify([{ on: 'bye', why: 'locked' }])); s.close(4403); }
  return p;
}
function made(p) { return { person: p, link: `http://localhost:${port}/invite#${invite(p)}`, expires: new Date(Date.now() + 864e5).toISOString() }; }

const routes = [
  ['POST', /^\/api\/sign-in\/start$/, () => newChallenge()],
  ['POST', /^\/api\/sign-in\/password$/, async (x) => {
    takeChallenge(x.body.challenge);
    const p = byLogin(x.body.login);
    if (!p || x.body.password !== 'outwork-demo' || x.body.code === '999999') throw new Fail(401, 'wrong_sign_in');
    return open(p, x.body.device, x.body.challenge, 2, x.res);
  }],
  ['POST', /^\/api\/sign-in\/passkey$/, async (x) => {
    takeChallenge(x.body.challenge);
    const k = passkeys.find((q) => q.credential === x.body.credential);
    if (!k) throw new Fail(401, 'wrong_sign_in');
    k.used = now();
    return open(byId(k.person), x.body.device, x.body.challenge, 4, x.res);
  }],
  ['POST', /^\/api\/invites\/open$/, (x) => {
    const i = invites.get(x.body.token);
    if (!i) throw new Fail(410, 'invite_gone');
    const p = byId(i.person);
    return { name: p.name, login: p.login, totp_secret: i.totp, totp_uri: `otpauth://totp/Outwork:${p.login}?secret=${i.totp}&issuer=Outwork&algorithm=SHA1&digits=6&period=30`, ticket: 't' };
  }],
  ['POST', /^\/api\/invites\/accept$/, async (x) => {
    const i = invites.get(x.body.token);
    if (!i) throw new Fail(410, 'invite_gone');
    if (x.body.password.length < 8) throw new Fail(400, 'weak_password');
    if (x.body.code === '999999') throw new Fail(400, 'wrong_code');
    takeChallenge(x.body.challenge);
    if (x.body.token !== 'demo-invitation-token-0000') invites.delete(x.body.token);
    byId(i.person).status = 'active';
    return { signed_in: await open(byId(i.person), x.body.device, x.body.challenge, 2, x.res), recovery_codes: Array.from({ length: 10 }, () => randomBytes(5).toString('hex').replace(/(.{5})/, '$1-')) };
  }],
  ['POST', /^\/api\/session\/challenge$/, () => newChallenge(), 'cookie'],
  ['POST', /^\/api\/session\/renew$/, async (x) => {
    takeChallenge(x.body.challenge);
    const key = await wc.subtle.importKey('raw', x.s.raw, { name: 'ECDSA', namedCurve: 'P-256' }, false, ['verify']);
    const words = Buffer.concat([Buffer.from(`outwork-renew-v1${x.body.challenge}`), un(x.body.ephemeral)]);
    if (!(await wc.subtle.verify({ name: 'ECDSA', hash: 'SHA-256' }, key, un(x.body.signature), words))) throw new Fail(401, 'session_gone');
    const k = await keyFor(x.body.ephemeral, x.body.challenge);
    Object.assign(x.s, k);
    return { ephemeral: k.ephemeral, key_expires: new Date(k.expires).toISOString() };
  }, 'cookie'],
  ['POST', /^\/api\/session\/end$/, (x) => { sessions.delete(x.s.sid); for (const w of [...sockets]) if (w.session === x.s) { w.send('[{"on":"bye","why":"ended"}]'); w.close(4401); } return { ok: true }; }],
  ['GET', /^\/api\/me$/, (x) => meOf(x.s)],
  ['GET', /^\/api\/me\/devices$/, (x) => page(devices.filter((d) => d.person === x.me.id).map((d) => devView(d, x.s)), x.q, 'id')],
  ['GET', /^\/api\/me\/passkeys$/, (x) => page(passkeys.filter((k) => k.person === x.me.id).map(({ id: i, name, added, used }) => ({ id: i, name, added, used })), x.q, 'id')],
  ['POST', /^\/api\/me\/passkeys\/start$/, (x) => ({ ...newChallenge(), user_handle: b64u(Buffer.from(x.me.id.slice(-8))), exclude: passkeys.filter((k) => k.person === x.me.id).map((k) => k.credential) })],
  ['POST', /^\/api\/me\/passkeys$/, (x) => {
    takeChallenge(x.body.challenge);
    const att = un(x.body.attestation), at = att.indexOf(Buffer.from('authData')) + 8, auth = att.subarray(att[at] === 0x58 ? at + 2 : at + 3), n = auth.readUInt16BE(53);
    const k = { id: id('pkey'), person: x.me.id, name: x.body.name, added: now(), used: null, credential: b64u(auth.subarray(55, 55 + n)) };
    passkeys.push(k);
    leaf('passkey.enrolled', x.me, { action: 'passkey.enrol', object: k.id });
    return { id: k.id, name: k.name, added: k.added, used: null };
  }],
  ['DELETE', /^\/api\/me\/passkeys\/(.+)$/, (x) => { passkeys.splice(passkeys.findIndex((k) => k.id === x.p[0]), 1); return { ok: true }; }],
  ['GET', /^\/api\/people$/, (x) => page(people.filter((p) => !x.q.q || (p.name + p.login).includes(x.q.q)), x.q, 'id')],
  ['POST', /^\/api\/people$/, (x) => {
    need(x.me, 'system_admin');
    if (byLogin(x.body.login)) throw new Fail(409, 'login_taken');
    const d = depts.find((y) => y.id === x.body.department), p = { id: id('pers'), login: x.body.login, name: x.body.name, title: x.body.title ?? '', department: d?.id ?? null, department_name: d?.name ?? '', role: 'member', status: 'invited' };
    people.push(p);
    leaf('person.added', x.me, { action: 'person.add', object: p.id });
    return made(p);
  }],
  ['GET', /^\/api\/people\/([^/]+)$/, (x) => byId(x.p[0]) ?? (() => { throw new Fail(404, 'not_found'); })()],
  ['GET', /^\/api\/people\/([^/]+)\/devices$/, (x) => page(devices.filter((d) => d.person === x.p[0] && (x.me.id === d.person || /^(system|security)/.test(x.me.role))).map((d) => devView(d, x.s)), x.q, 'id')],
  ['POST', /^\/api\/people\/([^/]+)\/invite$/, (x) => { need(x.me, 'system_admin'); return made(byId(x.p[0])); }],
  ['POST', /^\/api\/people\/([^/]+)\/(lock|unlock)$/, (x) => { need(x.me, 'security_admin'); return lockPerson(byId(x.p[0]), x.p[1] === 'lock', x.me); }],
  ['POST', /^\/api\/people\/([^/]+)\/role$/, (x) => {
    need(x.me, 'security_admin');
    if (x.p[0] === x.me.id) refuse({}, 'nobody-changes-their-own-role', 'ask_other_administrator');
    const p = byId(x.p[0]);
    if (p.role !== 'member' && people.filter((y) => y.role === p.role).length === 1) throw new Fail(409, 'last_admin');
    p.role = x.body.role;
    leaf('person.role_changed', x.me, { action: 'person.role', object: p.id });
    return p;
  }],
  ['POST', /^\/api\/devices\/([^/]+)\/(owner|lock|unlock)$/, (x) => {
    const d = devices.find((y) => y.id === x.p[0]);
    if (x.p[1] === 'owner') d.owner = x.body.owner;
    else d.status = x.p[1] === 'lock' ? 'locked' : 'active';
    leaf(x.p[1] === 'owner' ? 'device.marked' : `device.${x.p[1]}ed`, x.me, { object: d.id });
    return devView(d, x.s);
  }],
  ['GET', /^\/api\/departments$/, () => depts.map((d) => ({ ...d, people: people.filter((p) => p.department === d.id).length }))],
  ['POST', /^\/api\/departments$/, (x) => { need(x.me, 'system_admin'); const d = { id: id('dept'), name: x.body.name }; depts.push(d); return { ...d, people: 0 }; }],
  ['GET', /^\/api\/channels$/, (x) => channels.filter((c) => c.members.has(x.me.id)).map((c) => view(c, x.me.id))],
  ['GET', /^\/api\/channels\/browse$/, (x) => page(channels.filter((c) => c.kind === 'public' && (!x.q.q || c.name.includes(x.q.q))).map((c) => view(c, x.me.id)), x.q, 'id')],
  ['POST', /^\/api\/channels$/, (x) => {
    if (channels.some((c) => c.name === x.body.name)) throw new Fail(409, 'name_taken');
    const c = makeChannel(x.body.kind, x.body.name, x.body.topic ?? '', [x.me.id], x.me.id);
    leaf('channel.created', x.me, { action: 'channel.create', object: c.id });
    return view(c, x.me.id);
  }],
  ['POST', /^\/api\/direct$/, (x) => {
    const c = channels.find((y) => y.kind === 'direct' && y.members.has(x.me.id) && y.members.has(x.body.person)) ?? makeChannel('direct', '', '', [x.me.id, x.body.person]);
    emit(`person:${x.body.person}`, 'channel_added', view(c, x.body.person));
    return view(c, x.me.id);
  }],
  ['GET', /^\/api\/channels\/([^/]+)$/, (x) => { const c = chan(x.p[0]); mayRead(c, x.me); return view(c, x.me.id); }],
  ['POST', /^\/api\/channels\/([^/]+)\/join$/, (x) => { const c = chan(x.p[0]); mayRead(c, x.me, 'channel.join'); if (!c.members.has(x.me.id)) c.members.set(x.me.id, { read: messages.get(c.id).length, owner: false }); leaf('channel.joined', x.me, { action: 'channel.join', object: c.id }); return view(c, x.me.id); }],
  ['POST', /^\/api\/channels\/([^/]+)\/leave$/, (x) => { const c = chan(x.p[0]); c.members.delete(x.me.id); return view(c, x.me.id); }],
  ['GET', /^\/api\/channels\/([^/]+)\/members$/, (x) => { const c = chan(x.p[0]); mayRead(c, x.me); return [...c.members].map(([p, m]) => ({ person: p, name: byId(p).name, owner: m.owner, read_seq: m.read })); }],
  ['POST', /^\/api\/channels\/([^/]+)\/members$/, (x) => {
    const c = chan(x.p[0]), p = byId(x.body.person);
    if (c.members.has(p.id)) throw new Fail(409, 'already_there');
    c.members.set(p.id, { read: 0, owner: false });
    emit(`person:${p.id}`, 'channel_added', view(c, p.id));
    const m = { person: p.id, name: p.name, owner: false, read_seq: 0 };
    emit(`channel:${c.id}`, 'member_joined', m);
    return m;
  }],
  ['GET', /^\/api\/channels\/([^/]+)\/messages$/, (x) => {
    const c = chan(x.p[0]);
    mayRead(c, x.me, 'message.read');
    const all = messages.get(c.id), limit = Math.min(200, Number(x.q.limit ?? 50));
    if (x.q.after !== undefined) { const l = all.filter((m) => m.seq > Number(x.q.after)), items = l.slice(0, limit); return { items, next: l.length > limit ? String(items.at(-1).seq) : null }; }
    const l = all.filter((m) => !x.q.before || m.seq < Number(x.q.before)), items = l.slice(-limit).reverse();
    return { items, next: l.length > limit ? String(items.at(-1).seq) : null };
  }],
  ['POST', /^\/api\/channels\/([^/]+)\/messages$/, (x) => {
    const c = chan(x.p[0]);
    if (!c.members.has(x.me.id)) refuse({}, 'join-before-posting', 'join_channel');
    if (x.body.text === 'fail') throw new Fail(400, 'invalid', { fields: [{ field: 'text', what: 'too_long', limit: 8000 }] });
    const m = post(c, x.me.id, x.body.text, x.key);
    leaf('message.posted', x.me, { action: 'message.post', object: c.id, rule: 'members-take-part' });
    say(c, m);
    return m;
  }],
  ['POST', /^\/api\/channels\/([^/]+)\/read$/, (x) => {
    const c = chan(x.p[0]), m = c.members.get(x.me.id);
    m.read = Math.max(m.read, Math.min(x.body.seq, messages.get(c.id).length));
    const r = { channel: c.id, read_seq: m.read, unread: messages.get(c.id).length - m.read };
    emit(`person:${x.me.id}`, 'read_moved', r);
    return r;
  }],
  ['GET', /^\/api\/ledger\/checkpoint$/, () => checkpoint()],
  ['GET', /^\/api\/ledger\/leaves$/, (x) => {
    const limit = Number(x.q.limit ?? 50), mine = x.q.mine !== 'false' || x.me.role !== 'audit_admin';
    const l = leaves.filter((y) => (!mine || y.person === x.me.id) && (!x.q.before || y.index < Number(x.q.before))).reverse(), items = l.slice(0, limit);
    return { items, next: l.length > limit ? String(items.at(-1).index) : null };
  }],
  ['GET', /^\/api\/ledger\/leaves\/(\d+)$/, (x) => {
    const l = leaves[Number(x.p[0])];
    if (!l) throw new Fail(404, 'not_found');
    if (l.person !== x.me.id && x.me.role !== 'audit_admin') refuse({ rules: [] }, 'own-acts', 'ask_administrator');
    return { leaf: l, hashes: path(l.index, 0, hashes.length).map(b64u), checkpoint: checkpoint() };
  }],
];

const cookieOf = (req) => sessions.get(/(?:^|; )__Host-outwork=([^;]+)/.exec(req.headers.cookie ?? '')?.[1]);
async function proofOk(s, words, time, proof) {
  const fresh = Math.abs(Date.now() - Number(time)) < 60000 && Date.now() < s.expires;
  if (!fresh || !proof || !(await wc.subtle.verify('HMAC', s.hmac, un(proof), Buffer.from(words)))) throw new Fail(401, 'proof', { params: { now: Date.now() } });
}
let failing = 0, slow = 0;
async function api(req, res, url, raw) {
  for (const [method, re, act, mode] of routes) {
    const m = re.exec(url.pathname);
    if (!m || method !== req.method) continue;
    const key = req.headers['idempotency-key'] ?? '', isPublic = /^\/api\/(sign-in|invites)\//.test(url.pathname);
    if (method !== 'GET' && !/^[A-Za-z0-9_-]{8,64}$/.test(key)) throw new Fail(400, 'invalid', { fields: [{ field: 'Idempotency-Key', what: 'missing' }] });
    if (slow) await new Promise((r) => setTimeout(r, slow));
    if (failing > 0 && !isPublic) { failing--; throw new Fail(503, 'busy'); }
    let s, me;
    if (!isPublic) {
      s = cookieOf(req);
      if (!s) throw new Fail(401, 'sign_in');
      if (mode !== 'cookie') await proofOk(s, `${method}\n${url.pathname}${url.search}\n${key}\n${req.headers['outwork-time']}`, req.headers['outwork-time'], req.headers['outwork-proof']);
      me = byId(s.person);
      if (me.status === 'locked') refuse({}, 'person-must-be-active', 'ask_security');
    }
    const known = method !== 'GET' && answers.get(key);
    if (known) { res.setHeader('Outwork-Repeated', '1'); return known; }
    const got = await act({ s, me, p: m.slice(1).map(decodeURIComponent), q: Object.fromEntries(url.searchParams), body: raw ? JSON.parse(raw) : {}, key, res });
    if (method !== 'GET') answers.set(key, got);
    return got;
  }
  throw new Fail(404, 'not_found');
}

const types = { '.html': 'text/html; charset=utf-8', '.js': 'text/javascript', '.css': 'text/css', '.svg': 'image/svg+xml', '.webmanifest': 'application/manifest+json', '.json': 'application/json' };
function file(url, res) {
  let f = join(dist, normalize(url.pathname));
  if (!f.startsWith(dist) || !existsSync(f) || !extname(f)) f = join(dist, 'index.html');
  if (!existsSync(f)) return res.writeHead(404).end('build first: npm run build');
  res.setHeader('Content-Security-Policy', "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; font-src 'self'; connect-src 'self'; manifest-src 'self'; worker-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'");
  res.writeHead(200, { 'Content-Type': types[extname(f)] ?? 'application/octet-stream', 'Cache-Control': 'no-cache' }).end(readFileSync(f));
}
function control(url) {
  const q = Object.fromEntries(url.searchParams);
  if (url.pathname === '/mock/restart') for (const s of [...sockets]) { s.send('[{"on":"bye","why":"restart"}]'); s.close(1012); }
  if (url.pathname === '/mock/drop') for (const s of [...sockets]) s.terminate();
  if (url.pathname === '/mock/fail') failing = Number(q.n);
  if (url.pathname === '/mock/slow') slow = Number(q.ms);
  if (url.pathname === '/mock/say') { const c = channels.find((x) => x.name === q.in || x.id === q.in); say(c, post(c, byLogin(q.as).id, q.text)); }
  return { channels: channels.map((c) => ({ id: c.id, name: c.name, kind: c.kind })), messages: Object.fromEntries([...messages].map(([k, v]) => [k, v.length])) };
}

const server = createServer((req, res) => {
  const url = new URL(req.url, 'http://localhost');
  if (url.pathname.startsWith('/mock/')) return res.end(JSON.stringify(control(url)));
  if (!url.pathname.startsWith('/api/')) return file(url, res);
  let raw = '';
  req.on('data', (d) => { raw += d; }).on('end', () => {
    api(req, res, url, raw).then((got) => {
      res.writeHead(200, { 'Content-Type': 'application/json' }).end(JSON.stringify(got));
    }, (e) => {
      if (!(e instanceof Fail)) console.error(e);
      const f = e instanceof Fail ? e : new Fail(500, 'internal');
      res.writeHead(f.status, { 'Content-Type': 'application/problem+json' }).end(JSON.stringify(f.body));
    });
  });
});
const wss = new WebSocketServer({ noServer: true, handleProtocols: () => 'outwork.v1' });
server.on('upgrade', async (req, socket, head) => {
  const url = new URL(req.url, 'http://localhost'), s = cookieOf(req);
  try {
    if (!s || failing) throw new Fail(401, 'sign_in');
    await proofOk(s, `GET\n/api/live\n\n${url.searchParams.get('time')}`, url.searchParams.get('time'), url.searchParams.get('proof'));
  } catch { return socket.end('HTTP/1.1 401 Unauthorized\r\n\r\n'); }
  wss.handleUpgrade(req, socket, head, (w) => {
    w.session = s;
    w.subs = new Set();
    sockets.add(w);
    w.on('close', () => sockets.delete(w));
    w.on('message', (text) => {
      const f = JSON.parse(text);
      if (f.do === 'unsub') return w.subs.delete(f.topic);
      if (f.do !== 'sub') return;
      const c = f.topic.startsWith('channel:') && channels.find((x) => x.id === f.topic.slice(8)), log = topics.get(f.topic) ?? { seq: 0, kept: [] };
      if (c && c.kind !== 'public' && !c.members.has(s.person)) return w.send(JSON.stringify([{ on: 'refused', topic: f.topic, code: 'denied', rules: ['private-channel-members-only'], advice: 'ask_member' }]));
      w.subs.add(f.topic);
      w.send(JSON.stringify([{ on: 'sub', topic: f.topic, seq: f.after ?? log.seq }, ...(f.after === undefined ? [] : log.kept.filter((e) => e.seq > f.after))]));
    });
  });
});
server.listen(port, '127.0.0.1', () => console.log(`http://localhost:${port}`));
