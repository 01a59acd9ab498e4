// SPDX-License-Identifier: Apache-2.0
// Many cases, in batches, two at a time, each asked by a reference process of its own:
//     node fuzz.mjs CEDAR_DIFF SEED CASES SECONDS
// Prints the disagreements as they are found and ends with `N verdicts, D disagree`; begins no batch after SECONDS. A reference process that dies before its
// last line is asked again once: it is the engine of others under load, and a lost batch must not pass for agreement.
import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
const [tool, seed, cases, seconds] = process.argv.slice(2);
const script = fileURLToPath(new URL("reference.mjs", import.meta.url));
const BATCH = 250n;

function batch(from, count) {
  return new Promise((resolve) => {
    const make = spawn(tool, [String(from), String(count)], { stdio: ["ignore", "pipe", "inherit"] });
    const ask = spawn(process.execPath, [script], { stdio: [make.stdout, "pipe", "pipe"] });
    let out = "";
    ask.stdout.on("data", (d) => (out += d));
    ask.stderr.resume();
    let made;
    make.on("close", (code) => (made = code));
    ask.on("close", () => {
      const lines = out.trim().split("\n"), end = /^(\d+) verdicts, (\d+) disagree$/.exec(lines.pop());
      resolve(end && made !== 1 ? { verdicts: Number(end[1]), differ: Number(end[2]), lines } : null);
    });
  });
}

let next = BigInt(seed), verdicts = 0, differ = 0, lost = 0;
const last = next + BigInt(cases), begin = Date.now();
async function worker() {
  while (next < last && Date.now() - begin < Number(seconds) * 1000) {
    const from = next, count = last - next < BATCH ? last - next : BATCH;
    next += count;
    const got = (await batch(from, count)) ?? (await batch(from, count));
    if (!got) {
      lost++;
      console.log(`the batch of seed ${from} was lost twice`);
      continue;
    }
    verdicts += got.verdicts;
    differ += got.differ;
    for (const l of got.lines) console.log(l);
  }
}
await Promise.all([worker(), worker()]);
console.log(`${verdicts} verdicts, ${differ} disagree` + (lost ? `, ${lost} batches lost` : "") +
            ` (${Math.round((Date.now() - begin) / 1000)} s${next < last ? `, ${last - next} cases left for want of time` : ""})`);
process.exit(differ || lost ? 1 : 0);
