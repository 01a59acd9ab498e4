// SPDX-License-Identifier: Apache-2.0
// The frame inside: rail (below on narrow pages), the state of the connection, the pages, and the keys that work everywhere.
import { Tooltip } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { BookOpenCheck, CircleHelp, MessagesSquare, Search, UsersRound } from 'lucide-react';
import { lazy, Suspense, useEffect, useState, type ReactNode } from 'react';
import { Link, Redirect, Route, Switch, useLocation } from 'wouter';
import { keys, listen, loadChannels, useApp } from '../../core/app';
import { useT } from '../../core/i18n';
import { Avatar, Empty } from '../../kit/kit';
import { Mark } from '../../kit/Logo';
import { Splash } from '../../kit/Splash';
import { Connection } from './Connection';
// Not lazy: letters typed right after Ctrl+K must not be lost to loading.
import Palette from './Palette';
import s from './shell.module.css';

const Talk = lazy(() => import('../talk/Talk'));
const People = lazy(() => import('../people/People'));
const Ledger = lazy(() => import('../ledger/Ledger'));
const Account = lazy(() => import('../account/Account'));
const Help = lazy(() => import('./Help'));

export const isMac = /Mac|iPhone|iPad/.test(navigator.userAgent);

function NavItem({ href, icon, label, badge, on, testid }: { href: string; icon: ReactNode; label: string; badge?: number; on: boolean; testid: string }) {
  const t = useT();
  return (
    <li>
      <Link href={href} className={s.item} aria-current={on ? 'page' : undefined} data-testid={testid}>
        <span className={s.icon}>{icon}{!!badge && <span className={s.badge} data-testid="unread-total">{badge > 99 ? '99+' : badge}<span className="sr"> {t('talk.unread')}</span></span>}</span>
        <span className={s.label}>{label}</span>
      </Link>
    </li>
  );
}

function NotThere() {
  const t = useT();
  return <Empty icon={<Search size={28} />} title={t('nowhere.title')} text={t('nowhere.text')}><Link href="/talk">{t('nowhere.go')}</Link></Empty>;
}

export default function Shell() {
  const t = useT();
  const me = useApp((a) => a.me)!;
  const [path] = useLocation();
  const [palette, setPalette] = useState(false);
  const [help, setHelp] = useState(false);
  const channels = useQuery({ queryKey: keys.channels, queryFn: loadChannels, staleTime: Infinity });
  useEffect(() => { if (channels.data) listen(); }, [channels.data]);

  const unread = (channels.data ?? []).reduce((n, c) => n + (c.member ? c.unread : 0), 0);
  const where = path.startsWith('/people') ? t('nav.people') : path.startsWith('/ledger') ? t('nav.ledger') : path.startsWith('/me') ? t('nav.me') : t('nav.talk');
  useEffect(() => { document.title = `${unread ? `(${unread > 99 ? '99+' : unread}) ` : ''}${where} · ${t('app.name')}`; }, [unread, where, t]);

  useEffect(() => {
    const onKey = (e: KeyboardEvent) => {
      if (e.isComposing) return;
      if ((e.ctrlKey || e.metaKey) && !e.altKey && !e.shiftKey && e.key.toLowerCase() === 'k') {
        e.preventDefault();
        setPalette((p) => !p);
      } else if (e.key === '?' && !e.ctrlKey && !e.metaKey && !/^(INPUT|TEXTAREA|SELECT)$/.test((e.target as HTMLElement).tagName)) {
        e.preventDefault();
        setHelp(true);
      }
    };
    window.addEventListener('keydown', onKey);
    return () => window.removeEventListener('keydown', onKey);
  }, []);

  const inTalk = path === '/' || path.startsWith('/talk') || path.startsWith('/c/');
  const inChannel = path.startsWith('/c/');
  return (
    <div className={s.shell} data-channel={inChannel || undefined}>
      <a className="skip" href="#main">{t('nav.skip')}</a>
      <nav className={s.rail} aria-label={t('nav.label')}>
        <Link href="/talk" className={s.mark} aria-label={t('app.name')}><Mark size={30} /></Link>
        <ul className={s.items}>
          <NavItem href="/talk" icon={<MessagesSquare size={20} />} label={t('nav.talk')} badge={unread} on={inTalk} testid="nav-talk" />
          <NavItem href="/people" icon={<UsersRound size={20} />} label={t('nav.people')} on={path.startsWith('/people')} testid="nav-people" />
          <NavItem href="/ledger" icon={<BookOpenCheck size={20} />} label={t('nav.ledger')} on={path.startsWith('/ledger')} testid="nav-ledger" />
        </ul>
        <div className={s.low}>
          <Tooltip label={`${t('palette.open')} (${isMac ? '⌘' : 'Ctrl'} K)`} position="right" openDelay={400}>
            <button type="button" className={s.tool} onClick={() => setPalette(true)} aria-label={t('palette.open')} data-testid="open-palette"><Search size={19} /></button>
          </Tooltip>
          <Tooltip label={`${t('help.open')} (?)`} position="right" openDelay={400}>
            <button type="button" className={`${s.tool} ${s.wideOnly}`} onClick={() => setHelp(true)} aria-label={t('help.open')} data-testid="open-help"><CircleHelp size={19} /></button>
          </Tooltip>
          <Tooltip label={`${me.person.name} · ${t('nav.me')}`} position="right" openDelay={400}>
            <Link href="/me" className={s.self} aria-label={t('nav.me')} aria-current={path.startsWith('/me') ? 'page' : undefined} data-testid="nav-me"><Avatar id={me.person.id} name={me.person.name} size={36} /></Link>
          </Tooltip>
        </div>
      </nav>
      <div className={s.body}>
        <Connection />
        <div className={s.view} id="main" tabIndex={-1}>
          <Suspense fallback={<Splash />}>
            <Switch>
              <Route path="/"><Redirect to="/talk" replace /></Route>
              <Route path="/talk"><Talk /></Route>
              <Route path="/c/:channel">{(p) => <Talk channel={p.channel} />}</Route>
              <Route path="/people"><People /></Route>
              <Route path="/people/:person">{(p) => <People person={p.person} />}</Route>
              <Route path="/ledger"><Ledger /></Route>
              <Route path="/ledger/:index">{(p) => <Ledger index={p.index} />}</Route>
              <Route path="/me"><Account /></Route>
              <Route><main><NotThere /></main></Route>
            </Switch>
          </Suspense>
        </div>
      </div>
      <Suspense fallback={null}>
        {palette && <Palette onClose={() => setPalette(false)} onHelp={() => { setPalette(false); setHelp(true); }} />}
        {help && <Help onClose={() => setHelp(false)} />}
      </Suspense>
    </div>
  );
}
