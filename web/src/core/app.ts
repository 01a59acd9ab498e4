// SPDX-License-Identifier: Apache-2.0
// The page's state and what holds it together: who is signed in, the live socket, the outbox, the channels and rooms, and how tabs
// agree. Components read the store and call the functions below; they never touch socket, keys or storage themselves.
import { newest } from './newest';
import { QueryClient } from '@tanstack/react-query';
import { create } from 'zustand';
import { chat, chatApi, http, people, renewals, type channel, type Events, type me, type message, type person, type read_mark } from './api';
import { tabs } from './idb';
import { Live, type Bye, type LiveState, type Socket } from './live';
import { Outbox, type Unsent } from './outbox';
import { drafts } from './drafts';
import { asProblem, Problem } from './problem';
import { addLive, addNewer, addOlder, emptyRoom, loadedRoom, refreshNewest, type Room } from './room';
import { currentProof, forget, loadProof } from './session';
import { signal } from './signal';

export type Phase = 'starting' | 'out' | 'in' | 'locked' | 'failed';

interface AppState {
  phase: Phase;
  problem: Problem | undefined;
  me: me | undefined;
  live: LiveState;
  retryAt: number | undefined;
  why: 'ended' | 'locked' | 'left' | undefined;       // why we are out, for the sign-in page
  rooms: Record<string, Room>;
  unsent: Unsent[];
  open: string | undefined;                           // the channel being looked at
  arrived: { channel: string; message: message } | undefined;
  draftTick: number;                                  // a draft of a channel not being looked at has changed
  draftBack: { channel: string; tick: number } | undefined;   // a discarded message was put back into its draft
  sentTick: number;                                   // this tab has sent something: show the end
}

export const useApp = create<AppState>(() => ({
  phase: 'starting', problem: undefined, me: undefined, live: 'stopped', retryAt: undefined, why: undefined,
  rooms: {}, unsent: [], open: undefined, arrived: undefined, draftTick: 0, draftBack: undefined, sentTick: 0,
}));
const set = useApp.setState, get = useApp.getState;

export const query = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: 30_000, gcTime: 600_000, refetchOnWindowFocus: false, refetchOnReconnect: true,
      retry: (n, e) => n < 2 && e instanceof Problem && e.passing,
    },
    mutations: { retry: false },
  },
});

export const keys = {
  channels: ['channels'] as const, channel: (id: string) => ['channel', id] as const, members: (id: string) => ['members', id] as const,
  people: ['people'] as const, person: (id: string) => ['person', id] as const, devicesOf: (id: string) => ['devices', id] as const,
  myDevices: ['my-devices'] as const, passkeys: ['passkeys'] as const, departments: ['departments'] as const,
};

// ---- channels ----------------------------------------------------------------------------------------------------------------

const channelsNow = () => query.getQueryData<channel[]>(keys.channels);

export function setChannel(id: string, change: (c: channel) => channel) {
  query.setQueryData<channel[]>(keys.channels, (all) => all?.map((c) => (c.id === id ? change(c) : c)));
  query.setQueryData<channel>(keys.channel(id), (c) => (c ? change(c) : c));
}

export function addChannel(c: channel) {
  query.setQueryData<channel[]>(keys.channels, (all) => (all ? [...all.filter((x) => x.id !== c.id), c] : all));
  query.setQueryData(keys.channel(c.id), c);
  listen();
}

export function dropChannel(id: string) {
  query.setQueryData<channel[]>(keys.channels, (all) => all?.filter((c) => c.id !== id));
  query.removeQueries({ queryKey: keys.members(id) });
  listen();
}

export async function loadChannels(): Promise<channel[]> {
  // An event may have overtaken the answer: what is known to be later stays.
  return newest(await chat.channels_mine(), channelsNow());
}

// ---- rooms -------------------------------------------------------------------------------------------------------------------

const PAGE = 50;
const room = (id: string) => get().rooms[id] ?? emptyRoom;
const setRoom = (id: string, r: Room) => set((s) => ({ rooms: { ...s.rooms, [id]: r } }));

export async function openRoom(c: channel): Promise<void> {
  if (room(c.id).loaded) return;
  const firstUnread = c.read_seq + 1;
  if (c.unread > PAGE - 10) {
    const [before, after] = await Promise.all([
      chat.messages_list(c.id, { before: firstUnread, limit: 20 }), chat.messages_list(c.id, { after: c.read_seq, limit: PAGE }),
    ]);
    setRoom(c.id, loadedRoom([...before.items, ...after.items], before.next !== null, after.next !== null));
    return;
  }
  await loadNewest(c.id);
}

export async function loadNewest(id: string) {
  const page = await chat.messages_list(id, { limit: PAGE });
  setRoom(id, loadedRoom(page.items, page.next !== null, false));
}

const busy = new Set<string>();
async function once(name: string, act: () => Promise<void>) {
  if (busy.has(name)) return;
  busy.add(name);
  try { await act(); } finally { busy.delete(name); }
}

export const loadOlder = (id: string) => once(`older-${id}`, async () => {
  const first = room(id).items[0];
  if (!first || !room(id).older) return;
  const page = await chat.messages_list(id, { before: first.seq, limit: PAGE });
  setRoom(id, addOlder(room(id), page.items, page.next !== null));
});

export const loadNewer = (id: string) => once(`newer-${id}`, async () => {
  const last = room(id).items.at(-1);
  if (!last || !room(id).newer) return;
  const page = await chat.messages_list(id, { after: last.seq, limit: PAGE });
  setRoom(id, addNewer(room(id), page.items, page.next !== null));
});

function took(m: message) {
  void outbox.acknowledged(m.client_id);
  const had = room(m.channel).items.some((x) => x.seq === m.seq);
  setRoom(m.channel, addLive(room(m.channel), m));
  const mine = m.author === get().me?.person.id;
  setChannel(m.channel, (c) => {
    if (m.seq <= c.last_seq && had) return c;
    const news = m.seq > c.last_seq;
    const read = mine && c.unread === 0 ? Math.max(c.read_seq, m.seq) : c.read_seq;
    return {
      ...c, last_seq: Math.max(c.last_seq, m.seq), read_seq: read, unread: news && !mine ? c.unread + 1 : c.unread,
      ...(news ? { last_text: m.text.slice(0, 200), last_at: m.at } : {}),
    };
  });
  if (!mine) set({ arrived: { channel: m.channel, message: m } });
}

// ---- read marks --------------------------------------------------------------------------------------------------------------

const marking = new Map<string, { want: number; told: number; timer?: ReturnType<typeof setTimeout> | undefined }>();

export function markRead(id: string, seq: number) {
  const c = channelsNow()?.find((x) => x.id === id);
  if (!c || seq <= c.read_seq) return;
  setChannel(id, (x) => ({ ...x, read_seq: seq, unread: seq >= x.last_seq ? 0 : Math.max(0, x.unread - (seq - x.read_seq)) }));
  const m = marking.get(id) ?? { want: 0, told: 0 };
  m.want = Math.max(m.want, seq);
  marking.set(id, m);
  if (m.timer) return;
  // The first at once, so that a tab closed a moment later has told; then at most two a second.
  const tell = () => {
    const seq = (m.told = m.want);
    chat.channel_mark(id, { seq }).then(readMoved, () => undefined);
    m.timer = setTimeout(() => {
      m.timer = undefined;
      if (m.want > m.told) tell();
      else marking.delete(id);
    }, 500);
  };
  tell();
}

function readMoved(r: read_mark) {
  const pending = marking.get(r.channel)?.want ?? 0;
  if (pending > r.read_seq) return;
  setChannel(r.channel, (c) => (r.read_seq >= c.read_seq ? { ...c, read_seq: r.read_seq, unread: r.unread } : c));
}

// ---- outbox ------------------------------------------------------------------------------------------------------------------

export const outbox = new Outbox({
  post: (m) => chatApi(http.with({ key: m.id, tries: 1 })).message_post(m.channel, { text: m.text }),
  sent: (_m, got) => took(got),
  changed: (unsent) => set({ unsent }),
});

// ---- live --------------------------------------------------------------------------------------------------------------------

const live = new Live({
  makeSocket: (path) => new WebSocket(`${location.protocol === 'https:' ? 'wss' : 'ws'}://${location.host}${path}`, 'outwork.v1') as unknown as Socket,
  renewCalls: renewals,
  probe: () => http.with({ tries: 1 }).call('GET', '/api/me'),
  onState: (s, retryAt) => {
    set({ live: s, retryAt });
    if (s === 'open') outbox.kickWaiting();
  },
  onBye: (why: Bye) => {
    if (why === 'locked') leave('locked');
    else if (why === 'ended') leave('ended');
  },
});

const heard = new Map<string, () => void>();

function onChannelEvent(id: string, event: string, data: unknown) {
  if (event === 'message_posted') took(data as Events['message_posted']);
  else if (event === 'member_joined') {
    void query.invalidateQueries({ queryKey: keys.members(id) });
    void query.invalidateQueries({ queryKey: keys.channel(id) });
    channelsAreStale();
  }
}

async function refreshRoom(id: string) {
  if (!room(id).loaded || room(id).newer) return;
  const page = await chat.messages_list(id, { limit: PAGE });
  setRoom(id, refreshNewest(room(id), page.items, page.next !== null));
  for (const m of page.items) void outbox.acknowledged(m.client_id);
}

let freshTimer: ReturnType<typeof setTimeout> | undefined;
function channelsAreStale() {
  clearTimeout(freshTimer);
  freshTimer = setTimeout(() => void query.invalidateQueries({ queryKey: keys.channels }), 150);
}

// One subscription per channel we are in; kept in step with the list.
export function listen(extra?: string) {
  const want = new Set((channelsNow() ?? []).filter((c) => c.member).map((c) => c.id));
  if (extra) want.add(extra);
  const open = get().open;
  if (open) want.add(open);
  for (const [id, stop] of heard) if (!want.has(id)) { stop(); heard.delete(id); }
  for (const id of want) {
    if (heard.has(id)) continue;
    heard.set(id, live.sub(`channel:${id}`, {
      event: (event, data) => onChannelEvent(id, event, data),
      fresh: () => {
        // What came between the list's answer and this subscription is in neither: ask once more (all topics together).
        void refreshRoom(id).catch(() => undefined);
        channelsAreStale();
      },
      refused: () => { heard.delete(id); channelsAreStale(); },
    }));
  }
}

function listenToSelf(who: person) {
  live.sub(`person:${who.id}`, {
    event: (event, data) => {
      if (event === 'channel_added') { addChannel(data as channel); channelsAreStale(); }
      else if (event === 'read_moved') readMoved(data as read_mark);
      else if (event === 'person_changed') personChanged(data as person);
    },
    fresh: channelsAreStale,
  });
}

export function personChanged(p: person) {
  query.setQueryData(keys.person(p.id), p);
  query.setQueryData<person[]>(keys.people, (all) => all?.map((x) => (x.id === p.id ? p : x)));
  const m = get().me;
  if (m && m.person.id === p.id) set({ me: { ...m, person: p } });
}

// ---- in and out --------------------------------------------------------------------------------------------------------------

let tick: ReturnType<typeof setInterval> | undefined;

export function enter(who: me) {
  set({ phase: 'in', me: who, why: undefined, problem: undefined });
  listenToSelf(who.person);
  live.start();
  void outbox.start(who.person.id);
  // The key is renewed before it ends, so that no call ever waits for it; a hidden tab renews on its next call.
  clearInterval(tick);
  tick = setInterval(() => {
    const p = currentProof();
    if (p && p.renewAt < Date.now() && document.visibilityState === 'visible') void import('./session').then((s) => s.renew(renewals(), p.gen)).catch(() => undefined);
  }, 15_000);
}

export function leave(why: AppState['why'], tell = true) {
  if (get().phase === 'out') return;
  clearInterval(tick);
  live.stop();
  heard.forEach((stop) => stop());
  heard.clear();
  outbox.stop();
  query.clear();
  set({ phase: why === 'locked' ? 'locked' : 'out', me: undefined, rooms: {}, why, open: undefined });
  void forget();
  if (tell) tabs.say({ say: 'signed-out' });
}

export async function signOut() {
  const who = get().me?.person.id;
  await people.session_end().catch((e: unknown) => { if (asProblem(e).status !== 401) throw e; });
  if (who) {
    drafts.clear(who);
    for (const m of outbox.list()) await outbox.discard(m.id);
  }
  leave('left');
}

export async function begin() {
  try {
    await loadProof().catch(() => undefined);
    enter(await people.me_get());
  } catch (e) {
    const p = asProblem(e);
    // Not an answer at all: the browser blocks keys or storage. The sign-in page tests for that and says what to do.
    if (p.status === 401 || !(e instanceof Problem)) set({ phase: 'out', me: undefined });
    else if (p.code === 'denied' && (p.rules.includes('person-must-be-active') || p.rules.includes('device-must-not-be-locked'))) set({ phase: 'locked' });
    else set({ phase: 'failed', problem: p });
  }
}

signal.whenSignedOut(() => { if (get().phase === 'in') leave('ended'); });

tabs.hear((w) => {
  if (w.say === 'proof') void loadProof().then(() => live.prove()).catch(() => undefined);
  else if (w.say === 'signed-out' && get().phase === 'in') leave('left', false);
  else if (w.say === 'signed-in' && get().phase !== 'in') setTimeout(() => void begin(), 50);
});

if (typeof window !== 'undefined') {
  const look = () => { if (document.visibilityState === 'visible') { live.nudge(); outbox.kickWaiting(); } };
  window.addEventListener('online', look);
  document.addEventListener('visibilitychange', look);
}

// Try the connection at once, on the person's word.
export function nudge() {
  live.nudge();
  outbox.kickWaiting();
}
