// SPDX-License-Identifier: Apache-2.0
import 'fake-indexeddb/auto';
import { beforeEach, describe, expect, it } from 'vitest';
import type { message } from '../src/core/api';
import { idb } from '../src/core/idb';
import { Outbox, type Unsent } from '../src/core/outbox';
import { Problem } from '../src/core/problem';

const answer = (m: Unsent, seq: number): message => ({ id: `mesg_${seq}`, channel: m.channel, seq, author: m.person, author_name: '', text: m.text, at: new Date().toISOString(), client_id: m.id });
const settle = () => new Promise((r) => setTimeout(r, 150));

// A server that stores each key once, and a network that may lose the way there or the way back.
class World {
  stored: { key: string; text: string }[] = [];
  script: ('ok' | 'lost' | 'answer-lost' | Problem)[] = [];
  keys: string[] = [];
  post = async (m: Unsent): Promise<message> => {
    this.keys.push(m.id);
    const what = this.script.shift() ?? 'ok';
    if (what === 'lost') throw new Problem('network', 0);
    if (what instanceof Problem) throw what;
    if (!this.stored.some((s) => s.key === m.id)) this.stored.push({ key: m.id, text: m.text });
    if (what === 'answer-lost') throw new Problem('network', 0);
    return answer(m, this.stored.length);
  };
}

let world: World, box: Outbox, shown: Unsent[];
const make = () => new Outbox({ post: world.post, sent: () => undefined, changed: (all) => { shown = all; }, sleep: async () => undefined });

beforeEach(async () => {
  for (const m of await idb.all<Unsent>('outbox')) await idb.remove('outbox', m.id);
  world = new World();
  box = make();
  await box.start('pers_1');
});

describe('outbox', () => {
  it('sends in order, one after another, and keeps nothing that was acknowledged', async () => {
    await Promise.all(['一', '二', '三'].map((t) => box.add('chan_1', t)));
    await settle();
    expect(world.stored.map((s) => s.text)).toEqual(['一', '二', '三']);
    expect(shown).toEqual([]);
    expect(await idb.all('outbox')).toEqual([]);
  });

  it('never doubles a message whose answer was lost', async () => {
    world.script = ['answer-lost', 'lost', 'answer-lost', 'ok'];
    await box.add('chan_1', 'once');
    await settle();
    expect(world.stored).toHaveLength(1);
    expect(new Set(world.keys).size).toBe(1);
    expect(world.keys).toHaveLength(4);
  });

  it('keeps the order when the first one has to be repeated', async () => {
    world.script = ['lost', 'lost'];
    await box.add('chan_1', 'a');
    await box.add('chan_1', 'b');
    await settle();
    expect(world.stored.map((s) => s.text)).toEqual(['a', 'b']);
  });

  it('survives a closed tab: what was not sent goes out the next time', async () => {
    world.script = Array(200).fill('lost') as 'lost'[];
    const stuck = new Outbox({ post: world.post, sent: () => undefined, changed: () => undefined, sleep: () => new Promise(() => undefined) });
    await stuck.start('pers_2');
    await stuck.add('chan_9', 'kept');
    await settle();
    world.script = [];
    expect((await idb.all<Unsent>('outbox')).map((m) => m.text)).toEqual(['kept']);
    const kept = (await idb.all<Unsent>('outbox'))[0]!;
    // The tab is gone with its lock; the next one finds the row.
    await idb.put('outbox', { ...kept, channel: 'chan_10' });
    const next = make();
    await next.start('pers_2');
    await settle();
    expect(world.stored.map((s) => s.key)).toEqual([kept.id]);
  });

  it('shows a refusal with its reason, goes on with the next, and tries again under a new key', async () => {
    world.script = [new Problem('denied', 403, { code: 'denied', rules: ['join-before-posting'] })];
    const m = await box.add('chan_1', 'no');
    await box.add('chan_1', 'yes');
    await settle();
    expect(world.stored.map((s) => s.text)).toEqual(['yes']);
    expect(shown).toMatchObject([{ id: m.id, state: 'failed', problem: { rules: ['join-before-posting'] } }]);
    await box.retry(m.id);
    await settle();
    expect(world.stored.map((s) => s.text)).toEqual(['yes', 'no']);
    expect(world.keys.at(-1)).not.toBe(m.id);
    expect(shown).toEqual([]);
  });

  it('asks before repeating what the server may have forgotten', async () => {
    await idb.put('outbox', { id: 'old-key-1', person: 'pers_1', channel: 'chan_1', text: 'old', at: 1, tried: Date.now() - 25 * 3_600_000, state: 'queued' } satisfies Unsent);
    const next = make();
    await next.start('pers_1');
    await settle();
    expect(world.stored).toEqual([]);
    expect(shown).toMatchObject([{ id: 'old-key-1', state: 'failed', problem: { code: 'stale' } }]);
  });

  it('shows nobody else\'s unsent messages', async () => {
    world.script = Array(50).fill(new Problem('denied', 403)) as Problem[];
    await box.add('chan_1', 'mine');
    await settle();
    const other = make();
    await other.start('pers_2');
    expect(other.list()).toEqual([]);
  });

  it('takes the event of its own message for the acknowledgement', async () => {
    world.script = [new Problem('invalid', 400)];
    const m = await box.add('chan_1', 'x');
    await settle();
    await box.acknowledged(m.id);
    expect(shown).toEqual([]);
    expect(await idb.all('outbox')).toEqual([]);
  });
});
