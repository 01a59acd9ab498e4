// SPDX-License-Identifier: Apache-2.0
// Which world we are in: starting, outside (sign-in, invitation), inside (the shell), locked, or unreachable.
import { Button } from '@mantine/core';
import { LockKeyhole, Unplug } from 'lucide-react';
import { lazy, Suspense, useEffect } from 'react';
import { Redirect, useLocation } from 'wouter';
import { begin, leave, useApp } from './core/app';
import { useT } from './core/i18n';
import { Empty, ProblemNote } from './kit/kit';
import { Splash } from './kit/Splash';

const SignIn = lazy(() => import('./features/signin/SignIn'));
const Invite = lazy(() => import('./features/invite/Invite'));
const Shell = lazy(() => import('./features/shell/Shell'));

// Where to go after signing in: only a path of our own.
export function safeTarget(search: string): string {
  const to = new URLSearchParams(search).get('to') ?? '/';
  return /^\/(?![/\\])/.test(to) && !to.startsWith('/sign-in') && !to.startsWith('/invite') ? to : '/';
}

function Inside() {
  const [path] = useLocation();
  if (path === '/sign-in') return <Redirect to={safeTarget(location.search)} replace />;
  return <Shell />;
}

function Outside() {
  const [path] = useLocation();
  if (path !== '/sign-in') {
    const here = path + location.search;
    return <Redirect to={here === '/' ? '/sign-in' : `/sign-in?to=${encodeURIComponent(here)}`} replace />;
  }
  return <SignIn />;
}

function Locked() {
  const t = useT();
  return (
    <main data-testid="locked">
      <Empty icon={<LockKeyhole size={28} />} title={t('locked.title')} text={t('locked.text')}>
        <Button onClick={() => void begin()}>{t('locked.again')}</Button>
        <Button variant="default" onClick={() => { useApp.setState({ phase: 'starting' }); leave(undefined); }}>{t('locked.other')}</Button>
      </Empty>
    </main>
  );
}

function Failed() {
  const t = useT(), problem = useApp((s) => s.problem);
  return (
    <main>
      <Empty icon={<Unplug size={28} />} title={t('failed.title')} text={t('failed.text')}>
        <Button onClick={() => { useApp.setState({ phase: 'starting' }); void begin(); }} data-autofocus>{t('try_again')}</Button>
      </Empty>
      <div style={{ maxWidth: 520, margin: '0 auto', padding: '0 16px' }}><ProblemNote error={problem} /></div>
    </main>
  );
}

export function App() {
  const phase = useApp((s) => s.phase);
  const [path] = useLocation();
  const t = useT();
  useEffect(() => { document.title = t('app.name'); }, [t]);
  return (
    <Suspense fallback={<Splash />}>
      {path.startsWith('/invite') ? <Invite />
        : phase === 'starting' ? <Splash /> : phase === 'in' ? <Inside /> : phase === 'locked' ? <Locked /> : phase === 'failed' ? <Failed /> : <Outside />}
    </Suspense>
  );
}
