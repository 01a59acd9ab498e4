// SPDX-License-Identifier: Apache-2.0
// A hint, not a gate: how hard a password is to guess, from 1 (easily) to 4. Length counts most; repeats, sequences, common words and
// one's own name count against it.
const COMMON = ['password', 'passw0rd', 'qwerty', 'asdf', 'zxcv', 'admin', 'welcome', 'letmein', 'iloveyou', 'woaini', 'abc123', '123456', '111111', '000000', '888888', '666666', '520', '1314', 'dragon', 'monkey', 'outwork', 'company', 'office', '2024', '2025', '2026'];

export function strength(password: string, own: string[] = []): 1 | 2 | 3 | 4 {
  let rest = password.toLowerCase();
  const words = [...COMMON, ...own.flatMap((o) => o.toLowerCase().split(/[\s.@_-]+/))].filter((w) => w.length > 2);
  for (const w of words) rest = rest.replaceAll(w, '*');
  rest = rest.replace(/(.)\1{2,}/g, '$1');
  let runs = 0;
  for (let i = 2; i < rest.length; i++) {
    const a = rest.charCodeAt(i - 2), b = rest.charCodeAt(i - 1), c = rest.charCodeAt(i);
    if (b - a === c - b && Math.abs(b - a) === 1) runs++;
  }
  const kinds = [/[a-z]/, /[A-Z]/, /\d/, /[^A-Za-z0-9]/].filter((k) => k.test(password)).length;
  const bits = (new Set(rest).size * 0.5 + rest.length * 0.5 - runs * 0.8) * (2.6 + kinds * 0.55);
  if ([...password].length < 8 || bits < 28) return 1;
  return bits < 42 ? 2 : bits < 60 ? 3 : 4;
}
