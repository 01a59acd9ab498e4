// SPDX-License-Identifier: Apache-2.0
// The ledger: one's own acts, or everyone's for auditors, as sentences; the newest seal above; one record beside the list with its proof.
import { Button, Checkbox, SegmentedControl, Skeleton } from '@mantine/core';
import { useInfiniteQuery, useQuery } from '@tanstack/react-query';
import { BookOpenCheck, RefreshCw, ShieldX, Stamp } from 'lucide-react';
import { useEffect, useRef, useState, type KeyboardEvent } from 'react';
import { useLocation } from 'wouter';
import { ledger, type leaf } from '../../core/api';
import { useMay, usePeople } from '../../core/directory';
import { useLang } from '../../core/i18n';
import { agoText, clockText, dayKey, dayText } from '../../core/when';
import { Avatar, Empty, IconButton, ProblemNote, Tag } from '../../kit/kit';
import { Leaf } from './Leaf';
import { useSentence } from './sentence';
import s from './ledger.module.css';

function Row({ l, on, onOpen }: { l: leaf; on: boolean; onOpen: () => void }) {
  const { t, lang } = useLang();
  const say = useSentence();
  const denied = l.decision === 'deny';
  return (
    <button type="button" data-row className={s.row} aria-current={on || undefined} data-denied={denied || undefined} onClick={onOpen} data-testid="leaf-row" data-index={l.index}>
      <time className={s.time} dateTime={l.at}>{clockText(lang, l.at)}</time>
      {l.person ? <Avatar id={l.person} name={l.person_name} size={28} /> : <span className={s.server} aria-hidden="true"><Stamp size={15} /></span>}
      <span className={s.what}><span>{say(l)}</span>{l.rule && denied && <small className="mono">{l.rule}</small>}</span>
      {l.count > 1 && <Tag>×{l.count}</Tag>}
      {denied && <Tag tone="seal"><ShieldX size={12} />{t('ledger.refused')}</Tag>}
      <span className={`${s.no} num`}>#{l.index}</span>
    </button>
  );
}

// Looking at things is in the ledger too, and is most of it: shown when asked for.
export const isLook = (l: leaf) => l.type === 'decision' && l.decision === 'allow';
// So many pages are fetched unasked while few of their rows are shown.
const UNASKED = 8;

export default function Ledger({ index }: { index?: string }) {
  const { t, lang } = useLang();
  const may = useMay();
  const [, go] = useLocation();
  const [mine, setMine] = useState(true);
  const [looks, setLooks] = useState(false);
  const [asked, setAsked] = useState(UNASKED);
  const box = useRef<HTMLDivElement>(null), end = useRef<HTMLDivElement>(null);
  usePeople();
  const seal = useQuery({ queryKey: ['checkpoint'], queryFn: () => ledger.checkpoint_get(), staleTime: 10_000 });
  const list = useInfiniteQuery({
    queryKey: ['leaves', mine], initialPageParam: undefined as number | undefined, staleTime: 5000,
    queryFn: ({ pageParam }) => ledger.leaves_list({ mine, limit: 100, ...(pageParam ? { before: pageParam } : {}) }),
    getNextPageParam: (last) => (last.next === null ? undefined : Number(last.next)),
  });
  const pages = list.data?.pages.length ?? 0;
  const rows = (list.data?.pages ?? []).flatMap((p) => p.items).filter((l) => looks || !isLook(l));
  const { hasNextPage, isFetchingNextPage, fetchNextPage } = list;
  useEffect(() => {
    const o = new IntersectionObserver((e) => { if (e.some((x) => x.isIntersecting) && hasNextPage && !isFetchingNextPage && (looks || pages < asked)) void fetchNextPage(); }, { rootMargin: '600px' });
    if (end.current) o.observe(end.current);
    return () => o.disconnect();
  }, [hasNextPage, isFetchingNextPage, fetchNextPage, looks, pages, asked]);
  const Title = index === undefined ? 'h1' : 'h2';
  const walk = (e: KeyboardEvent) => {
    if (e.key !== 'ArrowDown' && e.key !== 'ArrowUp') return;
    const all = [...(box.current?.querySelectorAll<HTMLElement>('[data-row]') ?? [])], i = all.indexOf(document.activeElement as HTMLElement), to = all[i + (e.key === 'ArrowDown' ? 1 : -1)];
    if (i >= 0 && to) { e.preventDefault(); to.focus(); }
  };
  return (
    <main className={s.ledger} data-open={index !== undefined}>
      <section className={s.list} onKeyDown={walk} aria-label={t('nav.ledger')}>
        <header className={s.head}>
          <div><Title>{t('nav.ledger')}</Title><p>{t('ledger.about')}</p></div>
          {seal.data && (
            <dl className={s.seal} data-testid="checkpoint">
              <div><dt>{t('ledger.records')}</dt><dd className="num">{seal.data.size.toLocaleString(lang)}</dd></div>
              <div><dt>{t('ledger.root')}</dt><dd className="mono">{seal.data.root.slice(0, 10)}…</dd></div>
              <div><dt>{t('ledger.sealed')}</dt><dd>{agoText(lang, seal.data.at)}</dd></div>
            </dl>
          )}
        </header>
        <div className={s.bar}>
          {may.audit ? <SegmentedControl value={mine ? 'mine' : 'all'} onChange={(v) => setMine(v === 'mine')} data={[{ value: 'mine', label: t('ledger.mine') }, { value: 'all', label: t('ledger.all') }]} aria-label={t('ledger.scope')} data-testid="ledger-scope" />
            : <p className={s.scope}>{t('ledger.only_mine')}</p>}
          <Checkbox size="sm" label={t('ledger.looks')} checked={looks} onChange={(e) => setLooks(e.currentTarget.checked)} data-testid="ledger-looks" className={s.looks} />
          <IconButton label={t('ledger.refresh')} icon={<RefreshCw size={17} />} onClick={() => { void list.refetch(); void seal.refetch(); }} />
        </div>
        <div className={s.rows} ref={box} tabIndex={-1}>
          {list.error ? <div className={s.pad}><ProblemNote error={list.error}><Button size="compact-sm" variant="subtle" onClick={() => void list.refetch()}>{t('try_again')}</Button></ProblemNote></div> : null}
          {list.isPending && <div className={s.pad} aria-busy="true">{[0, 1, 2, 3, 4, 5, 6].map((i) => <Skeleton key={i} height={30} mb={12} animate={false} />)}</div>}
          {list.isSuccess && rows.length === 0 && !hasNextPage && <Empty icon={<BookOpenCheck size={28} />} title={t('ledger.none')} text={t('ledger.none_text')} />}
          {rows.map((l, i) => (
            <div key={l.index}>
              {dayKey(l.at) !== dayKey(rows[i - 1]?.at ?? 0) && <h2 className={s.day}>{dayText(lang, l.at)}</h2>}
              <Row l={l} on={String(l.index) === index} onOpen={() => go(`/ledger/${l.index}`)} />
            </div>
          ))}
          {hasNextPage && !isFetchingNextPage && !looks && pages >= asked && <p className={s.more}><Button variant="default" size="sm" onClick={() => { setAsked(asked + UNASKED); void fetchNextPage(); }}>{t('ledger.older')}</Button></p>}
          <div ref={end} />
          {isFetchingNextPage && <p className={s.more} role="status">{t('loading')}</p>}
        </div>
      </section>
      {index !== undefined && <Leaf key={index} index={Number(index)} onClose={() => go('/ledger')} />}
    </main>
  );
}
