// SPDX-License-Identifier: Apache-2.0
// What benches share: CPU and memory of a process tree from /proc, medians, and the line that states a result against what is
// wanted. Figures are of this machine and this run; only ratios within one run are promised anywhere.
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { children } from '../../test/e2e/kit/office.mjs';

export function tree(pid) {
  return [pid, ...children(pid).flatMap(tree)];
}

// CPU in nanoseconds of all threads of these processes so far.
export function cpu(pids) {
  let ns = 0n;
  for (const pid of pids)
    for (const task of fs.readdirSync(`/proc/${pid}/task`))
      try { ns += BigInt(fs.readFileSync(`/proc/${pid}/task/${task}/schedstat`, 'utf8').split(' ')[0]); } catch { /* ended */ }
  return Number(ns);
}

// Proportional set size in KiB: { all, anon }.
export function memory(pids) {
  let all = 0, anon = 0;
  for (const pid of pids) {
    const text = fs.readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8');
    all += Number(text.match(/^Pss:\s+(\d+)/m)[1]);
    anon += Number(text.match(/^Pss_Anon:\s+(\d+)/m)?.[1] ?? 0);
  }
  return { all, anon };
}

export function median(list) {
  const s = [...list].sort((a, b) => a - b);
  return s.length % 2 ? s[s.length >> 1] : (s[s.length / 2 - 1] + s[s.length / 2]) / 2;
}

const results = [];
export function result(name, value, want, limit) {
  const digits = Math.abs(value) >= 10 ? 1 : 3;
  const ok = want === '>=' ? value >= limit : value <= limit;
  results.push(ok);
  console.log(`ratio ${name} ${value.toFixed(digits)} want ${want} ${limit}${ok ? '' : '   MISSED'}`);
}

export function end() {
  const passed = results.filter(Boolean).length;
  console.log(`${passed} passed, ${results.length - passed} failed`);
  process.exitCode = passed === results.length ? 0 : 1;
}

export function run(command, args, { env = {}, ms = 120_000 } = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'pipe'] });
    let out = '';
    child.stdout.on('data', (d) => { out += d; });
    child.stderr.on('data', (d) => { out += d; });
    const timer = setTimeout(() => child.kill('SIGKILL'), ms);
    child.on('error', reject);
    child.on('close', (code) => { clearTimeout(timer); code === 0 ? resolve(out) : reject(new Error(`${command} ended with ${code}:\n${out}`)); });
  });
}

// A P-256 certificate of the bench's own, for the other side.
export async function certificate(folder) {
  const key = path.join(folder, 'key.pem'), cert = path.join(folder, 'cert.pem');
  await run('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2',
    '-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost', '-keyout', key, '-out', cert]);
  return { key, cert };
}

// How busy everybody else keeps the machine, 0 to 1, over a while: a figure taken on a busy machine is worth less.
export async function foreignLoad(own, ms = 1000) {
  const total = () => fs.readFileSync('/proc/stat', 'utf8').split('\n')[0].trim().split(/\s+/).slice(1).map(Number);
  const a = total(), c = cpu(own);
  await new Promise((r) => setTimeout(r, ms));
  const b = total(), d = cpu(own);
  const busy = b.reduce((s, v, i) => s + (i === 3 || i === 4 ? 0 : v - a[i]), 0), all = b.reduce((s, v, i) => s + v - a[i], 0);
  return Math.max(0, busy / all - (d - c) / 1e6 / ms / (all / (ms / 10)));
}
