// SPDX-License-Identifier: Apache-2.0
// The ledger's signing key as this browser first saw it: a server that swaps its key to sign another history is noticed.
export type KeyMemory = 'first' | 'same' | 'changed' | 'unknown';

export function knownKey(origin: string, key: string): KeyMemory {
  const name = `outwork-ledger-key:${origin}`;
  try {
    const kept = localStorage.getItem(name);
    if (kept === null) {
      localStorage.setItem(name, key);
      return 'first';
    }
    return kept === key ? 'same' : 'changed';
  } catch {
    return 'unknown';
  }
}
