// SPDX-License-Identifier: Apache-2.0
// My account: who I am, this session, devices, passkeys, language and appearance, and the way out.
import { Button } from '@mantine/core';
import { LogOut } from 'lucide-react';
import { useState } from 'react';
import { signOut, useApp } from '../../core/app';
import { drafts } from '../../core/drafts';
import { useLang } from '../../core/i18n';
import { momentText } from '../../core/when';
import { Avatar, Confirm, kit, Note, Tag } from '../../kit/kit';
import { LangPicker, ThemePicker } from '../../kit/pickers';
import { Devices } from '../people/Devices';
import { Passkeys } from './Passkeys';
import s from './account.module.css';

export default function Account() {
  const { t, lang } = useLang();
  const me = useApp((a) => a.me!);
  const unsent = useApp((a) => a.unsent.length);
  const [leaving, setLeaving] = useState(false);
  const kept = drafts.count(me.person.id);
  return (
    <main className={kit.page}>
      <div className={kit.pageIn}>
        <header className={s.head}>
          <Avatar id={me.person.id} name={me.person.name} size={64} />
          <div className={s.who}>
            <h1>{me.person.name}</h1>
            <p>{[me.person.title, me.person.department_name, `@${me.person.login}`].filter(Boolean).join(' · ')}</p>
            {me.person.role !== 'member' && <Tag tone="pine">{t(`role.${me.person.role}`)}</Tag>}
          </div>
          <Button variant="default" leftSection={<LogOut size={16} />} onClick={() => setLeaving(true)} data-testid="sign-out">{t('account.sign_out')}</Button>
        </header>
        <div className={s.grid}>
          <section className={s.card} aria-labelledby="a-session">
            <h2 id="a-session">{t('account.session')}</h2>
            <dl className={s.facts}>
              <div><dt>{t('account.strength')}</dt><dd>{t.any(`strength.${me.strength}`)}</dd></div>
              <div><dt>{t('account.ends')}</dt><dd>{momentText(lang, me.session_ends)}</dd></div>
              <div><dt>{t('account.host')}</dt><dd className="mono">{me.host}</dd></div>
            </dl>
          </section>
          <section className={s.card} aria-labelledby="a-look">
            <h2 id="a-look">{t('account.look')}</h2>
            <div className={s.setting}><span>{t('settings.language')}</span><LangPicker /></div>
            <div className={s.setting}><span>{t('settings.theme')}</span><ThemePicker compact /></div>
          </section>
        </div>
        <Passkeys />
        <div className={s.flush}><Devices person={me.person.id} self /></div>
      </div>
      <Confirm open={leaving} onClose={() => setLeaving(false)} title={t('account.sign_out_title')} act={signOut} label={t('account.sign_out')} danger={unsent + kept > 0} testid="sign-out-confirm"
        text={unsent + kept > 0 ? <Note tone="warn">{t('account.sign_out_unsent', { n: unsent + kept })}</Note> : t('account.sign_out_text')} />
    </main>
  );
}
