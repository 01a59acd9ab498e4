// SPDX-License-Identifier: Apache-2.0
// A refusal is an answer: which rule, why, and what to do; and it leaves a trace that no rollback takes.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Browser } from './kit/browser.mjs';
import { Office, until } from './kit/office.mjs';
import { directory, newClient, newPerson } from './kit/people.mjs';

let office, browser, secret;
before(async () => {
  office = await Office.demo();
  await directory(office);
  const owner = await newClient(office);
  secret = await owner.post('/api/channels', { kind: 'private', name: '并购筹备', topic: '' });
  await owner.post(`/api/channels/${secret.id}/messages`, { text: 'the price is 42' });
  browser = await Browser.open(office);
});
after(async () => { await browser?.close(); await office?.stop(); });

test('a member who is not of a private channel is told the rule by the API', async () => {
  const c = await newClient(office);
  for (const where of [`/api/channels/${secret.id}`, `/api/channels/${secret.id}/members`]) {
    const a = await c.answer('GET', where);
    assert.equal(a.status, 403, a.text);
    assert.equal(a.headers['content-type'], 'application/problem+json');
    assert.equal(a.json.code, 'denied');
    assert.ok(a.json.rules.length > 0, 'no rule is named');
    assert.ok(a.json.advice, 'no advice is given');
    assert.ok(a.json.id, 'no request id');
  }
  const list = await c.answer('GET', `/api/channels/${secret.id}/messages`);
  assert.ok(list.status === 403 || list.json.items.length === 0, list.text);
  assert.doesNotMatch(list.text, /42/);
  const browse = await c.get('/api/channels/browse?limit=200');
  assert.ok(!browse.items.some((x) => x.id === secret.id), 'a private channel is listed');
  const post = await c.answer('POST', `/api/channels/${secret.id}/messages`, { body: { text: 'let me in' } });
  assert.equal(post.status, 403);
  await c.live();
  c.say({ do: 'sub', topic: `channel:${secret.id}` });
  await until('the refusal on the socket', () => c.items.some((i) => i.on === 'refused' && i.rules?.length));
});

test('the page says which rule refused, why, and what to do', async () => {
  const p = await newPerson(office, browser);
  await p.open(`/c/${secret.id}`);
  const refused = p.id('refused');
  await refused.waitFor();
  assert.match(await refused.innerText(), /base\.cedar/);
  assert.match(await p.id('refused-rule').first().innerText(), /^[a-z]+(-[a-z]+)+$/, 'the rule is not named');
  for (const part of ['refused-why', 'refused-advice'])
    assert.ok((await p.id(part).innerText()).length > 20, `${part} says next to nothing`);
  assert.ok(!(await p.page.content()).includes('42'));
  await p.shot('refused');
  assert.deepEqual(await p.axe(), []);
  assert.deepEqual(p.faults, []);
});

test('where no rule permits, the page says so and blames none', async () => {
  const p = await newPerson(office, browser);
  await p.open('/ledger/0');
  await p.id('refused').waitFor();
  assert.match(await p.id('refused-why').innerText(), /what nothing permits is refused/);
  assert.doesNotMatch(await p.id('refused').innerText(), /default|base\.cedar/);
});

test('I-16 the refusal stands in the ledger', async () => {
  const audit = await newClient(office, 'audit_admin');
  await until('the leaf', async () => {
    const { items } = await audit.get('/api/ledger/leaves?mine=false&limit=200');
    return items.some((l) => l.decision === 'deny' && l.object === secret.id && l.rule);
  });
});
