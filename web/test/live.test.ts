// SPDX-License-Identifier: Apache-2.0
import 'fake-indexeddb/auto';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { b64url } from '../src/core/bytes';
import { Live, type LiveState, type Socket } from '../src/core/live';
import { Problem } from '../src/core/problem';
import { makeEphemeral } from '../src/core/proof';
import { beginSignIn } from '../src/core/session';

class Fake implements Socket {
  sent: Record<string, unknown>[] = [];
  closed = false;
  onopen: (() => void) | null = null;
  onmessage: ((e: { data: unknown }) => void) | null = null;
  onclose: ((e: { code: number }) => void) | null = null;
  constructor(readonly url: string) {}
  send(text: string) { this.sent.push(JSON.parse(text) as Record<string, unknown>); }
  close() { this.closed = true; }
  say(...items: object[]) { this.onmessage?.({ data: JSON.stringify(items) }); }
}

let sockets: Fake[], states: LiveState[], byes: string[], live: Live, probes: number, probe: () => Promise<unknown>;
const settle = async (ms = 0) => { await vi.advanceTimersByTimeAsync(ms); for (const end = Date.now() + 40; Date.now() < end; ) await new Promise((r) => setImmediate(r)); };
const latest = () => sockets.at(-1)!;

beforeEach(async () => {
  const { end } = await beginSignIn('c');
  await end(b64url((await makeEphemeral()).raw), new Date(Date.now() + 360_000).toISOString());
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval'] });
  sockets = [];
  states = [];
  byes = [];
  probes = 0;
  probe = async () => { probes++; };
  live = new Live({
    makeSocket: (url) => { const s = new Fake(url); sockets.push(s); return s; },
    renewCalls: () => ({ session_challenge: async () => ({ challenge: 'c' }), session_renew: async () => ({ ephemeral: b64url((await makeEphemeral()).raw), key_expires: new Date(Date.now() + 360_000).toISOString() }) }),
    probe: () => probe(), onState: (s) => states.push(s), onBye: (w) => byes.push(w),
  });
});
afterEach(() => { live.stop(); vi.useRealTimers(); });

async function openOne() {
  live.start();
  await settle();
  latest().onopen!();
}

describe('live', () => {
  it('opens with time and proof, and subscribes to what is wanted', async () => {
    live.sub('channel:a', { event: () => undefined });
    await openOne();
    expect(latest().url).toMatch(/^\/api\/live\?time=\d{13}&proof=[A-Za-z0-9_-]{43}$/);
    expect(latest().sent).toEqual([{ do: 'sub', topic: 'channel:a' }]);
    expect(states).toEqual(['connecting', 'open']);
  });

  it('resumes each topic after the last event it has seen, and shows none twice', async () => {
    const got: number[] = [];
    let fresh = 0;
    live.sub('channel:a', { event: (_e, _d, seq) => got.push(seq), fresh: () => fresh++ });
    await openOne();
    latest().say({ on: 'sub', topic: 'channel:a', seq: 7 });
    latest().say({ on: 'event', topic: 'channel:a', seq: 8, event: 'x', data: {} }, { on: 'event', topic: 'channel:a', seq: 9, event: 'x', data: {} });
    latest().onclose!({ code: 1006 });
    await settle(20_000);
    latest().onopen!();
    expect(sockets).toHaveLength(2);
    expect(latest().sent).toEqual([{ do: 'sub', topic: 'channel:a', after: 9 }]);
    latest().say({ on: 'sub', topic: 'channel:a', seq: 9 }, { on: 'event', topic: 'channel:a', seq: 9, event: 'x', data: {} }, { on: 'event', topic: 'channel:a', seq: 10, event: 'x', data: {} });
    expect(got).toEqual([8, 9, 10]);
    expect(fresh).toBe(1);
  });

  it('fetches again on a gap and goes on from there', async () => {
    let fresh = 0;
    const got: number[] = [];
    live.sub('channel:a', { event: (_e, _d, seq) => got.push(seq), fresh: () => fresh++ });
    await openOne();
    latest().say({ on: 'sub', topic: 'channel:a', seq: 1 }, { on: 'gap', topic: 'channel:a', seq: 50 }, { on: 'event', topic: 'channel:a', seq: 51, event: 'x', data: {} });
    expect(fresh).toBe(2);
    expect(got).toEqual([51]);
  });

  it('comes back within half a second when the server restarts', async () => {
    await openOne();
    latest().say({ on: 'bye', why: 'restart' });
    latest().onclose!({ code: 1012 });
    await settle(500);
    expect(sockets).toHaveLength(2);
  });

  it('backs off when it cannot connect, says offline, and tries at once when nudged', async () => {
    live.start();
    await settle();
    for (let i = 0; i < 4; i++) { latest().onclose!({ code: 1006 }); await settle(i < 3 ? 16_000 : 0); }
    const n = sockets.length;
    expect(states.at(-1)).toBe('offline');
    await settle(100);
    expect(sockets).toHaveLength(n);
    live.nudge();
    await settle();
    expect(sockets).toHaveLength(n + 1);
  });

  it('asks by an ordinary call why a handshake failed, and stops when the session has gone', async () => {
    probe = async () => { probes++; throw new Problem('sign_in', 401); };
    live.start();
    await settle();
    latest().onclose!({ code: 1006 });
    await settle(60_000);
    expect(probes).toBe(1);
    expect(sockets).toHaveLength(1);
  });

  it('stays away when the person was locked or the session ended', async () => {
    await openOne();
    latest().say({ on: 'bye', why: 'locked' });
    latest().onclose!({ code: 4403 });
    await settle(60_000);
    expect(byes).toEqual(['locked']);
    expect(sockets).toHaveLength(1);
    expect(states.at(-1)).toBe('stopped');
  });

  it('proves itself again before five minutes are over', async () => {
    await openOne();
    await settle(295_000);
    expect(latest().sent.some((f) => f.do === 'prove' && typeof f.proof === 'string')).toBe(true);
  });

  it('takes a refused topic away and tells its owner', async () => {
    let refused: unknown;
    live.sub('channel:a', { event: () => undefined, refused: (i) => { refused = i.rules; } });
    await openOne();
    latest().say({ on: 'refused', topic: 'channel:a', code: 'denied', rules: ['r'] });
    expect(refused).toEqual(['r']);
    latest().onclose!({ code: 1006 });
    await settle(20_000);
    latest().onopen!();
    expect(latest().sent).toEqual([]);
  });
});
