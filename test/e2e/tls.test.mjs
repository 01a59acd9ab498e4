// SPDX-License-Identifier: Apache-2.0
// What stands on the network: TLS 1.3 and nothing else, headers that bind the browser, nothing said to strangers.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import net from 'node:net';
import { after, before, test } from 'node:test';
import tls from 'node:tls';
import { Office, children } from './kit/office.mjs';

let office;
before(async () => { office = await Office.demo(); });
after(() => office?.stop());

function handshake(options) {
  return new Promise((resolve) => {
    const s = tls.connect({ host: '127.0.0.1', port: office.port, servername: office.host, ca: office.authority, ...options });
    s.setTimeout(5000, () => { s.destroy(); resolve({ error: new Error('timeout') }); });
    s.on('error', (error) => resolve({ error }));
    s.on('secureConnect', () => {
      resolve({ protocol: s.getProtocol(), cipher: s.getCipher().name, authorized: s.authorized, alpn: s.alpnProtocol });
      s.destroy();
    });
  });
}

// The TCP ports on which a process listens: its sockets' inodes among those the kernel lists as listening.
function listening(pid) {
  const inodes = new Set();
  for (const fd of fs.readdirSync(`/proc/${pid}/fd`)) {
    try {
      const to = fs.readlinkSync(`/proc/${pid}/fd/${fd}`).match(/^socket:\[(\d+)\]/);
      if (to) inodes.add(to[1]);
    } catch { /* closed meanwhile */ }
  }
  const ports = new Set();
  for (const table of ['tcp', 'tcp6'])
    for (const line of fs.readFileSync(`/proc/${pid}/net/${table}`, 'utf8').split('\n').slice(1)) {
      const f = line.trim().split(/\s+/);
      if (f[3] === '0A' && inodes.has(f[9])) ports.add(parseInt(f[1].split(':')[1], 16));
    }
  return ports;
}

test('T-01 a browser that trusts the authority gets TLS 1.3', async () => {
  const r = await handshake({});
  assert.equal(r.error, undefined);
  assert.equal(r.protocol, 'TLSv1.3');
  assert.ok(r.authorized);
});

test('T-01 no older protocol is answered', async () => {
  for (const version of ['TLSv1', 'TLSv1.1', 'TLSv1.2']) {
    const r = await handshake({ minVersion: version, maxVersion: version, ciphers: 'ALL:@SECLEVEL=0' });
    assert.ok(r.error, `${version} was accepted`);
    assert.notEqual(r.error.message, 'timeout', `${version} hangs instead of being refused`);
  }
});

test('T-01 every port the office listens on speaks TLS only', async () => {
  const ports = new Set();
  for (const pid of [office.child.pid, ...children(office.child.pid)]) for (const p of listening(pid)) ports.add(p);
  assert.ok(ports.has(office.port), 'the scan does not see the known listener');
  for (const port of ports) {
    const said = await new Promise((resolve) => {
      const s = net.connect(port, '127.0.0.1', () => s.write('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n'));
      let text = '';
      s.on('data', (d) => { text += d.toString('latin1'); });
      s.on('error', () => resolve(text));
      s.on('close', () => resolve(text));
      s.setTimeout(5000, () => { s.destroy(); resolve(`${text}(left open)`); });
    });
    assert.doesNotMatch(said, /HTTP\/1|<html|left open/i, `port ${port} answers in the clear: ${said.slice(0, 80)}`);
  }
});

test('T-01 HSTS stands on an office with a name, and not on localhost', async () => {
  const here = await office.client().raw('GET', '/');
  assert.equal(here.headers['strict-transport-security'], undefined);
  const named = await Office.company('office.test');
  try {
    const there = await named.client().raw('GET', '/');
    assert.match(there.headers['strict-transport-security'] ?? '', /max-age=(\d{8,})/);
  } finally { await named.stop(); }
});

test('the page is bound by a strict content policy and sends nothing to anybody', async () => {
  const { headers, status } = await office.client().raw('GET', '/', { headers: { accept: 'text/html' } });
  assert.equal(status, 200);
  const csp = headers['content-security-policy'] ?? '';
  assert.match(csp, /default-src 'none'|default-src 'self'/);
  assert.doesNotMatch(csp, /unsafe-inline|unsafe-eval|\*/);
  assert.match(csp, /frame-ancestors 'none'/);
  assert.equal(headers['x-content-type-options'], 'nosniff');
  assert.match(headers['referrer-policy'] ?? '', /no-referrer|same-origin/);
  assert.equal(headers.server, undefined);
});

test('another host name, or none, gets nothing of the office', async () => {
  for (const host of ['evil.test', '']) {
    const r = await office.client().raw('GET', '/api/me', { headers: { host } }).catch((e) => ({ status: 0, e }));
    assert.ok([0, 400, 421].includes(r.status), `Host "${host}" got ${r.status}`);
  }
});

test('strangers learn no version, no name and no path from refusals', async () => {
  for (const where of ['/api/me', '/api/nothing', '/nothing.js', '/.git/config', '/../../etc/passwd', '/%2e%2e/%2e%2e/etc/passwd', '/metrics']) {
    const r = await office.client().raw('GET', where);
    assert.doesNotMatch(r.text, /root:|openssl|sqlite|\/src\/|\/home\/|\/tmp\//i, where);
    if (where.startsWith('/api/')) assert.ok([401, 404].includes(r.status), `${where}: ${r.status}`);
  }
});
