// SPDX-License-Identifier: Apache-2.0
// One record and its proof, worked out in this page: the record's bytes, hashed, joined with the proof's hashes up to the root, against
// the signed seal. The signing key is remembered from the first time this browser saw it; a changed one is said aloud.
import { Button, Skeleton } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { ArrowLeft, BadgeCheck, CircleHelp, OctagonX, X } from 'lucide-react';
import { useEffect, useState } from 'react';
import { ledger, type leaf_proof } from '../../core/api';
import { hex, unb64 } from '../../core/bytes';
import { usePeople } from '../../core/directory';
import { useLang } from '../../core/i18n';
import { asProblem, Problem } from '../../core/problem';
import { knownKey, type KeyMemory } from '../../core/keymemory';
import { verify, type Verdict } from '../../core/tree';
import { fullText } from '../../core/when';
import { Avatar, IconButton, kit, ProblemNote, Tag } from '../../kit/kit';
import { Refused } from '../talk/Refused';
import { MerklePath } from './MerklePath';
import { useSentence } from './sentence';
import s from './ledger.module.css';

interface Checked { verdict: Verdict; key: KeyMemory }

async function check(p: leaf_proof): Promise<Checked> {
  const c = p.checkpoint;
  const verdict = await verify({ index: p.leaf.index, body: p.leaf.body, hashes: p.hashes, size: c.size, root: c.root, note: c.note, key: c.key });
  return { verdict, key: verdict.signature === 'good' ? knownKey(c.origin, c.key) : 'unknown' };
}

function pretty(body: string): string {
  try { return JSON.stringify(JSON.parse(body), null, 2); } catch { return body; }
}

function VerdictBox({ v, proof }: { v: Checked; proof: leaf_proof }) {
  const { t, lang } = useLang();
  const { verdict, key } = v, changed = key === 'changed';
  const unknown = verdict.included && verdict.agrees && verdict.signature === 'unsupported';
  const kind = changed ? 'bad' : verdict.good ? 'good' : unknown ? 'unknown' : 'bad';
  const Icon = kind === 'good' ? BadgeCheck : kind === 'unknown' ? CircleHelp : OctagonX;
  const lines: [boolean | undefined, string][] = [
    [verdict.included, verdict.included ? t('proof.included', { n: verdict.path?.steps.length ?? 0 }) : t('proof.not_included')],
    [verdict.agrees, verdict.agrees ? t('proof.agrees') : t('proof.disagrees')],
    [verdict.signature === 'unsupported' ? undefined : verdict.signature === 'good', t.any(`proof.signature_${verdict.signature}`) ?? ''],
    ...(verdict.signature === 'good' ? [[!changed, t.any(`proof.key_${key}`) ?? ''] as [boolean, string]] : []),
  ];
  return (
    <div className={s.verdict} data-kind={kind} data-testid="proof-verdict" data-verdict={kind} role="status">
      <Icon size={34} strokeWidth={1.7} aria-hidden="true" />
      <div>
        <h3>{t.any(`proof.${kind}`)}</h3>
        <ul>{lines.map(([ok, text]) => <li key={text} data-ok={ok === undefined ? 'unknown' : ok}>{text}</li>)}</ul>
        <p className={s.when}>{t('proof.seal', { n: proof.checkpoint.size, when: fullText(lang, proof.checkpoint.at) })}</p>
      </div>
    </div>
  );
}

function Detail({ proof }: { proof: leaf_proof }) {
  const { t, lang } = useLang();
  const say = useSentence();
  const [checked, setChecked] = useState<Checked>();
  const [broken, setBroken] = useState<unknown>();
  const l = proof.leaf;
  useEffect(() => {
    let alive = true;
    check(proof).then((c) => { if (alive) setChecked(c); }, (e: unknown) => { if (alive) setBroken(e); });
    return () => { alive = false; };
  }, [proof]);
  const fact = (name: string, value: React.ReactNode) => value ? <div><dt>{name}</dt><dd>{value}</dd></div> : null;
  return (
    <div className={s.detail}>
      <header className={s.leafHead}>
        {l.person && <Avatar id={l.person} name={l.person_name} />}
        <div><h2>{say(l)}</h2><p>{fullText(lang, l.at)}</p></div>
      </header>
      {checked ? <VerdictBox v={checked} proof={proof} /> : broken ? <div className={s.verdict} data-kind="bad" data-testid="proof-verdict" data-verdict="bad" role="status"><OctagonX size={34} aria-hidden="true" /><div><h3>{t('proof.bad')}</h3><p>{t('proof.unreadable')}</p></div></div> : <Skeleton height={120} animate={false} />}
      {checked?.verdict.path && <MerklePath path={checked.verdict.path} root={unb64(proof.checkpoint.root)} good={checked.verdict.included} index={l.index} />}
      <section>
        <h3>{t('leaf.facts')}</h3>
        <dl className={s.facts}>
          {fact(t('leaf.type'), <code>{l.type}</code>)}
          {fact(t('leaf.decision'), l.decision && <Tag tone={l.decision === 'deny' ? 'seal' : 'pine'}>{t.any(`decision.${l.decision}`) ?? l.decision}</Tag>)}
          {fact(t('leaf.action'), l.action && <code>{l.action}</code>)}
          {fact(t('refused.object'), l.object && <code>{l.object}</code>)}
          {fact(t('refused.rule'), l.rule && l.rule.split(/[ ,]+/).map((r) => <span key={r} className={s.rule}><code>{r}</code>{t.any(`rule.${r}`)}</span>))}
          {fact(t('leaf.count'), l.count > 1 && t('leaf.times', { n: l.count }))}
        </dl>
      </section>
      <section>
        <h3>{t('leaf.body')}</h3>
        <p className={s.dim}>{t('leaf.body_text')}</p>
        <pre className={s.json} tabIndex={0} data-testid="leaf-body">{pretty(l.body)}</pre>
      </section>
      <section>
        <h3>{t('leaf.note')}</h3>
        <pre className={s.json} tabIndex={0} data-testid="checkpoint-note">{proof.checkpoint.note}</pre>
        <p className={s.dim}>{t('leaf.key')}</p>
        <pre className={s.json} tabIndex={0}>{proof.checkpoint.key}</pre>
        {checked?.verdict.path && <p className={s.dim}>{t('leaf.hash')} <span className="mono">{hex(checked.verdict.path.leaf)}</span></p>}
      </section>
    </div>
  );
}

export function Leaf({ index, onClose }: { index: number; onClose: () => void }) {
  const { t } = useLang();
  usePeople();
  const one = useQuery({
    queryKey: ['leaf', index], queryFn: () => ledger.leaf_get(index), staleTime: 60_000, enabled: Number.isSafeInteger(index) && index >= 0,
    retry: (n, e) => n < 4 && e instanceof Problem && (e.passing || e.code === 'not_sealed_yet'), retryDelay: 700,
  });
  const problem = !Number.isSafeInteger(index) ? new Problem('not_found', 404) : one.error ? asProblem(one.error) : undefined;
  return (
    <section className={s.panel} aria-label={`#${index}`} data-testid="leaf" onKeyDown={(e) => { if (e.key === 'Escape') onClose(); }}>
      <header className={s.panelHead}>
        <button type="button" className={`${kit.iconBtn} ${s.back}`} onClick={onClose} aria-label={t('back')}><ArrowLeft size={20} /></button>
        <h1 className="num">{t('leaf.title', { n: `#${index}` })}</h1>
        <span className={s.closeX}><IconButton label={t('close')} icon={<X size={18} />} onClick={onClose} side="left" /></span>
      </header>
      {problem ? (problem.code === 'denied' || problem.code === 'not_found' ? <Refused problem={problem} what="leaf" object={`#${index}`} />
        : <div className={s.pad}><ProblemNote error={problem}><Button size="compact-sm" variant="subtle" onClick={() => void one.refetch()}>{t('try_again')}</Button></ProblemNote></div>)
        : one.data ? <Detail proof={one.data} /> : <div className={s.pad} aria-busy="true"><Skeleton height={40} mb={16} animate={false} /><Skeleton height={130} mb={16} animate={false} /><Skeleton height={220} animate={false} /></div>}
    </section>
  );
}
