// SPDX-License-Identifier: Apache-2.0
// Debian's Chromium that trusts the office's own authority the way a person's browser does: through the NSS database of its
// home folder. No flag anywhere makes it ignore a certificate. Each person is a context of their own (own cookies, own keys).
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { chromium } from 'playwright-core';
import { BUILD, scratch } from './office.mjs';

const require = createRequire(import.meta.url);
const AXE = fs.readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8');
const SHOTS = path.join(BUILD, 'shots');
const EXECUTABLE = ['/usr/bin/chromium', '/usr/bin/chromium-browser'].find((f) => fs.existsSync(f));

function homeThatTrusts(authorityFile) {
  const home = scratch('home');
  const db = path.join(home, '.pki', 'nssdb');
  fs.mkdirSync(db, { recursive: true, mode: 0o700 });
  execFileSync('certutil', ['-d', `sql:${db}`, '-N', '--empty-password']);
  if (authorityFile) execFileSync('certutil', ['-d', `sql:${db}`, '-A', '-n', 'Outwork', '-t', 'C,,', '-i', authorityFile]);
  return home;
}

function launchOptions(office, trust) {
  const args = ['--disable-gpu', '--disable-dev-shm-usage'];
  if (office.host !== 'localhost') args.push(`--host-resolver-rules=MAP ${office.host} 127.0.0.1`);
  if (process.getuid() === 0) args.push('--no-sandbox');
  const home = homeThatTrusts(trust ? office.authorityFile : undefined);
  return { executablePath: EXECUTABLE, args, env: { ...process.env, HOME: home, XDG_CONFIG_HOME: home, XDG_CACHE_HOME: home } };
}

export class Browser {
  static async open(office, { trust = true } = {}) {
    const b = new Browser();
    b.office = office;
    b.chromium = await chromium.launch(launchOptions(office, trust));
    return b;
  }

  // A profile on disk whose settings block other sites' cookies and data.
  static async openBlocking(office) {
    const profile = path.join(scratch('profile'), 'p');
    fs.mkdirSync(path.join(profile, 'Default'), { recursive: true });
    fs.writeFileSync(path.join(profile, 'Default', 'Preferences'), JSON.stringify({
      profile: { block_third_party_cookies: true, cookie_controls_mode: 1 },
    }));
    const b = new Browser();
    b.office = office;
    const context = await chromium.launchPersistentContext(profile, { ...launchOptions(office, true), locale: 'en-US' });
    b.chromium = context;
    b.person = async () => new Person(office, context, await context.newPage()).watch();
    return b;
  }

  // A person's own browser: locale, theme and window as asked.
  async person({ locale = 'en-US', theme = 'light', width = 1280, height = 800 } = {}) {
    const context = await this.chromium.newContext({
      baseURL: this.office.origin, locale, colorScheme: theme, viewport: { width, height }, reducedMotion: 'reduce',
    });
    return new Person(this.office, context, await context.newPage()).watch();
  }

  async close() { await this.chromium.close(); }
}

export class Person {
  constructor(office, context, page) {
    this.office = office;
    this.context = context;
    this.page = page;
    this.faults = [];
    this.foreign = [];
  }

  // Collects what nobody should see: uncaught errors, refused by the content policy, requests to anywhere else.
  watch(page = this.page) {
    page.on('pageerror', (e) => this.faults.push(`uncaught: ${e.message}`));
    page.on('console', (m) => {
      if (m.type() === 'error' && /Content Security Policy|Refused to/i.test(m.text())) this.faults.push(m.text());
    });
    page.on('request', (r) => {
      const url = new URL(r.url());
      if (url.origin !== this.office.origin && !['data:', 'blob:'].includes(url.protocol)) this.foreign.push(r.url());
    });
    page.setDefaultTimeout(10_000);
    return this;
  }

  id(name) { return this.page.getByTestId(name); }
  async open(where = '/') { await this.page.goto(this.office.origin + where); return this; }
  async tab(where = '/') {
    const other = new Person(this.office, this.context, await this.context.newPage()).watch();
    other.faults = this.faults;
    other.foreign = this.foreign;
    return other.open(where);
  }

  // The browser's own virtual authenticator: a platform key with user verification.
  async authenticator() {
    const cdp = await this.context.newCDPSession(this.page);
    await cdp.send('WebAuthn.enable');
    const { authenticatorId } = await cdp.send('WebAuthn.addVirtualAuthenticator', { options: {
      protocol: 'ctap2', transport: 'internal', hasResidentKey: true, hasUserVerification: true,
      isUserVerified: true, automaticPresenceSimulation: true,
    } });
    return { cdp, authenticatorId, keys: async () => (await cdp.send('WebAuthn.getCredentials', { authenticatorId })).credentials };
  }

  async shot(name) {
    fs.mkdirSync(SHOTS, { recursive: true });
    await this.page.screenshot({ path: path.join(SHOTS, `${name}.png`) });
  }

  // What axe finds on the page as it is, in words.
  async axe() {
    await this.page.evaluate(AXE);
    const { violations } = await this.page.evaluate(() => globalThis.axe.run(document, {
      runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'],
    }));
    return violations.map((v) => `${v.id}: ${v.help} — ${v.nodes.slice(0, 3).map((n) => `${n.html.slice(0, 160)} (${[...n.any, ...n.all, ...n.none].map((c) => c.message).join('; ').slice(0, 200)})`).join(' | ')}`);
  }
}
