// SPDX-License-Identifier: Apache-2.0
// What Node 20 lacks of a browser.
const g = globalThis as { navigator?: object };
if (!g.navigator) Object.defineProperty(globalThis, 'navigator', { value: { userAgent: 'Mozilla/5.0 (X11; Linux x86_64) Chrome/140', languages: ['en'] }, configurable: true });
export {};
