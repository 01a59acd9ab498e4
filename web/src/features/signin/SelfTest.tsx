// SPDX-License-Identifier: Apache-2.0
// What the browser allows, what it blocks, and what to do about each.
import { Check as Yes, Minus, X } from 'lucide-react';
import { useT } from '../../core/i18n';
import type { Check } from '../../core/selftest';
import s from './signin.module.css';

export function SelfTest({ checks, cookieLost }: { checks: Check[]; cookieLost?: boolean }) {
  const t = useT();
  return (
    <section className={s.checks} aria-label={t('selftest.title')} data-testid="selftest">
      <h2>{t('selftest.title')}</h2>
      <p>{t('selftest.about')}</p>
      <ul>
        {checks.map((c) => {
          const ok = c.ok && !(c.name === 'cookie' && cookieLost);
          return (
            <li key={c.name} data-testid={`selftest-${c.name}`} data-ok={ok}>
              <span className={ok ? s.yes : c.needed ? s.no : s.maybe} role="img" aria-label={ok ? t('selftest.works') : c.needed ? t('selftest.blocked') : t('selftest.absent')}>
                {ok ? <Yes size={15} /> : c.needed ? <X size={15} /> : <Minus size={15} />}
              </span>
              <div>
                <strong>{t.any(`selftest.${c.name}`)}</strong>
                {!ok && <p>{t.any(`selftest.${c.name}_fix`)}</p>}
              </div>
            </li>
          );
        })}
      </ul>
    </section>
  );
}
