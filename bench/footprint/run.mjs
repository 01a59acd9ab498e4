// SPDX-License-Identifier: Apache-2.0
// make bench-footprint: what an idle TLS WebSocket costs beside Node `ws`, what the idle office weighs, how soon it answers.
import { spawn } from 'node:child_process';
import path from 'node:path';
import readline from 'node:readline';
import { Office, freePort, scratch, sleep } from '../../test/e2e/kit/office.mjs';
import { newClient } from '../../test/e2e/kit/people.mjs';
import { certificate, end, median, memory, result, tree } from '../kit/measure.mjs';

const SOCKETS = Number(process.env.SOCKETS ?? 15_000), BATCH = 250, PEOPLE = 20;
const here = import.meta.dirname;

class Holder {
  constructor(port) {
    this.child = spawn(process.execPath, ['--max-old-space-size=4096', path.join(here, 'hold.mjs'), String(port)], { stdio: ['pipe', 'pipe', 'inherit'] });
    process.on('exit', () => this.child.kill('SIGKILL'));
    this.lines = readline.createInterface({ input: this.child.stdout })[Symbol.asyncIterator]();
  }
  async open(batch) {
    this.child.stdin.write(`${JSON.stringify(batch)}\n`);
    const { value } = await this.lines.next();
    if (!/^OPEN/.test(value ?? '')) throw new Error(`opening sockets: ${value}`);
  }
  close() { this.child.kill('SIGKILL'); }
}

// KiB of anonymous memory a socket, over the whole process tree.
async function perSocket(pids, port, next) {
  const holder = new Holder(port);
  await sleep(500);
  const before = memory(pids);
  const began = performance.now();
  for (let n = 0; n < SOCKETS; n += BATCH) await holder.open({ count: Math.min(BATCH, SOCKETS - n), ...(await next(n / BATCH)) });
  const opened = performance.now() - began;
  await sleep(3000);
  const after = memory(pids);
  holder.close();
  return { kib: (after.anon - before.anon) / SOCKETS, rate: SOCKETS / (opened / 1000) };
}

async function node() {
  const folder = scratch('bench'), port = await freePort(), { key, cert } = await certificate(folder);
  const modules = path.resolve(here, '../../test/e2e/node_modules');
  const child = spawn(process.execPath, [path.join(here, 'node_ws.mjs'), String(port), key, cert, modules], { stdio: ['ignore', 'pipe', 'inherit'] });
  process.on('exit', () => child.kill('SIGKILL'));
  await new Promise((r) => child.stdout.once('data', r));
  const got = await perSocket([child.pid], port, async () => ({ path: '/', headers: {} }));
  child.kill('SIGKILL');
  return got;
}

const office = await Office.demo({ start: false });
const starts = [];
for (let i = 0; i < 5; i++) {
  await office.start();
  starts.push(office.startMs);
  if (i < 4) await office.stop();
}
await sleep(3000);
const pids = tree(office.child.pid);
const idle = memory(pids).all / 1024;
console.log(`idle: ${idle.toFixed(1)} MB over ${pids.length} processes; starts ${starts.map((s) => s.toFixed(0)).join(', ')} ms`);

const clients = [];
for (let i = 0; i < PEOPLE; i++) clients.push(await newClient(office));
const ours = await perSocket(pids, office.port, async (i) => {
  const c = clients[i % clients.length], p = c.proof('GET', '/api/live');
  return { path: `/api/live?time=${p.time}&proof=${p.proof}`, headers: { Cookie: c.cookie, Origin: office.origin, 'Sec-WebSocket-Protocol': 'outwork.v1' } };
});
console.log(`outwork: ${ours.kib.toFixed(1)} KiB a socket, opened ${ours.rate.toFixed(0)} a second`);
await office.stop();
const theirs = await node();
console.log(`Node ws: ${theirs.kib.toFixed(1)} KiB a socket, opened ${theirs.rate.toFixed(0)} a second`);
result('ws_memory_vs_node', ours.kib / theirs.kib, '<=', 0.334);
result('idle_pss_mb', idle, '<=', 60);
result('start_ms', median(starts), '<=', 300);
end();
