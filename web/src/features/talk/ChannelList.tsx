// SPDX-License-Identifier: Apache-2.0
// Channels and direct messages, newest first, with what waits in each; a field filters by name. Up and down walk the rows.
import { Menu, Skeleton, TextInput } from '@mantine/core';
import { Hash, Lock, Plus, Search, UserRoundPlus, LayoutList } from 'lucide-react';
import { useEffect, useRef, useState, type KeyboardEvent } from 'react';
import { Link } from 'wouter';
import { useApp } from '../../core/app';
import { drafts } from '../../core/drafts';
import { useLang } from '../../core/i18n';
import { matches } from '../../core/search';
import { shortText } from '../../core/when';
import { Avatar, kit, ProblemNote } from '../../kit/kit';
import type { channel } from '../../core/api';
import type { Which } from './dialogs';
import s from './talk.module.css';

export const titleOf = (c: channel) => (c.kind === 'direct' ? c.other_name : c.name);

export function order(all: channel[]): channel[] {
  return [...all].sort((a, b) => (b.last_at ?? '').localeCompare(a.last_at ?? '') || titleOf(a).localeCompare(titleOf(b)));
}

export function ChannelIcon({ c, size = 36 }: { c: channel; size?: 28 | 36 }) {
  if (c.kind === 'direct') return <Avatar id={c.other ?? c.id} name={c.other_name} size={size} />;
  return <span className={`${kit.avatar} ${kit[`s${size}`]} ${s.chanIcon}`} aria-hidden="true">{c.kind === 'private' ? <Lock size={size === 36 ? 16 : 13} /> : <Hash size={size === 36 ? 18 : 14} />}</span>;
}

function Row({ c, on }: { c: channel; on: boolean }) {
  const { t, lang } = useLang();
  const me = useApp((a) => a.me?.person.id ?? '');
  useApp((a) => a.draftTick);
  const draft = on ? '' : drafts.get(me, c.id).trim();
  const failed = useApp((a) => a.unsent.some((m) => m.channel === c.id && m.state === 'failed'));
  return (
    <li>
      <Link href={`/c/${c.id}`} className={s.row} aria-current={on ? 'page' : undefined} data-unread={c.unread > 0 || undefined} data-testid="channel-row" data-channel={c.id}>
        <ChannelIcon c={c} />
        <span className={s.rowText}>
          <span className={s.rowTop}>
            <span className={s.rowName}>{titleOf(c)}</span>
            {c.last_at && <time className={s.rowTime} dateTime={c.last_at}>{shortText(lang, c.last_at)}</time>}
          </span>
          <span className={s.rowTop}>
            <span className={s.rowLast}>
              {failed ? <span className={s.draft}>{t('talk.not_sent')}</span> : draft ? <><span className={s.draft}>{t('talk.draft')}</span> {draft}</> : c.last_text || <span className={s.quiet}>{c.topic || t('talk.quiet')}</span>}
            </span>
            {c.unread > 0 && <span className={s.badge} data-testid="unread-badge">{c.unread > 99 ? '99+' : c.unread}<span className="sr"> {t('talk.unread')}</span></span>}
          </span>
        </span>
      </Link>
    </li>
  );
}

export function ChannelList({ channels, error, open, onDialog }: { channels: channel[] | undefined; error: unknown; open: string | undefined; onDialog: (w: Which) => void }) {
  const { t } = useLang();
  const [q, setQ] = useState('');
  const input = useRef<HTMLInputElement>(null), list = useRef<HTMLUListElement>(null);
  // The open channel's name is the page's heading; without one, the list's.
  const Title = open ? 'h2' : 'h1';
  const mine = channels && order(channels.filter((c) => c.member)), shown = mine?.filter((c) => matches(q, titleOf(c)));

  useEffect(() => {
    const onKey = (e: KeyboardEvent | globalThis.KeyboardEvent) => {
      if ((e.ctrlKey || e.metaKey) && e.shiftKey && e.key.toLowerCase() === 'f') { e.preventDefault(); input.current?.focus(); }
    };
    window.addEventListener('keydown', onKey);
    return () => window.removeEventListener('keydown', onKey);
  }, []);

  const walk = (e: KeyboardEvent) => {
    if (e.altKey || (e.key !== 'ArrowDown' && e.key !== 'ArrowUp')) return;
    const rows = [...(list.current?.querySelectorAll<HTMLElement>('a') ?? [])], i = rows.indexOf(document.activeElement as HTMLElement);
    const to = e.key === 'ArrowDown' ? rows[i + 1] : i > 0 ? rows[i - 1] : input.current;
    if (to) { e.preventDefault(); to.focus(); }
  };
  return (
    <section className={s.list} aria-label={t('talk.list')} onKeyDown={walk}>
      <header className={s.listHead}>
        <Title>{t('nav.talk')}</Title>
        <Menu position="bottom-end" width={230}>
          <Menu.Target><button type="button" className={kit.iconBtn} aria-label={t('talk.add')} data-testid="talk-add"><Plus size={19} /></button></Menu.Target>
          <Menu.Dropdown>
            <Menu.Item leftSection={<UserRoundPlus size={16} />} onClick={() => onDialog('direct')} data-testid="new-direct">{t('talk.new_direct')}</Menu.Item>
            <Menu.Item leftSection={<Hash size={16} />} onClick={() => onDialog('create')} data-testid="new-channel">{t('talk.new_channel')}</Menu.Item>
            <Menu.Item leftSection={<LayoutList size={16} />} onClick={() => onDialog('browse')} data-testid="browse-channels">{t('talk.browse')}</Menu.Item>
          </Menu.Dropdown>
        </Menu>
      </header>
      <div className={s.filter}>
        <TextInput ref={input} size="sm" leftSection={<Search size={15} />} placeholder={t('talk.filter')} aria-label={t('talk.filter')} value={q} onChange={(e) => setQ(e.currentTarget.value)}
          onKeyDown={(e) => { if (e.key === 'Escape' && q) { e.stopPropagation(); setQ(''); } }} data-testid="channel-filter" />
      </div>
      {error ? <div className={s.pad}><ProblemNote error={error} /></div> : null}
      {!channels && !error && <div className={s.rows} aria-busy="true">{[0, 1, 2, 3, 4, 5].map((i) => <div key={i} className={s.skel}><Skeleton width={36} height={36} radius={9} animate={false} /><div><Skeleton height={10} width="60%" /><Skeleton height={9} width="85%" mt={8} /></div></div>)}</div>}
      <ul className={s.rows} ref={list}>{shown?.map((c) => <Row key={c.id} c={c} on={c.id === open} />)}</ul>
      {mine && mine.length === 0 && <p className={s.listNone}>{t('talk.none')}</p>}
      {mine && mine.length > 0 && shown?.length === 0 && <p className={s.listNone}>{t('talk.none_found', { q })} <button type="button" className={s.textBtn} onClick={() => onDialog('browse')}>{t('talk.browse')}</button></p>}
    </section>
  );
}
