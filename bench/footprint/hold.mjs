// SPDX-License-Identifier: Apache-2.0
// Opens WebSockets over TLS and holds them, in a process of its own. Each line on standard input is a batch,
// {"count": 500, "path": "/api/live?…", "headers": {…}}; it answers with the number open so far.
import readline from 'node:readline';
import tls from 'node:tls';

const [, , port] = process.argv;
const held = [];

function open(path, headers) {
  return new Promise((resolve, reject) => {
    const s = tls.connect({ host: '127.0.0.1', port: Number(port), servername: 'localhost', rejectUnauthorized: false, minVersion: 'TLSv1.3' });
    let text = '';
    s.on('error', reject);
    s.on('close', () => { if (!held.includes(s)) reject(new Error(`closed: ${text.slice(0, 300)}`)); });
    s.on('secureConnect', () => s.write([`GET ${path} HTTP/1.1`, `Host: localhost:${port}`, 'Upgrade: websocket', 'Connection: Upgrade',
      'Sec-WebSocket-Version: 13', 'Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==', ...Object.entries(headers).map(([k, v]) => `${k}: ${v}`), '', ''].join('\r\n')));
    s.on('data', (d) => {
      text += d.toString('latin1');
      if (!text.includes('\r\n\r\n')) return;
      if (!text.startsWith('HTTP/1.1 101')) return reject(new Error(text.slice(0, 300)));
      held.push(s);
      s.removeAllListeners('data');
      s.removeAllListeners('close');
      s.on('close', () => { process.stdout.write('LOST\n'); });
      s.resume();
      resolve();
    });
  });
}

for await (const line of readline.createInterface({ input: process.stdin })) {
  const { count, path, headers } = JSON.parse(line);
  let left = count;
  const worker = async () => { while (left-- > 0) await open(path, headers); };
  try {
    await Promise.all(Array.from({ length: 32 }, worker));
    process.stdout.write(`OPEN ${held.length}\n`);
  } catch (e) {
    process.stdout.write(`FAILED ${held.length} ${e.message.replaceAll('\n', ' ')}\n`);
  }
}
process.exit(0);
