// SPDX-License-Identifier: Apache-2.0
// Opens WebSockets over TLS and holds them, in a process of its own. Each line on standard input is a batch,
// {"count": 500, "path": "/api/live?…", "headers": {…}}; it answers with the number open so far.
import readline from 'node:readline';
import tls from 'node:tls';

const [, , port] = process.argv;
const held = [];
let opened = 0;

// Answers pings, as every client must. A mask of noughts leaves the bytes as they are.
function pong(socket, data) {
  for (let at = 0; at + 2 <= data.length;) {
    const short = data[at + 1] & 127, size = short === 126 ? data.readUInt16BE(at + 2) : short, head = short === 126 ? 4 : 2;
    if (short === 127) return;
    const body = data.subarray(at + head, at + head + size);
    if ((data[at] & 15) === 9) socket.write(Buffer.concat([Buffer.from([0x8a, 0x80 | body.length, 0, 0, 0, 0]), body]));
    at += head + size;
  }
}

function open(path, headers) {
  return new Promise((resolve, reject) => {
    // Sixteen addresses of the loopback, because an office limits what one address may hold.
    const localAddress = `127.0.0.${2 + (opened++ % 16)}`;
    const s = tls.connect({ host: '127.0.0.1', localAddress, port: Number(port), servername: 'localhost', rejectUnauthorized: false, minVersion: 'TLSv1.3' });
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
      s.on('data', (more) => pong(s, more));
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
