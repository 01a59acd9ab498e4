// SPDX-License-Identifier: Apache-2.0
// Ctrl+K: people, channels and pages from one field. A combobox over a listbox, so that it reads well aloud too.
import { BookOpenCheck, CircleHelp, CornerDownLeft, Hash, Lock, MessagesSquare, Search, UserRound, UsersRound } from 'lucide-react';
import { useEffect, useId, useMemo, useRef, useState, type KeyboardEvent, type ReactNode } from 'react';
import { useLocation } from 'wouter';
import { useQuery } from '@tanstack/react-query';
import { keys, loadChannels, useApp } from '../../core/app';
import { openDirect, usePeople } from '../../core/directory';
import { useT } from '../../core/i18n';
import { Avatar, Kbd, tellProblem } from '../../kit/kit';
import { matches } from '../../core/search';
import s from './shell.module.css';

interface Row { id: string; group: string; text: string; small?: string; icon: ReactNode; go: () => void | Promise<void> }

export default function Palette({ onClose, onHelp }: { onClose: () => void; onHelp: () => void }) {
  const t = useT(), list = useId();
  const me = useApp((a) => a.me);
  const [, go] = useLocation();
  const [q, setQ] = useState('');
  const [at, setAt] = useState(0);
  const [busy, setBusy] = useState(false);
  const { data: people } = usePeople();
  const { data: channels } = useQuery({ queryKey: keys.channels, queryFn: loadChannels, staleTime: Infinity });
  const box = useRef<HTMLDivElement>(null);

  const rows = useMemo(() => {
    const out: Row[] = [];
    const page = (id: string, text: string, icon: ReactNode, act: () => void) => { if (matches(q, text)) out.push({ id, group: t('palette.pages'), text, icon: <span className={s.palIcon}>{icon}</span>, go: act }); };
    const chans = (channels ?? []).filter((c) => c.kind !== 'direct' && matches(q, c.name, c.topic)).sort((a, b) => Number(b.unread > 0) - Number(a.unread > 0) || (b.last_at ?? '').localeCompare(a.last_at ?? ''));
    for (const c of chans.slice(0, q ? 8 : 5)) {
      out.push({ id: c.id, group: t('palette.channels'), text: c.name, small: c.topic, icon: <span className={s.palIcon}>{c.kind === 'private' ? <Lock size={15} /> : <Hash size={15} />}</span>, go: () => go(`/c/${c.id}`) });
    }
    const found = (people ?? []).filter((p) => p.id !== me?.person.id && p.status !== 'left' && matches(q, p.name, p.login, p.department_name, p.title));
    for (const p of found.slice(0, q ? 8 : 5)) {
      out.push({ id: p.id, group: t('palette.people'), text: p.name, small: [p.title, p.department_name].filter(Boolean).join(' · '), icon: <Avatar id={p.id} name={p.name} size={28} />, go: async () => go(`/c/${(await openDirect(p.id)).id}`) });
    }
    page('talk', t('nav.talk'), <MessagesSquare size={15} />, () => go('/talk'));
    page('people', t('nav.people'), <UsersRound size={15} />, () => go('/people'));
    page('ledger', t('nav.ledger'), <BookOpenCheck size={15} />, () => go('/ledger'));
    page('me', t('nav.me'), <UserRound size={15} />, () => go('/me'));
    page('help', t('help.open'), <CircleHelp size={15} />, onHelp);
    return out;
  }, [q, channels, people, me, t, go, onHelp]);

  const on = Math.min(at, rows.length - 1);
  useEffect(() => { box.current?.querySelector('[aria-selected="true"]')?.scrollIntoView({ block: 'nearest' }); }, [on]);

  const choose = async (r: Row | undefined) => {
    if (!r || busy) return;
    setBusy(true);
    try { await r.go(); if (r.id !== 'help') onClose(); } catch (e) { tellProblem(t, e); } finally { setBusy(false); }
  };
  const onKey = (e: KeyboardEvent) => {
    if (e.nativeEvent.isComposing) return;
    if (e.key === 'Escape') { e.stopPropagation(); onClose(); }
    else if (e.key === 'ArrowDown') { e.preventDefault(); setAt((on + 1) % Math.max(1, rows.length)); }
    else if (e.key === 'ArrowUp') { e.preventDefault(); setAt((on - 1 + rows.length) % Math.max(1, rows.length)); }
    else if (e.key === 'Enter') { e.preventDefault(); void choose(rows[on]); }
    else if (e.key === 'Tab') e.preventDefault();
  };
  const groups = [...new Set(rows.map((r) => r.group))];
  return (
    <div className={s.pal} onMouseDown={(e) => { if (e.target === e.currentTarget) onClose(); }}>
      <div className={s.palBox} role="dialog" aria-modal="true" aria-label={t('palette.open')} onKeyDown={onKey} data-testid="palette">
        <div className={s.palIn}>
          <Search size={18} aria-hidden="true" />
          <input autoFocus value={q} onChange={(e) => { setQ(e.target.value); setAt(0); }} placeholder={t('palette.placeholder')} aria-label={t('palette.placeholder')}
            role="combobox" aria-expanded="true" aria-controls={list} aria-activedescendant={rows[on] ? `${list}-${rows[on].id}` : undefined} aria-autocomplete="list" data-testid="palette-input" />
        </div>
        <div className={s.palList} role="listbox" id={list} ref={box} aria-label={t('palette.results')} aria-busy={busy}>
          {groups.map((g) => (
            <div key={g} role="group" aria-label={g}>
              <div className={s.palGroup} aria-hidden="true">{g}</div>
              {rows.filter((r) => r.group === g).map((r) => (
                <div key={r.id} id={`${list}-${r.id}`} className={s.palRow} role="option" aria-selected={rows[on] === r} onMouseMove={() => setAt(rows.indexOf(r))} onClick={() => void choose(r)} data-testid="palette-row">
                  {r.icon}<span>{r.text}</span>{r.small && <small>{r.small}</small>}
                </div>
              ))}
            </div>
          ))}
          {rows.length === 0 && <div className={s.palNone}>{t('palette.none', { q })}</div>}
        </div>
        <div className={s.palFoot}><span><Kbd>↑</Kbd> <Kbd>↓</Kbd> {t('help.move')}</span><span><Kbd><CornerDownLeft size={11} /></Kbd> {t('help.choose')}</span><span><Kbd>Esc</Kbd> {t('close')}</span></div>
      </div>
    </div>
  );
}
