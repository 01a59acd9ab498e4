// SPDX-License-Identifier: Apache-2.0
// The composer. Enter sends, but never while an input method is composing; every keystroke is kept as this channel's draft, and
// what is sent goes through the outbox, which keeps it until the server has it.
import { Tooltip } from '@mantine/core';
import { SendHorizontal } from 'lucide-react';
import { useEffect, useLayoutEffect, useRef, useState, type KeyboardEvent } from 'react';
import { outbox, useApp } from '../../core/app';
import type { channel } from '../../core/api';
import { drafts } from '../../core/drafts';
import { useT } from '../../core/i18n';
import { titleOf } from './ChannelList';
import s from './talk.module.css';

const LIMIT = 8000;

// keyCode 229: what some input methods report for Enter that ends a composition.
export function isComposing(e: { nativeEvent: { isComposing?: boolean }; keyCode: number }): boolean {
  return e.nativeEvent.isComposing === true || e.keyCode === 229;
}

export function Composer({ channel: c }: { channel: channel }) {
  const t = useT();
  const me = useApp((a) => a.me!.person.id), back = useApp((a) => a.draftBack);
  const [text, setText] = useState(() => drafts.get(me, c.id));
  const area = useRef<HTMLTextAreaElement>(null);
  const length = text.length > LIMIT - 500 ? [...text].length : text.length, over = length > LIMIT;

  useEffect(() => { if (matchMedia('(min-width: 760px)').matches) area.current?.focus({ preventScroll: true }); }, [c.id]);
  useEffect(() => { if (back?.channel === c.id) { setText(drafts.get(me, c.id)); area.current?.focus(); } }, [back, c.id, me]);
  useEffect(() => () => useApp.setState((a) => ({ draftTick: a.draftTick + 1 })), [c.id]);
  useLayoutEffect(() => {
    const a = area.current;
    if (!a || CSS.supports('field-sizing', 'content')) return;
    a.style.height = 'auto';
    a.style.height = `${Math.min(a.scrollHeight, 260)}px`;
  }, [text]);

  const change = (next: string) => { setText(next); drafts.set(me, c.id, next); };
  const send = () => {
    const words = text.replace(/\s+$/, '').replace(/^\n+/, '');
    if (!words.trim() || over) return;
    // The words enter the outbox before the field is emptied: there is no moment in which nothing holds them.
    void outbox.add(c.id, words).then(() => useApp.setState((a) => ({ sentTick: a.sentTick + 1 })));
    change('');
    area.current?.focus();
  };
  const onKey = (e: KeyboardEvent<HTMLTextAreaElement>) => {
    if (e.key !== 'Enter' || e.shiftKey || e.altKey || isComposing(e)) return;
    e.preventDefault();
    send();
  };
  const label = c.kind === 'direct' ? t('talk.write_to', { name: titleOf(c) }) : t('talk.write_in', { name: titleOf(c) });
  return (
    <div className={s.composerWrap}>
      <div className={s.composer} data-over={over || undefined}>
        <textarea ref={area} value={text} onChange={(e) => change(e.target.value)} onKeyDown={onKey} rows={1} placeholder={label} aria-label={label} aria-describedby="composer-hint" aria-invalid={over || undefined} data-testid="composer" enterKeyHint="send" />
        <Tooltip label={t('talk.send')} openDelay={500}>
          <button type="button" className={s.send} onClick={send} disabled={!text.trim() || over} aria-label={t('talk.send')} data-testid="composer-send"><SendHorizontal size={18} /></button>
        </Tooltip>
      </div>
      <p className={s.hint} id="composer-hint">{over ? <span className={s.over} role="alert">{t('talk.too_long', { n: length, limit: LIMIT })}</span> : t('talk.hint')}</p>
    </div>
  );
}
