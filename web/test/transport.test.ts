// SPDX-License-Identifier: Apache-2.0
import 'fake-indexeddb/auto';
import { beforeEach, describe, expect, it } from 'vitest';
import { Problem } from '../src/core/problem';
import { b64url } from '../src/core/bytes';
import { makeEphemeral } from '../src/core/proof';
import { beginSignIn, clock, currentProof, forget, renew, setClock } from '../src/core/session';
import { Http, queryText } from '../src/core/transport';

interface Seen { method: string; path: string; headers: Record<string, string>; body: string | undefined }
type Answer = { status: number; body?: unknown; headers?: Record<string, string> } | 'down';

function wire(answers: Answer[]) {
  const seen: Seen[] = [];
  const fetcher = (async (path: string, init: RequestInit) => {
    seen.push({ method: init.method!, path, headers: init.headers as Record<string, string>, body: init.body as string | undefined });
    const a = answers[Math.min(seen.length - 1, answers.length - 1)]!;
    if (a === 'down') throw new TypeError('failed to fetch');
    return new Response(a.body === undefined ? '' : JSON.stringify(a.body), { status: a.status, headers: { 'Content-Type': 'application/json', ...a.headers } });
  }) as typeof fetch;
  return { seen, fetcher };
}

const renewed = async () => ({ ephemeral: b64url((await makeEphemeral()).raw), key_expires: new Date(clock() + 360_000).toISOString() });
let renewals = 0;
const renewCalls = () => ({ session_challenge: async () => ({ challenge: 'c' }), session_renew: async () => { renewals++; return renewed(); } });
const make = (fetcher: typeof fetch, more = {}) => new Http({ fetch: fetcher, sleep: async () => undefined, renewCalls, ...more });

beforeEach(async () => {
  await forget();
  setClock(Date.now());
  renewals = 0;
  const { end } = await beginSignIn('chal');
  const r = await renewed();
  await end(r.ephemeral, r.key_expires);
});

describe('transport', () => {
  it('repeats the same act with the same key when no answer came, and when the server is busy', async () => {
    const { seen, fetcher } = wire(['down', { status: 503, body: { code: 'busy' } }, { status: 200, body: { ok: true } }]);
    await expect(make(fetcher).call('POST', '/api/x', undefined, { a: 1 })).resolves.toEqual({ ok: true });
    expect(seen).toHaveLength(3);
    expect(new Set(seen.map((s) => s.headers['Idempotency-Key'])).size).toBe(1);
    expect(seen[0]!.headers['Idempotency-Key']).toMatch(/^[A-Za-z0-9_-]{8,64}$/);
    const other = wire([{ status: 200, body: {} }]);
    await make(other.fetcher).call('POST', '/api/x', undefined, {});
    expect(other.seen[0]!.headers['Idempotency-Key']).not.toBe(seen[0]!.headers['Idempotency-Key']);
  });

  it('sends no key with a GET, and a proof over path and query', async () => {
    const { seen, fetcher } = wire([{ status: 200, body: [] }]);
    await make(fetcher).call('GET', '/api/people', { q: '林 玫', after: undefined, limit: 5 });
    expect(seen[0]!.headers['Idempotency-Key']).toBeUndefined();
    expect(seen[0]!.path).toBe('/api/people?q=%E6%9E%97+%E7%8E%AB&limit=5');
    expect(seen[0]!.headers['Outwork-Proof']).toMatch(/^[A-Za-z0-9_-]{43}$/);
  });

  it('gives up after its tries and says so with a code', async () => {
    const { seen, fetcher } = wire(['down']);
    await expect(make(fetcher, { tries: 3 }).call('GET', '/api/me')).rejects.toMatchObject({ code: 'network', passing: true });
    expect(seen).toHaveLength(3);
  });

  it('mends a wrong clock by the server\'s time, without renewing', async () => {
    const now = Date.now() + 3_600_000;
    const { seen, fetcher } = wire([{ status: 401, body: { code: 'proof', params: { now } } }, { status: 200, body: {} }]);
    await make(fetcher).call('GET', '/api/me');
    expect(Math.abs(Number(seen[1]!.headers['Outwork-Time']) - now)).toBeLessThan(2000);
    expect(renewals).toBe(0);
  });

  it('renews when the clock was right, and repeats once with the new key', async () => {
    const { seen, fetcher } = wire([{ status: 401, body: { code: 'proof', params: { now: Date.now() } } }, { status: 200, body: {} }]);
    const before = currentProof()!.gen;
    await make(fetcher).call('POST', '/api/x', undefined, {});
    expect(renewals).toBe(1);
    expect(currentProof()!.gen).not.toBe(before);
    expect(seen[0]!.headers['Idempotency-Key']).toBe(seen[1]!.headers['Idempotency-Key']);
  });

  it('does not go round for ever on a proof that stays refused', async () => {
    const { seen, fetcher } = wire([{ status: 401, body: { code: 'proof', params: { now: Date.now() } } }]);
    await expect(make(fetcher).call('GET', '/api/me')).rejects.toMatchObject({ code: 'proof' });
    expect(seen.length).toBeLessThanOrEqual(3);
  });

  it('tells the app when the session has gone', async () => {
    let told: Problem | undefined;
    const { fetcher } = wire([{ status: 401, body: { code: 'sign_in' } }]);
    await expect(make(fetcher, { onSignedOut: (p: Problem) => { told = p; } }).call('GET', '/api/me')).rejects.toMatchObject({ code: 'sign_in' });
    expect(told?.code).toBe('sign_in');
  });

  it('carries rules, advice and fields of a refusal', async () => {
    const { fetcher } = wire([{ status: 403, body: { code: 'denied', id: 'r1', rules: ['private-channel-members-only'], advice: 'ask_member', fields: [{ field: 'text', what: 'too_long', limit: 8000 }] } }]);
    await expect(make(fetcher).call('GET', '/api/c')).rejects.toMatchObject({ rules: ['private-channel-members-only'], advice: 'ask_member', id: 'r1', fields: [{ limit: 8000 }] });
  });

  it('takes a page that is not ours for what its status says', async () => {
    const html = (async () => new Response('<html>', { status: 503 })) as unknown as typeof fetch;
    await expect(make(html, { tries: 1 }).call('GET', '/api/me')).rejects.toMatchObject({ code: 'busy', passing: true });
  });

  it('writes queries without what is absent', () => {
    expect(queryText({ a: undefined, b: null, c: '', d: 0, e: false })).toBe('?d=0&e=false');
    expect(queryText()).toBe('');
  });
});

describe('renewal', () => {
  it('is done once, however many callers or tabs ask at the same time', async () => {
    const seen = currentProof()!.gen;
    await Promise.all([renew(renewCalls(), seen), renew(renewCalls(), seen), renew(renewCalls(), seen)]);
    expect(renewals).toBe(1);
  });
});
