// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import { strength } from '../src/core/password';
import { matches } from '../src/core/search';
import { dayText, daysAgo, shortText } from '../src/core/when';

describe('password hint', () => {
  it('calls short, common and personal ones easy', () => {
    for (const p of ['', 'abc', 'password1', '12345678', '88888888', 'aaaaaaaaaaaa', 'lin.mei2026']) expect(strength(p, ['lin.mei', '林玫']), p).toBe(1);
  });
  it('calls a few unrelated words good', () => {
    expect(strength('plum river 94 lantern')).toBeGreaterThanOrEqual(3);
    expect(strength('k7#Qw9!zTr2^pL')).toBe(4);
    expect(strength('梅雨季节的旧自行车')).toBeGreaterThanOrEqual(2);
  });
});

describe('search', () => {
  it('wants every word, in any field, whatever the case and width', () => {
    expect(matches('LIN 产品', '林玫', 'lin.mei', '产品部')).toBe(true);
    expect(matches('ｌｉｎ', 'lin.mei')).toBe(true);
    expect(matches('lin 法务', '林玫', 'lin.mei', '产品部')).toBe(false);
    expect(matches('', 'x')).toBe(true);
  });
});

describe('dates', () => {
  const now = new Date(2026, 2, 5, 0, 10).getTime();
  it('count days by the calendar, not by hours', () => {
    expect(daysAgo(new Date(2026, 2, 4, 23, 50).getTime(), now)).toBe(1);
    expect(daysAgo(new Date(2026, 2, 5, 23, 50).getTime(), now)).toBe(0);
  });
  it('say today and yesterday', () => {
    expect(dayText('zh-Hans', now, now)).toBe('今天');
    expect(dayText('en', now - 3_600_000, now)).toBe('Yesterday');
    expect(shortText('zh-Hant', now, now)).toBe('00:10');
  });
});
