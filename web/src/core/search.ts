// SPDX-License-Identifier: Apache-2.0
// Every word of the query must stand in one of the texts; case and width do not matter.
const fold = (text: string) => text.normalize('NFKC').toLowerCase();

export function matches(q: string, ...texts: (string | null | undefined)[]): boolean {
  const all = fold(texts.filter(Boolean).join('\n'));
  return fold(q).split(/\s+/).every((w) => all.includes(w));
}
