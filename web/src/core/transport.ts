// SPDX-License-Identifier: Apache-2.0
// How calls travel: an idempotency key per act, a proof on each, the same key again when no answer came or the server asked us to
// come back, one repair when the proof was refused (clock, then renewal), and a typed Problem for everything else.
import { randomId } from './bytes';
import { Problem, problemOf } from './problem';
import { clock, currentProof, proofHeaders, renew, setClock, type Proof, type RenewCalls } from './session';
import type { Query, Transport as ApiTransport } from './api';

export interface TransportOptions {
  fetch?: typeof fetch;
  sleep?: (ms: number) => Promise<void>;
  tries?: number;              // for passing failures; 1 = no repeat
  key?: string;                // this act's idempotency key
  onSignedOut?: (p: Problem) => void;
  renewCalls?: () => RenewCalls;
  retrySignIn?: boolean;
}

const UNPROVEN = /^\/api\/(sign-in|invites)\/|^\/api\/session\/(challenge|renew)$/;
const TIMEOUT = 30_000;
const sleepFor = (ms: number) => new Promise<void>((r) => setTimeout(r, ms));

export function queryText(query?: Query): string {
  const q = new URLSearchParams();
  for (const [k, v] of Object.entries(query ?? {})) if (v !== undefined && v !== null && v !== '') q.set(k, String(v));
  const s = q.toString();
  return s ? `?${s}` : '';
}

export function backOff(attempt: number, retryAfter?: number): number {
  if (retryAfter) return Math.min(retryAfter * 1000, 30_000) + Math.random() * 250;
  return Math.min(300 * 2 ** attempt, 8000) * (0.75 + Math.random() / 2);
}

export class Http implements ApiTransport {
  constructor(private readonly o: TransportOptions = {}) {}

  // The same transport with other options: `keyed('…')` for the outbox, which owns its keys.
  with(o: TransportOptions): Http { return new Http({ ...this.o, ...o }); }

  async call<T>(method: string, path: string, query?: Query, body?: object): Promise<T> {
    const full = path + queryText(query);
    const key = method === 'GET' ? '' : (this.o.key ?? randomId());
    const tries = this.o.tries ?? 4;
    const sleep = this.o.sleep ?? sleepFor;
    let repairs = 0;
    for (let attempt = 0; ; ) {
      const proof = UNPROVEN.test(path) ? undefined : await this.freshProof();
      const problem = await this.once(method, full, key, proof, body);
      if (!(problem instanceof Problem)) return problem.value as T;
      if (problem.code === 'proof' && !UNPROVEN.test(path) && repairs < 2) {
        await this.repair(problem, proof, repairs++);
        continue;
      }
      if (problem.code === 'sign_in' || problem.code === 'session_gone') {
        if (!/^\/api\/(sign-in|invites)\//.test(path)) this.o.onSignedOut?.(problem);
        throw problem;
      }
      if (!problem.passing || ++attempt >= tries) throw problem;
      await sleep(backOff(attempt, problem.retryAfter));
    }
  }

  // K, renewed first when it is about to end.
  private async freshProof(): Promise<Proof | undefined> {
    const p = currentProof();
    if (!this.o.renewCalls) return p;
    if (!p || Date.now() >= p.ends - 2000) await renew(this.o.renewCalls(), p?.gen);
    return currentProof();
  }

  private async repair(problem: Problem, used: Proof | undefined, n: number): Promise<void> {
    const now = problem.body.params?.now;
    const skewed = typeof now === 'number' && Math.abs(now - clock()) > 5000;
    if (typeof now === 'number') setClock(now);
    // A wrong clock alone is mended by the offset; otherwise, or the second time, K itself must be new.
    if ((!skewed || n > 0) && this.o.renewCalls) await renew(this.o.renewCalls(), used?.gen);
  }

  private async once(method: string, full: string, key: string, proof: Proof | undefined, body?: object): Promise<Problem | { value: unknown }> {
    const headers: Record<string, string> = { Accept: 'application/json' };
    if (key) headers['Idempotency-Key'] = key;
    if (body !== undefined) headers['Content-Type'] = 'application/json';
    if (proof) Object.assign(headers, await proofHeaders(proof, method, full, key));
    try {
      const res = await (this.o.fetch ?? fetch)(full, {
        method, headers, credentials: 'same-origin', cache: 'no-store', redirect: 'error', signal: AbortSignal.timeout(TIMEOUT),
        ...(body !== undefined ? { body: JSON.stringify(body) } : {}),
      });
      if (!res.ok) return await problemOf(res);
      return { value: res.status === 204 ? null : await res.json() };
    } catch {
      return new Problem('network', 0);
    }
  }
}
