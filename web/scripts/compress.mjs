// SPDX-License-Identifier: Apache-2.0
// Beside each built file a .br and a .gz, so that the server never compresses. Ends with 1 if there is nothing to compress.
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';

const out = process.env.OUTWORK_WEB_OUT ?? 'dist';
const walk = (dir) => readdirSync(dir).flatMap((f) => (statSync(join(dir, f)).isDirectory() ? walk(join(dir, f)) : [join(dir, f)]));
const files = existsSync(out) ? walk(out).filter((f) => !/\.(br|gz)$/.test(f)) : [];
if (!files.some((f) => f.endsWith('index.html')) || !files.some((f) => f.endsWith('.js'))) {
  console.error(`${out}: no index.html or no script: the build is not complete`);
  process.exit(1);
}
for (const f of files) {
  const raw = readFileSync(f);
  const params = { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_SIZE_HINT]: raw.length };
  writeFileSync(`${f}.br`, brotliCompressSync(raw, { params }));
  writeFileSync(`${f}.gz`, gzipSync(raw, { level: 9 }));
}
console.log(`${files.length} files compressed in ${out}`);
