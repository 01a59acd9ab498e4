// SPDX-License-Identifier: Apache-2.0
// How the built page behaves, in a real browser over the mock server: node test/behave.mjs [name filter]
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright-core';

const here = fileURLToPath(new URL('.', import.meta.url)), port = 8491, base = `http://localhost:${port}`, only = process.argv[2] ?? '';
let server;
const start = async () => {
  server = spawn(process.execPath, [join(here, '..', 'mock', 'server.mjs')], { env: { ...process.env, PORT: String(port) }, stdio: ['ignore', 'pipe', 'inherit'] });
  await new Promise((r) => server.stdout.once('data', r));
};
await start();
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  args: ['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'],
});
const mock = async (path) => (await fetch(`${base}/mock/${path}`)).json();
const state = () => mock('state');
const channel = async (name) => (await state()).channels.find((c) => c.name === name).id;
const id = (x) => `[data-testid=${x}]`;
async function office(login, o = {}) {
  const ctx = await browser.newContext({ viewport: { width: 1280, height: 800 }, locale: 'en-US', ...o });
  const page = await ctx.newPage();
  ctx.setDefaultTimeout(7000);
  ctx.complaints = [];
  ctx.on('console', (m) => { if (m.type() === 'error' && !/Failed to load resource|ERR_INTERNET|WebSocket/.test(m.text())) ctx.complaints.push(m.text()); });
  ctx.on('weberror', (e) => ctx.complaints.push(String(e.error())));
  if (login) await signIn(page, login);
  return { ctx, page };
}
async function signIn(page, login) {
  await page.goto(`${base}/sign-in`);
  await page.fill(id('signin-login'), login);
  await page.fill(id('signin-password'), 'outwork-demo');
  await page.fill(id('signin-code'), '123456');
  await page.keyboard.press('Enter');
  await page.waitForSelector(id('nav-talk'));
}
const send = async (page, text) => { await page.fill(id('composer'), text); await page.press(id('composer'), 'Enter'); };
const row = (page, text, st) => page.waitForSelector(`${id('message-row')}${st ? `[data-state=${st}]` : ''} >> text="${text}"`);
const count = async (name) => (await state()).messages[await channel(name)];
const badge = (page, chan) => page.locator(`${id('channel-row')}[data-channel=${chan}] ${id('unread-badge')}`);

const cases = {
  async 'two people talk, and both see it at once'() {
    const a = await office('lin.mei'), b = await office('sarah.kim'), c = await channel('全公司');
    await a.page.goto(`${base}/c/${c}`);
    await b.page.goto(`${base}/c/${c}`);
    await row(a.page, '收到 👍');
    await row(b.page, '收到 👍');
    await send(a.page, '你好 from Lin');
    await row(b.page, '你好 from Lin', 'sent');
    await row(a.page, '你好 from Lin', 'sent');
    assert.equal(await a.page.locator('text="你好 from Lin"').locator('visible=true').count() >= 1, true);
    assert.equal(await a.page.locator(`${id('message-row')}:has-text("你好 from Lin")`).count(), 1);
    return [a, b];
  },
  async 'unread counts agree on every tab'() {
    const a = await office('lin.mei'), c = await channel('产品讨论'), two = await a.ctx.newPage();
    await a.page.goto(`${base}/talk`);
    await two.goto(`${base}/people`);
    await badge(a.page, c).waitFor({ state: 'detached' });
    const before = Number((await two.textContent(id('unread-total')).catch(() => '0')).replace(/\D/g, '') || 0);
    await mock(`say?in=${c}&as=sun.jing&text=one`);
    await mock(`say?in=${c}&as=sun.jing&text=two`);
    await badge(a.page, c).waitFor();
    await a.page.waitForFunction((s) => document.querySelector(s)?.textContent.startsWith('2'), `${id('channel-row')}[data-channel=${c}] ${id('unread-badge')}`);
    await two.waitForFunction(([s, n]) => document.querySelector(s)?.textContent.startsWith(String(n)), [id('unread-total'), before + 2]);
    await a.page.bringToFront();
    await a.page.click(`${id('channel-row')}[data-channel=${c}]`);
    await badge(a.page, c).waitFor({ state: 'detached' });
    await two.waitForFunction(([s, n]) => (document.querySelector(s)?.textContent ?? '0').replace(/\D/g, '') === (n ? String(n) : '') || (!n && !document.querySelector(s)), [id('unread-total'), before]);
    return [a];
  },
  async 'sending while offline queues, keeps order, and sends once'() {
    const a = await office('lin.mei'), c = await channel('全公司'), n = await count('全公司');
    await a.page.goto(`${base}/c/${c}`);
    await row(a.page, '收到 👍');
    await a.ctx.setOffline(true);
    await mock('drop');
    await a.page.waitForSelector(`${id('connection')}:not([data-state=open])`, { state: 'attached' });
    for (const t of ['off 1', 'off 2', 'off 3']) await send(a.page, t);
    await row(a.page, 'off 3', 'waiting');
    await a.page.waitForTimeout(600);
    assert.equal(await count('全公司'), n);
    await a.ctx.setOffline(false);
    await row(a.page, 'off 3', 'sent');
    await a.page.waitForSelector(`${id('connection')}[data-state=open]`, { state: 'attached' });
    assert.equal(await count('全公司'), n + 3);
    const texts = await a.page.locator(`${id('message-row')} ${id('message-text')}`).allTextContents();
    assert.deepEqual(texts.slice(-3), ['off 1', 'off 2', 'off 3']);
    return [a];
  },
  async 'a reload while offline keeps what was not sent'() {
    const a = await office('lin.mei'), c = await channel('全公司'), n = await count('全公司');
    await a.page.goto(`${base}/c/${c}`);
    await row(a.page, '收到 👍');
    await mock('fail?n=100000');
    await send(a.page, 'kept over reload');
    await a.page.waitForTimeout(400);
    await a.page.close();
    await mock('fail?n=0');
    const again = await a.ctx.newPage();
    await again.goto(`${base}/c/${c}`);
    await row(again, 'kept over reload', 'sent');
    assert.equal(await count('全公司'), n + 1);
    return [a];
  },
  async 'comes back by itself after a restart and shows what it missed'() {
    const a = await office('lin.mei'), c = await channel('全公司');
    await a.page.goto(`${base}/c/${c}`);
    await row(a.page, '收到 👍');
    await a.page.waitForSelector(`${id('connection')}[data-state=open]`, { state: 'attached' });
    await mock('restart');
    await mock(`say?in=${c}&as=chen.hao&text=missed-${Date.now() % 1000}`);
    const text = `after restart ${Date.now()}`;
    await mock(`say?in=${c}&as=chen.hao&text=${encodeURIComponent(text)}`);
    await row(a.page, text, 'sent');
    assert.equal(await a.page.locator(`${id('message-row')}:has-text("${text}")`).count(), 1);
    return [a];
  },
  async 'Enter never sends while an input method composes'() {
    const a = await office('lin.mei'), c = await channel('全公司'), n = await count('全公司');
    await a.page.goto(`${base}/c/${c}`);
    await a.page.fill(id('composer'), 'ni hao');
    await a.page.evaluate((s) => {
      const el = document.querySelector(s);
      el.dispatchEvent(new KeyboardEvent('keydown', { key: 'Enter', keyCode: 229, bubbles: true, cancelable: true }));
      el.dispatchEvent(new KeyboardEvent('keydown', { key: 'Enter', isComposing: true, bubbles: true, cancelable: true }));
    }, id('composer'));
    await a.page.waitForTimeout(300);
    assert.equal(await a.page.inputValue(id('composer')), 'ni hao');
    assert.equal(await count('全公司'), n);
    await a.page.press(id('composer'), 'Shift+Enter');
    assert.equal(await a.page.inputValue(id('composer')), 'ni hao\n');
    return [a];
  },
  async 'drafts stay per channel and over reloads'() {
    const a = await office('lin.mei'), c = await channel('全公司'), d = await channel('engineering');
    await a.page.goto(`${base}/c/${c}`);
    await a.page.fill(id('composer'), 'half a thought');
    await a.page.click(`${id('channel-row')}[data-channel=${d}]`);
    await a.page.waitForFunction((s) => document.querySelector(s)?.value === '', id('composer'));
    await a.page.waitForSelector(`${id('channel-row')}[data-channel=${c}] >> text=[Draft]`);
    await a.page.goto(`${base}/c/${c}`);
    await a.page.waitForSelector(id('composer'));
    assert.equal(await a.page.inputValue(id('composer')), 'half a thought');
    return [a];
  },
  async 'a refused message says why, can be discarded, and undone into the draft'() {
    const a = await office('lin.mei'), c = await channel('全公司');
    await a.page.goto(`${base}/c/${c}`);
    await row(a.page, '收到 👍');
    await send(a.page, 'fail');
    await row(a.page, 'fail', 'failed');
    await a.page.click(id('message-discard'));
    await a.page.click('text=Undo');
    await a.page.waitForFunction((s) => document.querySelector(s)?.value === 'fail', id('composer'));
    return [a];
  },
  async 'history grows upward without moving, and the way down is offered'() {
    const a = await office('lin.mei'), c = await channel('engineering');
    await mock(`say?in=${c}&as=sun.jing&text=unread-one`);
    await a.page.goto(`${base}/c/${c}`);
    await a.page.waitForSelector(id('unread-line'));
    const box = a.page.locator(id('messages'));
    for (let i = 0; i < 12; i++) { await box.hover(); await a.page.mouse.wheel(0, -2500); await a.page.waitForTimeout(150); }
    await a.page.waitForSelector('text=The conversation begins here');
    await mock(`say?in=${c}&as=sun.jing&text=below-the-fold`);
    await a.page.waitForSelector(`${id('to-latest')} >> text=/1 new message/`);
    await a.page.click(id('to-latest'));
    await row(a.page, 'below-the-fold', 'sent');
    await a.page.locator(id('to-latest')).waitFor({ state: 'detached' });
    return [a];
  },
  async 'prepending keeps the place'() {
    const a = await office('chen.hao'), c = await channel('engineering');
    await a.page.goto(`${base}/c/${c}`);
    await a.page.waitForSelector(id('message-row'));
    await a.page.waitForTimeout(300);
    const box = a.page.locator(id('messages'));
    await box.hover();
    await a.page.mouse.wheel(0, -1200);
    await a.page.waitForTimeout(50);
    const first = await a.page.evaluate((s) => { const b = document.querySelector(s).getBoundingClientRect(); const r = [...document.querySelectorAll('[data-testid=message-row]')].find((x) => x.getBoundingClientRect().top > b.top + 40); return { seq: r.dataset.seq, top: r.getBoundingClientRect().top }; }, id('messages'));
    await a.page.waitForTimeout(600);
    const after = await a.page.evaluate((q) => document.querySelector(`[data-testid=message-row][data-seq="${q}"]`)?.getBoundingClientRect().top, first.seq);
    assert.ok(Math.abs(after - first.top) < 4, `moved by ${after - first.top}`);
    return [a];
  },
  async 'a private channel by its address is refused by name of rule'() {
    const a = await office('lin.mei');
    await a.page.goto(`${base}/c/${await channel('值班')}`);
    assert.equal(await a.page.textContent(id('refused-rule')), 'private-channel-members-only');
    assert.match(await a.page.textContent(id('refused-advice')), /member/);
    await a.page.goto(`${base}/ledger`);
    await a.page.waitForSelector('text=/was refused/');
    return [a];
  },
  async 'a passkey is enrolled and signs in the next time'() {
    const a = await office('lin.mei'), cdp = await a.ctx.newCDPSession(a.page);
    await cdp.send('WebAuthn.enable');
    await cdp.send('WebAuthn.addVirtualAuthenticator', { options: { protocol: 'ctap2', transport: 'internal', hasResidentKey: true, hasUserVerification: true, isUserVerified: true, automaticPresenceSimulation: true } });
    await a.page.click(id('nav-me'));
    await a.page.click(id('passkey-add'));
    await a.page.waitForSelector(id('passkey-row'));
    await a.page.click(id('sign-out'));
    await a.page.click(id('sign-out-confirm'));
    await a.page.waitForSelector(id('signin-form'));
    await a.page.waitForTimeout(500);
    if (await a.page.locator(id('signin-passkey')).isVisible().catch(() => false)) await a.page.click(id('signin-passkey')).catch(() => undefined);
    await a.page.waitForSelector(id('nav-me'));
    await a.page.click(id('nav-me'));
    await a.page.waitForSelector('text=/Passkey, within/');
    return [a];
  },
  async 'signing out in one tab signs out the others'() {
    const a = await office('lin.mei'), two = await a.ctx.newPage();
    await two.goto(`${base}/people`);
    await two.waitForSelector(id('person-row'));
    await a.page.click(id('nav-me'));
    await a.page.click(id('sign-out'));
    await a.page.click(id('sign-out-confirm'));
    await a.page.waitForSelector(id('signin-form'));
    await two.waitForSelector(id('signin-form'));
    await signIn(a.page, 'lin.mei');
    await two.waitForSelector(id('person-row'));
    return [a];
  },
  async 'a locked person is told so at once'() {
    const a = await office('wu.gang'), b = await office('zhao.yun');
    await a.page.waitForSelector(`${id('connection')}[data-state=open]`, { state: 'attached' });
    await b.page.goto(`${base}/people`);
    await b.page.fill(id('people-search'), 'wu.gang');
    await b.page.click(`${id('person-row')}[data-login="wu.gang"]`);
    await b.page.click(id('person-lock'));
    await b.page.click(id('confirm'));
    await a.page.waitForSelector(id('locked'));
    await b.page.click('text=Undo');
    await b.page.waitForSelector(id('person-lock'));
    return [a, b];
  },
  async 'an invitation leads through all four steps into the office'() {
    const a = await office();
    await a.page.goto(`${base}/invite#demo-invitation-token-0000`);
    await a.page.fill(id('invite-password'), 'short');
    await a.page.keyboard.press('Enter');
    await a.page.waitForSelector('text=/At least 8 characters$/');
    await a.page.fill(id('invite-password'), 'plum river 94 lantern');
    await a.page.fill(id('invite-again'), 'plum river 94 lantern');
    await a.page.keyboard.press('Enter');
    await a.page.fill(id('invite-code'), '999 999');
    await a.page.keyboard.press('Enter');
    await a.page.waitForSelector('text=/The code is not right/');
    await a.page.fill(id('invite-code'), '123 456');
    await a.page.keyboard.press('Enter');
    await a.page.waitForSelector(`${id('recovery-codes')} li >> nth=9`);
    assert.equal(await a.page.isDisabled(id('codes-next')), true);
    await a.page.check(id('codes-kept'));
    await a.page.click(id('codes-next'));
    await a.page.click(id('passkey-skip'));
    await a.page.waitForSelector(id('nav-talk'));
    assert.equal(new URL(a.page.url()).pathname, '/talk');
    return [a];
  },
  async 'an expired link says so'() {
    const a = await office();
    await a.page.goto(`${base}/invite#nothing-of-that-kind-000`);
    await a.page.waitForSelector('text=/has been used or has expired/');
    return [a];
  },
  async 'everything by keyboard: jump, walk, write'() {
    const a = await office('lin.mei');
    await a.page.keyboard.press('Control+k');
    await a.page.keyboard.type('engineering');
    await a.page.waitForSelector(`${id('palette-row')}[aria-selected=true] >> text=engineering`);
    await a.page.keyboard.press('Enter');
    await a.page.waitForFunction((s) => document.activeElement === document.querySelector(s), id('composer'));
    await a.page.keyboard.type('by keyboard');
    await a.page.keyboard.press('Enter');
    await row(a.page, 'by keyboard', 'sent');
    const was = a.page.url();
    await a.page.keyboard.press('Alt+ArrowDown');
    await a.page.waitForFunction((u) => location.href !== u, was);
    await a.page.keyboard.press('Control+Shift+f');
    await a.page.keyboard.type('zzz');
    await a.page.waitForSelector('text=/None of your channels/');
    await a.page.keyboard.press('Escape');
    await a.page.keyboard.press('ArrowDown');
    assert.equal(await a.page.evaluate(() => document.activeElement.dataset.testid), 'channel-row');
    return [a];
  },
  async 'a tampered record does not verify'() {
    const a = await office('wang.lei');
    await a.page.route('**/api/ledger/leaves/42', async (r) => { const res = await r.fetch(), j = await res.json(); j.leaf.body = j.leaf.body.replace('"v":1', '"v":2'); await r.fulfill({ response: res, json: j }); });
    await a.page.goto(`${base}/ledger/42`);
    await a.page.waitForSelector(`${id('proof-verdict')}[data-verdict=bad]`);
    await a.page.goto(`${base}/ledger/43`);
    await a.page.waitForSelector(`${id('proof-verdict')}[data-verdict=good]`);
    return [a];
  },
  async 'storage blocked: the sign-in page says what and how to mend it'() {
    const a = await office(null);
    await a.page.addInitScript(() => { Object.defineProperty(window, 'indexedDB', { get() { throw new DOMException('blocked', 'SecurityError'); } }); Object.defineProperty(Document.prototype, 'cookie', { get: () => '', set: () => undefined }); });
    await a.page.goto(`${base}/sign-in`);
    await a.page.waitForSelector(`${id('selftest-storage')}[data-ok=false]`);
    await a.page.waitForSelector(`${id('selftest-cookie')}[data-ok=false]`);
    await a.page.waitForSelector(id('signin-blocked'));
    return [a];
  },
  async 'a wrong clock does not keep anyone out'() {
    const a = await office(null);
    await a.page.addInitScript(() => { const now = Date.now; Date.now = () => now() + 5_400_000; });
    await signIn(a.page, 'lin.mei');
    await a.page.waitForSelector(`${id('connection')}[data-state=open]`, { state: 'attached' });
    await a.page.waitForSelector(id('channel-row'));
    return [a];
  },
  async 'language and theme switch at once and stay'() {
    const a = await office('lin.mei');
    await a.page.goto(`${base}/me`);
    await a.page.selectOption(id('lang'), 'zh-Hant');
    await a.page.waitForSelector('text=我的帳戶 >> nth=0', { state: 'attached' }).catch(() => undefined);
    assert.equal(await a.page.getAttribute('html', 'lang'), 'zh-Hant');
    await a.page.locator(`${id('theme')} label`).nth(2).click();
    await a.page.reload();
    await a.page.waitForSelector('text=登出');
    assert.equal(await a.page.getAttribute('html', 'data-mantine-color-scheme'), 'dark');
    return [a];
  },
};

let passed = 0, failed = 0;
for (const [name, run] of Object.entries(cases)) {
  if (only && !name.includes(only)) continue;
  try {
    const used = await run();
    const complaints = used.flatMap((u) => u.ctx.complaints);
    assert.deepEqual(complaints, []);
    passed++;
    console.log(`ok   ${name}`);
  } catch (e) {
    failed++;
    console.log(`FAIL ${name}\n     ${String(e.message).split('\n').slice(0, 6).join('\n     ')}`);
    for (const c of browser.contexts()) for (const p of c.pages()) await p.screenshot({ path: join(here, '..', '..', 'build-web', `fail-${failed}.png`) }).catch(() => undefined);
  }
  await mock('fail?n=0');
  for (const c of browser.contexts()) await c.close();
}
await browser.close();
server.kill();
console.log(`${passed} passed, ${failed} failed`);
process.exit(failed ? 1 : 0);
