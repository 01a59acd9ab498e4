// SPDX-License-Identifier: Apache-2.0
// The way from a record to the root, as a picture: our hash on each level, the neighbour it is joined with left or right of it.
import { useT } from '../../core/i18n';
import { hex, same, type Bytes } from '../../core/bytes';
import type { Path } from '../../core/tree';
import s from './ledger.module.css';

const W = 400, STEP = 54, BOX = 132, H = 28;
const short = (b: Bytes) => `${hex(b).slice(0, 6)}…${hex(b).slice(-4)}`;

export function MerklePath({ path, root, good, index }: { path: Path; root: Bytes; good: boolean; index: number }) {
  const t = useT();
  const n = path.steps.length, height = (n + 1) * STEP + 24;
  // Our node wanders left or right as the tree does; the root stands in the middle.
  const xs: number[] = [];
  for (let i = 0; i <= n; i++) xs.push(i === n ? W / 2 : path.steps[i]!.side === 'left' ? W - BOX / 2 - 14 : BOX / 2 + 14);
  const y = (i: number) => height - 40 - i * STEP;
  const nodes = [path.leaf, ...path.steps.map((p) => p.result)];
  return (
    <section className={s.tree}>
      <h3>{t('proof.path')}</h3>
      <p className={s.dim}>{t('proof.path_text', { n })}</p>
      <svg viewBox={`0 0 ${W} ${height}`} role="img" aria-label={t('proof.path_label', { n })} className={s.treeSvg} data-good={good}>
        {path.steps.map((p, i) => {
          const sx = p.side === 'left' ? BOX / 2 + 14 : W - BOX / 2 - 14, up = y(i + 1) + H / 2, mid = (y(i) - H / 2 + up) / 2;
          return (
            <g key={i}>
              <path className={s.way} d={`M${xs[i]} ${y(i) - H / 2}V${mid}H${xs[i + 1]}V${up}`} />
              <path className={s.side} d={`M${sx} ${y(i) - H / 2}V${mid}H${xs[i + 1]}`} />
              <rect className={s.sibling} x={sx - BOX / 2} y={y(i) - H / 2} width={BOX} height={H} rx="7" />
              <text className={s.hash} x={sx} y={y(i) + 4}>{short(p.sibling)}</text>
            </g>
          );
        })}
        {nodes.map((b, i) => {
          const top = i === n, ok = !top || same(b, root);
          return (
            <g key={`n${i}`}>
              <rect className={top ? s.rootBox : i === 0 ? s.leafBox : s.ours} data-ok={ok} x={xs[i]! - BOX / 2} y={y(i) - H / 2} width={BOX} height={H} rx="7" />
              <text className={`${s.hash} ${s.hashOn}`} x={xs[i]} y={y(i) + 4}>{short(b)}</text>
              {i === 0 && <text className={s.cap} x={xs[i]} y={y(i) + H / 2 + 15}>{t('proof.this_record', { n: String(index) })}</text>}
              {top && <text className={s.cap} x={xs[i]} y={y(i) - H / 2 - 7}>{t('proof.root')}</text>}
            </g>
          );
        })}
      </svg>
    </section>
  );
}
