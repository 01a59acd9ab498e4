// SPDX-License-Identifier: Apache-2.0
// One act's proof, shown in the page and checked here with arithmetic of our own (RFC 6962): leaf, path, root.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Browser } from './kit/browser.mjs';
import { sha256 } from './kit/client.mjs';
import { Office, until } from './kit/office.mjs';
import { directory, newClient, newPerson } from './kit/people.mjs';

let office, browser;
before(async () => { office = await Office.demo(); await directory(office); browser = await Browser.open(office); });
after(async () => { await browser?.close(); await office?.stop(); });

// RFC 6962 section 2.1.1 turned around: the root that a leaf hash and its path lead to.
function rootOf(hash, index, size, path) {
  let fn = BigInt(index), sn = BigInt(size) - 1n, r = hash;
  for (const p of path) {
    assert.ok(sn > 0n, 'the path is too long');
    if (fn & 1n || fn === sn) {
      r = sha256(Buffer.from([1]), p, r);
      while (!(fn & 1n) && fn !== 0n) { fn >>= 1n; sn >>= 1n; }
    } else {
      r = sha256(Buffer.from([1]), r, p);
    }
    fn >>= 1n;
    sn >>= 1n;
  }
  assert.equal(sn, 0n, 'the path is too short');
  return r;
}

test('I-16 the inclusion proof of an act leads to the signed root', async () => {
  const c = await newClient(office);
  const channel = await c.post('/api/channels', { kind: 'public', name: `proof ${Date.now()}`, topic: '' });
  const leaf = await until('the act among my leaves', async () =>
    (await c.get('/api/ledger/leaves?mine=true&limit=50')).items.find((l) => l.type === 'channel.created' && l.object === channel.id));
  const got = await until('the seal', async () => c.get(`/api/ledger/leaves/${leaf.index}`), 5000, 100);
  const hash = sha256(Buffer.from([0]), Buffer.from(got.leaf.body, 'utf8'));
  const path = got.hashes.map((h) => Buffer.from(h, 'base64url'));
  assert.equal(rootOf(hash, leaf.index, got.checkpoint.size, path).toString('base64url'), got.checkpoint.root);
  const [origin, size, root] = got.checkpoint.note.split('\n');
  assert.equal(origin, got.checkpoint.origin);
  assert.equal(Number(size), got.checkpoint.size);
  assert.equal(Buffer.from(root, 'base64').toString('base64url'), got.checkpoint.root);
  const forged = sha256(Buffer.from([0]), Buffer.from(got.leaf.body.replace('channel.created', 'channel.removed'), 'utf8'));
  assert.notEqual(rootOf(forged, leaf.index, got.checkpoint.size, path).toString('base64url'), got.checkpoint.root);
});

test('I-16 the page shows an act with its proof and has checked it itself', async () => {
  const p = await newPerson(office, browser);
  await p.open('/ledger');
  await p.page.getByTestId('leaf-row').first().waitFor();
  await p.page.getByTestId('leaf-row').first().click();
  const verdict = p.id('proof-verdict');
  await verdict.waitFor();
  await until('the verdict', async () => (await verdict.getAttribute('data-verdict')) === 'good');
  await p.shot('ledger');
  assert.deepEqual(await p.axe(), []);
  assert.deepEqual(p.faults, []);
});

test('I-16 a member sees their own acts, the auditor those of all', async () => {
  const c = await newClient(office), other = await newClient(office);
  await other.post('/api/channels', { kind: 'public', name: `other ${Date.now()}`, topic: '' });
  const { items } = await c.get('/api/ledger/leaves?mine=false&limit=200');
  assert.ok(items.every((l) => l.person === c.me.person.id), 'a member reads other people\'s acts');
  const audit = await newClient(office, 'audit_admin');
  const all = await audit.get('/api/ledger/leaves?mine=false&limit=200');
  assert.ok(new Set(all.items.map((l) => l.person)).size > 2);
});
