// SPDX-License-Identifier: Apache-2.0
// The command line as a newcomer meets it: help, doctor, init, a second start, the ledger's verdict.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { Office, cli, freePort, scratch } from './kit/office.mjs';

let demo;
before(async () => { demo = await Office.demo(); });
after(() => demo?.stop());

test('help lists every command, and each command explains itself', async () => {
  const { code, out } = await cli(['--help']);
  assert.equal(code, 0);
  for (const word of ['run', 'init', 'doctor', 'demo', 'ledger', 'config']) assert.match(out, new RegExp(`\\b${word}\\b`));
  for (const word of ['run', 'init', 'doctor', 'demo', 'ledger', 'config']) {
    const one = await cli([word, '--help']);
    assert.equal(one.code, 0, `outwork ${word} --help`);
    assert.ok(one.out.length > 100, `outwork ${word} --help says next to nothing`);
    assert.ok(one.out.split('\n').every((l) => l.length <= 100), `outwork ${word} --help is wider than 100 columns`);
  }
});

test('a mistyped command is answered with the one that was meant, on standard error', async () => {
  const r = await cli(['docter']);
  assert.notEqual(r.code, 0);
  assert.equal(r.out, '');
  assert.match(r.err, /doctor/);
});

test('a folder that is not there gets a sentence, not a stack of errors', async () => {
  const r = await cli(['ledger', 'verify', '--data', '/nowhere/at/all']);
  assert.notEqual(r.code, 0);
  assert.match(r.err, /\/nowhere\/at\/all/);
  assert.ok(r.err.split('\n').length < 8, r.err);
});

test('doctor finds nothing wrong that it does not name with a remedy', async () => {
  const r = await cli(['doctor', '--data', demo.data]);
  for (const word of ['certificate', 'clock', 'disk', 'port', 'permission', 'sandbox', 'polic'])
    assert.match(r.out, new RegExp(word, 'i'), `doctor says nothing about ${word}:\n${r.out}`);
});

test('doctor sees a data folder that others may read, and says what to type', async () => {
  const copy = await Office.demo({ start: false });
  fs.chmodSync(copy.data, 0o755);
  const r = await cli(['doctor', '--data', copy.data]);
  assert.notEqual(r.code, 0, r.out);
  assert.match(r.out, /chmod/);
});

test('init makes a folder that only its owner reads, prints three links, and will not do it twice', async () => {
  const data = path.join(scratch('init'), 'data');
  const port = await freePort();
  const args = ['init', '--data', data, '--host', 'office.test', '--listen', `127.0.0.1:${port}`];
  const r = await cli(args);
  assert.equal(r.code, 0, r.err);
  const links = [...r.out.matchAll(/https:\/\/office\.test\S*/g)].map((m) => m[0]);
  assert.equal(new Set(links).size, 3, r.out);
  for (const role of ['system', 'security', 'audit']) assert.match(r.out, new RegExp(role, 'i'));
  assert.equal(fs.statSync(data).mode & 0o077, 0, 'others can read the data folder');
  const again = await cli(args);
  assert.notEqual(again.code, 0);
  assert.doesNotMatch(again.out, /https:\/\/office\.test\S{20}/);
});

test('the second start takes under a second and changes nothing', async () => {
  const before = await (async () => { const v = await demo.ledgerVerify(); assert.equal(v.code, 0, v.out + v.err); return v.out; })();
  await demo.stop();
  await demo.start();
  assert.ok(demo.startMs < 1000, `it took ${demo.startMs.toFixed(0)} ms`);
  const size = (text) => text.match(/\d[\d,. ]*/)?.[0];
  assert.equal(size((await demo.ledgerVerify()).out), size(before), 'starting wrote leaves');
});

test('I-16 a changed byte in the ledger is found, and the verdict is exit code 1', async () => {
  const copy = await Office.demo({ start: false });
  assert.equal((await copy.ledgerVerify()).code, 0);
  const files = fs.readdirSync(path.join(copy.data, 'ledger'), { recursive: true })
    .map((f) => path.join(copy.data, 'ledger', f))
    .filter((f) => fs.statSync(f).isFile() && /entries|tile|bundle/.test(f) && fs.statSync(f).size > 64);
  assert.ok(files.length > 0, 'the ledger has no files to change');
  const file = files.sort((a, b) => fs.statSync(b).size - fs.statSync(a).size)[0];
  const bytes = fs.readFileSync(file);
  bytes[bytes.length >> 1] ^= 1;
  fs.writeFileSync(file, bytes);
  const r = await copy.ledgerVerify();
  assert.equal(r.code, 1, r.out + r.err);
  assert.match(r.out + r.err, /leaf|tile|bundle|root|hash|differ/i);
});

test('stopping ends every process and says so within two seconds', async () => {
  const copy = await Office.demo();
  const pids = Object.values(copy.roles());
  assert.ok(pids.length >= 2, 'api and vault are processes of their own');
  const began = Date.now();
  await copy.stop();
  assert.ok(Date.now() - began < 2000);
  for (const pid of pids) assert.throws(() => process.kill(pid, 0), `process ${pid} outlived its parent`);
});
