// SPDX-License-Identifier: Apache-2.0
// Signing in as people do, with a browser that trusts the office's authority and no flag that makes it trust anything.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Browser } from './kit/browser.mjs';
import { totp } from './kit/client.mjs';
import { Office, until } from './kit/office.mjs';
import { DEMO_PASSWORD, directory, newPerson, next, signInPage } from './kit/people.mjs';

let office, browser;
before(async () => { office = await Office.demo(); await directory(office); browser = await Browser.open(office); });
after(async () => { await browser?.close(); await office?.stop(); });

test('T-01 a browser without the authority refuses the office', async () => {
  const stranger = await Browser.open(office, { trust: false });
  try {
    const p = await stranger.person();
    await assert.rejects(p.open('/'), /ERR_CERT_AUTHORITY_INVALID/);
  } finally { await stranger.close(); }
});

test('F-01 password and code, then a passkey, and the passkey alone the next time', async () => {
  const p = await newPerson(office, browser);
  const authenticator = await p.authenticator();
  await p.open('/me');
  await p.id('passkey-add').click();
  await until('the key in the authenticator', async () => (await authenticator.keys()).length === 1);
  await p.page.getByTestId('passkey-row').first().waitFor();
  await p.shot('account');
  await p.id('sign-out').click();
  await p.id('sign-out-confirm').click();
  const uses = (await authenticator.keys())[0].signCount;
  // The page offers the passkey by itself, and this authenticator says yes at once: the button may be gone before it is hit.
  await p.id('signin-passkey').click({ timeout: 3000 }).catch(() => undefined);
  await p.id('nav-talk').waitFor();
  assert.ok((await authenticator.keys())[0].signCount > uses, 'the passkey has signed');
  const device = p.page.getByTestId('device-row');
  await p.open('/me');
  await device.first().waitFor();
  assert.equal(await device.count(), 1, 'the browser is one device, however it signed in');
  assert.deepEqual(p.faults, []);
});

test('a wrong password says so without saying which part was wrong', async () => {
  const who = await next(office);
  const p = await browser.person();
  await p.open('/');
  await p.id('signin-login').fill(who.login);
  await p.id('signin-password').fill('certainly not');
  await p.id('signin-code').fill('123456');
  await p.id('signin-submit').click();
  await p.id('problem').waitFor();
  assert.ok(!(await p.id('nav-talk').isVisible()));
});

test('C-04 with cookies and data of other sites blocked, sign-in and reload work', async () => {
  const strict = await Browser.openBlocking(office);
  try {
    const p = await strict.person();
    const who = await next(office);
    await p.open('/');
    await signInPage(p, who.login, DEMO_PASSWORD, await office.code(who.login));
    await p.page.reload();
    await p.id('nav-talk').waitFor();
    const cookies = await p.context.cookies();
    assert.deepEqual([...new Set(cookies.map((c) => c.domain))], ['localhost']);
    assert.deepEqual(p.foreign, []);
  } finally { await strict.close(); }
});

test('C-04 the page tests the browser itself and names what blocks it', async () => {
  const p = await browser.person();
  await p.context.addInitScript(() => {
    Object.defineProperty(globalThis, 'indexedDB', { get() { throw new DOMException('blocked', 'SecurityError'); } });
  });
  await p.open('/');
  await p.id('signin-selftest').or(p.id('selftest')).first().waitFor();
  if (await p.id('signin-selftest').isVisible()) await p.id('signin-selftest').click();
  await p.page.locator('[data-testid^="selftest-"][data-ok="false"]').first().waitFor();
});

test('an invitation leads through password, code, recovery codes and passkey in the page', async () => {
  const company = await Office.company('office.test');
  const own = await Browser.open(company);
  try {
    const p = await own.person({ locale: 'zh-CN' });
    await p.authenticator();
    await p.page.goto(company.links[0]);
    await p.id('invite-password').fill('正确的马 电池 订书钉 7');
    await p.id('invite-again').fill('正确的马 电池 订书钉 7');
    await p.id('invite-next').click();
    const secret = (await p.id('totp-secret').innerText()).replace(/\s/g, '');
    await p.id('invite-code').fill(totp(secret));
    await p.id('invite-accept').click();
    const codes = p.page.getByTestId('recovery-codes');
    await codes.waitFor();
    assert.ok((await codes.innerText()).trim().split(/\s+/).length >= 8);
    await p.shot('invite');
    assert.deepEqual(await p.axe(), []);
    assert.deepEqual(p.faults, []);
  } finally { await own.close(); await company.stop(); }
});
