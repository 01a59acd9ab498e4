// SPDX-License-Identifier: Apache-2.0
// Dates as people read them. Formatters are costly to make: one per language and shape.
import type { Lang } from './i18n';

const made = new Map<string, Intl.DateTimeFormat>();
function format(lang: Lang, name: string, o: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
  const k = `${lang}:${name}`;
  let f = made.get(k);
  if (!f) made.set(k, (f = new Intl.DateTimeFormat(lang === 'en' ? navigator.language.startsWith('en') ? navigator.language : 'en' : lang, o)));
  return f;
}

export function dayKey(at: string | number): string {
  const d = new Date(at);
  return `${d.getFullYear()}-${d.getMonth() + 1}-${d.getDate()}`;
}

export function daysAgo(at: string | number, now = Date.now()): number {
  const a = new Date(at), b = new Date(now);
  return Math.round((Date.UTC(b.getFullYear(), b.getMonth(), b.getDate()) - Date.UTC(a.getFullYear(), a.getMonth(), a.getDate())) / 86_400_000);
}

export const clockText = (lang: Lang, at: string | number) => format(lang, 'clock', { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' }).format(new Date(at));

export function fullText(lang: Lang, at: string | number) {
  return format(lang, 'full', { year: 'numeric', month: 'long', day: 'numeric', weekday: 'long', hour: '2-digit', minute: '2-digit', second: '2-digit', hourCycle: 'h23' }).format(new Date(at));
}

// "Today", "yesterday", a weekday within the week, else a date.
export function dayText(lang: Lang, at: string | number, now = Date.now()): string {
  const n = daysAgo(at, now);
  if (n === 0 || n === 1) {
    const text = new Intl.RelativeTimeFormat(lang, { numeric: 'auto' }).format(-n, 'day');
    return text.charAt(0).toUpperCase() + text.slice(1);
  }
  if (n > 1 && n < 7) return format(lang, 'weekday', { weekday: 'long', month: 'long', day: 'numeric' }).format(new Date(at));
  const year = new Date(at).getFullYear() !== new Date(now).getFullYear();
  return format(lang, year ? 'dateY' : 'date', { ...(year ? { year: 'numeric' } : {}), month: 'long', day: 'numeric', weekday: 'short' }).format(new Date(at));
}

// Short form for rows of a list: a time today, a weekday this week, else a date.
export function shortText(lang: Lang, at: string | number, now = Date.now()): string {
  const n = daysAgo(at, now);
  if (n === 0) return clockText(lang, at);
  if (n === 1) return new Intl.RelativeTimeFormat(lang, { numeric: 'auto' }).format(-1, 'day');
  if (n > 0 && n < 7) return format(lang, 'wd', { weekday: 'short' }).format(new Date(at));
  return format(lang, 'md', { month: 'numeric', day: 'numeric' }).format(new Date(at));
}

export function momentText(lang: Lang, at: string | number): string {
  return `${shortDate(lang, at)} ${clockText(lang, at)}`;
}

export function shortDate(lang: Lang, at: string | number): string {
  const thisYear = new Date(at).getFullYear() === new Date().getFullYear();
  return format(lang, thisYear ? 'sd' : 'sdy', { ...(thisYear ? {} : { year: 'numeric' }), month: 'short', day: 'numeric' }).format(new Date(at));
}

export function agoText(lang: Lang, at: string | number, now = Date.now()): string {
  const s = Math.round((new Date(at).getTime() - now) / 1000), f = new Intl.RelativeTimeFormat(lang, { numeric: 'auto' });
  if (Math.abs(s) < 60) return f.format(0, 'minute');
  if (Math.abs(s) < 3600) return f.format(Math.round(s / 60), 'minute');
  if (Math.abs(s) < 86_400) return f.format(Math.round(s / 3600), 'hour');
  if (Math.abs(s) < 86_400 * 30) return f.format(Math.round(s / 86_400), 'day');
  return shortDate(lang, at);
}
