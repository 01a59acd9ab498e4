// SPDX-License-Identifier: Apache-2.0
// Who is in the channel.
import { Button, Skeleton } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { UserRoundPlus, X } from 'lucide-react';
import { Link } from 'wouter';
import { keys } from '../../core/app';
import { chat, type channel } from '../../core/api';
import { useT } from '../../core/i18n';
import { Avatar, IconButton, ProblemNote, Tag } from '../../kit/kit';
import s from './talk.module.css';

export function Members({ channel: c, onClose, onInvite }: { channel: channel; onClose: () => void; onInvite: () => void }) {
  const t = useT();
  const q = useQuery({ queryKey: keys.members(c.id), queryFn: () => chat.channel_members(c.id) });
  const all = [...(q.data ?? [])].sort((a, b) => Number(b.owner) - Number(a.owner) || a.name.localeCompare(b.name));
  return (
    <section className={s.members} aria-label={t('talk.members')} data-testid="members">
      <header><h2>{t('talk.members_n', { n: q.data?.length ?? c.members })}</h2><IconButton label={t('close')} icon={<X size={17} />} onClick={onClose} /></header>
      {c.member && <Button variant="light" size="sm" leftSection={<UserRoundPlus size={16} />} onClick={onInvite} data-testid="members-invite">{t('talk.invite')}</Button>}
      <ProblemNote error={q.error} />
      {q.isPending && <div aria-busy="true"><Skeleton height={28} mb={8} /><Skeleton height={28} mb={8} /><Skeleton height={28} /></div>}
      <ul>
        {all.map((m) => (
          <li key={m.person}><Link href={`/people/${m.person}`} className={s.member}><Avatar id={m.person} name={m.name} size={28} /><span>{m.name}</span>{m.owner && <Tag>{t('talk.owner')}</Tag>}</Link></li>
        ))}
      </ul>
    </section>
  );
}
