// SPDX-License-Identifier: Apache-2.0
// A browser's part of the API without a browser: device key, sign-in, proofs, renewal, the live socket. Plain on purpose, so
// that tests can do each step wrongly.
import https from 'node:https';
import { webcrypto as crypto, createHmac, createHash, randomBytes } from 'node:crypto';
import WebSocket from 'ws';

const { subtle } = crypto;
const P256 = { name: 'ECDSA', namedCurve: 'P-256' };
const ECDH = { name: 'ECDH', namedCurve: 'P-256' };
export const b64 = (bytes) => Buffer.from(bytes).toString('base64url');
const utf8 = (s) => Buffer.from(s, 'utf8');

async function pair(kind, uses) {
  const keys = await subtle.generateKey(kind, true, uses);
  return { key: keys.privateKey, raw: Buffer.from(await subtle.exportKey('raw', keys.publicKey)) };
}

export async function deriveKey(mine, theirs, challenge) {
  const other = await subtle.importKey('raw', Buffer.from(theirs, 'base64url'), ECDH, false, []);
  const shared = await subtle.deriveBits({ name: 'ECDH', public: other }, mine.key, 256);
  const ikm = await subtle.importKey('raw', shared, 'HKDF', false, ['deriveBits']);
  const how = { name: 'HKDF', hash: 'SHA-256', salt: utf8(challenge), info: utf8('outwork-proof-v1') };
  return Buffer.from(await subtle.deriveBits(how, ikm, 256));
}

// RFC 6238 with SHA-1, 30 s, 6 digits: for people whose secret the test has seen.
export function totp(base32, now = Date.now()) {
  const bits = [...base32.replace(/=+$/, '').toUpperCase()].map((c) => 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'.indexOf(c).toString(2).padStart(5, '0')).join('');
  const secret = Buffer.from(bits.match(/.{8}/g).map((b) => parseInt(b, 2)));
  const step = Buffer.alloc(8);
  step.writeBigUInt64BE(BigInt(Math.floor(now / 30_000)));
  const mac = createHmac('sha1', secret).update(step).digest();
  const at = mac[19] & 15;
  return String((mac.readUInt32BE(at) & 0x7fffffff) % 1_000_000).padStart(6, '0');
}

export class Refused extends Error {
  constructor(method, path, answer) {
    super(`${method} ${path}: ${answer.status} ${answer.text.slice(0, 400)}`);
    this.status = answer.status;
    this.code = answer.json?.code;
    this.body = answer.json;
  }
}

export class Client {
  // from: the loopback address to come from, for tests of limits by address.
  constructor(office, from = '127.0.0.1') {
    this.office = office;
    this.from = from;
    this.agent = new https.Agent({ keepAlive: true, maxSockets: 8 });
    this.offset = 0;
  }

  close() { this.agent.destroy(); this.socket?.terminate(); }

  // One request, nothing added but what is given.
  raw(method, path, { headers = {}, body, ms = 15_000 } = {}) {
    const text = body === undefined ? undefined : typeof body === 'string' ? body : JSON.stringify(body);
    const more = text === undefined ? {} : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) };
    return new Promise((resolve, reject) => {
      const req = https.request({
        host: '127.0.0.1', localAddress: this.from, port: this.office.port, servername: this.office.host, method, path, agent: this.agent,
        ca: this.office.authority, headers: { host: `${this.office.host}:${this.office.port}`, ...more, ...headers },
      }, (res) => {
        const parts = [];
        res.on('data', (d) => parts.push(d));
        res.on('error', reject);
        res.on('end', () => {
          const bytes = Buffer.concat(parts), out = bytes.toString('utf8');
          let json;
          try { json = JSON.parse(out); } catch { json = undefined; }
          resolve({ status: res.statusCode, headers: res.headers, text: out, bytes, json });
        });
      });
      req.setTimeout(ms, () => req.destroy(new Error(`${method} ${path}: no answer in ${ms} ms`)));
      req.on('error', reject);
      req.end(text);
    });
  }

  proof(method, path, key = '') {
    const time = Date.now() + this.offset;
    const mac = createHmac('sha256', this.k).update(`${method}\n${path}\n${key}\n${time}`).digest('base64url');
    return { time: String(time), proof: mac };
  }

  async answer(method, path, { body, key, headers = {} } = {}) {
    const idem = method === 'GET' ? '' : (key ?? randomBytes(12).toString('base64url'));
    const all = { ...headers };
    if (idem) all['idempotency-key'] = idem;
    if (this.cookie) all.cookie ??= this.cookie;
    if (this.k) {
      const p = this.proof(method, path, idem);
      all['outwork-time'] ??= p.time;
      all['outwork-proof'] ??= p.proof;
    }
    return this.raw(method, path, { headers: all, body });
  }

  // The value of a call, or a Refused.
  async call(method, path, options) {
    const a = await this.answer(method, path, options);
    if (a.status >= 400) throw new Refused(method, path, a);
    return a.json;
  }
  get(path) { return this.call('GET', path); }
  post(path, body = {}, key = undefined) { return this.call('POST', path, { body, key }); }
  del(path) { return this.call('DELETE', path); }

  async begin() {
    this.device ??= await pair(P256, ['sign', 'verify']);
    const { challenge } = await this.post('/api/sign-in/start');
    const eph = await pair(ECDH, ['deriveBits']);
    const words = Buffer.concat([utf8('outwork-device-v1'), utf8(challenge), this.device.raw, eph.raw]);
    const signature = await subtle.sign({ name: 'ECDSA', hash: 'SHA-256' }, this.device.key, words);
    const device = { key: b64(this.device.raw), name: 'node', ephemeral: b64(eph.raw), signature: b64(signature) };
    return { challenge, device, eph };
  }

  async keep(answer, started) {
    const set = answer.headers['set-cookie']?.find((c) => c.startsWith('__Host-outwork='));
    if (set) this.cookie = set.split(';')[0];
    this.setCookie = set;
    const signed = answer.json.signed_in ?? answer.json;
    this.k = await deriveKey(started.eph, signed.ephemeral, started.challenge);
    this.me = signed.me ?? this.me;
    return answer.json;
  }

  async signInAnswer(login, password, code) {
    this.cookie = this.k = undefined;
    const started = await this.begin();
    const body = { login, password, code, challenge: started.challenge, device: started.device };
    return { started, answer: await this.answer('POST', '/api/sign-in/password', { body }) };
  }

  async signIn(login, password, code) {
    const { started, answer } = await this.signInAnswer(login, password, code);
    if (answer.status >= 400) throw new Refused('POST', '/api/sign-in/password', answer);
    await this.keep(answer, started);
    return this;
  }

  async renew() {
    const { challenge } = await this.post('/api/session/challenge');
    const eph = await pair(ECDH, ['deriveBits']);
    const words = Buffer.concat([utf8('outwork-renew-v1'), utf8(challenge), eph.raw]);
    const signature = b64(await subtle.sign({ name: 'ECDSA', hash: 'SHA-256' }, this.device.key, words));
    const got = await this.post('/api/session/renew', { challenge, ephemeral: b64(eph.raw), signature });
    this.k = await deriveKey({ key: eph.key }, got.ephemeral, challenge);
  }

  // Follows an invitation's link to the end: password, TOTP, recovery codes.
  async accept(link, password) {
    const token = link.match(/[#/=]([A-Za-z0-9_-]{20,100})$/)[1];
    const opened = await this.post('/api/invites/open', { token });
    const started = await this.begin();
    const body = { token, password, code: totp(opened.totp_secret), ticket: opened.ticket,
      challenge: started.challenge, device: started.device };
    const answer = await this.answer('POST', '/api/invites/accept', { body });
    if (answer.status >= 400) throw new Refused('POST', '/api/invites/accept', answer);
    this.totpSecret = opened.totp_secret;
    this.login = opened.login;
    return this.keep(answer, started);
  }

  // The live socket: items arrive in this.items, each once per frame; `closed` resolves with the close code.
  async live() {
    const { time, proof } = this.proof('GET', '/api/live');
    const url = `wss://127.0.0.1:${this.office.port}/api/live?time=${time}&proof=${proof}`;
    const socket = new WebSocket(url, 'outwork.v1', {
      ca: this.office.authority, servername: this.office.host, origin: this.office.origin,
      headers: { host: `${this.office.host}:${this.office.port}`, cookie: this.cookie },
    });
    this.socket = socket;
    this.items = [];
    socket.on('message', (data) => { this.items.push(...JSON.parse(data)); this.onItems?.(); });
    this.closed = new Promise((r) => socket.on('close', (code) => r(code)));
    await new Promise((resolve, reject) => { socket.on('open', resolve); socket.on('error', reject); });
    socket.on('error', () => undefined);
    return this;
  }
  say(o) { this.socket.send(JSON.stringify(o)); }
}

export const sha256 = (...parts) => parts.reduce((h, p) => h.update(p), createHash('sha256')).digest();
