// SPDX-License-Identifier: Apache-2.0
// Two views of the same channels: an answer that was on its way, and what events have told meanwhile. Of each channel the later
// counts hold: sequence numbers and read marks only ever rise.
import type { channel } from './api';

export function newest(answer: channel[], known: channel[] | undefined): channel[] {
  const before = new Map(known?.map((c) => [c.id, c]));
  return answer.map((c) => {
    const k = before.get(c.id);
    if (!k || !c.member || !k.member) return c;
    const later = k.last_seq > c.last_seq ? k : c;
    const read_seq = Math.max(c.read_seq, k.read_seq);
    return { ...c, last_seq: later.last_seq, last_text: later.last_text, last_at: later.last_at, read_seq, unread: Math.max(0, later.last_seq - read_seq) };
  });
}
