// SPDX-License-Identifier: Apache-2.0
// A leaf as a sentence. Effects have texts by type (act.message.posted), decisions by action (action.channel.read); what is not
// known to this page is shown by its own name rather than hidden.
import { useCallback } from 'react';
import { keys, query } from '../../core/app';
import type { channel, leaf } from '../../core/api';
import { nameOf } from '../../core/directory';
import { useT, type T } from '../../core/i18n';

export function objectName(t: T, id: string): string {
  if (!id) return '';
  if (id.startsWith('pers_')) return nameOf(id) ?? t('object.pers');
  if (id.startsWith('chan_')) {
    const c = query.getQueryData<channel[]>(keys.channels)?.find((x) => x.id === id);
    return c ? t('ledger.quoted', { name: c.kind === 'direct' ? c.other_name : c.name }) : t('object.chan');
  }
  return t.any(`object.${id.split('_')[0]}`) ?? id;
}

export function sentence(t: T, l: leaf): string {
  const who = l.person_name || t('ledger.the_server'), what = objectName(t, l.object);
  if (l.decision === 'deny') return t('ledger.was_refused', { who, what: [t.any(`action.${l.action}`) ?? l.action, what].filter(Boolean).join(t('ledger.joint')) });
  const act = t.any(`act.${l.type}`, { who, what });
  if (act) return act;
  const action = t.any(`action.${l.action || l.type}`);
  return t('ledger.did', { who, what: [action ?? (l.action || l.type), what].filter(Boolean).join(t('ledger.joint')) });
}

export function useSentence() {
  const t = useT();
  return useCallback((l: leaf) => sentence(t, l), [t]);
}
