// SPDX-License-Identifier: Apache-2.0
// Two people, two browsers: words arrive at once, counts agree on every tab, and a killed server is only a pause.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Browser } from './kit/browser.mjs';
import { Office, until } from './kit/office.mjs';
import { directory, newPerson } from './kit/people.mjs';

let office, one, two;
before(async () => { office = await Office.demo(); await directory(office); one = await Browser.open(office); two = await Browser.open(office); });
after(async () => { await one?.close(); await two?.close(); await office?.stop(); });

async function directTo(a, b) {
  await a.id('talk-add').click();
  await a.id('new-direct').click();
  await a.id('pick-search').fill(b.who.name);
  await a.page.getByTestId('pick-row').filter({ hasText: b.who.name }).first().click();
  await a.id('composer').waitFor();
}

async function say(p, text) {
  await p.id('composer').fill(text);
  await p.id('composer').press('Enter');
}

const bubble = (p, text) => p.page.getByTestId('message-row').filter({ hasText: text });

test('F-02 two people in two browsers read what the other writes at once', async () => {
  const a = await newPerson(office, one), b = await newPerson(office, two, { locale: 'zh-CN' });
  await directTo(a, b);
  const hello = '你好，听得到吗？ Is it working?';
  const began = performance.now();
  await say(a, hello);
  await bubble(a, hello).waitFor();
  await b.page.getByTestId('channel-row').filter({ hasText: a.who.name }).first().click();
  await bubble(b, hello).waitFor();
  console.log(`  written, sent, seen in the other browser after ${(performance.now() - began).toFixed(0)} ms`);
  const back = '听得到，很清楚。 Loud and clear.';
  const t = performance.now();
  await say(b, back);
  await bubble(a, back).waitFor();
  assert.ok(performance.now() - t < 1000, 'at once means within a second');
  for (const p of [a, b]) {
    assert.deepEqual(p.faults, []);
    assert.deepEqual(p.foreign, [], 'the page asked somebody else');
  }
  await a.page.getByTestId('channel-row').filter({ hasText: /工程|远程办公/ }).first().click();    // a channel of the demo's week
  await a.page.getByTestId('message-row').nth(3).waitFor();
  await a.shot('talk');
});

test('F-02 unread counts agree on two tabs, and go down on both when one has read', async () => {
  const a = await newPerson(office, one), b = await newPerson(office, two);
  const other = await b.tab('/');
  await directTo(a, b);
  for (const n of [1, 2, 3]) await say(a, `unread ${n}`);
  const count = (p) => p.page.getByTestId('channel-row').filter({ hasText: a.who.name }).first().getByTestId('unread-badge').innerText({ timeout: 300 }).catch(() => '');
  for (const p of [b, other]) await until('3 unread', async () => (await count(p)).trim().startsWith('3'));
  await b.page.getByTestId('channel-row').filter({ hasText: a.who.name }).first().click();
  await bubble(b, 'unread 3').waitFor();
  for (const p of [b, other]) await until('none unread', async () => (await count(p)) === '');
});

test('F-02 the api is killed while people talk: the page resumes by itself and shows what it missed', async () => {
  const a = await newPerson(office, one), b = await newPerson(office, two);
  await directTo(a, b);
  await say(a, 'before the kill');
  await b.page.getByTestId('channel-row').filter({ hasText: a.who.name }).first().click();
  await bubble(b, 'before the kill').waitFor();
  for (let i = 1; i <= 6; i++) {
    if (i % 2) await office.kill('api');
    await say(a, `numbered ${i} of 6 🎉`);
  }
  for (let i = 1; i <= 6; i++)
    for (const p of [a, b]) {
      await bubble(p, `numbered ${i} of 6`).first().waitFor({ timeout: 15_000 });
      assert.equal(await bubble(p, `numbered ${i} of 6`).count(), 1, `message ${i} stands there twice`);
    }
  const order = (await b.page.getByTestId('message-text').allInnerTexts()).join('\n').match(/numbered \d/g);
  assert.deepEqual(order, [1, 2, 3, 4, 5, 6].map((n) => `numbered ${n}`));
});
