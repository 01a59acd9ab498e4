// SPDX-License-Identifier: Apache-2.0
// What a thief gets: nothing with a cookie alone, nothing with an old proof, nothing twice; and what limits hold.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Refused } from './kit/client.mjs';
import { Office, sleep, until } from './kit/office.mjs';
import { DEMO_PASSWORD, directory, newClient, next } from './kit/people.mjs';

let office;
before(async () => { office = await Office.demo(); await directory(office); });
after(() => office?.stop());

const refused = (code) => (e) => e instanceof Refused && (e.code === code || assert.fail(`${e.message}, expected ${code}`));

test('a stolen cookie alone opens nothing', async () => {
  const c = await newClient(office);
  assert.match(c.setCookie, /HttpOnly/i);
  assert.match(c.setCookie, /Secure/i);
  assert.match(c.setCookie, /SameSite=Strict/i);
  assert.match(c.setCookie, /Path=\//i);
  const thief = office.client();
  thief.cookie = c.cookie;
  for (const where of ['/api/me', '/api/channels', '/api/people?limit=5', '/api/ledger/leaves'])
    await assert.rejects(thief.get(where), refused('proof'), where);
  const { challenge } = await thief.post('/api/session/challenge');
  const body = { challenge, ephemeral: Buffer.alloc(65, 4).toString('base64url'), signature: Buffer.alloc(64).toString('base64url') };
  await assert.rejects(thief.post('/api/session/renew', body), (e) => e.status >= 400 && e.status < 500);
  assert.equal((await c.get('/api/me')).person.login, c.person.login, 'the owner goes on');
});

test('a proof holds for its path, its method and a minute', async () => {
  const c = await newClient(office);
  const headers = (p) => ({ cookie: c.cookie, 'outwork-time': p.time, 'outwork-proof': p.proof });
  const mine = c.proof('GET', '/api/me');
  assert.equal((await c.raw('GET', '/api/me', { headers: headers(mine) })).status, 200);
  assert.equal((await c.raw('GET', '/api/me', { headers: headers(mine) })).status, 200, 'again within the minute');
  const other = await c.raw('GET', '/api/channels', { headers: headers(mine) });
  assert.equal(other.status, 401);
  assert.equal(other.json.code, 'proof');
  c.offset = -120_000;
  const old = await c.raw('GET', '/api/me', { headers: headers(c.proof('GET', '/api/me')) });
  assert.equal(old.json.code, 'proof');
  assert.ok(Math.abs(old.json.params.now - Date.now()) < 5000, 'the refusal tells the time');
});

test('renewal gives a new key, and the old one ends soon', async () => {
  const c = await newClient(office);
  const before = c.k;
  await c.renew();
  assert.ok(!before.equals(c.k));
  assert.equal((await c.get('/api/me')).person.login, c.person.login);
});

test('a name that nobody has gets the same bytes as a wrong password', async () => {
  const p = await next(office);
  const strip = (a) => JSON.stringify({ ...a.json, id: undefined });
  const a = (await office.client().signInAnswer(p.login, 'not the password', '123456')).answer;
  const b = (await office.client().signInAnswer('nobody-has-this-name', 'not the password', '123456')).answer;
  assert.equal(a.status, 401);
  assert.equal(b.status, 401);
  assert.equal(strip(a), strip(b));
  assert.equal(a.json.code, 'wrong_sign_in');
});

test('a code is good once', async () => {
  const p = await next(office);
  const code = await office.code(p.login);
  await office.client().signIn(p.login, DEMO_PASSWORD, code);
  await assert.rejects(office.client().signIn(p.login, DEMO_PASSWORD, code), refused('wrong_sign_in'));
});

test('the same act sent twice happens once', async () => {
  const c = await newClient(office);
  const channel = (await c.get('/api/channels')).find((x) => x.kind === 'public');
  const key = `twice-${Date.now()}`;
  const a = await c.answer('POST', `/api/channels/${channel.id}/messages`, { body: { text: 'once' }, key });
  const b = await c.answer('POST', `/api/channels/${channel.id}/messages`, { body: { text: 'once' }, key });
  assert.equal(a.status, 200, a.text);
  assert.equal(b.headers['outwork-repeated'], '1');
  assert.equal(a.json.id, b.json.id);
});

test('S-06 a flood of guesses is slowed for the guesser while others work on', async () => {
  const worker = await newClient(office);
  const victim = await next(office), flooder = '127.0.0.66';
  let limited = 0;
  const flood = Array.from({ length: 60 }, async (_, i) => {
    const { answer } = await office.client(flooder).signInAnswer(victim.login, `guess ${i}`, '000000').catch(() => ({ answer: { status: 0 } }));
    if (answer.status === 429 || answer.status === 503) {
      limited++;
      assert.ok(Number(answer.headers['retry-after']) > 0, 'a limit says when to come back');
    }
  });
  const times = [];
  for (let i = 0; i < 40; i++) {
    const t = performance.now();
    await worker.get('/api/me');
    times.push(performance.now() - t);
    await sleep(20);
  }
  const admin = await newClient(office, 'security_admin');
  assert.equal((await admin.get('/api/me')).person.role, 'security_admin', 'an administrator signs in during the flood');
  office.admin = admin;
  await Promise.all(flood);
  times.sort((a, b) => a - b);
  assert.ok(limited > 20, `only ${limited} of 60 guesses were limited`);
  assert.ok(times[37] < 300, `a colleague's call took ${times[37].toFixed(0)} ms (p95) during the flood`);
});

test('S-06 an administrator locks somebody, and every socket of theirs ends within a second', async () => {
  const admin = office.admin;
  const victim = await newClient(office);
  await victim.live();
  const began = Date.now();
  await admin.post(`/api/people/${victim.person.id}/lock`);
  const code = await Promise.race([victim.closed, sleep(3000).then(() => 'still open')]);
  assert.ok([4401, 4403].includes(code), `the socket: ${code}`);
  assert.ok(Date.now() - began < 3000);
  await assert.rejects(victim.get('/api/me'), (e) => e.status === 401 || e.status === 403);
});

test('bodies and heads beyond their bounds are refused, not swallowed', async () => {
  const c = await newClient(office);
  const huge = await c.answer('POST', '/api/channels', { body: { kind: 'public', name: 'x'.repeat(3 << 20), topic: '' } }).catch((e) => ({ status: 0, e }));
  assert.ok([0, 400, 413].includes(huge.status), `${huge.status}`);
  const head = await c.raw('GET', '/api/me', { headers: { 'x-long': 'y'.repeat(100_000) } }).catch(() => ({ status: 431 }));
  assert.ok([400, 413, 431].includes(head.status), `${head.status}`);
  await until('the office to answer as before', async () => (await c.get('/api/me')).person.login === c.person.login);
});
