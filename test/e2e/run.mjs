// SPDX-License-Identifier: Apache-2.0
// Runs the test files one after another (node run.mjs [words of titles…]), prints failures as they come and ends with one plain
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
const words = process.argv.slice(2);
const here = import.meta.dirname;
const files = fs.readdirSync(here).filter((f) => f.endsWith('.test.mjs')).sort().map((f) => path.join(here, f));
const counts = { passed: 0, failed: 0, skipped: 0 };
const stream = run({
  files, concurrency: 1, timeout: process.env.OUTWORK_DEEP ? 3_600_000 : 180_000,
  ...(words.length ? { testNamePatterns: words.map((w) => new RegExp(w.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'), 'i')) } : {}),
});

function why(error) {
  const e = error?.cause instanceof Error ? error.cause : error;
  const text = e instanceof Error ? `${e.stack}${e.cause ? `\ncaused by ${inspect(e.cause, { depth: 1 })}` : ''}` : inspect(error, { depth: 2 });
  return text.split('\n').slice(0, 40).map((l) => `  ${l}`).join('\n');
}

const isFile = (e) => e.name === e.file || files.includes(path.resolve(e.name));
stream.on('test:pass', (e) => {
  if (isFile(e) || e.details?.type === 'suite') return;
  if (e.skip !== undefined) {
    if (!words.length || typeof e.skip === 'string') counts.skipped++, console.log(`skip ${e.name}${typeof e.skip === 'string' ? ` (${e.skip})` : ''}`);
    return;
  }
  counts.passed++;
  const s = (e.details?.duration_ms ?? 0) / 1000;
  console.log(`ok   ${e.name}${s > 2 ? ` (${s.toFixed(1)} s)` : ''}`);
});
stream.on('test:fail', (e) => {
  if (isFile(e) && e.details?.error?.failureType === 'subtestsFailed') return;
  counts.failed++;
  console.log(`FAIL ${e.name} (${path.basename(e.file ?? '')})\n${why(e.details?.error)}`);
});
stream.on('test:stdout', (e) => process.stdout.write(e.message));
stream.on('test:stderr', (e) => { if (process.env.VERBOSE) process.stderr.write(e.message); });
stream.on('end', () => {
  console.log(`${counts.passed} passed, ${counts.failed} failed${counts.skipped ? `, ${counts.skipped} skipped` : ''}`);
  process.exitCode = counts.failed || !(counts.passed + counts.skipped) ? 1 : 0;
});
