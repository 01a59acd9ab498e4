// SPDX-License-Identifier: Apache-2.0
// One page, one entry; every feature is a lazy chunk. Nothing is inlined: the content policy allows no data: and no inline code.
import { fileURLToPath } from 'node:url';
import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';

const mock = process.env.OUTWORK_MOCK ?? 'http://127.0.0.1:8480';

export default defineConfig({
  plugins: [react()],
  // The calls and types that the generator writes from the models; checked in, so that the page builds without the C tool chain.
  resolve: { alias: { '@api': fileURLToPath(new URL('../test/golden/api.ts', import.meta.url)) } },
  build: {
    target: 'es2022', outDir: process.env.OUTWORK_WEB_OUT ?? 'dist', emptyOutDir: true, assetsInlineLimit: 0,
    modulePreload: { polyfill: false }, reportCompressedSize: false, cssCodeSplit: true,
  },
  server: { host: '127.0.0.1', proxy: { '/api': { target: mock, ws: true } } },
});
