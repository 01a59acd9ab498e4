// SPDX-License-Identifier: Apache-2.0
import { expect, test } from 'vitest';
import type { channel } from '../src/core/api';
import { newest } from '../src/core/newest';

const c = (last_seq: number, read_seq: number, more: Partial<channel> = {}) =>
  ({ id: 'chan_1', member: true, last_seq, read_seq, unread: last_seq - read_seq, last_text: `m${last_seq}`, last_at: null, ...more }) as channel;

test('an answer that an event has overtaken does not take the event back', () => {
  expect(newest([c(2, 0)], [c(3, 0)])[0]).toMatchObject({ last_seq: 3, unread: 3, last_text: 'm3' });
});
test('a later answer holds over what was known', () => {
  expect(newest([c(5, 2)], [c(3, 0)])[0]).toMatchObject({ last_seq: 5, read_seq: 2, unread: 3, last_text: 'm5' });
});
test('what was read here stays read', () => {
  expect(newest([c(5, 1)], [c(5, 5)])[0]).toMatchObject({ read_seq: 5, unread: 0 });
});
test('channels left or newly joined are as the answer says', () => {
  expect(newest([c(5, 0, { member: false, unread: 0 })], [c(9, 0)])[0]).toMatchObject({ last_seq: 5, unread: 0 });
  expect(newest([c(1, 0)], undefined)).toHaveLength(1);
});
