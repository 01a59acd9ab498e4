// SPDX-License-Identifier: Apache-2.0
// Small parts that every feature uses: avatar, empty state, notes, dialogs, keys, tags, copying.
import { Button, Modal, Tooltip } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { Check, CircleAlert, CircleCheck, Copy, Info, TriangleAlert } from 'lucide-react';
import { useEffect, useState, type ReactNode } from 'react';
import { useT, type T } from '../core/i18n';
import { asProblem, type Problem } from '../core/problem';
import s from './kit.module.css';

export const kit = s;

function hash(text: string): number {
  let h = 2166136261;
  for (let i = 0; i < text.length; i++) h = Math.imul(h ^ text.charCodeAt(i), 16777619);
  return h >>> 0;
}

// A Chinese name is known by its given name, a Latin one by its initials.
export function initials(name: string): string {
  const n = name.trim();
  if (/\p{Script=Han}/u.test(n)) {
    const han = [...n].filter((c) => /\p{Script=Han}/u.test(c));
    return han.slice(han.length > 2 ? -2 : -1).join('');
  }
  const words = n.split(/[\s.·-]+/).filter(Boolean);
  return ((words[0]?.[0] ?? '?') + (words.length > 1 ? (words.at(-1)?.[0] ?? '') : '')).toUpperCase();
}

export function Avatar({ id, name, size = 36 }: { id: string; name: string; size?: 20 | 28 | 36 | 64 }) {
  return <span className={`${s.avatar} ${s[`s${size}`]} ${s[`h${hash(id) % 8}`]}`} aria-hidden="true">{initials(name)}</span>;
}

export function Empty({ icon, title, text, children }: { icon: ReactNode; title: string; text: string; children?: ReactNode }) {
  return (
    <div className={s.empty}>
      <span className={s.emptyIcon} aria-hidden="true">{icon}</span>
      <h2>{title}</h2>
      <p>{text}</p>
      {children && <div className={s.emptyActions}>{children}</div>}
    </div>
  );
}

export type Tone = 'plain' | 'bad' | 'warn' | 'good';
const NOTE_ICONS = { plain: Info, bad: CircleAlert, warn: TriangleAlert, good: CircleCheck };

export function Note({ tone = 'plain', children, ...rest }: { tone?: Tone; children: ReactNode; 'data-testid'?: string }) {
  const Icon = NOTE_ICONS[tone];
  return (
    <div className={`${s.note} ${tone === 'plain' ? '' : s[tone]}`} role={tone === 'bad' ? 'alert' : 'status'} {...rest}>
      <Icon size={16} aria-hidden="true" /><div>{children}</div>
    </div>
  );
}

export function problemText(t: T, p: Problem): string {
  if (p.code === 'rate' && p.retryAfter) return t('error.rate_in', { n: p.retryAfter });
  if (p.code === 'denied' && p.rules[0]) return t.any(`rule.${p.rules[0]}`) ?? t('rule.unknown', { id: p.rules[0] });
  return t.any(`error.${p.code}`) ?? t('error.unknown');
}

export function fieldText(t: T, p: Problem | undefined, field: string): string | undefined {
  const f = p?.fields.find((x) => x.field === field || x.field.endsWith(`.${field}`));
  return f && (t.any(`field.${f.what}`, { limit: f.limit ?? '' }) ?? t('field.bad'));
}

// Whether a problem still has to be said, beside what the named fields already show.
export function unsaid(p: Problem | undefined, fields: string[]): boolean {
  return !!p && !p.fields.some((f) => fields.some((name) => f.field === name || f.field.endsWith(`.${name}`)));
}

export function ProblemNote({ error, children }: { error: unknown; children?: ReactNode }) {
  const t = useT();
  if (!error) return null;
  const p = asProblem(error);
  const advice = p.advice && t.any(`advice.${p.advice}`);
  return (
    <Note tone={p.passing ? 'warn' : 'bad'} data-testid="problem">
      {problemText(t, p)}{advice && <> {advice}</>}
      {p.id && <span className={s.noteId}>{t('error.id')} <span className="mono">{p.id}</span></span>}
      {children}
    </Note>
  );
}

// Says what went wrong without taking the page away.
export function tellProblem(t: T, error: unknown) {
  const p = asProblem(error);
  const advice = p.advice && t.any(`advice.${p.advice}`);
  notifications.show({ color: 'seal', title: t('error.title'), message: [problemText(t, p), advice].filter(Boolean).join(' '), autoClose: 8000 });
}

export function tell(message: string, undo?: { label: string; act: () => void }) {
  const id = crypto.randomUUID();
  notifications.show({
    id, color: 'pine', autoClose: undo ? 9000 : 4000,
    message: undo ? (
      <span className={s.toast}>{message} <Button size="compact-sm" variant="subtle" onClick={() => { notifications.hide(id); undo.act(); }}>{undo.label}</Button></span>
    ) : message,
  });
}

export function Kbd({ children }: { children: ReactNode }) { return <kbd className={s.kbd}>{children}</kbd>; }

export function Tag({ tone, children }: { tone?: 'pine' | 'seal' | 'warn'; children: ReactNode }) {
  return <span className={`${s.tag} ${tone ? s[`tag${tone}`] : ''}`}>{children}</span>;
}

interface IconButtonProps { label: string; icon: ReactNode; onClick?: () => void; pressed?: boolean; testid?: string; keys?: string; side?: 'bottom' | 'right' | 'left' }
export function IconButton({ label, icon, onClick, pressed, testid, keys, side = 'bottom' }: IconButtonProps) {
  return (
    <Tooltip label={keys ? `${label} (${keys})` : label} position={side} openDelay={500}>
      <button type="button" className={s.iconBtn} aria-label={label} aria-pressed={pressed} onClick={onClick} data-testid={testid}>{icon}</button>
    </Tooltip>
  );
}

// Scroll locking would inject a <style>; the page itself never scrolls, so it is not needed.
export function Dialog({ open, onClose, title, children, size = 'md', closable = true }: {
  open: boolean; onClose: () => void; title: string; children: ReactNode; size?: string; closable?: boolean;
}) {
  const t = useT();
  return (
    <Modal opened={open} onClose={onClose} title={title} size={size} centered lockScroll={false} withCloseButton={closable} closeOnEscape={closable}
      closeOnClickOutside={closable} closeButtonProps={{ 'aria-label': t('close') }} transitionProps={{ duration: 120 }}>
      {children}
    </Modal>
  );
}

export function Confirm({ open, onClose, title, text, act, label, danger, testid }: {
  open: boolean; onClose: () => void; title: string; text: ReactNode; act: () => Promise<unknown>; label: string; danger?: boolean; testid?: string;
}) {
  const t = useT();
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>();
  useEffect(() => { if (open) setError(undefined); }, [open]);
  const go = async () => {
    setBusy(true);
    setError(undefined);
    try { await act(); onClose(); } catch (e) { setError(e); } finally { setBusy(false); }
  };
  return (
    <Dialog open={open} onClose={onClose} title={title}>
      <div className={s.stack}>
        <div>{text}</div>
        <ProblemNote error={error} />
      </div>
      <div className={s.foot}>
        <Button variant="default" onClick={onClose}>{t('cancel')}</Button>
        <Button color={danger ? 'seal' : 'pine'} loading={busy} onClick={() => void go()} data-testid={testid ?? 'confirm'} data-autofocus>{label}</Button>
      </div>
    </Dialog>
  );
}

export async function copyText(text: string): Promise<boolean> {
  try { await navigator.clipboard.writeText(text); return true; } catch { return false; }
}

export function CopyLine({ text, testid }: { text: string; testid?: string }) {
  const t = useT();
  const [state, setState] = useState<'idle' | 'done' | 'no'>('idle');
  useEffect(() => {
    if (state === 'idle') return;
    const timer = setTimeout(() => setState('idle'), 2500);
    return () => clearTimeout(timer);
  }, [state]);
  return (
    <div className={s.copy}>
      <code data-testid={testid}>{text}</code>
      <Button variant="default" leftSection={state === 'done' ? <Check size={16} /> : <Copy size={16} />}
        onClick={() => void copyText(text).then((ok) => setState(ok ? 'done' : 'no'))}>
        {state === 'done' ? t('copied') : state === 'no' ? t('copy_by_hand') : t('copy')}
      </Button>
    </div>
  );
}
