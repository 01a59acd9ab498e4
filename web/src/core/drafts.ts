// SPDX-License-Identifier: Apache-2.0
// What is typed and not yet sent, per person and channel, kept across reloads and crashes. localStorage, because it writes before
// the page can go away; where storage is blocked, drafts live as long as the tab.
const memory = new Map<string, string>();
const keyOf = (person: string, channel: string) => `outwork-draft:${person}:${channel}`;

export const drafts = {
  get(person: string, channel: string): string {
    const k = keyOf(person, channel);
    try { return localStorage.getItem(k) ?? memory.get(k) ?? ''; } catch { return memory.get(k) ?? ''; }
  },
  set(person: string, channel: string, text: string) {
    const k = keyOf(person, channel);
    memory.set(k, text);
    try {
      if (text) localStorage.setItem(k, text);
      else localStorage.removeItem(k);
    } catch { /* kept in memory */ }
  },
  has(person: string, channel: string): boolean { return drafts.get(person, channel).trim() !== ''; },
  count(person: string): number {
    try { return Object.keys(localStorage).filter((k) => k.startsWith(`outwork-draft:${person}:`)).length; } catch { return 0; }
  },
  clear(person: string) {
    const prefix = `outwork-draft:${person}:`;
    for (const k of [...memory.keys()]) if (k.startsWith(prefix)) memory.delete(k);
    try { for (const k of Object.keys(localStorage)) if (k.startsWith(prefix)) localStorage.removeItem(k); } catch { /* nothing kept */ }
  },
};
