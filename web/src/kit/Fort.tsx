// SPDX-License-Identifier: Apache-2.0
// The plan of a bastioned fort with its ravelins, as thin lines: what the product is named after. Drawn, not downloaded.
import s from './splash.module.css';

type P = [number, number];
const at = (r: number, a: number): P => [200 + r * Math.cos(a), 200 + r * Math.sin(a)];
const draw = (ps: P[]) => `M${ps.map(([x, y]) => `${x.toFixed(1)} ${y.toFixed(1)}`).join('L')}Z`;

function trace(n: number, grow: number): string {
  const ps: P[] = [], half = Math.PI / n;
  for (let i = 0; i < n; i++) {
    const a = (i / n) * 2 * Math.PI - Math.PI / 2;
    ps.push(at(88 + grow, a - half * 0.44), at(105 + grow, a - half * 0.52), at(142 + grow * 1.3, a), at(105 + grow, a + half * 0.52), at(88 + grow, a + half * 0.44));
  }
  return draw(ps);
}

function ravelin(n: number, i: number, grow: number): string {
  const half = Math.PI / n, a = (i / n) * 2 * Math.PI - Math.PI / 2 + half;
  return draw([at(150 + grow * 1.4, a), at(117, a + half * (0.36 + grow * 0.012)), at(109 - grow * 0.3, a), at(117, a - half * (0.36 + grow * 0.012))]);
}

// The covered way, which runs around bastions and ravelins alike.
function covered(n: number, grow: number): string {
  const ps: P[] = [], half = Math.PI / n;
  for (let i = 0; i < n; i++) {
    const a = (i / n) * 2 * Math.PI - Math.PI / 2;
    ps.push(at(168 + grow, a), at(150 + grow * 0.82, a + half * 0.5), at(176 + grow, a + half), at(150 + grow * 0.82, a + half * 1.5));
  }
  return draw(ps);
}

export function Fort() {
  const n = 7, all = Array.from({ length: n }, (_, i) => i);
  return (
    <svg className={s.fort} viewBox="0 0 400 400" aria-hidden="true" preserveAspectRatio="xMidYMid slice">
      {[40, 30, 20, 10, 0].map((g, k) => <path key={g} className={s[`c${k}`]} d={covered(n, g)} />)}
      {all.map((i) => [0, 7].map((g) => <path key={`${i}-${g}`} className={g ? s.l3 : s.l1} d={ravelin(n, i, g)} />))}
      <path className={s.l0} d={trace(n, 0)} />
      <path className={s.l2} d={trace(n, -9)} />
      <path className={s.l3} d={draw(all.map((i) => at(58, (i / n) * 2 * Math.PI - Math.PI / 2 + Math.PI / n)))} />
      <rect className={s.gate} x="196.500" y="276" width="7" height="9" rx="1" />
    </svg>
  );
}
