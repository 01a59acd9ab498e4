// SPDX-License-Identifier: Apache-2.0
// The frame of the pages outside: the fort on one side, what to do on the other, language and theme within reach.
import type { ReactNode } from 'react';
import { useT } from '../../core/i18n';
import { Fort } from '../../kit/Fort';
import { Mark } from '../../kit/Logo';
import { LangPicker, ThemePicker } from '../../kit/pickers';
import s from './signin.module.css';

export function Doorway({ children }: { children: ReactNode }) {
  const t = useT();
  return (
    <div className={s.door}>
      <aside className={s.brand}>
        <div className={s.plan}><Fort /></div>
        <div className={s.word}><Mark size={34} /><span>{t('app.name')}</span></div>
        <p className={s.motto}>{t('app.motto')}</p>
      </aside>
      <div className={s.side}>
        <header className={s.tools}><LangPicker compact /><ThemePicker compact /></header>
        <main className={s.main}>{children}</main>
        <footer className={s.host}>{location.host}</footer>
      </div>
    </div>
  );
}
