// SPDX-License-Identifier: Apache-2.0
// The plan of a bastioned fort with its ravelins, as thin lines: what the product is named after. Drawn, not downloaded.
import s from './splash.module.css';

type P = [number, number];
const at = (r: number, a: number): P => [200 + r * Math.cos(a), 200 + r * Math.sin(a)];
const draw = (ps: P[]) => `M${ps.map(([x, y]) => `${x.toFixed(1)} ${y.toFixed(1)}`).join('L')}Z`;

function curtain(n: number, grow: number): string {
  const ps: P[] = [];
  for (let i = 0; i < n; i++) {
    const a = (i / n) * 2 * Math.PI - Math.PI / 2, half = Math.PI / n;
    ps.push(at(92 + grow, a - half * 0.42), at(112 + grow, a - half * 0.5), at(150 + grow * 1.15, a), at(112 + grow, a + half * 0.5), at(92 + grow, a + half * 0.42));
  }
  return draw(ps);
}

function ravelin(n: number, i: number, grow: number): string {
  const a = ((i + 0.5) / n) * 2 * Math.PI - Math.PI / 2, half = Math.PI / n;
  return draw([at(150 + grow, a), at(114 + grow * 0.4, a + half * 0.36), at(107 + grow * 0.2, a), at(114 + grow * 0.4, a - half * 0.36)]);
}

export function Fort() {
  const n = 6;
  return (
    <svg className={s.fort} viewBox="0 0 400 400" aria-hidden="true" preserveAspectRatio="xMidYMid slice">
      {[0, 1, 2, 3, 4].map((k) => <path key={k} className={s[`l${k}`]} d={curtain(n, k * 12)} />)}
      {Array.from({ length: n }, (_, i) => [0, 14].map((g) => <path key={`${i}-${g}`} className={g ? s.l2 : s.l1} d={ravelin(n, i, g)} />))}
      <path className={s.l1} d={draw(Array.from({ length: n }, (_, i) => at(70, ((i + 0.5) / n) * 2 * Math.PI - Math.PI / 2)))} />
      <rect className={s.gate} x="196" y="286" width="8" height="8" rx="1" />
    </svg>
  );
}
