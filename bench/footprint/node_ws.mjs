// SPDX-License-Identifier: Apache-2.0
// The other side of bench-footprint: Node's https server with the `ws` package, as a team would write it. TLS 1.3, no compression
// per message, nothing kept for a connection but what `ws` keeps.
import fs from 'node:fs';
import https from 'node:https';
import { createRequire } from 'node:module';

const [, , port, key, cert, modules] = process.argv;
const { WebSocketServer } = createRequire(`${modules}/x.js`)('ws');
const server = https.createServer({ key: fs.readFileSync(key), cert: fs.readFileSync(cert), minVersion: 'TLSv1.3' });
const sockets = new WebSocketServer({ server, perMessageDeflate: false });
sockets.on('connection', (s) => s.on('error', () => undefined));
server.listen(Number(port), '127.0.0.1', () => console.log('ready'));
