// SPDX-License-Identifier: Apache-2.0
// Passkeys: what they are for, the ones there are, adding and removing.
import { Button, Skeleton } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Fingerprint, Plus, Trash2 } from 'lucide-react';
import { useState } from 'react';
import { keys, query, useApp } from '../../core/app';
import { people as api, type passkey } from '../../core/api';
import { useLang, useT } from '../../core/i18n';
import { makePasskey, passkeysPossible, passkeyTrouble } from '../../core/passkey';
import { deviceName } from '../../core/session';
import { agoText, shortDate } from '../../core/when';
import { Confirm, IconButton, Note, ProblemNote, tell } from '../../kit/kit';
import s from './account.module.css';

export async function enrol(name: string): Promise<passkey> {
  const who = useApp.getState().me ?? (await api.me_get());
  const start = await api.passkey_start();
  const made = await makePasskey(start, who);
  const got = await api.passkey_enrol({ name, ...made, challenge: start.challenge });
  void query.invalidateQueries({ queryKey: keys.passkeys });
  return got;
}

// Adds a passkey and says in words what became of it.
export function useEnrol() {
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>();
  const [trouble, setTrouble] = useState<'cancelled' | 'exists' | 'unsupported' | 'failed'>();
  const go = async (): Promise<passkey | undefined> => {
    setBusy(true);
    setError(undefined);
    setTrouble(undefined);
    try {
      return await enrol(deviceName());
    } catch (e) {
      if (e instanceof DOMException) setTrouble(passkeyTrouble(e));
      else setError(e);
      return undefined;
    } finally {
      setBusy(false);
    }
  };
  return { busy, error, trouble, go };
}

export function EnrolTrouble({ error, trouble }: { error: unknown; trouble: string | undefined }) {
  const t = useT();
  return trouble ? <Note tone="warn">{t.any(`passkey.${trouble === 'cancelled' ? 'not_added' : trouble}`)}</Note> : <ProblemNote error={error} />;
}

export function Passkeys() {
  const { t, lang } = useLang();
  const list = useQuery({ queryKey: keys.passkeys, queryFn: () => api.my_passkeys({ limit: 200 }) });
  const { busy, error, trouble, go } = useEnrol();
  const [removing, setRemoving] = useState<passkey>();
  const items = list.data?.items ?? [];
  const add = async () => { if (await go()) tell(t('passkey.added')); };
  return (
    <section className={s.section} aria-labelledby="a-passkeys">
      <header><div><h2 id="a-passkeys">{t('passkey.title')}</h2><p>{t('passkey.about')}</p></div>
        {passkeysPossible() && <Button leftSection={<Plus size={16} />} loading={busy} onClick={() => void add()} data-testid="passkey-add">{t('passkey.add')}</Button>}
      </header>
      {!passkeysPossible() && <Note>{t('passkey.unsupported')}</Note>}
      <EnrolTrouble error={error ?? list.error} trouble={trouble} />
      {list.isPending && <Skeleton height={54} animate={false} />}
      {list.isSuccess && items.length === 0 && <p className={s.none}>{t('passkey.none')}</p>}
      <ul>
        {items.map((k) => (
          <li key={k.id} className={s.key} data-testid="passkey-row">
            <span className={s.keyIcon} aria-hidden="true"><Fingerprint size={19} /></span>
            <div><strong>{k.name}</strong><small>{t('device.added', { when: shortDate(lang, k.added) })} · {k.used ? t('passkey.used', { when: agoText(lang, k.used) }) : t('passkey.never')}</small></div>
            <IconButton label={t('passkey.remove')} icon={<Trash2 size={17} />} onClick={() => setRemoving(k)} testid="passkey-remove" />
          </li>
        ))}
      </ul>
      <Confirm open={!!removing} onClose={() => setRemoving(undefined)} title={t('passkey.remove_title', { name: removing?.name ?? '' })} text={t('passkey.remove_text')} label={t('passkey.remove')} danger
        act={async () => { await api.passkey_remove(removing!.id); void query.invalidateQueries({ queryKey: keys.passkeys }); tell(t('passkey.removed')); }} />
    </section>
  );
}
