// SPDX-License-Identifier: Apache-2.0
// Texts in three languages. A catalog is a chunk of its own; `t` is typed by key and by the key's placeholders. Plurals are written
// {n:one|other} and chosen by the language's own rules.
import { create } from 'zustand';
import type { Terms } from '../gen/terms';

export const LANGS = ['zh-Hans', 'zh-Hant', 'en'] as const;
export type Lang = (typeof LANGS)[number];
export type Key = keyof Terms;
export const LANG_NAMES: Record<Lang, string> = { 'zh-Hans': '简体中文', 'zh-Hant': '繁體中文', en: 'English' };

type Args<K extends Key> = Terms[K] extends undefined ? [] : [params: Terms[K]];
export type T = (<K extends Key>(key: K, ...args: Args<K>) => string) & {
  any: (key: string, params?: Record<string, string | number>) => string | undefined;
};

export function chooseLang(wanted: readonly string[]): Lang {
  for (const tag of wanted) {
    const l = tag.toLowerCase();
    if (/^zh\b.*(hant|tw|hk|mo)/.test(l)) return 'zh-Hant';
    if (/^zh\b/.test(l)) return 'zh-Hans';
    if (/^en\b/.test(l)) return 'en';
  }
  return 'en';
}

export function fill(text: string, lang: Lang, params?: Record<string, string | number>): string {
  if (!params) return text;
  return text.replace(/\{(\w+)(?::([^|}]*)\|([^}]*))?\}/g, (all, name: string, one?: string, other?: string) => {
    const v = params[name];
    if (v === undefined) return all;
    if (one === undefined) return typeof v === 'number' ? v.toLocaleString(lang) : v;
    return new Intl.PluralRules(lang).select(Number(v)) === 'one' ? one : (other ?? '');
  });
}

export function makeT(texts: Record<string, string>, lang: Lang): T {
  const any = (key: string, params?: Record<string, string | number>) => {
    const text = texts[key];
    return text === undefined ? undefined : fill(text, lang, params);
  };
  return Object.assign((key: string, params?: Record<string, string | number>) => any(key, params) ?? key, { any }) as T;
}

interface LangState { lang: Lang; t: T }
export const useLang = create<LangState>(() => ({ lang: 'en', t: makeT({}, 'en') }));
export const useT = () => useLang((s) => s.t);

const catalogs: Record<Lang, () => Promise<{ default: Record<string, string> }>> = {
  'zh-Hans': () => import('../gen/zh-Hans'), 'zh-Hant': () => import('../gen/zh-Hant'), en: () => import('../gen/en'),
};

export async function setLang(lang: Lang, keep: boolean) {
  const texts = (await catalogs[lang]()).default;
  document.documentElement.lang = lang;
  if (keep) try { localStorage.setItem('outwork-lang', lang); } catch { /* storage blocked: for this tab only */ }
  useLang.setState({ lang, t: makeT(texts, lang) });
}

export function firstLang(): Lang {
  let kept: string | null = null;
  try { kept = localStorage.getItem('outwork-lang'); } catch { /* storage blocked */ }
  return LANGS.find((l) => l === kept) ?? chooseLang(navigator.languages);
}
