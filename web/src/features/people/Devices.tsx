// SPDX-License-Identifier: Apache-2.0
// The browsers a person signs in from: whose they are, when they were last here, and locking one.
import { Button, NativeSelect, Skeleton } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { LaptopMinimal, LockKeyhole, LockKeyholeOpen, Smartphone } from 'lucide-react';
import { useState } from 'react';
import { keys, query } from '../../core/app';
import { people as api, type device, type device_owner, type Page } from '../../core/api';
import { useMay } from '../../core/directory';
import { useLang } from '../../core/i18n';
import { agoText, shortDate } from '../../core/when';
import { Confirm, kit, ProblemNote, Tag, tell, tellProblem } from '../../kit/kit';
import s from './people.module.css';

export function Devices({ person, self }: { person: string; self: boolean }) {
  const { t, lang } = useLang();
  const may = useMay();
  const [locking, setLocking] = useState<device>();
  const key = self ? keys.myDevices : keys.devicesOf(person);
  const list = useQuery({ queryKey: key, queryFn: () => (self ? api.my_devices({ limit: 200 }) : api.person_devices(person, { limit: 200 })) });
  const put = (d: device) => {
    query.setQueryData<Page<device>>(key, (p) => p && { ...p, items: p.items.map((x) => (x.id === d.id ? d : x)) });
    void query.invalidateQueries({ queryKey: self ? keys.devicesOf(person) : keys.myDevices });
  };
  const mark = async (d: device, owner: device_owner) => {
    try {
      const was = d.owner;
      put(await api.device_mark(d.id, { owner }));
      tell(t('device.marked'), { label: t('undo'), act: () => void api.device_mark(d.id, { owner: was }).then(put, (e: unknown) => tellProblem(t, e)) });
    } catch (e) { tellProblem(t, e); }
  };
  const lock = async (d: device) => {
    put(await api.device_lock(d.id));
    tell(t('device.was_locked'), may.lockDevice ? { label: t('undo'), act: () => void unlock(d) } : undefined);
  };
  const unlock = async (d: device) => {
    try { put(await api.device_unlock(d.id)); } catch (e) { tellProblem(t, e); }
  };
  const items = [...(list.data?.items ?? [])].sort((a, b) => Number(b.here) - Number(a.here) || b.seen.localeCompare(a.seen));
  return (
    <section className={s.devices} aria-label={t('device.title')}>
      <h2>{t('device.title')}</h2>
      <ProblemNote error={list.error} />
      {list.isPending && <Skeleton height={54} animate={false} />}
      {list.isSuccess && items.length === 0 && <p className={s.none}>{t('device.none')}</p>}
      <ul>
        {items.map((d) => (
          <li key={d.id} className={s.device} data-testid="device-row" data-status={d.status} data-owner={d.owner}>
            <span className={s.devIcon} aria-hidden="true">{/iOS|Android|HarmonyOS/.test(d.name) ? <Smartphone size={18} /> : <LaptopMinimal size={18} />}</span>
            <div className={s.devText}>
              <strong>{d.name}</strong>
              <small>{t('device.seen', { when: agoText(lang, d.seen), from: d.seen_from || '?' })} · {t('device.added', { when: shortDate(lang, d.added) })}</small>
              <span className={s.devTags}>
                {d.here && <Tag tone="pine">{t('device.here')}</Tag>}
                {d.status === 'locked' && <Tag tone="seal">{t('status.locked')}</Tag>}
                {!may.mark && <Tag>{t(`device.${d.owner}`)}</Tag>}
              </span>
            </div>
            <div className={s.devActs}>
              {may.mark && <NativeSelect size="xs" aria-label={t('device.whose')} value={d.owner} onChange={(e) => void mark(d, e.currentTarget.value as device_owner)} data={(['own', 'company'] as const).map((o) => ({ value: o, label: t(`device.${o}`) }))} data-testid="device-owner" />}
              {d.status === 'active' && (self || may.lockDevice) && !d.here && <Button size="compact-sm" variant="subtle" color="seal" leftSection={<LockKeyhole size={14} />} onClick={() => setLocking(d)} data-testid="device-lock">{t('device.lock')}</Button>}
              {d.status === 'locked' && may.lockDevice && <Button size="compact-sm" variant="subtle" leftSection={<LockKeyholeOpen size={14} />} onClick={() => void unlock(d)} data-testid="device-unlock">{t('person.unlock')}</Button>}
            </div>
          </li>
        ))}
      </ul>
      {self && <p className={kit.noteId}>{t('device.about')}</p>}
      <Confirm open={!!locking} onClose={() => setLocking(undefined)} title={t('device.lock_title', { name: locking?.name ?? '' })} text={may.lockDevice ? t('device.lock_text') : t('device.lock_own_text')} act={() => lock(locking!)} label={t('device.lock')} danger />
    </section>
  );
}
