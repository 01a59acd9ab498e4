// SPDX-License-Identifier: Apache-2.0
import { useT } from '../core/i18n';
import { Mark } from './Logo';
import s from './splash.module.css';

export function Splash() {
  const t = useT();
  return <div className={s.splash} role="status"><Mark size={44} /><span className="sr">{t('loading')}</span></div>;
}
