// SPDX-License-Identifier: Apache-2.0
// One typed error for everything a call can end in.
import type { ErrorCode, FieldFault } from './api';

// 'stale' is the outbox's own: too old to be sent again unasked.
export interface ProblemBody {
  code: Code | 'stale'; id?: string; fields?: FieldFault[]; rules?: string[]; advice?: string; params?: Record<string, unknown>;
}

// 'network': no answer came. 'unknown': an answer, but not one of ours (a proxy's page, say).
export type Code = ErrorCode | 'network' | 'unknown';

export class Problem extends Error {
  readonly fields: FieldFault[];
  readonly rules: string[];
  constructor(readonly code: Code, readonly status: number, readonly body: ProblemBody = { code }, readonly retryAfter?: number) {
    super(`${status} ${code}`);
    this.name = 'Problem';
    this.fields = body.fields ?? [];
    this.rules = body.rules ?? [];
  }

  get advice() { return this.body.advice; }
  get id() { return this.body.id; }
  // The same call may succeed if sent again, unchanged.
  get passing() { return this.code === 'network' || this.status === 502 || this.status === 503 || this.status === 504; }
}

export function asProblem(e: unknown): Problem {
  return e instanceof Problem ? e : new Problem('unknown', 0, { code: 'unknown', params: { text: String(e) } });
}

export async function problemOf(res: Response): Promise<Problem> {
  const after = Number(res.headers.get('Retry-After'));
  const retry = Number.isFinite(after) && after > 0 ? after : undefined;
  try {
    const body = (await res.json()) as ProblemBody;
    if (typeof body?.code === 'string') return new Problem(body.code as Code, res.status, body, retry);
  } catch { /* not ours: below */ }
  const code: Code = res.status === 429 ? 'rate' : res.status === 404 ? 'not_found' : res.status === 413 ? 'limit' : res.status === 503 ? 'busy' : 'unknown';
  return new Problem(code, res.status, { code }, retry);
}
