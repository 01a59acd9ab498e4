// SPDX-License-Identifier: Apache-2.0
// A new colleague: who they are, then their one-time link, shown this once.
import { Button, NativeSelect, TextInput } from '@mantine/core';
import { useEffect, useState, type FormEvent } from 'react';
import { keys, query } from '../../core/app';
import { people as api, type department, type invite_made, type person } from '../../core/api';
import { useLang, useT } from '../../core/i18n';
import { asProblem, type Problem } from '../../core/problem';
import { momentText } from '../../core/when';
import { CopyLine, Dialog, fieldText, kit, Note, ProblemNote, unsaid } from '../../kit/kit';
import s from './people.module.css';

export function InviteLink({ made }: { made: invite_made }) {
  const { t, lang } = useLang();
  return (
    <div className={kit.stack}>
      <p>{t('add.made', { name: made.person.name })}</p>
      <CopyLine text={made.link} testid="invite-link" />
      <Note tone="warn">{t('add.once', { when: momentText(lang, made.expires) })}</Note>
    </div>
  );
}

const empty = { name: '', login: '', title: '', department: '', mail: '' };

export function AddPerson({ open, onClose, departments }: { open: boolean; onClose: () => void; departments: department[] }) {
  const t = useT();
  const [f, setF] = useState(empty);
  const [missing, setMissing] = useState<string[]>([]);
  const [problem, setProblem] = useState<Problem>();
  const [made, setMade] = useState<invite_made>();
  const [busy, setBusy] = useState(false);
  const [extra, setExtra] = useState<department[]>([]);
  const [newDept, setNewDept] = useState<string>();
  useEffect(() => { if (open) { setF(empty); setMade(undefined); setProblem(undefined); setMissing([]); setNewDept(undefined); } }, [open]);
  const set = (k: keyof typeof empty) => (e: { currentTarget: { value: string } }) => {
    const v = e.currentTarget.value;
    setF((x) => ({ ...x, [k]: v }));
    setMissing((m) => m.filter((x) => x !== k));
  };
  const all = [...departments, ...extra.filter((x) => !departments.some((d) => d.id === x.id))];
  const submit = async (e: FormEvent) => {
    e.preventDefault();
    const none = (['name', 'login'] as const).filter((k) => !f[k].trim());
    setMissing(none);
    if (none.length) return;
    setBusy(true);
    setProblem(undefined);
    try {
      let department = f.department;
      if (newDept?.trim()) {
        const d = await api.department_add({ name: newDept.trim() });
        setExtra((x) => [...x, d]);
        setNewDept(undefined);
        setF((x) => ({ ...x, department: d.id }));
        department = d.id;
        void query.invalidateQueries({ queryKey: keys.departments });
      }
      const got = await api.person_add({ name: f.name.trim(), login: f.login.trim(), title: f.title.trim(), mail: f.mail.trim(), ...(department ? { department } : {}) });
      query.setQueryData<person[]>(keys.people, (x) => x && [...x, got.person]);
      void query.invalidateQueries({ queryKey: keys.departments });
      setMade(got);
    } catch (err) { setProblem(asProblem(err)); } finally { setBusy(false); }
  };
  const err = (k: string) => (missing.includes(k) ? t('field.missing') : fieldText(t, problem, k));
  return (
    <Dialog open={open} onClose={onClose} title={made ? t('add.link_title') : t('people.add')} closable={!made}>
      {made ? (
        <><InviteLink made={made} /><div className={kit.foot}><Button onClick={onClose} data-testid="invite-link-done">{t('add.have_it')}</Button></div></>
      ) : (
        <form onSubmit={(e) => void submit(e)} className={kit.stack}>
          <TextInput label={t('add.name')} value={f.name} onChange={set('name')} error={err('name')} maxLength={80} autoComplete="off" data-autofocus data-testid="add-name" />
          <TextInput label={t('add.login')} description={t('add.login_hint')} value={f.login} onChange={set('login')} error={problem?.code === 'login_taken' ? t('error.login_taken') : err('login')} maxLength={64} autoComplete="off" autoCapitalize="none" data-testid="add-login" />
          <div className={s.two}>
            <TextInput label={t('add.title')} value={f.title} onChange={set('title')} error={err('title')} maxLength={80} />
            {newDept === undefined ? (
              <NativeSelect label={t('people.department')} value={f.department} data-testid="add-department"
                onChange={(e) => { const v = e.currentTarget.value; if (v === '+') setNewDept(''); else setF((x) => ({ ...x, department: v })); }}
                data={[{ value: '', label: t('people.no_department') }, ...all.map((d) => ({ value: d.id, label: d.name })), { value: '+', label: t('add.new_department') }]} />
            ) : <TextInput label={t('add.new_department')} value={newDept} onChange={(e) => setNewDept(e.currentTarget.value)} maxLength={80} autoFocus error={err('department')} />}
          </div>
          <TextInput label={t('add.mail')} value={f.mail} onChange={set('mail')} error={err('mail')} type="email" maxLength={200} autoComplete="off" />
          {problem?.code !== 'login_taken' && unsaid(problem, ['name', 'login', 'title', 'department', 'mail']) && <ProblemNote error={problem} />}
          <div className={kit.foot}><Button variant="default" onClick={onClose}>{t('cancel')}</Button><Button type="submit" loading={busy} data-testid="add-submit">{t('add.do')}</Button></div>
        </form>
      )}
    </Dialog>
  );
}
