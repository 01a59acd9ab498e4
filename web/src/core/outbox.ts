// SPDX-License-Identifier: Apache-2.0
// Messages on their way out. A message is written to IndexedDB before it is sent and removed when the server has acknowledged it, so
// a closed tab, a crash or a lost network loses nothing; its id is the idempotency key, so sending again never doubles it. One sender
// per channel across all tabs (a Web Lock), oldest first: order is kept.
import { exclusively, idb, tabs } from './idb';
import { randomId } from './bytes';
import { asProblem, type Problem, type ProblemBody } from './problem';
import { backOff } from './transport';
import type { message } from './api';

export interface Unsent {
  id: string;                  // Idempotency-Key and client_id
  person: string;
  channel: string;
  text: string;
  at: number;
  tried: number;               // when it was first on its way; 0 = never
  state: 'queued' | 'failed';
  problem?: ProblemBody;
}

export interface OutboxOptions {
  post: (m: Unsent) => Promise<message>;
  sent: (m: Unsent, got: message) => void;
  changed: (all: Unsent[]) => void;
  sleep?: (ms: number) => Promise<void>;
  online?: () => boolean;
}

// The server remembers keys for 24 hours; beyond that a repeat could double a message, so the person decides.
const REMEMBERED = 23 * 3_600_000;

export class Outbox {
  private items: Unsent[] = [];
  private person = '';
  private working = new Set<string>();
  private ahead = new Map<string, Unsent>();      // as they are here, while the store is still writing
  private settled = new Set<string>();            // sent or discarded here; a slow delete must not bring them back
  private wake: (() => void)[] = [];

  constructor(private readonly o: OutboxOptions) {
    tabs.hear((w) => { if (w.say === 'outbox') void this.reload().then(() => this.kick()); });
  }

  async start(person: string) {
    this.person = person;
    await this.reload();
    this.kick();
  }

  stop() {
    this.person = '';
    this.items = [];
    this.o.changed([]);
    this.kickWaiting();
  }

  list(channel?: string) { return channel ? this.items.filter((m) => m.channel === channel) : this.items; }

  async add(channel: string, text: string): Promise<Unsent> {
    const last = this.items.at(-1)?.at ?? 0;
    const m: Unsent = { id: randomId(), person: this.person, channel, text, at: Math.max(Date.now(), last + 1), tried: 0, state: 'queued' };
    this.items = [...this.items, m];
    this.o.changed(this.items);
    await this.keep(m);
    tabs.say({ say: 'outbox' });
    this.kick();
    return m;
  }

  // The message was refused before: nothing of it was done, so the new try has a key of its own.
  async retry(id: string) {
    const m = this.items.find((x) => x.id === id);
    if (!m) return;
    const again: Unsent = { ...m, id: m.problem?.code === 'stale' ? m.id : randomId(), state: 'queued', tried: 0, problem: undefined };
    this.items = this.items.map((x) => (x.id === id ? again : x));
    this.o.changed(this.items);
    if (again.id !== id) this.settled.add(id);
    await this.keep(again);
    if (again.id !== id) await idb.remove('outbox', id).catch(() => undefined);
    tabs.say({ say: 'outbox' });
    this.kick();
  }

  async discard(id: string): Promise<Unsent | undefined> {
    const m = this.items.find((x) => x.id === id);
    await this.gone(id);
    return m;
  }

  // Seen by event before its own answer came.
  async acknowledged(clientId: string) {
    if (this.items.some((x) => x.id === clientId)) await this.gone(clientId);
  }

  // Network back, tab shown, socket open: do not wait out the back-off.
  kickWaiting() {
    const wake = this.wake;
    this.wake = [];
    wake.forEach((f) => f());
  }

  kick() {
    for (const channel of new Set(this.items.filter((m) => m.state === 'queued').map((m) => m.channel))) void this.work(channel);
  }

  private async reload() {
    if (!this.person) return;
    const all = await idb.all<Unsent>('outbox').catch(() => [] as Unsent[]);
    const known = new Map(all.map((m) => [m.id, m]));
    for (const [id, m] of this.ahead) known.set(id, m);
    this.items = [...known.values()].filter((m) => m.person === this.person && !this.settled.has(m.id)).sort((a, b) => a.at - b.at);
    this.o.changed(this.items);
  }

  // A browser without room still sends; it only cannot promise to survive a closed tab.
  private async keep(m: Unsent) {
    this.ahead.set(m.id, m);
    const kept = await idb.put('outbox', m).then(() => true, () => false);
    if (kept && this.ahead.get(m.id) === m) this.ahead.delete(m.id);
  }

  private async gone(id: string) {
    this.settled.add(id);
    this.ahead.delete(id);
    this.items = this.items.filter((x) => x.id !== id);
    this.o.changed(this.items);
    await idb.remove('outbox', id).catch(() => undefined);
    tabs.say({ say: 'outbox' });
  }

  private async work(channel: string) {
    if (this.working.has(channel)) return;
    this.working.add(channel);
    try {
      const person = this.person;
      await exclusively(`outbox-${channel}`, async () => {
        await this.reload();
        for (let attempt = 0; this.person === person; ) {
          const m = this.items.find((x) => x.channel === channel && x.state === 'queued');
          if (!m) return;
          attempt = (await this.one(m)) ? 0 : attempt + 1;
          if (attempt) await this.pause(attempt);
        }
      });
    } finally {
      this.working.delete(channel);
    }
    // One that was written while the last round was ending.
    if (this.items.some((m) => m.channel === channel && m.state === 'queued')) void this.work(channel);
  }

  // True: this one is settled, sent or refused. False: try again.
  private async one(m: Unsent): Promise<boolean> {
    if (m.tried && Date.now() - m.tried > REMEMBERED) {
      await this.fail(m, { code: 'stale' });
      return true;
    }
    if (!m.tried) {
      m.tried = Date.now();
      await this.keep(m);
    }
    try {
      const got = await this.o.post(m);
      this.o.sent(m, got);
      await this.gone(m.id);
      return true;
    } catch (e) {
      const p: Problem = asProblem(e);
      if (p.passing || p.status === 401 || p.status === 429) return false;
      await this.fail(m, p.body);
      return true;
    }
  }

  private async fail(m: Unsent, problem: ProblemBody) {
    const failed: Unsent = { ...m, state: 'failed', problem };
    this.items = this.items.map((x) => (x.id === m.id ? failed : x));
    this.o.changed(this.items);
    await this.keep(failed);
    tabs.say({ say: 'outbox' });
  }

  private pause(attempt: number): Promise<void> {
    const ms = backOff(Math.min(attempt, 6));
    if (this.o.sleep) return this.o.sleep(ms);
    return new Promise((resolve) => {
      const t = setTimeout(resolve, ms);
      this.wake.push(() => { clearTimeout(t); resolve(); });
    });
  }
}
