// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import type { message } from '../src/core/api';
import { addLive, addNewer, addOlder, emptyRoom, loadedRoom, refreshNewest } from '../src/core/room';
import type { Unsent } from '../src/core/outbox';
import { linesOf } from '../src/features/talk/lines';

const m = (seq: number, author = 'a', minute = seq, client = ''): message => ({ id: `m${seq}`, channel: 'c', seq, author, author_name: author, text: `t${seq}`, at: new Date(2026, 1, 3, 9, minute).toISOString(), client_id: client });
const seqs = (r: { items: message[] }) => r.items.map((x) => x.seq);

describe('room', () => {
  it('sorts whatever order a page comes in', () => {
    expect(seqs(loadedRoom([m(3), m(1), m(2)], true, false))).toEqual([1, 2, 3]);
  });

  it('takes a live message once, and none while the present is not loaded', () => {
    const r = loadedRoom([m(1)], false, false);
    expect(seqs(addLive(addLive(r, m(2)), m(2)))).toEqual([1, 2]);
    expect(seqs(addLive(loadedRoom([m(1)], false, true), m(9)))).toEqual([1]);
    expect(addLive(emptyRoom, m(1)).items).toEqual([]);
  });

  it('puts late events where they belong', () => {
    expect(seqs(addLive(addLive(loadedRoom([m(1)], false, false), m(3)), m(2)))).toEqual([1, 2, 3]);
  });

  it('grows at both ends and knows when it has reached them', () => {
    let r = loadedRoom([m(5), m(6)], true, true);
    r = addOlder(r, [m(4), m(3)], false);
    r = addNewer(r, [m(7)], false);
    expect(seqs(r)).toEqual([3, 4, 5, 6, 7]);
    expect(r).toMatchObject({ older: false, newer: false });
  });

  it('never shows a hole after a long absence', () => {
    const r = loadedRoom([m(1), m(2)], false, false);
    expect(seqs(refreshNewest(r, [m(3), m(2)], true))).toEqual([1, 2, 3]);
    const jump = refreshNewest(r, [m(90), m(91)], true);
    expect(seqs(jump)).toEqual([90, 91]);
    expect(jump.older).toBe(true);
  });
});

describe('lines', () => {
  const kinds = (l: ReturnType<typeof linesOf>) => l.map((x) => (x.kind === 'message' || x.kind === 'unsent' ? `${x.kind}${x.first ? '+' : ''}` : x.kind));
  const unsent = (id: string): Unsent => ({ id, person: 'me', channel: 'c', text: 'u', at: new Date(2026, 1, 3, 9, 30).getTime(), tried: 0, state: 'queued' });

  it('groups an author within five minutes and opens each day', () => {
    expect(kinds(linesOf([m(1, 'a', 0), m(2, 'a', 1), m(3, 'b', 2), m(4, 'a', 3), m(5, 'a', 20)], [], undefined, 'me'))).toEqual(['day', 'message+', 'message', 'message+', 'message+', 'message+']);
  });

  it('draws the unread line once, before the first message of another', () => {
    expect(kinds(linesOf([m(1), m(2, 'me'), m(3), m(4)], [], 1, 'me'))).toEqual(['day', 'message+', 'message+', 'unread', 'message+', 'message']);
    expect(kinds(linesOf([m(1)], [], undefined, 'me'))).toEqual(['day', 'message+']);
  });

  it('replaces an unsent message by its own when that has come', () => {
    expect(kinds(linesOf([m(1, 'me', 30, 'k1')], [unsent('k1'), unsent('k2')], undefined, 'me'))).toEqual(['day', 'message+', 'unsent']);
  });
});
