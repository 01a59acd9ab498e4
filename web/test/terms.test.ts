// SPDX-License-Identifier: Apache-2.0
// Z-04: one set of texts in three scripts; every code, rule, advice, action and act that the API can name has its text.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { actions, type ErrorCode } from '@api';
import { chooseLang, fill, makeT, type Key } from '../src/core/i18n';
import en from '../src/gen/en';
import hans from '../src/gen/zh-Hans';
import hant from '../src/gen/zh-Hant';
import { readTerms, termFiles } from '../scripts/terms.mjs';

const root = fileURLToPath(new URL('../..', import.meta.url));
const walk = (dir: string): string[] => readdirSync(dir, { withFileTypes: true }).flatMap((e) => (e.isDirectory() ? walk(join(dir, e.name)) : [join(dir, e.name)]));

describe('Z-04 texts', () => {
  it('are the same keys in all three scripts, none empty', () => {
    const { rows, problems } = readTerms(termFiles()) as { rows: Map<string, string[]>; problems: string[] };
    expect(problems).toEqual([]);
    expect(Object.keys(hans)).toEqual(Object.keys(en));
    expect(Object.keys(hant)).toEqual(Object.keys(en));
    expect(rows.size).toBe(Object.keys(en).length);
    for (const cat of [en, hans, hant]) for (const [k, v] of Object.entries(cat)) expect(v.trim(), k).not.toBe('');
  });

  it('exist for every error code', () => {
    // A code without a text does not even compile.
    type Missing = Exclude<`error.${ErrorCode}`, Key>;
    const complete: [Missing] extends [never] ? true : Missing = true;
    expect(complete).toBe(true);
    const source = readFileSync(join(root, 'test/golden/api.ts'), 'utf8');
    const codes = [.../export type ErrorCode =([^;]+);/.exec(source)![1]!.matchAll(/'([a-z_]+)'/g)].map((m) => m[1]!);
    expect(codes.length).toBeGreaterThan(20);
    expect(codes.filter((c) => !en[`error.${c}`])).toEqual([]);
    const faults = [.../what: ([^;]+);/.exec(source)![1]!.matchAll(/'([a-z_]+)'/g)].map((m) => m[1]!);
    expect(faults.filter((c) => !en[`field.${c}`])).toEqual([]);
  });

  it('exist for every action, every act of the ledger, every rule and advice of the shipped policy', () => {
    expect(actions.filter((a) => !en[`action.${a}`])).toEqual([]);
    const models = walk(join(root, 'src/app')).filter((f) => f.endsWith('.model')).map((f) => readFileSync(f, 'utf8')).join('\n');
    const acts = [...models.matchAll(/\bledger ([a-z_]+\.[a-z_]+)/g)].map((m) => m[1]!);
    expect(acts.length).toBeGreaterThan(15);
    expect(acts.filter((a) => !en[`act.${a}`])).toEqual([]);
    const policy = readFileSync(join(root, 'policies/base.cedar'), 'utf8');
    const named = [...policy.matchAll(/@(id|advice)\("([^"]+)"\)/g)].map((m) => (m[1] === 'id' ? `rule.${m[2]}` : `advice.${m[2]}`));
    named.push('rule.default');    // what the gate says when no rule permits
    expect(named.filter((k) => !en[k])).toEqual([]);
  });

  it('named in the page all exist', () => {
    const used = new Set<string>();
    for (const f of walk(join(root, 'web/src')).filter((x) => /\.tsx?$/.test(x) && !x.includes('/gen/'))) {
      for (const m of readFileSync(f, 'utf8').matchAll(/\bt(?:\.any)?\('([a-z][\w.-]*)'/g)) used.add(m[1]!);
    }
    expect([...used].filter((k) => !(k in en))).toEqual([]);
    expect(used.size).toBeGreaterThan(150);
  });

  it('fail the build on a missing cell, a doubled key, unlike placeholders and the wrong script', () => {
    const bad = (text: string) => (readTerms([{ name: 'x.tsv', text }]) as { problems: string[] }).problems.length;
    expect(bad('a.b\t一\t一\tone')).toBe(0);
    expect(bad('a.b\t一\tone')).toBeGreaterThan(0);
    expect(bad('a.b\t一\t\tone')).toBeGreaterThan(0);
    expect(bad('a.b\t一\t一\tone\na.b\t二\t二\ttwo')).toBeGreaterThan(0);
    expect(bad('a.b\t{n}\t{n}\t{m}')).toBeGreaterThan(0);
    expect(bad('a.b\t消息\t這个\tx')).toBeGreaterThan(0);
    expect(bad('a.b\t這里\t這裡\tx')).toBeGreaterThan(0);
  });

  it('fill placeholders and choose plurals', () => {
    expect(fill('{n} {n:message|messages} for {who}', 'en', { n: 1, who: 'Lin' })).toBe('1 message for Lin');
    expect(fill('{n} {n:message|messages}', 'en', { n: 1200 })).toBe('1,200 messages');
    expect(fill('{who}', 'en', { who: '{n} $& x' })).toBe('{n} $& x');
    expect(makeT(en, 'en')('talk.members_n', { n: 2 })).toBe('2 members');
  });

  it('follow the browser: first language it wants that there is', () => {
    expect(chooseLang(['fr', 'zh-TW', 'en'])).toBe('zh-Hant');
    expect(chooseLang(['zh-HK'])).toBe('zh-Hant');
    expect(chooseLang(['zh-Hant-CN'])).toBe('zh-Hant');
    expect(chooseLang(['zh'])).toBe('zh-Hans');
    expect(chooseLang(['zh-SG', 'en'])).toBe('zh-Hans');
    expect(chooseLang(['en-GB', 'zh'])).toBe('en');
    expect(chooseLang(['de'])).toBe('en');
  });
});
