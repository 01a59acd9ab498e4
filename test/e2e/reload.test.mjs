// SPDX-License-Identifier: Apache-2.0
// Signals that come faster than they can be served.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Office, sleep } from './kit/office.mjs';
import { newClient } from './kit/people.mjs';

let office;
before(async () => { office = await Office.demo(); });
after(() => office?.stop());

test('a storm of reloads under load ends no connection and hangs no loop', async () => {
  const c = await newClient(office);
  const api = await office.role('api');
  let over = false, answered = 0;
  const load = (async () => {
    while (!over) {    // a new connection each, so that certificates are taken while loops read them
      const other = office.client();
      assert.equal((await c.raw('GET', '/healthz', { ms: 5000 })).status, 200);
      assert.equal((await other.raw('GET', '/healthz', { ms: 5000 })).status, 200);
      other.close();
      answered++;
    }
  })();
  for (let i = 0; i < 300; i++) {
    process.kill(office.child.pid, 'SIGHUP');
    if (i % 3 === 0) await sleep(1);
  }
  await sleep(500);
  over = true;
  await load;
  assert.ok(answered > 5, `${answered} answers during the storm`);
  assert.equal((await c.get('/api/me')).person.login, c.person.login);
  assert.equal(await office.role('api'), api, 'the api has not died');
});
