// SPDX-License-Identifier: Apache-2.0
// Making, finding and joining channels; opening a direct message; inviting.
import { Button, SegmentedControl, Skeleton, TextInput } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { useInfiniteQuery, useQuery } from '@tanstack/react-query';
import { Hash, Search, UserRound } from 'lucide-react';
import { useEffect, useState, type FormEvent } from 'react';
import { useLocation } from 'wouter';
import { addChannel, keys, query, useApp } from '../../core/app';
import { chat, type channel, type channel_member, type person } from '../../core/api';
import { openDirect, usePeople } from '../../core/directory';
import { useT } from '../../core/i18n';
import { asProblem, type Problem } from '../../core/problem';
import { matches } from '../../core/search';
import { Avatar, Dialog, Empty, fieldText, kit, Note, ProblemNote, Tag, tell, unsaid } from '../../kit/kit';
import { ChannelIcon } from './ChannelList';
import s from './talk.module.css';

export type Which = 'create' | 'browse' | 'direct' | undefined;

export function Create({ open, onClose }: { open: boolean; onClose: () => void }) {
  const t = useT();
  const [, go] = useLocation();
  const [kind, setKind] = useState<'public' | 'private'>('public');
  const [name, setName] = useState('');
  const [topic, setTopic] = useState('');
  const [problem, setProblem] = useState<Problem>();
  const [missing, setMissing] = useState(false);
  const [busy, setBusy] = useState(false);
  useEffect(() => { if (open) { setName(''); setTopic(''); setKind('public'); setProblem(undefined); setMissing(false); } }, [open]);
  const submit = async (e: FormEvent) => {
    e.preventDefault();
    if (!name.trim()) return setMissing(true);
    setBusy(true);
    setProblem(undefined);
    try {
      const c = await chat.channel_create({ kind, name: name.trim(), topic: topic.trim() });
      addChannel(c);
      onClose();
      go(`/c/${c.id}`);
    } catch (err) { setProblem(asProblem(err)); } finally { setBusy(false); }
  };
  return (
    <Dialog open={open} onClose={onClose} title={t('create.title')}>
      <form onSubmit={(e) => void submit(e)} className={kit.stack}>
        <SegmentedControl value={kind} onChange={(v) => setKind(v as 'public' | 'private')} data={[{ value: 'public', label: t('create.public') }, { value: 'private', label: t('create.private') }]} aria-label={t('create.kind')} data-testid="create-kind" />
        <p className={s.dim}>{kind === 'public' ? t('create.public_text') : t('create.private_text')}</p>
        <TextInput label={t('create.name')} value={name} onChange={(e) => { setName(e.currentTarget.value); setMissing(false); }} maxLength={80} data-autofocus data-testid="create-name"
          error={missing ? t('create.name_missing') : problem?.code === 'name_taken' ? t('error.name_taken') : fieldText(t, problem, 'name')} />
        <TextInput label={t('create.topic')} description={t('create.topic_hint')} value={topic} onChange={(e) => setTopic(e.currentTarget.value)} maxLength={250} error={fieldText(t, problem, 'topic')} data-testid="create-topic" />
        {problem?.code !== 'name_taken' && unsaid(problem, ['name', 'topic']) && <ProblemNote error={problem} />}
        <div className={kit.foot}><Button variant="default" onClick={onClose}>{t('cancel')}</Button><Button type="submit" loading={busy} data-testid="create-submit">{t('create.do')}</Button></div>
      </form>
    </Dialog>
  );
}

export function Browse({ open, onClose, onCreate }: { open: boolean; onClose: () => void; onCreate: () => void }) {
  const t = useT();
  const [, go] = useLocation();
  const [q, setQ] = useState('');
  const [late] = useDebouncedValue(q.trim(), 250);
  const [joining, setJoining] = useState('');
  const [problem, setProblem] = useState<unknown>();
  const found = useInfiniteQuery({
    queryKey: ['browse', late], enabled: open, initialPageParam: undefined as string | undefined, staleTime: 5000,
    queryFn: ({ pageParam }) => chat.channels_browse({ limit: 50, ...(late ? { q: late } : {}), ...(pageParam ? { after: pageParam } : {}) }),
    getNextPageParam: (last) => last.next ?? undefined,
  });
  const rows = (found.data?.pages ?? []).flatMap((p) => p.items).filter((c) => c.kind !== 'direct');
  const see = (c: channel) => { onClose(); go(`/c/${c.id}`); };
  const join = async (c: channel) => {
    setJoining(c.id);
    setProblem(undefined);
    try { addChannel(await chat.channel_join(c.id)); void query.invalidateQueries({ queryKey: ['browse'] }); see(c); } catch (e) { setProblem(e); } finally { setJoining(''); }
  };
  return (
    <Dialog open={open} onClose={onClose} title={t('browse.title')} size="lg">
      <div className={kit.stack}>
        <TextInput leftSection={<Search size={15} />} placeholder={t('browse.search')} aria-label={t('browse.search')} value={q} onChange={(e) => setQ(e.currentTarget.value)} data-autofocus data-testid="browse-search" />
        <ProblemNote error={problem ?? found.error} />
        <ul className={s.pick} data-testid="browse-list">
          {rows.map((c) => (
            <li key={c.id} className={s.browseRow}>
              <ChannelIcon c={c} />
              <div className={s.pickText}><strong>{c.name}</strong><small>{[t('talk.members_n', { n: c.members }), c.topic].filter(Boolean).join(' · ')}</small></div>
              {c.member && <Tag tone="pine">{t('browse.in')}</Tag>}
              <Button size="compact-md" variant="default" onClick={() => see(c)}>{t('browse.see')}</Button>
              {!c.member && <Button size="compact-md" loading={joining === c.id} onClick={() => void join(c)} data-testid="browse-join">{t('talk.join')}</Button>}
            </li>
          ))}
          {found.isPending && [0, 1, 2].map((i) => <li key={i} className={s.browseRow}><Skeleton height={36} /></li>)}
        </ul>
        {found.isSuccess && rows.length === 0 && <Empty icon={<Hash size={26} />} title={t('browse.none')} text={t('browse.none_text')}><Button onClick={onCreate}>{t('talk.new_channel')}</Button></Empty>}
        {found.hasNextPage && <Button variant="default" loading={found.isFetchingNextPage} onClick={() => void found.fetchNextPage()}>{t('more')}</Button>}
      </div>
    </Dialog>
  );
}

// A field and the people it finds; Enter takes the first, arrows walk.
function PersonPicker({ skip, onPick, busy, taken, takenLabel }: { skip?: Set<string>; onPick: (p: person) => void; busy: string; taken?: Set<string>; takenLabel?: string }) {
  const t = useT();
  const me = useApp((a) => a.me?.person.id);
  const [q, setQ] = useState('');
  const people = usePeople();
  const rows = (people.data ?? []).filter((p) => p.id !== me && !skip?.has(p.id) && (p.status === 'active' || p.status === 'invited') && matches(q, p.name, p.login, p.department_name, p.title)).slice(0, 40);
  return (
    <div className={kit.stack} onKeyDown={(e) => {
      if (e.key !== 'ArrowDown' && e.key !== 'ArrowUp') return;
      const all = [...e.currentTarget.querySelectorAll<HTMLElement>('input,button:not([disabled])')], i = all.indexOf(document.activeElement as HTMLElement);
      const to = all[i + (e.key === 'ArrowDown' ? 1 : -1)];
      if (to) { e.preventDefault(); to.focus(); }
    }}>
      <TextInput leftSection={<Search size={15} />} placeholder={t('pick.search')} aria-label={t('pick.search')} value={q} onChange={(e) => setQ(e.currentTarget.value)} data-autofocus data-testid="pick-search"
        onKeyDown={(e) => { const p = rows.find((x) => !taken?.has(x.id)); if (e.key === 'Enter' && !e.nativeEvent.isComposing && p) { e.preventDefault(); onPick(p); } }} />
      <ProblemNote error={people.error} />
      <ul className={s.pick}>
        {rows.map((p) => (
          <li key={p.id}>
            <button type="button" className={s.pickRow} onClick={() => onPick(p)} disabled={taken?.has(p.id) || busy === p.id} data-testid="pick-row">
              <Avatar id={p.id} name={p.name} /><span className={s.pickText}><strong>{p.name}</strong><small>{[p.title, p.department_name].filter(Boolean).join(' · ')}</small></span>
              {taken?.has(p.id) ? <Tag>{takenLabel}</Tag> : p.status === 'invited' && <Tag tone="warn">{t('status.invited')}</Tag>}
            </button>
          </li>
        ))}
        {people.isPending && [0, 1, 2, 3].map((i) => <li key={i} className={s.browseRow}><Skeleton height={36} /></li>)}
      </ul>
      {people.isSuccess && rows.length === 0 && <Empty icon={<UserRound size={26} />} title={t('pick.none', { q })} text={t('pick.none_text')} />}
    </div>
  );
}

export function NewDirect({ open, onClose }: { open: boolean; onClose: () => void }) {
  const t = useT();
  const [, go] = useLocation();
  const [busy, setBusy] = useState('');
  const [problem, setProblem] = useState<unknown>();
  const pick = async (p: person) => {
    setBusy(p.id);
    setProblem(undefined);
    try { const c = await openDirect(p.id); onClose(); go(`/c/${c.id}`); } catch (e) { setProblem(e); } finally { setBusy(''); }
  };
  return (
    <Dialog open={open} onClose={onClose} title={t('talk.new_direct')}>
      <ProblemNote error={problem} />
      <PersonPicker onPick={(p) => void pick(p)} busy={busy} />
    </Dialog>
  );
}

export function InviteToChannel({ channel: c, open, onClose }: { channel: channel; open: boolean; onClose: () => void }) {
  const t = useT();
  const [busy, setBusy] = useState('');
  const [problem, setProblem] = useState<unknown>();
  const members = useQuery({ queryKey: keys.members(c.id), queryFn: () => chat.channel_members(c.id), enabled: open });
  const pick = async (p: person) => {
    setBusy(p.id);
    setProblem(undefined);
    try {
      const m = await chat.channel_invite(c.id, { person: p.id });
      query.setQueryData<channel_member[]>(keys.members(c.id), (all) => [...(all ?? []).filter((x) => x.person !== m.person), m]);
      void query.invalidateQueries({ queryKey: keys.channels });
      tell(t('invite_to.done', { name: p.name }));
    } catch (e) { setProblem(e); } finally { setBusy(''); }
  };
  return (
    <Dialog open={open} onClose={onClose} title={t('invite_to.title', { name: c.name })}>
      <div className={kit.stack}>
        {c.kind === 'private' && <Note>{t('invite_to.private')}</Note>}
        <ProblemNote error={problem} />
        <PersonPicker onPick={(p) => void pick(p)} busy={busy} taken={new Set((members.data ?? []).map((m) => m.person))} takenLabel={t('invite_to.already')} />
      </div>
    </Dialog>
  );
}
