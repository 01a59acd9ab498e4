// SPDX-License-Identifier: Apache-2.0
// One colleague: write to them; for administrators, lock, role, a new link and their devices. What the policy would refuse is not offered.
import { Button, NativeSelect } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { ArrowLeft, Link2, LockKeyhole, LockKeyholeOpen, MessageSquareText, X } from 'lucide-react';
import { useState } from 'react';
import { useLocation } from 'wouter';
import { keys, personChanged, query, useApp } from '../../core/app';
import { people as api, type invite_made, type person, type role } from '../../core/api';
import { openDirect, useMay } from '../../core/directory';
import { useT } from '../../core/i18n';
import { asProblem } from '../../core/problem';
import { Avatar, Confirm, Dialog, IconButton, kit, ProblemNote, Tag, tell, tellProblem } from '../../kit/kit';
import { Refused } from '../talk/Refused';
import { InviteLink } from './AddPerson';
import { Devices } from './Devices';
import s from './people.module.css';

const ROLES: role[] = ['member', 'system_admin', 'security_admin', 'audit_admin'];

export function Person({ id, known, onClose }: { id: string; known: person | undefined; onClose: () => void }) {
  const t = useT(), may = useMay();
  const me = useApp((a) => a.me!.person.id);
  const [, go] = useLocation();
  const [ask, setAsk] = useState<'lock' | 'unlock' | 'role' | 'invite'>();
  const [role, setRole] = useState<role>('member');
  const [made, setMade] = useState<invite_made>();
  const [opening, setOpening] = useState(false);
  const one = useQuery({ queryKey: keys.person(id), queryFn: () => api.person_get(id), initialData: known, initialDataUpdatedAt: 0 });
  const p = one.data, self = id === me;

  const message = async () => {
    setOpening(true);
    try { go(`/c/${(await openDirect(id)).id}`); } catch (e) { tellProblem(t, e); } finally { setOpening(false); }
  };
  const lock = async (on: boolean) => {
    const q = on ? await api.person_lock(id) : await api.person_unlock(id);
    personChanged(q);
    void query.invalidateQueries({ queryKey: keys.people });
    if (on) tell(t('person.was_locked', { name: q.name }), { label: t('undo'), act: () => void lock(false).catch((e: unknown) => tellProblem(t, e)) });
    else tell(t('person.was_unlocked', { name: q.name }));
  };
  const bar = (
    <header className={s.panelHead}>
      <button type="button" className={`${kit.iconBtn} ${s.back}`} onClick={onClose} aria-label={t('back')}><ArrowLeft size={20} /></button>
      <span className={s.closeX}><IconButton label={t('close')} icon={<X size={18} />} onClick={onClose} side="left" /></span>
    </header>
  );
  if (!p) {
    const problem = one.error ? asProblem(one.error) : undefined;
    return <section className={s.panel} aria-label={t('nav.people')}>{bar}{problem && (problem.code === 'denied' || problem.code === 'not_found' || problem.code === 'invalid' ? <Refused problem={problem} what="person" object={id} /> : <div className={s.pad}><ProblemNote error={problem} /></div>)}</section>;
  }
  return (
    <section className={s.panel} aria-label={p.name} data-testid="person-detail" onKeyDown={(e) => { if (e.key === 'Escape') onClose(); }}>
      {bar}
      <div className={s.card}>
        <Avatar id={p.id} name={p.name} size={64} />
        <h1>{p.name}</h1>
        <p>{[p.title, p.department_name].filter(Boolean).join(' · ') || `@${p.login}`}</p>
        <div className={s.tags}>
          {p.role !== 'member' && <Tag tone="pine">{t(`role.${p.role}`)}</Tag>}
          {p.status !== 'active' && <Tag tone={p.status === 'locked' ? 'seal' : 'warn'}>{t(`status.${p.status}`)}</Tag>}
          {self && <Tag>{t('person.you')}</Tag>}
        </div>
        {!self && (p.status === 'active' || p.status === 'invited') && <Button leftSection={<MessageSquareText size={16} />} onClick={() => void message()} loading={opening} data-testid="person-message">{t('person.message')}</Button>}
      </div>
      <dl className={s.facts}><div><dt>{t('signin.login')}</dt><dd className="mono">{p.login}</dd></div><div><dt>{t('people.department')}</dt><dd>{p.department_name || t('people.no_department')}</dd></div><div><dt>{t('person.role')}</dt><dd>{t(`role.${p.role}`)}</dd></div></dl>
      {!self && (may.lock || may.role || may.invite) && (
        <section className={s.admin} aria-label={t('person.admin')}>
          <h2>{t('person.admin')}</h2>
          {may.lock && p.status !== 'locked' && p.status !== 'left' && <Button variant="light" color="seal" leftSection={<LockKeyhole size={16} />} onClick={() => setAsk('lock')} data-testid="person-lock">{t('person.lock')}</Button>}
          {may.lock && p.status === 'locked' && <Button variant="light" leftSection={<LockKeyholeOpen size={16} />} onClick={() => setAsk('unlock')} data-testid="person-unlock">{t('person.unlock')}</Button>}
          {may.invite && p.status !== 'left' && <Button variant="default" leftSection={<Link2 size={16} />} onClick={() => setAsk('invite')} data-testid="person-invite">{t('person.new_link')}</Button>}
          {may.role && <NativeSelect label={t('person.role')} value={p.role} onChange={(e) => { setRole(e.currentTarget.value as role); setAsk('role'); }} data={ROLES.map((r) => ({ value: r, label: t(`role.${r}`) }))} data-testid="person-role" />}
        </section>
      )}
      {(self || may.seeDevices) && <Devices person={id} self={self} />}
      <Confirm open={ask === 'lock'} onClose={() => setAsk(undefined)} title={t('person.lock_title', { name: p.name })} text={t('person.lock_text')} act={() => lock(true)} label={t('person.lock')} danger />
      <Confirm open={ask === 'unlock'} onClose={() => setAsk(undefined)} title={t('person.unlock_title', { name: p.name })} text={t('person.unlock_text')} act={() => lock(false)} label={t('person.unlock')} />
      <Confirm open={ask === 'role'} onClose={() => setAsk(undefined)} title={t('person.role_title', { name: p.name })} text={t('person.role_text', { role: t(`role.${role}`) })} label={t('person.role_do')}
        act={async () => { personChanged(await api.person_role(id, { role })); tell(t('person.role_done', { name: p.name, role: t(`role.${role}`) })); }} />
      <Confirm open={ask === 'invite'} onClose={() => setAsk(undefined)} title={t('person.link_title', { name: p.name })} text={t('person.link_text')} act={async () => setMade(await api.person_invite(id))} label={t('person.new_link')} />
      <Dialog open={!!made} onClose={() => setMade(undefined)} title={t('add.link_title')} closable={false}>
        {made && <InviteLink made={made} />}
        <div className={kit.foot}><Button onClick={() => setMade(undefined)}>{t('add.have_it')}</Button></div>
      </Dialog>
    </section>
  );
}
