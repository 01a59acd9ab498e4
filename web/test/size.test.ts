// SPDX-License-Identifier: Apache-2.0
// Budgets of what a browser loads first, on the built files, as gzip (the larger of the two forms), and rules of the content policy.
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, it } from 'vitest';

const dist = process.env.OUTWORK_WEB_OUT ?? fileURLToPath(new URL('../dist', import.meta.url));
const assets = join(dist, 'assets');
const kb = (f: string) => statSync(join(assets, `${f}.gz`)).size / 1000;
let all: string[], html: string;

function closure(start: string[]): Set<string> {
  const seen = new Set<string>(), todo = [...start];
  for (let f = todo.pop(); f; f = todo.pop()) {
    if (seen.has(f)) continue;
    seen.add(f);
    const text = readFileSync(join(assets, f), 'utf8');
    for (const m of text.matchAll(/(?:from|import)\s*"\.\/([\w.-]+\.js)"/g)) todo.push(m[1]!);
  }
  return seen;
}
const chunk = (name: string) => all.find((f) => new RegExp(`^${name}-[\\w-]+\\.js$`).test(f))!;
const sum = (files: Iterable<string>) => [...files].reduce((n, f) => n + kb(f), 0);

beforeAll(() => {
  if (!existsSync(assets)) throw new Error(`${dist} is not built: npm run build`);
  all = readdirSync(assets);
  html = readFileSync(join(dist, 'index.html'), 'utf8');
});

describe('size', () => {
  it('keeps the shell within 220 kB of script and 35 kB of style', () => {
    const entry = [...html.matchAll(/assets\/([\w.-]+\.js)/g)].map((m) => m[1]!);
    const js = closure([...entry, chunk('Shell'), chunk('Talk'), chunk('zh-Hans')]);
    const total = sum(js), css = sum(all.filter((f) => f.endsWith('.css')));
    console.log(`shell with Talk: ${total.toFixed(1)} kB of script; all styles: ${css.toFixed(1)} kB (gzip)`);
    expect(total).toBeLessThan(220);
    expect(css).toBeLessThan(35);
  });

  it('loads every other part only when it is opened', () => {
    const entry = [...html.matchAll(/assets\/([\w.-]+\.js)/g)].map((m) => m[1]!);
    const first = closure(entry);
    for (const name of ['Shell', 'Talk', 'People', 'Ledger', 'Account', 'Invite', 'SignIn', 'Help', 'en', 'zh-Hans', 'zh-Hant']) {
      expect(chunk(name), name).toBeDefined();
      expect(first.has(chunk(name)), name).toBe(false);
      expect(kb(chunk(name)), name).toBeLessThan(60);
    }
  });

  it('has both compressed forms beside every file', () => {
    for (const f of all.filter((x) => !/\.(br|gz)$/.test(x))) expect(existsSync(join(assets, `${f}.br`)) && existsSync(join(assets, `${f}.gz`)), f).toBe(true);
  });
});

describe('content policy', () => {
  it('is kept: nothing inline, nothing from elsewhere, no data: addresses', () => {
    expect(html).not.toMatch(/<style|<script(?![^>]*\bsrc=)|\son\w+=|style=/);
    expect([...html.matchAll(/(?:src|href)="([^"]+)"/g)].map((m) => m[1]!).filter((u) => !u.startsWith('/'))).toEqual([]);
    for (const f of all.filter((x) => x.endsWith('.css'))) expect(readFileSync(join(assets, f), 'utf8'), f).not.toMatch(/url\(\s*["']?(data:|https?:)|@import/);
    for (const f of all.filter((x) => x.endsWith('.js'))) expect(readFileSync(join(assets, f), 'utf8'), f).not.toMatch(/\bnew Function\(|[^.\w]eval\(/);
  });
});
