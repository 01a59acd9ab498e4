// SPDX-License-Identifier: Apache-2.0
// The messages of one channel, virtualised both ways: days, authors grouped, the line where the unread begins (fixed when the channel
// was opened), a way down when new ones come while one reads above. Reading to the end marks as read, on every tab.
import { Button } from '@mantine/core';
import { ArrowDown, Clock3, CloudOff, MessageCircle, RotateCw, X } from 'lucide-react';
import { Fragment, useCallback, useEffect, useLayoutEffect, useMemo, useRef, useState } from 'react';
import { Virtualizer, type VirtualizerHandle } from 'virtua';
import { loadNewer, loadNewest, loadOlder, markRead, outbox, useApp } from '../../core/app';
import type { channel, message } from '../../core/api';
import { drafts } from '../../core/drafts';
import { useLang } from '../../core/i18n';
import { Problem } from '../../core/problem';
import type { Unsent } from '../../core/outbox';
import { emptyRoom } from '../../core/room';
import { clockText, dayText, fullText } from '../../core/when';
import { Avatar, Empty, problemText, tell, tellProblem } from '../../kit/kit';
import { linesOf } from './lines';
import s from './talk.module.css';

const LINK = /https?:\/\/[^\s<>"'，。；！？、）】》」』]+/g;

// Addresses in a text become links; nothing else is interpreted.
export function Linked({ text }: { text: string }) {
  const parts: (string | { url: string })[] = [];
  let from = 0;
  for (const m of text.matchAll(LINK)) {
    const url = m[0].replace(/[.,;:!?)\]]+$/, '');
    parts.push(text.slice(from, m.index), { url });
    from = m.index + url.length;
  }
  parts.push(text.slice(from));
  return <>{parts.map((p, i) => (typeof p === 'string' ? <Fragment key={i}>{p}</Fragment> : <a key={i} href={p.url} target="_blank" rel="noopener noreferrer nofollow">{p.url}</a>))}</>;
}

function MessageRow({ m, first, mine }: { m: message; first: boolean; mine: boolean }) {
  const { lang } = useLang();
  return (
    <article className={s.msg} data-first={first || undefined} data-testid="message-row" data-seq={m.seq} data-client-id={m.client_id} data-state="sent">
      <div className={s.gutter}>{first ? <Avatar id={m.author} name={m.author_name} /> : <time className={s.hoverTime} dateTime={m.at}>{clockText(lang, m.at)}</time>}</div>
      <div className={s.msgBody}>
        {first && <header><strong data-mine={mine || undefined}>{m.author_name}</strong><time dateTime={m.at} title={fullText(lang, m.at)}>{clockText(lang, m.at)}</time></header>}
        {!first && <span className="sr">{m.author_name}</span>}
        <p className={s.text} data-testid="message-text"><Linked text={m.text} /></p>
      </div>
    </article>
  );
}

function UnsentRow({ u, first, channel: c }: { u: Unsent; first: boolean; channel: channel }) {
  const { t, lang } = useLang();
  const me = useApp((a) => a.me!.person), live = useApp((a) => a.live);
  const [slow, setSlow] = useState(false);
  useEffect(() => {
    const timer = setTimeout(() => setSlow(true), 1200);
    return () => clearTimeout(timer);
  }, [u.id]);
  const failed = u.state === 'failed', waiting = !failed && live !== 'open';
  const discard = async () => {
    const was = await outbox.discard(u.id);
    if (was) tell(t('talk.discarded'), { label: t('undo'), act: () => {
      const rest = drafts.get(me.id, c.id);
      drafts.set(me.id, c.id, rest ? `${was.text}\n${rest}` : was.text);
      useApp.setState((a) => ({ draftTick: a.draftTick + 1, draftBack: { channel: c.id, tick: a.draftTick } }));
    } });
  };
  return (
    <article className={s.msg} data-first={first || undefined} data-pending={!failed || undefined} data-testid="message-row" data-client-id={u.id} data-state={failed ? 'failed' : waiting ? 'waiting' : 'sending'}>
      <div className={s.gutter}>{first && <Avatar id={me.id} name={me.name} />}</div>
      <div className={s.msgBody}>
        {first && <header><strong data-mine>{me.name}</strong><time>{clockText(lang, u.at)}</time></header>}
        <p className={s.text} data-testid="message-text"><Linked text={u.text} /></p>
        {failed ? (
          <div className={s.failed} role="alert">
            <span>{t('talk.failed')} {u.problem ? (u.problem.code as string) === 'stale' ? t('talk.stale') : problemText(t, new Problem(u.problem.code as never, 0, u.problem)) : ''}</span>
            <Button size="compact-sm" variant="light" leftSection={<RotateCw size={13} />} onClick={() => void outbox.retry(u.id)} data-testid="message-retry">{t('try_again')}</Button>
            <Button size="compact-sm" variant="subtle" color="seal" leftSection={<X size={13} />} onClick={() => void discard()} data-testid="message-discard">{t('talk.discard')}</Button>
          </div>
        ) : (slow || waiting) && <div className={s.sending}>{waiting ? <CloudOff size={13} /> : <Clock3 size={13} />}{waiting ? t('talk.waits') : t('talk.sending')}</div>}
      </div>
    </article>
  );
}

export function MessageList({ channel: c, loaded }: { channel: channel; loaded: boolean }) {
  const { t, lang } = useLang();
  const me = useApp((a) => a.me!.person.id), r = useApp((a) => a.rooms[c.id]) ?? emptyRoom;
  const all = useApp((a) => a.unsent), unsent = useMemo(() => all.filter((u) => u.channel === c.id), [all, c.id]);
  const [unreadAfter] = useState(() => (c.unread > 0 ? c.read_seq : undefined));
  const [below, setBelow] = useState(0);
  const [atEnd, setAtEnd] = useState(true);
  const [announce, setAnnounce] = useState('');
  const scroller = useRef<HTMLDivElement>(null), content = useRef<HTMLDivElement>(null), v = useRef<VirtualizerHandle>(null);
  const stick = useRef(true), placed = useRef(false), prepend = useRef(false), firstSeq = useRef<number | undefined>(undefined);
  const lines = useMemo(() => {
    const all = linesOf(r.items, r.newer ? [] : unsent, unreadAfter, me);
    return loaded && !r.older && all.length ? [{ kind: 'begin', key: 'begin' } as const, ...all] : all;
  }, [loaded, r.items, r.older, r.newer, unsent, unreadAfter, me]);

  const empty = loaded && !lines.length;

  // Older messages are put in front: the view must not move.
  const first = r.items[0]?.seq;
  prepend.current = firstSeq.current !== undefined && first !== undefined && first < firstSeq.current;
  useLayoutEffect(() => { firstSeq.current = first; prepend.current = false; });

  const last = r.items.at(-1)?.seq ?? 0;
  const seen = useCallback(() => {
    if (!c.member || r.newer || document.visibilityState !== 'visible' || !document.hasFocus()) return;
    if (stick.current) markRead(c.id, last);
  }, [c.id, c.member, r.newer, last]);

  useLayoutEffect(() => {
    if (!loaded || !lines.length || !v.current) return;
    if (!placed.current) {
      placed.current = true;
      const line = lines.findIndex((l) => l.kind === 'unread');
      if (line > 0) {
        v.current.scrollToIndex(line, { align: 'start', offset: -60 });
        requestAnimationFrame(() => v.current && onScroll(v.current.scrollOffset));
      } else v.current.scrollToIndex(lines.length - 1, { align: 'end' });
      return;
    }
    if (stick.current && scroller.current) scroller.current.scrollTop = scroller.current.scrollHeight;
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [loaded, lines]);

  useEffect(() => { seen(); }, [seen, lines]);
  useEffect(() => {
    const look = () => seen();
    window.addEventListener('focus', look);
    document.addEventListener('visibilitychange', look);
    return () => { window.removeEventListener('focus', look); document.removeEventListener('visibilitychange', look); };
  }, [seen]);

  // New ones that came while reading above; and aloud for those who listen.
  const arrived = useApp((a) => a.arrived);
  useEffect(() => {
    if (!arrived || arrived.channel !== c.id) return;
    setAnnounce(`${arrived.message.author_name}: ${arrived.message.text.slice(0, 200)}`);
    if (!stick.current) setBelow((n) => n + 1);
  }, [arrived, c.id]);

  // The box changes height (keyboard, composer), or rows turn out higher than thought: stay at the end.
  useEffect(() => {
    const box = scroller.current;
    if (!box) return;
    const o = new ResizeObserver(() => { if (stick.current && placed.current) box.scrollTop = box.scrollHeight; });
    o.observe(box);
    if (content.current) o.observe(content.current);
    return () => o.disconnect();
  }, [empty]);

  const onScroll = (offset: number) => {
    const h = v.current;
    if (!h || !placed.current) return;
    const end = h.scrollSize - offset - h.viewportSize < 40;
    stick.current = end;
    setAtEnd(end);
    if (end) { setBelow(0); seen(); }
    if (offset < 400 && r.older) void loadOlder(c.id).catch((e: unknown) => tellProblem(t, e));
    if (r.newer && h.scrollSize - offset - h.viewportSize < 400) void loadNewer(c.id).catch((e: unknown) => tellProblem(t, e));
  };
  const toEnd = useCallback(async () => {
    stick.current = true;
    if (useApp.getState().rooms[c.id]?.newer) await loadNewest(c.id).catch((e: unknown) => tellProblem(t, e));
    const n = scroller.current;
    requestAnimationFrame(() => { if (n) n.scrollTop = n.scrollHeight; });
  }, [c.id, t]);

  const sentTick = useApp((a) => a.sentTick);
  useEffect(() => { if (sentTick) void toEnd(); }, [sentTick, toEnd]);
  useEffect(() => {
    const onKey = (e: KeyboardEvent) => { if (e.altKey && e.key === 'End') { e.preventDefault(); void toEnd(); } };
    window.addEventListener('keydown', onKey);
    return () => window.removeEventListener('keydown', onKey);
  }, [toEnd]);

  return (
    <div className={s.messages}>
      <div className={s.scroller} ref={scroller} tabIndex={0} role="log" aria-live="off" aria-label={t('talk.messages')} aria-busy={!loaded} data-testid="messages">
        {empty ? (
          <Empty icon={<MessageCircle size={28} />} title={c.kind === 'direct' ? t('talk.first_direct', { name: c.other_name }) : t('talk.first_channel', { name: c.name })} text={c.kind === 'direct' ? t('talk.first_direct_text') : t('talk.first_channel_text')} />
        ) : (
          <>
            <div className={s.spacer} />
            <div ref={content}>
            <Virtualizer ref={v} scrollRef={scroller} shift={prepend.current} onScroll={onScroll} bufferSize={600}>
              {lines.map((l) => (
                <div key={l.key}>
                  {l.kind === 'begin' ? <p className={s.begin}>{t('talk.begin')}</p>
                    : l.kind === 'day' ? <div className={s.day} role="separator"><span>{dayText(lang, l.at)}</span></div>
                    : l.kind === 'unread' ? <div className={s.unreadLine} role="separator" data-testid="unread-line"><span>{t('talk.unread_line')}</span></div>
                      : l.kind === 'message' ? <MessageRow m={l.m} first={l.first} mine={l.m.author === me} /> : <UnsentRow u={l.u} first={l.first} channel={c} />}
                </div>
              ))}
            </Virtualizer>
            </div>
            <div className={s.endPad} />
          </>
        )}
      </div>
      {(!atEnd || r.newer) && !empty && (
        <button type="button" className={s.pill} data-new={below > 0 || undefined} onClick={() => void toEnd()} data-testid="to-latest">
          <ArrowDown size={15} aria-hidden="true" />{below > 0 ? t('talk.n_new', { n: below }) : t('talk.to_latest')}
        </button>
      )}
      <div className="sr" aria-live="polite">{announce}</div>
    </div>
  );
}
