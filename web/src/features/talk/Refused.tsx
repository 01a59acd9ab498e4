// SPDX-License-Identifier: Apache-2.0
// The gate said no: which rule, why, what to do. Plain words first, the rule's own name for those who keep the policy.
import { Button } from '@mantine/core';
import { ShieldX } from 'lucide-react';
import { useLocation } from 'wouter';
import { useT } from '../../core/i18n';
import type { Problem } from '../../core/problem';
import { copyText, tell } from '../../kit/kit';
import s from './talk.module.css';

export function Refused({ problem: p, what, object }: { problem: Problem; what: 'channel' | 'leaf' | 'person'; object: string }) {
  const t = useT();
  const [, go] = useLocation();
  const denied = p.code === 'denied';
  const named = p.rules.filter((r) => r !== 'default');    // 'default' is what the gate calls it when no rule permits
  const rules = named.length ? named : ['default'];
  const home = what === 'channel' ? '/talk' : what === 'person' ? '/people' : '/ledger';
  const details = [`${t('refused.rule')}: ${p.rules.join(', ') || '-'}`, `${t('refused.object')}: ${object}`, `${t('error.id')}: ${p.id ?? '-'}`].join('\n');
  return (
    <div className={s.refused} data-testid="refused" data-code={p.code}>
      <div className={s.refusedCard}>
        <span className={s.stamp} aria-hidden="true"><ShieldX size={30} strokeWidth={1.6} /></span>
        <h1>{denied ? t.any(`refused.${what}`) : t('refused.nothing')}</h1>
        {denied ? (
          <dl>
            <div><dt>{t('refused.why')}</dt><dd data-testid="refused-why">{rules.map((r) => <p key={r}>{t.any(`rule.${r}`) ?? t('rule.unknown', { id: r })}</p>)}</dd></div>
            <div><dt>{t('refused.do')}</dt><dd data-testid="refused-advice">{(p.advice && t.any(`advice.${p.advice}`)) ?? t('advice.none')}</dd></div>
            <div><dt>{t('refused.rule')}</dt><dd>{named.length ? named.map((r) => <code key={r} className={s.ruleId} data-testid="refused-rule">{r}</code>) : <span data-testid="refused-rule">{t('refused.no_rule')}</span>}{named.length > 0 && <span className={s.ruleFile}>policies/base.cedar</span>}</dd></div>
            {p.id && <div><dt>{t('error.id')}</dt><dd className="mono">{p.id}</dd></div>}
          </dl>
        ) : <p>{t('refused.nothing_text')}</p>}
        <div className={s.refusedFoot}>
          <Button onClick={() => go(home)}>{t('back')}</Button>
          {denied && <Button variant="default" onClick={() => void copyText(details).then((ok) => tell(ok ? t('copied') : details))}>{t('refused.copy')}</Button>}
        </div>
        {denied && <p className={s.refusedNote}>{t('refused.ledger')}</p>}
      </div>
    </div>
  );
}
