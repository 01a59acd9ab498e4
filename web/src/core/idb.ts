// SPDX-License-Identifier: Apache-2.0
// A few lines over IndexedDB: one database, a key-value store (device key, proof key) and the outbox of unsent messages.
const NAME = 'outwork', VERSION = 1;
let opened: Promise<IDBDatabase> | undefined;

function open(): Promise<IDBDatabase> {
  opened ??= new Promise<IDBDatabase>((resolve, reject) => {
    const req = indexedDB.open(NAME, VERSION);
    req.onupgradeneeded = () => {
      req.result.createObjectStore('kv');
      req.result.createObjectStore('outbox', { keyPath: 'id' });
    };
    req.onsuccess = () => {
      req.result.onversionchange = () => { req.result.close(); opened = undefined; };
      req.result.onclose = () => { opened = undefined; };
      resolve(req.result);
    };
    req.onerror = () => reject(req.error ?? new Error('IndexedDB'));
    req.onblocked = () => reject(new Error('IndexedDB is blocked by another tab'));
  }).catch((e: unknown) => { opened = undefined; throw e; });
  return opened;
}

type Store = 'kv' | 'outbox';

// Resolves when the transaction is complete, so that what was written is kept.
async function run<T>(store: Store, mode: IDBTransactionMode, act: (s: IDBObjectStore) => IDBRequest<T>): Promise<T> {
  const db = await open();
  return new Promise<T>((resolve, reject) => {
    const tx = db.transaction(store, mode, { durability: mode === 'readwrite' ? 'strict' : 'default' });
    const req = act(tx.objectStore(store));
    tx.oncomplete = () => resolve(req.result);
    tx.onerror = tx.onabort = () => reject(tx.error ?? req.error ?? new Error('IndexedDB'));
  });
}

export const idb = {
  get: <T>(key: string) => run<T | undefined>('kv', 'readonly', (s) => s.get(key) as IDBRequest<T | undefined>),
  set: (key: string, value: unknown) => run('kv', 'readwrite', (s) => s.put(value, key)).then(() => undefined),
  del: (key: string) => run('kv', 'readwrite', (s) => s.delete(key)),
  all: <T>(store: 'outbox') => run<T[]>(store, 'readonly', (s) => s.getAll() as IDBRequest<T[]>),
  put: (store: 'outbox', value: unknown) => run(store, 'readwrite', (s) => s.put(value)).then(() => undefined),
  remove: (store: 'outbox', key: string) => run(store, 'readwrite', (s) => s.delete(key)),
};

// Runs under a lock that all tabs of this browser share; without Web Locks, within this tab only.
const tails = new Map<string, Promise<unknown>>();
export function exclusively<T>(name: string, act: () => Promise<T>): Promise<T> {
  if (typeof navigator !== 'undefined' && navigator.locks) return navigator.locks.request(`outwork-${name}`, act) as Promise<T>;
  const before = tails.get(name) ?? Promise.resolve();
  const now = before.then(act, act);
  tails.set(name, now.catch(() => undefined));
  return now;
}

// What tabs tell each other.
export type TabWord = { say: 'proof' } | { say: 'signed-out' } | { say: 'signed-in' } | { say: 'outbox' };
const channel = typeof BroadcastChannel === 'undefined' ? undefined : new BroadcastChannel('outwork');
// Node's own channel would hold a test process open.
(channel as unknown as { unref?: () => void } | undefined)?.unref?.();
export const tabs = {
  say: (word: TabWord) => channel?.postMessage(word),
  hear: (fn: (word: TabWord) => void) => {
    const on = (e: MessageEvent) => fn(e.data as TabWord);
    channel?.addEventListener('message', on as EventListener);
    return () => channel?.removeEventListener('message', on as EventListener);
  },
};
