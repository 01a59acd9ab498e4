// SPDX-License-Identifier: Apache-2.0
// The sheet behind "?": every key, and what this office is, in few words.
import { useT } from '../../core/i18n';
import { Dialog, Kbd } from '../../kit/kit';
import { isMac } from './Shell';
import s from './shell.module.css';

export default function Help({ onClose }: { onClose: () => void }) {
  const t = useT(), mod = isMac ? '⌘' : 'Ctrl', alt = isMac ? '⌥' : 'Alt';
  const groups: [string, [string, string[]][]][] = [
    [t('help.everywhere'), [[t('palette.open'), [mod, 'K']], [t('help.sheet'), ['?']], [t('help.close'), ['Esc']]]],
    [t('nav.talk'), [
      [t('help.prev'), [alt, '↑']], [t('help.next'), [alt, '↓']], [t('help.next_unread'), [alt, '⇧', '↓']], [t('help.filter'), [mod, '⇧', 'F']],
      [t('help.send'), ['Enter']], [t('help.newline'), ['⇧', 'Enter']], [t('help.latest'), [alt, 'End']],
    ]],
    [t('help.lists'), [[t('help.move'), ['↑', '↓']], [t('help.choose'), ['Enter']]]],
  ];
  return (
    <Dialog open onClose={onClose} title={t('help.title')} size="lg">
      <p style={{ color: 'var(--ink-2)', marginBottom: 8 }}>{t('help.about')}</p>
      <div data-testid="help">
        {groups.map(([title, rows]) => (
          <section key={title}>
            <h3 className={s.keysHead}>{title}</h3>
            <dl className={s.keys}>
            {rows.map(([what, keys]) => [<dt key={`t${what}`}>{what}</dt>, <dd key={`d${what}`}>{keys.map((k) => <Kbd key={k}>{k}</Kbd>)}</dd>])}
            </dl>
          </section>
        ))}
      </div>
    </Dialog>
  );
}
