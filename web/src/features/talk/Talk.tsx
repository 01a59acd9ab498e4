// SPDX-License-Identifier: Apache-2.0
// Talk: the list of channels and one of them. On a narrow page one at a time.
import { useQuery } from '@tanstack/react-query';
import { MessagesSquare } from 'lucide-react';
import { useEffect, useState } from 'react';
import { Button } from '@mantine/core';
import { useLocation } from 'wouter';
import { keys, listen, loadChannels, useApp } from '../../core/app';
import { chat } from '../../core/api';
import { useT } from '../../core/i18n';
import { asProblem } from '../../core/problem';
import { Empty, ProblemNote } from '../../kit/kit';
import { ChannelList, order } from './ChannelList';
import { ChannelView } from './ChannelView';
import { Refused } from './Refused';
import { Browse, Create, NewDirect, type Which } from './dialogs';
import s from './talk.module.css';

export default function Talk({ channel }: { channel?: string }) {
  const t = useT();
  const [, go] = useLocation();
  const [which, setWhich] = useState<Which>();
  const list = useQuery({ queryKey: keys.channels, queryFn: loadChannels, staleTime: Infinity });
  const known = list.data?.find((c) => c.id === channel);
  const one = useQuery({
    queryKey: keys.channel(channel ?? ''), queryFn: () => chat.channel_get(channel!), enabled: !!channel && list.isSuccess && !known, staleTime: 30_000,
  });
  const open = known ?? one.data;

  useEffect(() => {
    useApp.setState({ open: channel });
    if (channel && open && !open.member) listen(channel);
    return () => useApp.setState({ open: undefined });
  }, [channel, open]);

  useEffect(() => {
    const onKey = (e: KeyboardEvent) => {
      if (!e.altKey || e.ctrlKey || e.metaKey || (e.key !== 'ArrowUp' && e.key !== 'ArrowDown')) return;
      const all = order((list.data ?? []).filter((c) => c.member)), pool = e.shiftKey ? all.filter((c) => c.unread > 0 || c.id === channel) : all;
      if (!pool.length) return;
      e.preventDefault();
      const i = pool.findIndex((c) => c.id === channel), n = pool.length;
      const to = pool[i < 0 ? 0 : (i + (e.key === 'ArrowDown' ? 1 : n - 1)) % n];
      if (to) go(`/c/${to.id}`);
    };
    window.addEventListener('keydown', onKey);
    return () => window.removeEventListener('keydown', onKey);
  }, [list.data, channel, go]);

  const problem = one.error ? asProblem(one.error) : undefined;
  return (
    <main className={s.talk} data-open={!!channel}>
      <ChannelList channels={list.data} error={list.error} open={channel} onDialog={setWhich} />
      <div className={s.main}>
        {!channel ? (
          <Empty icon={<MessagesSquare size={28} />} title={t('talk.empty_title')} text={t('talk.empty_text')}>
            <Button onClick={() => setWhich('direct')}>{t('talk.new_direct')}</Button>
            <Button variant="default" onClick={() => setWhich('browse')}>{t('talk.browse')}</Button>
          </Empty>
        ) : open ? <ChannelView key={open.id} channel={open} />
          : problem?.code === 'denied' || problem?.code === 'not_found' || problem?.code === 'invalid' ? <Refused problem={problem} what="channel" object={channel} />
            : problem ? <div className={s.pad}><ProblemNote error={problem}><Button size="compact-sm" variant="subtle" onClick={() => void one.refetch()}>{t('try_again')}</Button></ProblemNote></div> : null}
      </div>
      <Create open={which === 'create'} onClose={() => setWhich(undefined)} />
      <Browse open={which === 'browse'} onClose={() => setWhich(undefined)} onCreate={() => setWhich('create')} />
      <NewDirect open={which === 'direct'} onClose={() => setWhich(undefined)} />
    </main>
  );
}
