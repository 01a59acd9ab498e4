// SPDX-License-Identifier: Apache-2.0
// One channel: its head, its messages, the composer, and beside them its members.
import { Button, Menu } from '@mantine/core';
import { ArrowLeft, EllipsisVertical, Link2, LogOut, UserRoundPlus, UsersRound } from 'lucide-react';
import { useEffect, useState } from 'react';
import { useLocation } from 'wouter';
import { addChannel, dropChannel, openRoom, useApp } from '../../core/app';
import { chat, type channel } from '../../core/api';
import { useT } from '../../core/i18n';
import { asProblem, type Problem } from '../../core/problem';
import { Confirm, copyText, IconButton, kit, ProblemNote, Tag, tell, tellProblem } from '../../kit/kit';
import { ChannelIcon, titleOf } from './ChannelList';
import { Composer } from './Composer';
import { InviteToChannel } from './dialogs';
import { Members } from './Members';
import { MessageList } from './MessageList';
import { Refused } from './Refused';
import s from './talk.module.css';

export function ChannelView({ channel: c }: { channel: channel }) {
  const t = useT();
  const [, go] = useLocation();
  const [members, setMembers] = useState(false);
  const [invite, setInvite] = useState(false);
  const [leaving, setLeaving] = useState(false);
  const [joining, setJoining] = useState(false);
  const [problem, setProblem] = useState<Problem>();
  const [tries, setTries] = useState(0);
  const loaded = useApp((a) => a.rooms[c.id]?.loaded ?? false);

  useEffect(() => {
    let alive = true;
    setProblem(undefined);
    openRoom(c).catch((e: unknown) => { if (alive) setProblem(asProblem(e)); });
    return () => { alive = false; };
    // The channel's counters change all the time; its room is opened once.
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [c.id, tries]);

  const join = async () => {
    setJoining(true);
    try { addChannel(await chat.channel_join(c.id)); } catch (e) { tellProblem(t, e); } finally { setJoining(false); }
  };
  const leave = async () => {
    await chat.channel_leave(c.id);
    dropChannel(c.id);
    go('/talk');
    tell(t('talk.left', { name: titleOf(c) }), c.kind === 'public' ? { label: t('undo'), act: () => void chat.channel_join(c.id).then((j) => { addChannel(j); go(`/c/${c.id}`); }, (e: unknown) => tellProblem(t, e)) } : undefined);
  };
  if (problem?.code === 'denied') return <Refused problem={problem} what="channel" object={c.id} />;
  return (
    <div className={s.chan} data-members={members || undefined}>
      <header className={s.head}>
        <button type="button" className={`${kit.iconBtn} ${s.back}`} onClick={() => go('/talk')} aria-label={t('back')} data-testid="back"><ArrowLeft size={20} /></button>
        <ChannelIcon c={c} />
        <div className={s.headText}>
          <h1 data-testid="channel-title">{titleOf(c)}</h1>
          <p>{c.kind === 'direct' ? t('talk.direct_sub') : c.topic || (c.kind === 'private' ? t('talk.private_sub') : t('talk.public_sub'))}</p>
        </div>
        {c.label !== 'internal' && c.label !== 'public' && <Tag tone="warn">{t.any(`label.${c.label}`) ?? c.label}</Tag>}
        {c.kind !== 'direct' && (
          <>
            <button type="button" className={s.count} aria-pressed={members} onClick={() => setMembers(!members)} aria-label={t('talk.members_n', { n: c.members })} data-testid="members-toggle"><UsersRound size={17} /><span className="num">{c.members}</span></button>
            {c.member && <IconButton label={t('talk.invite')} icon={<UserRoundPlus size={18} />} onClick={() => setInvite(true)} testid="channel-invite" />}
          </>
        )}
        <Menu position="bottom-end" width={210}>
          <Menu.Target><button type="button" className={kit.iconBtn} aria-label={t('talk.more')} data-testid="channel-menu"><EllipsisVertical size={18} /></button></Menu.Target>
          <Menu.Dropdown>
            <Menu.Item leftSection={<Link2 size={16} />} onClick={() => void copyText(`${location.origin}/c/${c.id}`).then((ok) => tell(ok ? t('talk.link_copied') : `${location.origin}/c/${c.id}`))}>{t('talk.copy_link')}</Menu.Item>
            {c.kind !== 'direct' && c.member && <Menu.Item color="seal" leftSection={<LogOut size={16} />} onClick={() => setLeaving(true)} data-testid="channel-leave">{t('talk.leave')}</Menu.Item>}
          </Menu.Dropdown>
        </Menu>
      </header>
      <div className={s.talkCol}>
        {problem ? <div className={s.pad}><ProblemNote error={problem}><Button size="compact-sm" variant="subtle" onClick={() => setTries(tries + 1)}>{t('try_again')}</Button></ProblemNote></div> : <MessageList channel={c} loaded={loaded} />}
        {c.member ? <Composer channel={c} /> : (
          <div className={s.guest} data-testid="guest-bar">
            <p>{t('talk.guest')}</p>
            <Button onClick={() => void join()} loading={joining} data-testid="channel-join">{t('talk.join')}</Button>
          </div>
        )}
      </div>
      {members && <Members channel={c} onClose={() => setMembers(false)} onInvite={() => setInvite(true)} />}
      <InviteToChannel channel={c} open={invite} onClose={() => setInvite(false)} />
      <Confirm open={leaving} onClose={() => setLeaving(false)} title={t('talk.leave_title', { name: titleOf(c) })} text={c.kind === 'private' ? t('talk.leave_private') : t('talk.leave_public')} act={leave} label={t('talk.leave')} danger />
    </div>
  );
}
