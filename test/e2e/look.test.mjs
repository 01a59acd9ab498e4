// SPDX-License-Identifier: Apache-2.0
// Three languages, two themes, narrow and wide, keyboard alone, and nothing for axe to find.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Browser } from './kit/browser.mjs';
import { DEEP, Office, until } from './kit/office.mjs';
import { DEMO_PASSWORD, directory, newPerson, next } from './kit/people.mjs';

let office, browser;
before(async () => { office = await Office.demo(); await directory(office); browser = await Browser.open(office); });
after(async () => { await browser?.close(); await office?.stop(); });

const LANGUAGES = { 'zh-CN': ['zh-Hans', /登录|登錄|密码/], 'zh-TW': ['zh-Hant', /登入|密碼/], 'en-GB': ['en', /Sign in|Password/] };
const PAGES = ['/talk', '/people', '/ledger', '/me'];

test('Z-04 a browser is answered in the language it asks for, errors included', async () => {
  for (const [locale, [lang, words]] of Object.entries(LANGUAGES)) {
    const p = await browser.person({ locale });
    await p.open('/');
    await p.id('signin-form').waitFor();
    assert.equal(await p.page.getAttribute('html', 'lang'), lang);
    assert.match(await p.page.innerText('body'), words);
    const who = await next(office);
    await p.id('signin-login').fill(who.login);
    await p.id('signin-password').fill('wrong');
    await p.id('signin-code').fill('000000');
    await p.id('signin-submit').click();
    const text = await p.id('problem').innerText();
    assert.equal(/[\u4e00-\u9fff]/.test(text), lang !== 'en', `the error is not in ${lang}: ${text}`);
    assert.deepEqual(await p.axe(), []);
    assert.deepEqual(p.faults, []);
    await p.context.close();
  }
});

for (const theme of ['light', 'dark'])
  for (const width of [1280, 390])
    test(`every page, ${theme}, ${width} wide: nothing for axe, nothing sideways, nothing foreign`, async () => {
      const locale = theme === 'dark' ? 'zh-CN' : 'en-GB';
      const p = await newPerson(office, browser, { theme, width, height: width > 600 ? 800 : 844, locale });
      const found = [];
      for (const where of PAGES) {
        await p.open(where);
        await p.id('nav-talk').waitFor();
        await p.page.waitForLoadState('networkidle');
        found.push(...(await p.axe()).map((f) => `${where}: ${f}`));
        const overflow = await p.page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
        if (overflow > 0) found.push(`${where} is ${overflow} px too wide`);
        await p.shot(`${where.slice(1)}-${theme}-${width}`);
      }
      assert.deepEqual(found, []);
      assert.deepEqual(p.faults, []);
      assert.deepEqual(p.foreign, []);
      await p.context.close();
    });

test('a person signs in and talks with the keyboard alone', async () => {
  const who = await next(office);
  const p = await browser.person();
  await p.open('/');
  await p.id('signin-login').focus();
  await p.page.keyboard.type(who.login);
  await p.page.keyboard.press('Tab');
  await p.page.keyboard.type(DEMO_PASSWORD);
  for (let i = 0; i < 4 && !(await p.id('signin-code').evaluate((e) => e === document.activeElement)); i++) await p.page.keyboard.press('Tab');
  await p.page.keyboard.type(await office.code(who.login));
  await p.page.keyboard.press('Enter');
  await p.id('nav-talk').waitFor();
  const focused = async (testid) => p.page.evaluate((id) => document.activeElement?.closest(`[data-testid="${id}"]`) !== null, testid);
  let reached = false;
  for (let i = 0; i < 60 && !reached; i++) { await p.page.keyboard.press('Tab'); reached = await focused('channel-row'); }
  assert.ok(reached, 'Tab never reaches a channel');
  await p.page.keyboard.press('Enter');
  await p.id('composer').waitFor();
  for (let i = 0; i < 60 && !(await focused('composer')); i++) await p.page.keyboard.press('Tab');
  await p.page.keyboard.type('by keyboard');
  await p.page.keyboard.press('Enter');
  await until('the message', () => p.page.getByTestId('message-row').filter({ hasText: 'by keyboard' }).count());
});

test('Z-04 all languages, themes and widths on every page', { skip: !DEEP && 'in make deep' }, async () => {
  for (const locale of Object.keys(LANGUAGES))
    for (const theme of ['light', 'dark'])
      for (const width of [1600, 1280, 768, 390, 320]) {
        const who = await newPerson(office, browser, { theme, width, locale }).catch(() => undefined);
        if (!who) return;
        for (const where of PAGES) {
          await who.open(where);
          await who.id('nav-talk').waitFor();
          await who.page.waitForLoadState('networkidle');
          assert.deepEqual(await who.axe(), [], `${where} ${locale} ${theme} ${width}`);
        }
        await who.context.close();
      }
});
