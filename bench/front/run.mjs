// SPDX-License-Identifier: Apache-2.0
// make bench-front: server CPU a request, ours beside nginx serving a file of the same size, over TLS 1.3 keep-alive on the
// loopback, in turns within one run. CPU and not requests a second, because the client needs a core of its own and would be
// what is measured. Ours passes router, session, proof and gate; nginx does nothing of that.
import fs from 'node:fs';
import path from 'node:path';
import { spawn } from 'node:child_process';
import { Office, freePort, scratch, until } from '../../test/e2e/kit/office.mjs';
import { newClient } from '../../test/e2e/kit/people.mjs';
import { certificate, cpu, end, foreignLoad, median, result, run, tree } from '../kit/measure.mjs';

const ROUNDS = Number(process.env.ROUNDS ?? 5), SECONDS = Number(process.env.SECONDS ?? 3);
const CLIENT_CORE = '0', SERVER_CORE = '1';
const folder = scratch('bench');

async function nginx(sizes) {
  const { key, cert } = await certificate(folder);
  const port = await freePort();
  for (const [name, size] of Object.entries(sizes)) fs.writeFileSync(path.join(folder, name), 'x'.repeat(size));
  fs.chmodSync(folder, 0o755);
  fs.writeFileSync(path.join(folder, 'nginx.conf'), `
daemon off; worker_processes 1; pid ${folder}/nginx.pid; error_log ${folder}/error.log;
${process.getuid() === 0 ? 'user root;' : ''}
events { worker_connections 1024; }
http {
  access_log off; keepalive_requests 100000000; default_type application/json; sendfile on; tcp_nodelay on;
  client_body_temp_path ${folder}/b; proxy_temp_path ${folder}/p; fastcgi_temp_path ${folder}/f; uwsgi_temp_path ${folder}/u; scgi_temp_path ${folder}/s;
  open_file_cache max=100;
  server {
    listen 127.0.0.1:${port} ssl; server_name localhost; root ${folder};
    ssl_certificate ${cert}; ssl_certificate_key ${key}; ssl_protocols TLSv1.3;
  }
}
`);
  const child = spawn('/usr/sbin/nginx', ['-p', folder, '-c', path.join(folder, 'nginx.conf')], { stdio: ['ignore', 'inherit', 'inherit'] });
  process.on('exit', () => child.kill('SIGKILL'));
  await until('nginx', () => fs.existsSync(`${folder}/nginx.pid`) && tree(child.pid).length > 1);
  return { child, port };
}

async function pin(pids, core) {
  for (const pid of pids) await run('taskset', ['-a', '-p', '-c', core, String(pid)]);
}

// Nanoseconds of server CPU a request, over one sample.
async function sample(pids, port, where, headers) {
  const before = cpu(pids);
  const out = await run('taskset', ['-c', CLIENT_CORE, 'wrk', '-t1', '-c64', `-d${SECONDS}s`, '-s', path.join(import.meta.dirname, 'wrk.lua'),
    `https://localhost:${port}/`], { env: { BENCH_PATH: where, BENCH_HEADERS: Object.entries(headers).map(([k, v]) => `${k}: ${v}`).join('\n') } });
  const [, requests, errors, us, p99] = out.match(/RESULT (\d+) (\d+) (\d+) (\d+)/).map(Number);
  const ns = cpu(pids) - before;
  if (errors) throw new Error(`${errors} of ${requests} answers to ${where} were no 200:\n${out}`);
  return { ns: ns / requests, rate: requests / (us / 1e6), p99: p99 / 1000 };
}

const office = await Office.demo({ start: false });
await office.start({}, ['--threads', '1', '--rate-scale', '1000000']);
const c = await newClient(office);
const channels = await c.get('/api/channels');
const channel = channels.reduce((a, b) => (b.last_seq > a.last_seq ? b : a));
const list = `/api/channels/${channel.id}/messages?limit=50`;
for (let i = channel.last_seq; i < 60; i++) await c.post(`/api/channels/${channel.id}/messages`, { text: `第 ${i} 条：line ${i} of a busy day` });
const page = await c.answer('GET', list);
const message = page.json.items[0];
const paths = { me: '/api/me', message: `/api/messages/${message.id}`, list };
if (page.json.items.length < 50) throw new Error(`the busiest channel of the demo has only ${page.json.items.length} messages`);
const sizes = {};
for (const [name, where] of Object.entries(paths)) sizes[name] = (await c.answer('GET', where)).bytes.length;
const other = await nginx(sizes);
const ours = tree(office.child.pid), theirs = tree(other.child.pid);
await pin([...ours, ...theirs], SERVER_CORE);
console.log(`answers of ${sizes.me}, ${sizes.message} and ${sizes.list} bytes; ${ROUNDS} rounds of ${SECONDS} s; foreign load ${(100 * await foreignLoad([...ours, ...theirs])).toFixed(0)} %`);

const got = {};
for (let round = 0; round < ROUNDS; round++)
  for (const name of Object.keys(paths)) {
    const p = c.proof('GET', paths[name]);
    const headers = { Cookie: c.cookie, 'Outwork-Time': p.time, 'Outwork-Proof': p.proof };
    (got[`nginx ${name}`] ??= []).push(await sample(theirs, other.port, `/${name}`, {}));
    (got[`outwork ${name}`] ??= []).push(await sample(ours, office.port, paths[name], headers));
    if (round % 2) await c.renew();
  }
const ns = (name) => median(got[name].map((s) => s.ns));
for (const [name, list] of Object.entries(got))
  console.log(`  ${name.padEnd(16)} ${(ns(name) / 1000).toFixed(2).padStart(8)} us a request, ${median(list.map((s) => s.rate)).toFixed(0).padStart(7)} a second, p99 ${median(list.map((s) => s.p99)).toFixed(2)} ms`);
await office.stop();
other.child.kill('SIGTERM');
result('front_me_vs_nginx', ns('nginx me') / ns('outwork me'), '>=', 0.9);
result('front_message_vs_nginx', ns('nginx message') / ns('outwork message'), '>=', 0.5);
result('messages_50_cpu_us', ns('outwork list') / 1000, '<=', 100);
end();
