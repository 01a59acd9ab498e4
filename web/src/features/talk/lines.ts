// SPDX-License-Identifier: Apache-2.0
// What a channel's messages look like as lines: days, the unread line, authors grouped, unsent ones at the end. Pure.
import type { message } from '../../core/api';
import type { Unsent } from '../../core/outbox';
import { dayKey } from '../../core/when';

export type Line =
  | { kind: 'day'; key: string; at: string }
  | { kind: 'unread'; key: string }
  | { kind: 'message'; key: string; m: message; first: boolean }
  | { kind: 'unsent'; key: string; u: Unsent; first: boolean };

const GROUP = 5 * 60_000;

export function linesOf(items: message[], unsent: Unsent[], unreadAfter: number | undefined, me: string): Line[] {
  const out: Line[] = [];
  let day = '', author = '', at = 0, marked = false;
  for (const m of items) {
    const when = Date.parse(m.at), k = dayKey(m.at);
    if (k !== day) { out.push({ kind: 'day', key: `day-${k}`, at: m.at }); day = k; author = ''; }
    if (!marked && unreadAfter !== undefined && m.seq > unreadAfter && m.author !== me) {
      out.push({ kind: 'unread', key: 'unread' });
      marked = true;
      author = '';
    }
    out.push({ kind: 'message', key: m.id, m, first: m.author !== author || when - at > GROUP });
    author = m.author;
    at = when;
  }
  for (const u of unsent) {
    if (items.some((m) => m.client_id === u.id)) continue;
    out.push({ kind: 'unsent', key: `u-${u.id}`, u, first: author !== me || u.at - at > GROUP });
    author = me;
    at = u.at;
  }
  return out;
}
