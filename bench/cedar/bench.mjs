// SPDX-License-Identifier: Apache-2.0
// Runs our side and the reference engine (its preparsed policy cache; it is handed the entities with each call, which is
// how it is used) on the same data, checks that both allow the same number of requests, and prints what was measured.
//     node bench/cedar/bench.mjs BENCH DIR        (make bench-cedar)
import { execFileSync } from "node:child_process";
import { readFileSync, mkdirSync } from "node:fs";
import { createRequire } from "node:module";
const require = createRequire(new URL("../../tools/cedar-diff/package.json", import.meta.url));
const cedar = require("@cedar-policy/cedar-wasm/nodejs");
const [bench, dir] = process.argv.slice(2);

mkdirSync(dir, { recursive: true });
execFileSync(bench, ["make", dir]);
const ours = execFileSync(bench, ["run", dir], { encoding: "utf8" }).trim().split("\n").map((l) => JSON.parse(l));

function reference(set, policies, entities, budgetMs) {
  const text = readFileSync(`${dir}/${set}${policies}.cedar`, "utf8");
  const list = JSON.parse(readFileSync(`${dir}/e${entities}.json`, "utf8"));
  const requests = JSON.parse(readFileSync(`${dir}/r${entities}.json`, "utf8"));
  if (cedar.preparsePolicySet("bench", { staticPolicies: text }).type !== "success") throw new Error("policies");
  const times = [];
  let allows = 0, begin = performance.now();
  for (const q of requests) {
    const from = performance.now();
    const r = cedar.statefulIsAuthorized({ ...q, preparsedPolicySetId: "bench", entities: list, validateRequest: false });
    times.push(performance.now() - from);
    if (r.type !== "success") throw new Error(r.errors[0].message);
    allows += r.response.decision === "allow";
    if (performance.now() - begin > budgetMs) break;
  }
  const spent = performance.now() - begin;
  times.sort((a, b) => a - b);
  return { n: times.length, of: requests.length, allows, per_second: (times.length * 1000) / spent,
           p50_us: times[times.length >> 1] * 1000, p99_us: times[Math.floor(times.length * 0.99)] * 1000 };
}

let kept = 0, missed = 0;
function ratio(name, value, limit) {
  const ok = value >= limit;
  ok ? kept++ : missed++;
  console.log(`ratio ${name} ${value.toFixed(2)} want >= ${limit}`);
}

const rows = [];
for (const o of ours) {
  const theirs = o.entities <= 200 ? reference(o.set, o.policies, o.entities, 12000) : null;
  if (theirs && theirs.n === theirs.of && theirs.allows !== o.allows)
    throw new Error(`allows differ: ${o.allows} and ${theirs.allows} (${o.set} ${o.policies} ${o.entities})`);
  rows.push({ o, theirs });
  const what = o.set === "all" ? "every policy applies" : "indexed";
  console.log(`${String(o.policies).padStart(6)} policies, ${String(o.entities).padStart(6)} entities, ${what}: ` +
    `ours ${o.per_second}/s p50 ${o.p50_us} us p99 ${o.p99_us} us` +
    (theirs ? `; reference ${theirs.per_second.toFixed(0)}/s p50 ${theirs.p50_us.toFixed(0)} us p99 ${theirs.p99_us.toFixed(0)} us; ` +
      `${(o.per_second / theirs.per_second).toFixed(0)} x` : "") + `; compiled in ${o.compile_ms} ms`);
}
const at = (set, p, e) => rows.find((r) => r.o.set === set && r.o.policies === p && r.o.entities === e);
const times = (r) => r.o.per_second / r.theirs.per_second;
ratio("cedar-10-policies", times(at("p", 10, 5)), 100);
ratio("cedar-10000-policies", times(at("p", 10000, 5)), 5000);
ratio("cedar-10000-policies-200-entities", times(at("p", 10000, 200)), 5000);
for (const p of [10, 10000]) {
  ratio(`cedar-${p}-p50-1us-over-ours`, 1 / at("p", p, 5).o.p50_us, 1);
  ratio(`cedar-${p}-p99-10us-over-ours`, 10 / at("p", p, 5).o.p99_us, 1);
}
ratio("cedar-10000-policies-100000-entities-p50-1us-over-ours", 1 / at("p", 10000, 100000).o.p50_us, 1);
console.log(`${kept} kept, ${missed} missed`);
process.exit(missed ? 1 : 0);
