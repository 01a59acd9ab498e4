// SPDX-License-Identifier: Apache-2.0
// An office of the test's own: a data folder, the built server on a free port, its roles by pid. The demo folder is prepared
// once and copied, so that each test file starts from the same believable week in well under a second.
import { execFileSync, spawn } from 'node:child_process';
import fs from 'node:fs';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { Client } from './client.mjs';

export const BUILD = process.env.OUTWORK_BUILD ?? path.resolve(import.meta.dirname, '../../../build');
export const DEEP = !!process.env.OUTWORK_DEEP;
const BINARY = path.join(BUILD, 'outwork');
const TEMPLATE = path.join(BUILD, 'e2e', 'template');

export const sleep = (ms) => new Promise((r) => setTimeout(r, ms));

// Waits until ask() gives something true; says what was waited for when it does not.
export async function until(what, ask, ms = 10_000, every = 25) {
  const end = Date.now() + ms;
  for (let last; ;) {
    try {
      const got = await ask();
      if (got) return got;
      last = undefined;
    } catch (e) { last = e; }
    if (Date.now() > end) throw new Error(`waited ${ms} ms for ${what}`, { cause: last });
    await sleep(every);
  }
}

// Runs the command line to its end. Never throws for an exit code: the test looks at it.
export function cli(args, { input = '', env = {}, ms = 60_000 } = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(BINARY, args, { env: { ...process.env, LANG: 'C.UTF-8', LC_ALL: 'C.UTF-8', ...env }, stdio: ['pipe', 'pipe', 'pipe'] });
    let out = '', err = '';
    child.stdout.on('data', (d) => { out += d; });
    child.stderr.on('data', (d) => { err += d; });
    const timer = setTimeout(() => { child.kill('SIGKILL'); }, ms);
    child.on('error', reject);
    child.on('close', (code, signal) => { clearTimeout(timer); resolve({ code, signal, out, err }); });
    child.stdin.on('error', () => undefined);
    child.stdin.end(input);
  });
}

async function must(args, options) {
  const r = await cli(args, options);
  if (r.code !== 0) throw new Error(`outwork ${args.join(' ')} ended with ${r.code}:\n${r.out}${r.err}`);
  return r;
}

// Below the range from which the kernel takes ports for outgoing connections: the port stays ours while the server is down.
export async function freePort() {
  for (;;) {
    const port = 12_000 + Math.floor(Math.random() * 20_000);
    const free = await new Promise((resolve) => {
      const s = net.createServer();
      s.on('error', () => resolve(false));
      s.listen(port, '127.0.0.1', () => s.close(() => resolve(true)));
    });
    if (free) return port;
  }
}

const folders = [];
process.on('exit', () => { for (const f of folders) fs.rmSync(f, { recursive: true, force: true }); });

export function scratch(name) {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), `outwork-e2e-${name}-`));
  fs.chmodSync(folder, 0o711);    // roles have user ids of their own and must pass
  folders.push(folder);
  return folder;
}

const running = new Set();
process.on('exit', () => { for (const o of running) o.child?.kill('SIGKILL'); });

export class Office {
  constructor(data, host) {
    this.data = data;
    this.host = host;
    this.log = '';
  }

  // A copy of the demo company.
  static async demo(options = {}) {
    if (!fs.existsSync(path.join(TEMPLATE, '.ready'))) {
      fs.rmSync(TEMPLATE, { recursive: true, force: true });
      fs.mkdirSync(path.dirname(TEMPLATE), { recursive: true });
      await must(['demo', 'init', '--data', TEMPLATE], { ms: 120_000 });
      fs.writeFileSync(path.join(TEMPLATE, '.ready'), '');
    }
    const data = path.join(scratch('demo'), 'data');
    execFileSync('cp', ['-a', '--reflink=auto', TEMPLATE, data]);    // owners too: each role has its own
    const o = new Office(data, 'localhost');
    if (options.start !== false) await o.start();
    return o;
  }

  // A company of its own, as `outwork init` makes it; its three links stand in `links`.
  static async company(host = 'localhost') {
    const data = path.join(scratch('company'), 'data');
    const o = new Office(data, host);
    o.port = await freePort();
    const { out } = await must(['init', '--data', data, '--host', host, '--listen', `127.0.0.1:${o.port}`]);
    o.initText = out;
    o.links = [...out.matchAll(/https:\/\/\S+/g)].map((m) => m[0]);
    await o.start();
    return o;
  }

  get origin() { return `https://${this.host}:${this.port}`; }
  get authority() { return fs.readFileSync(this.authorityFile); }
  get authorityFile() {
    const names = ['ca.pem', 'ca.crt', 'tls/ca.pem', 'tls/ca.crt', 'certs/ca.pem'];
    const found = names.map((n) => path.join(this.data, n)).find((f) => fs.existsSync(f));
    if (!found) throw new Error(`no authority's certificate in ${this.data}`);
    return found;
  }

  // Starts (again) on the same port and data; resolves when it answers. this.startMs: until the first answer.
  async start(env = {}, more = []) {
    this.port ??= await freePort();
    const began = performance.now();
    const child = spawn(BINARY, ['run', '--data', this.data, '--listen', `127.0.0.1:${this.port}`, ...more],
      { env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'pipe'] });
    this.child = child;
    running.add(this);
    let ended;
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (d) => { this.log = (this.log + d).slice(-200_000); });
    child.on('exit', (code, signal) => { ended = `${code ?? signal}`; if (this.child === child) this.child = undefined; });
    await until('the office to answer', async () => {
      if (ended !== undefined) throw Object.assign(new Error(`the server ended (${ended}):\n${this.log.slice(-3000)}`), { fatal: true });
      const a = await this.client().raw('GET', '/healthz');
      return a.status === 200;
    }, 15_000, 5).catch((e) => { throw ended === undefined ? e : e.cause ?? e; });
    this.startMs = performance.now() - began;
    return this;
  }

  async stop(signal = 'SIGTERM') {
    const child = this.child;
    running.delete(this);
    if (!child) return;
    const gone = new Promise((r) => child.on('exit', r));
    child.kill(signal);
    const slow = setTimeout(() => child.kill('SIGKILL'), 12_000);
    await gone;
    clearTimeout(slow);
    this.child = undefined;
  }

  // pid of a role's process: a child of the parent whose arguments name the role.
  roles() {
    const found = {};
    for (const pid of children(this.child?.pid)) {
      const args = read(`/proc/${pid}/cmdline`).split('\0').filter(Boolean);
      const name = args.some((a) => /outwork-vault$/.test(a)) ? 'vault' : args.find((a) => /^(api|vault|broker)$/.test(a));
      if (name) found[name] = pid;
    }
    return found;
  }

  async role(name) {
    return until(`the ${name} process`, () => this.roles()[name], 5000);
  }

  async kill(name) {
    const pid = name === 'parent' ? this.child.pid : await this.role(name);
    const gone = name === 'parent' ? new Promise((r) => this.child.on('exit', r)) : undefined;
    process.kill(pid, 'SIGKILL');
    await gone;
    return pid;
  }

  client(from) { return new Client(this, from); }

  async code(login) {
    return (await must(['demo', 'code', login, '--data', this.data])).out.trim().match(/\b\d{6}\b/)[0];
  }

  async ledgerVerify() { return cli(['ledger', 'verify', '--data', this.data]); }
}

function read(file) {
  try { return fs.readFileSync(file, 'utf8'); } catch { return ''; }
}

// Whether a process still runs; a dead one that nobody has waited for yet does not.
export function alive(pid) {
  const stat = read(`/proc/${pid}/stat`);
  return stat !== '' && !/^\d+ \(.*\) [ZX]/.test(stat);
}

export function children(pid) {
  return pid ? read(`/proc/${pid}/task/${pid}/children`).trim().split(/\s+/).filter(Boolean).map(Number) : [];
}
