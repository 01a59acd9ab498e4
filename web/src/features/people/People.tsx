// SPDX-License-Identifier: Apache-2.0
// The directory: everyone, found by any word of name, department or title; one person beside the list. Administrators add people here.
import { Button, NativeSelect, Skeleton, TextInput } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Search, UserRoundPlus, UsersRound } from 'lucide-react';
import { useElementSize } from '@mantine/hooks';
import { useMemo, useRef, useState, type KeyboardEvent } from 'react';
import { VList, type VListHandle } from 'virtua';
import { useLocation } from 'wouter';
import { keys } from '../../core/app';
import { people as api, type person } from '../../core/api';
import { useMay, usePeople } from '../../core/directory';
import { useLang } from '../../core/i18n';
import { matches } from '../../core/search';
import { Avatar, Empty, ProblemNote, Tag } from '../../kit/kit';
import { AddPerson } from './AddPerson';
import { Person } from './Person';
import s from './people.module.css';

export default function People({ person }: { person?: string }) {
  const { t, lang } = useLang();
  const may = useMay();
  const [, go] = useLocation();
  const [q, setQ] = useState('');
  const [dept, setDept] = useState('');
  const [adding, setAdding] = useState(false);
  const list = useRef<VListHandle>(null), box = useRef<HTMLDivElement>(null);
  const people = usePeople();
  const departments = useQuery({ queryKey: keys.departments, queryFn: () => api.departments_list(), staleTime: 120_000, retry: false });
  const rows = useMemo(() => {
    const by = new Intl.Collator(lang);
    return (people.data ?? []).filter((p) => p.status !== 'left' && (!dept || p.department === dept) && matches(q, p.name, p.login, p.title, p.department_name)).sort((a, b) => by.compare(a.department_name, b.department_name) || by.compare(a.name, b.name));
  }, [people.data, q, dept, lang]);

  const Title = person ? 'h2' : 'h1';
  // As many columns as fit; a department begins a new line.
  const { ref: sized, width } = useElementSize();
  const columns = Math.max(1, Math.min(3, Math.floor((width - 32) / 330)));
  const lines = useMemo(() => {
    const out: { head?: string; people: person[] }[] = [];
    let dept: string | undefined;
    for (const p of rows) {
      const last = out.at(-1);
      if (p.department_name !== dept) out.push({ head: p.department_name, people: [p] });
      else if (last && last.people.length < columns) last.people.push(p);
      else out.push({ people: [p] });
      dept = p.department_name;
    }
    return out;
  }, [rows, columns]);
  const walk = (e: KeyboardEvent) => {
    if (e.key !== 'ArrowDown' && e.key !== 'ArrowUp') return;
    const all = [...(box.current?.querySelectorAll<HTMLElement>('[data-row]') ?? [])], i = all.indexOf(document.activeElement as HTMLElement), to = all[i + (e.key === 'ArrowDown' ? 1 : -1)];
    if (to) { e.preventDefault(); to.focus(); }
  };
  const cell = (p: person) => (
    <button key={p.id} type="button" data-row className={s.row} aria-current={p.id === person || undefined} onClick={() => go(`/people/${p.id}`)} data-testid="person-row" data-login={p.login}>
      <Avatar id={p.id} name={p.name} />
      <span className={s.who}><strong>{p.name}</strong><small>{[p.title, `@${p.login}`].filter(Boolean).join(' · ')}</small></span>
      {p.role !== 'member' && <Tag tone="pine">{t(`role.${p.role}`)}</Tag>}
      {p.status === 'locked' && <Tag tone="seal">{t('status.locked')}</Tag>}
      {p.status === 'invited' && <Tag tone="warn">{t('status.invited')}</Tag>}
    </button>
  );
  const line = (l: { head?: string; people: person[] }) => (
    <div key={l.people[0]!.id}>
      {l.head !== undefined && <h2 className={s.dept}>{l.head || t('people.no_department')}</h2>}
      <div className={s.line} data-columns={columns}>{l.people.map(cell)}</div>
    </div>
  );
  return (
    <main className={s.people} data-open={!!person}>
      <section className={s.list} onKeyDown={walk} aria-label={t('nav.people')}>
        <header className={s.head}>
          <div><Title>{t('nav.people')}</Title>{people.data && <p>{t('people.count', { n: people.data.filter((p) => p.status !== 'left').length })}</p>}</div>
          {may.add && <Button leftSection={<UserRoundPlus size={16} />} onClick={() => setAdding(true)} data-testid="person-add">{t('people.add')}</Button>}
        </header>
        <div className={s.tools}>
          <TextInput leftSection={<Search size={15} />} placeholder={t('pick.search')} aria-label={t('pick.search')} value={q} onChange={(e) => setQ(e.currentTarget.value)} data-testid="people-search"
            onKeyDown={(e) => { if (e.key === 'Escape' && q) { e.stopPropagation(); setQ(''); } }} />
          {!!departments.data?.length && (
            <NativeSelect aria-label={t('people.department')} value={dept} onChange={(e) => setDept(e.currentTarget.value)} data-testid="people-department"
              data={[{ value: '', label: t('people.all_departments') }, ...departments.data.map((d) => ({ value: d.id, label: `${d.name} (${d.people})` }))]} />
          )}
        </div>
        {people.error ? <div className={s.pad}><ProblemNote error={people.error}><Button size="compact-sm" variant="subtle" onClick={() => void people.refetch()}>{t('try_again')}</Button></ProblemNote></div> : null}
        {people.isPending && <div className={s.pad} aria-busy="true">{[0, 1, 2, 3, 4, 5].map((i) => <Skeleton key={i} height={36} mb={14} animate={false} />)}</div>}
        {people.isSuccess && rows.length === 0 && (
          <Empty icon={<UsersRound size={28} />} title={t('people.none')} text={t('people.none_text')}><Button variant="default" onClick={() => { setQ(''); setDept(''); }}>{t('people.clear')}</Button></Empty>
        )}
        <div className={s.rows} ref={sized}><div className={s.fill} ref={box}>{rows.length > 0 && <VList ref={list} className={s.vlist} tabIndex={-1}>{lines.map(line)}</VList>}</div></div>
      </section>
      {person && <Person key={person} id={person} known={people.data?.find((p) => p.id === person)} onClose={() => go('/people')} />}
      <AddPerson open={adding} onClose={() => setAdding(false)} departments={departments.data ?? []} />
    </main>
  );
}
