// SPDX-License-Identifier: Apache-2.0
// Language and theme, switched at once and kept in this browser.
import { NativeSelect, SegmentedControl, useMantineColorScheme, type MantineColorScheme } from '@mantine/core';
import { Monitor, Moon, Sun } from 'lucide-react';
import { LANG_NAMES, LANGS, setLang, useLang, type Lang } from '../core/i18n';

export function LangPicker({ compact }: { compact?: boolean }) {
  const { lang, t } = useLang();
  return (
    <NativeSelect aria-label={t('settings.language')} value={lang} size={compact ? 'xs' : 'sm'} data-testid="lang"
      onChange={(e) => void setLang(e.currentTarget.value as Lang, true)} data={LANGS.map((l) => ({ value: l, label: LANG_NAMES[l] }))} />
  );
}

export function ThemePicker({ compact }: { compact?: boolean }) {
  const { t } = useLang();
  const { colorScheme, setColorScheme } = useMantineColorScheme({ keepTransitions: true });   // else the kit would inject a <style>
  const option = (value: string, icon: React.ReactNode, label: string) => ({
    value, label: <span style={{ display: 'inline-flex', gap: 6, alignItems: 'center' }} title={label}>{icon}{compact ? <span className="sr">{label}</span> : label}</span>,
  });
  return (
    <SegmentedControl size={compact ? 'xs' : 'sm'} aria-label={t('settings.theme')} value={colorScheme} onChange={(v) => setColorScheme(v as MantineColorScheme)} data-testid="theme"
      data={[option('auto', <Monitor size={14} />, t('theme.auto')), option('light', <Sun size={14} />, t('theme.light')), option('dark', <Moon size={14} />, t('theme.dark'))]} />
  );
}
