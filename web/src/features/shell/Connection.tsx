// SPDX-License-Identifier: Apache-2.0
// One line when the live connection is not there: what it means for the person, and a way to try at once. Quiet for the first
// second and a half, so that a restart of the server is not even seen.
import { Button } from '@mantine/core';
import { CloudOff, RefreshCw } from 'lucide-react';
import { useEffect, useState } from 'react';
import { nudge, useApp } from '../../core/app';
import { useT } from '../../core/i18n';
import s from './shell.module.css';

export function Connection() {
  const t = useT();
  const live = useApp((a) => a.live), waiting = useApp((a) => a.unsent.filter((m) => m.state === 'queued').length);
  const [late, setLate] = useState(false);
  const gone = live === 'connecting' || live === 'offline';
  useEffect(() => {
    if (!gone) return setLate(false);
    const timer = setTimeout(() => setLate(true), 1500);
    return () => clearTimeout(timer);
  }, [gone]);
  return (
    <div role="status" aria-live="polite" data-testid="connection" data-state={live}>
      {gone && late && (
        <div className={s.conn} data-bad={live === 'offline' || undefined}>
          {live === 'offline' ? <CloudOff size={16} aria-hidden="true" /> : <RefreshCw size={15} className={s.spin} aria-hidden="true" />}
          <span>{live === 'offline' ? t('conn.offline') : t('conn.connecting')}{waiting > 0 && ` ${t('conn.waiting', { n: waiting })}`}</span>
          <Button size="compact-sm" variant="subtle" color="dark" onClick={nudge}>{t('conn.now')}</Button>
        </div>
      )}
    </div>
  );
}
