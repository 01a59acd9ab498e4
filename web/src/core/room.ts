// SPDX-License-Identifier: Apache-2.0
// One channel's messages as a page knows them: a window of the sequence, pure functions only. `older` and `newer` say whether there
// is more beyond either end; a live message is appended only when the window reaches the present, so that there is never a hole.
import type { message } from './api';

export interface Room { items: message[]; older: boolean; newer: boolean; loaded: boolean }

export const emptyRoom: Room = { items: [], older: false, newer: false, loaded: false };

function merge(a: message[], b: message[]): message[] {
  const by = new Map<number, message>();
  for (const m of a) by.set(m.seq, m);
  for (const m of b) by.set(m.seq, m);
  return [...by.values()].sort((x, y) => x.seq - y.seq);
}

export function loadedRoom(items: message[], older: boolean, newer: boolean): Room {
  return { items: merge([], items), older, newer, loaded: true };
}

export function addOlder(r: Room, items: message[], more: boolean): Room {
  return { ...r, items: merge(items, r.items), older: more };
}

export function addNewer(r: Room, items: message[], more: boolean): Room {
  return { ...r, items: merge(r.items, items), newer: more };
}

// An event, or the answer to our own post. Idempotent.
export function addLive(r: Room, m: message): Room {
  if (!r.loaded || r.newer) return r;
  if (r.items.some((x) => x.seq === m.seq)) return r;
  return { ...r, items: merge(r.items, [m]) };
}

// The newest page was fetched again (after a gap, or on resubscribing): joined when it touches what we have, else it takes its place.
export function refreshNewest(r: Room, items: message[], older: boolean): Room {
  const fresh = merge([], items);
  const last = r.items.at(-1)?.seq, first = fresh[0]?.seq;
  if (!r.loaded || last === undefined || first === undefined || first > last + 1) return { items: fresh, older, newer: false, loaded: true };
  return { ...r, items: merge(r.items, fresh), newer: false };
}
