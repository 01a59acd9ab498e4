// SPDX-License-Identifier: Apache-2.0
// The live socket, one a tab. It remembers the last sequence number of every topic and resumes there after a break; what the server
// no longer keeps is told as a gap, and the page fetches. A restart of the server is answered at once, with a little jitter so that
// all pages do not come back in the same millisecond; anything else backs off up to 15 seconds. Going online or looking at the tab tries again.
import { clock, currentProof, renew, type RenewCalls } from './session';
import { prove } from './proof';
import { Problem } from './problem';

export type LiveState = 'connecting' | 'open' | 'offline' | 'stopped';
export type Bye = 'locked' | 'ended' | 'restart' | 'proof' | 'slow';

export type Item =
  | { on: 'sub'; topic: string; seq: number }
  | { on: 'gap'; topic: string; seq: number }
  | { on: 'event'; topic: string; seq: number; event: string; data: unknown }
  | { on: 'refused'; topic: string; code: string; rules?: string[]; advice?: string }
  | { on: 'bye'; why: Bye };

export interface TopicHandlers {
  event: (event: string, data: unknown, seq: number) => void;
  fresh?: () => void;                       // subscribed from now, or after a gap: fetch what there is
  refused?: (item: Extract<Item, { on: 'refused' }>) => void;
}

export interface Socket {
  send(text: string): void;
  close(code?: number): void;
  onopen: (() => void) | null;
  onmessage: ((e: { data: unknown }) => void) | null;
  onclose: ((e: { code: number }) => void) | null;
}

export interface LiveOptions {
  makeSocket: (url: string) => Socket;
  renewCalls: () => RenewCalls;
  probe: () => Promise<unknown>;            // any proven call: says whether it is the net, the session or the clock
  onState: (s: LiveState, retryAt?: number) => void;
  onBye?: (why: Bye) => void;
  now?: () => number;
}

interface Topic { handlers: TopicHandlers; seq: number | undefined }

const WAITS = [150, 500, 1000, 2000, 4000, 8000, 15000];
const PROVE_EVERY = 290_000;

export class Live {
  private topics = new Map<string, Topic>();
  private socket: Socket | undefined;
  private ready = false;
  private tries = 0;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private proving: ReturnType<typeof setInterval> | undefined;
  private hint: Bye | undefined;
  private running = false;

  constructor(private readonly o: LiveOptions) {}

  start() {
    if (this.running) return;
    this.running = true;
    void this.connect();
  }

  stop() {
    this.running = false;
    this.drop();
    this.o.onState('stopped');
  }

  // Try at once: the network is back, or the person looks at the page again.
  nudge() {
    if (!this.running || this.ready || !this.timer) return;
    clearTimeout(this.timer);
    this.timer = undefined;
    void this.connect();
  }

  sub(topic: string, handlers: TopicHandlers): () => void {
    this.topics.set(topic, { handlers, seq: this.topics.get(topic)?.seq });
    if (this.ready) this.sendSub(topic);
    return () => {
      if (this.topics.get(topic)?.handlers !== handlers) return;
      this.topics.delete(topic);
      if (this.ready) this.send({ do: 'unsub', topic });
    };
  }

  // A renewed key: prove the open socket with it.
  async prove() {
    const p = currentProof();
    if (!this.ready || !p) return;
    const time = Math.round(clock());
    this.send({ do: 'prove', time, proof: await prove(p.key, 'LIVE', '/api/live', '', time) });
  }

  private send(frame: object) { this.socket?.send(JSON.stringify(frame)); }

  private sendSub(topic: string) {
    const seq = this.topics.get(topic)?.seq;
    this.send(seq === undefined ? { do: 'sub', topic } : { do: 'sub', topic, after: seq });
  }

  private async connect() {
    this.o.onState('connecting');
    let url: string;
    try {
      const p = currentProof();
      if (!p || p.renewAt < Date.now()) await renew(this.o.renewCalls(), p?.gen);
      const fresh = currentProof();
      if (!fresh) throw new Problem('sign_in', 401);
      const time = Math.round(clock());
      const proof = await prove(fresh.key, 'GET', '/api/live', '', time);
      url = `/api/live?time=${time}&proof=${encodeURIComponent(proof)}`;
    } catch (e) {
      if (e instanceof Problem && e.status === 401) return;     // the transport has told the app
      return this.later();
    }
    if (!this.running || this.socket) return;
    const s = this.o.makeSocket(url);
    this.socket = s;
    s.onopen = () => this.opened();
    s.onmessage = (e) => this.take(String(e.data));
    s.onclose = (e) => void this.closed(s, e.code);
  }

  private opened() {
    this.ready = true;
    this.tries = 0;
    this.o.onState('open');
    for (const topic of this.topics.keys()) this.sendSub(topic);
    this.proving = setInterval(() => void this.renewAndProve(), PROVE_EVERY);
  }

  private async renewAndProve() {
    try {
      const p = currentProof();
      if (!p || p.renewAt < Date.now()) await renew(this.o.renewCalls(), p?.gen);
      await this.prove();
    } catch { /* the socket will be closed by the server, and reconnecting tells why */ }
  }

  private take(text: string) {
    let items: Item[];
    try { items = JSON.parse(text) as Item[]; } catch { return; }
    for (const item of items) this.takeItem(item);
  }

  private takeItem(item: Item) {
    if (item.on === 'bye') {
      this.hint = item.why;
      this.o.onBye?.(item.why);
      return;
    }
    const topic = this.topics.get(item.topic);
    if (!topic) return;
    switch (item.on) {
      case 'sub': {
        const known = topic.seq !== undefined;
        topic.seq ??= item.seq;
        if (!known) topic.handlers.fresh?.();
        break;
      }
      case 'gap':
        topic.seq = item.seq;
        topic.handlers.fresh?.();
        break;
      case 'event':
        if (topic.seq !== undefined && item.seq <= topic.seq) return;      // seen before the break
        topic.seq = item.seq;
        topic.handlers.event(item.event, item.data, item.seq);
        break;
      case 'refused':
        this.topics.delete(item.topic);
        topic.handlers.refused?.(item);
        break;
    }
  }

  private async closed(s: Socket, code: number) {
    if (s !== this.socket) return;
    const opened = this.ready;
    this.drop();
    if (!this.running) return;
    const why = this.hint;
    this.hint = undefined;
    if (code === 4403 || why === 'locked' || code === 4401 || why === 'ended') {
      this.running = false;
      this.o.onState('stopped');
      if (!why) this.o.onBye?.(code === 4403 ? 'locked' : 'ended');
      return;
    }
    if (code === 4408 || why === 'proof') {
      await renew(this.o.renewCalls(), currentProof()?.gen).catch(() => undefined);
      return this.later(0);
    }
    if (code === 1012 || why === 'restart') return this.later(0);
    if (!opened) {
      // A refused handshake says nothing in a browser: an ordinary call does.
      try { await this.o.probe(); } catch (e) {
        if (e instanceof Problem && e.status === 401) return;
      }
    }
    this.later();
  }

  private later(least?: number) {
    if (!this.running) return;
    const base = least ?? WAITS[Math.min(this.tries, WAITS.length - 1)]!;
    const wait = base + Math.random() * Math.max(250, base / 2);
    if (least === undefined || this.tries > 0) this.tries++;
    else this.tries = 1;
    this.o.onState(this.tries > 2 ? 'offline' : 'connecting', Date.now() + wait);
    clearTimeout(this.timer);
    this.timer = setTimeout(() => { this.timer = undefined; void this.connect(); }, wait);
  }

  private drop() {
    clearTimeout(this.timer);
    clearInterval(this.proving);
    this.timer = undefined;
    this.ready = false;
    const s = this.socket;
    this.socket = undefined;
    if (s) {
      s.onopen = s.onmessage = s.onclose = null;
      try { s.close(1000); } catch { /* never opened */ }
    }
  }
}
