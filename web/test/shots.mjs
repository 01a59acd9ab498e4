// SPDX-License-Identifier: Apache-2.0
// Pictures of every page in both themes, two widths and two languages, from the built page over the mock server, and axe on each.
//   node test/shots.mjs [OUT] [name filter]        MODES='dark-390' ONE=1: fewer
import { spawn } from 'node:child_process';
import { mkdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright-core';

const here = fileURLToPath(new URL('.', import.meta.url));
const out = process.argv[2] ?? join(here, '..', '..', 'build-web', 'shots'), only = process.argv[3] ?? '';
const port = 8490, base = `http://localhost:${port}`;
mkdirSync(out, { recursive: true });
const server = spawn(process.execPath, [join(here, '..', 'mock', 'server.mjs')], { env: { ...process.env, PORT: String(port) }, stdio: ['ignore', 'pipe', 'inherit'] });
await new Promise((r) => server.stdout.once('data', r));
const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  args: ['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'],
});
const channel = async (name) => (await (await fetch(`${base}/mock/state`)).json()).channels.find((c) => c.name === name).id;
let findings = 0, complaints = 0;

async function signIn(page, login) {
  await page.goto(`${base}/sign-in`);
  await page.fill('[data-testid=signin-login]', login);
  await page.fill('[data-testid=signin-password]', 'outwork-demo');
  await page.fill('[data-testid=signin-code]', '123456');
  await page.click('[data-testid=signin-submit]');
  await page.waitForSelector('[data-testid=nav-talk]');
}

export const pages = [
  ['signin', null, async (p) => { await p.goto(`${base}/sign-in`); await p.click('[data-testid=signin-selftest]'); }],
  ['signin-error', null, async (p) => { await p.goto(`${base}/sign-in`); await p.fill('[data-testid=signin-login]', 'x'); await p.fill('[data-testid=signin-password]', 'y'); await p.fill('[data-testid=signin-code]', '999999'); await p.click('[data-testid=signin-submit]'); await p.waitForSelector('[data-testid=problem]'); }],
  ['invite', null, async (p) => { await p.goto(`${base}/invite#demo-invitation-token-0000`); await p.waitForSelector('[data-testid=invite-password]'); await p.fill('[data-testid=invite-password]', 'plum-river-9'); }],
  ['invite-totp', null, async (p) => { await p.goto(`${base}/invite#demo-invitation-token-0000`); await p.fill('[data-testid=invite-password]', 'plum river 94 lantern'); await p.fill('[data-testid=invite-again]', 'plum river 94 lantern'); await p.click('[data-testid=invite-next]'); await p.waitForSelector('[data-testid=totp-secret]'); }],
  ['invite-codes', null, async (p) => { await p.goto(`${base}/invite#demo-invitation-token-0000`); await p.fill('[data-testid=invite-password]', 'plum river 94 lantern'); await p.fill('[data-testid=invite-again]', 'plum river 94 lantern'); await p.click('[data-testid=invite-next]'); await p.fill('[data-testid=invite-code]', '123456'); await p.click('[data-testid=invite-accept]'); await p.waitForSelector('[data-testid=recovery-codes]'); }],
  ['talk-empty', 'lin.mei', async (p) => { await p.goto(`${base}/talk`); await p.waitForSelector('[data-testid=channel-row]'); }],
  ['talk', 'lin.mei', async (p) => { await p.goto(`${base}/c/${await channel('全公司')}`); await p.waitForSelector('[data-testid=message-row]'); }],
  ['talk-long', 'lin.mei', async (p) => { await p.goto(`${base}/c/${await channel('engineering')}`); await p.waitForSelector('[data-testid=message-row]'); await p.click('[data-testid=members-toggle]'); await p.waitForSelector('[data-testid=members] li'); await p.fill('[data-testid=composer]', '好的，下午四点发布。\nI will watch the dashboards.'); }],
  ['talk-guest', 'lin.mei', async (p) => { await p.goto(`${base}/c/${await channel('random')}`); await p.waitForSelector('[data-testid=guest-bar]'); }],
  ['talk-browse', 'lin.mei', async (p) => { await p.goto(`${base}/talk`); await p.click('[data-testid=talk-add]'); await p.click('[data-testid=browse-channels]'); await p.waitForSelector('[data-testid=browse-list] li'); await p.waitForTimeout(200); }],
  ['talk-create', 'lin.mei', async (p) => { await p.goto(`${base}/talk`); await p.click('[data-testid=talk-add]'); await p.click('[data-testid=new-channel]'); await p.waitForTimeout(250); }],
  ['talk-direct', 'lin.mei', async (p) => { await p.goto(`${base}/talk`); await p.click('[data-testid=talk-add]'); await p.click('[data-testid=new-direct]'); await p.waitForSelector('[data-testid=pick-row]'); await p.waitForTimeout(200); }],
  ['refused', 'lin.mei', async (p) => { await p.goto(`${base}/c/${await channel('值班')}`); await p.waitForSelector('[data-testid=refused]'); }],
  ['palette', 'lin.mei', async (p) => { await p.goto(`${base}/people`); await p.waitForSelector('#main'); await p.keyboard.press('Control+k'); await p.waitForSelector('[data-testid=palette-row]'); await p.fill('[data-testid=palette-input]', 'e'); await p.waitForTimeout(200); }],
  ['help', 'lin.mei', async (p) => { await p.goto(`${base}/talk`); await p.waitForSelector('[data-testid=channel-row]'); await p.keyboard.press('?'); await p.waitForSelector('[data-testid=help]'); await p.waitForTimeout(200); }],
  ['people', 'lin.mei', async (p) => { await p.goto(`${base}/people`); await p.waitForSelector('[data-testid=person-row]'); }],
  ['person-admin', 'zhao.yun', async (p) => { await p.goto(`${base}/people`); await p.waitForSelector('[data-testid=person-row]'); await p.click('[data-testid=person-row] >> nth=3'); await p.waitForSelector('[data-testid=person-detail]'); await p.waitForTimeout(300); }],
  ['person-add', 'chen.hao', async (p) => { await p.goto(`${base}/people`); await p.click('[data-testid=person-add]'); await p.waitForTimeout(200); await p.fill('[data-testid=add-name]', '王小明'); await p.fill('[data-testid=add-login]', `wxm${Math.floor(Math.random() * 1e6)}`); await p.click('[data-testid=add-submit]'); await p.waitForSelector('[data-testid=invite-link]'); }],
  ['account', 'lin.mei', async (p) => { await p.goto(`${base}/me`); await p.waitForSelector('[data-testid=device-row]'); }],
  ['ledger', 'wang.lei', async (p) => { await p.goto(`${base}/ledger`); await p.waitForSelector('[data-testid=leaf-row]'); await p.click('[data-testid=ledger-scope] >> text=/全部|All/'); await p.waitForTimeout(300); }],
  ['leaf', 'wang.lei', async (p) => { await p.goto(`${base}/ledger/123`); await p.waitForSelector('[data-testid=proof-verdict][data-verdict]'); await p.waitForTimeout(400); }],
];

const wanted = new RegExp(process.env.MODES ?? (process.env.ONE ? 'light-1280-zh' : ''));
const modes = ['light', 'dark'].flatMap((th) => [1280, 390].flatMap((w) => ['zh-CN', 'en-US'].map((l) => [th, w, l]))).filter((m) => wanted.test(m.join('-')));
for (const [theme, width, locale] of modes) {
  const contexts = new Map();
  for (const [name, who, go] of pages) {
    if (only && !new RegExp(only).test(name)) continue;
    const key = who ?? `none-${name}`;
    if (!contexts.has(key)) {
      const ctx = await browser.newContext({ viewport: { width, height: width > 500 ? 800 : 780 }, locale, colorScheme: theme, bypassCSP: false, deviceScaleFactor: 1 });
      contexts.set(key, ctx);
      ctx.on('console', (m) => { if (m.type() === 'error' && !/40[139]|favicon/.test(m.text())) { complaints++; console.log(`${name}: ${m.text()}`); } });
      ctx.on('weberror', (e) => { complaints++; console.log(`${name}: ${e.error()}`); });
      if (who) await signIn(await ctx.newPage(), who);
    }
    const ctx = contexts.get(key), page = await ctx.newPage();
    page.setDefaultTimeout(6000);
    try {
      await go(page);
      await page.waitForTimeout(350);
      await page.screenshot({ path: join(out, `${name}-${theme}-${width}-${locale.slice(0, 2)}.png`) });
      await page.evaluate(axe);
      const got = await page.evaluate(() => window.axe.run(document, { resultTypes: ['violations'] }));
      for (const v of got.violations) {
        findings++;
        console.log(`${name} ${theme} ${width} ${locale}: ${v.id}: ${v.help}\n   ${v.nodes.slice(0, 3).map((n) => `${n.target.join(' ')}  ${n.any[0]?.message ?? n.all[0]?.message ?? ''}`).join('\n   ')}`);
      }
    } catch (e) {
      complaints++;
      console.log(`${name} ${theme} ${width} ${locale}: ${String(e).split('\n')[0]}`);
      await page.screenshot({ path: join(out, `FAILED-${name}.png`) });
    }
    await page.close();
  }
  for (const c of contexts.values()) await c.close();
}
await browser.close();
server.kill();
console.log(`axe: ${findings} findings; ${complaints} complaints`);
process.exit(findings || complaints ? 1 : 0);
