// SPDX-License-Identifier: Apache-2.0
// Runs the test files one after another (node run.mjs [files or words of titles…]), prints failures as they come and ends with one plain
// line, "N passed, N failed[, N skipped]".
import fs from 'node:fs';
import path from 'node:path';
import { run } from 'node:test';
import { inspect } from 'node:util';
import { BUILD } from './kit/office.mjs';

if (!fs.existsSync(path.join(BUILD, 'outwork'))) {
  console.log(`FAIL there is no ${path.join(BUILD, 'outwork')}: run make first\n0 passed, 1 failed`);
  process.exit(1);
}
fs.rmSync(path.join(BUILD, 'e2e'), { recursive: true, force: true });
const here = import.meta.dirname;
const all = fs.readdirSync(here).filter((f) => f.endsWith('.test.mjs')).sort();
const named = process.argv.slice(2).filter((w) => all.includes(`${w}.test.mjs`));
const words = process.argv.slice(2).filter((w) => !named.includes(w));
const files = all.filter((f) => !named.length || named.includes(f.slice(0, -9))).map((f) => path.join(here, f));
const counts = { passed: 0, failed: 0, skipped: 0 };
const stream = run({
  files, concurrency: 1, timeout: process.env.OUTWORK_DEEP ? 3_600_000 : 180_000,
  ...(words.length ? { testNamePatterns: words.map((w) => new RegExp(w.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'), 'i')) } : {}),
});

const said = new Set();
function why(error) {
  const e = error?.cause instanceof Error ? error.cause : error;
  const text = (e instanceof Error ? `${e.stack}${e.cause ? `\ncaused by ${inspect(e.cause, { depth: 1 })}` : ''}` : inspect(error, { depth: 2 }))
    .split('\n').filter((l) => l.trim() && !/\bnode:(internal|async_hooks)/.test(l)).slice(0, 30).map((l) => `  ${l}`).join('\n');
  if (said.has(text)) return `  as before: ${e?.message ?? ''}`;
  said.add(text);
  return text;
}

const isFile = (e) => e.name === e.file || files.includes(path.resolve(e.name));
const see = {
  'test:pass'(e) {
    if (isFile(e) || e.details?.type === 'suite') return;
    if (e.skip !== undefined) {
      if (typeof e.skip === 'string') counts.skipped++, console.log(`skip ${e.name} (${e.skip})`);
      return;
    }
    counts.passed++;
    const s = (e.details?.duration_ms ?? 0) / 1000;
    console.log(`ok   ${e.name}${s > 2 ? ` (${s.toFixed(1)} s)` : ''}`);
  },
  'test:fail'(e) {
    if (isFile(e) && e.details?.error?.failureType === 'subtestsFailed') return;
    counts.failed++;
    console.log(`FAIL ${e.name} (${path.basename(e.file ?? '')})\n${why(e.details?.error)}`);
  },
  'test:stdout'(e) { process.stdout.write(e.message); },
  'test:stderr'(e) { if (process.env.VERBOSE || /Error/.test(e.message)) process.stdout.write(e.message); },
};
for await (const event of stream) see[event.type]?.(event.data);
console.log(`${counts.passed} passed, ${counts.failed} failed${counts.skipped ? `, ${counts.skipped} skipped` : ''}`);
process.exit(counts.failed || !(counts.passed + counts.skipped) ? 1 : 0);
