// SPDX-License-Identifier: Apache-2.0
// A real company from nothing: the three links, the three administrators, a person who comes, is locked, and is out at once.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Refused, totp } from './kit/client.mjs';
import { Office, sleep, until } from './kit/office.mjs';

const PASSWORD = 'correct horse battery staple 马';
let office;
const admins = {};
before(async () => { office = await Office.company('office.test'); });
after(() => office?.stop());

test('the three links lead three people through password, code and recovery codes', async () => {
  assert.equal(office.links.length, 3);
  for (const link of office.links) {
    const c = office.client();
    const accepted = await c.accept(link, PASSWORD + link.length + office.links.indexOf(link));
    assert.ok(accepted.recovery_codes.length >= 8);
    assert.equal(new Set(accepted.recovery_codes).size, accepted.recovery_codes.length);
    const me = await c.get('/api/me');
    admins[me.person.role] = c;
    c.password = PASSWORD + link.length + office.links.indexOf(link);
    c.recovery = accepted.recovery_codes;
    assert.equal(me.device.owner, 'own', 'a new browser is the person\'s own until an administrator says otherwise');
  }
  assert.deepEqual(Object.keys(admins).sort(), ['audit_admin', 'security_admin', 'system_admin']);
});

test('a link works once', async () => {
  const token = office.links[0].match(/[#/=]([A-Za-z0-9_-]{20,100})$/)[1];
  await assert.rejects(office.client().post('/api/invites/open', { token }), (e) => e.code === 'invite_gone');
});

test('a weak password is refused with its reason', async () => {
  const made = await admins.system_admin.post('/api/people', { name: 'Weak Lin', login: 'weak.lin', title: '', mail: '' });
  await assert.rejects(office.client().accept(made.link, 'password'), (e) => e.code === 'weak_password');
});

test('the three administrators cannot be one person', async () => {
  const { items } = await admins.system_admin.get('/api/people?limit=200');
  const byRole = Object.fromEntries(items.map((p) => [p.role, p]));
  for (const who of Object.values(admins)) {
    for (const role of ['system_admin', 'security_admin', 'audit_admin']) {
      const me = (await who.get('/api/me')).person;
      if (me.role === role) continue;
      await assert.rejects(who.post(`/api/people/${me.id}/role`, { role }), (e) => e instanceof Refused && e.status >= 400 && e.status < 500,
        `${me.role} made itself ${role}`);
      assert.equal((await who.get('/api/me')).person.role, me.role);
    }
  }
  for (const role of ['system_admin', 'security_admin', 'audit_admin']) assert.ok(byRole[role], `nobody is ${role} any more`);
});

test('a person is added, comes by the link, is locked, and every session of theirs ends within a second', async () => {
  const made = await admins.system_admin.post('/api/people', { name: '梁小雨', login: 'liang.xiaoyu', title: '设计师', mail: 'xiaoyu@office.test' });
  assert.match(made.link, /^https:\/\/office\.test:\d+\//);
  const c = office.client();
  await c.accept(made.link, PASSWORD);
  const second = office.client();
  await until('the next code', async () => {
    try { await second.signIn('liang.xiaoyu', PASSWORD, totp(c.totpSecret, Date.now() + 30_000)); return true; } catch { return false; }
  }, 40_000, 5000);
  await c.live();
  await second.live();
  const locker = admins.security_admin, began = performance.now();
  await locker.post(`/api/people/${made.person.id}/lock`);
  const codes = await Promise.race([Promise.all([c.closed, second.closed]), sleep(3000).then(() => 'open')]);
  const took = performance.now() - began;
  assert.notEqual(codes, 'open', 'a socket was still open after 3 s');
  assert.ok(took < 3000, `${took} ms`);
  for (const who of [c, second])
    await assert.rejects(who.get('/api/me'), (e) => e.status === 401 || e.status === 403);
  await assert.rejects(second.signIn('liang.xiaoyu', PASSWORD, c.recovery?.[0] ?? '000000'), (e) => e.status >= 400);
});

test('a recovery code opens once in place of a code', async () => {
  const a = admins.audit_admin, code = a.recovery[0];
  await office.client().signIn(a.login, a.password, code);
  await assert.rejects(office.client().signIn(a.login, a.password, code), (e) => e.code === 'wrong_sign_in');
});

test('I-16 what was done is in the ledger: who, what, when, and by which rule', async () => {
  const { items } = await admins.audit_admin.get('/api/ledger/leaves?mine=false&limit=200');
  const types = items.map((l) => l.type);
  for (const type of ['person.added', 'person.locked', 'invite.accepted', 'session.opened']) assert.ok(types.includes(type), `no ${type} among ${[...new Set(types)]}`);
  const locked = items.find((l) => l.type === 'person.locked');
  assert.ok(locked.person_name.length > 0);
  assert.ok(locked.object.startsWith('pers_'));
  assert.equal((await office.ledgerVerify()).code, 0);
});
